/** Brings an SQLite file to the schema of the model: creates what is missing, changes nothing that is there. */
import type { Database as Handle } from 'better-sqlite3';
import { readEntityText } from '../../edm/entity-text.ts';
import type { EntitySet, Model } from '../../edm/types.ts';
import { tableOf } from '../../sql/table.ts';
import {
  assertComplete,
  assertServable,
  readRecord,
  recordOf,
  SchemaError,
  type SchemaRecord,
  type SchemaState,
  type SchemaStep,
  versionTable,
} from '../migrate.ts';
import { programVersion } from '../program-version.ts';
import { type IndexDefinition, schemaOf, type TableDefinition } from '../schema.ts';
import { sqliteDialect } from './dialect.ts';
import { writeStatistics } from './statistics.ts';
import { documentsOf, holdsLayout, indexLayout, indexNames, placesPerRow } from './text-indexes.ts';

/** Who asks; a parameter for the tests. */
export interface SchemaOptions {
  /** The version that asks; this program's unless given. */
  readonly program?: string | undefined;
  /** Milliseconds since 1970. */
  readonly now?: (() => number) | undefined;
  /** For a copy: the file may be half filled. */
  readonly unfinished?: boolean;
}

/** Runs in one transaction; throws SchemaError where the file cannot be served. */
export function createSchema(handle: Handle, model: Model, options: SchemaOptions = {}): void {
  const { program = programVersion, now = Date.now } = options;
  const apply = handle.transaction(() => {
    const { missing } = inspect(handle, model, options);
    for (const step of missing) {
      for (const statement of step.statements) handle.exec(statement);
      step.fill?.();
    }
    if (missing.length > 0)
      insertRecord(handle, recordOf(missing, { program, fingerprint: '', nowMs: now() }));
    writeStatistics(handle, schemaOf(model, sqliteDialect));
  });
  apply.immediate();
}

/** What was applied to the file and what is missing; changes nothing. Throws SchemaError as `createSchema`. */
export function readSchemaState(handle: Handle, model: Model, options: SchemaOptions = {}): SchemaState {
  return inspect(handle, model, options);
}

interface SqliteStep extends SchemaStep {
  /** What the statements leave to be done. */
  readonly fill?: () => void;
}

function inspect(
  handle: Handle,
  model: Model,
  { program = programVersion, unfinished = false }: SchemaOptions,
): { readonly records: readonly SchemaRecord[]; readonly missing: readonly SqliteStep[] } {
  const schema = schemaOf(model, sqliteDialect);
  const existing = namesOf(handle);
  const records = existing.has(versionTable) ? readRecords(handle) : [];
  assertServable(records, program);
  if (!unfinished) assertComplete(existing);
  const missing = [
    ...schema.tables.flatMap((table) => tableSteps(handle, table, existing)),
    ...schema.indexes.filter(({ name }) => !existing.has(name)).map(indexStep),
    ...model.entitySets.flatMap((entitySet) => textIndexSteps(handle, entitySet, existing)),
  ];
  return { records, missing };
}

const step = (summary: string, statements: readonly string[], fill?: () => void): SqliteStep => ({
  summary,
  statements,
  alone: false,
  ...(fill === undefined ? {} : { fill }),
});

/** Tables and indexes; they share one space of names. */
function namesOf(handle: Handle): ReadonlySet<string> {
  return new Set(handle.prepare('select name from main.sqlite_schema').pluck().all() as string[]);
}

function readRecords(handle: Handle): readonly SchemaRecord[] {
  const rows = handle.prepare(`select * from "${versionTable}" order by "position"`).all();
  return (rows as Readonly<Record<string, unknown>>[]).map(readRecord);
}

function insertRecord(handle: Handle, record: SchemaRecord): void {
  const { appliedAt, program, oldestProgram, fingerprint, applied } = record;
  handle
    .prepare(
      `insert into "${versionTable}" ("position", "applied_at", "program", "oldest_program", "fingerprint", "applied") select coalesce(max("position"), 0) + 1, ?, ?, ?, ?, ? from "${versionTable}"`,
    )
    .run(appliedAt, program, oldestProgram, fingerprint, applied);
}

function tableSteps(
  handle: Handle,
  table: TableDefinition,
  existing: ReadonlySet<string>,
): readonly SqliteStep[] {
  if (existing.has(table.name)) return columnSteps(handle, table);
  return [step(`create table ${table.name}`, [createTable(table)])];
}

function createTable(table: TableDefinition): string {
  const columns = table.columns.map(({ name, type }) => `"${name}" ${type}`);
  const key = table.primaryKey.map((name) => `"${name}"`).join(', ');
  const keys = table.numbered
    ? ['"row_id" integer primary key', `unique (${key})`]
    : [`primary key (${key})`];
  const [rowId, ...constraints] = table.numbered ? keys : ['', ...keys];
  const parts = [rowId, ...columns, ...constraints].filter((part) => part !== '');
  const storage = table.clustered ? ' without rowid' : '';
  return `create table "${table.name}" (${parts.join(', ')})${storage}`;
}

const otherwise = ['It was made by another program or changed by hand. Name another folder with --data.'];

function columnSteps(handle: Handle, table: TableDefinition): readonly SqliteStep[] {
  const existing = handle.pragma(`table_info("${table.name}")`) as { name: string; type: string }[];
  if (table.numbered && !existing.some(({ name }) => name === 'row_id'))
    throw new SchemaError(`${table.name} was made by an earlier version, without row numbers`, otherwise);
  return table.columns.flatMap((column) => {
    const found = existing.find(({ name }) => name === column.name);
    const [type = ''] = column.type.split(' ');
    if (found === undefined) return [columnStep(table.name, column)];
    if (found.type.toLowerCase() === type) return [];
    throw new SchemaError(`${table.name}.${column.name} is ${found.type}, not ${type}`, otherwise);
  });
}

/** Rows that are there have no value for it, and programs that do not know it give none. */
function columnStep(table: string, { name, type }: TableDefinition['columns'][number]): SqliteStep {
  if (type.includes('not null') && !type.includes('default'))
    throw new Error(`${table}.${name} is new and must be nullable or have a default`);
  return step(`add column ${table}.${name}`, [`alter table "${table}" add column "${name}" ${type}`]);
}

function indexStep(index: IndexDefinition): SqliteStep {
  const columns = index.columns.map((name) => `"${name}"`).join(', ');
  return step(`create index ${index.name}`, [
    `create index "${index.name}" on "${index.table}" (${columns})`,
  ]);
}

// Text indexes.

const layoutTable = 'text_index_layout';

/** Makes the FTS5 tables; makes them anew from the rows when they were made for other properties. */
function textIndexSteps(
  handle: Handle,
  entitySet: EntitySet,
  existing: ReadonlySet<string>,
): readonly SqliteStep[] {
  const table = tableOf(entitySet);
  const layout = indexLayout(entitySet);
  const made = existing.has(layoutTable) ? layoutOf(handle, table.name) : undefined;
  if (made !== undefined && holdsLayout(made, layout)) return [];
  if (table.texts.length > placesPerRow) throw new Error(`${table.name} has more texts than places`);
  const names = indexNames(table);
  const statements = [
    `create table if not exists "${layoutTable}" ("name" text primary key, "layout" text not null) without rowid`,
    ...Object.values(names).map((name) => `drop table if exists "${name}"`),
    // The texts stand in the rows already; all that is asked is which rows match.
    `create virtual table "${names.words}" using fts5("text", content='', columnsize=0, tokenize="ascii tokenchars '_'")`,
    `create virtual table "${names.substrings}" using fts5("text", content='', columnsize=0, detail=none, tokenize="trigram case_sensitive 1")`,
  ];
  return [
    step(`build the text indexes of ${table.name}`, statements, () => {
      fillTextIndexes(handle, entitySet);
      handle.prepare(`insert or replace into "${layoutTable}" values (?, ?)`).run(table.name, layout);
    }),
  ];
}

function layoutOf(handle: Handle, table: string): string | undefined {
  const select = handle.prepare(`select "layout" from "${layoutTable}" where "name" = ?`);
  return select.pluck().get(table) as string | undefined;
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
