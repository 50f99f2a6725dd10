import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type RunFile, readRunFile, removeRunFile, writeRunFile } from '../../../src/cli/run-file.ts';
import { openLocalCertificate } from '../../../src/http/local-https.ts';
import { createWorkspace, type Workspace } from './support.ts';

let workspace: Workspace;
let data = '';
const servers: Server[] = [];
beforeEach(() => {
  workspace = createWorkspace();
  data = join(workspace.folder, '.casp');
});
afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => new Promise((resolve) => server.close(resolve))));
  workspace.remove();
});

/** A server that answers as casp does to what status asks. */
async function listen(server: Server): Promise<number> {
  servers.push(server);
  server.on('request', (request, response) => {
    if (request.url === '/livez') return response.end('ok');
    const counted = request.url === '/v1.0/security/cloudAppSecurityProfiles/$count';
    response.statusCode = counted && /^Bearer /.test(request.headers.authorization ?? '') ? 200 : 404;
    response.end('251');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return (server.address() as AddressInfo).port;
}

const run = (changes: Partial<RunFile>): RunFile => ({
  version: '1.2.3',
  pid: 4711,
  startedAt: '2026-03-04T05:01:07.000Z',
  dev: true,
  ephemeral: false,
  sample: true,
  throttle: false,
  profiles: 250,
  issuers: [],
  loopback: true,
  ...changes,
});

describe('casp status', () => {
  it('without a server says so and how to start one', async () => {
    expect(await workspace.run(['status'])).toEqual({
      code: 7,
      out: '',
      error: [
        'error: no server runs with the data in ./.casp',
        '  Start it: casp serve --dev',
        '  Or name the data folder of a server started elsewhere: --data DIR',
        '',
      ].join('\n'),
    });
  });

  it('prints the start block again, with age and number of apps', async () => {
    const httpUrl = `http://localhost:${await listen(createServer())}`;
    writeRunFile(data, run({ httpUrl }));
    const { code, out, error } = await workspace.run(['status']);
    expect({ code, error }).toEqual({ code: 0, error: '' });
    const [first, ...rest] = out.split('\n');
    expect(first).toBe('casp 1.2.3  dev mode  running for 5 min, process 4711, 251 apps');
    expect(rest).toContain('  1  export CASP_TOKEN=$(casp token)');
  });

  it('reaches a server that speaks https only, trusting the local authority', async () => {
    const certificate = await openLocalCertificate({ dataFolder: data, now: () => new Date() });
    const httpsUrl = `https://localhost:${await listen(createTlsServer(certificate))}`;
    writeRunFile(data, run({ httpsUrl }));
    const { code, out } = await workspace.run(['status', '-o', 'json']);
    expect(code).toBe(0);
    expect(JSON.parse(out)).toEqual({ ...run({ httpsUrl }), data, reachable: true, profiles: 251 });
  });

  it('prints shell variables', async () => {
    const httpUrl = `http://localhost:${await listen(createServer())}`;
    writeRunFile(data, run({ httpUrl }));
    const { out } = await workspace.run(['status', '-o', 'env']);
    expect(out).toBe(
      [
        `export CASP_DATA=${data}`,
        'export CASP_PID=4711',
        'export CASP_VERSION=1.2.3',
        `export CASP_HTTP_URL=${httpUrl}`,
        '',
      ].join('\n'),
    );
  });

  it('tells a server that has gone', async () => {
    const server = createServer();
    const httpUrl = `http://localhost:${await listen(server)}`;
    await new Promise((resolve) => servers.splice(0)[0]?.close(resolve));
    writeRunFile(data, run({ httpUrl }));
    const { code, out, error } = await workspace.run(['status']);
    expect({ code, out }).toEqual({ code: 7, out: '' });
    expect(error).toBe(
      [
        `error: process 4711 was started with the data in ./.casp, but ${httpUrl} does not answer`,
        '  If it is gone, start another. Start it: casp serve --dev',
        '',
      ].join('\n'),
    );
  });
});

describe('run.json', () => {
  it('is written whole, for its owner only, and read back', () => {
    writeRunFile(data, run({ httpUrl: 'http://localhost:1' }));
    expect(readdirSync(data)).toEqual(['run.json']);
    expect(statSync(join(data, 'run.json')).mode & 0o777).toBe(0o600);
    expect(readRunFile(data)).toEqual(run({ httpUrl: 'http://localhost:1' }));
  });

  it('is removed by the server it speaks of, not by another', () => {
    writeRunFile(data, run({}));
    removeRunFile(data, run({ pid: 1 }));
    expect(readRunFile(data)).toEqual(run({}));
    removeRunFile(data, run({}));
    expect(readRunFile(data)).toBeUndefined();
    removeRunFile(data, run({}));
  });

  it.each(['', '{', '[]', '{"pid":-1}'])('that holds %j counts as none', (text) => {
    writeRunFile(data, run({}));
    writeFileSync(join(data, 'run.json'), text);
    expect(readRunFile(data)).toBeUndefined();
  });
});

describe('casp cert path', () => {
  it('prints the file of the local authority, making it', async () => {
    const { code, out, error } = await workspace.run(['cert', 'path'], { now: () => new Date() });
    expect({ code, out, error }).toEqual({ code: 0, out: `${join(data, 'tls', 'ca.pem')}\n`, error: '' });
    expect(readFileSync(out.trimEnd(), 'utf8')).toMatch(/^-----BEGIN CERTIFICATE-----/);
  });
});
