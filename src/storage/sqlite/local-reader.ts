/** Scans on the main thread: all of them where there are no reader threads, else those that turn out brief. */
import { LRUCache } from 'lru-cache';
import { limits } from '../../limits.ts';
import type { Statement } from '../../sql/statement.ts';
import type { ReadOptions, Session } from '../database.ts';
import { ReadStopped, type StopReason, timeLimitPassed, translate } from './failure.ts';
import { type CheckStop, openReader, type Reader } from './reader.ts';

export interface LocalReader {
  /** Runs the work to its end or its time limit. */
  read<T>(work: (session: Session) => Promise<T>, options: Omit<ReadOptions, 'expected'>): Promise<T>;
  /** Runs the work unless it turns out long: then undefined, and the caller has it run elsewhere. */
  readIfBrief<T>(
    work: (session: Session) => Promise<T>,
    options: Omit<ReadOptions, 'expected'>,
  ): Promise<{ readonly value: T } | undefined>;
  close(): void;
}

/** Texts of statements found long that are remembered. */
const longTextsMax = 1000;

/** A statement that is slow so many times in a row is long. */
const overrunsMax = 3;

/** How long it is taken for long then; twice as long each time after. */
const firstMemoryMs = 100;

/** Opens its connection with the first read. */
export function createLocalReader(file: string, busyTimeoutMs: number): LocalReader {
  const long = new LRUCache<string, true>({ max: longTextsMax, ttl: limits.longReadMemoryMs });
  const overruns = new LRUCache<string, number>({ max: longTextsMax });
  let reader: Reader | undefined;
  let last: Promise<unknown> = Promise.resolve();

  /** One work at a time, because each has its own snapshot. Works await statements only, so none waits long. */
  function inTurn<T>(
    { signal }: Omit<ReadOptions, 'expected'>,
    work: (session: Session) => Promise<T>,
    runStatement: (reader: Reader, statement: Statement) => ReturnType<Reader['run']>,
    joinsRows: boolean,
  ): Promise<T> {
    const turn = last.then(async () => {
      signal?.throwIfAborted();
      reader ??= openReader(file, busyTimeoutMs);
      const open = reader;
      try {
        return await work({ run: async (statement) => runStatement(open, statement), joinsRows });
      } finally {
        open.end();
      }
    });
    last = turn.catch(() => undefined);
    return turn;
  }

  function runBriefly(open: Reader, statement: Statement): ReturnType<Reader['run']> {
    if (long.has(statement.text) || open.asksVirtualTable(statement)) throw new ReadStopped('notBrief');
    try {
      const rows = open.run(statement, createBriefCheck());
      if (overruns.size > 0) overruns.delete(statement.text);
      return rows;
    } catch (error) {
      if (error instanceof ReadStopped) remember(statement.text, error.reason);
      throw error;
    }
  }

  /**
   * Many rows are proof. A pause of the process makes any statement slow, and a busy machine several in a row, so those
   * are tried again soon, and later each time they are slow still.
   */
  function remember(text: string, reason: StopReason): void {
    if (reason !== 'slow') long.set(text, true);
    const count = (overruns.get(text) ?? 0) + 1;
    overruns.set(text, count);
    if (count < overrunsMax) return;
    const ttl = Math.min(limits.longReadMemoryMs, firstMemoryMs * 2 ** (count - overrunsMax));
    if (reason === 'slow') long.set(text, true, { ttl });
  }

  return {
    async read(work, options) {
      const timeLimitMs = options.timeLimitMs ?? limits.statementTimeMs;
      const deadlineMs = performance.now() + timeLimitMs;
      const check = () => {
        if (performance.now() > deadlineMs) throw new ReadStopped('timeLimit');
      };
      try {
        return await inTurn(options, work, (open, statement) => open.run(statement, check), false);
      } catch (error) {
        throw error instanceof ReadStopped ? timeLimitPassed(timeLimitMs) : translate(error);
      }
    },
    async readIfBrief(work, options) {
      try {
        return { value: await inTurn(options, work, runBriefly, true) };
      } catch (error) {
        if (error instanceof ReadStopped) return undefined;
        throw translate(error);
      }
    },
    close: () => reader?.close(),
  };
}

/** Ends a statement that steps over too many rows, or over rows too costly. */
function createBriefCheck(): CheckStop {
  const deadlineMs = performance.now() + limits.briefReadTimeMs;
  let rowsLeft: number = limits.briefReadRowsMax;
  return (rows) => {
    rowsLeft -= rows;
    if (rowsLeft < 0) throw new ReadStopped('notBrief');
    if (performance.now() > deadlineMs) throw new ReadStopped('slow');
  };
}
