/** $orderby, $skip and paging on a real database: the order of the reference, each row once, whatever others write. */
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { ticksOf } from '../../src/edm/date-time-offset.ts';
import type { EntityValues } from '../../src/edm/types.ts';
import { parseOrderBy } from '../../src/language/parser.ts';
import { cloudAppSecurityProfiles } from '../../src/model/cloud-app-security-profile.ts';
import { model } from '../../src/model/index.ts';
import { bindOrderBy } from '../../src/plan/bind-order-by.ts';
import { type BoundExpression, keyOrder, type OrderKey } from '../../src/plan/bound.ts';
import { filters, orders } from '../support/bound-arbitrary.ts';
import { printBound } from '../support/print-bound.ts';
import { randomProfiles } from '../support/profile-arbitrary.ts';
import {
  engines,
  idsOfPage,
  openQueryDatabase,
  type QueryDatabase,
  rowSeed,
  runs,
} from '../support/query-database.ts';
import { passes, rowOf } from '../support/reference-evaluator.ts';
import { pagesOf, sortRows } from '../support/reference-query.ts';
import { tableNow, tableRows } from './filter-table.ts';

// Two engines, and other suites beside them.
vi.setConfig({ testTimeout: 60_000 });

function bindText(text: string): readonly OrderKey[] {
  const keys = bindOrderBy(parseOrderBy(text), {
    entitySet: cloudAppSecurityProfiles,
    model,
    optionName: '$orderby',
    optionText: text,
    aliases: new Map(),
    nowTicks: ticksOf(tableNow),
    computed: [],
  });
  return [...keys, keyOrder(cloudAppSecurityProfiles)];
}

const printOrder = (keys: readonly OrderKey[]): string =>
  keys
    .map(({ expression, descending }) => `${printBound(expression)} ${descending ? 'desc' : 'asc'}`)
    .join(',');

/** The ids in the order of the reference. */
function expectedIds(
  rows: readonly EntityValues[],
  orderBy: readonly OrderKey[],
  filter?: BoundExpression,
): readonly string[] {
  const passing = rows.map(rowOf).filter((row) => filter === undefined || passes(filter, row));
  return sortRows(orderBy, passing).map(({ entity }) => String(entity?.id));
}

const sometimes = fc.option(filters, { nil: undefined, freq: 2 });

describe.each(engines)('orders found by hand (%s)', (engine) => {
  let asked: QueryDatabase;
  beforeAll(async () => {
    asked = await openQueryDatabase(tableRows, engine);
  });
  afterAll(() => asked.close());

  // Enough of the beginning and the end to tell; the rest has equal keys and stands by id.
  it.each([
    ['name', 'p16 p17 p18', 'p12 p02 p07 p14 p15 p13'],
    ['name desc', 'p13 p15 p14 p07 p02 p12', 'p38 p39 p40'],
    ['name desc,id desc', 'p13 p15 p14 p07 p02 p12', 'p18 p17 p16'],
    ['isSigned', 'p01 p02', 'p40 p28 p29 p26 p27'],
    ['isSigned desc,id desc', 'p27 p26 p29 p28 p40', 'p02 p01'],
    ['permissionsRequired desc', 'p31 p30 p29 p28 p27 p26 p01', 'p40'],
    ['lastModifiedDateTime', 'p06 p04 p05 p01 p02 p03 p08 p09 p10', 'p40 p07'],
    ['lastModifiedDateTime desc', 'p07 p09 p10', 'p08 p03 p02 p01 p05 p04 p06'],
    ['tags/$count desc', 'p34 p37 p38 p39 p33 p35 p40 p01', 'p32 p36'],
    ['length(name) desc', 'p07 p04 p05 p09 p06 p13', 'p39 p40'],
    ['cast(riskScore,Edm.Double)', 'p01 p02', 'p18 p16 p25 p17 p23 p24 p22'],
    ['vendorInformation/provider,id desc', 'p40 p39 p38 p34 p33', 'p36 p35 p37'],
    ['vendorInformation eq null', 'p34 p35 p36 p37 p01', 'p40'],
    ['tolower(publisher) desc,riskScore desc', 'p20 p19 p17 p16 p18 p21 p22 p24 p23 p25 p01', 'p40'],
  ])('%s', async (text, first, last) => {
    const orderBy = bindText(text);
    const reference = expectedIds(tableRows, orderBy).join(' ');
    expect(reference.startsWith(`${first} `), reference).toBe(true);
    expect(reference.endsWith(` ${last}`), reference).toBe(true);
    expect(idsOfPage(await asked.page({ orderBy })).join(' ')).toBe(reference);
  });
});

describe.each(engines)('random orders (%s)', (engine) => {
  const rows = randomProfiles(60, rowSeed);
  let asked: QueryDatabase;
  beforeAll(async () => {
    asked = await openQueryDatabase(rows, engine);
  });
  afterAll(() => asked.close());

  it('are those of the reference', async () => {
    await fc.assert(
      fc.asyncProperty(orders, sometimes, fc.nat(70), async (orderBy, filter, skip) => {
        const expected = expectedIds(rows, orderBy, filter);
        const page = await asked.page({ orderBy, filter, skip, count: true });
        expect(idsOfPage(page), printOrder(orderBy)).toEqual(expected.slice(skip));
        expect(page.next).toBeUndefined();
        expect(page.count).toBe(expected.length);
      }),
      { numRuns: runs(300) },
    );
  });

  it('mean the same when they are written down, parsed and bound', () => {
    fc.assert(
      fc.property(orders, (orderBy) => {
        const text = printOrder(orderBy);
        expect(expectedIds(rows, bindText(text)), text).toEqual(expectedIds(rows, orderBy));
      }),
      { numRuns: runs(200) },
    );
  });
});

describe.each(engines)('walking pages (%s)', (engine) => {
  const rows = randomProfiles(60, rowSeed + 1);
  let asked: QueryDatabase;
  beforeAll(async () => {
    asked = await openQueryDatabase(rows, engine);
  });
  afterAll(() => asked.close());

  it('yields each row once, in order, in pages as large as asked', async () => {
    await fc.assert(
      fc.asyncProperty(
        orders,
        sometimes,
        fc.integer({ min: 1, max: 30 }),
        fc.nat(9),
        async (orderBy, filter, pageSize, skip) => {
          const expected = expectedIds(rows, orderBy, filter).slice(skip);
          const plan = { orderBy, filter, pageSize, skip };
          expect(await asked.walk(plan), printOrder(orderBy)).toEqual(pagesOf(expected, pageSize));
        },
      ),
      { numRuns: runs(120) },
    );
  });

  it('goes on where any row of the order stands', async () => {
    await fc.assert(
      fc.asyncProperty(orders, fc.nat(58), async (orderBy, place) => {
        const expected = expectedIds(rows, orderBy);
        const [, rest] = await asked.walk({ orderBy, pageSize: place + 1 });
        expect(rest, printOrder(orderBy)).toEqual(expected.slice(place + 1, 2 * (place + 1)));
      }),
      { numRuns: runs(80) },
    );
  });

  it('yields untouched rows once, in order, while others come and go', async () => {
    const fleeting = randomProfiles(60, rowSeed + 2).map((row) => ({ ...row, id: `x${String(row.id)}` }));
    const isUntouched = (id: string): boolean => !id.startsWith('x');
    await fc.assert(
      fc.asyncProperty(
        orders,
        fc.integer({ min: 1, max: 15 }),
        fc.array(fc.record({ row: fc.constantFrom(...fleeting), writes: fc.integer({ min: 1, max: 3 }) }), {
          minLength: 4,
          maxLength: 40,
        }),
        async (orderBy, pageSize, script) => {
          const there = new Set<string>();
          const toggle = async (row: EntityValues): Promise<void> => {
            const id = String(row.id);
            if (there.delete(id)) return asked.remove(id);
            there.add(id);
            return asked.insert([row]);
          };
          let step = 0;
          const write = async (): Promise<void> => {
            const { writes = 0 } = script[step] ?? {};
            for (const { row } of script.slice(step, step + writes)) await toggle(row);
            step += Math.max(1, writes);
          };
          try {
            await write();
            const seen = (await asked.walk({ orderBy, pageSize }, write)).flat();
            expect(seen.filter(isUntouched), printOrder(orderBy)).toEqual(expectedIds(rows, orderBy));
            // Rows that came and went may be seen again only after they were gone.
            const everything = expectedIds([...rows, ...fleeting], orderBy);
            const places = seen.map((id) => everything.indexOf(id));
            expect(places).toEqual([...places].sort((a, b) => a - b));
            expect(new Set(seen).size).toBe(seen.length);
          } finally {
            for (const id of there) await asked.remove(id);
          }
        },
      ),
      { numRuns: runs(40) },
    );
  });
});
