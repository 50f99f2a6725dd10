/** What may be done with text nobody has checked. */

/** Cuts after `limit` characters, never inside one. */
export function shorten(text: string, limit: number): string {
  if (text.length <= limit) return text;
  const last = text.charCodeAt(limit - 1);
  const splitsPair = last >= 0xd800 && last <= 0xdbff;
  return `${text.slice(0, splitsPair ? limit - 1 : limit)}…`;
}

/** C0 and C1 controls but tab and line ends, and the marks that turn the direction of what follows. */
const isTreacherous = (code: number): boolean =>
  (code < 0x20 && code !== 0x09 && code !== 0x0a && code !== 0x0d) ||
  (code >= 0x7f && code <= 0x9f) ||
  (code >= 0x202a && code <= 0x202e) ||
  (code >= 0x2066 && code <= 0x2069);

/** Writes characters that nobody sees, and that make a text look like another, as `\u202e`. */
export function reveal(text: string): string {
  let shown = '';
  for (const character of text) {
    const code = character.charCodeAt(0);
    shown += isTreacherous(code) ? `\\u${code.toString(16).padStart(4, '0')}` : character;
  }
  return shown;
}

/** Text nobody has checked, for one line: cut and revealed. */
export const display = (text: string, limit: number): string => reveal(shorten(text, limit));

/** The address as a browser understands it; undefined for anything but https without a user and password. */
export function readWebAddress(text: string): string | undefined {
  if (!URL.canParse(text)) return undefined;
  const { protocol, username, password, href } = new URL(text);
  // A user name is the oldest way to make one host look like another.
  return protocol === 'https:' && username === '' && password === '' ? href : undefined;
}
