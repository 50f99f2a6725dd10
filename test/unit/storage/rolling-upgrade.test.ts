/** Programs of two versions on one database: neither loses or hides what the other wrote. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { parseTenantId } from '../../../src/auth/authenticator.ts';
import type { EntityValues, Model } from '../../../src/edm/types.ts';
import { validateModel } from '../../../src/edm/validate-model.ts';
import { parseFilter } from '../../../src/language/parser.ts';
import { model } from '../../../src/model/index.ts';
import { bindFilter } from '../../../src/plan/bind-expression.ts';
import { bindPayload, newValues } from '../../../src/plan/bind-payload.ts';
import type { ListPlan } from '../../../src/plan/plan.ts';
import type { JsonObject } from '../../../src/request/odata-request.ts';
import type { Database } from '../../../src/storage/database.ts';
import { execute } from '../../../src/storage/execute.ts';
import { openPostgres } from '../../../src/storage/postgres/driver.ts';
import { openSqlite } from '../../../src/storage/sqlite/driver.ts';
import { withAdded } from '../../support/models.ts';
import { sharedPostgres, type TestDatabase } from '../../support/postgres-server.ts';
import { listPlan } from '../../support/query-database.ts';

const tenantId = parseTenantId('11111111-1111-4111-8111-111111111111');
const larger = withAdded(model);

const author = {
  kind: 'system',
  objectId: 'o',
  name: undefined,
  clientId: 'c',
  requestId: 'r',
  clientRequestId: 'r',
} as const;

/** What a program of one version does. */
interface Program {
  create(id: string, body: JsonObject): Promise<EntityValues>;
  patch(id: string, body: JsonObject): Promise<EntityValues>;
  remove(id: string): Promise<void>;
  read(id: string): Promise<EntityValues>;
  idsWhere(filter: string): Promise<readonly string[]>;
  idsOf(plan: Partial<ListPlan>): Promise<readonly string[]>;
  readonly database: Database;
}

const rules = { bodyVersion: '4.01', alias: 'graph' } as const;
let clockTicks = 639_028_224_000_000_000n;

function programOf(of: Model, database: Database): Program {
  const [entitySet] = of.entitySets;
  if (entitySet === undefined) throw new Error('a model of no entity set');
  const { type } = entitySet;
  const base = {
    root: 'v1.0',
    format: { metadata: 'minimal', ieee754Compatible: false, omitNulls: false, applied: [] },
    entitySet,
    tenantId,
    author,
    preconditions: { ifMatch: undefined, ifNoneMatch: undefined },
    answer: { returns: 'representation', preferred: false },
    projection: undefined,
  } as const;
  const entityOf = (result: Awaited<ReturnType<typeof execute>>): EntityValues => {
    if (!('entity' in result)) throw new Error(`no entity in ${result.kind}`);
    return JSON.parse(result.entity.json) as EntityValues;
  };
  const nextTicks = () => {
    clockTicks += 10_000_000n;
    return clockTicks;
  };
  const page = async (plan: Partial<ListPlan>) => {
    const result = await execute({ ...listPlan(plan), entitySet }, database);
    if (result.kind !== 'page') throw new Error(`a list yields no ${result.kind}`);
    return result.rows.map(({ entity }) => entity.id);
  };
  return {
    database,
    async create(id, body) {
      const atTicks = nextTicks();
      const values = newValues(type, id, atTicks, bindPayload(type, body, { ...rules, operation: 'create' }));
      return entityOf(
        await execute({ ...base, kind: 'create', id, atTicks, values, repeatable: undefined }, database),
      );
    },
    async patch(key, body) {
      const assignments = bindPayload(type, body, { ...rules, operation: 'update' });
      return entityOf(
        await execute({ ...base, kind: 'update', key, assignments, atTicks: nextTicks() }, database),
      );
    },
    async remove(key) {
      await execute({ ...base, kind: 'delete', key, atTicks: nextTicks() }, database);
    },
    read: async (key) => entityOf(await execute({ ...base, kind: 'read', key }, database)),
    idsWhere(filter) {
      const scope = {
        entitySet,
        model: of,
        optionName: '$filter',
        optionText: filter,
        aliases: new Map<string, string>(),
        nowTicks: 0n,
        computed: [],
      } as const;
      return page({ filter: bindFilter(parseFilter(filter), scope) });
    },
    idsOf: page,
  };
}

const term = (...words: string[]) => ({ kind: 'term', words, leaf: undefined }) as const;

const engines: Readonly<
  Record<string, () => Promise<{ open(of: Model): Database; remove(): Promise<void> }>>
> = {
  async sqlite() {
    const folder = mkdtempSync(join(tmpdir(), 'casp-rolling-'));
    return {
      open: (of) => openSqlite({ file: join(folder, 'rows.db'), model: of, busyTimeoutMs: 5000 }),
      remove: async () => rmSync(folder, { recursive: true }),
    };
  },
  async postgres() {
    const shared: TestDatabase = await sharedPostgres();
    return {
      open: (of) => openPostgres({ url: shared.url, model: of, poolSize: 3 }),
      remove: () => shared.drop(),
    };
  },
};

describe.each(Object.keys(engines))('versions N and N+1 on %s', (engine) => {
  let older: Program;
  let newer: Program;
  let open: (of: Model) => Database;
  let close: () => Promise<void>;

  beforeEach(async () => {
    const store = await engines[engine]?.();
    if (store === undefined) throw new Error(`no engine ${engine}`);
    open = store.open;
    older = programOf(model, open(model));
    await older.create('old', { name: 'Made by N', vendorInformation: { vendor: 'Fabrikam' } });
    newer = programOf(larger, store.open(larger));
    close = async () => {
      await older.database.close();
      await newer.database.close();
      await store.remove();
    };
  });

  afterEach(() => close());

  it('is a model that may be served', () => validateModel(larger));

  it('N+1 reads rows of N as if everything added were null or empty, wherever it stands', async () => {
    await newer.create('new', { name: 'Made by N+1', owner: 'Ana', regions: ['eu'], contact: { mail: 'm' } });
    await older.create('late', { name: 'Made by N, late' });
    const read = await newer.read('old');
    expect(Object.keys(read)).toEqual(larger.entitySets[0]?.type.properties.map(({ name }) => name));
    expect(read).toMatchObject({
      name: 'Made by N',
      owner: null,
      regions: [],
      contact: null,
      vendorInformation: { vendor: 'Fabrikam', region: null },
    });
    expect(await newer.idsWhere('owner eq null')).toEqual(['late', 'old']);
    expect(await newer.idsWhere('contact eq null')).toEqual(['late', 'old']);
    expect(await newer.idsWhere("regions/any(r:r eq 'eu')")).toEqual(['new']);
    expect(await newer.patch('late', { owner: 'Ben' })).toMatchObject({ owner: 'Ben', regions: [] });
  });

  it('N keeps what it does not know when it changes the same row', async () => {
    await newer.create('row', {
      name: 'first',
      owner: 'Ana',
      regions: ['eu', 'us'],
      contact: { mail: 'ana@example.com' },
      vendorInformation: { vendor: 'Fabrikam', region: 'north' },
    });
    await older.patch('row', { name: 'second', tags: ['a'] });
    await older.patch('row', { vendorInformation: { provider: 'P' } });
    await newer.patch('row', { contact: { phone: '1' } });
    await older.patch('row', { name: 'third' });
    expect(await newer.read('row')).toMatchObject({
      name: 'third',
      tags: ['a'],
      owner: 'Ana',
      regions: ['eu', 'us'],
      contact: { mail: 'ana@example.com', phone: '1' },
      vendorInformation: { vendor: 'Fabrikam', provider: 'P', region: 'north' },
    });
    // The columns, the items and the texts say the same as the text of the row.
    for (const filter of [
      "owner eq 'Ana'",
      "regions/any(r:r eq 'us')",
      "contact/mail eq 'ana@example.com'",
      "vendorInformation/region eq 'north' and vendorInformation/provider eq 'P'",
      "contains(owner,'na')",
    ])
      expect(await newer.idsWhere(filter), filter).toEqual(['row']);
    expect(await newer.idsOf({ search: term('ana') })).toEqual(['row']);
    expect(await newer.idsOf({ search: term('north') })).toEqual(['row']);
    expect(await older.idsWhere("name eq 'third'")).toEqual(['row']);
    expect(await older.idsOf({ search: term('third') })).toEqual(['row']);
  });

  it('N finds by its own texts what N+1 wrote, and the other way round', async () => {
    await newer.create('one', { name: 'alpha', owner: 'beta', publisher: 'gamma' });
    await older.create('two', { name: 'beta', publisher: 'gamma' });
    await newer.patch('two', { publisher: 'delta' });
    await older.patch('one', { publisher: 'epsilon' });
    for (const program of [older, newer]) {
      expect(await program.idsOf({ search: term('gamma') })).toEqual([]);
      expect(await program.idsOf({ search: term('delta') })).toEqual(['two']);
      expect(await program.idsOf({ search: term('epsilon') })).toEqual(['one']);
      expect(await program.idsWhere("contains(name,'alph')")).toEqual(['one']);
    }
    expect(await newer.idsOf({ search: term('beta') })).toEqual(['one', 'two']);
  });

  it('N deletes a row of N+1 and keeps in its record what it does not know', async () => {
    await newer.create('row', { owner: 'Ana' });
    await older.remove('row');
    expect(await newer.idsOf({})).toEqual(['old']);
  });

  it('a program of either version starts on what the other left', async () => {
    await newer.create('row', { name: 'n', owner: 'Ana' });
    await older.patch('old', { name: 'kept' });
    await newer.patch('row', { publisher: 'late' });
    const again = [programOf(model, open(model)), programOf(larger, open(larger))];
    for (const program of again) {
      expect(await program.read('row')).toMatchObject({ name: 'n', owner: 'Ana' });
      expect(await program.idsOf({ search: term('late') })).toEqual(['row']);
      expect(await program.idsOf({ search: term('kept') })).toEqual(['old']);
      await program.database.close();
    }
    expect(await newer.idsOf({ search: term('ana') })).toEqual(['row']);
  });
});

describe('an index over a long text that N+1 adds', () => {
  it('leaves the row to be found, and N to change it', async () => {
    const store = await engines.postgres?.();
    if (store === undefined) throw new Error('no engine');
    const older = programOf(model, store.open(model));
    // No index of N has this property: to N the row is like any other.
    const platform = 'x'.repeat(9000);
    await older.create('row', { name: 'first', platform });
    const indexed: Model = {
      ...model,
      entitySets: model.entitySets.map((set) => ({
        ...set,
        indexes: [...set.indexes, { paths: ['platform'], reason: 'By platform.' }],
      })),
    };
    const newer = programOf(indexed, store.open(indexed));
    try {
      expect(await newer.idsWhere(`platform eq '${platform}'`)).toEqual(['row']);
      await older.patch('row', { name: 'second' });
      expect(await newer.idsWhere(`startswith(platform,'xx')`)).toEqual(['row']);
    } finally {
      await older.database.close();
      await newer.database.close();
      await store.remove();
    }
  });
});
