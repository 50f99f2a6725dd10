/** Reads that may take long: one state of the data for all statements, stopped by time or when nobody waits. */
import { limits } from '../../limits.ts';
import type { ReadOptions, Session } from '../database.ts';
import type { PostgresConnection } from './connection.ts';
import {
  isCancelled,
  isConflict,
  isLoss,
  isTooComplex,
  serverStopping,
  timeLimitPassed,
  tooComplex,
  translate,
} from './failure.ts';
import type { ConnectionPool } from './pool.ts';
import { createTransaction, type Guard } from './transaction.ts';

export interface ScannerOptions {
  readonly pool: ConnectionPool;
  readonly guard: Guard;
  readonly rowLevelSecurity: boolean;
  /** Tells the server to stop what this process of it does. */
  readonly cancel: (processId: number) => Promise<void>;
}

export interface Scanner {
  read<T>(work: (session: Session) => Promise<T>, options: Omit<ReadOptions, 'expected'>): Promise<T>;
  /** Ends all reads with serverStopping, and those that come later. */
  close(): void;
}

/** A scan whose connection was lost runs again once. */
const attemptsMax = 2;

/** Creates the scanner over a pool whose connections are for reading. */
export function createScanner({ pool, guard, rowLevelSecurity, cancel }: ScannerOptions): Scanner {
  const closing = new AbortController();

  async function attempt<T>(
    work: (session: Session) => Promise<T>,
    { signal, timeLimitMs = limits.statementTimeMs, fairBy }: Omit<ReadOptions, 'expected'>,
  ): Promise<T> {
    const connection = await pool.acquire(fairBy, signal);
    const deadlineMs = performance.now() + timeLimitMs;
    const stop = createStop(signal === undefined ? [closing.signal] : [signal, closing.signal], timeLimitMs);
    const transaction = createTransaction({
      connection,
      guard,
      rowLevelSecurity,
      begin: `begin isolation level repeatable read read only; set local statement_timeout = ${Math.ceil(timeLimitMs)}`,
      timeLimitMs: () => Math.max(1, deadlineMs - performance.now()),
    });
    try {
      const value = await Promise.race([work(transaction), stop.stopped]);
      finish(connection, transaction.hasBegun() ? transaction.commit() : undefined);
      return value;
    } catch (error) {
      const reason = transaction.failure() ?? error;
      if (stop.hasStopped()) void abandon(connection);
      else if (isLoss(reason)) lose(connection);
      else finish(connection, transaction.hasBegun() ? transaction.rollback() : undefined);
      const timedOut = isCancelled(reason) && performance.now() >= deadlineMs - 50;
      throw timedOut ? timeLimitPassed(timeLimitMs) : error;
    } finally {
      transaction.end();
      stop.forget();
    }
  }

  /** Nobody waits for the end of a transaction that only read. */
  function finish(connection: PostgresConnection, ending: Promise<unknown> = Promise.resolve()): void {
    ending.catch(() => connection.destroy()).finally(() => pool.release(connection));
  }

  function lose(connection: PostgresConnection): void {
    connection.destroy();
    pool.release(connection);
  }

  /** The connection goes as well: a request to stop may arrive late, and must not meet another's statement. */
  async function abandon(connection: PostgresConnection): Promise<void> {
    await cancel(connection.backend.processId).catch(() => undefined);
    lose(connection);
  }

  return {
    close: () => closing.abort(serverStopping()),
    async read(work, options) {
      for (let count = 1; ; count += 1) {
        try {
          return await attempt(work, options);
        } catch (error) {
          if (isTooComplex(error)) throw tooComplex();
          const again = isLoss(error) || isConflict(error);
          if (!again || count === attemptsMax) throw translate(error);
        }
      }
    },
  };
}

/** What ends a read before its end: the client's leaving, the closing, or the clock. */
function createStop(signals: readonly AbortSignal[], timeLimitMs: number) {
  let stopped = false;
  let forget = () => {};
  const promise = new Promise<never>((_resolve, reject) => {
    const stop = (reason: unknown) => {
      stopped = true;
      reject(reason);
    };
    const onAbort = () => stop(signals.find(({ aborted }) => aborted)?.reason);
    const timer = setTimeout(() => stop(timeLimitPassed(timeLimitMs)), timeLimitMs);
    for (const signal of signals) signal.addEventListener('abort', onAbort, { once: true });
    if (signals.some(({ aborted }) => aborted)) onAbort();
    forget = () => {
      clearTimeout(timer);
      for (const signal of signals) signal.removeEventListener('abort', onAbort);
    };
  });
  // Nobody may be waiting any more when it comes.
  promise.catch(() => undefined);
  return { stopped: promise, hasStopped: () => stopped, forget: () => forget() };
}
