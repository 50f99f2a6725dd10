/** A long question beside writes: neither the writer nor the event loop waits for it. */
import { performance } from 'node:perf_hooks';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Session } from '../../src/storage/database.ts';
import {
  addItem,
  ask,
  fillItems,
  openScratch,
  pairScan,
  rejection,
  type ScratchDatabase,
  statement,
} from '../unit/storage/sqlite/scratch-database.ts';

/** Their pairs keep a scan busy for the better part of a minute. */
const items = 20_000;
const leastScanMs = 1000;
const leastRounds = 50;
let scratch: ScratchDatabase;

beforeEach(async () => {
  scratch = await openScratch({ readerThreads: 1 });
  await fillItems(scratch.database, items);
});
afterEach(() => scratch.remove());

/** Starts the long question; `leave` ends it, and says whether it was still running. */
function startScan() {
  const startMs = performance.now();
  const client = new AbortController();
  let running = true;
  const outcome = rejection(
    scratch.database.read(ask(pairScan), {
      expected: 'scan',
      signal: client.signal,
      timeLimitMs: 60_000,
    }),
  ).finally(() => {
    running = false;
  });
  return {
    ranFor: (ms: number) => performance.now() - startMs >= ms,
    async leave() {
      const wasRunning = running;
      client.abort(new Error('gone'));
      return { wasRunning, outcome: String(await outcome) };
    },
  };
}

const stillRunning = { wasRunning: true, outcome: 'Error: gone' };

describe('while a question runs for more than a second', () => {
  it('writes are committed, rows read by key and short lists answered, one after the other', async () => {
    const { database } = scratch;
    const rename = (id: number) => (session: Session) =>
      session.run(statement('update item set name = ? where id = ?', `renamed ${id}`, id));
    const scan = startScan();
    for (let id = 1; id <= leastRounds || !scan.ranFor(leastScanMs); id += 1) {
      await database.write(rename(id));
      const byKey = statement('select name from item where id = ?', id);
      expect(await database.read(ask(byKey))).toEqual([{ name: `renamed ${id}` }]);
      const page = statement('select name from item where id >= ? order by id limit 1', id);
      expect(await database.read(ask(page), { expected: 'scan' })).toEqual([{ name: `renamed ${id}` }]);
    }
    expect(await scan.leave()).toEqual(stillRunning);
  });

  it('writes that arrive together are committed together', async () => {
    const { database } = scratch;
    const scan = startScan();
    let last = items;
    while (!scan.ranFor(leastScanMs)) {
      const group = Array.from({ length: 50 }, (_, index) => database.write(addItem(last + 1 + index)));
      await Promise.all(group);
      last += group.length;
    }
    expect(await scan.leave()).toEqual(stillRunning);
    const [row] = await database.read(ask(statement('select count(*) as count from item')));
    expect(row).toEqual({ count: last });
  });
});
