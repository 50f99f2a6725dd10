/** How SQLite carries out the statements: which index serves which question. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Database as Handle } from 'better-sqlite3';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { formatTicks } from '../../../src/edm/date-time-offset.ts';
import type { EntityValues } from '../../../src/edm/types.ts';
import { model } from '../../../src/model/index.ts';
import { type BoundSearch, booleanType, isId, type OrderKey } from '../../../src/plan/bound.ts';
import type { ListPlan } from '../../../src/plan/plan.ts';
import { compileCount, compileList, compileRead } from '../../../src/sql/compile.ts';
import type { Statement } from '../../../src/sql/statement.ts';
import { importEntities } from '../../../src/storage/import-entities.ts';
import { openConnection } from '../../../src/storage/sqlite/connection.ts';
import { sqliteDialect } from '../../../src/storage/sqlite/dialect.ts';
import { openSqlite } from '../../../src/storage/sqlite/driver.ts';
import { emptyProfile } from '../../support/profiles.ts';
import {
  and,
  by,
  call,
  constant,
  contains,
  entitySet,
  eq,
  item,
  leaf,
  list,
  lower,
  quantifier,
  tenantId,
  term,
} from './bound.ts';

const rowCount = 20_000;
const firstTicks = 638_800_000_000_000_000n;

const profileAt = (index: number): EntityValues => ({
  ...emptyProfile(`${(index * 7919) % rowCount}`.padStart(6, '0')),
  name: index % 10 === 0 ? null : `${['Alpha', 'Beta', 'Gamma'][index % 3]} app ${index}`,
  publisher: `Publisher ${index % 20}`,
  riskScore: String(index % 11),
  isSigned: index % 2 === 0,
  tags: [`tag ${index % 50}`, `rare ${index % 5000}`],
  lastModifiedDateTime: formatTicks(firstTicks + BigInt(index % 4000)),
});

let folder: string;
let handle: Handle;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'casp-plans-'));
  const file = join(folder, 'rows.db');
  const database = openSqlite({ file, model, busyTimeoutMs: 1000 });
  const author = {
    kind: 'system',
    objectId: '',
    name: undefined,
    clientId: '',
    requestId: '',
    clientRequestId: '',
  } as const;
  const rows = Array.from({ length: rowCount }, (_, index) => profileAt(index));
  await importEntities(rows, { entitySet, tenantId, author }, database);
  await database.close();
  handle = openConnection({ file, readonly: true, busyTimeoutMs: 1000 });
}, 60_000);

afterAll(() => {
  handle.close();
  rmSync(folder, { recursive: true });
});

const run = ({ text, parameters }: Statement) =>
  handle.prepare(text).all(...parameters) as { readonly [name: string]: string }[];

/** The steps of the plan, without the names all indexes begin with. */
function explain({ text, parameters }: Statement): readonly string[] {
  const steps = handle.prepare(`explain query plan ${text}`).all(...parameters) as { detail: string }[];
  return steps.map(({ detail }) =>
    detail.replaceAll('cloud_app_security_profile_', '').replace('sqlite_autoindex_1', 'key'),
  );
}

const page = (changes: Partial<ListPlan>) => compileList(list(changes), sqliteDialect);
const ids = (statement: Statement) => run(statement).map((row) => row.id);

const byKey = [by('id')];
const byName = [by('name'), by('id')];
const byNameDown = [by('name', true), by('id')];
const byModified = [by('lastModifiedDateTime'), by('id')];
const byModifiedDown = [by('lastModifiedDateTime', true), by('id')];
const lastTermSorted = 'USE TEMP B-TREE FOR LAST TERM OF ORDER BY';

describe('a point read', () => {
  it('goes by the key', () => {
    const address = { entitySet, tenantId, id: '000001' };
    expect(explain(compileRead(address, false, sqliteDialect))).toEqual([
      'SEARCH cloud_app_security_profile USING INDEX key (tenant_id=? AND id=?)',
    ]);
  });
});

describe('a page in order', () => {
  const cases: readonly (readonly [string, readonly OrderKey[], readonly string[]])[] = [
    ['key', byKey, ['SEARCH e USING INDEX key (tenant_id=?)']],
    ['name', byName, ['SEARCH e USING INDEX by_name (tenant_id=?)']],
    ['name, descending', byNameDown, ['SEARCH e USING INDEX by_name (tenant_id=?)', lastTermSorted]],
    ['time', byModified, ['SEARCH e USING INDEX by_last_modified_date_time (tenant_id=?)']],
    [
      'time, descending',
      byModifiedDown,
      ['SEARCH e USING INDEX by_last_modified_date_time (tenant_id=?)', lastTermSorted],
    ],
    [
      'time and key, descending',
      [by('lastModifiedDateTime', true), by('id', true)],
      ['SEARCH e USING INDEX by_last_modified_date_time (tenant_id=?)'],
    ],
  ];

  it.each(cases)('by %s follows an index', (_, orderBy, steps) => {
    expect(explain(page({ orderBy }))).toEqual(steps);
  });

  it.each(cases)('by %s starts inside of the index, wherever the page begins', (_, orderBy) => {
    const all = run(page({ orderBy, pageSize: rowCount }));
    for (const position of [0, 1, 1999, 2000, 2001, 10_000, rowCount - 2]) {
      const after = orderBy.map(
        ({ expression }, index) => all[position]?.[isId(expression) ? 'id' : `k${index}`] ?? null,
      );
      const statement = page({ orderBy, after, pageSize: 20 });
      const following = all.slice(position + 1, position + 22).map((row) => row.id);
      expect(ids(statement)).toEqual(following);
      const searches = explain(statement).filter((step) => /^(SCAN|SEARCH) e/.test(step));
      for (const step of searches) expect(step).toMatch(/tenant_id=\? AND /);
    }
  });
});

describe('a filter', () => {
  const publisher = eq(leaf('publisher'), constant('Publisher 3'));
  const risk = eq(leaf('riskScore'), constant('9'));
  const prefix = (text: string) => call('startswith', booleanType, leaf('name'), constant(text));

  it('by publisher and risk, latest first, follows one index for rows and order', () => {
    const index = 'by_publisher_risk_score_last_modified_date_time'.slice(
      0,
      63 - 'cloud_app_security_profile_'.length,
    );
    expect(explain(page({ filter: and(publisher, risk), orderBy: byModifiedDown }))).toEqual([
      `SEARCH e USING INDEX ${index} (tenant_id=? AND publisher=? AND risk_score=?)`,
      lastTermSorted,
    ]);
    expect(
      explain(compileCount({ entitySet, tenantId, filter: and(publisher, risk) }, sqliteDialect)),
    ).toEqual([`SEARCH e USING COVERING INDEX ${index} (tenant_id=? AND publisher=? AND risk_score=?)`]);
  });

  it('by a part of the name asks the index of substrings', () => {
    const plan = explain(page({ filter: contains(lower(leaf('name')), 'app 1999') }));
    expect(plan.filter((step) => step.startsWith('SCAN substrings VIRTUAL TABLE')).length).toBe(2);
    expect(plan).toContain('SEARCH e USING INTEGER PRIMARY KEY (rowid=?)');
    expect(plan.filter((step) => /^SCAN e/.test(step))).toEqual([]);
  });

  it('by the beginning of the name asks for a range of the index', () => {
    expect(
      explain(compileCount({ entitySet, tenantId, filter: prefix('Beta app 1') }, sqliteDialect)),
    ).toEqual(['SEARCH e USING COVERING INDEX by_name (tenant_id=? AND name>? AND name<?)']);
  });

  it('by a tag asks the index of tags', () => {
    const filter = quantifier('any', eq(item, constant('rare 7')));
    expect(explain(compileCount({ entitySet, tenantId, filter }, sqliteDialect))).toEqual([
      'SEARCH e USING COVERING INDEX by_tenant (tenant_id=? AND rowid=?)',
      'LIST SUBQUERY 1',
      'SEARCH item_0 USING COVERING INDEX tags_by_value (tenant_id=? AND value=?)',
    ]);
  });

  it('no index serves walks along the order first, then over the rows of the tenant as they lie', () => {
    const searches = explain(page({ filter: contains(leaf('policyName'), 'x'), orderBy: byName })).filter(
      (step) => /^(SCAN|SEARCH) (e|first) /.test(step),
    );
    expect(searches).toEqual([
      'SEARCH first USING COVERING INDEX by_name (tenant_id=?)',
      'SEARCH e USING INTEGER PRIMARY KEY (rowid=?)',
      'SEARCH e USING INDEX by_tenant (tenant_id=?)',
    ]);
  });
});

describe('a search', () => {
  it('asks the index of words', () => {
    const search: BoundSearch = term('rare', '77');
    const plan = explain(compileCount({ entitySet, tenantId, search }, sqliteDialect));
    expect(plan).toContain('SCAN words VIRTUAL TABLE INDEX 0:M1');
    expect(plan.filter((step) => /^SCAN e/.test(step))).toEqual([]);
  });
});

describe('both ways to a page', () => {
  const questions: readonly (readonly [string, Partial<ListPlan>, (values: EntityValues) => boolean])[] = [
    ['frequent', { filter: leaf('isSigned') }, ({ isSigned }) => isSigned === true],
    ['rare', { filter: contains(leaf('name'), 'app 1999') }, ({ name }) => String(name).includes('app 1999')],
    ['absent', { filter: contains(leaf('policyName'), 'x') }, () => false],
    [
      'frequent by index',
      { filter: quantifier('any', eq(item, constant('tag 4'))) },
      ({ tags }) => (tags as readonly string[]).includes('tag 4'),
    ],
    ['searched', { search: term('beta') }, ({ name }) => String(name).startsWith('Beta')],
    [
      'searched and rare',
      { search: term('rare', '4999') },
      ({ tags }) => (tags as string[])[1] === 'rare 4999',
    ],
  ];
  const rows = Array.from({ length: rowCount }, (_, index) => profileAt(index));

  it.each(questions)('find rows that are %s, page by page', (_, question, passes) => {
    const expected = rows
      .filter(passes)
      .map(({ id }) => id)
      .sort();
    for (const position of [0, Math.floor(expected.length / 2), expected.length - 1]) {
      const after = position <= 0 ? undefined : [String(expected[position - 1])];
      const from = Math.max(0, position);
      expect(ids(page({ ...question, after, pageSize: 30 }))).toEqual(expected.slice(from, from + 31));
    }
    expect(ids(page({ ...question, skip: 3, pageSize: 30 }))).toEqual(expected.slice(3, 34));
    const counted = compileCount({ entitySet, tenantId, ...question }, sqliteDialect);
    expect(run(counted)).toEqual([{ count: expected.length }]);
  });
});
