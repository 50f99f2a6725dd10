/** Brings an SQLite file to the schema of the model: creates what is missing, changes nothing that is there. */
import type { Database as Handle } from 'better-sqlite3';
import { readEntityText } from '../../edm/entity-text.ts';
import type { EntitySet, Model } from '../../edm/types.ts';
import { tableOf } from '../../sql/table.ts';
import { type IndexDefinition, schemaOf, type TableDefinition } from '../schema.ts';
import { sqliteDialect } from './dialect.ts';
import { writeStatistics } from './statistics.ts';
import { documentsOf, indexLayout, indexNames, placesPerRow } from './text-indexes.ts';

/** Runs in one transaction; throws when an existing column has another type. */
export function createSchema(handle: Handle, model: Model): void {
  const schema = schemaOf(model, sqliteDialect);
  const apply = handle.transaction(() => {
    for (const table of schema.tables) createTable(handle, table);
    for (const index of schema.indexes) createIndex(handle, index);
    for (const entitySet of model.entitySets) createTextIndexes(handle, entitySet);
    writeStatistics(handle, schema);
  });
  apply.immediate();
}

function createTable(handle: Handle, table: TableDefinition): void {
  const columns = table.columns.map(({ name, type }) => `"${name}" ${type}`);
  const key = table.primaryKey.map((name) => `"${name}"`).join(', ');
  const keys = table.numbered
    ? ['"row_id" integer primary key', `unique (${key})`]
    : [`primary key (${key})`];
  const [rowId, ...constraints] = table.numbered ? keys : ['', ...keys];
  const parts = [rowId, ...columns, ...constraints].filter((part) => part !== '');
  const storage = table.clustered ? ' without rowid' : '';
  handle.exec(`create table if not exists "${table.name}" (${parts.join(', ')})${storage}`);
  addColumns(handle, table);
}

function addColumns(handle: Handle, table: TableDefinition): void {
  const existing = handle.pragma(`table_info("${table.name}")`) as { name: string; type: string }[];
  if (table.numbered && !existing.some(({ name }) => name === 'row_id'))
    throw new Error(`${table.name} was made by an earlier version, without row numbers`);
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

// Text indexes.

const layoutTable = 'text_index_layout';

/** Makes the FTS5 tables; makes them anew from the rows when they were made for other properties. */
function createTextIndexes(handle: Handle, entitySet: EntitySet): void {
  handle.exec(
    `create table if not exists "${layoutTable}" ("name" text primary key, "layout" text not null) without rowid`,
  );
  const table = tableOf(entitySet);
  const layout = indexLayout(entitySet);
  const known = handle
    .prepare(`select "layout" from "${layoutTable}" where "name" = ?`)
    .pluck()
    .get(table.name);
  if (known === layout) return;
  if (table.texts.length > placesPerRow) throw new Error(`${table.name} has more texts than places`);
  const names = indexNames(table);
  for (const name of Object.values(names)) handle.exec(`drop table if exists "${name}"`);
  // The texts stand in the rows already; all that is asked is which rows match.
  handle.exec(
    `create virtual table "${names.words}" using fts5("text", content='', columnsize=0, tokenize="ascii tokenchars '_'")`,
  );
  handle.exec(
    `create virtual table "${names.substrings}" using fts5("text", content='', columnsize=0, detail=none, tokenize="trigram case_sensitive 1")`,
  );
  fillTextIndexes(handle, entitySet);
  handle.prepare(`insert or replace into "${layoutTable}" values (?, ?)`).run(table.name, layout);
}

function fillTextIndexes(handle: Handle, entitySet: EntitySet): void {
  const table = tableOf(entitySet);
  const names = indexNames(table);
  const addWords = handle.prepare(`insert into "${names.words}" ("rowid", "text") values (?, ?)`);
  const addSubstrings = handle.prepare(`insert into "${names.substrings}" ("rowid", "text") values (?, ?)`);
  const next = handle.prepare(
    `select "row_id", "json" from "${table.name}" where "row_id" > ? order by "row_id" limit 1`,
  );
  // Not iterated: a connection runs no other statement while it iterates.
  for (
    let row = next.get(0) as Row | undefined;
    row !== undefined;
    row = next.get(row.row_id) as Row | undefined
  ) {
    const first = row.row_id * placesPerRow;
    const documents = documentsOf(table, readEntityText(entitySet.type, row.json));
    for (const [place, text] of documents.words) addWords.run(BigInt(first + place), text);
    for (const [place, text] of documents.substrings) addSubstrings.run(BigInt(first + place), text);
  }
}

interface Row {
  readonly row_id: number;
  readonly json: string;
}
