/** Literals → constants: each in the type its text has, or in the type the other side asks for. */
import type { EnumType } from '../edm/types.ts';
import { didYouMean, quoteForMessage, unreachable } from '../errors.ts';
import type { EnumLiteral, Literal, Span } from '../language/ast.ts';
import { type BindContext, refusal } from './bind-scope.ts';
import { bindTypeName } from './bind-type-name.ts';
import {
  booleanType,
  type Constant,
  type ConstantValue,
  dateTimeOffsetType,
  dateType,
  doubleType,
  durationType,
  int64Type,
  stringType,
  timeOfDayType,
  type ValueType,
} from './bound.ts';
import { nullConstant, type ValueOperand } from './operand.ts';

/** Ticks of 100 ns in one day. */
export const ticksPerDay = 864_000_000_000n;

const picosecondsPerTick = 100_000;

/** A constant of a type. */
export function constant(type: ValueType, value: ConstantValue): Constant {
  return { kind: 'constant', type, value };
}

/** Edm.Boolean constants. */
export const trueConstant = constant(booleanType, true);
export const falseConstant = constant(booleanType, false);

/** A literal in the type its text has; throws for what no expression here can use. */
export function bindLiteral(context: BindContext, literal: Literal): ValueOperand {
  return {
    kind: 'value',
    expression: constantOf(context, literal),
    literal,
    offset: literal.offset,
    end: literal.end,
  };
}

function constantOf(context: BindContext, literal: Literal): Constant {
  switch (literal.type) {
    case 'null':
      return nullConstant;
    case 'boolean':
      return constant(booleanType, literal.value);
    case 'integer':
      return constant(int64Type, literal.value);
    case 'decimal':
      return constant(doubleType, readDecimal(context, literal.text, literal));
    case 'double':
      return constant(doubleType, literal.value);
    case 'string':
      return constant(stringType, requireText(context, literal.value, literal));
    case 'date':
      return constant(dateType, literal.ticks / ticksPerDay);
    case 'dateTimeOffset':
      return constant(dateTimeOffsetType, wholeTicks(literal));
    case 'timeOfDay':
      return constant(timeOfDayType, wholeTicks(literal));
    case 'duration':
      return constant(durationType, wholeTicks(literal));
    case 'guid':
      return constant({ kind: 'primitive', name: 'Edm.Guid' }, literal.value);
    case 'enum':
      return bindEnumLiteral(context, literal);
    case 'binary':
      throw refusal(
        context,
        'operandTypeMismatch',
        literal.offset,
        'expected a value of a type that is known here, found Edm.Binary',
      );
    default:
      return unreachable(literal);
  }
}

/** JSON escapes can write what no stored text holds and some engine cannot even be asked for. */
function requireText(context: BindContext, value: string, { offset }: Span): string {
  if (!/\0|\p{Surrogate}/u.test(value)) return value;
  throw refusal(
    context,
    'operandTypeMismatch',
    offset,
    'expected text without U+0000 and unpaired surrogates',
  );
}

function readDecimal(context: BindContext, text: string, { offset }: Span): number {
  const value = Number(text);
  if (Number.isFinite(value)) return value;
  throw refusal(
    context,
    'operandTypeMismatch',
    offset,
    'expected a number that Edm.Double holds, found more digits',
  );
}

/** What a literal adds to its whole ticks: 1 to 99,999 picoseconds where it is finer than stored values, else 0. */
export function restOf(literal: Literal | undefined): number {
  if (literal === undefined || !('picoseconds' in literal)) return 0;
  return literal.picoseconds < 0 ? literal.picoseconds + picosecondsPerTick : literal.picoseconds;
}

/** The last tick at or before what a literal says, so that its rest is never negative. */
function wholeTicks({
  ticks,
  picoseconds,
}: {
  readonly ticks: bigint;
  readonly picoseconds: number;
}): bigint {
  return picoseconds < 0 ? ticks - 1n : ticks;
}

function bindEnumLiteral(context: BindContext, literal: EnumLiteral): Constant {
  const type = bindTypeName(context, { ...literal, name: literal.typeName });
  if (type.kind !== 'enum') {
    const reason = `expected the name of an enumeration, found '${quoteForMessage(literal.typeName)}'`;
    throw refusal(context, 'operandTypeMismatch', literal.offset, reason);
  }
  return constant(type, oneMember(context, type, literal.members, literal));
}

/** A string or integer literal as a value of an enumeration: `'administrator'`, `'4'`, `4`; undefined for others. */
export function enumConstant(
  context: BindContext,
  type: EnumType,
  literal: Literal,
  span: Span,
): Constant | undefined {
  if (literal.type === 'integer') return constant(type, literal.value);
  if (literal.type !== 'string') return undefined;
  return constant(type, oneMember(context, type, splitMembers(literal.value), span));
}

/** The bits of all members a literal names, as the right side of `has`; undefined for other literals. */
export function enumMask(
  context: BindContext,
  type: EnumType,
  literal: Literal,
  span: Span,
): bigint | undefined {
  if (literal.type === 'integer') return literal.value;
  const members =
    literal.type === 'string'
      ? splitMembers(literal.value)
      : literal.type === 'enum'
        ? literal.members
        : undefined;
  return members?.reduce((mask, member) => mask | enumValue(context, type, member, span), 0n);
}

function splitMembers(text: string): readonly string[] {
  return text.split(',').map((member) => member.trim());
}

/** Enumerations here are no flags: a value is one member. */
function oneMember(context: BindContext, type: EnumType, members: readonly string[], span: Span): bigint {
  const [member = ''] = members;
  if (members.length <= 1) return enumValue(context, type, member, span);
  const reason = `expected one member of ${type.name}, found ${members.length}`;
  throw refusal(context, 'operandTypeMismatch', span.offset, reason);
}

/** The number of a member, its name in any letter case (protocol digest 1.4), or of its number as text. */
function enumValue(context: BindContext, type: EnumType, text: string, { offset }: Span): bigint {
  if (/^-?\d{1,18}$/.test(text)) return BigInt(text);
  const lower = text.toLowerCase();
  const member = type.members.find(({ name }) => name.toLowerCase() === lower);
  if (member !== undefined) return BigInt(member.value);
  const names = type.members.map(({ name }) => name);
  const reason = `expected a member of ${type.name}, found '${quoteForMessage(text)}'`;
  const hint = `${didYouMean(text, names)} Members are ${names.join(', ')}.`;
  throw refusal(context, 'operandTypeMismatch', offset, reason, hint);
}

const guidPattern = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

/** A string as an Edm.Guid, or undefined when it is none. */
export function guidConstant(text: string): Constant | undefined {
  return guidPattern.test(text)
    ? constant({ kind: 'primitive', name: 'Edm.Guid' }, text.toLowerCase())
    : undefined;
}
