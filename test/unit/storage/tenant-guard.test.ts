import { describe, expect, it } from 'vitest';
import { model } from '../../../src/model/index.ts';
import { schemaOf } from '../../../src/storage/schema.ts';
import { sqliteDialect } from '../../../src/storage/sqlite/dialect.ts';
import { createTenantGuard } from '../../../src/storage/tenant-guard.ts';

const guard = createTenantGuard(schemaOf(model, sqliteDialect));
const tenant = '11111111-1111-4111-8111-111111111111';
const other = '22222222-2222-4222-8222-222222222222';

const ask = (text: string, parameters: readonly unknown[] = [tenant, tenant, tenant, tenant]) =>
  guard({ text, parameters });

const t = '"cloud_app_security_profile"';
const tags = '"cloud_app_security_profile_tags"';

describe('statements that touch no tenant’s table', () => {
  it.each([
    'select 1',
    'begin',
    'select "value" from "service_secret" where "name" = ?',
    'insert into "service_secret" ("name", "value") values (?, ?) on conflict ("name") do nothing',
    'insert into "cloud_app_security_profile_words" ("cloud_app_security_profile_words", "rowid", "text") values (?, ?, ?)',
    `select '${'cloud_app_security_profile'}'`,
    'select set_config($1, $2, true)',
  ])('%s', (text) => expect(ask(text, ['no tenant'])).toBeUndefined());
});

describe('statements bound to a tenant', () => {
  it.each([
    `select "id" from ${t} where "tenant_id" = ? and "id" = ?`,
    `explain query plan select "id" from ${t} where "tenant_id" = ?`,
    `explain (costs off) select "id" from ${t} where "tenant_id" = $1`,
    `select "id" from ${t} where "tenant_id" = $1::text and "id" = $2 for update`,
    `select "e"."id" from ${t} as "e" where "e"."tenant_id" = ? and ("a" = 1 or "b" = 2) order by "e"."id" limit ?`,
    `select "e"."id" from ${t} as "e" where ("e"."tenant_id" = ? and "e"."name" is not distinct from ?)`,
    `select count(*) as "count" from (select "id" from ${t} where "tenant_id" = ?) as "e"`,
    `select "id" from ${t} where "tenant_id" = ? union all select "id" from ${t} where "tenant_id" = ?`,
    `select * from (select "id" from ${t} where "tenant_id" = ? limit 1) union all select * from (select "id" from ${t} where "tenant_id" = ?) limit 1`,
    `select 1 from ${t} as "e" where "e"."tenant_id" = ? and exists (select 1 from ${tags} as "i" where "i"."tenant_id" = ? and "i"."row_id" = "e"."row_id")`,
    `select 1 from ${t} as "e" where "e"."tenant_id" = ? and exists (select 1 from ${tags} as "i" where "i"."tenant_id" = "e"."tenant_id")`,
    `select 1 from ${t} as "e" cross join ${tags} as "i" where "e"."tenant_id" = ? and "i"."tenant_id" = "e"."tenant_id"`,
    `select 1 from ${t} as "e" left join ${tags} as "i" on "i"."tenant_id" = "e"."tenant_id" where "e"."tenant_id" = ?`,
    `with "tried" as materialized (select "id" from ${t} where "tenant_id" = ?) select * from "tried" where (select count(*) from "tried") > 1`,
    `select case when exists (select 1 from ${t} where "tenant_id" = ?) then 1 else 0 end`,
    `update ${t} set "version" = "version" + 1 where "tenant_id" = ? returning "version"`,
    `update ${t} as "e" set "version" = "d"."v" from (values (1)) as "d"("v") where "e"."tenant_id" = ?`,
    `delete from ${tags} where "tenant_id" = ? and "row_id" = (select "row_id" from ${t} where "tenant_id" = ? and "id" = ?)`,
    'insert into "change_counter" ("tenant_id", "last_position") values (?, 1) on conflict ("tenant_id") do update set "last_position" = "change_counter"."last_position" + 1 returning "last_position"',
    'insert into "change_counter" ("last_position", "tenant_id") values (1, ?), (2, ?)',
    `insert into ${tags} ("tenant_id", "row_id", "ordinal", "value") select "tenant_id", "row_id", 1, 'x' from ${t} where "tenant_id" = ?`,
    `insert into ${tags} ("tenant_id", "row_id", "ordinal", "value") select ?, "d"."i" * 2, "d"."i", "d"."v" from unnest($2::text[]) with ordinality as "d"("v", "i")`,
    'with "c" as (insert into "change_counter" ("tenant_id", "last_position") values ($1, 1) on conflict ("tenant_id") do update set "last_position" = excluded."last_position" returning "last_position" as "n") insert into "change_record" ("tenant_id", "position") select $1::text, "n" from "c"',
  ])('%s', (text) => {
    // Numbered and positional parameters do not meet in one statement; here all have the same value.
    expect(ask(text)).toBe(tenant);
  });
});

describe('statements that are not bound', () => {
  it.each([
    `select * from ${t}`,
    'select * from cloud_app_security_profile where "id" = ?',
    'select * from Cloud_App_Security_Profile',
    `select * from main.${t}`,
    `select * from ${t} /* where "tenant_id" = ? */`,
    `select * from ${t} -- where "tenant_id" = ?`,
    `select * from ${t} where '"tenant_id" = ?' = '"tenant_id" = ?'`,
    `select * from ${t} where E'\\' = '"tenant_id" = ?'`,
    `select * from ${t} where $x$ "tenant_id" = $1 $x$ = ''`,
    `select * from ${t} where "tenant_id" = ? or "id" = ?`,
    `select * from ${t} where ("tenant_id" = ? or "id" = ?) and "name" = ?`,
    `select * from ${t} where not "tenant_id" = ?`,
    `select * from ${t} where not ("tenant_id" = ?)`,
    `select * from ${t} where ("tenant_id" = ?) = false`,
    `select * from ${t} where "tenant_id" = ? is not true`,
    `select * from ${t} where "tenant_id" <> ?`,
    `select * from ${t} where "tenant_id" >= ?`,
    `select * from ${t} where "tenant_id" in (?)`,
    `select * from ${t} where "tenant_id" = 'a'`,
    `select * from ${t} where "tenant_id" = "tenant_id"`,
    `select * from ${t} where "name" = ? and "name" between 1 and "tenant_id" = ?`,
    `select * from ${t} where case when true then true or "tenant_id" = ? end`,
    `select "tenant_id" = ? from ${t}`,
    `select * from ${t} group by "id" having "tenant_id" = ?`,
    `select * from ${t} as "e" cross join ${tags} as "i" where "e"."tenant_id" = ?`,
    `select * from ${t} as "e" cross join ${tags} as "i" where "tenant_id" = ?`,
    `select * from ${t} as "e" left join ${tags} as "i" on "e"."tenant_id" = ? where "i"."tenant_id" = ?`,
    `select * from ${t} as "e" right join ${tags} as "i" on "e"."tenant_id" = ? where "i"."tenant_id" = ?`,
    `select * from ${t} as "e" join ${tags} as "i" using ("tenant_id") where "e"."tenant_id" = ?`,
    `select * from ${t} as "e", ${t} as "e" where "e"."tenant_id" = ?`,
    `select * from ${t} where "tenant_id" = ? union all select * from ${t}`,
    `select * from (select * from ${t}) as "e" where "e"."tenant_id" = ?`,
    `select * from ${t} as "e" where "e"."tenant_id" = ? and exists (select 1 from ${tags} as "e" where "e"."tenant_id" = "e"."tenant_id")`,
    `select * from ${t} as "e" where "e"."tenant_id" = ? and exists (select 1 from ${tags} where "row_id" = "e"."row_id")`,
    `select (select count(*) from ${tags}) from ${t} where "tenant_id" = ?`,
    `with "x" as (select * from ${t}) select * from "x" where "tenant_id" = ?`,
    `select * from only ${t}`,
    `update only ${t} set "name" = ?`,
    `select * from "service_secret" ${t}, ${t} where "tenant_id" = ?`,
    `table ${t}`,
    `truncate ${t}`,
    `copy ${t} to stdout`,
    `select * from (${t} join ${tags} on true)`,
    `update ${t} set "name" = ?`,
    `update ${t} set "name" = ? where "id" = ?`,
    `update ${t} set "tenant_id" = ? where "tenant_id" = ?`,
    `update ${t} set ("name", "tenant_id") = (?, ?) where "tenant_id" = ?`,
    `delete from ${t}`,
    `delete from ${t} where "id" = ? returning "tenant_id" = ?`,
    `delete from ${tags} using ${t} as "e" where "e"."tenant_id" = ?`,
    'insert into "change_counter" ("last_position") values (1)',
    'insert into "change_counter" values (?, 1)',
    'insert into "change_counter" default values',
    `insert into "change_counter" ("tenant_id", "last_position") values ('a', 1)`,
    'insert into "change_counter" ("tenant_id", "last_position") values (?, 1), (upper(?), 2)',
    'insert into "change_counter" ("tenant_id", "last_position") values (?, 1) on conflict ("tenant_id") do update set "tenant_id" = ?',
    `insert into "change_counter" ("tenant_id", "last_position") select "id", 1 from ${t} where "tenant_id" = ?`,
    `insert into "change_counter" ("tenant_id", "last_position") select * from ${t} where "tenant_id" = ?`,
    `insert into "change_counter" ("tenant_id", "last_position") select "tenant_id", 1 from ${t}`,
    `insert into "change_counter" ("tenant_id", "last_position") select ?, 1 union all select 'b', 2`,
    `select 1; delete from ${t}`,
    `select * from [cloud_app_security_profile]`,
    'select * from `cloud_app_security_profile`',
    `select * from ${t} where ("tenant_id" = ?`,
    `explain select * from ${t}`,
    `explain (analyze) delete from ${t}`,
    `explain ${t}`,
    'explain (select * from cloud_app_security_profile)',
  ])('%s', (text) => expect(() => ask(text)).toThrow());

  it('is about one tenant, and about a tenant', () => {
    const text = `select "id" from ${t} where "tenant_id" = ? union all select "id" from ${t} where "tenant_id" = ?`;
    expect(ask(text, [tenant, tenant])).toBe(tenant);
    expect(() => ask(text, [tenant, other])).toThrow('several tenants');
    for (const nobody of ['', null, undefined, 7])
      expect(() => ask(text, [nobody, nobody])).toThrow('without its tenant');
  });

  it('judges the parameters each time, the text once', () => {
    const text = `select "id" from ${t} where "id" = ? and "tenant_id" = ?`;
    expect(ask(text, ['a', tenant])).toBe(tenant);
    expect(ask(text, ['a', other])).toBe(other);
    expect(() => ask(text, ['a'])).toThrow('without its tenant');
  });
});
