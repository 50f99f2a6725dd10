import { performance } from 'node:perf_hooks';
import { afterEach, describe, expect, it } from 'vitest';
import { limits } from '../../../../src/limits.ts';
import type { ReadOptions, Session } from '../../../../src/storage/database.ts';
import { createReaderPool, type ReaderPool } from '../../../../src/storage/sqlite/reader-pool.ts';
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

const scan: ReadOptions = { expected: 'scan' };
const countItems = statement('select count(*) as count from item');
const tooComplex = { code: 'queryTooComplex', status: 400, retryAfter: undefined };
const closers: (() => Promise<void>)[] = [];

afterEach(async () => {
  for (const close of closers.splice(0)) await close();
});

async function openFilled(items: number, readerThreads: number): Promise<ScratchDatabase> {
  const scratch = await openScratch({ readerThreads });
  closers.push(() => scratch.remove());
  await fillItems(scratch.database, items);
  return scratch;
}

/** How long it took; a stopped scan ends soon, a whole one takes several seconds. */
async function timed<T>(work: () => Promise<T>): Promise<{ readonly value: T; readonly ms: number }> {
  const startMs = performance.now();
  const value = await work();
  return { value, ms: performance.now() - startMs };
}

describe.each([
  { name: 'reader threads', readerThreads: 1 },
  { name: 'the main thread', readerThreads: 0 },
])('a scan on $name', ({ readerThreads }) => {
  it('answers as the writer would', async () => {
    const { database } = await openFilled(100_000, readerThreads);
    const question = statement(
      'select name, count(*) as count from item where name like ? group by substr(name, 1, 7) order by 1',
      '%7%',
    );
    const expected = await database.write(ask(question));
    expect(await database.read(ask(question), scan)).toEqual(expected);
  });

  it('sees what was acknowledged before it began', async () => {
    const { database } = await openFilled(10, readerThreads);
    for (let id = 11; id <= 30; id += 1) {
      await database.write(addItem(id));
      expect(await database.read(ask(countItems), scan)).toEqual([{ count: id }]);
    }
  });

  it('sees one state in all its statements, whatever is written in between', async () => {
    const { database, openOther } = await openFilled(10_000, readerThreads);
    const other = openOther();
    let next = 1_000_000;
    const counts = await database.read(async (session: Session) => {
      const first = await session.run(countItems);
      next += 1;
      other.prepare("insert into item (id, name) values (?, 'between')").run(next);
      return [first, await session.run(countItems)];
    }, scan);
    expect(counts[1]).toEqual(counts[0]);
  });

  it('is stopped soon after its time limit, and the next one is answered', async () => {
    const { database } = await openFilled(6000, readerThreads);
    const { value, ms } = await timed(() =>
      refusal(database.read(ask(pairScan), { ...scan, timeLimitMs: 100 })),
    );
    expect(value).toEqual(tooComplex);
    expect(ms).toBeLessThan(1100);
    expect(await database.read(ask(countItems), scan)).toEqual([{ count: 6000 }]);
  });

  it('is stopped over a million rows', async () => {
    const { database } = await openFilled(1_000_000, readerThreads);
    const everyRow = statement("select count(*) as count from item where name like '%no such name%'");
    expect(await refusal(database.read(ask(everyRow), { ...scan, timeLimitMs: 20 }))).toEqual(tooComplex);
    expect(await database.read(ask(everyRow), scan)).toEqual([{ count: 0 }]);
  });

  it('may not write', async () => {
    const { database } = await openFilled(1, readerThreads);
    expect(String(await rejection(database.read(addItem(2), scan)))).toMatch('cannot modify item');
    const making = ask(statement('create temp table made (id)'));
    expect(String(await rejection(database.read(making, scan)))).toMatch('a read that writes');
  });

  it('rejects at once when nobody waits any more', async () => {
    const { database } = await openFilled(1, readerThreads);
    const signal = AbortSignal.abort(new Error('gone'));
    expect(String(await rejection(database.read(ask(countItems), { ...scan, signal })))).toBe('Error: gone');
  });
});

/** A work that asks the long question in a thread that has already answered one, and says so. */
function createLongWork() {
  let start = () => {};
  const started = new Promise<void>((resolve) => {
    start = resolve;
  });
  const work = async (session: Session) => {
    // Too long for the main thread: the first answer comes from a thread.
    await session.run(statement('select count(*) as count from item where name > ?', ''));
    const rows = session.run(pairScan);
    start();
    return rows;
  };
  return { started, work };
}

describe('the reader pool', () => {
  it('drops a scan whose client leaves and gives its thread to the next', async () => {
    const { database } = await openFilled(6000, 1);
    const leave = new AbortController();
    const long = createLongWork();
    const left = rejection(database.read(long.work, { ...scan, signal: leave.signal }));
    await long.started;
    const next = database.read(
      ask(statement('select count(*) as count from item where name <> ?', '')),
      scan,
    );
    leave.abort(new Error('gone'));
    const { value, ms } = await timed(() => Promise.all([left, next]));
    expect(value).toEqual([new Error('gone'), [{ count: 6000 }]]);
    expect(ms).toBeLessThan(1000);
  });

  it('drops a scan that still waits for a thread', async () => {
    const { database } = await openFilled(6000, 1);
    const running = refusal(database.read(ask(pairScan), { ...scan, timeLimitMs: 300 }));
    const leave = new AbortController();
    const waiting = rejection(database.read(ask(pairScan), { ...scan, signal: leave.signal }));
    await new Promise((resolve) => setImmediate(resolve));
    leave.abort(new Error('gone'));
    expect(await waiting).toEqual(new Error('gone'));
    expect(await running).toEqual(tooComplex);
  });

  it('ends scans with serverStopping when the database closes', async () => {
    const { database } = await openFilled(6000, 1);
    const long = createLongWork();
    const outcomes = [long.work, ask(pairScan)].map((work) => refusal(database.read(work, scan)));
    await long.started;
    const { ms } = await timed(() => database.close());
    expect(await Promise.all(outcomes)).toEqual([
      { code: 'serverStopping', status: 503, retryAfter: '1' },
      { code: 'serverStopping', status: 503, retryAfter: '1' },
    ]);
    expect(ms).toBeLessThan(1000);
  });

  it('carries failures of the engine over as they are', async () => {
    const { database } = await openFilled(10, 1);
    const wrong = statement('select no_such_column from item');
    expect(await rejection(database.read(ask(wrong), scan))).toMatchObject({
      name: 'SqliteError',
      code: 'SQLITE_ERROR',
    });
  });
});

describe('brief scans', () => {
  async function openWithoutThreads(): Promise<ScratchDatabase> {
    // No thread can start from here: whatever is answered was read on the main thread.
    const scratch = await openScratch({
      readerThreads: 1,
      readerWorkerUrl: new URL('data:text/javascript,throw 1'),
    });
    closers.push(() => scratch.remove());
    return scratch;
  }
  const lost = { code: 'storageUnavailable', status: 503, retryAfter: '1' };

  it('are read on the main thread as long as they step over few rows', async () => {
    const { database } = await openWithoutThreads();
    await fillItems(database, 100_000);
    const page = statement('select id from item where id > ? order by id limit 2', 50_000);
    expect(await database.read(ask(page), scan)).toEqual([{ id: 50_001 }, { id: 50_002 }]);
    const everyRow = statement("select count(*) as count from item where name like '%9%'");
    expect(await refusal(database.read(ask(everyRow), scan))).toEqual(lost);
  });

  it('are moved when they turn out long in a later statement', async () => {
    const { database } = await openFilled(100_000, 1);
    const page = statement('select id from item order by id limit 2');
    const pageAndCount = async (session: Session) => [await session.run(page), await session.run(countItems)];
    expect(await database.read(pageAndCount, scan)).toEqual([[{ id: 1 }, { id: 2 }], [{ count: 100_000 }]]);
  });
});

/** A thread that answers each statement with the number of its own, and misbehaves when it is told to. */
const actor = new URL(
  `data:text/javascript,${encodeURIComponent(`
    import { parentPort, threadId } from 'node:worker_threads';
    parentPort.on('message', ({ kind, statement }) => {
      if (kind === 'end') return;
      if (statement.text === 'exit') process.exit(3);
      if (statement.text === 'throw') throw new Error('a bug');
      if (statement.text === 'loop') for (;;);
      parentPort.postMessage({ kind: 'rows', rows: [{ threadId }] });
    });
  `)}`,
);

function createActors(threads: number): ReaderPool {
  const pool = createReaderPool({ threads, workerUrl: actor, file: 'none', busyTimeoutMs: 0 });
  closers.push(() => pool.close());
  return pool;
}

async function askThread(pool: ReaderPool): Promise<unknown> {
  const rows = await pool.read(ask(statement('who')), {});
  return rows[0]?.threadId;
}

describe('reader threads', () => {
  it.each(['exit', 'throw'])('are replaced after a crash by %s, whose read gets 503', async (text) => {
    const pool = createActors(1);
    const before = await askThread(pool);
    expect(await refusal(pool.read(ask(statement(text)), {}))).toEqual({
      code: 'storageUnavailable',
      status: 503,
      retryAfter: '1',
    });
    expect(await askThread(pool)).not.toBe(before);
  });

  it('are given up and replaced when they do not stop', async () => {
    const pool = createActors(1);
    const before = await askThread(pool);
    const { value, ms } = await timed(() => refusal(pool.read(ask(statement('loop')), { timeLimitMs: 50 })));
    expect(value).toEqual(tooComplex);
    expect(ms).toBeLessThan(50 + limits.readerStopGraceMs + 500);
    expect(await askThread(pool)).not.toBe(before);
  });

  it('are given up when they do not stop for a client that left', async () => {
    const pool = createActors(1);
    const before = await askThread(pool);
    const leave = new AbortController();
    const left = rejection(pool.read(ask(statement('loop')), { signal: leave.signal }));
    leave.abort(new Error('gone'));
    expect(await left).toEqual(new Error('gone'));
    expect(await askThread(pool)).not.toBe(before);
  });

  it('start one by one, as they are needed, and serve again', async () => {
    const pool = createActors(2);
    const alone = [await askThread(pool), await askThread(pool)];
    expect(alone[1]).toBe(alone[0]);
    const together = await Promise.all([askThread(pool), askThread(pool), askThread(pool), askThread(pool)]);
    expect(new Set(together).size).toBe(2);
  });

  it('take the works of several keys in turns', async () => {
    const pool = createActors(1);
    const order: string[] = [];
    const read = (name: string, fairBy: string) =>
      pool.read(
        async (session) => {
          order.push(name);
          await session.run(statement('who'));
        },
        { fairBy },
      );
    const names = ['busy 1', 'busy 2', 'busy 3', 'busy 4', 'quiet 1', 'quiet 2'];
    await Promise.all(names.map((name) => read(name, name.split(' ')[0] ?? '')));
    expect(order).toEqual(['busy 1', 'busy 2', 'quiet 1', 'busy 3', 'quiet 2', 'busy 4']);
  });

  it('let so many works wait and not one more', async () => {
    const pool = createActors(1);
    const running = rejection(pool.read(ask(statement('loop')), { timeLimitMs: 50 }));
    const waiting = Array.from({ length: limits.waitingReadsMax }, () => askThread(pool));
    expect(await refusal(askThread(pool))).toEqual({ code: 'storageBusy', status: 503, retryAfter: '1' });
    await running;
    expect(new Set(await Promise.all(waiting)).size).toBe(1);
  });

  it('end what runs in favour of writes, and nothing else', async () => {
    const pool = createActors(1);
    const running = refusal(pool.read(ask(statement('loop')), {}));
    const waiting = askThread(pool);
    pool.endReads();
    expect(await running).toEqual({ code: 'storageBusy', status: 503, retryAfter: '1' });
    expect(await waiting).toEqual(expect.any(Number));
  });

  it('answer works that ask several statements at once in their order', async () => {
    const pool = createActors(1);
    const rows = await pool.read(
      (session) => Promise.all([session.run(statement('who')), session.run(statement('who'))]),
      {},
    );
    expect(rows[0]).toEqual(rows[1]);
  });

  it('refuse everything once closed', async () => {
    const pool = createActors(1);
    await pool.close();
    expect(await refusal(askThread(pool))).toEqual({ code: 'serverStopping', status: 503, retryAfter: '1' });
  });
});
