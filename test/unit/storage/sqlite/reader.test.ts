import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Database as Handle } from 'better-sqlite3';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ticksOf } from '../../../../src/edm/date-time-offset.ts';
import { parseFilter, parseOrderBy } from '../../../../src/language/parser.ts';
import { cloudAppSecurityProfiles } from '../../../../src/model/cloud-app-security-profile.ts';
import { model } from '../../../../src/model/index.ts';
import { bindFilter } from '../../../../src/plan/bind-expression.ts';
import { bindOrderBy } from '../../../../src/plan/bind-order-by.ts';
import { keyOrder } from '../../../../src/plan/bound.ts';
import { compileCount, compileList } from '../../../../src/sql/compile.ts';
import type { Statement } from '../../../../src/sql/statement.ts';
import { openConnection } from '../../../../src/storage/sqlite/connection.ts';
import { sqliteDialect } from '../../../../src/storage/sqlite/dialect.ts';
import { openReader, type Reader } from '../../../../src/storage/sqlite/reader.ts';
import { createSchema } from '../../../../src/storage/sqlite/schema.ts';
import { filterTable } from '../../../properties/filter-table.ts';
import { countPlan, listPlan } from '../../../support/query-database.ts';

const scope = (optionName: '$filter' | '$orderby', optionText: string) => ({
  entitySet: cloudAppSecurityProfiles,
  model,
  optionName,
  optionText,
  aliases: new Map(),
  nowTicks: ticksOf('2025-01-01T00:00:00Z'),
  computed: [],
});
const filterOf = (text: string) => bindFilter(parseFilter(text), scope('$filter', text));
const orderOf = (text: string) => [
  ...bindOrderBy(parseOrderBy(text), scope('$orderby', text)),
  keyOrder(cloudAppSecurityProfiles),
];

let folder: string;
let handle: Handle;
let reader: Reader;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'casp-reader-'));
  const file = join(folder, 'casp.db');
  handle = openConnection({ file, readonly: false, busyTimeoutMs: 1000 });
  createSchema(handle, model);
  reader = openReader(file, 1000);
});
afterAll(() => {
  reader.close();
  handle.close();
  rmSync(folder, { recursive: true });
});

/**
 * What the planner says, without the names that differ: the table's here, the alias there. An `exists` over a view
 * is asked row by row instead of joined; it searches the same index.
 */
function readPlan(rows: readonly unknown[]): readonly string[] {
  return rows
    .map((row) => (row as { readonly detail: string }).detail)
    .filter((detail) => !detail.startsWith('CORRELATED SCALAR SUBQUERY'))
    .map((detail) =>
      detail.replace(/^(SCAN|SEARCH) \S+( EXISTS)?/, '$1').replace(/SUBQUERY \d+/, 'SUBQUERY'),
    );
}

/** The plans of a statement on the tables themselves and on the views that can be stopped. */
function plansOf({ text, parameters }: Statement) {
  const explained = { text: `explain query plan ${text}`, parameters };
  const plain = readPlan(handle.prepare(explained.text).all(...parameters));
  const stoppable = readPlan(reader.run(explained, () => {}));
  return { plain, stoppable };
}

describe('views that can be stopped keep the plans of', () => {
  const orders = ['id', 'name', 'name desc', 'lastModifiedDateTime desc', 'riskScore,name', 'length(name)'];

  it.each(orders)('a page by %s', (order) => {
    const orderBy = orderOf(order);
    const first = plansOf(compileList(listPlan({ orderBy }), sqliteDialect));
    const after = orderBy.map(() => '7');
    const next = plansOf(compileList(listPlan({ orderBy, after }), sqliteDialect));
    expect([first.stoppable, next.stoppable]).toEqual([first.plain, next.plain]);
  });

  it.each(Object.entries(filterTable))('filters: %s', (_, cases) => {
    for (const [text] of cases) {
      const filter = filterOf(text);
      const list = plansOf(
        compileList(listPlan({ filter, orderBy: orderOf('name'), pageSize: 50 }), sqliteDialect),
      );
      const count = plansOf(compileCount(countPlan({ filter }), sqliteDialect));
      expect([text, list.stoppable, count.stoppable]).toEqual([text, list.plain, count.plain]);
    }
  });
});

describe('a statement that asks a virtual table', () => {
  const asks = (filter: string) =>
    reader.asksVirtualTable(compileList(listPlan({ filter: filterOf(filter) }), sqliteDialect));

  it('is told apart, because what the table does cannot be stopped', () => {
    expect(["contains(name,'acme')", "name eq 'acme'", "name in ('a','b')"].map(asks)).toEqual([
      true,
      false,
      false,
    ]);
  });
});
