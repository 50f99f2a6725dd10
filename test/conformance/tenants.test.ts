/** Every row belongs to a tenant, and no tenant can see, touch or guess another's. */
import { afterAll, describe, expect, it } from 'vitest';
import {
  analyst,
  collectionPath,
  exampleId,
  expectJson,
  expectNothingCreated,
  expectRefusal,
  expectUnchanged,
  itemsOf,
  membersOf,
  openService,
  patchOf,
  type Service,
  writtenEntity,
} from '../support/conformance.ts';
import type { Answer, Ask } from '../support/exchange.ts';

const service: Service = await openService();
afterAll(() => service.stop());

const tenants = ['aaaaaaaa-0000-4000-8000-000000000001', 'bbbbbbbb-0000-4000-8000-000000000002'] as const;
const tokens = tenants.map((tenant) => service.server.token('--tenant', tenant));
const [first = '', second = ''] = tokens;

const as = (token: string, ask: Ask): Promise<Answer> => service.send({ ...ask, token });

async function createAs(token: string, name: string): Promise<{ id: string; path: string; body: unknown }> {
  const answer = await as(token, { method: 'POST', path: collectionPath, body: { name } });
  expect(answer.status).toBe(201);
  const id = String(membersOf(answer).id);
  return { id, path: `${collectionPath}/${id}`, body: answer.body };
}

const namesOf = async (token: string) =>
  itemsOf(await as(token, { path: `${collectionPath}?$top=1000` })).map(({ name }) => name);

describe('another tenant’s profile', () => {
  it.each([
    ['GET', { method: 'GET' }],
    ['GET under If-Match', { method: 'GET', headers: { 'If-Match': '*' } }],
    ['GET under If-None-Match', { method: 'GET', headers: { 'If-None-Match': '*' } }],
    ['PATCH', { method: 'PATCH', body: { name: 'taken' } }],
    ['PATCH of nothing', { method: 'PATCH', body: {} }],
    ['PATCH under If-Match', { method: 'PATCH', body: { name: 'taken' }, headers: { 'If-Match': 'W/"1"' } }],
    ['PATCH under If-None-Match', { method: 'PATCH', body: {}, headers: { 'If-None-Match': '*' } }],
    ['DELETE', { method: 'DELETE' }],
  ] satisfies [string, Omit<Ask, 'path'>][])('%s is as unknown as an id nobody has', async (_, ask) => {
    const { id, path } = await createAs(first, 'mine');
    const before = await as(first, { path });
    const answer = await expectNothingCreated(service, () => as(second, { ...ask, path }));
    expectRefusal(answer, '404 ResourceNotFound entityNotFound', {
      message: `Resource could not be discovered: no cloudAppSecurityProfile with the id '${id}'.`,
    });
    expect((await as(first, { path })).text).toBe(before.text);
  });

  it('neither is the sample, which belongs to the test tenant', async () => {
    const path = `${collectionPath}/${exampleId}`;
    expect((await as(first, { path })).status).toBe(404);
    const answer = await expectUnchanged(service, { path }, () =>
      as(first, patchOf({ path }, { name: 'taken' })),
    );
    expect(answer.status).toBe(404);
    expect((await service.send({ path })).status).toBe(200);
  });
});

describe('collections', () => {
  it('hold what is one’s own', async () => {
    await createAs(first, 'only first');
    await createAs(second, 'only second');
    expect(await namesOf(first)).toContain('only first');
    expect(await namesOf(first)).not.toContain('only second');
    expect(await namesOf(second)).toContain('only second');
    expect(await namesOf(second)).not.toContain('only first');
    const sample = await namesOf(service.token);
    expect(sample).toHaveLength(250);
    expect(sample).not.toContain('only first');
  });

  it('a link of one is no link of the other', async () => {
    await createAs(first, 'a');
    await createAs(first, 'b');
    const link = String(membersOf(await as(first, { path: `${collectionPath}?$top=1` }))['@odata.nextLink']);
    const path = link.slice(service.url.length);
    expect((await as(first, { path })).status).toBe(200);
    expectRefusal(await as(second, { path }), '400 BadRequest pageTokenInvalid', {
      target: '$skiptoken',
      message: 'The $skiptoken belongs to another tenant. Follow @odata.nextLink as it was given.',
    });
  });
});

describe('writes', () => {
  it('at the same moment in both tenants stay apart', async () => {
    const ours = await createAs(first, 'start');
    const theirs = await createAs(second, 'start');
    const answers = await Promise.all(
      Array.from({ length: 20 }, (_, index) => [
        as(first, patchOf(ours, { name: `first ${index}` })),
        as(second, patchOf(theirs, { name: `second ${index}` })),
        as(first, patchOf(theirs, { name: 'wrong' })),
        as(second, patchOf(ours, { name: 'wrong' })),
      ]).flat(),
    );
    expect(answers.map(({ status }) => status).sort()).toEqual([
      ...Array(40).fill(200),
      ...Array(40).fill(404),
    ]);
    const versions = [await as(first, { path: ours.path }), await as(second, { path: theirs.path })];
    expect(versions.map(({ headers }) => headers.etag)).toEqual(['W/"21"', 'W/"21"']);
    expect(service.changes.of(ours.id)).toHaveLength(21);
    expect(service.changes.of(theirs.id)).toHaveLength(21);
  });

  it('are recorded under the tenant of the token, positions without gaps in each', async () => {
    const { id, path } = await createAs(second, 'recorded');
    await as(second, { method: 'DELETE', path });
    const records = service.changes.of(id);
    expect(records.map(({ tenantId, kind }) => [tenantId, kind])).toEqual([
      [tenants[1], 'created'],
      [tenants[1], 'deleted'],
    ]);
    expect(records[0]).toMatchObject(analyst);
    for (const tenant of tenants) {
      const positions = service.changes.positions(tenant);
      expect(positions).toEqual(positions.map((_, index) => index + 1));
    }
  });

  it('azureTenantId is plain data', async () => {
    const { path } = await createAs(first, 'x');
    const body = { azureTenantId: tenants[1] };
    expect((await as(first, patchOf({ path }, body))).status).toBe(200);
    expect((await as(second, { path })).status).toBe(404);
    expect(membersOf(await as(first, { path })).azureTenantId).toBe(tenants[1]);
  });
});

describe('a tenant', () => {
  it('is a GUID in any letter case', async () => {
    const { path, body } = await createAs(first, 'case');
    const upper = service.server.token('--tenant', tenants[0].toUpperCase());
    const answer = await as(upper, { path });
    expectJson(answer, 200, writtenEntity(service, body as never, 1), { etag: 'W/"1"' });
  });
});
