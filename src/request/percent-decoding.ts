import type { ServiceError } from '../errors.ts';

/** ASCII without a percent sign: nothing to decode. */
const plainPattern = /^[^%\P{ASCII}]*$/u;
const malformedEscapePattern = /%(?![0-9a-f]{2})/i;
const octetRunPattern = /(?:%[0-9a-f]{2}|[\x80-\xff])+/gi;

/** A raw octet as the HTTP parser hands it over, one character each, in its escaped form. */
const escapeRawOctets = (raw: string): string => raw.replace(/[\x80-\xff]/g, encodeRawOctet);

const encodeRawOctet = (octet: string): string => `%${octet.charCodeAt(0).toString(16)}`;

function tryDecode(escaped: string): string | undefined {
  try {
    return decodeURIComponent(escaped);
  } catch {
    return undefined;
  }
}

/**
 * Percent-decodes one part of an address, once (Protocol digest 3.2).
 * `refuse` makes the error from the fault and its 0-based position in `raw`.
 */
export function percentDecode(
  raw: string,
  refuse: (fault: string, position: number) => ServiceError,
): string {
  if (plainPattern.test(raw)) return raw;
  const unescaped = raw.search(/[^\0-\xff]/);
  if (unescaped >= 0) throw refuse('a character that must be percent-encoded', unescaped);
  const malformed = raw.search(malformedEscapePattern);
  if (malformed >= 0) throw refuse("a '%' that is not followed by two hexadecimal digits", malformed);
  const decoded = tryDecode(escapeRawOctets(raw));
  if (decoded !== undefined) return decoded;
  throw refuse('escapes that are not valid UTF-8', findInvalidRun(raw));
}

/** Where the first run of octets starts that is not UTF-8. */
function findInvalidRun(raw: string): number {
  for (const run of raw.matchAll(octetRunPattern)) {
    if (tryDecode(escapeRawOctets(run[0])) === undefined) return run.index;
  }
  return 0;
}
