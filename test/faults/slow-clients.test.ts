/**
 * Clients that send a byte a second, or read as slowly, by the hundred: others are answered as if they were not there,
 * and they are cut when their time is up. The short form shortens the times; the long form keeps those of the service.
 */
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createHttpServer, type HttpServer } from '../../src/http/server.ts';
import { limits } from '../../src/limits.ts';
import { createErrorResponder } from '../../src/response/error-response.ts';
import { createExchange, type Send } from '../support/exchange.ts';
import { isLong, percentile } from './support/form.ts';
import { collectionPath, type InProcessService, openInProcess } from './support/in-process.ts';

const shortened = {
  ...(isLong ? {} : { headersTimeoutMs: 2000, requestTimeoutMs: 3000 }),
  // Two minutes and a thousand seconds otherwise.
  socketTimeoutMs: 1000,
  // Who hurries has five seconds for an answer, also on a machine shared with others.
  answerBytesPerSecondMin: 8 * 1024 * 1024,
  // One of the answers fits, two do not.
  answerBytesUnderWayMax: 48 * 1024 * 1024,
};
const kept = { ...limits, ...shortened };
const clients = 300;
const largeBytes = 32 * 1024 * 1024;
let service: InProcessService;
let server: HttpServer;
let port = 0;
let exchange: { readonly send: Send; close(): void };

beforeAll(async () => {
  service = await openInProcess();
  const respondError = createErrorResponder({ now: Date.now });
  server = createHttpServer({
    handler: (request) =>
      request.target === '/large'
        ? Promise.resolve({ status: 200, headers: {}, body: Buffer.alloc(largeBytes) })
        : service.handler(request),
    respondError,
    publicUrl: (bound) => `http://localhost:${bound}`,
    corsOrigins: [],
    trustedProxies: [],
    newRequestId: randomUUID,
    observe: () => undefined,
    regionLabel: 'Local',
    limits: shortened,
  });
  ({ port } = await server.listen({ host: '127.0.0.1', port: 0 }));
  exchange = createExchange(`http://127.0.0.1:${port}`);
});
afterAll(async () => {
  exchange.close();
  await server.close();
  await service.close();
});

interface Slow {
  readonly socket: Socket;
  readonly openedMs: number;
  /** Everything the server said, once it has hung up. */
  readonly ended: Promise<{ readonly text: string; readonly afterMs: number }>;
}

async function open(): Promise<Slow> {
  const socket = connect({ host: '127.0.0.1', port });
  socket.on('error', () => undefined);
  await once(socket, 'connect');
  const openedMs = performance.now();
  let text = '';
  socket.on('data', (chunk: Buffer) => {
    text += chunk.toString('latin1');
  });
  const ended = new Promise<{ text: string; afterMs: number }>((resolve) => {
    socket.once('close', () => resolve({ text, afterMs: performance.now() - openedMs }));
  });
  return { socket, openedMs, ended };
}

/** Sends a byte now and then for as long as the other side listens. */
function drip({ socket, ended }: Slow, bytes: string, everyMs: number): void {
  let sent = 0;
  const timer = setInterval(() => {
    if (socket.writable) socket.write(bytes.charAt(sent % bytes.length));
    sent += 1;
  }, everyMs);
  void ended.then(() => clearInterval(timer));
}

const everyMs = isLong ? 1000 : 200;
const body = JSON.stringify({ name: 'x'.repeat(10_000) });

describe(`${clients} clients that send a byte every ${everyMs} ms`, () => {
  it('hold nobody up, and are told 408 when their time is up', async () => {
    const created = await service.ask({ method: 'POST', target: collectionPath, body: { name: 'slow' } });
    const { id } = created.json as { id: string };
    const slow = await Promise.all(Array.from({ length: clients }, open));
    for (const [index, each] of slow.entries()) {
      if (index % 2 === 0) drip(each, 'GET /v1.0/security HTTP/1.1\r\nX-Slow: '.padEnd(5000, 'x'), everyMs);
      else {
        each.socket.write(
          `PATCH ${collectionPath}/${id} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer ${service.token}\r\n` +
            `Content-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n`,
        );
        drip(each, body, everyMs);
      }
    }
    const all = Promise.all(slow.map(({ ended }) => ended)).then(() => true);
    const latencies: number[] = [];
    do {
      const startMs = performance.now();
      const answer = await exchange.send({ path: `${collectionPath}/${id}`, token: service.token });
      latencies.push(performance.now() - startMs);
      expect(answer.status).toBe(200);
    } while (!(await Promise.race([all, new Promise((resolve) => setTimeout(resolve, 20, false))])));

    const answers = await Promise.all(slow.map(({ ended }) => ended));
    expect(new Set(answers.map(({ text }) => text.split('\r\n')[0]))).toEqual(
      new Set(['HTTP/1.1 408 Request Timeout']),
    );
    const longestMs = kept.requestTimeoutMs + kept.headersTimeoutMs / 10 + kept.lingerTimeoutMs;
    for (const { afterMs } of answers) expect(afterMs).toBeLessThan(longestMs + 5000);
    const p99 = percentile(latencies, 0.99);
    console.log(`slow senders: ${clients}, others' p99 ${p99.toFixed(1)} ms of ${latencies.length} reads`);
    expect(p99).toBeLessThan(1000);
    expect((await service.ask({ target: `${collectionPath}/${id}` })).headers.ETag).toBe('W/"1"');
  }, 120_000);
});

/** A client that takes one chunk now and then, so that its connection is never idle, until told to hurry. */
interface SlowReader {
  readonly socket: Socket;
  /** Resolves when the connection has ended, whoever ended it. */
  readonly closed: Promise<void>;
  hurry(): void;
}

async function readSlowly(): Promise<SlowReader> {
  const socket = connect({ host: '127.0.0.1', port });
  socket.on('error', () => undefined);
  const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()));
  await once(socket, 'connect');
  let hurried = false;
  socket.on('data', () => {
    if (!hurried) socket.pause();
  });
  socket.write('GET /large HTTP/1.1\r\nHost: localhost\r\n\r\n');
  const timer = setInterval(() => socket.resume(), 100);
  void closed.then(() => clearInterval(timer));
  await once(socket, 'data');
  return {
    socket,
    closed,
    hurry() {
      hurried = true;
      socket.resume();
    },
  };
}

/** Resolves once the whole answer has come; rejects when the connection ends before. */
function wholeAnswer({ socket, closed }: SlowReader): Promise<void> {
  return new Promise((resolve, reject) => {
    const look = () => {
      if (socket.bytesRead > largeBytes) resolve();
    };
    socket.on('data', look);
    void closed.then(() => reject(new Error(`cut after ${socket.bytesRead} bytes`)));
    look();
  });
}

describe('clients that read drop by drop', () => {
  it('are cut off, the oldest first, before their answers fill the memory', async () => {
    const first = await readSlowly();
    const second = await readSlowly();
    // What the kernel holds still arrives; then the connection is gone.
    first.hurry();
    await first.closed;
    expect(first.socket.bytesRead).toBeLessThan(largeBytes);
    const whole = wholeAnswer(second);
    second.hurry();
    await whole;
    second.socket.destroy();
  }, 30_000);

  it('are cut off when they take too long over one answer', async () => {
    const slow = await readSlowly();
    const startMs = performance.now();
    const { answerBytesPerSecondMin, socketTimeoutMs } = kept;
    const allowedMs = socketTimeoutMs + (largeBytes / answerBytesPerSecondMin) * 1000;
    await slow.closed;
    const tookMs = performance.now() - startMs;
    expect(slow.socket.bytesRead).toBeLessThan(largeBytes);
    expect(tookMs).toBeLessThan(allowedMs + 20_000);
  }, 60_000);
});
