/** The one writing connection: works that wait at the same moment share a transaction and a commit. */
import { setTimeout as wait } from 'node:timers/promises';
import type { Database as Handle } from 'better-sqlite3';
import { limits } from '../../limits.ts';
import type { Statement } from '../../sql/statement.ts';
import { joinLast, type LastStatement, type Row, type Session } from '../database.ts';
import { createStatements, runPrepared } from './connection.ts';
import { isBusy, serverStopping, storageBusy, transactionLost, translate } from './failure.ts';

export interface WriteQueue {
  /** Resolves once the work is on disk; rejects with what it threw, or 503 when nothing of it was kept. */
  add<T>(work: (session: Session) => Promise<T>): Promise<T>;
  /** Refuses new works with serverStopping; resolves when those already added are settled. */
  drain(): Promise<void>;
}

export interface WriteQueueOptions {
  readonly handle: Handle;
  /** How long to wait for another process that holds the file; the event loop goes on meanwhile. */
  readonly busyTimeoutMs: number;
  /** Asked before each transaction: something to wait for until there is room, which may throw. */
  readonly room: () => Promise<void> | undefined;
}

/** Tells the caller how its work ended. */
type Settle = () => void;

interface Waiting {
  readonly work: (session: Session) => Promise<unknown>;
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: unknown) => void;
  readonly addedMs: number;
}

/** Between two attempts to begin while another process writes. */
const busyRetryMs = 5;

/** How long works wait for others to share their commit. */
const gatherMsMax = 4;

/** How long works wait for the end of a turn of the event loop. */
const turnMsMax = 50;

/** Something failed after works had changed something, and no savepoint tells their changes apart. */
class Entangled extends Error {}

/**
 * One work that throws takes back its own statements, its neighbours go on. Most works that throw do so before they
 * change anything, so a group first runs without savepoints, which cost more than a small write: each makes every
 * text index flush. Where a work throws too late for that, the group runs again, each work under a savepoint.
 * Nobody is answered before the commit, not even those that failed: what they saw may have been a neighbour's.
 */
export function createWriteQueue({ handle, busyTimeoutMs, room }: WriteQueueOptions): WriteQueue {
  const sessions = createSessions(handle);
  const control = createControl(handle);
  let waiting: Waiting[] = [];
  let running: Promise<void> | undefined;
  /** Has what waits for the end of the turn begin at once. */
  let beginWaiting = () => {};
  let stopping = false;

  async function commitTogether(group: readonly Waiting[]): Promise<void> {
    try {
      await room();
      const settled = (await runGroup(group, attemptAll)) ?? (await runGroup(group, attemptEach));
      if (settled === undefined) throw new Error('a work under a savepoint was entangled');
      control.commit();
      for (const settle of settled) settle();
    } catch (error) {
      const reason = translate(error);
      for (const each of group) each.reject(reason);
      takeBack();
    }
  }

  /** How to settle each work once the group is on disk; undefined, and nothing kept, where they are entangled. */
  async function runGroup(group: readonly Waiting[], run: typeof attemptAll): Promise<Settle[] | undefined> {
    await begin(group[0]?.addedMs ?? 0);
    try {
      return await run(group);
    } catch (error) {
      if (!(error instanceof Entangled)) throw error;
      control.rollback();
      return undefined;
    }
  }

  /** Waits for another process without holding up the event loop; time spent behind another group counts. */
  async function begin(waitingSinceMs: number): Promise<void> {
    const deadlineMs = waitingSinceMs + busyTimeoutMs;
    for (;;) {
      try {
        control.begin();
        return;
      } catch (error) {
        if (!isBusy(error) || performance.now() >= deadlineMs) throw error;
      }
      await wait(busyRetryMs);
    }
  }

  /** Runs the works and then what they left for the end, counted once for all. */
  async function attemptAll(group: readonly Waiting[]): Promise<Settle[]> {
    const settled: Settle[] = [];
    const last: LastStatement[] = [];
    for (const each of group) settled.push(await attempt(each, last));
    try {
      sessions.runAll(joinLast(last));
    } catch (error) {
      if (!handle.inTransaction) throw transactionLost(error);
      throw new Entangled('', { cause: error });
    }
    return settled;
  }

  /** Runs one work among others; throws Entangled where it fails after it has changed something. */
  async function attempt(each: Waiting, last: LastStatement[]): Promise<Settle> {
    const session = sessions.open();
    try {
      const value = await each.work(session);
      last.push(...session.last());
      return () => each.resolve(value);
    } catch (error) {
      if (!handle.inTransaction) throw transactionLost(error);
      if (session.hasWritten()) throw new Entangled('', { cause: error });
      return () => each.reject(error);
    } finally {
      session.end();
    }
  }

  async function attemptEach(group: readonly Waiting[]): Promise<Settle[]> {
    const settled: Settle[] = [];
    for (const each of group) settled.push(await attemptAlone(each));
    return settled;
  }

  /** Runs one work under a savepoint of its own. */
  async function attemptAlone(each: Waiting): Promise<Settle> {
    const session = sessions.open();
    control.savepoint();
    try {
      const value = await each.work(session);
      sessions.runAll(joinLast(session.last()));
      control.release();
      return () => each.resolve(value);
    } catch (error) {
      // SQLite itself ended the transaction (disk full, I/O error): nothing of the group can be kept.
      if (!handle.inTransaction) throw transactionLost(error);
      takeBackAlone();
      return () => each.reject(error);
    } finally {
      session.end();
    }
  }

  /** A savepoint whose release failed is gone, and what it held with it is in the transaction: all must go. */
  function takeBackAlone(): void {
    try {
      control.rollbackTo();
      control.release();
    } catch (error) {
      throw transactionLost(error);
    }
  }

  /** A rollback that fails leaves a transaction open, and the next begin says so to its works. */
  function takeBack(): void {
    try {
      control.rollback();
    } catch {
      // The works have their error already, and a failed disk has no better one to add.
    }
  }

  /**
   * Waits until the turn's input has been read, and on while each turn brings more: clients that were answered together
   * send their next requests together, and a commit costs nearly the same for all as for half of them.
   */
  function gather(): Promise<void> {
    return new Promise((done) => {
      beginWaiting = done;
      const startMs = performance.now();
      let seen = 0;
      const endTurn = () => {
        if (waiting.length === seen || performance.now() - startMs > gatherMsMax) return done();
        seen = waiting.length;
        setImmediate(endTurn);
      };
      setImmediate(endTurn);
    });
  }

  async function run(): Promise<void> {
    while (waiting.length > 0) {
      const group = waiting;
      waiting = [];
      await commitTogether(group);
    }
    running = undefined;
  }

  return {
    add<T>(work: (session: Session) => Promise<T>): Promise<T> {
      if (stopping) return Promise.reject(serverStopping());
      if (waiting.length >= limits.waitingWritesMax) {
        return Promise.reject(storageBusy('Too many writes are waiting. Try again.'));
      }
      return new Promise<T>((resolve, reject) => {
        waiting.push({
          work,
          resolve: resolve as (value: unknown) => void,
          reject,
          addedMs: performance.now(),
        });
        running ??= gather().then(run);
        // With thousands of busy connections a turn reads for seconds before it ends.
        if (performance.now() - (waiting[0]?.addedMs ?? 0) > turnMsMax) beginWaiting();
      });
    },
    async drain() {
      stopping = true;
      await running;
    },
  };
}

interface WriteSession extends Session {
  /** Whether a statement ran that may have changed something. */
  hasWritten(): boolean;
  /** What was left for the end of the transaction. */
  last(): readonly LastStatement[];
  /** A statement after this would belong to another work's savepoint. */
  end(): void;
}

/** Sessions share their prepared statements and live as long as their work. */
function createSessions(handle: Handle) {
  const prepare = createStatements(handle);
  return {
    /** Runs statements for nobody's session. */
    runAll(statements: readonly Statement[]): void {
      try {
        for (const statement of statements) runPrepared(prepare(statement), statement);
      } catch (error) {
        throw translate(error);
      }
    },
    open(): WriteSession {
      const last: LastStatement[] = [];
      let written = false;
      let ended = false;
      function runNow(statement: Statement): readonly Row[] {
        if (ended) throw new Error('a statement after the end of its work');
        try {
          const prepared = prepare(statement);
          if (!prepared.readonly) written = true;
          return runPrepared(prepared, statement);
        } catch (error) {
          throw translate(error);
        }
      }
      return {
        hasWritten: () => written,
        last: () => last,
        end: () => {
          ended = true;
        },
        run: async (statement) => runNow(statement),
        async sendAll(statements) {
          for (const statement of statements) runNow(statement);
        },
        async sendLast(statement) {
          if (ended) throw new Error('a statement after the end of its work');
          last.push(statement);
        },
      };
    },
  };
}

/** The transaction statements, prepared once. */
function createControl(handle: Handle) {
  const begin = handle.prepare('begin immediate');
  const commit = handle.prepare('commit');
  const rollback = handle.prepare('rollback');
  const savepoint = handle.prepare('savepoint work');
  const release = handle.prepare('release work');
  const rollbackTo = handle.prepare('rollback to work');
  return {
    begin: () => begin.run(),
    commit: () => commit.run(),
    rollback: () => {
      if (handle.inTransaction) rollback.run();
    },
    savepoint: () => savepoint.run(),
    release: () => release.run(),
    rollbackTo: () => rollbackTo.run(),
  };
}
