/** What Overview asks: one $apply for each chart, and the $filter that shows the same apps in the grid. */
import type { Bar } from '../../charts/chart-data.ts';
import { canonical } from '../../filter/describe-filter.ts';
import { writeText } from '../../odata.ts';
import {
  bandFilter,
  bandRank,
  decisionFilter,
  meaningful,
  privilegedFilter,
  unsignedFilter,
} from '../../profile-meaning.ts';
import { type RiskBand, type RiskScale, riskBands } from '../../risk.ts';
import { strings } from './strings.ts';

/** A line of an answer of $apply. */
export type Row = Readonly<Record<string, unknown>>;

/** Spelled as the filter builder of Apps spells it, so that it shows chips. */
export const allOf = (...filters: readonly string[]): string => {
  const text =
    filters.length === 1 ? (filters[0] ?? '') : filters.map((filter) => `(${filter})`).join(' and ');
  return canonical(text) || text;
};

/** Of several conditions that exclude each other, the number of the one that holds; 0 where none does. */
const caseOf = (conditions: readonly string[]): string =>
  `case(${[...conditions.map((condition, index) => `${condition}:${index + 1}`), 'true:0'].join(',')})`;

/** Counts of each value of a property in each risk band; without a scale everything is unscored. */
export const bandsBy = (path: string, scales: readonly RiskScale[]): string =>
  `compute(${bandRank(scales) ?? 'case(true:0)'} as band)/groupby((${path},band),aggregate($count as apps))`;

/** The value at a path of a row; null where it is not there. */
export function valueAt(row: Row, path: string): string | null {
  let value: unknown = row;
  for (const name of path.split('/')) {
    value = typeof value === 'object' && value !== null ? (value as Row)[name] : undefined;
  }
  return typeof value === 'string' ? value : null;
}

/** How many apps a row counts. */
export const appsOf = (row: Row): number => Number(row.apps ?? 0);

/** The band of a row of `bandsBy`. */
export const bandOf = (row: Row): RiskBand => ranked[Number(row.band)] ?? 'unscored';

const ranked: readonly RiskBand[] = ['unscored', 'low', 'medium', 'high'];

/** Counts of one value in all bands. */
export type BandCounts = Readonly<Record<RiskBand, number>>;

/** Rows of `bandsBy`, by value. */
export function readBands(rows: readonly Row[], path: string): ReadonlyMap<string | null, BandCounts> {
  const byValue = new Map<string | null, Record<RiskBand, number>>();
  for (const row of rows) {
    const value = valueAt(row, path);
    const counts = byValue.get(value) ?? { high: 0, medium: 0, low: 0, unscored: 0 };
    counts[bandOf(row)] += appsOf(row);
    byValue.set(value, counts);
  }
  return byValue;
}

/** All apps of some bands. */
export const totalOf = (counts: BandCounts): number => riskBands.reduce((sum, band) => sum + counts[band], 0);

/** The sum over all values. */
export const sumOf = (all: Iterable<BandCounts>): BandCounts => {
  const sum = { high: 0, medium: 0, low: 0, unscored: 0 };
  for (const counts of all) for (const band of riskBands) sum[band] += counts[band];
  return sum;
};

/** `publisher eq 'Contoso'`. */
export const equals = (path: string, value: string | null): string =>
  `${path} eq ${value === null ? 'null' : writeText(value)}`;

/** The commonest values of a property, the commonest first. */
export const commonest = (path: string, top: number, filter?: string): string =>
  [
    ...(filter === undefined ? [] : [`filter(${filter})`]),
    `groupby((${path}),aggregate($count as apps))`,
    `orderby(apps desc,${path})`,
    `top(${top})`,
  ].join('/');

/** Rows of `commonest` as bars. */
export const barsOf = (rows: readonly Row[], path: string, unset: string, filter?: string): readonly Bar[] =>
  rows.map((row) => {
    const value = valueAt(row, path);
    const own = equals(path, value);
    return {
      key: value === null ? 'null' : `=${value}`,
      label: value ?? unset,
      value: appsOf(row),
      filter: filter === undefined ? allOf(own) : allOf(filter, own),
    };
  });

const day = (days: number): string => `now() sub duration'P${days}D'`;
const { modified } = meaningful;

/** Ages of the last change; they exclude each other and leave nothing out. */
export const ages = [
  { key: 'week', filter: `${modified} ge ${day(7)}` },
  { key: 'month', filter: `${modified} lt ${day(7)} and ${modified} ge ${day(30)}` },
  { key: 'quarter', filter: `${modified} lt ${day(30)} and ${modified} ge ${day(90)}` },
  { key: 'older', filter: `${modified} lt ${day(90)}` },
] as const;

/** Counts of each age. */
export const byAge = `compute(${caseOf(ages.map(({ filter }) => filter))} as age)/groupby((age),aggregate($count as apps))`;

/** Rows of `byAge` as bars, all ages in their order. */
export const ageBars = (rows: readonly Row[]): readonly Bar[] =>
  ages.map(({ key, filter }, index) => ({
    key,
    label: strings.ages[key],
    value: rows.filter(({ age }) => Number(age) === index + 1).reduce((sum, row) => sum + appsOf(row), 0),
    filter: allOf(filter),
  }));

/** Numbers that have a tile of their own. */
export const tileFilters = (scales: readonly RiskScale[]) =>
  ({
    needsDecision: allOf(decisionFilter('undecided')),
    highUndecided: allOf(bandFilter('high', scales), decisionFilter('undecided')),
    unsignedPrivileged: allOf(unsignedFilter, privilegedFilter),
  }) as const;
