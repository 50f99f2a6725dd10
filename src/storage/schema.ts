/** Model → tables and indexes, as statements that may run again. */
import type { EntitySet, Model } from '../edm/types.ts';
import type { Dialect } from '../sql/dialect.ts';
import { tableOf } from '../sql/table.ts';

/** A table as it should be. */
export interface TableDefinition {
  readonly name: string;
  readonly columns: readonly { readonly name: string; readonly type: string }[];
  readonly primaryKey: readonly string[];
}

/** An index as it should be. */
export interface IndexDefinition {
  readonly name: string;
  readonly table: string;
  readonly columns: readonly string[];
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
  };
  // Shared by all instances on one database; holds no tenant's data.
  const serviceSecret: TableDefinition = {
    name: 'service_secret',
    columns: [required('name', text), required('value', text)],
    primaryKey: ['name'],
  };
  return {
    tables: [
      ...model.entitySets.flatMap((set) => entityTables(set, dialect)),
      changeCounter,
      changeRecord,
      serviceSecret,
    ],
    indexes: model.entitySets.flatMap(entityIndexes),
  };
}

function entityTables(entitySet: EntitySet, dialect: Dialect): TableDefinition[] {
  const table = tableOf(entitySet);
  const { text, integer } = dialect.types;
  const address = [
    { name: 'tenant_id', type: `${text} not null` },
    { name: 'id', type: `${text} not null` },
  ];
  return [
    {
      name: table.name,
      columns: [
        ...address,
        { name: 'version', type: `${integer} not null` },
        ...table.columns.map(({ name, type }) => ({ name, type: dialect.columnType(type) })),
        ...table.presences.map(({ name }) => ({ name, type: integer })),
        // Last, because it is the longest: questions then need not step over it.
        { name: 'json', type: `${text} not null` },
      ],
      primaryKey: ['tenant_id', 'id'],
    },
    ...table.collections.map(({ name, type }) => ({
      name,
      columns: [
        ...address,
        { name: 'ordinal', type: `${integer} not null` },
        { name: 'value', type: dialect.columnType(type.item) },
      ],
      primaryKey: ['tenant_id', 'id', 'ordinal'],
    })),
  ];
}

function entityIndexes(entitySet: EntitySet): IndexDefinition[] {
  const table = tableOf(entitySet);
  return entitySet.indexes.map(({ paths }) => {
    const columns = paths.map((path) => {
      const found = table.columns.find((candidate) => candidate.path === path);
      if (found === undefined) throw new Error(`no column for ${path}`);
      return found.name;
    });
    return {
      name: `${table.name}_by_${columns.join('_')}`.slice(0, 63),
      table: table.name,
      columns: ['tenant_id', ...columns, 'id'],
    };
  });
}
