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
import { createDocuments } from './compose-documents.ts';
import type { ServeConfig } from './config.ts';
import { validateModel } from './edm/validate-model.ts';
import type { Handler, HttpRequest } from './http/message.ts';
import { createOperations } from './http/operations.ts';
import { createHttpServer, type HttpServer } from './http/server.ts';
import { model } from './model/index.ts';
import type { Observe } from './observe/observation.ts';
import { createPageTokens } from './plan/page-token.ts';
import type { Author, PermissionChallenge, RequestContext, ServiceDocuments } from './plan/plan.ts';
import { createErrorResponder } from './response/error-response.ts';
import { createService } from './service.ts';
import type { Database } from './storage/database.ts';
import { countEntities, importEntities } from './storage/import-entities.ts';
import { openSecret } from './storage/secrets.ts';
import { openSqlite } from './storage/sqlite/driver.ts';

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
  const database = openSqlite({
    file: join(config.data, 'casp.db'),
    model,
    busyTimeoutMs,
    readerThreads: config.readerThreads,
    observe: parts.observe,
  });
  const servers: HttpServer[] = [];
  const close = async () => {
    await Promise.all(servers.map((server) => server.close()));
    await database.close();
  };
  try {
    const profiles = config.dev ? await seed(config, database) : undefined;
    const origins = { http: undefined as string | undefined, https: undefined as string | undefined };
    const openServer = await createServers(config, database, parts);
    if (config.httpPort !== undefined) origins.http = await openServer('http', config.httpPort, servers);
    if (config.httpsPort !== undefined) origins.https = await openServer('https', config.httpsPort, servers);
    return { httpUrl: origins.http, httpsUrl: origins.https, profiles, close };
  } catch (error) {
    await close();
    throw error;
  }
}

async function createServers(config: ServeConfig, database: Database, parts: ServiceSurroundings) {
  const { authenticator, challenge, security, answerIssuer, trustListener } = await createAuthentication(
    config,
    parts.observe,
  );
  const respondError = createErrorResponder({ now: Date.now });
  const { documents, documentation } = createDocuments({
    version: parts.version,
    requiresIfMatch: config.requireIfMatch,
    security,
  });
  const service: Handler = createService({
    authenticator,
    throttle: config.throttle
      ? (await import('./throttle.ts')).createThrottle(config.throttleRates)
      : undefined,
    database,
    observe: parts.observe,
    newContext: await createContexts(config, database, challenge, documents),
    newId: randomUUID,
    respondError,
  });
  const operations = createOperations({
    readiness: async () => [await databaseReadiness(database)],
    metrics: parts.metrics,
  });
  return async (scheme: 'http' | 'https', port: number, servers: HttpServer[]): Promise<string> => {
    const shownHost = config.host === '127.0.0.1' || config.host === '::1' ? 'localhost' : config.host;
    const own = (bound: number) => `${scheme}://${shownHost}:${bound}`;
    const operate = (request: HttpRequest) =>
      operations(request) ?? documentation(request) ?? answerIssuer(request);
    const server = createHttpServer({
      handler: service,
      respondError,
      publicUrl: config.publicUrl ?? own,
      tls: scheme === 'https' ? await readTls(config) : undefined,
      operations: operate,
      corsOrigins: config.corsOrigins,
      trustedProxies: config.trustedProxies,
      newRequestId: randomUUID,
      observe: parts.observe,
      bodyBytesMaxOf,
      regionLabel: 'Local',
    });
    servers.push(server);
    const bound = await server.listen({ host: config.host, port });
    trustListener(config.publicUrl ?? own(bound.port));
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

async function databaseReadiness(database: Database) {
  try {
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
  return importEntities(sampleProfiles(), target, database);
}
