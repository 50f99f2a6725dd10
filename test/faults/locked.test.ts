/** Another process holds the database: reads go on, writes wait for a bounded time, then 503, then all is well again. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Sqlite from 'better-sqlite3';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { collectionPath, expectRefusal } from '../support/conformance.ts';
import { createExchange, type Send } from '../support/exchange.ts';
import { type RunningServer, startServer } from '../support/running-server.ts';
import { memberOf, openInProcess, verdictOf } from './support/in-process.ts';

const folder = mkdtempSync(join(tmpdir(), 'casp-locked-'));
let server: RunningServer;
let token = '';
let exchange: { readonly send: Send; close(): void };

beforeAll(async () => {
  server = await startServer({ data: folder });
  token = server.token();
  exchange = createExchange(server.httpUrl);
});
afterAll(async () => {
  exchange.close();
  await server.stop();
  rmSync(folder, { recursive: true, force: true });
});

const send: Send = (ask) => exchange.send({ token, ...ask });

describe('a database another process has locked', () => {
  it('answers reads meanwhile, refuses writes in time, and takes them again afterwards', async () => {
    const other = new Sqlite(join(folder, 'casp.db'));
    other.exec('begin immediate');
    const startMs = performance.now();
    const writes = [1, 2, 3].map((number) =>
      send({ method: 'POST', path: collectionPath, body: { name: `waiting ${number}` } }),
    );
    let reads = 0;
    const settled = Promise.all(writes).then(() => true);
    while (!(await Promise.race([settled, new Promise((resolve) => setTimeout(resolve, 50, false))]))) {
      expect((await send({ path: `${collectionPath}?$top=2` })).status).toBe(200);
      reads += 1;
    }
    for (const refused of await Promise.all(writes)) {
      expectRefusal(refused, '503 ServiceUnavailable storageBusy', {
        message: 'The database is busy. Try again.',
        headers: { 'retry-after': '1' },
      });
    }
    // Five seconds of patience for all, also for those behind others; the rest is what a busy machine adds.
    expect(performance.now() - startMs).toBeLessThan(9_000);
    expect(reads).toBeGreaterThan(10);
    other.exec('rollback');
    other.close();
    const again = await send({ method: 'POST', path: collectionPath, body: { name: 'again' } });
    expect(again.status).toBe(201);
  }, 30_000);

  it('writes as soon as the other lets go, and nothing twice', async () => {
    const service = await openInProcess({ busyTimeoutMs: 10_000 });
    try {
      const other = new Sqlite(service.file);
      other.exec('begin immediate');
      const waiting = service.ask({ method: 'POST', target: collectionPath, body: { name: 'once' } });
      expect((await service.ask({ target: collectionPath })).status).toBe(200);
      other.exec('rollback');
      other.close();
      expect(verdictOf(await waiting)).toBe('201');
      const page = await service.ask({ target: `${collectionPath}?$select=name` });
      expect(memberOf(page, 'value')).toMatchObject([{ name: 'once' }]);
    } finally {
      await service.close();
    }
  });
});
