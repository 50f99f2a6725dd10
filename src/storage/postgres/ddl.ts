/** Definitions of tables and indexes → PostgreSQL's DDL; nothing here is run. */
import { indexedBytesMax } from '../../sql/oversized.ts';
import type { IndexDefinition, TableDefinition } from '../schema.ts';
import { indexTerm } from './index-term.ts';

/** An index that only PostgreSQL has. */
export interface EngineIndex {
  readonly name: string;
  readonly table: string;
  /** Everything after `on "table" `, such as `using gin ("grams")`. */
  readonly definition: string;
  /** Marks rows that are too long for it, where a table had rows before it had the index. */
  readonly mark?: string | undefined;
}

/** A column of a definition taken apart: `text collate "C"`, whether null is refused, what stands where nothing is given. */
export interface ColumnParts {
  /** As PostgreSQL's `format_type` writes it. */
  readonly type: string;
  readonly nullable: boolean;
  readonly standard: string | undefined;
}

/** Reads `bigint not null`, `integer default 0`, `text collate "C"`. */
export function columnParts(definition: string): ColumnParts {
  const standard = / default (\S+)/.exec(definition)?.[1];
  const type = definition.replace(/ (not null|default|collate).*$/, '');
  return { type, nullable: !definition.includes(' not null'), standard };
}

/** A column as `create table` and `add column` want it; texts are compared by code point. */
export function columnDefinition(name: string, definition: string): string {
  const { type, nullable, standard } = columnParts(definition);
  const parts = [
    `"${name}" ${type}`,
    ...(type === 'text' ? ['collate "C"'] : []),
    ...(nullable ? [] : ['not null']),
    ...(standard === undefined ? [] : [`default ${standard}`]),
  ];
  return parts.join(' ');
}

/** `create table`; clustering is SQLite's affair, and rows have no numbers here. */
export function createTable({ name, columns, primaryKey }: TableDefinition): string {
  const parts = [
    ...columns.map((column) => columnDefinition(column.name, column.type)),
    `primary key (${primaryKey.map((column) => `"${column}"`).join(', ')})`,
  ];
  return `create table "${name}" (${parts.join(', ')})`;
}

/** A column that is new in a table which may have rows; throws where those rows could have no value. */
export function addColumn(table: string, name: string, definition: string): string {
  const { nullable, standard } = columnParts(definition);
  if (!nullable && standard === undefined)
    throw new Error(
      `${table}.${name} is new and must be nullable or have a default: only additions are applied`,
    );
  return `alter table "${table}" add column ${columnDefinition(name, definition)}`;
}

/** An index of the schema as PostgreSQL's; needs the table's definition to know which columns may be null. */
export function engineIndex(index: IndexDefinition, table: TableDefinition): EngineIndex {
  const terms = index.columns.map((name) => {
    const column = table.columns.find((candidate) => candidate.name === name);
    if (column === undefined) throw new Error(`no column ${name} for ${index.name}`);
    const { type, nullable } = columnParts(column.type);
    return indexTerm(
      name,
      type,
      nullable && !table.primaryKey.includes(name) && index.neverNull?.includes(name) !== true,
    );
  });
  const halves = { fitting: ' where not "oversized"', oversized: ' where "oversized"' };
  const half = index.only === undefined ? '' : halves[index.only];
  const mark = index.only === 'fitting' ? markOversized(index, table) : undefined;
  return { name: index.name, table: index.table, definition: `(${terms.join(', ')})${half}`, mark };
}

/** The rows whose texts would make an entry too long, as `isOversized` finds them. */
function markOversized(index: IndexDefinition, { columns, primaryKey }: TableDefinition): string {
  const texts = columns.filter(
    ({ name, type }) =>
      index.columns.includes(name) && !primaryKey.includes(name) && columnParts(type).type === 'text',
  );
  const bytes = texts.map(({ name }) => `coalesce(octet_length("${name}"), 0)`).join(' + ');
  return `update "${index.table}" set "oversized" = true where not "oversized" and ${bytes} > ${indexedBytesMax}`;
}

/** `create index`, beside writers where the table may have rows. */
export function createIndex({ name, table, definition }: EngineIndex, concurrently: boolean): string {
  return `create index ${concurrently ? 'concurrently ' : ''}"${name}" on "${table}" ${definition}`;
}

/** The setting by which a transaction says whose rows it may see. */
export const tenantSetting = 'casp.tenant_id';

/** Rows of a table are seen by the transactions of their tenant only, those of the table's owner included. */
export function protectRows(table: string): readonly string[] {
  const ofTenant = `"tenant_id" = current_setting('${tenantSetting}', true)`;
  return [
    `drop policy if exists "casp_tenant" on "${table}"`,
    `create policy "casp_tenant" on "${table}" using (${ofTenant}) with check (${ofTenant})`,
    `alter table "${table}" enable row level security`,
    `alter table "${table}" force row level security`,
  ];
}

/** Takes back what `protectRows` did. */
export function unprotectRows(table: string): readonly string[] {
  return [
    `alter table "${table}" no force row level security`,
    `alter table "${table}" disable row level security`,
    `drop policy if exists "casp_tenant" on "${table}"`,
  ];
}
