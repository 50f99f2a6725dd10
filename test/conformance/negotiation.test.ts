/** Accept lists, $format, versions and preferences in every form clients send them (digest 2.7, 2.8, 6.2). */
import { afterAll, describe, expect, it } from 'vitest';
import {
  collectionPath,
  expectHeaders,
  expectJson,
  expectNothingCreated,
  expectRefusal,
  expectUnchanged,
  itemsOf,
  membersOf,
  minimalType,
  openService,
  patchOf,
  type Service,
  writtenEntity,
  writtenItem,
} from '../support/conformance.ts';
import type { Answer } from '../support/exchange.ts';

const service: Service = await openService('--no-sample');
afterAll(() => service.stop());

const profile = await service.create({ name: 'n', tags: ['t'], vendorInformation: { vendor: 'm' } });
await Promise.all(Array.from({ length: 4 }, () => service.create()));

type Headers = Readonly<Record<string, string | readonly string[] | undefined>>;
const get = (path: string, headers: Headers = {}): Promise<Answer> => service.send({ path, headers });

const typeFor = (level: string, ieee754 = false) =>
  `application/json;odata.metadata=${level};odata.streaming=true;IEEE754Compatible=${ieee754};charset=utf-8`;

/** Preference-Applied as a set of its preferences. */
const applied = ({ headers }: Answer): readonly string[] =>
  (headers['preference-applied'] ?? '')
    .split(',')
    .map((preference) => preference.trim())
    .filter((preference) => preference !== '')
    .sort();

describe('Accept', () => {
  it.each([
    [['application/json;odata.metadata=full', 'text/html'], 'full'],
    [['text/html', 'application/json;odata.metadata=none'], 'none'],
    [['application/json;odata.metadata=none;q=0.2', 'application/json;odata.metadata=full;q=0.3'], 'full'],
  ] as const)('in several headers: %j', async (accept, level) => {
    const answer = await get(profile.path, { accept });
    expect([answer.status, answer.headers['content-type']]).toEqual([200, typeFor(level)]);
  });

  it.each([
    // Power Query, SAPUI5, Excel, a browser, curl and the Graph client, as they ask.
    [
      'application/json;odata.metadata=minimal;q=1.0,application/json;odata=minimalmetadata;q=0.9,application/atomsvc+xml;q=0.8,application/atom+xml;q=0.8,application/xml;q=0.7,text/plain;q=0.7',
      'minimal',
    ],
    ['application/json;odata=minimalmetadata,application/json;odata.metadata=full;q=0.5', 'full'],
    ['application/json;odata.metadata=minimal;IEEE754Compatible=false', 'minimal'],
    ['application/json;odata=verbose, application/json', 'minimal'],
    ['application/atom+xml,application/xml;q=0.9,application/json;q=0.8', 'minimal'],
    ['text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8', 'minimal'],
    ['*/*', 'minimal'],
    ['application/json;odata.streaming=false;metadata=full', 'full'],
    ['APPLICATION/JSON;ODATA.METADATA=FULL', 'full'],
    ['application/json;odata.metadata="full"', 'full'],
    ['application/json ; odata.metadata = none', 'none'],
    ['application/json;odata.metadata=full;q=0, application/json;odata.metadata=none;q=0.1', 'none'],
    ['application/json;profile="a,b;c", application/json;odata.metadata=none', 'none'],
    [', ,application/json,', 'minimal'],
  ])('%j gets %s', async (accept, level) => {
    for (const path of [profile.path, collectionPath, `${profile.path}/name`, '/v1.0/']) {
      const answer = await get(path, { accept });
      expect([path, answer.status, answer.headers['content-type']]).toEqual([path, 200, typeFor(level)]);
    }
  });

  it.each([
    'application/json;odata=verbose',
    'application/json;unknown=1',
    'application/json;charset=latin1',
    'image/*',
  ])('%s alone is 406 on every resource but counts and raw values', async (accept) => {
    for (const path of [profile.path, collectionPath, `${profile.path}/name`, '/v1.0/', '/v1.0/security']) {
      expectRefusal(await get(path, { accept }), '406 NotAcceptable notAcceptable', {
        message:
          'No acceptable representation. Available: application/json with odata.metadata=none, minimal or full.',
        target: 'Accept',
      });
    }
  });

  it.each(['application/json', 'text/plain', '*/*', 'text/plain, application/json', 'application/xml'])(
    '%s: a count is text whatever is accepted',
    async (accept) => {
      const answer = await get(`${collectionPath}/$count`, { accept });
      expect([answer.status, answer.headers['content-type'], answer.text]).toEqual([
        200,
        'text/plain;charset=utf-8',
        '5',
      ]);
    },
  );

  it.each(['text/plain', '*/*', 'application/json'])('%s: a raw value is text', async (accept) => {
    const answer = await get(`${profile.path}/name/$value`, { accept });
    expect([answer.status, answer.headers['content-type'], answer.text]).toEqual([
      200,
      'text/plain;charset=utf-8',
      'n',
    ]);
  });
});

describe('$metadata', () => {
  const xml = 'application/xml;charset=utf-8';
  const json = 'application/json;charset=utf-8';

  it.each([
    [undefined, xml],
    ['*/*', xml],
    ['application/xml', xml],
    ['text/xml', xml],
    ['application/json', json],
    ['application/json, application/xml;q=0.9', json],
    ['application/xml;q=0.5, application/json', json],
    ['application/atom+xml, application/json;q=0.1', json],
    ['text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8', xml],
  ])('Accept %j gets %s', async (accept, type) => {
    const answer = await get('/v1.0/$metadata', { accept });
    expect([answer.status, answer.headers['content-type']]).toEqual([200, type]);
  });

  it.each([
    ['json', json],
    ['xml', xml],
    ['application/json', json],
    ['application/xml', xml],
  ])('$format=%s wins over Accept', async (format, type) => {
    for (const accept of ['application/xml', 'application/json', 'image/png']) {
      const answer = await get(`/v1.0/$metadata?$format=${format}`, { accept });
      expect([answer.status, answer.headers['content-type']]).toEqual([200, type]);
    }
  });

  it.each(['image/png', 'application/atom+xml'])('%s is 406', async (accept) => {
    expectRefusal(await get('/v1.0/$metadata', { accept }), '406 NotAcceptable notAcceptable', {
      message: 'No acceptable representation. Available: application/xml, application/json.',
      target: 'Accept',
    });
  });
});

describe('$format', () => {
  it('wins over Accept on writes, too', async () => {
    const { path } = await service.create();
    const answer = await service.send({
      path: `${path}?$format=${encodeURIComponent('application/json;odata.metadata=full')}`,
      body: { name: 'x' },
      headers: { accept: 'text/html' },
    });
    expect([answer.status, answer.headers['content-type']]).toEqual([200, typeFor('full')]);
  });

  it('works without its dollar and in any case', async () => {
    for (const name of ['format', '$FORMAT', 'Format']) {
      const answer = await get(`${profile.path}?${name}=json`, { accept: 'text/html' });
      expect([name, answer.status]).toEqual([name, 200]);
    }
  });

  it('of another kind is 406, and a write does not happen', async () => {
    const refused = (answer: Answer) => {
      expect([answer.status, (answer.body as { error: { target: string } }).error.target]).toEqual([
        406,
        '$format',
      ]);
    };
    refused(await get(`${profile.path}?$format=xml`));
    const ask = { method: 'POST', path: `${collectionPath}?$format=xml`, body: {} };
    refused(await expectNothingCreated(service, () => service.send(ask)));
    const patch = { path: `${profile.path}?$format=atom`, body: { name: 'changed' } };
    refused(await expectUnchanged(service, profile, () => service.send(patch)));
  });

  it('twice is 400', async () => {
    expectRefusal(await get(`${profile.path}?$format=json&format=json`), '400 BadRequest optionDuplicate', {
      message: /\$format/,
      target: '$format',
    });
  });
});

describe('OData-Version and OData-MaxVersion', () => {
  it('name a generic client: $top is then a total', async () => {
    const plain = await get(`${collectionPath}?$top=2`);
    expect([itemsOf(plain).length, '@odata.nextLink' in membersOf(plain)]).toEqual([2, true]);
    for (const header of ['odata-version', 'odata-maxversion']) {
      const answer = await get(`${collectionPath}?$top=2`, { [header]: '4.0' });
      expect([header, itemsOf(answer).length, '@odata.nextLink' in membersOf(answer)]).toEqual([
        header,
        2,
        false,
      ]);
    }
  });

  it('4.01 in a body: control information may lack its prefix', async () => {
    const right = await service.create();
    const body = { '@type': '#microsoft.graph.cloudAppSecurityProfile', name: 'x' };
    expect((await service.send(patchOf(right, body, { 'odata-version': '4.01' }))).status).toBe(200);
    const wrong = { '@type': '#microsoft.graph.alert', name: 'y' };
    const refused = await expectUnchanged(service, right, () =>
      service.send(patchOf(right, wrong, { 'odata-version': '4.01' })),
    );
    expectRefusal(refused, '400 BadRequest payloadTypeMismatch', { message: /@type/, target: '@type' });
    // In 4.0 it is an annotation nobody knows.
    expect((await service.send(patchOf(right, wrong))).status).toBe(200);
  });

  it.each([
    [{ 'odata-version': '4.01', 'odata-maxversion': '4.01' }],
    [{ 'odata-maxversion': '4.01' }],
    [{ 'odata-maxversion': '6.0' }],
  ])('%j is answered in 4.0, on writes and metadata, too', async (headers) => {
    const made = await service.send({ method: 'POST', path: collectionPath, body: {}, headers });
    expect([made.status, made.headers['odata-version']]).toEqual([201, '4.0']);
    const metadata = await get('/v1.0/$metadata', headers);
    expect([metadata.status, metadata.headers['odata-version']]).toEqual([200, '4.0']);
    expect(metadata.text).toContain('Version="4.0"');
  });

  it.each([
    ['odata-version', '3.0', 'OData-Version', 'allowed are 4.0 and 4.01'],
    ['odata-version', '4.02', 'OData-Version', 'allowed are 4.0 and 4.01'],
    ['odata-version', '4', 'OData-Version', 'allowed are 4.0 and 4.01'],
    ['odata-maxversion', '2.0', 'OData-MaxVersion', '4.0 or higher is expected, as answers are in 4.0'],
    ['odata-maxversion', '3.9', 'OData-MaxVersion', '4.0 or higher is expected, as answers are in 4.0'],
  ])('%s: %s is 400 on every resource', async (header, value, target, allowed) => {
    for (const path of [
      collectionPath,
      profile.path,
      '/v1.0/',
      '/v1.0/$metadata',
      `${collectionPath}/$count`,
    ]) {
      expectRefusal(await get(path, { [header]: value }), '400 BadRequest versionNotSupported', {
        message: `${target} '${value}' is not supported; ${allowed}.`,
        target,
      });
    }
  });

  it('DataServiceVersion of older clients is not looked at', async () => {
    const headers = { dataserviceversion: '3.0', maxdataserviceversion: '3.0' };
    expect((await get(profile.path, headers)).status).toBe(200);
  });
});

describe('Prefer: return', () => {
  const forms: readonly (readonly [string | readonly string[], 'minimal' | 'representation'])[] = [
    ['return=minimal', 'minimal'],
    ['return=representation', 'representation'],
    ['return="minimal"', 'minimal'],
    ['Return=Minimal', 'minimal'],
    [' return = minimal ', 'minimal'],
    ['return=minimal; foo="some parameter"', 'minimal'],
    ['respond-async, wait=10, return=minimal', 'minimal'],
    ['handling=strict;x=y,return=representation', 'representation'],
    ['foo="a, return=representation", return=minimal', 'minimal'],
    ['odata.continue-on-error, return=minimal', 'minimal'],
    ['return=minimal, return=representation', 'minimal'],
    [['respond-async', 'return=minimal'], 'minimal'],
    [['return=representation', 'return=minimal'], 'representation'],
  ];

  it.each(forms)('%j on PATCH and POST', async (prefer, kind) => {
    const own = await service.create();
    const changed = await service.send(patchOf(own, { name: 'x' }, { prefer }));
    const made = await service.send({ method: 'POST', path: collectionPath, body: {}, headers: { prefer } });
    expect([changed.status, made.status]).toEqual(kind === 'minimal' ? [204, 204] : [200, 201]);
    expect([applied(changed), applied(made)]).toEqual([[`return=${kind}`], [`return=${kind}`]]);
    expect([changed.text === '', made.text === '']).toEqual(Array(2).fill(kind === 'minimal'));
    expect(changed.headers.etag).toBe('W/"2"');
  });

  it('minimal of POST names the entity twice', async () => {
    const made = await service.send({
      method: 'POST',
      path: collectionPath,
      body: {},
      headers: { prefer: 'return=minimal' },
    });
    const { location } = made.headers;
    expectHeaders(made, {
      etag: 'W/"1"',
      location: expect.stringMatching(/\/v1\.0\/security\/cloudAppSecurityProfiles\/[0-9a-f-]{36}$/),
      'odata-entityid': location,
      'preference-applied': 'return=minimal',
    });
  });

  it.each(['return=nothing', 'return', 'minimal', 'return=', 'unknown', '', ';;,,="', 'return=minimalist'])(
    '%j is no preference: the entity is sent and nothing is said',
    async (prefer) => {
      const own = await service.create();
      const changed = await service.send(patchOf(own, { name: 'x' }, { prefer }));
      expect([changed.status, changed.headers['preference-applied']]).toEqual([200, undefined]);
    },
  );

  it('means nothing on reads and DELETE', async () => {
    const own = await service.create();
    const read = await get(own.path, { prefer: 'return=minimal' });
    expectJson(read, 200, writtenEntity(service, own.values, 1), { etag: 'W/"1"' });
    const gone = await service.send({
      method: 'DELETE',
      path: own.path,
      headers: { prefer: 'return=representation' },
    });
    expect([gone.status, gone.text, gone.headers['preference-applied']]).toEqual([204, '', undefined]);
  });
});

describe('$select on writes', () => {
  it('narrows the answer to PATCH, which changes what it would', async () => {
    const own = await service.create({ platform: 'p' });
    const answer = await service.send({
      path: `${own.path}?$select=name`,
      body: { name: 'x', platform: 'q' },
    });
    expectJson(
      answer,
      200,
      {
        '@odata.context': `${service.url}/v1.0/$metadata#security/cloudAppSecurityProfiles(id,name)/$entity`,
        '@odata.type': '#microsoft.graph.cloudAppSecurityProfile',
        '@odata.etag': 'W/"2"',
        id: own.id,
        name: 'x',
      },
      { etag: 'W/"2"' },
    );
    expect((await get(own.path)).body).toMatchObject({ platform: 'q' });
  });

  it('narrows the answer to POST', async () => {
    const answer = await service.send({
      method: 'POST',
      path: `${collectionPath}?$select=name`,
      body: { name: 'x', platform: 'q' },
    });
    const { id } = answer.body as { id: string };
    expectJson(
      answer,
      201,
      {
        '@odata.context': `${service.url}/v1.0/$metadata#security/cloudAppSecurityProfiles(id,name)/$entity`,
        '@odata.type': '#microsoft.graph.cloudAppSecurityProfile',
        '@odata.etag': 'W/"1"',
        id,
        name: 'x',
      },
      { etag: 'W/"1"', location: `${service.url}${collectionPath}/${id}` },
    );
  });

  it('with return=minimal sends nothing and says so', async () => {
    const own = await service.create();
    const answer = await service.send({
      path: `${own.path}?$select=name`,
      body: { name: 'x' },
      headers: { prefer: 'return=minimal' },
    });
    expect([answer.status, answer.text, applied(answer)]).toEqual([204, '', ['return=minimal']]);
  });

  it.each(['nonsense', 'name/x'])('%s: 400, and nothing happens', async (select) => {
    const patch = { path: `${profile.path}?$select=${select}`, body: { name: 'changed' } };
    const refused = await expectUnchanged(service, profile, () => service.send(patch));
    expect(refused.status).toBe(400);
    const post = { method: 'POST', path: `${collectionPath}?$select=${select}`, body: {} };
    expect((await expectNothingCreated(service, () => service.send(post))).status).toBe(400);
  });
});

describe('Prefer: maxpagesize', () => {
  it.each([
    'maxpagesize=2',
    'odata.maxpagesize=2',
    'OData.MaxPageSize=2',
    'maxpagesize="2"',
    'x, maxpagesize=2',
  ])('%j sizes pages and is said back', async (prefer) => {
    const answer = await get(collectionPath, { prefer });
    expect([itemsOf(answer).length, '@odata.nextLink' in membersOf(answer)]).toEqual([2, true]);
    expect(applied(answer)).toEqual([expect.stringMatching(/^(odata\.)?maxpagesize=2$/)]);
  });

  it('above the maximum is said back as what was applied', async () => {
    const answer = await get(collectionPath, { prefer: 'maxpagesize=5000' });
    expect(applied(answer)).toEqual([expect.stringMatching(/^(odata\.)?maxpagesize=1000$/)]);
  });

  it('makes $top a total, read in pages', async () => {
    const ids = new Set<unknown>();
    let path: string | undefined = `${collectionPath}?$top=3`;
    let pages = 0;
    while (path !== undefined) {
      const page: Answer = await get(path, { prefer: 'maxpagesize=2' });
      for (const { id } of itemsOf(page)) ids.add(id);
      pages += 1;
      const link = membersOf(page)['@odata.nextLink'] as string | undefined;
      path = link?.slice(service.url.length);
    }
    expect([ids.size, pages]).toEqual([3, 2]);
  });

  it.each(['maxpagesize=0', 'maxpagesize=-1', 'maxpagesize=x', 'maxpagesize', 'maxpagesize=1.5'])(
    '%j is no preference',
    async (prefer) => {
      const answer = await get(collectionPath, { prefer });
      expect([answer.status, itemsOf(answer).length >= 5, applied(answer)]).toEqual([200, true, []]);
    },
  );

  it('means nothing on a single entity', async () => {
    expect(applied(await get(profile.path, { prefer: 'maxpagesize=2' }))).toEqual([]);
  });
});

describe('Prefer: omit-values', () => {
  const withoutNulls = (entity: object): object =>
    JSON.parse(JSON.stringify(entity, (_, value: unknown) => (value === null ? undefined : value))) as object;

  it.each(['omit-values=nulls', 'odata.omit-values=nulls', 'Omit-Values="Nulls"'])(
    '%j leaves nulls out of every answer with entities and is said back',
    async (prefer) => {
      const entity = await get(profile.path, { prefer });
      expect(entity.body).toEqual(withoutNulls(writtenEntity(service, profile.values, 1)));
      const list = await get(`${collectionPath}?$filter=${encodeURIComponent(`id eq '${profile.id}'`)}`, {
        prefer,
      });
      expect(itemsOf(list)).toEqual([withoutNulls(writtenItem(profile.values, 1))]);
      const own = await service.create();
      const changed = await service.send(patchOf(own, { name: 'x' }, { prefer }));
      expect(Object.values(changed.body as object)).not.toContain(null);
      const complex = await get(`${profile.path}/vendorInformation`, { prefer });
      expect(Object.keys(complex.body as object)).toEqual(['@odata.context', '@odata.type', 'vendor']);
      for (const answer of [entity, list, changed, complex]) {
        expect(applied(answer)).toEqual([expect.stringMatching(/^(odata\.)?omit-values=nulls$/)]);
      }
    },
  );

  it.each(['omit-values=defaults', 'omit-values', 'omit-values=none'])(
    '%j is not honoured',
    async (prefer) => {
      const answer = await get(profile.path, { prefer });
      expectJson(answer, 200, writtenEntity(service, profile.values, 1), { etag: 'W/"1"' });
    },
  );

  it('together with others: each is said back', async () => {
    const own = await service.create();
    const prefer = 'return=representation, omit-values=nulls, maxpagesize=5, foo';
    const answer = await service.send(patchOf(own, { name: 'x' }, { prefer }));
    expect(applied(answer)).toEqual([
      expect.stringMatching(/^(odata\.)?omit-values=nulls$/),
      'return=representation',
    ]);
    const list = await get(collectionPath, { prefer });
    expect(applied(list)).toEqual([
      expect.stringMatching(/^(odata\.)?maxpagesize=5$/),
      expect.stringMatching(/^(odata\.)?omit-values=nulls$/),
    ]);
  });
});

describe('preferences nobody honours', () => {
  it.each([
    'respond-async',
    'track-changes',
    'allow-entityreferences',
    'include-annotations="*"',
    'odata.include-annotations=*',
    'handling=strict',
    'callback; url="https://example.com"',
    'wait=100',
  ])('%j is not said back', async (prefer) => {
    const answer = await get(collectionPath, { prefer });
    expect([answer.status, answer.headers['preference-applied']]).toEqual([200, undefined]);
  });

  it('create-if-missing makes nothing', async () => {
    const path = `${collectionPath}/00000000-0000-4000-8000-0000000000aa`;
    const answer = await expectNothingCreated(service, () =>
      service.send({ path, body: { name: 'x' }, headers: { prefer: 'create-if-missing' } }),
    );
    expect([answer.status, answer.headers['preference-applied']]).toEqual([404, undefined]);
  });

  it.each([
    'ConsistencyLevel',
    'Retry-Attempt',
    'SdkVersion',
    'x-ms-throttle-priority',
    'return-client-request-id',
  ])('the header %s is tolerated', async (header) => {
    const answer = await get(profile.path, { [header]: 'eventual' });
    expect([answer.status, answer.headers['content-type']]).toEqual([200, minimalType]);
  });
});
