/** SQL as text and parameters that never mix; `sql` is the only way to make it. */

/** A piece of SQL; parameters stand between the texts, one fewer than texts. Only this file makes one. */
export interface Fragment {
  readonly texts: readonly string[];
  readonly parameters: readonly unknown[];
}

/** A class, so that a look-alike object from outside stays a parameter. */
class SqlFragment implements Fragment {
  readonly texts: readonly string[];
  readonly parameters: readonly unknown[];

  constructor(texts: readonly string[], parameters: readonly unknown[]) {
    this.texts = texts;
    this.parameters = parameters;
  }
}

/** A finished statement in one engine's spelling. */
export interface Statement {
  readonly text: string;
  readonly parameters: readonly unknown[];
}

const fragment = (texts: readonly string[], parameters: readonly unknown[]): Fragment =>
  new SqlFragment(texts, parameters);

/** A template whose fragments are spliced and whose other values become parameters. */
export function sql(strings: TemplateStringsArray, ...values: readonly unknown[]): Fragment {
  const texts: string[] = [strings[0] ?? ''];
  const parameters: unknown[] = [];
  values.forEach((value, index) => {
    const following = strings[index + 1] ?? '';
    if (value instanceof SqlFragment) {
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

/** Names come from the model: there are few, and each is checked once. */
const identifiers = new Map<string, Fragment>();

/** A quoted name; refuses anything but lower-case snake case, so that no input can become one. */
export function identifier(name: string): Fragment {
  let known = identifiers.get(name);
  if (known === undefined) {
    if (!/^[a-z][a-z0-9_]{0,62}$/.test(name)) throw new Error(`not an identifier: ${name}`);
    known = fragment([`"${name}"`], []);
    identifiers.set(name, known);
  }
  return known;
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

/** Things kept; a client can make many by changing many sets of properties, so there is a bound. */
const keptMax = 2000;

/** Remembers what `make` made for each key; it is asked once, and again where too much was remembered since. */
export function createMemory<Made>(): (key: string, make: () => Made) => Made {
  const kept = new Map<string, Made>();
  return (key, make) => {
    let made = kept.get(key);
    if (made === undefined) {
      if (kept.size >= keptMax) kept.clear();
      made = make();
      kept.set(key, made);
    }
    return made;
  };
}

/**
 * Texts of statements that are said again and again with other parameters. `make` is asked once for each shape; its
 * parameters are thrown away, and the caller gives them in the order of the placeholders.
 */
export function createShapes(): (shape: string, make: () => Statement) => string {
  const remembered = createMemory<string>();
  return (shape, make) => remembered(shape, () => make().text);
}
