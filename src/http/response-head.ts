/** The head of an answer: the lines every answer carries, those of its own, and the length. */
import { STATUS_CODES } from 'node:http';
import type { HttpRequest, HttpResponse } from './message.ts';

/** The body where even the error body cannot be made. */
export const lastResort =
  '{"error":{"code":"InternalServerError","message":"The service failed; the request id finds the fault in the log."}}';

/** Names this layer writes itself; a response's own value of the first two wins. */
const writtenHere = new Set([
  'Cache-Control',
  'Vary',
  'Content-Length',
  'Connection',
  'Date',
  'Transfer-Encoding',
  'request-id',
  'client-request-id',
]);

/** Statuses whose answers end with their head. */
export const hasNoBody = (status: number) => status === 204 || status === 304;

/** Bytes of a body on the wire. */
export const bodyLength = (body: string | Uint8Array) =>
  typeof body === 'string' ? Buffer.byteLength(body) : body.length;

/** Adds to a Vary what this layer itself looks at; the last result is kept because it rarely changes. */
function createVary(names: readonly string[]): (vary: string | undefined) => string {
  const own = names.join(', ');
  let lastVary = '';
  let lastResult = own;
  return (vary = '') => {
    if (vary === lastVary) return lastResult;
    const present = new Set(vary.toLowerCase().split(/\s*,\s*/));
    const missing = names.filter((name) => !present.has(name.toLowerCase()));
    lastVary = vary;
    lastResult = [vary, ...missing].filter((part) => part !== '').join(', ');
    return lastResult;
  };
}

type Identity = Pick<HttpRequest, 'id' | 'clientRequestId'>;
type HeaderLines = string[];

/** Header lines for `writeHead`: name, value, name, value … */
export type WriteHeaders = (
  identity: Identity,
  response: HttpResponse,
  /** The length of the body, where it is known already. */
  bodyBytes?: number,
) => HeaderLines;

/** Creates the writer of heads; `varyNames` are what this layer looks at itself. */
export function createHeaderWriter(regionLabel: string, varyNames: readonly string[]): WriteHeaders {
  const serverInfo = {
    DataCenter: regionLabel,
    Slice: 'E',
    Ring: '1',
    ScaleUnit: '000',
    RoleInstance: 'casp',
  };
  const diagnostic = JSON.stringify({ ServerInfo: serverInfo }).replace(
    /[^\x20-\x7e]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
  const vary = createVary(varyNames);
  return (identity, { status, headers, body, stream }, bodyBytes) => {
    const lines = [
      'request-id',
      identity.id,
      'client-request-id',
      identity.clientRequestId,
      'x-ms-ags-diagnostic',
      diagnostic,
      'Strict-Transport-Security',
      'max-age=31536000',
      'X-Content-Type-Options',
      'nosniff',
      'Cache-Control',
      headers['Cache-Control'] ?? 'no-cache',
      'Vary',
      vary(headers.Vary),
    ];
    for (const name in headers) {
      if (!writtenHere.has(name)) lines.push(name, headers[name] ?? '');
    }
    // The length of a stream is known when its last piece was sent.
    if (stream === undefined && !hasNoBody(status))
      lines.push('Content-Length', String(bodyBytes ?? (body === undefined ? 0 : bodyLength(body))));
    return lines;
  };
}

/** A whole answer as text, for sockets whose request never took shape; headers are ASCII, the body UTF-8. */
export function writeRaw({ status, body }: HttpResponse, lines: HeaderLines): Buffer {
  const all = [...lines, 'Date', new Date().toUTCString(), 'Connection', 'close'];
  let head = `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}\r\n`;
  for (let index = 0; index < all.length; index += 2) {
    head += `${all[index]}: ${(all[index + 1] ?? '').replace(/[\r\n]/g, ' ')}\r\n`;
  }
  return Buffer.concat([Buffer.from(`${head}\r\n`), Buffer.from(body ?? '')]);
}
