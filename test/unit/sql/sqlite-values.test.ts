/** What SQLite computes with our functions: values at the edges of their types. */
import Sqlite from 'better-sqlite3';
import { describe, expect, it } from 'vitest';
import { maxTicks } from '../../../src/edm/date-time-offset.ts';
import type { PrimitiveType } from '../../../src/edm/types.ts';
import {
  type Arithmetic,
  type BoundExpression,
  type ConstantValue,
  dateTimeOffsetType,
  dateType,
  doubleType,
  durationType,
  int64Type,
  stringType,
  timeOfDayType,
  typeOf,
} from '../../../src/plan/bound.ts';
import { compileOperand } from '../../../src/sql/compile-expression.ts';
import { entityScope } from '../../../src/sql/scope.ts';
import { finish, sql } from '../../../src/sql/statement.ts';
import { readValue } from '../../../src/sql/value.ts';
import { sqliteDialect } from '../../../src/storage/sqlite/dialect.ts';
import { registerFunctions } from '../../../src/storage/sqlite/functions.ts';
import { call, constant, entitySet, leafOf, tenantId } from './bound.ts';

const handle = new Sqlite(':memory:');
registerFunctions(handle);
const scope = entityScope(entitySet, tenantId, sqliteDialect, 'e');

/** The value as it comes back to the program. */
function compute(expression: BoundExpression): ConstantValue {
  const asText = sqliteDialect.asText(compileOperand(expression, scope));
  const { text, parameters } = finish(sql`select ${asText}`, sqliteDialect.placeholder);
  return readValue(
    handle
      .prepare(text)
      .pluck()
      .get(...parameters),
    typeOf(expression),
  );
}

const int64Max = 2n ** 63n - 1n;
const int64Min = -(2n ** 63n);
const ticksPerDay = 864_000_000_000n;

const calculate = (
  operator: Arithmetic['operator'],
  type: PrimitiveType,
  left: BoundExpression,
  right: BoundExpression,
): ConstantValue => compute({ kind: 'arithmetic', operator, type, left, right });

const wholes = (operator: Arithmetic['operator'], left: bigint, right: bigint) =>
  calculate(operator, int64Type, constant(left), constant(right));
const reals = (operator: Arithmetic['operator'], left: number, right: number) =>
  calculate(operator, doubleType, constant(left), constant(right));
const cast = (value: BoundExpression, type: Extract<BoundExpression, { kind: 'cast' }>['type']) =>
  compute({ kind: 'cast', type, operand: value });
const primitive = (name: PrimitiveType['name']): PrimitiveType => ({ kind: 'primitive', name });

describe('arithmetic', () => {
  it('of whole numbers stays within 64 bits or is null', () => {
    expect(wholes('add', int64Max, 0n)).toBe(int64Max);
    expect(wholes('add', int64Max, 1n)).toBe(null);
    expect(wholes('sub', int64Min, 1n)).toBe(null);
    expect(wholes('mul', int64Max, 2n)).toBe(null);
    expect(wholes('div', int64Min, -1n)).toBe(null);
    expect(wholes('div', 1n, 0n)).toBe(null);
    expect(wholes('mod', 1n, 0n)).toBe(null);
    expect([wholes('div', -7n, 2n), wholes('mod', -7n, 2n)]).toEqual([-3n, -1n]);
  });

  it('of real numbers is finite or null', () => {
    expect(reals('add', 0.1, 0.2)).toBe(0.1 + 0.2);
    expect(reals('mul', 1e308, 10)).toBe(null);
    expect(reals('div', 1, 0)).toBe(null);
    expect(reals('mod', -5.5, 2)).toBe(-1.5);
  });

  it('of instants, dates and durations stays among the years 1 to 9999', () => {
    const instants = (operator: 'add' | 'sub', left: bigint, right: bigint) =>
      calculate(
        operator,
        dateTimeOffsetType,
        constant(left, dateTimeOffsetType),
        constant(right, durationType),
      );
    expect([instants('add', 5n, 7n), instants('sub', 5n, 7n), instants('add', maxTicks, 1n)]).toEqual([
      12n,
      null,
      null,
    ]);
    const dates = (operator: 'add' | 'sub', left: bigint, right: bigint) =>
      calculate(operator, dateType, constant(left, dateType), constant(right, durationType));
    expect([dates('add', 1n, ticksPerDay - 1n), dates('sub', 1n, 1n), dates('sub', 0n, 1n)]).toEqual([
      1n,
      0n,
      null,
    ]);
    const days = calculate('sub', durationType, constant(3n, dateType), constant(1n, dateType));
    expect(days).toBe(2n * ticksPerDay);
    expect(calculate('mul', durationType, constant(3n, durationType), constant(0.5))).toBe(1n);
  });

  it('negates', () => {
    expect(compute({ kind: 'negate', type: int64Type, operand: constant(int64Min) })).toBe(null);
    expect(compute({ kind: 'negate', type: doubleType, operand: constant(2.5) })).toBe(-2.5);
  });
});

describe('functions', () => {
  const instant = constant(maxTicks, dateTimeOffsetType);

  it('take instants apart, the first and the last too', () => {
    const first = constant(0n, dateTimeOffsetType);
    const parts = ['year', 'month', 'day', 'hour', 'minute', 'second'] as const;
    const takeApart = (of: BoundExpression) => parts.map((part) => compute(call(part, int64Type, of)));
    expect(takeApart(first)).toEqual([1n, 1n, 1n, 0n, 0n, 0n]);
    expect(takeApart(instant)).toEqual([9999n, 12n, 31n, 23n, 59n, 59n]);
    expect(compute(call('fractionalseconds', doubleType, instant))).toBe(0.9999999);
    expect(compute(call('date', dateType, instant))).toBe(3_652_058n);
    expect(compute(call('time', timeOfDayType, instant))).toBe(ticksPerDay - 1n);
    expect(compute(call('totaloffsetminutes', int64Type, instant))).toBe(0n);
    expect(compute(call('totalseconds', doubleType, constant(-15_000_000n, durationType)))).toBe(-1.5);
    expect(takeApart(constant(31n, dateType)).slice(0, 3)).toEqual([1n, 2n, 1n]);
  });

  it('count and cut code points', () => {
    const text = constant('a😀b\u0301');
    expect(compute(call('length', int64Type, text))).toBe(4n);
    expect(compute(call('indexof', int64Type, text, constant('b')))).toBe(2n);
    expect(compute(call('indexof', int64Type, text, constant('x')))).toBe(-1n);
    const cut = (...at: readonly bigint[]) =>
      compute(call('substring', stringType, text, ...at.map((each) => constant(each))));
    expect([cut(1n), cut(1n, 1n), cut(9n), cut(-2n, 1n), cut(-9n), cut(0n, -1n), cut(0n, int64Max)]).toEqual([
      '😀b\u0301',
      '😀',
      '',
      'b',
      'a😀b\u0301',
      null,
      'a😀b\u0301',
    ]);
  });

  it('change case as Unicode does, and trim its white space', () => {
    expect(compute(call('tolower', stringType, constant('ÀΑΣ')))).toBe('àας');
    expect(compute(call('toupper', stringType, constant('ß')))).toBe('SS');
    expect(compute(call('trim', stringType, constant('\u00a0 a\u3000')))).toBe('a');
    expect(compute(call('concat', stringType, constant('a'), constant(null)))).toBe(null);
  });

  it('round half away from zero', () => {
    const round = (value: number) => compute(call('round', doubleType, constant(value)));
    expect([round(0.5), round(-2.5), round(0.49999999999999994), round(2 ** 53)]).toEqual([
      1,
      -3,
      0,
      2 ** 53,
    ]);
    expect(compute(call('floor', doubleType, constant(-1.5)))).toBe(-2);
    expect(compute(call('ceiling', doubleType, constant(-1.5)))).toBe(-1);
  });

  it('find patterns anywhere, in time linear in the text', () => {
    const matches = (text: string, pattern: string) =>
      compute(call('matchespattern', primitive('Edm.Boolean'), constant(text), constant(pattern)));
    expect([matches('xaab', 'a+b'), matches('AAB', 'a+b'), matches('😀', '^.$')]).toEqual([
      true,
      false,
      true,
    ]);
    // An engine that goes back and forth would not come to an end.
    expect(matches('a'.repeat(20_000), '(a*)*b')).toBe(false);
  });
});

describe('a cast', () => {
  it('of text is strict', () => {
    const read = (name: PrimitiveType['name'], ...texts: readonly string[]) =>
      texts.map((text) => cast(constant(text), primitive(name)));
    expect(read('Edm.Int32', '7', '+7', '-2147483648', '2147483648', ' 7', '7.0', '', '0x1')).toEqual([
      7n,
      7n,
      -(2n ** 31n),
      null,
      null,
      null,
      null,
      null,
    ]);
    expect(read('Edm.Int64', String(int64Max), String(int64Max + 1n), '9'.repeat(10_000))).toEqual([
      int64Max,
      null,
      null,
    ]);
    expect(read('Edm.Double', '1.5', '1e3', '.5', '1e400', 'INF')).toEqual([1.5, 1000, null, null, null]);
    expect(read('Edm.Boolean', 'true', 'FALSE', '1')).toEqual([true, false, null]);
    expect(
      read('Edm.DateTimeOffset', '0001-01-01T00:00:00.0000001Z', '0001-01-01T00:01', '2021-02-30T00:00Z'),
    ).toEqual([1n, 600_000_000n, null]);
    expect(read('Edm.Date', '0001-01-02', '2021-02-30', '2021-1-1')).toEqual([1n, null, null]);
    expect(read('Edm.TimeOfDay', '00:00:01.5', '24:00')).toEqual([15_000_000n, null]);
    expect(read('Edm.Duration', 'P1DT1S', '-PT0.5S', 'P', 'PT')).toEqual([
      ticksPerDay + 10_000_000n,
      -5_000_000n,
      null,
      null,
    ]);
    expect(read('Edm.Guid', '053C36A0-0000-4000-8000-000000000001', '053c')).toEqual([
      '053c36a0-0000-4000-8000-000000000001',
      null,
    ]);
  });

  it('to text is canonical', () => {
    const written = (value: ConstantValue, type: PrimitiveType) => cast(constant(value, type), stringType);
    expect(written(int64Min, int64Type)).toBe('-9223372036854775808');
    expect([written(0.1, doubleType), written(1e21, doubleType), written(5, doubleType)]).toEqual([
      '0.1',
      '1e+21',
      '5',
    ]);
    expect(written(true, primitive('Edm.Boolean'))).toBe('true');
    expect(written(maxTicks, dateTimeOffsetType)).toBe('9999-12-31T23:59:59.9999999Z');
    expect(written(31n, dateType)).toBe('0001-02-01');
    expect(written(ticksPerDay - 1n, timeOfDayType)).toBe('23:59:59.9999999');
    const durations = [0n, ticksPerDay, -15_000_000n, 36_610_000_000n];
    expect(durations.map((ticks) => written(ticks, durationType))).toEqual([
      'PT0S',
      'P1D',
      '-PT1.5S',
      'PT1H1M1S',
    ]);
  });

  it('of numbers cuts, and is null out of range', () => {
    expect(cast(constant(-2.9), int64Type)).toBe(-2n);
    expect(cast(constant(1e19), int64Type)).toBe(null);
    expect(cast(constant(2n ** 31n), primitive('Edm.Int32'))).toBe(null);
    expect(cast(constant(3n), doubleType)).toBe(3);
  });

  it('of members goes by name or number', () => {
    const { type } = leafOf('permissionsRequired');
    if (type.kind !== 'enum') throw new Error('not an enumeration');
    expect(['user', '3', 'USER', '99'].map((text) => cast(constant(text), type))).toEqual([
      3n,
      3n,
      null,
      null,
    ]);
    expect([cast(constant(4n), type), cast(constant(77n), type)]).toEqual([4n, null]);
    expect([cast(constant(3n, type), stringType), cast(constant(128n, type), stringType)]).toEqual([
      'user',
      '128',
    ]);
    expect(cast(constant(3n, type), int64Type)).toBe(3n);
  });
});
