/** A page of a list → one value, where entities go out as they are stored. */
import { entityStart, lateMembersOf } from '../edm/entity-text.ts';
import { isId } from '../plan/bound.ts';
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
  const known = pages.get(plan.orderBy);
  if (known?.dialect === dialect && isSamePage(known.plan, plan)) return known.statement;
  const statement = compilePage(plan, joinTexts, dialect);
  if (plan.after === undefined) pages.set(plan.orderBy, { plan, dialect, statement });
  return statement;
}

/** A statement and what it was made from. */
interface Compiled {
  readonly plan: ListPlan;
  readonly dialect: Dialect;
  readonly statement: Statement;
}

/** The latest first page of each order that is repeated: planning gives a repeated question as the same object. */
const pages = new WeakMap<ListPlan['orderBy'], Compiled>();

/** Whether two plans read the same rows of the same tenant; the order is the same object. */
const isSamePage = (left: ListPlan, right: ListPlan): boolean =>
  left.tenantId === right.tenantId &&
  left.entitySet === right.entitySet &&
  left.filter === right.filter &&
  left.search === right.search &&
  left.pageSize === right.pageSize &&
  left.skip === right.skip &&
  left.after === right.after;

function compilePage(plan: ListPlan, joinTexts: (text: Fragment) => Fragment, dialect: Dialect): Statement {
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
  if (plan.orderBy.every(({ expression }) => isId(expression))) return undefined;
  const known = positions.get(plan.orderBy);
  const isKnown =
    known?.dialect === dialect &&
    known.plan.tenantId === plan.tenantId &&
    known.plan.entitySet === plan.entitySet;
  const statement = isKnown ? known.statement : compilePositionOf(plan, dialect);
  if (!isKnown) positions.set(plan.orderBy, { plan, dialect, statement });
  return { text: statement.text, parameters: [...statement.parameters, id] };
}

const positions = new WeakMap<ListPlan['orderBy'], Compiled>();

/** The statement without its last parameter, the id. */
function compilePositionOf(plan: ListPlan, dialect: Dialect): Statement {
  const scope = entityScope(plan.entitySet, plan.tenantId, dialect, 'e');
  const columns = join(keyColumns(compileKeys(plan.orderBy, scope), scope), ', ');
  const table = identifier(tableOf(plan.entitySet).name);
  const { text, parameters } = finish(
    sql`select ${columns} from ${table} as "e" where "e"."tenant_id" = ${plan.tenantId} and "e"."id" = ${null}`,
    dialect.placeholder,
  );
  return { text, parameters: parameters.slice(0, -1) };
}
