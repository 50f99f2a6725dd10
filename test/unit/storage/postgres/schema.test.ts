import pg from 'pg';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { model } from '../../../../src/model/index.ts';
import { copyTables } from '../../../../src/storage/copy.ts';
import { SchemaError } from '../../../../src/storage/migrate.ts';
import { openPostgresSource } from '../../../../src/storage/postgres/copy-side.ts';
import { postgresDialect } from '../../../../src/storage/postgres/dialect.ts';
import { ensureSchema, readSchemaState } from '../../../../src/storage/postgres/schema.ts';
import { withAdded } from '../../../support/models.ts';
import { query, sharedPostgres } from '../../../support/postgres-server.ts';

let shared: Awaited<ReturnType<typeof sharedPostgres>>;
let clients: pg.Client[];

beforeEach(async () => {
  shared = await sharedPostgres();
  clients = [];
});

afterEach(async () => {
  await Promise.all(clients.map((client) => client.end()));
  await shared.drop();
});

async function connect(url = shared.url): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  clients.push(client);
  return client;
}

const options = (program = '1.2.0', rowLevelSecurity = false) => ({
  rowLevelSecurity,
  program,
  now: () => Date.UTC(2026, 0, 2),
});

const failure = async (work: Promise<unknown>): Promise<SchemaError> => {
  try {
    await work;
  } catch (error) {
    if (error instanceof SchemaError) return error;
    throw error;
  }
  throw new Error('nothing failed');
};

const rows = (text: string) => query(shared.url, text);

describe('an empty database', () => {
  it('gets everything once', async () => {
    const client = await connect();
    const before = await readSchemaState(client, model, options());
    expect(before.records).toEqual([]);
    expect(before.missing.map(({ summary }) => summary)).toContain('create table cloud_app_security_profile');
    expect(await rows("select count(*)::int as n from pg_class where relname = 'change_record'")).toEqual([
      { n: 0 },
    ]);

    await ensureSchema(client, model, options());
    const after = await readSchemaState(client, model, options());
    expect(after.missing).toEqual([]);
    expect(after.records).toEqual([
      {
        appliedAt: '2026-01-02T00:00:00.000Z',
        program: '1.2.0',
        oldestProgram: '0.1.0',
        fingerprint: expect.stringMatching(/^[0-9a-f]{32}$/),
        applied: before.missing.map(({ summary }) => summary).join('\n'),
      },
    ]);

    await ensureSchema(client, model, options());
    expect((await readSchemaState(client, model, options())).records).toHaveLength(1);
  });

  it('is brought up to date by one of several programs that start at once', async () => {
    const starting = await Promise.all([1, 2, 3, 4].map(() => connect()));
    await Promise.all(starting.map((client) => ensureSchema(client, model, options())));
    const { records, missing } = await readSchemaState(await connect(), model, options());
    expect({ records: records.length, missing }).toEqual({ records: 1, missing: [] });
  });

  it('compares every text by code point', async () => {
    await ensureSchema(await connect(), model, options());
    const others = await rows(
      `select c.relname, a.attname from pg_attribute a join pg_class c on c.oid = a.attrelid join pg_collation l on l.oid = a.attcollation
      where c.relkind = 'r' and c.relnamespace = 'public'::regnamespace and a.attnum > 0 and l.collname <> 'C' and c.relname <> 'throttle_count'`,
    );
    expect(others).toEqual([]);
  });

  it('gives every key and index of a tenant’s table the tenant first', async () => {
    await ensureSchema(await connect(), model, options());
    const others = await rows(
      `select c.relname from pg_index i join pg_class c on c.oid = i.indexrelid
      join pg_class t on t.oid = i.indrelid join pg_am m on m.oid = c.relam
      where t.relnamespace = 'public'::regnamespace and m.amname = 'btree'
        and exists (select 1 from pg_attribute a where a.attrelid = t.oid and a.attname = 'tenant_id')
        and (select a.attname from pg_attribute a where a.attrelid = t.oid and a.attnum = i.indkey[0]) is distinct from 'tenant_id'`,
    );
    expect(others).toEqual([]);
  });
});

describe('an addition to the model', () => {
  const larger = withAdded(model);

  it('is applied beside the writers of the version before, and recorded', async () => {
    const client = await connect();
    await ensureSchema(client, model, options('1.2.0'));
    const before = await readSchemaState(client, larger, options('1.3.0'));
    expect(before.missing.map(({ summary, alone }) => ({ summary, alone }))).toMatchObject([
      { summary: 'add column cloud_app_security_profile.owner', alone: false },
      { summary: 'add column cloud_app_security_profile.contact_mail', alone: false },
      { summary: 'add column cloud_app_security_profile.contact_phone', alone: false },
      { summary: 'add column cloud_app_security_profile.vendor_information_region', alone: false },
      { summary: 'add column cloud_app_security_profile.has_contact', alone: false },
      { summary: 'create table cloud_app_security_profile_regions', alone: false },
      { summary: 'create index cloud_app_security_profile_by_owner', alone: true },
    ]);
    await ensureSchema(client, larger, options('1.3.0'));
    const { records, missing } = await readSchemaState(client, larger, options('1.3.0'));
    expect(missing).toEqual([]);
    expect(records.map(({ program, oldestProgram }) => [program, oldestProgram])).toEqual([
      ['1.2.0', '0.1.0'],
      ['1.3.0', '0.1.0'],
      ['1.3.0', '0.1.0'],
    ]);
    // The version before still serves, and has nothing to add.
    expect((await readSchemaState(client, model, options('1.2.0'))).missing).toEqual([]);
  });

  it('waits for a transaction that holds the table, and nobody waits long behind it', async () => {
    const client = await connect();
    await ensureSchema(client, model, options());
    const holder = await connect();
    await holder.query('begin');
    await holder.query('select count(*) from "cloud_app_security_profile"');
    const applied = ensureSchema(client, larger, options());
    const released = new Promise((resolve) => setTimeout(resolve, 300)).then(() => holder.query('commit'));
    await Promise.all([applied, released]);
    expect((await readSchemaState(client, larger, options())).missing).toEqual([]);
  });

  it('makes an index anew of which an interrupted attempt left a part', async () => {
    const client = await connect();
    await ensureSchema(client, model, options());
    await client.query('drop index "cloud_app_security_profile_by_name"');
    await client.query(
      'create index "cloud_app_security_profile_by_name" on "cloud_app_security_profile" ("name")',
    );
    await client.query(
      `update pg_index set indisvalid = false where indexrelid = '"cloud_app_security_profile_by_name"'::regclass`,
    );
    await ensureSchema(client, model, options());
    const [found] = await rows(
      "select indexdef from pg_indexes where indexname = 'cloud_app_security_profile_by_name'",
    );
    expect(found?.indexdef).toContain('(tenant_id, name');
  });
});

describe('a database that cannot be served', () => {
  it('was brought up to date by a newer program', async () => {
    const client = await connect();
    await ensureSchema(client, model, options());
    await client.query(
      `insert into "schema_version" values (2, '2027-01-01', '2.1.0', '2.0.0', '', 'changed what columns mean')`,
    );
    const { message, advice } = await failure(ensureSchema(client, model, options('1.9.9')));
    expect({ message, advice }).toEqual({
      message: 'the database was brought up to date by a newer casp than this one (1.9.9)',
      advice: ['Install casp 2.0.0 or newer.'],
    });
    await ensureSchema(client, model, options('2.0.0'));
  });

  it('has a column of another type', async () => {
    const client = await connect();
    await ensureSchema(client, model, options());
    await client.query('alter table "cloud_app_security_profile" alter column "name" type varchar(10)');
    const { message } = await failure(ensureSchema(client, model, options()));
    expect(message).toBe('column cloud_app_security_profile.name is character varying(10), not text');
  });

  it('has another encoding than UTF8', async () => {
    await rows(`create database "latin_${process.pid}" encoding 'LATIN1' locale 'C' template template0`);
    const url = new URL(shared.url);
    url.pathname = `/latin_${process.pid}`;
    const client = await connect(url.href);
    const { message } = await failure(ensureSchema(client, model, options()));
    await client.end();
    clients.pop();
    await rows(`drop database "latin_${process.pid}"`);
    expect(message).toBe('the encoding of the database is LATIN1, not UTF8');
  });

  it('does not let the role make tables, and serves it once another has', async () => {
    const role = `casp_guest_${process.pid}`;
    await rows(`create role ${role} login`);
    try {
      const url = new URL(shared.url);
      url.username = role;
      await rows('revoke create on schema public from public');
      const guest = await connect(url.href);
      expect((await failure(ensureSchema(guest, model, options()))).message).toBe(
        'the database role may not change the schema',
      );
      await ensureSchema(await connect(), model, options());
      await rows(`grant select on "schema_version" to ${role}`);
      await ensureSchema(guest, model, options());
    } finally {
      await rows(`drop owned by ${role}`);
      await rows(`drop role ${role}`);
    }
  });

  it('is asked to protect rows from a role that nothing is protected from', async () => {
    const { message } = await failure(ensureSchema(await connect(), model, options('1.0.0', true)));
    expect(message).toBe('row-level security does not hold for the role that connects');
  });

  it('would need a column that rows without it cannot have', async () => {
    const client = await connect();
    await ensureSchema(client, model, options());
    await client.query('alter table "change_record" drop column "at"');
    await expect(ensureSchema(client, model, options())).rejects.toThrow(
      'change_record.at is new and must be nullable or have a default',
    );
  });
});

describe('row-level security', () => {
  const tenants = ['11111111-1111-4111-8111-111111111111', '22222222-2222-4222-8222-222222222222'];

  it('shows a transaction the rows of its tenant only, whatever it asks', async () => {
    const role = `casp_owner_${process.pid}`;
    await rows(`create role ${role} login`);
    try {
      await rows(`grant create on schema public to ${role}`);
      const url = new URL(shared.url);
      url.username = role;
      const client = await connect(url.href);
      await ensureSchema(client, model, options('1.0.0', true));
      expect((await readSchemaState(client, model, options('1.0.0', true))).missing).toEqual([]);
      const inTenant = async (tenant: string | undefined, text: string, values: readonly unknown[] = []) => {
        await client.query('begin');
        if (tenant !== undefined)
          await client.query("select set_config('casp.tenant_id', $1, true)", [tenant]);
        try {
          return (await client.query(text, [...values])).rows as unknown[];
        } finally {
          await client.query('rollback').catch(() => undefined);
        }
      };
      for (const tenant of tenants) {
        await client.query('begin');
        await client.query("select set_config('casp.tenant_id', $1, true)", [tenant]);
        await client.query('insert into "change_counter" values ($1, 7)', [tenant]);
        await client.query('commit');
      }
      const all = 'select "tenant_id" from "change_counter"';
      const [mine, theirs] = tenants;
      // No guard stands before these: they name the other tenant, or none.
      expect(await inTenant(mine, all)).toEqual([{ tenant_id: mine }]);
      expect(await inTenant(theirs, all)).toEqual([{ tenant_id: theirs }]);
      expect(await inTenant(mine, `${all} where "tenant_id" = $1`, [theirs])).toEqual([]);
      expect(await inTenant(undefined, all)).toEqual([]);
      expect(
        await inTenant(
          mine,
          'update "change_counter" set "last_position" = 0 where "tenant_id" = $1 returning 1',
          [theirs],
        ),
      ).toEqual([]);
      await expect(
        inTenant(mine, 'insert into "change_counter" values ($1, 1)', [
          '33333333-3333-4333-8333-333333333333',
        ]),
      ).rejects.toThrow('row-level security');

      // A copy would be empty without a word.
      const source = await openPostgresSource(url.href);
      const [table] = copyTables(model, postgresDialect);
      if (table === undefined) throw new Error('nothing to copy');
      await expect(source.count(table)).rejects.toThrow('row-level security hides rows from this role');
      await source.close();

      await ensureSchema(client, model, options('1.0.0', false));
      expect(await inTenant(undefined, all)).toHaveLength(2);
    } finally {
      await rows(`drop owned by ${role}`);
      await rows(`drop role ${role}`);
    }
  });
});
