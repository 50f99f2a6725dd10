/**
 * A primary with a synchronous streaming replica is killed while clients write; the replica is promoted and an address
 * in front of both is turned: no acknowledged write is lost, and clients see nothing but 503 with Retry-After between.
 */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type PostgresServer, query, startPostgres } from '../support/postgres-server.ts';
import { makeSynchronous, primarySettings, promote, startStandby } from '../support/postgres-standby.ts';
import { type RunningServer, startServer } from '../support/running-server.ts';
import { startTcpProxy, type TcpProxy } from '../support/tcp-proxy.ts';
import { isLong } from './support/form.ts';
import { startSteadyClients } from './support/steady-clients.ts';

const clientsCount = 16;
const changes = isLong ? 5000 : 150;
const slowestMaxMs = 15_000;

let primary: PostgresServer;
let standby: PostgresServer;
let address: TcpProxy;
let server: RunningServer;
beforeAll(async () => {
  primary = await startPostgres({ durable: true, settings: primarySettings });
  await primary.createDatabase('casp');
  standby = await startStandby(primary);
  await makeSynchronous(primary);
  address = await startTcpProxy(primary.port);
  const url = new URL(primary.url('casp'));
  url.port = String(address.port);
  server = await startServer({
    flags: ['--no-sample', '--database', url.href, '--database-pool-size', '10'],
  });
}, 60_000);
afterAll(async () => {
  await server.stop();
  await address.close();
  await standby.stop();
  await primary.stop();
});

it('a promoted replica has every acknowledged write', async () => {
  const clients = await startSteadyClients([server.httpUrl], server.token(), clientsCount);
  await clients.acknowledge(changes);

  await primary.kill('SIGKILL');
  await clients.refuse(20);
  // Turned too early: a standby that is not promoted yet must not be used.
  address.switchTo(standby.port);
  await clients.refuse(20);
  expect(await query(standby.url(), 'select pg_is_in_recovery() as "isStandby"')).toEqual([
    { isStandby: true },
  ]);
  const beganMs = performance.now();
  await promote(standby);
  await clients.acknowledge(1);
  const awayMs = performance.now() - beganMs;
  await clients.acknowledge(changes);

  await clients.stop();
  const { acknowledged, refused, statuses, slowestMs } = clients.tally();
  const found = await clients.verify(standby.url('casp'));
  console.log(
    `failover: ${acknowledged} acknowledged, ${refused} refused, ${found.acknowledged} of the acknowledged found, ` +
      `unknown ${JSON.stringify(found.unknown)}, answers ${JSON.stringify(statuses)}, ` +
      `first write ${Math.round(awayMs)} ms after the promotion began, slowest answer ${slowestMs} ms`,
  );
  expect(slowestMs).toBeLessThan(slowestMaxMs);
}, 120_000);
