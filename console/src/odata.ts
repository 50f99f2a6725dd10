/** Spelling of addresses and literals of OData (URL Conventions 5.1). */

/** A text literal of $filter: `O'Neil` → `'O''Neil'`. */
export const writeText = (text: string): string => `'${text.replaceAll("'", "''")}'`;

/** Words of $search, each in quotes so that none is read as an operator; an empty text where there are none. */
export const writeSearchWords = (text: string): string =>
  text
    .replaceAll(/["\\]/g, ' ')
    .split(/\s+/)
    .filter(Boolean)
    .map((word) => `"${word}"`)
    .join(' ');

/** Percent-encodes a query option's value, leaving what is legal in a query readable. */
export const encodeOption = (value: string): string =>
  encodeURIComponent(value).replace(/%(24|2C|2F|3A|40)/g, (escaped) => decodeURIComponent(escaped));

/** `?$filter=…&$top=…`; undefined options are left out, no option at all gives an empty text. */
export function writeOptions(
  options: Readonly<Record<string, string | number | boolean | undefined>>,
): string {
  const written = Object.entries(options)
    .filter(([, value]) => value !== undefined && value !== '')
    .map(([name, value]) => `${name}=${encodeOption(String(value))}`);
  return written.length === 0 ? '' : `?${written.join('&')}`;
}
