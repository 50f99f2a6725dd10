import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { CommandContext } from '../../../src/cli/context.ts';
import type { Finding } from '../../../src/cli/doctor-checks.ts';
import { writeRunFile } from '../../../src/cli/run-file.ts';
import { openLocalCertificate } from '../../../src/http/local-https.ts';
import { model } from '../../../src/model/index.ts';
import { openSqlite } from '../../../src/storage/sqlite/driver.ts';
import { type IssuerServer, startIssuerServer } from '../auth/issuer-server.ts';
import { newTestKey } from '../auth/token-fixture.ts';
import { createWorkspace, type Outcome, type Workspace } from './support.ts';

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

const anyPorts = ['--http-port', '0', '--https-port', '0'];
const tenant = '11111111-2222-4333-8444-555555555555';

async function listen(answer: (path: string) => string | undefined): Promise<number> {
  const server = createServer((request, response) => {
    const body = answer(request.url ?? '');
    response.statusCode = body === undefined ? 404 : 200;
    response.end(body);
  });
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return (server.address() as AddressInfo).port;
}

/** `casp doctor -o json` with these flags: its exit code and its findings. */
async function examine(
  flags: readonly string[],
  changes: Partial<CommandContext> = {},
): Promise<{ readonly code: number; readonly findings: readonly Finding[]; readonly outcome: Outcome }> {
  const outcome = await workspace.run(['doctor', '-o', 'json', ...flags], changes);
  return { code: outcome.code, findings: JSON.parse(outcome.out) as Finding[], outcome };
}

/** The finding of one check. */
const findingOf = (findings: readonly Finding[], check: string): Finding | undefined =>
  findings.find((finding) => finding.check === check);

describe('casp doctor', () => {
  it('finds nothing wrong with a fresh folder in dev mode, and leaves nothing behind', async () => {
    const { code, out, error } = await workspace.run(['doctor', '--dev', ...anyPorts]);
    expect({ code, error }).toEqual({ code: 0, error: '' });
    const lines = out.split('\n').map((line) => line.trimEnd());
    expect(lines.map((line) => line.split(/ {2,}/))).toEqual([
      ['CHECK', 'RESULT', 'FOUND', 'FIX'],
      ['configuration', 'ok', 'every option has a value that can be used'],
      ['data folder', 'ok', `${data} is not there yet; it is made at the first start`],
      ['database', 'ok', `${join(data, 'casp.db')} is not there yet; it is made at the first start`],
      ['http port', 'ok', 'any free port'],
      ['https port', 'ok', 'any free port'],
      ['local certificate authority', 'ok', 'is made at the first start'],
      ['local issuer', 'ok', 'its key is made at the first start'],
      [''],
    ]);
    expect(readdirSync(workspace.folder)).toEqual([]);
  });

  it('lists every problem of the configuration with its fix, and what does not depend on it', async () => {
    const { code, findings, outcome } = await examine([
      '--issuers',
      'login.contoso.example',
      '--audiences',
      'api://casp',
      '--tenants',
      tenant,
      '--log-level',
      'loud',
    ]);
    expect(code).toBe(8);
    expect(outcome.error).toBe('error: 3 checks failed\n');
    expect(findings).toEqual([
      {
        check: 'configuration: logLevel',
        result: 'failed',
        what: '"loud" is not a log level (--log-level)',
        fix: 'Use one of: debug, info, warn, error, silent.',
      },
      {
        check: 'configuration: issuers[0].issuer',
        result: 'failed',
        what: '"login.contoso.example" is not a URL (--issuers)',
        fix: 'Did you mean "https://login.contoso.example"?',
      },
      {
        check: 'configuration: publicUrl',
        result: 'failed',
        what: 'missing',
        fix: 'It is the address clients use, e.g. "https://casp.example.com", and stands in every link.',
      },
      {
        check: 'data folder',
        result: 'ok',
        what: `${data} is not there yet; it is made at the first start`,
      },
      {
        check: 'database',
        result: 'ok',
        what: `${join(data, 'casp.db')} is not there yet; it is made at the first start`,
      },
    ]);
  });

  it('looks at no folder for data that is not kept', async () => {
    const { findings } = await examine(['--dev', '--ephemeral', ...anyPorts]);
    expect(findings.map(({ check }) => check)).not.toContain('data folder');
  });
});

describe('the data', () => {
  it('folder must be a folder', async () => {
    writeFileSync(data, '');
    const { code, findings } = await examine(['--dev', ...anyPorts]);
    expect(code).toBe(8);
    expect(findingOf(findings, 'data folder')).toEqual({
      check: 'data folder',
      result: 'failed',
      what: `${data} is no folder`,
      fix: 'Make it a folder this user may write, or name another with --data.',
    });
    expect(findingOf(findings, 'database')).toBeUndefined();
  });

  it('is opened where no server has it open', async () => {
    mkdirSync(data);
    const file = join(data, 'casp.db');
    await openSqlite({ file, model, busyTimeoutMs: 100 }).close();
    const { code, findings } = await examine(['--dev', ...anyPorts]);
    expect(code).toBe(0);
    expect(findingOf(findings, 'data folder')?.what).toBe(`${data} can be written`);
    expect(findingOf(findings, 'database')?.what).toBe(`${file} opens and answers`);
  });

  it('that is no database is told', async () => {
    mkdirSync(data);
    writeFileSync(join(data, 'casp.db'), 'this was a database once '.repeat(100));
    const { code, findings } = await examine(['--dev', ...anyPorts]);
    expect(code).toBe(8);
    expect(findingOf(findings, 'database')).toMatchObject({
      result: 'failed',
      what: expect.stringMatching(/casp\.db cannot be opened: .*database/),
      fix: 'Restore a backup, or move the file away to start with an empty one.',
    });
  });
});

describe('a running server', () => {
  const serve = async (answer: (path: string) => string | undefined, pid = process.pid): Promise<number> => {
    const port = await listen(answer);
    mkdirSync(data);
    writeFileSync(join(data, 'casp.db'), 'not looked at');
    writeRunFile(data, {
      version: '1.2.3',
      pid,
      startedAt: '2026-03-04T05:01:07.000Z',
      dev: true,
      ephemeral: false,
      sample: true,
      throttle: false,
      profiles: 250,
      issuers: [],
      loopback: true,
      httpUrl: `http://localhost:${port}`,
    });
    return port;
  };
  const flagsFor = (port: number) => ['--dev', '--http-port', String(port), '--https-port', 'off'];

  it('may hold its own port and database', async () => {
    const port = await serve((path) =>
      path === '/readyz?verbose' ? '[+] database: sqlite\nready\n' : undefined,
    );
    const { code, findings } = await examine(flagsFor(port));
    expect(code).toBe(0);
    expect(findingOf(findings, 'http port')?.what).toBe(`${port} is served by casp, process ${process.pid}`);
    expect(findingOf(findings, 'database')?.what).toBe(
      `in use by casp, process ${process.pid}, which says database: sqlite`,
    );
  });

  it('that is not ready is a failure', async () => {
    const port = await serve(() => undefined);
    const { code, findings } = await examine(flagsFor(port));
    expect(code).toBe(8);
    expect(findingOf(findings, 'database')?.what).toBe(
      `casp, process ${process.pid}, has it, but http://localhost:${port}/readyz?verbose answers 404`,
    );
  });

  it('of another program holds a port we cannot have', async () => {
    const port = await listen(() => 'something else');
    const { code, findings } = await examine(flagsFor(port));
    expect(code).toBe(8);
    expect(findingOf(findings, 'http port')).toEqual({
      check: 'http port',
      result: 'failed',
      what: `${port} on 127.0.0.1 is in use by another program`,
      fix: 'Stop that program, or choose another port: --http-port N.',
    });
  });

  it('needs an address of this machine', async () => {
    const { findings } = await examine([
      '--dev',
      '--host',
      '192.0.2.1',
      '--http-port',
      '7080',
      '--https-port',
      'off',
    ]);
    expect(findingOf(findings, 'http port')).toMatchObject({
      result: 'failed',
      what: '192.0.2.1 cannot be listened on (EADDRNOTAVAIL)',
    });
  });
});

describe('the certificate', () => {
  const madeAt = new Date('2026-03-04T05:06:07.000Z');
  const flags = (cert: string, key: string): readonly string[] => [
    ...['--dev', ...anyPorts, '--public-url', 'https://localhost'],
    ...['--tls-certificate', cert, '--tls-key', key],
  ];
  const certificateAt = async (now: Date, name: string) => {
    const made = await openLocalCertificate({
      dataFolder: join(workspace.folder, name),
      now: () => now,
      hostNames: [],
    });
    const [cert, key] = [join(workspace.folder, `${name}.pem`), join(workspace.folder, `${name}-key.pem`)];
    writeFileSync(cert, made.cert);
    writeFileSync(key, made.key);
    return { cert, key, expires: made.expires };
  };
  const dayMs = 86_400_000;

  it.each([
    ['long before its end', 31, 'ok', /^valid until 2027-04-05$/],
    ['near its end', 29.5, 'warning', /^it expires on 2027-04-05, in 29 d$/],
    ['after its end', -1, 'failed', /^it expired on 2027-04-05$/],
    ['before its beginning', 400, 'failed', /^it is valid only from 2026-03-04T04:06:07\.000Z$/],
  ])('%s', async (_when, daysLeft, result, what) => {
    const { cert, key, expires } = await certificateAt(madeAt, 'one');
    const now = () => new Date(expires.getTime() - daysLeft * dayMs);
    const { code, findings } = await examine(flags(cert, key), { now });
    expect(findingOf(findings, 'certificate')).toMatchObject({ result, what: expect.stringMatching(what) });
    expect(code).toBe(result === 'failed' ? 8 : 0);
  });

  it('must have its own key', async () => {
    const one = await certificateAt(madeAt, 'one');
    const other = await certificateAt(madeAt, 'other');
    const { code, findings } = await examine(flags(one.cert, other.key));
    expect(code).toBe(8);
    expect(findingOf(findings, 'certificate')).toEqual({
      check: 'certificate',
      result: 'failed',
      what: `${other.key} is the key of another certificate`,
      fix: 'Name a PEM file each with --tls-certificate and --tls-key.',
    });
  });

  it('and its key must be PEM', async () => {
    const { cert, key } = await certificateAt(madeAt, 'one');
    const text = join(workspace.folder, 'text');
    writeFileSync(text, 'hello');
    const first = await examine(flags(text, key));
    expect(findingOf(first.findings, 'certificate')?.what).toMatch(/text holds no certificate \(ERR_/);
    const second = await examine(flags(cert, text));
    expect(findingOf(second.findings, 'certificate')?.what).toMatch(/text holds no private key \(ERR_/);
  });

  it('should name the public host', async () => {
    const { cert, key } = await certificateAt(madeAt, 'one');
    const { code, findings } = await examine([...flags(cert, key), '--public-url', 'https://casp.example']);
    expect(code).toBe(0);
    expect(findingOf(findings, 'certificate')).toMatchObject({
      result: 'warning',
      what: 'it does not name casp.example, the host of publicUrl',
    });
  });

  it('of the local authority is looked at in dev mode', async () => {
    await openLocalCertificate({ dataFolder: data, now: () => madeAt });
    const { findings } = await examine(['--dev', ...anyPorts]);
    expect(findingOf(findings, 'local certificate authority')?.what).toBe('valid until 2036-03-01');
  });
});

describe('an issuer', () => {
  const now = new Date('2026-03-04T05:06:07.000Z');
  let issuer: IssuerServer;
  beforeEach(async () => {
    issuer = await startIssuerServer();
    issuer.issuer = issuer.origin;
    issuer.keys = [(await newTestKey('key-1')).publicJwk, (await newTestKey('key-2', 'ES256')).publicJwk];
    issuer.answer = (_path, response) => {
      response.setHeader('Date', now.toUTCString());
      return false;
    };
  });
  afterEach(() => issuer.close());

  const examineIssuer = (changes: Partial<CommandContext> = {}, flags: readonly string[] = []) => {
    const entry = { issuer: issuer.origin, tenantId: tenant, audiences: ['api://casp'] };
    return examine(['--dev', ...anyPorts, '--issuers', JSON.stringify([entry]), ...flags], {
      now: () => now,
      ...changes,
    });
  };
  const issuerFinding = (findings: readonly Finding[]) => findingOf(findings, `issuer: ${issuer.origin}`);
  const clockFinding = (findings: readonly Finding[]) => findingOf(findings, `clock: ${issuer.origin}`);

  it('that works is shown with its keys and its time', async () => {
    const { code, findings } = await examineIssuer({}, ['--algorithms', 'RS256,ES256']);
    expect(code).toBe(0);
    expect(issuerFinding(findings)?.what).toBe('2 keys key-1, key-2');
    expect(clockFinding(findings)?.what).toBe('the same time as at the issuer');
  });

  it.each([
    [59, 'ok', '59 s ahead of the issuer'],
    [-60, 'ok', '1 min behind the issuer'],
    [61, 'warning', '1 min ahead of the issuer'],
    [-300, 'warning', '5 min behind the issuer'],
    [301, 'failed', '5 min ahead of the issuer: tokens are refused as expired or not yet valid'],
    [-7200, 'failed', '2 h behind the issuer: tokens are refused as expired or not yet valid'],
  ])('a clock %i s off is %s', async (seconds, result, what) => {
    const { code, findings } = await examineIssuer({ now: () => new Date(now.getTime() + seconds * 1000) });
    expect(clockFinding(findings)).toMatchObject({ result, what });
    expect(code).toBe(result === 'failed' ? 8 : 0);
  });

  it('that has no key for the algorithms allowed', async () => {
    issuer.keys = issuer.keys.slice(1);
    const { code, findings } = await examineIssuer();
    expect(code).toBe(8);
    expect(issuerFinding(findings)).toEqual({
      check: `issuer: ${issuer.origin}`,
      result: 'failed',
      what: 'none of its 1 keys (EC) is for RS256',
      fix: 'Allow the algorithm its tokens are signed with: --algorithms.',
    });
  });

  it('that calls itself otherwise', async () => {
    issuer.issuer = 'https://other.example';
    const { findings } = await examineIssuer();
    expect(issuerFinding(findings)).toMatchObject({
      result: 'failed',
      what: expect.stringContaining('names the issuer "https://other.example"'),
      fix: 'Write the issuer exactly as the document names it.',
    });
  });

  it('that publishes nothing', async () => {
    issuer.answer = (_path, response) => {
      response.statusCode = 404;
      response.end();
      return true;
    };
    const { findings } = await examineIssuer();
    expect(issuerFinding(findings)?.fix).toBe('Correct the address in issuers: nothing is published there.');
  });

  it('that cannot be reached', async () => {
    await issuer.close();
    const { code, findings } = await examineIssuer();
    expect(code).toBe(8);
    expect(issuerFinding(findings)).toMatchObject({
      result: 'failed',
      what: expect.stringMatching(/cannot be reached: .*ECONNREFUSED/),
      fix: 'Check address, name resolution, firewall and proxy: casp must reach it over https.',
    });
    expect(clockFinding(findings)).toBeUndefined();
  });
});
