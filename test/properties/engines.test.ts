/** The engines asked the same of the same rows: the same ids in the same order, the same values, the same counts. */
import fc from 'fast-check';
import { RE2JS } from 're2js';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { EntityValues } from '../../src/edm/types.ts';
import { ServiceError } from '../../src/errors.ts';
import type { BoundExpression, OrderKey } from '../../src/plan/bound.ts';
import { pipelines } from '../support/apply-arbitrary.ts';
import {
  expressionOf,
  filters,
  leafReferences,
  orders,
  type Sort,
  searches,
} from '../support/bound-arbitrary.ts';
import { printBound } from '../support/print-bound.ts';
import { randomProfiles } from '../support/profile-arbitrary.ts';
import { emptyProfile } from '../support/profiles.ts';
import {
  applyPlan,
  countPlan,
  type Engine,
  engines,
  idsOfPage,
  openQueryDatabase,
  type Page,
  type QueryDatabase,
  rowSeed,
  runs,
} from '../support/query-database.ts';

/** Letters of many scripts, marks apart from their letters, planes beyond the first, and texts no index entry holds. */
const letters = fc
  .string({ unit: 'grapheme', minLength: 1, maxLength: 20 })
  .filter((text) => !text.includes('\0'));
const scripts = fc.constantFrom(
  ...['Ärger', 'ΟΔΥΣΣΕΥΣ', 'İstanbul', 'Ёлка', 'e\u0301e', 'é', '日本語', '한국어', 'हिन्दी', 'עברית', 'ẞß'],
  ...['👩‍👩‍👧', '🇩🇪🇫🇷', '𐐀𐐨', '\u{10ffff}', '\ufffd', 'ﬁ', 'ǅ', '\ufeff', 'z'],
);
const text = fc.oneof(letters, scripts);

/** Texts no index entry holds, some of which differ at their ends only. */
const longTexts: readonly string[] = [
  ...['a', 'b', 'é', '😀'].map((end) => `${'Ärger 😀 '.repeat(1250)}${end}`),
  ...['x'.repeat(2000), 'x'.repeat(2001), `${'x'.repeat(2001)}A`, '日本語'.repeat(223), 'ΣΑΣ '.repeat(2600)],
  ...[1, 2].map(noise),
];

/** A long text that no compression makes short. */
function noise(seed: number): string {
  let state = seed;
  return Array.from({ length: 10_000 }, () => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) | 0;
    return String.fromCodePoint(0x4e00 + ((state >>> 8) % 20_000));
  }).join('');
}

function unicodeRows(count: number, seed: number): readonly EntityValues[] {
  const row = fc.record({
    name: fc.option(text, { freq: 8 }),
    publisher: fc.option(text, { freq: 4 }),
    riskScore: fc.option(fc.oneof(text, fc.constantFrom('7', '7.5', '1e23', '-0'))),
    tags: fc.array(text, { maxLength: 3 }),
  });
  return fc
    .sample(row, { numRuns: count, seed })
    .map((values, index) => ({ ...emptyProfile(`u${String(index).padStart(3, '0')}`), ...values }));
}

const longRows = longTexts.map((long, index) => ({
  ...emptyProfile(`v${index}`),
  ...[{ name: long }, { name: long, tags: [long] }, { publisher: long, riskScore: '7' }][index % 3],
}));

const rows: readonly EntityValues[] = [
  ...randomProfiles(30, rowSeed),
  ...unicodeRows(40, rowSeed),
  ...longRows,
];

const asked = {} as Record<Engine, QueryDatabase>;
beforeAll(async () => {
  for (const engine of engines) asked[engine] = await openQueryDatabase(rows, engine);
});
afterAll(async () => {
  for (const engine of engines) await asked[engine].close();
});

/** What each engine answers; refusals count as answers. */
async function compare<T>(ask: (database: QueryDatabase) => Promise<T>, what: string): Promise<void> {
  const answers: unknown[] = [];
  for (const engine of engines) {
    answers.push(
      await ask(asked[engine]).catch((error: unknown) => {
        if (error instanceof ServiceError) return error.code;
        throw error;
      }),
    );
  }
  expect(answers[1], `${what} (rows of CASP_SEED=${rowSeed})`).toEqual(answers[0]);
}

const seen = (page: Page) => ({
  ids: idsOfPage(page),
  count: page.count,
  values: page.rows.map((row) => row.computed.map(plain)),
});

/** Minus zero is zero: no question tells them apart. */
const plain = (value: unknown): unknown => (Object.is(value, -0) ? 0 : value);

/** A text of a row, or a piece of one. */
const piece = fc
  .record({
    row: fc.constantFrom(...rows),
    start: fc.nat(20),
    length: fc.integer({ min: 1, max: 12 }),
    whole: fc.boolean(),
  })
  .map(({ row, start, length, whole }) => {
    const name = String(row.name ?? row.publisher ?? 'x');
    return whole ? name : [...name].slice(start, start + length).join('') || name;
  });
const stringType = { kind: 'primitive', name: 'Edm.String' } as const;
const booleanType = { kind: 'primitive', name: 'Edm.Boolean' } as const;
const constantText = piece.map((value): BoundExpression => ({ kind: 'constant', type: stringType, value }));
const textLeaf = fc.constantFrom<BoundExpression>(
  ...leafReferences.filter(({ leaf }) => ['name', 'publisher', 'riskScore', 'id'].includes(leaf.path)),
);
const changedCase = (subject: fc.Arbitrary<BoundExpression>): fc.Arbitrary<BoundExpression> =>
  fc
    .record({ subject, change: fc.constantFrom('tolower', 'toupper', 'trim', undefined) })
    .map(({ subject: below, change }) =>
      change === undefined ? below : { kind: 'call', function: change, type: stringType, arguments: [below] },
    );
/** Questions about the texts the rows have. */
const textFilters: fc.Arbitrary<BoundExpression> = fc.oneof(
  fc
    .record({
      name: fc.constantFrom('contains', 'startswith', 'endswith'),
      left: changedCase(textLeaf),
      right: changedCase(constantText),
    })
    .map(
      ({ name, left, right }): BoundExpression => ({
        kind: 'call',
        function: name,
        type: booleanType,
        arguments: [left, right],
      }),
    ),
  fc
    .record({
      operator: fc.constantFrom('eq', 'ne', 'gt', 'ge', 'lt', 'le'),
      left: changedCase(textLeaf),
      right: constantText,
    })
    .map(({ operator, left, right }): BoundExpression => ({ kind: 'comparison', operator, left, right })),
);

/** Two engines and long texts, on a machine that runs other suites. */
const timeoutMs = 60_000;

describe('both engines', () => {
  it(
    'let the same rows through, in the same order, with the same count',
    async () => {
      const question = fc.record({
        filter: fc.oneof(filters, textFilters),
        orderBy: orders,
        pageSize: fc.integer({ min: 1, max: 200 }),
      });
      await fc.assert(
        fc.asyncProperty(question, ({ filter, orderBy, pageSize }) =>
          compare(
            async (database) => seen(await database.page({ filter, orderBy, pageSize, count: true })),
            printBound(filter),
          ),
        ),
        { numRuns: runs(120) },
      );
    },
    timeoutMs,
  );

  it(
    'walk the same pages',
    async () => {
      const byText: fc.Arbitrary<readonly OrderKey[]> = orders.chain((keys) =>
        fc
          .tuple(textLeaf, fc.boolean())
          .map(([expression, descending]) => [{ expression, descending }, ...keys.slice(-1)]),
      );
      await fc.assert(
        fc.asyncProperty(
          fc.oneof(byText, orders),
          fc.option(textFilters, { nil: undefined }),
          fc.integer({ min: 3, max: 40 }),
          (orderBy, filter, pageSize) =>
            compare(
              (database) => database.walk({ orderBy, filter, pageSize }),
              JSON.stringify(orderBy.map(({ expression }) => printBound(expression))),
            ),
        ),
        { numRuns: runs(40) },
      );
    },
    timeoutMs,
  );

  it(
    'find the same rows by words',
    async () => {
      const words = fc.oneof(
        searches,
        piece
          .map(
            (found) =>
              found
                .normalize('NFC')
                .toLowerCase()
                .match(/[\p{L}\p{M}\p{N}]+/gu) ?? ['x'],
          )
          .map((found) => ({ kind: 'term' as const, words: found.slice(0, 5), leaf: undefined })),
      );
      await fc.assert(
        fc.asyncProperty(words, (search) =>
          compare(
            async (database) => [
              seen(await database.page({ search })),
              await database.run(countPlan({ search })),
            ],
            JSON.stringify(search),
          ),
        ),
        { numRuns: runs(80) },
      );
    },
    timeoutMs,
  );

  it(
    'compute the same values',
    async () => {
      const sorts: readonly Sort[] = [
        'boolean',
        'string',
        'integer',
        'double',
        'dateTimeOffset',
        'date',
        'timeOfDay',
        'duration',
        'enum',
      ];
      const expressions = fc.array(
        fc.oneof(...sorts.map((sort) => expressionOf(sort, { depth: 3, lambdas: 0 }))),
        { minLength: 1, maxLength: 3 },
      );
      await fc.assert(
        fc.asyncProperty(expressions, (all) => {
          const computed = all.map((expression, index) => ({ name: `n${index}`, expression }));
          return compare(
            async (database) =>
              seen(await database.page({ projection: { properties: [], computed, contextPaths: [] } })),
            all.map(printBound).join(' and '),
          );
        }),
        { numRuns: runs(80) },
      );
    },
    timeoutMs,
  );

  it(
    'aggregate alike',
    async () => {
      await fc.assert(
        fc.asyncProperty(pipelines, ({ steps, columns, added, ordered }) =>
          compare(
            async (database) => {
              const result = await database.run(applyPlan({ steps, columns, added, countSteps: steps }));
              if (result.kind !== 'aggregation') throw new Error(result.kind);
              const found = result.rows.map(({ entity, values }) =>
                JSON.stringify([entity?.id, ...values.map((value) => String(plain(value)))]),
              );
              return [ordered ? found : [...found].sort(), result.count];
            },
            JSON.stringify(steps.map(({ kind }) => kind)),
          ),
        ),
        { numRuns: runs(60) },
      );
    },
    timeoutMs,
  );

  it(
    'find the same texts by a pattern',
    async () => {
      await fc.assert(
        fc.asyncProperty(patterns.filter(isPattern), changedCase(textLeaf), (pattern, subject) => {
          const value: BoundExpression = { kind: 'constant', type: stringType, value: pattern };
          const filter: BoundExpression = {
            kind: 'call',
            function: 'matchespattern',
            type: booleanType,
            arguments: [subject, value],
          };
          return compare((database) => database.idsOf(filter), pattern);
        }),
        { numRuns: runs(120) },
      );
    },
    timeoutMs,
  );
});

function isPattern(pattern: string): boolean {
  try {
    RE2JS.compile(pattern);
    return pattern.length <= 256;
  } catch {
    return false;
  }
}

/** Patterns of all that RE2 knows. */
const patterns: fc.Arbitrary<string> = fc.letrec<{ pattern: string; atom: string }>((tie) => ({
  atom: fc.oneof(
    { maxDepth: 3 },
    {
      weight: 6,
      arbitrary: fc.constantFrom(
        ...['a', 'b', 'c', 'o', 'x', ' ', 'é', 'ß', 'Σ', '😀', '日', '5', '-', '_', '{', '%', "'", '#'],
        ...['A', 'K', 'S', 'İ', 'ı', 'ſ'],
      ),
    },
    {
      weight: 3,
      arbitrary: fc.constantFrom(
        ...[
          '.',
          '\\d',
          '\\D',
          '\\w',
          '\\W',
          '\\s',
          '\\S',
          '\\pL',
          '\\PL',
          '\\p{Lu}',
          '\\p{Greek}',
          '\\p{^N}',
          '\\x41',
          '\\x{1F600}',
          '\\141',
        ],
        ...[
          '[a-c]',
          '[^a-c]',
          '[]x]',
          '[^]x]',
          '[a\\-z]',
          '[\\d_]',
          '[[:alpha:]]',
          '[[:^space:]x]',
          '[\\pL\\d]',
          '[^\\s\\pL]',
          '\\Qa.b\\E',
          '\\.',
          '\\n',
          '\\\\',
          '\\*',
        ],
      ),
    },
    {
      weight: 1,
      arbitrary: fc.constantFrom(
        '^',
        '$',
        '\\A',
        '\\z',
        '\\b',
        '\\B',
        '(?m)^',
        '(?m)$',
        '(?s).',
        '(?i)',
        '(?-i)',
      ),
    },
    {
      weight: 2,
      arbitrary: fc
        .tuple(fc.constantFrom('(', '(?:', '(?i:', '(?s-i:', '(?P<n>', '(?m:'), tie('pattern'))
        .map(([open, inner]) => `${open}${inner})`),
    },
    {
      weight: 3,
      arbitrary: fc
        .tuple(
          tie('atom'),
          fc.constantFrom('*', '+', '?', '*?', '+?', '??', '{2}', '{1,3}', '{2,}', '{0,2}?', '{300}', '{0}'),
        )
        .map(([atom, quantifier]) => `${atom}${quantifier}`),
    },
  ),
  pattern: fc
    .array(fc.array(tie('atom'), { maxLength: 4 }), { minLength: 1, maxLength: 2 })
    .map((alternatives) => alternatives.map((atoms) => atoms.join('')).join('|')),
})).pattern;
