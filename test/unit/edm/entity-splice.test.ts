/** A value read or replaced where it stands is the value that taking the whole text apart gives. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readSomeValues, replaceValues } from '../../../src/edm/entity-splice.ts';
import { readEntityText, writeEntityText } from '../../../src/edm/entity-text.ts';
import type { EntityValues } from '../../../src/edm/types.ts';
import { cloudAppSecurityProfile as type } from '../../../src/model/cloud-app-security-profile.ts';
import { emptyProfile } from '../../support/profiles.ts';

const id = '00000000-0000-4000-8000-00000000000a';

/** Texts that look like the JSON around them. */
const text = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.constantFrom('\\', '\\\\', '"', '\\"', '","name":"x', ',"tags":[', ']', '}', '😀', '\u2028', 'null'),
  fc
    .array(fc.constantFrom('\\', '"', ',', '{', '}', '[', ']', ':', 'name', 'tags'), { maxLength: 12 })
    .map((parts) => parts.join('')),
);
const values = fc.record({
  name: fc.option(text),
  manifest: fc.option(text),
  riskScore: fc.option(text),
  isSigned: fc.option(fc.boolean()),
  tags: fc.array(text, { maxLength: 4 }),
});
const profileOf = (some: EntityValues): EntityValues => ({ ...emptyProfile(id), ...some });
const names = ['name', 'manifest', 'riskScore', 'isSigned', 'tags'];

describe('splicing a stored text', () => {
  it('reads what is there', () => {
    fc.assert(
      fc.property(values, (some) => {
        expect(readSomeValues(type, writeEntityText(type, profileOf(some)), names)).toEqual(some);
      }),
    );
  });

  it('replaces what is there and nothing else', () => {
    fc.assert(
      fc.property(values, values, fc.subarray(names), (some, others, chosen) => {
        const stored = writeEntityText(type, profileOf(some));
        const replaced = replaceValues(type, stored, others, chosen);
        const picked = Object.fromEntries(
          chosen.map((name) => [name, (others as EntityValues)[name] ?? null]),
        );
        expect(replaced).toBe(writeEntityText(type, profileOf({ ...some, ...picked })));
      }),
    );
  });

  it('keeps members of another version between those it knows', () => {
    const stored = writeEntityText(type, profileOf({ name: 'a' })).replace(
      ',"platform":',
      ',"later":"x","platform":',
    );
    const replaced = replaceValues(type, stored, { name: 'b' }, ['name']);
    expect(replaced).toBe(stored.replace('"name":"a"', '"name":"b"'));
    expect(readEntityText(type, replaced)).toMatchObject({ name: 'b', later: 'x' });
  });

  it('leaves complex values to those who take the whole apart', () => {
    const stored = writeEntityText(type, profileOf({}));
    expect(readSomeValues(type, stored, ['vendorInformation'])).toBeUndefined();
    expect(readSomeValues(type, '{"id":"x"}', ['name'])).toBeUndefined();
  });
});
