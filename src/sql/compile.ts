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
import {
  createMemory,
  createShapes,
  type Fragment,
  finish,
  identifier,
  join,
  type Statement,
  sql,
} from './statement.ts';
import { type CollectionTable, type Column, type PresenceColumn, tableOf } from './table.ts';

export { compileApply } from './compile-apply.ts';
export { compileJoinedPage, compilePosition } from './compile-joined-page.ts';
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
    insertRow(address, entity, plan.values, dialect),
    ...table.collections.flatMap((collection) => insertItems(collection, address, plan.values, dialect)),
    ...dialect.textIndexes.insert(address, plan.values),
  ];
}

function insertRow(
  { entitySet, tenantId }: RowAddress,
  { id, version, json }: StoredEntity,
  values: EntityValues,
  dialect: Dialect,
): Statement {
  const { name } = tableOf(entitySet);
  const { text, cells } = shapeOf(entitySet, `insert ${dialect.name}`, () => {
    const written = cellsOf(entitySet, dialect, () => true);
    const columns = ['tenant_id', 'id', 'version', 'json', ...written.map((cell) => cell.name)].map(
      identifier,
    );
    const row = columns.map(() => sql`${null}`);
    const insert = sql`insert into ${identifier(name)} (${join(columns, ', ')}) values (${join(row, ', ')})`;
    return { text: finish(insert, dialect.placeholder).text, cells: written };
  });
  return {
    text,
    parameters: [tenantId, id, version, json, ...cells.map((cell) => cell.valueIn(values, () => values))],
  };
}

/** A statement about a row for one set of properties: its text, and where its parameters come from. */
interface RowShape {
  readonly text: string;
  readonly cells: readonly Cell[];
}

/** By entity set, because those of two versions of a model share their names. */
const shapes = new WeakMap<EntitySet, ReturnType<typeof createMemory<RowShape>>>();

function shapeOf(entitySet: EntitySet, key: string, make: () => RowShape): RowShape {
  let remembered = shapes.get(entitySet);
  if (remembered === undefined) {
    remembered = createMemory();
    shapes.set(entitySet, remembered);
  }
  return remembered(key, make);
}

/** Writes what a PATCH changed, and nothing else. */
export function compileUpdate(
  address: RowAddress,
  entity: StoredEntity,
  change: EntityChange,
  dialect: Dialect,
): Statement[] {
  const table = tableOf(address.entitySet);
  const changedCollections = table.collections.filter(({ property }) =>
    change.changed.includes(property.name),
  );
  return [
    updateRow(address, entity, change, dialect),
    ...changedCollections.flatMap((collection) => [
      deleteItems(collection, address, dialect),
      ...insertItems(collection, address, change.after, dialect),
    ]),
    ...dialect.textIndexes.update(address, change),
  ];
}

function updateRow(
  address: RowAddress,
  entity: StoredEntity,
  { changed, after, whole }: EntityChange,
  dialect: Dialect,
): Statement {
  const { name } = tableOf(address.entitySet);
  const { text, cells } = shapeOf(address.entitySet, `update ${dialect.name} ${changed.join(' ')}`, () => {
    const written = cellsOf(address.entitySet, dialect, (property) => changed.includes(property));
    const columns = ['version', 'json', ...written.map((cell) => cell.name)];
    const assignments = columns.map((column) => sql`${identifier(column)} = ${null}`);
    const update = sql`update ${identifier(name)} set ${join(assignments, ', ')} where ${rowIs(address)}`;
    return { text: finish(update, dialect.placeholder).text, cells: written };
  });
  const values = cells.map((cell) => cell.valueIn(after, whole));
  return { text, parameters: [entity.version, entity.json, ...values, address.tenantId, address.id] };
}

/** Deletes a row and the items of its collections. */
export function compileDelete(address: RowAddress, dialect: Dialect): Statement[] {
  const table = tableOf(address.entitySet);
  return [
    ...dialect.textIndexes.delete(address),
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
  /** Gets the values that are written; asks for all where it depends on others beside them. */
  readonly valueIn: (values: EntityValues, whole: () => EntityValues) => unknown;
}

/** The cells of a row whose properties are wanted. */
function cellsOf(entitySet: EntitySet, dialect: Dialect, wanted: (property: string) => boolean): Cell[] {
  const table = tableOf(entitySet);
  return [
    ...table.columns
      .filter(({ path }) => wanted(propertyOf(path)))
      .map((column) => leafCell(column, dialect)),
    ...table.presences.filter(({ property }) => wanted(property.name)).map(presenceCell),
    ...(dialect.marksOversized ? oversizedCells(entitySet, wanted) : []),
  ];
}

const propertyOf = (path: string): string => path.split('/', 1)[0] ?? '';

function leafCell({ name, path, type }: Column, dialect: Dialect): Cell {
  const [property = '', member] = path.split('/');
  const valueIn = (values: EntityValues): unknown => {
    const value = values[property];
    if (value === undefined) throw new Error(`no value for ${path}`);
    const leaf = member === undefined ? value : ((value as ComplexValue | null)?.[member] ?? null);
    return dialect.encode(leaf as PrimitiveValue, type);
  };
  return { name, valueIn };
}

const presenceCell = ({ name, property }: PresenceColumn): Cell => ({
  name,
  valueIn: (values) => (values[property.name] === null ? 0 : 1),
});

/** The mark of a row whose indexed texts are written. */
function oversizedCells(entitySet: EntitySet, wanted: (property: string) => boolean): Cell[] {
  const { textIndexes } = tableOf(entitySet);
  const isWritten = textIndexes.some(({ texts }) => texts.some((path) => wanted(propertyOf(path))));
  return isWritten ? [{ name: 'oversized', valueIn: (_, whole) => isOversized(entitySet, whole()) }] : [];
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
  const { tenantId, id } = address;
  const byId = dialect.rowKey === 'id';
  const text = textOf(`delete items ${dialect.name} ${collection.name}`, () => {
    const items = identifier(collection.name);
    if (byId) return finish(sql`delete from ${items} where ${rowIs(address)}`, dialect.placeholder);
    const { name } = tableOf(address.entitySet);
    const key = identifier(dialect.rowKey);
    const row = sql`(select ${key} from ${identifier(name)} where ${rowIs(address)})`;
    return finish(
      sql`delete from ${items} where ${tenantIs(tenantId)} and ${key} = ${row}`,
      dialect.placeholder,
    );
  });
  return { text, parameters: byId ? [tenantId, id] : [tenantId, tenantId, id] };
}
