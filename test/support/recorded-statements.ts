/** Every kind of statement the service sends: recorded while requests and random questions run on a real database. */
import fc from 'fast-check';
import { parseTenantId, type TokenPrincipal } from '../../src/auth/authenticator.ts';
import { createChallenge } from '../../src/auth/challenge.ts';
import { createDocuments } from '../../src/compose-documents.ts';
import { ticksOf } from '../../src/edm/date-time-offset.ts';
import { cloudAppSecurityProfiles } from '../../src/model/cloud-app-security-profile.ts';
import { model } from '../../src/model/index.ts';
import { makePlan } from '../../src/plan/make-plan.ts';
import { createPageTokens } from '../../src/plan/page-token.ts';
import type { RequestContext } from '../../src/plan/plan.ts';
import { parseRequest } from '../../src/request/parse-request.ts';
import type { Statement } from '../../src/sql/statement.ts';
import { type Database, type Session, send } from '../../src/storage/database.ts';
import { execute } from '../../src/storage/execute.ts';
import { importEntities } from '../../src/storage/import-entities.ts';
import { openSecret } from '../../src/storage/secrets.ts';
import { pipelines } from './apply-arbitrary.ts';
import { filters, orders, searches } from './bound-arbitrary.ts';
import { randomProfiles } from './profile-arbitrary.ts';
import { applyPlan, countPlan, listPlan } from './query-database.ts';

const tenantId = parseTenantId('11111111-1111-4111-8111-111111111111');
const start = '2026-01-01T00:00:00Z';

const principal: TokenPrincipal = {
  kind: 'delegated',
  tenantId,
  objectId: 'o',
  name: 'Ana',
  clientId: 'c',
  permissions: new Set(['SecurityEvents.ReadWrite.All']),
  directoryRoles: new Set(),
};

const { documents } = createDocuments({
  version: '0.0.0',
  requiresIfMatch: false,
  security: { authorizationUrl: undefined, tokenUrl: undefined, scopePrefix: '' },
});

const contextOf = (number: number): RequestContext => ({
  model,
  publicUrl: 'https://host',
  requestId: 'r',
  clientRequestId: 'r',
  pageTokens: createPageTokens({ key: new Uint8Array(32), now: () => Date.parse(start) }),
  nowTicks: ticksOf(start) + BigInt(number) * 10_000_000n,
  newId: () => `00000001-0000-4000-8000-${String(number).padStart(12, '0')}`,
  policy: { requireIfMatch: false, topSemantics: 'auto' },
  challenge: createChallenge({ authorizationUri: 'https://host/authorize', clientId: 'c' }),
  documents,
});

const collection = '/v1.0/security/cloudAppSecurityProfiles';
const made = (number: number) => `${collection}/00000001-0000-4000-8000-${String(number).padStart(12, '0')}`;
const long = 'long '.repeat(1000);

/** Requests by number, which is also the number in the id of what a POST makes. */
const requests: readonly (readonly [
  method: string,
  target: string,
  body?: object,
  headers?: Readonly<Record<string, string>>,
])[] = [
  [
    'POST',
    collection,
    { name: 'first', tags: ['a', 'b'], vendorInformation: { vendor: 'v' }, isSigned: true },
  ],
  [
    'POST',
    collection,
    { name: long, tags: [long] },
    {
      'repeatability-request-id': '00000002-0000-4000-8000-000000000001',
      'repeatability-first-sent': 'Thu, 01 Jan 2026 00:00:00 GMT',
    },
  ],
  ['PATCH', made(0), { name: 'second' }],
  ['PATCH', made(0), { name: long, tags: [], vendorInformation: null, riskScore: '7', isSigned: null }],
  ['PATCH', made(0), { name: 'short again', tags: ['c'], vendorInformation: { provider: 'p' } }],
  ['PATCH', made(0), { permissionsRequired: 'user', manifest: long }],
  ['GET', made(0)],
  ['GET', `${made(0)}?$select=id,name&$compute=length(name) as l`],
  ['GET', `${made(0)}/name`],
  ['GET', `${collection}?$top=3`],
  [
    'GET',
    `${collection}?$count=true&$filter=startswith(name,'a') and tags/any(t:t eq 'a')&$orderby=name desc`,
  ],
  ['GET', `${collection}?$filter=contains(tolower(name),'abc') or publisher in ('a','b',null)&$skip=2`],
  [
    'GET',
    `${collection}?$search="first second" OR name:x NOT y&$orderby=publisher,riskScore,lastModifiedDateTime`,
  ],
  [
    'GET',
    `${collection}?$filter=matchespattern(name,'^a.*b$') and lastModifiedDateTime gt 2025-01-01T00:00:00Z`,
  ],
  ['GET', `${collection}/$count?$filter=vendorInformation ne null&$search=a`],
  [
    'GET',
    `${collection}?$apply=groupby((publisher),aggregate($count as n,riskScore with max as m))&$count=true`,
  ],
  ['GET', '/v1.0/security?$expand=cloudAppSecurityProfiles($filter=isSigned eq true;$count=true)'],
  ['GET', `${collection}/casp.changes()?$top=2`],
  ['GET', `${made(0)}/casp.changes()`],
  ['DELETE', made(1)],
  ['DELETE', made(0)],
  ['GET', `${collection}/casp.changes()?$top=5`],
];

/** Texts with the parameters they first had, in the order they were sent. */
export type RecordedStatements = ReadonlyMap<string, readonly unknown[]>;

/** Passes everything on and keeps each statement. */
function recording(database: Database, keep: (statement: Statement) => void): Database {
  const recorded = (session: Session): Session => ({
    run(statement) {
      keep(statement);
      return session.run(statement);
    },
    send(statement) {
      keep(statement);
      return send(statement, session);
    },
  });
  return {
    ...database,
    read: (work, ...rest) => database.read((session) => work(recorded(session)), ...rest),
    write: (work) => database.write((session) => work(recorded(session))),
  };
}

/** Runs all kinds of requests and `questions` random questions of each kind; the database must be empty. */
export async function recordStatements(
  database: Database,
  questions: number,
  seed: number,
): Promise<RecordedStatements> {
  const statements = new Map<string, readonly unknown[]>();
  const recorder = recording(database, ({ text, parameters }) => {
    if (!statements.has(text)) statements.set(text, parameters);
  });
  await openSecret('page-token', Buffer.from('x'), recorder);
  const author = {
    kind: 'system',
    objectId: 'o',
    name: undefined,
    clientId: 'c',
    requestId: 'r',
    clientRequestId: 'r',
  } as const;
  const target = { entitySet: cloudAppSecurityProfiles, tenantId, author };
  await importEntities(randomProfiles(50, seed), target, recorder);
  for (const [number, [method, path, body, headers = {}]] of requests.entries()) {
    const context = contextOf(number);
    const http = {
      id: 'r',
      clientRequestId: 'r',
      method,
      target: encodeURI(path).replaceAll("'", '%27'),
      headers: { ...headers, ...(body === undefined ? {} : { 'content-type': 'application/json' }) },
      body: body === undefined ? undefined : new TextEncoder().encode(JSON.stringify(body)),
      publicUrl: context.publicUrl,
      remoteAddress: '127.0.0.1',
      signal: new AbortController().signal,
    };
    await execute(makePlan(parseRequest(http), principal, context), recorder);
  }
  const sample = <T>(arbitrary: fc.Arbitrary<T>): readonly T[] =>
    fc.sample(arbitrary, { numRuns: questions, seed });
  // What is too complex is refused before it is asked; what is asked is all that counts here.
  const ask = (plan: Parameters<typeof execute>[0]) => execute(plan, recorder).catch(() => undefined);
  const random = {
    filters: sample(filters),
    orders: sample(orders),
    searches: sample(searches),
    pipelines: sample(pipelines),
  };
  for (const filter of random.filters) {
    await ask(listPlan({ tenantId, filter, pageSize: 5, count: true }));
    await ask(countPlan({ tenantId, filter }));
  }
  for (const orderBy of random.orders) {
    const page = await execute(listPlan({ tenantId, orderBy, pageSize: 5 }), recorder);
    if (page.kind === 'page' && page.next !== undefined)
      await ask(listPlan({ tenantId, orderBy, pageSize: 5, after: page.next }));
  }
  for (const search of random.searches) await ask(listPlan({ tenantId, search, pageSize: 5 }));
  for (const { steps, columns, added } of random.pipelines)
    await ask(applyPlan({ tenantId, steps, columns, added, countSteps: steps }));
  return statements;
}
