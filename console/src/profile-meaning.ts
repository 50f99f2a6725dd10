/**
 * The only place of the console that knows properties of the model by name: what a score, a decision, a signature
 * mean to a person. Everything else is built from $metadata.
 */
import { writeText } from './odata.ts';
import { type NumberScale, type RiskBand, type RiskScale, riskBands, type WordScale } from './risk.ts';

/** Properties that get more than their type's treatment, as $filter and $select name them. */
export const meaningful = {
  key: 'id',
  name: 'name',
  publisher: 'publisher',
  score: 'riskScore',
  provider: 'vendorInformation/provider',
  permission: 'permissionsRequired',
  signed: 'isSigned',
  platform: 'platform',
  tags: 'tags',
  policy: 'policyName',
  modified: 'lastModifiedDateTime',
} as const;

/** A column the model has no property for: what the reserved tags say. */
export const decisionColumn = 'decision';

/** Columns of the grid until somebody chooses others. */
export const defaultColumns: readonly string[] = [
  meaningful.name,
  meaningful.publisher,
  meaningful.score,
  meaningful.permission,
  meaningful.signed,
  decisionColumn,
  meaningful.modified,
];

/** What a row needs beside its columns: the risk badge reads the provider, every action the name and the tags. */
export const alwaysSelected: readonly string[] = [
  meaningful.key,
  meaningful.name,
  meaningful.score,
  meaningful.tags,
  'vendorInformation',
];

// Decisions: at most one of three reserved tags.

/** What somebody decided about an app. */
export type Decision = 'Sanctioned' | 'Monitored' | 'Unsanctioned' | 'undecided';

/** The reserved tags, the strictest first: of several on one app the strictest counts. */
export const decisionTags = ['Unsanctioned', 'Monitored', 'Sanctioned'] as const;

/** All decisions in the order menus show them; their number keys are 1 to 4. */
export const decisions: readonly Decision[] = ['Sanctioned', 'Monitored', 'Unsanctioned', 'undecided'];

const decisionLabels: Readonly<Record<Decision, string>> = {
  Sanctioned: 'Sanctioned',
  Monitored: 'Monitored',
  Unsanctioned: 'Unsanctioned',
  undecided: 'Undecided',
};

/** A decision in words. */
export const decisionLabel = (decision: Decision): string => decisionLabels[decision];

/** Whether a tag stands for a decision. */
export const isDecisionTag = (tag: string): boolean => decisionTags.some((reserved) => reserved === tag);

/** The tags of a wire value; anything that is no list of texts has none. */
export const readTags = (value: unknown): readonly string[] =>
  Array.isArray(value) ? value.filter((tag): tag is string => typeof tag === 'string') : [];

/** The decision in an app's tags. */
export function decisionOf(tags: unknown): Decision {
  const present = readTags(tags);
  return decisionTags.find((reserved) => present.includes(reserved)) ?? 'undecided';
}

/** The tags once `decision` is taken; other tags keep their order. */
export function decide(tags: unknown, decision: Decision): readonly string[] {
  const others = readTags(tags).filter((tag) => !isDecisionTag(tag));
  return decision === 'undecided' ? others : [...others, decision];
}

/** The tags that are no decision. */
export const plainTags = (tags: unknown): readonly string[] =>
  readTags(tags).filter((tag) => !isDecisionTag(tag));

/** The $filter of a decision; exactly the apps `decisionOf` gives it for. */
export function decisionFilter(decision: Decision): string {
  const has = (tag: string) => `${meaningful.tags}/any(t:t eq ${writeText(tag)})`;
  if (decision === 'undecided') {
    return `not ${meaningful.tags}/any(t:t in (${decisionTags.map(writeText).join(',')}))`;
  }
  const stricter = decisionTags.slice(0, decisionTags.indexOf(decision));
  return [has(decision), ...stricter.map((tag) => `not ${has(tag)}`)].join(' and ');
}

// Risk bands: $filter and $orderby that say on the server what readRisk says here.

/** Scales that read a score alike, and so can share their part of an expression. */
interface ScaleGroup {
  readonly scale: RiskScale;
  readonly providers: readonly string[];
}

function groupScales(scales: readonly RiskScale[]): readonly ScaleGroup[] {
  const groups = new Map<string, ScaleGroup>();
  for (const scale of scales) {
    const { provider, name: _, ...reading } = scale;
    const key = JSON.stringify(reading);
    const group = groups.get(key);
    groups.set(key, { scale, providers: [...(group?.providers ?? []), provider] });
  }
  return [...groups.values()];
}

/** Scales no earlier scale hides; without this, two overlapping patterns could put an app into two bands. */
const visibleScales = (scales: readonly RiskScale[]): readonly RiskScale[] =>
  scales.filter(
    ({ provider }, index) => !scales.slice(0, index).some((earlier) => covers(earlier.provider, provider)),
  );

const prefixOf = (pattern: string): string | undefined =>
  pattern.endsWith('*') ? pattern.slice(0, -1) : undefined;

/** Whether every provider that fits `pattern` fits `general`. */
function covers(general: string, pattern: string): boolean {
  const prefix = prefixOf(general);
  if (prefix === undefined) return general === pattern;
  return (prefixOf(pattern) ?? pattern).startsWith(prefix);
}

const either = (terms: readonly string[]): string =>
  terms.length === 1 ? (terms[0] ?? 'false') : `(${terms.join(' or ')})`;
const both = (...terms: readonly string[]): string => terms.join(' and ');
const listOf = (texts: readonly string[]): string => `(${texts.map(writeText).join(',')})`;

/** Apps whose scale is this group's: fits one of its providers, and no narrower scale that comes before it. */
function providerFilter(group: ScaleGroup, scales: readonly RiskScale[]): string {
  const exact = group.providers.filter((provider) => prefixOf(provider) === undefined);
  const exactTerm =
    exact.length === 1
      ? [`${meaningful.provider} eq ${writeText(exact[0] ?? '')}`]
      : [`${meaningful.provider} in ${listOf(exact)}`];
  const prefixTerms = group.providers.flatMap((provider) => {
    const prefix = prefixOf(provider);
    if (prefix === undefined) return [];
    // `eq true`: a missing provider makes startswith null, and `not` would keep it null.
    const fits = `startswith(${meaningful.provider},${writeText(prefix)}) eq true`;
    const narrower = narrowerBefore(provider, scales);
    if (narrower.length === 0) return [fits];
    return [`(${both(fits, ...narrower.map((pattern) => `not (${patternFilter(pattern)})`))})`];
  });
  return either([...(exact.length === 0 ? [] : exactTerm), ...prefixTerms]);
}

/** Patterns before `provider` in the list that take a part of what it fits. */
function narrowerBefore(provider: string, scales: readonly RiskScale[]): readonly string[] {
  const index = scales.findIndex((scale) => scale.provider === provider);
  return scales
    .slice(0, index)
    .map((scale) => scale.provider)
    .filter((earlier) => covers(provider, earlier));
}

function patternFilter(pattern: string): string {
  const prefix = prefixOf(pattern);
  return prefix === undefined
    ? `${meaningful.provider} eq ${writeText(pattern)}`
    : `startswith(${meaningful.provider},${writeText(prefix)}) eq true`;
}

const number = `cast(${meaningful.score},Edm.Decimal)`;
const word = `tolower(${meaningful.score})`;

const wordsOf = (scale: WordScale, bands: readonly RiskBand[]): readonly string[] =>
  Object.entries(scale.words)
    .filter(([, band]) => bands.includes(band))
    .map(([text]) => text.toLowerCase());

/** Scores of a band on a scale of numbers: `[from, to]`, `from` the risky end. */
function numberFilter(scale: NumberScale, band: Exclude<RiskBand, 'unscored'>): string {
  const safer = scale.direction === 'higherIsSafer';
  const [riskiest, safest] = safer ? [scale.minimum, scale.maximum] : [scale.maximum, scale.minimum];
  const [atLeast, above, atMost] = safer ? ['ge', 'gt', 'le'] : ['le', 'lt', 'ge'];
  const from = {
    high: `${atLeast} ${riskiest}`,
    medium: `${above} ${scale.high}`,
    low: `${above} ${scale.medium}`,
  };
  const to = {
    high: `${atMost} ${scale.high}`,
    medium: `${atMost} ${scale.medium}`,
    low: `${atMost} ${safest}`,
  };
  return both(`${number} ${from[band]}`, `${number} ${to[band]}`);
}

function scoreFilter(scale: RiskScale, band: Exclude<RiskBand, 'unscored'>): string | undefined {
  if (scale.kind === 'number') return numberFilter(scale, band);
  const texts = wordsOf(scale, [band]);
  return texts.length === 0 ? undefined : `${word} in ${listOf(texts)}`;
}

function readableFilter(scale: RiskScale): string {
  if (scale.kind === 'words') return `${word} in ${listOf(wordsOf(scale, riskBands))}`;
  return both(`${number} ge ${scale.minimum}`, `${number} le ${scale.maximum}`);
}

/** The $filter of a risk band; exactly the apps `readRisk` gives the band for. */
export function bandFilter(band: RiskBand, scales: readonly RiskScale[]): string {
  const visible = visibleScales(scales);
  const terms = groupScales(visible).flatMap((group) => {
    const scores = band === 'unscored' ? readableFilter(group.scale) : scoreFilter(group.scale, band);
    return scores === undefined ? [] : [`(${both(providerFilter(group, visible), scores)})`];
  });
  if (band !== 'unscored') return terms.length === 0 ? 'false' : either(terms);
  return terms.length === 0 ? 'true' : `not (${terms.join(' or ')})`;
}

/** An app's band as a number, for $compute: 3 high, 2 medium, 1 low, 0 unscored; undefined where there is no scale. */
export function bandRank(scales: readonly RiskScale[]): string | undefined {
  const visible = visibleScales(scales);
  const branches = groupScales(visible).map(
    (group) => `${providerFilter(group, visible)}:${rankOf(group.scale)}`,
  );
  return branches.length === 0 ? undefined : `case(${[...branches, 'true:0'].join(',')})`;
}

/** The $orderby that ranks by band instead of by the score's text, where '10' would stand before '9'. */
export const bandOrder = (direction: 'asc' | 'desc', scales: readonly RiskScale[]): string =>
  `${bandRank(scales) ?? meaningful.score} ${direction}`;

/** 3 high, 2 medium, 1 low, 0 unscored. */
function rankOf(scale: RiskScale): string {
  const ranks = { high: 3, medium: 2, low: 1 } as const;
  if (scale.kind === 'words') {
    const cases = (['high', 'medium', 'low'] as const).flatMap((band) => {
      const filter = scoreFilter(scale, band);
      return filter === undefined ? [] : [`${filter}:${ranks[band]}`];
    });
    return `case(${[...cases, 'true:0'].join(',')})`;
  }
  const safer = scale.direction === 'higherIsSafer';
  const [riskiest, safest] = safer ? [scale.minimum, scale.maximum] : [scale.maximum, scale.minimum];
  const [below, atMost] = safer ? ['lt', 'le'] : ['gt', 'ge'];
  const cases = [
    `${number} ${below} ${riskiest}:0`,
    `${number} ${atMost} ${scale.high}:3`,
    `${number} ${atMost} ${scale.medium}:2`,
    `${number} ${atMost} ${safest}:1`,
    'true:0',
  ];
  return `case(${cases.join(',')})`;
}

// Filters people ask for by name.

/** Apps that whoever runs them has more than a user's rights for, as long as they are unsigned: the worst kind. */
export const privilegedFilter = `${meaningful.permission} in ('administrator','system')`;

/** Apps known not to be signed; unknown ones are not among them. */
export const unsignedFilter = `${meaningful.signed} eq false`;

/** Apps that changed in the last `days` days, whenever the link is opened. */
export const changedWithinFilter = (days: number): string =>
  `${meaningful.modified} ge now() sub duration'P${days}D'`;

// The page of one app.

/** Groups of the form, by path or by the name of a complex property; properties not named here follow under their own heading. */
export const sections: readonly { readonly title: string; readonly paths: readonly string[] }[] = [
  { title: 'Identity', paths: [meaningful.name, meaningful.publisher, 'type', meaningful.platform] },
  {
    title: 'Risk and access',
    paths: [meaningful.score, meaningful.permission, meaningful.signed, meaningful.policy],
  },
  { title: 'Azure', paths: ['azureTenantId', 'azureSubscriptionId', 'destinationServiceName'] },
  { title: 'Package', paths: ['deploymentPackageUrl', 'manifest'] },
  { title: 'Source and tags', paths: ['vendorInformation', meaningful.tags] },
];

/** Texts too long for a line of a form: a viewer of their own. */
export const longTexts: readonly string[] = ['manifest'];
/** Addresses outside of the service: opened only after a warning. */
export const webAddresses: readonly string[] = ['deploymentPackageUrl'];
