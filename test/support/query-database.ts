/** A real database of either engine with rows of a test, and plans made by hand to ask it. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseTenantId } from '../../src/auth/authenticator.ts';
import type { EntityValues } from '../../src/edm/types.ts';
import { cloudAppSecurityProfiles } from '../../src/model/cloud-app-security-profile.ts';
import { model } from '../../src/model/index.ts';
import type { BoundExpression } from '../../src/plan/bound.ts';
import type { ApplyPlan, CountPlan, DeletePlan, ListPlan } from '../../src/plan/plan.ts';
import type { Database } from '../../src/storage/database.ts';
import { execute } from '../../src/storage/execute.ts';
import { importEntities } from '../../src/storage/import-entities.ts';
import { openPostgres } from '../../src/storage/postgres/driver.ts';
import type { Result } from '../../src/storage/result.ts';
import { openSqlite } from '../../src/storage/sqlite/driver.ts';
import { byKey } from './bound-arbitrary.ts';
import { sharedPostgres } from './postgres-server.ts';

/** How often a property is tried: `CASP_RUNS=20` makes it twenty times as often. */
export const runs = (count: number): number => count * Number(process.env.CASP_RUNS ?? 1);

/** What random rows are made from; another seed makes other rows. */
export const rowSeed = Number(process.env.CASP_SEED ?? 1);

/** The tenant that has the rows. */
export const tenantId = parseTenantId('11111111-1111-4111-8111-111111111111');
/** A tenant with rows of its own, which no question of the other may see. */
const otherTenantId = parseTenantId('22222222-2222-4222-8222-222222222222');

const author = {
  kind: 'system',
  objectId: '',
  name: undefined,
  clientId: '',
  requestId: '',
  clientRequestId: '',
} as const;

const base = {
  root: 'v1.0',
  format: { metadata: 'minimal', ieee754Compatible: false, omitNulls: false, applied: [] },
  entitySet: cloudAppSecurityProfiles,
  tenantId,
} as const;

/** One page of a list. */
export type Page = Extract<Result, { kind: 'page' }>;

/** The ids of a page, in its order. */
export const idsOfPage = ({ rows }: Page): readonly string[] => rows.map(({ entity }) => entity.id);

/** A database in a folder of its own; close it to remove both. */
export interface QueryDatabase {
  readonly database: Database;
  insert(rows: Iterable<EntityValues>): Promise<void>;
  remove(id: string): Promise<void>;
  /** The ids that pass, sorted. */
  idsOf(filter: BoundExpression): Promise<readonly string[]>;
  page(plan: Partial<ListPlan>): Promise<Page>;
  /** The ids of each page in turn, by the keys of the page before; `between` runs after each page but the last. */
  walk(plan: Partial<ListPlan>, between?: () => Promise<void>): Promise<readonly (readonly string[])[]>;
  run(plan: CountPlan | ApplyPlan): Promise<Result>;
  close(): Promise<void>;
}

/** The engines every question is asked of. */
export const engines = ['sqlite', 'postgres'] as const;
export type Engine = (typeof engines)[number];

/** Opens a database with these rows; another tenant has the same rows and the same ids. */
export async function openQueryDatabase(
  rows: readonly EntityValues[],
  engine: Engine = 'sqlite',
): Promise<QueryDatabase> {
  const { database, remove } = await openEmptyDatabase(engine);
  const target = { entitySet: cloudAppSecurityProfiles, author };
  const insert = async (entities: Iterable<EntityValues>, owner = tenantId): Promise<void> => {
    await importEntities(entities, { ...target, tenantId: owner }, database);
  };
  await insert(rows);
  await insert(rows, otherTenantId);
  const page = async (plan: Partial<ListPlan>) => {
    const result = await execute(listPlan(plan), database);
    if (result.kind !== 'page') throw new Error(`a list yields no ${result.kind}`);
    return result;
  };
  return {
    database,
    insert,
    page,
    async remove(id) {
      await execute(deletePlan(id), database);
    },
    async idsOf(filter) {
      return [...idsOfPage(await page({ filter }))].sort();
    },
    async walk(plan, between = async () => {}) {
      const pages: (readonly string[])[] = [];
      for (let after = plan.after, skip = plan.skip ?? 0; ; skip = 0) {
        const result = await page({ ...plan, after, skip });
        pages.push(idsOfPage(result));
        if (result.next === undefined) return pages;
        // The link carries it as JSON.
        after = JSON.parse(JSON.stringify(result.next)) as readonly (string | null)[];
        await between();
      }
    },
    run: (plan) => execute(plan, database),
    async close() {
      await database.close();
      await remove();
    },
  };
}

/** A database of an engine, and how to remove it once it is closed. */
export interface EmptyDatabase {
  readonly database: Database;
  remove(): Promise<void>;
}

/** Opens an empty database of an engine. */
export const openEmptyDatabase = (engine: Engine): Promise<EmptyDatabase> => openEmpty[engine]();

const openEmpty: Readonly<Record<Engine, () => Promise<EmptyDatabase>>> = {
  async sqlite() {
    const folder = await mkdtemp(join(tmpdir(), 'casp-query-'));
    const database = openSqlite({ file: join(folder, 'rows.db'), model, busyTimeoutMs: 1000 });
    return { database, remove: () => rm(folder, { recursive: true }) };
  },
  async postgres() {
    const { url, drop } = await sharedPostgres();
    return { database: openPostgres({ url, model, poolSize: 4 }), remove: drop };
  },
};

/** A list of everything in the order of the keys, but for what is given. */
export function listPlan(plan: Partial<ListPlan>): ListPlan {
  const pageSize = plan.pageSize ?? 1000;
  return {
    ...base,
    kind: 'list',
    pageSize,
    after: undefined,
    remaining: undefined,
    skip: 0,
    filter: undefined,
    search: undefined,
    orderBy: [byKey],
    count: false,
    projection: undefined,
    link: { options: '', fingerprint: '', nowTicks: 0n, pageSize },
    ...plan,
  };
}

/** A count of everything that passes. */
export function countPlan(plan: Partial<CountPlan>): CountPlan {
  return { ...base, kind: 'count', filter: undefined, search: undefined, steps: undefined, ...plan };
}

/** An aggregation. */
export function applyPlan(plan: Pick<ApplyPlan, 'steps' | 'columns'> & Partial<ApplyPlan>): ApplyPlan {
  return { ...base, kind: 'apply', added: [], countSteps: undefined, ...plan };
}

function deletePlan(key: string): DeletePlan {
  return {
    ...base,
    kind: 'delete',
    key,
    preconditions: { ifMatch: undefined, ifNoneMatch: undefined },
    author,
    atTicks: 0n,
  };
}
