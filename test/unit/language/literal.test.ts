/** The values literals carry beside their text. */

import { describe, expect, it } from 'vitest';
import type { Literal } from '../../../src/language/ast.ts';
import { parseFilter } from '../../../src/language/parser.ts';

function parseLiteral(text: string): Literal {
  const expression = parseFilter(text);
  if (expression.kind !== 'literal') throw new Error(`no literal: ${text}`);
  return expression;
}

const ticksPerDay = 864_000_000_000n;

describe('date', () => {
  it.each([
    ['0001-01-01', 0n],
    ['0001-01-02', ticksPerDay],
    ['1970-01-01', 621_355_968_000_000_000n],
    ['2000-02-29', 630_873_792_000_000_000n],
    ['9999-12-31', 3_155_378_112_000_000_000n],
  ])('%s is midnight UTC in ticks since year 1', (text, ticks) => {
    expect(parseLiteral(text)).toEqual({ kind: 'literal', type: 'date', text, ticks, offset: 0, end: 10 });
  });
});

describe('dateTimeOffset', () => {
  const unixEpoch = 621_355_968_000_000_000n;

  it.each([
    ['1970-01-01T00:00Z', unixEpoch, 0, 0],
    ['1970-01-01T00:00:01Z', unixEpoch + 10_000_000n, 0, 0],
    ['1970-01-01T00:00:00.1234567Z', unixEpoch + 1_234_567n, 0, 0],
    ['1970-01-01T00:00:00.123456789012Z', unixEpoch + 1_234_567n, 89_012, 0],
    ['1970-01-01T00:00:00.00000001Z', unixEpoch, 10_000, 0],
    ['1970-01-01T02:00+02:00', unixEpoch, 0, 120],
    ['1969-12-31T15:30-08:30', unixEpoch, 0, -510],
    ['1970-01-01T00:00-00:00', unixEpoch, 0, 0],
    ['9999-12-31T23:59:59.9999999Z', 3_155_378_975_999_999_999n, 0, 0],
    ['0001-01-01T00:01+00:01', 0n, 0, 1],
  ])('%s is a point in UTC', (text, ticks, picoseconds, zoneMinutes) => {
    const expected = { kind: 'literal', type: 'dateTimeOffset', text, ticks, picoseconds, zoneMinutes };
    expect(parseLiteral(text)).toEqual({ ...expected, offset: 0, end: text.length });
  });

  it('reads a space before the zone as the plus a client did not escape, and spells it out', () => {
    const spaced = parseLiteral('1970-01-01t02:00 02:00');
    expect(spaced).toEqual(parseLiteral('1970-01-01T02:00+02:00'));
  });

  it('keeps a space before something else', () => {
    expect(parseFilter('1970-01-01T02:00Z eq x')).toMatchObject({ kind: 'comparison', operator: 'eq' });
  });
});

describe('timeOfDay', () => {
  it.each([
    ['00:00', 0n, 0],
    ['13:45:59.5', 495_595_000_000n, 0],
    ['23:59:59.999999999999', ticksPerDay - 1n, 99_999],
  ])('%s is ticks after midnight', (text, ticks, picoseconds) => {
    const expected = { kind: 'literal', type: 'timeOfDay', text, ticks, picoseconds };
    expect(parseLiteral(text)).toEqual({ ...expected, offset: 0, end: text.length });
  });
});

describe('duration', () => {
  it.each([
    ['P1D', ticksPerDay, 0],
    ['-P1D', -ticksPerDay, 0],
    ['PT1H1M1.5S', 36_615_000_000n, 0],
    ['-PT0.000000000001S', 0n, -1],
    ['P10675199DT2H48M5.4775807S', 2n ** 63n - 1n, 0],
  ])('%s is ticks with a sign', (text, ticks, picoseconds) => {
    const expected = { kind: 'literal', type: 'duration', text, ticks, picoseconds };
    expect(parseLiteral(`duration'${text}'`)).toEqual({ ...expected, offset: 0, end: text.length + 10 });
  });
});

describe('numbers', () => {
  it.each<[string, object]>([
    ['42', { type: 'integer', value: 42n }],
    ['-0', { type: 'integer', value: 0n }],
    ['00012', { type: 'integer', value: 12n }],
    ['9223372036854775807', { type: 'integer', value: 2n ** 63n - 1n }],
    ['-9223372036854775808', { type: 'integer', value: -(2n ** 63n) }],
    ['-9223372036854775809', { type: 'decimal', text: '-9223372036854775809' }],
    ['+1.50', { type: 'decimal', text: '1.50' }],
    ['1.5e3', { type: 'double', text: '1.5e3', value: 1500 }],
    ['NaN', { type: 'double', text: 'NaN', value: Number.NaN }],
    ['INF', { type: 'double', text: 'INF', value: Number.POSITIVE_INFINITY }],
    ['-INF', { type: 'double', text: '-INF', value: Number.NEGATIVE_INFINITY }],
  ])('%s', (text, expected) => {
    expect(parseLiteral(text)).toEqual({ kind: 'literal', ...expected, offset: 0, end: text.length });
  });
});

describe('the other literals', () => {
  it.each<[string, object]>([
    ["'O''Neil'", { type: 'string', value: "O'Neil" }],
    ['TRUE', { type: 'boolean', value: true }],
    ['null', { type: 'null' }],
    ['0A234567-89ab-cdef-0123-456789ABCDEF', { type: 'guid', value: '0a234567-89ab-cdef-0123-456789abcdef' }],
    ["ns.Color'Red, 4'", { type: 'enum', typeName: 'ns.Color', members: ['Red', '4'] }],
    ["binary'Zm8='", { type: 'binary', text: 'Zm8' }],
  ])('%s', (text, expected) => {
    expect(parseLiteral(text)).toEqual({ kind: 'literal', ...expected, offset: 0, end: text.length });
  });
});
