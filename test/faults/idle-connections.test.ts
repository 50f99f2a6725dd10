/** Thousands of connections that do nothing cost memory in kilobytes and nobody's time. */
import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { collectionPath, openService, type Service } from '../support/conformance.ts';
import { isLong, percentile } from './support/form.ts';

const wanted = isLong ? 10_000 : 2_000;
/** What of the machine's allowance the rest of both processes may need. */
const spareDescriptors = 500;
let service: Service;
const sockets: Socket[] = [];

beforeAll(async () => {
  service = await openService();
});
afterAll(async () => {
  for (const socket of sockets) socket.destroy();
  await service.stop();
});

/** Node raises its own soft limit to the hard one at its start; a shell says what that is. */
function descriptorsMax(): number {
  const said = spawnSync('sh', ['-c', 'ulimit -Hn'], { encoding: 'utf8' }).stdout.trim();
  return said === 'unlimited' ? Number.POSITIVE_INFINITY : Number(said);
}

/** Bytes in memory; undefined where the system does not say. */
function residentBytes(pid: number): number | undefined {
  try {
    const [, kibibytes] = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
    return Number(kibibytes) * 1024;
  } catch {
    return undefined;
  }
}

/** A connection that has had one answer and keeps still since. */
async function openIdle(port: number): Promise<void> {
  const socket = connect({ host: '127.0.0.1', port });
  await once(socket, 'connect');
  socket.write('GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n');
  await once(socket, 'data');
  sockets.push(socket);
}

async function measureReads(count: number): Promise<readonly number[]> {
  const latencies: number[] = [];
  for (let read = 0; read < count; read += 1) {
    const startMs = performance.now();
    const answer = await service.send({ path: `${collectionPath}?$top=5` });
    latencies.push(performance.now() - startMs);
    expect(answer.status).toBe(200);
  }
  return latencies;
}

describe('idle connections', () => {
  it(`${wanted} of them are held without hurting anybody`, async () => {
    const count = Math.min(wanted, descriptorsMax() - spareDescriptors);
    const { port } = new URL(service.url);
    await measureReads(50);
    const before = residentBytes(service.server.pid);
    for (let opened = 0; opened < count; opened += 250) {
      const group = Array.from({ length: Math.min(250, count - opened) }, () => openIdle(Number(port)));
      await Promise.all(group);
    }
    const after = residentBytes(service.server.pid);
    const p99 = percentile(await measureReads(200), 0.99);
    const open = sockets.filter(({ destroyed }) => !destroyed).length;
    const kilobytes =
      before === undefined || after === undefined ? Number.NaN : (after - before) / count / 1000;
    console.log(
      `idle connections: ${open} of ${wanted} wanted, ${kilobytes.toFixed(1)} kB each, reads p99 ${p99.toFixed(1)} ms`,
    );
    expect(open).toBe(count);
    expect(p99).toBeLessThan(1000);
    if (!Number.isNaN(kilobytes)) expect(kilobytes).toBeLessThan(60);
  }, 120_000);
});
