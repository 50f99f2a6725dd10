/** What the risk scores of known providers mean; the wire carries them untouched, views show bands (experience F2). */

/** The scale of one provider; the first whose provider fits counts, and without one a score is unscored. */
export type RiskScale = NumberScale | WordScale;

interface ScaleBase {
  /** `vendorInformation/provider` exactly, or its beginning followed by `*`. */
  readonly provider: string;
  /** Shown beside every band, so that nobody has to guess the direction. */
  readonly name: string;
}

/** Scores that are numbers; outside `minimum` to `maximum` they mean nothing. */
export interface NumberScale extends ScaleBase {
  readonly kind: 'number';
  readonly direction: 'higherIsSafer' | 'higherIsRiskier';
  readonly minimum: number;
  readonly maximum: number;
  /** The last score of the high band, counted from the risky end. */
  readonly high: number;
  /** The last score of the medium band, counted from the risky end. */
  readonly medium: number;
}

/** Scores that are words, compared without regard to case. */
export interface WordScale extends ScaleBase {
  readonly kind: 'words';
  readonly words: Readonly<Record<string, 'low' | 'medium' | 'high'>>;
}

const tenIsSafe = (provider: string): NumberScale => ({
  provider,
  name: '0–10, higher is safer',
  kind: 'number',
  direction: 'higherIsSafer',
  minimum: 0,
  maximum: 10,
  high: 3,
  medium: 6,
});

const words: WordScale['words'] = {
  'Very low': 'low',
  Low: 'low',
  Medium: 'medium',
  High: 'high',
  'Very high': 'high',
};

/** The scales of products whose makers publish them, and of the fictional providers of the sample. */
export const riskScales: readonly RiskScale[] = [
  // Graph's applicationRiskScore: 0 is high risk, 10 is low risk.
  tenIsSafe('Microsoft Defender*'),
  tenIsSafe('Microsoft Cloud App Security*'),
  tenIsSafe('Contoso Cloud Catalog'),
  {
    provider: 'Netskope*',
    name: '0–100, higher is safer',
    kind: 'number',
    direction: 'higherIsSafer',
    minimum: 0,
    maximum: 100,
    high: 59,
    medium: 74,
  },
  {
    provider: 'Fabrikam Trust Index',
    name: '0–100, higher is safer',
    kind: 'number',
    direction: 'higherIsSafer',
    minimum: 0,
    maximum: 100,
    high: 39,
    medium: 69,
  },
  { provider: 'Cisco Umbrella*', name: 'words from Very low to Very high risk', kind: 'words', words },
  { provider: 'Northwind App Watch', name: 'words from Very low to Very high risk', kind: 'words', words },
];
