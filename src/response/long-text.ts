/** Bodies of many items, written item by item: one long string is several times as dear to make and to encode. */

/** Characters up to which a body stays a string. */
const stringCharactersMax = 32 * 1024;

/** Bytes a character takes in UTF-8 at most. */
const bytesPerCharacterMax = 3;

/** Where bodies are written before they are copied out; grows to the largest seen, within its bound. */
let scratch = Buffer.allocUnsafeSlow(256 * 1024);
const scratchBytesMax = 4 * 1024 * 1024;

/**
 * `start`, the items separated by commas, `end`; UTF-8 bytes once that is long. Each item is encoded on its own, because
 * a single character beyond Latin-1 makes the whole of a joined text several times as dear.
 */
export function joinItems(start: string, items: readonly string[], end: string): string | Uint8Array {
  const characters = items.reduce((sum, item) => sum + item.length + 1, start.length + end.length);
  if (characters < stringCharactersMax) return `${start}${items.join(',')}${end}`;
  const target = roomFor(characters * bytesPerCharacterMax);
  let at = target.write(start);
  items.forEach((item, index) => {
    if (index > 0) at += target.write(',', at);
    at += target.write(item, at);
  });
  at += target.write(end, at);
  return Buffer.from(target.subarray(0, at));
}

/** The same around items that are joined already. */
export function encloseItems(start: string, items: Uint8Array, end: string): Uint8Array {
  const startBytes = Buffer.byteLength(start);
  const endBytes = Buffer.byteLength(end);
  const all = Buffer.allocUnsafe(startBytes + items.length + endBytes);
  all.write(start);
  all.set(items, startBytes);
  all.write(end, startBytes + items.length);
  return all;
}

function roomFor(bytes: number): Buffer {
  if (scratch.length >= bytes) return scratch;
  if (bytes > scratchBytesMax) return Buffer.allocUnsafeSlow(bytes);
  scratch = Buffer.allocUnsafeSlow(bytes);
  return scratch;
}
