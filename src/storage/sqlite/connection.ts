/** Connections to an SQLite file, and their prepared statements. */
import Sqlite, { type Database as Handle, type Statement as Prepared } from 'better-sqlite3';
import { limits } from '../../limits.ts';
import type { Statement } from '../../sql/statement.ts';
import type { Row } from '../database.ts';
import { tenantAmong, tenantColumn, tenantParameters } from '../tenant-guard.ts';
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
      handle.pragma(`cache_size = -${limits.writerCacheBytes / 1024}`);
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

/**
 * Prepares each text once and keeps at least the latest limits.preparedStatementsMax; throws where a statement is not bound to
 * one tenant. The schema must stand.
 */
export function createStatements(handle: Handle): (statement: Statement) => Prepared {
  const tables = tenantTables(handle);
  // Two halves instead of an order of use, which would cost more than it saves: statements run by the ten thousand.
  let recent = new Map<string, Guarded>();
  let older: ReadonlyMap<string, Guarded> = new Map();
  function keep(text: string): Guarded {
    if (recent.size >= limits.preparedStatementsMax) {
      older = recent;
      recent = new Map();
    }
    const guarded = older.get(text) ?? prepareGuarded(handle, text, tables);
    recent.set(text, guarded);
    return guarded;
  }
  return ({ text, parameters }) => {
    const guarded = recent.get(text) ?? keep(text);
    tenantAmong(parameters, guarded.places);
    return guarded.prepared;
  };
}

function prepareGuarded(handle: Handle, text: string, tables: ReadonlySet<string>): Guarded {
  const places = tenantParameters(text, tables);
  return { prepared: handle.prepare(text), places };
}

interface Guarded {
  readonly prepared: Prepared;
  /** Where among the parameters the tenant stands. */
  readonly places: readonly number[];
}

/** The tables of the file that have a tenant in each row. */
function tenantTables(handle: Handle): ReadonlySet<string> {
  const names = handle
    .prepare(
      "select m.name from main.sqlite_schema as m where m.type = 'table' and exists (select 1 from pragma_table_info(m.name, 'main') as c where c.name = ?)",
    )
    .pluck()
    .all(tenantColumn);
  return new Set(names as string[]);
}

/** Runs a prepared statement; one that returns no rows answers with none. */
export function runPrepared(prepared: Prepared, { parameters }: Statement): readonly Row[] {
  if (prepared.reader) return prepared.all(...parameters) as Row[];
  prepared.run(...parameters);
  return [];
}
