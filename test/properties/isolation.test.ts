/** Two tenants at one server, each against a plain map of its own: neither ever observes the other. */
import { randomUUID } from 'node:crypto';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { mintToken } from '../../src/cli/token.ts';
import { collectionPath } from '../support/conformance.ts';
import { type Answer, type Ask, createExchange } from '../support/exchange.ts';
import { type RunningServer, startServer } from '../support/running-server.ts';

let server: RunningServer;
let exchange: ReturnType<typeof createExchange>;
beforeAll(async () => {
  server = await startServer({ flags: ['--no-sample'] });
  exchange = createExchange(server.httpUrl);
});
afterAll(async () => {
  exchange.close();
  await server.stop();
});

type Values = Readonly<Record<string, unknown>>;

/** A tenant, and all it should be able to see. */
interface Tenant {
  readonly id: string;
  readonly token: string;
  /** In every text this tenant writes: nobody else may ever read it. */
  readonly mark: string;
  /** Its profiles as they should be answered, by id. */
  readonly profiles: Map<string, Values>;
  readonly deleted: string[];
  /** Where lists of this tenant went on. */
  readonly nextLinks: string[];
}

async function newTenant(mark: string): Promise<Tenant> {
  const id = randomUUID();
  // What `casp token --tenant` prints.
  const clock = { now: () => new Date(), newId: randomUUID };
  const { token } = await mintToken({ role: 'analyst', tenant: id, ttl: 3600 }, server.data, clock);
  return { id, token, mark, profiles: new Map(), deleted: [], nextLinks: [] };
}

/** Values of the client's choice; the texts get the tenant's mark. */
const valuesArbitrary = fc.record(
  {
    name: fc.constantFrom('alpha', 'beta', 'gamma'),
    publisher: fc.constantFrom('contoso', 'fabrikam', null),
    riskScore: fc.constantFrom('1', '5', '9', null),
    isSigned: fc.option(fc.boolean()),
    tags: fc.array(fc.constantFrom('monitored', 'blocked'), { maxLength: 2 }),
  },
  { requiredKeys: ['name'], noNullPrototype: true },
);
type Chosen = typeof valuesArbitrary extends fc.Arbitrary<infer Value> ? Value : never;

const operationArbitrary = fc.record(
  {
    actor: fc.constantFrom(0, 1),
    kind: fc.oneof(
      { weight: 4, arbitrary: fc.constant('create' as const) },
      { weight: 3, arbitrary: fc.constant('patch' as const) },
      { weight: 1, arbitrary: fc.constant('delete' as const) },
      { weight: 2, arbitrary: fc.constant('get' as const) },
      { weight: 2, arbitrary: fc.constant('list' as const) },
      { weight: 1, arbitrary: fc.constant('count' as const) },
      { weight: 2, arbitrary: fc.constant('filter' as const) },
      { weight: 4, arbitrary: fc.constant('foreign' as const) },
      { weight: 2, arbitrary: fc.constant('foreignLink' as const) },
      { weight: 1, arbitrary: fc.constant('foreignBatch' as const) },
    ),
    values: valuesArbitrary,
    /** Chooses among profiles, links and spellings. */
    pick: fc.nat(),
  },
  { noNullPrototype: true },
);
type Operation = typeof operationArbitrary extends fc.Arbitrary<infer Value> ? Value : never;

const marked = ({ name, publisher, ...rest }: Chosen, { mark }: Tenant): Values => ({
  ...rest,
  name: `${name} ${mark}`,
  ...(publisher === undefined ? {} : { publisher: publisher === null ? null : `${publisher} ${mark}` }),
});

const pickFrom = <Item>(items: readonly Item[], pick: number): Item | undefined => items[pick % items.length];

/** An entity without what belongs to the answer it came in. */
function entityOf(value: unknown): Values {
  const { '@odata.context': _context, ...entity } = value as Record<string, unknown>;
  return entity;
}

/** Sends as a tenant, and looks for anything of the other in the whole answer. */
async function send(tenant: Tenant, other: Tenant, ask: Ask): Promise<Answer> {
  const answer = await exchange.send({ ...ask, token: tenant.token });
  const asked = JSON.stringify(ask);
  const said = `${answer.text} ${JSON.stringify(answer.headers)}`;
  const foreign = [other.id, other.mark, ...other.profiles.keys(), ...other.deleted];
  // What a client sends it knows already; an error may repeat it.
  const seen = foreign.filter((text) => said.includes(text) && !asked.includes(text));
  expect(seen, `${asked}\n${said}`).toEqual([]);
  expect(answer.status, `${asked}\n${answer.text}`).toBeLessThan(500);
  return answer;
}

/** What the service manages itself is taken from its answer; everything else must be as the map says. */
function expectEntity(answer: Answer, status: number, expected: Values): Values {
  const entity = entityOf(answer.body);
  const { '@odata.etag': etag, lastModifiedDateTime } = entity;
  expect(answer.status, answer.text).toBe(status);
  expect(entity).toEqual({ ...expected, '@odata.etag': etag, lastModifiedDateTime });
  return entity;
}

async function create(tenant: Tenant, other: Tenant, { values, pick }: Operation): Promise<void> {
  // An id in the body is not the client's to choose, least of all another tenant's.
  const stolen = pickFrom([...other.profiles.keys()], pick);
  const body = { ...marked(values, tenant), ...(stolen === undefined ? {} : { id: stolen }) };
  const answer = await send(tenant, other, { method: 'POST', path: collectionPath, body });
  expect(answer.status, answer.text).toBe(201);
  const entity = entityOf(answer.body);
  const id = String(entity.id);
  expect([...tenant.profiles.keys(), ...other.profiles.keys()]).not.toContain(id);
  expect(entity).toMatchObject(marked(values, tenant));
  tenant.profiles.set(id, entity);
}

async function onOwn(tenant: Tenant, other: Tenant, { kind, values, pick }: Operation): Promise<void> {
  const [id, current] = pickFrom([...tenant.profiles], pick) ?? [];
  if (id === undefined || current === undefined) return;
  const path = `${collectionPath}/${id}`;
  const headers = pick % 2 === 0 ? { 'if-match': String(current['@odata.etag']) } : {};
  switch (kind) {
    case 'get':
      expect(entityOf((await send(tenant, other, { path })).body)).toEqual(current);
      return;
    case 'patch': {
      const body = marked(values, tenant);
      const answer = await send(tenant, other, { path, body, headers });
      tenant.profiles.set(id, expectEntity(answer, 200, { ...current, ...body }));
      return;
    }
    default: {
      const answer = await send(tenant, other, { method: 'DELETE', path, headers });
      expect(answer.status, answer.text).toBe(204);
      tenant.profiles.delete(id);
      tenant.deleted.push(id);
    }
  }
}

const itemsOf = ({ body }: Answer): readonly Values[] => (body as { value: Values[] }).value;

const byId = (left: Values, right: Values): number => String(left.id).localeCompare(String(right.id));

/** Every item of a list, page by page, and whether the pages fit their size. */
async function readPages(tenant: Tenant, other: Tenant, query: string): Promise<readonly Values[]> {
  const items: Values[] = [];
  let path: string | undefined = `${collectionPath}?${query.replaceAll(' ', '%20')}`;
  while (path !== undefined) {
    const answer = await send(tenant, other, { path });
    expect(answer.status, answer.text).toBe(200);
    items.push(...itemsOf(answer));
    const link = (answer.body as Record<string, unknown>)['@odata.nextLink'];
    path = typeof link === 'string' ? link.slice(server.httpUrl.length) : undefined;
    if (path !== undefined) tenant.nextLinks.push(path);
  }
  return items;
}

async function list(tenant: Tenant, other: Tenant, { pick }: Operation): Promise<void> {
  const orders = ['', '&$orderby=name desc', '&$orderby=riskScore,lastModifiedDateTime'];
  const items = await readPages(tenant, other, `$top=${1 + (pick % 3)}${pickFrom(orders, pick)}`);
  expect([...items].sort(byId)).toEqual([...tenant.profiles.values()].sort(byId));
}

async function count(tenant: Tenant, other: Tenant): Promise<void> {
  const { size } = tenant.profiles;
  expect((await send(tenant, other, { path: `${collectionPath}/$count` })).text).toBe(String(size));
  const answer = await send(tenant, other, { path: `${collectionPath}?$count=true&$top=1` });
  expect(answer.body).toMatchObject({ '@odata.count': size });
}

/** Questions whose answers would betray the other tenant: its ids, its texts, everything, nothing. */
async function filter(tenant: Tenant, other: Tenant, { pick, values }: Operation): Promise<void> {
  const foreignId = pickFrom([...other.profiles.keys()], pick) ?? randomUUID();
  const questions: readonly (readonly [query: string, matches: (profile: Values) => boolean])[] = [
    [`$filter=id eq '${foreignId}'`, () => false],
    [`$filter=contains(name,'${other.mark}')`, () => false],
    [`$filter=id ne '${foreignId}'`, () => true],
    ['$filter=true or isSigned eq true', () => true],
    [`$filter=startswith(name,'${values.name}')`, ({ name }) => String(name).startsWith(values.name)],
    [`$filter=tags/any(t:t eq 'blocked')`, ({ tags }) => (tags as string[]).includes('blocked')],
    [`$search=${other.mark}`, () => false],
    [`$search=${tenant.mark}`, () => true],
  ];
  const [query, matches] = pickFrom(questions, pick) ?? ['', () => true];
  const items = await readPages(tenant, other, query);
  const expected = [...tenant.profiles.values()].filter(matches);
  expect([...items].sort(byId), query).toEqual(expected.sort(byId));
}

/** What a refusal says, without what is different every time. */
const refusalOf = ({ status, body, headers }: Answer, id: string): unknown => ({
  status,
  etag: headers.etag,
  ...JSON.parse(
    JSON.stringify(body ?? null, (key, value: unknown) =>
      /^(date|.*request-id)$/.test(key)
        ? undefined
        : typeof value === 'string'
          ? value.replaceAll(id, 'ID')
          : value,
    ),
  ),
});

/** The other's profiles, those it has deleted and those that never were are one and the same: not there. */
async function foreign(tenant: Tenant, other: Tenant, { pick, values }: Operation): Promise<void> {
  const id = pickFrom([...other.profiles.keys(), ...other.deleted], pick);
  if (id === undefined) return;
  const asks: readonly ((path: string) => Ask)[] = [
    (path) => ({ path }),
    (path) => ({ path: `${path}/name` }),
    (path) => ({ method: 'HEAD', path }),
    (path) => ({ path, headers: { 'if-none-match': '*' } }),
    (path) => ({ path, body: marked(values, tenant) }),
    (path) => ({ path, body: marked(values, tenant), headers: { 'if-match': 'W/"1"' } }),
    (path) => ({ path, body: marked(values, tenant), headers: { 'if-match': '*' } }),
    (path) => ({ path, body: { nmae: 'x' } }),
    (path) => ({ method: 'DELETE', path }),
    (path) => ({ method: 'DELETE', path, headers: { 'if-match': 'W/"2"' } }),
  ];
  const ask = pickFrom(asks, pick) ?? ((path: string) => ({ path }));
  const absent = randomUUID();
  const answer = await send(tenant, other, ask(`${collectionPath}/${id}`));
  const expected = await send(tenant, other, ask(`${collectionPath}/${absent}`));
  expect(refusalOf(answer, id)).toEqual(refusalOf(expected, absent));
  expect(answer.status).toBeGreaterThanOrEqual(400);
}

/** Where a list of the other went on, nobody else can go on. */
async function foreignLink(tenant: Tenant, other: Tenant, { pick }: Operation): Promise<void> {
  const link = pickFrom(other.nextLinks, pick);
  if (link === undefined) return;
  const answer = await send(tenant, other, { path: link });
  expect(answer.status, answer.text).toBe(400);
  expect(answer.body).toMatchObject({ error: { innerError: { code: 'pageTokenInvalid' } } });
}

async function foreignBatch(tenant: Tenant, other: Tenant, { pick, values }: Operation): Promise<void> {
  const id = pickFrom([...other.profiles.keys(), ...other.deleted], pick);
  if (id === undefined) return;
  const url = `/security/cloudAppSecurityProfiles/${id}`;
  const headers = { 'Content-Type': 'application/json' };
  const requests = [
    { id: 'read', method: 'GET', url },
    { id: 'write', method: 'PATCH', url, headers, body: marked(values, tenant) },
    { id: 'remove', method: 'DELETE', url },
  ];
  const answer = await send(tenant, other, { method: 'POST', path: '/v1.0/$batch', body: { requests } });
  expect(answer.status, answer.text).toBe(200);
  const { responses } = answer.body as { responses: readonly { id: string; status: number }[] };
  expect(responses.map(({ status }) => status)).toEqual([404, 404, 404]);
}

function run(operation: Operation, tenant: Tenant, other: Tenant): Promise<void> {
  switch (operation.kind) {
    case 'create':
      return create(tenant, other, operation);
    case 'list':
      return list(tenant, other, operation);
    case 'count':
      return count(tenant, other);
    case 'filter':
      return filter(tenant, other, operation);
    case 'foreign':
      return foreign(tenant, other, operation);
    case 'foreignLink':
      return foreignLink(tenant, other, operation);
    case 'foreignBatch':
      return foreignBatch(tenant, other, operation);
    default:
      return onOwn(tenant, other, operation);
  }
}

it('neither tenant observes the other, whatever both do', { timeout: 60_000 }, async () => {
  // Fast-check prints the seed and the shortest sequence it finds; fresh tenants make every run a first one.
  await fc.assert(
    fc.asyncProperty(
      fc.array(operationArbitrary, { minLength: 1, maxLength: 80, size: 'max' }),
      async (operations) => {
        const tenants = [await newTenant('quokka'), await newTenant('wombat')] as const;
        for (const operation of operations) {
          const [tenant, other] = operation.actor === 0 ? tenants : [tenants[1], tenants[0]];
          await run(operation, tenant, other);
        }
        for (const [tenant, other] of [tenants, [tenants[1], tenants[0]]] as const) {
          const items = await readPages(tenant, other, '$top=1000');
          expect([...items].sort(byId)).toEqual([...tenant.profiles.values()].sort(byId));
        }
      },
    ),
    { numRuns: 15, interruptAfterTimeLimit: 12_000 },
  );
});

it('neither tenant observes the other when both write at the same time', async () => {
  const tenants = [await newTenant('quokka'), await newTenant('wombat')] as const;
  const writes = tenants.flatMap((tenant, index) =>
    Array.from({ length: 25 }, async (_, number) => {
      const other = tenants[1 - index] as Tenant;
      const body = { name: `${number} ${tenant.mark}` };
      const answer = await send(tenant, other, { method: 'POST', path: collectionPath, body });
      const entity = entityOf(answer.body);
      tenant.profiles.set(String(entity.id), entity);
    }),
  );
  await Promise.all(writes);
  for (const [tenant, other] of [tenants, [tenants[1], tenants[0]]] as const) {
    const items = await readPages(tenant, other, '$top=7');
    expect([...items].sort(byId)).toEqual([...tenant.profiles.values()].sort(byId));
    expect(items).toHaveLength(25);
  }
});
