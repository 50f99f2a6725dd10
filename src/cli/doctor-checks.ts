/** What `casp doctor` looks at: each check says what it found, whether that will do, and what to do if not. */
import { createPrivateKey, randomUUID, X509Certificate } from 'node:crypto';
import { constants, existsSync, readFileSync } from 'node:fs';
import { access, rm, stat, writeFile } from 'node:fs/promises';
import { createServer, isIP } from 'node:net';
import { dirname, join } from 'node:path';
import { parseTenantId } from '../auth/authenticator.ts';
import { createFetchJson, type FetchJson } from '../auth/fetch-json.ts';
import { createStaticKeys } from '../auth/keys.ts';
import { fetchIssuerDocuments, type IssuerDocuments } from '../auth/remote-issuer.ts';
import { signingKeyPath } from '../auth/signing-key.ts';
import { type ConfigProblem, type IssuerConfig, maskDatabase, type ServeConfig } from '../config.ts';
import { caCertificatePath } from '../http/local-https.ts';
import { limits } from '../limits.ts';
import { model } from '../model/index.ts';
import { openSqlite } from '../storage/sqlite/driver.ts';
import { showDuration } from './duration.ts';
import { probe } from './probe.ts';
import { type RunFile, readRunFile } from './run-file.ts';

/** `failed`: the service cannot work like this. `warning`: it works, but not for long or not well. */
export type CheckResult = 'ok' | 'warning' | 'failed';

/** One line of the report. */
export interface Finding {
  readonly check: string;
  readonly result: CheckResult;
  readonly what: string;
  /** What to do; undefined when nothing is wrong. */
  readonly fix: string | undefined;
}

const ok = (check: string, what: string): Finding => ({ check, result: 'ok', what, fix: undefined });
const warn = (check: string, what: string, fix: string): Finding => ({ check, result: 'warning', what, fix });
const fail = (check: string, what: string, fix: string): Finding => ({ check, result: 'failed', what, fix });

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
const codeOf = (error: unknown): string => {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  return typeof code === 'string' ? code : messageOf(error);
};

/** Every problem of the configuration; one line when there is none. */
export function checkConfig(problems: readonly ConfigProblem[]): readonly Finding[] {
  if (problems.length === 0) return [ok('configuration', 'every option has a value that can be used')];
  return problems.map(({ name, source, message }) => {
    // A problem's message is the fault, a full stop and the fix.
    const [, fault = message, fix = 'Correct it.'] = /^(.*?)\. ([A-Z].*)$/s.exec(message) ?? [];
    return fail(`configuration: ${name}`, source === undefined ? fault : `${fault} (${source})`, fix);
  });
}

function nearestFolder(path: string): string {
  return existsSync(path) || dirname(path) === path ? path : nearestFolder(dirname(path));
}

/** Whether the service can make or write the folder of its data; leaves nothing behind. */
export async function checkDataFolder(data: string): Promise<Finding> {
  const folder = nearestFolder(data);
  const fix = `Make it a folder this user may write, or name another with --data.`;
  try {
    if (!(await stat(folder)).isDirectory()) return fail('data folder', `${folder} is no folder`, fix);
    if (folder !== data) {
      await access(folder, constants.W_OK | constants.X_OK);
      return ok('data folder', `${data} is not there yet; it is made at the first start`);
    }
    const file = join(data, `.doctor-${randomUUID()}`);
    await writeFile(file, '', { flag: 'wx' });
    await rm(file);
    return ok('data folder', `${data} can be written`);
  } catch (error) {
    return fail('data folder', `${folder} cannot be written (${codeOf(error)})`, fix);
  }
}

/** Whether the process of a run file is there; a signal 0 asks without disturbing it. */
function isAlive(run: RunFile | undefined): run is RunFile {
  if (run === undefined) return false;
  try {
    return process.kill(run.pid, 0);
  } catch {
    return false;
  }
}

const probeTimeoutMs = 2000;

/** Asks a server of ours; for https the local authority is trusted beside the usual ones. */
function ask(url: string, data: string): ReturnType<typeof probe> {
  const path = caCertificatePath(data);
  const authority = url.startsWith('https:') && existsSync(path) ? readFileSync(path, 'utf8') : undefined;
  return probe({ url, headers: {}, authority, timeoutMs: probeTimeoutMs });
}

const busyTimeoutMs = 5_000;

/** Asks the running server for its database, else opens it as `casp serve` would; a missing one is not made. */
export async function checkDatabase(data: string, database?: ServeConfig['database']): Promise<Finding> {
  const run = readRunFile(data);
  if (database?.engine === 'postgres') {
    return isAlive(run) ? checkServedDatabase(run, data) : checkPostgres(database.url);
  }
  const file = database?.file ?? join(data, 'casp.db');
  if (!existsSync(file)) return ok('database', `${file} is not there yet; it is made at the first start`);
  if (isAlive(run)) return checkServedDatabase(run, data);
  try {
    const database = openSqlite({ file, model, busyTimeoutMs });
    try {
      await database.ping();
    } finally {
      await database.close();
    }
    return ok('database', `${file} opens and answers`);
  } catch (error) {
    const fix = 'Restore a backup, or move the file away to start with an empty one.';
    return fail('database', `${file} cannot be opened: ${messageOf(error)}`, fix);
  }
}

/** Connects and looks, without bringing the schema up to date. */
async function checkPostgres(url: string): Promise<Finding> {
  const shown = maskDatabase(url);
  const { checkServer } = await import('../storage/postgres/driver.ts');
  try {
    const { version } = await checkServer(url);
    return ok('database', `${shown} answers: PostgreSQL ${version}`);
  } catch (error) {
    const what = messageOf(error instanceof Error ? (error.cause ?? error) : error);
    const fix = 'Check host, port, name, user and password of --database, and that the server runs.';
    return fail('database', `${shown} cannot be used: ${what}`, fix);
  }
}

async function checkServedDatabase(run: RunFile, data: string): Promise<Finding> {
  const url = `${run.httpUrl ?? run.httpsUrl}/readyz?verbose`;
  const answer = await ask(url, data);
  const line = /^\[.\] (database: .*)$/m.exec(answer?.body ?? '')?.[1];
  if (answer?.status === 200 && line !== undefined) {
    return ok('database', `in use by casp, process ${run.pid}, which says ${line}`);
  }
  const said = answer === undefined ? 'does not answer' : `answers ${answer.status} ${line ?? ''}`.trimEnd();
  return fail('database', `casp, process ${run.pid}, has it, but ${url} ${said}`, 'Look into its log.');
}

interface Listener {
  readonly scheme: 'http' | 'https';
  readonly port: number;
  /** Where a running server of ours says it listens with this scheme. */
  readonly url: string | undefined;
}

function listenersOf({ httpPort, httpsPort }: ServeConfig, run: RunFile | undefined): readonly Listener[] {
  return [
    ...(httpPort === undefined ? [] : [{ scheme: 'http', port: httpPort, url: run?.httpUrl } as const]),
    ...(httpsPort === undefined ? [] : [{ scheme: 'https', port: httpsPort, url: run?.httpsUrl } as const]),
  ];
}

/** Why a port cannot be listened on; undefined when it can. */
function tryPort(host: string, port: number): Promise<string | undefined> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', (error) => resolve(codeOf(error)));
    server.listen({ host, port, exclusive: true }, () => server.close(() => resolve(undefined)));
  });
}

async function checkPort({ scheme, port, url }: Listener, config: ServeConfig, run: RunFile | undefined) {
  const check = `${scheme} port`;
  const option = `--${scheme}-port`;
  if (port === 0) return ok(check, 'any free port');
  const fault = await tryPort(config.host, port);
  if (fault === undefined) return ok(check, `${port} on ${config.host} is free`);
  if (fault === 'EADDRINUSE') {
    if (isAlive(run) && url !== undefined && new URL(url).port === String(port)) {
      return ok(check, `${port} is served by casp, process ${run.pid}`);
    }
    const fix = `Stop that program, or choose another port: ${option} N.`;
    return fail(check, `${port} on ${config.host} is in use by another program`, fix);
  }
  if (fault === 'EACCES') {
    return fail(check, `${port} may not be opened by this user`, `Choose a port above 1023: ${option} N.`);
  }
  return fail(check, `${config.host} cannot be listened on (${fault})`, 'Correct --host, e.g. 127.0.0.1.');
}

/** Whether each configured port is free, or taken by a server of this data folder. */
export function checkPorts(config: ServeConfig): Promise<readonly Finding[]> {
  const run = readRunFile(config.data);
  return Promise.all(listenersOf(config, run).map((listener) => checkPort(listener, config, run)));
}

const dayMs = 24 * 60 * 60 * 1000;
const renewalMs = 30 * dayMs;

function checkLifetime(check: string, certificate: X509Certificate, now: Date, fix: string): Finding {
  const until = new Date(certificate.validTo);
  const leftMs = until.getTime() - now.getTime();
  const day = until.toISOString().slice(0, 10);
  if (leftMs <= 0) return fail(check, `it expired on ${day}`, fix);
  if (Date.parse(certificate.validFrom) > now.getTime()) {
    return fail(check, `it is valid only from ${new Date(certificate.validFrom).toISOString()}`, fix);
  }
  if (leftMs < renewalMs) return warn(check, `it expires on ${day}, in ${showDuration(leftMs)}`, fix);
  return ok(check, `valid until ${day}`);
}

function checkConfigured(paths: NonNullable<ServeConfig['tls']>, publicUrl: string | undefined, now: Date) {
  const check = 'certificate';
  const fix = 'Name a PEM file each with --tls-certificate and --tls-key.';
  let certificate: X509Certificate;
  try {
    certificate = new X509Certificate(readFileSync(paths.certificatePath));
  } catch (error) {
    return fail(check, `${paths.certificatePath} holds no certificate (${codeOf(error)})`, fix);
  }
  try {
    if (!certificate.checkPrivateKey(createPrivateKey(readFileSync(paths.keyPath)))) {
      return fail(check, `${paths.keyPath} is the key of another certificate`, fix);
    }
  } catch (error) {
    return fail(check, `${paths.keyPath} holds no private key (${codeOf(error)})`, fix);
  }
  const lifetime = checkLifetime(check, certificate, now, 'Renew it and start casp again.');
  if (lifetime.result !== 'ok' || publicUrl === undefined) return lifetime;
  const hostName = new URL(publicUrl).hostname.replace(/^\[|\]$/g, '');
  const covered = isIP(hostName) === 0 ? certificate.checkHost(hostName) : certificate.checkIP(hostName);
  if (covered !== undefined) return lifetime;
  return warn(
    check,
    `it does not name ${hostName}, the host of publicUrl`,
    'Clients that connect here directly refuse it: have it issued for that name.',
  );
}

/** The certificate of the https listener: readable, with its key, in its lifetime, for the public name. */
export function checkCertificate(config: ServeConfig, now: Date): readonly Finding[] {
  if (config.httpsPort === undefined) return [];
  if (config.tls !== undefined) return [checkConfigured(config.tls, config.publicUrl, now)];
  const path = caCertificatePath(config.data);
  const check = 'local certificate authority';
  if (!existsSync(path)) return [ok(check, 'is made at the first start')];
  const fix = `Delete ${dirname(path)}; a new one is made at the next start, and has to be trusted anew.`;
  try {
    return [checkLifetime(check, new X509Certificate(readFileSync(path)), now, fix)];
  } catch (error) {
    return [fail(check, `${path} holds no certificate (${codeOf(error)})`, fix)];
  }
}

/** The key of the development issuer; outside dev mode there is none. */
export function checkLocalIssuer({ dev, data }: ServeConfig): readonly Finding[] {
  if (!dev) return [];
  const path = signingKeyPath(data);
  const check = 'local issuer';
  return [ok(check, existsSync(path) ? `its key is ${path}` : 'its key is made at the first start')];
}

const skewWarningMs = 60_000;

function checkClock(issuer: string, { serverTime }: IssuerDocuments, now: Date): Finding {
  const check = `clock: ${issuer}`;
  if (serverTime === undefined) return ok(check, 'the issuer does not say what time it is');
  const skewMs = now.getTime() - serverTime.getTime();
  // The header has whole seconds, rounded down.
  if (Math.abs(skewMs) < 1000) return ok(check, 'the same time as at the issuer');
  const what = `${showDuration(Math.abs(skewMs))} ${skewMs > 0 ? 'ahead of' : 'behind'} the issuer`;
  const fix = 'Set the clock, and keep it so: NTP (chrony, systemd-timesyncd, w32time).';
  if (Math.abs(skewMs) > limits.clockSkewS * 1000) {
    return fail(check, `${what}: tokens are refused as expired or not yet valid`, fix);
  }
  return Math.abs(skewMs) > skewWarningMs ? warn(check, what, fix) : ok(check, what);
}

function issuerFix(message: string): string {
  if (/certificate|self.signed|unable to verify/i.test(message)) {
    return 'Trust the authority of its certificate: NODE_EXTRA_CA_CERTS=FILE before casp starts.';
  }
  if (/names the issuer/.test(message)) return 'Write the issuer exactly as the document names it.';
  if (/answered 404/.test(message)) return 'Correct the address in issuers: nothing is published there.';
  return 'Check address, name resolution, firewall and proxy: casp must reach it over https.';
}

async function checkKeys(
  issuer: string,
  { jwks }: IssuerDocuments,
  algorithms: readonly string[],
): Promise<Finding> {
  const check = `issuer: ${issuer}`;
  const keys = createStaticKeys(jwks);
  const usable = await Promise.all(
    jwks.map(async ({ kid }) => {
      const found = await Promise.all(algorithms.map((algorithm) => keys.find({ kid, algorithm })));
      return found.some((key) => key !== undefined) ? [kid ?? '(no key id)'] : [];
    }),
  );
  const names = usable.flat();
  if (names.length > 0) {
    const shown = names.length > 4 ? [...names.slice(0, 4), `${names.length - 4} more`] : names;
    return ok(check, `${names.length === 1 ? 'key' : `${names.length} keys`} ${shown.join(', ')}`);
  }
  const offered = [...new Set(jwks.map(({ alg, kty }) => alg ?? kty))].join(', ');
  return fail(
    check,
    `none of its ${jwks.length} keys (${offered}) is for ${algorithms.join(' or ')}`,
    'Allow the algorithm its tokens are signed with: --algorithms.',
  );
}

async function checkIssuer(
  { issuer, tenants, claims }: IssuerConfig,
  algorithms: readonly string[],
  fetchJson: FetchJson,
  now: () => Date,
): Promise<readonly Finding[]> {
  try {
    const documents = await fetchIssuerDocuments({
      issuer,
      tenants: tenants === 'any' ? 'any' : new Set(tenants.map(parseTenantId)),
      claimStyle: claims,
      fetchJson,
      now,
    });
    return [await checkKeys(issuer, documents, algorithms), checkClock(issuer, documents, now())];
  } catch (error) {
    const message = messageOf(error);
    return [fail(`issuer: ${issuer}`, message, issuerFix(message))];
  }
}

/** Whether each issuer elsewhere can be reached, has keys for our algorithms, and shares our time. */
export async function checkIssuers(config: ServeConfig, now: () => Date): Promise<readonly Finding[]> {
  const fetchJson = createFetchJson({ allowLoopbackHttp: config.dev });
  const { issuers, algorithms } = config;
  const findings = await Promise.all(
    issuers.map((issuer) => checkIssuer(issuer, algorithms, fetchJson, now)),
  );
  return findings.flat();
}
