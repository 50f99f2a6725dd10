/** `eq ne gt ge lt le`, `in` and `has`: each side in the same type, literals finer than stored values made exact. */
import type { EnumType } from '../edm/types.ts';
import { assert } from '../errors.ts';
import type { ComparisonOperator, DecimalLiteral, DoubleLiteral, Literal, Span } from '../language/ast.ts';
import {
  canBecome,
  convert,
  expectedName,
  hintFor,
  mismatch,
  requireStorable,
  textOf,
  unify,
} from './bind-coercion.ts';
import { constant, enumMask, falseConstant, restOf, trueConstant } from './bind-literal.ts';
import { type BindContext, refusal } from './bind-scope.ts';
import { bindTypeName } from './bind-type-name.ts';
import {
  type BoundExpression,
  type Comparison,
  type Constant,
  type ConstantValue,
  stringType,
  typeOf,
  type ValueType,
} from './bound.ts';
import {
  type CollectionOperand,
  type ComplexOperand,
  computedValue,
  isNull,
  nullConstant,
  type Operand,
  type ValueOperand,
} from './operand.ts';

/** The operator that means the same with its sides exchanged. */
const mirrored: Readonly<Record<ComparisonOperator, ComparisonOperator>> = {
  eq: 'eq',
  ne: 'ne',
  gt: 'lt',
  ge: 'le',
  lt: 'gt',
  le: 'ge',
};

/** Binds a comparison; throws operandTypeMismatch when the sides have no type in common. */
export function bindComparison(
  context: BindContext,
  operator: ComparisonOperator,
  left: Operand,
  right: Operand,
): BoundExpression {
  if (left.kind === 'value' && right.kind === 'value') return compareValues(context, operator, left, right);
  if (left.kind === 'complex') return compareComplex(context, operator, left, right);
  if (right.kind === 'complex') return compareComplex(context, operator, right, left);
  const fault = left.kind === 'value' ? right : left;
  throw mismatch(context, fault, `'${operator}'`, 'a primitive value', hintForWhole(context, fault));
}

/** What to write instead of a collection or `$it`, where a value is wanted. */
export function hintForWhole(context: BindContext, operand: Operand): string {
  if (operand.kind === 'collection') {
    const path = textOf(context, operand);
    return `To test its items, write ${path}/any(x:x eq 'a') or 'a' in ${path}; to count them, ${path}/$count.`;
  }
  if (operand.kind === 'complex')
    return `Use one of its members, such as ${textOf(context, operand)}/${memberOf(operand)}.`;
  if (operand.kind === 'list') return "A list stands on the right of 'in' only.";
  return '';
}

function memberOf({ property }: ComplexOperand): string {
  return property.type.kind === 'complex' ? (property.type.properties[0]?.name ?? '') : '';
}

function compareComplex(
  context: BindContext,
  operator: ComparisonOperator,
  complex: ComplexOperand,
  other: Operand,
): BoundExpression {
  const hint = hintForWhole(context, complex);
  if (operator !== 'eq' && operator !== 'ne')
    throw mismatch(context, complex, `'${operator}'`, 'a primitive value', hint);
  if (other.kind !== 'value' || !isNull(other.expression))
    throw mismatch(context, other, `'${operator}'`, 'null', hint);
  const test: BoundExpression = { kind: 'complexIsNull', property: complex.property };
  return operator === 'eq' ? test : { kind: 'not', operand: test };
}

function compareValues(
  context: BindContext,
  operator: ComparisonOperator,
  left: ValueOperand,
  right: ValueOperand,
): BoundExpression {
  const { type } = unify([left, right]);
  if (type === undefined) throw comparisonMismatch(context, operator, left, right);
  const sides: Sides = {
    operator,
    left: convert(context, left, type),
    right: convert(context, right, type),
    leftRest: restOf(left.literal),
    rightRest: restOf(right.literal),
  };
  return (
    compareFinely(sides) ??
    compareWithoutLimit(sides) ??
    compareWithSentinel(type, sides) ??
    comparison(sides)
  );
}

/** Names the side that was written down, as that is the one to change. */
function comparisonMismatch(
  context: BindContext,
  operator: ComparisonOperator,
  left: ValueOperand,
  right: ValueOperand,
) {
  const [fault, other] =
    left.literal !== undefined && right.literal === undefined ? [left, right] : [right, left];
  const expected = typeOf(other.expression);
  const hint = hintFor(context, fault, expected);
  return mismatch(
    context,
    fault,
    `'${operator}'`,
    expectedName(expected),
    hintForNumber(context, fault, other) || hint,
  );
}

/** `riskScore gt 5`: text that looks like a number is compared as text or read as a number, by choice. */
function hintForNumber(context: BindContext, { literal }: ValueOperand, other: ValueOperand): string {
  const number =
    literal?.type === 'integer'
      ? String(literal.value)
      : literal !== undefined && isReal(literal)
        ? literal.text
        : '';
  if (number === '' || !canBecome(other, stringType)) return '';
  return `To compare numbers, write cast(${textOf(context, other)},Edm.Decimal); to compare text, write '${number}'.`;
}

function isReal(literal: Literal): literal is DecimalLiteral | DoubleLiteral {
  return literal.type === 'decimal' || literal.type === 'double';
}

/** A comparison whose sides have one type, and what their literals add to whole ticks. */
interface Sides extends Pick<Comparison, 'operator' | 'left' | 'right'> {
  readonly leftRest: number;
  readonly rightRest: number;
}

function comparison({ operator, left, right }: Sides): Comparison {
  return { kind: 'comparison', operator, left, right };
}

function mirror({ operator, left, right, leftRest, rightRest }: Sides): Sides {
  return { operator: mirrored[operator], left: right, right: left, leftRest: rightRest, rightRest: leftRest };
}

/**
 * A literal finer than 100 ns equals no stored value and lies between two of them: `x ge t.5` is `x gt t`,
 * `x lt t.5` is `x le t`. All of these are as false for a null `x` as the original.
 */
function compareFinely(sides: Sides): BoundExpression | undefined {
  const { operator, left, right, leftRest, rightRest } = sides;
  if (leftRest === 0 && rightRest === 0) return undefined;
  if (left.kind === 'constant' && right.kind === 'constant') return compareConstants(sides);
  if (leftRest !== 0) return compareFinely(mirror(sides));
  switch (operator) {
    case 'eq':
      return falseConstant;
    case 'ne':
      return trueConstant;
    default:
      return comparison({ ...sides, operator: operator === 'gt' || operator === 'ge' ? 'gt' : 'le' });
  }
}

function compareConstants({ operator, left, right, leftRest, rightRest }: Sides): Constant {
  assert(left.kind === 'constant' && right.kind === 'constant', 'two constants');
  if (left.value === null || right.value === null) return operator === 'ne' ? trueConstant : falseConstant;
  const difference = left.value === right.value ? leftRest - rightRest : left.value < right.value ? -1 : 1;
  return holds(operator, difference) ? trueConstant : falseConstant;
}

function holds(operator: ComparisonOperator, difference: number): boolean {
  switch (operator) {
    case 'eq':
      return difference === 0;
    case 'ne':
      return difference !== 0;
    case 'gt':
      return difference > 0;
    case 'ge':
      return difference >= 0;
    case 'lt':
      return difference < 0;
    case 'le':
      return difference <= 0;
  }
}

/** INF and NaN exist in questions only: no engine is asked to hold them. */
function compareWithoutLimit(sides: Sides): BoundExpression | undefined {
  const { operator, left, right } = sides;
  if (!isLimitless(right)) return isLimitless(left) ? compareWithoutLimit(mirror(sides)) : undefined;
  if (left.kind === 'constant') return compareNumbers(operator, left.value, right.value);
  const isAbove = right.value === Number.POSITIVE_INFINITY;
  const isBelow = right.value === Number.NEGATIVE_INFINITY;
  const isAlwaysTrue =
    (isAbove && (operator === 'lt' || operator === 'le')) ||
    (isBelow && (operator === 'gt' || operator === 'ge'));
  if (isAlwaysTrue) return { kind: 'comparison', operator: 'ne', left, right: nullConstant };
  return operator === 'ne' ? trueConstant : falseConstant;
}

function isLimitless(expression: BoundExpression): expression is Constant & { readonly value: number } {
  return (
    expression.kind === 'constant' &&
    typeof expression.value === 'number' &&
    !Number.isFinite(expression.value)
  );
}

function compareNumbers(operator: ComparisonOperator, left: ConstantValue, right: number): Constant {
  // NaN compares with nothing, itself included (IEEE 754); null with no value.
  if (typeof left !== 'number' || Number.isNaN(left) || Number.isNaN(right)) {
    return operator === 'ne' ? trueConstant : falseConstant;
  }
  const difference = left === right ? 0 : left < right ? -1 : 1;
  return holds(operator, difference) ? trueConstant : falseConstant;
}

/** `eq 'unknownFutureValue'` stands for every member from the sentinel on (protocol digest 1.4). */
function compareWithSentinel(type: ValueType, sides: Sides): BoundExpression | undefined {
  const { operator, left, right } = sides;
  if (type.kind !== 'enum' || (operator !== 'eq' && operator !== 'ne')) return undefined;
  if (!isSentinel(type, right))
    return isSentinel(type, left) ? compareWithSentinel(type, mirror(sides)) : undefined;
  const isFuture: BoundExpression = { kind: 'comparison', operator: 'ge', left, right };
  return operator === 'eq' ? isFuture : { kind: 'not', operand: isFuture };
}

function isSentinel(type: EnumType, expression: BoundExpression): boolean {
  return expression.kind === 'constant' && expression.value === BigInt(type.sentinel.value);
}

/** Binds `operand in (items)`; never null. */
export function bindInList(
  context: BindContext,
  operand: Operand,
  items: readonly ValueOperand[],
): BoundExpression {
  if (operand.kind !== 'value')
    throw mismatch(context, operand, "'in'", 'a primitive value', hintForWhole(context, operand));
  requireStorable(context, operand);
  const common = unify([operand, ...items]);
  if (common.type === undefined) {
    const { fault, expected } = common;
    const hint = hintForNumber(context, fault, operand) || hintFor(context, fault, expected);
    throw mismatch(context, fault, "'in'", expectedName(expected), hint);
  }
  const { type } = common;
  const constants = items.filter(isAttainable).map((item) => convertConstant(context, item, type));
  return inList(type, convert(context, operand, type), constants);
}

/** Whether a stored value can equal an item. */
function isAttainable({ expression, literal }: ValueOperand): boolean {
  return restOf(literal) === 0 && !isLimitless(expression);
}

function convertConstant(context: BindContext, item: ValueOperand, type: ValueType): Constant {
  const converted = convert(context, item, type);
  assert(converted.kind === 'constant', 'a literal becomes a constant');
  return converted;
}

function inList(type: ValueType, operand: BoundExpression, items: readonly Constant[]): BoundExpression {
  if (items.length === 0) return falseConstant;
  const sentinel = type.kind === 'enum' ? items.find((item) => isSentinel(type, item)) : undefined;
  if (sentinel === undefined) return { kind: 'inList', operand, items };
  const known = items.filter(({ value }) => value !== sentinel.value);
  const isFuture: BoundExpression = { kind: 'comparison', operator: 'ge', left: operand, right: sentinel };
  return known.length === 0
    ? isFuture
    : { kind: 'or', operands: [{ kind: 'inList', operand, items: known }, isFuture] };
}

/** Binds `operand in tags`; never null. */
export function bindInCollection(
  context: BindContext,
  operand: Operand,
  { property }: CollectionOperand,
): BoundExpression {
  assert(property.type.kind === 'collection', `${property.name} is a collection`);
  const { item } = property.type;
  if (operand.kind !== 'value')
    throw mismatch(context, operand, "'in'", item.name, hintForWhole(context, operand));
  requireStorable(context, operand);
  if (!canBecome(operand, item))
    throw mismatch(context, operand, "'in'", item.name, hintFor(context, operand, item));
  return { kind: 'inCollection', operand: convert(context, operand, item), property };
}

/** Binds `left has literal`; null where `left` is. */
export function bindHas(
  context: BindContext,
  left: Operand,
  right: Span,
  literal: Literal | undefined,
): BoundExpression {
  const type = left.kind === 'value' ? typeOf(left.expression) : undefined;
  if (type?.kind === 'null') return nullConstant;
  if (left.kind !== 'value' || type?.kind !== 'enum')
    throw mismatch(context, left, "'has'", 'an enumeration');
  const mask = literal === undefined ? undefined : maskOf(context, type, literal, right);
  if (mask === undefined) {
    const found = computedValue(right, constant(stringType, ''));
    const reason = `'has' expected a member of ${type.name}, found ${textOf(context, found)}`;
    throw refusal(context, 'operandTypeMismatch', right.offset, reason, `Members are ${memberNames(type)}.`);
  }
  return { kind: 'has', operand: left.expression, mask };
}

function maskOf(context: BindContext, type: EnumType, literal: Literal, span: Span): bigint | undefined {
  if (literal.type === 'enum' && bindTypeName(context, { ...span, name: literal.typeName }) !== type)
    return undefined;
  return enumMask(context, type, literal, span);
}

function memberNames({ members }: EnumType): string {
  return members.map(({ name }) => name).join(', ');
}
