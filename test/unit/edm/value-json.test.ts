import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseDateTimeOffset } from '../../../src/edm/date-time-offset.ts';
import type { EnumType, PrimitiveName } from '../../../src/edm/types.ts';
import { type ComputedValue, writeValueJson } from '../../../src/edm/value-json.ts';
import { applicationPermissionsRequired } from '../../../src/model/cloud-app-security-profile.ts';

const write = (value: ComputedValue, name: PrimitiveName, ieee754Compatible = false): string =>
  writeValueJson(value, { kind: 'primitive', name }, ieee754Compatible);

const ticksOf = (text: string): bigint => {
  const instant = parseDateTimeOffset(text);
  if (instant === undefined) throw new Error(`no instant: ${text}`);
  return instant.ticks;
};
const secondTicks = 10_000_000n;
const dayTicks = 86_400n * secondTicks;

describe('null', () => {
  const names: readonly PrimitiveName[] = [
    ...([
      'Edm.String',
      'Edm.Boolean',
      'Edm.DateTimeOffset',
      'Edm.Int32',
      'Edm.Int64',
      'Edm.Decimal',
    ] as const),
    ...(['Edm.Double', 'Edm.Date', 'Edm.TimeOfDay', 'Edm.Duration', 'Edm.Guid'] as const),
  ];

  it.each(names)('of %s is null, in any spelling of numbers', (name) => {
    expect([write(null, name), write(null, name, true)]).toEqual(['null', 'null']);
  });

  it('of no type is null', () => {
    expect(writeValueJson(null, { kind: 'null' }, false)).toBe('null');
  });
});

describe('numbers', () => {
  it.each(['Edm.Int64', 'Edm.Decimal'] as const)('%s is a string only where the client asks', (name) => {
    const largest = 9_223_372_036_854_775_807n;
    expect([write(largest, name), write(largest, name, true)]).toEqual([
      '9223372036854775807',
      '"9223372036854775807"',
    ]);
    expect([write(0n, name, true), write(-5n, name)]).toEqual(['"0"', '-5']);
  });

  it.each(['Edm.Int32', 'Edm.Double'] as const)('%s is a number in both', (name) => {
    expect([write(7, name), write(7, name, true)]).toEqual(['7', '7']);
  });

  it('a Double that arrives whole is a number', () => {
    expect(write(12n, 'Edm.Double')).toBe('12');
  });

  it.each([
    [Number.POSITIVE_INFINITY, '"INF"'],
    [Number.NEGATIVE_INFINITY, '"-INF"'],
    [Number.NaN, '"NaN"'],
  ])('%d, which JSON cannot spell, is %s', (value, text) => {
    expect([write(value, 'Edm.Double'), write(value, 'Edm.Double', true)]).toEqual([text, text]);
  });

  it('any Double comes back from its text', () => {
    fc.assert(
      fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), (value) => {
        expect(JSON.parse(write(value, 'Edm.Double'))).toBe(Object.is(value, -0) ? 0 : value);
      }),
    );
  });
});

describe('text and truth', () => {
  it('are JSON', () => {
    expect(write('a "b"\n☃\u2028', 'Edm.String')).toBe(JSON.stringify('a "b"\n☃\u2028'));
    expect([write(true, 'Edm.Boolean'), write(false, 'Edm.Boolean')]).toEqual(['true', 'false']);
    expect(write('053c36a0-36a0-053c-a036-3c05a0363c05', 'Edm.Guid')).toBe(
      '"053c36a0-36a0-053c-a036-3c05a0363c05"',
    );
  });
});

describe('instants, days and times', () => {
  it.each([
    '0001-01-01T00:00:00Z',
    '1969-12-31T23:59:59.9999999Z',
    '2024-02-29T12:30:00Z',
    '2026-11-23T21:50:17.0489143Z',
    '9999-12-31T23:59:59.9999999Z',
  ])('%s', (text) => {
    const ticks = ticksOf(text);
    expect(write(ticks, 'Edm.DateTimeOffset')).toBe(`"${text}"`);
    expect(write(ticks / dayTicks, 'Edm.Date')).toBe(`"${text.slice(0, 10)}"`);
    expect(write(ticks % dayTicks, 'Edm.TimeOfDay')).toBe(`"${text.slice(11, -1)}"`);
  });

  it('zeros at the end of a fraction are left out', () => {
    expect(write(5_000_000n, 'Edm.TimeOfDay')).toBe('"00:00:00.5"');
    expect(write(100n, 'Edm.TimeOfDay')).toBe('"00:00:00.00001"');
  });
});

describe('durations', () => {
  it.each([
    [0n, 'PT0S'],
    [1n, 'PT0.0000001S'],
    [secondTicks, 'PT1S'],
    [60n * secondTicks, 'PT1M'],
    [3600n * secondTicks, 'PT1H'],
    [dayTicks, 'P1D'],
    [dayTicks + 1n, 'P1DT0.0000001S'],
    [dayTicks + 2n * 3600n * secondTicks + 3n * 60n * secondTicks + 45_000_000n, 'P1DT2H3M4.5S'],
    [36n * 3600n * secondTicks, 'P1DT12H'],
    [-dayTicks - secondTicks, '-P1DT1S'],
    [-1n, '-PT0.0000001S'],
    [1000n * dayTicks, 'P1000D'],
  ])('%d ticks are %s', (ticks, text) => {
    expect(write(ticks, 'Edm.Duration')).toBe(`"${text}"`);
  });

  it('say how long they are, whatever the length', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: -(10n ** 18n), max: 10n ** 18n }), (ticks) => {
        expect(lengthOf(JSON.parse(write(ticks, 'Edm.Duration')) as string)).toBe(ticks);
      }),
    );
  });
});

/** Reads a duration by its grammar (XML Schema 3.3.6), days to seconds. */
function lengthOf(text: string): bigint {
  const pattern = /^(-?)P(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)(?:\.(\d{1,7}))?S)?)?$/;
  const match = pattern.exec(text);
  if (match === null || /[PT]$/.test(text)) throw new Error(`no duration: ${text}`);
  const [, sign, days = '0', hours = '0', minutes = '0', seconds = '0', fraction = ''] = match;
  const size =
    BigInt(days) * dayTicks +
    (BigInt(hours) * 3600n + BigInt(minutes) * 60n + BigInt(seconds)) * secondTicks +
    BigInt(fraction.padEnd(7, '0'));
  return sign === '-' ? -size : size;
}

describe('members of an enumeration', () => {
  const type: EnumType = applicationPermissionsRequired;

  it('are names', () => {
    for (const { name, value } of type.members) {
      expect(writeValueJson(BigInt(value), type, true)).toBe(`"${name}"`);
    }
  });

  it('without a name are their number as text', () => {
    expect(writeValueJson(99n, type, false)).toBe('"99"');
  });
});
