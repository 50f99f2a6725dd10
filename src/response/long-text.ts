/** Bodies of many items: joined in pieces, because one long string is several times as dear to make as to send. */

/** Characters of a piece: well below what the engine keeps apart as a large object (128 KB). */
const pieceCharacters = 32 * 1024;

/** `start`, the items separated by commas, `end`; UTF-8 bytes once that is longer than one piece. */
export function joinItems(start: string, items: readonly string[], end: string): string | Uint8Array {
  const pieces: Buffer[] = [];
  let text = start;
  items.forEach((item, index) => {
    text += index === 0 ? item : `,${item}`;
    if (text.length < pieceCharacters) return;
    pieces.push(Buffer.from(text));
    text = '';
  });
  if (pieces.length === 0) return text + end;
  return Buffer.concat([...pieces, Buffer.from(text + end)]);
}
