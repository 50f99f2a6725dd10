import { describe, expect, it } from 'vitest';
import type { EntityValues } from '../../../src/edm/types.ts';
import type { PropertyPlan, ResponseFormat } from '../../../src/plan/plan.ts';
import { writePropertyBody } from '../../../src/response/property.ts';
import {
  context,
  entityId,
  noConditions,
  planBase,
  propertyOf,
  storedEntity,
  vendorMember,
} from '../../support/response-fixture.ts';

const values: EntityValues = {
  name: 'a "b"',
  isSigned: false,
  permissionsRequired: 'guest',
  tags: ['x', 'y'],
  vendorInformation: { provider: null, providerVersion: null, subProvider: null, vendor: 'v' },
};

function write(
  path: PropertyPlan['path'],
  part: PropertyPlan['part'] = 'json',
  format: Partial<ResponseFormat> = {},
  id = entityId,
) {
  const plan: PropertyPlan = {
    ...planBase(format),
    kind: 'property',
    key: id,
    preconditions: noConditions,
    path,
    part,
  };
  return writePropertyBody(storedEntity(values, 3, id), plan, context);
}

const address = `https://casp.example/v1.0/$metadata#security/cloudAppSecurityProfiles('${entityId}')`;

describe('writePropertyBody', () => {
  it('nothing where the value is null, the complex value around it included', () => {
    for (const part of ['json', 'raw'] as const) {
      expect(write([propertyOf('policyName')], part)).toBeUndefined();
      expect(write([propertyOf('vendorInformation'), vendorMember('provider')], part)).toBeUndefined();
    }
    const empty: PropertyPlan = {
      ...planBase(),
      kind: 'property',
      key: entityId,
      preconditions: noConditions,
      path: [propertyOf('vendorInformation'), vendorMember('vendor')],
      part: 'json',
    };
    expect(writePropertyBody(storedEntity(), empty, context)).toBeUndefined();
  });

  it.each([
    ['name', 'a "b"'],
    ['isSigned', 'false'],
    ['permissionsRequired', 'guest'],
    ['createdDateTime', '2026-01-01T00:00:00Z'],
  ])('%s raw is text', (name, body) => {
    expect(write([propertyOf(name)], 'raw')).toEqual({ kind: 'text', body });
  });

  it('a count is text', () => {
    expect(write([propertyOf('tags')], 'count')).toEqual({ kind: 'text', body: '2' });
  });

  it('a member of a complex value is addressed with its path', () => {
    const body = write([propertyOf('vendorInformation'), vendorMember('vendor')])?.body ?? '';
    expect(JSON.parse(body)).toEqual({ '@odata.context': `${address}/vendorInformation/vendor`, value: 'v' });
  });

  it('full metadata types what does not show its type', () => {
    const typeOf = (name: string) =>
      (
        JSON.parse(write([propertyOf(name)], 'json', { metadata: 'full' })?.body ?? '') as Record<
          string,
          unknown
        >
      )['@odata.type'];
    expect(
      ['name', 'isSigned', 'permissionsRequired', 'createdDateTime', 'tags', 'vendorInformation'].map(typeOf),
    ).toEqual([
      undefined,
      undefined,
      '#microsoft.graph.applicationPermissionsRequired',
      '#DateTimeOffset',
      '#Collection(String)',
      '#microsoft.graph.securityVendorInformation',
    ]);
  });

  it('no metadata: the value alone', () => {
    const none = { metadata: 'none' } as const;
    expect(write([propertyOf('tags')], 'json', none)?.body).toBe('{"value":["x","y"]}');
    expect(write([propertyOf('vendorInformation')], 'json', none)?.body).toBe(
      '{"provider":null,"providerVersion":null,"subProvider":null,"vendor":"v"}',
    );
    expect(write([propertyOf('vendorInformation')], 'json', { ...none, omitNulls: true })?.body).toBe(
      '{"vendor":"v"}',
    );
  });

  it.each([
    ["o'neil", "'o''neil'"],
    ['a/b c', "'a%2Fb%20c'"],
    ['ü?', "'%C3%BC%3F'"],
  ])('the key %s stands in the context as %s', (id, written) => {
    const body = write([propertyOf('name')], 'json', {}, id)?.body ?? '';
    expect((JSON.parse(body) as Record<string, unknown>)['@odata.context']).toBe(
      `https://casp.example/v1.0/$metadata#security/cloudAppSecurityProfiles(${written})/name`,
    );
  });
});
