/** The part of an address behind `?`, as people read and write it: plain text, no JSON. */

/** Reads `?a=b&c=d`; of a name that stands twice the last counts. */
export const parseSearch = (text: string): Record<string, string> =>
  Object.fromEntries(new URLSearchParams(text.replace(/^\?/, '')));

/** Writes what has a value, with the letters of OData left readable; an empty text where nothing has. */
export function writeSearch(search: Readonly<Record<string, unknown>>): string {
  const pairs = Object.entries(search)
    .filter(([, value]) => value !== undefined && value !== null && value !== '')
    .map(([name, value]) => `${encodeURIComponent(name)}=${encodeValue(String(value))}`);
  return pairs.length === 0 ? '' : `?${pairs.join('&')}`;
}

const encodeValue = (value: string): string =>
  encodeURIComponent(value)
    .replace(/%(24|2C|2F|3A|40)/g, (escaped) => decodeURIComponent(escaped))
    .replaceAll('%20', '+');
