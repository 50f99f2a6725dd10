/**
 * Connections run out: those of the service, because others hold locks, and those of the server. Clients are refused
 * in bounded time with Retry-After, and served again once there is room, without anybody touching the service.
 */
import { setTimeout as wait } from 'node:timers/promises';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { collectionPath } from '../support/conformance.ts';
import { type Answer, createExchange, type Send } from '../support/exchange.ts';
import { type PostgresServer, startPostgres } from '../support/postgres-server.ts';
import { type RunningServer, startServer } from '../support/running-server.ts';
import { startSteadyClients } from './support/steady-clients.ts';

const connectionsMax = 10;
/** A wait for a connection, a statement in a shared transaction, and one on its own: five seconds each. */
const answerMaxMs = 17_000;

let postgres: PostgresServer;
beforeAll(async () => {
  postgres = await startPostgres({ settings: { max_connections: String(connectionsMax) } });
});
afterAll(() => postgres.stop());

async function connect(url: string): Promise<pg.Client> {
  const client = new pg.Client(url);
  client.on('error', () => undefined);
  await client.connect();
  return client;
}

interface Timed {
  readonly answer: Answer;
  readonly tookMs: number;
}

async function timed(answering: Promise<Answer>): Promise<Timed> {
  const startMs = performance.now();
  const answer = await answering;
  return { answer, tookMs: performance.now() - startMs };
}

function countByStatus(all: readonly Timed[]): Readonly<Record<string, number>> {
  const counts: Record<string, number> = {};
  for (const { answer } of all) counts[answer.status] = (counts[answer.status] ?? 0) + 1;
  return counts;
}

describe('a pool of three connections and a lock that somebody else holds', () => {
  let url: string;
  let server: RunningServer;
  let exchange: { readonly send: Send; close(): void };
  beforeAll(async () => {
    url = await postgres.createDatabase('locked');
    server = await startServer({ flags: ['--no-sample', '--database', url, '--database-pool-size', '3'] });
    exchange = createExchange(server.httpUrl, 100);
  });
  afterAll(async () => {
    exchange.close();
    await server.stop();
  });

  it('reads go on, writes are refused with 503 in bounded time, and go on when the lock is gone', async () => {
    const token = server.token();
    const { send } = exchange;
    const create = async (name: string) => {
      const answer = await send({ method: 'POST', path: collectionPath, token, body: { name } });
      return `${collectionPath}/${(answer.body as { id: string }).id}`;
    };
    const [held, free] = [await create('held'), await create('free')];
    const rival = await connect(url);
    await rival.query('begin');
    await rival.query('select 1 from "cloud_app_security_profile" where "name" = $1 for update', ['held']);

    const patch = (path: string, index: number) =>
      timed(send({ path, token, body: { riskScore: String(index) } }));
    const writes = Promise.all(
      Array.from({ length: 40 }, (_, index) => patch(index % 4 === 0 ? free : held, index)),
    );
    // Each behind the last, for as long as the writes wait.
    let writing = true;
    const paths = [held, free, `${collectionPath}?$filter=${encodeURIComponent("name eq 'held'")}`];
    const reading = (async () => {
      const all: Timed[] = [];
      while (writing) {
        all.push(await timed(send({ path: paths[all.length % paths.length] ?? held, token })));
        await wait(20);
      }
      return all;
    })();
    const written = await writes;
    writing = false;
    const reads = await reading;
    const slowestMs = Math.max(...written.map(({ tookMs }) => tookMs));
    console.log(
      `row locked: writes ${JSON.stringify(countByStatus(written))}, slowest ${Math.round(slowestMs)} ms; ` +
        `reads ${JSON.stringify(countByStatus(reads))}`,
    );
    expect(Object.keys(countByStatus(reads))).toEqual(['200']);
    expect(slowestMs).toBeLessThan(answerMaxMs);
    const refusals = written.filter(({ answer }) => answer.status !== 200);
    for (const { answer } of refusals) {
      expect(answer).toMatchObject({
        status: 503,
        headers: { 'retry-after': expect.stringMatching(/^[1-9]\d*$/) },
        body: { error: { innerError: { code: 'storageBusy' } } },
      });
    }
    expect(refusals.length, 'the held profile cannot be changed').toBeGreaterThanOrEqual(30);

    await rival.query('rollback');
    await rival.end();
    const after = await Promise.all([patch(held, 100), patch(free, 101)]);
    expect(after.map(({ answer }) => answer.status)).toEqual([200, 200]);
  }, 60_000);
});

describe(`a server of ${connectionsMax} connections`, () => {
  it('that are all taken: 503 until there is room again, and less than the pool wants is enough', async () => {
    const url = await postgres.createDatabase('crowded');
    const server = await startServer({
      flags: ['--no-sample', '--database', url, '--database-pool-size', '10'],
    });
    const rivals: pg.Client[] = [];
    const take = async () => {
      const client = await connect(postgres.url()).catch((error: { code?: string }) => {
        expect(error.code).toBe('53300');
        return undefined;
      });
      if (client !== undefined) rivals.push(client);
      return client !== undefined;
    };
    try {
      // Five for the service, whose pool wants ten.
      while (rivals.length < connectionsMax - 5) await take();
      const clients = await startSteadyClients([server.httpUrl], server.token(), 12);
      await clients.acknowledge(100);
      expect(Object.keys(clients.tally().statuses)).not.toContain('503');

      // Whatever the service lets go, somebody else takes.
      const [first] = rivals;
      const end = "select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'casp'";
      for (let taken = rivals.length; taken < connectionsMax; taken = rivals.length) {
        await first?.query(end);
        await take();
      }
      await clients.refuse(50);
      const ready = await fetch(`${server.httpUrl}/readyz?verbose`);
      expect({ status: ready.status, text: await ready.text() }).toEqual({
        status: 503,
        text: expect.stringContaining('[-] database: The database cannot be reached at the moment.'),
      });

      await Promise.all(rivals.splice(0).map((rival) => rival.end()));
      await clients.acknowledge(100);
      await clients.stop();
      const { acknowledged, refused, slowestMs } = clients.tally();
      const found = await clients.verify(url);
      console.log(
        `server's connections taken: ${acknowledged} acknowledged, ${refused} refused, ` +
          `${found.acknowledged} of the acknowledged found, slowest ${slowestMs} ms`,
      );
      expect(slowestMs).toBeLessThan(answerMaxMs);
    } finally {
      await Promise.all(rivals.map((rival) => rival.end()));
      await server.stop();
    }
  }, 60_000);
});
