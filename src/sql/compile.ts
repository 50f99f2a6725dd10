/** Plan → the statements that read and write; the tenant stands first in every `where`. */
import type { TenantId } from '../auth/authenticator.ts';
import type { ComplexValue, EntitySet, EntityValues, PrimitiveValue } from '../edm/types.ts';
import type { EntityChange } from '../plan/apply-update.ts';
import type { CountPlan, CreatePlan, StoredEntity } from '../plan/plan.ts';
import { compileApplyCount } from './compile-apply.ts';
import { compileCondition } from './compile-expression.ts';
import { compileSearch } from './compile-search.ts';
import type { Dialect, RowAddress } from './dialect.ts';
import { entityRows, isOversized, isOversizedItem } from './oversized.ts';
import { entityScope } from './scope.ts';
import { createShapes, type Fragment, finish, identifier, join, type Statement, sql } from './statement.ts';
import { type CollectionTable, type Column, type PresenceColumn, tableOf } from './table.ts';

export { compileApply } from './compile-apply.ts';
export { compileList } from './compile-list.ts';
export type { RowAddress } from './dialect.ts';

/** Reads one row; `lock` keeps it unchanged until the transaction ends. */
export function compileRead(address: RowAddress, lock: boolean, dialect: Dialect): Statement {
  const { name } = tableOf(address.entitySet);
  const text = textOf(`read ${dialect.name} ${name} ${lock}`, () => {
    const read = sql`select "id", "version", "json" from ${identifier(name)} where ${rowIs(address)}`;
    return finish(lock ? sql`${read}${dialect.lockRow}` : read, dialect.placeholder);
  });
  return { text, parameters: [address.tenantId, address.id] };
}

const textOf = createShapes();

/** What of a plan decides how many rows it has. */
export type CountedPlan = Pick<CountPlan, 'entitySet' | 'tenantId'> &
  Partial<Pick<CountPlan, 'filter' | 'search' | 'steps'>>;

/** How many rows pass, in the column `count`. */
export function compileCount(plan: CountedPlan, dialect: Dialect): Statement {
  const { entitySet, tenantId, filter, search, steps } = plan;
  const scope = entityScope(entitySet, tenantId, dialect, 'e');
  const conditions = [sql`"e"."tenant_id" = ${tenantId}`];
  if (search !== undefined) conditions.push(compileSearch(search, scope));
  if (filter !== undefined) conditions.push(compileCondition(filter, scope));
  if (steps !== undefined)
    return compileApplyCount({ entitySet, tenantId, steps }, conditions.slice(1), dialect);
  const from = entityRows(plan, 'e', { filter, orderBy: [] }, dialect);
  return finish(
    sql`select count(*) as "count" from ${from} where ${join(conditions, ' and ')}`,
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
  return [
    insertRow(address, entity, allCells(plan.entitySet, plan.values, dialect), dialect),
    ...table.collections.flatMap((collection) => insertItems(collection, address, plan.values, dialect)),
    ...dialect.textIndexes.insert(address, plan.values).map((each) => finish(each, dialect.placeholder)),
  ];
}

function insertRow(
  { entitySet, tenantId }: RowAddress,
  { id, version, json }: StoredEntity,
  cells: readonly Cell[],
  dialect: Dialect,
): Statement {
  const { name } = tableOf(entitySet);
  const names = cells.map((cell) => cell.name);
  const text = textOf(`insert ${dialect.name} ${name} ${names.join(' ')}`, () => {
    const columns = ['tenant_id', 'id', 'version', 'json', ...names].map(identifier);
    const values = columns.map(() => sql`${null}`);
    return finish(
      sql`insert into ${identifier(name)} (${join(columns, ', ')}) values (${join(values, ', ')})`,
      dialect.placeholder,
    );
  });
  return { text, parameters: [tenantId, id, version, json, ...cells.map((cell) => cell.value)] };
}

/** Writes what a PATCH changed, and nothing else. */
export function compileUpdate(
  address: RowAddress,
  entity: StoredEntity,
  change: EntityChange,
  dialect: Dialect,
): Statement[] {
  const table = tableOf(address.entitySet);
  const cells = allCells(address.entitySet, change.after, dialect, change.changed);
  const changedCollections = table.collections.filter(({ property }) =>
    change.changed.includes(property.name),
  );
  return [
    updateRow(address, entity, cells, dialect),
    ...changedCollections.flatMap((collection) => [
      deleteItems(collection, address, dialect),
      ...insertItems(collection, address, change.after, dialect),
    ]),
    ...dialect.textIndexes.update(address, change).map((each) => finish(each, dialect.placeholder)),
  ];
}

function updateRow(
  address: RowAddress,
  entity: StoredEntity,
  cells: readonly Cell[],
  dialect: Dialect,
): Statement {
  const { name } = tableOf(address.entitySet);
  const names = cells.map((cell) => cell.name);
  const text = textOf(`update ${dialect.name} ${name} ${names.join(' ')}`, () => {
    const assignments = ['version', 'json', ...names].map((column) => sql`${identifier(column)} = ${null}`);
    return finish(
      sql`update ${identifier(name)} set ${join(assignments, ', ')} where ${rowIs(address)}`,
      dialect.placeholder,
    );
  });
  const values = cells.map((cell) => cell.value);
  return { text, parameters: [entity.version, entity.json, ...values, address.tenantId, address.id] };
}

/** Deletes a row and the items of its collections. */
export function compileDelete(address: RowAddress, dialect: Dialect): Statement[] {
  const table = tableOf(address.entitySet);
  return [
    ...dialect.textIndexes.delete(address).map((each) => finish(each, dialect.placeholder)),
    ...table.collections.map((collection) => deleteItems(collection, address, dialect)),
    finish(sql`delete from ${identifier(table.name)} where ${rowIs(address)}`, dialect.placeholder),
  ];
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

/** The cells of a row, or those among them whose property `changed` names. */
function allCells(
  entitySet: EntitySet,
  values: EntityValues,
  dialect: Dialect,
  changed?: readonly string[],
): Cell[] {
  const table = tableOf(entitySet);
  const wanted = (property: string) => changed?.includes(property) ?? true;
  return [
    ...table.columns
      .filter(({ path }) => wanted(path.split('/', 1)[0] ?? ''))
      .map((column) => leafCell(column, values, dialect)),
    ...table.presences
      .filter(({ property }) => wanted(property.name))
      .map((presence) => presenceCell(presence, values)),
    ...(dialect.marksOversized ? oversizedCells(entitySet, values, wanted) : []),
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

/** The mark of a row whose indexed texts are written. */
function oversizedCells(
  entitySet: EntitySet,
  values: EntityValues,
  wanted: (property: string) => boolean,
): Cell[] {
  const { textIndexes } = tableOf(entitySet);
  const properties = textIndexes.flatMap(({ texts }) => texts.map((path) => path.split('/', 1)[0] ?? ''));
  const [property] = properties.filter(wanted);
  if (property === undefined) return [];
  return [{ name: 'oversized', property, value: isOversized(entitySet, values) }];
}

function insertItems(
  collection: CollectionTable,
  address: RowAddress,
  values: EntityValues,
  dialect: Dialect,
): Statement[] {
  const items = values[collection.property.name] as readonly string[];
  if (dialect.rowKey === 'id') return insertItemsById(collection, address, items, dialect);
  return insertItemsByRow(collection, address, items, dialect);
}

/** One by one: a statement for several rows opens a statement journal, which makes text indexes write what they hold. */
function insertItemsByRow(
  collection: CollectionTable,
  address: RowAddress,
  items: readonly string[],
  dialect: Dialect,
): Statement[] {
  const { tenantId, id } = address;
  const text = textOf(`item ${dialect.name} ${collection.name}`, () => {
    const key = identifier(dialect.rowKey);
    const row = sql`(select ${key} from ${identifier(tableOf(address.entitySet).name)} where ${rowIs(address)})`;
    return finish(
      sql`insert into ${identifier(collection.name)} ("tenant_id", ${key}, "ordinal", "value") values (${null}, ${row}, ${null}, ${null})`,
      dialect.placeholder,
    );
  });
  return items.map((item, ordinal) => ({
    text,
    parameters: [tenantId, tenantId, id, BigInt(ordinal), item],
  }));
}

/** All in one statement, which goes to the tenant's machine alone. */
function insertItemsById(
  { name, indexed }: CollectionTable,
  { tenantId, id }: RowAddress,
  items: readonly string[],
  dialect: Dialect,
): Statement[] {
  if (items.length === 0) return [];
  const marks = indexed && dialect.marksOversized;
  const rows = items.map((item, ordinal) => {
    const row = sql`${tenantId}, ${id}, ${BigInt(ordinal)}, ${item}`;
    return marks ? sql`(${row}, ${isOversizedItem(item)})` : sql`(${row})`;
  });
  const columns = sql`"tenant_id", "id", "ordinal", "value"`;
  const into = marks ? sql`${columns}, "oversized"` : columns;
  return [
    finish(sql`insert into ${identifier(name)} (${into}) values ${join(rows, ', ')}`, dialect.placeholder),
  ];
}

function deleteItems(collection: CollectionTable, address: RowAddress, dialect: Dialect): Statement {
  if (dialect.rowKey === 'id') {
    return finish(
      sql`delete from ${identifier(collection.name)} where ${rowIs(address)}`,
      dialect.placeholder,
    );
  }
  const { name } = tableOf(address.entitySet);
  const key = identifier(dialect.rowKey);
  const row = sql`(select ${key} from ${identifier(name)} where ${rowIs(address)})`;
  return finish(
    sql`delete from ${identifier(collection.name)} where ${tenantIs(address.tenantId)} and ${key} = ${row}`,
    dialect.placeholder,
  );
}
