/**
 * Fictional profiles, the same on every machine: what a newcomer sees, what tests rely on, what the bench loads.
 * No rating of a real vendor is among them.
 */
/** Sample profiles of a new development database. */
export const sampleCount = 250;
/** The seed they are made from. */
export const sampleSeed = 42;
/** The id in the example of the reference page; the sample holds a profile with it. */
export const exampleId = '053c36a0-36a0-053c-a036-3c05a0363c05';

/** Where the information about a profile comes from, in wire form. */
export type ProfileVendor = {
  readonly provider: string | null;
  readonly providerVersion: string | null;
  readonly subProvider: string | null;
  readonly vendor: string | null;
};

/** A profile in wire form; members in the order the type declares them. */
export type ProfileValues = {
  readonly id: string;
  readonly azureSubscriptionId: string | null;
  readonly azureTenantId: string | null;
  readonly createdDateTime: string;
  readonly deploymentPackageUrl: string | null;
  readonly destinationServiceName: string | null;
  readonly isSigned: boolean | null;
  readonly lastModifiedDateTime: string;
  readonly manifest: string | null;
  readonly name: string | null;
  readonly permissionsRequired: string | null;
  readonly platform: string | null;
  readonly policyName: string | null;
  readonly publisher: string | null;
  readonly riskScore: string | null;
  readonly tags: readonly string[];
  readonly type: string | null;
  readonly vendorInformation: ProfileVendor | null;
};

// Randomness.

/** Numbers from 0 (inclusive) to 1 (exclusive). */
type Random = () => number;

/** The finalizer of MurmurHash3: one-to-one on 32-bit integers, so that different indexes stay different. */
function mix(value: number): number {
  let mixed = value ^ (value >>> 16);
  mixed = Math.imul(mixed, 0x85ebca6b);
  mixed ^= mixed >>> 13;
  mixed = Math.imul(mixed, 0xc2b2ae35);
  return (mixed ^ (mixed >>> 16)) >>> 0;
}

/** Mulberry32: small, fast and the same everywhere; nothing secret is made from it. */
function createRandom(seed: number): Random {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 0x1_0000_0000;
  };
}

const below = (random: Random, bound: number): number => Math.floor(random() * bound);

function pick<Item>(random: Random, items: readonly [Item, ...Item[]]): Item {
  return items[below(random, items.length)] ?? items[0];
}

const hex = (value: number, digits: number): string => value.toString(16).padStart(digits, '0');

/** A GUID in the shape of version 4 whose first part is given. */
function guid(first: number, random: Random): string {
  const version = 0x4000 + below(random, 0x1000);
  const variant = 0x8000 + below(random, 0x4000);
  const tail = hex(below(random, 0x1000000), 6) + hex(below(random, 0x1000000), 6);
  return `${hex(first, 8)}-${hex(below(random, 0x10000), 4)}-${hex(version, 4)}-${hex(variant, 4)}-${tail}`;
}

// Time: ninety days that end at a fixed instant, so that the data are the same whenever they are made.

const dayMs = 24 * 60 * 60 * 1000;
const lastMs = Date.UTC(2026, 0, 1);
const spanMs = 90 * dayMs;

/** Canonical text with seven fractional digits; the last is never 0, because zeros at the end are not written. */
function instant(ms: number, random: Random): string {
  const fine = 1 + below(random, 9) + 10 * below(random, 1000);
  return `${new Date(ms).toISOString().slice(0, -1)}${String(fine).padStart(4, '0')}Z`;
}

// Words.

const publishers = [
  ...(['Contoso', 'Fabrikam', 'Northwind', 'Adatum', 'Litware', 'Tailspin', 'Proseware', 'Wingtip'] as const),
  ...(['Woodgrove', 'Lucerne', 'Fourth Coffee', 'Trey Research', 'Alpine Ski House', 'Relecloud'] as const),
] as const;
const products = [
  ...([
    'Expense',
    'Sync',
    'Capture',
    'Payroll',
    'Vault',
    'Notes',
    'Board',
    'Relay',
    'Insights',
    'Mail',
  ] as const),
  ...(['Desk', 'Forms', 'Travel', 'Ledger', 'Scan', 'Drive', 'Chat', 'Sign', 'Roster', 'Archive'] as const),
] as const;
type Word = (typeof publishers | typeof products)[number];
const editions = [
  '',
  '',
  '',
  ' Pro',
  ' Lite',
  ' for Groups',
  ' Enterprise',
  ' Connector',
  ' Mobile',
] as const;
const companyForms = ['Ltd', 'Inc.', 'GmbH', 'AB', 'SA'] as const;
const platforms = ['Web', 'Windows', 'macOS', 'iOS', 'Android', 'Linux'] as const;
const types = ['SaaS', 'Desktop', 'Mobile', 'Browser extension', 'Service', 'Add-in'] as const;
const services = ['Mail', 'Files', 'Chat', 'Storage', 'Directory', 'Payments', 'Calendar'] as const;
const policies = [
  ...(['Default', 'High privilege review', 'Unsigned apps', 'Finance apps', 'New apps'] as const),
  ...(['Data residency', 'Block unknown publishers'] as const),
] as const;
const tagNames = [
  ...(['Sanctioned', 'Monitored', 'Unsanctioned', 'Finance', 'HR', 'Sales', 'Engineering'] as const),
  ...(['Shadow IT', 'Reviewed', 'Personal data'] as const),
] as const;
/** Every member but the sentinel, in the order of the enumeration. */
const permissions = ['unknown', 'anonymous', 'guest', 'user', 'administrator', 'system'] as const;
const commonPermissions = ['user', 'user', 'user', 'guest', 'administrator', ...permissions] as const;
const scopes = [
  'mail.read',
  'files.readwrite',
  'calendar.read',
  'directory.read',
  'chat.write',
  'offline',
] as const;

/** Providers state risk on scales of their own, some with the safe end at the top, some at the bottom. */
interface Provider {
  readonly name: string;
  readonly vendor: string;
  readonly score: (random: Random) => string;
}

const riskWords = ['Very low', 'Low', 'Medium', 'High', 'Very high'] as const;

const providers: readonly [Provider, ...Provider[]] = [
  { name: 'Contoso Cloud Catalog', vendor: 'Contoso', score: (random) => String(below(random, 11)) },
  { name: 'Fabrikam Trust Index', vendor: 'Fabrikam', score: (random) => String(below(random, 101)) },
  { name: 'Northwind App Watch', vendor: 'Northwind', score: (random) => pick(random, riskWords) },
];
const regions = ['eu', 'us', 'apac', null] as const;

const slugs = new Map(
  [...publishers, ...products].map((word) => [word, word.toLowerCase().replaceAll(' ', '-')]),
);

// One profile.

/** A host that can belong to nobody (RFC 2606). */
const siteOf = (company: Word, product: Word): string =>
  `${slugs.get(product)}.${slugs.get(company)}.example`;

function version(random: Random): string {
  return `${1 + below(random, 9)}.${below(random, 20)}.${below(random, 50)}`;
}

const someTags = (random: Random): readonly string[] => tagNames.filter(() => random() < 0.15);

/** What the app declares about itself, as text; brings a profile to about one kilobyte. */
function manifest(name: string, site: string, random: Random): string {
  const wanted = scopes.filter(() => random() < 0.5);
  const addresses = `"startUrl":"https://${site}/start","redirectUris":["https://${site}/signed-in"]`;
  const permitted = wanted.length === 0 ? '' : `"${wanted.join('","')}"`;
  // No name or address here needs an escape, and a million manifests are made for the bench.
  return `{"name":"${name}","version":"${version(random)}",${addresses},"permissions":[${permitted}],"contact":"support@${site}"}`;
}

function vendorInformation(provider: Provider, random: Random): ProfileVendor {
  return {
    provider: provider.name,
    providerVersion: version(random),
    subProvider: pick(random, regions),
    vendor: provider.vendor,
  };
}

/** The profile at an index of the endless series of a seed. */
function profileAt(index: number, seed: number): ProfileValues {
  const salt = mix(seed);
  // Different indexes give different first parts, so ids never repeat within a series.
  const first = mix(index ^ salt);
  const random = createRandom(first ^ Math.imul(salt, 0x9e3779b1));
  const id = guid(first, random);
  const company = pick(random, publishers);
  const product = pick(random, products);
  const name = `${company} ${product}${pick(random, editions)}`;
  const site = siteOf(company, product);
  const createdMs = lastMs - spanMs + below(random, spanMs);
  const modifiedMs = createdMs + below(random, lastMs - createdMs);
  const provider = pick(random, providers);
  const createdDateTime = instant(createdMs, random);
  return {
    id,
    azureSubscriptionId: guid(below(random, 0x1_0000_0000), random),
    azureTenantId: guid(below(random, 0x1_0000_0000), random),
    createdDateTime,
    deploymentPackageUrl: `https://packages.${site}/${version(random)}/package.zip`,
    destinationServiceName: `${company} ${pick(random, services)}`,
    isSigned: random() < 0.75,
    lastModifiedDateTime: modifiedMs === createdMs ? createdDateTime : instant(modifiedMs, random),
    manifest: manifest(name, site, random),
    name,
    permissionsRequired: pick(random, commonPermissions),
    platform: pick(random, platforms),
    policyName: pick(random, policies),
    publisher: `${company} ${pick(random, companyForms)}`,
    riskScore: provider.score(random),
    tags: someTags(random),
    type: pick(random, types),
    vendorInformation: vendorInformation(provider, random),
  };
}

/** `count` profiles of the series of a seed, about 1 KB of JSON each, one at a time; ids do not repeat. */
export function* generateProfiles(
  count: number,
  seed = sampleSeed,
): Generator<ProfileValues, void, undefined> {
  for (let index = 0; index < count; index += 1) yield profileAt(index, seed);
}

// What a random draw would rarely show.

const manifestLargeCharacters = 200 * 1024;

/** Valid JSON of exactly the length wanted. */
function largeManifest(): string {
  const files = Array.from({ length: 4000 }, (_, index) => `assets/module-${index}.js`);
  const write = (padding: string) => JSON.stringify({ name: 'Litware Archive', files, padding });
  return write('x'.repeat(manifestLargeCharacters - write('').length));
}

const example = {
  id: exampleId,
  name: 'Contoso Expense',
  publisher: 'Contoso Ltd',
  permissionsRequired: 'user',
  isSigned: true,
  deploymentPackageUrl: 'https://packages.expense.contoso.example/3.1.4/package.zip',
  destinationServiceName: 'Contoso Payments',
  manifest: '{"name":"Contoso Expense","version":"3.1.4","permissions":["mail.read","files.readwrite"]}',
  platform: 'Web',
  policyName: 'Finance apps',
  riskScore: '7',
  tags: ['Finance'],
  type: 'SaaS',
  vendorInformation: {
    provider: 'Contoso Cloud Catalog',
    providerVersion: '3.1.4',
    subProvider: 'eu',
    vendor: 'Contoso',
  },
} satisfies Partial<ProfileValues>;

const score = (index: 0 | 1 | 2, riskScore: string): Partial<ProfileValues> => ({
  riskScore,
  vendorInformation: {
    provider: providers[index]?.name ?? null,
    providerVersion: '2.0.0',
    subProvider: null,
    vendor: providers[index]?.vendor ?? null,
  },
});

const nobody: ProfileVendor = { provider: null, providerVersion: null, subProvider: null, vendor: null };

const nothing: Partial<ProfileValues> = {
  azureSubscriptionId: null,
  azureTenantId: null,
  deploymentPackageUrl: null,
  destinationServiceName: null,
  isSigned: null,
  manifest: null,
  name: null,
  permissionsRequired: null,
  platform: null,
  policyName: null,
  publisher: null,
  riskScore: null,
  tags: [],
  type: null,
  vendorInformation: null,
};

/** Members that replace those of the profile at the same index of the sample. */
const special: readonly Partial<ProfileValues>[] = [
  example,
  ...permissions.map((permissionsRequired) => ({ permissionsRequired })),
  score(0, '0'),
  score(0, '10'),
  score(1, '0'),
  score(1, '38'),
  score(1, '100'),
  ...riskWords.map((word) => score(2, word)),
  {
    name: 'Fabrikam Sync',
    publisher: 'Fabrikam Ltd',
    isSigned: false,
    permissionsRequired: 'administrator',
    ...score(0, '2'),
  },
  {
    name: 'Northwind Capture',
    publisher: 'Northwind AB',
    isSigned: false,
    permissionsRequired: 'system',
    ...score(1, '12'),
  },
  { name: 'دفتر المصروفات', publisher: 'كونتوسو' },
  { name: 'מחברת Fabrikam', publisher: 'Fabrikam Ltd' },
  { name: '経費ノート', publisher: 'コントソ株式会社' },
  { name: '🚀 Tailspin Launch 👩‍🚀', tags: ['🛰️', 'Monitored'] },
  { name: 'Éclair Çäfé ﬁnance', publisher: 'Fourth Coffee SA' },
  { name: 'Lucerne O\'Brien & Sons "100%" <beta>', publisher: 'Lucerne \\ Partners' },
  { name: 'Litware Archive', publisher: 'Litware Inc.', manifest: largeManifest() },
  { name: 'Adatum Everything', publisher: 'Adatum SA', tags: [...tagNames] },
  nothing,
  ...Object.entries(nothing)
    .filter(([, value]) => value === null)
    .map(([name]) => ({ [name]: null })),
  { vendorInformation: nobody },
];

/** The sample, in declared property order; the first is the one the reference page's example asks for. */
export function sampleProfiles(count = sampleCount, seed = sampleSeed): readonly ProfileValues[] {
  // Object spread keeps the order of the first object, which is the declared one.
  return Array.from(generateProfiles(count, seed), (profile, index) => ({ ...profile, ...special[index] }));
}
