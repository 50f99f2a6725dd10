/** A page that the engine joins is, byte for byte, the page whose rows are written one by one. */
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { ListPlan } from '../../src/plan/plan.ts';
import { writeEntity } from '../../src/response/entity.ts';
import { execute } from '../../src/storage/execute.ts';
import { readJoinedPage } from '../../src/storage/joined-page.ts';
import { filters, orders } from '../support/bound-arbitrary.ts';
import { randomProfiles } from '../support/profile-arbitrary.ts';
import { listPlan, openQueryDatabase, type QueryDatabase, rowSeed, runs } from '../support/query-database.ts';
import { context } from '../support/response-fixture.ts';
import { tableRows } from './filter-table.ts';

vi.setConfig({ testTimeout: 60_000 });

const longText = `${'\u00e9'.repeat(30_000)}{"@odata.type":"#microsoft.graph.cloudAppSecurityProfile",,{`;
const rows = [
  ...tableRows,
  ...randomProfiles(150, rowSeed).map((row, index) => ({ ...row, id: `random${index}` })),
  ...randomProfiles(3, rowSeed + 1).map((row, index) => ({
    ...row,
    id: `long${index}`,
    manifest: longText,
    name: '{{\u{1f600}',
  })),
];

describe(`joined pages, rows of seed ${rowSeed}`, () => {
  let asked: QueryDatabase;
  beforeAll(async () => {
    asked = await openQueryDatabase(rows);
  });
  afterAll(() => asked.close());

  async function bothRoads(plan: ListPlan) {
    const { database } = asked;
    const page = await execute(plan, database);
    if (page.kind !== 'page') throw new Error(`a list yields no ${page.kind}`);
    const { root, entitySet, format, projection } = plan;
    const how = { root, entitySet, format, context, projection };
    const items = page.rows.map(({ entity, computed }) => writeEntity(entity, computed, undefined, how));
    const joined = await database.read(
      (session) => readJoinedPage(plan, { ...session, joinsRows: true }, database.dialect),
      { expected: 'scan' },
    );
    if (joined === undefined) throw new Error('rows that the engine does not join');
    return {
      byRow: { items: items.join(','), next: page.next },
      joined: { items: Buffer.from(joined.items).toString('utf8'), next: joined.next },
    };
  }

  it('hold the same bytes and end at the same place, page after page', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.option(filters, { nil: undefined }),
        orders,
        fc.integer({ min: 0, max: 60 }),
        fc.integer({ min: 0, max: 40 }),
        async (filter, orderBy, pageSize, skip) => {
          let plan = { ...listPlan({ filter, orderBy, pageSize, skip }) };
          for (let page = 0; page < 3; page += 1) {
            const { byRow, joined } = await bothRoads(plan);
            expect(joined).toEqual(byRow);
            if (byRow.next === undefined) return;
            plan = { ...plan, after: byRow.next, skip: 0 };
          }
        },
      ),
      { numRuns: runs(60) },
    );
  });
});
