/** $search on a real database finds the rows the reference finds, also after rows have changed and gone. */
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { EntityValues } from '../../src/edm/types.ts';
import { parseSearch } from '../../src/language/search.ts';
import {
  cloudAppSecurityProfile,
  cloudAppSecurityProfiles,
} from '../../src/model/cloud-app-security-profile.ts';
import { model } from '../../src/model/index.ts';
import { bindSearch } from '../../src/plan/bind-search.ts';
import type { BoundSearch } from '../../src/plan/bound.ts';
import { filters, searches } from '../support/bound-arbitrary.ts';
import { printBoundSearch } from '../support/print-bound.ts';
import { randomProfiles } from '../support/profile-arbitrary.ts';
import { emptyProfile } from '../support/profiles.ts';
import {
  countPlan,
  engines,
  idsOfPage,
  openQueryDatabase,
  type QueryDatabase,
  rowSeed,
  runs,
} from '../support/query-database.ts';
import { passes, rowOf } from '../support/reference-evaluator.ts';
import { matches } from '../support/reference-query.ts';

function bindText(text: string): BoundSearch {
  return bindSearch(parseSearch(text), {
    entitySet: cloudAppSecurityProfiles,
    model,
    optionName: '$search',
    optionText: text,
    aliases: new Map(),
    nowTicks: 0n,
    computed: [],
  });
}

const expectedIds = (search: BoundSearch, rows: readonly EntityValues[]): readonly string[] =>
  rows
    .filter((row) => matches(search, row, cloudAppSecurityProfile))
    .map(({ id }) => String(id))
    .sort();

describe.each(engines)('searches found by hand (%s)', (engine) => {
  const row = (id: string, values: EntityValues): EntityValues => ({ ...emptyProfile(id), ...values });
  const noMembers = { provider: null, providerVersion: null, subProvider: null, vendor: null };
  const rows = [
    row('a1', { name: 'Contoso Sync', publisher: 'Fabrikam' }),
    row('a2', { name: 'contoso-sync 2.0', tags: ['red green', 'Blue'] }),
    row('a3', { name: 'Sync Contoso', manifest: 'caf\u00e9' }),
    row('a4', { publisher: 'CONTOSO', tags: ['cafe\u0301'] }),
    row('a5', { vendorInformation: { ...noMembers, vendor: 'Contoso' }, name: '漢字 かな' }),
    row('a6', { tags: ['red', 'green'], name: 'foo_bar' }),
    row('a7', { name: "O'Neil & Söhne", riskScore: '42' }),
    row('a8', {}),
  ];
  let asked: QueryDatabase;
  beforeAll(async () => {
    asked = await openQueryDatabase(rows, engine);
  });
  afterAll(() => asked.close());

  it.each([
    ['contoso', 'a1 a2 a3 a4 a5'],
    ['Contoso', 'a1 a2 a3 a4 a5'],
    ['cont', 'a1 a2 a3 a4 a5'],
    ['ontoso', ''],
    ['contoso sync', 'a1 a2 a3'],
    ['"contoso sync"', 'a1 a2'],
    ['"contoso sy"', 'a1 a2'],
    ['"conto sync"', ''],
    ['"sync contoso"', 'a3'],
    ['contoso-sync', 'a1 a2'],
    ['contoso fabrikam', 'a1'],
    ['"contoso fabrikam"', ''],
    ['contoso AND NOT sync', 'a4 a5'],
    ['NOT contoso', 'a6 a7 a8'],
    ['sync OR red', 'a1 a2 a3 a6'],
    ['"red green"', 'a2'],
    ['red green', 'a2 a6'],
    ['caf\u00e9', 'a3 a4'],
    ['cafe\u0301', 'a3 a4'],
    ['cafe', ''],
    ['CAF\u00c9', 'a3 a4'],
    ['漢', 'a5'],
    ['かな', 'a5'],
    ['bar', 'a6'],
    ['foo', 'a6'],
    ['neil', 'a7'],
    ['so\u0308hne', 'a7'],
    ['42', 'a7'],
    ['a1', 'a1'],
    ['2', 'a2'],
    ['"2.0"', 'a2'],
    ['"name:contoso"', 'a1 a2 a3'],
    ['name:contoso', 'a1 a2 a3'],
    ['"publisher:contoso"', 'a4'],
    ['"vendorInformation/vendor:cont"', 'a5'],
    ['"tags:gre"', 'a2 a6'],
    ['"tags:red green"', 'a2'],
    ['NOT "name:contoso"', 'a4 a5 a6 a7 a8'],
  ])('%s', async (text, expected) => {
    const search = bindText(text);
    expect(expectedIds(search, rows).join(' ')).toBe(expected);
    expect(idsOfPage(await asked.page({ search })).join(' ')).toBe(expected);
  });
});

describe.each(engines)('random searches (%s)', (engine) => {
  let rows = randomProfiles(60, rowSeed);
  let asked: QueryDatabase;
  beforeAll(async () => {
    asked = await openQueryDatabase(rows, engine);
  });
  afterAll(() => asked.close());

  const compareWithReference = async (count: number): Promise<void> => {
    await fc.assert(
      fc.asyncProperty(searches, async (search) => {
        const expected = expectedIds(search, rows);
        expect(idsOfPage(await asked.page({ search })), printBoundSearch(search)).toEqual(expected);
        expect(await asked.run(countPlan({ search }))).toEqual({ kind: 'count', count: expected.length });
      }),
      { numRuns: count },
    );
  };

  it('find the same rows as the reference', () => compareWithReference(runs(400)));

  it('go together with filters', async () => {
    await fc.assert(
      fc.asyncProperty(searches, filters, async (search, filter) => {
        const passing = rows.filter((row) => passes(filter, rowOf(row)));
        const expected = expectedIds(search, passing);
        expect(idsOfPage(await asked.page({ search, filter }))).toEqual(expected);
      }),
      { numRuns: runs(150) },
    );
  });

  it('mean the same when they are written down, parsed and bound', () => {
    fc.assert(
      fc.property(searches, (search) => {
        expect(bindText(printBoundSearch(search))).toEqual(search);
      }),
      { numRuns: runs(300) },
    );
  });

  it('find what is there after random rows have gone and others have come', async () => {
    const gone = rows.filter((_, index) => index % 3 === 0);
    const come = randomProfiles(20, rowSeed + 7).map((row) => ({ ...row, id: `q${String(row.id)}` }));
    for (const { id } of gone) await asked.remove(String(id));
    await asked.insert(come);
    rows = [...rows.filter((row) => !gone.includes(row)), ...come];
    await compareWithReference(runs(200));
  });
});
