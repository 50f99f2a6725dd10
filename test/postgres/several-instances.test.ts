/** Three processes on one database: what one has given out is good with the others, and they count together. */
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { limits } from '../../src/limits.ts';
import { collectionPath, exampleId, membersOf } from '../support/conformance.ts';
import { type Answer, createExchange } from '../support/exchange.ts';
import { sharedPostgres, type TestDatabase } from '../support/postgres-server.ts';
import { type RunningServer, startServer } from '../support/running-server.ts';

const readsPerMinute = 60;

let database: TestDatabase;
let servers: readonly RunningServer[];
beforeAll(async () => {
  database = await sharedPostgres();
  const rates = ['--throttle', '--reads-per-minute', String(readsPerMinute), '--writes-per-minute', '0'];
  const flags = ['--database', database.url, '--database-pool-size', '4', ...rates];
  // All at once, on an empty database: each finds the schema, the secrets and the sample made once.
  servers = await Promise.all([0, 1, 2].map(() => startServer({ flags })));
}, 60_000);
afterAll(async () => {
  await Promise.all(servers.map((server) => server.stop()));
  await database.drop();
});

const ask = async (server: RunningServer, path: string, token: string): Promise<Answer> => {
  const exchange = createExchange(server.httpUrl);
  try {
    return await exchange.send({ path, token });
  } finally {
    exchange.close();
  }
};

describe('three instances that started together on an empty database', () => {
  it('made the sample once', async () => {
    const token = servers[0]?.token() ?? '';
    for (const server of servers) {
      expect((await ask(server, `${collectionPath}/$count`, token)).text).toBe('250');
    }
  });

  it('accept the tokens of each other', async () => {
    for (const issuer of servers) {
      const token = issuer.token('--tenant', '7e571e00-0000-4000-8000-00000000c0de', '--app');
      for (const server of servers) {
        expect((await ask(server, `${collectionPath}/${exampleId}`, token)).status).toBe(200);
      }
    }
  });

  it('follow the next links and know the ETags of each other', async () => {
    const [first, second, third] = servers as [RunningServer, RunningServer, RunningServer];
    const token = first.token('--role', 'engineer');
    const page = membersOf(await ask(first, `${collectionPath}?$top=2&$select=id`, token));
    const link = new URL(String(page['@odata.nextLink']));
    const next = await ask(second, link.pathname + link.search, token);
    expect(next.status).toBe(200);
    expect(membersOf(next).value).toHaveLength(2);

    const made = createExchange(second.httpUrl);
    const changed = createExchange(third.httpUrl);
    const created = await made.send({ method: 'POST', path: collectionPath, body: { name: 'one' }, token });
    const path = `${collectionPath}/${membersOf(created).id}`;
    const patch = (etag: string) =>
      changed.send({ method: 'PATCH', path, body: { name: 'two' }, token, headers: { 'if-match': etag } });
    expect((await patch(created.headers.etag ?? '')).status).toBe(200);
    expect((await patch(created.headers.etag ?? '')).status).toBe(412);
    made.close();
    changed.close();
  });
});

describe('the rate limit of three instances', () => {
  it('holds for all together, but for what arrives at each while they have not told each other', async () => {
    const token = servers[0]?.token('--tenant', randomUUID()) ?? '';
    const exchanges = servers.map((server) => createExchange(server.httpUrl));
    const statuses: number[] = [];
    const beganMs = Date.now();
    // Twelve requests in each turn, one turn for each exchange of counts.
    for (let turn = 0; turn < 12; turn += 1) {
      const answers = await Promise.all(
        exchanges.flatMap(({ send }) => [0, 1, 2, 3].map(() => send({ path: `${collectionPath}/x`, token }))),
      );
      statuses.push(...answers.map(({ status }) => status));
      await new Promise((resolve) => setTimeout(resolve, limits.throttleExchangeMs));
    }
    for (const exchange of exchanges) exchange.close();
    const admitted = statuses.filter((status) => status !== 429).length;
    console.log(
      `admitted ${admitted} of ${statuses.length} in ${Date.now() - beganMs} ms, allowed ${readsPerMinute}`,
    );
    expect(admitted).toBeGreaterThanOrEqual(readsPerMinute);
    // Two exchanges' worth: what was counted is told with the next, and the answer comes a little later.
    expect(admitted).toBeLessThanOrEqual(readsPerMinute + 2 * 12);
    expect(statuses.at(-1)).toBe(429);
  });
});
