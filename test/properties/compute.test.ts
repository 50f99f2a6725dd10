/** Values that SQL computes for $compute are those of the reference, to the last digit. */
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { BoundExpression } from '../../src/plan/bound.ts';
import { expressionOf } from '../support/bound-arbitrary.ts';
import { printBound } from '../support/print-bound.ts';
import { randomProfiles } from '../support/profile-arbitrary.ts';
import { engines, openQueryDatabase, type QueryDatabase, rowSeed, runs } from '../support/query-database.ts';
import { evaluate, rowOf } from '../support/reference-evaluator.ts';

const sorts = [
  'boolean',
  'string',
  'integer',
  'double',
  'dateTimeOffset',
  'date',
  'timeOfDay',
  'duration',
  'enum',
] as const;

describe.each(engines)('random computed values (%s)', (engine) => {
  const rows = [...randomProfiles(60, rowSeed)].sort((a, b) => (String(a.id) < String(b.id) ? -1 : 1));
  let asked: QueryDatabase;
  beforeAll(async () => {
    asked = await openQueryDatabase(rows, engine);
  });
  afterAll(() => asked.close());

  /** Minus zero is zero: no question tells them apart. */
  const plain = (value: unknown): unknown => (Object.is(value, -0) ? 0 : value);

  it.each(sorts)('%s', async (sort) => {
    const values = expressionOf(sort, { depth: 3, lambdas: 0 });
    const several: fc.Arbitrary<readonly BoundExpression[]> = fc.array(values, {
      minLength: 1,
      maxLength: 3,
    });
    await fc.assert(
      fc.asyncProperty(several, async (expressions) => {
        const computed = expressions.map((expression, index) => ({ name: `n${index}`, expression }));
        const page = await asked.page({ projection: { properties: [], computed, contextPaths: [] } });
        const expected = rows.map((row) =>
          expressions.map((expression) => plain(evaluate(expression, rowOf(row)))),
        );
        expect(
          page.rows.map((row) => row.computed.map(plain)),
          expressions.map(printBound).join(' and '),
        ).toEqual(expected);
      }),
      { numRuns: runs(60) },
    );
  });
});
