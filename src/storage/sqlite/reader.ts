/** A connection for scans: one snapshot at a time, and statements that can be stopped while they run. */
import type { Database as Handle } from 'better-sqlite3';
import type { Statement } from '../../sql/statement.ts';
import type { Row } from '../database.ts';
import { createStatements, openConnection, runPrepared } from './connection.ts';

/** Called before a statement and every so many rows it steps over since; throws to end the statement. */
export type CheckStop = (rows: number) => void;

/** Rows between two checks, on average: a check costs as much as a handful of rows. */
const rowsPerCheck = 64;

/** Reads by one work after the other. */
export interface Reader {
  /** Runs a statement; the first one after `end` begins a snapshot. Throws what `check` or the engine throws. */
  run(statement: Statement, check: CheckStop): readonly Row[];
  /** Lets the snapshot go. */
  end(): void;
  /** Whether a statement asks a virtual table, whose own work cannot be stopped. */
  asksVirtualTable(statement: Statement): boolean;
  close(): void;
}

/** Opens a read-only connection whose statements ask `check` whether to go on. */
export function openReader(file: string, busyTimeoutMs: number): Reader {
  const handle = openConnection({ file, readonly: true, busyTimeoutMs });
  let check: CheckStop | undefined;
  handle.function('casp_tick', { deterministic: false }, (rows: number) => {
    check?.(rows);
    return 1;
  });
  const tables = listTables(handle);
  for (const table of tables) if (table.kind === 'table') shadowTable(handle, table);
  const virtualTables = tables.filter(({ kind }) => kind === 'virtual').map(({ name }) => `"${name}"`);

  const prepare = createStatements(handle);
  const begin = handle.prepare('begin');
  const commit = handle.prepare('commit');
  return {
    run(statement, current) {
      current(0);
      const prepared = prepare(statement);
      if (!prepared.readonly) throw new Error('a read that writes');
      if (!handle.inTransaction) begin.run();
      check = current;
      try {
        return runPrepared(prepared, statement);
      } finally {
        check = undefined;
      }
    },
    end() {
      if (handle.inTransaction) commit.run();
    },
    asksVirtualTable: ({ text }) => virtualTables.some((name) => text.includes(name)),
    close: () => handle.close(),
  };
}

interface Table {
  readonly name: string;
  readonly kind: string;
  readonly hasRowId: boolean;
}

function listTables(handle: Handle): readonly Table[] {
  const rows = handle.pragma('main.table_list') as {
    schema: string;
    name: string;
    type: string;
    wr: number;
  }[];
  return rows
    .filter(({ schema, name }) => schema === 'main' && !name.startsWith('sqlite_'))
    .map(({ name, type, wr }) => ({ name, kind: type, hasRowId: wr === 0 }));
}

/**
 * Puts a view of the same name before the table, which asks `casp_tick` as it steps over rows. better-sqlite3
 * has neither an interrupt nor a progress handler, and ending a thread waits for its native code to return:
 * only a function in the statement can stop it. The planner flattens the view, so plans stay the same.
 */
function shadowTable(handle: Handle, { name, hasRowId }: Table): void {
  // Not every row: numbers are spread by a multiplier, so that no stride of a tenant's rows evades the check.
  const condition = hasRowId
    ? `((rowid * 2654435761) & 4227858432) <> 0 or casp_tick(${rowsPerCheck})`
    : 'casp_tick(1)';
  const columns = hasRowId ? 'rowid as rowid, *' : '*';
  handle.exec(`create temp view "${name}" as select ${columns} from main."${name}" where ${condition}`);
}
