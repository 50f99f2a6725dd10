/** Answers in a coding the client accepts (Protocol 6.3). */
import type { IncomingMessage } from 'node:http';
import { promisify } from 'node:util';
import { brotliCompress, constants, gzip } from 'node:zlib';
import { assert } from '../errors.ts';
import { type ContentCoding, chooseCoding } from './content-coding.ts';
import type { HttpResponse } from './message.ts';
import { bodyLength } from './response-head.ts';

type Compress = (bytes: Uint8Array) => Promise<Uint8Array>;

const runGzip = promisify(gzip) as (bytes: Uint8Array, options: object) => Promise<Uint8Array>;
const runBrotli = promisify(brotliCompress) as (bytes: Uint8Array, options: object) => Promise<Uint8Array>;

// Qualities at which JSON shrinks to about a fifth without costing more than the answer itself did.
const compressors: Readonly<Record<ContentCoding, Compress>> = {
  br: (bytes) =>
    runBrotli(bytes, {
      params: { [constants.BROTLI_PARAM_QUALITY]: 4, [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length },
    }),
  gzip: (bytes) => runGzip(bytes, { level: 5 }),
};

const compressibleType = /^(text\/|image\/svg|application\/([\w.+-]+\+|x-nd)?(json|xml|javascript))/i;

/** The answer in a coding the client accepts, or the same answer where that is no gain. */
export async function compress(response: HttpResponse, coding: ContentCoding): Promise<HttpResponse> {
  const { status, headers, body } = response;
  assert(body !== undefined, 'only a body can be compressed');
  const bytes = typeof body === 'string' ? Buffer.from(body) : body;
  const compressed = await compressors[coding](bytes);
  return { status, headers: { ...headers, 'Content-Encoding': coding }, body: compressed };
}

/** Undefined where the answer goes out as it is; asked for every answer, so the cheap questions come first. */
export function chooseCodingFor(
  raw: IncomingMessage,
  { headers, body }: HttpResponse,
  bytesMin: number,
): ContentCoding | undefined {
  const accepted = raw.headers['accept-encoding'];
  if (accepted === undefined || body === undefined || bodyLength(body) < bytesMin) return undefined;
  const compressible =
    headers['Content-Encoding'] === undefined && compressibleType.test(headers['Content-Type'] ?? '');
  return compressible ? chooseCoding(accepted) : undefined;
}

/** The coding a stream is written in while it is sent. */
export function chooseStreamCoding(
  raw: IncomingMessage,
  { headers }: HttpResponse,
): ContentCoding | undefined {
  if (!compressibleType.test(headers['Content-Type'] ?? '')) return undefined;
  return chooseCoding(raw.headers['accept-encoding'] ?? '');
}
