/** Sets of code points as ranges, and how PostgreSQL's regular expressions spell them. */

/** Inclusive ends, ascending, apart from each other. */
export type CodePointRanges = readonly (readonly [first: number, last: number])[];

/** The last code point there is. */
export const lastCodePoint = 0x10ffff;

const surrogatesFirst = 0xd800;
const surrogatesLast = 0xdfff;

/** Sorted and joined where they touch. */
export function uniteRanges(ranges: CodePointRanges): CodePointRanges {
  const sorted = [...ranges].filter(([first, last]) => first <= last).sort(([a], [b]) => a - b);
  const united: [number, number][] = [];
  for (const [first, last] of sorted) {
    const before = united.at(-1);
    if (before !== undefined && first <= before[1] + 1) before[1] = Math.max(before[1], last);
    else united.push([first, last]);
  }
  return united;
}

/** All code points that are not in the ranges. */
export function invertRanges(ranges: CodePointRanges): CodePointRanges {
  const gaps: [number, number][] = [];
  let next = 0;
  for (const [first, last] of uniteRanges(ranges)) {
    if (first > next) gaps.push([next, first - 1]);
    next = last + 1;
  }
  if (next <= lastCodePoint) gaps.push([next, lastCodePoint]);
  return gaps;
}

/** Letters that have a case, and what stands between them, are in these planes. */
const planesOfLetters = [0, 1, 14];

/** The code points of letters and marks a predicate holds for. */
export function rangesWhere(holds: (character: string) => boolean): CodePointRanges {
  const ranges: [number, number][] = [];
  for (const plane of planesOfLetters) {
    for (let codePoint = plane << 16; codePoint < (plane + 1) << 16; codePoint += 1) {
      if (codePoint >= surrogatesFirst && codePoint <= surrogatesLast) continue;
      if (holds(String.fromCodePoint(codePoint))) ranges.push([codePoint, codePoint]);
    }
  }
  return uniteRanges(ranges);
}

/** A character as PostgreSQL's regular expressions take it anywhere. */
export function escapeCodePoint(codePoint: number): string {
  const character = String.fromCodePoint(codePoint);
  if (/[0-9A-Za-z]/.test(character)) return character;
  const digits = codePoint.toString(16);
  return codePoint > 0xffff ? `\\U${digits.padStart(8, '0')}` : `\\u${digits.padStart(4, '0')}`;
}

/** No text of the database has these, and a regular expression cannot name them. */
const impossible: CodePointRanges = [
  [0, 0],
  [surrogatesFirst, surrogatesLast],
];

/** `[a-z\u00e9]`; of nothing, an expression that matches nowhere. */
export function bracketOf(ranges: CodePointRanges): string {
  const possible = invertRanges([...invertRanges(ranges), ...impossible]);
  if (possible.length === 0) return '(?:(?!))';
  const spelled = possible.map(([first, last]) =>
    first === last ? escapeCodePoint(first) : `${escapeCodePoint(first)}-${escapeCodePoint(last)}`,
  );
  return `[${spelled.join('')}]`;
}
