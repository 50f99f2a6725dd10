/** Clients leave in the middle: of a head, of a body, of their own request. Nothing half arrives, nothing leaks. */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Created, collectionPath, openService, type Service } from '../support/conformance.ts';
import { isLong, mulberry32, seed } from './support/form.ts';

const rounds = isLong ? 2000 : 200;
const random = mulberry32(seed);
let service: Service;
let profile: Created;

beforeAll(async () => {
  service = await openService('--no-sample');
  profile = await service.create({ name: 'before', riskScore: '0' });
});
afterAll(() => service.stop());

async function open(): Promise<Socket> {
  const { port } = new URL(service.url);
  const socket = connect({ host: '127.0.0.1', port: Number(port) });
  // A connection that is reset on purpose says so.
  socket.on('error', () => undefined);
  await once(socket, 'connect');
  return socket;
}

/** A PATCH as bytes, its body framed in one of the two ways there are. */
function requestBytes(body: string, chunked: boolean): string {
  const framing = chunked ? 'Transfer-Encoding: chunked' : `Content-Length: ${Buffer.byteLength(body)}`;
  const content = chunked ? `${Buffer.byteLength(body).toString(16)}\r\n${body}\r\n0\r\n\r\n` : body;
  return [
    `PATCH ${profile.path} HTTP/1.1`,
    'Host: localhost',
    `Authorization: Bearer ${service.token}`,
    'Content-Type: application/json',
    framing,
    '',
    content,
  ].join('\r\n');
}

/** Sends the first bytes of a request and leaves, politely or not. */
async function leaveAfter(bytes: string, count: number): Promise<void> {
  const socket = await open();
  await new Promise<void>((resolve) => socket.write(bytes.slice(0, count), () => resolve()));
  if (random() < 0.5) socket.resetAndDestroy();
  else socket.end();
  if (!socket.closed) {
    socket.resume();
    await once(socket, 'close');
  }
}

describe(`clients that leave, seed ${seed}`, () => {
  it('in mid-request: nothing of it happens, and the server goes on', async () => {
    const before = {
      changes: service.changes.count(),
      text: (await service.send({ path: profile.path })).text,
    };
    for (let round = 0; round < rounds; round += 10) {
      const leaving = Array.from({ length: 10 }, () => {
        const bytes = requestBytes(JSON.stringify({ name: 'x'.repeat(2000) }), random() < 0.5);
        return leaveAfter(bytes, 1 + Math.floor(random() * (bytes.length - 6)));
      });
      await Promise.all(leaving);
    }
    expect((await service.send({ path: profile.path })).text).toBe(before.text);
    expect(service.changes.count()).toBe(before.changes);
    expect(service.server.output()).not.toMatch(/internalError|unhandled|uncaught/i);
  }, 120_000);

  it('right after their request: it happened whole or not at all', async () => {
    for (let round = 1; round <= rounds / 4; round += 1) {
      const bytes = requestBytes(JSON.stringify({ riskScore: String(round), tags: [String(round)] }), false);
      await leaveAfter(bytes, bytes.length);
    }
    // Bytes of those who left may be read after this one's: its place in the history is not said.
    expect((await service.send({ path: profile.path, body: { name: 'last' } })).status).toBe(200);
    const history = service.changes.of(profile.id) as unknown as {
      version: number;
      after: { name?: string; riskScore?: string; tags?: readonly string[] };
    }[];
    expect(history.map(({ version }) => version)).toEqual(history.map((_, index) => index + 1));
    const carriedOut = history.slice(1).filter(({ after }) => after.name !== 'last');
    expect(carriedOut.length).toBe(history.length - 2);
    for (const { after } of carriedOut) expect(after.tags).toEqual([after.riskScore]);
  }, 120_000);

  it('in mid-answer: the server lets go of the answer', async () => {
    await Promise.all(Array.from({ length: 40 }, () => service.create({ manifest: 'm'.repeat(100_000) })));
    for (let round = 0; round < rounds / 10; round += 1) {
      const socket = await open();
      socket.write(
        `GET ${collectionPath} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer ${service.token}\r\n\r\n`,
      );
      await once(socket, 'data');
      socket.destroy();
    }
    expect((await service.send({ path: `${collectionPath}?$top=1` })).status).toBe(200);
    const metrics = await service.send({ path: '/metrics' });
    const heap = Number(/^nodejs_heap_size_used_bytes (\S+)/m.exec(metrics.text)?.[1] ?? 0);
    expect(heap).toBeLessThan(300_000_000);
  }, 120_000);
});
