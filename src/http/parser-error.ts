/** What is said of a message that Node's parser gave up on. */
import { ServiceError } from '../errors.ts';
import type { HttpLimits } from './http-limits.ts';
import { addressTooLong } from './request-head.ts';

/** The part of Node's parser errors that is looked at. */
export interface ParserError extends Error {
  readonly code?: string;
  readonly rawPacket?: unknown;
}

/** True where the request line alone is too long, as far as the packet that overflowed shows it. */
function overflowsInAddress(packet: unknown, { addressBytesMax }: HttpLimits): boolean {
  if (!Buffer.isBuffer(packet) || !/^[A-Z-]+ /.test(packet.toString('latin1', 0, 32))) return false;
  const lineEnd = packet.indexOf('\n');
  return lineEnd < 0 || lineEnd > addressBytesMax;
}

/** Whether the parser or its time-outs gave up, rather than the socket. */
export const isParserError = ({ code = '' }: ParserError) =>
  code.startsWith('HPE_') || code === 'ERR_HTTP_REQUEST_TIMEOUT';

/** Names the fault of a message that cannot be parsed; the parser's own words stay inside. */
export function explainParserError(error: ParserError, limits: HttpLimits): ServiceError {
  switch (error.code) {
    case 'HPE_HEADER_OVERFLOW':
      if (overflowsInAddress(error.rawPacket, limits)) return addressTooLong(limits);
      return new ServiceError(
        'headersTooLarge',
        `The request headers exceed ${limits.headersBytesMax} bytes.`,
      );
    case 'HPE_CHUNK_EXTENSIONS_OVERFLOW':
      return new ServiceError('bodyTooLarge', 'The chunk extensions of the request body are too long.');
    case 'ERR_HTTP_REQUEST_TIMEOUT':
      return new ServiceError('requestTimeout', 'The request did not arrive completely in time.');
    case 'HPE_INVALID_METHOD':
      return new ServiceError('requestMalformed', 'The request does not start with an HTTP method.');
    case 'HPE_INVALID_CONTENT_LENGTH':
    case 'HPE_UNEXPECTED_CONTENT_LENGTH':
      return new ServiceError('requestMalformed', 'Content-Length must be one decimal number.', {
        target: 'Content-Length',
      });
    case 'HPE_INVALID_CHUNK_SIZE':
      return new ServiceError(
        'requestMalformed',
        'A chunk of the request body has a size that is no number.',
      );
    case 'HPE_INVALID_EOF_STATE':
      return new ServiceError('requestMalformed', 'The connection ended before the request did.');
    case 'HPE_INVALID_HEADER_TOKEN':
      return new ServiceError(
        'requestMalformed',
        'A request header has a name or value HTTP does not allow.',
      );
    default:
      return new ServiceError('requestMalformed', 'The request is not a well-formed HTTP/1.1 message.');
  }
}
