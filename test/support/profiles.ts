/** Values of profiles for tests, random or plain. */
import fc from 'fast-check';
import type { EntityValues } from '../../src/edm/types.ts';
import { cloudAppSecurityProfile } from '../../src/model/cloud-app-security-profile.ts';

/** Writable string properties of the type. */
export const stringProperties = cloudAppSecurityProfile.properties
  .filter(
    ({ type, access }) => type.kind === 'primitive' && type.name === 'Edm.String' && access === 'readWrite',
  )
  .map(({ name }) => name);

/** Members of vendorInformation. */
export const vendorMembers = ['provider', 'providerVersion', 'subProvider', 'vendor'] as const;

/** Member names a client may send and get back. */
export const permissionNames = ['unknown', 'anonymous', 'guest', 'user', 'administrator', 'system'] as const;

/** A profile with every property null or empty, but for its id and times. */
export function emptyProfile(id: string): EntityValues {
  const values: Record<string, EntityValues[string]> = {};
  for (const property of cloudAppSecurityProfile.properties) {
    values[property.name] = property.type.kind === 'collection' ? [] : null;
  }
  const at = '2026-01-01T00:00:00Z';
  return { ...values, id, createdDateTime: at, lastModifiedDateTime: at };
}

/** Any text JSON can carry and both engines can store. */
export const anyText = fc.string({ unit: 'grapheme', maxLength: 20 }).filter((text) => !text.includes('\0'));

/** A body of PATCH: any subset of the writable properties, with values of the right type. */
export const patchBody = fc
  .record(
    {
      ...Object.fromEntries(stringProperties.map((name) => [name, fc.option(anyText)])),
      isSigned: fc.option(fc.boolean()),
      permissionsRequired: fc.option(fc.constantFrom(...permissionNames)),
      tags: fc.array(anyText, { maxLength: 4 }),
      vendorInformation: fc.option(
        fc.record(Object.fromEntries(vendorMembers.map((name) => [name, fc.option(anyText)])), {
          requiredKeys: [],
        }),
      ),
    },
    { requiredKeys: [] },
  )
  .map((body) => JSON.parse(JSON.stringify(body)) as Record<string, EntityValues[string]>);
