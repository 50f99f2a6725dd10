/** SQL text → tokens, parentheses nested: as much of the grammar of both engines as the tenant guard has to know. */

/** A piece of a statement. Words are in lower case, names are what stood between double quotes. */
export type Token =
  | { readonly kind: 'word' | 'name' | 'symbol'; readonly text: string }
  | { readonly kind: 'string' | 'number' }
  /** Counted from 0. */
  | { readonly kind: 'parameter'; readonly index: number }
  /** What stands between parentheses, or from `case` to `end`. */
  | { readonly kind: 'group'; readonly tokens: readonly Token[] };

const pattern =
  /(?<blank>\s+)|(?<comment>--|\/\*)|(?<string>(?<prefix>[a-z]&?)?'(?:[^']|'')*')|"(?<name>(?:[^"]|"")*)"|(?<parameter>\$\d+|\?\d*)|(?<word>[a-z_\u0080-\uffff][\w$\u0080-\uffff]*)|(?<number>\d+(?:\.\d*)?(?:e[+-]?\d+)?)|(?<symbol>::|->>|->|<=|>=|<>|!=|\|\||[-+*/%<>=~^|&#@!.,:()[\]])|(?<end>;\s*$)/iuy;

/** Takes a text apart; throws on what this service never writes, because it could hide something. */
export function tokenize(text: string): readonly Token[] {
  const levels: Token[][] = [[]];
  const openings: ('(' | 'case')[] = [];
  let positional = 0;
  const add = (token: Token) => levels.at(-1)?.push(token);
  const close = (opening: '(' | 'case') => {
    const tokens = levels.pop();
    if (tokens === undefined || openings.pop() !== opening) throw new Error('unbalanced statement');
    add({ kind: 'group', tokens });
  };
  pattern.lastIndex = 0;
  while (pattern.lastIndex < text.length) {
    const at = pattern.lastIndex;
    const groups = pattern.exec(text)?.groups;
    if (groups === undefined) throw new Error(`a statement nobody here writes, at character ${at}`);
    const { comment, string, prefix, name, parameter, word, number, symbol } = groups;
    if (comment !== undefined) throw new Error('a comment in a statement');
    if (prefix !== undefined) throw new Error('a string with escapes in a statement');
    if (string !== undefined) add({ kind: 'string' });
    else if (name !== undefined) add({ kind: 'name', text: name.replaceAll('""', '"') });
    else if (number !== undefined) add({ kind: 'number' });
    else if (parameter !== undefined) {
      const numbered = parameter.length > 1 ? Number(parameter.slice(1)) - 1 : undefined;
      add({ kind: 'parameter', index: numbered ?? positional });
      if (numbered === undefined) positional += 1;
    } else if (symbol === '(') {
      openings.push('(');
      levels.push([]);
    } else if (symbol === ')') close('(');
    else if (symbol !== undefined) add({ kind: 'symbol', text: symbol });
    else if (word !== undefined) {
      const lower = word.toLowerCase();
      if (lower === 'case') {
        openings.push('case');
        levels.push([]);
      }
      add({ kind: 'word', text: lower });
      if (lower === 'end') close('case');
    }
  }
  const [tokens, ...open] = levels;
  if (tokens === undefined || open.length > 0) throw new Error('unbalanced statement');
  return tokens;
}
