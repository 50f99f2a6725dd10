/** $apply → steps over entities or, after a grouping, over named columns (Data Aggregation 3). */

import { unreachable } from '../errors.ts';
import type {
  AggregateItem,
  AggregateMethod,
  ConcatTransformation,
  GroupByTransformation,
  PathExpression,
  PathSegment,
  Span,
  Transformation,
} from '../language/ast.ts';
import { tooComplex, unsupported } from '../language/syntax-error.ts';
import { limits } from '../limits.ts';
import type { Aggregate, ApplyColumn, ApplyStep } from './apply-steps.ts';
import { convert, hintFor, mismatch, requireStorable } from './bind-coercion.ts';
import { hintForWhole } from './bind-comparison.ts';
import { requireFreeAlias } from './bind-compute.ts';
import { bindBoolean, bindOperand, bindValue } from './bind-expression.ts';
import { bindOrderByIn } from './bind-order-by.ts';
import { bindPropertyPath } from './bind-property-path.ts';
import { type BindContext, type BindScope, createContext, refusal } from './bind-scope.ts';
import { bindSearchIn } from './bind-search.ts';
import { doubleType, int64Type, typeOf } from './bound.ts';
import { classOfValue, describeOperand, type TypeClass, type ValueOperand } from './operand.ts';

/** A bound $apply, and the names options after it may use. */
export interface BoundApply {
  readonly steps: readonly ApplyStep[];
  /** What result rows are made of, in order; undefined while they are whole entities. */
  readonly columns: readonly ApplyColumn[] | undefined;
  /** What compute() gave whole entities beside their own properties; empty once rows are columns. */
  readonly added: readonly ApplyColumn[];
}

/** Binds $apply; throws as bindFilter does, expressionSyntax for a taken alias, optionUnsupported for what is not built. */
export function bindApply(transformations: readonly Transformation[], scope: BindScope): BoundApply {
  const context = createContext(scope);
  const start: BoundApply = { steps: [], columns: scope.columns, added: scope.added ?? [] };
  requireFewReads(context, transformations);
  return bindSequence(context, start, transformations);
}

function bindSequence(
  context: BindContext,
  start: BoundApply,
  transformations: readonly Transformation[],
): BoundApply {
  return transformations.reduce((before, transformation) => bindStep(context, before, transformation), start);
}

function bindStep(context: BindContext, before: BoundApply, node: Transformation): BoundApply {
  const here = contextOf(context, before);
  switch (node.kind) {
    case 'identity':
      return before;
    case 'filter':
      return append(before, { kind: 'filter', filter: bindBoolean(here, node.expression, 'the filter') });
    case 'search':
      if (before.columns !== undefined) {
        throw unsupported(here.source, node.offset, 'search after groupby or aggregate is not supported');
      }
      return append(before, { kind: 'search', search: bindSearchIn(here, node.expression) });
    case 'orderBy': {
      const keys = bindOrderByIn(here, node.items);
      return keys.length === 0 ? before : append(before, { kind: 'orderBy', keys });
    }
    case 'top':
      return append(before, { kind: 'top', rows: node.count });
    case 'skip':
      return append(before, { kind: 'skip', rows: node.count });
    case 'compute':
      return bindComputeStep(here, before, node.items);
    case 'aggregate':
      return group(before, [], bindAggregates(here, before, node.items));
    case 'groupBy':
      return bindGroupBy(here, before, node);
    case 'concat':
      return bindConcat(context, before, node);
    default:
      return unreachable(node);
  }
}

function append(before: BoundApply, step: ApplyStep): BoundApply {
  return { ...before, steps: [...before.steps, step] };
}

/** The names a step may use: those its input has. */
function contextOf(context: BindContext, { columns, added }: BoundApply): BindContext {
  return { ...context, scope: { ...context.scope, columns, added } };
}

function namesOf({ columns, added }: BoundApply): readonly string[] {
  return (columns ?? added).map(({ path }) => path);
}

/** Throws when an alias is taken by a property, by the input or by an earlier item (Data Aggregation 3.1.1). */
function requireFreeAliases(context: BindContext, before: BoundApply, aliases: readonly PathSegment[]): void {
  for (const [index, alias] of aliases.entries()) {
    const earlier = aliases.slice(0, index).map(({ name }) => name);
    requireFreeAlias(context, alias, [...namesOf(before), ...earlier]);
  }
}

function bindComputeStep(
  context: BindContext,
  before: BoundApply,
  items: Extract<Transformation, { readonly kind: 'compute' }>['items'],
): BoundApply {
  requireFreeAliases(
    context,
    before,
    items.map(({ alias }) => alias),
  );
  const computed = items.map(({ alias, expression }) => ({
    alias: alias.name,
    expression: bindValue(context, expression, 'a computed property'),
  }));
  const columns = computed.map(({ alias, expression }): ApplyColumn => {
    return { path: alias, type: typeOf(expression), leaf: undefined, wireType: undefined };
  });
  const after = append(before, { kind: 'compute', computed });
  if (before.columns === undefined) return { ...after, added: [...before.added, ...columns] };
  return { ...after, columns: [...before.columns, ...columns] };
}

/** The rows of a group are its keys and aggregates; everything else is gone. */
function group(
  before: BoundApply,
  keys: readonly ApplyColumn[],
  aggregates: readonly Aggregate[],
): BoundApply {
  const columns = [...keys, ...aggregates.map(columnOf)];
  return { ...append(before, { kind: 'group', keys, aggregates }), columns, added: [] };
}

function columnOf({ alias, method, type }: Aggregate): ApplyColumn {
  const counts = method === 'count' || method === 'countDistinct';
  return { path: alias, type, leaf: undefined, wireType: counts ? 'Edm.Decimal' : undefined };
}

function bindGroupBy(context: BindContext, before: BoundApply, node: GroupByTransformation): BoundApply {
  const keys = bindKeys(context, before, node.paths);
  if (node.transformations === undefined) return group(before, keys, []);
  const transformations = node.transformations.filter(({ kind }) => kind !== 'identity');
  const last = transformations.at(-1);
  const earlier = transformations.slice(0, -1);
  const unbuilt = earlier.find(({ kind }) => kind !== 'compute');
  if (last?.kind !== 'aggregate' || unbuilt !== undefined) {
    throw unsupported(
      context.source,
      (unbuilt ?? last ?? node).offset,
      'inside groupby only compute and one aggregate are supported; other transformations stand before or after it,',
    );
  }
  const computed = bindSequence(context, before, earlier);
  return group(computed, keys, bindAggregates(contextOf(context, computed), computed, last.items));
}

/** Keys once each: a path named twice groups as it does once. */
function bindKeys(
  context: BindContext,
  before: BoundApply,
  paths: readonly PathExpression[],
): readonly ApplyColumn[] {
  const keys = new Map<string, ApplyColumn>();
  for (const path of paths) {
    const key = bindKey(context, before, path);
    keys.set(key.path, key);
  }
  return [...keys.values()];
}

function bindKey(context: BindContext, before: BoundApply, path: PathExpression): ApplyColumn {
  const operand = bindPropertyPath(context, path);
  if (operand.kind === 'value') {
    const { expression } = operand;
    if (expression.kind === 'leaf') {
      return {
        path: expression.leaf.path,
        type: expression.type,
        leaf: expression.leaf,
        wireType: undefined,
      };
    }
    const column = [...(before.columns ?? before.added)].find(
      (candidate) => expression.kind === 'column' && candidate.path === expression.name,
    );
    if (column !== undefined) return column;
  }
  const reason = `'groupby' expected a primitive property, found ${describeOperand(operand)}`;
  throw refusal(context, 'operandTypeMismatch', path.offset, reason, hintForKey(operand));
}

function hintForKey(operand: ReturnType<typeof bindPropertyPath>): string {
  if (operand.kind !== 'complex' || operand.property.type.kind !== 'complex') return '';
  const { name } = operand.property;
  const members = operand.property.type.properties.map((member) => `${name}/${member.name}`);
  return `Group by its members: ${members.join(', ')}.`;
}

function bindAggregates(
  context: BindContext,
  before: BoundApply,
  items: readonly AggregateItem[],
): readonly Aggregate[] {
  requireFreeAliases(
    context,
    before,
    items.map(({ alias }) => alias),
  );
  return items.map((item) =>
    item.kind === 'count' ? bindCount(context, item) : bindAggregate(context, item),
  );
}

function bindCount(
  context: BindContext,
  { path, alias, offset }: Extract<AggregateItem, { kind: 'count' }>,
): Aggregate {
  if (path === undefined) return { alias: alias.name, method: 'count', operand: undefined, type: int64Type };
  throw unsupported(
    context.source,
    offset,
    "a path before '$count as' is not supported; write tags/$count with sum,",
  );
}

const methods: Readonly<Record<AggregateMethod, Aggregate['method']>> = {
  sum: 'sum',
  min: 'min',
  max: 'max',
  average: 'average',
  countdistinct: 'countDistinct',
};

const unordered: readonly TypeClass[] = ['boolean', 'null'];

function bindAggregate(
  context: BindContext,
  { alias, expression, method }: Extract<AggregateItem, { kind: 'value' }>,
): Aggregate {
  const subject = `'with ${method}'`;
  const operand = bindOperand(context, expression);
  if (operand.kind !== 'value')
    throw mismatch(context, operand, subject, 'a primitive value', hintForWhole(context, operand));
  requireStorable(context, operand);
  const base = { alias: alias.name, method: methods[method], operand: operand.expression };
  switch (method) {
    case 'countdistinct':
      return { ...base, type: int64Type };
    case 'min':
    case 'max':
      if (!unordered.includes(classOfValue(operand.expression)))
        return { ...base, type: typeOf(operand.expression) };
      throw mismatch(context, operand, subject, 'text, a number or a time');
    case 'sum':
    case 'average':
      // Sums of whole numbers may leave 64 bits, where engines fail; doubles do not.
      return {
        ...base,
        operand: convert(context, requireNumber(context, operand, subject), doubleType),
        type: doubleType,
      };
    default:
      return unreachable(method);
  }
}

function requireNumber(context: BindContext, operand: ValueOperand, subject: string): ValueOperand {
  const typeClass = classOfValue(operand.expression);
  if (typeClass === 'integer' || typeClass === 'double') return operand;
  throw mismatch(context, operand, subject, 'a number', hintFor(context, operand, doubleType));
}

function bindConcat(context: BindContext, before: BoundApply, node: ConcatTransformation): BoundApply {
  const branches = node.branches.map((branch) => bindBranch(context, before, node, branch));
  const columns = branches.reduce<readonly ApplyColumn[]>(
    (merged, branch) => mergeColumns(context, node, merged, branch.columns),
    [],
  );
  const step: ApplyStep = { kind: 'concat', branches: branches.map(({ steps }) => steps), columns };
  return { ...append(before, step), columns, added: [] };
}

/** Whole entities and grouped rows have no columns in common to be listed under. */
function bindBranch(
  context: BindContext,
  before: BoundApply,
  node: ConcatTransformation,
  branch: readonly Transformation[],
): BoundApply & { readonly columns: readonly ApplyColumn[] } {
  const bound = bindSequence(context, { ...before, steps: [] }, branch);
  const { columns } = bound;
  if (columns !== undefined) return { ...bound, columns };
  const [first] = branch;
  throw unsupported(
    context.source,
    (first ?? node).offset,
    'concat of whole entities is not supported; each of its sequences needs groupby or aggregate,',
  );
}

function mergeColumns(
  context: BindContext,
  span: Span,
  merged: readonly ApplyColumn[],
  next: readonly ApplyColumn[],
): readonly ApplyColumn[] {
  const added = next.filter(({ path }) => !merged.some((column) => column.path === path));
  const conflict = next.find((column) =>
    merged.some(
      ({ path, type }) => path === column.path && JSON.stringify(type) !== JSON.stringify(column.type),
    ),
  );
  if (conflict === undefined) return [...merged, ...added];
  const reason = `'concat' expected one type for '${conflict.path}' in all its sequences, found several`;
  throw refusal(context, 'operandTypeMismatch', span.offset, reason);
}

/** Each branch of a concat reads its input again, and each concat after it reads all of that: bounded together. */
function requireFewReads(context: BindContext, transformations: readonly Transformation[]): void {
  const reads = readsOf(transformations);
  if (reads <= limits.concatBranchesMax) return;
  throw tooComplex(
    context.source,
    0,
    `more than ${limits.concatBranchesMax} sequences of concat, multiplied,`,
  );
}

function readsOf(transformations: readonly Transformation[]): number {
  return transformations.reduce((product, node) => {
    if (node.kind === 'groupBy') return product * readsOf(node.transformations ?? []);
    if (node.kind !== 'concat') return product;
    return product * node.branches.reduce((sum, branch) => sum + readsOf(branch), 0);
  }, 1);
}
