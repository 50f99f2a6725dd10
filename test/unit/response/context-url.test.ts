import { describe, expect, it } from 'vitest';
import type { ListPlan } from '../../../src/plan/plan.ts';
import {
  contextUrl,
  entitySetPath,
  entityUrl,
  nextLink,
  serviceRootUrl,
} from '../../../src/response/context-url.ts';
import { context, entitySet, planBase, sealed, tenantId } from '../../support/response-fixture.ts';

describe('addresses', () => {
  it.each([
    ['v1.0', 'security/cloudAppSecurityProfiles'],
    ['beta', 'security/cloudAppSecurityProfiles'],
    ['odata/v4', 'cloudAppSecurityProfiles'],
  ] as const)('below %s', (root, path) => {
    expect(serviceRootUrl(root, context)).toBe(`https://casp.example/${root}/`);
    expect(contextUrl(root, '', context)).toBe(`https://casp.example/${root}/$metadata`);
    expect(contextUrl(root, 'a(b)', context)).toBe(`https://casp.example/${root}/$metadata#a(b)`);
    expect(entitySetPath(entitySet, root)).toBe(path);
    expect(entityUrl(root, entitySet, 'x', context)).toBe(`https://casp.example/${root}/${path}/x`);
  });

  it('of an id with other characters can be read back', () => {
    const id = "a/b?c#d %'ü";
    const address = entityUrl('v1.0', entitySet, id, context);
    expect(decodeURIComponent(new URL(address).pathname.split('/').at(-1) ?? '')).toBe(id);
  });
});

describe('nextLink', () => {
  const plan = (own: Partial<ListPlan>): ListPlan => ({
    ...planBase(),
    kind: 'list',
    pageSize: 2,
    after: undefined,
    remaining: undefined,
    skip: 0,
    filter: undefined,
    search: undefined,
    orderBy: [],
    count: false,
    projection: undefined,
    link: { options: '$top=2&$select=name&', fingerprint: 'f', nowTicks: 7n, pageSize: 2 },
    ...own,
  });

  it('repeats the options and ends with the token', () => {
    expect(nextLink(plan({}), ['a', null], context)).toBe(
      'https://casp.example/v1.0/security/cloudAppSecurityProfiles?$top=2&$select=name&$skiptoken=TOKEN',
    );
    expect(sealed.at(-1)).toEqual({
      tenantId,
      fingerprint: 'f',
      after: ['a', null],
      nowTicks: 7n,
      remaining: undefined,
      pageSize: 2,
    });
  });

  it('counts down what a total still allows', () => {
    nextLink(plan({ remaining: 5 }), ['a'], context);
    expect(sealed.at(-1)).toMatchObject({ remaining: 3, pageSize: 2 });
  });
});
