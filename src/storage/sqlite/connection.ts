/** Connections to an SQLite file, and their prepared statements. */
import Sqlite, { type Database as Handle, type Statement as Prepared } from 'better-sqlite3';
import { LRUCache } from 'lru-cache';
import { limits } from '../../limits.ts';
import type { Statement } from '../../sql/statement.ts';
import type { Row } from '../database.ts';
import { registerFunctions } from './functions.ts';

export interface ConnectionOptions {
  readonly file: string;
  readonly readonly: boolean;
  /** How long the engine itself waits, holding its thread, for a lock of another process. */
  readonly busyTimeoutMs: number;
}

/** Opens the file with WAL and synchronous=FULL: an acknowledged write is on disk. */
export function openConnection({ file, readonly, busyTimeoutMs }: ConnectionOptions): Handle {
  const handle = new Sqlite(file, { readonly, fileMustExist: readonly, timeout: busyTimeoutMs });
  try {
    if (!readonly) {
      handle.pragma('journal_mode = WAL');
      // The checkpointer copies the log into the file, beside the commits.
      handle.pragma('wal_autocheckpoint = 0');
    }
    // Scans read pages where they lie instead of copying each: two to three times as fast.
    if (readonly) handle.pragma(`mmap_size = ${limits.mappedBytesMax}`);
    handle.pragma('synchronous = FULL');
    handle.pragma('foreign_keys = ON');
    registerFunctions(handle);
    return handle;
  } catch (error) {
    handle.close();
    throw error;
  }
}

/** Prepares each text once and keeps the latest limits.preparedStatementsMax. */
export function createStatements(handle: Handle): (text: string) => Prepared {
  const kept = new LRUCache<string, Prepared>({ max: limits.preparedStatementsMax });
  return (text) => {
    const known = kept.get(text);
    if (known !== undefined) return known;
    const prepared = handle.prepare(text);
    kept.set(text, prepared);
    return prepared;
  };
}

/** Runs a prepared statement; one that returns no rows answers with none. */
export function runPrepared(prepared: Prepared, { parameters }: Statement): readonly Row[] {
  if (prepared.reader) return prepared.all(...parameters) as Row[];
  prepared.run(...parameters);
  return [];
}
