/**
 * Moves everything from one database to another of either engine, so that it can be broken off and gone on with, and
 * compares both at the end. Each side is read in the order of its keys, which is the same on both.
 */
import { createHash, type Hash } from 'node:crypto';
import type { TenantId } from '../auth/authenticator.ts';
import type { EntitySet, Model } from '../edm/types.ts';
import { limits } from '../limits.ts';
import type { StoredEntity } from '../plan/plan.ts';
import type { Dialect } from '../sql/dialect.ts';
import { tableOf } from '../sql/table.ts';
import { versionTable } from './migrate.ts';
import { schemaOf } from './schema.ts';

/** A value as both engines have it: Booleans are 0 or 1, whole numbers are never rounded. */
export type CopyValue = string | bigint | number | null;

/** Values in the order of the table's columns. */
export type CopyRow = readonly CopyValue[];

/** A table as far as both engines have it. */
export interface CopyTable {
  readonly name: string;
  /**
   * `entity`: written from its JSON text, with everything the engine keeps beside it. `items`: written with its
   * entity; read to be compared. `plain`: the same columns on both sides.
   */
  readonly kind: 'entity' | 'items' | 'plain';
  readonly entitySet: EntitySet | undefined;
  readonly columns: readonly CopyColumn[];
  /** Names of the columns that tell the rows apart, in their order; the tenant first where there is one. */
  readonly key: readonly string[];
}

/** A column, and how its values are compared and bound. */
export interface CopyColumn {
  readonly name: string;
  readonly type: 'text' | 'integer' | 'real';
}

/** A database that is read. */
export interface CopySide {
  count(table: CopyTable): Promise<number>;
  /** The rows after a key in the order of keys, at most `rowsMax`; all calls see the same state of a source. */
  read(table: CopyTable, after: CopyRow | undefined, rowsMax: number): Promise<readonly CopyRow[]>;
  close(): Promise<void>;
}

/** How far a copy has come: the last key of each table, and the tables that are complete. */
export interface CopyProgress {
  /** Where the rows come from, without any password. */
  readonly source: string;
  readonly tables: Readonly<Record<string, TableProgress>>;
}

/** How far one table has come. */
export interface TableProgress {
  readonly rows: number;
  /** As text; undefined before the first row. */
  readonly last?: readonly string[] | undefined;
  readonly complete: boolean;
}

/** A database that is filled. */
export interface CopyTarget extends CopySide {
  /** The progress of a copy that is not finished; undefined where there is none. */
  progress(): Promise<CopyProgress | undefined>;
  /** Names of tables that have rows. */
  filledTables(tables: readonly CopyTable[]): Promise<readonly string[]>;
  /** Notes that a copy begins. */
  begin(progress: CopyProgress): Promise<void>;
  /** Writes rows and the new progress in one transaction; throws when another copy has gone on meanwhile. */
  write(table: CopyTable, rows: readonly CopyRow[], before: CopyProgress, after: CopyProgress): Promise<void>;
  /** Forgets the progress: the copy is complete and may be served. */
  finish(): Promise<void>;
}

/** What there is to copy; the schema's own records are the target's. */
export function copyTables(model: Model, dialect: Dialect): readonly CopyTable[] {
  const entities = model.entitySets.flatMap((entitySet) => entityTables(entitySet, dialect));
  const known = new Set(entities.map(({ name }) => name));
  const plain = schemaOf(model, dialect).tables.filter(
    ({ name }) => !known.has(name) && name !== versionTable,
  );
  return [
    ...entities,
    ...plain.map(
      ({ name, columns, primaryKey }): CopyTable => ({
        name,
        kind: 'plain',
        entitySet: undefined,
        columns: columns.map((column) => ({ name: column.name, type: typeOf(column.type) })),
        key: primaryKey,
      }),
    ),
  ];
}

const typeOf = (definition: string): CopyColumn['type'] => {
  if (definition.startsWith('text')) return 'text';
  return /^(real|double)/.test(definition) ? 'real' : 'integer';
};

function entityTables(entitySet: EntitySet, dialect: Dialect): readonly CopyTable[] {
  const { name, columns, presences, collections } = tableOf(entitySet);
  const text = (column: string): CopyColumn => ({ name: column, type: 'text' });
  const integer = (column: string): CopyColumn => ({ name: column, type: 'integer' });
  const entity: CopyTable = {
    name,
    kind: 'entity',
    entitySet,
    columns: [
      ...[text('tenant_id'), text('id'), integer('version'), text('json')],
      ...columns.map((column) => ({ name: column.name, type: typeOf(dialect.columnType(column.type)) })),
      ...presences.map((presence) => integer(presence.name)),
    ],
    key: ['tenant_id', 'id'],
  };
  const items = collections.map(
    (collection): CopyTable => ({
      name: collection.name,
      kind: 'items',
      entitySet,
      columns: [text('tenant_id'), text('id'), integer('ordinal'), text('value')],
      key: ['tenant_id', 'id', 'ordinal'],
    }),
  );
  return [entity, ...items];
}

/** The key of a row. */
export const keyOf = ({ columns, key }: CopyTable, row: CopyRow): CopyRow =>
  key.map((name) => row[columns.findIndex((column) => column.name === name)] ?? null);

/** A key as text in the progress → the key. */
export function parseKey({ columns, key }: CopyTable, texts: readonly string[]): CopyRow {
  return key.map((name, index) => {
    const text = texts[index] ?? '';
    return columns.find((column) => column.name === name)?.type === 'text' ? text : BigInt(text);
  });
}

/** The entity of a row of an entity's table, whose columns begin with tenant, id, version and text. */
export function readEntityRow([tenant, id, version, json]: CopyRow): {
  readonly tenantId: TenantId;
  readonly entity: StoredEntity;
} {
  if (typeof tenant !== 'string' || typeof id !== 'string' || typeof json !== 'string')
    throw new Error('a row that is no entity');
  return { tenantId: tenant as TenantId, entity: { id, version: Number(version), json } };
}

/** What a copy is told and asked while it runs. */
export interface CopyControl {
  /** Called after each batch. */
  readonly onProgress: (done: number, total: number, phase: 'copy' | 'compare') => void;
  /** Ends the copy after the batch under way. */
  readonly signal: AbortSignal;
}

/** Why a copy cannot begin or go on; the message is for whoever started it. */
export class CopyRefused extends Error {
  /** Lines that follow the message: what to do. */
  readonly advice: readonly string[];

  constructor(message: string, advice: readonly string[]) {
    super(message);
    this.name = 'CopyRefused';
    this.advice = advice;
  }
}

/** Finds where to begin: an empty target, or the unfinished copy of the same source. */
export async function beginCopy(
  source: string,
  target: CopyTarget,
  tables: readonly CopyTable[],
): Promise<CopyProgress> {
  const known = await target.progress();
  if (known !== undefined) {
    if (known.source === source) return known;
    throw new CopyRefused('the target holds an unfinished copy of another source', [
      `It was begun from ${known.source}. Finish that one, or name an empty database.`,
    ]);
  }
  const filled = await target.filledTables(tables);
  if (filled.length > 0)
    throw new CopyRefused('the target is not empty', [
      `It has rows in ${filled.slice(0, 3).join(', ')}. Name an empty database; one that was served before is not empty.`,
    ]);
  const progress: CopyProgress = { source, tables: {} };
  await target.begin(progress);
  return progress;
}

const untouched: TableProgress = { rows: 0, complete: false };

/** Copies what the progress says is missing; false where the signal ended it before. */
export async function copyRows(
  source: CopySide,
  target: CopyTarget,
  tables: readonly CopyTable[],
  begun: CopyProgress,
  { onProgress, signal }: CopyControl,
): Promise<boolean> {
  const written = tables.filter(({ kind }) => kind !== 'items');
  const counts = await countAll(source, written);
  const total = counts.reduce((sum, count) => sum + count, 0);
  let progress = begun;
  let done = Object.values(begun.tables).reduce((sum, { rows }) => sum + rows, 0);
  onProgress(done, total, 'copy');
  for (const table of written) {
    const known = progress.tables[table.name] ?? untouched;
    let state = known;
    let rowsMax: number = limits.copyRowsMin;
    while (!state.complete) {
      if (signal.aborted) return false;
      const after = state.last === undefined ? undefined : parseKey(table, state.last);
      const rows = await source.read(table, after, rowsMax);
      const last = rows.at(-1);
      state = {
        rows: state.rows + rows.length,
        last: last === undefined ? state.last : keyOf(table, last).map(String),
        complete: rows.length < rowsMax,
      };
      const next = { ...progress, tables: { ...progress.tables, [table.name]: state } };
      await target.write(table, rows, progress, next);
      progress = next;
      done += rows.length;
      rowsMax = nextRowsMax(rows, rowsMax);
      onProgress(done, total, 'copy');
    }
  }
  return true;
}

/** So many rows that a batch stays within its bytes, whatever the rows are like. */
function nextRowsMax(rows: readonly CopyRow[], rowsMax: number): number {
  if (rows.length === 0) return rowsMax;
  const bytes = rows.reduce((sum, row) => sum + sizeOf(row), 0) / rows.length;
  const fitting = Math.floor(limits.copyBatchBytes / Math.max(1, bytes));
  return Math.min(limits.copyRowsMax, Math.max(1, Math.min(fitting, rowsMax * 4)));
}

const sizeOf = (row: CopyRow): number =>
  row.reduce<number>((sum, value) => sum + (typeof value === 'string' ? value.length : 8), 0);

async function countAll(side: CopySide, tables: readonly CopyTable[]): Promise<readonly number[]> {
  const counts: number[] = [];
  for (const table of tables) counts.push(await side.count(table));
  return counts;
}

/** A table of one tenant on both sides. */
export interface Difference {
  readonly table: string;
  /** Undefined in tables that belong to no tenant. */
  readonly tenant: string | undefined;
  readonly source: TableSum;
  readonly target: TableSum;
}

/** How many rows, and what their hash is. */
export interface TableSum {
  readonly rows: number;
  readonly hash: string;
}

/** What differs, table by table and tenant by tenant; undefined where the signal ended it before. */
export async function compareSides(
  source: CopySide,
  target: CopySide,
  tables: readonly CopyTable[],
  { onProgress, signal }: CopyControl,
): Promise<readonly Difference[] | undefined> {
  const total = (await countAll(source, tables)).reduce((sum, count) => sum + count, 0);
  const differences: Difference[] = [];
  let done = 0;
  for (const table of tables) {
    const step = (rows: number) => {
      done += rows / 2;
      onProgress(Math.round(done), total, 'compare');
    };
    // Both at once: each is waited for by nobody else.
    const [left, right] = await Promise.all([
      sumTable(source, table, step, signal),
      sumTable(target, table, step, signal),
    ]);
    if (left === undefined || right === undefined) return undefined;
    for (const tenant of new Set([...left.keys(), ...right.keys()])) {
      const [own, other] = [left.get(tenant) ?? nothing, right.get(tenant) ?? nothing];
      if (own.rows !== other.rows || own.hash !== other.hash)
        differences.push({ table: table.name, tenant: tenant || undefined, source: own, target: other });
    }
  }
  return differences;
}

const nothing: TableSum = { rows: 0, hash: '' };

/** Sums by tenant; all rows are under '' in a table that belongs to none. */
async function sumTable(
  side: CopySide,
  table: CopyTable,
  onRows: (rows: number) => void,
  signal: AbortSignal,
): Promise<ReadonlyMap<string, TableSum> | undefined> {
  const sums = new Map<string, { rows: number; readonly hash: Hash }>();
  const byTenant = table.key[0] === 'tenant_id';
  let after: CopyRow | undefined;
  let rowsMax: number = limits.copyRowsMin;
  for (;;) {
    if (signal.aborted) return undefined;
    const rows = await side.read(table, after, rowsMax);
    for (const row of rows) {
      const key = keyOf(table, row);
      const tenant = byTenant ? String(key[0]) : '';
      const sum = sums.get(tenant) ?? { rows: 0, hash: createHash('sha256') };
      sum.rows += 1;
      sum.hash.update(rowText(row));
      sums.set(tenant, sum);
      after = key;
    }
    onRows(rows.length);
    if (rows.length < rowsMax) break;
    rowsMax = nextRowsMax(rows, rowsMax);
  }
  return new Map(
    [...sums].map(([tenant, { rows, hash }]) => [tenant, { rows, hash: hash.digest('hex').slice(0, 16) }]),
  );
}

/** A row as text that no other row has: each value with its length, null told from everything else. */
function rowText(row: CopyRow): string {
  return row
    .map((value) => {
      if (value === null) return '~;';
      const text = String(value);
      return `${text.length}:${text};`;
    })
    .join('');
}
