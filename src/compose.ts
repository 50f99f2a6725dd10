/** Builds the parts from the configuration; the only place that knows all of them. */
import { randomBytes, randomUUID } from 'node:crypto';
import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { parseTenantId } from './auth/authenticator.ts';
import { testTenantId } from './auth/test-people.ts';
import { bodyBytesMaxOf } from './batch.ts';
import { createClock } from './clock.ts';
import { createAuthentication } from './compose-authentication.ts';
import { createConsoleHosting } from './compose-console.ts';
import { createDocuments } from './compose-documents.ts';
import { createStartup, type Startup } from './compose-startup.ts';
import type { ServeConfig } from './config.ts';
import { validateModel } from './edm/validate-model.ts';
import { ServiceError } from './errors.ts';
import { createAdmission } from './http/admission.ts';
import type { Handler, HttpRequest, HttpResponse } from './http/message.ts';
import { createOperations } from './http/operations.ts';
import { createHttpServer, type HttpServer } from './http/server.ts';
import { limits } from './limits.ts';
import { model } from './model/index.ts';
import type { Observe } from './observe/observation.ts';
import { createPageTokens } from './plan/page-token.ts';
import type { Author, PermissionChallenge, RequestContext, ServiceDocuments } from './plan/plan.ts';
import { serviceRoots } from './request/odata-request.ts';
import { createErrorResponder } from './response/error-response.ts';
import { createService } from './service.ts';
import type { Database } from './storage/database.ts';
import { countEntities, importEntities } from './storage/import-entities.ts';
import { openSecret } from './storage/secrets.ts';

/** What a service needs from its surroundings. */
export interface ServiceSurroundings {
  readonly observe: Observe;
  /** The program's version, shown in the documents. */
  readonly version: string;
  /** Prometheus text, where metrics are on. */
  readonly metrics: (() => Promise<string>) | undefined;
}

/** A service that accepts connections. */
export interface RunningService {
  readonly httpUrl: string | undefined;
  readonly httpsUrl: string | undefined;
  /** Profiles in the test tenant of dev mode; undefined outside it. */
  readonly profiles: number | undefined;
  /** Stops accepting, finishes what is under way, closes the database. */
  close(): Promise<void>;
}

const busyTimeoutMs = 5_000;

/** Opens the data, fills it in dev mode, and listens; rejects with what cannot be had. */
export async function startService(config: ServeConfig, parts: ServiceSurroundings): Promise<RunningService> {
  validateModel(model);
  await mkdir(config.data, { recursive: true });
  const { database, mayPass } = await openDatabase(config, parts.observe);
  const respondError = createErrorResponder({ now: Date.now });
  const listeners: string[] = [];
  const startup = createStartup({
    build: () => createApplication(config, database, parts, respondError),
    mayPass,
    retryMs: limits.databaseRetryMs,
    onDelayed: (error) => parts.observe({ kind: 'databaseAwaited', error }),
    onBuilt: (application) => {
      for (const url of listeners) application.trustListener(url);
    },
  });
  const servers: HttpServer[] = [];
  let stopping = false;
  const close = async () => {
    stopping = true;
    await Promise.all(servers.map((server) => server.close()));
    await startup.stop();
    startup.value()?.close();
    await database.close();
  };
  const onListening = (url: string) => {
    listeners.push(url);
    startup.value()?.trustListener(url);
  };
  try {
    await startup.begin();
    const operations = createOperations({
      readiness: async () => [shutdownReadiness(stopping), await databaseReadiness(database, startup)],
      metrics: parts.metrics,
    });
    const operate = (request: HttpRequest) => operations(request) ?? startup.value()?.operate(request);
    const openServer = createServers(config, parts, {
      handler: gate(startup, parts.observe, respondError),
      operate,
      respondError,
      onListening,
    });
    const origins = { http: undefined as string | undefined, https: undefined as string | undefined };
    if (config.httpPort !== undefined) origins.http = await openServer('http', config.httpPort, servers);
    if (config.httpsPort !== undefined) origins.https = await openServer('https', config.httpsPort, servers);
    const profiles = startup.value()?.profiles;
    return { httpUrl: origins.http, httpsUrl: origins.https, profiles, close };
  } catch (error) {
    await close();
    // People at the terminal may know what clients may not.
    throw error instanceof ServiceError && error.cause instanceof Error ? error.cause : error;
  }
}

/** Everything that answers requests; needs the database to be made. */
interface Application {
  readonly service: Handler;
  /** Documentation, console and local issuer; undefined for other addresses. */
  readonly operate: (request: HttpRequest) => Promise<HttpResponse> | undefined;
  readonly trustListener: (publicUrl: string) => void;
  readonly profiles: number | undefined;
  /** Ends what runs beside requests. */
  readonly close: () => void;
}

async function createApplication(
  config: ServeConfig,
  database: Database,
  parts: ServiceSurroundings,
  respondError: ErrorResponder,
): Promise<Application> {
  // Before anything is made of it: brings the schema up to date.
  await database.ping();
  const profiles = config.dev ? await seed(config, database) : undefined;
  const shareKey = (text: Uint8Array) => openSecret('local-issuer', text, database);
  const isShared = database.dialect.name === 'postgres';
  const authentication = await createAuthentication(config, parts.observe, isShared ? shareKey : undefined);
  const { authenticator, challenge, security, answerIssuer, trustListener } = authentication;
  const { documents, documentation } = createDocuments({
    version: parts.version,
    requiresIfMatch: config.requireIfMatch,
    security,
  });
  const throttle = await createConfiguredThrottle(config, database);
  const service = createService({
    authenticator,
    throttle,
    database,
    observe: parts.observe,
    newContext: await createContexts(config, database, challenge, documents),
    newId: randomUUID,
    respondError,
  });
  const answerConsole = createConsoleHosting(config, authentication, parts.version);
  return {
    service,
    operate: (request) => documentation(request) ?? answerConsole(request) ?? answerIssuer(request),
    trustListener,
    profiles,
    close: () => throttle?.close(),
  };
}

/** Instances on one database count together; a process with its own file counts for itself. */
async function createConfiguredThrottle(config: ServeConfig, database: Database) {
  if (!config.throttle) return undefined;
  const [{ createThrottle }, { createSharedCounts }] = await Promise.all([
    import('./throttle.ts'),
    import('./storage/shared-counts.ts'),
  ]);
  const shared = database.dialect.name === 'postgres' ? createSharedCounts(database) : undefined;
  return createThrottle(config.throttleRates, shared);
}

/** Loads the code of one engine only. */
async function openDatabase(config: ServeConfig, observe: Observe) {
  const chosen = config.database ?? { engine: 'sqlite', file: join(config.data, 'casp.db') };
  if (chosen.engine === 'sqlite') {
    const { openSqlite } = await import('./storage/sqlite/driver.ts');
    const { readerThreads } = config;
    const database = openSqlite({ file: chosen.file, model, busyTimeoutMs, readerThreads, observe });
    return { database, mayPass: () => false };
  }
  const { openPostgres, mayPass } = await import('./storage/postgres/driver.ts');
  const { databasePoolSize: poolSize, rowLevelSecurity } = config;
  return { database: openPostgres({ url: chosen.url, model, poolSize, rowLevelSecurity, observe }), mayPass };
}

/** Until the application is there, every request is told why. */
function gate(startup: Startup<Application>, observe: Observe, respondError: ErrorResponder): Handler {
  const explain: Handler = async (http) => {
    try {
      return await startup.require().service(http);
    } catch (error) {
      observe({ kind: 'requestFailed', requestId: http.id, error });
      return respondError(error, http);
    }
  };
  return (http) => startup.value()?.service(http) ?? explain(http);
}

type ErrorResponder = ReturnType<typeof createErrorResponder>;

/** What listeners are given. */
interface Serving {
  readonly handler: Handler;
  readonly operate: (request: HttpRequest) => Promise<HttpResponse> | undefined;
  readonly respondError: ErrorResponder;
  readonly onListening: (publicUrl: string) => void;
}

function createServers(config: ServeConfig, parts: ServiceSurroundings, serving: Serving) {
  const { handler, operate, respondError, onListening } = serving;
  const admit = createAdmission({ nowMs: () => performance.now(), afterTurn: setImmediate });
  return async (scheme: 'http' | 'https', port: number, servers: HttpServer[]): Promise<string> => {
    const shownHost = config.host === '127.0.0.1' || config.host === '::1' ? 'localhost' : config.host;
    const own = (bound: number) => `${scheme}://${shownHost}:${bound}`;
    const server = createHttpServer({
      handler: admit(handler),
      respondError,
      publicUrl: config.publicUrl ?? own,
      tls: scheme === 'https' ? await readTls(config) : undefined,
      operations: operate,
      directPrefixes: serviceRoots.map((root) => `/${root}/`),
      corsOrigins: config.corsOrigins,
      trustedProxies: config.trustedProxies,
      newRequestId: randomUUID,
      observe: parts.observe,
      bodyBytesMaxOf,
      regionLabel: 'Local',
    });
    servers.push(server);
    const bound = await server.listen({ host: config.host, port });
    onListening(config.publicUrl ?? own(bound.port));
    return own(bound.port);
  };
}

async function createContexts(
  config: ServeConfig,
  database: Database,
  challenge: PermissionChallenge,
  documents: ServiceDocuments,
): Promise<(http: HttpRequest) => RequestContext> {
  const key = await openSecret('page-token', randomBytes(32), database);
  const pageTokens = createPageTokens({ key, now: Date.now });
  const nowTicks = createClock(Date.now, () => performance.now());
  const policy = { requireIfMatch: config.requireIfMatch, topSemantics: config.topSemantics };
  return (http) => ({
    model,
    publicUrl: http.publicUrl,
    requestId: http.id,
    clientRequestId: http.clientRequestId,
    pageTokens,
    nowTicks: nowTicks(),
    newId: randomUUID,
    policy,
    challenge,
    documents,
  });
}

/** While requests under way are finished, balancers are told to send new ones elsewhere. */
const shutdownReadiness = (stopping: boolean) => ({
  name: 'shutdown',
  ok: !stopping,
  detail: stopping ? 'under way' : 'none',
});

async function databaseReadiness(database: Database, startup: Startup<Application>) {
  try {
    startup.require();
    await database.ping();
    return { name: 'database', ok: true, detail: database.dialect.name };
  } catch (error) {
    return { name: 'database', ok: false, detail: error instanceof Error ? error.message : 'unreachable' };
  }
}

async function readTls(config: ServeConfig): Promise<{ readonly key: string; readonly cert: string }> {
  if (config.tls !== undefined) {
    const { keyPath, certificatePath } = config.tls;
    return { key: await readFile(keyPath, 'utf8'), cert: await readFile(certificatePath, 'utf8') };
  }
  const { openLocalCertificate } = await import('./http/local-https.ts');
  return openLocalCertificate({ dataFolder: config.data, now: () => new Date() });
}

/** Who wrote the sample profiles, as their history shows it. */
const seedAuthor: Author = {
  kind: 'system',
  objectId: '00000000-0000-0000-0000-000000000000',
  name: 'Sample data',
  clientId: '00000000-0000-0000-0000-000000000000',
  requestId: '00000000-0000-0000-0000-000000000000',
  clientRequestId: '00000000-0000-0000-0000-000000000000',
};

/** Fills an empty test tenant with the sample; returns how many profiles it has then. */
async function seed(config: ServeConfig, database: Database): Promise<number> {
  const [entitySet] = model.entitySets;
  if (entitySet === undefined) throw new Error('the model has no entity set');
  const tenantId = parseTenantId(testTenantId);
  const present = await countEntities(entitySet, tenantId, database);
  if (present > 0 || !config.sample) return present;
  const { sampleProfiles } = await import('./model/sample-profiles.ts');
  const target = { entitySet, tenantId, author: seedAuthor };
  try {
    return await importEntities(sampleProfiles(), target, database);
  } catch (error) {
    // Another instance that started at the same moment may have been first.
    const found = await countEntities(entitySet, tenantId, database);
    if (found === 0) throw error;
    return found;
  }
}
