import { describe, expect, it } from 'vitest';
import {
  bandFilter,
  bandOrder,
  decide,
  decisionFilter,
  decisionOf,
  decisions,
  plainTags,
} from '../../../console/src/profile-meaning.ts';
import { type RiskScale, readRisk, riskBands } from '../../../console/src/risk.ts';
import { parseFilter, parseOrderBy } from '../../../src/language/parser.ts';
import { printExpression } from '../../../src/language/print.ts';
import { riskScales } from '../../../src/model/risk-scales.ts';

const scales: readonly RiskScale[] = riskScales;

describe('decisions', () => {
  it('are read from the reserved tags, the strictest first', () => {
    expect(
      [['x'], ['Sanctioned'], ['Monitored', 'Sanctioned'], ['Sanctioned', 'Unsanctioned'], null].map(
        decisionOf,
      ),
    ).toEqual(['undecided', 'Sanctioned', 'Monitored', 'Unsanctioned', 'undecided']);
  });

  it('replace each other and keep every other tag', () => {
    expect(decide(['a', 'Sanctioned', 'b', 'Monitored'], 'Unsanctioned')).toEqual(['a', 'b', 'Unsanctioned']);
    expect(decide(['a', 'Sanctioned'], 'undecided')).toEqual(['a']);
    expect(plainTags(['a', 'Sanctioned', 7])).toEqual(['a']);
  });

  it('have filters the service can read', () => {
    for (const decision of decisions) expect(() => parseFilter(decisionFilter(decision))).not.toThrow();
  });
});

describe('risk bands as OData', () => {
  it('are within what the service reads in one option', () => {
    for (const band of riskBands) expect(() => parseFilter(bandFilter(band, scales))).not.toThrow();
    for (const direction of ['asc', 'desc'] as const) {
      expect(() => parseOrderBy(bandOrder(direction, scales))).not.toThrow();
    }
  });

  it('are nothing and everything without a scale', () => {
    expect(riskBands.map((band) => bandFilter(band, []))).toEqual(['false', 'false', 'false', 'true']);
    expect(bandOrder('desc', [])).toBe('riskScore desc');
  });

  it('give an app to the first scale that names its provider', () => {
    const number = {
      kind: 'number',
      name: 'n',
      direction: 'higherIsRiskier',
      minimum: 0,
      maximum: 10,
    } as const;
    const overlapping: readonly RiskScale[] = [
      { ...number, provider: 'Acme Cloud', high: 8, medium: 5 },
      { ...number, provider: 'Acme*', high: 2, medium: 1 },
      { ...number, provider: 'Acme Never*', high: 9, medium: 9 },
    ];
    expect(readRisk('4', 'Acme Cloud', overlapping).band).toBe('low');
    expect(readRisk('4', 'Acme Never', overlapping).band).toBe('high');
    expect(printExpression(parseFilter(bandFilter('high', overlapping)))).toBe(
      "vendorInformation/provider eq 'Acme Cloud' and cast(riskScore,Edm.Decimal) le 10 and cast(riskScore,Edm.Decimal) ge 8" +
        " or (startswith(vendorInformation/provider,'Acme') eq true and not (vendorInformation/provider eq 'Acme Cloud'))" +
        ' and cast(riskScore,Edm.Decimal) le 10 and cast(riskScore,Edm.Decimal) ge 2',
    );
  });
});
