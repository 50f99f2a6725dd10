/** The service starts while its database is away, says so, and recovers by itself. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { collectionPath, exampleId } from '../support/conformance.ts';
import { createExchange } from '../support/exchange.ts';
import { type PostgresServer, query, startPostgres } from '../support/postgres-server.ts';
import { type RunningServer, runCasp, startServer } from '../support/running-server.ts';
import { startTcpProxy, type TcpProxy } from '../support/tcp-proxy.ts';

let server: PostgresServer;
let proxy: TcpProxy;
let url: string;
beforeAll(async () => {
  server = await startPostgres();
  proxy = await startTcpProxy(server.port);
  const own = new URL(await server.createDatabase('casp'));
  own.port = String(proxy.port);
  // Trust authentication asks for none; it must be shown nowhere all the same.
  own.password = 'hush-hush';
  url = own.href;
});
afterAll(async () => {
  await proxy.close();
  await server.stop();
});

const unavailable = {
  status: 503,
  headers: { 'retry-after': expect.stringMatching(/^\d+$/) },
  body: { error: { code: 'ServiceUnavailable', innerError: { code: 'storageUnavailable' } } },
};

async function readiness(running: RunningServer): Promise<{ status: number; text: string }> {
  const answer = await fetch(`${running.httpUrl}/readyz?verbose`);
  return { status: answer.status, text: await answer.text() };
}

describe('a service whose database is away', () => {
  it('listens, refuses with 503, and is whole when the database appears', async () => {
    proxy.block(true);
    const running = await startServer({ flags: ['--database', url, '--log-level', 'info'] });
    const exchange = createExchange(running.httpUrl);
    try {
      expect(await readiness(running)).toEqual({
        status: 503,
        text: expect.stringContaining('[-] database: The database cannot be reached at the moment.'),
      });
      expect((await fetch(`${running.httpUrl}/livez`)).status).toBe(200);
      expect(await exchange.send({ path: collectionPath })).toMatchObject(unavailable);
      expect(await exchange.send({ path: '/v1.0/$metadata' })).toMatchObject(unavailable);

      proxy.block(false);
      await expect.poll(() => readiness(running), { timeout: 10_000 }).toMatchObject({ status: 200 });
      // The sample data are there, and so is the key of the local issuer.
      const token = running.token();
      expect(await exchange.send({ path: `${collectionPath}/${exampleId}`, token })).toMatchObject({
        status: 200,
      });

      proxy.block(true);
      expect(await exchange.send({ path: `${collectionPath}/${exampleId}`, token })).toMatchObject(
        unavailable,
      );
      expect(await readiness(running)).toMatchObject({ status: 503 });
      proxy.block(false);
      expect(await exchange.send({ path: `${collectionPath}/${exampleId}`, token })).toMatchObject({
        status: 200,
      });
      expect(running.output()).toContain('waiting for the database');
      expect(running.output()).not.toContain('hush-hush');
    } finally {
      exchange.close();
      await running.stop();
    }
  });

  it('does not start where waiting would not help', async () => {
    const name = 'latin';
    await query(
      server.url(),
      `create database "${name}" encoding 'LATIN1' lc_collate 'C' lc_ctype 'C' template template0`,
    );
    const refused = runCasp(
      'serve',
      '--dev',
      '--ephemeral',
      '--http-port',
      '0',
      '--database',
      server.url(name),
    );
    expect(refused.status).not.toBe(0);
    // Ephemeral data in a database that stays would be a lie.
    expect(refused.stderr).toContain('ephemeral');
    const data = ['--data', server.folder.concat('-casp')];
    const latin = runCasp(
      'serve',
      '--dev',
      ...data,
      '--http-port',
      '0',
      '--https-port',
      'off',
      '--database',
      server.url(name),
    );
    expect({ status: latin.status, stderr: latin.stderr }).toEqual({
      status: 2,
      stderr: expect.stringContaining(
        "the database has the encoding LATIN1. Create it with encoding 'UTF8'.",
      ),
    });
  });

  it('does not start on the schema of a newer version, and names it', async () => {
    const newer = await server.createDatabase('newer');
    const data = server.folder.concat('-casp');
    const ports = ['--http-port', '0', '--https-port', 'off'];
    expect(runCasp('migrate', 'up', '--database', newer).status).toBe(0);
    await query(
      newer,
      `insert into "schema_version" values (2, '2099-01-01', '99.1.0', '99.0.0', '', 'changed what columns mean')`,
    );
    expect(runCasp('serve', '--dev', '--data', data, '--database', newer, ...ports)).toMatchObject({
      status: 2,
      stderr: expect.stringMatching(/by a newer casp than this one[\s\S]*Install casp 99\.0\.0 or newer\./),
    });
  });
});

describe('the password of a database', () => {
  it('is shown by no command', () => {
    const flags = ['--dev', '--database', 'postgres://casp:hush-hush@db.example/casp?sslpassword=hush-hush'];
    const { stdout, stderr } = runCasp('config', 'explain', ...flags);
    expect(stdout).toContain('postgres://casp:***@db.example/casp?sslpassword=***');
    expect(stdout + stderr).not.toContain('hush');
    const wrong = runCasp('serve', '--dev', '--database', 'postgres://casp:hush-hush@:x/');
    expect(wrong.status).toBe(2);
    expect(wrong.stdout + wrong.stderr).not.toContain('hush');
  });
});
