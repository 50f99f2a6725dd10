import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  formatTicks,
  maxTicks,
  parseDateTimeOffset,
  ticksOf,
  unixEpochTicks,
} from '../../../src/edm/date-time-offset.ts';

describe('instants keep 100 ns', () => {
  it.each([
    ['1970-01-01T00:00:00Z', unixEpochTicks, 0],
    ['0001-01-01T00:00:00Z', 0n, 0],
    ['9999-12-31T23:59:59.9999999Z', maxTicks, 0],
    ['2017-01-01T00:00:46.1697867+03:00', 636_188_148_461_697_867n, 0],
    ['2016-12-31T21:00:46.1697867Z', 636_188_148_461_697_867n, 0],
    ['1970-01-01T00:00Z', unixEpochTicks, 0],
    ['1970-01-01T00:00:00.000000012345Z', unixEpochTicks, 12_345],
    ['1969-12-31T23:59:59.9999999z', unixEpochTicks - 1n, 0],
    ['2024-02-29T00:00:00-00:30', ticksOf('2024-02-29T00:30:00Z'), 0],
  ])('%s', (text, ticks, restPicoseconds) => {
    expect(parseDateTimeOffset(text)).toEqual({ ticks, restPicoseconds });
  });

  it.each([
    '2023-02-29T00:00:00Z',
    '2023-01-01',
    '2023-01-01T00:00:00',
    '2023-01-01T24:00:00Z',
    '2023-01-01T00:60:00Z',
    '2023-01-01T00:00:60Z',
    '2023-13-01T00:00:00Z',
    '2023-01-01T00:00:00.Z',
    '2023-01-01T00:00:00.1234567890123Z',
    '2023-01-01T00:00:00+15:00',
    '0000-01-01T00:00:00Z',
    '0001-01-01T00:00:00+01:00',
    '9999-12-31T23:59:59-00:01',
    '2023-01-01 00:00:00Z',
  ])('refuses %s', (text) => {
    expect(parseDateTimeOffset(text)).toBeUndefined();
  });

  it('writes canonical text that reads back to the same tick', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: 0n, max: maxTicks }), (ticks) => {
        const text = formatTicks(ticks);
        expect(text).toMatch(/^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d{0,6}[1-9])?Z$/);
        expect(ticksOf(text)).toBe(ticks);
      }),
    );
  });

  it('agrees with Date on whole milliseconds', () => {
    fc.assert(
      fc.property(fc.integer({ min: -62_135_596_800_000, max: 253_402_300_799_999 }), (milliseconds) => {
        const ticks = unixEpochTicks + BigInt(milliseconds) * 10_000n;
        expect(Date.parse(formatTicks(ticks))).toBe(milliseconds);
      }),
    );
  });
});
