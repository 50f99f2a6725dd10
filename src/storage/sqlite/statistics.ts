/**
 * What SQLite's planner is told about the sizes of tables: always the same, so that a statement has the same plan
 * in a test of twenty rows and on a million. Measured statistics change with the data, and none at all make the
 * planner believe that a tenant has ten rows.
 */
import type { Database as Handle } from 'better-sqlite3';
import type { Schema } from '../schema.ts';

const rows = 1_000_000;
/** Rows of one tenant: few enough of all rows for an index by tenant to be worth while. */
const rowsOfTenant = 200_000;
/** The same as the index by tenant alone has it: of all indexes that find a tenant's rows, it reads them fastest. */
const rowsByTenant = 100_000;
/** Each further column of an index divides what the columns before it leave. */
const divisor = 50;

/** Replaces all statistics; the connection at hand reads them at once, others when they are opened. */
export function writeStatistics(handle: Handle, { tables, indexes }: Schema): void {
  const wanted = [
    ...tables.map(({ name, primaryKey, clustered }) => ({
      table: name,
      // SQLite names a clustered primary key after its table, and the index of another by number.
      index: clustered ? name : `sqlite_autoindex_${name}_1`,
      columns: primaryKey,
      unique: true,
    })),
    ...indexes.map(({ table, name, columns }) => ({
      table,
      index: name,
      columns,
      unique: columns.length > 1,
    })),
  ].map(({ table, index, columns, unique }) => [table, index, estimates(columns, unique)] as const);
  const known = handle.prepare("select 1 from sqlite_schema where name = 'sqlite_stat1'").get();
  // Makes the table of statistics.
  if (known === undefined) handle.exec('analyze "text_index_layout"');
  const existing = handle.prepare('select tbl, idx, stat from sqlite_stat1 order by tbl, idx').raw().all();
  const sorted = [...wanted].sort((left, right) =>
    left.slice(0, 2).join() < right.slice(0, 2).join() ? -1 : 1,
  );
  if (JSON.stringify(existing) === JSON.stringify(sorted)) return;
  handle.exec('delete from sqlite_stat1');
  const insert = handle.prepare('insert into sqlite_stat1 (tbl, idx, stat) values (?, ?, ?)');
  for (const each of sorted) insert.run(...each);
  handle.exec('analyze sqlite_schema');
}

/** `1000000 200000 4000 1`: all rows, then how many share one column, two columns … */
function estimates(columns: readonly string[], unique: boolean): string {
  if (columns.length === 1 && !unique) return `${rows} ${rowsByTenant}`;
  const shared = columns.map((column, index) => {
    if (unique && index === columns.length - 1) return 1;
    const whole = column === 'tenant_id' ? rowsOfTenant : rowsOfTenant / divisor ** index;
    return Math.max(1, Math.round(whole));
  });
  return [rows, ...shared].join(' ');
}
