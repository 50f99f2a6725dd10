/** How values of different types meet: numbers and dates are promoted, literals take the type of the other side. */
import { qualifiedName } from '../edm/types.ts';
import { assert, quoteForMessage, type ServiceError } from '../errors.ts';
import { constant, enumConstant, guidConstant, restOf, ticksPerDay } from './bind-literal.ts';
import { type BindContext, refusal } from './bind-scope.ts';
import { type BoundExpression, typeOf, type ValueType } from './bound.ts';
import {
  classOf,
  classOfValue,
  describeOperand,
  nullConstant,
  type Operand,
  typeName,
  type ValueOperand,
} from './operand.ts';

/** Whether a value has a type, or takes it without losing anything. */
export function canBecome(value: ValueOperand, target: ValueType): boolean {
  const type = typeOf(value.expression);
  const from = classOf(type);
  const to = classOf(target);
  if (from === 'null') return true;
  if (type.kind === 'enum' && target.kind === 'enum') return qualifiedName(type) === qualifiedName(target);
  if (from === to) return true;
  if (from === 'integer' && to === 'double') return true;
  // The specification has no such comparison; clients write it (protocol digest 4.3).
  if (from === 'date' && to === 'dateTimeOffset') return true;
  return literalCanBecome(value, target);
}

function literalCanBecome({ literal }: ValueOperand, target: ValueType): boolean {
  switch (classOf(target)) {
    case 'enum':
      return literal?.type === 'string' || literal?.type === 'integer';
    case 'string':
      return literal?.type === 'guid';
    case 'guid':
      return literal?.type === 'string' && guidConstant(literal.value) !== undefined;
    default:
      return false;
  }
}

/** A value in a type it can become. */
export function convert(context: BindContext, value: ValueOperand, target: ValueType): BoundExpression {
  const { expression, literal } = value;
  const from = classOfValue(expression);
  const to = classOf(target);
  if (from === 'null') return nullConstant;
  if (from === to) return expression;
  if (expression.kind === 'constant') {
    const { value: content } = expression;
    if (to === 'double' && typeof content === 'bigint') return constant(target, Number(content));
    if (to === 'dateTimeOffset' && typeof content === 'bigint')
      return constant(target, content * ticksPerDay);
    if (to === 'string') return constant(target, content);
    if (to === 'guid' && typeof content === 'string') return guidConstant(content) ?? nullConstant;
  }
  if (target.kind === 'enum' && literal !== undefined) {
    const member = enumConstant(context, target, literal, value);
    if (member !== undefined) return member;
  }
  assert(
    target.kind === 'primitive' && (to === 'double' || to === 'dateTimeOffset'),
    `no way from ${from} to ${to}`,
  );
  return { kind: 'cast', type: target, operand: expression };
}

/** The type several values share, or the first value that does not fit those before it. */
export function unify(
  values: readonly ValueOperand[],
):
  | { readonly type: ValueType }
  | { readonly type: undefined; readonly fault: ValueOperand; readonly expected: ValueType } {
  let type: ValueType = nullConstant.type;
  for (const [index, value] of values.entries()) {
    if (type.kind !== 'null' && canBecome(value, type)) continue;
    const next = typeOf(value.expression);
    const earlier = values.slice(0, index);
    if (!earlier.every((candidate) => canBecome(candidate, next)))
      return { type: undefined, fault: value, expected: type };
    type = next;
  }
  return { type };
}

/** Refuses what only comparisons can take: instants finer than stored ones, INF and NaN. */
export function requireStorable(context: BindContext, value: ValueOperand): void {
  const { expression, literal, offset } = value;
  if (restOf(literal) !== 0) {
    const reason = 'expected at most 7 fractional digits outside a comparison, found more';
    throw refusal(context, 'operandTypeMismatch', offset, reason);
  }
  if (
    expression.kind !== 'constant' ||
    typeof expression.value !== 'number' ||
    Number.isFinite(expression.value)
  )
    return;
  throw refusal(
    context,
    'operandTypeMismatch',
    offset,
    'expected a finite number outside a comparison, found INF or NaN',
  );
}

/** The refusal of an operand whose type does not suit; `subject` says whose operand it is. */
export function mismatch(
  context: BindContext,
  found: Operand,
  subject: string,
  expected: string,
  hint = '',
): ServiceError {
  const reason = `${subject} expected ${expected}, found ${describeOperand(found)}`;
  return refusal(context, 'operandTypeMismatch', found.offset, reason, hint);
}

const datePattern = /^\d{4}-\d\d-\d\d(?:T\d\d:\d\d(?::\d\d(?:\.\d{1,12})?)?(?:Z|[-+]\d\d:\d\d))?$/i;
const numberPattern = /^-?\d+(?:\.\d+)?$/;
const timePattern = /^\d\d:\d\d(?::\d\d(?:\.\d{1,12})?)?$/;

/** What to write instead of `found`, where `expected` is the type of what it met. */
export function hintFor(context: BindContext, found: ValueOperand, expected: ValueType): string {
  const to = classOf(expected);
  if (found.literal?.type === 'string') return hintForText(found.literal.value, to);
  const from = classOfValue(found.expression);
  if (from === 'string' && (to === 'integer' || to === 'double')) {
    return `To read it as a number, write cast(${textOf(context, found)},Edm.Decimal).`;
  }
  if (to === 'string' && from !== 'null') {
    return found.literal === undefined
      ? `Write cast(${textOf(context, found)},Edm.String).`
      : 'Write text in single quotes.';
  }
  return '';
}

function hintForText(text: string, to: ReturnType<typeof classOf>): string {
  const unquoted = `Write ${quoteForMessage(text)} without quotes.`;
  switch (to) {
    case 'boolean':
      return /^(?:true|false)$/i.test(text)
        ? `Write ${text.toLowerCase()} without quotes.`
        : 'Write true or false.';
    case 'date':
    case 'dateTimeOffset':
      return datePattern.test(text)
        ? unquoted
        : 'Write a date-time such as 2021-07-13T00:00:00Z, without quotes.';
    case 'timeOfDay':
      return timePattern.test(text) ? unquoted : 'Write a time such as 13:45:00, without quotes.';
    case 'integer':
    case 'double':
      return numberPattern.test(text) ? unquoted : '';
    case 'duration':
      return "Write a duration such as duration'PT1H'.";
    default:
      return '';
  }
}

/** An operand as the client wrote it, cut for a message. */
export function textOf({ source }: BindContext, { offset, end }: Operand): string {
  return quoteForMessage(source.text.slice(offset, end), 60);
}

/** How a type reads in "expected …": unknown where only null stands. */
export function expectedName(type: ValueType): string {
  return type.kind === 'null' ? 'a value' : typeName(type);
}
