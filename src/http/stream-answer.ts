/** Sends a body piece by piece, no faster than its reader takes it; a body that fails is cut, never ended. */
import type { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { Readable, type Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { constants, createBrotliCompress, createGzip } from 'node:zlib';
import type { ContentCoding } from './content-coding.ts';

/** The bounds of `limits.ts` for readers of streams. */
export interface StreamLimits {
  /** How often it is looked whether the reader still reads. */
  readonly socketTimeoutMs: number;
  readonly answerBytesPerSecondMin: number;
}

// The same qualities as for whole answers.
const compressors: Readonly<Record<ContentCoding, () => Transform>> = {
  br: () => createBrotliCompress({ params: { [constants.BROTLI_PARAM_QUALITY]: 4 } }),
  gzip: () => createGzip({ level: 5 }),
};

/** Resolves when the last piece has gone; rejects, with the connection cut, when the body or its reader failed. */
export async function streamAnswer(
  stream: AsyncIterable<string>,
  coding: ContentCoding | undefined,
  { reply, socket }: { readonly reply: ServerResponse; readonly socket: Socket },
  limits: StreamLimits,
): Promise<void> {
  const endWatch = watchReader(reply, socket, limits);
  try {
    const source = Readable.from(slices(stream));
    await (coding === undefined ? pipeline(source, reply) : pipeline(source, compressors[coding](), reply));
  } finally {
    endWatch();
  }
}

/** The same stream; tells when it throws. */
export async function* onFailure(stream: AsyncIterable<string>, tell: () => void): AsyncGenerator<string> {
  try {
    yield* stream;
  } catch (error) {
    tell();
    throw error;
  }
}

/** What is written at once: small against what a reader must take in the time it has. */
const sliceBytes = 64 * 1024;

async function* slices(stream: AsyncIterable<string>): AsyncGenerator<Uint8Array> {
  for await (const piece of stream) {
    const bytes = Buffer.from(piece);
    for (let start = 0; start < bytes.length; start += sliceBytes) {
      yield bytes.subarray(start, start + sliceBytes);
    }
  }
}

/** Cuts a connection on which pieces wait for a reader that takes next to nothing. */
function watchReader(
  reply: ServerResponse,
  socket: Socket,
  { socketTimeoutMs, answerBytesPerSecondMin }: StreamLimits,
): () => void {
  const bytesMin = (answerBytesPerSecondMin * socketTimeoutMs) / 1000;
  let before = socket.bytesWritten;
  const watch = setInterval(() => {
    const taken = socket.bytesWritten - before;
    before = socket.bytesWritten;
    if (reply.writableNeedDrain && taken < bytesMin) socket.destroy();
  }, socketTimeoutMs);
  return () => clearInterval(watch);
}
