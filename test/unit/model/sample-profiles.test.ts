import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatTicks, parseDateTimeOffset } from '../../../src/edm/date-time-offset.ts';
import { type EntityValues, leavesOf } from '../../../src/edm/types.ts';
import { cloudAppSecurityProfile } from '../../../src/model/cloud-app-security-profile.ts';
import {
  exampleId,
  generateProfiles,
  type ProfileValues,
  sampleCount,
  sampleProfiles,
} from '../../../src/model/sample-profiles.ts';

const profiles = sampleProfiles();
const declared = cloudAppSecurityProfile.properties.map(({ name }) => name);
const guid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

/** The value of a leaf such as `vendorInformation/provider`; undefined below a null. */
function leafValue(profile: EntityValues, path: string): unknown {
  const [first = '', second] = path.split('/');
  const value = profile[first];
  if (second === undefined || value === null) return second === undefined ? value : undefined;
  return (value as Readonly<Record<string, unknown>>)[second];
}

describe('the sample', () => {
  it('is the same on every machine', () => {
    const hash = createHash('sha256').update(JSON.stringify(profiles)).digest('hex');
    expect(hash).toBe('a39f2ebb62c5d5164ab50991fc47a257d442e1900ffc7b6ee5d67dc5427460df');
  });

  it('has 250 profiles of 18 properties in declared order', () => {
    expect(profiles).toHaveLength(sampleCount);
    expect(declared).toHaveLength(18);
    for (const profile of profiles) expect(Object.keys(profile)).toEqual(declared);
  });

  it('holds the profile of the published example once', () => {
    const found = profiles.filter(({ id }) => id === exampleId);
    expect(found).toHaveLength(1);
    expect(found[0]).toMatchObject({
      name: 'Contoso Expense',
      publisher: 'Contoso Ltd',
      permissionsRequired: 'user',
      isSigned: true,
    });
  });

  it('has ids of its own, in lower case', () => {
    expect(new Set(profiles.map(({ id }) => id)).size).toBe(sampleCount);
    expect(profiles.filter(({ id }) => !guid.test(id))).toEqual([]);
  });

  it('shows every value of the enumeration but the sentinel', () => {
    const shown = new Set(profiles.map(({ permissionsRequired }) => permissionsRequired));
    expect(shown).toEqual(
      new Set(['unknown', 'anonymous', 'guest', 'user', 'administrator', 'system', null]),
    );
  });

  it('shows null in every property a client may set to it', () => {
    const nullable = leavesOf(cloudAppSecurityProfile).filter(
      ({ property, parent }) => property.nullable && (parent ?? property).access === 'readWrite',
    );
    const never = nullable.filter(
      ({ path }) => !profiles.some((profile) => leafValue(profile, path) === null),
    );
    expect(never.map(({ path }) => path)).toEqual([]);
    expect(profiles.some(({ vendorInformation }) => vendorInformation === null)).toBe(true);
  });

  it('has three risk scales, unsigned apps, a manifest of 200 KB, and names in other scripts', () => {
    const scores = profiles.flatMap(({ riskScore }) => (riskScore === null ? [] : [riskScore]));
    expect(scores).toEqual(
      expect.arrayContaining(['0', '10', '38', '100', 'Very low', 'Medium', 'Very high']),
    );
    expect(profiles.some(({ isSigned }) => isSigned === false)).toBe(true);
    const manifests = profiles.map(({ manifest }) => manifest ?? '');
    expect(Math.max(...manifests.map((text) => Buffer.byteLength(text)))).toBe(200 * 1024);
    const names = profiles.map(({ name }) => name ?? '').join('\n');
    for (const script of [
      /\p{Script=Arabic}/u,
      /\p{Script=Hebrew}/u,
      /\p{Script=Han}/u,
      /\p{Emoji_Presentation}/u,
    ]) {
      expect(names).toMatch(script);
    }
  });

  it('spreads over ninety days, to 100 ns, none changed before it was made', () => {
    const read = (text: string): bigint => parseDateTimeOffset(text)?.ticks ?? -1n;
    for (const { createdDateTime, lastModifiedDateTime } of profiles) {
      for (const text of [createdDateTime, lastModifiedDateTime]) {
        expect(text).toMatch(/\.\d{7}Z$/);
        expect(formatTicks(read(text))).toBe(text);
      }
      expect(read(createdDateTime).toString() <= read(lastModifiedDateTime).toString()).toBe(true);
    }
    const days = new Set(profiles.map(({ createdDateTime }) => createdDateTime.slice(0, 10)));
    expect(days.size).toBeGreaterThan(70);
    const sorted = [...days].sort();
    expect((sorted[0] ?? '') >= '2025-10-03' && (sorted.at(-1) ?? 'z') <= '2025-12-31').toBe(true);
  });

  it('of fewer profiles is its beginning', () => {
    expect(sampleProfiles(7)).toEqual(profiles.slice(0, 7));
    expect(sampleProfiles(0)).toEqual([]);
  });
});

describe('generateProfiles', () => {
  const take = (count: number, seed: number): readonly ProfileValues[] => [...generateProfiles(count, seed)];

  it('depends on the seed alone', () => {
    fc.assert(
      fc.property(fc.integer(), (seed) => {
        expect(take(3, seed)).toEqual(take(3, seed));
        expect(take(2, seed)).toEqual(take(3, seed).slice(0, 2));
        expect(take(1, seed)[0]?.id).not.toBe(take(1, seed + 1)[0]?.id);
      }),
    );
  });

  it('never repeats an id', () => {
    const count = 50_000;
    const ids = new Set<string>();
    for (const { id } of generateProfiles(count, 7)) ids.add(id);
    expect(ids.size).toBe(count);
  });

  it('makes profiles of about a kilobyte, their manifests JSON', () => {
    const made = take(500, 1);
    const bytes = made.reduce((sum, profile) => sum + JSON.stringify(profile).length, 0) / made.length;
    expect(bytes).toBeGreaterThan(900);
    expect(bytes).toBeLessThan(1200);
    for (const { name, manifest } of made) expect(JSON.parse(manifest ?? '')).toMatchObject({ name });
  });
});
