/** The OWASP API Security Top 10 of 2023, case by case; docs/security.md names what else stands behind each. */
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createFetchJson } from '../../src/auth/fetch-json.ts';
import { fetchIssuerDocuments } from '../../src/auth/remote-issuer.ts';
import { limits } from '../../src/limits.ts';
import { cloudAppSecurityProfile } from '../../src/model/cloud-app-security-profile.ts';
import { jsonHeaders, sendBatch, statusesOf } from '../support/batch.ts';
import { collectionPath, itemsOf, membersOf, openService, type Service } from '../support/conformance.ts';
import { type Answer, type Ask, sendRaw } from '../support/exchange.ts';

let service: Service;
/** Somebody with every permission in another tenant. */
let stranger = '';
let reader = '';
let outsider = '';

beforeAll(async () => {
  service = await openService();
  stranger = service.server.token('--role', 'admin', '--tenant', 'aaaaaaaa-0000-4000-8000-000000000001');
  reader = service.server.token('--role', 'reader');
  outsider = service.server.token('--role', 'no-access');
});
afterAll(() => service.stop());

const send = (ask: Ask): Promise<Answer> => service.send(ask);
const innerCode = ({ body }: Answer) =>
  (body as { error?: { innerError?: { code?: string } } } | undefined)?.error?.innerError?.code;
const verdict = (answer: Answer) => `${answer.status} ${innerCode(answer) ?? ''}`.trim();

describe('API1 broken object level authorization', () => {
  it('what belongs to another tenant is as unknown as what does not exist, by every way in', async () => {
    const { id, path } = await service.create({ name: 'mine', tags: ['secret'] });
    const ways: readonly Ask[] = [
      { path },
      { path: `${collectionPath}('${id}')/name` },
      { path: `/odata/v4/cloudAppSecurityProfiles/${id}/tags` },
      { path, body: { name: 'taken' } },
      { path, method: 'DELETE' },
      { path, method: 'DELETE', headers: { 'If-Match': '*' } },
      { path, method: 'POST', headers: { 'X-HTTP-Method': 'PATCH' }, body: { name: 'taken' } },
    ];
    for (const way of ways) {
      const theirs = await send({ ...way, token: stranger });
      const nobodys = await send({ ...way, path: way.path.replace(id, 'nobodys'), token: stranger });
      expect(verdict(theirs), way.path).toBe(verdict(nobodys));
      expect(theirs.status).toBeGreaterThanOrEqual(400);
      expect(theirs.text).not.toMatch(/mine|secret/);
    }
    expect((await send({ path })).body).toMatchObject({ name: 'mine' });
  });

  it('no question finds it: filter, search, count, aggregation, batch', async () => {
    const { id } = await service.create({ name: 'findable' });
    const asked = [`?$filter=id eq '${id}'`, '?$search=findable', "?$filter=contains(name,'findable')"];
    for (const options of asked) {
      const path = `${collectionPath}${options.replaceAll(' ', '%20')}`;
      expect(itemsOf(await send({ path })).length, options).toBe(1);
      expect(itemsOf(await send({ path, token: stranger }))).toEqual([]);
    }
    expect((await send({ path: `${collectionPath}/$count`, token: stranger })).text).toMatch(/0$/);
    const parts = [{ id: '1', method: 'GET', url: `/security/cloudAppSecurityProfiles/${id}` }];
    expect(statusesOf(await sendBatch(service, parts, { token: stranger }))).toEqual({ 1: 404 });
  });

  it('a page link of one tenant opens nothing for another', async () => {
    const first = await send({ path: `${collectionPath}?$top=1` });
    const link = new URL(String(membersOf(first)['@odata.nextLink']));
    const answer = await send({ path: link.pathname + link.search, token: stranger });
    expect(verdict(answer)).toBe('400 pageTokenInvalid');
  });
});

describe('API2 broken authentication', () => {
  it('nothing but a sound bearer token in the header opens anything', async () => {
    const [head = '', claims = '', signature = ''] = service.token.split('.');
    const encode = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
    const decoded = JSON.parse(Buffer.from(claims, 'base64url').toString()) as object;
    const wrong: readonly (string | undefined)[] = [
      undefined,
      '',
      'Bearer',
      'Bearer undefined',
      `Basic ${Buffer.from('admin:admin').toString('base64')}`,
      `Bearer ${encode({ alg: 'none' })}.${claims}.`,
      `Bearer ${encode({ alg: 'HS256', typ: 'JWT' })}.${claims}.${signature}`,
      `Bearer ${head}.${encode({ ...decoded, scp: 'SecurityEvents.ReadWrite.All', exp: 9e9 })}.${signature}`,
      `Bearer ${head}.${claims}.${signature.slice(0, -4)}AAAA`,
      `Bearer ${service.token}, Bearer ${service.token}`,
    ];
    for (const authorization of wrong) {
      const answer = await send({ path: collectionPath, token: undefined, headers: { authorization } });
      expect(answer.status, authorization).toBe(401);
      expect(answer.headers).toMatchObject({
        'www-authenticate': expect.stringMatching(/^Bearer /),
        'cache-control': 'no-store',
      });
    }
    const inAddress = `${collectionPath}?access_token=${service.token}`;
    expect((await send({ path: inAddress, token: undefined })).status).toBe(401);
  });

  it('tokens are in no answer and no log', async () => {
    const refused = await send({ path: collectionPath, token: `${service.token.slice(0, -6)}AAAAAA` });
    expect(refused.status).toBe(401);
    expect(refused.text).not.toContain(service.token.slice(0, 40));
    for (const part of service.token.split('.').slice(1)) {
      expect(service.server.output()).not.toContain(part.slice(0, 40));
    }
  });
});

describe('API3 broken object property level authorization', () => {
  it('what the service itself sets cannot be set: it is ignored where it is known, refused where it is not', async () => {
    const own = {
      id: 'chosen',
      createdDateTime: '1999-01-01T00:00:00Z',
      lastModifiedDateTime: '1999-01-01T00:00:00Z',
    };
    const { id, path, values } = await service.create({ name: 'plain' });
    const patched = await send({ path, body: { ...own, name: 'changed' } });
    expect(patched.body).toMatchObject({ id, createdDateTime: values.createdDateTime, name: 'changed' });
    const made = await send({ method: 'POST', path: collectionPath, body: { ...own, name: 'made' } });
    expect(membersOf(made).createdDateTime).not.toBe(own.createdDateTime);
    for (const name of [
      'tenantId',
      'tenant_id',
      'version',
      'author',
      '__proto__',
      'constructor',
      'isAdmin',
    ]) {
      const text = `{"name":"x",${JSON.stringify(name)}:"aaaaaaaa-0000-4000-8000-000000000001"}`;
      for (const ask of [{ path }, { method: 'POST', path: collectionPath }]) {
        expect(verdict(await send({ ...ask, body: text })), name).toBe('400 payloadPropertyUnknown');
      }
    }
    expect((await send({ path: `${collectionPath}/chosen` })).body).not.toMatchObject({ name: 'plain' });
  });

  it('an answer holds declared properties and nothing of the row beside them', async () => {
    const { path } = await service.create({ name: 'shown' });
    const declared = cloudAppSecurityProfile.properties.map(({ name }) => name);
    for (const asked of [path, `${path}?$select=*`]) {
      const names = Object.keys(membersOf(await send({ path: asked }))).filter(
        (name) => !name.startsWith('@'),
      );
      expect(names.filter((name) => !declared.includes(name))).toEqual([]);
    }
    for (const column of ['tenant_id', 'row_id', 'json', 'version']) {
      const answer = await send({ path: `${collectionPath}?$filter=${column}%20eq%20'x'` });
      expect(verdict(answer)).toBe('400 propertyUnknown');
    }
  });
});

describe('API4 unrestricted resource consumption', () => {
  it.each<[string, () => Ask, string]>([
    [
      'a body',
      () => ({ method: 'POST', path: collectionPath, body: 'x'.repeat(limits.bodyBytesMax + 1) }),
      '413 bodyTooLarge',
    ],
    [
      'what a compressed body inflates to',
      () => ({
        method: 'POST',
        path: collectionPath,
        headers: { 'content-encoding': 'gzip' },
        body: gzipSync(Buffer.alloc(limits.inflatedBodyBytesMax + 1, ' ')),
      }),
      '413 bodyTooLarge',
    ],
    ['nesting', () => ({ method: 'POST', path: collectionPath, body: '['.repeat(5000) }), '400 bodyInvalid'],
    [
      'an address',
      () => ({ path: `${collectionPath}?$filter=${'x'.repeat(limits.addressBytesMax)}` }),
      '414 addressTooLong',
    ],
    [
      'a question',
      () => ({ path: `${collectionPath}?$filter=${Array(300).fill('isSigned').join('%20or%20')}` }),
      '400 queryTooComplex',
    ],
    [
      'depth of a question',
      () => ({ path: `${collectionPath}?$filter=${'('.repeat(500)}` }),
      '400 queryTooComplex',
    ],
    [
      'a batch',
      () => ({
        method: 'POST',
        path: '/v1.0/$batch',
        body: {
          requests: Array.from({ length: 21 }, (_, id) => ({ id: String(id), method: 'GET', url: '/x' })),
        },
      }),
      '400 batchInvalid',
    ],
  ])('%s has a bound', async (_, ask, refusal) => {
    expect(verdict(await send(ask()))).toBe(refusal);
  });

  it('a page has a bound, whatever is asked', async () => {
    const answer = await send({ path: `${collectionPath}?$top=2000000000` });
    expect(itemsOf(answer).length).toBeLessThanOrEqual(limits.pageSizeMax);
  });

  it('a regular expression takes linear time', async () => {
    await service.create({ name: 'a'.repeat(5000) });
    const startMs = performance.now();
    const pattern = encodeURIComponent("matchespattern(name,'^(a+)+$|^(a|a)*b$')");
    expect((await send({ path: `${collectionPath}?$filter=${pattern}` })).status).toBe(200);
    expect(performance.now() - startMs).toBeLessThan(5000);
  });
});

describe('API5 broken function level authorization', () => {
  it('who may read may not write, by no method, tunnel or batch', async () => {
    const { id, path } = await service.create({ name: 'guarded' });
    const writes: readonly Ask[] = [
      { path, body: { name: 'x' } },
      { path, method: 'DELETE' },
      { method: 'POST', path: collectionPath, body: { name: 'x' } },
      { method: 'POST', path, headers: { 'X-HTTP-Method': 'PATCH' }, body: { name: 'x' } },
      { method: 'POST', path, headers: { 'X-HTTP-Method-Override': 'DELETE' } },
    ];
    for (const write of writes) {
      const { status } = await send({ ...write, token: reader });
      expect([403, 405], JSON.stringify(write)).toContain(status);
    }
    const url = `/security/cloudAppSecurityProfiles/${id}`;
    const parts = [
      { id: '1', method: 'PATCH', url, headers: jsonHeaders, body: { name: 'x' } },
      { id: '2', method: 'DELETE', url, atomicityGroup: 'g' },
      { id: '3', method: 'GET', url },
    ];
    expect(statusesOf(await sendBatch(service, parts, { token: reader }))).toEqual({
      1: 403,
      2: 403,
      3: 200,
    });
    expect((await send({ path, token: reader })).body).toMatchObject({ name: 'guarded' });
  });

  it('who has neither permission gets nothing but the public documents', async () => {
    const { path } = await service.create({ name: 'guarded' });
    for (const asked of [path, collectionPath, `${collectionPath}/$count`, `${path}/name/$value`]) {
      expect(verdict(await send({ path: asked, token: outsider }))).toBe('403 permissionMissing');
    }
    expect((await send({ path: '/v1.0/$metadata', token: outsider })).status).toBe(200);
  });
});

describe('API6 unrestricted access to sensitive business flows', () => {
  it('mass changes by one application are slowed down, and told when to come back', async () => {
    const throttled = await openService('--throttle', '--writes-per-minute', '5');
    try {
      const answers: Answer[] = [];
      for (let count = 0; count < 8; count += 1) {
        answers.push(
          await throttled.send({ method: 'POST', path: collectionPath, body: { name: `mass ${count}` } }),
        );
      }
      expect(answers.map(({ status }) => status)).toEqual([201, 201, 201, 201, 201, 429, 429, 429]);
      expect(Number(answers.at(-1)?.headers['retry-after'])).toBeGreaterThan(0);
    } finally {
      await throttled.stop();
    }
  });
});

/** A machine nobody should be sent to; counts who comes. */
async function openCanary(
  answer: (path: string) => { status: number; headers?: Record<string, string>; body: string },
) {
  const visits: string[] = [];
  const server: Server = createServer((request, reply) => {
    visits.push(request.url ?? '');
    const { status, headers = {}, body } = answer(request.url ?? '');
    reply.writeHead(status, headers).end(body);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return {
    url: `http://127.0.0.1:${address.port}`,
    visits,
    close: () => server.close(),
  };
}

describe('API7 server side request forgery', () => {
  it('no part of a request makes the service call out: not a token, not a body, not a header', async () => {
    const canary = await openCanary(() => ({ status: 200, body: '{"keys":[]}' }));
    try {
      const [, claims = '', signature = ''] = service.token.split('.');
      const keys = `${canary.url}/keys`;
      const head = { alg: 'RS256', kid: 'x', jku: keys, x5u: keys };
      const issuer = { iss: canary.url, aud: 'api://casp', tid: 'aaaaaaaa-0000-4000-8000-000000000001' };
      const encode = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
      for (const token of [
        `${encode(head)}.${claims}.${signature}`,
        `${encode({ alg: 'RS256', kid: 'x' })}.${encode(issuer)}.${signature}`,
      ]) {
        expect((await send({ path: collectionPath, token })).status).toBe(401);
      }
      const { path } = await service.create({});
      await send({ path, body: { '@odata.context': canary.url, '@odata.id': canary.url, name: canary.url } });
      await send({ path, headers: { host: canary.url.slice(7), 'x-forwarded-host': canary.url.slice(7) } });
      await sendBatch(service, [{ id: '1', method: 'GET', url: `${canary.url}/v1.0/security` }]);
      expect(canary.visits).toEqual([]);
    } finally {
      canary.close();
    }
  });

  it('an issuer’s documents lead to no other machine by address, and to none without TLS', async () => {
    const answers: Record<string, object> = {
      'https://issuer.example/.well-known/openid-configuration': {
        issuer: 'https://issuer.example/',
        jwks_uri: 'https://169.254.169.254/latest/meta-data',
      },
    };
    const fetched: string[] = [];
    const documents = fetchIssuerDocuments({
      issuer: 'https://issuer.example/',
      tenants: 'any',
      claimStyle: 'oidc',
      now: () => new Date(),
      fetchJson: async (url) => {
        fetched.push(url);
        return { value: answers[url], serverTime: undefined };
      },
    });
    await expect(documents).rejects.toThrow(/names a jwks_uri on another machine by address/);
    expect(fetched).toEqual(['https://issuer.example/.well-known/openid-configuration']);
    for (const url of ['http://issuer.example/', 'file:///etc/passwd', 'ftp://a/', 'https://user:pass@a/']) {
      await expect(createFetchJson()(url)).rejects.toThrow(/must (begin|not hold)/);
    }
  });
});

describe('API8 security misconfiguration', () => {
  it('every answer forbids sniffing and downgrades, names no software, and is cached by nobody who should not', async () => {
    const asked = [collectionPath, '/v1.0/$metadata', '/nothing', '/livez', '/openapi.json', '/docs'];
    for (const path of asked) {
      const { headers } = await send({ path });
      expect(headers, path).toMatchObject({
        'strict-transport-security': expect.stringMatching(/^max-age=\d{7,}/),
        'x-content-type-options': 'nosniff',
        'cache-control': expect.stringMatching(
          /^(no-cache|no-store|private|public, max-age=\d+|max-age=\d+)/,
        ),
      });
      for (const name of ['server', 'x-powered-by']) expect(headers, path).not.toHaveProperty(name);
    }
  });

  it('failures tell nothing of the inside', async () => {
    const provoking: readonly Ask[] = [
      { path: `${collectionPath}/%00` },
      { path: `${collectionPath}?$filter=name%20eq%20'` },
      { path: collectionPath, method: 'POST', body: '{"name":' },
      { path: `${collectionPath}?$skiptoken=AAAA` },
      { path: '/../../etc/passwd' },
      { path: '/docs/..%2f..%2fpackage.json' },
    ];
    for (const ask of provoking) {
      const { status, text } = await send(ask);
      expect(status, ask.path).toBeGreaterThanOrEqual(400);
      expect(text).not.toMatch(/node_modules|\.ts:|\.js:|sqlite|select .* from|"scripts"|root:/i);
    }
    // Whatever is no file of the console is a page of it: the same text for every address.
    const pageOf = async (path: string) =>
      (await send({ path, token: undefined })).text.replace(/(name="csp-nonce" content=)"[^"]*"/, '$1""');
    expect(await pageOf('/console/..%2f..%2fpackage.json')).toBe(await pageOf('/console/apps'));
  });

  it('Host, TRACE and strange origins change nothing', async () => {
    const spoofed = await send({ path: `${collectionPath}?$top=1`, headers: { host: 'evil.example' } });
    expect(spoofed.text).not.toContain('evil.example');
    expect(
      (await sendRaw(service.url, 'TRACE / HTTP/1.1\r\nHost: a\r\nX-Secret: b\r\n\r\n')).text,
    ).not.toMatch(/X-Secret/i);
    const strict = await openService('--cors-origins', 'https://portal.example');
    try {
      const answer = await strict.send({ path: collectionPath, headers: { origin: 'https://evil.example' } });
      expect(answer.headers).not.toHaveProperty('access-control-allow-origin');
    } finally {
      await strict.stop();
    }
  });
});

describe('API9 improper inventory management', () => {
  it('there are three roots, all documented, and no other version answers', async () => {
    const openApi = await send({ path: '/openapi.json' });
    const { servers } = openApi.body as { servers: readonly { url: string }[] };
    const roots = ['/v1.0', '/beta', '/odata/v4'];
    expect(servers.map(({ url }) => new URL(url, service.url).pathname)).toEqual(roots);
    for (const root of ['v0', 'v1', 'v2.0', 'v1.1', 'alpha', 'internal', 'admin', 'debug', 'api/v1.0']) {
      const answer = await send({ path: `/${root}/security/cloudAppSecurityProfiles` });
      expect([400, 404], root).toContain(answer.status);
    }
  });

  it('all roots keep the same rules', async () => {
    const { id } = await service.create({ name: 'everywhere' });
    for (const root of ['/v1.0/security', '/beta/security', '/odata/v4']) {
      const path = `${root}/cloudAppSecurityProfiles/${id}`;
      expect((await send({ path, token: undefined })).status).toBe(401);
      expect((await send({ path, token: stranger })).status).toBe(404);
      expect((await send({ path, token: reader, body: { name: 'x' } })).status).toBe(403);
    }
  });
});

describe('API10 unsafe consumption of APIs', () => {
  it('an issuer’s answers are bounded, must be JSON, and cannot redirect', async () => {
    const canary = await openCanary((path) => {
      if (path === '/redirect') return { status: 302, headers: { location: '/secret' }, body: '' };
      if (path === '/large') return { status: 200, body: `"${'x'.repeat(limits.issuerDocumentBytesMax)}"` };
      return { status: 200, body: '<html>' };
    });
    try {
      const fetchJson = createFetchJson({ allowLoopbackHttp: true });
      await expect(fetchJson(`${canary.url}/redirect`)).rejects.toThrow(/answered 302/);
      await expect(fetchJson(`${canary.url}/large`)).rejects.toThrow(/sent more than/);
      await expect(fetchJson(`${canary.url}/html`)).rejects.toThrow(/did not answer with JSON/);
      expect(canary.visits).toEqual(['/redirect', '/large', '/html']);
    } finally {
      canary.close();
    }
  });
});
