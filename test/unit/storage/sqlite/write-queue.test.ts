import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { limits } from '../../../../src/limits.ts';
import type { Session } from '../../../../src/storage/database.ts';
import {
  addItem,
  openScratch,
  refusal,
  rejection,
  type ScratchDatabase,
  statement,
} from './scratch-database.ts';

let scratch: ScratchDatabase;
beforeEach(async () => {
  scratch = await openScratch({ busyTimeoutMs: 100 });
});
afterEach(() => scratch.remove());

function storedIds(): readonly number[] {
  return scratch.openOther().prepare('select id from item order by id').pluck().all() as number[];
}

/** A promise and the function that resolves it. */
function createGate(): { readonly opened: Promise<void>; readonly open: () => void } {
  let open = () => {};
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { opened, open };
}

describe('the write queue', () => {
  it('takes back a work that throws and keeps its neighbours', async () => {
    const { database } = scratch;
    const outcomes = await Promise.allSettled([
      database.write(addItem(1)),
      database.write(async (session) => {
        await addItem(2)(session);
        throw new Error('changed its mind');
      }),
      database.write(addItem(3)),
    ]);
    expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
    expect(storedIds()).toEqual([1, 3]);
  });

  it('lets a failed statement fail its own work only', async () => {
    const { database } = scratch;
    const outcomes = await Promise.allSettled([1, 1, 2].map((id) => database.write(addItem(id))));
    expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
    expect(storedIds()).toEqual([1, 2]);
  });

  it('begins although the turn of the event loop does not end', async () => {
    const { database } = scratch;
    let turnEnded = false;
    setImmediate(() => {
      turnEnded = true;
    });
    const began = performance.now();
    const first = database.write(addItem(1)).then(() => turnEnded);
    // A turn that goes on: what arrives in it is all that happens.
    const others: Promise<unknown>[] = [];
    while (performance.now() - began < 200) {
      if (performance.now() - began > 10 * others.length)
        others.push(database.write(addItem(others.length + 2)));
      await Promise.resolve();
    }
    expect(await first).toBe(false);
    await Promise.all(others);
  });

  it('answers after the commit, never before', async () => {
    const { database } = scratch;
    const other = scratch.openOther();
    const seen = () => other.prepare('select count(*) from item').pluck().get();
    const during: unknown[] = [];
    const after: unknown[] = [];
    const works = [1, 2, 3].map(async (id) => {
      await database.write(async (session) => {
        await addItem(id)(session);
        during.push(seen());
      });
      after.push(seen());
    });
    await Promise.all(works);
    expect({ during, after }).toEqual({ during: [0, 0, 0], after: [3, 3, 3] });
  });

  it('answers a work that failed after the commit too, because it may have seen a neighbour', async () => {
    const { database } = scratch;
    const other = scratch.openOther();
    const first = database.write(addItem(1));
    const second = database.write(async () => {
      throw new Error('no');
    });
    const seen = await second.catch(() => other.prepare('select count(*) from item').pluck().get());
    expect(seen).toBe(1);
    await first;
  });

  it('lets a work see what its neighbours wrote before it', async () => {
    const { database } = scratch;
    const increment = async (session: Session) => {
      const [row] = await session.run(statement('select count(*) as count from item'));
      const next = Number(row?.count) + 1;
      await addItem(next)(session);
      return next;
    };
    const results = await Promise.all(Array.from({ length: 500 }, () => database.write(increment)));
    const expected = Array.from({ length: 500 }, (_, index) => index + 1);
    expect(results).toEqual(expected);
    expect(storedIds()).toEqual(expected);
  });

  it('takes works that arrive while a group runs into the next group', async () => {
    const { database } = scratch;
    const gate = createGate();
    const started = createGate();
    const slow = database.write(async (session) => {
      started.open();
      await gate.opened;
      await addItem(1)(session);
    });
    await started.opened;
    const late = database.write(addItem(2));
    gate.open();
    await Promise.all([slow, late]);
    expect(storedIds()).toEqual([1, 2]);
  });

  it('rejects all of a group whose commit fails, keeps nothing of it and goes on', async () => {
    const { database } = scratch;
    await database.write((session) =>
      session.run(
        statement('create table part (item integer references item (id) deferrable initially deferred)'),
      ),
    );
    const outcomes = await Promise.allSettled([
      database.write(addItem(1)),
      database.write((session) => session.run(statement('insert into part (item) values (99)'))),
    ]);
    expect(outcomes.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    expect(storedIds()).toEqual([]);
    await database.write(addItem(2));
    expect(storedIds()).toEqual([2]);
  });

  it('answers 503 when the disk is full, keeps what was acknowledged, and recovers', async () => {
    const { database } = scratch;
    await database.write(addItem(1));
    const fill = (session: Session) =>
      session.run(statement('insert into item (id, name) values (2, ?)', 'x'.repeat(1_000_000)));
    const limitPages = (pages: number) =>
      database.write((session) => session.run(statement(`pragma max_page_count = ${pages}`)));
    await limitPages(1);
    expect(await refusal(database.write(fill))).toEqual({
      code: 'storageUnavailable',
      status: 503,
      retryAfter: '5',
    });
    expect(storedIds()).toEqual([1]);
    await limitPages(1_000_000);
    await database.write(fill);
    expect(storedIds()).toEqual([1, 2]);
  });

  it('keeps nothing of a group whose transaction the engine ended, and says so to each', async () => {
    const { database } = scratch;
    // What the engine does by itself on an I/O error.
    const breaking = async (session: Session) => {
      await session.run(statement('rollback'));
      throw new Error('the transaction is gone');
    };
    const works = [addItem(1), breaking, addItem(3)].map((work) => refusal(database.write(work)));
    const lost = { code: 'storageUnavailable', status: 503, retryAfter: '1' };
    expect(await Promise.all(works)).toEqual([lost, lost, lost]);
    await database.write(addItem(2));
    expect(storedIds()).toEqual([2]);
  });

  it('waits for another process without holding up the event loop', async () => {
    const { database } = scratch;
    const other = scratch.openOther();
    other.exec('begin immediate');
    const write = database.write(addItem(1));
    // Only a free event loop comes here.
    await new Promise((resolve) => setTimeout(resolve, 20));
    other.exec('commit');
    await write;
    expect(storedIds()).toEqual([1]);
  });

  it('answers storageBusy when another process does not let go in time', async () => {
    const { database } = scratch;
    const other = scratch.openOther();
    other.exec('begin immediate');
    expect(await refusal(database.write(addItem(1)))).toEqual({
      code: 'storageBusy',
      status: 503,
      retryAfter: '1',
    });
    other.exec('commit');
    await database.write(addItem(2));
    expect(storedIds()).toEqual([2]);
  });

  it('refuses a statement after the end of its work', async () => {
    const { database } = scratch;
    const session = await database.write(async (given) => given);
    expect(String(await rejection(session.run(statement('select 1'))))).toMatch('after the end of its work');
  });

  it('accepts so many waiting works and not one more', async () => {
    const { database } = scratch;
    const works = Array.from({ length: limits.waitingWritesMax }, () => database.write(async () => 'done'));
    const refused = refusal(database.write(async () => 'done'));
    expect(await refused).toEqual({ code: 'storageBusy', status: 503, retryAfter: '1' });
    expect(new Set(await Promise.all(works))).toEqual(new Set(['done']));
  });

  it('finishes what was added before close and refuses what comes later', async () => {
    const { database, openOther } = scratch;
    const before = [1, 2, 3].map((id) => database.write(addItem(id)));
    const closed = database.close();
    const after = refusal(database.write(addItem(4)));
    await Promise.all([...before, closed]);
    expect(await after).toEqual({ code: 'serverStopping', status: 503, retryAfter: '1' });
    expect(await refusal(database.read(async () => 1))).toMatchObject({ code: 'serverStopping' });
    expect(openOther().prepare('select count(*) from item').pluck().get()).toBe(3);
  });
});
