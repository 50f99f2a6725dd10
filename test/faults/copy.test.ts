/** `casp copy` between the engines, both ways: killed in the middle, gone on with, and compared. */
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Sqlite from 'better-sqlite3';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { parseTenantId } from '../../src/auth/authenticator.ts';
import { cloudAppSecurityProfiles } from '../../src/model/cloud-app-security-profile.ts';
import { model } from '../../src/model/index.ts';
import type { UpdatePlan } from '../../src/plan/plan.ts';
import { type CopySide, compareSides, copyTables } from '../../src/storage/copy.ts';
import { execute } from '../../src/storage/execute.ts';
import { importEntities } from '../../src/storage/import-entities.ts';
import { openPostgresSource } from '../../src/storage/postgres/copy-side.ts';
import { postgresDialect } from '../../src/storage/postgres/dialect.ts';
import { openPostgres } from '../../src/storage/postgres/driver.ts';
import { openSecret } from '../../src/storage/secrets.ts';
import { openSqliteSource, selectRows } from '../../src/storage/sqlite/copy-side.ts';
import { sqliteDialect } from '../../src/storage/sqlite/dialect.ts';
import { openSqlite } from '../../src/storage/sqlite/driver.ts';
import { query, sharedPostgres, type TestDatabase } from '../support/postgres-server.ts';
import { randomProfiles } from '../support/profile-arbitrary.ts';
import { listPlan } from '../support/query-database.ts';
import { plainEnvironment, programPath } from '../support/running-server.ts';

const tenants = [
  parseTenantId('11111111-1111-4111-8111-111111111111'),
  parseTenantId('22222222-2222-4222-8222-222222222222'),
];
const rowsOfTenant = 2500;

const author = {
  kind: 'system',
  objectId: 'o',
  name: undefined,
  clientId: 'c',
  requestId: 'r',
  clientRequestId: 'r',
} as const;

let folder: string;
let file: string;
let postgres: TestDatabase;

const update = (tenantId: UpdatePlan['tenantId'], key: string, value: string): UpdatePlan => ({
  kind: 'update',
  root: 'v1.0',
  format: { metadata: 'minimal', ieee754Compatible: false, omitNulls: false, applied: [] },
  entitySet: cloudAppSecurityProfiles,
  tenantId,
  key,
  preconditions: { ifMatch: undefined, ifNoneMatch: undefined },
  author,
  atTicks: 639_028_224_020_000_001n,
  answer: { returns: 'minimal', preferred: false },
  projection: undefined,
  assignments: [
    {
      kind: 'replace',
      property: propertyNamed('publisher'),
      value,
    },
  ],
});

function propertyNamed(name: string) {
  const property = cloudAppSecurityProfiles.type.properties.find((each) => each.name === name);
  if (property === undefined) throw new Error(`no property ${name}`);
  return property;
}

async function fillSqlite(path: string): Promise<void> {
  const database = openSqlite({ file: path, model, busyTimeoutMs: 1000 });
  try {
    const rows = randomProfiles(rowsOfTenant, 7);
    for (const tenantId of tenants)
      await importEntities(rows, { entitySet: cloudAppSecurityProfiles, tenantId, author }, database);
    await openSecret('page-token', Buffer.from('secret'), database);
    const [tenantId = tenants[0]] = tenants;
    if (tenantId === undefined) throw new Error('no tenant');
    for (const { id } of rows.slice(0, 200))
      await execute(update(tenantId, String(id), `changed 'ß'`), database);
  } finally {
    await database.close();
  }
}

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'casp-copy-'));
  file = join(folder, 'source.db');
  await fillSqlite(file);
});

afterAll(() => rmSync(folder, { recursive: true }));

beforeEach(async () => {
  postgres = await sharedPostgres();
  return () => postgres.drop();
});

interface Ended {
  readonly code: number | null;
  readonly error: string;
}

/** Runs the command; `killAt` ends it with SIGKILL as soon as the target has so many rows. */
async function copy(from: string, to: string, killAt?: () => Promise<boolean>): Promise<Ended> {
  const child = spawn(process.execPath, [programPath, 'copy', '--from', from, '--to', to], {
    env: plainEnvironment(),
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let error = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    error += text;
  });
  const ended = new Promise<number | null>((resolve) => child.on('close', resolve));
  if (killAt !== undefined) {
    while (child.exitCode === null && !(await killAt())) await new Promise((next) => setTimeout(next, 5));
    child.kill('SIGKILL');
  }
  return { code: await ended, error };
}

const control = { onProgress: () => undefined, signal: new AbortController().signal };

async function differences(left: CopySide, right: CopySide) {
  try {
    return await compareSides(left, right, copyTables(model, sqliteDialect), control);
  } finally {
    await left.close();
    await right.close();
  }
}

const countIn = async (table: string): Promise<number> => {
  try {
    const [row] = await query(postgres.url, `select count(*)::int as n from "${table}"`);
    return Number(row?.n);
  } catch {
    return 0; // The schema is not there yet.
  }
};

describe('from SQLite to PostgreSQL', () => {
  it('goes on after it was killed, and ends with the same rows, found by the same questions', async () => {
    const from = `sqlite:${file}`;
    const killed = await copy(
      from,
      postgres.url,
      async () => (await countIn('cloud_app_security_profile')) > 1000,
    );
    expect(killed.code).toBeNull();
    const rows = await countIn('cloud_app_security_profile');
    expect(rows).toBeGreaterThan(1000);
    expect(rows).toBeLessThan(2 * rowsOfTenant);
    // Again, among the change records this time.
    const again = await copy(from, postgres.url, async () => (await countIn('change_record')) > 1000);
    expect(again.code).toBeNull();

    const done = await copy(from, postgres.url);
    expect(done).toEqual({
      code: 0,
      error: expect.stringContaining('every row counted and compared'),
    });
    expect(await differences(openSqliteSource(file), await openPostgresSource(postgres.url))).toEqual([]);

    const database = openPostgres({ url: postgres.url, model, poolSize: 3 });
    try {
      const [first, second] = tenants;
      for (const [tenantId, expected] of [
        [first, 200],
        [second, 0],
      ] as const) {
        if (tenantId === undefined) throw new Error('no tenant');
        const search = { kind: 'term', words: ['changed', 'ß'], leaf: undefined } as const;
        const found = await execute(listPlan({ tenantId, search, pageSize: 500 }), database);
        expect(found).toMatchObject({ kind: 'page', rows: { length: expected } });
      }
      // Numbering goes on where it ended.
      const [tenantId = first] = tenants;
      if (tenantId === undefined) throw new Error('no tenant');
      const [row] = randomProfiles(1, 7);
      await execute(update(tenantId, String(row?.id), 'afterwards'), database);
      const [last] = await query(
        postgres.url,
        'select max("position")::int as n from "change_record" where "tenant_id" = $1',
        [tenantId],
      );
      expect(last).toEqual({ n: rowsOfTenant + 201 });
      expect(await openSecret('page-token', Buffer.from('other'), database)).toEqual(Buffer.from('secret'));
    } finally {
      await database.close();
    }
  }, 120_000);

  it('finds what was changed behind its back', async () => {
    const from = `sqlite:${file}`;
    await copy(from, postgres.url, async () => (await countIn('cloud_app_security_profile')) > 500);
    await query(
      postgres.url,
      `update "cloud_app_security_profile" set "json" = replace("json", '"id"', ' "id"')
      where ("tenant_id", "id") in (select "tenant_id", "id" from "cloud_app_security_profile" order by 1, 2 limit 1)`,
    );
    const { code, error } = await copy(from, postgres.url);
    expect(code).toBe(8);
    expect(error).toContain('the target is not the same as the source');
    expect(error).toContain(
      `cloud_app_security_profile, tenant ${tenants[0]}: ${rowsOfTenant} rows on both sides, not all of them equal`,
    );
  }, 120_000);

  it('leaves alone what has rows, and what another copy has begun', async () => {
    const database = openPostgres({ url: postgres.url, model, poolSize: 3 });
    await openSecret('page-token', Buffer.from('x'), database);
    await database.close();
    const filled = await copy(`sqlite:${file}`, postgres.url);
    expect(filled).toEqual({ code: 1, error: expect.stringContaining('It has rows in service_secret') });

    const other = await sharedPostgres();
    try {
      const copied = join(folder, 'other.db');
      await new Sqlite(file, { readonly: true }).backup(copied);
      await copy(`sqlite:${copied}`, other.url, async () => {
        const [row] = await query(other.url, "select to_regclass('copy_progress') is not null as begun");
        return row?.begun === true;
      });
      const refused = await copy(`sqlite:${file}`, other.url);
      expect(refused).toEqual({
        code: 1,
        error: expect.stringContaining('the target holds an unfinished copy of another source'),
      });
      // Nor is it served.
      const served = openPostgres({ url: other.url, model, poolSize: 3 });
      await expect(served.ping()).rejects.toMatchObject({ code: 'storageUnavailable' });
      await served.close();
    } finally {
      await other.drop();
    }
  }, 120_000);
});

describe('from PostgreSQL to SQLite', () => {
  it('goes on after it was killed, and ends with the same rows', async () => {
    expect((await copy(`sqlite:${file}`, postgres.url)).code).toBe(0);
    const target = join(folder, 'target.db');
    const rowsIn = async () => {
      try {
        const handle = new Sqlite(target, { readonly: true });
        try {
          return Number(handle.prepare('select count(*) from cloud_app_security_profile').pluck().get());
        } finally {
          handle.close();
        }
      } catch {
        return 0; // The schema is not there yet.
      }
    };
    const killed = await copy(postgres.url, `sqlite:${target}`, async () => (await rowsIn()) > 1000);
    expect(killed.code).toBeNull();
    expect(await rowsIn()).toBeLessThan(2 * rowsOfTenant);
    expect(await copy(postgres.url, `sqlite:${target}`)).toMatchObject({ code: 0 });
    expect(await differences(openSqliteSource(file), openSqliteSource(target))).toEqual([]);
    const database = openSqlite({ file: target, model, busyTimeoutMs: 1000 });
    try {
      const [tenantId] = tenants;
      if (tenantId === undefined) throw new Error('no tenant');
      const search = { kind: 'term', words: ['changed', 'ß'], leaf: undefined } as const;
      const found = await execute(listPlan({ tenantId, search, pageSize: 500 }), database);
      expect(found).toMatchObject({ kind: 'page', rows: { length: 200 } });
    } finally {
      await database.close();
    }
  }, 120_000);
});

describe('what is compared', () => {
  it('is the same on both engines, table by table', () => {
    const names = (dialect: typeof sqliteDialect) =>
      copyTables(model, dialect).map(({ name, kind, key, columns }) => ({ name, kind, key, columns }));
    expect(names(postgresDialect)).toEqual(names(sqliteDialect));
  });

  it('is read in the order of an index, wherever it begins', () => {
    const handle = new Sqlite(file, { readonly: true });
    try {
      const plans = copyTables(model, sqliteDialect).flatMap((table) =>
        [true, false].flatMap((fromFirst) => {
          const text = selectRows(table, fromFirst);
          const parameters = [...text].filter((character) => character === '?').map(() => null);
          const rows = handle.prepare(`explain query plan ${text}`).all(...parameters) as {
            detail: string;
          }[];
          return rows.map(({ detail }) => `${table.name}: ${detail}`);
        }),
      );
      expect(plans.filter((plan) => plan.includes('TEMP B-TREE'))).toEqual([]);
      expect(plans).toContainEqual(expect.stringMatching(/SEARCH e .*\(tenant_id,id\)>/));
    } finally {
      handle.close();
    }
  });
});
