/** $metadata and the service document (Protocol 11.1): what they declare, and for each declaration a request that proves it. */
import { brotliCompressSync, deflateSync, gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  absentId,
  collectionPath,
  itemsOf,
  membersOf,
  openService,
  type Service,
} from '../support/conformance.ts';
import type { Answer, Ask } from '../support/exchange.ts';
import { convertCsdlXml, faultsOfCsdlJson, faultsOfCsdlXml } from '../support/metadata.ts';

let service: Service;
beforeAll(async () => {
  service = await openService();
});
afterAll(() => service.stop());

const roots = ['v1.0', 'beta', 'odata/v4'] as const;
const anonymous = (path: string, headers: Ask['headers'] = {}): Promise<Answer> =>
  service.send({ path, headers, token: undefined });

interface Node {
  readonly [name: string]: Node;
}
const readSchema = async (root: string): Promise<Node> => {
  const { body } = await anonymous(`/${root}/$metadata?$format=json`);
  const schema = (body as Node | undefined)?.['microsoft.graph'];
  if (schema === undefined) throw new Error('no schema');
  return schema;
};

describe.each(roots)('$metadata of %s', (root) => {
  it('is valid XML for everybody, cacheable', async () => {
    const answer = await anonymous(`/${root}/$metadata`);
    expect({ status: answer.status, headers: answer.headers }).toMatchObject({
      status: 200,
      headers: {
        'content-type': expect.stringMatching(/^application\/xml/),
        'odata-version': '4.0',
        etag: expect.stringMatching(/^"[^"]+"$/),
        'cache-control': 'public, max-age=3600',
        vary: expect.stringContaining('Accept'),
      },
    });
    expect(await faultsOfCsdlXml(answer.text)).toEqual([]);
  });

  it('is valid JSON for those who ask, and says the same', async () => {
    const xml = await anonymous(`/${root}/$metadata`);
    for (const answer of [
      await anonymous(`/${root}/$metadata`, { accept: 'application/json' }),
      await anonymous(`/${root}/$metadata?$format=json`),
      await anonymous(`/${root}/$metadata?$format=application/json`, { accept: 'application/xml' }),
    ]) {
      expect([answer.status, answer.headers['content-type']?.split(';')[0]]).toEqual([
        200,
        'application/json',
      ]);
      expect(faultsOfCsdlJson(answer.body)).toEqual([]);
      expect(answer.body).toEqual(convertCsdlXml(xml.text));
      expect(answer.headers.etag).not.toBe(xml.headers.etag);
    }
  });

  it('is not sent again to those who have it', async () => {
    const { headers } = await anonymous(`/${root}/$metadata`);
    const again = await anonymous(`/${root}/$metadata`, { 'if-none-match': headers.etag });
    expect([again.status, again.text, again.headers.etag]).toEqual([304, '', headers.etag]);
    const other = await anonymous(`/${root}/$metadata`, { 'if-none-match': '"other"' });
    expect(other.status).toBe(200);
  });

  it('has no other spelling, and cannot be written', async () => {
    expect((await anonymous(`/${root}/$metadata`, { accept: 'text/html' })).status).toBe(406);
    const written = await service.send({ method: 'POST', path: `/${root}/$metadata`, body: {} });
    expect([written.status, written.headers.allow]).toEqual([405, expect.stringContaining('GET')]);
  });

  it('declares the types of what is sent', async () => {
    const schema = await readSchema(root);
    const { '@odata.context': _, ...entity } = membersOf(
      await service.send({ path: `/${root}/security/cloudAppSecurityProfiles?$top=1` }),
    );
    const [item] = (entity as { value: readonly Readonly<Record<string, unknown>>[] }).value;
    const own = Object.keys(item ?? {}).filter((name) => !name.startsWith('@'));
    const declared = { ...schema.entity, ...schema.cloudAppSecurityProfile };
    expect(own).toEqual(Object.keys(declared).filter((name) => !/^[$@]/.test(name)));
  });
});

describe.each(roots)('the service document of %s', (root) => {
  it('needs a token', async () => {
    expect((await anonymous(`/${root}/`)).status).toBe(401);
  });

  it('lists what the metadata declares, at addresses that work', async () => {
    const answer = await service.send({ path: `/${root}/` });
    const { '@odata.context': context, value } = membersOf(answer) as {
      '@odata.context': string;
      value: readonly { readonly name: string; readonly kind: string; readonly url: string }[];
    };
    expect(context).toBe(`${service.url}/${root}/$metadata`);
    const container = (await readSchema(root)).GraphService ?? {};
    const declared = Object.entries(container)
      .filter(([name]) => !/^[$@]/.test(name))
      .map(([name, { $Collection }]) => ({ name, kind: $Collection ? 'EntitySet' : 'Singleton', url: name }));
    expect(value).toEqual(declared);
    for (const { url } of value) {
      expect((await service.send({ path: `/${root}/${url}` })).status).toBe(200);
    }
  });
});

describe('the entity set for generic clients', () => {
  it('is the contained collection under another address', async () => {
    const set = await service.send({ path: '/odata/v4/cloudAppSecurityProfiles?$top=3' });
    const contained = await service.send({ path: '/odata/v4/security/cloudAppSecurityProfiles?$top=3' });
    expect(itemsOf(set).map(({ id }) => id)).toEqual(itemsOf(contained).map(({ id }) => id));
    expect(membersOf(set)['@odata.context']).toBe(
      `${service.url}/odata/v4/$metadata#cloudAppSecurityProfiles`,
    );
  });

  it("is not there on Graph's roots", async () => {
    expect((await service.send({ path: '/v1.0/cloudAppSecurityProfiles' })).status).toBe(400);
  });
});

// ------------------------------------------------------------------------------- declarations and their proofs

/** `Term/Member` and the declared value: records are taken apart, collections stay whole. */
function flatten(annotations: Node): ReadonlyMap<string, unknown> {
  const leaves = new Map<string, unknown>();
  const visit = (path: string, value: unknown): void => {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) leaves.set(path, value);
    else for (const [name, member] of Object.entries(value)) visit(`${path}/${name}`, member);
  };
  for (const [name, value] of Object.entries(annotations)) {
    if (name.startsWith('@')) visit(name.slice(1), value);
  }
  return leaves;
}

type Proof = (declared: unknown) => Promise<void>;

/** The address of the collection with these options. */
const query = (options: string): string => `${collectionPath}?${options.replaceAll(' ', '%20')}`;
const statusOf = async (ask: Ask): Promise<number> => (await service.send(ask)).status;
const read = (path: string, headers: Ask['headers'] = {}): Promise<Answer> => service.send({ path, headers });

/** Declared true, and this works; or declared false, and it is refused. */
const shows =
  (ask: () => Ask | Promise<Ask>): Proof =>
  async (declared) => {
    const status = await statusOf(await ask());
    expect(status < 300).toBe(declared);
  };
const showsQuery = (options: string): Proof => shows(() => ({ path: query(options) }));

const typeSegment = 'microsoft.graph.cloudAppSecurityProfile';

/** Where what is declared is that something may happen to a profile of one's own. */
const showsOn = (act: (path: string) => Ask): Proof => shows(async () => act((await service.create()).path));

/** Each token with one of the scopes gets through, one without is refused. */
const permits =
  (ask: () => Promise<Ask>): Proof =>
  async (declared) => {
    const scopes = (declared as { readonly Scopes: readonly { readonly Scope: string }[] }[]).map((each) =>
      each.Scopes.map(({ Scope }) => Scope),
    );
    for (const names of scopes) {
      expect(names).toContain('SecurityEvents.ReadWrite.All');
      const reader = await statusOf({ ...(await ask()), token: service.server.token('--role', 'reader') });
      expect(reader < 300).toBe(names.includes('SecurityEvents.Read.All'));
      expect((await statusOf(await ask())) < 300).toBe(true);
      const stranger = service.server.token('--role', 'no-access');
      expect(await statusOf({ ...(await ask()), token: stranger })).toBe(403);
    }
  };

/** Values of clients for these properties change nothing. */
const ignores =
  (act: (values: object) => Promise<Answer>): Proof =>
  async (declared) => {
    const values = Object.fromEntries((declared as string[]).map((name) => [name, '2001-01-01T00:00:00Z']));
    const answer = await act(values);
    expect(answer.status).toBeLessThan(300);
    for (const [name, value] of Object.entries(values)) expect(membersOf(answer)[name]).not.toBe(value);
  };

/** The type has no navigation properties: there is nothing to go deep into. */
const hasNoDepth: Proof = async (declared) => {
  const type = (await readSchema('v1.0')).cloudAppSecurityProfile ?? {};
  const kinds = Object.values(type).map((member) => member.$Kind as unknown);
  expect(kinds.includes('NavigationProperty')).toBe(declared);
};

/** An expression for each function and operator, true, false or null for every profile, never refused. */
const expressions: Readonly<Record<string, string>> = {
  eq: "name eq 'a'",
  ne: "name ne 'a'",
  gt: "name gt 'a'",
  ge: "name ge 'a'",
  lt: "name lt 'a'",
  le: "name le 'a'",
  in: "name in ('a','b')",
  has: "permissionsRequired has 'user'",
  and: 'isSigned and isSigned',
  or: 'isSigned or isSigned',
  not: 'not isSigned',
  add: 'length(name) add 1 eq 2',
  sub: 'length(name) sub 1 eq 2',
  mul: 'length(name) mul 2 eq 2',
  div: 'length(name) div 2 eq 2',
  divby: 'length(name) divby 2 eq 2.5',
  mod: 'length(name) mod 2 eq 0',
  any: "tags/any(t:t eq 'a')",
  all: "tags/all(t:t ne 'a')",
  contains: "contains(name,'a')",
  startswith: "startswith(name,'a')",
  endswith: "endswith(name,'a')",
  matchespattern: "matchespattern(name,'^a')",
  tolower: "tolower(name) eq 'a'",
  toupper: "toupper(name) eq 'A'",
  trim: "trim(name) eq 'a'",
  concat: "concat(name,'b') eq 'ab'",
  length: 'length(name) eq 1',
  indexof: "indexof(name,'a') eq 0",
  substring: "substring(name,1) eq 'a'",
  year: 'year(createdDateTime) eq 2026',
  month: 'month(createdDateTime) eq 1',
  day: 'day(createdDateTime) eq 1',
  hour: 'hour(createdDateTime) eq 1',
  minute: 'minute(createdDateTime) eq 1',
  second: 'second(createdDateTime) eq 1',
  fractionalseconds: 'fractionalseconds(createdDateTime) lt 0.5',
  totalseconds: 'totalseconds(lastModifiedDateTime sub createdDateTime) ge 0',
  totaloffsetminutes: 'totaloffsetminutes(createdDateTime) eq 0',
  date: 'date(createdDateTime) eq 2026-01-01',
  time: 'time(createdDateTime) gt 12:00:00',
  round: 'round(length(name) divby 2) eq 2',
  floor: 'floor(length(name) divby 2) eq 2',
  ceiling: 'ceiling(length(name) divby 2) eq 2',
  now: 'createdDateTime lt now()',
  mindatetime: 'createdDateTime gt mindatetime()',
  maxdatetime: 'createdDateTime lt maxdatetime()',
  hassubset: 'hassubset(tags,["a"])',
  cast: "cast(isSigned,Edm.String) eq 'true'",
  isof: 'isof(name,Edm.String)',
  case: 'case(isSigned:1,true:0) eq 1',
};

const transformations: Readonly<Record<string, string>> = {
  filter: 'filter(isSigned eq true)',
  search: 'search(contoso)',
  groupby: 'groupby((platform))',
  aggregate: 'aggregate($count as n)',
  compute: 'compute(length(name) as size)/groupby((size))',
  orderby: 'groupby((platform))/orderby(platform)',
  top: 'groupby((platform))/top(1)',
  skip: 'groupby((platform))/skip(1)',
  identity: 'identity/groupby((platform))',
  concat: 'concat(aggregate($count as n),groupby((platform)))',
};

/** Every member of the declared list has a request here, and it succeeds. */
const showsEach =
  (cases: Readonly<Record<string, string>>, option: string): Proof =>
  async (declared) => {
    const names = declared as readonly string[];
    expect([...names].sort()).toEqual(Object.keys(cases).sort());
    const refused: string[] = [];
    for (const name of names) {
      const { status, text } = await read(query(`${option}=${encodeURIComponent(cases[name] ?? '')}&$top=1`));
      if (status !== 200) refused.push(`${name}: ${status} ${text}`);
    }
    expect(refused).toEqual([]);
  };

const patch = (path: string, headers: Ask['headers'] = {}): Ask => ({
  method: 'PATCH',
  path,
  body: { name: 'x' },
  headers,
});

const ofCollection: Readonly<Record<string, Proof>> = {
  'Capabilities.CountRestrictions/Countable': async (declared) => {
    await showsQuery('$count=true')(declared);
    await shows(() => ({ path: `${collectionPath}/$count` }))(declared);
  },
  'Capabilities.FilterRestrictions/Filterable': showsQuery('$filter=isSigned eq true'),
  'Capabilities.SelectSupport/Supported': showsQuery('$select=name'),
  'Capabilities.SkipSupported': showsQuery('$skip=1'),
  'Capabilities.SortRestrictions/Sortable': showsQuery('$orderby=name'),
  'Capabilities.SortRestrictions/NonSortableProperties': async (declared) => {
    const schema = await readSchema('v1.0');
    const names = Object.keys({ ...schema.entity, ...schema.cloudAppSecurityProfile });
    const refused = [];
    for (const name of names.filter((each) => !/^[$@]/.test(each))) {
      if ((await statusOf({ path: query(`$orderby=${name}&$top=1`) })) === 400) refused.push(name);
    }
    expect(refused).toEqual(declared);
  },
  'Capabilities.TopSupported': showsQuery('$top=1'),
  'Capabilities.SearchRestrictions/Searchable': showsQuery('$search=contoso AND ("a b" OR NOT c)'),
  'Capabilities.ExpandRestrictions/Expandable': showsQuery('$expand=anything'),
  'Capabilities.IndexableByKey': showsOn((path) => ({ path: path.replace(/\/([^/]+)$/, "('$1')") })),
  'Capabilities.ComputeSupported': showsQuery('$compute=length(name) as size&$select=size'),
  'Capabilities.ChangeTracking/Supported': async (declared) => {
    const answer = await read(query('$top=1'), { prefer: 'odata.track-changes' });
    const tracked = /track-changes/.test(answer.headers['preference-applied'] ?? '');
    expect(tracked || '@odata.deltaLink' in membersOf(answer)).toBe(declared);
  },
  'Capabilities.FilterFunctions': showsEach(expressions, '$filter'),
  'Aggregation.ApplySupported/Transformations': showsEach(transformations, '$apply'),
  'Aggregation.ApplySupported/Rollup': async (declared) => {
    expect(declared).toBe('None');
    expect(await statusOf({ path: query('$apply=groupby((rollup($all,platform)))') })).toBe(501);
  },
  'Capabilities.ReadRestrictions/Readable': showsQuery('$top=1'),
  'Capabilities.ReadRestrictions/Permissions': permits(async () => ({ path: query('$top=1') })),
  'Capabilities.ReadRestrictions/TypecastSegmentSupported': shows(() => ({
    path: `${collectionPath}/${typeSegment}`,
  })),
  'Capabilities.ReadRestrictions/ReadByKeyRestrictions/Readable': showsOn((path) => ({ path })),
  'Capabilities.ReadRestrictions/ReadByKeyRestrictions/Permissions': permits(async () => ({
    path: (await service.create()).path,
  })),
  'Capabilities.InsertRestrictions/Insertable': shows(() => ({
    method: 'POST',
    path: collectionPath,
    body: {},
  })),
  'Capabilities.InsertRestrictions/NonInsertableProperties': ignores((body) =>
    service.send({ method: 'POST', path: collectionPath, body }),
  ),
  'Capabilities.InsertRestrictions/TypecastSegmentSupported': shows(() => ({
    method: 'POST',
    path: `${collectionPath}/${typeSegment}`,
    body: {},
  })),
  'Capabilities.InsertRestrictions/Permissions': permits(async () => ({
    method: 'POST',
    path: collectionPath,
    body: {},
  })),
  'Capabilities.DeepInsertSupport/Supported': hasNoDepth,
  'Capabilities.UpdateRestrictions/Updatable': showsOn(patch),
  'Capabilities.UpdateRestrictions/Upsertable': shows(() => patch(`${collectionPath}/${absentId}`)),
  'Capabilities.UpdateRestrictions/DeltaUpdateSupported': shows(() => ({
    method: 'PATCH',
    path: collectionPath,
    body: { '@odata.context': '#$delta', value: [] },
  })),
  'Capabilities.UpdateRestrictions/UpdateMethod': async (declared) => {
    const { path } = await service.create();
    const { headers } = await service.send({ method: 'OPTIONS', path });
    const methods = headers.allow?.split(', ').filter((method) => ['PATCH', 'PUT'].includes(method));
    expect(methods?.join(',')).toBe(declared);
  },
  'Capabilities.UpdateRestrictions/FilterSegmentSupported': shows(() =>
    patch(`${collectionPath}/$filter(isSigned%20eq%20true)/$each`),
  ),
  'Capabilities.UpdateRestrictions/TypecastSegmentSupported': showsOn((path) =>
    patch(`${path}/${typeSegment}`),
  ),
  'Capabilities.UpdateRestrictions/NonUpdatableProperties': ignores(async (body) => {
    const { path } = await service.create();
    return service.send({ method: 'PATCH', path, body });
  }),
  'Capabilities.UpdateRestrictions/Permissions': permits(async () => patch((await service.create()).path)),
  'Capabilities.DeepUpdateSupport/Supported': hasNoDepth,
  'Capabilities.DeleteRestrictions/Deletable': showsOn((path) => ({ method: 'DELETE', path })),
  'Capabilities.DeleteRestrictions/FilterSegmentSupported': shows(() => ({
    method: 'DELETE',
    path: `${collectionPath}/$filter(isSigned%20eq%20true)/$each`,
  })),
  'Capabilities.DeleteRestrictions/TypecastSegmentSupported': showsOn((path) => ({
    method: 'DELETE',
    path: `${path}/${typeSegment}`,
  })),
  'Capabilities.DeleteRestrictions/Permissions': permits(async () => ({
    method: 'DELETE',
    path: (await service.create()).path,
  })),
};

const compressors: Readonly<Record<string, (text: string) => Uint8Array>> = {
  gzip: gzipSync,
  deflate: deflateSync,
  br: brotliCompressSync,
};

type BatchItem = Readonly<Record<string, unknown>>;
const batch = (requests: readonly BatchItem[], headers: Ask['headers'] = {}): Ask => ({
  method: 'POST',
  path: '/v1.0/$batch',
  body: { requests },
  headers,
});
const failing = { id: '1', method: 'GET', url: `/security/cloudAppSecurityProfiles/${absentId}` };
const working = { id: '2', method: 'GET', url: '/security/cloudAppSecurityProfiles?$top=1' };

/** The statuses of a batch whose first request fails. */
async function statusesAfterFailure(): Promise<readonly unknown[]> {
  const answer = await service.send(batch([failing, working], { prefer: 'continue-on-error' }));
  return (membersOf(answer).responses as { status: number }[]).map(({ status }) => status);
}

const continues: Proof = async (declared) => {
  expect((await statusesAfterFailure())[1] === 200).toBe(declared);
};

/** A later request cannot take something from the answer to an earlier one. */
const refersTo =
  (change: (created: BatchItem) => BatchItem): Proof =>
  async (declared) => {
    const create = {
      id: 'new',
      method: 'POST',
      url: '/security/cloudAppSecurityProfiles',
      headers: { 'Content-Type': 'application/json' },
      body: { name: 'referred to' },
    };
    const answer = await service.send(batch([create, change(create)]));
    const responses = membersOf(answer).responses as { status: number; body?: { name?: string } }[];
    const [, second] = responses;
    expect(second !== undefined && second.status < 300 && second.body?.name === 'referred to').toBe(declared);
  };

const multipart = [
  '--b',
  'Content-Type: application/http',
  'Content-Transfer-Encoding: binary',
  '',
  'GET security/cloudAppSecurityProfiles?$top=1 HTTP/1.1',
  '',
  '',
  '--b--',
  '',
].join('\r\n');

const ofContainer: Readonly<Record<string, Proof>> = {
  'Core.ODataVersions': async (declared) => {
    const works = async (version: string) => {
      const { path } = await service.create();
      return (await statusOf(patch(path, { 'odata-version': version, 'odata-maxversion': version }))) === 200;
    };
    const tried = ['3.0', '4.0', '4.01', '4.02', '5.0'];
    const spoken = [];
    for (const version of tried) if (await works(version)) spoken.push(version);
    expect(spoken.join(' ')).toBe(declared);
  },
  'Capabilities.SupportedFormats': async (declared) => {
    for (const accept of declared as string[]) {
      const { status, headers } = await read(query('$top=1'), { accept });
      const [name = '', ...parameters] = accept.split(';');
      expect({ accept, status, type: headers['content-type'] }).toEqual({
        accept,
        status: 200,
        type: expect.stringMatching(
          new RegExp(`^${name}(;|$)${parameters.map((each) => `.*${each}`).join('')}`),
        ),
      });
    }
    expect(await statusOf({ path: query('$top=1'), headers: { accept: 'application/atom+xml' } })).toBe(406);
  },
  'Capabilities.SupportedMetadataFormats': async (declared) => {
    for (const accept of declared as string[]) {
      const { status, headers } = await anonymous('/v1.0/$metadata', { accept });
      expect([status, headers['content-type']?.split(';')[0]]).toEqual([200, accept]);
    }
  },
  'Capabilities.AcceptableEncodings': async (declared) => {
    expect([...(declared as string[])].sort()).toEqual(Object.keys(compressors).sort());
    for (const coding of declared as string[]) {
      const { path } = await service.create();
      const body = compressors[coding]?.('{"name":"compressed"}');
      const answer = await service.send({
        method: 'PATCH',
        path,
        body,
        headers: { 'content-encoding': coding },
      });
      expect([coding, answer.status, membersOf(answer).name]).toEqual([coding, 200, 'compressed']);
    }
  },
  'Capabilities.KeyAsSegmentSupported': showsOn((path) => ({ path })),
  'Capabilities.QuerySegmentSupported': shows(() => ({
    method: 'POST',
    path: `${collectionPath}/$query`,
    body: '$top=1',
    headers: { 'content-type': 'text/plain' },
  })),
  'Capabilities.BatchSupported': shows(() => batch([working])),
  'Capabilities.BatchContinueOnErrorSupported': continues,
  'Capabilities.BatchSupport/Supported': shows(() => batch([working])),
  'Capabilities.BatchSupport/ContinueOnErrorSupported': continues,
  'Capabilities.BatchSupport/ReferencesInRequestBodiesSupported': refersTo((created) => ({
    ...created,
    id: 'after',
    dependsOn: ['new'],
    body: '$new',
  })),
  'Capabilities.BatchSupport/ReferencesAcrossChangeSetsSupported': refersTo(() => ({
    id: 'after',
    dependsOn: ['new'],
    method: 'GET',
    url: '$new',
  })),
  'Capabilities.BatchSupport/EtagReferencesSupported': refersTo(() => ({
    id: 'after',
    dependsOn: ['new'],
    method: 'GET',
    url: '$new',
    headers: { 'If-Match': '$new' },
  })),
  'Capabilities.BatchSupport/RequestDependencyConditionsSupported': async (declared) => {
    const answer = await service.send(batch([{ ...working, if: 'true' }]));
    const responses = membersOf(answer).responses as { status: number }[] | undefined;
    // Where conditions are judged, a true one lets the request run; elsewhere it is refused, never run unjudged.
    expect(responses?.[0]?.status).toBe(declared ? 200 : 400);
  },
  'Capabilities.BatchSupport/SupportedFormats': async (declared) => {
    expect(declared).toEqual(['application/json', 'multipart/mixed']);
    expect(await statusOf(batch([working]))).toBe(200);
    const mixed = await service.send({
      method: 'POST',
      path: '/v1.0/$batch',
      body: multipart,
      headers: { 'content-type': 'multipart/mixed; boundary=b', accept: 'multipart/mixed' },
    });
    expect(mixed.headers['content-type']).toMatch(/^multipart\/mixed/);
    expect(mixed.text).toContain('HTTP/1.1 200');
  },
  'Capabilities.AsynchronousRequestsSupported': async (declared) => {
    const { status, headers } = await read(query('$top=1'), { prefer: 'respond-async' });
    expect(status === 202 || /respond-async/.test(headers['preference-applied'] ?? '')).toBe(declared);
  },
  'Capabilities.CrossJoinSupported': shows(() => ({ path: '/v1.0/$crossjoin(security,security)' })),
  'Authorization.Authorizations': async (declared) => {
    const discovery = await anonymous('/common/v2.0/.well-known/openid-configuration');
    const known = membersOf(discovery);
    for (const each of declared as Readonly<Record<string, string>>[]) {
      for (const [member, name] of [
        ['AuthorizationUrl', 'authorization_endpoint'],
        ['TokenUrl', 'token_endpoint'],
      ] as const) {
        // The same place by another listener's scheme and port.
        const path = (address: unknown) => new URL(String(address)).pathname;
        if (each[member] !== undefined) expect(path(each[member])).toBe(path(known[name]));
      }
    }
  },
  'Authorization.SecuritySchemes': async (declared) => {
    expect((declared as { Authorization: string }[]).map(({ Authorization }) => Authorization)).toContain(
      'bearer',
    );
    expect((await anonymous(query('$top=1'))).status).toBe(401);
    expect(await statusOf({ path: query('$top=1') })).toBe(200);
  },
};

describe.each([
  ['the collection', 'security/cloudAppSecurityProfiles', ofCollection],
  ['the container', 'GraphService', ofContainer],
] as const)('what is declared of %s', (_, target, proofs) => {
  const declared = async (): Promise<ReadonlyMap<string, unknown>> => {
    const schema = await readSchema('v1.0');
    return flatten(schema.$Annotations?.[`graph.${target}`] ?? schema[target] ?? {});
  };

  it('has a proof each', async () => {
    expect([...(await declared()).keys()].sort()).toEqual(Object.keys(proofs).sort());
  });

  it.each(Object.entries(proofs))('%s', { timeout: 60_000 }, async (path, proof) => {
    await proof((await declared()).get(path));
  });
});

describe('what is declared of the entity type', () => {
  it('repeats what is declared of the collection', async () => {
    const schema = await readSchema('beta');
    const ofType = flatten(schema.cloudAppSecurityProfile ?? {});
    const collection = flatten(schema.$Annotations?.['graph.security/cloudAppSecurityProfiles'] ?? {});
    const repeated = [...ofType].filter(([path]) => path.startsWith('Capabilities.'));
    expect(repeated.length).toBeGreaterThan(5);
    for (const [path, value] of repeated) expect([path, collection.get(path)]).toEqual([path, value]);
  });
});
