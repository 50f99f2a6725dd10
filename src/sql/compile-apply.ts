/** $apply → a pipeline of subqueries, one step around the other (Data Aggregation 3). */
import type { Leaf } from '../edm/types.ts';
import { unreachable } from '../errors.ts';
import { limits } from '../limits.ts';
import type { Aggregate, ApplyColumn, ApplyStep } from '../plan/apply-steps.ts';
import type { OrderKey, ValueType } from '../plan/bound.ts';
import type { ApplyPlan } from '../plan/plan.ts';
import { compileCondition, compileOperand } from './compile-expression.ts';
import { compileKeys } from './compile-order.ts';
import { compileSearch } from './compile-search.ts';
import type { Dialect } from './dialect.ts';
import { entityScope, type Scope } from './scope.ts';
import { type Fragment, finish, identifier, join, type Statement, sql } from './statement.ts';
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

function entityRows(
  { entitySet, tenantId }: Source,
  conditions: readonly Fragment[],
  dialect: Dialect,
): Rows {
  const scope = entityScope(entitySet, tenantId, dialect, 'e');
  return {
    from: sql`${identifier(tableOf(entitySet).name)} as "e"`,
    conditions: [sql`"e"."tenant_id" = ${tenantId}`, ...conditions],
    scope,
    columns: new Map(),
    order: [sql`"e"."id"`],
    named: 0,
  };
}

const applySteps = (steps: readonly ApplyStep[], rows: Rows, source: Source): Rows =>
  steps.reduce((before, step) => applyStep(step, before, source), rows);

function applyStep(step: ApplyStep, rows: Rows, source: Source): Rows {
  switch (step.kind) {
    case 'filter':
      return { ...rows, conditions: [...rows.conditions, compileCondition(step.filter, rows.scope)] };
    case 'search':
      return { ...rows, conditions: [...rows.conditions, compileSearch(step.search, rows.scope)] };
    case 'compute':
      return compute(step.computed, rows);
    case 'group':
      return group(step.keys, step.aggregates, rows);
    case 'orderBy':
      return { ...rows, order: [...orderTerms(step.keys, rows.scope), ...rows.order] };
    case 'skip':
      return cut(sql`limit ${everyRow} offset ${BigInt(step.rows)}`, rows);
    case 'top':
      return cut(sql`limit ${BigInt(step.rows)}`, rows);
    case 'concat':
      return concat(step.branches, step.columns, rows, source);
    default:
      return unreachable(step);
  }
}

/** SQLite takes an offset only after a limit. */
const everyRow = 2n ** 63n - 1n;

const orderTerms = (keys: readonly OrderKey[], scope: Scope): readonly Fragment[] =>
  compileKeys(keys, scope).map(({ fragment, descending, nullable }) =>
    scope.dialect.orderTerm(fragment, descending, nullable),
  );

const whereOf = ({ conditions }: Rows): Fragment =>
  conditions.length === 0 ? sql`` : sql` where ${join(conditions, ' and ')}`;

const selectRows = (columns: Fragment, rows: Rows): Fragment =>
  sql`select ${columns} from ${rows.from}${whereOf(rows)} order by ${join(rows.order, ', ')}`;

/** The rows after a subquery: what was a condition or a limit is inside of it. */
const around = (rows: Rows, query: Fragment): Rows => ({
  ...rows,
  from: sql`(${query}) as "e"`,
  conditions: [],
});

const cut = (limit: Fragment, rows: Rows): Rows =>
  around(rows, sql`${selectRows(sql`"e".*`, rows)} ${limit}`);

/** Columns of their own, so that an expression is written once however often it is used. */
function compute(computed: Extract<ApplyStep, { kind: 'compute' }>['computed'], rows: Rows): Rows {
  const made = computed.map(({ alias, expression }, index) => {
    const { fragment, type } = compileOperand(expression, rows.scope);
    return { alias, fragment, column: { name: nameOf(rows.named + index), type } };
  });
  const columns = [
    sql`"e".*`,
    ...made.map(({ fragment, column }) => sql`${fragment} as ${identifier(column.name)}`),
  ];
  const query = sql`select ${join(columns, ', ')} from ${rows.from}${whereOf(rows)}`;
  const known = new Map([...rows.columns, ...made.map(({ alias, column }) => [alias, column] as const)]);
  const named = rows.named + made.length;
  return around({ ...rows, columns: known, scope: scopeWith(known, rows.scope), named }, query);
}

const nameOf = (place: number): string => `m${place}`;

/** One row for each combination of the keys; nulls are a value of a key like others. */
function group(keys: readonly ApplyColumn[], aggregates: readonly Aggregate[], rows: Rows): Rows {
  const keyColumns = keys.map((key) => ({ path: key.path, ...columnOf(key, rows) }));
  const made = [
    ...keyColumns,
    ...aggregates.map((each) => ({
      path: each.alias,
      type: each.type,
      fragment: compileAggregate(each, rows.scope),
    })),
  ].map((column, index) => ({ ...column, name: nameOf(rows.named + index) }));
  const selected = made.map(({ fragment, name }) => sql`${fragment} as ${identifier(name)}`);
  const grouped = keyColumns.map(({ fragment }) => fragment);
  // Without aggregates and keys there would be nothing to select; without keys everything is one group.
  const groupBy = grouped.length === 0 ? sql`` : sql` group by ${join(grouped, ', ')}`;
  const query = sql`select ${join(selected, ', ')} from ${rows.from}${whereOf(rows)}${groupBy}`;
  return madeRows(query, made, rows, made.slice(0, keys.length));
}

interface SelectedColumn extends MadeColumn {
  readonly path: string;
}

/** Rows that are no entities any more: nothing is left but the columns. */
function madeRows(
  query: Fragment,
  made: readonly SelectedColumn[],
  { scope, named }: Rows,
  orderedBy: readonly SelectedColumn[],
): Rows {
  const columns = new Map(made.map(({ path, name, type }) => [path, { name, type }]));
  const first = made[0];
  const order = (orderedBy.length === 0 && first !== undefined ? [first] : orderedBy).map(({ name }) =>
    scope.dialect.orderTerm(sql`"e".${identifier(name)}`, false, true),
  );
  return {
    from: sql`(${query}) as "e"`,
    conditions: [],
    scope: madeScope(columns, scope.dialect),
    columns,
    order,
    named: named + made.length,
  };
}

function compileAggregate({ method, operand, type }: Aggregate, scope: Scope): Fragment {
  if (operand === undefined) return sql`count(*)`;
  const compiled = compileOperand(operand, scope);
  switch (method) {
    case 'count':
      return sql`count(${compiled.fragment})`;
    case 'countDistinct':
      return sql`count(distinct ${compiled.fragment})`;
    case 'min':
    case 'max':
    case 'sum':
    case 'average':
      return scope.dialect.aggregate(method, compiled, type);
    default:
      return unreachable(method);
  }
}

/** The rows of each branch, in its order, one branch after the other; every branch starts from the same rows. */
function concat(
  branches: readonly (readonly ApplyStep[])[],
  columns: readonly ApplyColumn[],
  rows: Rows,
  source: Source,
): Rows {
  const { scope } = rows;
  const named = columns.map((column, index) => ({
    path: column.path,
    type: column.type,
    name: nameOf(index + 2),
  }));
  const queries = branches.map((steps, branch) => {
    const result = applySteps(steps, rows, source);
    const values = columns.map((column, index) => {
      const known =
        result.columns.has(column.path) || (column.leaf !== undefined && result.scope.entity !== undefined);
      const { fragment } = known
        ? columnOf(column, result)
        : { fragment: scope.dialect.constant(null, column.type) };
      return sql`${fragment} as ${identifier(nameOf(index + 2))}`;
    });
    const place = sql`${BigInt(branch)} as ${identifier(nameOf(0))}, row_number() over (order by ${join(result.order, ', ')}) as ${identifier(nameOf(1))}`;
    return sql`select ${join([place, ...values], ', ')} from ${result.from}${whereOf(result)}`;
  });
  const [first, ...others] = queries;
  if (first === undefined) throw new Error('concat of nothing');
  const all = others.reduce((before, next) => sql`${before} union all ${next}`, first);
  const made = madeRows(all, named, rows, []);
  const order = [0, 1].map((place) => sql`"e".${identifier(nameOf(place))}`);
  return { ...made, order, named: columns.length + 2 };
}

function columnOf(
  column: ApplyColumn,
  rows: Rows,
): { readonly fragment: Fragment; readonly type: ValueType } {
  const made = rows.columns.get(column.path);
  if (made !== undefined) return { fragment: sql`"e".${identifier(made.name)}`, type: made.type };
  if (column.leaf === undefined) throw new Error(`no column ${column.path}`);
  return { fragment: rows.scope.leaf(column.leaf), type: column.type };
}

/** Entities with columns beside them. */
function scopeWith(columns: ReadonlyMap<string, MadeColumn>, scope: Scope): Scope {
  return { ...scope, column: (name) => madeColumn(columns, name) };
}

/** Rows of nothing but columns. */
function madeScope(columns: ReadonlyMap<string, MadeColumn>, dialect: Dialect): Scope {
  return {
    dialect,
    usesSelections: false,
    leaf: (leaf: Leaf) => madeColumn(columns, leaf.path),
    isNullable: () => true,
    column: (name) => madeColumn(columns, name),
    entity: undefined,
  };
}

function madeColumn(columns: ReadonlyMap<string, MadeColumn>, name: string): Fragment {
  const made = columns.get(name);
  if (made === undefined) throw new Error(`no column ${name}`);
  return sql`"e".${identifier(made.name)}`;
}
