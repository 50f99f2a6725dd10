/** Which method each resource has, and how the others are refused (RFC 9110 9, Protocol 9.2). */
import { afterAll, describe, expect, it } from 'vitest';
import {
  absentId,
  collectionPath,
  expectJson,
  expectNoContent,
  expectRefusal,
  expectUnchanged,
  membersOf,
  openService,
  type Service,
  writtenEntity,
} from '../support/conformance.ts';
import type { Ask } from '../support/exchange.ts';

const service: Service = await openService('--no-sample');
afterAll(() => service.stop());

const profile = await service.create({ name: 'kept' });

const resources: readonly (readonly [what: string, path: string, allow: string])[] = [
  ['one profile', profile.path, 'DELETE, GET, HEAD, OPTIONS, PATCH'],
  ['one profile in parentheses', `${collectionPath}('${profile.id}')`, 'DELETE, GET, HEAD, OPTIONS, PATCH'],
  ['the collection', collectionPath, 'GET, HEAD, OPTIONS, POST'],
  ['the singleton', '/v1.0/security', 'GET, HEAD, OPTIONS'],
  ['the service document', '/v1.0/', 'GET, HEAD, OPTIONS'],
];

const refused = resources.flatMap(([what, path, allow]) =>
  ['GET', 'HEAD', 'POST', 'PATCH', 'PUT', 'DELETE']
    .filter((method) => !allow.split(', ').includes(method))
    .map((method) => [method, what, path, allow] as const),
);

describe('a method the resource has not', () => {
  const bodies: readonly (readonly [string, Omit<Ask, 'path' | 'method'>])[] = [
    ['with a body', { body: { name: 'changed' } }],
    ['without a body', {}],
    ['with a body that cannot be read', { body: '{"name":', headers: { 'content-type': 'text/plain' } }],
  ];

  it.each(refused.flatMap((each) => bodies.map((body) => [...each, ...body] as const)))(
    '%s %s (%s): Allow: %s, %s',
    async (method, _, path, allow, __, rest) => {
      const answer = await expectUnchanged(service, profile, () => service.send({ method, path, ...rest }));
      expectRefusal(answer, '405 MethodNotAllowed methodNotAllowed', {
        message: `Specified HTTP method is not allowed for the request target: ${method}. Allowed: ${allow}.`,
        headers: { allow },
      });
    },
  );

  it.each(['TRACE', 'PROPFIND', 'LOCK', 'REPORT', 'QUERY', 'MERGE', 'COPY', 'PURGE'])(
    '%s, which no resource has',
    async (method) => {
      const allow = 'GET, HEAD, POST, PATCH, DELETE, OPTIONS';
      const answer = await expectUnchanged(service, profile, () =>
        service.send({ method, path: profile.path, headers: { 'transfer-encoding': undefined } }),
      );
      expectRefusal(answer, '405 MethodNotAllowed methodNotAllowed', {
        target: 'method',
        message: `The method '${method}' is not allowed for any resource; allowed are ${allow}.`,
        headers: { allow },
      });
    },
  );
});

describe('OPTIONS', () => {
  it.each(resources)('%s (%s): %s', async (_, path, allow) => {
    expectNoContent(await service.send({ method: 'OPTIONS', path }), 204, { allow });
  });

  it('needs no token and looks nothing up', async () => {
    const path = `${collectionPath}/${absentId}`;
    const allow = 'DELETE, GET, HEAD, OPTIONS, PATCH';
    expectNoContent(await service.send({ method: 'OPTIONS', path, token: undefined }), 204, { allow });
  });

  it('of an address that means nothing is 400', async () => {
    const answer = await service.send({ method: 'OPTIONS', path: '/v1.0/users', token: undefined });
    expectRefusal(answer, '400 BadRequest segmentUnknown', {
      target: 'users',
      message: "Resource not found for the segment 'users'.",
    });
  });
});

describe('a method in a header', () => {
  it.each([
    ['X-HTTP-Method', 'PATCH'],
    ['X-HTTP-Method-Override', 'PATCH'],
    ['x-http-method', 'merge'],
  ])('POST with %s: %s changes the profile', async (header, method) => {
    const own = await service.create();
    const answer = await service.send({
      method: 'POST',
      path: own.path,
      body: { name: 'tunnelled' },
      headers: { [header]: method },
    });
    const values = {
      ...own.values,
      name: 'tunnelled',
      lastModifiedDateTime: String(membersOf(answer).lastModifiedDateTime),
    };
    expectJson(answer, 200, writtenEntity(service, values, 2), { etag: 'W/"2"' });
  });

  it('POST with X-HTTP-Method: DELETE deletes', async () => {
    const own = await service.create();
    const headers = { 'X-HTTP-Method': 'DELETE' };
    expectNoContent(await service.send({ method: 'POST', path: own.path, headers }), 204, {});
    expect((await service.send({ path: own.path })).status).toBe(404);
  });

  it('needs the rights of the method it stands for', async () => {
    const token = service.server.token('--role', 'reader');
    const answer = await expectUnchanged(service, profile, () =>
      service.send({ method: 'POST', path: profile.path, headers: { 'X-HTTP-Method': 'DELETE' }, token }),
    );
    expect(answer.status).toBe(403);
  });

  it('means nothing beside another method', async () => {
    const answer = await expectUnchanged(service, profile, () =>
      service.send({ path: profile.path, headers: { 'X-HTTP-Method': 'DELETE' } }),
    );
    expect(answer.status).toBe(200);
  });

  it('that is none is refused', async () => {
    const answer = await expectUnchanged(service, profile, () =>
      service.send({
        method: 'POST',
        path: profile.path,
        body: { name: 'x' },
        headers: { 'X-HTTP-Method': 'GET' },
      }),
    );
    expectRefusal(answer, '400 BadRequest headerInvalid', {
      target: 'X-HTTP-Method',
      message:
        "The X-HTTP-Method header contains an invalid value: 'GET'; allowed are PATCH, MERGE, PUT, DELETE.",
    });
  });
});
