/** How a profile may be addressed, and how it may not (URL Conventions 4.3, digest 3). */
import { afterAll, describe, expect, it } from 'vitest';
import {
  absentId,
  collectionPath,
  expectJson,
  expectRefusal,
  expectUnchanged,
  itemsOf,
  membersOf,
  openService,
  type Service,
  writtenEntity,
} from '../support/conformance.ts';
import { sendRaw } from '../support/exchange.ts';

const service: Service = await openService();
afterAll(() => service.stop());

const profile = await service.create({ name: 'addressed', tags: ['t'] });
const { id } = profile;

describe('one profile', () => {
  it.each([
    ['key as segment', `/v1.0/security/cloudAppSecurityProfiles/${id}`, 'v1.0'],
    ['parentheses', `/v1.0/security/cloudAppSecurityProfiles('${id}')`, 'v1.0'],
    ['named key', `/v1.0/security/cloudAppSecurityProfiles(id='${id}')`, 'v1.0'],
    ['named key with blanks', `/v1.0/security/cloudAppSecurityProfiles(%20id%20=%20'${id}'%20)`, 'v1.0'],
    ['encoded quotes', `/v1.0/security/cloudAppSecurityProfiles(%27${id}%27)`, 'v1.0'],
    ['encoded parentheses', `/v1.0/security/cloudAppSecurityProfiles%28'${id}'%29`, 'v1.0'],
    ['encoded letters', `/v1.0/%73ecurity/cloudAppSecurityProfiles/${id}`, 'v1.0'],
    [
      'encoded digits of the id',
      `/v1.0/security/cloudAppSecurityProfiles/${id.replaceAll('-', '%2D')}`,
      'v1.0',
    ],
    ['beta', `/beta/security/cloudAppSecurityProfiles/${id}`, 'beta'],
    ["the page's capital", `/beta/Security/cloudAppSecurityProfiles/${id}`, 'beta'],
    ['capitals everywhere', `/BETA/SECURITY/CLOUDAPPSECURITYPROFILES/${id}`, 'beta'],
    ['small letters', `/v1.0/security/cloudappsecurityprofiles('${id}')`, 'v1.0'],
    ['a capital V', `/V1.0/security/cloudAppSecurityProfiles/${id}`, 'v1.0'],
    ['an id in capitals', `/v1.0/security/cloudAppSecurityProfiles/${id.toUpperCase()}`, 'v1.0'],
    [
      'an id in capitals and parentheses',
      `/v1.0/security/cloudAppSecurityProfiles('${id.toUpperCase()}')`,
      'v1.0',
    ],
    ['a slash at the end', `/v1.0/security/cloudAppSecurityProfiles/${id}/`, 'v1.0'],
    ['a slash behind parentheses', `/v1.0/security/cloudAppSecurityProfiles('${id}')/`, 'v1.0'],
    ['the root for generic clients', `/odata/v4/security/cloudAppSecurityProfiles('${id}')`, 'odata/v4'],
    ['the top of that root', `/odata/v4/cloudAppSecurityProfiles('${id}')`, 'odata/v4'],
    ['an option nobody knows', `/v1.0/security/cloudAppSecurityProfiles/${id}?api-version=2&x=%20`, 'v1.0'],
  ])('%s', async (_, path, root) => {
    const body = writtenEntity(service, profile.values, 1, root);
    expectJson(await service.send({ path }), 200, body, { etag: 'W/"1"' });
    // A PATCH reaches the same row: of the values it has, nothing changes.
    const patched = await service.send({ method: 'PATCH', path, body: { name: 'addressed' } });
    expectJson(patched, 200, body, { etag: 'W/"1"' });
  });

  it('each form can change and delete', async () => {
    const forms = [
      (key: string) => `/${key}`,
      (key: string) => `('${key}')`,
      (key: string) => `(id='${key}')`,
    ];
    for (const form of forms) {
      const own = await service.create();
      const path = `${collectionPath}${form(own.id)}`;
      const patched = await service.send({ path, body: { name: 'changed' } });
      expect([patched.status, membersOf(patched).name]).toEqual([200, 'changed']);
      expect((await service.send({ method: 'DELETE', path })).status).toBe(204);
      expect((await service.send({ path: own.path })).status).toBe(404);
    }
  });

  it('by the absolute form a proxy would send', async () => {
    const path = `http://example.test:1${profile.path}`;
    expectJson(await service.send({ path }), 200, writtenEntity(service, profile.values, 1), {
      etag: 'W/"1"',
    });
  });

  it('names in answers come from the configuration, never from Host', async () => {
    const answer = await sendRaw(
      service.url,
      `GET ${profile.path} HTTP/1.1\r\nHost: evil.example\r\nX-Forwarded-Host: evil.example\r\nAuthorization: Bearer ${service.token}\r\n\r\n`,
    );
    expect(answer.body).toEqual(writtenEntity(service, profile.values, 1));
  });
});

describe('the collection', () => {
  it.each([
    '/v1.0/security/cloudAppSecurityProfiles',
    '/v1.0/security/cloudAppSecurityProfiles/',
    '/beta/Security/CloudAppSecurityProfiles',
    '/V1.0/SECURITY/cloudappsecurityprofiles/',
    '/odata/v4/security/cloudAppSecurityProfiles',
    '/OData/V4/security/cloudAppSecurityProfiles',
  ])('%s', async (path) => {
    const answer = await service.send({ path });
    expect([answer.status, itemsOf(answer).length]).toEqual([200, 100]);
  });
});

describe('around it', () => {
  const singleton = { name: 'security', kind: 'Singleton', url: 'security' };
  const topSet = { name: 'cloudAppSecurityProfiles', kind: 'EntitySet', url: 'cloudAppSecurityProfiles' };

  it.each([
    ['v1.0', [singleton]],
    ['beta', [singleton]],
    ['odata/v4', [topSet, singleton]],
  ])('the service document of %s', async (root, value) => {
    for (const path of [`/${root}`, `/${root}/`]) {
      const { body, status } = await service.send({ path });
      expect({ status, body }).toEqual({
        status: 200,
        body: { '@odata.context': `${service.url}/${root}/$metadata`, value: expect.arrayContaining(value) },
      });
      expect((body as { value: unknown[] }).value).toHaveLength(value.length);
    }
  });

  it.each(['/v1.0/security', '/v1.0/Security/'])('the singleton %s', async (path) => {
    expectJson(await service.send({ path }), 200, {
      '@odata.context': `${service.url}/v1.0/$metadata#security`,
    });
  });
});

/** Each address is refused in the same words whatever the method, and the profile stays as it is. */
async function expectRefusedPath(
  path: string,
  codes: string,
  message: string | RegExp,
  target?: string,
): Promise<void> {
  for (const method of ['GET', 'PATCH', 'DELETE']) {
    const answer = await expectUnchanged(service, profile, () =>
      service.send({ method, path, ...(method === 'PATCH' ? { body: { name: 'changed' } } : {}) }),
    );
    expectRefusal(answer, codes, { message, ...(target === undefined ? {} : { target }) });
  }
}

describe('unknown versions', () => {
  it.each([
    ['/v2.0/security/cloudAppSecurityProfiles', "'v2.0' is not a service root"],
    ['/v1/security/cloudAppSecurityProfiles', "'v1' is not a service root"],
    [`/security/cloudAppSecurityProfiles/${id}`, "'security' is not a service root"],
    [`/graph/v1.0/security/cloudAppSecurityProfiles/${id}`, "'graph' is not a service root"],
    ['/v1.0%2Fsecurity', "'v1.0/security' is not a service root"],
    ['/odata/v3/security', "'odata' is not a service root"],
    ['/odata', "'odata' is not a service root"],
    ['/favicon.ico', "'favicon.ico' is not a service root"],
  ])('%s', (path, found) =>
    expectRefusedPath(
      path,
      '400 BadRequest versionUnknown',
      `Invalid version. ${found}; the path must begin with /v1.0, /beta or /odata/v4.`,
      'path',
    ),
  );
});

describe('unknown segments', () => {
  it.each([
    ['/v1.0/secuirty/cloudAppSecurityProfiles', 'secuirty', " Did you mean 'security'?"],
    ['/v1.0/users', 'users', ''],
    ['/v1.0/cloudAppSecurityProfiles', 'cloudAppSecurityProfiles', ''],
    [
      `/v1.0/security/cloudAppSecurityProfile/${id}`,
      'cloudAppSecurityProfile',
      " Did you mean 'cloudAppSecurityProfiles'?",
    ],
    ['/v1.0/security/alerts', 'alerts', ''],
    [`/v1.0/security('x')/cloudAppSecurityProfiles/${id}`, "security('x')", " Did you mean 'security'?"],
    [
      '/v1.0/security/cloudAppSecurityProfiles()',
      'cloudAppSecurityProfiles()',
      " Did you mean 'cloudAppSecurityProfiles'?",
    ],
  ])('%s', (path, segment, suggestion) =>
    expectRefusedPath(
      path,
      '400 BadRequest segmentUnknown',
      `Resource not found for the segment '${segment}'.${suggestion}`,
      segment,
    ),
  );
});

describe('malformed addresses', () => {
  it.each([
    [`/v1.0//security/cloudAppSecurityProfiles/${id}`, "an empty segment, '//', at position 6"],
    [`//v1.0/security/cloudAppSecurityProfiles/${id}`, "an empty segment, '//', at position 1"],
    [`/v1.0/security/cloudAppSecurityProfiles//${id}`, "an empty segment, '//', at position 40"],
    [`/v1.0/security/cloudAppSecurityProfiles/${id}//`, /an empty segment, '\/\/', at position 77/],
  ])('%s', (path, fault) =>
    expectRefusedPath(
      path,
      '400 BadRequest pathInvalid',
      typeof fault === 'string' ? `The path is malformed: ${fault}.` : fault,
      'path',
    ),
  );

  it.each([
    '/v1.0/security/cloudAppSecurityProfiles/%',
    '/v1.0/security/cloudAppSecurityProfiles/%4',
    '/v1.0/security/cloudAppSecurityProfiles/%zz',
    '/v1.0/security/cloudAppSecurityProfiles/%ff',
    '/v1.0/security/cloudAppSecurityProfiles/%c0%af',
    '/v1.0/security/cloudAppSecurityProfiles/%00',
    '/v1.0/security/cloudAppSecurityProfiles/a%0d%0ab',
    '/v1.0/security/cloudAppSecurityProfiles/%7f',
  ])('%s', (path) =>
    expectRefusedPath(
      path,
      '400 BadRequest pathInvalid',
      /^The path is malformed: .* at position \d+\.$/,
      'path',
    ),
  );

  it.each([`(${id})`, "('a'b')", "('", "(')", `('${id}'`, "('a','b')", "(id='a',id='b')", '("x")', '(5)'])(
    'the key in %s',
    (key) =>
      expectRefusedPath(
        `/v1.0/security/cloudAppSecurityProfiles${encodeURI(key)}`,
        key.endsWith(')') ? '400 BadRequest pathInvalid' : '400 BadRequest segmentUnknown',
        key.endsWith(')')
          ? `The key in 'cloudAppSecurityProfiles${key}' must be one string in single quotes, a quote inside it doubled: cloudAppSecurityProfiles('…') or cloudAppSecurityProfiles(id='…').`
          : /^Resource not found for the segment /,
        `cloudAppSecurityProfiles${key}`,
      ),
  );

  it.each(['name', 'ID', 'key'])('a key named %s', (name) =>
    expectRefusedPath(
      `/v1.0/security/cloudAppSecurityProfiles(${name}='${id}')`,
      '400 BadRequest pathInvalid',
      `The key of 'cloudAppSecurityProfiles' is named 'id', not '${name}'.`,
      name,
    ),
  );

  it('a key longer than any', () =>
    expectRefusedPath(
      `${collectionPath}/${'k'.repeat(257)}`,
      '400 BadRequest pathInvalid',
      `The path segment '${'k'.repeat(80)}…' has 257 characters; a key or name may have 256.`,
      'path',
    ));
});

describe('well-formed keys nobody has', () => {
  it.each([
    [`/${absentId}`, absentId],
    [`('${absentId}')`, absentId],
    ['/%7Bid%7D', '{id}'],
    ['/{id}', '{id}'],
    ["('O''Neil')", "O'Neil"],
    ["/O'Neil", "O'Neil"],
    [`/'${id}'`, `'${id}'`],
    ['/a%2Fb', 'a/b'],
    [`/${id}%20`, `${id} `],
    ["('')", ''],
    ['/..', '..'],
    ['/%2e%2e', '..'],
    ['/日本', '日本'],
    [`/${'k'.repeat(256)}`, `${'k'.repeat(80)}…`],
    ['/null', 'null'],
    ["/1' or '1'='1", "1' or '1'='1"],
  ])('%s is 404', (key, shown) =>
    expectRefusedPath(
      `${collectionPath}${encodeURI(key).replaceAll('%25', '%')}`,
      '404 ResourceNotFound entityNotFound',
      `Resource could not be discovered: no cloudAppSecurityProfile with the id '${shown}'.`,
    ),
  );
});
