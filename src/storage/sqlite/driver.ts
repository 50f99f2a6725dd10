/**
 * SQLite through better-sqlite3: one file, one writing connection, one for rows by key, readers for the rest.
 * What is brief is read on the main thread, what is long in threads of its own, so that nothing waits for a scan.
 */
import { accessSync, constants, existsSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Database as Handle } from 'better-sqlite3';
import type { Model } from '../../edm/types.ts';
import type { Observe } from '../../observe/observation.ts';
import type { Database, ReadOptions, Session } from '../database.ts';
import { createCheckpointThread } from './checkpoint-thread.ts';
import {
  type CheckpointReport,
  createCheckpointer,
  defaultLogBounds,
  type LogBounds,
} from './checkpointer.ts';
import { createStatements, openConnection, runPrepared } from './connection.ts';
import { sqliteDialect } from './dialect.ts';
import { serverStopping, translate } from './failure.ts';
import { createLocalReader } from './local-reader.ts';
import { createReaderPool, type ReaderPool } from './reader-pool.ts';
import { createSchema } from './schema.ts';
import { createWriteQueue } from './write-queue.ts';

export interface SqliteOptions {
  /** Path of the database file; created when missing. */
  readonly file: string;
  readonly model: Model;
  /** How long to wait for another process that holds the file, before storageBusy. */
  readonly busyTimeoutMs: number;
  /** Threads for long reads and one for checkpoints; 0, unless given, does everything on the main thread. */
  readonly readerThreads?: number;
  /** The compiled entry of a reader thread, where it is not beside this file. */
  readonly readerWorkerUrl?: URL;
  readonly observe?: Observe;
  /** Other bounds of the log than the service's. */
  readonly logBounds?: LogBounds;
}

/** Opens the file and brings it to the model's schema; threads start when they are first needed. */
export function openSqlite(options: SqliteOptions): Database {
  const { file, busyTimeoutMs, readerThreads = 0 } = options;
  const writer = openWriter(options);
  const points = openConnection({ file, readonly: true, busyTimeoutMs });
  const pointSession = createPointSession(points);
  const local = createLocalReader(file, busyTimeoutMs);
  const pool = readerThreads === 0 ? undefined : createPool(options, readerThreads);
  const { checkpointer, closeCheckpoints } = createCheckpoints(options, writer, pool);
  const queue = createWriteQueue({ handle: writer, busyTimeoutMs, room: () => checkpointer.room() });
  let closing: Promise<void> | undefined;

  async function scan<T>(work: (session: Session) => Promise<T>, read: ReadOptions): Promise<T> {
    if (pool === undefined) return local.read(work, read);
    const brief = await local.readIfBrief(work, read);
    return brief === undefined ? pool.read(work, read) : brief.value;
  }

  async function close(): Promise<void> {
    await queue.drain();
    await pool?.close();
    await checkpointer.idle();
    await closeCheckpoints();
    local.close();
    points.close();
    // Last: the last connection copies what is left of the log and removes it.
    writer.close();
  }

  return {
    dialect: sqliteDialect,
    read(work, read = { expected: 'point' }) {
      if (closing !== undefined) return Promise.reject(serverStopping());
      return read.expected === 'point' ? work(pointSession) : scan(work, read);
    },
    write: (work) => queue.add(work),
    async ping() {
      if (closing !== undefined) throw serverStopping();
      await pointSession.run({ text: 'select 1', parameters: [] });
    },
    close() {
      closing ??= close();
      return closing;
    },
  };
}

/** SQLite opens what it may not write as if nothing were wrong, and says so at the first write only. */
function requireWritable(file: string): void {
  accessSync(dirname(file), constants.W_OK);
  if (existsSync(file)) accessSync(file, constants.W_OK);
}

/** The schema may wait for another process; afterwards the write queue does the waiting, without blocking. */
function openWriter({ file, model, busyTimeoutMs }: SqliteOptions): Handle {
  requireWritable(file);
  const writer = openConnection({ file, readonly: false, busyTimeoutMs });
  try {
    createSchema(writer, model);
    writer.pragma('busy_timeout = 0');
    return writer;
  } catch (error) {
    writer.close();
    throw error;
  }
}

function createPointSession(handle: Handle): Session {
  const prepare = createStatements(handle);
  return {
    async run(statement) {
      try {
        return runPrepared(prepare(statement), statement);
      } catch (error) {
        throw translate(error);
      }
    },
  };
}

function createPool(options: SqliteOptions, threads: number): ReaderPool {
  const { file, busyTimeoutMs, readerWorkerUrl = workerUrl('reader-worker') } = options;
  return createReaderPool({ threads, workerUrl: readerWorkerUrl, file, busyTimeoutMs });
}

/** The thread's compiled entry, also where this file runs as TypeScript: threads of Node 20 need JavaScript. */
function workerUrl(name: string): URL {
  const compiled = import.meta.url.endsWith('.js');
  return new URL(compiled ? `./${name}.js` : `../../../dist/storage/sqlite/${name}.js`, import.meta.url);
}

/** How long a checkpoint that must empty the log waits for readers that were told to end. */
const truncateTimeoutMs = 1000;

/** Checkpoints run in a thread where reads do, else on the writing connection. */
function createCheckpoints(options: SqliteOptions, writer: Handle, pool: ReaderPool | undefined) {
  const { file, observe = () => undefined, logBounds = defaultLogBounds } = options;
  const threadData = { file, busyTimeoutMs: truncateTimeoutMs };
  const thread = pool && createCheckpointThread(workerUrl('checkpoint-worker'), threadData);
  // One frame of the log: a page and its header of 24 bytes.
  const frameBytes = Number(writer.pragma('page_size', { simple: true })) + 24;
  const noop = writer.prepare('pragma wal_checkpoint(noop)');
  const checkpointer = createCheckpointer({
    measure() {
      const { log, checkpointed } = noop.get() as CheckpointReport;
      return {
        logBytes: Math.max(0, log) * frameBytes,
        pendingBytes: Math.max(0, log - checkpointed) * frameBytes,
      };
    },
    checkpoint: async (mode) => {
      if (thread !== undefined) return thread.run(mode);
      const [report] = writer.pragma(`wal_checkpoint(${mode})`) as CheckpointReport[];
      if (report === undefined) throw new Error('a checkpoint without a report');
      return report;
    },
    endReads: () => pool?.endReads(),
    observe,
    bounds: logBounds,
  });
  return { checkpointer, closeCheckpoints: async () => thread?.close() };
}
