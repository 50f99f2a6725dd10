/** A long question beside writes: neither the writer nor the event loop waits for it. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Session } from '../../src/storage/database.ts';
import {
  addItem,
  ask,
  fillItems,
  openScratch,
  pairScan,
  refusal,
  type ScratchDatabase,
  statement,
} from '../unit/storage/sqlite/scratch-database.ts';

const items = 6000;
const leastScanMs = 1000;
let scratch: ScratchDatabase;

beforeEach(async () => {
  scratch = await openScratch({ readerThreads: 1 });
  await fillItems(scratch.database, items);
});
afterEach(() => scratch.remove());

/** Starts the long question; `running` tells whether it still is. */
function startScan(timeLimitMs: number) {
  let running = true;
  const outcome = refusal(scratch.database.read(ask(pairScan), { expected: 'scan', timeLimitMs })).finally(
    () => {
      running = false;
    },
  );
  return { outcome, isRunning: () => running };
}

describe('while a question takes a second', () => {
  it('writes are committed, rows read by key and short lists answered, one after the other', async () => {
    const { database } = scratch;
    const scan = startScan(leastScanMs);
    const rename = (id: number) => (session: Session) =>
      session.run(statement('update item set name = ? where id = ?', `renamed ${id}`, id));
    const rounds = 50;
    for (let id = 1; id <= rounds; id += 1) {
      await database.write(rename(id));
      const byKey = statement('select name from item where id = ?', id);
      expect(await database.read(ask(byKey))).toEqual([{ name: `renamed ${id}` }]);
      const page = statement('select name from item where id >= ? order by id limit 1', id);
      expect(await database.read(ask(page), { expected: 'scan' })).toEqual([{ name: `renamed ${id}` }]);
    }
    expect(scan.isRunning()).toBe(true);
    expect(await scan.outcome).toEqual({ code: 'queryTooComplex', status: 400, retryAfter: undefined });
  });

  it('writes that arrive together are committed together', async () => {
    const { database } = scratch;
    const scan = startScan(leastScanMs);
    await Promise.all(Array.from({ length: 200 }, (_, index) => database.write(addItem(items + 1 + index))));
    expect(scan.isRunning()).toBe(true);
    await scan.outcome;
    const [row] = await database.read(ask(statement('select count(*) as count from item')));
    expect(row).toEqual({ count: items + 200 });
  });
});
