/** The head of a request: what the parser lets pass and HTTP does not, and the client's own name for it. */
import type { IncomingMessage } from 'node:http';
import { ServiceError } from '../errors.ts';
import type { HttpLimits } from './http-limits.ts';

const visibleAscii = /^[\x21-\x7e]+$/;

/** The client's own name for the request where it is usable, else ours (Protocol 6.1). */
export function readClientRequestId(
  { headers }: IncomingMessage,
  id: string,
  { clientRequestIdCharactersMax }: HttpLimits,
): string {
  const given = headers['client-request-id'];
  if (typeof given !== 'string' || given.length > clientRequestIdCharactersMax) return id;
  return visibleAscii.test(given) ? given : id;
}

/** Origin form of a target; a proxy's absolute form loses its scheme and authority (RFC 9112 3.2.2). */
export function originForm(target: string): string {
  if (target.startsWith('/')) return target;
  const absolute = /^https?:\/\/[^/?#]*/i.exec(target);
  if (absolute === null) return target;
  const rest = target.slice(absolute[0].length);
  return rest.startsWith('/') ? rest : `/${rest}`;
}

/** The path of a target, without its query. */
export function pathOf(target: string): string {
  const end = target.indexOf('?');
  return end === -1 ? target : target.slice(0, end);
}

/** Refuses what the parser lets pass and RFC 9112 does not; throws requestMalformed, addressTooLong. */
export function checkHead(
  { raw, target }: { readonly raw: IncomingMessage; readonly target: string },
  limits: HttpLimits,
): void {
  if (target.length > limits.addressBytesMax) throw addressTooLong(limits);
  const host = raw.headers.host;
  if (host === undefined ? raw.httpVersion === '1.1' : host.includes(',')) {
    throw new ServiceError('requestMalformed', 'An HTTP/1.1 request needs exactly one Host header.', {
      target: 'Host',
    });
  }
}

/** The refusal of an address longer than `addressBytesMax`. */
export function addressTooLong(limits: HttpLimits): ServiceError {
  const message = `The request address exceeds ${limits.addressBytesMax} bytes. Send long queries as POST to …/$query.`;
  return new ServiceError('addressTooLong', message);
}
