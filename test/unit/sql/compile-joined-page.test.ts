import { describe, expect, it } from 'vitest';
import { parseTenantId } from '../../../src/auth/authenticator.ts';
import type { ListPlan } from '../../../src/plan/plan.ts';
import { compileJoinedPage, compilePosition } from '../../../src/sql/compile.ts';
import { sqliteDialect } from '../../../src/storage/sqlite/dialect.ts';
import { by, constant, eq, leaf, list, tenantId } from './bound.ts';

const otherTenantId = parseTenantId('22222222-2222-4222-8222-222222222222');
const before = '{"@odata.type":"#microsoft.graph.cloudAppSecurityProfile","@odata.etag":"W/\\"';
const after = '\\"",';

function compile(plan: ListPlan) {
  const { joinTexts } = sqliteDialect;
  if (joinTexts === undefined) throw new Error('SQLite joins');
  return compileJoinedPage(plan, joinTexts, sqliteDialect);
}

/** Each value once, as a page that is asked for anew is compiled. */
const fresh = (plan: ListPlan): ListPlan => ({ ...plan, orderBy: [...plan.orderBy] });

describe('a joined page', () => {
  it('is one row of the query for its rows', () => {
    const { text, parameters } = compile(list({ orderBy: [by('name'), by('id')] }));
    expect(text).toMatch(
      /^select count\(\*\) as "count", cast\(group_concat\(\? \|\| "version" \|\| \? \|\| ltrim\("json", '\{'\), ','\) as blob\) as "items" from \(select "e"\."version", "e"\."json" from "cloud_app_security_profile" as "e" where "e"\."tenant_id" = \? order by "e"\."name", "e"\."id" limit .*\) as "page"$/,
    );
    expect(parameters.slice(0, 3)).toEqual([before, after, tenantId]);
  });

  it('that is asked for again is the same statement, and another one where anything is another', () => {
    const filter = eq(leaf('name'), constant('a'));
    const plan = list({ filter, orderBy: [by('name'), by('id')], skip: 0 });
    const changes: readonly Partial<ListPlan>[] = [
      { tenantId: otherTenantId },
      { filter: undefined },
      { filter: eq(leaf('name'), constant('b')) },
      { pageSize: 7 },
      { skip: 3 },
      { after: ['a', 'b'] },
      { after: ['c', 'd'] },
    ];
    for (const change of changes) {
      const changed = { ...plan, ...change };
      const first = compile(plan);
      expect(compile({ ...plan, count: true })).toBe(first);
      expect(compile(changed)).toEqual(compile(fresh(changed)));
      expect(compile(plan)).toEqual(first);
    }
  });
});

describe('the position of a row', () => {
  const plan = list({ orderBy: [by('lastModifiedDateTime', true), by('name'), by('id', true)] });
  const text =
    'select cast("e"."last_modified_date_time" as text) as "k0", "e"."name" as "k1" from "cloud_app_security_profile" as "e" where "e"."tenant_id" = ? and "e"."id" = ?';

  it('is that of the row and the tenant asked for', () => {
    const other = { ...plan, tenantId: otherTenantId };
    const asked = [
      [plan, 'a'],
      [plan, 'b'],
      [other, 'b'],
      [plan, 'c'],
    ] as const;
    expect(asked.map(([of, id]) => compilePosition(of, id, sqliteDialect))).toEqual([
      { text, parameters: [tenantId, 'a'] },
      { text, parameters: [tenantId, 'b'] },
      { text, parameters: [otherTenantId, 'b'] },
      { text, parameters: [tenantId, 'c'] },
    ]);
  });

  it('needs no question where the id is all of the order', () => {
    expect(compilePosition(list({ orderBy: [by('id')] }), 'a', sqliteDialect)).toBeUndefined();
  });
});
