/** A page of a list → one value, where entities go out as they are stored. */
import { entityStart, lateMembersOf } from '../edm/entity-text.ts';
import type { ListPlan } from '../plan/plan.ts';
import { keyColumns, selectPage } from './compile-list.ts';
import { compileKeys } from './compile-order.ts';
import type { Dialect } from './dialect.ts';
import { entityScope } from './scope.ts';
import { type Fragment, finish, identifier, join, type Statement, sql } from './statement.ts';
import { tableOf } from './table.ts';

/**
 * Reads a page and one row more as one row: how many they are as `count`, their texts with annotations in front and
 * commas between as `items`, whether all texts have all properties as `complete`.
 */
export function compileJoinedPage(
  plan: ListPlan,
  joinTexts: (text: Fragment) => Fragment,
  dialect: Dialect,
): Statement {
  const { type } = plan.entitySet;
  const { beforeVersion, afterVersion } = entityStart(type);
  // Every text begins with one brace, and what follows it is none.
  const item = sql`${`{${beforeVersion}`} || "version" || ${afterVersion} || ltrim("json", '{')`;
  const late = lateMembersOf(type).map((member) => sql`instr("json", ${member}) > 0`);
  const complete = late.length === 0 ? [] : [sql`min(${join(late, ' and ')}) as "complete"`];
  const columns = join([sql`count(*) as "count"`, sql`${joinTexts(item)} as "items"`, ...complete], ', ');
  const page = selectPage(plan, dialect, () => sql`"e"."version", "e"."json"`);
  return finish(sql`select ${columns} from (${page}) as "page"`, dialect.placeholder);
}

/** Reads where a row stands in the order of a list: what `compileList` calls `k0`, `k1` …, undefined for the id alone. */
export function compilePosition(plan: ListPlan, id: string, dialect: Dialect): Statement | undefined {
  const scope = entityScope(plan.entitySet, plan.tenantId, dialect, 'e');
  const columns = keyColumns(compileKeys(plan.orderBy, scope), scope);
  if (columns.length === 0) return undefined;
  const table = identifier(tableOf(plan.entitySet).name);
  return finish(
    sql`select ${join(columns, ', ')} from ${table} as "e" where "e"."tenant_id" = ${plan.tenantId} and "e"."id" = ${id}`,
    dialect.placeholder,
  );
}
