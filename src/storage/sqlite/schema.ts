/** Brings an SQLite file to the schema of the model: creates what is missing, changes nothing that is there. */
import type { Database as Handle } from 'better-sqlite3';
import type { Model } from '../../edm/types.ts';
import { type IndexDefinition, schemaOf, type TableDefinition } from '../schema.ts';
import { sqliteDialect } from './dialect.ts';

/** Runs in one transaction; throws when an existing column has another type. */
export function createSchema(handle: Handle, model: Model): void {
  const schema = schemaOf(model, sqliteDialect);
  const apply = handle.transaction(() => {
    for (const table of schema.tables) createTable(handle, table);
    for (const index of schema.indexes) createIndex(handle, index);
  });
  apply.immediate();
}

function createTable(handle: Handle, table: TableDefinition): void {
  const columns = table.columns.map(({ name, type }) => `"${name}" ${type}`);
  const key = table.primaryKey.map((name) => `"${name}"`).join(', ');
  handle.exec(`create table if not exists "${table.name}" (${columns.join(', ')}, primary key (${key}))`);
  const existing = handle.pragma(`table_info("${table.name}")`) as { name: string; type: string }[];
  for (const column of table.columns) {
    const found = existing.find(({ name }) => name === column.name);
    const [type = ''] = column.type.split(' ');
    if (found === undefined) handle.exec(`alter table "${table.name}" add column "${column.name}" ${type}`);
    else if (found.type.toLowerCase() !== type)
      throw new Error(`${table.name}.${column.name} is ${found.type}, not ${type}`);
  }
}

function createIndex(handle: Handle, index: IndexDefinition): void {
  const columns = index.columns.map((name) => `"${name}"`).join(', ');
  handle.exec(`create index if not exists "${index.name}" on "${index.table}" (${columns})`);
}
