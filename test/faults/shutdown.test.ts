/** SIGTERM under load: what was accepted is answered, nothing is applied without its answer, and the process ends. */
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openChangeRecords } from '../support/change-records.ts';
import { collectionPath } from '../support/conformance.ts';
import { createExchange } from '../support/exchange.ts';
import { type RunningServer, startServer } from '../support/running-server.ts';
import { isLong } from './support/form.ts';

const rounds = isLong ? 10 : 2;
const writers = 32;
let data = '';
let server: RunningServer;
let token = '';

beforeEach(async () => {
  data = mkdtempSync(join(tmpdir(), 'casp-stop-'));
  server = await startServer({ data, flags: ['--no-sample'] });
  token = server.token();
});
afterEach(async () => {
  await server.stop();
  rmSync(data, { recursive: true, force: true });
});

/** Creates profiles until the connection ends; the ids that were acknowledged. */
async function write(name: string, acknowledged: Set<string>): Promise<void> {
  const { send, close } = createExchange(server.httpUrl, 1);
  try {
    for (let count = 0; ; count += 1) {
      const answer = await send({
        method: 'POST',
        path: collectionPath,
        token,
        body: { name: `${name}.${count}` },
      }).catch(() => undefined);
      if (answer === undefined) return;
      expect(answer.status, answer.text).toBe(201);
      acknowledged.add((answer.body as { id: string }).id);
    }
  } finally {
    close();
  }
}

describe('SIGTERM under load', () => {
  it.each(Array.from({ length: rounds }, (_, index) => [index + 1]))(
    'round %i: every answer is a yes, every yes is kept, and nothing else is',
    async (round) => {
      const acknowledged = new Set<string>();
      const working = Array.from({ length: writers }, (_, index) => write(`${round}.${index}`, acknowledged));
      while (acknowledged.size < 100) await new Promise((resolve) => setTimeout(resolve, 5));
      const startMs = performance.now();
      await server.kill('SIGTERM');
      const tookMs = performance.now() - startMs;
      await Promise.all(working);
      const records = openChangeRecords(data);
      const stored = records.count();
      const found = [...acknowledged].filter((id) => records.of(id).length === 1).length;
      records.close();
      console.log(
        `shutdown: round ${round}, ${acknowledged.size} acknowledged, ${found} found, ${stored} stored, ${tookMs.toFixed(0)} ms`,
      );
      expect({ found, stored }).toEqual({ found: acknowledged.size, stored: acknowledged.size });
      expect(tookMs).toBeLessThan(12_000);
      expect(server.output()).not.toMatch(/"level":"(error|fatal)"|internalError|serverStopping/);
    },
    60_000,
  );
});

async function open(): Promise<{ readonly socket: Socket; readonly text: () => string }> {
  const socket = connect({ host: '127.0.0.1', port: Number(new URL(server.httpUrl).port) });
  await once(socket, 'connect');
  let text = '';
  socket.on('data', (chunk: Buffer) => {
    text += chunk.toString('latin1');
  });
  return { socket, text: () => text };
}

/** Resolves once new connections are refused. */
async function untilClosed(): Promise<void> {
  for (;;) {
    const refused = await open().then(
      ({ socket }) => !socket.destroy(),
      () => true,
    );
    if (refused) return;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

describe('while the server drains', () => {
  it('a request whose body is still arriving is answered, and /readyz says 503', async () => {
    const body = JSON.stringify({ name: 'drained' });
    const writing = await open();
    writing.socket.write(
      `POST ${collectionPath} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer ${token}\r\n` +
        `Content-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body.slice(0, 5)}`,
    );
    const asking = await open();
    asking.socket.write('GET /readyz HTTP/1.1\r\nHost: localhost\r\n');
    const { send, close } = createExchange(server.httpUrl, 1);
    // Answered after both heads have been read: the server reads its sockets in order.
    expect((await send({ path: '/readyz' })).status).toBe(200);
    close();
    const gone = server.kill('SIGTERM');
    await untilClosed();
    asking.socket.write('\r\n');
    await once(asking.socket, 'close');
    expect(asking.text()).toMatch(/^HTTP\/1\.1 503 .*\r\n\r\n\[-\] shutdown: under way\nnot ready\n$/s);
    expect(asking.text()).toMatch(/^connection: close\r$/im);
    writing.socket.write(body.slice(5));
    await once(writing.socket, 'close');
    expect(writing.text()).toMatch(/^HTTP\/1\.1 201 /);
    await gone;
    expect(server.output()).toMatch(/Stopping: no new requests/);
  }, 30_000);
});
