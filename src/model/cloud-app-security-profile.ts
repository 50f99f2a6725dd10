/** The cloud app security profile, declared once (reference page, resource table). */
import {
  boolean,
  complex,
  dateTimeOffset,
  enumeration,
  inNamespace,
  key,
  stamped,
  string,
  stringCollection,
} from '../edm/declare.ts';
import type { EntitySet } from '../edm/types.ts';

const { complexType, entityType, enumType } = inNamespace('microsoft.graph');

/** Who may run an application, from nobody known to the system itself. */
export const applicationPermissionsRequired = enumType(
  'applicationPermissionsRequired',
  { unknown: 0, anonymous: 1, guest: 2, user: 3, administrator: 4, system: 5, unknownFutureValue: 127 },
  'unknownFutureValue',
);

/** Where the information about an application comes from. */
export const securityVendorInformation = complexType('securityVendorInformation', {
  provider: string('The product that supplied the profile.'),
  providerVersion: string('The version of that product or of its data.'),
  subProvider: string('A part of the product, such as a region or a feed.'),
  vendor: string('The maker of the product.'),
});

/** The abstract root of all entities. */
export const entity = entityType(
  'entity',
  { abstract: true, description: 'The root of all entities.' },
  { id: key(string('The identifier, given by the service.')) },
);

export const cloudAppSecurityProfile = entityType(
  'cloudAppSecurityProfile',
  {
    baseType: entity,
    description: 'A cloud app an organisation uses: its publisher, what it may touch and how risky it is.',
  },
  {
    azureSubscriptionId: string('The Azure subscription the app is billed to.'),
    azureTenantId: string('The Azure tenant that owns the app; plain data, not the tenant of the caller.'),
    createdDateTime: stamped(dateTimeOffset('When the profile was created.'), 'created'),
    deploymentPackageUrl: string('Where the deployment package of the app is found.'),
    destinationServiceName: string('The service the app talks to.'),
    isSigned: boolean('Whether the app is signed by its publisher.'),
    lastModifiedDateTime: stamped(dateTimeOffset('When the profile last changed.'), 'modified'),
    manifest: string('The manifest of the app, as text.'),
    name: string('The name of the app.'),
    permissionsRequired: enumeration(
      applicationPermissionsRequired,
      'The least privileged account that can run the app.',
    ),
    platform: string('The platform the app runs on.'),
    policyName: string('The policy that holds the app.'),
    publisher: string('Who publishes the app.'),
    riskScore: string('The risk score as the provider states it; its scale is the provider’s.'),
    tags: stringCollection('Words given to the app by people and automation.'),
    type: string('The kind of app.'),
    vendorInformation: complex(securityVendorInformation, 'Where this information comes from.'),
  },
);

/** The collection under the singleton `security`. */
export const cloudAppSecurityProfiles: EntitySet = {
  name: 'cloudAppSecurityProfiles',
  singleton: 'security',
  type: cloudAppSecurityProfile,
  permissions: {
    read: ['SecurityEvents.Read.All', 'SecurityEvents.ReadWrite.All'],
    write: ['SecurityEvents.ReadWrite.All'],
  },
  indexes: [
    {
      paths: ['publisher', 'riskScore', 'lastModifiedDateTime'],
      reason: 'What changed last among the risky apps of a publisher.',
    },
    { paths: ['name'], reason: 'By name, and names that contain some text.' },
    { paths: ['lastModifiedDateTime'], reason: 'What changed last.' },
    { paths: ['tags'], reason: 'Profiles with a tag.' },
  ],
};
