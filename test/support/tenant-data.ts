/** A data folder with many profiles in the test people's tenant, made before the server starts. */
import { join } from 'node:path';
import { parseTenantId } from '../../src/auth/authenticator.ts';
import { testTenantId } from '../../src/auth/test-people.ts';
import { model } from '../../src/model/index.ts';
import { generateProfiles, type ProfileValues } from '../../src/model/sample-profiles.ts';
import { importEntities } from '../../src/storage/import-entities.ts';
import { openSqlite } from '../../src/storage/sqlite/driver.ts';

/** Fills the folder with `rows` profiles of the sample's series, after those given. */
export async function fillTenant(
  folder: string,
  rows: number,
  first: readonly ProfileValues[] = [],
): Promise<void> {
  const [entitySet] = model.entitySets;
  if (entitySet === undefined) throw new Error('no entity set');
  const database = openSqlite({ file: join(folder, 'casp.db'), model, busyTimeoutMs: 5_000 });
  const nobody = '00000000-0000-0000-0000-000000000000';
  const author = {
    kind: 'system',
    ...{ objectId: nobody, name: 'Import', clientId: nobody, requestId: nobody, clientRequestId: nobody },
  } as const;
  function* profiles() {
    yield* first;
    yield* generateProfiles(rows, 7);
  }
  await importEntities(profiles(), { entitySet, tenantId: parseTenantId(testTenantId), author }, database);
  await database.close();
}
