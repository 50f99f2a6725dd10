/** Who changed what: `casp.changes()` on one profile and on all of them, on both spellings and every root. */
import { afterAll, describe, expect, it } from 'vitest';
import {
  absentId,
  analyst,
  type Created,
  collectionPath,
  expectJson,
  expectRefusal,
  itemsOf,
  membersOf,
  openService,
  patchOf,
} from '../support/conformance.ts';
import type { Answer } from '../support/exchange.ts';

const service = await openService();
afterAll(() => service.stop());
const { send, url } = service;

const engineer = service.server.token('--role', 'engineer');
const plain = { accept: 'application/json;odata.metadata=none' };
const changesOf = ({ path }: Pick<Created, 'path'>, options = '') => `${path}/casp.changes()${options}`;
const allChanges = (options = '') => `${collectionPath}/casp.changes()${options}`;
const instant = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,7})?Z$/);
const author = {
  kind: analyst.authorKind,
  id: analyst.authorId,
  name: analyst.authorName,
  clientId: analyst.clientId,
};

/** A record as this answer's request made it. */
const recordBy = (answer: Answer, record: object): object => ({
  position: expect.any(Number),
  version: 1,
  at: instant,
  author,
  requestId: answer.headers['request-id'],
  clientRequestId: answer.headers['client-request-id'],
  ...record,
});

const read = async (path: string) => itemsOf(await send({ path, headers: plain }));

/** Follows the links to the end; the first address decides the size of pages. */
async function readAll(path: string, between: () => Promise<unknown> = async () => undefined) {
  const records: Readonly<Record<string, unknown>>[] = [];
  let next: string | undefined = path;
  while (next !== undefined) {
    const answer: Answer = await send({ path: next, headers: plain });
    records.push(...itemsOf(answer));
    const link = membersOf(answer)['@odata.nextLink'];
    next = typeof link === 'string' ? link.replace(url, '') : undefined;
    await between();
  }
  return records;
}

describe('the changes of one profile', () => {
  it('tell who did what, before and after, newest first, also when it is gone', async () => {
    const made = await send({
      method: 'POST',
      path: collectionPath,
      body: { name: 'Fabrikam Sync', riskScore: '4', tags: ['New'], permissionsRequired: 'guest' },
    });
    const id = String(membersOf(made).id);
    const path = `${collectionPath}/${id}`;
    const changed = await send({
      ...patchOf({ path }, { riskScore: '2', tags: ['New', 'Finance'], vendorInformation: { vendor: 'F' } }),
      token: engineer,
    });
    const renamed = await send(patchOf({ path }, { name: 'Fabrikam Sync 2' }));
    // Nothing changes, so nothing is recorded.
    await send(patchOf({ path }, { name: 'Fabrikam Sync 2' }));
    const removed = await send({ method: 'DELETE', path });
    const created = String(membersOf(made).createdDateTime);
    const whole = {
      ...{ id, createdDateTime: created, lastModifiedDateTime: created },
      ...{ azureSubscriptionId: null, azureTenantId: null, deploymentPackageUrl: null, policyName: null },
      ...{ destinationServiceName: null, isSigned: null, manifest: null, platform: null, publisher: null },
      ...{ name: 'Fabrikam Sync', riskScore: '4', tags: ['New'], permissionsRequired: 'guest' },
      ...{ type: null, vendorInformation: null },
    };
    const vendor = { provider: null, providerVersion: null, subProvider: null, vendor: 'F' };
    const last = {
      ...{ ...whole, name: 'Fabrikam Sync 2', riskScore: '2', tags: ['New', 'Finance'] },
      ...{ vendorInformation: vendor, lastModifiedDateTime: instant },
    };
    const common = { id, name: 'Fabrikam Sync 2' };
    const valued = [
      'createdDateTime',
      'id',
      'lastModifiedDateTime',
      'name',
      'permissionsRequired',
      'riskScore',
      'tags',
    ];
    const sortedChanged = (record: Readonly<Record<string, unknown>>) => ({
      ...record,
      changed: [...(record.changed as string[])].sort(),
    });
    const records = await read(changesOf({ path }));
    expect(records.map(sortedChanged)).toEqual([
      recordBy(removed, {
        ...common,
        ...{
          kind: 'deleted',
          version: 3,
          changed: [...valued, 'vendorInformation'],
          before: last,
          after: null,
        },
      }),
      recordBy(renamed, {
        ...common,
        ...{ kind: 'updated', version: 3, changed: ['name'] },
        ...{ before: { name: 'Fabrikam Sync' }, after: { name: 'Fabrikam Sync 2' } },
      }),
      recordBy(changed, {
        ...common,
        ...{ kind: 'updated', version: 2, changed: ['riskScore', 'tags', 'vendorInformation'] },
        author: { ...author, id: expect.not.stringContaining(author.id), name: expect.any(String) },
        before: { riskScore: '4', tags: ['New'], vendorInformation: null },
        after: { riskScore: '2', tags: ['New', 'Finance'], vendorInformation: vendor },
      }),
      recordBy(made, { ...common, kind: 'created', changed: valued, before: null, after: whole }),
    ]);
    const positions = records.map(({ position }) => Number(position));
    expect(positions).toEqual([...positions].sort((left, right) => right - left));
    expect(new Set(positions).size).toBe(4);
  });

  it('carry annotations at the default level, and types of all at the full one', async () => {
    const profile = await service.create({ name: 'A', permissionsRequired: 'user' });
    await send(patchOf(profile, { permissionsRequired: 'system', tags: ['x'] }));
    const answer = await send({ path: changesOf(profile, '?$top=1') });
    const [record] = itemsOf(answer);
    const changed = {
      'permissionsRequired@odata.type': '#microsoft.graph.applicationPermissionsRequired',
      permissionsRequired: 'system',
      'tags@odata.type': '#Collection(String)',
      tags: ['x'],
    };
    expectJson(answer, 200, {
      '@odata.context': `${url}/v1.0/$metadata#Collection(casp.changeRecord)`,
      value: [{ ...record, after: changed }],
      '@odata.nextLink': membersOf(answer)['@odata.nextLink'],
    });
    const full = await send({
      path: changesOf(profile, '?$top=1'),
      headers: { accept: 'application/json;odata.metadata=full' },
    });
    expect(itemsOf(full)[0]).toEqual({
      ...record,
      '@odata.type': '#casp.changeRecord',
      'at@odata.type': '#DateTimeOffset',
      author: { '@odata.type': '#casp.changeAuthor', ...author },
      before: { '@odata.type': '#casp.changedValues', ...(record?.before as object) },
      after: { '@odata.type': '#casp.changedValues', ...changed },
    });
  });

  it('write 64-bit numbers as text for clients that ask', async () => {
    const profile = await service.create({ name: 'A' });
    const accept = 'application/json;odata.metadata=none;IEEE754Compatible=true';
    const [record] = itemsOf(await send({ path: changesOf(profile), headers: { accept } }));
    expect(record).toMatchObject({ version: '1', position: expect.stringMatching(/^\d+$/) });
  });

  it.each([
    '/v1.0/security/cloudAppSecurityProfiles/ID/casp.changes()',
    '/v1.0/security/cloudAppSecurityProfiles/ID/casp.changes',
    '/beta/security/cloudAppSecurityProfiles/ID/CASP.Changes()/',
    "/beta/security/cloudAppSecurityProfiles('ID')/casp.changes()",
    '/odata/v4/cloudAppSecurityProfiles/ID/casp.changes()',
    '/v1.0/security/cloudAppSecurityProfiles/ID/microsoft.graph.cloudAppSecurityProfile/casp.changes()',
  ])('are found at %s', async (address) => {
    const profile = await service.create({ name: 'A' });
    const answer = await send({ path: address.replace('ID', profile.id), headers: plain });
    expect(itemsOf(answer)).toEqual(await read(changesOf(profile)));
  });

  it('are asked for with GET, HEAD and OPTIONS alone', async () => {
    const profile = await service.create({ name: 'A' });
    expect(await send({ method: 'HEAD', path: changesOf(profile) })).toMatchObject({ status: 200, text: '' });
    const options = await send({ method: 'OPTIONS', path: changesOf(profile) });
    expect(options.headers.allow).toBe('GET, HEAD, OPTIONS');
    const posted = await send({ method: 'POST', path: changesOf(profile), body: {} });
    expectRefusal(posted, '405 MethodNotAllowed methodNotAllowed', {
      message: /POST/,
      headers: { allow: 'GET, HEAD, OPTIONS' },
    });
  });

  it('need the permission to read, and a profile of the own tenant', async () => {
    const profile = await service.create({ name: 'A' });
    const reader = service.server.token('--role', 'reader');
    expect((await send({ path: changesOf(profile), token: reader })).status).toBe(200);
    const nobody = service.server.token('--role', 'no-access');
    expect((await send({ path: changesOf(profile), token: nobody })).status).toBe(403);
    expect((await send({ path: changesOf(profile), token: undefined })).status).toBe(401);
    const stranger = service.server.token('--tenant', '11111111-2222-4333-8444-555555555555');
    for (const [path, token] of [
      [changesOf(profile), stranger],
      [`${collectionPath}/${absentId}/casp.changes()`, service.token],
    ] as const) {
      expectRefusal(await send({ path, token }), '404 ResourceNotFound entityNotFound', {
        message: /no cloudAppSecurityProfile with the id/,
      });
    }
    expect(itemsOf(await send({ path: allChanges(), token: stranger }))).toEqual([]);
  });

  it('work inside a batch', async () => {
    const profile = await service.create({ name: 'A' });
    const answer = await send({
      method: 'POST',
      path: '/v1.0/$batch',
      body: { requests: [{ id: '1', method: 'GET', url: changesOf(profile).replace('/v1.0', '') }] },
    });
    const { responses } = membersOf(answer) as { responses: { status: number; body: { value: object[] } }[] };
    expect(responses.map(({ status, body }) => ({ status, length: body.value.length }))).toEqual([
      { status: 200, length: 1 },
    ]);
  });
});

describe('pages', () => {
  it('lose nothing and repeat nothing while others write', async () => {
    const profile = await service.create({ name: '0' });
    for (let number = 1; number <= 24; number += 1) await send(patchOf(profile, { name: String(number) }));
    let late = 100;
    const records = await readAll(changesOf(profile, '?$top=4'), () => {
      late += 1;
      return send(patchOf(profile, { name: String(late) }));
    });
    const versions = records.map(({ version }) => version);
    expect(versions).toEqual(Array.from({ length: 25 }, (_, index) => 25 - index));
  });

  it('of all profiles hold exactly the records of each, newest first', async () => {
    const profiles = [await service.create({ name: 'P' }), await service.create({ name: 'Q' })];
    for (const profile of profiles) await send(patchOf(profile, { riskScore: '1' }));
    const all = await readAll(allChanges('?$top=100'));
    expect(all).toHaveLength(service.changes.count());
    const positions = all.map(({ position }) => Number(position));
    expect(positions).toEqual([...positions].sort((left, right) => right - left));
    for (const { id, path } of profiles) {
      expect(all.filter((record) => record.id === id)).toEqual(await read(changesOf({ path })));
    }
  });

  it('follow $top as lists do: a page size for Graph, a total for generic clients', async () => {
    const profile = await service.create({ name: '0' });
    for (const name of ['1', '2', '3', '4']) await send(patchOf(profile, { name }));
    expect(await readAll(changesOf(profile, '?$top=2'))).toHaveLength(5);
    const generic = `/odata/v4/cloudAppSecurityProfiles/${profile.id}/casp.changes()`;
    expect(await readAll(`${generic}?$top=2`)).toHaveLength(2);
    expect(await readAll(changesOf(profile, '?$top=0'))).toEqual([]);
  });

  it('do not follow a link into another question', async () => {
    const [first, second] = [await service.create({ name: '0' }), await service.create({ name: '0' })];
    for (const profile of [first, second]) await send(patchOf(profile, { name: '1' }));
    const answer = await send({ path: changesOf(first, '?$top=1') });
    const [, token = ''] = /skiptoken=(.*)$/.exec(String(membersOf(answer)['@odata.nextLink'])) ?? [];
    for (const path of [
      changesOf(second, `?$top=1&$skiptoken=${token}`),
      changesOf(first, `?$filter=kind eq 'created'&$skiptoken=${token}`.replaceAll(' ', '%20')),
      `${collectionPath}?$skiptoken=${token}`,
    ]) {
      expectRefusal(await send({ path }), '400 BadRequest pageTokenInvalid', {
        message: /another query/,
        target: '$skiptoken',
      });
    }
  });
});

describe('$filter', () => {
  const filtered = (path: string, filter: string) => read(`${path}?$filter=${encodeURIComponent(filter)}`);

  it('chooses by property, kind, author, client, request and time', async () => {
    const profile = await service.create({ name: 'A', riskScore: '1' });
    const risk = await send({ ...patchOf(profile, { riskScore: '2' }), token: engineer });
    const vendor = await send(
      patchOf(profile, { vendorInformation: { provider: 'name', vendor: '"riskScore":' } }),
    );
    const renamed = await send(patchOf(profile, { name: 'B' }));
    await send({ method: 'DELETE', path: profile.path });
    const path = changesOf(profile);
    const records = await read(path);
    const versionsOf = async (filter: string) =>
      (await filtered(path, filter)).map(({ kind, version }) => `${String(kind)} ${String(version)}`);
    const at = String(records[1]?.at);
    const requestOf = (answer: Answer) => answer.headers['request-id'];
    const cases: readonly (readonly [string, readonly string[]])[] = [
      ["changed/any(c:c eq 'riskScore')", ['deleted 4', 'updated 2', 'created 1']],
      ["changed/any(x: x eq 'vendorInformation')", ['deleted 4', 'updated 3']],
      ["changed/any(c:c eq 'manifest')", []],
      ["kind eq 'updated' and changed/any(c:c eq 'name')", ['updated 4']],
      ["kind eq 'created'", ['created 1']],
      ["'deleted' eq kind", ['deleted 4']],
      [`author/id eq '${analyst.authorId}'`, ['deleted 4', 'updated 4', 'updated 3', 'created 1']],
      [`author/name eq '${analyst.authorName}' and kind eq 'created'`, ['created 1']],
      [`author/clientId eq ${analyst.clientId} and kind eq 'created'`, ['created 1']],
      ["author/kind eq 'system'", []],
      [`requestId eq '${requestOf(risk)}'`, ['updated 2']],
      [`clientRequestId eq '${vendor.headers['client-request-id']}'`, ['updated 3']],
      [`at ge ${at}`, ['deleted 4', 'updated 4']],
      [`at gt ${at}`, ['deleted 4']],
      [`at lt ${at}`, ['updated 3', 'updated 2', 'created 1']],
      [`${at} ge at`, ['updated 4', 'updated 3', 'updated 2', 'created 1']],
      [`at ge ${at} and at le ${at} and requestId eq '${requestOf(renamed)}'`, ['updated 4']],
      [`at gt ${at.replace('Z', '').padEnd(27, '0')}001Z`, ['deleted 4']],
    ];
    for (const [filter, expected] of cases)
      expect([filter, await versionsOf(filter)]).toEqual([filter, expected]);
    expect(await filtered(allChanges(), `id eq '${profile.id.toUpperCase()}'`)).toEqual(records);
  });

  it('is kept by the links', async () => {
    const profile = await service.create({ name: '0' });
    for (const [index, body] of [{ name: '1' }, { type: '1' }, { name: '2' }, { type: '2' }].entries()) {
      expect((await send(patchOf(profile, body))).status, String(index)).toBe(200);
    }
    const filter = encodeURIComponent("kind eq 'updated' and changed/any(c:c eq 'name')");
    const records = await readAll(changesOf(profile, `?$filter=${filter}&$top=1`));
    expect(records.map(({ after }) => after)).toEqual([{ name: '2' }, { name: '1' }]);
  });

  const refused = '501 NotImplemented optionUnsupported';
  it.each([
    ["kind eq 'updated' or kind eq 'created'", refused],
    ["not (kind eq 'updated')", refused],
    ["kind ne 'updated'", refused],
    ["contains(author/name,'a')", refused],
    ["kind in ('updated','created')", refused],
    ['at eq 2026-01-01T00:00:00Z', refused],
    ['position gt 5', refused],
    ["after/riskScore eq '2'", '400 BadRequest propertyUnknown'],
    ["changed/all(c:c eq 'name')", refused],
    ['changed/any()', refused],
    ["changed/any(c:contains(c,'name'))", refused],
    ["changed/any(c:'name' eq c)", refused],
    ["changed eq 'name'", refused],
    ['kind', refused],
    ['true', refused],
    ["kindd eq 'updated'", '400 BadRequest propertyUnknown'],
    ["changed/any(c:c eq 'riskscore')", '400 BadRequest propertyUnknown'],
    ['kind eq 5', '400 BadRequest operandTypeMismatch'],
    ["at gt '2026'", '400 BadRequest operandTypeMismatch'],
    ["kind eq 'updated", '400 BadRequest expressionSyntax'],
  ])('refuses %s', async (filter, codes) => {
    const answer = await send({ path: allChanges(`?$filter=${encodeURIComponent(filter)}`) });
    expectRefusal(answer, codes, { message: /\S/, target: '$filter' });
  });

  it('says what can be asked', async () => {
    const answer = await send({ path: allChanges(`?$filter=${encodeURIComponent("kindd eq 'updated'")}`) });
    expectRefusal(answer, '400 BadRequest propertyUnknown', {
      message:
        "Could not find a property named 'kindd' on a change record. Did you mean 'kind'? They can be filtered by " +
        'id, kind, author/kind, author/id, author/name, author/clientId, requestId, clientRequestId, at, changed.',
      target: '$filter',
    });
  });

  it.each([
    '$orderby=at',
    '$select=id',
    '$skip=1',
    '$count=true',
    '$search=x',
    '$apply=identity',
    '$compute=1 as x',
  ])('refuses the option %s', async (option) => {
    const answer = await send({ path: allChanges(`?${encodeURI(option)}`) });
    expectRefusal(answer, '400 BadRequest optionNotAllowed', {
      message: /not allowed here; allowed are \$top, \$filter, \$skiptoken, \$format/,
      target: option.split('=')[0] ?? '',
    });
  });

  it('refuses what follows, and arguments', async () => {
    const behind = await send({ path: allChanges('/$count') });
    expectRefusal(behind, '400 BadRequest segmentUnknown', { message: /\$count/, target: '$count' });
    const profile = await service.create({ name: 'A' });
    const called = await send({ path: `${profile.path}/casp.changes(top=1)` });
    expect(called.status).toBe(400);
  });
});
