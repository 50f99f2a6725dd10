import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { EntityValues } from '../../../src/edm/types.ts';
import type { Projection } from '../../../src/plan/bound.ts';
import type { ResponseFormat } from '../../../src/plan/plan.ts';
import { dynamicMember, weakEntityTag, writeEntity } from '../../../src/response/entity.ts';
import { emptyProfile } from '../../support/profiles.ts';
import {
  context,
  entityId,
  entitySet,
  formatOf,
  propertyOf,
  storedEntity,
  vendorMember,
} from '../../support/response-fixture.ts';

// A complex value is stored with all its members.
const vendor = { provider: null, providerVersion: null, subProvider: null, vendor: 'v' };
const values: EntityValues = { name: 'n', tags: ['t'], vendorInformation: vendor };
const url = 'https://casp.example/context';
const own = `https://casp.example/v1.0/security/cloudAppSecurityProfiles/${entityId}`;

function write(
  format: Partial<ResponseFormat>,
  projection?: Projection,
  computed: readonly (string | bigint | null)[] = [],
  contextUrl: string | undefined = url,
) {
  const how = { root: 'v1.0' as const, entitySet, format: formatOf(format), context, projection };
  const text = writeEntity(storedEntity(values), computed, contextUrl, how);
  const read = JSON.parse(text) as Readonly<Record<string, unknown>>;
  // What is written is JSON in its shortest form, without a member twice.
  expect(JSON.stringify(read)).toBe(text);
  return read;
}

const vendorType = { '@odata.type': '#microsoft.graph.securityVendorInformation' };
const properties = (vendor: object) => ({ ...emptyProfile(entityId), ...values, vendorInformation: vendor });

describe('writeEntity', () => {
  it('minimal: the stored text behind the control information', () => {
    expect(write({})).toEqual({
      '@odata.context': url,
      '@odata.type': '#microsoft.graph.cloudAppSecurityProfile',
      '@odata.etag': 'W/"3"',
      ...properties({ ...vendorType, ...vendor }),
    });
  });

  it('none: the values alone', () => {
    expect(write({ metadata: 'none' })).toEqual(properties(vendor));
  });

  it('inside a collection there is no context', () => {
    const how = { root: 'v1.0' as const, entitySet, context, projection: undefined };
    for (const metadata of ['none', 'minimal', 'full'] as const) {
      const text = writeEntity(storedEntity(values), [], undefined, {
        ...how,
        format: formatOf({ metadata }),
      });
      expect(text).not.toContain('@odata.context');
    }
  });

  it('full: addresses, and a type before each value that does not show its own', () => {
    expect(Object.entries(write({ metadata: 'full' })).filter(([name]) => name.includes('@'))).toEqual([
      ['@odata.context', url],
      ['@odata.type', '#microsoft.graph.cloudAppSecurityProfile'],
      ['@odata.id', own],
      ['@odata.etag', 'W/"3"'],
      ['@odata.editLink', own],
      ['createdDateTime@odata.type', '#DateTimeOffset'],
      ['lastModifiedDateTime@odata.type', '#DateTimeOffset'],
      ['tags@odata.type', '#Collection(String)'],
    ]);
  });

  it('omit-values leaves nulls out at every depth, empty collections stay', () => {
    expect(write({ omitNulls: true, metadata: 'none' })).toEqual({
      id: entityId,
      createdDateTime: '2026-01-01T00:00:00Z',
      lastModifiedDateTime: '2026-01-01T00:00:00Z',
      name: 'n',
      tags: ['t'],
      vendorInformation: { vendor: 'v' },
    });
    const how = { root: 'v1.0' as const, entitySet, context, projection: undefined };
    const bare = writeEntity(storedEntity(), [], undefined, {
      ...how,
      format: formatOf({ omitNulls: true }),
    });
    expect(JSON.parse(bare)).toMatchObject({ tags: [] });
  });

  it('a projection sends what it names, in the declared order, and what was computed', () => {
    const projection: Projection = {
      properties: [
        { property: propertyOf('id'), members: undefined },
        { property: propertyOf('vendorInformation'), members: [vendorMember('vendor')] },
      ],
      computed: [
        {
          name: 'L',
          expression: { kind: 'constant', type: { kind: 'primitive', name: 'Edm.Int64' }, value: 1n },
        },
        {
          name: 'S',
          expression: { kind: 'constant', type: { kind: 'primitive', name: 'Edm.String' }, value: 's' },
        },
      ],
      contextPaths: [],
    };
    expect(write({ ieee754Compatible: true }, projection, [5n, null])).toEqual({
      '@odata.context': url,
      '@odata.type': '#microsoft.graph.cloudAppSecurityProfile',
      '@odata.etag': 'W/"3"',
      id: entityId,
      vendorInformation: { ...vendorType, vendor: 'v' },
      'L@odata.type': '#Int64',
      L: '5',
      S: null,
    });
    expect(write({ omitNulls: true, metadata: 'none' }, projection, [5n, null])).toEqual({
      id: entityId,
      vendorInformation: { vendor: 'v' },
      L: 5,
    });
  });
});

describe('the metadata level', () => {
  const nasty = fc.constantFrom(
    '"@odata.type":"#microsoft.graph.securityVendorInformation",',
    ',"createdDateTime":"',
    '{"@odata.type":"x"}',
    '"tags":[',
    '\\","tags":["',
    '$&$1$`',
  );
  const text = fc.oneof(nasty, fc.string({ unit: 'grapheme' }));
  const nullable = fc.option(text);
  const vendors = fc.record({
    provider: nullable,
    providerVersion: nullable,
    subProvider: nullable,
    vendor: nullable,
  });
  const profiles = fc.record({
    ...{ name: nullable, manifest: nullable, azureTenantId: nullable, type: nullable },
    tags: fc.array(text, { maxLength: 3 }),
    permissionsRequired: fc.option(fc.constantFrom('guest', 'user')),
    vendorInformation: fc.option(vendors),
  });

  it.each(['none', 'minimal', 'full'] as const)('%s says the same values, whatever they hold', (metadata) => {
    fc.assert(
      fc.property(profiles, fc.boolean(), (profile, omitNulls) => {
        const how = { root: 'v1.0' as const, entitySet, context, projection: undefined };
        const written = writeEntity(storedEntity(profile), [], url, {
          ...how,
          format: formatOf({ metadata, omitNulls }),
        });
        const read = JSON.parse(written) as Readonly<Record<string, unknown>>;
        expect(JSON.stringify(read)).toBe(written);
        expect(plain(read)).toEqual(plain({ ...emptyProfile(entityId), ...profile }, omitNulls));
        const types = Object.keys(read).filter((name) => name.endsWith('@odata.type'));
        expect(types.length > 1).toBe(metadata === 'full');
        const vendor = read.vendorInformation as Readonly<Record<string, unknown>> | null | undefined;
        if (typeof vendor === 'object' && vendor !== null) {
          expect('@odata.type' in vendor).toBe(metadata !== 'none');
        }
      }),
    );
  });

  /** Without annotations at any depth, and without nulls where they are not wanted. */
  function plain(value: unknown, omitNulls = false): unknown {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
    return Object.fromEntries(
      Object.entries(value)
        .filter(([name, member]) => !name.includes('@') && !(omitNulls && member === null))
        .map(([name, member]) => [name, plain(member, omitNulls)]),
    );
  }
});

describe('dynamicMember', () => {
  const write = (
    value: string | bigint | number | boolean | null,
    name: string,
    metadata: 'none' | 'minimal' | 'full',
  ) => dynamicMember('x', value, { kind: 'primitive', name: name as 'Edm.Int64' }, formatOf({ metadata }));

  it.each(['Edm.String', 'Edm.Boolean', 'Edm.Double'])('%s shows its type itself', (name) => {
    expect(write('v', name, 'full')).toHaveLength(1);
  });

  it.each(['minimal', 'full'] as const)('%s: others say it', (metadata) => {
    expect(write(1n, 'Edm.Int64', metadata)).toEqual(['"x@odata.type":"#Int64"', '"x":1']);
    expect(write(null, 'Edm.Int64', metadata)).toEqual(['"x":null']);
    expect(write(0n, 'Edm.Date', metadata)).toEqual(['"x@odata.type":"#Date"', '"x":"0001-01-01"']);
  });

  it('none: nobody says it', () => {
    expect(write(1n, 'Edm.Int64', 'none')).toEqual(['"x":1']);
  });

  it('a type of the wire takes the place of the one computed with', () => {
    const type = { kind: 'primitive', name: 'Edm.Int64' } as const;
    expect(dynamicMember('N', 2n, type, formatOf(), 'Decimal')).toEqual([
      '"N@odata.type":"#Decimal"',
      '"N":2',
    ]);
  });
});

describe('weakEntityTag', () => {
  it('is weak, because one version has several representations', () => {
    expect(weakEntityTag(12)).toBe('W/"12"');
  });
});
