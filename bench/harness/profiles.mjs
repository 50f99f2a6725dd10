/** The rows of the bench: made here, written through the service's own POST, read back for the floors. */
import { createRandom } from './random.mjs';

export const collectionPath = '/beta/security/cloudAppSecurityProfiles';

const publishers = ['Contoso Ltd', 'Fabrikam Inc', 'Northwind Traders', 'Adatum Corporation', 'Litware Inc'];
const platforms = ['windows', 'macOS', 'linux', 'android', 'iOS'];
const permissions = ['anonymous', 'guest', 'user', 'administrator', 'system'];
const words = ['finance', 'storage', 'mail', 'sanctioned', 'review', 'blocked', 'europe', 'pilot', 'partner'];

const pick = (items, random) => items[Math.floor(random() * items.length)];

/** The body of the POST of row `index`: the stored entity comes to about 1 KB of JSON. */
export function profileBody(index, random) {
  const publisher = pick(publishers, random);
  return {
    azureSubscriptionId: null,
    azureTenantId: null,
    deploymentPackageUrl: `https://packages.example.com/${index}/setup.zip`,
    destinationServiceName: `service-${index % 97}.example.com`,
    isSigned: random() < 0.8,
    manifest: JSON.stringify({ build: index, channel: 'stable', notes: 'x'.repeat(300) }),
    name: `${publisher.split(' ')[0]} ${pick(words, random)} ${index}`,
    permissionsRequired: pick(permissions, random),
    platform: pick(platforms, random),
    policyName: `policy ${index % 12}`,
    publisher,
    riskScore: String(Math.floor(random() * 11)),
    tags: [pick(words, random), `batch ${index % 50}`],
    type: 'application',
    vendorInformation: {
      provider: 'casp bench',
      providerVersion: '1.0',
      subProvider: null,
      vendor: publisher,
    },
  };
}

/** Bodies of `count` rows, the same for the same seed. */
export function* profileBodies(count, seed) {
  const random = createRandom(seed);
  for (let index = 0; index < count; index += 1) yield profileBody(index, random);
}
