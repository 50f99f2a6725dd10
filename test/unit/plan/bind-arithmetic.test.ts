import { describe, expect, it } from 'vitest';
import type { BoundExpression } from '../../../src/plan/bound.ts';
import {
  dateTimeOffsetType,
  dateType,
  doubleType,
  durationType,
  int64Type,
} from '../../../src/plan/bound.ts';
import {
  bindText,
  calculate,
  call,
  cast,
  compare,
  date,
  double,
  duration,
  instant,
  leaf,
  nothing,
  refusalOf,
  whole,
} from '../../support/bound-builders.ts';

const name = leaf('name');
const created = leaf('createdDateTime');
const modified = leaf('lastModifiedDateTime');
const length = call('length', name);
const day = 864_000_000_000n;
const july = 637_617_312_000_000_000n;
const oneDay = duration(day);
const number = cast('Edm.Decimal', leaf('riskScore'));
const int32 = cast('Edm.Int32', leaf('riskScore'));

/** Operands beside `eq null`, which keeps the type of the left side. */
const cases: readonly (readonly [string, BoundExpression])[] = [
  ['length(name) add 1', calculate('add', int64Type, length, whole(1))],
  ['length(name) sub 1', calculate('sub', int64Type, length, whole(1))],
  [
    'length(name) mul 2 add 1',
    calculate('add', int64Type, calculate('mul', int64Type, length, whole(2)), whole(1)),
  ],
  ['length(name) div 2', calculate('div', int64Type, length, whole(2))],
  ['length(name) mod 2', calculate('mod', int64Type, length, whole(2))],
  ['length(name) divby 2', calculate('div', doubleType, cast('Edm.Double', length), double(2))],
  ['length(name) add 0.5', calculate('add', doubleType, cast('Edm.Double', length), double(0.5))],
  ['1 sub 0.5', calculate('sub', doubleType, double(1), double(0.5))],
  ['cast(riskScore,Edm.Decimal) mul 2', calculate('mul', doubleType, number, double(2))],
  ['cast(riskScore,Edm.Int32) mul 2', calculate('mul', int64Type, int32, whole(2))],
  // Only a whole zero written down is refused.
  ['length(name) div length(name)', calculate('div', int64Type, length, length)],
  [
    'length(name) div (1 sub 1)',
    calculate('div', int64Type, length, calculate('sub', int64Type, whole(1), whole(1))),
  ],
  ['length(name) div 0.0', calculate('div', doubleType, cast('Edm.Double', length), double(0))],
  ['length(name) divby 0', calculate('div', doubleType, cast('Edm.Double', length), double(0))],
  // Times.
  ["createdDateTime add duration'P1D'", calculate('add', dateTimeOffsetType, created, oneDay)],
  ["createdDateTime sub duration'P1D'", calculate('sub', dateTimeOffsetType, created, oneDay)],
  ["duration'P1D' add createdDateTime", calculate('add', dateTimeOffsetType, created, oneDay)],
  ['lastModifiedDateTime sub createdDateTime', calculate('sub', durationType, modified, created)],
  ['createdDateTime sub 2021-07-13', calculate('sub', durationType, created, instant(july))],
  ["2021-07-13 add duration'P1D'", calculate('add', dateType, date(737_983n), oneDay)],
  [
    'date(createdDateTime) sub 2021-07-13',
    calculate('sub', durationType, call('date', created), date(737_983n)),
  ],
  ["duration'P1D' sub duration'P1D'", calculate('sub', durationType, oneDay, oneDay)],
  ["duration'P1D' mul 2", calculate('mul', durationType, oneDay, whole(2))],
  ["2.5 mul duration'P1D'", calculate('mul', durationType, oneDay, double(2.5))],
  ["duration'P1D' div 2", calculate('div', durationType, oneDay, whole(2))],
  ["duration'P1D' divby 2", calculate('div', durationType, oneDay, double(2))],
  // Signs.
  ['-length(name)', { kind: 'negate', type: int64Type, operand: length }],
  ['-(0.5)', { kind: 'negate', type: doubleType, operand: double(0.5) }],
  ["-duration'P1D'", { kind: 'negate', type: durationType, operand: oneDay }],
  ['-(cast(riskScore,Edm.Int32))', { kind: 'negate', type: int64Type, operand: int32 }],
  // Null in, null out.
  ['null add 1', nothing],
  ['1 div null', nothing],
  ['createdDateTime add @unset', nothing],
  ['-(null)', nothing],
];

const refusals: readonly (readonly [string, string, string])[] = [
  [
    'length(name) div 0 eq 1',
    'divisionByZero',
    "'div' expected a divisor other than 0, found 0 at position 17 in 'length(name) div 0 eq 1'.",
  ],
  [
    'length(name) mod 0 eq 1',
    'divisionByZero',
    "'mod' expected a divisor other than 0, found 0 at position 17 in 'length(name) mod 0 eq 1'.",
  ],
  [
    "duration'P1D' div 0 eq null",
    'divisionByZero',
    "'div' expected a divisor other than 0, found 0 at position 18 in 'duration'P1D' div 0 eq null'.",
  ],
  [
    "name add 'x' eq 'y'",
    'operandTypeMismatch',
    "'add' expected a number, found Edm.String at position 0 in 'name add 'x' eq 'y''. " +
      'To read it as a number, write cast(name,Edm.Decimal). To join text, write concat(a,b).',
  ],
  [
    "1 mul '2' eq 2",
    'operandTypeMismatch',
    "'mul' expected a number, found Edm.String at position 6 in '1 mul '2' eq 2'. Write 2 without quotes.",
  ],
  [
    'isSigned sub 1 eq 2',
    'operandTypeMismatch',
    "'sub' expected a number, found Edm.Boolean at position 0 in 'isSigned sub 1 eq 2'.",
  ],
  [
    'tags add 1 eq 2',
    'operandTypeMismatch',
    "'add' expected a number, found Collection(Edm.String) at position 0 in 'tags add 1 eq 2'. " +
      "To test its items, write tags/any(x:x eq 'a') or 'a' in tags; to count them, tags/$count.",
  ],
  [
    'createdDateTime add 5 gt now()',
    'operandTypeMismatch',
    "'add' beside Edm.DateTimeOffset expected Edm.Duration, found Edm.Int64 at position 20 in 'createdDateTime add 5 gt now()'.",
  ],
  [
    'createdDateTime add createdDateTime eq null',
    'operandTypeMismatch',
    "'add' beside Edm.DateTimeOffset expected Edm.Duration, found Edm.DateTimeOffset at position 20 in " +
      "'createdDateTime add createdDateTime eq null'.",
  ],
  [
    'createdDateTime mul 2 eq null',
    'operandTypeMismatch',
    "'mul' beside Edm.DateTimeOffset expected Edm.Duration, found Edm.Int64 at position 20 in 'createdDateTime mul 2 eq null'.",
  ],
  [
    "5 add duration'P1D' eq null",
    'operandTypeMismatch',
    "'add' beside Edm.Int64 expected a number, found Edm.Duration at position 6 in '5 add duration'P1D' eq null'.",
  ],
  [
    "duration'P1D' mod 2 eq null",
    'operandTypeMismatch',
    "'mod' beside Edm.Duration expected a number, found Edm.Int64 at position 18 in 'duration'P1D' mod 2 eq null'.",
  ],
  [
    'time(createdDateTime) add 1 eq null',
    'operandTypeMismatch',
    "'add' expected a number, found Edm.TimeOfDay at position 0 in 'time(createdDateTime) add 1 eq null'.",
  ],
  [
    '-createdDateTime eq null',
    'operandTypeMismatch',
    "'-' expected a number or Edm.Duration, found Edm.DateTimeOffset at position 1 in '-createdDateTime eq null'.",
  ],
  [
    '-isSigned eq null',
    'operandTypeMismatch',
    "'-' expected a number, found Edm.Boolean at position 1 in '-isSigned eq null'.",
  ],
  [
    'length(name) add INF eq 1',
    'operandTypeMismatch',
    "expected a finite number outside a comparison, found INF or NaN at position 17 in 'length(name) add INF eq 1'.",
  ],
];

describe('arithmetic', () => {
  it.each(cases)('%s', (operand, bound) => {
    expect(bindText(`${operand} eq null`)).toEqual(compare('eq', bound, nothing));
  });

  it.each(refusals)('refuses %s', (filter, code, message) => {
    expect(refusalOf(() => bindText(filter))).toEqual({
      code,
      target: '$filter',
      message: `Invalid filter clause: ${message}`,
    });
  });
});
