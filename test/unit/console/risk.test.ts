import { describe, expect, it } from 'vitest';
import { type NumberScale, type RiskScale, readRisk } from '../../../console/src/risk.ts';

const safer: NumberScale = {
  kind: 'number',
  provider: 'Safe*',
  name: '0–10, higher is safer',
  direction: 'higherIsSafer',
  minimum: 0,
  maximum: 10,
  high: 3,
  medium: 6,
};
const scales: readonly RiskScale[] = [
  safer,
  {
    ...safer,
    provider: 'Risky',
    name: '0–100, higher is riskier',
    direction: 'higherIsRiskier',
    maximum: 100,
    high: 70,
    medium: 40,
  },
  { kind: 'words', provider: 'Words', name: 'words', words: { 'Very low': 'low', High: 'high' } },
];
const bandOf = (score: unknown, provider: unknown) => readRisk(score, provider, scales).band;

describe('bands', () => {
  it.each([
    ['0', 'high'],
    ['3', 'high'],
    ['3.01', 'medium'],
    ['6', 'medium'],
    ['6.5', 'low'],
    [' 10 ', 'low'],
    ['10.1', 'unscored'],
    ['-1', 'unscored'],
  ])('higher is safer: %j is %s', (score, band) => {
    expect(bandOf(score, 'Safe Catalog 2')).toBe(band);
  });

  it.each([
    ['100', 'high'],
    ['70', 'high'],
    ['69', 'medium'],
    ['40', 'medium'],
    ['39', 'low'],
    ['101', 'unscored'],
  ])('higher is riskier: %j is %s', (score, band) => {
    expect(bandOf(score, 'Risky')).toBe(band);
  });

  it('words are compared without regard to case', () => {
    expect(['very LOW', 'High', 'Severe'].map((word) => bandOf(word, 'Words'))).toEqual([
      'low',
      'high',
      'unscored',
    ]);
  });

  it.each(['', ' ', 'n/a', '0x1', 'Infinity', 'NaN', '1e', null, undefined, 5])(
    '%j is unscored, never 0',
    (score) => {
      expect(bandOf(score, 'Safe')).toBe('unscored');
    },
  );

  it('a provider without a scale is unscored, and its score is kept as it is', () => {
    expect(readRisk('7', 'Nobody', scales)).toEqual({
      band: 'unscored',
      original: '7',
      scale: undefined,
      explanation: 'no scale is known for this provider',
    });
    expect(bandOf('7', null)).toBe('unscored');
  });

  it('say their direction', () => {
    expect(readRisk('2', 'Safe', scales).explanation).toBe('2 of 10, higher is safer');
    expect(readRisk('80', 'Risky', scales).explanation).toBe('80 of 100, higher is riskier');
  });
});
