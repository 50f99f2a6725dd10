/** Fifty thousand profiles as one file, by a server that holds a few of them at a time. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import SqliteHandle from 'better-sqlite3';
import { afterAll, describe, expect, it } from 'vitest';
import { parseTenantId } from '../../src/auth/authenticator.ts';
import { model } from '../../src/model/index.ts';
import { tableOf } from '../../src/sql/table.ts';
import { importEntities } from '../../src/storage/import-entities.ts';
import { openSqlite } from '../../src/storage/sqlite/driver.ts';
import { collectionPath, testTenant } from '../support/conformance.ts';
import { emptyProfile } from '../support/profiles.ts';
import { type RunningServer, startServer } from '../support/running-server.ts';

const profiles = 50_000;
const data = mkdtempSync(join(tmpdir(), 'casp-export-'));
const servers: RunningServer[] = [];
afterAll(async () => {
  for (const server of servers) await server.stop();
  rmSync(data, { recursive: true, force: true });
});

/** One profile by the ordinary road, and copies of its row: how they came to be is not what is tested. */
async function fill(): Promise<void> {
  const [entitySet] = model.entitySets;
  if (entitySet === undefined) throw new Error('no entity set');
  const file = join(data, 'casp.db');
  const database = openSqlite({ file, model, busyTimeoutMs: 5_000 });
  const author = {
    kind: 'system',
    ...{ objectId: '', name: undefined, clientId: '', requestId: '', clientRequestId: '' },
  } as const;
  const at = { createdDateTime: '2026-01-31T12:00:00Z', lastModifiedDateTime: '2026-01-31T12:00:00Z' };
  const first = { ...emptyProfile('first'), ...at, name: 'App', manifest: 'x'.repeat(2_000) };
  const target = { entitySet, tenantId: parseTenantId(testTenant), author };
  await importEntities([first], target, database);
  await database.close();
  const handle = new SqliteHandle(file);
  const { name } = tableOf(entitySet);
  const columns = (handle.pragma(`table_info("${name}")`) as { readonly name: string }[])
    .map((column) => column.name)
    .filter((column) => !['row_id', 'id', 'json'].includes(column))
    .map((column) => `"${column}"`)
    .join(', ');
  handle
    .prepare(
      `with recursive "n"("i") as (select 1 union all select "i" + 1 from "n" where "i" < ?)
       insert into "${name}" (${columns}, "id", "json")
       select ${columns}, printf('%06d', "i"), replace("json", '"id":"first"', printf('"id":"%06d"', "i"))
       from "n", "${name}" where "id" = 'first'`,
    )
    .run(profiles - 1);
  handle.close();
}

/** Memory of the process itself, without the pages of files the system keeps for it. */
const residentBytes = ({ pid }: RunningServer): number =>
  1024 * Number(/RssAnon:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]);

/** Reads a file and throws it away; tells its lines, its bytes, and the most memory the server had meanwhile. */
function readFile(server: RunningServer, token: string, options: string) {
  return new Promise<{ readonly lines: number; readonly bytes: number; readonly peak: number }>(
    (resolve, reject) => {
      let [lines, bytes, peak] = [0, 0, 0];
      const { hostname, port } = new URL(server.httpUrl);
      const path = `${collectionPath}?${options}`;
      const headers = { authorization: `Bearer ${token}` };
      request({ hostname, port, path, headers, agent: false }, (incoming) => {
        incoming.on('data', (chunk: Buffer) => {
          bytes += chunk.length;
          for (const byte of chunk) if (byte === 10) lines += 1;
          peak = Math.max(peak, residentBytes(server));
        });
        incoming.on('end', () => resolve({ lines, bytes, peak })).on('error', reject);
      })
        .on('error', reject)
        .end();
    },
  );
}

describe('an export of many rows', () => {
  it('needs no more memory than one of few', async () => {
    await fill();
    const server = await startServer({ data, flags: ['--no-sample'] });
    servers.push(server);
    const token = server.token();
    // Everything is loaded and compiled, and the heap has the size the work needs.
    for (let round = 0; round < 3; round += 1) await readFile(server, token, '$format=csv&$top=5000');
    const few = await readFile(server, token, '$format=csv&$top=5000');
    const many = await readFile(server, token, '$format=csv');
    expect(few.lines).toBe(5_001);
    expect(many.lines).toBe(profiles + 1);
    const [grown, sent] = [(many.peak - few.peak) / 2 ** 20, many.bytes / 2 ** 20];
    console.log(
      `export: ${sent.toFixed(0)} MB sent, peak ${(few.peak / 2 ** 20).toFixed(0)} MB + ${grown.toFixed(0)} MB`,
    );
    expect(sent).toBeGreaterThan(90);
    // Held as a whole, the file alone would be more.
    expect(grown).toBeLessThan(60);
  }, 120_000);
});
