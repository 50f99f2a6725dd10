/** $apply → a pipeline of subqueries, one step around the other (Data Aggregation 3). */
import type { TenantId } from '../auth/authenticator.ts';
import type { EntitySet, Leaf } from '../edm/types.ts';
import { unreachable } from '../errors.ts';
import { limits } from '../limits.ts';
import type { Aggregate, ApplyColumn, ApplyStep } from '../plan/apply-steps.ts';
import type { OrderKey, ValueType } from '../plan/bound.ts';
import type { ApplyPlan, CountPlan } from '../plan/plan.ts';
import { compileCondition, compileOperand, compileValue } from './compile-expression.ts';
import { compileKeys } from './compile-order.ts';
import { compileSearch } from './compile-search.ts';
import type { Dialect } from './dialect.ts';
import { entityScope, type Scope } from './scope.ts';
import { finish, type Fragment, identifier, join, sql, type Statement } from './statement.ts';
import { tableOf } from './table.ts';

/** Rows between two steps. */
interface Rows {
  /** What stands after `from`, its alias `e` included. */
  readonly from: Fragment;
  readonly conditions: readonly Fragment[];
  readonly scope: Scope;
  /** Columns that steps made, by path or alias; while rows are entities, those added to them. */
  readonly columns: ReadonlyMap<string, MadeColumn>;
  /** The order of the rows as terms of `order by`; it may be any order, but is always the same. */
  readonly order: readonly Fragment[];
  /** Names given so far: each column has one of its own. */
  readonly named: number;
}

interface MadeColumn {
  readonly name: string;
  readonly type: ValueType;
}

type Source = Pick<ApplyPlan, 'entitySet' | 'tenantId'>;

/**
 * The rows of the result and, where they are more than allowed, one row too many. Columns come as `c0`, `c1` … in
 * the order of `plan.columns`, as text (`readValue`); whole entities as `id`, `version` and `json`, followed by what
 * was computed beside them.
 */
export function compileApply(plan: ApplyPlan, dialect: Dialect): Statement {
  const rows = applySteps(plan.steps, entityRows(plan, [], dialect), plan);
  const asked = plan.columns ?? plan.added;
  const made = asked.map((column, index) => {
    const { fragment, type } = columnOf(column, rows);
    return sql`${dialect.asText({ fragment, type })} as ${identifier(`c${index}`)}`;
  });
  const entity = plan.columns === undefined ? [sql`"e"."id", "e"."version", "e"."json"`] : [];
  const selected = selectRows(join([...entity, ...made], ', '), rows);
  return finish(sql`${selected} limit ${BigInt(limits.applyRowsMax + 1)}`, dialect.placeholder);
}

/** How many rows the steps leave of those that meet the conditions. */
export function compileApplyCount(
  plan: Source & { readonly steps: readonly ApplyStep[] },
  conditions: readonly Fragment[],
  dialect: Dialect,
): Statement {
  const rows = applySteps(plan.steps, entityRows(plan, conditions, dialect), plan);
  return finish(sql`select count(*) as "count" from ${rows.from}${whereOf(rows)}`, dialect.placeholder);
}
