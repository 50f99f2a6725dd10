import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  type ConfigSources,
  describeProblems,
  explainConfig,
  findDataFolder,
  type LoadedConfig,
  loadConfig,
  options,
  type Setting,
  stripJsonComments,
} from '../../src/config.ts';
import { limits } from '../../src/limits.ts';

let root = '';
let project = '';
let home = '';

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'casp-config-'));
  project = join(root, 'project', 'deep', 'er');
  home = join(root, 'home');
  mkdirSync(project, { recursive: true });
  mkdirSync(join(home, '.config', 'casp'), { recursive: true });
});

afterEach(() => rmSync(root, { recursive: true, force: true }));

const writeJson = (path: string, value: unknown): string => {
  writeFileSync(path, typeof value === 'string' ? value : JSON.stringify(value));
  return path;
};
const writeProject = (value: unknown): string => writeJson(join(root, 'project', 'casp.config.json'), value);
const writeUser = (value: unknown): string => writeJson(join(home, '.config', 'casp', 'config.json'), value);

type Given = {
  readonly flags?: ConfigSources['flags'];
  readonly env?: ConfigSources['env'];
  readonly cores?: number;
};

const sources = ({ flags = {}, env = {}, cores = 4 }: Given): ConfigSources => ({
  flags,
  env: { HOME: home, ...env },
  workingFolder: project,
  platform: 'linux',
  cores,
});
const load = (given: Given): LoadedConfig => loadConfig(sources(given));
const loadDev = (given: Given): LoadedConfig => load({ ...given, flags: { dev: true, ...given.flags } });

/** `name: message` of each problem, the temporary folder shortened. */
const problems = ({ problems: found }: LoadedConfig): readonly string[] =>
  found.map(({ name, message }) => `${name}: ${message.replaceAll(root, '')}`);

const tenant = '11111111-2222-4333-8444-555555555555';
const entra = `https://login.microsoftonline.com/${tenant}/v2.0`;
const production = {
  issuers: entra,
  audiences: 'api://casp',
  publicUrl: 'https://casp.example.com/',
};

describe('defaults', () => {
  it('are complete in dev mode without any configuration', () => {
    expect(loadDev({}).config).toEqual({
      dev: true,
      host: '127.0.0.1',
      httpPort: 7080,
      httpsPort: 7443,
      tls: undefined,
      publicUrl: undefined,
      data: join(project, '.casp'),
      database: undefined,
      databasePoolSize: 20,
      rowLevelSecurity: false,
      ephemeral: false,
      sample: true,
      issuers: [],
      algorithms: ['RS256'],
      permissions: {
        read: { scopes: ['SecurityEvents.Read.All'], roles: ['SecurityEvents.Read.All'], directoryRoles: [] },
        write: {
          scopes: ['SecurityEvents.ReadWrite.All'],
          roles: ['SecurityEvents.ReadWrite.All'],
          directoryRoles: [],
        },
      },
      corsOrigins: [],
      console: { clientId: undefined, authority: undefined, scopes: [] },
      trustedProxies: [],
      throttle: false,
      throttleRates: {
        readsPerMinute: 600,
        writesPerMinute: 150,
        tenantRequestsPerMinute: 3000,
        refusedTokensPerMinute: 60,
      },
      logLevel: 'warn',
      metrics: true,
      requireIfMatch: false,
      topSemantics: 'auto',
      readerThreads: 3,
    });
  });

  it('outside dev mode are those of a server', () => {
    expect(load({ flags: production }).config).toMatchObject({
      dev: false,
      host: '0.0.0.0',
      httpPort: 7080,
      httpsPort: undefined,
      publicUrl: 'https://casp.example.com',
      sample: false,
      throttle: true,
      logLevel: 'info',
      metrics: false,
      issuers: [{ issuer: entra, audiences: ['api://casp'], tenants: [tenant], claims: 'entra' }],
    });
  });

  it('move to https where a certificate is configured', () => {
    const tlsCertificate = writeJson(join(root, 'cert.pem'), 'certificate');
    const tlsKey = writeJson(join(root, 'key.pem'), 'key');
    expect(load({ flags: { ...production, tlsCertificate, tlsKey } }).config).toMatchObject({
      httpPort: undefined,
      httpsPort: 7443,
      tls: { certificatePath: tlsCertificate, keyPath: tlsKey },
    });
  });

  it.each([
    [1, 1],
    [2, 1],
    [3, 2],
    [5, 4],
    [64, 4],
  ])('give %i cores %i reader threads', (cores, readerThreads) => {
    expect(loadDev({ cores }).config?.readerThreads).toBe(readerThreads);
  });
});

describe('precedence', () => {
  it('is flag, environment, nearest project file, user file, default', () => {
    const user = writeUser({ httpPort: 1, httpsPort: 1, host: '::1', logLevel: 'debug' });
    const nearest = writeProject({ httpPort: 2, httpsPort: 2, host: '127.0.0.2' });
    writeJson(join(root, 'casp.config.json'), { httpPort: 9, corsOrigins: ['https://never.example'] });
    const loaded = loadDev({ flags: { httpPort: '4' }, env: { CASP_HTTP_PORT: '3', CASP_HTTPS_PORT: '3' } });
    expect(loaded.config).toMatchObject({
      httpPort: 4,
      httpsPort: 3,
      host: '127.0.0.2',
      logLevel: 'debug',
      corsOrigins: [],
      requireIfMatch: false,
    });
    const explained = explainConfig(loaded.settings);
    expect(explained.find(({ name }) => name === 'httpPort')).toEqual({
      name: 'httpPort',
      value: '4',
      source: '--http-port',
      losers: [
        { source: 'CASP_HTTP_PORT', value: '3' },
        { source: nearest, value: '2' },
        { source: user, value: '1' },
      ],
    });
    expect(explained.find(({ name }) => name === 'requireIfMatch')).toEqual({
      name: 'requireIfMatch',
      value: 'false',
      source: 'default',
      losers: [],
    });
  });

  it('holds for every option: a flag wins over the environment, the environment over the file', () => {
    const texts: Readonly<Record<string, readonly [string, string]>> = {
      switch: ['true', 'false'],
      integer: ['1', '2'],
      port: ['1001', '1002'],
      path: ['/a', '/b'],
      issuers: ['https://a.example', 'https://b.example'],
    };
    for (const { name, environment, kind } of options) {
      const [first, second] = texts[kind] ?? ['x', 'y'];
      const { settings } = load({ flags: { [name]: first }, env: { [environment]: second } });
      const setting = settings.find(({ option }) => option.name === name);
      expect(setting?.source).toBe(options.find((option) => option.name === name)?.flag);
      expect(setting?.losers.map(({ source }) => source)).toEqual([environment]);
    }
  });

  it('lets a switch be turned off again by a stronger source', () => {
    writeProject({ dev: true, requireIfMatch: true });
    expect(load({ flags: { requireIfMatch: false } }).config?.requireIfMatch).toBe(false);
  });

  it('takes the user file from XDG_CONFIG_HOME, or from %APPDATA% on Windows', () => {
    mkdirSync(join(root, 'xdg', 'casp'), { recursive: true });
    writeJson(join(root, 'xdg', 'casp', 'config.json'), { httpPort: 5 });
    expect(loadDev({ env: { XDG_CONFIG_HOME: join(root, 'xdg') } }).config?.httpPort).toBe(5);
    const windows = {
      ...sources({ flags: { dev: true }, env: { APPDATA: join(root, 'xdg') } }),
      platform: 'win32',
    };
    expect(loadConfig(windows).config?.httpPort).toBe(5);
  });
});

describe('environment', () => {
  it('reads CASP_X_FILE, without the line break at its end', () => {
    const path = writeJson(join(root, 'port'), '7111\n');
    expect(loadDev({ env: { CASP_HTTP_PORT_FILE: path } }).config?.httpPort).toBe(7111);
  });

  it('refuses CASP_X beside CASP_X_FILE, and a file that is not there', () => {
    const path = writeJson(join(root, 'port'), '1');
    expect(problems(loadDev({ env: { CASP_HTTP_PORT: '1', CASP_HTTP_PORT_FILE: path } }))).toEqual([
      'httpPort: CASP_HTTP_PORT is set as well. Keep one of the two.',
    ]);
    expect(problems(loadDev({ env: { CASP_HOST_FILE: '/nowhere/host' } }))).toEqual([
      'host: "/nowhere/host" cannot be read (ENOENT). Name a readable file.',
    ]);
  });

  it('treats an empty variable as not set', () => {
    expect(loadDev({ env: { CASP_HTTP_PORT: '' } }).config?.httpPort).toBe(7080);
  });

  it('refuses unknown CASP_ names, but not those a platform sets or casp prints', () => {
    const platform = {
      CASP_TOKEN: 'x',
      CASP_HTTP_URL: 'x',
      CASP_SERVICE_HOST: '10.0.0.1',
      CASP_SERVICE_PORT: '7080',
      CASP_SERVICE_PORT_HTTP: '7080',
      CASP_PORT: 'tcp://10.0.0.1:7080',
      CASP_PORT_7080_TCP: 'tcp://10.0.0.1:7080',
      CASP_PORT_7080_TCP_ADDR: '10.0.0.1',
    };
    expect(problems(loadDev({ env: { ...platform, CASP_HTP_PORT: '1', OTHER: 'x' } }))).toEqual([
      "CASP_HTP_PORT: is no option. Did you mean 'CASP_HTTP_PORT'?",
    ]);
  });

  it.each([
    ['a,b', ['a', 'b']],
    [' a , b ,', ['a', 'b']],
    ['["a,b","c"]', ['a,b', 'c']],
  ])('reads the list %s', (text, expected) => {
    expect(loadDev({ env: { CASP_READ_SCOPES: text } }).config?.permissions.read.scopes).toEqual(expected);
  });

  it.each(['true', 'TRUE', 'yes', 'on', '1'])('reads the switch %s', (text) => {
    expect(load({ env: { CASP_DEV: text } }).config?.dev).toBe(true);
  });
});

describe('files', () => {
  it('may hold comments, trailing commas and $schema, and paths relative to themselves', () => {
    writeProject(`\uFEFF{
      // where editors find completion
      "$schema": "https://casp.example/schema.json",
      "dev": true, /* both
      lines */ "data": "state",
      "corsOrigins": ["https://portal.example.com", "http://localhost:3000",],
      "issuers": [],
    }`);
    expect(load({}).config).toMatchObject({
      data: join(root, 'project', 'state'),
      corsOrigins: ['https://portal.example.com', 'http://localhost:3000'],
    });
  });

  it('say where they are not JSON', () => {
    writeProject('{\n  // comment\n  "dev": maybe\n}');
    const [problem] = loadDev({}).problems;
    expect(problem?.message).toMatch(/^is not JSON: line 3, column 10: .*Correct it there\.$/);
    writeProject('{\n  "dev": true\n  "host": "x"\n}');
    expect(loadDev({}).problems[0]?.message).toMatch(/^is not JSON: line 3, column 3: /);
  });

  it('must hold an object', () => {
    writeProject('[1]');
    expect(problems(loadDev({}))).toEqual(['file: holds no object. Write {"option": value, …}.']);
  });

  it('with unknown keys are refused with a suggestion', () => {
    writeProject({ htpPort: 1, zzz: 2 });
    expect(problems(loadDev({}))).toEqual([
      "htpPort: is no option. Did you mean 'httpPort'?",
      'zzz: is no option. casp serve --help lists the options.',
    ]);
  });

  it('that cannot be read are a problem, not an absence', () => {
    mkdirSync(join(root, 'project', 'casp.config.json'));
    expect(problems(loadDev({}))).toEqual(['file: cannot be read (EISDIR). Make it readable or remove it.']);
  });

  it('strings that look like comments stay', () => {
    expect(JSON.parse(stripJsonComments('{"a":"// no","b":"/* no */,}"} // yes'))).toEqual({
      a: '// no',
      b: '/* no */,}',
    });
  });

  it('stripping changes no JSON', () => {
    fc.assert(
      fc.property(fc.json(), (text) => {
        expect(stripJsonComments(text)).toBe(text);
      }),
    );
  });
});

describe('values', () => {
  it.each([
    [{ httpPort: 65_536 }, 'httpPort: 65536 is not a port. Use 1 to 65535, 0 for any free port, or "off".'],
    [{ httpPort: -1 }, 'httpPort: -1 is not a port. Use 1 to 65535, 0 for any free port, or "off".'],
    [{ httpPort: '7080' }, 'httpPort: "7080" is not a port. Use 1 to 65535, 0 for any free port, or "off".'],
    [{ dev: 1 }, 'dev: 1 is neither true nor false. Write one of the two.'],
    [{ data: '' }, 'data: "" is empty. Write a path.'],
    [
      { host: 'http://0.0.0.0' },
      'host: "http://0.0.0.0" is not a host. Use an IP address or a name, without scheme and port, e.g. "127.0.0.1" or "0.0.0.0".',
    ],
    [
      { logLevel: 'wran' },
      'logLevel: "wran" is not a log level. Use one of: debug, info, warn, error, silent. Did you mean \'warn\'?',
    ],
    [
      { topSemantics: 'sql' },
      'topSemantics: "sql" is not a meaning of $top. Use one of: auto, graph, odata.',
    ],
    [
      { readerThreads: limits.readerThreadsMax + 1 },
      'readerThreads: 65 is not a number of threads. Use a whole number from 0 to 64.',
    ],
    [
      { readerThreads: 1.5 },
      'readerThreads: 1.5 is not a number of threads. Use a whole number from 0 to 64.',
    ],
    [
      { corsOrigins: ['https://a.example', 'https://b.example/'] },
      'corsOrigins[1]: "https://b.example/" is not an origin. Did you mean "https://b.example"?',
    ],
    [
      { corsOrigins: ['*'] },
      'corsOrigins[0]: "*" would let every site in. List the origins, e.g. "https://portal.example.com".',
    ],
    [
      { corsOrigins: 'https://a.example' },
      'corsOrigins: "https://a.example" is not a list. Write ["…", "…"].',
    ],
    [
      { trustedProxies: ['10.0.0.0/33'] },
      'trustedProxies[0]: "10.0.0.0/33" is not an IP address or network. Write e.g. "10.0.0.7" or "10.0.0.0/8".',
    ],
    [
      { publicUrl: 'casp.example.com' },
      'publicUrl: "casp.example.com" is not a URL. Did you mean "https://casp.example.com"?',
    ],
    [
      { publicUrl: 'https://casp.example.com/?x=1' },
      'publicUrl: "https://casp.example.com/?x=1" has a query or fragment. Leave them out.',
    ],
    [
      { publicUrl: 'https://user:word@casp.example.com' },
      'publicUrl: "https://user:word@casp.example.com" holds a user name or password. Leave them out.',
    ],
    [
      { algorithms: ['HS256'] },
      'algorithms[0]: "HS256" is not a signature algorithm accepted here. Use one of: RS256, RS384, RS512, PS256, PS384, PS512, ES256, ES384, ES512, EdDSA, Ed25519. Did you mean \'RS256\'?',
    ],
    [{ algorithms: [] }, 'algorithms: [] is empty. Name at least one algorithm, e.g. "RS256".'],
    [
      { tenants: ['contoso'] },
      'tenants[0]: "contoso" is not a GUID. Write e.g. "11111111-2222-4333-8444-555555555555".',
    ],
    [{ httpPort: 'off', httpsPort: 'off' }, 'httpPort: and httpsPort are both off. Set one of them.'],
    [{ httpPort: 7000, httpsPort: 7000 }, 'httpsPort: 7000 is httpPort as well. Choose another.'],
    [{ tlsKey: '/nowhere/key.pem' }, 'tlsCertificate: missing. tlsCertificate and tlsKey belong together.'],
  ])('%j is refused', (values, expected) => {
    writeProject(values);
    expect(problems(loadDev({ flags: 'dev' in values ? { dev: undefined } : {} }))).toContain(expected);
  });

  it.each([
    { httpPort: 0 },
    { httpPort: 65_535 },
    { httpPort: 'off' },
    { readerThreads: 0 },
    { readerThreads: limits.readerThreadsMax },
    { host: '::1' },
    { host: 'casp.internal' },
    { trustedProxies: ['10.0.0.0/8', '::1', 'fd00::/8'] },
    { tenants: 'any' },
    { tenants: [tenant.toUpperCase()] },
  ])('%j is accepted', (values) => {
    writeProject(values);
    expect(problems(loadDev({}))).toEqual([]);
  });

  it('of a text may not be cut off silently: a number with letters is no port', () => {
    expect(problems(loadDev({ flags: { httpPort: '70a' } }))).toEqual([
      'httpPort: "70a" is not a port. Use 1 to 65535, 0 for any free port, or "off".',
    ]);
  });

  it('that are TLS files must be readable', () => {
    const tlsCertificate = writeJson(join(root, 'cert.pem'), 'certificate');
    expect(problems(loadDev({ flags: { tlsCertificate, tlsKey: '/nowhere/key.pem' } }))).toEqual([
      'tlsKey: "/nowhere/key.pem" cannot be read (ENOENT). Name a readable PEM file.',
    ]);
  });
});

describe('outside dev mode', () => {
  it('everything that is needed is listed at once', () => {
    expect(problems(load({}))).toEqual([
      'issuers: missing. Name who signs tokens, e.g. ["https://login.microsoftonline.com/<tenant GUID>/v2.0"]. To try casp out: casp serve --dev.',
      'audiences: missing. They are the aud values of tokens for this service: its application ID URI or client id, e.g. ["api://casp"].',
      'publicUrl: missing. It is the address clients use, e.g. "https://casp.example.com", and stands in every link.',
    ]);
  });

  it('a trusted proxy stands in for publicUrl', () => {
    const { publicUrl: _, ...rest } = production;
    expect(problems(load({ flags: { ...rest, trustedProxies: '10.0.0.0/8' } }))).toEqual([]);
  });

  it('options of dev mode are refused', () => {
    expect(problems(load({ flags: { ...production, sample: true, ephemeral: true } }))).toEqual([
      'ephemeral: works only in dev mode. Add dev, or leave it out.',
      'sample: works only in dev mode. Add dev, or leave it out.',
    ]);
  });

  it('an https port needs a certificate', () => {
    expect(problems(load({ flags: { ...production, httpsPort: '443' } }))).toEqual([
      'httpsPort: 443 needs tlsCertificate and tlsKey. Set them, or leave httpsPort out.',
    ]);
  });
});

describe('issuers', () => {
  const loadIssuers = (issuers: unknown, rest: Readonly<Record<string, unknown>> = {}): LoadedConfig => {
    writeProject({ issuers, audiences: ['api://casp'], publicUrl: 'https://casp.example.com', ...rest });
    return load({});
  };

  it('of Entra ID take their tenant from the URL', () => {
    expect(loadIssuers(entra).config?.issuers).toEqual([
      { issuer: entra, audiences: ['api://casp'], tenants: [tenant], claims: 'entra', tenantId: tenant },
    ]);
    expect(loadIssuers([entra], { tenants: 'any' }).config?.issuers[0]?.tenants).toEqual([tenant]);
  });

  it('with {tenantid} need the tenants, or any', () => {
    const issuer = 'https://sts.windows.net/{tenantid}/';
    expect(problems(loadIssuers([issuer]))).toEqual([
      'issuers[0].tenants: missing. List the tenant GUIDs served, or write "any".',
    ]);
    expect(loadIssuers([issuer], { tenants: 'any' }).config?.issuers[0]?.tenants).toBe('any');
    const own = [{ issuer, tenants: [tenant.toUpperCase()], audiences: ['api://other'] }];
    expect(loadIssuers(own, { tenants: 'any' }).config?.issuers).toEqual([
      { issuer, audiences: ['api://other'], tenants: [tenant], claims: 'entra' },
    ]);
    expect(problems(loadIssuers([{ issuer, tenants: [] }]))).toEqual([
      'issuers[0].tenants: [] lets nobody in. List tenant GUIDs.',
    ]);
  });

  it('that know no tenants need one GUID for all, and are offered one', () => {
    const issuer = 'https://keycloak.example/realms/casp';
    const [problem] = problems(loadIssuers([issuer]));
    expect(problem).toMatch(
      /^issuers\[0\]\.tenantId: missing\. Choose one GUID for all data of this issuer, e\.g\. "/,
    );
    const tenantId = /"([^"]+)"\.$/.exec(problem ?? '')?.[1];
    expect(loadIssuers([{ issuer, tenantId }]).config?.issuers).toEqual([
      { issuer, audiences: ['api://casp'], tenants: [tenantId], tenantId, claims: 'oidc' },
    ]);
  });

  it('without {tenantid} stand for one tenant', () => {
    const issuer = 'https://id.example.com/realm';
    const second = '66666666-7777-4888-9999-aaaaaaaaaaaa';
    expect(loadIssuers({ issuer, tenants: [second] }).config?.issuers).toEqual([
      { issuer, audiences: ['api://casp'], tenants: [second], claims: 'oidc', tenantId: second },
    ]);
    for (const tenants of ['any', [tenant, second]]) {
      expect(problems(loadIssuers({ issuer, tenants }))).toEqual([
        expect.stringMatching(
          /^issuers\[0\]\.tenantId: missing\. An issuer without \{tenantid\} stands for one tenant\. Name it, e\.g\. "[0-9a-f-]{36}"\.$/,
        ),
      ]);
    }
  });

  it('come from flags and environment as URLs or as JSON', () => {
    const json = JSON.stringify({ issuer: entra, audiences: ['a'] });
    for (const issuers of [json, `[${json}]`]) {
      const { config } = load({ flags: { publicUrl: 'https://casp.example.com', issuers } });
      expect(config?.issuers).toEqual([
        { issuer: entra, audiences: ['a'], tenants: [tenant], claims: 'entra', tenantId: tenant },
      ]);
    }
  });

  it.each([
    [
      'https://login.microsoftonline.com/common/v2.0',
      'issuers[0].issuer: "https://login.microsoftonline.com/common/v2.0" names no tenant, but tokens do. Did you mean "https://login.microsoftonline.com/{tenantid}/v2.0"?',
    ],
    [
      'login.contoso.example',
      'issuers[0].issuer: "login.contoso.example" is not a URL. Did you mean "https://login.contoso.example"?',
    ],
    [
      'http://login.contoso.example',
      'issuers[0].issuer: "http://login.contoso.example" is not https. Only an issuer on this machine may use http, and only in dev mode.',
    ],
    [
      'http://localhost:8080/realms/casp',
      'issuers[0].issuer: "http://localhost:8080/realms/casp" is not https. Only an issuer on this machine may use http, and only in dev mode.',
    ],
    [
      { issuer: entra, tenant: [tenant] },
      'issuers[0]: "tenant" is not known here. Did you mean \'tenants\'?',
    ],
    [{ tenants: 'any' }, 'issuers[0].issuer: missing. Write it as text.'],
    [
      { issuer: entra, tenants: ['22222222-2222-4333-8444-555555555555'] },
      `issuers[0].tenants: ["22222222-2222-4333-8444-555555555555"] lacks the tenant in the issuer, "${tenant}". Add it or leave tenants out.`,
    ],
    [7, 'issuers[0]: 7 is not an issuer. Write a URL or {"issuer": "https://…", "tenants": [...]}.'],
    [
      { issuer: entra, claims: 'saml' },
      'issuers[0].claims: "saml" is not a style of claims. Use one of: entra, oidc.',
    ],
  ])('%j is refused', (issuer, expected) => {
    expect(problems(loadIssuers([issuer]))).toEqual([expected]);
  });

  it('on this machine may use http in dev mode', () => {
    const issuer = { issuer: 'http://localhost:8080/realms/casp', tenantId: tenant };
    expect(problems(loadIssuers([issuer], { dev: true }))).toEqual([]);
  });

  it('without any audience are refused once for each', () => {
    writeProject({ issuers: [entra], publicUrl: 'https://casp.example.com' });
    expect(problems(load({}))).toEqual([
      'issuers[0].audiences: missing. They are the aud values of tokens for this service: its application ID URI or client id, e.g. ["api://casp"].',
    ]);
  });
});

describe('problems', () => {
  it('in one file are listed under its path', () => {
    const path = writeProject({ dev: true, httpPort: 'x', hots: 1 });
    expect(describeProblems(load({}).problems)).toBe(
      [
        `2 problems in ${path}`,
        "  hots      is no option. Did you mean 'host'?",
        '  httpPort  "x" is not a port. Use 1 to 65535, 0 for any free port, or "off".',
      ].join('\n'),
    );
  });

  it('from several places each name theirs', () => {
    writeProject({ dev: true, logLevel: 'x' });
    expect(describeProblems(load({ flags: { httpPort: 'x' } }).problems).replaceAll(root, '')).toBe(
      [
        '2 problems in the configuration',
        '  httpPort  "x" is not a port. Use 1 to 65535, 0 for any free port, or "off". (--http-port)',
        '  logLevel  "x" is not a log level. Use one of: debug, info, warn, error, silent. (/project/casp.config.json)',
      ].join('\n'),
    );
  });

  it('with the mode itself do not bring those of the wrong mode', () => {
    expect(problems(load({ env: { CASP_DEV: 'maybe' } }))).toEqual([
      'dev: "maybe" is neither true nor false. Write one of the two.',
    ]);
  });

  it('show no more than the start of a long value', () => {
    const [problem] = problems(loadDev({ flags: { logLevel: 'x'.repeat(10_000) } }));
    expect(problem?.length).toBeLessThan(300);
  });

  it('never are exceptions, whatever a file holds', () => {
    fc.assert(
      fc.property(
        fc.dictionary(fc.constantFrom(...options.map(({ name }) => name)), fc.jsonValue()),
        (values) => {
          writeProject(values);
          const { config, problems: found } = load({});
          expect(config === undefined).toBe(found.length > 0);
        },
      ),
    );
  });

  it('never are exceptions, whatever is typed', () => {
    fc.assert(
      fc.property(
        fc.dictionary(fc.constantFrom(...options.map(({ name }) => name)), fc.string()),
        (flags) => {
          const { config, problems: found } = load({ flags });
          expect(config === undefined).toBe(found.length > 0);
        },
      ),
    );
  });
});

describe('explainConfig', () => {
  it('masks secrets, those that lost too', () => {
    const [first] = options;
    if (first === undefined) throw new Error('no options');
    const setting: Setting = {
      option: { ...first, secret: true },
      source: 'CASP_DEV',
      value: 'hunter2',
      losers: [{ source: 'file', value: 'hunter1' }],
    };
    expect(explainConfig([setting])).toEqual([
      {
        name: first.name,
        value: '(secret)',
        source: 'CASP_DEV',
        losers: [{ source: 'file', value: '(secret)' }],
      },
    ]);
  });
});

describe('findDataFolder', () => {
  it('finds what serve would use, without asking for the rest', () => {
    expect(findDataFolder(sources({}))).toEqual({ data: join(project, '.casp'), problems: [] });
    expect(findDataFolder(sources({ env: { CASP_DATA: '../state', CASP_LATER: '1' } })).data).toBe(
      join(project, '..', 'state'),
    );
    writeProject({ data: 7 });
    expect(findDataFolder(sources({}))).toMatchObject({ data: undefined, problems: [{ name: 'data' }] });
  });
});

describe('the table', () => {
  it('gives every option names of its own', () => {
    for (const names of [options.map(({ flag }) => flag), options.map(({ environment }) => environment)]) {
      expect(new Set(names).size).toBe(options.length);
    }
    expect(options.filter(({ flag }) => !/^--[a-z]+(-[a-z]+)*$/.test(flag))).toEqual([]);
  });

  it('is the one in docs/configuration.md, row for row', () => {
    const text = readFileSync(new URL('../../docs/configuration.md', import.meta.url), 'utf8');
    const rows = text.split('\n').filter((line) => line.startsWith('| `'));
    const expected = options.map(
      ({ name, flag, environment, defaultText, summary }) =>
        `| \`${name}\` | \`${flag}\` | \`${environment}\` | ${defaultText} | ${summary} |`,
    );
    expect(rows).toEqual(expected);
  });
});
