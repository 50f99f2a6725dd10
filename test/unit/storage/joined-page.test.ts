/** Rows that a program of an older version wrote: the engine does not join what must be completed first. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parseTenantId } from '../../../src/auth/authenticator.ts';
import type { EntityValues, Model } from '../../../src/edm/types.ts';
import { model } from '../../../src/model/index.ts';
import { bindPayload, newValues } from '../../../src/plan/bind-payload.ts';
import { importEntities } from '../../../src/storage/import-entities.ts';
import { readJoinedPage } from '../../../src/storage/joined-page.ts';
import { openSqlite } from '../../../src/storage/sqlite/driver.ts';
import { withAdded } from '../../support/models.ts';
import { listPlan } from '../../support/query-database.ts';

const tenantId = parseTenantId('11111111-1111-4111-8111-111111111111');
const author = {
  kind: 'system',
  objectId: 'o',
  name: undefined,
  clientId: 'c',
  requestId: 'r',
  clientRequestId: 'r',
} as const;

/** A program of one version on a file. */
function openProgram(of: Model, file: string) {
  const [entitySet] = of.entitySets;
  if (entitySet === undefined) throw new Error('a model of no entity set');
  const database = openSqlite({ file, model: of, busyTimeoutMs: 1000 });
  const { type } = entitySet;
  return {
    async create(id: string): Promise<void> {
      const body = { vendorInformation: { vendor: 'Fabrikam' } };
      const assignments = bindPayload(type, body, {
        operation: 'create',
        bodyVersion: '4.01',
        alias: 'graph',
      });
      const entities = [newValues(type, id, 0n, assignments)];
      await importEntities(entities, { entitySet, tenantId, author }, database);
    },
    /** The items of a page, or undefined where they are not joined. */
    async page(pageSize: number): Promise<readonly EntityValues[] | undefined> {
      const plan = { ...listPlan({ tenantId, pageSize }), entitySet };
      const joined = await database.read(
        (session) => readJoinedPage(plan, { ...session, joinsRows: true }, database.dialect),
        { expected: 'scan' },
      );
      return joined && (JSON.parse(`[${Buffer.from(joined.items).toString()}]`) as EntityValues[]);
    },
    close: () => database.close(),
  };
}

describe('a joined page', () => {
  it('has rows that are complete and no others', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'casp-joined-'));
    const file = join(folder, 'rows.db');
    const older = openProgram(model, file);
    await older.create('b-old');
    const newer = openProgram(withAdded(model), file);
    try {
      await newer.create('a-new');
      await newer.create('c-new');
      await newer.create('d-new');
      expect((await older.page(10))?.map(({ id }) => id)).toEqual(['a-new', 'b-old', 'c-new', 'd-new']);
      expect(await newer.page(10)).toBeUndefined();
      // The row that only says whether there are more counts in: it is read, too.
      expect(await newer.page(1)).toBeUndefined();
      expect(await newer.page(0)).toEqual([]);
    } finally {
      await older.close();
      await newer.close();
      rmSync(folder, { recursive: true });
    }
  });

  it('has its key wherever the type declares it, and properties that were added', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'casp-joined-'));
    const newer = openProgram(withAdded(model), join(folder, 'rows.db'));
    try {
      expect(await newer.page(5)).toEqual([]);
      await newer.create('a');
      await newer.create('b');
      expect(await newer.page(1)).toMatchObject([{ id: 'a', owner: null, regions: [] }]);
    } finally {
      await newer.close();
      rmSync(folder, { recursive: true });
    }
  });
});
