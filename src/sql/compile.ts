/** Plan → the statements that read and write; the tenant stands first in every `where`. */
import type { TenantId } from '../auth/authenticator.ts';
import type { ComplexValue, EntitySet, EntityValues, PrimitiveValue } from '../edm/types.ts';
import type { EntityChange } from '../plan/apply-update.ts';
import type { CreatePlan, ListPlan, StoredEntity } from '../plan/plan.ts';
import type { Dialect } from './dialect.ts';
import { type Fragment, finish, identifier, join, type Statement, sql } from './statement.ts';
import {
  type CollectionTable,
  type Column,
  type EntityTable,
  type PresenceColumn,
  tableOf,
} from './table.ts';

/** A row addressed by tenant and id. */
export interface RowAddress {
  readonly entitySet: EntitySet;
  readonly tenantId: TenantId;
  readonly id: string;
}

const rowColumns = sql`"id", "version", "json"`;

/** Reads one row; `lock` keeps it unchanged until the transaction ends. */
export function compileRead(address: RowAddress, lock: boolean, dialect: Dialect): Statement {
  const { name } = tableOf(address.entitySet);
  const read = sql`select ${rowColumns} from ${identifier(name)} where ${rowIs(address)}`;
  return finish(lock ? sql`${read}${dialect.lockRow}` : read, dialect.placeholder);
}

/** Reads a page by key and one row more, which tells whether another page follows. */
export function compileList(plan: ListPlan, dialect: Dialect): Statement {
  const { name } = tableOf(plan.entitySet);
  const conditions = [tenantIs(plan.tenantId)];
  const [afterId] = plan.after ?? [];
  if (afterId !== undefined) conditions.push(sql`"id" > ${afterId}`);
  return finish(
    sql`select ${rowColumns} from ${identifier(name)} where ${join(conditions, ' and ')} order by "id" limit ${plan.pageSize + 1}`,
    dialect.placeholder,
  );
}

/** Inserts a new entity with its columns, its text and its collections. */
export function compileInsert(
  plan: Pick<CreatePlan, 'entitySet' | 'tenantId' | 'values'>,
  entity: StoredEntity,
  dialect: Dialect,
): Statement[] {
  const table = tableOf(plan.entitySet);
  const address = { entitySet: plan.entitySet, tenantId: plan.tenantId, id: entity.id };
  const cells = allCells(table, plan.values, dialect);
  const names = join(
    [sql`"tenant_id", "id", "version", "json"`, ...cells.map((cell) => identifier(cell.name))],
    ', ',
  );
  const values = join(
    [
      sql`${plan.tenantId}, ${entity.id}, ${entity.version}, ${entity.json}`,
      ...cells.map((cell) => sql`${cell.value}`),
    ],
    ', ',
  );
  return [
    finish(sql`insert into ${identifier(table.name)} (${names}) values (${values})`, dialect.placeholder),
    ...table.collections.flatMap((collection) => insertItems(collection, address, plan.values, dialect)),
  ];
}

/** Writes what a PATCH changed, and nothing else. */
export function compileUpdate(
  address: RowAddress,
  entity: StoredEntity,
  change: EntityChange,
  dialect: Dialect,
): Statement[] {
  const table = tableOf(address.entitySet);
  const cells = allCells(table, change.after, dialect).filter((cell) =>
    change.changed.includes(cell.property),
  );
  const assignments = join(
    [
      sql`"version" = ${entity.version}, "json" = ${entity.json}`,
      ...cells.map((cell) => sql`${identifier(cell.name)} = ${cell.value}`),
    ],
    ', ',
  );
  const changedCollections = table.collections.filter(({ property }) =>
    change.changed.includes(property.name),
  );
  return [
    finish(
      sql`update ${identifier(table.name)} set ${assignments} where ${rowIs(address)}`,
      dialect.placeholder,
    ),
    ...changedCollections.flatMap((collection) => [
      deleteItems(collection, address, dialect),
      ...insertItems(collection, address, change.after, dialect),
    ]),
  ];
}

/** Deletes a row and the items of its collections. */
export function compileDelete(address: RowAddress, dialect: Dialect): Statement[] {
  const table = tableOf(address.entitySet);
  return [
    ...table.collections.map((collection) => deleteItems(collection, address, dialect)),
    finish(sql`delete from ${identifier(table.name)} where ${rowIs(address)}`, dialect.placeholder),
  ];
}

/** How many entities a tenant has. */
export function compileCount(entitySet: EntitySet, tenantId: TenantId, dialect: Dialect): Statement {
  const { name } = tableOf(entitySet);
  return finish(
    sql`select count(*) as "count" from ${identifier(name)} where ${tenantIs(tenantId)}`,
    dialect.placeholder,
  );
}

/** The condition without which no statement touches a tenant's table. */
export function tenantIs(tenantId: TenantId): Fragment {
  return sql`"tenant_id" = ${tenantId}`;
}

function rowIs(address: RowAddress): Fragment {
  return join([tenantIs(address.tenantId), sql`"id" = ${address.id}`], ' and ');
}

interface Cell {
  readonly name: string;
  /** The property whose change makes the cell change. */
  readonly property: string;
  readonly value: unknown;
}

function allCells(table: EntityTable, values: EntityValues, dialect: Dialect): Cell[] {
  return [
    ...table.columns.map((column) => leafCell(column, values, dialect)),
    ...table.presences.map((presence) => presenceCell(presence, values)),
  ];
}

function leafCell(column: Column, values: EntityValues, dialect: Dialect): Cell {
  const [property = '', member] = column.path.split('/');
  const value = values[property];
  if (value === undefined) throw new Error(`no value for ${column.path}`);
  const leaf = member === undefined ? value : ((value as ComplexValue | null)?.[member] ?? null);
  return { name: column.name, property, value: dialect.encode(leaf as PrimitiveValue, column.type) };
}

function presenceCell(presence: PresenceColumn, values: EntityValues): Cell {
  const { name } = presence.property;
  return { name: presence.name, property: name, value: values[name] === null ? 0 : 1 };
}

function insertItems(
  collection: CollectionTable,
  address: RowAddress,
  values: EntityValues,
  dialect: Dialect,
): Statement[] {
  const items = values[collection.property.name] as readonly string[];
  return items.map((item, ordinal) =>
    finish(
      sql`insert into ${identifier(collection.name)} ("tenant_id", "id", "ordinal", "value") values (${address.tenantId}, ${address.id}, ${ordinal}, ${item})`,
      dialect.placeholder,
    ),
  );
}

function deleteItems(collection: CollectionTable, address: RowAddress, dialect: Dialect): Statement {
  return finish(sql`delete from ${identifier(collection.name)} where ${rowIs(address)}`, dialect.placeholder);
}
