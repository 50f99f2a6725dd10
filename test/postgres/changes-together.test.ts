/** Changes that share a transaction are recorded by one statement: each with a position and all its own values. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { parseTenantId } from '../../src/auth/authenticator.ts';
import { cloudAppSecurityProfiles } from '../../src/model/cloud-app-security-profile.ts';
import { model } from '../../src/model/index.ts';
import type { Author } from '../../src/plan/plan.ts';
import { recordChange } from '../../src/storage/changes.ts';
import type { Database } from '../../src/storage/database.ts';
import { openPostgres } from '../../src/storage/postgres/driver.ts';
import { sharedPostgres, type TestDatabase } from '../support/postgres-server.ts';

const tenantId = parseTenantId('11111111-1111-4111-8111-111111111111');
const count = 20;
/** What an array's text must not confuse. */
const awkward = ['null', '', '"', '\\', '{a,b}', "'", ' ', 'ü🙂', 'a\nb', ','];

let server: TestDatabase;
let database: Database;
beforeAll(async () => {
  server = await sharedPostgres();
  database = openPostgres({ url: server.url, model, poolSize: 3 });
});
afterAll(async () => {
  await database.close();
  await server.drop();
});

const textOf = (index: number): string => awkward[index % awkward.length] ?? '';

const authorOf = (index: number): Author => ({
  kind: 'delegated',
  objectId: `object ${index}`,
  name: index % 3 === 0 ? undefined : textOf(index),
  clientId: 'client',
  requestId: `request ${index}`,
  clientRequestId: textOf(index),
});

it('keeps what each change says, in the order of the changes', async () => {
  const before = await transactions();
  await Promise.all(
    Array.from({ length: count }, (_, index) =>
      database.write(
        (session) =>
          recordChange(
            session,
            {
              ...{ entitySet: cloudAppSecurityProfiles, tenantId, id: `id ${index}`, kind: 'updated' },
              ...{ version: index + 2, author: authorOf(index), atTicks: 2n ** 60n + BigInt(index) },
              ...{ before: { name: textOf(index) }, after: { name: null, tags: [textOf(index)] } },
            },
            database.dialect,
          ),
        { group: tenantId, row: undefined },
      ),
    ),
  );
  // The first may go alone; the others wait for it together.
  expect((await transactions()) - before).toBeLessThan(count / 2);
  const text = 'select * from "change_record" where "tenant_id" = $1 order by "position"';
  const rows = await database.read((session) => session.run({ text, parameters: [tenantId] }));
  expect(rows.map((row) => ({ ...row }))).toEqual(
    Array.from({ length: count }, (_, index) => ({
      tenant_id: tenantId,
      position: String(index + 1),
      entity_set: 'cloudAppSecurityProfiles',
      entity_id: `id ${index}`,
      kind: 'updated',
      version: String(index + 2),
      at: String(2n ** 60n + BigInt(index)),
      author_kind: 'delegated',
      author_id: `object ${index}`,
      author_name: index % 3 === 0 ? null : textOf(index),
      client_id: 'client',
      request_id: `request ${index}`,
      client_request_id: textOf(index),
      before: JSON.stringify({ name: textOf(index) }),
      after: JSON.stringify({ name: null, tags: [textOf(index)] }),
    })),
  );
});

/** Numbers given to transactions so far. */
async function transactions(): Promise<number> {
  const text = 'select pg_snapshot_xmax(pg_current_snapshot())::text as "next"';
  const [row] = await database.read((session) => session.run({ text, parameters: [] }));
  return Number(row?.next);
}
