import { describe, expect, it } from 'vitest';
import { parseDuration, showDuration } from '../../../src/cli/duration.ts';
import { findInvocation } from '../../../src/cli/invocation.ts';
import type { RunFile } from '../../../src/cli/run-file.ts';
import { startBlock } from '../../../src/cli/start-block.ts';
import { columns, dataFlag, shellWord, showFolder } from '../../../src/cli/style.ts';

const run: RunFile = {
  version: '1.2.3',
  pid: 1,
  startedAt: '2026-03-04T05:06:07.000Z',
  dev: true,
  ephemeral: false,
  sample: true,
  throttle: false,
  httpUrl: 'http://localhost:7080',
  httpsUrl: 'https://localhost:7443',
  profiles: 250,
  issuers: [],
  loopback: true,
};

const block = (changes: Partial<RunFile>, data = '/home/dev/app/.casp') =>
  startBlock({
    run: { ...run, ...changes },
    data,
    workingFolder: '/home/dev/app',
    program: 'npx casp',
    state: 'ready in 1.4 s',
    closing: 'Ctrl+C stops; data stays. ',
    colour: false,
  });

describe('the start block', () => {
  it('of dev mode leads to a first PATCH', () => {
    expect(block({})).toBe(`casp 1.2.3  dev mode  ready in 1.4 s

  API        https://localhost:7443/v1.0   (and /beta; plain HTTP on http://localhost:7080)
  Console    https://localhost:7443/console/   pick a test person, no password
  Docs       https://localhost:7443/docs   $metadata below each root, openapi.json, requests.http
  Data       ./.casp   SQLite, kept between runs; 250 sample apps (seed 42)
  Sign-in    local issuer, 5 test people, signing key kept in ./.casp/keys
  Throttling off

  1  export CASP_TOKEN=$(npx casp token)
  2  curl -si -X PATCH http://localhost:7080/v1.0/security/cloudAppSecurityProfiles/053c36a0-36a0-053c-a036-3c05a0363c05 \\
       -H "Authorization: Bearer $CASP_TOKEN" -H "Content-Type: application/json" \\
       -d '{"riskScore":"4","tags":["Monitored"]}'
  3  export NODE_EXTRA_CA_CERTS=$(npx casp cert path)   # before Node clients use https
     Graph JavaScript SDK: it sends no token over http. Use https and customHosts: new Set(["localhost"]).

  Loopback only. Not for production. Ctrl+C stops; data stays. Show this again: npx casp status
`);
  });

  it('names the data folder in every command where it is not found without', () => {
    const text = block({ ephemeral: true }, '/tmp/casp x');
    expect(text).toContain('  Data       /tmp/casp x   SQLite, removed at exit; 250 sample apps (seed 42)\n');
    expect(text).toContain("$(npx casp token --data '/tmp/casp x')");
    expect(text).toContain("$(npx casp cert path --data '/tmp/casp x')");
    expect(text).toContain("npx casp status --data '/tmp/casp x'\n");
  });

  it('makes the first request a POST where the example is not there', () => {
    const text = block({ sample: false, profiles: 0 });
    expect(text).toContain(
      '  2  curl -si -X POST http://localhost:7080/v1.0/security/cloudAppSecurityProfiles \\\n',
    );
    expect(text).toContain('kept between runs; 0 apps\n');
  });

  it('with https only trusts the local authority, with http only says nothing of https', () => {
    expect(block({ httpUrl: undefined })).toContain(
      'curl -si --cacert $(npx casp cert path) -X PATCH https://localhost:7443/v1.0/',
    );
    const plain = block({ httpsUrl: undefined });
    expect(plain).toContain('  API        http://localhost:7080/v1.0   (and /beta)\n');
    expect(plain).not.toContain('NODE_EXTRA_CA_CERTS');
  });

  it('warns when dev mode can be reached from elsewhere', () => {
    expect(block({ loopback: false })).toContain(
      '\n  Not for production: whoever reaches this address can sign in as a test person. Ctrl+C stops;',
    );
  });

  it('outside dev mode says where tokens come from and nothing of test people', () => {
    const issuers = ['https://login.microsoftonline.com/11111111-2222-4333-8444-555555555555/v2.0'];
    const production = {
      dev: false,
      sample: false,
      profiles: undefined,
      httpsUrl: undefined,
      throttle: true,
      issuers,
    };
    expect(block({ ...production, publicUrl: 'https://casp.example.com' })).toBe(`casp 1.2.3  ready in 1.4 s

  API        https://casp.example.com/v1.0   (and /beta; listening on http://localhost:7080)
  Console    https://casp.example.com/console/
  Docs       https://casp.example.com/docs   $metadata below each root, openapi.json, requests.http
  Data       ./.casp   SQLite, kept between runs
  Sign-in    https://login.microsoftonline.com/11111111-2222-4333-8444-555555555555/v2.0
  Throttling on

  Ctrl+C stops; data stays. Show this again: npx casp status
`);
  });
});

describe('findInvocation', () => {
  it.each([
    ['/home/dev/app/dist/cli/main.js', {}, 'node dist/cli/main.js'],
    ['/opt/my app/dist/cli/main.js', {}, "node '/opt/my app/dist/cli/main.js'"],
    ['/usr/bin/casp', { PATH: '/bin:/usr/bin' }, 'casp'],
    ['/home/dev/app/node_modules/.bin/casp', { npm_command: 'exec' }, 'npx casp'],
    [
      '/home/dev/app/dist/cli/main.js',
      { npm_command: 'start', npm_lifecycle_event: 'start', PATH: '/home/dev/app/dist/cli' },
      'node dist/cli/main.js',
    ],
  ])('%s with %j is %s', (script, env, expected) => {
    expect(findInvocation(script, '/home/dev/app', env)).toBe(expected);
  });
});

describe('durations', () => {
  it.each([
    ['90s', 90],
    ['1h30m', 5400],
    ['7d', 604_800],
    ['', undefined],
    ['12', undefined],
    ['1.5h', undefined],
    ['h', undefined],
    ['9999999999s', undefined],
  ])('%j is %s s', (text, seconds) => {
    expect(parseDuration(text)).toBe(seconds);
  });

  it.each([
    [0, '0 s'],
    [59_400, '59 s'],
    [60_000, '1 min'],
    [3_599_000, '59 min'],
    [3_600_000, '1 h'],
    [86_400_000, '1 d'],
    [-5, '0 s'],
  ])('%i ms is shown as %s', (milliseconds, expected) => {
    expect(showDuration(milliseconds)).toBe(expected);
  });
});

describe('text to paste', () => {
  it.each([
    ['plain-1.0/x', 'plain-1.0/x'],
    ['a b', "'a b'"],
    ["it's", String.raw`'it'\''s'`],
    ['$HOME', "'$HOME'"],
    ['', "''"],
  ])('%j becomes %s', (text, expected) => {
    expect(shellWord(text)).toBe(expected);
  });

  it.each([
    ['/home/dev/app/.casp', './.casp', ''],
    ['/home/dev/app', '.', ' --data .'],
    ['/home/dev/app/state', './state', ' --data ./state'],
    ['/tmp/x', '/tmp/x', ' --data /tmp/x'],
  ])('the folder %s is shown as %s', (path, shown, flag) => {
    expect([showFolder(path, '/home/dev/app'), dataFlag(path, '/home/dev/app')]).toEqual([shown, flag]);
  });

  it('columns line up without trailing space', () => {
    expect(
      columns([
        ['A', 'B'],
        ['long', ''],
        ['x', 'y'],
      ]),
    ).toBe('A     B\nlong\nx     y');
  });
});
