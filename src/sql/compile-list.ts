/** A page of a list → one statement. */
import type { ListPlan } from '../plan/plan.ts';
import { compileCondition, compileOperand } from './compile-expression.ts';
import { compileKeys, compileRanges, type SortKey } from './compile-order.ts';
import { compileSearch } from './compile-search.ts';
import type { Dialect } from './dialect.ts';
import { entityScope, type Scope } from './scope.ts';
import { type Fragment, finish, identifier, join, type Statement, sql } from './statement.ts';
import { tableOf } from './table.ts';

/**
 * Reads a page and one row more, which tells whether another page follows. Beside `id`, `version` and `json` the rows
 * have the values of the order keys as `k0`, `k1` … and of the computed properties as `c0`, `c1` …, all as text
 * (`readValue`).
 */
export function compileList(plan: ListPlan, dialect: Dialect): Statement {
  const scope = entityScope(plan.entitySet, plan.tenantId, dialect, 'e');
  const keys = compileKeys(plan.orderBy, scope);
  const limit = sql` limit ${plan.pageSize + 1}`;
  const columns = rowColumns(plan, keys, scope);
  const pages = startsOf(plan, keys, scope).map(
    (start) => sql`${select(plan, columns, start, keys, scope)}${limit}`,
  );
  const [only] = pages;
  if (only === undefined) throw new Error('a list of no ranges');
  if (pages.length === 1) {
    const offset = plan.after === undefined && plan.skip > 0 ? sql` offset ${plan.skip}` : sql``;
    return finish(sql`${only}${offset}`, dialect.placeholder);
  }
  // The ranges follow one another, and so do their rows.
  const [first, ...others] = pages.map((page) => sql`select * from (${page})`);
  const all = others.reduce((before, next) => sql`${before} union all ${next}`, first ?? only);
  return finish(sql`${all}${limit}`, dialect.placeholder);
}

function startsOf(plan: ListPlan, keys: readonly SortKey[], scope: Scope): readonly (Fragment | undefined)[] {
  if (plan.after === undefined) return [undefined];
  const { orderedPaths } = tableOf(plan.entitySet);
  return compileRanges(keys, plan.after, scope, orderedPaths.has(keys[0]?.path ?? ''));
}

function rowColumns({ projection }: ListPlan, keys: readonly SortKey[], scope: Scope): Fragment {
  const computed = (projection?.computed ?? []).map(({ expression }) => compileOperand(expression, scope));
  const asText = scope.dialect.asText;
  return join(
    [
      sql`"e"."id", "e"."version", "e"."json"`,
      ...keys.map((key, index) => sql`${asText(key)} as ${identifier(`k${index}`)}`),
      ...computed.map((operand, index) => sql`${asText(operand)} as ${identifier(`c${index}`)}`),
    ],
    ', ',
  );
}

function select(
  plan: ListPlan,
  columns: Fragment,
  start: Fragment | undefined,
  keys: readonly SortKey[],
  scope: Scope,
): Fragment {
  const conditions = [sql`"e"."tenant_id" = ${plan.tenantId}`];
  if (start !== undefined) conditions.push(start);
  if (plan.search !== undefined) conditions.push(compileSearch(plan.search, scope));
  if (plan.filter !== undefined) conditions.push(compileCondition(plan.filter, scope));
  const order = keys.map(({ fragment, descending }) => scope.dialect.orderTerm(fragment, descending));
  const table = identifier(tableOf(plan.entitySet).name);
  return sql`select ${columns} from ${table} as "e" where ${join(conditions, ' and ')} order by ${join(order, ', ')}`;
}
