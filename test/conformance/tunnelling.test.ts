/** POST that stands for another method, for clients whose networks let nothing else pass (digest 2.9). */
import { randomUUID } from 'node:crypto';
import { afterAll, describe, expect, it } from 'vitest';
import { askBatch, jsonHeaders, partCollection, partsOf } from '../support/batch.ts';
import {
  absentId,
  type Created,
  changeBy,
  collectionPath,
  expectNoContent,
  expectNothingCreated,
  expectRefusal,
  expectUnchanged,
  membersOf,
  openService,
  type Service,
} from '../support/conformance.ts';
import type { Ask } from '../support/exchange.ts';

const service: Service = await openService('--no-sample');
afterAll(() => service.stop());

const headerNames = ['X-HTTP-Method', 'X-HTTP-Method-Override', 'x-http-method'];
const post = (profile: Pick<Created, 'path'>, headers: Ask['headers'], body?: unknown): Ask => ({
  method: 'POST',
  path: profile.path,
  headers: headers ?? {},
  ...(body === undefined ? {} : { body }),
});

describe('POST with another method in a header', () => {
  it.each(
    headerNames.flatMap((name) =>
      ['PATCH', 'MERGE', 'patch', ' Merge '].map((value) => [name, value] as const),
    ),
  )('%s: %j changes as PATCH does', async (name, value) => {
    const profile = await service.create({ platform: 'p' });
    const answer = await service.send(post(profile, { [name]: value }, { name: 'x' }));
    expect([answer.status, answer.headers.etag]).toEqual([200, 'W/"2"']);
    expect(membersOf(answer)).toMatchObject({ name: 'x', platform: 'p' });
    expect(service.changes.of(profile.id).at(-1)).toMatchObject(
      changeBy(answer, profile.id, { kind: 'updated', version: 2 }),
    );
  });

  it.each(headerNames)('%s: DELETE deletes', async (name) => {
    const profile = await service.create();
    expectNoContent(await service.send(post(profile, { [name]: 'DELETE' })), 204, {});
    expect((await service.send({ path: profile.path })).status).toBe(404);
    const other = await service.create();
    expect((await service.send(post(other, { [name]: 'delete' }, { ignored: true }))).status).toBe(204);
  });

  it.each(headerNames)('%s: PUT is refused as PUT is', async (name) => {
    const profile = await service.create();
    const answer = await expectUnchanged(service, profile, () =>
      service.send(post(profile, { [name]: 'PUT' }, { name: 'x' })),
    );
    expectRefusal(answer, '405 MethodNotAllowed methodNotAllowed', {
      message: /PUT/,
      headers: { allow: 'DELETE, GET, HEAD, OPTIONS, PATCH' },
    });
  });

  it('keeps preconditions and preferences', async () => {
    const profile = await service.create();
    const stale = { 'X-HTTP-Method': 'PATCH', 'If-Match': 'W/"9"' };
    const refused = await expectUnchanged(service, profile, () =>
      service.send(post(profile, stale, { name: 'x' })),
    );
    expect(refused.status).toBe(412);
    const fresh = { 'X-HTTP-Method': 'PATCH', 'If-Match': 'W/"1"', Prefer: 'return=minimal' };
    const answer = await service.send(post(profile, fresh, { name: 'x' }));
    expectNoContent(answer, 204, { etag: 'W/"2"', 'preference-applied': 'return=minimal' });
    const gone = { 'X-HTTP-Method': 'DELETE', 'If-Match': 'W/"1"' };
    expect((await service.send(post(profile, gone))).status).toBe(412);
  });

  it('needs the right of the method it stands for, and is 404 where that is', async () => {
    const profile = await service.create();
    const reader = service.server.token('--role', 'reader');
    const refused = await expectUnchanged(service, profile, () =>
      service.send({ ...post(profile, { 'X-HTTP-Method': 'DELETE' }), token: reader }),
    );
    expect(refused.status).toBe(403);
    const absent = { path: `${collectionPath}/${absentId}` };
    expect((await service.send(post(absent, { 'X-HTTP-Method': 'PATCH' }, {}))).status).toBe(404);
  });

  it('of two headers the shorter name decides', async () => {
    const profile = await service.create();
    const headers = { 'X-HTTP-Method': 'PATCH', 'X-HTTP-Method-Override': 'DELETE' };
    expect((await service.send(post(profile, headers, { name: 'x' }))).status).toBe(200);
  });

  it.each(['DELETE', 'PATCH', 'PUT'])('%s of a collection is 405', async (value) => {
    const answer = await expectNothingCreated(service, () =>
      service.send({
        method: 'POST',
        path: collectionPath,
        headers: { 'X-HTTP-Method': value },
        body: { name: 'never' },
      }),
    );
    expectRefusal(answer, '405 MethodNotAllowed methodNotAllowed', {
      message: new RegExp(value),
      headers: { allow: 'GET, HEAD, OPTIONS, POST' },
    });
  });

  it.each(['GET', 'HEAD', 'OPTIONS', 'POST', 'BREW', '', 'PATCH, DELETE'])(
    '%j leads nowhere: 400',
    async (value) => {
      const profile = await service.create();
      for (const name of ['X-HTTP-Method', 'X-HTTP-Method-Override']) {
        const answer = await expectUnchanged(service, profile, () =>
          service.send(post(profile, { [name]: value }, { name: 'x' })),
        );
        expectRefusal(answer, '400 BadRequest headerInvalid', {
          message: `The ${name} header contains an invalid value: '${value}'; allowed are PATCH, MERGE, PUT, DELETE.`,
          target: name,
        });
      }
    },
  );

  it('works in a batch', async () => {
    const profile = await service.create();
    const part = {
      id: '1',
      method: 'POST',
      url: `${partCollection}/${profile.id}`,
      headers: { ...jsonHeaders, 'X-HTTP-Method': 'MERGE' },
      body: { name: 'tunnelled' },
    };
    expect(partsOf(await service.send(askBatch([part])))[0]).toMatchObject({
      status: 200,
      body: { name: 'tunnelled' },
    });
  });
});

describe('other requests', () => {
  it('POST to a profile without the header is 405', async () => {
    const profile = await service.create();
    const answer = await expectUnchanged(service, profile, () =>
      service.send(post(profile, {}, { name: 'x' })),
    );
    expectRefusal(answer, '405 MethodNotAllowed methodNotAllowed', {
      message: /POST/,
      headers: { allow: 'DELETE, GET, HEAD, OPTIONS, PATCH' },
    });
  });

  it.each(['GET', 'HEAD', 'PATCH'])('%s does not look at the header', async (method) => {
    const profile = await service.create({ name: randomUUID() });
    const answer = await service.send({
      method,
      path: profile.path,
      headers: { 'X-HTTP-Method': 'DELETE', 'X-HTTP-Method-Override': 'nonsense' },
      ...(method === 'PATCH' ? { body: { platform: 'p' } } : {}),
    });
    expect(answer.status).toBe(200);
    expect((await service.send({ path: profile.path })).status).toBe(200);
  });
});
