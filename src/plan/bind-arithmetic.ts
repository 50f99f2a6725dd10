/** `add sub mul div divby mod` and unary minus on numbers, instants, dates and durations (URL Conventions 5.1.1.2). */

import type { PrimitiveType } from '../edm/types.ts';
import type { ArithmeticOperator } from '../language/ast.ts';
import { convert, hintFor, mismatch, requireStorable } from './bind-coercion.ts';
import { hintForWhole } from './bind-comparison.ts';
import { type BindContext, refusal } from './bind-scope.ts';
import {
  type Arithmetic,
  type BoundExpression,
  dateTimeOffsetType,
  dateType,
  doubleType,
  durationType,
  int64Type,
  typeOf,
} from './bound.ts';
import {
  classOfValue,
  isNull,
  nullConstant,
  type Operand,
  type TypeClass,
  typeName,
  type ValueOperand,
} from './operand.ts';

const numeric: readonly TypeClass[] = ['integer', 'double'];

/** Binds an arithmetic operator; throws operandTypeMismatch or divisionByZero. */
export function bindArithmetic(
  context: BindContext,
  operator: ArithmeticOperator,
  left: Operand,
  right: Operand,
): BoundExpression {
  const leftValue = requireValue(context, operator, left);
  const rightValue = requireValue(context, operator, right);
  const bound = operate(context, operator, leftValue, rightValue);
  if (bound === undefined) throw arithmeticMismatch(context, operator, leftValue, rightValue);
  return isNull(leftValue.expression) || isNull(rightValue.expression) ? nullConstant : bound;
}

const operandClasses: readonly TypeClass[] = [...numeric, 'dateTimeOffset', 'date', 'duration', 'null'];

function requireValue(context: BindContext, operator: string, operand: Operand): ValueOperand {
  if (operand.kind !== 'value')
    throw mismatch(context, operand, `'${operator}'`, 'a number', hintForWhole(context, operand));
  if (!operandClasses.includes(classOfValue(operand.expression))) {
    const isJoin = operator === 'add' && classOfValue(operand.expression) === 'string';
    const hint = `${hintFor(context, operand, doubleType)}${isJoin ? ' To join text, write concat(a,b).' : ''}`;
    throw mismatch(context, operand, `'${operator}'`, 'a number', hint);
  }
  requireStorable(context, operand);
  return operand;
}

function operate(
  context: BindContext,
  operator: ArithmeticOperator,
  left: ValueOperand,
  right: ValueOperand,
): BoundExpression | undefined {
  const leftClass = classOfValue(left.expression);
  const rightClass = classOfValue(right.expression);
  if (leftClass === 'null' || rightClass === 'null') return nullConstant;
  if (numeric.includes(leftClass) && numeric.includes(rightClass))
    return onNumbers(context, operator, left, right);
  if (operator === 'add' || operator === 'sub') return onTimes(context, operator, left, right);
  return onDuration(context, operator, left, right);
}

/** Whole numbers stay whole, but for `divby`; otherwise both sides are doubles. */
function onNumbers(
  context: BindContext,
  operator: ArithmeticOperator,
  left: ValueOperand,
  right: ValueOperand,
): BoundExpression {
  const isWhole = [left, right].every(({ expression }) => classOfValue(expression) === 'integer');
  const type = isWhole && operator !== 'divby' ? int64Type : doubleType;
  if (type === int64Type) requireDivisor(context, operator, right);
  const kind = operator === 'divby' ? 'div' : operator;
  return arithmetic(kind, type, convert(context, left, type), convert(context, right, type));
}

function requireDivisor(
  context: BindContext,
  operator: ArithmeticOperator,
  { expression, offset }: ValueOperand,
): void {
  const divides = operator === 'div' || operator === 'mod' || operator === 'divby';
  if (!divides || expression.kind !== 'constant' || expression.value !== 0n) return;
  throw refusal(context, 'divisionByZero', offset, `'${operator}' expected a divisor other than 0, found 0`);
}

/** Instants and dates with durations, differences of instants and dates, sums of durations. */
function onTimes(
  context: BindContext,
  operator: 'add' | 'sub',
  left: ValueOperand,
  right: ValueOperand,
): BoundExpression | undefined {
  const leftClass = classOfValue(left.expression);
  const rightClass = classOfValue(right.expression);
  if (rightClass === 'duration') {
    const type = movedTypes[leftClass];
    return type === undefined ? undefined : arithmetic(operator, type, left.expression, right.expression);
  }
  if (leftClass === 'duration' && operator === 'add') return onTimes(context, operator, right, left);
  if (operator === 'add' || !isInstant(leftClass) || !isInstant(rightClass)) return undefined;
  const type = leftClass === rightClass ? typeOf(left.expression) : dateTimeOffsetType;
  return arithmetic('sub', durationType, convert(context, left, type), convert(context, right, type));
}

/** What a duration can be added to; a date is moved as its midnight and cut to a date again. */
const movedTypes: Readonly<Partial<Record<TypeClass, PrimitiveType>>> = {
  duration: durationType,
  dateTimeOffset: dateTimeOffsetType,
  date: dateType,
};

function isInstant(typeClass: TypeClass): boolean {
  return typeClass === 'dateTimeOffset' || typeClass === 'date';
}

/** A duration times or by a number. */
function onDuration(
  context: BindContext,
  operator: ArithmeticOperator,
  left: ValueOperand,
  right: ValueOperand,
): BoundExpression | undefined {
  const isDuration = classOfValue(left.expression) === 'duration';
  if (operator === 'mul' && !isDuration)
    return isNumber(left) ? onDuration(context, operator, right, left) : undefined;
  if (!isDuration || !isNumber(right) || operator === 'mod') return undefined;
  if (operator === 'mul') return arithmetic('mul', durationType, left.expression, right.expression);
  requireDivisor(context, operator, right);
  const divisor = operator === 'divby' ? convert(context, right, doubleType) : right.expression;
  return arithmetic('div', durationType, left.expression, divisor);
}

function isNumber({ expression }: ValueOperand): boolean {
  return numeric.includes(classOfValue(expression));
}

function arithmetic(
  operator: Arithmetic['operator'],
  type: PrimitiveType,
  left: BoundExpression,
  right: BoundExpression,
): BoundExpression {
  return { kind: 'arithmetic', operator, type, left, right };
}

function arithmeticMismatch(
  context: BindContext,
  operator: string,
  left: ValueOperand,
  right: ValueOperand,
): Error {
  const beside = `'${operator}' beside ${typeName(typeOf(left.expression))}`;
  return mismatch(context, right, beside, partnersOf(classOfValue(left.expression), operator));
}

/** What may stand on the right of an operator. */
function partnersOf(left: TypeClass, operator: string): string {
  if (left === 'duration') return operator === 'add' || operator === 'sub' ? 'Edm.Duration' : 'a number';
  if (!isInstant(left)) return 'a number';
  return operator === 'sub' ? 'Edm.Duration or Edm.DateTimeOffset' : 'Edm.Duration';
}

/** Binds `-operand`; throws operandTypeMismatch. */
export function bindNegate(context: BindContext, operand: Operand): BoundExpression {
  const { expression } = requireValue(context, '-', operand);
  switch (classOfValue(expression)) {
    case 'null':
      return nullConstant;
    case 'integer':
      return { kind: 'negate', type: int64Type, operand: expression };
    case 'double':
      return { kind: 'negate', type: doubleType, operand: expression };
    case 'duration':
      return { kind: 'negate', type: durationType, operand: expression };
    default:
      throw mismatch(context, operand, "'-'", 'a number or Edm.Duration');
  }
}
