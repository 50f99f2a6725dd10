/** Scores of different providers point in different directions; a scale says what one means (experience F2). */

/** How dangerous an app is, as far as its score can be read. */
export type RiskBand = 'high' | 'medium' | 'low' | 'unscored';

/** The bands, the most dangerous first. */
export const riskBands: readonly RiskBand[] = ['high', 'medium', 'low', 'unscored'];

/** A scale of numbers; `high` and `medium` are the last scores of these bands. */
export interface NumberScale {
  readonly kind: 'number';
  /** The exact name of the provider, or its beginning with `*` at the end. */
  readonly provider: string;
  readonly name: string;
  readonly direction: 'higherIsSafer' | 'higherIsRiskier';
  readonly minimum: number;
  readonly maximum: number;
  readonly high: number;
  readonly medium: number;
}

/** A scale of words; letter case does not matter. */
export interface WordScale {
  readonly kind: 'words';
  readonly provider: string;
  readonly name: string;
  readonly words: Readonly<Record<string, 'high' | 'medium' | 'low'>>;
}

/** What one provider's scores mean. */
export type RiskScale = NumberScale | WordScale;

/** A score with its meaning; `original` is exactly what the provider stated. */
export interface Risk {
  readonly band: RiskBand;
  readonly original: string | undefined;
  readonly scale: RiskScale | undefined;
  /** The scale in words, or why there is no band. */
  readonly explanation: string;
}

const bandLabels: Readonly<Record<RiskBand, string>> = {
  high: 'High risk',
  medium: 'Medium risk',
  low: 'Low risk',
  unscored: 'Unscored',
};

/** The band in words. */
export const bandLabel = (band: RiskBand): string => bandLabels[band];

/** The first scale that names the provider; undefined where none does. */
export function findScale(provider: unknown, scales: readonly RiskScale[]): RiskScale | undefined {
  if (typeof provider !== 'string') return undefined;
  return scales.find(({ provider: pattern }) =>
    pattern.endsWith('*') ? provider.startsWith(pattern.slice(0, -1)) : provider === pattern,
  );
}

/** Reads a score by its provider's scale; what cannot be read is unscored, never 0. */
export function readRisk(score: unknown, provider: unknown, scales: readonly RiskScale[]): Risk {
  const scale = findScale(provider, scales);
  if (typeof score !== 'string' || score.trim() === '') {
    return { band: 'unscored', original: undefined, scale, explanation: 'no score' };
  }
  if (scale === undefined) {
    return { band: 'unscored', original: score, scale, explanation: 'no scale is known for this provider' };
  }
  const band = scale.kind === 'number' ? bandOfNumber(score, scale) : bandOfWord(score, scale);
  const explanation =
    band === undefined ? `not on the scale ${scale.name}` : describeScore(score.trim(), scale);
  return { band: band ?? 'unscored', original: score, scale, explanation };
}

function bandOfNumber(score: string, scale: NumberScale): RiskBand | undefined {
  const text = score.trim();
  // What cast(…, Edm.Decimal) reads on the server; Number() alone would take '0x1' too.
  if (!/^[+-]?\d+(\.\d+)?([eE][+-]?\d+)?$/.test(text)) return undefined;
  const value = Number(text);
  if (value < scale.minimum || value > scale.maximum) return undefined;
  const reaches = (limit: number) => (scale.direction === 'higherIsSafer' ? value <= limit : value >= limit);
  if (reaches(scale.high)) return 'high';
  return reaches(scale.medium) ? 'medium' : 'low';
}

function bandOfWord(score: string, scale: WordScale): RiskBand | undefined {
  const wanted = score.trim().toLowerCase();
  return Object.entries(scale.words).find(([word]) => word.toLowerCase() === wanted)?.[1];
}

function describeScore(score: string, scale: RiskScale): string {
  if (scale.kind === 'words') return `${score}, the provider’s word`;
  const direction = scale.direction === 'higherIsSafer' ? 'higher is safer' : 'higher is riskier';
  return `${score} of ${scale.maximum}, ${direction}`;
}
