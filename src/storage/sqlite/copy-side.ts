/** An SQLite file as one side of a copy. */
import Sqlite, { type Database as Handle } from 'better-sqlite3';
import { readEntityText } from '../../edm/entity-text.ts';
import type { Model } from '../../edm/types.ts';
import { compileInsert } from '../../sql/compile.ts';
import type { Statement } from '../../sql/statement.ts';
import { tableOf } from '../../sql/table.ts';
import {
  type CopyProgress,
  CopyRefused,
  type CopyRow,
  type CopySide,
  type CopyTable,
  type CopyTarget,
  readEntityRow,
} from '../copy.ts';
import { progressTable } from '../migrate.ts';
import { createStatements, openConnection } from './connection.ts';
import { sqliteDialect } from './dialect.ts';
import { createSchema } from './schema.ts';

/** How long to wait for another process that holds the file. */
const busyTimeoutMs = 5_000;

/** Opens the file for reading, in one snapshot until it is closed. */
export function openSqliteSource(file: string): CopySide {
  const handle = new Sqlite(file, { readonly: true, fileMustExist: true, timeout: busyTimeoutMs });
  handle.exec('begin');
  return { ...createReads(handle), close: async () => void handle.close() };
}

/** Opens or makes the file and brings it to the schema of the model. */
export function openSqliteTarget(file: string, model: Model): CopyTarget {
  const handle = openConnection({ file, readonly: false, busyTimeoutMs });
  try {
    createSchema(handle, model, { unfinished: true });
    // The log is copied back as it grows: nobody reads beside this.
    handle.pragma('wal_autocheckpoint = 1000');
    return createTarget(handle);
  } catch (error) {
    handle.close();
    throw error;
  }
}

function createReads(handle: Handle): Omit<CopySide, 'close'> {
  return {
    async count({ name }) {
      return Number(handle.prepare(`select count(*) from "${name}"`).pluck().get());
    },
    async read(table, after, rowsMax) {
      const key = after ?? [];
      const parameters = table.kind === 'items' ? [...key.slice(0, 2), ...key] : key;
      // Whole numbers as bigint: instants have more digits than a double.
      const prepared = handle
        .prepare(selectRows(table, after === undefined))
        .raw()
        .safeIntegers();
      return prepared.all(...parameters, rowsMax) as CopyRow[];
    },
  };
}

/** Reads rows in the order of the key, from the first or from after a key. */
export function selectRows(table: CopyTable, fromFirst: boolean): string {
  const key = table.key.map((name) => `${keySource(table, name)}."${name}"`).join(', ');
  const beyond = fromFirst ? '' : ` where ${beyondOf(table, key)}`;
  return `select ${columnsOf(table)} from ${fromOf(table)}${beyond} order by ${key} limit ?`;
}

/** Items are found by the rows they belong to: an index knows where those begin. */
function beyondOf({ kind, key: names }: CopyTable, key: string): string {
  const after = `(${key}) > (${names.map(() => '?').join(', ')})`;
  return kind === 'items' ? `("e"."tenant_id", "e"."id") >= (?, ?) and ${after}` : after;
}

const columnsOf = (table: CopyTable): string =>
  table.columns.map(({ name }) => `${keySource(table, name)}."${name}"`).join(', ');

/** Items refer to their rows by number: what tells the rows apart stands in the entity's own table. */
const keySource = ({ kind }: CopyTable, column: string): string =>
  kind === 'items' && (column === 'tenant_id' || column === 'id') ? '"e"' : '"t"';

function fromOf({ kind, name, entitySet }: CopyTable): string {
  if (kind !== 'items' || entitySet === undefined) return `"${name}" as "t"`;
  const rows = `"${tableOf(entitySet).name}" as "e"`;
  return `${rows} cross join "${name}" as "t" on "t"."tenant_id" = "e"."tenant_id" and "t"."row_id" = "e"."row_id"`;
}

function createTarget(handle: Handle): CopyTarget {
  const prepare = createStatements(handle);
  const exists = () =>
    handle.prepare('select 1 from sqlite_schema where name = ?').get(progressTable) !== undefined;
  const update = (progress: CopyProgress, expected: CopyProgress) => {
    const { changes } = handle
      .prepare(`update "${progressTable}" set "progress" = ? where "progress" = ?`)
      .run(JSON.stringify(progress), JSON.stringify(expected));
    if (changes !== 1)
      throw new CopyRefused('another copy into the same target is running', ['Wait until it has ended.']);
  };
  return {
    ...createReads(handle),
    async progress() {
      if (!exists()) return undefined;
      const text = handle.prepare(`select "progress" from "${progressTable}"`).pluck().get();
      return JSON.parse(String(text)) as CopyProgress;
    },
    async filledTables(tables) {
      return tables
        .map(({ name }) => name)
        .filter((name) => handle.prepare(`select 1 from "${name}" limit 1`).get() !== undefined);
    },
    async begin(progress) {
      handle.transaction(() => {
        handle.exec(`create table "${progressTable}" ("progress" text not null)`);
        handle.prepare(`insert into "${progressTable}" values (?)`).run(JSON.stringify(progress));
      })();
    },
    async write(table, rows, before, after) {
      handle
        .transaction(() => {
          update(after, before);
          for (const row of rows) writeRow(prepare, table, row);
        })
        .immediate();
    },
    async finish() {
      handle.exec(`drop table "${progressTable}"`);
    },
    async close() {
      handle.close();
    },
  };
}

type Prepare = ReturnType<typeof createStatements>;

function writeRow(prepare: Prepare, table: CopyTable, row: CopyRow): void {
  for (const statement of rowStatements(table, row)) prepare(statement).run(...statement.parameters);
}

function rowStatements(table: CopyTable, row: CopyRow): readonly Statement[] {
  const { entitySet, name, columns } = table;
  if (entitySet !== undefined) {
    const { tenantId, entity } = readEntityRow(row);
    const values = readEntityText(entitySet.type, entity.json);
    return compileInsert({ entitySet, tenantId, values }, entity, sqliteDialect);
  }
  const names = columns.map((column) => `"${column.name}"`).join(', ');
  const places = columns.map(() => '?').join(', ');
  return [{ text: `insert into "${name}" (${names}) values (${places})`, parameters: row }];
}
