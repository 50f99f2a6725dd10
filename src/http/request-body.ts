/** The body of a request: read whole within its bounds, out of its Content-Encoding, or thrown away. */
import type { IncomingMessage } from 'node:http';
import { promisify } from 'node:util';
import { brotliDecompress, gunzip, inflate } from 'node:zlib';
import { ServiceError } from '../errors.ts';
import type { Exchange } from './exchange.ts';
import type { HttpLimits } from './http-limits.ts';

const ignore = () => {};

type Inflate = (bytes: Uint8Array, options: { maxOutputLength: number }) => Promise<Uint8Array>;

const gunzipBody: Inflate = promisify(gunzip);
const inflaters: ReadonlyMap<string, Inflate> = new Map([
  ['gzip', gunzipBody],
  ['x-gzip', gunzipBody],
  ['deflate', promisify(inflate) as Inflate],
  ['br', promisify(brotliDecompress) as Inflate],
]);

/** The Content-Length, 0 without one. */
export const declaredLength = ({ headers }: IncomingMessage) => Number(headers['content-length'] ?? 0);

/** Whether bytes follow the head. */
export function announcesBody(raw: IncomingMessage): boolean {
  return raw.headers['transfer-encoding'] !== undefined || declaredLength(raw) > 0;
}

function bodyTooLarge(bytesMax: number, what = 'The request body'): ServiceError {
  return new ServiceError('bodyTooLarge', `${what} exceeds ${bytesMax} bytes.`);
}

/** Undefined where the bytes are the body; throws encodingUnsupported. */
function chooseInflater(encoding: string | undefined): Inflate | undefined {
  const name = encoding?.trim().toLowerCase() ?? '';
  if (name === '' || name === 'identity') return undefined;
  const inflater = inflaters.get(name);
  if (inflater !== undefined) return inflater;
  const message =
    'The Content-Encoding is not read here. Allowed are gzip, deflate, br and identity, one at a time.';
  // The header tells clients what would have been accepted (RFC 9110 15.5.16).
  const headers = { 'Accept-Encoding': 'gzip, deflate, br' };
  throw new ServiceError('encodingUnsupported', message, { target: 'Content-Encoding', headers });
}

async function inflateBody(bytes: Uint8Array, inflater: Inflate, bytesMax: number): Promise<Uint8Array> {
  try {
    return await inflater(bytes, { maxOutputLength: bytesMax });
  } catch (cause) {
    if (cause instanceof RangeError) throw bodyTooLarge(bytesMax, 'The inflated request body');
    const message = 'The request body is not a complete stream of its Content-Encoding.';
    throw new ServiceError('bodyInvalid', message, { target: 'Content-Encoding', cause });
  }
}

/** Bytes of bodies held at the same moment; `take` says whether there is room for more, and counts them if so. */
export interface BodyRoom {
  take(bytes: number): boolean;
}

/** All bytes of the body, or why there are none: the client left, sent more than `bytesMax`, or there is no room. */
function collectBody(
  raw: IncomingMessage,
  bytesMax: number,
  room: BodyRoom,
): Promise<Uint8Array | 'gone' | 'tooLarge' | 'noRoom'> {
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    let length = 0;
    const settle = (outcome: Uint8Array | 'gone' | 'tooLarge' | 'noRoom') => {
      raw.off('data', take).off('end', finish).off('close', leave);
      resolve(outcome);
    };
    const take = (chunk: Buffer) => {
      length += chunk.length;
      chunks.push(chunk);
      if (length > bytesMax) settle('tooLarge');
      else if (!room.take(chunk.length)) settle('noRoom');
    };
    const finish = () => {
      const [only] = chunks;
      settle(chunks.length === 1 && only !== undefined ? only : Buffer.concat(chunks, length));
    };
    const leave = () => settle('gone');
    // An 'error' is always followed by 'close'.
    raw.on('data', take).on('end', finish).on('close', leave).on('error', ignore);
  });
}

/** The body after its Content-Encoding; throws bodyTooLarge, encodingUnsupported, bodyInvalid, requestMalformed, serverOverloaded. */
export async function readBody(
  raw: IncomingMessage,
  bytesMax: number,
  limits: HttpLimits,
  room: BodyRoom,
): Promise<Uint8Array | 'gone' | undefined> {
  const transferEncoding = raw.headers['transfer-encoding'];
  if (transferEncoding !== undefined && transferEncoding.toLowerCase() !== 'chunked') {
    throw new ServiceError('requestMalformed', 'The only Transfer-Encoding read here is chunked.');
  }
  const inflater = chooseInflater(raw.headers['content-encoding']);
  if (declaredLength(raw) > bytesMax) throw bodyTooLarge(bytesMax);
  const bytes = await collectBody(raw, bytesMax, room);
  if (bytes === 'gone') return bytes;
  if (bytes === 'tooLarge') throw bodyTooLarge(bytesMax);
  if (bytes === 'noRoom') throw noBodyRoom();
  if (bytes.length === 0) return undefined;
  if (inflater === undefined) return bytes;
  const inflated = await inflateBody(bytes, inflater, limits.inflatedBodyBytesMax);
  if (!room.take(inflated.length)) throw noBodyRoom();
  return inflated;
}

function noBodyRoom(): ServiceError {
  const message = 'The server holds more request bodies than it has room for. Try again.';
  return new ServiceError('serverOverloaded', message, { headers: { 'Retry-After': '1' } });
}

/** Reads a refused body to its end: closing at once would reset the connection before the answer is read. */
export function discardBody({ raw, connection }: Exchange, bytesMax: number): void {
  let length = 0;
  connection.discarding = true;
  raw.on('error', ignore);
  raw.on('data', (chunk: Buffer) => {
    length += chunk.length;
    if (length > bytesMax) raw.socket.destroy();
  });
  raw.once('end', () => {
    connection.discarding = false;
  });
  raw.resume();
}
