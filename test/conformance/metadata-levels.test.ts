/** What each metadata level sends of each kind of resource, whole (JSON Format 3.1, digest 5.2 to 5.5). */
import { afterAll, describe, expect, it } from 'vitest';
import {
  collectionPath,
  openService,
  type Service,
  writtenEntity,
  writtenItem,
  writtenProperties,
} from '../support/conformance.ts';
import type { Answer } from '../support/exchange.ts';

const service: Service = await openService('--no-sample');
afterAll(() => service.stop());

type Level = 'none' | 'minimal' | 'full';
const levels: readonly Level[] = ['none', 'minimal', 'full'];

const profile = await service.create({
  name: 'n',
  isSigned: true,
  permissionsRequired: 'guest',
  tags: ['t'],
  vendorInformation: { vendor: 'm' },
});
const only = encodeURIComponent(`id eq '${profile.id}'`);
const metadata = `${service.url}/v1.0/$metadata`;
const profiles = `${metadata}#security/cloudAppSecurityProfiles`;
const url = `${service.url}${profile.path}`;
const times = {
  createdDateTime: profile.values.createdDateTime,
  lastModifiedDateTime: profile.values.lastModifiedDateTime,
};

const typeFor = (level: Level, ieee754: boolean) =>
  `application/json;odata.metadata=${level};odata.streaming=true;IEEE754Compatible=${ieee754};charset=utf-8`;

const get = (path: string, level: Level, parameter = ''): Promise<Answer> =>
  service.send({ path, headers: { accept: `application/json;odata.metadata=${level}${parameter}` } });

/** The answer is this JSON to the letter: members in this order, nothing else. */
async function expectAt(path: string, level: Level, body: object, ieee754 = false): Promise<void> {
  const answer = await get(path, level, ieee754 ? ';IEEE754Compatible=true' : '');
  expect(answer.body).toEqual(body);
  expect(answer.text).toBe(JSON.stringify(body));
  expect([answer.status, answer.headers['content-type']]).toEqual([200, typeFor(level, ieee754)]);
}

/** Members that stand at some levels only. */
function at(level: Level, members: Readonly<Partial<Record<Level, object>>>): object {
  return members[level] ?? {};
}

const annotated = (level: Level, members: object): object => (level === 'none' ? {} : members);
const context = (level: Level, text: string): object => annotated(level, { '@odata.context': text });
const entityType = { '@odata.type': '#microsoft.graph.cloudAppSecurityProfile' };
const vendorType = { '@odata.type': '#microsoft.graph.securityVendorInformation' };
const etag = { '@odata.etag': 'W/"1"' };
/** Which profile comes first is chance. */
const anyTag = { '@odata.etag': expect.stringMatching(/^W\/"\d"$/) };

/** Control information in front of an entity. */
const control = (level: Level): object =>
  at(level, {
    minimal: { ...entityType, ...etag },
    full: { ...entityType, '@odata.id': url, ...etag, '@odata.editLink': url },
  });

const typed = (level: Level, name: string, type: string): object =>
  at(level, { full: { [`${name}@odata.type`]: type } });

/** All properties of the profile, with the annotations of the level. */
function properties(level: Level): object {
  const explicit: Readonly<Record<string, string>> = {
    createdDateTime: '#DateTimeOffset',
    lastModifiedDateTime: '#DateTimeOffset',
    permissionsRequired: '#microsoft.graph.applicationPermissionsRequired',
    tags: '#Collection(String)',
  };
  const vendor = { provider: null, providerVersion: null, subProvider: null, vendor: 'm' };
  const entries = Object.entries(writtenProperties(profile.values)).flatMap(([name, value]) => {
    const type = explicit[name];
    const own = name === 'vendorInformation' ? { ...annotated(level, vendorType), ...vendor } : value;
    return type === undefined || level !== 'full'
      ? [[name, own] as const]
      : [[`${name}@odata.type`, type] as const, [name, own] as const];
  });
  return Object.fromEntries(entries);
}

describe.each(levels)('odata.metadata=%s', (level) => {
  it('an entity', () =>
    expectAt(profile.path, level, {
      ...context(level, `${profiles}/$entity`),
      ...control(level),
      ...properties(level),
    }));

  it('a collection, with its count', () =>
    expectAt(`${collectionPath}?$count=true&$filter=${only}`, level, {
      ...context(level, profiles),
      '@odata.count': 1,
      value: [{ ...control(level), ...properties(level) }],
    }));

  it('a collection that goes on keeps its link', async () => {
    await service.create();
    const answer = await get(`${collectionPath}?$top=1&$select=id`, level);
    const { value, ...rest } = answer.body as { value: readonly { id: string }[] };
    const [item] = value;
    expect(rest).toEqual({
      ...context(level, `${profiles}(id)`),
      '@odata.nextLink': expect.stringContaining(
        `${service.url}${collectionPath}?$top=1&$select=id&$skiptoken=`,
      ),
    });
    const own = `${service.url}${collectionPath}/${item?.id}`;
    expect(item).toEqual({
      ...at(level, {
        minimal: { ...entityType, ...anyTag },
        full: { ...entityType, '@odata.id': own, ...anyTag, '@odata.editLink': own },
      }),
      id: item?.id,
    });
  });

  it('a projection', () =>
    expectAt(
      `${collectionPath}?$select=permissionsRequired,vendorInformation/vendor&$filter=${only}`,
      level,
      {
        ...context(level, `${profiles}(id,permissionsRequired,vendorInformation/vendor)`),
        value: [
          {
            ...control(level),
            id: profile.id,
            ...typed(level, 'permissionsRequired', '#microsoft.graph.applicationPermissionsRequired'),
            permissionsRequired: 'guest',
            vendorInformation: { ...annotated(level, vendorType), vendor: 'm' },
          },
        ],
      },
    ));

  it('a projected entity', () =>
    expectAt(`${profile.path}?$select=name,tags`, level, {
      ...context(level, `${profiles}(id,name,tags)/$entity`),
      ...control(level),
      id: profile.id,
      name: 'n',
      ...typed(level, 'tags', '#Collection(String)'),
      tags: ['t'],
    }));

  it('computed properties say their type unless JSON does', () => {
    const compute = 'length(name) as L,createdDateTime as T,isSigned as B,name as S,policyName as E';
    return expectAt(`${profile.path}?$select=name,L,T,B,S,E&$compute=${encodeURIComponent(compute)}`, level, {
      ...context(level, `${profiles}(id,name,L,T,B,S,E)/$entity`),
      ...control(level),
      id: profile.id,
      name: 'n',
      ...annotated(level, { 'L@odata.type': '#Int64' }),
      L: 1,
      ...annotated(level, { 'T@odata.type': '#DateTimeOffset' }),
      T: times.createdDateTime,
      B: true,
      S: 'n',
      E: null,
    });
  });

  it('properties', async () => {
    const cases = [
      ['name', undefined, 'n'],
      ['isSigned', undefined, true],
      ['permissionsRequired', '#microsoft.graph.applicationPermissionsRequired', 'guest'],
      ['createdDateTime', '#DateTimeOffset', times.createdDateTime],
      ['tags', '#Collection(String)', ['t']],
      ['vendorInformation/vendor', undefined, 'm'],
    ] as const;
    for (const [path, type, value] of cases) {
      await expectAt(`${profile.path}/${path}`, level, {
        ...context(level, `${profiles}('${profile.id}')/${path}`),
        ...(type === undefined ? {} : at(level, { full: { '@odata.type': type } })),
        value,
      });
    }
  });

  it('a complex property', () =>
    expectAt(`${profile.path}/vendorInformation`, level, {
      ...context(level, `${profiles}('${profile.id}')/vendorInformation`),
      ...annotated(level, vendorType),
      provider: null,
      providerVersion: null,
      subProvider: null,
      vendor: 'm',
    }));

  it('groups and aggregates: counts are decimals, members of a complex property stand inside', () => {
    const apply = `filter(id eq '${profile.id}')/groupby((name,vendorInformation/vendor),aggregate($count as N,name with countdistinct as D,name with max as M))`;
    return expectAt(`${collectionPath}?$apply=${encodeURIComponent(apply)}&$count=true`, level, {
      ...context(level, `${profiles}(name,vendorInformation/vendor,N,D,M)`),
      '@odata.count': 1,
      value: [
        {
          name: 'n',
          vendorInformation: { vendor: 'm' },
          ...annotated(level, { 'N@odata.type': '#Decimal' }),
          N: 1,
          ...annotated(level, { 'D@odata.type': '#Decimal' }),
          D: 1,
          M: 'n',
        },
      ],
    });
  });

  it('groups by an enumeration and a time', () => {
    const apply = `filter(id eq '${profile.id}')/groupby((permissionsRequired,createdDateTime))`;
    return expectAt(`${collectionPath}?$apply=${encodeURIComponent(apply)}`, level, {
      ...context(level, `${profiles}(permissionsRequired,createdDateTime)`),
      value: [
        {
          ...typed(level, 'permissionsRequired', '#microsoft.graph.applicationPermissionsRequired'),
          permissionsRequired: 'guest',
          ...typed(level, 'createdDateTime', '#DateTimeOffset'),
          createdDateTime: times.createdDateTime,
        },
      ],
    });
  });

  it('entities with something computed beside', () => {
    const apply = `filter(id eq '${profile.id}')/compute(length(name) as L)`;
    return expectAt(`${collectionPath}?$apply=${encodeURIComponent(apply)}`, level, {
      ...context(level, `${profiles}(*,L)`),
      value: [
        {
          ...control(level),
          ...properties(level),
          ...annotated(level, { 'L@odata.type': '#Int64' }),
          L: 1,
        },
      ],
    });
  });

  it('the singleton and the service document', async () => {
    await expectAt('/v1.0/security', level, { ...context(level, `${metadata}#security`) });
    await expectAt('/v1.0/', level, {
      ...context(level, metadata),
      value: [{ name: 'security', kind: 'Singleton', url: 'security' }],
    });
  });

  it('the answers to POST and PATCH', async () => {
    const accept = { accept: `application/json;odata.metadata=${level}` };
    const created = await service.send({
      method: 'POST',
      path: `${collectionPath}`,
      body: { tags: ['x'] },
      headers: accept,
    });
    const { id } = created.body as { id: string };
    const changed = await service.send({
      path: `${collectionPath}/${id}`,
      body: { name: 'y' },
      headers: accept,
    });
    for (const [answer, version] of [
      [created, 1],
      [changed, 2],
    ] as const) {
      const read = await get(`${collectionPath}/${id}`, level);
      expect(Object.keys(answer.body as object)).toEqual(Object.keys(read.body as object));
      expect(answer.headers.etag).toBe(`W/"${version}"`);
    }
    expect(changed.text).toBe((await get(`${collectionPath}/${id}`, level)).text);
  });

  it('IEEE754Compatible makes strings of counts and 64-bit numbers, and of nothing else', async () => {
    await expectAt(
      `${collectionPath}?$count=true&$filter=${only}&$select=isSigned`,
      level,
      {
        ...context(level, `${profiles}(id,isSigned)`),
        '@odata.count': '1',
        value: [{ ...control(level), id: profile.id, isSigned: true }],
      },
      true,
    );
    await expectAt(
      `${profile.path}?$select=id,L&$compute=${encodeURIComponent('length(name) as L')}`,
      level,
      {
        ...context(level, `${profiles}(id,L)/$entity`),
        ...control(level),
        id: profile.id,
        ...annotated(level, { 'L@odata.type': '#Int64' }),
        L: '1',
      },
      true,
    );
    const apply = encodeURIComponent(`filter(id eq '${profile.id}')/aggregate($count as N)`);
    await expectAt(
      `${collectionPath}?$apply=${apply}&$count=true`,
      level,
      {
        ...context(level, `${profiles}(N)`),
        '@odata.count': '1',
        value: [{ ...annotated(level, { 'N@odata.type': '#Decimal' }), N: '1' }],
      },
      true,
    );
  });
});

describe('at any level', () => {
  it.each(levels)('%s: a count, a raw value and nothing are as they are', async (level) => {
    const count = await get(`${collectionPath}/$count?$filter=${only}`, level);
    expect([count.headers['content-type'], count.text]).toEqual(['text/plain;charset=utf-8', '1']);
    const raw = await get(`${profile.path}/name/$value`, level);
    expect([raw.headers['content-type'], raw.text]).toEqual(['text/plain;charset=utf-8', 'n']);
    expect((await get(`${profile.path}/policyName`, level)).status).toBe(204);
  });

  it.each(levels)('%s: an error is the same', async (level) => {
    const answer = await get(`${collectionPath}/x`, level);
    expect([answer.status, answer.headers['content-type']]).toEqual([404, typeFor('minimal', false)]);
    expect(answer.body).toEqual({ error: expect.objectContaining({ code: 'ResourceNotFound' }) });
  });

  it('minimal is what the other suites expect', async () => {
    const answer = await get(profile.path, 'minimal');
    expect(answer.body).toEqual(writtenEntity(service, profile.values, 1));
    const list = await get(`${collectionPath}?$filter=${only}`, 'minimal');
    expect(list.body).toEqual({ '@odata.context': profiles, value: [writtenItem(profile.values, 1)] });
  });
});
