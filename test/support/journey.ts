/** One request at every stage, as text: what came, what it means, what the engine was told, what went out. */
import { parseTenantId, type TokenPrincipal } from '../../src/auth/authenticator.ts';
import { createChallenge } from '../../src/auth/challenge.ts';
import { createDocuments } from '../../src/compose-documents.ts';
import { ticksOf, ticksPerSecond } from '../../src/edm/date-time-offset.ts';
import { ServiceError } from '../../src/errors.ts';
import type { HttpRequest, HttpResponse } from '../../src/http/message.ts';
import { model } from '../../src/model/index.ts';
import { makePlan } from '../../src/plan/make-plan.ts';
import { createPageTokens } from '../../src/plan/page-token.ts';
import type { Plan, RequestContext } from '../../src/plan/plan.ts';
import { parseRequest } from '../../src/request/parse-request.ts';
import { createErrorResponder } from '../../src/response/error-response.ts';
import { respond } from '../../src/response/respond.ts';
import type { Statement } from '../../src/sql/statement.ts';
import { type Database, type Session, send } from '../../src/storage/database.ts';
import { execute } from '../../src/storage/execute.ts';
import { outlinePlan } from './outline-plan.ts';
import { engines, openEmptyDatabase } from './query-database.ts';

/** What a client sends. */
export interface JourneyRequest {
  readonly method: string;
  readonly target: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: object;
}

/** A place to travel: real stages over a real database of each engine, fixed time and fixed ids. */
export interface Traveller {
  /** Sends a request and returns its journey as lines, and the answer. */
  travel(
    request: JourneyRequest,
  ): Promise<{ readonly lines: readonly string[]; readonly answer: HttpResponse }>;
  close(): Promise<void>;
}

const start = '2026-01-01T00:00:00Z';
const tenantId = parseTenantId('7e571e00-0000-4000-8000-00000000c0de');
const principal: TokenPrincipal = {
  kind: 'delegated',
  tenantId,
  objectId: '7e571e00-0000-4000-8000-00000000e002',
  name: 'Ana Lindqvist',
  clientId: '7e571e00-0000-4000-8000-00000000c11e',
  permissions: new Set(['SecurityEvents.ReadWrite.All']),
  directoryRoles: new Set(),
};

const clientId = '7e571e00-0000-4000-8000-0000000ca590';
const challenge = createChallenge({ authorizationUri: 'https://host/authorize', clientId });
const pageTokens = createPageTokens({ key: new Uint8Array(32), now: () => Date.parse(start) });
const { documents } = createDocuments({
  version: '0.0.0',
  requiresIfMatch: false,
  security: { authorizationUrl: undefined, tokenUrl: undefined, scopePrefix: '' },
});
const respondError = createErrorResponder({ now: () => Date.parse(start) });

const guidOf = (prefix: string, number: number) =>
  `${prefix}-0000-4000-8000-${String(number).padStart(12, '0')}`;

/** Opens an empty database of each engine. */
export async function openTraveller(): Promise<Traveller> {
  const statements: string[] = [];
  const opened = await Promise.all(engines.map((engine) => openEmptyDatabase(engine)));
  const databases = opened.map(({ database }) => recordStatements(database, (line) => statements.push(line)));
  let requests = 0;
  let entities = 0;
  const newContext = (): RequestContext => ({
    model,
    publicUrl: 'https://host',
    requestId: guidOf('0000000a', requests),
    clientRequestId: guidOf('0000000c', requests),
    pageTokens,
    nowTicks: ticksOf(start) + BigInt(requests) * ticksPerSecond,
    newId: () => {
      entities += 1;
      return guidOf('00000001', entities);
    },
    policy: { requireIfMatch: false, topSemantics: 'auto' },
    challenge,
    documents,
  });
  /** What an engine was told, and what went out. */
  const pass = async (plan: Plan, context: RequestContext, database: Database): Promise<Passage> => {
    statements.length = 0;
    const refused = (error: unknown) => {
      if (!(error instanceof ServiceError)) throw error;
      return respondError(error, { id: context.requestId, clientRequestId: context.clientRequestId });
    };
    const answer = await execute(plan, database).then((result) => respond(result, plan, context), refused);
    return { statements: [...statements], answer, told: describeAnswer(answer).map(hideSkipToken) };
  };
  return {
    async travel(request) {
      requests += 1;
      const context = newContext();
      const http = httpRequest(request, context);
      const asked = describeRequest(request).map(hideSkipToken);
      let plan: Plan;
      try {
        plan = makePlan(parseRequest(http), principal, context);
      } catch (error) {
        if (!(error instanceof ServiceError)) throw error;
        const answer = respondError(error, http);
        return { lines: [...asked, `plan      none: ${error.code}`, ...describeAnswer(answer)], answer };
      }
      const passages: Passage[] = [];
      for (const database of databases) passages.push(await pass(plan, context, database));
      const [first, ...others] = passages;
      if (first === undefined) throw new Error('no engine');
      for (const { told } of others) {
        if (told.join() !== first.told.join())
          throw new Error(`${told.join('\n')}\nis not\n${first.told.join('\n')}`);
      }
      const lines = [`plan      ${outlinePlan(plan)}`, ...passages.flatMap((passage) => passage.statements)];
      return { lines: [...asked, ...lines.map(hideSkipToken), ...first.told], answer: first.answer };
    },
    async close() {
      for (const { database, remove } of opened) {
        await database.close();
        await remove();
      }
    },
  };
}

/** One engine's part of a journey. */
interface Passage {
  readonly statements: readonly string[];
  readonly answer: HttpResponse;
  readonly told: readonly string[];
}

/** Passes everything on and tells each statement first. */
function recordStatements(database: Database, tell: (line: string) => void): Database {
  const name = database.dialect.name.padEnd(10);
  const recorded = (session: Session): Session => ({
    run(statement) {
      tell(`${name}${describeStatement(statement)}`);
      return session.run(statement);
    },
    send(statement) {
      tell(`${name}${describeStatement(statement)}`);
      return send(statement, session);
    },
  });
  return {
    ...database,
    read: (work, ...rest) => database.read((session) => work(recorded(session)), ...rest),
    async write(work) {
      tell(`${name}begin`);
      try {
        const value = await database.write((session) => work(recorded(session)));
        tell(`${name}commit`);
        return value;
      } catch (error) {
        tell(`${name}rollback`);
        throw error;
      }
    },
  };
}

const parameterCharactersMax = 40;

function describeStatement({ text, parameters }: Statement): string {
  const shown = parameters.map((parameter) => {
    if (Array.isArray(parameter)) return `[${parameter.length} of ${parameter[0]} …]`;
    if (typeof parameter !== 'string') return String(parameter);
    const characters = [...parameter];
    const cut = characters.length > parameterCharactersMax;
    return cut
      ? `${JSON.stringify(characters.slice(0, 24).join('')).slice(0, -1)}…"`
      : JSON.stringify(parameter);
  });
  return `${text}\n          ← ${shown.join(', ')}`;
}

function httpRequest(request: JourneyRequest, context: RequestContext): HttpRequest {
  const { method, target, headers = {}, body } = request;
  const named = Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value] as const);
  const type = body === undefined ? {} : { 'content-type': 'application/json' };
  return {
    id: context.requestId,
    clientRequestId: context.clientRequestId,
    method,
    target,
    headers: { ...type, ...Object.fromEntries(named) },
    body: body === undefined ? undefined : new TextEncoder().encode(JSON.stringify(body)),
    publicUrl: context.publicUrl,
    remoteAddress: '127.0.0.1',
    signal: new AbortController().signal,
  };
}

function describeRequest({ method, target, headers = {}, body }: JourneyRequest): readonly string[] {
  const named = Object.entries(headers).map(([name, value]) => `          ${name}: ${value}`);
  return [
    `> ${method} ${target}`,
    ...named,
    ...(body === undefined ? [] : [`          ${JSON.stringify(body)}`]),
  ];
}

/** Headers that are the same in every answer are left to the conformance suite. */
const toldHeaders = ['Allow', 'ETag', 'Location', 'OData-EntityId', 'Preference-Applied'];

function describeAnswer({ status, headers, body }: HttpResponse): readonly string[] {
  const told = toldHeaders.flatMap((name) =>
    headers[name] === undefined ? [] : [`          ${name}: ${headers[name]}`],
  );
  const text = typeof body === 'object' ? new TextDecoder().decode(body) : body;
  return [`< ${status}`, ...told, ...(text === undefined ? [] : [`          ${text}`])];
}

/** A page token is sealed with random bytes: each one is another. */
const hideSkipToken = (line: string) => line.replace(/\$skiptoken=[\w-]+/g, '$skiptoken=…');
