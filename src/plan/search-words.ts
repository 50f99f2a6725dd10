/** What $search compares: words, the same in what is searched and in what is asked. */

/** The words of a text: runs of letters, marks and digits, composed (NFC) and in lower case. */
export function splitWords(text: string): readonly string[] {
  return (
    text
      .normalize('NFC')
      .toLowerCase()
      .match(/[\p{L}\p{M}\p{N}]+/gu) ?? []
  );
}
