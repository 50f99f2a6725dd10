import { describe, expect, it } from 'vitest';
import { int64Type } from '../../../src/plan/bound.ts';
import type { ListPlan } from '../../../src/plan/plan.ts';
import { compileCount, compileList } from '../../../src/sql/compile.ts';
import { sqliteDialect } from '../../../src/storage/sqlite/dialect.ts';
import {
  and,
  by,
  call,
  constant,
  eq,
  gt,
  leaf,
  list,
  not,
  propertyOf,
  quantifier,
  tenantId,
  term,
} from './bound.ts';

const compile = (changes: Partial<ListPlan>) => compileList(list(changes), sqliteDialect);

const table = '"cloud_app_security_profile" as "e"';
const row = '"e"."id", "e"."version", "e"."json"';
const modified = '"e"."last_modified_date_time"';

const byName = `select ${row}, "e"."name" as "k0" from ${table}`;
const byModified = `select ${row}, cast(${modified} as text) as "k0" from ${table}`;

describe('a page without conditions', () => {
  it('reads one row more than it shows, and its keys as text', () => {
    expect(compile({ orderBy: [by('lastModifiedDateTime'), by('id')] })).toEqual({
      text: `${byModified} where "e"."tenant_id" = ? order by ${modified}, "e"."id" limit ? + 0`,
      parameters: [tenantId, 51],
    });
  });

  it('leaves rows out at the beginning only', () => {
    const page = `select ${row} from ${table} where "e"."tenant_id" = ?`;
    expect(compile({ skip: 7 })).toEqual({
      text: `${page} order by "e"."id" limit ? + 0 offset ?`,
      parameters: [tenantId, 51, 7],
    });
    expect(compile({ skip: 7, after: ['a'] })).toEqual({
      text: `${page} and (("e"."id") > (?)) order by "e"."id" limit ? + 0`,
      parameters: [tenantId, 'a', 51],
    });
  });

  it('reads computed properties as text', () => {
    const computed = [{ name: 'n', expression: call('length', int64Type, leaf('name')) }];
    expect(compile({ projection: { properties: [], computed, contextPaths: [] } })).toEqual({
      text: `select ${row}, cast(casp_length("e"."name") as text) as "c0" from ${table} where "e"."tenant_id" = ? order by "e"."id" limit ? + 0`,
      parameters: [tenantId, 51],
    });
  });
});

describe('a page after another', () => {
  it('starts where the last row stood, in one range where all keys go the same way', () => {
    expect(compile({ orderBy: [by('name'), by('id')], after: ['x', 'a'] })).toEqual({
      text: `${byName} where "e"."tenant_id" = ? and (("e"."name", "e"."id") > (?, ?)) order by "e"."name", "e"."id" limit ? + 0`,
      parameters: [tenantId, 'x', 'a', 51],
    });
    expect(
      compile({ orderBy: [by('lastModifiedDateTime', true), by('id', true)], after: ['5', 'a'] }),
    ).toEqual({
      text: `${byModified} where "e"."tenant_id" = ? and ((${modified}, "e"."id") < (?, ?)) order by ${modified} desc, "e"."id" desc limit ? + 0`,
      parameters: [tenantId, 5n, 'a', 51],
    });
  });

  it('starts in two ranges where keys go different ways', () => {
    const range = (condition: string) =>
      `select * from (${byModified} where "e"."tenant_id" = ? and ${condition} order by ${modified} desc, "e"."id" limit ? + 0)`;
    expect(compile({ orderBy: [by('lastModifiedDateTime', true), by('id')], after: ['5', 'a'] })).toEqual({
      text: `${range(`((${modified} = ?) and ("e"."id" > ?))`)} union all ${range(`(${modified} < ?)`)} limit ? + 0`,
      parameters: [tenantId, 5n, 'a', 51, tenantId, 5n, 51, 51],
    });
  });

  it('goes on with nulls at the end, descending', () => {
    const range = (condition: string) =>
      `select * from (${byName} where "e"."tenant_id" = ? and ${condition} order by "e"."name" desc, "e"."id" limit ? + 0)`;
    expect(compile({ orderBy: [by('name', true), by('id')], after: ['x', 'a'] })).toEqual({
      text: `${range('(("e"."name" = ?) and ("e"."id" > ?))')} union all ${range('("e"."name" < ?)')} union all ${range('("e"."name" is null)')} limit ? + 0`,
      parameters: [tenantId, 'x', 'a', 51, tenantId, 'x', 51, tenantId, 51, 51],
    });
  });

  it('goes on among nulls, and after them ascending', () => {
    const range = (condition: string) =>
      `select * from (${byName} where "e"."tenant_id" = ? and ${condition} order by "e"."name", "e"."id" limit ? + 0)`;
    expect(compile({ orderBy: [by('name'), by('id')], after: [null, 'a'] })).toEqual({
      text: `${range('(("e"."name" is null) and ("e"."id" > ?))')} union all ${range('("e"."name" is not null)')} limit ? + 0`,
      parameters: [tenantId, 'a', 51, tenantId, 51, 51],
    });
  });

  it('of an order no index has asks for its position in one condition', () => {
    const key = '"e"."policy_name"';
    expect(compile({ orderBy: [by('policyName', true), by('id')], after: ['x', 'a'] }).text).toBe(
      `select ${row}, ${key} as "k0" from ${table} where "e"."tenant_id" = ? and ((${key} < ?) or (${key} is null) or ((${key} = ?) and ("e"."id" > ?))) order by ${key} desc, "e"."id" limit ? + 0`,
    );
  });

  it('refuses values that are not those of its keys', () => {
    expect(() => compile({ after: ['a', 'b'] })).toThrow('2 values for 1 keys');
    expect(() => compile({ orderBy: [by('isSigned'), by('id')], after: ['x', 'a'] })).toThrow(
      'not a Boolean as text',
    );
  });
});

describe('a page of rows that pass a filter', () => {
  it('follows the index that has both', () => {
    const filter = and(eq(leaf('publisher'), constant('X')), eq(leaf('riskScore'), constant('9')));
    expect(compile({ filter, orderBy: [by('lastModifiedDateTime', true), by('id')] })).toEqual({
      text: `${byModified} where "e"."tenant_id" = ? and (("e"."publisher" = ?) and ("e"."risk_score" = ?)) order by ${modified} desc, "e"."id" limit ? + 0`,
      parameters: [tenantId, 'X', '9', 51],
    });
  });

  it('else tries the first rows of the order before it sorts all that pass', () => {
    const columns = `${row}`;
    expect(compile({ filter: leaf('isSigned') })).toEqual({
      text:
        `with "tried" as materialized (select ${columns} from (` +
        'select "first"."row_id" from "cloud_app_security_profile" as "first" where "first"."tenant_id" = ? order by "first"."id" limit ? + 0' +
        `) as "first" cross join ${table} where "e"."tenant_id" = ? and "e"."row_id" = "first"."row_id" and "e"."is_signed" limit ? + 0) ` +
        'select * from "tried" where (select count(*) from "tried") > ? union all ' +
        `select * from (select ${columns} from ${table} where "e"."tenant_id" = ? and "e"."is_signed" order by (+"e"."id") ` +
        'limit (case when (select count(*) from "tried") <= ? then ? else 0 end))',
      parameters: [tenantId, 2040, tenantId, 51, 50, tenantId, 50, 51],
    });
  });

  it('tries none where an index says that few can pass', () => {
    const tags = '"cloud_app_security_profile_tags"';
    const selection = `select "item_0"."row_id" from ${tags} as "item_0" where "item_0"."tenant_id" = ? and ("item_0"."value" = ?)`;
    const filter = quantifier(
      'any',
      eq({ kind: 'item', type: { kind: 'primitive', name: 'Edm.String' }, depth: 0 }, constant('a')),
    );
    const { text } = compile({ filter });
    expect(text).toContain(
      `order by "first"."id" limit (case when (select count(*) from (${selection} limit ? + 0)) = ? then ? else 0 end)`,
    );
    expect(text).toContain(`"e"."row_id" in (${selection})`);
  });

  it('sorts where no index has the order', () => {
    expect(compile({ filter: leaf('isSigned'), orderBy: [by('policyName'), by('id')] }).text).toBe(
      `select ${row}, "e"."policy_name" as "k0" from ${table} where "e"."tenant_id" = ? and "e"."is_signed" order by "e"."policy_name", "e"."id" limit ? + 0`,
    );
  });
});

describe('a count', () => {
  const { entitySet } = list();
  const words = '"cloud_app_security_profile_words"';

  it('of everything has the tenant as its only condition', () => {
    expect(compileCount({ entitySet, tenantId }, sqliteDialect)).toEqual({
      text: `select count(*) as "count" from ${table} where "e"."tenant_id" = ?`,
      parameters: [tenantId],
    });
  });

  it('asks the search, then the filter', () => {
    const search = {
      kind: 'and',
      operands: [
        { kind: 'or', operands: [term('a'), term('b', 'c')] },
        { kind: 'not', operand: term('d') },
      ],
    } as const;
    const filter = gt(leaf('name'), constant('x'));
    const found = `("e"."row_id" in (select "rowid" / ? from ${words} where ${words} match ?))`;
    expect(compileCount({ entitySet, tenantId, search, filter }, sqliteDialect)).toEqual({
      text: `select count(*) as "count" from ${table} where "e"."tenant_id" = ? and (${found} and (not ${found})) and ("e"."name" > ?)`,
      parameters: [tenantId, 32n, '"a" * OR "b c" *', 32n, '"d" *', 'x'],
    });
  });

  it('of rows with a complex value', () => {
    const filter = not({ kind: 'complexIsNull', property: propertyOf('vendorInformation') });
    expect(compileCount({ entitySet, tenantId, filter }, sqliteDialect).text).toBe(
      `select count(*) as "count" from ${table} where "e"."tenant_id" = ? and (not ("e"."has_vendor_information" = 0))`,
    );
  });
});
