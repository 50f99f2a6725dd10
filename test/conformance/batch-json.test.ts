/** $batch in JSON, as Graph runs it and with the specification's atomicity groups (digest 9, JSON Format 19). */
import { randomUUID } from 'node:crypto';
import { afterAll, describe, expect, it } from 'vitest';
import {
  askBatch,
  createPart,
  expectPartRefusal,
  jsonHeaders,
  type Part,
  partCollection,
  partHeaders,
  partOf,
  partsOf,
  patchPart,
  readPart,
  sendBatch,
  statusesOf,
} from '../support/batch.ts';
import { startHooked } from '../support/configured-server.ts';
import {
  absentId,
  analyst,
  collectionPath,
  expectHeaders,
  expectNothingCreated,
  expectRefusal,
  guid,
  itemsOf,
  membersOf,
  minimalType,
  openService,
  type Service,
  testTenant,
  writtenEntity,
} from '../support/conformance.ts';
import { type Answer, createExchange } from '../support/exchange.ts';
import { runCasp } from '../support/running-server.ts';

const service: Service = await openService('--no-sample');
afterAll(() => service.stop());

/** What is stored under names made for one test. */
async function storedNames(mark: string): Promise<readonly string[]> {
  const filter = encodeURIComponent(`startswith(name,'${mark}')`);
  const answer = await service.send({ path: `${collectionPath}?$filter=${filter}&$orderby=name&$top=999` });
  return itemsOf(answer).map(({ name }) => String(name));
}

const notFoundMessage = (id: string) =>
  `Resource could not be discovered: no cloudAppSecurityProfile with the id '${id}'.`;

describe('a sound batch', () => {
  it('answers every part as the single request would, in the order of the requests', async () => {
    const profile = await service.create({ name: 'whole' });
    const answer = await service.send(
      askBatch([
        readPart('read', `${partCollection}/${profile.id}`),
        createPart('create', { name: 'made', tags: ['t'] }),
        patchPart('update', profile.id, { riskScore: '3' }, { dependsOn: ['read'] }),
        readPart('absent', `${partCollection}/${absentId}`),
        { id: 'delete', method: 'DELETE', url: `${partCollection}/${profile.id}`, dependsOn: ['update'] },
      ]),
    );
    const [read, create, update, absent, remove] = partsOf(answer);
    expect(read).toEqual({
      id: 'read',
      status: 200,
      headers: partHeaders({ ETag: 'W/"1"' }),
      body: writtenEntity(service, profile.values, 1),
    });
    const made = create?.body as Record<string, unknown>;
    const values = {
      ...profile.values,
      ...{ id: made.id, name: 'made', tags: ['t'] },
      ...{ createdDateTime: made.createdDateTime, lastModifiedDateTime: made.createdDateTime },
    } as typeof profile.values;
    expect(create).toEqual({
      id: 'create',
      status: 201,
      headers: partHeaders({ ETag: 'W/"1"', Location: `${service.url}${collectionPath}/${made.id}` }),
      body: writtenEntity(service, values, 1),
    });
    const changed = update?.body as Record<string, unknown>;
    const updated = { ...profile.values, riskScore: '3', lastModifiedDateTime: changed.lastModifiedDateTime };
    expect(update).toEqual({
      id: 'update',
      status: 200,
      headers: partHeaders({ ETag: 'W/"2"' }),
      body: writtenEntity(service, updated as typeof profile.values, 2),
    });
    expectPartRefusal(absent as never, '404 ResourceNotFound entityNotFound', {
      message: notFoundMessage(absentId),
      clientRequestId: answer.clientRequestId,
    });
    expect(remove).toEqual({
      id: 'delete',
      status: 204,
      headers: { 'OData-Version': '4.0', 'Cache-Control': 'no-cache', 'request-id': guid },
    });
    expect((await service.send({ path: profile.path })).status).toBe(404);
  });

  it('has the headers of every answer', async () => {
    const answer = await service.send(askBatch([readPart('1')]));
    expectHeaders(answer, {
      'content-type': minimalType,
      'content-length': String(answer.bytes.length),
      vary: expect.stringMatching(/^[\w-]+(, [\w-]+)*$/),
    });
  });

  it('spells header names of parts in title case, because the Graph client looks for Content-Type exactly', async () => {
    const [part] = await sendBatch(service, [createPart('1')]);
    const names = Object.keys(part?.headers ?? {});
    expect(names).toContain('Content-Type');
    expect(names.filter((name) => name.toLowerCase() === 'content-type')).toEqual(['Content-Type']);
  });

  it('gives each part a request-id of its own, which its change record carries with the client-request-id of the envelope', async () => {
    const answer = await service.send(askBatch([createPart('1'), createPart('2')]));
    const parts = partsOf(answer);
    const ids = [answer.headers['request-id'], ...parts.map(({ headers }) => headers['request-id'])];
    expect(new Set(ids).size).toBe(3);
    for (const part of parts) {
      const id = String((part.body as Record<string, unknown>).id);
      expect(service.changes.of(id)).toMatchObject([
        {
          ...analyst,
          tenantId: testTenant,
          kind: 'created',
          requestId: part.headers['request-id'],
          clientRequestId: answer.clientRequestId,
        },
      ]);
    }
  });

  it('takes 20 parts', async () => {
    const mark = randomUUID();
    const parts = Array.from({ length: 20 }, (_, index) =>
      createPart(`${index}`, { name: `${mark} ${index}` }),
    );
    const answers = await sendBatch(service, parts);
    expect(answers.map(({ id, status }) => [id, status])).toEqual(parts.map(({ id }) => [id, 201]));
    expect(await storedNames(mark)).toHaveLength(20);
  });

  it('runs under each service root, and addresses are of that root', async () => {
    for (const [root, path] of [
      ['beta', 'security/cloudAppSecurityProfiles'],
      ['odata/v4', 'cloudAppSecurityProfiles'],
    ] as const) {
      const part = { ...readPart('1', `/${path}?$top=1`) };
      const [answer] = await sendBatch(service, [part], { path: `/${root}/$batch` });
      expect(answer?.body).toMatchObject({ '@odata.context': `${service.url}/${root}/$metadata#${path}` });
    }
  });

  it.each(['/v1.0/%24batch', '/v1.0/$BATCH', '/V1.0/$batch', '/v1.0/$batch/', '/v1.0/$batch?a=b'])(
    '%s is the same address',
    async (path) => {
      expect(statusesOf(await sendBatch(service, [readPart('1')], { path }))).toEqual({ 1: 200 });
    },
  );

  it('may be larger than a single request', async () => {
    const manifest = 'm'.repeat(150_000);
    const minimal = { ...jsonHeaders, Prefer: 'return=minimal' };
    const parts = Array.from({ length: 20 }, (_, index) =>
      createPart(`${index}`, { manifest }, { headers: minimal }),
    );
    const answers = await sendBatch(service, parts);
    expect(answers.map(({ status }) => status)).toEqual(Array(20).fill(204));
  });

  it('of more than 4 MiB is 413', async () => {
    const body = JSON.stringify({ requests: [createPart('1', { manifest: 'm'.repeat(4 * 1024 * 1024) })] });
    const answer = await expectNothingCreated(service, () => service.send(askBatch([], { body })));
    expectRefusal(answer, '413 RequestEntityTooLarge bodyTooLarge', { message: /exceeds 4194304 bytes/ });
  });

  it('with a part beyond the limit of a single request refuses that part', async () => {
    const parts = [createPart('large', { manifest: 'm'.repeat(1024 * 1024) }), createPart('small')];
    expect(statusesOf(await sendBatch(service, parts))).toEqual({ large: 413, small: 201 });
  });
});

describe('the address of a part', () => {
  const forms: readonly (readonly [string, (id: string) => string])[] = [
    ['with a leading slash', (id) => `${partCollection}/${id}`],
    ['without one', (id) => `${partCollection.slice(1)}/${id}`],
    ['with the version', (id) => `${collectionPath}/${id}`],
    ['with another version', (id) => `/beta${partCollection}/${id}`],
    ['whole, of this host', (id) => `${service.url}${collectionPath}/${id}`],
    ['in another case', (id) => `/Security/CloudAppSecurityProfiles/${id.toUpperCase()}`],
    ['with a key in parentheses', (id) => `${partCollection}('${id}')`],
  ];

  it.each(forms)('may be %s', async (_, urlOf) => {
    const { id } = await service.create();
    const [part] = await sendBatch(service, [readPart('1', urlOf(id))]);
    expect(part).toMatchObject({ status: 200, body: { id } });
  });

  it('names the root its answer is of', async () => {
    const { id } = await service.create();
    const [part] = await sendBatch(service, [readPart('1', `/beta${partCollection}/${id}`)]);
    expect(part?.body).toMatchObject({
      '@odata.context': `${service.url}/beta/$metadata#security/cloudAppSecurityProfiles/$entity`,
    });
  });

  it('may hold blanks and other letters as they are', async () => {
    const { id } = await service.create({ name: 'Zoë & Søn' });
    const url = `${partCollection}?$filter=name eq 'Zoë %26 Søn'`;
    const [part] = await sendBatch(service, [readPart('1', url)]);
    expect(part).toMatchObject({ status: 200, body: { value: [{ id }] } });
  });

  it.each([
    'https://graph.microsoft.com/v1.0/security/cloudAppSecurityProfiles',
    'http://localhost:1/v1.0/security/cloudAppSecurityProfiles',
    '//evil.example/v1.0/security/cloudAppSecurityProfiles',
    'HTTP://EVIL.EXAMPLE/v1.0/security/cloudAppSecurityProfiles',
    'ftp://localhost/v1.0',
    'https:///v1.0/security',
  ])('%s is refused, the rest is answered', async (url) => {
    const answer = await service.send(askBatch([readPart('1', url), readPart('2')]));
    const [foreign, own] = partsOf(answer);
    expectPartRefusal(foreign as never, '400 BadRequest batchInvalid', {
      message: `This request of the batch has the url '${url}' of another host.`,
      target: 'url',
      clientRequestId: answer.clientRequestId,
    });
    expect(own?.status).toBe(200);
  });

  it('of the bare host is the root of the envelope', async () => {
    const [bare, query] = await sendBatch(service, [
      readPart('1', service.url),
      readPart('2', `${service.url}?a=b`),
    ]);
    for (const part of [bare, query]) {
      expect(part).toMatchObject({
        status: 200,
        body: { '@odata.context': `${service.url}/v1.0/$metadata` },
      });
    }
  });
});

describe('what a part inherits', () => {
  it('the authorisation of the envelope, whatever it brings itself', async () => {
    const reader = service.server.token('--role', 'reader');
    const { id } = await service.create();
    const own = { ...jsonHeaders, Authorization: `Bearer ${service.token}` };
    const parts = [
      readPart('read', `${partCollection}/${id}`, { headers: { Authorization: 'Bearer garbage' } }),
      patchPart('write', id, { name: 'no' }, { headers: own }),
    ];
    const answer = await service.send(askBatch(parts, { token: reader }));
    const [read, write] = partsOf(answer);
    expect(read?.status).toBe(200);
    expectPartRefusal(write as never, '403 Forbidden permissionMissing', {
      message: /SecurityEvents\.ReadWrite\.All/,
      clientRequestId: answer.clientRequestId,
      headers: { 'Cache-Control': 'no-store', 'WWW-Authenticate': expect.stringMatching(/^Bearer /) },
    });
    expect(service.changes.of(id)).toHaveLength(1);
  });

  it('the client-request-id, whatever it brings itself', async () => {
    const headers = { 'client-request-id': randomUUID() };
    const answer = await service.send(askBatch([readPart('1', `${partCollection}/x`, { headers })]));
    expectPartRefusal(partsOf(answer)[0] as never, '404 ResourceNotFound entityNotFound', {
      message: notFoundMessage('x'),
      clientRequestId: answer.clientRequestId,
    });
  });

  it('nothing else: Prefer, Accept, If-Match and versions of the envelope are its own', async () => {
    const { id } = await service.create();
    const headers = {
      prefer: 'return=minimal, maxpagesize=1',
      accept: 'application/json;odata.metadata=none',
      'if-match': 'W/"99"',
      'odata-maxversion': '4.0',
    };
    const parts = [patchPart('1', id, { name: 'x' }), readPart('2', `${partCollection}?$top=1`)];
    const [write, list] = partsOf(await service.send(askBatch(parts, { headers })));
    expect(write).toMatchObject({ status: 200, body: { name: 'x' } });
    expect(write?.headers['Content-Type']).toBe(minimalType);
    // Under OData-MaxVersion $top would be a total, and no link would follow.
    expect(list?.body).toHaveProperty(['@odata.nextLink']);
  });

  it('each part has its own headers, in any letter case', async () => {
    const { id } = await service.create();
    const current = `${partCollection}/${id}`;
    const parts: Part[] = [
      patchPart('stale', id, { name: 'a' }, { headers: { ...jsonHeaders, 'If-Match': 'W/"9"' } }),
      patchPart('fresh', id, { name: 'b' }, { headers: { ...jsonHeaders, 'IF-MATCH': 'W/"1"' } }),
      { ...readPart('same', current), headers: { 'if-none-match': 'W/"2"' }, dependsOn: ['fresh'] },
      { ...readPart('none', current), headers: { Accept: 'application/json;odata.metadata=none' } },
      patchPart(
        'minimal',
        id,
        { name: 'c' },
        {
          headers: { 'content-type': 'application/json', PREFER: 'return=minimal' },
          dependsOn: ['same'],
        },
      ),
    ];
    const answers = await sendBatch(service, parts);
    expect(statusesOf(answers)).toEqual({ stale: 412, fresh: 200, same: 304, none: 200, minimal: 204 });
    expect(partOf(answers, 'same')).toEqual({
      id: 'same',
      status: 304,
      headers: { 'OData-Version': '4.0', 'Cache-Control': 'no-cache', ETag: 'W/"2"', 'request-id': guid },
    });
    expect(partOf(answers, 'none').headers['Content-Type']).toMatch(/metadata=none/);
    expect(partOf(answers, 'minimal').headers).toMatchObject({
      ETag: 'W/"3"',
      'Preference-Applied': 'return=minimal',
    });
  });

  it('no token is no batch', async () => {
    const answer = await service.send({ ...askBatch([readPart('1')]), token: undefined });
    expect(answer.status).toBe(401);
  });
});

describe('bodies of parts', () => {
  it('of $count is a string', async () => {
    const mark = randomUUID();
    await service.create({ name: mark });
    const [part] = await sendBatch(service, [
      readPart('1', `${partCollection}/$count?$filter=name eq '${mark}'`),
    ]);
    expect(part).toEqual({
      id: '1',
      status: 200,
      headers: {
        'Content-Type': 'text/plain;charset=utf-8',
        'OData-Version': '4.0',
        'Cache-Control': 'no-cache',
        'request-id': guid,
      },
      body: '1',
    });
  });

  it('of a raw value is a string', async () => {
    const { id } = await service.create({ name: 'a "raw" ☃' });
    const [part] = await sendBatch(service, [readPart('1', `${partCollection}/${id}/name/$value`)]);
    expect([part?.status, part?.body]).toEqual([200, 'a "raw" ☃']);
  });

  it('of a null property, of 204 and of HEAD are absent', async () => {
    const { id } = await service.create();
    const answers = await sendBatch(service, [
      readPart('null', `${partCollection}/${id}/name`),
      { ...readPart('head', `${partCollection}/${id}`), method: 'HEAD' },
    ]);
    expect(answers.map((answer) => [answer.status, 'body' in answer])).toEqual([
      [204, false],
      [200, false],
    ]);
    expect(partOf(answers, 'head').headers).toEqual(partHeaders({ ETag: 'W/"1"' }));
  });

  it('text/plain goes in as a string', async () => {
    const mark = randomUUID();
    const { id } = await service.create({ name: mark });
    const part = {
      id: '1',
      method: 'POST',
      url: `${partCollection}/$query`,
      headers: { 'Content-Type': 'text/plain' },
      body: `$filter=name eq '${mark}'&$select=name`,
    };
    const [answer] = await sendBatch(service, [part]);
    expect(answer).toMatchObject({ status: 200, body: { value: [{ id, name: mark }] } });
  });

  it('any other type goes in as base64url', async () => {
    const mark = randomUUID();
    const { id } = await service.create({ name: mark });
    const form = `$filter=${encodeURIComponent(`name eq '${mark}'`)}`;
    const part = {
      id: '1',
      method: 'POST',
      url: `${partCollection}/$query`,
      headers: { 'Content-Type': 'application/x-www-form-urlencoded' },
      body: Buffer.from(form).toString('base64url'),
    };
    const [answer] = await sendBatch(service, [part]);
    expect(answer).toMatchObject({ status: 200, body: { value: [{ id }] } });
  });

  it('$metadata comes as text', async () => {
    const [xml, json] = await sendBatch(service, [
      readPart('1', '/$metadata', { headers: { Accept: 'application/xml' } }),
      readPart('2', '/$metadata', { headers: { Accept: 'application/json' } }),
    ]);
    const plain = await service.send({ path: '/v1.0/$metadata' });
    // Neither JSON nor text: base64url (JSON Format 19.1).
    expect(Buffer.from(String(xml?.body), 'base64url').toString()).toBe(plain.text);
    expect(json?.body).toMatchObject({ $Version: '4.0' });
  });
});

describe('dependsOn', () => {
  it('runs after what it names, and 424 follows every failure down the chain', async () => {
    const mark = randomUUID();
    const parts = [
      readPart('fails', `${partCollection}/${absentId}`),
      createPart('direct', { name: `${mark} direct` }, { dependsOn: ['fails'] }),
      createPart('behind', { name: `${mark} behind` }, { dependsOn: ['direct'] }),
      createPart('mixed', { name: `${mark} mixed` }, { dependsOn: ['free', 'behind'] }),
      createPart('free', { name: `${mark} free` }),
    ];
    const ordered = [parts[0], parts[1], parts[2], parts[4], parts[3]] as Part[];
    const answer = await service.send(askBatch(ordered));
    const answers = partsOf(answer);
    expect(statusesOf(answers)).toEqual({ fails: 404, direct: 424, behind: 424, mixed: 424, free: 201 });
    expectPartRefusal(partOf(answers, 'behind'), '424 FailedDependency dependencyFailed', {
      message: "The request 'direct' this one needs did not succeed.",
      target: 'dependsOn',
      clientRequestId: answer.clientRequestId,
    });
    expect(await storedNames(mark)).toEqual([`${mark} free`]);
  });

  it('sees what the earlier part did', async () => {
    const { id } = await service.create();
    const names = ['a', 'b', 'c', 'd', 'e'];
    const parts = names.flatMap((name, index) => [
      patchPart(`w${index}`, id, { name }, index === 0 ? {} : { dependsOn: [`r${index - 1}`] }),
      readPart(`r${index}`, `${partCollection}/${id}/name/$value`, { dependsOn: [`w${index}`] }),
    ]);
    const answers = await sendBatch(service, parts);
    expect(names.map((_, index) => partOf(answers, `r${index}`).body)).toEqual(names);
  });

  it('compares ids without letter case', async () => {
    const answers = await sendBatch(service, [
      readPart('First', `${partCollection}/${absentId}`),
      readPart('second', partCollection, { dependsOn: ['FIRST'] }),
    ]);
    expect(statusesOf(answers)).toEqual({ First: 404, second: 424 });
  });

  it('304 and 204 are no failures', async () => {
    const { id } = await service.create();
    const answers = await sendBatch(service, [
      readPart('304', `${partCollection}/${id}`, { headers: { 'If-None-Match': '*' } }),
      readPart('204', `${partCollection}/${id}/name`, { dependsOn: ['304'] }),
      readPart('200', partCollection, { dependsOn: ['304', '204'] }),
    ]);
    expect(statusesOf(answers)).toEqual({ 304: 304, 204: 204, 200: 200 });
  });

  it.each([[[]], [null]])('%j is no dependency', async (dependsOn) => {
    expect(statusesOf(await sendBatch(service, [readPart('1', partCollection, { dependsOn })]))).toEqual({
      1: 200,
    });
  });
});

describe('atomicityGroup', () => {
  it('is one transaction', async () => {
    const mark = randomUUID();
    const { id } = await service.create({ name: `${mark} old` });
    const group = { atomicityGroup: 'g' };
    const answers = await sendBatch(service, [
      createPart('1', { name: `${mark} new` }, group),
      patchPart('2', id, { name: `${mark} changed` }, group),
    ]);
    expect(statusesOf(answers)).toEqual({ 1: 201, 2: 200 });
    expect(await storedNames(mark)).toEqual([`${mark} changed`, `${mark} new`]);
    const made = String((partOf(answers, '1').body as Record<string, unknown>).id);
    expect([service.changes.of(made).length, service.changes.of(id).length]).toEqual([1, 2]);
  });

  const culprits: readonly (readonly [string, string, (id: string, group: Part) => Part, number])[] = [
    ['a bad value', 'plan', (id, group) => patchPart('2', id, { name: 1 }, group), 400],
    ['an absent profile', 'store', (_, group) => patchPart('2', absentId, { name: 'x' }, group), 404],
    [
      'a stale version',
      'store',
      (id, group) =>
        patchPart('2', id, { name: 'x' }, { ...group, headers: { ...jsonHeaders, 'If-Match': 'W/"9"' } }),
      412,
    ],
    ['a part without a method', 'envelope', (_, group) => ({ id: '2', url: partCollection, ...group }), 400],
    ['a read', 'group', (_, group) => readPart('2', partCollection, group), 400],
  ];

  it.each(culprits)('with %s in the middle leaves nothing', async (_, __, culprit, status) => {
    const mark = randomUUID();
    const profile = await service.create({ name: `${mark} kept` });
    const group = { atomicityGroup: 'g' };
    const before = service.changes.count();
    const answers = await sendBatch(service, [
      createPart('0', { name: `${mark} outside` }),
      createPart('1', { name: `${mark} first` }, group),
      culprit(profile.id, group),
      patchPart('3', profile.id, { name: `${mark} third` }, group),
      createPart('4', { name: `${mark} beside` }),
    ]);
    expect(statusesOf(answers)).toEqual({ 0: 201, 1: 424, 2: status, 3: 424, 4: 201 });
    expect(await storedNames(mark)).toEqual([`${mark} beside`, `${mark} kept`, `${mark} outside`]);
    expect(service.changes.count()).toBe(before + 2);
    expect((await service.send({ path: profile.path })).headers.etag).toBe('W/"1"');
  });

  it.each([
    ['g', 'g'],
    ['g', 'G'],
    ['Group-1', 'Group-1'],
    ['Group-1', 'group-1'],
  ])('%s can be waited for as %s', async (atomicityGroup, name) => {
    const mark = randomUUID();
    const filter = `${partCollection}/$count?$filter=startswith(name,'${mark}')`;
    const answers = await sendBatch(service, [
      createPart('1', { name: `${mark} 1` }, { atomicityGroup }),
      createPart('2', { name: `${mark} 2` }, { atomicityGroup }),
      readPart('3', filter, { dependsOn: [name] }),
    ]);
    expect([partOf(answers, '3').status, partOf(answers, '3').body]).toEqual([200, '2']);
  });

  it('that fails fails what waits for it', async () => {
    const answers = await sendBatch(service, [
      createPart('1', {}, { atomicityGroup: 'g' }),
      createPart('2', { name: 1 }, { atomicityGroup: 'g' }),
      readPart('3', partCollection, { dependsOn: ['g'] }),
      readPart('4'),
    ]);
    expect(statusesOf(answers)).toEqual({ 1: 424, 2: 400, 3: 424, 4: 200 });
  });

  it('waits for what a member depends on, and does nothing when that failed', async () => {
    const mark = randomUUID();
    const answers = await sendBatch(service, [
      readPart('0', `${partCollection}/${absentId}`),
      createPart('1', { name: `${mark} 1` }, { atomicityGroup: 'g' }),
      createPart('2', { name: `${mark} 2` }, { atomicityGroup: 'g', dependsOn: ['0'] }),
    ]);
    expect(statusesOf(answers)).toEqual({ 0: 404, 1: 424, 2: 424 });
    expect(await storedNames(mark)).toEqual([]);
  });

  it('may have dependencies inside', async () => {
    const { id } = await service.create();
    const group = { atomicityGroup: 'g' };
    const patience = new Promise<never>((_, reject) => {
      setTimeout(() => reject(new Error('no answer within 5 s')), 5000).unref();
    });
    const answers = await Promise.race([
      sendBatch(service, [
        patchPart('1', id, { name: 'first' }, group),
        patchPart('2', id, { name: 'second' }, { ...group, dependsOn: ['1'] }),
      ]),
      patience,
    ]);
    expect(statusesOf(answers)).toEqual({ 1: 200, 2: 200 });
    expect((await service.send({ path: `${collectionPath}/${id}` })).body).toMatchObject({ name: 'second' });
  });

  it('names are compared without letter case', async () => {
    const mark = randomUUID();
    const answers = await sendBatch(service, [
      createPart('1', { name: `${mark} 1` }, { atomicityGroup: 'G' }),
      createPart('2', { name: `${mark} 2` }, { atomicityGroup: 'g' }),
    ]);
    expect(statusesOf(answers)).toEqual({ 1: 201, 2: 201 });
    expect(await storedNames(mark)).toHaveLength(2);
  });

  it('two groups stand or fall alone', async () => {
    const mark = randomUUID();
    const answers = await sendBatch(service, [
      createPart('1', { name: `${mark} 1` }, { atomicityGroup: 'a' }),
      createPart('2', { name: 2 }, { atomicityGroup: 'a' }),
      createPart('3', { name: `${mark} 3` }, { atomicityGroup: 'b' }),
      createPart('4', { name: `${mark} 4` }, { atomicityGroup: 'b' }),
    ]);
    expect(statusesOf(answers)).toEqual({ 1: 424, 2: 400, 3: 201, 4: 201 });
    expect(await storedNames(mark)).toEqual([`${mark} 3`, `${mark} 4`]);
  });
});

describe('an envelope that is refused: 400, and nothing of it happens', () => {
  const message = (text: string) => ({ message: text, target: 'requests' });
  const twentyOne = Array.from({ length: 21 }, (_, index) => createPart(`${index}`));
  const refused: readonly (readonly [string, unknown, { message: string | RegExp; target: string }])[] = [
    [
      '21 parts',
      { requests: twentyOne },
      message('Number of batch request steps exceeds the maximum value of 20: 21.'),
    ],
    ['no part', { requests: [] }, message('The batch holds no request.')],
    ['no array', { requests: {} }, message('The body of $batch must be an object with an array "requests".')],
    ['null', { requests: null }, message('The body of $batch must be an object with an array "requests".')],
    [
      'another member',
      { request: [] },
      message('The body of $batch must be an object with an array "requests".'),
    ],
    [
      'an item that is none',
      { requests: [createPart('1'), null] },
      { message: 'requests/1 must be an object.', target: 'requests/1' },
    ],
    [
      'no id',
      { requests: [createPart('1'), { method: 'GET', url: '/' }] },
      { message: 'requests/1 needs an "id" that is a string.', target: 'requests/1/id' },
    ],
    [
      'an id that is a number',
      { requests: [{ ...createPart(''), id: 1 }] },
      { message: 'requests/0 needs an "id" that is a string.', target: 'requests/0/id' },
    ],
    [
      'an empty id',
      { requests: [createPart('')] },
      { message: 'requests/0 needs an "id" that is a string.', target: 'requests/0/id' },
    ],
    [
      'the same id twice',
      { requests: [createPart('1'), createPart('1')] },
      { message: "The id '1' stands twice in the batch.", target: 'id' },
    ],
    [
      'the same id in another case',
      { requests: [createPart('a'), createPart('A')] },
      { message: "The id 'A' stands twice in the batch.", target: 'id' },
    ],
    [
      'a dependency nobody has',
      { requests: [createPart('1', {}, { dependsOn: ['9'] })] },
      { message: "'1' depends on '9', which is no earlier request of the batch.", target: 'dependsOn' },
    ],
    [
      'a dependency on a later part',
      { requests: [createPart('1', {}, { dependsOn: ['2'] }), createPart('2')] },
      { message: "'1' depends on '2', which is no earlier request of the batch.", target: 'dependsOn' },
    ],
    [
      'a dependency on itself',
      { requests: [createPart('1', {}, { dependsOn: ['1'] })] },
      { message: "'1' depends on '1', which is no earlier request of the batch.", target: 'dependsOn' },
    ],
    [
      'a circle',
      {
        requests: [
          createPart('1', {}, { dependsOn: ['3'] }),
          createPart('2', {}, { dependsOn: ['1'] }),
          createPart('3', {}, { dependsOn: ['2'] }),
        ],
      },
      { message: "'1' depends on '3', which is no earlier request of the batch.", target: 'dependsOn' },
    ],
    [
      'a dependency on its own group',
      { requests: [createPart('1', {}, { atomicityGroup: 'g', dependsOn: ['g'] })] },
      { message: "'1' depends on 'g', which is no earlier request of the batch.", target: 'dependsOn' },
    ],
    [
      'dependsOn that is a string',
      { requests: [createPart('1'), createPart('2', {}, { dependsOn: '1' })] },
      { message: 'requests/1/dependsOn must be an array of ids.', target: 'requests/1/dependsOn' },
    ],
    [
      'an atomicityGroup that is a number',
      { requests: [createPart('1', {}, { atomicityGroup: 1 })] },
      { message: 'requests/0/atomicityGroup must be a string.', target: 'requests/0/atomicityGroup' },
    ],
    [
      'a group in two places',
      {
        requests: [
          createPart('1', {}, { atomicityGroup: 'g' }),
          createPart('2'),
          createPart('3', {}, { atomicityGroup: 'g' }),
        ],
      },
      { message: /'g'/, target: 'atomicityGroup' },
    ],
    [
      'a group with the id of its member',
      { requests: [createPart('g', {}, { atomicityGroup: 'G' })] },
      { message: "'g' names a request and an atomicityGroup.", target: 'atomicityGroup' },
    ],
    [
      'a group with the id of another part',
      { requests: [createPart('g'), createPart('1', {}, { atomicityGroup: 'G' })] },
      { message: /names a request and an atomicityGroup/, target: 'atomicityGroup' },
    ],
  ];

  it.each(refused)('%s', async (_, body, details) => {
    const answer = await expectNothingCreated(service, () => service.send(askBatch([], { body })));
    expectRefusal(answer, '400 BadRequest batchInvalid', details);
  });

  it.each([
    ['{"requests":[', 'bodyInvalid'],
    ['[]', 'batchInvalid'],
    ['"x"', 'batchInvalid'],
    ['null', 'batchInvalid'],
    ['{"requests":[],"requests":[]}', 'bodyInvalid'],
    [Buffer.from([0x7b, 0xff, 0x7d]), 'bodyInvalid'],
    ['', 'bodyMissing'],
  ])('the body %j', async (body, inner) => {
    expectRefusal(await service.send(askBatch([], { body })), `400 BadRequest ${inner}`, {
      message: /./,
      target: inner === 'batchInvalid' || String(body).includes('],"req') ? 'requests' : 'body',
    });
  });

  it.each([
    ['text/plain', '415 UnsupportedMediaType mediaTypeUnsupported'],
    ['application/json;charset=utf-16', '415 UnsupportedMediaType mediaTypeUnsupported'],
    ['application/http', '415 UnsupportedMediaType mediaTypeUnsupported'],
    [undefined, '400 BadRequest contentTypeMissing'],
  ])('Content-Type: %s', async (type, codes) => {
    const answer = await service.send(askBatch([readPart('1')], { headers: { 'content-type': type } }));
    expectRefusal(answer, codes, { message: /./, target: 'Content-Type' });
  });

  it.each(['GET', 'PATCH', 'PUT', 'DELETE'])('%s has no batch', async (method) => {
    const answer = await service.send({ method, path: '/v1.0/$batch' });
    expectRefusal(answer, '405 MethodNotAllowed methodNotAllowed', {
      message: /Allowed: OPTIONS, POST\.$/,
      headers: { allow: 'OPTIONS, POST' },
    });
  });
});

describe('a part that is refused leaves the rest alone', () => {
  const refused: readonly (readonly [string, Part, string, { message: string | RegExp; target?: string }])[] =
    [
      [
        'without a method',
        { url: '/' },
        '400 BadRequest batchInvalid',
        { message: 'This request of the batch needs a "method", such as "PATCH".', target: 'method' },
      ],
      [
        'with a method that is no string',
        { method: 1, url: '/' },
        '400 BadRequest batchInvalid',
        { message: 'This request of the batch needs a "method", such as "PATCH".', target: 'method' },
      ],
      [
        'without a url',
        { method: 'GET' },
        '400 BadRequest batchInvalid',
        { message: 'This request of the batch needs a "url", relative to the service root.', target: 'url' },
      ],
      [
        'with headers that are none',
        { method: 'GET', url: '/', headers: ['a'] },
        '400 BadRequest batchInvalid',
        { message: 'This request of the batch has "headers" that are no object.', target: 'headers' },
      ],
      [
        'with a header that is a number',
        { method: 'GET', url: '/', headers: { 'If-Match': 1 } },
        '400 BadRequest batchInvalid',
        {
          message: "This request of the batch has a header 'If-Match' that is no string.",
          target: 'headers',
        },
      ],
      [
        'that is a batch',
        { method: 'POST', url: '/$batch', headers: jsonHeaders, body: { requests: [] } },
        '400 BadRequest batchInvalid',
        { message: 'A batch cannot hold another batch.', target: 'url' },
      ],
      [
        'that is a batch in disguise',
        { method: 'POST', url: '/%24Batch', headers: jsonHeaders, body: { requests: [] } },
        '400 BadRequest batchInvalid',
        { message: 'A batch cannot hold another batch.', target: 'url' },
      ],
      [
        'with a body and no Content-Type',
        { method: 'POST', url: partCollection, body: {} },
        '400 BadRequest contentTypeMissing',
        {
          message:
            'Unable to read JSON request payload. Please ensure Content-Type header is set and payload is of valid JSON format.',
          target: 'Content-Type',
        },
      ],
      [
        'that lacks its body',
        { method: 'POST', url: partCollection, headers: jsonHeaders },
        '400 BadRequest bodyMissing',
        { message: 'Empty Payload. JSON content expected.', target: 'body' },
      ],
      [
        'with a body of another shape',
        { method: 'POST', url: partCollection, headers: jsonHeaders, body: [] },
        '400 BadRequest bodyInvalid',
        { message: /object/, target: 'body' },
      ],
      [
        'for a resource nobody has',
        { method: 'GET', url: '/security/alerts' },
        '400 BadRequest segmentUnknown',
        { message: /^Resource not found for the segment 'alerts'\./, target: 'alerts' },
      ],
      [
        'with a bad filter',
        { method: 'GET', url: `${partCollection}?$filter=nonsense eq 1` },
        '400 BadRequest propertyUnknown',
        { message: /nonsense/, target: '$filter' },
      ],
      [
        'with an address beyond the limit',
        { method: 'GET', url: `${partCollection}?x=${'y'.repeat(20_000)}` },
        '414 UriTooLong addressTooLong',
        { message: /16384/, target: 'path' },
      ],
    ];

  it.each(refused)('%s', async (_, part, codes, details) => {
    const answer = await service.send(askBatch([readPart('0'), { id: '1', ...part }, createPart('2')]));
    const answers = partsOf(answer);
    expectPartRefusal(partOf(answers, '1'), codes, { ...details, clientRequestId: answer.clientRequestId });
    expect([partOf(answers, '0').status, partOf(answers, '2').status]).toEqual([200, 201]);
  });

  it('with a method its resource has not: 405 with its own Allow', async () => {
    const answer = await service.send(
      askBatch([{ id: '1', method: 'PUT', url: partCollection, headers: jsonHeaders, body: {} }]),
    );
    expectPartRefusal(partsOf(answer)[0] as never, '405 MethodNotAllowed methodNotAllowed', {
      message: /PUT/,
      clientRequestId: answer.clientRequestId,
      headers: { Allow: 'GET, HEAD, OPTIONS, POST' },
    });
  });
});

describe('the writes of a batch', () => {
  it('on one profile are all kept, each with its own version', async () => {
    const { id } = await service.create();
    const parts = Array.from({ length: 20 }, (_, index) =>
      patchPart(`${index}`, id, { riskScore: `${index}` }),
    );
    const answers = await sendBatch(service, parts);
    const versions = answers.map(({ headers }) => headers.ETag).sort();
    expect(versions).toEqual(Array.from({ length: 20 }, (_, index) => `W/"${index + 2}"`).sort());
    expect(service.changes.of(id)).toHaveLength(21);
  });

  it('cannot reach another tenant', async () => {
    const { id } = await service.create();
    const stranger = service.server.token('--tenant', randomUUID());
    const parts = [patchPart('1', id, { name: 'x' }), readPart('2', `${partCollection}/${id}`)];
    const answers = partsOf(await service.send(askBatch(parts, { token: stranger })));
    expect(statusesOf(answers)).toEqual({ 1: 404, 2: 404 });
  });
});

describe('a throttled batch', () => {
  it('refuses the parts beyond the allowance, each with its own Retry-After, and answers the others', async () => {
    const throttled = await startHooked([
      ...['--dev', '--no-sample', '--https-port', 'off', '--throttle', '--writes-per-minute', '3'],
    ]);
    const exchange = createExchange(throttled.httpUrl);
    try {
      const token = runCasp('token', '--data', throttled.data).stdout.trim();
      const parts = Array.from({ length: 5 }, (_, index) => createPart(`w${index}`));
      const answer: Answer = await exchange.send(askBatch([...parts, readPart('r')], { token }));
      const answers = partsOf(answer);
      expect(answers.map(({ status }) => status)).toEqual([201, 201, 201, 429, 429, 200]);
      for (const part of answers.filter(({ status }) => status === 429)) {
        expectPartRefusal(part, '429 TooManyRequests throttledRequest', {
          message: 'Please retry again later.',
          clientRequestId: answer.clientRequestId,
          headers: {
            'Retry-After': expect.stringMatching(/^([1-9]|[1-9]\d|1[01]\d|120)$/),
            'x-ms-throttle-limit-percentage': expect.stringMatching(/^1\.\d+$/),
            'x-ms-throttle-scope': expect.stringMatching(/^Tenant_Application\/Write\//),
            'x-ms-throttle-information': 'WriteLimitExceeded',
          },
        });
      }
      expect(answer.headers['retry-after']).toBeUndefined();
      const list = await exchange.send({ path: collectionPath, token });
      expect(membersOf(list).value).toHaveLength(3);
    } finally {
      exchange.close();
      await throttled.stop();
    }
  });
});
