/** $filter on a real database lets through the rows the specification says; so do its texts. */
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { ticksOf } from '../../src/edm/date-time-offset.ts';
import type { EntityValues } from '../../src/edm/types.ts';
import { ServiceError } from '../../src/errors.ts';
import { parseFilter } from '../../src/language/parser.ts';
import { cloudAppSecurityProfiles } from '../../src/model/cloud-app-security-profile.ts';
import { model } from '../../src/model/index.ts';
import { bindFilter } from '../../src/plan/bind-expression.ts';
import type { BoundExpression } from '../../src/plan/bound.ts';
import { filters } from '../support/bound-arbitrary.ts';
import { printBound } from '../support/print-bound.ts';
import { randomProfiles } from '../support/profile-arbitrary.ts';
import { emptyProfile } from '../support/profiles.ts';
import {
  countPlan,
  engines,
  openQueryDatabase,
  type QueryDatabase,
  rowSeed,
  runs,
} from '../support/query-database.ts';
import { passes, rowOf } from '../support/reference-evaluator.ts';
import { filterTable, readIds, tableNow, tableRows } from './filter-table.ts';

// Two engines, and other suites beside them.
vi.setConfig({ testTimeout: 60_000 });

function bindText(text: string): BoundExpression {
  return bindFilter(parseFilter(text), {
    entitySet: cloudAppSecurityProfiles,
    model,
    optionName: '$filter',
    optionText: text,
    aliases: new Map(),
    nowTicks: ticksOf(tableNow),
    computed: [],
  });
}

/** The ids of the rows that pass, by the reference. */
const expectedIds = (filter: BoundExpression, rows: readonly EntityValues[]): readonly string[] =>
  rows
    .filter((row) => passes(filter, rowOf(row)))
    .map((row) => String(row.id))
    .sort();

/** Refused for its size or its parts' sizes: a rule of its own, tested elsewhere. */
const isTooComplex = (error: unknown): boolean =>
  error instanceof ServiceError && error.code === 'queryTooComplex';

/** The result, or undefined when the question is too complex to be asked. */
async function unlessTooComplex<T>(ask: () => T | Promise<T>): Promise<T | undefined> {
  try {
    return await ask();
  } catch (error) {
    if (isTooComplex(error)) return undefined;
    throw error;
  }
}

describe.each(engines)('filters found by hand (%s)', (engine) => {
  let asked: QueryDatabase;
  beforeAll(async () => {
    asked = await openQueryDatabase(tableRows, engine);
  });
  afterAll(() => asked.close());

  it.each(Object.entries(filterTable))('%s: the reference evaluator', (_, cases) => {
    const found = cases.map(([filter]) => [filter, outcome(() => expectedIds(bindText(filter), tableRows))]);
    expect(found).toEqual(cases.map(([filter, expected]) => [filter, readIds(expected)]));
  });

  it.each(Object.entries(filterTable))('%s: SQL', async (_, cases) => {
    const found: (readonly [string, unknown])[] = [];
    for (const [filter] of cases) {
      found.push([filter, await asked.idsOf(bindText(filter)).catch(String)]);
    }
    expect(found).toEqual(cases.map(([filter, expected]) => [filter, readIds(expected)]));
  });
});

/** A value, or why there is none. */
function outcome<T>(find: () => T): T | string {
  try {
    return find();
  } catch (error) {
    return String(error);
  }
}

describe.each(engines)('random filters (%s)', (engine) => {
  const rows = randomProfiles(60, rowSeed);
  let asked: QueryDatabase;
  beforeAll(async () => {
    asked = await openQueryDatabase(rows, engine);
  });
  afterAll(() => asked.close());

  it('let the same rows through as the reference evaluator, and count them', async () => {
    await fc.assert(
      fc.asyncProperty(filters, async (filter) => {
        const found = await unlessTooComplex(() => asked.idsOf(filter));
        if (found === undefined) return;
        const expected = expectedIds(filter, rows);
        expect(found, printBound(filter)).toEqual(expected);
        expect(await asked.run(countPlan({ filter }))).toEqual({ kind: 'count', count: expected.length });
      }),
      { numRuns: runs(800) },
    );
  });

  it('mean the same when they are written down, parsed and bound', async () => {
    await fc.assert(
      fc.asyncProperty(filters, async (filter) => {
        const text = printBound(filter);
        const bound = await unlessTooComplex(() => bindText(text));
        if (bound === undefined) return;
        const expected = expectedIds(filter, rows);
        expect(expectedIds(bound, rows), text).toEqual(expected);
        const found = await unlessTooComplex(() => asked.idsOf(bound));
        if (found !== undefined) expect(found, text).toEqual(expected);
      }),
      { numRuns: runs(800) },
    );
  });
});

/** Letters whose case is no simple pair, wildcards and quotes, in texts long enough for an index of substrings. */
const trickyTexts: readonly string[] = [
  ...[
    'Straße nach Gießen',
    'STRASSE NACH GIESSEN',
    'ẞ GROẞ',
    'ΣΟΦΟΣ ΟΔΥΣΣΕΥΣ',
    'σοφος Ὀδυσσεύς',
    'İstanbul İÇİN',
    'ISTANBUL icin',
  ],
  ...[
    'ılık IĞDIR',
    '\u212aelvin kelvin KELVIN',
    '\u212bNGSTR\u00d6M \u00e5ngstr\u00f6m',
    'ﬁnal ﬂow FINAL FLOW',
    'Ǆungla ǅungla ǆungla',
  ],
  ...[
    'ŉ apostrophe ʼN',
    'ΐ ΰ ᾳ ᾼ ῼ',
    '𐐀𐐁𐐨𐐩 deseret',
    'Cafe\u0301 CAF\u00c9 caf\u00e9',
    '😀😀😀 smile 😀x😀',
    '100% "sure" * ^a OR b',
    "O'Neil (NEAR) x_y",
  ],
  ...[
    'a\u0301\u0323b',
    '漢字かな交じり文',
    'ſtreet STREET',
    'µ \u03bc \u039c',
    'ΧΑΟΣΧΑΟΣ.ΧΑΟΣ',
    'back\\slash [a-z] {2}',
    'tab\tnew\nline',
  ],
];

const changes = {
  none: (text: string) => text,
  tolower: (text: string) => text.toLowerCase(),
  toupper: (text: string) => text.toUpperCase(),
} as const;

describe.each(engines)('tests of text against constants (%s)', (engine) => {
  const rows = trickyTexts.map((text, index) => {
    const tags = [text, trickyTexts[(index + 1) % trickyTexts.length] ?? ''];
    return { ...emptyProfile(`t${String(index).padStart(2, '0')}`), name: text, tags };
  });
  let asked: QueryDatabase;
  beforeAll(async () => {
    asked = await openQueryDatabase(rows, engine);
  });
  afterAll(() => asked.close());

  const change = fc.constantFrom<keyof typeof changes>('none', 'tolower', 'toupper');
  /** A piece of a text as the changes leave it, perhaps in the wrong case after all. */
  const question = fc
    .record({
      test: fc.constantFrom('contains', 'startswith', 'endswith', 'equals'),
      text: fc.constantFrom(...trickyTexts),
      inner: change,
      outer: change,
      misspelt: fc.option(change, { freq: 4, nil: 'none' as const }),
      start: fc.oneof(fc.constant(0), fc.nat(12)),
      length: fc.oneof(fc.constant(99), fc.integer({ min: 1, max: 9 })),
      onTags: fc.boolean(),
      negated: fc.boolean(),
    })
    .map(({ test, text, inner, outer, misspelt, start, length, onTags, negated }) => {
      const changed = [...changes[outer](changes[inner](text))];
      const piece =
        test === 'endswith' ? changed.slice(-length) : changed.slice(test === 'startswith' ? 0 : start);
      const constant = `'${changes[misspelt](piece.slice(0, length).join('')).replaceAll("'", "''")}'`;
      const subject = [inner, outer]
        .filter((name) => name !== 'none')
        .reduce((below, name) => `${name}(${below})`, onTags ? 't' : 'name');
      const condition = test === 'equals' ? `${subject} eq ${constant}` : `${test}(${subject},${constant})`;
      const lambda = onTags ? `tags/any(t:${condition})` : condition;
      return negated ? `not ${onTags ? lambda : `(${lambda})`}` : lambda;
    });

  it('let the same rows through as the reference evaluator', async () => {
    await fc.assert(
      fc.asyncProperty(question, async (text) => {
        const filter = bindText(text);
        expect(await asked.idsOf(filter), text).toEqual(expectedIds(filter, rows));
      }),
      { numRuns: runs(500) },
    );
  });
});
