/** $apply on a real database yields the rows of the reference. */
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { ticksOf } from '../../src/edm/date-time-offset.ts';
import { ServiceError } from '../../src/errors.ts';
import { parseApply } from '../../src/language/apply.ts';
import {
  cloudAppSecurityProfile,
  cloudAppSecurityProfiles,
} from '../../src/model/cloud-app-security-profile.ts';
import { model } from '../../src/model/index.ts';
import { type BoundApply, bindApply } from '../../src/plan/bind-apply.ts';
import { pipelines } from '../support/apply-arbitrary.ts';
import { randomProfiles } from '../support/profile-arbitrary.ts';
import {
  applyPlan,
  countPlan,
  engines,
  openQueryDatabase,
  type QueryDatabase,
  rowSeed,
  runs,
} from '../support/query-database.ts';
import { type Row, rowOf } from '../support/reference-evaluator.ts';
import { applySteps, columnOf, textOf } from '../support/reference-query.ts';
import { tableNow, tableRows } from './filter-table.ts';

// Two engines, and other suites beside them.
vi.setConfig({ testTimeout: 60_000 });

/** Each row as one text: its id while it is an entity, then its columns. */
function expectedRows({ steps, columns, added }: BoundApply, rows: readonly Row[]): readonly string[] {
  return applySteps(steps, rows, cloudAppSecurityProfile).map((row) => {
    const values = (columns ?? added).map(({ path, leaf }) => textOf(columnOf(path, leaf, row)));
    return [...(columns === undefined ? [String(row.entity?.id)] : []), ...values].join(' ');
  });
}

async function foundRows(
  { steps, columns, added }: BoundApply,
  asked: QueryDatabase,
): Promise<readonly string[]> {
  const result = await asked.run(applyPlan({ steps, columns, added, countSteps: steps }));
  if (result.kind !== 'aggregation') throw new Error(`an aggregation yields no ${result.kind}`);
  expect(result.count).toBe(result.rows.length);
  return result.rows.map(({ entity, values }) =>
    [...(entity === undefined ? [] : [entity.id]), ...values.map(textOf)].join(' '),
  );
}

const ticks = (text: string): string => `${ticksOf(text)}n`;

/** Steps in text and the rows they yield from the rows of filter-table.ts; without an order of their own, sorted. */
const cases: readonly (readonly [apply: string, rows: readonly string[]])[] = [
  ['identity/aggregate($count as n)', ['40n']],
  ['filter(name ne null)/aggregate($count as n)', ['15n']],
  ['filter(false)/aggregate($count as n,riskScore with min as m)', ['0n null']],
  ['filter(false)/groupby((publisher),aggregate($count as n))', []],
  ['groupby((publisher))', ['"Contoso"', '"Fabrikam"', '"contoso"', 'null']],
  [
    'groupby((publisher),aggregate($count as n))',
    ['"Contoso" 3n', '"Fabrikam" 2n', '"contoso" 1n', 'null 34n'],
  ],
  [
    'groupby((publisher),aggregate($count as n))/orderby(n desc,publisher)/top(2)',
    ['null 34n', '"Contoso" 3n'],
  ],
  [
    'groupby((publisher),aggregate($count as n))/orderby(publisher)/skip(2)',
    ['"Fabrikam" 2n', '"contoso" 1n'],
  ],
  [
    'groupby((publisher),aggregate($count as n))/filter(n gt 1 and publisher ne null)',
    ['"Contoso" 3n', '"Fabrikam" 2n'],
  ],
  ['groupby((publisher),aggregate($count as n))/compute(n mul 2 as d)/filter(d eq 6)', ['"Contoso" 3n 6n']],
  [
    'groupby((publisher),aggregate($count as n))/aggregate(n with sum as t,$count as groups,n with max as m)',
    ['40 4n 34n'],
  ],
  ['groupby((publisher))/groupby((publisher))/aggregate($count as n)', ['4n']],
  [
    'groupby((publisher),compute(length(riskScore) as l)/aggregate(l with sum as s))',
    ['"Contoso" 6', '"Fabrikam" 5', '"contoso" 0', 'null 35'],
  ],
  [
    'groupby((isSigned,permissionsRequired))/filter(isSigned ne null)',
    ['false 2n', 'false 3n', 'true 0n', 'true 1n'],
  ],
  ['groupby((permissionsRequired))/orderby(permissionsRequired desc)/top(2)', ['5n', '4n']],
  [
    'groupby((vendorInformation/provider),aggregate($count as n))',
    ['"Defender" 2n', '"defender" 1n', 'null 37n'],
  ],
  [
    'groupby((vendorInformation/provider,vendorInformation/vendor))/filter(vendorInformation/vendor ne null)',
    ['"Defender" "Contoso"', '"defender" "Fabrikam"'],
  ],
  ["filter(tags/any(t:t eq 'red'))/groupby((vendorInformation/vendor))", ['"Fabrikam"', 'null']],
  ['aggregate(publisher with countdistinct as d)', ['3n']],
  ['aggregate(tolower(publisher) with countdistinct as d)', ['2n']],
  ['aggregate(riskScore with min as least,riskScore with max as most)', ['"" "abc"']],
  [
    'aggregate(cast(riskScore,Edm.Int32) with sum as s,cast(riskScore,Edm.Int32) with average as a,cast(riskScore,Edm.Int32) with min as least)',
    ['9 3 -3n'],
  ],
  ['aggregate(tags/$count with sum as s,tags/$count with average as a)', ['11 0.275']],
  [
    'groupby((createdDateTime),aggregate(lastModifiedDateTime with min as first,lastModifiedDateTime with max as last))',
    [`${ticks('2024-01-01T00:00:00Z')} 0n ${ticks('9999-12-31T23:59:59.9999999Z')}`],
  ],
  ['compute(length(name) as l)/filter(l gt 7)/aggregate(l with max as m,l with sum as s)', ['11n 35']],
  [
    'compute(length(name) as l)/filter(l gt 7)/orderby(l desc,name)',
    ['p07 11n', 'p09 8n', 'p04 8n', 'p05 8n'],
  ],
  [
    'compute(year(lastModifiedDateTime) as y)/groupby((y),aggregate($count as n))/filter(n gt 3)',
    ['2024n 4n', '2026n 32n'],
  ],
  ['orderby(name desc)/top(2)', ['p13', 'p15']],
  ['orderby(name desc)/skip(1)/top(2)/orderby(id)', ['p14', 'p15']],
  ['skip(38)', ['p39', 'p40']],
  ['top(0)', []],
  ['top(0)/aggregate($count as n)', ['0n']],
  ['search(contoso)/aggregate($count as n)', ['5n']],
  [
    'concat(aggregate($count as n),groupby((publisher),aggregate($count as n)))',
    ['1n "contoso"', '2n "Fabrikam"', '34n null', '3n "Contoso"', '40n null'],
  ],
  [
    'concat(groupby((publisher))/orderby(publisher desc)/top(1),aggregate($count as n))/orderby(n)',
    ['"contoso" null', 'null 40n'],
  ],
];

describe.each(engines)('pipelines found by hand (%s)', (engine) => {
  const rows = tableRows.map(rowOf);
  let asked: QueryDatabase;
  beforeAll(async () => {
    asked = await openQueryDatabase(tableRows, engine);
  });
  afterAll(() => asked.close());

  it.each(cases)('%s', async (text, expected) => {
    const bound = bindApply(parseApply(text), {
      entitySet: cloudAppSecurityProfiles,
      model,
      optionName: '$apply',
      optionText: text,
      aliases: new Map(),
      nowTicks: ticksOf(tableNow),
      computed: [],
    });
    const isOrdered = /orderby\([^)]*\)(\/(top|skip)\(\d+\))*$/.test(text);
    const inOrder = (found: readonly string[]): readonly string[] => (isOrdered ? found : [...found].sort());
    expect(inOrder(expectedRows(bound, rows))).toEqual(expected);
    expect(inOrder(await foundRows(bound, asked))).toEqual(expected);
  });
});

describe.each(engines)('random pipelines (%s)', (engine) => {
  const rows = [...randomProfiles(60, rowSeed)]
    .sort((a, b) => (String(a.id) < String(b.id) ? -1 : 1))
    .map(rowOf);
  let asked: QueryDatabase;
  beforeAll(async () => {
    asked = await openQueryDatabase(
      rows.map(({ entity }) => entity ?? {}),
      engine,
    );
  });
  afterAll(() => asked.close());

  it('yield the rows of the reference, in its order where they say one', async () => {
    await fc.assert(
      fc.asyncProperty(pipelines, async (pipeline) => {
        const expected = expectedRows(pipeline, rows);
        let found: readonly string[];
        try {
          found = await foundRows(pipeline, asked);
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
