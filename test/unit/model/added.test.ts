import { expect, it } from 'vitest';
import { leavesOf } from '../../../src/edm/types.ts';
import { model } from '../../../src/model/index.ts';

/** What the first release declared: rows of its programs have all of these, and not more. */
const first: Readonly<Record<string, readonly string[]>> = {
  cloudAppSecurityProfile: [
    'id',
    'azureSubscriptionId',
    'azureTenantId',
    'createdDateTime',
    'deploymentPackageUrl',
    'destinationServiceName',
    'isSigned',
    'lastModifiedDateTime',
    'manifest',
    'name',
    'permissionsRequired',
    'platform',
    'policyName',
    'publisher',
    'riskScore',
    'tags',
    'type',
    'vendorInformation/provider',
    'vendorInformation/providerVersion',
    'vendorInformation/subProvider',
    'vendorInformation/vendor',
  ],
};

it('a property that came after the first release says with which version: added(…) in its declaration', () => {
  const declared = model.entitySets.map(({ type }) => [
    type.name,
    leavesOf(type)
      .filter(({ property, parent }) => property.added === undefined && parent?.added === undefined)
      .map(({ path }) => path),
  ]);
  expect(Object.fromEntries(declared)).toEqual(first);
});
