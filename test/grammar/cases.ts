/** The shapes of grammar cases. */

/** A text, and the outline of the tree it is read as. */
export type AcceptedCase = readonly [text: string, outline: string];

/** A text with the mark where the fault is to be reported, and a part of the reason given. */
export type RefusedCase = readonly [marked: string, reason: string];

/** The cases of one option. */
export interface OptionCases {
  readonly accepted: readonly AcceptedCase[];
  readonly refused: readonly RefusedCase[];
  readonly unsupported: readonly RefusedCase[];
}

const mark = '‸';

/** The text of a refused case without its mark, and the offset the mark had. */
export function unmark(marked: string): { readonly text: string; readonly offset: number } {
  const offset = marked.indexOf(mark);
  if (offset === -1) throw new Error(`no ${mark} in the case: ${marked}`);
  return { text: marked.replace(mark, ''), offset };
}
