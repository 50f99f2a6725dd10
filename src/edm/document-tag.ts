/** Strong entity tags of documents that change only with the program (RFC 9110 8.8.1). */
import { createHash } from 'node:crypto';

/** A quoted tag of the text: the same text has the same one, on every machine. */
export function documentTag(text: string): string {
  return `"${createHash('sha256').update(text).digest('base64url').slice(0, 22)}"`;
}
