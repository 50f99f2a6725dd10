/** Calls of functions: names in any letter case, arguments checked against `functions.ts`. */
import { RE2JS } from 're2js';
import { maxTicks } from '../edm/date-time-offset.ts';
import type { PrimitiveType } from '../edm/types.ts';
import { didYouMean, quoteForMessage } from '../errors.ts';
import type { CallExpression } from '../language/ast.ts';
import { unsupported } from '../language/syntax-error.ts';
import { limits } from '../limits.ts';
import { canBecome, convert, hintFor, mismatch, requireStorable, textOf } from './bind-coercion.ts';
import { bindInCollection, hintForWhole } from './bind-comparison.ts';
import { constant, trueConstant } from './bind-literal.ts';
import { type BindContext, refusal } from './bind-scope.ts';
import { type BoundExpression, dateTimeOffsetType, type ValueType } from './bound.ts';
import {
  type CanonicalFunction,
  expandedFunctions,
  functionSignatures,
  isCanonicalFunction,
  syntacticFunctions,
} from './functions.ts';
import { classOf, classOfValue, isNull, nullConstant, type Operand, type ValueOperand } from './operand.ts';

/** Binds a call; throws functionUnknown, operandTypeMismatch, patternInvalid or optionUnsupported. */
export function bindCall(
  context: BindContext,
  call: CallExpression,
  operands: readonly Operand[],
): BoundExpression {
  const name = call.name.toLowerCase();
  if (isCanonicalFunction(name)) return bindCanonical(context, call, name, operands);
  const { nowTicks } = context.scope;
  switch (name) {
    case 'now':
      return bindInstant(context, call, nowTicks);
    case 'mindatetime':
      return bindInstant(context, call, 0n);
    case 'maxdatetime':
      return bindInstant(context, call, maxTicks);
    case 'hassubset':
      return bindHasSubset(context, call, operands);
    default:
      throw unknownFunction(context, call, name);
  }
}

function unknownFunction(
  context: BindContext,
  { offset, name: written }: CallExpression,
  name: string,
): Error {
  const shown = quoteForMessage(written);
  if (name === 'hassubsequence' || name.startsWith('geo.')) {
    return unsupported(context.source, offset, `the function '${shown}' is not supported`);
  }
  const known = [...Object.keys(functionSignatures), ...expandedFunctions, ...syntacticFunctions];
  return refusal(
    context,
    'functionUnknown',
    offset,
    `there is no function '${shown}'`,
    didYouMean(written, known),
  );
}

function requireCount(
  context: BindContext,
  { name, offset, arguments: { length } }: CallExpression,
  least: number,
  most: number,
): void {
  if (length >= least && length <= most) return;
  const noun = most === 1 ? 'argument' : 'arguments';
  const expected = least === most ? `${most === 0 ? 'no' : most} ${noun}` : `${least} or ${most} ${noun}`;
  throw refusal(context, 'operandTypeMismatch', offset, `'${name}' expected ${expected}, found ${length}`);
}

function bindInstant(context: BindContext, call: CallExpression, ticks: bigint): BoundExpression {
  requireCount(context, call, 0, 0);
  return constant(dateTimeOffsetType, ticks);
}

function bindCanonical(
  context: BindContext,
  call: CallExpression,
  name: CanonicalFunction,
  operands: readonly Operand[],
): BoundExpression {
  const { parameters, optional, result, readsZone } = functionSignatures[name];
  requireCount(context, call, parameters.length - optional, parameters.length);
  const values = operands.map((operand, index) => {
    const value = requireArgument(context, call.name, operand, index, parameters[index] ?? []);
    if (readsZone) requireUtc(context, call.name, value);
    return value;
  });
  const bound = values.map((value, index) => convertArgument(context, value, parameters[index] ?? []));
  checkArguments(context, name, call.name, values);
  if (bound.some(isNull)) return nullConstant;
  const [first] = values;
  // Whole numbers have no fraction to lose, and 64 bits do not fit a double.
  if (isRounding(name) && first !== undefined && classOfValue(first.expression) === 'integer')
    return first.expression;
  return { kind: 'call', function: name, type: result, arguments: bound };
}

function isRounding(name: CanonicalFunction): boolean {
  return name === 'round' || name === 'floor' || name === 'ceiling';
}

/** An argument of one of the types a parameter takes, or null. */
function requireArgument(
  context: BindContext,
  name: string,
  operand: Operand,
  index: number,
  types: readonly PrimitiveType[],
): ValueOperand {
  const subject = `argument ${index + 1} of '${name}'`;
  const expected = types.map((type) => type.name).join(' or ');
  if (operand.kind !== 'value')
    throw mismatch(context, operand, subject, expected, hintForWhole(context, operand));
  const [preferred] = types;
  if (parameterType(operand, types) === undefined) {
    throw mismatch(
      context,
      operand,
      subject,
      expected,
      preferred === undefined ? '' : hintFor(context, operand, preferred),
    );
  }
  requireStorable(context, operand);
  return operand;
}

/** The type in which a parameter takes a value: no date becomes an instant here, as its hour would be made up. */
function parameterType(value: ValueOperand, types: readonly PrimitiveType[]): ValueType | undefined {
  const from = classOfValue(value.expression);
  const exact = types.find((type) => classOf(type) === from);
  return exact ?? types.find((type) => from !== 'date' && canBecome(value, type));
}

function convertArgument(
  context: BindContext,
  value: ValueOperand,
  types: readonly PrimitiveType[],
): BoundExpression {
  return convert(context, value, parameterType(value, types) ?? nullConstant.type);
}

/** Instants are kept in UTC: what a literal's own zone would yield is not what a stored value yields (5.1.1.8). */
function requireUtc(context: BindContext, name: string, { literal, offset }: ValueOperand): void {
  if (literal?.type !== 'dateTimeOffset' || literal.zoneMinutes === 0) return;
  throw refusal(
    context,
    'operandTypeMismatch',
    offset,
    `'${name}' expected a date-time in UTC, found another time zone`,
  );
}

function checkArguments(
  context: BindContext,
  name: CanonicalFunction,
  written: string,
  values: readonly ValueOperand[],
): void {
  const [, second, third] = values;
  if (name === 'matchespattern' && second !== undefined) checkPattern(context, second);
  if (name !== 'substring' || third?.expression.kind !== 'constant') return;
  const { value } = third.expression;
  if (typeof value !== 'bigint' || value >= 0n) return;
  const reason = `argument 3 of '${written}' expected a length of 0 or more, found ${value}`;
  throw refusal(context, 'operandTypeMismatch', third.offset, reason);
}

/** A pattern is read once, here: engines get only what RE2 takes. */
function checkPattern(context: BindContext, pattern: ValueOperand): void {
  const { expression, offset } = pattern;
  if (expression.kind !== 'constant') {
    throw refusal(
      context,
      'operandTypeMismatch',
      offset,
      `expected a pattern in quotes, found ${textOf(context, pattern)}`,
    );
  }
  if (typeof expression.value !== 'string') return;
  if (expression.value.length > limits.patternCharactersMax) {
    const reason = `expected a pattern of at most ${limits.patternCharactersMax} characters, found ${expression.value.length}`;
    throw refusal(context, 'queryTooComplex', offset, reason);
  }
  try {
    RE2JS.compile(expression.value);
  } catch (error) {
    const cause = error instanceof Error ? error.message.replace(/^error parsing regexp: /, '') : '';
    const reason = `expected a regular expression in RE2 syntax, found ${quoteForMessage(cause)}`;
    throw refusal(context, 'patternInvalid', offset, reason);
  }
}

/** `hassubset(tags,["a","b"])`: each item of the list is in the collection, however often. */
function bindHasSubset(
  context: BindContext,
  call: CallExpression,
  operands: readonly Operand[],
): BoundExpression {
  requireCount(context, call, 2, 2);
  const [collection, list] = operands;
  if (collection === undefined || collection.kind !== 'collection') {
    throw mismatchOf(context, call, collection, 1, 'a collection property');
  }
  if (list === undefined || list.kind !== 'list')
    throw mismatchOf(context, call, list, 2, 'a list such as ["a","b"]');
  const tests = list.items.map((item) => bindInCollection(context, item, collection));
  const [first] = tests;
  if (first === undefined) return trueConstant;
  return tests.length === 1 ? first : { kind: 'and', operands: tests };
}

function mismatchOf(
  context: BindContext,
  call: CallExpression,
  operand: Operand | undefined,
  position: number,
  expected: string,
): Error {
  if (operand === undefined) throw new Error(`argument ${position} was counted`);
  return mismatch(context, operand, `argument ${position} of '${call.name}'`, expected);
}
