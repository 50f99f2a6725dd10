/**
 * Every option of the service, and how a value for it is found: flag, CASP_* environment, casp.config.json in the
 * nearest parent folder, the user's file, default. Problems are collected, never thrown one by one.
 */
import { createHash } from 'node:crypto';
import { accessSync, constants, readFileSync } from 'node:fs';
import { isIP } from 'node:net';
import { dirname, join, resolve } from 'node:path';
import { z } from 'zod';
import { didYouMean, quoteForMessage } from './errors.ts';
import { limits } from './limits.ts';

/** How an option is written as text, in a flag or the environment. */
export type OptionKind = 'switch' | 'integer' | 'port' | 'text' | 'path' | 'list' | 'issuers' | 'database';

/** What defaults may depend on: known before any other option. */
interface Circumstances {
  readonly dev: boolean;
  /** Whether a certificate is configured. */
  readonly tls: boolean;
  /** Processor cores this process may use. */
  readonly cores: number;
}

interface Default<Value> {
  readonly of: (circumstances: Circumstances) => Value;
  /** As it stands in help and documentation. */
  readonly text: string;
}

interface Definition<Value> {
  readonly kind: OptionKind;
  readonly shape: z.ZodType<Value>;
  readonly standard: Default<Value>;
  /** One line: what it sets. */
  readonly summary: string;
  readonly unit?: string;
  /** Never shown: not in messages, not by `casp config explain`. */
  readonly secret?: boolean;
  /** What may be shown of a secret; nothing unless given. */
  readonly mask?: (value: unknown) => string;
  /** Refused outside dev mode. */
  readonly devOnly?: boolean;
  /** Another variable than the one made of the name. */
  readonly environment?: string;
}

const define = <Value>(definition: Definition<Value>): Definition<Value> => definition;

const showDefault = (value: unknown): string => {
  if (value === undefined) return 'none';
  if (Array.isArray(value)) return value.length === 0 ? 'none' : value.join(',');
  return String(value);
};

const always = <Value>(value: Value): Default<Value> => ({ of: () => value, text: showDefault(value) });

const byMode = <Value>(dev: Value, otherwise: Value): Default<Value> => ({
  of: (circumstances) => (circumstances.dev ? dev : otherwise),
  text: `${showDefault(dev)} in dev mode, else ${showDefault(otherwise)}`,
});

// Shapes. A message says the fault and the fix; the value is put in front of it.

const guidPattern = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;
const hostPattern = /^(?=.{1,253}$)[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*$/i;

const onOff = z.boolean({ error: 'is neither true nor false. Write one of the two.' });

const filled = (what: string) =>
  z.string({ error: `is not ${what}. Write it as text.` }).min(1, { error: `is empty. Write ${what}.` });

const oneOf = <const Word extends string>(what: string, words: readonly Word[]) =>
  z.enum(words, {
    error: ({ input }) =>
      `is not ${what}. Use one of: ${words.join(', ')}.${typeof input === 'string' ? didYouMean(input, words) : ''}`,
  });

const integer = (what: string, least: number, most: number) => {
  const error = `is not ${what}. Use a whole number from ${least} to ${most}.`;
  return z.int({ error }).min(least, { error }).max(most, { error });
};

const portError = 'is not a port. Use 1 to 65535, 0 for any free port, or "off".';
const port = z.union(
  [z.literal('off'), z.int().min(0, { error: portError }).max(65_535, { error: portError })],
  { error: portError },
);

const list = (item: z.ZodType<string>) => z.array(item, { error: 'is not a list. Write ["…", "…"].' });

/** " Did you mean "https://…"?" when only the scheme is missing. */
function suggestScheme(text: string): string {
  const completed = `https://${text}`;
  return /^[\w-]+(\.[\w-]+)+([:/]|$)/.test(text) && URL.canParse(completed)
    ? ` Did you mean "${completed}"?`
    : '';
}

function webAddressFault(text: string): string | undefined {
  if (!URL.canParse(text)) return `is not a URL.${suggestScheme(text)}`;
  const { protocol, search, hash, username, password } = new URL(text);
  if (protocol !== 'https:' && protocol !== 'http:') {
    return `does not start with https:// or http://.${suggestScheme(text)}`;
  }
  if (username !== '' || password !== '') return 'holds a user name or password. Leave them out.';
  if (search !== '' || hash !== '') return 'has a query or fragment. Leave them out.';
  return undefined;
}

/** A text that `fault` finds nothing wrong with. */
const checked = (what: string, fault: (text: string) => string | undefined) =>
  filled(what).check(({ value, issues }) => {
    const message = value === '' ? undefined : fault(value);
    if (message !== undefined) issues.push({ code: 'custom', message, input: value });
  });

const publicAddress = checked('a URL', webAddressFault).transform((text) => text.replace(/\/+$/, ''));

const host = checked('a host', (text) =>
  isIP(text) !== 0 || hostPattern.test(text)
    ? undefined
    : 'is not a host. Use an IP address or a name, without scheme and port, e.g. "127.0.0.1" or "0.0.0.0".',
);

const origin = checked('an origin', (text) => {
  if (text === '*') return 'would let every site in. List the origins, e.g. "https://portal.example.com".';
  const fault = webAddressFault(text);
  if (fault !== undefined) return fault;
  const expected = new URL(text).origin;
  return expected === text ? undefined : `is not an origin. Did you mean "${expected}"?`;
});

const network = checked('an address or network', (text) => {
  const [address = '', prefix, ...rest] = text.split('/');
  const bits = isIP(address) === 4 ? 32 : 128;
  const prefixFits = prefix === undefined || (/^\d{1,3}$/.test(prefix) && Number(prefix) <= bits);
  if (isIP(address) !== 0 && prefixFits && rest.length === 0) return undefined;
  return 'is not an IP address or network. Write e.g. "10.0.0.7" or "10.0.0.0/8".';
});

const guid = checked('a GUID', (text) =>
  guidPattern.test(text) ? undefined : 'is not a GUID. Write e.g. "11111111-2222-4333-8444-555555555555".',
).transform((text) => text.toLowerCase());

const tenants = z.preprocess(
  (value) => (Array.isArray(value) && value.length === 1 && value[0] === 'any' ? 'any' : value),
  z.union([z.literal('any'), z.array(guid)], {
    error:
      'is neither "any" nor a list of tenant GUIDs. Write e.g. ["11111111-2222-4333-8444-555555555555"].',
  }),
);

/** An issuer before the rules that join its members are applied. */
const issuerEntry = z.preprocess(
  (value) => (typeof value === 'string' ? { issuer: value } : value),
  z.strictObject(
    {
      issuer: filled('a URL'),
      audiences: list(filled('an audience')).optional(),
      tenants: tenants.optional(),
      tenantId: guid.optional(),
      claims: oneOf('a style of claims', ['entra', 'oidc']).optional(),
    },
    {
      error: ({ code, keys }) =>
        code === 'unrecognized_keys' && Array.isArray(keys)
          ? unknownKeyMessage(String(keys[0]), ['issuer', 'audiences', 'tenants', 'tenantId', 'claims'])
          : 'is not an issuer. Write a URL or {"issuer": "https://…", "tenants": [...]}.',
    },
  ),
);

/** What a password is shown as. */
const hidden = '***';

/** A database address without its password, wherever it stands; nothing of a text that cannot be taken apart. */
export function maskDatabase(value: unknown): string {
  if (typeof value !== 'string') return mask;
  if (value.startsWith('sqlite:')) return value;
  if (!URL.canParse(value)) return mask;
  const url = new URL(value);
  if (url.password !== '') url.password = hidden;
  for (const name of [...url.searchParams.keys()]) {
    if (/pass|secret|key/i.test(name)) url.searchParams.set(name, hidden);
  }
  return url.href;
}

function databaseFault(text: string): string | undefined {
  const usage = 'Write e.g. "postgres://casp@db.example.com/casp" or "sqlite:casp.db".';
  if (/^sqlite:./.test(text)) return undefined;
  if (!/^postgres(ql)?:/.test(text)) return `is no database this program knows. ${usage}`;
  if (!URL.canParse(text)) return `is not a URL: a password with / ? # @ or % is percent-encoded. ${usage}`;
  return new URL(text).pathname.length > 1 ? undefined : `names no database after the host. ${usage}`;
}

/** Where the data are: an SQLite file, or a PostgreSQL database. */
export type DatabaseConfig =
  /** Absolute path. */
  | { readonly engine: 'sqlite'; readonly file: string }
  /** May hold a password: shown through `maskDatabase` only. */
  | { readonly engine: 'postgres'; readonly url: string };

/** Reads a checked address; relative paths of SQLite files start at `folder`. */
export function parseDatabase(text: string, folder: string): DatabaseConfig {
  const path = /^sqlite:(?:\/\/(?=\/))?(.*)$/s.exec(text)?.[1];
  return path === undefined
    ? { engine: 'postgres', url: text }
    : { engine: 'sqlite', file: resolve(folder, path) };
}

const logLevels = ['debug', 'info', 'warn', 'error', 'silent'] as const;
const algorithmNames = [
  ...(['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512'] as const),
  ...(['ES256', 'ES384', 'ES512', 'EdDSA', 'Ed25519'] as const),
] as const;

const permissionNames = (summary: string, names: readonly string[]) =>
  define<readonly string[]>({
    kind: 'list',
    shape: list(filled('a name')),
    standard: always(names),
    summary,
  });

const rate = (perMinute: number, summary: string) =>
  define({
    kind: 'integer',
    unit: 'a minute',
    shape: integer('a rate', 0, limits.throttleRateMax),
    standard: always(perMinute),
    summary,
  });

const readPermission = 'SecurityEvents.Read.All';
const writePermission = 'SecurityEvents.ReadWrite.All';

/** The table. A new option is an entry here and a row in docs/configuration.md. */
const definitions = {
  dev: define({
    kind: 'switch',
    shape: onOff,
    standard: always(false),
    summary: 'Development mode: local issuer, sample data, local HTTPS, no throttling.',
  }),
  host: define({
    kind: 'text',
    shape: host,
    standard: byMode('127.0.0.1', '0.0.0.0'),
    summary: 'Address to listen on.',
  }),
  httpPort: define<number | 'off'>({
    kind: 'port',
    shape: port,
    standard: {
      of: ({ dev, tls }) => (dev || !tls ? 7080 : 'off'),
      text: '7080; off outside dev mode with TLS',
    },
    summary: 'Port for plain HTTP; 0 takes any free port, off none.',
  }),
  httpsPort: define<number | 'off'>({
    kind: 'port',
    shape: port,
    standard: {
      of: ({ dev, tls }) => (dev || tls ? 7443 : 'off'),
      text: '7443 in dev mode or with TLS, else off',
    },
    summary: 'Port for HTTPS; 0 takes any free port, off none.',
  }),
  tlsCertificate: define<string | undefined>({
    kind: 'path',
    shape: filled('a path'),
    standard: always(undefined),
    summary: 'PEM file of the HTTPS certificate and its chain; dev mode makes its own.',
  }),
  tlsKey: define<string | undefined>({
    kind: 'path',
    shape: filled('a path'),
    standard: always(undefined),
    summary: 'PEM file of the private key of tlsCertificate.',
  }),
  publicUrl: define<string | undefined>({
    kind: 'text',
    shape: publicAddress,
    standard: always(undefined),
    summary: 'Address clients use; it stands in every link the service writes.',
  }),
  data: define({
    kind: 'path',
    shape: filled('a path'),
    standard: always('.casp'),
    summary: 'Folder of the database, keys and certificates.',
  }),
  database: define<string | undefined>({
    kind: 'database',
    shape: checked('a database', databaseFault),
    standard: { of: () => undefined, text: 'casp.db in data' },
    environment: 'CASP_DATABASE_URL',
    secret: true,
    mask: maskDatabase,
    summary: 'Database: postgres://… for several instances, or sqlite:PATH.',
  }),
  databasePoolSize: define({
    kind: 'integer',
    unit: 'connections',
    shape: integer('a number of connections', 3, limits.databasePoolSizeMax),
    standard: always(20),
    summary: 'PostgreSQL: connections this process uses at most.',
  }),
  rowLevelSecurity: define({
    kind: 'switch',
    shape: onOff,
    standard: always(false),
    summary:
      'PostgreSQL: let the server check, too, that no statement sees two tenants; alike on all instances.',
  }),
  ephemeral: define({
    kind: 'switch',
    shape: onOff,
    standard: always(false),
    devOnly: true,
    summary: 'Keep data in a temporary folder that is removed at exit.',
  }),
  sample: define({
    kind: 'switch',
    shape: onOff,
    standard: byMode(true, false),
    devOnly: true,
    summary: 'Fill an empty database with 250 fictional profiles.',
  }),
  issuers: define({
    kind: 'issuers',
    shape: z.array(issuerEntry, {
      error: 'is not a list of issuers. Write ["https://…"] or [{"issuer": "https://…"}].',
    }),
    standard: always([]),
    summary: 'OpenID Connect issuers whose tokens are accepted.',
  }),
  audiences: define<readonly string[]>({
    kind: 'list',
    shape: list(filled('an audience')),
    standard: always([]),
    summary: 'Values of aud that mean this service, for issuers that state none of their own.',
  }),
  tenants: define<'any' | readonly string[] | undefined>({
    kind: 'list',
    shape: tenants,
    standard: always(undefined),
    summary: 'Tenant GUIDs served, or any, for issuers that state none of their own.',
  }),
  algorithms: define<readonly string[]>({
    kind: 'list',
    shape: list(oneOf('a signature algorithm accepted here', algorithmNames)).min(1, {
      error: 'is empty. Name at least one algorithm, e.g. "RS256".',
    }),
    standard: always(['RS256']),
    summary: 'Signature algorithms of tokens that are accepted.',
  }),
  readScopes: permissionNames('Delegated tokens: scopes (scp), any of which lets read.', [readPermission]),
  readRoles: permissionNames('Application tokens: roles, any of which lets read.', [readPermission]),
  readDirectoryRoles: permissionNames(
    'Delegated tokens: role templates (wids) needed to read; empty: no check.',
    [],
  ),
  writeScopes: permissionNames('Delegated tokens: scopes (scp), any of which lets read and write.', [
    writePermission,
  ]),
  writeRoles: permissionNames('Application tokens: roles, any of which lets read and write.', [
    writePermission,
  ]),
  writeDirectoryRoles: permissionNames(
    'Delegated tokens: role templates (wids) needed to write; empty: no check.',
    [],
  ),
  corsOrigins: define<readonly string[]>({
    kind: 'list',
    shape: list(origin),
    standard: always([]),
    summary: 'Origins of web pages that may call the service.',
  }),
  consoleClientId: define<string | undefined>({
    kind: 'text',
    shape: filled('a client id'),
    standard: always(undefined),
    summary: 'Application at the first issuer that the console signs people in to.',
  }),
  consoleAuthority: define<string | undefined>({
    kind: 'text',
    shape: publicAddress,
    standard: always(undefined),
    summary: 'OpenID Connect authority of the console, if not the first issuer itself.',
  }),
  consoleScopes: define<readonly string[]>({
    kind: 'list',
    shape: list(filled('a scope')),
    standard: always([]),
    summary: 'Scopes the console asks for beside openid and profile; none: the one that lets write.',
  }),
  trustedProxies: define<readonly string[]>({
    kind: 'list',
    shape: list(network),
    standard: always([]),
    summary: 'Addresses or networks whose X-Forwarded headers are believed.',
  }),
  throttle: define({
    kind: 'switch',
    shape: onOff,
    standard: byMode(false, true),
    summary: 'Limit the rate of each application and tenant.',
  }),
  readsPerMinute: rate(600, 'Throttle: reads of one application in one tenant a minute; 0: no limit.'),
  writesPerMinute: rate(150, 'Throttle: writes of one application in one tenant a minute; 0: no limit.'),
  tenantRequestsPerMinute: rate(3000, 'Throttle: requests of one tenant in all a minute; 0: no limit.'),
  refusedTokensPerMinute: rate(60, 'Throttle: refused tokens of one address a minute; 0: no limit.'),
  logLevel: define<(typeof logLevels)[number]>({
    kind: 'text',
    shape: oneOf('a log level', logLevels),
    standard: byMode('warn', 'info'),
    summary: 'Least severe log line written to stderr.',
  }),
  metrics: define({
    kind: 'switch',
    shape: onOff,
    standard: byMode(true, false),
    summary: 'Serve Prometheus metrics at /metrics, without a token.',
  }),
  requireIfMatch: define({
    kind: 'switch',
    shape: onOff,
    standard: always(false),
    summary: 'Refuse writes to an existing profile without If-Match (428).',
  }),
  topSemantics: define<'auto' | 'graph' | 'odata'>({
    kind: 'text',
    shape: oneOf('a meaning of $top', ['auto', 'graph', 'odata']),
    standard: always('auto'),
    summary: 'Meaning of $top: a page size (graph), a total (odata), or by service root (auto).',
  }),
  readerThreads: define({
    kind: 'integer',
    unit: 'threads',
    shape: integer('a number of threads', 0, limits.readerThreadsMax),
    standard: { of: ({ cores }) => Math.min(4, Math.max(1, cores - 1)), text: 'cores less one, 1 to 4' },
    summary: 'Threads that read the database beside the one that writes; 0 reads on the main thread.',
  }),
};

type Definitions = typeof definitions;

/** The name of an option: the key in configuration files. */
export type OptionName = keyof Definitions;

type Values = {
  readonly [Name in OptionName]: Definitions[Name] extends Definition<infer Value> ? Value : never;
};

/** One row of the table, for help, documentation and explanation. */
export interface Option {
  readonly name: OptionName;
  /** `--http-port` */
  readonly flag: string;
  /** `CASP_HTTP_PORT`; with `_FILE` appended it names a file that holds the value. */
  readonly environment: string;
  readonly kind: OptionKind;
  readonly unit: string | undefined;
  readonly defaultText: string;
  readonly summary: string;
  readonly secret: boolean;
  /** What may be shown of a secret's value. */
  readonly mask: ((value: unknown) => string) | undefined;
  readonly devOnly: boolean;
}

const words = (name: string, separator: string): string =>
  name.replace(/[A-Z]/g, (letter) => separator + letter.toLowerCase());

const optionNames = Object.keys(definitions) as readonly OptionName[];

/** Every option of `casp serve`, in the order of help and documentation. */
export const options: readonly Option[] = optionNames.map((name) => {
  const {
    kind,
    unit,
    standard,
    summary,
    secret = false,
    mask: show,
    devOnly = false,
    environment = `CASP_${words(name, '_').toUpperCase()}`,
  }: Definition<unknown> = definitions[name];
  const flag = `--${words(name, '-')}`;
  const shown = { kind, unit, defaultText: standard.text, summary, secret, mask: show, devOnly };
  return { name, flag, environment, ...shown };
});

/** CASP_ names that are no options: `casp` prints them for scripts, or a container platform sets them. */
const otherEnvironment =
  /^CASP_(TOKEN|HTTP_URL|HTTPS_URL|PID|VERSION|CA_FILE|SERVICE_HOST|SERVICE_PORT\w*|PORT|PORT_\d+_\w+)$/;

/** An issuer whose tokens are accepted, complete. */
export interface IssuerConfig {
  /** The `iss` expected, compared exactly; `{tenantid}` in it stands for the token's own tenant. */
  readonly issuer: string;
  /** Values of `aud` accepted from it; at least one. */
  readonly audiences: readonly string[];
  /** Tenants served, GUIDs in lower case. */
  readonly tenants: 'any' | readonly string[];
  /** For an issuer without `{tenantid}`: the one tenant all its tokens belong to. */
  readonly tenantId?: string;
  /** Names of claims: as Entra ID writes them, or as other OpenID Connect issuers do. */
  readonly claims: 'entra' | 'oidc';
}

/** What a token must hold for one permission; any one name of a list is enough. */
export interface PermissionConfig {
  readonly scopes: readonly string[];
  readonly roles: readonly string[];
  /** Empty switches the check off. */
  readonly directoryRoles: readonly string[];
}

/** Everything `serve` needs to know, checked and complete. */
export interface ServeConfig {
  readonly dev: boolean;
  readonly host: string;
  /** Undefined: no plain HTTP. 0: any free port. */
  readonly httpPort: number | undefined;
  /** Undefined: no HTTPS. 0: any free port. */
  readonly httpsPort: number | undefined;
  /** Undefined: with an HTTPS port, the local certificate authority of dev mode signs. */
  readonly tls: { readonly certificatePath: string; readonly keyPath: string } | undefined;
  /** Without a trailing slash. Undefined: the address of the listener. */
  readonly publicUrl: string | undefined;
  /** Absolute path. */
  readonly data: string;
  /** Undefined: `casp.db` in the data folder. */
  readonly database: DatabaseConfig | undefined;
  readonly databasePoolSize: number;
  readonly rowLevelSecurity: boolean;
  readonly ephemeral: boolean;
  readonly sample: boolean;
  readonly issuers: readonly IssuerConfig[];
  readonly algorithms: readonly string[];
  readonly permissions: { readonly read: PermissionConfig; readonly write: PermissionConfig };
  readonly corsOrigins: readonly string[];
  /** How the console signs people in; undefined: its own defaults. */
  readonly console: {
    readonly clientId: string | undefined;
    readonly authority: string | undefined;
    readonly scopes: readonly string[];
  };
  readonly trustedProxies: readonly string[];
  readonly throttle: boolean;
  /** What `throttle` allows in a minute; 0 sets no limit. */
  readonly throttleRates: {
    readonly readsPerMinute: number;
    readonly writesPerMinute: number;
    readonly tenantRequestsPerMinute: number;
    readonly refusedTokensPerMinute: number;
  };
  readonly logLevel: (typeof logLevels)[number];
  readonly metrics: boolean;
  readonly requireIfMatch: boolean;
  readonly topSemantics: 'auto' | 'graph' | 'odata';
  readonly readerThreads: number;
}

/** Where values are looked for. */
export interface ConfigSources {
  /** By option name; text as typed, or a boolean for a switch. */
  readonly flags: Readonly<Record<string, string | boolean | undefined>>;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Relative paths of flags and environment start here, and so does the search for casp.config.json. */
  readonly workingFolder: string;
  readonly platform: string;
  /** Processor cores this process may use. */
  readonly cores: number;
}

/** One thing wrong with the configuration: name, value, fault and fix. */
export interface ConfigProblem {
  /** The option, or a part of it such as `issuers[0].tenants`. */
  readonly name: string;
  /** Where the value stands; undefined when it stands nowhere. */
  readonly source: string | undefined;
  /** `"value" fault. Fix.` */
  readonly message: string;
}

/** A value that was given for an option, and where. */
export interface GivenValue {
  readonly source: string;
  readonly value: unknown;
}

/** An option with the value that counts and those that lost against it. */
export interface Setting extends GivenValue {
  readonly option: Option;
  readonly losers: readonly GivenValue[];
}

/** The outcome of loading: a configuration, or the problems that stand in its way. */
export interface LoadedConfig {
  readonly config: ServeConfig | undefined;
  readonly settings: readonly Setting[];
  readonly problems: readonly ConfigProblem[];
}

/** A value as given, with the folder its relative paths start from. */
interface Candidate extends GivenValue {
  readonly folder: string;
  readonly isText: boolean;
}

interface ConfigFile {
  readonly path: string;
  readonly values: Readonly<Record<string, unknown>>;
}

type Report = (problem: ConfigProblem) => void;

// Files.

const quotedOr = (pattern: string): RegExp => new RegExp(String.raw`"(?:\\.|[^"\\])*"|${pattern}`, 'g');
const commentPattern = quotedOr(String.raw`\/\/[^\n]*|\/\*[\s\S]*?\*\/`);
const trailingCommaPattern = quotedOr(String.raw`,(?=\s*[}\]])`);
const blank = (text: string): string => (text.startsWith('"') ? text : text.replace(/[^\n]/g, ' '));

/** Blanks out comments and trailing commas, so that positions stay true; strings are left alone. */
export function stripJsonComments(text: string): string {
  return text.replace(commentPattern, blank).replace(trailingCommaPattern, blank);
}

function readFileIfThere(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if (['ENOENT', 'ENOTDIR'].includes((error as NodeJS.ErrnoException).code ?? '')) return undefined;
    throw error;
  }
}

const errorCode = (error: unknown): string => (error as NodeJS.ErrnoException).code ?? 'unknown error';

const jsonTokens =
  /(?:\s|[{}[\],:]|"(?:[^"\\\p{Cc}]|\\.)*"|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?(?![\w.])|(?:true|false|null)\b)*/uy;

/** Where the first character stands that begins no JSON token; undefined when only their order is wrong. */
function findBadToken(text: string): number | undefined {
  const length = text.match(jsonTokens)?.[0].length ?? 0;
  return length < text.length ? length : undefined;
}

/** "line 3, column 7: …"; the engine's message does not always state a position. */
function jsonFault(text: string, error: unknown): string {
  const message = (error instanceof Error ? error.message : String(error)).replace(/\s+/g, ' ');
  const stated = /position (\d+)/.exec(message)?.[1];
  const position = stated === undefined ? findBadToken(text) : Number(stated);
  if (position === undefined) return message;
  const before = text.slice(0, position).split('\n');
  const column = (before.at(-1)?.length ?? 0) + 1;
  const fault = message
    .replace(/,? (in JSON )?at position.*$/, '')
    .replace(/^(Unexpected token '.+?'), .*$/, '$1');
  return `line ${before.length}, column ${column}: ${fault}`;
}

function readConfigFile(path: string, report: Report): ConfigFile | undefined {
  try {
    const text = readFileIfThere(path);
    if (text === undefined) return undefined;
    return { path, values: parseConfigFile(path, text.replace(/^\uFEFF/, ''), report) };
  } catch (error) {
    report({
      name: 'file',
      source: path,
      message: `cannot be read (${errorCode(error)}). Make it readable or remove it.`,
    });
    return { path, values: {} };
  }
}

function parseConfigFile(path: string, text: string, report: Report): Readonly<Record<string, unknown>> {
  const json = stripJsonComments(text);
  try {
    const value: unknown = JSON.parse(json);
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return { ...value };
    report({ name: 'file', source: path, message: 'holds no object. Write {"option": value, …}.' });
  } catch (error) {
    report({
      name: 'file',
      source: path,
      message: `is not JSON: ${jsonFault(json, error)}. Correct it there.`,
    });
  }
  return {};
}

function findProjectFile(folder: string, report: Report): ConfigFile | undefined {
  const found = readConfigFile(join(folder, 'casp.config.json'), report);
  const parent = dirname(folder);
  return found ?? (parent === folder ? undefined : findProjectFile(parent, report));
}

function userFilePath({ env, platform }: ConfigSources): string | undefined {
  if (platform === 'win32') return env.APPDATA && join(env.APPDATA, 'casp', 'config.json');
  const base = env.XDG_CONFIG_HOME || (env.HOME && join(env.HOME, '.config'));
  return base ? join(base, 'casp', 'config.json') : undefined;
}

function readConfigFiles(sources: ConfigSources, report: Report): readonly ConfigFile[] {
  const project = findProjectFile(resolve(sources.workingFolder), report);
  const userPath = userFilePath(sources);
  const user = userPath === undefined ? undefined : readConfigFile(userPath, report);
  return [project, user].filter((file) => file !== undefined);
}

// Candidates, most important first.

function fromEnvironment(
  option: Option,
  { env, workingFolder }: ConfigSources,
  report: Report,
): readonly Candidate[] {
  const { name, environment } = option;
  const fileName = `${environment}_FILE`;
  const direct = env[environment] || undefined;
  const path = env[fileName] || undefined;
  if (direct !== undefined && path !== undefined) {
    report({ name, source: fileName, message: `${environment} is set as well. Keep one of the two.` });
  }
  if (direct !== undefined)
    return [{ source: environment, value: direct, folder: workingFolder, isText: true }];
  if (path === undefined) return [];
  try {
    const value = readFileSync(resolve(workingFolder, path), 'utf8').replace(/\r?\n$/, '');
    return [{ source: `${fileName} (${path})`, value, folder: workingFolder, isText: true }];
  } catch (error) {
    report({
      name,
      source: fileName,
      message: `"${path}" cannot be read (${errorCode(error)}). Name a readable file.`,
    });
    return [];
  }
}

function candidatesOf(
  option: Option,
  sources: ConfigSources,
  files: readonly ConfigFile[],
  report: Report,
): readonly Candidate[] {
  const flag = sources.flags[option.name];
  const { workingFolder } = sources;
  const source = flag === false ? option.flag.replace('--', '--no-') : option.flag;
  const typed = { source, value: flag, folder: workingFolder, isText: typeof flag === 'string' };
  const filed = files
    .filter(({ values }) => Object.hasOwn(values, option.name))
    .map(({ path, values }) => ({
      source: path,
      value: values[option.name],
      folder: dirname(path),
      isText: false,
    }));
  return [...(flag === undefined ? [] : [typed]), ...fromEnvironment(option, sources, report), ...filed];
}

const switchWords: Readonly<Record<string, boolean>> = {
  ...{ true: true, yes: true, on: true, 1: true },
  ...{ false: false, no: false, off: false, 0: false },
};

/** Reads JSON where the text looks like it; anything else stays text for the shape to refuse. */
function jsonOr(text: string, otherwise: (text: string) => unknown): unknown {
  if (!/^\s*[[{]/.test(text)) return otherwise(text);
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

const splitList = (text: string): readonly string[] =>
  text.split(',').flatMap((item) => (item.trim() === '' ? [] : [item.trim()]));

/** What a text of a flag or the environment means; a text that means nothing stays as it is. */
function readText(kind: OptionKind, text: string): unknown {
  switch (kind) {
    case 'switch':
      return Object.hasOwn(switchWords, text.toLowerCase()) ? switchWords[text.toLowerCase()] : text;
    case 'integer':
    case 'port':
      return /^-?\d{1,15}$/.test(text) ? Number(text) : text;
    case 'list':
    case 'issuers':
      return jsonOr(text, splitList);
    case 'text':
    case 'path':
    case 'database':
      return text;
  }
}

// Messages.

const unknownKeyMessage = (key: string, known: readonly string[]): string =>
  `"${quoteForMessage(key)}" is not known here.${didYouMean(key, known) || ` Use: ${known.join(', ')}.`}`;

const showValue = (value: unknown): string => quoteForMessage(JSON.stringify(value), 100);

/** `issuers[0].tenants` */
const showPath = (name: string, path: readonly PropertyKey[]): string =>
  path.reduce<string>(
    (text, key) => `${text}${typeof key === 'number' ? `[${key}]` : `.${String(key)}`}`,
    name,
  );

/** The part at a path; a part without members, such as an issuer given as a plain URL, stands for all of them. */
const valueAt = (value: unknown, path: readonly PropertyKey[]): unknown =>
  path.reduce<unknown>(
    (part, key) =>
      typeof part === 'object' && part !== null ? (part as Record<PropertyKey, unknown>)[key] : part,
    value,
  );

/** A union says only that none of its members fits; the member that got furthest knows the item at fault. */
function deepestIssue(issue: z.core.$ZodIssue): z.core.$ZodIssue {
  if (issue.code !== 'invalid_union') return issue;
  const inner = issue.errors.flat().filter((candidate) => candidate.path.length > 0);
  const [first] = inner;
  return first === undefined ? issue : { ...first, path: [...issue.path, ...first.path] };
}

function describeIssue(issue: z.core.$ZodIssue, { secret }: Option, given: unknown): string {
  if (issue.code === 'unrecognized_keys') return issue.message;
  const value = valueAt(given, issue.path);
  // A member that is not there has no fault, only a fix.
  if (value === undefined) return `missing. ${issue.message.replace(/^[^.]*\. /, '')}`;
  return `${secret ? 'the value' : showValue(value)} ${issue.message}`;
}

function problemsOf(option: Option, given: GivenValue, error: z.ZodError): readonly ConfigProblem[] {
  return error.issues.map(deepestIssue).map((issue) => {
    const name = showPath(option.name, issue.path);
    return { name, source: given.source, message: describeIssue(issue, option, given.value) };
  });
}

// Resolution.

interface Resolved<Value> {
  readonly setting: Setting;
  /** Undefined also when the value given is refused; `problems` then says why. */
  readonly value: Value | undefined;
  readonly isDefault: boolean;
}

interface Resolver {
  resolve<Name extends OptionName>(name: Name, circumstances: Circumstances): Resolved<Values[Name]>;
}

function toGiven({ kind }: Option, { source, value, isText, folder }: Candidate): GivenValue {
  const meant = isText && typeof value === 'string' ? readText(kind, value) : value;
  if (kind === 'path' && typeof meant === 'string' && meant !== '')
    return { source, value: resolve(folder, meant) };
  if (kind === 'database' && typeof meant === 'string' && /^sqlite:./.test(meant)) {
    const parsed = parseDatabase(meant, folder);
    return { source, value: parsed.engine === 'sqlite' ? `sqlite:${parsed.file}` : meant };
  }
  const single = kind === 'issuers' && !Array.isArray(meant) && (!isText || typeof meant === 'object');
  return { source, value: single ? [meant] : meant };
}

function optionNamed(name: OptionName): Option {
  const option = options.find((candidate) => candidate.name === name);
  if (option === undefined) throw new Error(`no option ${name}`);
  return option;
}

function createResolver(sources: ConfigSources, files: readonly ConfigFile[], report: Report): Resolver {
  return {
    resolve(name, circumstances) {
      const option = optionNamed(name);
      const definition = definitions[name] as Definition<unknown> as Definition<Values[typeof name]>;
      const [winner, ...losers] = candidatesOf(option, sources, files, report).map((candidate) =>
        toGiven(option, candidate),
      );
      if (winner === undefined) {
        const standard = definition.standard.of(circumstances);
        const value =
          option.kind === 'path' && typeof standard === 'string'
            ? (resolve(sources.workingFolder, standard) as Values[typeof name])
            : standard;
        return { setting: { option, source: 'default', value, losers: [] }, value, isDefault: true };
      }
      const parsed = definition.shape.safeParse(winner.value);
      if (!parsed.success) problemsOf(option, winner, parsed.error).forEach(report);
      return { setting: { option, ...winner, losers }, value: parsed.data, isDefault: false };
    },
  };
}

const seeOptions = ' casp serve --help lists the options.';

function reportUnknownNames(sources: ConfigSources, files: readonly ConfigFile[], report: Report): void {
  for (const { path, values } of files) {
    for (const key of Object.keys(values)) {
      if (key === '$schema' || options.some(({ name }) => name === key)) continue;
      report({
        name: key,
        source: path,
        message: `is no option.${didYouMean(key, optionNames) || seeOptions}`,
      });
    }
  }
  const known = options.flatMap(({ environment }) => [environment, `${environment}_FILE`]);
  for (const key of Object.keys(sources.env)) {
    if (!key.startsWith('CASP_') || known.includes(key) || otherEnvironment.test(key)) continue;
    report({
      name: key,
      source: 'environment',
      message: `is no option.${didYouMean(key, known) || seeOptions}`,
    });
  }
}

// Rules that join options.

const loopback = /^(localhost|127(\.\d{1,3}){3}|\[::1\])$/;
const entraHosts =
  /^(sts\.windows\.net|sts\.chinacloudapi\.cn|login\.(microsoftonline\.(com|us|de)|windows\.net|chinacloudapi\.cn|partner\.microsoftonline\.cn))$/;

/** A stable GUID for an issuer without tenants, offered for pasting. */
function guidOf(text: string): string {
  const hex = createHash('sha256').update(text).digest('hex');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-8${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}

function issuerUrlFault(issuer: string, dev: boolean): string | undefined {
  const sample = issuer.replaceAll('{tenantid}', '11111111-2222-4333-8444-555555555555');
  const fault = webAddressFault(sample);
  if (fault !== undefined) return fault;
  const { protocol, hostname, pathname } = new URL(sample);
  if (protocol === 'http:' && !(dev && loopback.test(hostname))) {
    return 'is not https. Only an issuer on this machine may use http, and only in dev mode.';
  }
  const shared = /\/(common|organizations|consumers)(\/|$)/.exec(pathname)?.[1];
  if (shared === undefined) return undefined;
  return `names no tenant, but tokens do. Did you mean "${issuer.replace(`/${shared}`, '/{tenantid}')}"?`;
}

type IssuerEntry = Values['issuers'][number];

interface IssuerContext {
  readonly dev: boolean;
  readonly audiences: readonly string[];
  readonly tenants: 'any' | readonly string[] | undefined;
}

/** The tenants of an issuer, or what is wrong with them. */
function issuerTenants(
  entry: IssuerEntry,
  style: 'entra' | 'oidc',
  context: IssuerContext,
): { readonly tenants: 'any' | readonly string[] } | { readonly name: string; readonly fault: string } {
  const { issuer, tenantId } = entry;
  const stated = entry.tenants ?? context.tenants;
  if (tenantId !== undefined) {
    if (entry.tenants === undefined || entry.tenants.includes(tenantId)) return { tenants: [tenantId] };
    return { name: 'tenantId', fault: `"${tenantId}" is not among tenants. Leave tenants out.` };
  }
  const own = /[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/i.exec(issuer)?.[0].toLowerCase();
  if (own !== undefined && style === 'entra') {
    if (stated === undefined || stated === 'any' || stated.includes(own)) return { tenants: [own] };
    return {
      name: 'tenants',
      fault: `${showValue(stated)} lacks the tenant in the issuer, "${own}". Add it or leave tenants out.`,
    };
  }
  if (Array.isArray(stated) && stated.length === 0)
    return { name: 'tenants', fault: '[] lets nobody in. List tenant GUIDs.' };
  if (stated !== undefined) return { tenants: stated };
  if (style === 'entra')
    return { name: 'tenants', fault: 'missing. List the tenant GUIDs served, or write "any".' };
  const example = guidOf(issuer);
  return {
    name: 'tenantId',
    fault: `missing. Choose one GUID for all data of this issuer, e.g. "${example}".`,
  };
}

function completeIssuer(
  entry: IssuerEntry,
  context: IssuerContext,
  report: (name: string, message: string) => void,
): IssuerConfig | undefined {
  const { issuer } = entry;
  const urlFault = issuerUrlFault(issuer, context.dev);
  if (urlFault !== undefined) {
    report('issuer', `"${quoteForMessage(issuer)}" ${urlFault}`);
    return undefined;
  }
  const templated = issuer.includes('{tenantid}');
  const claims = entry.claims ?? (templated || entraHosts.test(new URL(issuer).hostname) ? 'entra' : 'oidc');
  const audiences = entry.audiences ?? context.audiences;
  if (audiences.length === 0) report('audiences', audiencesMissing);
  const outcome = issuerTenants(entry, claims, context);
  if ('fault' in outcome) {
    report(outcome.name, outcome.fault);
    return undefined;
  }
  const { tenants: served } = outcome;
  if (templated) return { issuer, audiences, tenants: served, claims };
  // Without {tenantid} nothing ties an issuer's tokens to the tenants they name, so it may name one only.
  const [only, ...others] = served === 'any' ? [] : served;
  if (only === undefined || others.length > 0) {
    report(
      'tenantId',
      `missing. An issuer without {tenantid} stands for one tenant. Name it, e.g. "${guidOf(issuer)}".`,
    );
    return undefined;
  }
  return { issuer, audiences, tenants: served, claims, tenantId: only };
}

const audiencesMissing =
  'missing. They are the aud values of tokens for this service: its application ID URI or client id, e.g. ["api://casp"].';
const issuersMissing =
  'missing. Name who signs tokens, e.g. ["https://login.microsoftonline.com/<tenant GUID>/v2.0"]. To try casp out: casp serve --dev.';
const publicUrlMissing =
  'missing. It is the address clients use, e.g. "https://casp.example.com", and stands in every link.';

/** What the rules see: values as they were resolved, undefined where one was refused. */
type Found = { readonly [Name in OptionName]: Resolved<Values[Name]> };

function completeIssuers(found: Found, dev: boolean, report: Report): readonly IssuerConfig[] {
  const { issuers, audiences, tenants } = found;
  const context = { dev, audiences: audiences.value ?? [], tenants: tenants.value };
  const entries = issuers.value ?? [];
  if (entries.length === 0 && issuers.value !== undefined && !dev) {
    report({ name: 'issuers', source: undefined, message: issuersMissing });
    if (audiences.isDefault) report({ name: 'audiences', source: undefined, message: audiencesMissing });
  }
  return entries.flatMap((entry, index) => {
    const { source } = issuers.setting;
    const complete = completeIssuer(entry, context, (name, message) =>
      // An audience missing everywhere is one problem, not one for each issuer.
      name === 'audiences' && !audiences.isDefault && audiences.value === undefined
        ? undefined
        : report({ name: `issuers[${index}].${name}`, source, message }),
    );
    return complete === undefined ? [] : [complete];
  });
}

function checkListeners(found: Found, circumstances: Circumstances, report: Report): void {
  const { httpPort, httpsPort } = found;
  const { dev, tls } = circumstances;
  const { source } = httpsPort.setting;
  if (httpPort.value === 'off' && httpsPort.value === 'off') {
    report({
      name: 'httpPort',
      source: httpPort.setting.source,
      message: 'and httpsPort are both off. Set one of them.',
    });
  }
  if (typeof httpPort.value === 'number' && httpPort.value !== 0 && httpPort.value === httpsPort.value) {
    report({ name: 'httpsPort', source, message: `${httpPort.value} is httpPort as well. Choose another.` });
  }
  if (typeof httpsPort.value === 'number' && !dev && !tls) {
    report({
      name: 'httpsPort',
      source,
      message: `${httpsPort.value} needs tlsCertificate and tlsKey. Set them, or leave httpsPort out.`,
    });
  }
}

function checkTls({ tlsCertificate, tlsKey }: Found, report: Report): void {
  const pairs = [
    ['tlsCertificate', tlsCertificate, tlsKey],
    ['tlsKey', tlsKey, tlsCertificate],
  ] as const;
  for (const [name, own, other] of pairs) {
    if (own.isDefault && !other.isDefault) {
      report({ name, source: undefined, message: 'missing. tlsCertificate and tlsKey belong together.' });
    }
    if (own.value === undefined) continue;
    try {
      accessSync(own.value, constants.R_OK);
    } catch (error) {
      const { source } = own.setting;
      report({
        name,
        source,
        message: `"${own.value}" cannot be read (${errorCode(error)}). Name a readable PEM file.`,
      });
    }
  }
}

function checkDatabase({ database, ephemeral }: Found, report: Report): void {
  if (ephemeral.value !== true || database.value === undefined) return;
  const message = 'would keep its data, but ephemeral promises to remove them. Leave one of the two out.';
  report({ name: 'database', source: database.setting.source, message });
}

function checkMode(found: Found, dev: boolean, report: Report): void {
  if (dev) return;
  for (const { name, devOnly } of options) {
    const { value, setting } = found[name];
    if (devOnly && value === true) {
      report({ name, source: setting.source, message: 'works only in dev mode. Add dev, or leave it out.' });
    }
  }
  // A trusted proxy says in its headers which address clients use.
  if (found.publicUrl.isDefault && found.trustedProxies.isDefault) {
    report({ name: 'publicUrl', source: undefined, message: publicUrlMissing });
  }
}

const listening = (value: number | 'off'): number | undefined => (value === 'off' ? undefined : value);

/** Builds the configuration from values none of which was refused. */
function createConfig(values: Values, issuers: readonly IssuerConfig[]): ServeConfig {
  const { tlsCertificate: certificatePath, tlsKey: keyPath } = values;
  return {
    dev: values.dev,
    host: values.host,
    httpPort: listening(values.httpPort),
    httpsPort: listening(values.httpsPort),
    tls: certificatePath === undefined || keyPath === undefined ? undefined : { certificatePath, keyPath },
    publicUrl: values.publicUrl,
    data: values.data,
    database: values.database === undefined ? undefined : parseDatabase(values.database, values.data),
    databasePoolSize: values.databasePoolSize,
    rowLevelSecurity: values.rowLevelSecurity,
    ephemeral: values.ephemeral,
    sample: values.sample,
    issuers,
    algorithms: values.algorithms,
    permissions: {
      read: { scopes: values.readScopes, roles: values.readRoles, directoryRoles: values.readDirectoryRoles },
      write: {
        scopes: values.writeScopes,
        roles: values.writeRoles,
        directoryRoles: values.writeDirectoryRoles,
      },
    },
    corsOrigins: values.corsOrigins,
    console: {
      clientId: values.consoleClientId,
      authority: values.consoleAuthority,
      scopes: values.consoleScopes,
    },
    trustedProxies: values.trustedProxies,
    throttle: values.throttle,
    throttleRates: {
      readsPerMinute: values.readsPerMinute,
      writesPerMinute: values.writesPerMinute,
      tenantRequestsPerMinute: values.tenantRequestsPerMinute,
      refusedTokensPerMinute: values.refusedTokensPerMinute,
    },
    logLevel: values.logLevel,
    metrics: values.metrics,
    requireIfMatch: values.requireIfMatch,
    topSemantics: values.topSemantics,
    readerThreads: values.readerThreads,
  };
}

/** Finds and checks every option; with problems there is no configuration, and all of them are listed. */
export function loadConfig(sources: ConfigSources): LoadedConfig {
  const problems: ConfigProblem[] = [];
  const report: Report = (problem) => problems.push(problem);
  const files = readConfigFiles(sources, report);
  reportUnknownNames(sources, files, report);
  const resolver = createResolver(sources, files, report);
  const { cores } = sources;
  const dev = resolver.resolve('dev', { dev: false, tls: false, cores });
  const tlsCertificate = resolver.resolve('tlsCertificate', { dev: false, tls: false, cores });
  const circumstances = { dev: dev.value ?? false, tls: tlsCertificate.value !== undefined, cores };
  const found = Object.fromEntries(
    optionNames.map((name) => {
      if (name === 'dev') return [name, dev];
      return [name, name === 'tlsCertificate' ? tlsCertificate : resolver.resolve(name, circumstances)];
    }),
  ) as unknown as Found;
  // A mode that cannot be read would make the rules below speak of the wrong one.
  const issuers = dev.value === undefined ? [] : completeIssuers(found, dev.value, report);
  if (dev.value !== undefined) checkMode(found, dev.value, report);
  checkListeners(found, circumstances, report);
  checkTls(found, report);
  checkDatabase(found, report);
  const settings = optionNames.map((name) => found[name].setting);
  if (problems.length > 0) return { config: undefined, settings, problems };
  const values = Object.fromEntries(
    optionNames.map((name) => [name, found[name].value]),
  ) as unknown as Values;
  return { config: createConfig(values, issuers), settings, problems };
}

/** Finds the data folder alone, for commands that work beside a server; an absolute path. */
export function findDataFolder(sources: ConfigSources): {
  readonly data: string | undefined;
  readonly problems: readonly ConfigProblem[];
} {
  const problems: ConfigProblem[] = [];
  const report: Report = (problem) => problems.push(problem);
  const files = readConfigFiles(sources, report);
  const { value } = createResolver(sources, files, report).resolve('data', {
    dev: false,
    tls: false,
    cores: sources.cores,
  });
  return { data: problems.length === 0 ? value : undefined, problems };
}

/** Finds the database alone, for commands that work on it themselves. */
export function findDatabase(sources: ConfigSources): {
  readonly database: DatabaseConfig | undefined;
  readonly rowLevelSecurity: boolean;
  readonly problems: readonly ConfigProblem[];
} {
  const problems: ConfigProblem[] = [];
  const report: Report = (problem) => problems.push(problem);
  const resolver = createResolver(sources, readConfigFiles(sources, report), report);
  const circumstances = { dev: false, tls: false, cores: sources.cores };
  const data = resolver.resolve('data', circumstances).value;
  const { value } = resolver.resolve('database', circumstances);
  const rowLevelSecurity = resolver.resolve('rowLevelSecurity', circumstances).value ?? false;
  if (problems.length > 0 || data === undefined) return { database: undefined, rowLevelSecurity, problems };
  const database = parseDatabase(value ?? `sqlite:${join(data, 'casp.db')}`, data);
  return { database, rowLevelSecurity, problems };
}

/** `2 problems in …` and a line for each, names in a column. */
export function describeProblems(problems: readonly ConfigProblem[]): string {
  const places = new Set(problems.flatMap(({ source }) => (source === undefined ? [] : [source])));
  const [only] = places;
  const oneFile = places.size === 1 && only !== undefined && only.endsWith('.json') ? only : undefined;
  const count = problems.length === 1 ? '1 problem' : `${problems.length} problems`;
  const width = Math.max(...problems.map(({ name }) => name.length));
  const lines = problems.map(({ name, source, message }) => {
    const place = source === undefined || oneFile !== undefined ? '' : ` (${source})`;
    return `  ${name.padEnd(width)}  ${message}${place}`;
  });
  return [`${count} in ${oneFile ?? 'the configuration'}`, ...lines].join('\n');
}

/** One row of `casp config explain`, all text. */
export interface ExplainedOption {
  readonly name: string;
  readonly value: string;
  readonly source: string;
  readonly losers: readonly { readonly source: string; readonly value: string }[];
}

const mask = '(secret)';

const explainValue = ({ secret, mask: show }: Option, value: unknown): string => {
  if (value === undefined) return 'none';
  if (secret) return show?.(value) ?? mask;
  return typeof value === 'string' ? value : JSON.stringify(value);
};

/** Each option with its value, where it comes from and what lost against it; secrets masked. */
export function explainConfig(settings: readonly Setting[]): readonly ExplainedOption[] {
  return settings.map(({ option, value, source, losers }) => ({
    name: option.name,
    value: explainValue(option, value),
    source,
    losers: losers.map((loser) => ({
      source: loser.source,
      value: explainValue(option, loser.value),
    })),
  }));
}
