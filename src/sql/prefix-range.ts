/** Texts that start with a prefix, as a range in the order of code points. */
import { type Fragment, sql } from './statement.ts';

const lastCodePoint = 0x10ffff;
const surrogatesFirst = 0xd800;
const surrogatesEnd = 0xe000;

/** Exactly the texts that start with `prefix`; null stays null. */
export function prefixRange(text: Fragment, prefix: string): Fragment {
  const end = endOfPrefix(prefix);
  return end === undefined ? sql`(${text} >= ${prefix})` : sql`(${text} >= ${prefix} and ${text} < ${end})`;
}

/** The least text that is greater than all texts with the prefix; undefined when there is none. */
export function endOfPrefix(prefix: string): string | undefined {
  const codePoints = [...prefix].map((character) => character.codePointAt(0) ?? 0);
  while (codePoints.at(-1) === lastCodePoint) codePoints.pop();
  const last = codePoints.pop();
  if (last === undefined) return undefined;
  // Surrogates are no characters: what follows U+D7FF is U+E000.
  const next = last + 1 === surrogatesFirst ? surrogatesEnd : last + 1;
  return String.fromCodePoint(...codePoints, next);
}
