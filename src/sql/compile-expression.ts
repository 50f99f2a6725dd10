/**
 * Bound expressions → SQL, in two spellings by position. Where null and false both drop the row (a condition), the
 * plain operators do, which indexes serve; where the value itself counts (under `not`, as an operand), the spelling
 * is exact in all three values.
 */
import type { Property } from '../edm/types.ts';
import { ServiceError, unreachable } from '../errors.ts';
import {
  type BoundExpression,
  booleanType,
  type Call,
  type Case,
  type Comparison,
  type Has,
  type InCollection,
  type InList,
  type ItemCount,
  int64Type,
  type Junction,
  type Quantifier,
  typeOf,
} from '../plan/bound.ts';
import type { Operand } from './dialect.ts';
import { findIndexedText } from './indexed-text.ts';
import { correlateItems, isAboutItemAlone, isSelective, itemAlias, itemsOfTenant } from './items.ts';
import { always, combine, never } from './logic.ts';
import { isNullable, isNullLiteral } from './nullability.ts';
import { prefixRange } from './prefix-range.ts';
import { entityOf, type Scope } from './scope.ts';
import { type Fragment, identifier, join, sql } from './statement.ts';

/** A condition that holds exactly where the expression is true; false and null are not told apart. */
export function compileCondition(expression: BoundExpression, scope: Scope): Fragment {
  return bounded(condition(expression, scope));
}

/** The value of the expression, null included. */
export function compileValue(expression: BoundExpression, scope: Scope): Fragment {
  return bounded(value(expression, scope));
}

/** The value with its type, as the dialect wants its operands. */
export function compileOperand(expression: BoundExpression, scope: Scope): Operand {
  return { fragment: compileValue(expression, scope), type: typeOf(expression) };
}

/** Longest SQL of one expression: spellings that repeat an operand double with each nesting. */
const expressionCharactersMax = 100_000;

function bounded(fragment: Fragment): Fragment {
  const characters = fragment.texts.reduce((sum, { length }) => sum + length, 0);
  if (characters <= expressionCharactersMax) return fragment;
  throw new ServiceError('queryTooComplex', 'The query is too complex. Ask with fewer nested expressions.');
}

function condition(expression: BoundExpression, scope: Scope): Fragment {
  switch (expression.kind) {
    case 'constant':
      return expression.value === true ? always : never;
    case 'and':
    case 'or':
      return combine(
        expression.kind,
        operandsOf(expression).map((operand) => compileCondition(operand, scope)),
      );
    case 'comparison':
      return compare(expression, scope, 'condition');
    case 'inList':
      return isAmong(expression, scope, 'condition');
    case 'call':
      return conditionOfCall(expression, scope);
    case 'quantifier':
      return quantify(expression, scope);
    default:
      return compileValue(expression, scope);
  }
}

/** The operands of a chain, those of equal operators inside it included. */
function operandsOf({ kind, operands }: Junction): readonly BoundExpression[] {
  return operands.flatMap((operand) => (operand.kind === kind ? operandsOf(operand) : [operand]));
}

function value(expression: BoundExpression, scope: Scope): Fragment {
  const { dialect } = scope;
  // Of no type there is no value but null, and the bare word takes the type its place wants.
  if (typeOf(expression).kind === 'null') return sql`null`;
  switch (expression.kind) {
    case 'constant':
      return dialect.constant(expression.value, expression.type);
    case 'leaf':
      return scope.leaf(expression.leaf);
    case 'column':
      return scope.column(expression.name);
    case 'item':
      return sql`${identifier(itemAlias(expression.depth))}."value"`;
    case 'complexIsNull':
      return sql`(${entityOf(scope).presence(expression.property)} = 0)`;
    case 'itemCount':
      return countItems(expression, scope);
    case 'quantifier':
      return quantify(expression, scope);
    case 'call':
      return call(expression, scope);
    case 'cast':
      return dialect.cast(compileOperand(expression.operand, scope), expression.type);
    case 'case':
      return branch(expression, scope);
    case 'comparison':
      return compare(expression, scope, 'value');
    case 'inList':
      return isAmong(expression, scope, 'value');
    case 'inCollection':
      return isItem(expression, scope);
    case 'has':
      return hasBits(expression, scope);
    case 'arithmetic':
      return dialect.arithmetic(
        expression.operator,
        expression.type,
        compileOperand(expression.left, scope),
        compileOperand(expression.right, scope),
      );
    case 'negate':
      return dialect.negate(compileOperand(expression.operand, scope));
    case 'not':
      return sql`(not ${compileValue(expression.operand, scope)})`;
    case 'and':
    case 'or':
      return combine(
        expression.kind,
        operandsOf(expression).map((operand) => compileValue(operand, scope)),
      );
    default:
      return unreachable(expression);
  }
}

// Comparisons (URL Conventions 5.1.1.1).

type Position = 'condition' | 'value';
type Operator = Comparison['operator'];

function compare(comparison: Comparison, scope: Scope, position: Position): Fragment {
  const { operator, left, right } = comparison;
  if (isNullLiteral(left)) return compareWithNull(mirrored[operator], right, scope);
  if (isNullLiteral(right)) return compareWithNull(operator, left, scope);
  const leftNullable = isNullable(left, scope);
  const rightNullable = isNullable(right, scope);
  const [a, b] = [compileValue(left, scope), compileValue(right, scope)];
  const plain = sql`(${a} ${operators[operator]} ${b})`;
  if (!leftNullable && !rightNullable) return plain;
  const bothNullable = leftNullable && rightNullable;
  switch (operator) {
    case 'eq':
      return position === 'condition' && !bothNullable ? plain : scope.dialect.isSame(a, b);
    case 'ne':
      return scope.dialect.isDifferent(a, b);
    case 'gt':
    case 'lt':
      return position === 'condition' ? plain : isTrue(plain);
    case 'ge':
    case 'le': {
      const holds = position === 'condition' ? plain : isTrue(plain);
      return bothNullable ? sql`(${holds} or (${a} is null and ${b} is null))` : holds;
    }
  }
}

const operators: Readonly<Record<Operator, Fragment>> = {
  eq: sql`=`,
  ne: sql`<>`,
  gt: sql`>`,
  ge: sql`>=`,
  lt: sql`<`,
  le: sql`<=`,
};

/** The operator that says the same with its sides exchanged. */
const mirrored: Readonly<Record<Operator, Operator>> = {
  eq: 'eq',
  ne: 'ne',
  gt: 'lt',
  ge: 'le',
  lt: 'gt',
  le: 'ge',
};

/** Exactly one null is unequal and in no order; two nulls are equal, so `ge` and `le` hold. */
function compareWithNull(operator: Operator, operand: BoundExpression, scope: Scope): Fragment {
  if (operator === 'gt' || operator === 'lt') return never;
  const negative = operator === 'ne';
  if (isNullLiteral(operand)) return negative ? never : always;
  if (!isNullable(operand, scope)) return negative ? always : never;
  const tested = compileValue(operand, scope);
  return negative ? sql`(${tested} is not null)` : sql`(${tested} is null)`;
}

const isTrue = (tested: Fragment): Fragment => sql`(${tested} is true)`;

function isAmong({ operand, items }: InList, scope: Scope, position: Position): Fragment {
  const hasNull = items.some((item) => item.value === null);
  if (isNullLiteral(operand)) return hasNull ? always : never;
  const tested = compileValue(operand, scope);
  const nullable = isNullable(operand, scope);
  const values = items.filter((item) => item.value !== null).map((item) => compileValue(item, scope));
  const tests: Fragment[] = [];
  if (values.length > 0) {
    const among = sql`(${tested} in (${join(values, ', ')}))`;
    tests.push(nullable && position === 'value' ? isTrue(among) : among);
  }
  if (hasNull && nullable) tests.push(sql`(${tested} is null)`);
  return tests.length === 0 ? never : combine('or', tests);
}

function hasBits({ operand, mask }: Has, scope: Scope): Fragment {
  const bits = scope.dialect.constant(mask, int64Type);
  return sql`((${compileValue(operand, scope)} & ${bits}) = ${bits})`;
}

function branch({ branches, type }: Case, scope: Scope): Fragment {
  // The bare null would leave the type of the whole open.
  const branchValue = (each: BoundExpression) =>
    typeOf(each).kind === 'null' ? scope.dialect.constant(null, type) : compileValue(each, scope);
  const cases = branches.map(
    (each) => sql`when ${compileCondition(each.condition, scope)} then ${branchValue(each.value)}`,
  );
  return sql`(case ${join(cases, ' ')} end)`;
}

// Functions.

function call(expression: Call, scope: Scope): Fragment {
  const [text, prefix] = expression.arguments;
  // A range of a column is what its index serves, and cheaper than a call anyway.
  if (expression.function === 'startswith' && (text?.kind === 'leaf' || text?.kind === 'item')) {
    const start = prefix?.kind === 'constant' ? prefix.value : undefined;
    if (typeof start === 'string') return prefixRange(compileValue(text, scope), start);
  }
  if (expression.function === 'matchespattern') return matches(expression, scope);
  const parameters = expression.arguments.map((argument) => parameterOf(argument, expression, scope));
  return scope.dialect.functions[expression.function](...parameters);
}

function matches({ arguments: [text, pattern] }: Call, scope: Scope): Fragment {
  if (text === undefined || pattern?.kind !== 'constant') throw new Error('a pattern is written down');
  if (typeof pattern.value !== 'string') return scope.dialect.constant(null, booleanType);
  return scope.dialect.matches(compileValue(text, scope), pattern.value);
}

/** Parts of a date are asked of an instant: a date stands for its midnight. */
function parameterOf(argument: BoundExpression, expression: Call, scope: Scope): Fragment {
  const type = typeOf(argument);
  const isDate = type.kind === 'primitive' && type.name === 'Edm.Date';
  const takesInstant = ['year', 'month', 'day', 'date'].includes(expression.function);
  const parameter = compileValue(argument, scope);
  return isDate && takesInstant ? sql`(${parameter} * 864000000000)` : parameter;
}

/** A test of a text whose index narrows the rows down before each is tested. */
function conditionOfCall(expression: Call, scope: Scope): Fragment {
  const exact = compileValue(expression, scope);
  const selection = scope.usesSelections ? selectByText(expression, scope) : undefined;
  return selection === undefined ? exact : combine('and', [isSelected(selection, scope), exact]);
}

function selectByText(expression: Call, { dialect, entity }: Scope): Fragment | undefined {
  const found = findIndexedText(expression);
  if (found === undefined || entity === undefined) return undefined;
  return dialect.textIndexes.selectContaining(entity, found.leaf, found.part);
}

// Selections: subqueries that find rows by an index of their own.

/** Whether the row is among those whose keys a subquery selects. */
export const isSelected = (selection: Fragment, scope: Scope): Fragment =>
  sql`(${entityOf(scope).rowKey} in (${selection}))`;

/** Selections each of which all rows for which the condition holds are in. */
export function selectionsOf(expression: BoundExpression, scope: Scope): readonly Fragment[] {
  switch (expression.kind) {
    case 'and':
      return expression.operands.flatMap((operand) => selectionsOf(operand, scope));
    case 'call':
      return [selectByText(expression, scope)].filter((selection) => selection !== undefined);
    case 'quantifier':
      return [selectByItem(expression, scope)].filter((selection) => selection !== undefined);
    case 'inCollection':
      return [selectByMembership(expression, scope)].filter((selection) => selection !== undefined);
    default:
      return [];
  }
}

// Collections.

function countItems({ property }: ItemCount, scope: Scope): Fragment {
  const alias = itemAlias(0);
  return sql`(select count(*) from ${correlateItems(property, alias, scope)})`;
}

function quantify(expression: Quantifier, scope: Scope): Fragment {
  const { operator, property, predicate, depth } = expression;
  const alias = itemAlias(depth);
  const items = correlateItems(property, alias, scope);
  if (predicate === undefined) return sql`exists (select 1 from ${items})`;
  if (operator === 'all') {
    // An item for which the predicate is null is one for which it is not true.
    return sql`(not exists (select 1 from ${items} and ${compileValue(predicate, scope)} is not true))`;
  }
  const selection = scope.usesSelections ? selectByItem(expression, scope) : undefined;
  if (selection !== undefined) return isSelected(selection, scope);
  return sql`exists (select 1 from ${items} and ${compileCondition(predicate, scope)})`;
}

/** The rows with an item of which an index knows that it passes. */
function selectByItem(
  { operator, property, predicate, depth }: Quantifier,
  scope: Scope,
): Fragment | undefined {
  if (operator === 'all' || predicate === undefined) return undefined;
  if (!isAboutItemAlone(predicate, depth) || !isSelective(predicate, depth)) return undefined;
  return selectItems(property, itemAlias(depth), compileCondition(predicate, scope), scope);
}

function selectItems(property: Property, alias: string, holds: Fragment, scope: Scope): Fragment {
  const key = sql`${identifier(alias)}.${identifier(scope.dialect.rowKey)}`;
  return sql`select ${key} from ${itemsOfTenant(property, alias, scope)} and ${holds}`;
}

function isItem(expression: InCollection, scope: Scope): Fragment {
  const { operand, property } = expression;
  // Items are never null.
  if (isNullLiteral(operand)) return never;
  const selection = scope.usesSelections ? selectByMembership(expression, scope) : undefined;
  if (selection !== undefined) return isSelected(selection, scope);
  const alias = itemAlias('in');
  return sql`exists (select 1 from ${correlateItems(property, alias, scope)} and ${isOperand(operand, scope)})`;
}

function selectByMembership({ operand, property }: InCollection, scope: Scope): Fragment | undefined {
  if (operand.kind !== 'constant' || operand.value === null) return undefined;
  return selectItems(property, itemAlias('in'), isOperand(operand, scope), scope);
}

const isOperand = (operand: BoundExpression, scope: Scope): Fragment =>
  sql`(${identifier(itemAlias('in'))}."value" = ${compileValue(operand, scope)})`;
