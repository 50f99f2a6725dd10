import { describe, expect, it } from 'vitest';
import {
  assertServable,
  compareVersions,
  fingerprintOf,
  oldestServingProgram,
  recordOf,
  type SchemaRecord,
} from '../../../src/storage/migrate.ts';
import { programVersion } from '../../../src/storage/program-version.ts';

describe('versions', () => {
  it.each([
    ['0.1.0', '0.1.0', 0],
    ['0.1.0', '0.1.1', -1],
    ['0.9.0', '0.10.0', -1],
    ['2.0.0', '1.99.99', 1],
    ['1.0', '1.0.0', 0],
    ['1.0.0-rc.1', '1.0.0', -1],
    ['1.0.0', '1.0.0-rc.1', 1],
    ['1.0.0-rc.1', '1.0.0-rc.2', -1],
    ['1.0.0+build.5', '1.0.0', 0],
  ])('%s and %s', (left, right, sign) => expect(Math.sign(compareVersions(left, right))).toBe(sign));

  it('of this program serves what it makes', () => {
    expect(compareVersions(programVersion, oldestServingProgram)).toBeGreaterThanOrEqual(0);
  });
});

const record = (oldestProgram: string): SchemaRecord => ({
  appliedAt: '2026-01-01T00:00:00.000Z',
  program: '9.9.9',
  oldestProgram,
  fingerprint: '',
  applied: 'x',
});

describe('a database that newer programs were at', () => {
  it('is served as long as all they did were additions', () => {
    expect(() => assertServable([], '0.0.1')).not.toThrow();
    expect(() => assertServable([record('1.0.0'), record('1.0.0')], '1.0.0')).not.toThrow();
  });

  it('is refused by what is older than the last other change', () => {
    expect(() => assertServable([record('2.0.0'), record('1.0.0')], '1.9.9')).toThrow(
      expect.objectContaining({ name: 'SchemaError', advice: ['Install casp 2.0.0 or newer.'] }),
    );
  });
});

it('a record says what was done, by whom and when', () => {
  const steps = [
    { summary: 'create table a', statements: ['create table "a" ()'], alone: false },
    { summary: 'create index b', statements: [], alone: true },
  ];
  expect(recordOf(steps, { program: '1.2.3', fingerprint: 'f', nowMs: 0 })).toEqual({
    appliedAt: '1970-01-01T00:00:00.000Z',
    program: '1.2.3',
    oldestProgram: oldestServingProgram,
    fingerprint: 'f',
    applied: 'create table a\ncreate index b',
  });
});

it('a fingerprint tells texts apart', () => {
  expect(fingerprintOf([])).toBe('');
  expect(fingerprintOf(['a', 'b'])).not.toBe(fingerprintOf(['ab']));
  expect(fingerprintOf(['a'])).toMatch(/^[0-9a-f]{32}$/);
});
