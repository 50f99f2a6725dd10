/** A page of a list → one statement. */
import type { BoundExpression } from '../plan/bound.ts';
import type { ListPlan } from '../plan/plan.ts';
import { compileCondition, compileOperand, selectionsOf } from './compile-expression.ts';
import { compileKeys, compileRanges, type SortKey } from './compile-order.ts';
import { compileSearch, selectionsOfSearch } from './compile-search.ts';
import type { Dialect } from './dialect.ts';
import { halvesOf } from './oversized.ts';
import { entityScope, type Scope } from './scope.ts';
import { type Fragment, finish, identifier, join, type Statement, sql } from './statement.ts';
import { tableOf } from './table.ts';

/**
 * Reads a page and one row more, which tells whether another page follows. Beside `id`, `version` and `json` the rows
 * have the values of the order keys other than the id as `k0`, `k1` … and of the computed properties as `c0`, `c1` …,
 * all as text (`readValue`).
 */
export function compileList(plan: ListPlan, dialect: Dialect): Statement {
  return finish(selectPage(plan, dialect, rowColumns), dialect.placeholder);
}

/** What is read of each row of the alias `e`. */
export type PageColumns = (plan: ListPlan, keys: readonly SortKey[], scope: Scope) => Fragment;

/** The query for a page and one row more, its rows in order. */
export function selectPage(plan: ListPlan, dialect: Dialect, columns: PageColumns): Fragment {
  const list = describeList(plan, dialect, columns);
  return dialect.triesOrderFirst && isWorthATry(plan)
    ? tryOrderFirst(list)
    : readInOrder(list, isBeginOfOrder(plan));
}

interface List {
  readonly plan: ListPlan;
  readonly scope: Scope;
  readonly keys: readonly SortKey[];
  /** What is read of each row. */
  readonly columns: Fragment;
  /** ` limit …`, the rows to leave out included. */
  readonly limit: Fragment;
}

function describeList(plan: ListPlan, dialect: Dialect, columns: PageColumns): List {
  const scope = entityScope(plan.entitySet, plan.tenantId, dialect, 'e');
  const keys = compileKeys(plan.orderBy, scope);
  const limit = dialect.limit(plan.pageSize + 1);
  const skipped = skippedRows(plan);
  return {
    plan,
    scope,
    keys,
    columns: columns(plan, keys, scope),
    limit: skipped === 0 ? limit : sql`${limit} offset ${skipped}`,
  };
}

const skippedRows = ({ after, skip }: ListPlan): number => (after === undefined ? skip : 0);

function rowColumns({ projection }: ListPlan, keys: readonly SortKey[], scope: Scope): Fragment {
  const computed = (projection?.computed ?? []).map(({ expression }) => compileOperand(expression, scope));
  const { asText } = scope.dialect;
  return join(
    [
      sql`"e"."id", "e"."version", "e"."json"`,
      ...keyColumns(keys, scope),
      ...computed.map((operand, index) => sql`${asText(operand)} as ${identifier(`c${index}`)}`),
    ],
    ', ',
  );
}

/** The values of the order keys other than the id, as text. */
export const keyColumns = (keys: readonly SortKey[], { dialect }: Scope): readonly Fragment[] =>
  keys.flatMap((key, index) => (key.isId ? [] : [sql`${dialect.asText(key)} as ${identifier(`k${index}`)}`]));

/** The rows range by range, each in the order; the ranges follow one another, and so do their rows. */
function readInOrder(list: List, indexed: boolean): Fragment {
  const { plan, scope, keys, columns, limit } = list;
  const ranges = startsOf(plan, keys, scope, indexed);
  const conditions = conditionsOf(plan, scope);
  const halves = halvesOf(plan.entitySet, 'e', plan, scope.dialect);
  const parts = ranges.flatMap((range) =>
    halves.map((half) => ({ ...range, conditions: [...half, ...range.conditions] })),
  );
  if (parts.length > 1 && !scope.dialect.appendsInOrder) return uniteSorted(list, parts);
  return unite(
    ranges.map((range) => selectRows(plan, 'e', columns, [...range.conditions, ...conditions], keys, scope)),
    limit,
  );
}

/** Where the rows of a page may be: all conditions hold, and the first keys are the same in all of them. */
interface Part {
  readonly conditions: readonly Fragment[];
  readonly sharedKeys: number;
}

/** The first rows of each part, sorted once more: few, so that it does not matter. */
function uniteSorted({ plan, scope, keys, columns, limit }: List, parts: readonly Part[]): Fragment {
  const conditions = conditionsOf(plan, scope);
  const inner = scope.dialect.limit(plan.pageSize + 1 + skippedRows(plan));
  const sorted = keys.map((key, index) => ({ ...key, column: identifier(`s${index}`) }));
  const selected = join(
    [columns, ...sorted.map(({ fragment, column }) => sql`${fragment} as ${column}`)],
    ', ',
  );
  const queries = parts.map((part) => {
    const restKeys = keys.slice(part.sharedKeys);
    const rows = selectRows(plan, 'e', selected, [...part.conditions, ...conditions], restKeys, scope);
    return sql`(${rows}${inner})`;
  });
  const [first, ...others] = queries;
  if (first === undefined) throw new Error('a list of no ranges');
  const all = others.reduce((before, next) => sql`${before} union all ${next}`, first);
  const order = sorted.map(({ column, descending, nullable }) =>
    scope.dialect.orderTerm(sql`"u".${column}`, descending, nullable),
  );
  return sql`select "u".* from (${all}) as "u" order by ${join(order, ', ')}${limit}`;
}

function startsOf(
  { after }: ListPlan,
  keys: readonly SortKey[],
  scope: Scope,
  indexed: boolean,
): readonly Part[] {
  if (after === undefined) return [{ conditions: [], sharedKeys: 0 }];
  return compileRanges(keys, after, scope, indexed).map(({ condition, sharedKeys }) => ({
    conditions: [condition],
    sharedKeys,
  }));
}

function conditionsOf({ search, filter }: ListPlan, scope: Scope): readonly Fragment[] {
  return [
    ...(search === undefined ? [] : [compileSearch(search, scope)]),
    ...(filter === undefined ? [] : [compileCondition(filter, scope)]),
  ];
}

function selectRows(
  plan: ListPlan,
  alias: string,
  columns: Fragment,
  conditions: readonly Fragment[],
  keys: readonly SortKey[],
  { dialect }: Scope,
): Fragment {
  const table = sql`${identifier(tableOf(plan.entitySet).name)} as ${identifier(alias)}`;
  const where = join([sql`${identifier(alias)}."tenant_id" = ${plan.tenantId}`, ...conditions], ' and ');
  const order = keys.map(({ fragment, descending, nullable }) =>
    dialect.orderTerm(fragment, descending, nullable),
  );
  return sql`select ${columns} from ${table} where ${where} order by ${join(order, ', ')}`;
}

/** The rows of the first query, then those of the next, up to a limit. */
function unite(queries: readonly Fragment[], limit: Fragment): Fragment {
  const [first, ...others] = queries;
  if (first === undefined) throw new Error('a list of no ranges');
  if (others.length === 0) return sql`${first}${limit}`;
  const bounded = (query: Fragment) => sql`select * from (${query}${limit})`;
  const all = others.reduce((before, next) => sql`${before} union all ${bounded(next)}`, bounded(first));
  return sql`${all}${limit}`;
}

// Two ways to a page, and how to choose.

/** The first rows of the order are this many for each row of the page, so that one passing row in forty is enough. */
const triedPerRow = 40;
const triedMin = 2000;
const triedMax = 20_000;

/**
 * Where rows that pass are frequent, walking along the order finds a page soon; where they are rare, selecting all
 * that pass and sorting them does. So the first rows of the order are tried, unless an index says that few rows can
 * pass; if they do not fill the page, all rows that pass are sorted.
 */
function tryOrderFirst(list: List): Fragment {
  const { plan, scope, columns, limit } = list;
  const tried = Math.min(triedMax, Math.max(triedMin, triedPerRow * (plan.pageSize + 1 + skippedRows(plan))));
  const first = entityScope(plan.entitySet, plan.tenantId, scope.dialect, 'first');
  const firstKeys = compileKeys(plan.orderBy, first);
  const rowKey = identifier(scope.dialect.rowKey);
  const mayBeMany = countedSelections(plan, scope).map(
    (selection) => sql`(select count(*) from (${selection}${scope.dialect.limit(tried)})) = ${tried}`,
  );
  const window =
    mayBeMany.length === 0
      ? scope.dialect.limit(tried)
      : sql` limit ${limitIf(join(mayBeMany, ' and '), tried)}`;
  const firstRows = unite(
    startsOf(plan, firstKeys, first, true).map((range) =>
      selectRows(plan, 'first', sql`"first".${rowKey}`, range.conditions, firstKeys, first),
    ),
    window,
  );
  const conditions = join(conditionsOf(plan, { ...scope, usesSelections: false }), ' and ');
  const table = identifier(tableOf(plan.entitySet).name);
  // A cross join keeps its order: the rows of the window one after the other (sqlite.org/optoverview, 8.2).
  const found = sql`select ${columns} from (${firstRows}) as "first" cross join ${table} as "e" where "e"."tenant_id" = ${plan.tenantId} and "e".${rowKey} = "first".${rowKey} and ${conditions}${limit}`;
  const isNotFull = sql`(select count(*) from "tried") <= ${plan.pageSize}`;
  const all = readSorted(list, isNotFull);
  return sql`with "tried" as materialized (${found}) select * from "tried" where (select count(*) from "tried") > ${plan.pageSize} union all select * from (${all})`;
}

function countedSelections({ search, filter }: ListPlan, scope: Scope): readonly Fragment[] {
  return [
    ...(search === undefined ? [] : selectionsOfSearch(search, scope)),
    ...(filter === undefined ? [] : selectionsOf(filter, scope)),
  ];
}

/**
 * A number of rows, or none: what a limit forbids is not even begun, while a condition of the same meaning would
 * be asked of every row.
 */
const limitIf = (condition: Fragment, rows: number): Fragment =>
  sql`(case when ${condition} then ${rows} else 0 end)`;

/** If the condition holds, all rows that pass, found by whatever index finds them, and sorted. */
function readSorted({ plan, scope, keys, columns }: List, condition: Fragment): Fragment {
  const { unindexed } = scope.dialect;
  const sorted = keys.map((key) => ({ ...key, fragment: unindexed(key.fragment) }));
  const start = startsOf(plan, sorted, scope, false).flatMap((range) => range.conditions);
  const rows = selectRows(plan, 'e', columns, [...start, ...conditionsOf(plan, scope)], sorted, scope);
  const offset = skippedRows(plan) === 0 ? sql`` : sql` offset ${skippedRows(plan)}`;
  return sql`${rows} limit ${limitIf(condition, plan.pageSize + 1)}${offset}`;
}

/** Whether there is a choice: an index has the order, and none has both the order and the rows that pass. */
function isWorthATry(plan: ListPlan): boolean {
  if (plan.filter === undefined && plan.search === undefined) return false;
  const { orders } = tableOf(plan.entitySet);
  const wanted = pathsOf(plan);
  const equal = plan.filter === undefined ? [] : equalPaths(plan.filter);
  const served = orders.some((order) => {
    const begin = order.findIndex((path) => !equal.includes(path));
    return begin !== 0 && isSame(order.slice(begin < 0 ? order.length : begin), wanted);
  });
  const isOne = orders.some((order) => order.length === 1 && equal.includes(order[0] ?? ''));
  return !served && !isOne && orders.some((order) => isSame(order, wanted));
}

/** Whether an index has at least the first key of the order. */
function isBeginOfOrder(plan: ListPlan): boolean {
  const [first] = pathsOf(plan);
  return tableOf(plan.entitySet).orders.some((order) => order[0] === first);
}

const pathsOf = ({ orderBy }: ListPlan): readonly (string | undefined)[] =>
  orderBy.map(({ expression }) => (expression.kind === 'leaf' ? expression.leaf.path : undefined));

const isSame = (left: readonly (string | undefined)[], right: readonly (string | undefined)[]): boolean =>
  left.length === right.length && left.every((path, index) => path === right[index]);

/** Leaves that must have one certain value. */
function equalPaths(expression: BoundExpression): readonly string[] {
  if (expression.kind === 'and') return expression.operands.flatMap(equalPaths);
  if (expression.kind !== 'comparison' || expression.operator !== 'eq') return [];
  const { left, right } = expression;
  if (left.kind === 'leaf' && right.kind === 'constant') return [left.leaf.path];
  return left.kind === 'constant' && right.kind === 'leaf' ? [right.leaf.path] : [];
}
