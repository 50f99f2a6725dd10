/**
 * Metadata and behaviour are equal: for each annotation the service publishes, the negatives included, a request that
 * proves it. An annotation, or a member of one, that is not known here fails.
 */
import { randomUUID } from 'node:crypto';
import { brotliCompressSync, deflateSync, gzipSync } from 'node:zlib';
import { afterAll, describe, expect, it } from 'vitest';
import { cloudAppSecurityProfile } from '../../src/model/cloud-app-security-profile.ts';
import { type FoundAnnotation, findAnnotations } from '../support/annotations.ts';
import {
  askBatch,
  createPart,
  jsonHeaders,
  type Part,
  patchPart,
  readPart,
  sendBatch,
} from '../support/batch.ts';
import {
  absentId,
  collectionPath,
  expectNothingCreated,
  expectUnchanged,
  itemsOf,
  membersOf,
  openService,
  patchOf,
  type Service,
  testTenant,
} from '../support/conformance.ts';
import type { Answer } from '../support/exchange.ts';
import { askMultipart, readBatch, single, statusOf, writeBatch } from '../support/multipart.ts';

const service: Service = await openService('--no-sample');
const strict: Service = await openService('--no-sample', '--require-if-match');
afterAll(() => Promise.all([service.stop(), strict.stop()]));

const probe = await service.create({
  name: 'Probe',
  policyName: ' padded ',
  isSigned: true,
  permissionsRequired: 'guest',
  tags: ['a', 'b'],
  vendorInformation: { vendor: 'v' },
});
const other = await service.create({ name: 'Other', platform: 'elsewhere' });
const reader = service.server.token('--role', 'reader');

/** Where a target's collection is found. */
interface Place {
  readonly root: string;
  readonly collection: string;
}

/** Proves what an annotation says; rejects where the service behaves otherwise. */
type Prover = (value: unknown, place: Place) => Promise<void>;

const get = (path: string, headers: Readonly<Record<string, string>> = {}): Promise<Answer> =>
  service.send({ path, headers });
const query = (option: string, text: string): string => `${option}=${encodeURIComponent(text)}`;
const only = query('$filter', `id eq '${probe.id}'`);

/** Refused by name: never carried out, never passed over. */
function expectRefused(answer: Answer): void {
  expect([400, 403, 404, 405, 501]).toContain(answer.status);
  expect(membersOf(answer).error).toMatchObject({
    code: expect.stringMatching(/./),
    message: expect.stringMatching(/./),
  });
}

/** A switch that says yes or no, with a request for each. */
const either =
  (proofs: {
    readonly yes: (place: Place) => Promise<void>;
    readonly no: (place: Place) => Promise<void>;
  }): Prover =>
  async (value, place) => {
    expect([true, false]).toContain(value);
    await (value === true ? proofs.yes(place) : proofs.no(place));
  };

/** A request that is answered where the value is true, and refused where it is false. */
const answered = (
  ask: (place: Place) => Promise<Answer>,
  check: (answer: Answer) => void = () => {},
): Prover =>
  either({
    async yes(place) {
      const answer = await ask(place);
      expect(answer.status).toBeLessThan(300);
      check(answer);
    },
    no: async (place) => expectRefused(await ask(place)),
  });

/** A record: each member has a prover of its own, and none may be unknown. */
const members =
  (provers: Readonly<Record<string, Prover>>): Prover =>
  async (value, place) => {
    expect(Object.keys(provers)).toEqual(expect.arrayContaining(Object.keys(value as object)));
    for (const [name, member] of Object.entries(value as object)) await provers[name]?.(member, place);
  };

/** A list: each item is proven alone. */
const each =
  (prove: (item: string, place: Place) => Promise<void>): Prover =>
  async (value, place) => {
    expect(Array.isArray(value) && value.length > 0).toBe(true);
    for (const item of value as readonly string[]) await prove(item, place);
  };

// ---------------------------------------------------------------------------------------- queries

const created = new Date(String(probe.values.createdDateTime));
const day = String(probe.values.createdDateTime).slice(0, 10);

/** For each operator and function something true of the probe. */
const truths: Readonly<Record<string, string>> = {
  eq: "name eq 'Probe'",
  ne: "name ne 'Other'",
  gt: 'length(name) gt 4',
  ge: 'length(name) ge 5',
  lt: 'length(name) lt 6',
  le: 'length(name) le 5',
  in: "name in ('x','Probe')",
  has: "permissionsRequired has 'guest'",
  and: "name eq 'Probe' and isSigned",
  or: "name eq 'x' or isSigned",
  not: "not (name eq 'x')",
  add: 'length(name) add 1 eq 6',
  sub: 'length(name) sub 1 eq 4',
  mul: 'length(name) mul 2 eq 10',
  div: 'length(name) div 2 eq 2',
  divby: 'length(name) divby 2 eq 2.5',
  mod: 'length(name) mod 2 eq 1',
  any: "tags/any(t:t eq 'a')",
  all: 'tags/all(t:length(t) eq 1)',
  contains: "contains(name,'rob')",
  startswith: "startswith(name,'Pro')",
  endswith: "endswith(name,'obe')",
  matchespattern: "matchespattern(name,'^P.{3}e$')",
  tolower: "tolower(name) eq 'probe'",
  toupper: "toupper(name) eq 'PROBE'",
  trim: "trim(policyName) eq 'padded'",
  concat: "concat(name,'!') eq 'Probe!'",
  length: 'length(name) eq 5',
  indexof: "indexof(name,'b') eq 3",
  substring: "substring(name,1,2) eq 'ro'",
  year: `year(createdDateTime) eq ${created.getUTCFullYear()}`,
  month: `month(createdDateTime) eq ${created.getUTCMonth() + 1}`,
  day: `day(createdDateTime) eq ${created.getUTCDate()}`,
  hour: `hour(createdDateTime) eq ${created.getUTCHours()}`,
  minute: `minute(createdDateTime) eq ${created.getUTCMinutes()}`,
  second: `second(createdDateTime) eq ${created.getUTCSeconds()}`,
  fractionalseconds: 'fractionalseconds(createdDateTime) lt 1',
  totalseconds: 'totalseconds(lastModifiedDateTime sub createdDateTime) eq 0',
  totaloffsetminutes: 'totaloffsetminutes(createdDateTime) eq 0',
  date: `date(createdDateTime) eq ${day}`,
  time: 'time(createdDateTime) ge 00:00:00',
  round: 'round(length(name) divby 2) eq 3',
  floor: 'floor(length(name) divby 2) eq 2',
  ceiling: 'ceiling(length(name) divby 2) eq 3',
  now: 'now() ge createdDateTime',
  mindatetime: 'mindatetime() lt createdDateTime',
  maxdatetime: 'maxdatetime() gt createdDateTime',
  hassubset: 'hassubset(tags,["b"])',
  cast: "cast(length(name),Edm.String) eq '5'",
  isof: 'isof(name,Edm.String)',
  case: 'case(isSigned:1,true:0) eq 1',
};

/** Functions of the specification that may be missing from the list, and then are refused. */
const furtherFunctions: Readonly<Record<string, string>> = {
  hassubsequence: 'hassubsequence(tags,["b"])',
  'geo.distance': "geo.distance(name,geography'SRID=0;Point(1 1)') lt 1",
  'geo.intersects': "geo.intersects(name,geography'SRID=0;Point(1 1)')",
  'geo.length': 'geo.length(name) lt 1',
};

async function countOf(filter: string, { collection }: Place): Promise<number> {
  const text = query('$filter', `id eq '${probe.id}' and (${filter})`);
  const answer = await get(`${collection}/$count?${text}`);
  if (answer.status !== 200) throw new Error(`${filter}: ${answer.status} ${answer.text}`);
  return Number(answer.text);
}

const filterFunctions: Prover = async (value, place) => {
  await each(async (name) => {
    const truth = truths[name];
    if (truth === undefined) throw new Error(`no example of ${name}`);
    expect([name, await countOf(truth, place), await countOf(`not (${truth})`, place)]).toEqual([name, 1, 0]);
  })(value, place);
  const missing = Object.entries({ ...truths, ...furtherFunctions }).filter(
    ([name]) => !(value as readonly string[]).includes(name),
  );
  expect(missing.map(([name]) => name)).toEqual(Object.keys(furtherFunctions));
  for (const [, expression] of missing) {
    expectRefused(await get(`${place.collection}?${query('$filter', expression)}`));
  }
};

const of = `filter(id eq '${probe.id}' or id eq '${other.id}')`;
/** For each transformation a use of it on the two profiles, and the rows that come of it. */
const transformations: Readonly<Record<string, readonly [string, readonly object[]]>> = {
  filter: [`filter(id eq '${probe.id}')/aggregate($count as N)`, [{ N: 1 }]],
  search: [`${of}/search(Probe)/aggregate($count as N)`, [{ N: 1 }]],
  groupby: [`${of}/groupby((platform))/orderby(platform)`, [{ platform: null }, { platform: 'elsewhere' }]],
  aggregate: [`${of}/aggregate($count as N,name with max as M)`, [{ N: 2, M: 'Probe' }]],
  compute: [`${of}/compute(length(name) as L)/aggregate(L with sum as S)`, [{ S: 10 }]],
  orderby: [`${of}/groupby((name))/orderby(name desc)`, [{ name: 'Probe' }, { name: 'Other' }]],
  top: [`${of}/groupby((name))/orderby(name)/top(1)`, [{ name: 'Other' }]],
  skip: [`${of}/groupby((name))/orderby(name)/skip(1)`, [{ name: 'Probe' }]],
  identity: [`${of}/identity/aggregate($count as N)`, [{ N: 2 }]],
  concat: [
    `${of}/concat(aggregate($count as N),groupby((name),aggregate($count as N))/top(1))`,
    [{ N: 2 }, { N: 1 }],
  ],
};
const furtherTransformations: readonly string[] = [
  'topcount(1,length(name))',
  'bottomcount(1,length(name))',
  'toppercent(50,length(name))',
  'topsum(1,length(name))',
  'nest(groupby((name)) as X)',
  'join(tags as T)',
  'outerjoin(tags as T)',
  'addnested(tags,identity as X)',
  'ancestors($root/x,h,id,identity)',
  'traverse($root/x,h,id,preorder)',
  'expand(tags,identity)',
  'from(name)',
];

const withoutAnnotations = (rows: readonly object[]): readonly object[] =>
  rows.map((row) => Object.fromEntries(Object.entries(row).filter(([name]) => !name.includes('@'))));

const applySupported = members({
  async Transformations(value, place) {
    await each(async (name) => {
      const [apply, rows] = transformations[name] ?? [];
      if (apply === undefined || rows === undefined) throw new Error(`no example of ${name}`);
      const answer = await get(`${place.collection}?${query('$apply', apply)}`);
      if (answer.status !== 200) throw new Error(`${name}: ${answer.text}`);
      const found = withoutAnnotations(itemsOf(answer));
      expect([name, found]).toEqual([
        name,
        rows.map((row) => (name === 'concat' ? expect.objectContaining(row) : row)),
      ]);
    })(value, place);
    expect([...(value as readonly string[])].sort()).toEqual(Object.keys(transformations).sort());
    for (const apply of furtherTransformations) {
      expectRefused(await get(`${place.collection}?${query('$apply', apply)}`));
    }
  },
  async Rollup(value, { collection }) {
    expect(value).toBe('None');
    for (const levels of ['rollup($all,name)', 'rollup(platform,name)']) {
      expectRefused(
        await get(`${collection}?${query('$apply', `groupby((${levels}),aggregate($count as N))`)}`),
      );
    }
  },
});

const sortable: Prover = async (value, place) => {
  const { Sortable, NonSortableProperties = [], ...rest } = value as Record<string, unknown>;
  expect([Sortable, rest]).toEqual([true, {}]);
  for (const { name } of cloudAppSecurityProfile.properties) {
    const answer = await get(`${place.collection}?$orderby=${name} desc&$top=1`.replace(' ', '%20'));
    if ((NonSortableProperties as readonly string[]).includes(name)) expectRefused(answer);
    else expect([name, answer.status]).toEqual([name, 200]);
  }
};

// ---------------------------------------------------------------------------------------- permissions

interface Permission {
  readonly SchemeName: string;
  readonly Scopes: readonly { readonly Scope: string }[];
}

/** What a token of `casp token` may do. */
const permissionsOf = (token: string): readonly string[] => {
  const claims = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()) as {
    scp?: string;
    roles?: readonly string[];
  };
  return claims.scp?.split(' ') ?? claims.roles ?? [];
};

/** Whoever has one of the scopes may, whoever has none may not. */
const permitted =
  (attempt: (token: string, place: Place) => Promise<Answer>): Prover =>
  async (value, place) => {
    const permissions = value as readonly Permission[];
    expect(permissions.map(({ SchemeName }) => SchemeName)).toEqual(['bearer', 'delegated', 'application']);
    const tokens = [
      service.token,
      reader,
      service.server.token('--app'),
      service.server.token('--app', '--role', 'reader'),
    ];
    for (const { Scopes, SchemeName } of permissions) {
      const scopes = Scopes.map(({ Scope }) => Scope);
      for (const token of tokens) {
        const allowed = permissionsOf(token).some((permission) => scopes.includes(permission));
        const { status } = await attempt(token, place);
        expect([SchemeName, permissionsOf(token), status < 300 ? 'allowed' : status]).toEqual([
          SchemeName,
          permissionsOf(token),
          allowed ? 'allowed' : 403,
        ]);
      }
    }
  };

const restrictions = {
  read: permitted((token, { collection }) => service.send({ path: `${collection}?$top=0`, token })),
  readByKey: permitted((token, { collection }) => service.send({ path: `${collection}/${probe.id}`, token })),
  insert: permitted((token, { collection }) =>
    service.send({ method: 'POST', path: collection, body: {}, token }),
  ),
  async update(value: unknown, place: Place) {
    const { id } = await service.create();
    await permitted((token) =>
      service.send({ path: `${place.collection}/${id}`, body: { name: 'x' }, token }),
    )(value, place);
  },
  async delete(value: unknown, place: Place) {
    await permitted(async (token) => {
      const { id } = await service.create();
      return service.send({ method: 'DELETE', path: `${place.collection}/${id}`, token });
    })(value, place);
  },
};

/** The one type there is: a cast to it changes nothing, one to another is refused. */
const typecast =
  (method: string, body?: object): Prover =>
  async (value, place) => {
    const ask =
      (type: string) =>
      async ({ collection }: Place) => {
        const { id } = await service.create();
        const path = method === 'POST' ? collection : `${collection}/${id}`;
        return service.send({ method, path: `${path}/${type}`, ...(body === undefined ? {} : { body }) });
      };
    await answered(ask('microsoft.graph.cloudAppSecurityProfile'))(value, place);
    expectRefused(await ask('microsoft.graph.derivedProfile')(place));
  };

const filterSegment = (method: string): Prover =>
  answered(({ collection }) =>
    service.send({
      method,
      path: `${collection}/$filter(@f)/$each?@f=${encodeURIComponent(`id eq '${absentId}'`)}`,
      ...(method === 'PATCH' ? { body: { name: 'x' } } : {}),
    }),
  );

/** Values of the client's for these properties are passed over (Protocol 11.4.3). */
const ignoredOn = (write: (body: object, place: Place) => Promise<Answer>): Prover =>
  each(async (name, place) => {
    const answer = await write({ [name]: '2001-01-01T00:00:00Z' }, place);
    expect(answer.status).toBeLessThan(300);
    expect([name, membersOf(answer)[name]]).not.toEqual([name, '2001-01-01T00:00:00Z']);
  });

const nested = { related: [{ '@odata.type': '#microsoft.graph.alert', title: 'x' }] };

// ---------------------------------------------------------------------------------------- the service

const compressors: Readonly<Record<string, (bytes: Buffer) => Buffer>> = {
  gzip: gzipSync,
  deflate: deflateSync,
  br: brotliCompressSync,
};

const rootBatch = (root: string, requests: readonly Part[]) =>
  sendBatch(service, requests, { path: `${root}/$batch` });

const continues = either({
  async yes({ root }) {
    const [failed, next] = await rootBatch(root, [readPart('1', '/nonsense'), readPart('2', '/')]);
    expect([failed?.status, next?.status]).toEqual([400, 200]);
  },
  no: () => Promise.reject(new Error('batches always continue')),
});

const batchSupport = members({
  Supported: either({
    yes: async ({ root }) =>
      expect(await rootBatch(root, [readPart('1', '/')])).toMatchObject([{ status: 200 }]),
    no: async ({ root }) => expectRefused(await service.send(askBatch([], { path: `${root}/$batch` }))),
  }),
  ContinueOnErrorSupported: continues,
  ReferencesInRequestBodiesSupported: either({
    yes: () => Promise.reject(new Error('no proof that references are resolved')),
    // A reference is text like any other.
    no: async () => {
      const parts = [createPart('1'), createPart('2', { name: '$1' }, { dependsOn: ['1'] })];
      expect((await sendBatch(service, parts))[1]).toMatchObject({ status: 201, body: { name: '$1' } });
    },
  }),
  ReferencesAcrossChangeSetsSupported: either({
    yes: () => Promise.reject(new Error('no proof that references are resolved')),
    no: async () => {
      const parts = [createPart('1'), readPart('2', '$1', { dependsOn: ['1'] }), readPart('3', '/$1/name')];
      expect(await sendBatch(service, parts)).toMatchObject([
        { status: 201 },
        { status: 400 },
        { status: 400 },
      ]);
    },
  }),
  EtagReferencesSupported: either({
    yes: () => Promise.reject(new Error('no proof that references are resolved')),
    no: async () => {
      const { id } = await service.create();
      const parts = [
        readPart('1', `/security/cloudAppSecurityProfiles/${id}`),
        patchPart(
          '2',
          id,
          { name: 'x' },
          { dependsOn: ['1'], headers: { ...jsonHeaders, 'If-Match': '$1' } },
        ),
      ];
      expect(await sendBatch(service, parts)).toMatchObject([{ status: 200 }, { status: 400 }]);
    },
  }),
  RequestDependencyConditionsSupported: either({
    yes: () => Promise.reject(new Error('no proof that conditions are judged')),
    // Carried out without judging its condition, a write would do what nobody asked for.
    no: async () => {
      const mark = randomUUID();
      const [part] = await sendBatch(service, [createPart('1', { name: mark }, { if: 'false' })]);
      expect([400, 501]).toContain(part?.status);
    },
  }),
  SupportedFormats: each(async (format, { root }) => {
    if (format === 'multipart/mixed') {
      const ask = askMultipart(writeBatch([{ line: 'GET $metadata HTTP/1.1' }]), { path: `${root}/$batch` });
      expect(statusOf(single(readBatch(await service.send(ask)), 0))).toBe(200);
      return;
    }
    expect(format).toBe('application/json');
    expect(await rootBatch(root, [readPart('1', '/')])).toMatchObject([{ status: 200 }]);
  }),
});

interface Authorization {
  readonly Name: string;
  readonly Description: string;
  readonly '@odata.type': string;
  readonly [member: string]: unknown;
}

const schemes: Readonly<Record<string, (authorization: Authorization) => Promise<void>>> = {
  async 'Authorization.Http'({ Scheme, BearerFormat, Name, Description: _, '@odata.type': __, ...rest }) {
    expect([Name, Scheme, BearerFormat, rest]).toEqual(['bearer', 'bearer', 'JWT', {}]);
    expect(service.token.split('.')).toHaveLength(3);
    expect((await get(collectionPath)).status).toBe(200);
  },
  async 'Authorization.OAuth2AuthCode'({
    AuthorizationUrl,
    TokenUrl,
    Scopes,
    Name,
    Description: _,
    '@odata.type': __,
    ...rest
  }) {
    expect([Name, rest]).toEqual(['delegated', {}]);
    const authorize = await service.send({ path: pathOf(AuthorizationUrl), token: undefined });
    expect([400, 200]).toContain(authorize.status);
    expect(authorize.headers['content-type']).toMatch(/^text\/html/);
    await expectTokenEndpoint(TokenUrl);
    expectScopes(Scopes);
  },
  async 'Authorization.OAuth2ClientCredentials'({
    TokenUrl,
    Scopes,
    Name,
    Description: _,
    '@odata.type': __,
    ...rest
  }) {
    expect([Name, rest]).toEqual(['application', {}]);
    await expectTokenEndpoint(TokenUrl);
    expectScopes(Scopes);
    const path = pathOf(TokenUrl).replace('/common/', `/${testTenant}/`);
    const form = { grant_type: 'client_credentials', client_id: randomUUID(), client_secret: 'any' };
    const body = new URLSearchParams({ ...form, scope: 'api://casp/.default' }).toString();
    const headers = { 'content-type': 'application/x-www-form-urlencoded' };
    const granted = await service.send({ method: 'POST', path, token: undefined, headers, body });
    const token = String(membersOf(granted).access_token);
    expect((await service.send({ path: collectionPath, token })).status).toBe(200);
  },
};

function pathOf(address: unknown): string {
  const url = new URL(String(address));
  expect(url.origin).toBe(service.server.httpsUrl);
  return url.pathname;
}

async function expectTokenEndpoint(address: unknown): Promise<void> {
  const headers = { 'content-type': 'application/x-www-form-urlencoded' };
  const answer = await service.send({
    method: 'POST',
    path: pathOf(address),
    token: undefined,
    headers,
    body: 'x=y',
  });
  expect([answer.status, Object.keys(membersOf(answer))]).toEqual([400, expect.arrayContaining(['error'])]);
}

function expectScopes(value: unknown): void {
  const scopes = value as readonly { readonly Scope: string; readonly Description: string }[];
  const granted = permissionsOf(service.token);
  for (const { Scope, Description } of scopes) {
    expect(Description).toMatch(/\.$/);
    expect([...granted, ...permissionsOf(reader)]).toContain(Scope.replace(/^api:\/\/casp\//, ''));
  }
}

// ---------------------------------------------------------------------------------------- all terms

const provers: Readonly<Record<string, Prover>> = {
  'Core.Description': async (value) => expect(value).toMatch(/^[A-Z].*\.$/),
  'Core.Computed': async (value) => expect(value).toBe(true),
  'Core.ODataVersions': async (value, { root }) => {
    const versions = String(value).split(' ');
    for (const version of ['2.0', '3.0', '4.0', '4.01', '5.0']) {
      const { status } = await get(`${root}/`, { 'odata-version': version });
      expect([version, status]).toEqual([version, versions.includes(version) ? 200 : 400]);
    }
  },
  'Capabilities.SupportedFormats': each(async (format, { collection }) => {
    const answer = await get(`${collection}?$top=0`, { accept: format });
    const [type = '', ...parameters] = format.split(';');
    expect([format, answer.status]).toEqual([format, 200]);
    const sent = answer.headers['content-type']?.split(';');
    expect(sent).toEqual(expect.arrayContaining([type, ...parameters]));
  }),
  'Capabilities.SupportedMetadataFormats': each(async (format, { root }) => {
    const answer = await get(`${root}/$metadata`, { accept: format });
    expect([answer.status, answer.headers['content-type']]).toEqual([200, `${format};charset=utf-8`]);
  }),
  'Capabilities.AcceptableEncodings': async (value, place) => {
    expect([...(value as readonly string[])].sort()).toEqual(Object.keys(compressors).sort());
    await each(async (coding, { collection }) => {
      const bytes = compressors[coding]?.(Buffer.from(JSON.stringify({ name: coding })));
      const answer = await service.send({
        method: 'POST',
        path: collection,
        body: bytes,
        headers: { 'content-encoding': coding },
      });
      expect([answer.status, membersOf(answer).name]).toEqual([201, coding]);
    })(value, place);
  },
  'Capabilities.KeyAsSegmentSupported': answered(
    ({ collection }) => get(`${collection}/${probe.id}`),
    (answer) => expect(membersOf(answer).id).toBe(probe.id),
  ),
  'Capabilities.IndexableByKey': answered(
    ({ collection }) => get(`${collection}('${probe.id}')`),
    (answer) => expect(membersOf(answer).id).toBe(probe.id),
  ),
  'Capabilities.QuerySegmentSupported': answered(
    ({ collection }) =>
      service.send({
        method: 'POST',
        path: `${collection}/$query`,
        body: only,
        headers: { 'content-type': 'text/plain' },
      }),
    (answer) => expect(itemsOf(answer)).toHaveLength(1),
  ),
  'Capabilities.BatchSupported': either({
    yes: async ({ root }) =>
      expect(await rootBatch(root, [readPart('1', '/')])).toMatchObject([{ status: 200 }]),
    no: async ({ root }) => expectRefused(await service.send(askBatch([], { path: `${root}/$batch` }))),
  }),
  'Capabilities.BatchContinueOnErrorSupported': continues,
  'Capabilities.BatchSupport': batchSupport,
  'Capabilities.AsynchronousRequestsSupported': either({
    yes: () => Promise.reject(new Error('no proof of asynchronous requests')),
    async no({ collection }) {
      const answer = await get(collection, { prefer: 'respond-async' });
      expect([answer.status, answer.headers['preference-applied']]).toEqual([200, undefined]);
    },
  }),
  'Capabilities.CrossJoinSupported': answered(({ root }) =>
    get(`${root}/$crossjoin(cloudAppSecurityProfiles,cloudAppSecurityProfiles)`),
  ),
  'Authorization.Authorizations': async (value) => {
    for (const authorization of value as readonly Authorization[]) {
      const type = authorization['@odata.type'].split('#')[1] ?? '';
      const prove = schemes[type];
      if (prove === undefined) throw new Error(`no proof of ${type}`);
      await prove(authorization);
    }
  },
  'Authorization.SecuritySchemes': async (value) =>
    expect(value).toEqual(['bearer', 'delegated', 'application'].map((Authorization) => ({ Authorization }))),

  'Capabilities.CountRestrictions': members({
    Countable: answered(
      ({ collection }) => get(`${collection}?${only}&$count=true`),
      (answer) => expect(membersOf(answer)['@odata.count']).toBe(1),
    ),
  }),
  'Capabilities.FilterRestrictions': members({
    Filterable: answered(
      ({ collection }) => get(`${collection}?${only}`),
      (answer) => expect(itemsOf(answer).map(({ id }) => id)).toEqual([probe.id]),
    ),
  }),
  'Capabilities.SelectSupport': members({
    Supported: answered(
      ({ collection }) =>
        get(`${collection}?${only}&$select=name`, { accept: 'application/json;odata.metadata=none' }),
      (answer) => expect(itemsOf(answer)).toEqual([{ id: probe.id, name: 'Probe' }]),
    ),
  }),
  'Capabilities.SkipSupported': answered(
    ({ collection }) => get(`${collection}?${only}&$skip=1`),
    (answer) => expect(itemsOf(answer)).toEqual([]),
  ),
  'Capabilities.TopSupported': answered(
    ({ collection }) => get(`${collection}?$top=1`),
    (answer) => expect(itemsOf(answer)).toHaveLength(1),
  ),
  'Capabilities.SortRestrictions': sortable,
  'Capabilities.SearchRestrictions': members({
    Searchable: answered(
      ({ collection }) => get(`${collection}?$search=Probe`),
      (answer) => expect(itemsOf(answer).map(({ id }) => id)).toEqual([probe.id]),
    ),
  }),
  'Capabilities.ExpandRestrictions': members({
    Expandable: answered(({ collection }) => get(`${collection}?$expand=tags`)),
  }),
  'Capabilities.ComputeSupported': answered(
    ({ collection }) => get(`${collection}?${only}&${query('$compute', 'length(name) as L')}&$select=L`),
    (answer) => expect(itemsOf(answer)[0]?.L).toBe(5),
  ),
  'Capabilities.ChangeTracking': members({
    Supported: either({
      yes: () => Promise.reject(new Error('no proof of change tracking')),
      async no({ collection }) {
        for (const segment of ['delta', 'delta()', 'microsoft.graph.delta()', '$delta']) {
          expectRefused(await get(`${collection}/${segment}`));
        }
        const answer = await get(collection, { prefer: 'track-changes' });
        expect([answer.headers['preference-applied'], membersOf(answer)['@odata.deltaLink']]).toEqual([
          undefined,
          undefined,
        ]);
      },
    }),
  }),
  'Capabilities.FilterFunctions': filterFunctions,
  'Aggregation.ApplySupported': applySupported,

  'Capabilities.ReadRestrictions': members({
    Readable: answered(({ collection }) => get(collection)),
    Permissions: restrictions.read,
    TypecastSegmentSupported: typecast('GET'),
    ReadByKeyRestrictions: members({
      Readable: answered(({ collection }) => get(`${collection}/${probe.id}`)),
      Permissions: restrictions.readByKey,
    }),
  }),
  'Capabilities.InsertRestrictions': members({
    Insertable: answered(
      ({ collection }) => service.send({ method: 'POST', path: collection, body: { name: 'made' } }),
      (answer) => expect([answer.status, membersOf(answer).name]).toEqual([201, 'made']),
    ),
    NonInsertableProperties: ignoredOn((body, { collection }) =>
      service.send({ method: 'POST', path: collection, body }),
    ),
    TypecastSegmentSupported: typecast('POST', {}),
    Permissions: restrictions.insert,
  }),
  'Capabilities.DeepInsertSupport': members({
    Supported: answered(({ collection }) =>
      expectNothingCreated(service, () => service.send({ method: 'POST', path: collection, body: nested })),
    ),
  }),
  'Capabilities.UpdateRestrictions': members({
    Updatable: answered(
      async ({ collection }) => {
        const { id } = await service.create();
        return service.send({ path: `${collection}/${id}`, body: { name: 'changed' } });
      },
      (answer) => expect(membersOf(answer).name).toBe('changed'),
    ),
    Upsertable: answered(({ collection }) =>
      expectNothingCreated(service, () =>
        service.send({ path: `${collection}/${randomUUID()}`, body: { name: 'x' } }),
      ),
    ),
    DeltaUpdateSupported: answered(({ collection }) =>
      service.send({ path: collection, body: { '@context': '#$delta', value: [] } }),
    ),
    async UpdateMethod(value, { collection }) {
      expect(value).toBe('PATCH');
      const profile = await service.create();
      const put = { method: 'PUT', path: `${collection}/${profile.id}`, body: { name: 'x' } };
      const refused = await expectUnchanged(service, profile, () => service.send(put));
      expect(refused.status).toBe(405);
    },
    FilterSegmentSupported: filterSegment('PATCH'),
    TypecastSegmentSupported: typecast('PATCH', { name: 'x' }),
    NonUpdatableProperties: ignoredOn(async (body, { collection }) => {
      const { id } = await service.create();
      return service.send({ path: `${collection}/${id}`, body: { ...body, name: 'x' } });
    }),
    Permissions: restrictions.update,
  }),
  'Capabilities.DeepUpdateSupport': members({
    Supported: answered(() => expectUnchanged(service, probe, () => service.send(patchOf(probe, nested)))),
  }),
  'Capabilities.DeleteRestrictions': members({
    Deletable: answered(async ({ collection }) => {
      const { id } = await service.create();
      return service.send({ method: 'DELETE', path: `${collection}/${id}` });
    }),
    FilterSegmentSupported: filterSegment('DELETE'),
    TypecastSegmentSupported: typecast('DELETE'),
    Permissions: restrictions.delete,
  }),
};

const metadataOf = async (from: Service, root: string): Promise<unknown> =>
  (await from.send({ path: `${root}/$metadata?$format=json`, token: undefined })).body;

const collectionOf: Readonly<Record<string, string>> = {
  'security/cloudAppSecurityProfiles': 'security/cloudAppSecurityProfiles',
  'GraphService/cloudAppSecurityProfiles': 'cloudAppSecurityProfiles',
};

const cases: readonly (FoundAnnotation & { readonly root: string })[] = (
  await Promise.all(
    ['/v1.0', '/beta', '/odata/v4'].map(async (root) =>
      findAnnotations(await metadataOf(service, root)).map((annotation) => ({ ...annotation, root })),
    ),
  )
).flat();

describe('what $metadata says, the service does', () => {
  const described = cases.filter(({ term }) => term !== 'Core.Description');

  it('is a lot', () => {
    expect(described.length).toBeGreaterThan(100);
    expect(new Set(described.map(({ root }) => root)).size).toBe(3);
  });

  it.each(described.map((each) => [`${each.root} ${each.target} ${each.term}`, each] as const))(
    '%s',
    async (_, { root, target, term, value }) => {
      const prove = provers[term];
      if (prove === undefined) throw new Error(`no proof of ${term}`);
      await prove(value, {
        root,
        collection: `${root}/${collectionOf[target] ?? 'security/cloudAppSecurityProfiles'}`,
      });
    },
  );

  it('describes everything in a sentence', () => {
    for (const { term, value } of cases)
      if (term === 'Core.Description') expect(value).toMatch(/^[A-Z].*\.$/);
  });
});

describe('what is said of properties', () => {
  const computed = cases.filter(({ term }) => term === 'Core.Computed');

  it('those the service computes are the ones a client cannot set', async () => {
    for (const root of ['/v1.0', '/beta', '/odata/v4']) {
      const names = computed.filter((each) => each.root === root).map(({ target }) => target.split('/')[1]);
      expect(names.sort()).toEqual(['createdDateTime', 'id', 'lastModifiedDateTime']);
    }
    const before = membersOf(await get(probe.path));
    const body = { id: randomUUID(), createdDateTime: '2001-01-01T00:00:00Z', lastModifiedDateTime: null };
    const answer = await expectUnchanged(service, probe, () => service.send(patchOf(probe, body)));
    expect(answer.body).toEqual(before);
  });
});

describe('what is not said', () => {
  const termsOf = async (from: Service) =>
    findAnnotations(await metadataOf(from, '/v1.0')).map(({ term }) => term);

  it('entity tags need not be sent: OptimisticConcurrency is absent', async () => {
    expect(await termsOf(service)).not.toContain('Core.OptimisticConcurrency');
    expect((await service.send(patchOf(await service.create(), { name: 'x' }))).status).toBe(200);
  });

  it('unless --require-if-match makes them needed', async () => {
    expect(await termsOf(strict)).toContain('Core.OptimisticConcurrency');
    const profile = await strict.create();
    const refused = await expectUnchanged(strict, profile, () =>
      strict.send(patchOf(profile, { name: 'x' })),
    );
    expect(refused.status).toBe(428);
    expect((await strict.send(patchOf(profile, { name: 'x' }, { 'if-match': 'W/"1"' }))).status).toBe(200);
    expect((await strict.send({ method: 'DELETE', path: profile.path })).status).toBe(428);
  });
});
