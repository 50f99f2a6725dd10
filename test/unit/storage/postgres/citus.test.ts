/**
 * Citus routes a statement to one machine if it is about one tenant and holds nothing a worker cannot do. Where the
 * extension can be had, EXPLAIN is asked about every statement; everywhere, the statements and the schema are looked at.
 */
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { model } from '../../../../src/model/index.ts';
import { openPostgres } from '../../../../src/storage/postgres/driver.ts';
import { ensureSchema, postgresSchemaOf, readSchemaState } from '../../../../src/storage/postgres/schema.ts';
import { createTenantGuard } from '../../../../src/storage/tenant-guard.ts';
import { query, sharedPostgres, type TestDatabase } from '../../../support/postgres-server.ts';
import { type RecordedStatements, recordStatements } from '../../../support/recorded-statements.ts';

const seed = Number(process.env.CASP_SEED ?? 1);

/** What fails on Citus or means something else there, by a reason (statements are in lower case but for names). */
const forbidden: readonly (readonly [pattern: RegExp, reason: string])[] = [
  [
    /\b(clock_timestamp|statement_timestamp|timeofday|random|nextval|currval|gen_random_uuid|uuidv7)\s*\(/,
    'volatile',
  ],
  [/\b(now|pg_current_snapshot|txid_current\w*)\s*\(|\bcurrent_(timestamp|date|time)\b/, 'another clock'],
  [/\bmerge into\b/, 'merge'],
  [/\bpg_notify\s*\(|\bpg_(try_)?advisory_\w+\s*\(/, 'runs on a worker'],
  [/\bcurrent_setting\s*\(/, 'not set on a worker'],
  [/\b(listen|notify|lock table|truncate|copy)\b(?! ?")/, 'of no one tenant'],
  [/\bserializable\b/, 'isolation'],
];

const faultsOf = (text: string): readonly string[] => {
  // What stands in quotes is a name or a text.
  const bare = text.replace(/'(?:[^']|'')*'|"[^"]*"/g, '""').toLowerCase();
  return forbidden.filter(([pattern]) => pattern.test(bare)).map(([, reason]) => `${reason}: ${text}`);
};

let shared: TestDatabase;
let statements: RecordedStatements;

beforeAll(async () => {
  shared = await sharedPostgres();
  const database = openPostgres({ url: shared.url, model, poolSize: 3 });
  try {
    statements = await recordStatements(database, 60, seed);
  } finally {
    await database.close();
  }
}, 120_000);

afterAll(() => shared.drop());

describe('what the service sends', () => {
  it('is recorded in all its kinds', () => {
    const firstWords = [...statements.keys()].map((text) => text.split(' ', 2).join(' '));
    expect(statements.size).toBeGreaterThan(150);
    expect([...new Set(firstWords)]).toEqual(expect.arrayContaining(['insert into', 'delete from']));
  });

  it('is bound to one tenant, but for the secrets of the service', () => {
    const guard = createTenantGuard(postgresSchemaOf(model));
    const unbound = [...statements].filter(([text, parameters]) => guard({ text, parameters }) === undefined);
    expect(unbound.map(([text]) => text).filter((text) => !text.includes('"service_secret"'))).toEqual([]);
  });

  it('holds nothing that Citus cannot do', () => {
    expect([...statements.keys()].flatMap(faultsOf)).toEqual([]);
  });

  it('is looked at: a fault would be seen', () => {
    for (const text of [
      'update "t" set "at" = clock_timestamp() where "tenant_id" = $1',
      'insert into "t" ("id") values (gen_random_uuid())',
      'MERGE INTO "t" using "u" on true when matched then delete',
      'update "t" set "a" = 1 returning pg_notify(\'a\', \'b\')',
    ])
      expect(faultsOf(text)).toHaveLength(1);
  });
});

describe('the schema', () => {
  it('has no key or unique index without the tenant first, no trigger, no sequence, no volatile default', async () => {
    const unique = await query(
      shared.url,
      `select t.relname as name, (select a.attname from pg_attribute a where a.attrelid = t.oid and a.attnum = i.indkey[0]) as first
      from pg_index i join pg_class t on t.oid = i.indrelid
      where i.indisunique and t.relnamespace = 'public'::regnamespace`,
    );
    const others = unique.filter(({ first }) => first !== 'tenant_id').map(({ name }) => name);
    expect(others.sort()).toEqual(['schema_version', 'service_secret', 'throttle_count']);
    expect(await query(shared.url, 'select tgname from pg_trigger')).toEqual([]);
    expect(
      await query(
        shared.url,
        "select relname from pg_class where relkind = 'S' and relnamespace = 'public'::regnamespace",
      ),
    ).toEqual([]);
    const defaults = await query(
      shared.url,
      `select distinct pg_get_expr(d.adbin, d.adrelid) as value from pg_attrdef d join pg_class t on t.oid = d.adrelid where t.relnamespace = 'public'::regnamespace`,
    );
    expect(defaults.map(({ value }) => value).sort()).toEqual(['0', 'false']);
  });

  it('has functions that give the same for the same, so that workers may run them', async () => {
    const functions = await query(
      shared.url,
      "select proname, provolatile from pg_proc where pronamespace = 'public'::regnamespace and proname like 'casp%'",
    );
    expect(functions.length).toBeGreaterThan(0);
    expect(functions.filter(({ provolatile }) => provolatile !== 'i')).toEqual([]);
  });
});

describe('on Citus', () => {
  const noCitus =
    'no server with Citus: TEST_CITUS_URL names a database that has the extension, empty otherwise';
  const url = process.env.TEST_CITUS_URL;

  it('every statement about a tenant is one task on one machine', async (context) => {
    if (url === undefined) return context.skip(noCitus);
    const client = new pg.Client({ connectionString: url });
    await client.connect();
    try {
      await client.query('create extension if not exists citus');
      await ensureSchema(client, model, { rowLevelSecurity: false });
      expect((await readSchemaState(client, model, { rowLevelSecurity: false })).missing).toEqual([]);
      const database = openPostgres({ url, model, poolSize: 3 });
      const sent = await recordStatements(database, 60, seed).finally(() => database.close());
      const guard = createTenantGuard(postgresSchemaOf(model));
      const spread: string[] = [];
      for (const [text, parameters] of sent) {
        if (guard({ text, parameters }) === undefined) continue;
        const { rows } = await client.query(`explain (costs off) ${text}`, [...parameters]);
        const plan = (rows as Record<string, unknown>[]).map((row) => row['QUERY PLAN']).join('\n');
        if (!plan.includes('Task Count: 1')) spread.push(`${text}\n${plan}`);
      }
      expect(spread).toEqual([]);
      const placed = await query(
        url,
        'select logicalrelid::text as name, partmethod, colocationid from pg_dist_partition order by 1',
      );
      const colocations = new Set(
        placed.filter(({ partmethod }) => partmethod === 'h').map(({ colocationid }) => colocationid),
      );
      expect(colocations.size).toBe(1);
      expect(placed.filter(({ partmethod }) => partmethod === 'n').map(({ name }) => name)).toEqual([
        'schema_version',
        'service_secret',
      ]);
    } finally {
      await client.end();
    }
  }, 300_000);
});
