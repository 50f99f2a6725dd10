/** Random $apply pipelines, as the binder makes them. */
import fc from 'fast-check';
import { cloudAppSecurityProfile } from '../../src/model/cloud-app-security-profile.ts';
import type { Aggregate, ApplyColumn, ApplyStep } from '../../src/plan/apply-steps.ts';
import {
  type BoundExpression,
  doubleType,
  int64Type,
  type OrderKey,
  typeOf,
  type ValueType,
} from '../../src/plan/bound.ts';
import { expressionOf, leafReferences, orders, type Sort, searches, typeOfSort } from './bound-arbitrary.ts';

/** What the steps so far leave. */
export interface Pipeline {
  readonly steps: readonly ApplyStep[];
  /** Undefined while rows are entities. */
  readonly columns: readonly ApplyColumn[] | undefined;
  /** Beside whole entities. */
  readonly added: readonly ApplyColumn[];
  /** Aliases given so far: none is given twice. */
  readonly aliases: number;
  /** Whether the steps tell the order of any two rows that differ. */
  readonly ordered: boolean;
}

type Pipelines = fc.Arbitrary<Pipeline>;

const sorts = Object.keys(typeOfSort) as Sort[];
const sameType = (left: ValueType, right: ValueType): boolean =>
  JSON.stringify(left) === JSON.stringify(right);

// Expressions over columns: those over entities, with columns in the place of leaves.

/** A column as expressions refer to it. */
function referTo({ path, type, leaf }: ApplyColumn): BoundExpression {
  if (leaf === undefined) return { kind: 'column', type, name: path };
  if (leaf.type.kind === 'collection') throw new Error(`${path} is a collection`);
  return { kind: 'leaf', type: leaf.type, leaf };
}

const typed = (type: ValueType): BoundExpression => ({ kind: 'constant', type, value: null });

/** The same expression over the names a pipeline leaves; what they cannot say becomes null or false. */
function over({ columns, added }: Pipeline, expression: BoundExpression): BoundExpression {
  const replace = (child: BoundExpression): BoundExpression => over({ columns, added } as Pipeline, child);
  const substitute = (type: ValueType, place: number): BoundExpression | undefined => {
    const candidates = (columns ?? added).filter((column) => sameType(column.type, type));
    const column = candidates[place % Math.max(1, candidates.length)];
    return column === undefined ? undefined : referTo(column);
  };
  switch (expression.kind) {
    case 'leaf': {
      const { length } = expression.leaf.path;
      if (columns === undefined && length % 2 === 0) return expression;
      const found = substitute(expression.type, length);
      return found ?? (columns === undefined ? expression : typed({ kind: 'null' }));
    }
    case 'itemCount':
      if (columns === undefined) return expression;
      return substitute(int64Type, 1) ?? { kind: 'constant', type: int64Type, value: 1n };
    case 'complexIsNull':
    case 'quantifier':
    case 'inCollection':
      return columns === undefined
        ? expression
        : { kind: 'constant', type: typeOf(expression), value: false };
    case 'call':
      return { ...expression, arguments: expression.arguments.map(replace) };
    case 'cast':
    case 'inList':
    case 'has':
    case 'negate':
    case 'not':
      return { ...expression, operand: replace(expression.operand) };
    case 'comparison':
    case 'arithmetic':
      return { ...expression, left: replace(expression.left), right: replace(expression.right) };
    case 'and':
    case 'or':
      return { ...expression, operands: expression.operands.map(replace) };
    case 'case':
      return {
        ...expression,
        branches: expression.branches.map(({ condition, value }) => ({
          condition: replace(condition),
          value: replace(value),
        })),
      };
    default:
      return expression;
  }
}

const expressionIn = (before: Pipeline, sort: Sort, depth: number): fc.Arbitrary<BoundExpression> =>
  expressionOf(sort, { depth, lambdas: 0 }).map((expression) => over(before, expression));

// Steps.

const append = (before: Pipeline, ...steps: readonly ApplyStep[]): Pipeline => ({
  ...before,
  steps: [...before.steps, ...steps],
});

const filtered = (before: Pipeline): Pipelines =>
  expressionIn(before, 'boolean', 2).map((filter) => append(before, { kind: 'filter', filter }));

const searched = (before: Pipeline): Pipelines =>
  searches.map((search) => append(before, { kind: 'search', search }));

function computed(before: Pipeline): Pipelines {
  const expressions = fc
    .array(
      fc.constantFrom(...sorts).chain((sort) => expressionIn(before, sort, 2)),
      { minLength: 1, maxLength: 2 },
    )
    .map((all) => all.filter((expression) => typeOf(expression).kind !== 'null'));
  return expressions.map((all) => {
    if (all.length === 0) return before;
    const made = all.map((expression, index) => ({
      alias: `c${before.aliases + index}`,
      expression,
    }));
    const columns = made.map(({ alias, expression }) => aliasColumn(alias, typeOf(expression)));
    const aliases = before.aliases + made.length;
    const after = { ...append(before, { kind: 'compute', computed: made }), aliases };
    return before.columns === undefined
      ? { ...after, added: [...before.added, ...columns] }
      : { ...after, columns: [...before.columns, ...columns] };
  });
}

const aliasColumn = (path: string, type: ValueType): ApplyColumn => ({
  path,
  type,
  leaf: undefined,
  wireType: undefined,
});

/** Puts rows in an order that tells any two of them apart, where they differ at all. */
function sorted(before: Pipeline): Pipelines {
  const { columns } = before;
  if (columns === undefined)
    return orders.map((keys) => ({ ...append(before, { kind: 'orderBy', keys }), ordered: true }));
  const directions = fc.array(fc.boolean(), { minLength: columns.length, maxLength: columns.length });
  return fc
    .tuple(fc.shuffledSubarray([...columns], { minLength: columns.length }), directions)
    .map(([all, down]) => {
      const keys = all.map(
        (column, index): OrderKey => ({ expression: referTo(column), descending: down[index] === true }),
      );
      return { ...append(before, { kind: 'orderBy', keys }), ordered: true };
    });
}

const cut = (before: Pipeline): Pipelines =>
  fc
    .tuple(fc.constantFrom('skip' as const, 'top' as const), fc.nat(20))
    .map(([kind, rows]) => append(before, { kind, rows }));

/** Doubles whose sums are exact in any order: small, and whole or halves. */
function summable(before: Pipeline): fc.Arbitrary<BoundExpression> {
  const candidates: BoundExpression[] = [
    over(before, { kind: 'itemCount', property: tags }),
    ...leafReferences
      .filter(({ type }) => type.name === 'Edm.String')
      .slice(0, 6)
      .map((leaf): BoundExpression => {
        const operand = over(before, leaf);
        return { kind: 'call', function: 'length', type: int64Type, arguments: [operand] };
      }),
  ];
  const halves = (operand: BoundExpression): BoundExpression => ({
    kind: 'arithmetic',
    operator: 'div',
    type: doubleType,
    left: operand,
    right: { kind: 'constant', type: doubleType, value: 2 },
  });
  return fc.tuple(fc.constantFrom(...candidates), fc.boolean()).map(([whole, half]) => {
    const real: BoundExpression = { kind: 'cast', type: doubleType, operand: whole };
    return half ? halves(real) : real;
  });
}

const tags = (() => {
  const property = cloudAppSecurityProfile.properties.find(({ name }) => name === 'tags');
  if (property === undefined) throw new Error('no tags');
  return property;
})();

const orderedSorts = sorts.filter((sort) => sort !== 'boolean');

type Unnamed = Omit<Aggregate, 'alias'>;

function aggregateOf(before: Pipeline, sumsAreExact: boolean): fc.Arbitrary<Unnamed> {
  const count: Unnamed = { method: 'count', operand: undefined, type: int64Type };
  const distinct = fc
    .constantFrom(...sorts)
    .chain((sort) => expressionIn(before, sort, 1))
    .map((operand): Unnamed => ({ method: 'countDistinct', operand, type: int64Type }));
  const extreme = fc
    .tuple(fc.constantFrom('min' as const, 'max' as const), fc.constantFrom(...orderedSorts))
    .chain(([method, sort]) =>
      expressionIn(before, sort, 1)
        .filter((operand) => typeOf(operand).kind !== 'null')
        .map((operand): Unnamed => ({ method, operand, type: typeOf(operand) })),
    );
  const total = fc
    .tuple(fc.constantFrom('sum' as const, 'average' as const), summable(before))
    .map(([method, operand]): Unnamed => ({ method, operand, type: doubleType }));
  return fc.oneof(fc.constant(count), distinct, extreme, ...(sumsAreExact ? [total] : []));
}

function grouped(before: Pipeline): Pipelines {
  const available: readonly ApplyColumn[] = before.columns ?? [
    ...before.added,
    ...leafReferences.map(({ leaf, type }) => ({ path: leaf.path, type, leaf, wireType: undefined })),
  ];
  // The second sum of a sum of halves divided by its count is exact no more.
  const aggregates = fc.array(aggregateOf(before, before.columns === undefined), { maxLength: 3 });
  return fc
    .tuple(fc.subarray([...available], { maxLength: Math.min(3, available.length) }), aggregates)
    .filter(([keys, made]) => keys.length + made.length > 0)
    .map(([keys, made]) => {
      const named = made.map((each, index): Aggregate => ({ ...each, alias: `g${before.aliases + index}` }));
      const aliases = before.aliases + made.length;
      const columns = [...keys, ...named.map(({ alias, type }) => aliasColumn(alias, type))];
      const after = append(before, { kind: 'group', keys, aggregates: named });
      return { ...after, columns, added: [], aliases, ordered: keys.length === 0 };
    });
}

function concatenated(before: Pipeline): Pipelines {
  const branchOf = (place: number): Pipelines => {
    const start = { ...before, steps: [], aliases: before.aliases + place * 10 };
    return grouped(start).chain((found) => fc.oneof(fc.constant(found), sorted(found)));
  };
  return fc
    .tuple(branchOf(0), branchOf(1), fc.option(branchOf(2), { nil: undefined }))
    .map(([first, second, third]) => {
      const branches = [first, second, ...(third === undefined ? [] : [third])];
      const columns = branches
        .flatMap((branch) => branch.columns ?? [])
        .filter((column, index, all) => all.findIndex(({ path }) => path === column.path) === index);
      const step: ApplyStep = { kind: 'concat', branches: branches.map(({ steps }) => steps), columns };
      const ordered = branches.every((branch) => branch.ordered);
      return { ...append(before, step), columns, added: [], aliases: before.aliases + 30, ordered };
    });
}

/** Any step that may follow. */
function step(before: Pipeline): Pipelines {
  const entities = before.columns === undefined;
  return fc.oneof(
    { weight: 3, arbitrary: filtered(before) },
    { weight: entities ? 1 : 0, arbitrary: searched(before) },
    { weight: 2, arbitrary: computed(before) },
    { weight: 2, arbitrary: sorted(before) },
    // Which rows are left is told by their order alone.
    { weight: before.ordered ? 2 : 0, arbitrary: cut(before) },
    { weight: entities ? 4 : 1, arbitrary: grouped(before) },
    { weight: 1, arbitrary: concatenated(before) },
  );
}

/** Entities come in the order of their key. */
const start: Pipeline = { steps: [], columns: undefined, added: [], aliases: 0, ordered: true };

function extend(before: Pipeline, steps: number): Pipelines {
  return steps === 0 ? fc.constant(before) : step(before).chain((after) => extend(after, steps - 1));
}

/** A random pipeline of up to five steps. */
export const pipelines: Pipelines = fc.integer({ min: 1, max: 5 }).chain((steps) => extend(start, steps));
