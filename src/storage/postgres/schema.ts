/**
 * Brings a PostgreSQL database to the schema of the model. Only additions: what is there is never changed, so that
 * the version before keeps on serving. On Citus every tenant's table is distributed by tenant, beside the others.
 */
import { setTimeout as wait } from 'node:timers/promises';
import type { ClientBase } from 'pg';
import type { Model } from '../../edm/types.ts';
import {
  assertComplete,
  assertServable,
  fingerprintOf,
  recordOf,
  SchemaError,
  type SchemaRecord,
  type SchemaState,
  type SchemaStep,
  versionTable,
} from '../migrate.ts';
import { programVersion } from '../program-version.ts';
import { type Schema, schemaOf, type TableDefinition } from '../schema.ts';
import { type Catalog, readCatalog } from './catalog.ts';
import {
  addColumn,
  columnParts,
  createIndex,
  createTable,
  type EngineIndex,
  engineIndex,
  protectRows,
  unprotectRows,
} from './ddl.ts';
import { postgresDialect } from './dialect.ts';
import { functionStatements } from './functions.ts';
import { textSchemaOf } from './text-index.ts';

export interface SchemaOptions {
  /** Whether rows are protected by the server as well; every instance must be of one mind. */
  readonly rowLevelSecurity: boolean;
  /** The version that asks; this program's unless given. */
  readonly program?: string | undefined;
  /** Milliseconds since 1970; a parameter for the tests. */
  readonly now?: (() => number) | undefined;
  /** For a copy: the database may be half filled. */
  readonly unfinished?: boolean;
}

/** All that a database of the model has. */
interface WantedSchema {
  readonly tables: readonly WantedTable[];
  readonly indexes: readonly EngineIndex[];
  readonly functions: readonly string[];
}

interface WantedTable extends TableDefinition {
  /** `tenant`: rows belong to tenants. `shared`: to all instances. `instance`: may be lost and is no tenant's. */
  readonly kind: 'tenant' | 'shared' | 'instance';
  /** Another statement than `create table`. */
  readonly statement?: string;
}

/** Brings the database up to date; reads only where it is. Throws SchemaError where it cannot be served. */
export async function ensureSchema(client: ClientBase, model: Model, options: SchemaOptions): Promise<void> {
  const { missing } = await inspect(client, model, options);
  if (missing.length > 0) await underLock(client, () => applyMissing(client, model, options));
}

/** What was applied to the database and what is missing; changes nothing. Throws SchemaError as `ensureSchema`. */
export async function readSchemaState(
  client: ClientBase,
  model: Model,
  options: SchemaOptions,
): Promise<SchemaState> {
  const { missing, catalog } = await inspect(client, model, options);
  return { missing, records: catalog.records };
}

interface Inspection {
  readonly catalog: Catalog;
  readonly missing: readonly SchemaStep[];
}

async function inspect(client: ClientBase, model: Model, options: SchemaOptions): Promise<Inspection> {
  const catalog = await readCatalog(client);
  assertUsable(catalog, options);
  return { catalog, missing: missingSteps(wantedSchema(model), catalog, options) };
}

/** The tables and indexes of the model, those over its texts included as tables only. */
export function postgresSchemaOf(model: Model): Schema {
  const { tables, indexes } = schemaOf(model, postgresDialect);
  return { tables: [...tables, ...textSchemaOf(model).tables], indexes };
}

/** The definitions of the model, of the text indexes and of what only PostgreSQL has. */
function wantedSchema(model: Model): WantedSchema {
  const { tables, indexes } = postgresSchemaOf(model);
  const texts = textSchemaOf(model);
  const all: readonly WantedTable[] = [
    ...tables.map(
      (table): WantedTable => ({
        ...table,
        kind: table.primaryKey[0] === 'tenant_id' ? 'tenant' : 'shared',
      }),
    ),
    throttleTable,
  ];
  const find = (name: string): TableDefinition => {
    const table = all.find((candidate) => candidate.name === name);
    if (table === undefined) throw new Error(`an index of no table: ${name}`);
    return table;
  };
  return {
    tables: all,
    indexes: [...indexes.map((index) => engineIndex(index, find(index.table))), ...texts.indexes],
    functions: functionStatements(),
  };
}

/**
 * Counts of the throttle, in the shape of rate-limiter-flexible. Unlogged: a crash forgives everybody, and no request
 * waits for the log. Local to the coordinator on Citus: keys are of callers and addresses as well as of tenants, and
 * what is counted must not depend on a worker.
 */
const throttleTable: WantedTable = {
  name: 'throttle_count',
  columns: [
    { name: 'key', type: 'character varying(255) not null' },
    { name: 'points', type: 'integer not null default 0' },
    { name: 'expire', type: 'bigint' },
  ],
  primaryKey: ['key'],
  numbered: false,
  clustered: false,
  kind: 'instance',
  statement:
    'create unlogged table "throttle_count" ("key" character varying(255) primary key, "points" integer not null default 0, "expire" bigint)',
};

// What is missing.

function assertUsable(catalog: Catalog, options: SchemaOptions): void {
  if (catalog.encoding !== 'UTF8')
    throw new SchemaError(`the encoding of the database is ${catalog.encoding}, not UTF8`, [
      "Make a database that can hold every text: create database … encoding 'UTF8' template template0.",
    ]);
  if (catalog.schema === undefined)
    throw new SchemaError('the search_path of the database role names no schema that exists', [
      'Set it: alter role … set search_path = public.',
    ]);
  assertServable(catalog.records, options.program ?? programVersion);
  if (options.unfinished !== true) assertComplete(catalog.tables);
  if (options.rowLevelSecurity && catalog.bypassesRowSecurity)
    throw new SchemaError('row-level security does not hold for the role that connects', [
      'Superusers and roles with BYPASSRLS see every row. Connect as another role, which owns the tables.',
    ]);
}

/** The order matters: what a step needs comes before it. */
function missingSteps(wanted: WantedSchema, catalog: Catalog, options: SchemaOptions): readonly SchemaStep[] {
  const found = (table: WantedTable) => catalog.tables.get(table.name);
  return [
    ...functionSteps(wanted.functions, catalog),
    ...wanted.tables.flatMap((table) =>
      found(table) === undefined
        ? [tableStep(table)]
        : columnSteps(table, found(table)?.columns ?? new Map()),
    ),
    ...(catalog.hasCitus ? distributionSteps(wanted.tables, catalog) : []),
    ...wanted.indexes.flatMap((index) => indexSteps(index, catalog)),
    ...wanted.tables
      .filter(({ kind }) => kind === 'tenant')
      .flatMap((table) => protectionSteps(table, found(table)?.rowsProtected ?? false, options)),
  ];
}

const step = (summary: string, statements: readonly string[], alone = false): SchemaStep => ({
  summary,
  statements,
  alone,
});

function functionSteps(functions: readonly string[], { records }: Catalog): readonly SchemaStep[] {
  const fingerprint = fingerprintOf(functions);
  if (functions.length === 0 || records.some((each) => each.fingerprint === fingerprint)) return [];
  return [step('create the functions casp_…', functions)];
}

const tableStep = (table: WantedTable): SchemaStep =>
  step(`create table ${table.name}`, [table.statement ?? createTable(table)]);

function columnSteps(table: WantedTable, existing: ReadonlyMap<string, string>): readonly SchemaStep[] {
  return table.columns.flatMap(({ name, type }) => {
    const found = existing.get(name);
    if (found === undefined)
      return [step(`add column ${table.name}.${name}`, [addColumn(table.name, name, type)])];
    const { type: expected } = columnParts(type);
    if (found === expected) return [];
    throw new SchemaError(`column ${table.name}.${name} is ${found}, not ${expected}`, [
      'It was made by another program or changed by hand; types are never changed here. Copy into a new database with casp copy.',
    ]);
  });
}

/** Citus places rows by tenant; a statement about one tenant is then one task on one machine. */
function distributionSteps(tables: readonly WantedTable[], { distributed }: Catalog): readonly SchemaStep[] {
  const first = tables.find(({ kind }) => kind === 'tenant');
  return tables
    .filter(({ name, kind }) => kind !== 'instance' && !distributed.has(name))
    .map((table) => {
      const { name, kind } = table;
      if (kind === 'shared')
        return step(`replicate table ${name}`, [`select create_reference_table('"${name}"')`]);
      const beside = name === first?.name ? 'none' : first?.name;
      return step(`distribute table ${name}`, [
        `select create_distributed_table('"${name}"', 'tenant_id', colocate_with => '${beside}')`,
      ]);
    });
}

/** An index of a table that may have rows is made beside its writers, which takes two passes and no transaction. */
function indexSteps(index: EngineIndex, catalog: Catalog): readonly SchemaStep[] {
  const found = catalog.indexes.get(index.name);
  if (found?.valid === true) return [];
  const beside = catalog.tables.has(index.table);
  const rest = found === undefined ? [] : [`drop index concurrently if exists "${index.name}"`];
  const mark = beside && index.mark !== undefined ? [index.mark] : [];
  return [step(`create index ${index.name}`, [...rest, ...mark, createIndex(index, beside)], beside)];
}

function protectionSteps(
  { name }: WantedTable,
  isProtected: boolean,
  { rowLevelSecurity }: SchemaOptions,
): readonly SchemaStep[] {
  if (isProtected === rowLevelSecurity) return [];
  return rowLevelSecurity
    ? [step(`protect the rows of ${name}`, protectRows(name))]
    : [step(`unprotect the rows of ${name}`, unprotectRows(name))];
}

// Applying.

/** Any number will do, as long as nothing else on the database uses it. */
const lockKey = 7_306_355_226;

/** Between two attempts to get the lock. */
const lockRetryMs = 100;

/**
 * One process at a time. Asked for again and again instead of waited for: a session that waits in a statement holds
 * a snapshot, and `create index concurrently` in the session that has the lock waits for all snapshots.
 */
async function underLock(client: ClientBase, work: () => Promise<void>): Promise<void> {
  for (;;) {
    const { rows } = await client.query(`select pg_try_advisory_lock(${lockKey}) as locked`);
    if ((rows as { locked: boolean }[])[0]?.locked === true) break;
    await wait(lockRetryMs);
  }
  try {
    await work();
  } finally {
    // On a lost connection the server has let go already; the error of the work says more.
    await client.query(`select pg_advisory_unlock(${lockKey})`).catch(() => undefined);
  }
}

/** Looks again, because another process may have had the lock, and does what is still missing. */
async function applyMissing(client: ClientBase, model: Model, options: SchemaOptions): Promise<void> {
  const { missing } = await inspect(client, model, options);
  const fingerprint = fingerprintOf(functionStatements());
  const { now = Date.now, program = programVersion } = options;
  const record = (steps: readonly SchemaStep[]) => recordOf(steps, { program, fingerprint, nowMs: now() });
  const together = missing.filter(({ alone }) => !alone);
  if (together.length > 0) await applyTogether(client, together, record(together));
  for (const each of missing.filter(({ alone }) => alone)) await applyAlone(client, each, record([each]));
}

/** How long a change of a table waits for the questions under way; those that come later wait behind it. */
const lockTimeoutMs = 2_000;

/** Attempts to get a table for a moment, before somebody must look at what holds it. */
const lockAttemptsMax = 15;

/** All or nothing, with its record. */
async function applyTogether(
  client: ClientBase,
  steps: readonly SchemaStep[],
  record: SchemaRecord,
): Promise<void> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      await client.query('begin');
      await client.query(`set local statement_timeout = 0; set local lock_timeout = ${lockTimeoutMs}`);
      for (const each of steps) await runStep(client, each);
      await insertRecord(client, record);
      await client.query('commit');
      return;
    } catch (error) {
      await client.query('rollback').catch(() => undefined);
      if (codeOf(error) !== '55P03' || attempt === lockAttemptsMax) throw explain(error);
    }
    await wait(lockTimeoutMs / 2);
  }
}

/** Statements that refuse to be part of a transaction. */
async function applyAlone(client: ClientBase, each: SchemaStep, record: SchemaRecord): Promise<void> {
  await client.query('set statement_timeout = 0');
  try {
    await runStep(client, each);
    await insertRecord(client, record);
  } catch (error) {
    throw explain(error);
  } finally {
    await client.query('reset statement_timeout').catch(() => undefined);
  }
}

async function runStep(client: ClientBase, { statements }: SchemaStep): Promise<void> {
  for (const statement of statements) await client.query(statement);
}

async function insertRecord(client: ClientBase, record: SchemaRecord): Promise<void> {
  const { rows } = await client.query(
    `select coalesce(max("position"), 0) + 1 as next from "${versionTable}"`,
  );
  const [next] = rows as { next: string | number }[];
  await client.query(
    `insert into "${versionTable}" ("position", "applied_at", "program", "oldest_program", "fingerprint", "applied") values ($1, $2, $3, $4, $5, $6)`,
    [
      Number(next?.next),
      record.appliedAt,
      record.program,
      record.oldestProgram,
      record.fingerprint,
      record.applied,
    ],
  );
}

const codeOf = (error: unknown): unknown =>
  error instanceof Error && 'code' in error ? error.code : undefined;

/** What an administrator can help against; everything else stays what it is. */
function explain(error: unknown): unknown {
  switch (codeOf(error)) {
    case '42501':
      return new SchemaError(
        'the database role may not change the schema',
        [
          'Grant it create on the schema, or bring the schema up to date once as another role: casp migrate up --database URL.',
          'Tables, functions and schema must then be readable and writable by the role of the service.',
        ],
        error,
      );
    case '55P03':
      return new SchemaError(
        'another session holds a table that has to be changed',
        ['Look for long transactions in pg_stat_activity, end them, and start again.'],
        error,
      );
    default:
      return error;
  }
}
