/**
 * Rows with texts too long for an index entry, in engines that bound it. They are marked when they are written, the
 * indexes with texts hold the others, and a question those indexes serve is asked of both halves, which the planner
 * merges: every order and every answer stays that of the whole texts.
 */
import type { TenantId } from '../auth/authenticator.ts';
import type { ComplexValue, EntitySet, EntityValues } from '../edm/types.ts';
import type { BoundExpression, OrderKey } from '../plan/bound.ts';
import type { Dialect } from './dialect.ts';
import { type Fragment, identifier, sql } from './statement.ts';
import { tableOf } from './table.ts';

/** Bytes of all texts of one index entry; PostgreSQL's B-tree takes 2,704 with everything. */
export const indexedBytesMax = 2000;

/** Whether an entity's texts are too long for one of its indexes. */
export function isOversized(entitySet: EntitySet, values: EntityValues): boolean {
  return tableOf(entitySet).textIndexes.some(
    ({ texts }) => texts.reduce((bytes, path) => bytes + bytesOf(values, path), 0) > indexedBytesMax,
  );
}

/** Whether an item's text is too long for the index of its collection. */
export const isOversizedItem = (item: string): boolean => Buffer.byteLength(item) > indexedBytesMax;

function bytesOf(values: EntityValues, path: string): number {
  const [property = '', member] = path.split('/');
  const value = values[property] ?? null;
  const text = member === undefined ? value : (value as ComplexValue | null)?.[member];
  return typeof text === 'string' ? Buffer.byteLength(text) : 0;
}

/** What is asked of the rows, as far as indexes may serve it. */
export interface Asked {
  readonly filter: BoundExpression | undefined;
  readonly orderBy: readonly OrderKey[];
}

/** Conditions for the halves of the rows to ask one after the other; one that holds for all where that is no use. */
export function halvesOf(
  entitySet: EntitySet,
  alias: string,
  asked: Asked,
  dialect: Dialect,
): readonly (readonly Fragment[])[] {
  if (!dialect.marksOversized || !isServed(entitySet, asked)) return [[]];
  const oversized = sql`${identifier(alias)}."oversized"`;
  return [[sql`not ${oversized}`], [oversized]];
}

/** `table as alias`, or both halves of the tenant's rows under that name where an index with texts may serve. */
export function entityRows(
  { entitySet, tenantId }: { readonly entitySet: EntitySet; readonly tenantId: TenantId },
  alias: string,
  asked: Asked,
  dialect: Dialect,
): Fragment {
  const { name } = tableOf(entitySet);
  const split = dialect.marksOversized && isServed(entitySet, asked);
  return split ? bothHalves(name, tenantId, alias) : whole(name, alias);
}

/** Whether an index with texts may serve the question. */
function isServed(entitySet: EntitySet, { filter, orderBy }: Asked): boolean {
  const paths = tableOf(entitySet).textIndexes.map(({ first }) => first);
  const [key] = orderBy;
  return (
    (key?.expression.kind === 'leaf' && paths.includes(key.expression.leaf.path)) ||
    (filter !== undefined && comparesOneOf(filter, paths))
  );
}

/** The same for the items of a collection, whose values the question is about. */
export function itemRows(
  { name, indexed }: { readonly name: string; readonly indexed: boolean },
  tenantId: TenantId,
  alias: string,
  dialect: Dialect,
): Fragment {
  return indexed && dialect.marksOversized ? bothHalves(name, tenantId, alias) : whole(name, alias);
}

const whole = (name: string, alias: string): Fragment => sql`${identifier(name)} as ${identifier(alias)}`;

function bothHalves(name: string, tenantId: TenantId, alias: string): Fragment {
  const half = (condition: Fragment) =>
    sql`select * from ${identifier(name)} where "tenant_id" = ${tenantId} and ${condition}`;
  return sql`(${half(sql`not "oversized"`)} union all ${half(sql`"oversized"`)}) as ${identifier(alias)}`;
}

/** Whether rows are only among those where a leaf of one of the paths has certain values. */
function comparesOneOf(filter: BoundExpression, paths: readonly string[]): boolean {
  const isLeaf = (expression: BoundExpression | undefined) =>
    expression?.kind === 'leaf' && paths.includes(expression.leaf.path);
  switch (filter.kind) {
    case 'and':
      return filter.operands.some((operand) => comparesOneOf(operand, paths));
    case 'or':
      return filter.operands.every((operand) => comparesOneOf(operand, paths));
    case 'comparison':
      return filter.operator !== 'ne' && (isLeaf(filter.left) || isLeaf(filter.right));
    case 'inList':
      return isLeaf(filter.operand);
    case 'call':
      return filter.function === 'startswith' && isLeaf(filter.arguments[0]);
    default:
      return false;
  }
}
