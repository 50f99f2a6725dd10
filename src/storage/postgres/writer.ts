/**
 * Writes: works run in transactions that run again when others get in their way, and never twice. Works of one group
 * that wait at the same moment share one, because they would otherwise wait for each other's commits.
 */
import { setTimeout as wait } from 'node:timers/promises';
import { limits } from '../../limits.ts';
import type { Observe } from '../../observe/observation.ts';
import type { Session, WriteOptions } from '../database.ts';
import type { PostgresConnection } from './connection.ts';
import {
  ConnectionLost,
  isConflict,
  isLoss,
  outcomeUnknown,
  reasonOf,
  stateOf,
  translate,
} from './failure.ts';
import type { ConnectionPool } from './pool.ts';
import { createTransaction, type Guard, type Transaction } from './transaction.ts';
import { createWriteGroups, type Job } from './write-groups.ts';

export interface WriterOptions {
  readonly pool: ConnectionPool;
  readonly guard: Guard;
  readonly rowLevelSecurity: boolean;
  readonly observe: Observe;
}

export interface Writer {
  /** Resolves once the work is durable; rejects with what it threw, or 503. */
  write<T>(work: (session: Session) => Promise<T>, options?: WriteOptions): Promise<T>;
  /** Resolves when the writes under way are settled. */
  drain(): Promise<void>;
}

/** A transaction whose commit was sent and not answered. */
interface Doubt {
  /** Its 64-bit number on the server. */
  readonly transactionId: string;
  readonly epoch: string;
}

type Attempt<T> =
  | { readonly kind: 'done'; readonly value: T }
  | { readonly kind: 'failed'; readonly error: unknown }
  /** Nothing was kept, and another attempt may succeed. */
  | { readonly kind: 'again'; readonly error: unknown }
  | { readonly kind: 'doubt'; readonly error: unknown; readonly value: T; readonly doubt: Doubt | undefined };

type Settled<T> = Exclude<Attempt<T>, { kind: 'doubt' }>;

/** The number is asked for at once, because nobody can ask for it after the connection is lost. */
const begin = 'begin isolation level read committed read write; select pg_current_xact_id()::text as "id"';

/** Creates the writer over a pool whose connections are for writing. */
export function createWriter({ pool, guard, rowLevelSecurity, observe }: WriterOptions): Writer {
  async function attempt<T>(work: (session: Session) => Promise<T>): Promise<Attempt<T>> {
    const connection = await pool.acquire();
    const transaction = createTransaction({ connection, guard, rowLevelSecurity, begin });
    let value: T;
    try {
      value = await work(transaction);
    } catch (error) {
      transaction.end();
      release(connection, transaction);
      const reason = transaction.failure() ?? error;
      return { kind: isConflict(reason) || isLoss(reason) ? 'again' : 'failed', error: reason };
    }
    transaction.end();
    if (!transaction.hasBegun()) {
      pool.release(connection);
      return { kind: 'done', value };
    }
    return commit(connection, transaction, value);
  }

  /** The caller need not wait until the server has taken everything back. */
  function release(connection: PostgresConnection, transaction: Transaction): void {
    if (isLoss(transaction.failure())) connection.destroy();
    const ending =
      transaction.hasBegun() && !connection.isLost() ? transaction.rollback() : Promise.resolve();
    ending.catch(() => connection.destroy()).finally(() => pool.release(connection));
  }

  async function takeBack(
    connection: PostgresConnection,
    transaction: Transaction,
  ): Promise<Settled<undefined>> {
    release(connection, transaction);
    return { kind: 'again', error: transaction.failure() };
  }

  async function commit<T>(
    connection: PostgresConnection,
    transaction: Transaction,
    value: T,
  ): Promise<Attempt<T>> {
    try {
      // What was not sent was not done.
      if (connection.isLost())
        return { kind: 'again', error: transaction.failure() ?? new ConnectionLost(undefined) };
      const kept = await transaction.commit();
      const failure = transaction.failure();
      if (kept && failure === undefined) return { kind: 'done', value };
      const error = failure ?? new Error('a commit that kept nothing');
      return { kind: isConflict(error) || isLoss(error) ? 'again' : 'failed', error };
    } catch (error) {
      // An answer of the server that leaves the connection whole is a refusal: nothing was kept.
      if (!isLoss(error)) return { kind: isConflict(error) ? 'again' : 'failed', error };
      connection.destroy();
      const failure = transaction.failure();
      // A statement that the server refused before makes the commit a rollback, answered or not.
      if (failure !== undefined && !isLoss(failure))
        return { kind: isConflict(failure) ? 'again' : 'failed', error: failure };
      return { kind: 'doubt', error, value, doubt: await doubtOf(connection, transaction) };
    } finally {
      pool.release(connection);
    }
  }

  /** Runs the work again until it is kept, refused, or has had its attempts. */
  async function write<T>(work: (session: Session) => Promise<T>): Promise<T> {
    for (let count = 1; ; count += 1) {
      const outcome = await settle(await attempt(work));
      if (outcome.kind === 'done') return outcome.value;
      if (outcome.kind === 'failed' || count >= limits.writeAttemptsMax) throw translate(outcome.error);
      observe({ kind: 'transactionRetried', attempt: count, reason: reasonOf(outcome.error) });
      await wait(Math.random() * limits.writeRetryPauseMs * 2 ** count);
    }
  }

  async function settle<T>(outcome: Attempt<T>): Promise<Settled<T>> {
    if (outcome.kind !== 'doubt') return outcome;
    const { error, value, doubt } = outcome;
    const status = doubt === undefined ? 'unknown' : await findOutcome(doubt, pool);
    if (status === 'committed') return { kind: 'done', value };
    if (status === 'aborted') return { kind: 'again', error };
    return { kind: 'failed', error: outcomeUnknown(error) };
  }

  /** Several works in one transaction; returns those that have to be run on their own. */
  async function writeTogether(jobs: readonly Job[]): Promise<readonly Job[]> {
    const connection = await pool.acquire();
    const transaction = createTransaction({ connection, guard, rowLevelSecurity, begin });
    const attempts = await Promise.all(jobs.map((job) => attemptJob(job, transaction)));
    transaction.end();
    const spoilt = attempts.some((each) => each.kind === 'failed' && each.hasWritten);
    const outcome = await (spoilt || transaction.failure() !== undefined
      ? takeBack(connection, transaction)
      : commit(connection, transaction, undefined).then(settle));
    if (outcome.kind === 'again') {
      observe({ kind: 'transactionRetried', attempt: 1, reason: `shared: ${reasonOf(outcome.error)}` });
      return jobs;
    }
    attempts.forEach((each, index) => {
      if (each.kind === 'failed') jobs[index]?.reject(each.error);
      else if (outcome.kind === 'failed') jobs[index]?.reject(translate(outcome.error));
      else jobs[index]?.resolve(each.value);
    });
    return [];
  }

  const groups = createWriteGroups({
    together: writeTogether,
    alone: write,
    sizeMax: limits.writesTogetherMax,
    groupsMax: limits.writeGroupsMax,
    patienceMs: limits.writesTogetherPatienceMs,
  });
  const underWay = new Set<Promise<unknown>>();

  return {
    write(work, options) {
      const writing = options === undefined ? write(work) : groups.write(work, options);
      underWay.add(writing);
      const forget = () => underWay.delete(writing);
      writing.then(forget, forget);
      return writing;
    },
    async drain() {
      while (underWay.size > 0) await Promise.allSettled(underWay);
    },
  };
}

type JobAttempt =
  | { readonly kind: 'done'; readonly value: unknown }
  | { readonly kind: 'failed'; readonly error: unknown; readonly hasWritten: boolean };

/** Runs a work beside others: one that throws before it has written anything leaves nothing to take back. */
async function attemptJob({ work }: Job, transaction: Transaction): Promise<JobAttempt> {
  let hasWritten = false;
  const session: Session = {
    run(statement) {
      hasWritten ||= !/^select /.test(statement.text);
      return transaction.run(statement);
    },
    send(statement) {
      hasWritten ||= !/^select /.test(statement.text);
      return transaction.send(statement);
    },
    sendLast(statement) {
      hasWritten = true;
      return transaction.sendLast(statement);
    },
  };
  try {
    return { kind: 'done', value: await work(session) };
  } catch (error) {
    return { kind: 'failed', error, hasWritten };
  }
}

async function doubtOf(connection: PostgresConnection, transaction: Transaction): Promise<Doubt | undefined> {
  const { epoch } = connection.backend;
  const rows = await transaction.begun().catch(() => []);
  const transactionId = rows[0]?.id;
  // Whoever was not told its number did not reach the commit either, but the answers may have been lost together.
  if (typeof transactionId !== 'string' || epoch === undefined) return undefined;
  return { transactionId, epoch };
}

type Outcome = 'committed' | 'aborted' | 'unknown';

/** Asks over other connections what became of a transaction, until it is over or the time is up. */
async function findOutcome(doubt: Doubt, pool: ConnectionPool): Promise<Outcome> {
  const deadlineMs = performance.now() + limits.outcomeTimeMs;
  while (performance.now() < deadlineMs) {
    const status = await askOutcome(doubt, pool).catch(() => 'in progress' as const);
    if (status !== 'in progress') return status;
    await wait(outcomePauseMs);
  }
  return 'unknown';
}

const outcomePauseMs = 100;

async function askOutcome(
  { transactionId, epoch }: Doubt,
  pool: ConnectionPool,
): Promise<Outcome | 'in progress'> {
  const connection = await pool.acquire();
  try {
    const parameters = [transactionId];
    const [row] = await connection.run({ text: outcomeText, parameters });
    // On Citus the coordinator's record does not speak for the workers.
    if (row?.status === 'aborted') return row.distributed === true ? 'unknown' : 'aborted';
    // After a crash the number may have been given again: then it is another transaction that was committed.
    if (row?.status === 'committed') return connection.backend.epoch === epoch ? 'committed' : 'unknown';
    return row?.status === 'in progress' ? 'in progress' : 'unknown';
  } catch (error) {
    // A number not given yet, after a crash that has lost it: of what was committed, nothing is lost.
    if (stateOf(error) === '22023') return 'aborted';
    throw error;
  } finally {
    pool.release(connection);
  }
}

const outcomeText = `select pg_xact_status($1::xid8) as "status",
  exists (select from pg_extension where extname = 'citus') as "distributed"`;
