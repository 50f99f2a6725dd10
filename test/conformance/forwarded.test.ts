/** Addresses in answers behind proxies: believed from trusted ones only (digest 4.10, 6). */
import { afterAll, describe, expect, it } from 'vitest';
import { askBatch, partsOf, readPart } from '../support/batch.ts';
import {
  collectionPath,
  expectRefusal,
  membersOf,
  openService,
  type Service,
} from '../support/conformance.ts';
import type { Answer } from '../support/exchange.ts';

const [behind, direct, configured] = (await Promise.all([
  openService('--no-sample', '--trusted-proxies', '127.0.0.0/8,::1'),
  openService('--no-sample', '--trusted-proxies', '10.0.0.0/8'),
  openService('--no-sample', '--public-url', 'https://casp.example.com', '--trusted-proxies', '127.0.0.1'),
])) as [Service, Service, Service];
afterAll(() => Promise.all([behind.stop(), direct.stop(), configured.stop()]));

const proxied = { 'x-forwarded-proto': 'https', 'x-forwarded-host': 'graph.contoso.com' };

/** Every address a service writes: Location, context, link, entity and its tag line. */
async function addressesOf(
  service: Service,
  headers: Readonly<Record<string, string>>,
): Promise<readonly string[]> {
  const post = { method: 'POST', path: collectionPath, headers };
  const made = await service.send({ ...post, body: { name: 'x' } });
  const minimal = await service.send({
    ...post,
    body: {},
    headers: { ...headers, prefer: 'return=minimal' },
  });
  const page = await service.send({ path: `${collectionPath}?$top=1`, headers });
  const accept = 'application/json;odata.metadata=full';
  const id = String(membersOf(made).id);
  const full = await service.send({ path: `${collectionPath}/${id}`, headers: { ...headers, accept } });
  const property = await service.send({ path: `${collectionPath}/${id}/name`, headers });
  const [part] = partsOf(await service.send(askBatch([readPart('1')], { headers })));
  return [
    made.headers.location,
    membersOf(made)['@odata.context'],
    minimal.headers.location,
    minimal.headers['odata-entityid'],
    membersOf(page)['@odata.context'],
    membersOf(page)['@odata.nextLink'],
    membersOf(full)['@odata.id'],
    membersOf(full)['@odata.editLink'],
    membersOf(property)['@odata.context'],
    (part as { body: Record<string, unknown> }).body['@odata.context'],
    membersOf(await service.send({ path: '/v1.0/', headers }))['@odata.context'],
  ].map(String);
}

const originsOf = (addresses: readonly string[]): readonly string[] => [
  ...new Set(addresses.map((address) => new URL(address).origin)),
];

describe('a trusted proxy', () => {
  it('says under which address clients see the service', async () => {
    const addresses = await addressesOf(behind, proxied);
    expect(originsOf(addresses)).toEqual(['https://graph.contoso.com']);
    expect(addresses[0]).toMatch(
      /^https:\/\/graph\.contoso\.com\/v1\.0\/security\/cloudAppSecurityProfiles\/[0-9a-f-]{36}$/,
    );
  });

  it.each([
    [{ 'x-forwarded-proto': 'https' }, (url: string) => url.replace('http:', 'https:')],
    [{ 'x-forwarded-host': 'graph.contoso.com:8443' }, () => 'http://graph.contoso.com:8443'],
    [{ ...proxied, 'x-forwarded-host': '[2001:db8::1]:8443' }, () => 'https://[2001:db8::1]:8443'],
    [{ 'x-forwarded-proto': 'HTTPS', 'x-forwarded-host': 'a.b' }, () => 'https://a.b'],
    [{ 'x-forwarded-for': '203.0.113.9' }, (url: string) => url],
    [{ host: 'evil.example' }, (url: string) => url],
    [{ forwarded: 'host=evil.example;proto=https' }, (url: string) => url],
    [{ 'x-forwarded-port': '1', 'x-forwarded-prefix': '/x' }, (url: string) => url],
    // What a client made the proxy pass on stands before what the proxy wrote.
    [{ 'x-forwarded-host': 'evil.example, graph.contoso.com' }, () => 'http://graph.contoso.com'],
  ])('%j', async (headers, expected) => {
    expect(originsOf(await addressesOf(behind, headers))).toEqual([expected(behind.url)]);
  });

  it('its links lead back through it', async () => {
    await behind.create();
    const page = await behind.send({ path: `${collectionPath}?$top=1`, headers: proxied });
    const link = new URL(String(membersOf(page)['@odata.nextLink']));
    const next = await behind.send({ path: link.pathname + link.search, headers: proxied });
    expect(next.status).toBe(200);
    // And without it: a token is not bound to a host.
    expect((await behind.send({ path: link.pathname + link.search })).status).toBe(200);
  });

  it('makes its host the own one in batches', async () => {
    const own = `https://graph.contoso.com${collectionPath}`;
    const ask = askBatch([readPart('own', own), readPart('inner', `${behind.url}${collectionPath}`)], {
      headers: proxied,
    });
    expect(partsOf(await behind.send(ask)).map(({ status }) => status)).toEqual([200, 400]);
  });

  it.each([
    ['x-forwarded-proto', 'ftp'],
    ['x-forwarded-proto', 'https://'],
    ['x-forwarded-host', 'a b'],
    ['x-forwarded-host', 'evil.example/path'],
    ['x-forwarded-host', 'a.b:port'],
    ['x-forwarded-host', '"><script>'],
    ['x-forwarded-host', ''],
  ])('%s: %j cannot be read: 400', async (name, value) => {
    const answer: Answer = await behind.send({ path: collectionPath, headers: { [name]: value } });
    expectRefusal(answer, '400 BadRequest headerInvalid', {
      message: `The header ${name} has a value that cannot be read.`,
      target: name,
    });
  });
});

describe('anybody else', () => {
  it('is not believed', async () => {
    expect(originsOf(await addressesOf(direct, proxied))).toEqual([direct.url]);
  });

  it('may send what cannot be read', async () => {
    const answer = await direct.send({ path: collectionPath, headers: { 'x-forwarded-host': '"><script>' } });
    expect(answer.status).toBe(200);
  });

  it('cannot make a foreign host its own in batches', async () => {
    const ask = askBatch([readPart('1', `https://graph.contoso.com${collectionPath}`)], { headers: proxied });
    expect(partsOf(await direct.send(ask)).map(({ status }) => status)).toEqual([400]);
  });
});

describe('a configured public address', () => {
  it('stands in every link', async () => {
    expect(originsOf(await addressesOf(configured, {}))).toEqual(['https://casp.example.com']);
    expect(originsOf(await addressesOf(configured, { host: 'evil.example' }))).toEqual([
      'https://casp.example.com',
    ]);
  });

  it('gives way to what a trusted proxy says', async () => {
    expect(originsOf(await addressesOf(configured, proxied))).toEqual(['https://graph.contoso.com']);
  });
});
