/** SQLite through better-sqlite3: one file, one writing connection, one reading connection. */
import Sqlite, { type Database as Handle, type Statement as Prepared, SqliteError } from 'better-sqlite3';
import type { Model } from '../../edm/types.ts';
import { type ErrorCode, ServiceError } from '../../errors.ts';
import type { Statement } from '../../sql/statement.ts';
import type { Database, Row, Session } from '../database.ts';
import { sqliteDialect } from './dialect.ts';
import { createSchema } from './schema.ts';

export interface SqliteOptions {
  /** Path of the database file; created when missing. */
  readonly file: string;
  readonly model: Model;
  /** How long to wait for another process that holds the file, before storageBusy. */
  readonly busyTimeoutMs: number;
}

/** Opens the file with WAL and synchronous=FULL: an acknowledged write is on disk. */
export function openSqlite(options: SqliteOptions): Database {
  const writer = openHandle(options, false);
  createSchema(writer, options.model);
  const reader = openHandle(options, true);
  const readSession = createSession(reader);
  const queue = createWriteQueue(writer);
  return {
    dialect: sqliteDialect,
    read: (work) => work(readSession),
    write: (work) => queue.add(work),
    async ping() {
      await readSession.run({ text: 'select 1', parameters: [] });
    },
    async close() {
      await queue.drain();
      reader.close();
      writer.close();
    },
  };
}

function openHandle({ file, busyTimeoutMs }: SqliteOptions, readonly: boolean): Handle {
  const handle = new Sqlite(file, { readonly, timeout: busyTimeoutMs });
  if (!readonly) handle.pragma('journal_mode = WAL');
  handle.pragma('synchronous = FULL');
  handle.pragma('foreign_keys = ON');
  return handle;
}

interface SyncSession extends Session {
  /** Counts statements that may have changed something. */
  readonly writes: () => number;
}

/** Statements are prepared once per text and kept. */
function createSession(handle: Handle): SyncSession {
  const prepared = new Map<string, Prepared>();
  let writes = 0;
  return {
    writes: () => writes,
    async run(statement: Statement): Promise<readonly Row[]> {
      let ready = prepared.get(statement.text);
      try {
        if (ready === undefined) {
          ready = handle.prepare(statement.text);
          prepared.set(statement.text, ready);
        }
        if (!ready.readonly) writes += 1;
        if (ready.reader) return ready.all(...statement.parameters) as Row[];
        ready.run(...statement.parameters);
        return [];
      } catch (error) {
        throw translate(error);
      }
    },
  };
}

interface WriteQueue {
  add<T>(work: (session: Session) => Promise<T>): Promise<T>;
  drain(): Promise<void>;
}

interface Waiting {
  readonly work: (session: Session) => Promise<unknown>;
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Works that wait at the same moment share one transaction and one commit. A work that throws rolls back to
 * its own savepoint; its neighbours go on.
 */
function createWriteQueue(handle: Handle): WriteQueue {
  const session = createSession(handle);
  const control = createControl(handle);
  let waiting: Waiting[] = [];
  let running: Promise<void> | undefined;

  async function commitTogether(group: readonly Waiting[]): Promise<void> {
    const settled: (() => void)[] = [];
    try {
      control.begin();
      for (const each of group) settled.push(await attempt(each));
      control.commit();
    } catch (error) {
      control.rollback();
      const reason = translate(error);
      for (const each of group) each.reject(reason);
      return;
    }
    for (const settle of settled) settle();
  }

  /** Runs one work under a savepoint; says how to settle it once the group is on disk. */
  async function attempt(each: Waiting): Promise<() => void> {
    const before = session.writes();
    control.savepoint();
    try {
      const value = await each.work(session);
      control.release();
      return () => each.resolve(value);
    } catch (error) {
      // SQLite itself ended the transaction (disk full, I/O error): nothing of the group can be kept.
      if (!handle.inTransaction) throw error;
      if (session.writes() !== before) control.rollbackTo();
      control.release();
      return () => each.reject(error);
    }
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
      return new Promise<T>((resolve, reject) => {
        waiting.push({ work, resolve: resolve as (value: unknown) => void, reject });
        // After the turn's input has been read, so that all requests of one turn share a commit.
        running ??= new Promise<void>((done) => setImmediate(done)).then(run);
      });
    },
    async drain() {
      await running;
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

const unavailable: readonly string[] = [
  'SQLITE_FULL',
  'SQLITE_IOERR',
  'SQLITE_READONLY',
  'SQLITE_CANTOPEN',
  'SQLITE_CORRUPT',
  'SQLITE_NOTADB',
];

/** Engine failures become codes; no engine message ever reaches a client. */
function translate(error: unknown): unknown {
  if (!(error instanceof SqliteError)) return error;
  const failed = (code: ErrorCode, message: string) =>
    new ServiceError(code, message, { headers: { 'Retry-After': '5' }, cause: error });
  if (error.code.startsWith('SQLITE_BUSY') || error.code.startsWith('SQLITE_LOCKED')) {
    return failed('storageBusy', 'The database is busy. Try again.');
  }
  if (unavailable.some((prefix) => error.code.startsWith(prefix))) {
    return failed('storageUnavailable', 'The database cannot be read or written at the moment.');
  }
  return error;
}
