/** Model → tables and indexes, as statements that may run again. */
import type { EntitySet, Model } from '../edm/types.ts';
import type { Dialect } from '../sql/dialect.ts';
import { type EntityTable, tableOf } from '../sql/table.ts';
import { versionTable } from './migrate.ts';

/** A table as it should be. */
export interface TableDefinition {
  readonly name: string;
  readonly columns: readonly { readonly name: string; readonly type: string }[];
  readonly primaryKey: readonly string[];
  /** Rows have numbers of their own, in `row_id`, where the engine refers to rows by number. */
  readonly numbered: boolean;
  /** Rows are kept in the order of their primary key, where the engine can. */
  readonly clustered: boolean;
}

/** An index as it should be. */
export interface IndexDefinition {
  readonly name: string;
  readonly table: string;
  readonly columns: readonly string[];
  /** Rows of which halves it holds, where rows are marked (`sql/oversized.ts`); undefined: all. */
  readonly only?: 'fitting' | 'oversized' | undefined;
  /** Columns that are never null, whatever their definition says. */
  readonly neverNull?: readonly string[];
}

export interface Schema {
  readonly tables: readonly TableDefinition[];
  readonly indexes: readonly IndexDefinition[];
}

/** Everything the model and the change records need; each primary key starts with the tenant. */
export function schemaOf(model: Model, dialect: Dialect): Schema {
  const { text, integer } = dialect.types;
  const column = (name: string, type: string) => ({ name, type });
  const required = (name: string, type: string) => ({ name, type: `${type} not null` });
  const changeCounter: TableDefinition = {
    name: 'change_counter',
    columns: [required('tenant_id', text), required('last_position', integer)],
    primaryKey: ['tenant_id'],
    numbered: false,
    clustered: true,
  };
  const changeRecord: TableDefinition = {
    name: 'change_record',
    columns: [
      required('tenant_id', text),
      required('position', integer),
      required('entity_set', text),
      required('entity_id', text),
      required('kind', text),
      required('version', integer),
      required('at', integer),
      required('author_kind', text),
      required('author_id', text),
      column('author_name', text),
      required('client_id', text),
      required('request_id', text),
      required('client_request_id', text),
      column('before', text),
      column('after', text),
    ],
    primaryKey: ['tenant_id', 'position'],
    numbered: false,
    clustered: false,
  };
  const repeatableRequest: TableDefinition = {
    name: 'repeatable_request',
    columns: [
      required('tenant_id', text),
      required('client_id', text),
      required('request_id', text),
      required('fingerprint', text),
      required('at', integer),
      required('entity_id', text),
      required('json', text),
    ],
    primaryKey: ['tenant_id', 'client_id', 'request_id'],
    numbered: false,
    clustered: false,
  };
  // Shared by all instances on one database; holds no tenant's data.
  const serviceSecret: TableDefinition = {
    name: 'service_secret',
    columns: [required('name', text), required('value', text)],
    primaryKey: ['name'],
    numbered: false,
    clustered: true,
  };
  // What was done to this schema, and by whom; holds no tenant's data.
  const schemaVersion: TableDefinition = {
    name: versionTable,
    columns: [
      required('position', integer),
      ...['applied_at', 'program', 'oldest_program', 'fingerprint', 'applied'].map((name) =>
        required(name, text),
      ),
    ],
    primaryKey: ['position'],
    numbered: false,
    clustered: true,
  };
  return {
    tables: [
      schemaVersion,
      ...model.entitySets.flatMap((set) => entityTables(set, dialect)),
      changeCounter,
      changeRecord,
      repeatableRequest,
      serviceSecret,
    ],
    indexes: [
      ...model.entitySets.flatMap((set) => entityIndexes(set, dialect)),
      // The history of one entity.
      {
        name: 'change_record_by_entity',
        table: changeRecord.name,
        columns: ['tenant_id', 'entity_id', 'position'],
      },
      {
        name: 'repeatable_request_by_at',
        table: repeatableRequest.name,
        columns: ['tenant_id', 'at'],
        only: undefined,
      },
    ],
  };
}

function entityTables(entitySet: EntitySet, dialect: Dialect): TableDefinition[] {
  const table = tableOf(entitySet);
  const { rowKey } = dialect;
  const { text, integer } = dialect.types;
  const required = (name: string, type: string) => ({ name, type: `${type} not null` });
  return [
    {
      name: table.name,
      columns: [
        required('tenant_id', text),
        required('id', text),
        required('version', integer),
        ...table.columns.map(({ name, type }) => ({ name, type: dialect.columnType(type) })),
        // A program that does not know the property yet inserts rows, too.
        ...table.presences.map(({ name }) => ({ name, type: `${integer} default 0` })),
        ...(dialect.marksOversized ? [oversizedColumn] : []),
        // Last, because it is the longest: questions then need not step over it.
        required('json', text),
      ],
      primaryKey: ['tenant_id', 'id'],
      numbered: true,
      clustered: false,
    },
    ...table.collections.map(({ name, type, indexed }) => ({
      name,
      columns: [
        required('tenant_id', text),
        required(rowKey, rowKey === 'id' ? text : integer),
        required('ordinal', integer),
        required('value', dialect.columnType(type.item)),
        ...(indexed && dialect.marksOversized ? [oversizedColumn] : []),
      ],
      primaryKey: ['tenant_id', rowKey, 'ordinal'],
      numbered: false,
      clustered: true,
    })),
  ];
}

const oversizedColumn = { name: 'oversized', type: 'boolean not null default false' };

function entityIndexes(entitySet: EntitySet, dialect: Dialect): IndexDefinition[] {
  const table = tableOf(entitySet);
  return [
    // A tenant's rows in the order of their numbers: reads all of them without jumping about the file.
    ...(dialect.rowKey === 'id' ? [] : [indexOn(table.name, [])]),
    ...entitySet.indexes.map(({ paths }) => declaredIndex(paths, table, dialect)),
    ...(dialect.marksOversized ? oversizedIndexes(table) : []),
  ];
}

function declaredIndex(paths: readonly string[], table: EntityTable, dialect: Dialect): IndexDefinition {
  const only = (hasTexts: boolean) => (hasTexts && dialect.marksOversized ? 'fitting' : undefined);
  const items = table.collections.find(({ property }) => property.name === paths[0]);
  if (items !== undefined) return indexOn(items.name, ['value', dialect.rowKey], only(true));
  const columns = paths.map((path) => {
    const found = table.columns.find((candidate) => candidate.path === path);
    if (found === undefined) throw new Error(`no column for ${path}`);
    return found;
  });
  const hasTexts = table.textIndexes.some(({ texts }) => texts.some((path) => paths.includes(path)));
  const names = columns.map(({ name }) => name);
  const neverNull = columns.filter(({ nullable }) => !nullable).map(({ name }) => name);
  return { ...indexOn(table.name, [...names, 'id'], only(hasTexts)), neverNull };
}

/** The few rows that other indexes leave out. */
function oversizedIndexes({ name, textIndexes, collections }: EntityTable): IndexDefinition[] {
  const marked = [
    ...(textIndexes.length === 0 ? [] : [name]),
    ...collections.filter(({ indexed }) => indexed).map((collection) => collection.name),
  ];
  return marked.map((table) => ({
    name: `${table}_oversized`.slice(0, 63),
    table,
    columns: ['tenant_id'],
    only: 'oversized',
  }));
}

/** An index of a tenant's rows; the last column is the row's own, which makes orders total. */
function indexOn(
  table: string,
  columns: readonly string[],
  only: IndexDefinition['only'] = undefined,
): IndexDefinition {
  const asked = columns.length === 0 ? ['tenant'] : columns.slice(0, -1);
  return {
    name: `${table}_by_${asked.join('_')}`.slice(0, 63),
    table,
    columns: ['tenant_id', ...columns],
    only,
  };
}
