/** SQL as text and parameters that never mix; `sql` is the only way to make it. */

/** A piece of SQL; parameters stand between the texts, one fewer than texts. */
export interface Fragment {
  readonly texts: readonly string[];
  readonly parameters: readonly unknown[];
}

/** A finished statement in one engine's spelling. */
export interface Statement {
  readonly text: string;
  readonly parameters: readonly unknown[];
}

/** Marks fragments, so that a look-alike object from outside stays a parameter. */
const fragments = new WeakSet<object>();

function fragment(texts: readonly string[], parameters: readonly unknown[]): Fragment {
  const made: Fragment = { texts, parameters };
  fragments.add(made);
  return made;
}

function isFragment(value: unknown): value is Fragment {
  return typeof value === 'object' && value !== null && fragments.has(value);
}

/** A template whose fragments are spliced and whose other values become parameters. */
export function sql(strings: TemplateStringsArray, ...values: readonly unknown[]): Fragment {
  const texts: string[] = [strings[0] ?? ''];
  const parameters: unknown[] = [];
  values.forEach((value, index) => {
    const following = strings[index + 1] ?? '';
    if (isFragment(value)) {
      texts[texts.length - 1] += value.texts[0] ?? '';
      texts.push(...value.texts.slice(1));
      parameters.push(...value.parameters);
      texts[texts.length - 1] += following;
    } else {
      parameters.push(value);
      texts.push(following);
    }
  });
  return fragment(texts, parameters);
}

/** A quoted name; refuses anything but lower-case snake case, so that no input can become one. */
export function identifier(name: string): Fragment {
  if (!/^[a-z][a-z0-9_]{0,62}$/.test(name)) throw new Error(`not an identifier: ${name}`);
  return fragment([`"${name}"`], []);
}

/** A parameter on its own. */
export const parameter = (value: unknown): Fragment => fragment(['', ''], [value]);

/** Joins fragments; a join of nothing throws, because an empty `where` would mean every row. */
export function join(parts: readonly Fragment[], separator: ', ' | ' and ' | ' or ' | ' '): Fragment {
  const [first, ...rest] = parts;
  if (first === undefined) throw new Error('join of nothing');
  const texts = [...first.texts];
  const parameters = [...first.parameters];
  for (const part of rest) {
    texts[texts.length - 1] += separator + (part.texts[0] ?? '');
    texts.push(...part.texts.slice(1));
    parameters.push(...part.parameters);
  }
  return fragment(texts, parameters);
}

/** Spells a fragment for an engine; `placeholder` gets the parameter's index from 1. */
export function finish(from: Fragment, placeholder: (index: number) => string): Statement {
  let text = from.texts[0] ?? '';
  for (let index = 1; index < from.texts.length; index += 1) text += placeholder(index) + from.texts[index];
  return { text, parameters: from.parameters };
}
