/**
 * PostgreSQL is killed with -9 under clients that go on: the whole server, and single processes of it, which makes it
 * restart by itself. `CASP_FAULTS=long` makes it 20 rounds, `CASP_SEED` repeats a run.
 */
import { setTimeout as wait } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type PostgresServer, query, startPostgres } from '../support/postgres-server.ts';
import { type RunningServer, startServer } from '../support/running-server.ts';
import { isLong, mulberry32, seed } from './support/form.ts';
import { startSteadyClients } from './support/steady-clients.ts';

const rounds = isLong ? 20 : 3;
const clientsCount = 16;
const random = mulberry32(seed);
/** A lost commit is asked after for five seconds, behind a wait for a connection. */
const slowestMaxMs = 15_000;

let postgres: PostgresServer;
let url: string;
let server: RunningServer;
beforeAll(async () => {
  postgres = await startPostgres({ durable: true });
  url = await postgres.createDatabase('casp');
  server = await startServer({ flags: ['--no-sample', '--database', url, '--database-pool-size', '10'] });
});
afterAll(async () => {
  await server.stop();
  await postgres.stop();
});

/** Kills one process that serves a connection; the server then ends all others and recovers. */
async function killOneProcess(): Promise<void> {
  const text = `select pid from pg_stat_activity where application_name = 'casp' order by (state = 'idle'), random() limit 1`;
  for (;;) {
    const [row] = await query(url, text);
    // A process may end by itself between the answer and the kill, and there may be none for a moment.
    if (row !== undefined && kill(Number(row.pid))) return;
  }
}

/** Whether there was such a process to kill. */
function kill(pid: number): boolean {
  try {
    return process.kill(pid, 'SIGKILL');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return false;
    throw error;
  }
}

async function killServer(): Promise<void> {
  await postgres.kill('SIGKILL');
  await wait(random() * 500);
  await postgres.restart();
}

it(`every acknowledged PATCH survives SIGKILL of the database, seed ${seed}`, async () => {
  const clients = await startSteadyClients([server.httpUrl], server.token(), clientsCount);
  for (let round = 0; round < rounds; round += 1) {
    await clients.acknowledge(40 + Math.floor(random() * 100));
    await (round % 2 === 0 ? killServer() : killOneProcess());
  }
  // By itself: nobody has touched the service.
  await clients.acknowledge(100);
  await clients.stop();
  const { acknowledged, refused, statuses, slowestMs } = clients.tally();
  const found = await clients.verify(url);
  console.log(
    `postgres killed ${rounds} times: seed ${seed}, ${acknowledged} acknowledged, ${refused} refused, ` +
      `${found.acknowledged} of the acknowledged found, unknown ${JSON.stringify(found.unknown)}, ` +
      `answers ${JSON.stringify(statuses)}, slowest ${slowestMs} ms`,
  );
  expect(refused, 'a kill that nobody noticed shows nothing').toBeGreaterThan(0);
  expect(slowestMs).toBeLessThan(slowestMaxMs);
  const ready = await fetch(`${server.httpUrl}/readyz`);
  expect(ready.status).toBe(200);
}, 300_000);
