/** Bodies that are sent while they are made, over real connections. */
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { type ClientRequest, type IncomingMessage, request } from 'node:http';
import { brotliDecompressSync, gunzipSync } from 'node:zlib';
import { afterEach, describe, expect, it } from 'vitest';
import { createHttpServer, type HttpServer, type HttpServerOptions } from '../../../src/http/server.ts';
import type { Observation } from '../../../src/observe/observation.ts';

const servers: HttpServer[] = [];
afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.close()));
});

interface Streaming {
  readonly port: number;
  readonly observed: readonly Observation[];
  /** Resolves with the first observation of one of these kinds. */
  ended(): Promise<Observation>;
}

/** A server whose every answer is this stream. */
async function start(
  stream: (signal: AbortSignal) => AsyncIterable<string>,
  limits: HttpServerOptions['limits'] = {},
): Promise<Streaming> {
  const observed: Observation[] = [];
  let tell: (observation: Observation) => void = () => undefined;
  const end = new Promise<Observation>((resolve) => {
    tell = resolve;
  });
  const server = createHttpServer({
    handler: async ({ signal }) => ({
      status: 200,
      headers: { 'Content-Type': 'text/csv' },
      body: undefined,
      stream: stream(signal),
    }),
    respondError: () => ({ status: 500, headers: {}, body: 'failed' }),
    publicUrl: (port) => `http://localhost:${port}`,
    corsOrigins: [],
    trustedProxies: [],
    newRequestId: randomUUID,
    observe: (observation) => {
      observed.push(observation);
      if (observation.kind === 'requestCompleted' || observation.kind === 'requestAborted') tell(observation);
    },
    regionLabel: 'test',
    limits: { drainTimeoutMs: 200, ...limits },
  });
  servers.push(server);
  const { port } = await server.listen({ host: '127.0.0.1', port: 0 });
  return { port, observed, ended: () => end };
}

async function open(
  { port }: Streaming,
  headers: Record<string, string> = {},
): Promise<{ readonly outgoing: ClientRequest; readonly incoming: IncomingMessage }> {
  const outgoing = request({ host: '127.0.0.1', port, headers, agent: false });
  outgoing.on('error', () => undefined).end();
  const [incoming] = (await once(outgoing, 'response')) as [IncomingMessage];
  return { outgoing, incoming };
}

/** All bytes, or the code of the error that ended them. */
async function read(incoming: IncomingMessage): Promise<{ readonly bytes: Buffer; readonly cut: boolean }> {
  const chunks: Buffer[] = [];
  try {
    for await (const chunk of incoming) chunks.push(chunk as Buffer);
    return { bytes: Buffer.concat(chunks), cut: false };
  } catch {
    return { bytes: Buffer.concat(chunks), cut: true };
  }
}

async function* pieces(...texts: readonly string[]): AsyncGenerator<string> {
  yield* texts;
}

describe('a stream', () => {
  it('arrives whole, without a length, and is told of when its last piece has gone', async () => {
    const service = await start(() => pieces('a,b\r\n', '', 'é,🦊\r\n', 'x'.repeat(300_000)));
    const { incoming } = await open(service);
    expect(incoming.headers).toMatchObject({ 'transfer-encoding': 'chunked' });
    expect(incoming.headers).not.toHaveProperty('content-length');
    const { bytes, cut } = await read(incoming);
    expect({ text: bytes.toString('utf8'), cut }).toEqual({
      text: `a,b\r\né,🦊\r\n${'x'.repeat(300_000)}`,
      cut: false,
    });
    expect(await service.ended()).toMatchObject({ kind: 'requestCompleted', status: 200 });
  });

  it.each([
    ['gzip', gunzipSync],
    ['br', brotliDecompressSync],
  ] as const)('is compressed by %s while it is sent', async (coding, inflate) => {
    const service = await start(() => pieces('a'.repeat(100_000), 'b'.repeat(100_000)));
    const { incoming } = await open(service, { 'accept-encoding': coding });
    expect(incoming.headers['content-encoding']).toBe(coding);
    const { bytes } = await read(incoming);
    expect(bytes.length).toBeLessThan(2_000);
    expect(inflate(bytes).toString()).toBe('a'.repeat(100_000) + 'b'.repeat(100_000));
  });

  it.each(['identity', 'gzip'])(
    'that fails cuts the connection (%s), so that nobody takes a part for the whole',
    async (coding) => {
      async function* failing(): AsyncGenerator<string> {
        yield 'first\r\n'.repeat(20_000);
        throw new Error('the disk is gone');
      }
      const service = await start(failing);
      const { incoming } = await open(service, { 'accept-encoding': coding });
      expect(incoming.statusCode).toBe(200);
      expect((await read(incoming)).cut).toBe(true);
      expect(await service.ended()).toMatchObject({ kind: 'requestAborted' });
      expect(service.observed.filter(({ kind }) => kind === 'requestFailed')).toEqual([
        { kind: 'requestFailed', requestId: expect.any(String), error: new Error('the disk is gone') },
      ]);
    },
  );

  it('ends when its reader leaves, which is no failure', async () => {
    let closed = false;
    async function* endless(signal: AbortSignal): AsyncGenerator<string> {
      try {
        for (;;) {
          yield 'row\r\n'.repeat(10_000);
          signal.throwIfAborted();
        }
      } finally {
        closed = true;
      }
    }
    const service = await start(endless);
    const { outgoing, incoming } = await open(service);
    await once(incoming, 'data');
    outgoing.destroy();
    expect(await service.ended()).toMatchObject({ kind: 'requestAborted' });
    expect(service.observed.map(({ kind }) => kind)).not.toContain('requestFailed');
    await expect.poll(() => closed).toBe(true);
  });

  it('is made no faster than it is read', async () => {
    let made = 0;
    async function* endless(): AsyncGenerator<string> {
      for (;;) {
        made += 1;
        yield 'x'.repeat(1024 * 1024);
      }
    }
    const service = await start(endless);
    const { outgoing, incoming } = await open(service);
    incoming.pause();
    // It goes on until the buffers on the way are full, and then no further.
    let seen = -1;
    await expect
      .poll(
        () => {
          const still = made === seen;
          seen = made;
          return still;
        },
        { interval: 250, timeout: 10_000 },
      )
      .toBe(true);
    expect(made).toBeLessThan(32);
    outgoing.destroy();
    await service.ended();
  });

  it('is cut when its reader stops reading', async () => {
    async function* endless(): AsyncGenerator<string> {
      for (;;) yield 'x'.repeat(1024 * 1024);
    }
    const service = await start(endless, { socketTimeoutMs: 300 });
    const { incoming } = await open(service);
    incoming.pause();
    expect(await service.ended()).toMatchObject({ kind: 'requestAborted' });
  });

  it('is not begun for HEAD', async () => {
    let begun = false;
    async function* watched(): AsyncGenerator<string> {
      begun = true;
      yield 'x';
    }
    const service = await start(watched);
    const outgoing = request({ host: '127.0.0.1', port: service.port, method: 'HEAD', agent: false }).end();
    const [incoming] = (await once(outgoing, 'response')) as [IncomingMessage];
    expect((await read(incoming)).bytes).toHaveLength(0);
    expect(begun).toBe(false);
  });

  it('is finished before the server closes, within its time', async () => {
    let go: () => void = () => undefined;
    const gate = new Promise<void>((resolve) => {
      go = resolve;
    });
    async function* slow(): AsyncGenerator<string> {
      yield 'first';
      await gate;
      yield ' last';
    }
    const service = await start(slow, { drainTimeoutMs: 10_000 });
    const { incoming } = await open(service);
    const text = read(incoming);
    const [server] = servers;
    const closed = server?.close();
    go();
    expect((await text).bytes.toString()).toBe('first last');
    await closed;
  });
});
