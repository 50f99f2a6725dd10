import { afterEach, describe, expect, it } from 'vitest';
import type { Observation } from '../../../../src/observe/observation.ts';
import type { Session } from '../../../../src/storage/database.ts';
import { createCheckpointer, type LogBounds } from '../../../../src/storage/sqlite/checkpointer.ts';
import type { SqliteOptions } from '../../../../src/storage/sqlite/driver.ts';
import {
  addItem,
  ask,
  fillItems,
  openScratch,
  pairScan,
  refusal,
  rejection,
  type ScratchDatabase,
  statement,
} from './scratch-database.ts';

const kibibyte = 1024;
const smallBounds: LogBounds = {
  passBytes: 64 * kibibyte,
  briefPassBytes: 64 * kibibyte,
  pauseBytes: 512 * kibibyte,
  maxBytes: 2048 * kibibyte,
};
/** What one transaction of these tests may add after the log was measured. */
const transactionBytes = 256 * kibibyte;
const closers: (() => Promise<void>)[] = [];

afterEach(async () => {
  for (const close of closers.splice(0)) await close();
});

async function open(options: Partial<SqliteOptions>): Promise<ScratchDatabase> {
  const scratch = await openScratch({ logBounds: smallBounds, ...options });
  closers.push(() => scratch.remove());
  return scratch;
}

/** A work that rewrites a fifth of 1,000 items, about 100 KiB of the log. */
const rewrite = (round: number) => (session: Session) =>
  session.run(
    statement(
      'update item set name = ? || hex(zeroblob(100)) where id % 5 = ?',
      `round ${round} `,
      round % 5,
    ),
  );

/** Writes one transaction after the other; returns the largest size of the log. */
async function writeOn({ database, logSize }: ScratchDatabase, rounds: number): Promise<number> {
  let largest = 0;
  for (let round = 0; round < rounds; round += 1) {
    await database.write(rewrite(round));
    largest = Math.max(largest, logSize() ?? 0);
  }
  return largest;
}

describe.each([
  { name: 'a thread', readerThreads: 1 },
  { name: 'the main thread', readerThreads: 0 },
])('the log, with checkpoints in $name', ({ readerThreads }) => {
  it('stays below twice the size at which writers wait, under constant writing', async () => {
    const scratch = await open({ readerThreads });
    await fillItems(scratch.database, 1000);
    const largest = await writeOn(scratch, 200);
    expect(largest).toBeGreaterThan(smallBounds.passBytes);
    expect(largest).toBeLessThan(2 * smallBounds.pauseBytes + transactionBytes);
  });

  it('is gone after close, and everything is in the file', async () => {
    const { database, logSize, openOther } = await open({ readerThreads });
    await fillItems(database, 5000);
    await database.read(ask(statement('select count(*) from item where name > ?', '')), { expected: 'scan' });
    expect(logSize()).toBeGreaterThan(0);
    await database.close();
    expect(logSize()).toBe(undefined);
    expect(openOther().prepare('select count(*) from item').pluck().get()).toBe(5000);
  });

  it('never passes its bound: writes are refused while another process holds it, and go on after', async () => {
    const scratch = await open({ readerThreads });
    const { database } = scratch;
    await fillItems(database, 1000);
    const other = scratch.openOther();
    other.exec('begin');
    other.prepare('select count(*) from item').get();
    const refused = await refusal(writeOn(scratch, 200));
    expect(refused).toEqual({ code: 'storageBusy', status: 503, retryAfter: '1' });
    expect(scratch.logSize()).toBeLessThan(smallBounds.maxBytes + transactionBytes);
    other.exec('commit');
    expect(await writeOn(scratch, 20)).toBeLessThan(smallBounds.maxBytes + transactionBytes);
  });
});

describe('a scan that holds the log back', () => {
  it('is ended in favour of writes when the log reaches its bound', async () => {
    const scratch = await open({ readerThreads: 1 });
    const { database } = scratch;
    await fillItems(database, 20_000);
    let start = () => {};
    const started = new Promise<void>((resolve) => {
      start = resolve;
    });
    const scan = refusal(
      database.read(
        async (session) => {
          await session.run(statement('select count(*) from item where name > ?', ''));
          start();
          return session.run(pairScan);
        },
        { expected: 'scan' },
      ),
    );
    await started;
    let ended = false;
    const outcome = scan.finally(() => {
      ended = true;
    });
    let largest = 0;
    for (let round = 0; !ended; round += 1) {
      await database.write((session) =>
        session.run(statement('update item set name = ? where id % 50 = ?', `round ${round}`, round % 50)),
      );
      largest = Math.max(largest, scratch.logSize() ?? 0);
    }
    expect(await outcome).toEqual({ code: 'storageBusy', status: 503, retryAfter: '1' });
    expect(largest).toBeGreaterThan(2 * smallBounds.pauseBytes);
    // 20,000 short rows fill some 100 pages, and a round touches each of them.
    expect(largest).toBeLessThan(smallBounds.maxBytes + 1024 * kibibyte);
    await database.write(addItem(1_000_000));
  });
});

describe('a checkpoint that fails', () => {
  function createFailing(logBytes: () => number) {
    const observations: Observation[] = [];
    const checkpointer = createCheckpointer({
      measure: () => ({ logBytes: logBytes(), pendingBytes: logBytes() }),
      checkpoint: () => Promise.reject(new Error('no space')),
      endReads: () => undefined,
      observe: (observation) => observations.push(observation),
      bounds: smallBounds,
    });
    return { checkpointer, observations };
  }
  const failed = { kind: 'checkpointFailed', error: new Error('no space') };

  it('is observed, and tried again only when there is more to copy', async () => {
    let logBytes = smallBounds.passBytes;
    const { checkpointer, observations } = createFailing(() => logBytes);
    for (let write = 0; write < 10; write += 1) {
      await checkpointer.room();
      await checkpointer.idle();
    }
    expect(observations).toEqual([failed]);
    logBytes += smallBounds.passBytes;
    await checkpointer.room();
    await checkpointer.idle();
    expect(observations).toEqual([failed, failed]);
  });

  it('refuses writes at the bound of the log, not before', async () => {
    let logBytes = smallBounds.maxBytes - 1;
    const { checkpointer, observations } = createFailing(() => logBytes);
    await checkpointer.room();
    logBytes = smallBounds.maxBytes;
    expect(await rejection(Promise.resolve(checkpointer.room()))).toMatchObject({ code: 'storageBusy' });
    expect(observations).toEqual([failed, failed]);
  });
});
