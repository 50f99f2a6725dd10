import { describe, expect, it } from 'vitest';
import { partWidths, sharePercent, tintOf, widthPercent } from '../../../console/src/charts/chart-data.ts';
import {
  ageBars,
  ages,
  allOf,
  bandsBy,
  barsOf,
  commonest,
  equals,
  readBands,
  sumOf,
  tileFilters,
  totalOf,
} from '../../../console/src/pages/overview/queries.ts';
import { parseOverviewSearch } from '../../../console/src/pages/overview/search.ts';
import { parseFilter } from '../../../src/language/parser.ts';
import { riskScales } from '../../../src/model/risk-scales.ts';

describe('widths', () => {
  it('show what exists, never more than all, and nothing of nothing', () => {
    expect([widthPercent(0, 10), widthPercent(1, 100_000), widthPercent(5, 10), widthPercent(1, 0)]).toEqual([
      0, 0.75, 50, 0,
    ]);
    const widths = partWidths([1, 0, 100_000]);
    expect(widths.reduce((sum, width) => sum + width, 0)).toBeCloseTo(100);
    expect(widths[0]).toBeGreaterThan(0.5);
    expect(partWidths([0, 0])).toEqual([0, 0]);
  });

  it('are said in words', () => {
    expect([sharePercent(0, 5), sharePercent(1, 1000), sharePercent(1, 3), sharePercent(1, 0)]).toEqual([
      '0 %',
      '<1 %',
      '33 %',
      '0 %',
    ]);
    expect([tintOf(0, 4), tintOf(1, 4), tintOf(4, 4)]).toEqual([0, 0.5, 1]);
  });
});

describe('questions', () => {
  it('are OData the service can read, for the scales it has and for none', () => {
    for (const scales of [riskScales, []]) {
      for (const filter of Object.values(tileFilters(scales))) {
        expect(() => parseFilter(filter)).not.toThrow();
      }
    }
    expect(bandsBy('platform', [])).toBe(
      'compute(case(true:0) as band)/groupby((platform,band),aggregate($count as apps))',
    );
    expect(commonest('publisher', 8, 'isSigned eq true')).toBe(
      'filter(isSigned eq true)/groupby((publisher),aggregate($count as apps))/orderby(apps desc,publisher)/top(8)',
    );
  });

  it('quote what came with the data', () => {
    expect(equals('publisher', "O'Neil' or true")).toBe("publisher eq 'O''Neil'' or true'");
    expect(equals('publisher', null)).toBe('publisher eq null');
    expect(() =>
      parseFilter(allOf(equals('publisher', "' or 1 eq 1 or '"), 'isSigned eq true')),
    ).not.toThrow();
  });
});

describe('answers', () => {
  const rows = [
    { vendorInformation: { provider: 'A' }, band: 3, apps: 2 },
    { vendorInformation: { provider: 'A' }, band: 0, apps: 1 },
    { vendorInformation: null, band: 1, apps: 4 },
    { vendorInformation: { provider: 'B' }, band: 99, apps: 8 },
  ];

  it('are added up by value and band; what is no band is unscored', () => {
    const bands = readBands(rows, 'vendorInformation/provider');
    expect([...bands]).toEqual([
      ['A', { high: 2, medium: 0, low: 0, unscored: 1 }],
      [null, { high: 0, medium: 0, low: 4, unscored: 0 }],
      ['B', { high: 0, medium: 0, low: 0, unscored: 8 }],
    ]);
    expect(totalOf(sumOf(bands.values()))).toBe(15);
  });

  it('become bars with the filter of exactly these apps', () => {
    expect(
      barsOf(
        [
          { platform: 'iOS', apps: 3 },
          { platform: null, apps: 1 },
        ],
        'platform',
        'Not set',
      ),
    ).toEqual([
      { key: '=iOS', label: 'iOS', value: 3, filter: "platform eq 'iOS'" },
      { key: 'null', label: 'Not set', value: 1, filter: 'platform eq null' },
    ]);
    expect(ageBars([{ age: 2, apps: 5 }]).map(({ key, value }) => [key, value])).toEqual(
      ages.map(({ key }) => [key, key === 'month' ? 5 : 0]),
    );
  });
});

describe('the address', () => {
  it('keeps what makes sense', () => {
    expect(parseOverviewSearch({ tables: 'bands,ages', publishers: 'high', other: 1 })).toEqual({
      tables: 'bands,ages',
      publishers: 'high',
    });
    expect(parseOverviewSearch({ tables: '<b>', publishers: 'low' })).toEqual({});
  });
});
