/** $apply on a real database yields the rows of the reference. */
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ServiceError } from '../../src/errors.ts';
import { cloudAppSecurityProfile } from '../../src/model/cloud-app-security-profile.ts';
import { type Pipeline, pipelines } from '../support/apply-arbitrary.ts';
import { randomProfiles } from '../support/profile-arbitrary.ts';
import {
  applyPlan,
  countPlan,
  openQueryDatabase,
  type QueryDatabase,
  rowSeed,
  runs,
} from '../support/query-database.ts';
import { rowOf } from '../support/reference-evaluator.ts';
import { applySteps, columnOf, textOf } from '../support/reference-query.ts';

describe('random pipelines', () => {
  const rows = [...randomProfiles(60, rowSeed)]
    .sort((a, b) => (String(a.id) < String(b.id) ? -1 : 1))
    .map(rowOf);
  let asked: QueryDatabase;
  beforeAll(async () => {
    asked = await openQueryDatabase(rows.map(({ entity }) => entity ?? {}));
  });
  afterAll(() => asked.close());

  /** Each row as one text: its id while it is an entity, then its columns. */
  const expectedRows = ({ steps, columns, added }: Pipeline): readonly string[] =>
    applySteps(steps, rows, cloudAppSecurityProfile).map((row) => {
      const values = (columns ?? added).map(({ path, leaf }) => textOf(columnOf(path, leaf, row)));
      return [columns === undefined ? String(row.entity?.id) : '', ...values].join(' ');
    });

  const foundRows = async ({ steps, columns, added }: Pipeline): Promise<readonly string[]> => {
    const result = await asked.run(applyPlan({ steps, columns, added, countSteps: steps }));
    if (result.kind !== 'aggregation') throw new Error(`an aggregation yields no ${result.kind}`);
    expect(result.count).toBe(result.rows.length);
    return result.rows.map(({ entity, values }) => [entity?.id ?? '', ...values.map(textOf)].join(' '));
  };

  it('yield the rows of the reference, in its order where they say one', async () => {
    await fc.assert(
      fc.asyncProperty(pipelines, async (pipeline) => {
        const expected = expectedRows(pipeline);
        let found: readonly string[];
        try {
          found = await foundRows(pipeline);
        } catch (error) {
          if (error instanceof ServiceError && error.code === 'queryTooComplex') return;
          throw error;
        }
        if (pipeline.ordered) expect(found).toEqual(expected);
        else expect([...found].sort()).toEqual([...expected].sort());
        const count = await asked.run(countPlan({ steps: pipeline.steps }));
        expect(count).toEqual({ kind: 'count', count: expected.length });
      }),
      { numRuns: runs(300) },
    );
  });
});
