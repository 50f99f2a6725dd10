/** The whole service without a socket: the parts `compose.ts` joins, with a hand on the database, the clock and the log. */
import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createClock } from '../../../src/clock.ts';
import { createDocuments } from '../../../src/compose-documents.ts';
import type { Handler, HttpRequest, HttpResponse } from '../../../src/http/message.ts';
import { model } from '../../../src/model/index.ts';
import type { Observation } from '../../../src/observe/observation.ts';
import { createPageTokens } from '../../../src/plan/page-token.ts';
import { createErrorResponder } from '../../../src/response/error-response.ts';
import { createService } from '../../../src/service.ts';
import type { Database } from '../../../src/storage/database.ts';
import { openSqlite } from '../../../src/storage/sqlite/driver.ts';
import {
  authenticatorFor,
  challenge,
  delegated,
  newTestKey,
  sign,
  tenant,
} from '../../unit/auth/token-fixture.ts';

/** The tenant of the token every request carries unless it says otherwise. */
export const inProcessTenant = tenant;
/** The collection in its canonical spelling. */
export const collectionPath = '/v1.0/security/cloudAppSecurityProfiles';

export interface InProcessOptions {
  /** Folder of the database; one of its own, removed at the end, unless given. */
  readonly data?: string;
  /** Stands between the service and the engine. */
  readonly wrap?: (database: Database) => Database;
  /** Milliseconds since the epoch, as the service sees them. */
  readonly now?: () => number;
  readonly busyTimeoutMs?: number;
  /** Threads for long reads; 0 reads everything on the main thread. */
  readonly readerThreads?: number;
}

/** A request as a test writes it. */
export interface InProcessAsk {
  readonly method?: string;
  readonly target: string;
  readonly headers?: Readonly<Record<string, string | undefined>>;
  /** Text and bytes as they are, anything else as JSON. */
  readonly body?: unknown;
}

/** An answer with its body read. */
export interface InProcessAnswer {
  readonly status: number;
  readonly headers: HttpResponse['headers'];
  readonly text: string;
  /** Undefined where the text is no JSON. */
  readonly json: unknown;
}

export interface InProcessService {
  readonly handler: Handler;
  readonly database: Database;
  readonly file: string;
  /** A token that may read and write. */
  readonly token: string;
  readonly observations: readonly Observation[];
  /** Signs other claims with the trusted key. */
  mint(
    claims: Readonly<Record<string, unknown>>,
    header?: Readonly<Record<string, unknown>>,
  ): Promise<string>;
  ask(ask: InProcessAsk): Promise<InProcessAnswer>;
  close(): Promise<void>;
}

/** Made once: an RSA key costs more than a service. */
const signingKey = newTestKey('one');

/** Opens the service on a real SQLite file. */
export async function openInProcess(options: InProcessOptions = {}): Promise<InProcessService> {
  const { now = Date.now, wrap = (database) => database, busyTimeoutMs = 1000, readerThreads = 0 } = options;
  const folder = options.data ?? mkdtempSync(join(tmpdir(), 'casp-in-process-'));
  const file = join(folder, 'casp.db');
  const engine = openSqlite({ file, model, busyTimeoutMs, readerThreads });
  const database = wrap(engine);
  const key = await signingKey;
  const mint: InProcessService['mint'] = (claims, header = {}) => sign(key, delegated(claims), header);
  const token = await mint({ scp: 'SecurityEvents.Read.All SecurityEvents.ReadWrite.All' });
  const observations: Observation[] = [];
  const handler = createHandler(database, now, authenticatorFor([key]), (seen) => {
    if (observations.length < 1000) observations.push(seen);
  });
  return {
    handler,
    database,
    file,
    token,
    observations,
    mint,
    async ask(asked) {
      return readResponse(await handler(requestOf(asked, token)));
    },
    async close() {
      await engine.close();
      if (options.data === undefined) rmSync(folder, { recursive: true, force: true });
    },
  };
}

function createHandler(
  database: Database,
  now: () => number,
  authenticator: ReturnType<typeof authenticatorFor>,
  observe: (seen: Observation) => void,
): Handler {
  const security = { authorizationUrl: undefined, tokenUrl: undefined, scopePrefix: '' };
  const { documents } = createDocuments({ version: '0', requiresIfMatch: false, security });
  const pageTokens = createPageTokens({ key: Buffer.alloc(32, 7), now });
  const nowTicks = createClock(now, () => performance.now());
  return createService({
    authenticator,
    throttle: undefined,
    database,
    observe,
    newContext: (http) => ({
      model,
      publicUrl: http.publicUrl,
      requestId: http.id,
      clientRequestId: http.clientRequestId,
      pageTokens,
      nowTicks: nowTicks(),
      newId: randomUUID,
      policy: { requireIfMatch: false, topSemantics: 'auto' },
      challenge,
      documents,
    }),
    newId: randomUUID,
    respondError: createErrorResponder({ now }),
  });
}

/** Nobody leaves: the signal of requests whose client stays. */
const stays = new AbortController().signal;

/** A request as `http/server.ts` would hand it on. */
export function requestOf({ method, target, headers = {}, body }: InProcessAsk, token: string): HttpRequest {
  const id = randomUUID();
  const bytes = bytesOf(body);
  const usual: Record<string, string | undefined> = {
    host: 'casp.example',
    authorization: `Bearer ${token}`,
  };
  if (bytes !== undefined) usual['content-type'] = 'application/json';
  return {
    id,
    clientRequestId: id,
    method: method ?? (bytes === undefined ? 'GET' : 'PATCH'),
    target,
    headers: { ...usual, ...headers },
    body: bytes,
    publicUrl: 'https://casp.example',
    remoteAddress: '127.0.0.1',
    signal: stays,
  };
}

function bytesOf(body: unknown): Uint8Array | undefined {
  if (body === undefined || body instanceof Uint8Array) return body;
  return Buffer.from(typeof body === 'string' ? body : JSON.stringify(body));
}

function readResponse({ status, headers, body }: HttpResponse): InProcessAnswer {
  const text = body === undefined || typeof body === 'string' ? (body ?? '') : Buffer.from(body).toString();
  return { status, headers, text, json: readJson(text) };
}

function readJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** The member of a JSON answer. */
export function memberOf(answer: InProcessAnswer, name: string): unknown {
  const { json } = answer;
  if (typeof json !== 'object' || json === null) throw new Error(`no object: ${answer.text}`);
  return (json as Readonly<Record<string, unknown>>)[name];
}

/** Status and our code, as in `503 storageBusy`; the status alone where nothing failed. */
export function verdictOf(answer: InProcessAnswer): string {
  const error = (answer.json as { error?: { innerError?: { code?: string } } } | undefined)?.error;
  return error === undefined ? String(answer.status) : `${answer.status} ${error.innerError?.code}`;
}
