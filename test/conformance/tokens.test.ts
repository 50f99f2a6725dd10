/** Tokens of configured issuers, over the wire, against a server outside dev mode (digest 8.1 to 8.4, 8.6). */
import { createPublicKey } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SignJWT, UnsecuredJWT } from 'jose';
import { afterAll, describe, expect, it } from 'vitest';
import { limits } from '../../src/limits.ts';
import { type ConfiguredServer, startConfigured, startHooked } from '../support/configured-server.ts';
import { collectionPath, expectRefusal, type RefusalDetails } from '../support/conformance.ts';
import { type Answer, type Ask, createExchange } from '../support/exchange.ts';
import { type HostedIssuer, startIssuerHost } from '../support/https-issuer.ts';
import { newTestKey, sign, type TestKey } from '../unit/auth/token-fixture.ts';

const tenant = '11111111-1111-4111-8111-111111111111';
const secondTenant = '22222222-2222-4222-8222-222222222222';
const strangeTenant = '33333333-3333-4333-8333-333333333333';
const singleTenant = '66666666-6666-4666-8666-666666666666';
const personalTenant = '9188040d-6c67-4c5b-b112-36a304b66dad';
const audience = '44444444-4444-4444-8444-444444444444';
const clientId = 'c1c1c1c1-0000-4000-8000-000000000001';
const objectId = 'a0a0a0a0-0000-4000-8000-000000000001';
const readPermission = 'SecurityEvents.Read.All';
const writePermission = 'SecurityEvents.ReadWrite.All';

const folder = mkdtempSync(join(tmpdir(), 'casp-issuers-'));
const [key, secondKey, strangerKey, oidcKey, newKey] = await Promise.all(
  ['key-1', 'key-2', 'stranger', 'oidc', 'new'].map((kid) => newTestKey(kid)),
).then((keys) => keys as [TestKey, TestKey, TestKey, TestKey, TestKey]);
const host = await startIssuerHost(folder);
const entra = host.add('/{tenantid}/v2.0', [key.publicJwk, secondKey.publicJwk]);
const entraV1 = host.add('/sts/{tenantid}/', [
  key.publicJwk,
  { ...strangerKey.publicJwk, kid: 'bound', issuer: `${host.origin}/{tenantid}/v2.0` },
]);
// One tenant: its own address, as the recipe for a single tenant of Entra ID has it.
const entraSingle = host.add(`/${singleTenant}/v2.0`, [key.publicJwk]);
const oidcNames = ['realm', 'held', 'silent', 'down', 'rotated', 'breaking'] as const;
const oidc = Object.fromEntries(
  oidcNames.map((name) => [name, host.add(`/${name}`, [oidcKey.publicJwk])]),
) as Record<(typeof oidcNames)[number], HostedIssuer>;
oidc.held.mode = 'held';
oidc.silent.mode = 'silent';
oidc.down.mode = 'down';

const server: ConfiguredServer = await startConfigured({
  issuers: [
    { issuer: entra.issuer, tenants: [tenant, secondTenant], audiences: [audience, 'api://casp'] },
    { issuer: entraV1.issuer, tenants: [tenant], audiences: ['api://casp'] },
    { issuer: entraSingle.issuer, claims: 'entra', audiences: [audience] },
    ...oidcNames.map((name, index) => ({
      issuer: oidc[name].issuer,
      tenantId: `55555555-5555-4555-8555-55555555555${index}`,
      audiences: ['casp'],
    })),
  ],
  // Refused tokens of one address are limited elsewhere; here there are many.
  flags: ['--no-throttle', '--log-level', 'debug', '--metrics'],
  authorityPath: host.authorityPath,
});
const exchange = createExchange(server.httpUrl);

const usedTokens = new Set<string>();
/** Sends with a token, and remembers it: none may ever be found in the log. */
function send(ask: Ask): Promise<Answer> {
  if (ask.token !== undefined) usedTokens.add(ask.token);
  return exchange.send(ask);
}

afterAll(async () => {
  exchange.close();
  await server.stop();
  await host.close();
  rmSync(folder, { recursive: true, force: true });
});

let nowS = Math.floor(Date.now() / 1000);
const issuerOf = (template: string, tid: string): string => template.replace('{tenantid}', tid);

/** Claims of a person's v2.0 token that may read; undefined takes a claim away. */
const person = (changes: Readonly<Record<string, unknown>> = {}): Record<string, unknown> =>
  withoutUndefined({
    aud: audience,
    iss: issuerOf(entra.issuer, tenant),
    tid: tenant,
    oid: objectId,
    sub: 'pairwise',
    azp: clientId,
    azpacr: '0',
    name: 'Dana Example',
    scp: readPermission,
    iat: nowS,
    nbf: nowS,
    exp: nowS + 3600,
    ver: '2.0',
    ...changes,
  });

/** Claims of an application's v2.0 token that may read and write. */
const application = (changes: Readonly<Record<string, unknown>> = {}): Record<string, unknown> =>
  person({
    scp: undefined,
    name: undefined,
    sub: objectId,
    roles: [writePermission],
    idtyp: 'app',
    ...changes,
  });

/** Claims of a person's v1.0 token that may read. */
const personV1 = (changes: Readonly<Record<string, unknown>> = {}): Record<string, unknown> =>
  person({
    ver: '1.0',
    iss: issuerOf(entraV1.issuer, tenant),
    aud: 'api://casp',
    azp: undefined,
    azpacr: undefined,
    appid: clientId,
    appidacr: '0',
    ...changes,
  });

/** Claims of a person's token of an issuer without tenants, as Keycloak writes them. */
const realmPerson = ({ issuer }: HostedIssuer, changes: Readonly<Record<string, unknown>> = {}) =>
  withoutUndefined({
    iss: issuer,
    aud: ['account', 'casp'],
    sub: 'f:1:dana',
    azp: 'portal',
    scope: `openid ${readPermission}`,
    iat: nowS,
    exp: nowS + 3600,
    ...changes,
  });

function withoutUndefined(claims: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(claims).filter(([, value]) => value !== undefined));
}

const writer = await sign(key, application());
const created = await send({ method: 'POST', path: collectionPath, token: writer, body: { name: 'one' } });
const path = `${collectionPath}/${(created.body as { id: string }).id}`;
const patch = (token: string): Ask => ({ path, token, body: { riskScore: '4' } });

const challenge = `Bearer realm="", authorization_uri="${host.origin}/common/v2.0", client_id="${audience}"`;

const literally = (text: string): string => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');

/** Refused with 401, `error_description` being the message's first sentence, without its full stop and commas. */
function expectRefusedToken(
  answer: Answer,
  innerCode: string,
  message: string | RegExp,
  summary: string,
): void {
  expectRefusal(answer, `401 InvalidAuthenticationToken ${innerCode}`, {
    message,
    target: 'Authorization',
    headers: { 'www-authenticate': `${challenge}, error="invalid_token", error_description="${summary}"` },
  });
}

const failure = 'Access token validation failure';
const refuseWith = (answer: Answer, innerCode: string, detail: string): void =>
  expectRefusedToken(answer, innerCode, `${failure}. ${detail}`, failure);

const refuseSignature = (answer: Answer): void =>
  expectRefusedToken(
    answer,
    'tokenInvalid',
    `${failure}. Invalid signature.`,
    `${failure}. Invalid signature`,
  );

const get = async (token: string): Promise<Answer> => send({ path, token });
/** The answer to a GET of the collection: issuers without tenants have no profile of their own. */
const list = async (token: string): Promise<Answer> => send({ path: collectionPath, token });

describe('who asks', () => {
  const scopesMissing = (held: string): RefusalDetails => ({
    message: `Missing scopes. API required scopes: ${writePermission}; token scopes: ${held}.`,
    headers: { 'www-authenticate': `${challenge}, error="insufficient_scope", scope="${writePermission}"` },
  });
  const rolesMissing = (held: string): RefusalDetails => ({
    message: `Missing application roles. API required roles: ${writePermission}; application roles: ${held}.`,
    headers: { 'www-authenticate': `${challenge}, error="insufficient_scope", scope="${writePermission}"` },
  });

  it.each([
    ['a person with the scope to write', person({ scp: `openid ${writePermission}` })],
    ['an application marked by idtyp', application()],
    ['an application told by oid and sub, without idtyp', application({ idtyp: undefined })],
    ['an application marked by idtyp, whatever its sub', application({ sub: 'other' })],
    ['a person by a v1.0 token', personV1({ scp: writePermission })],
    ['an application by a v1.0 token', personV1({ scp: undefined, sub: objectId, roles: [writePermission] })],
  ])('%s may read and write', async (_who, claims) => {
    const token = await sign(key, claims);
    expect((await get(token)).status).toBe(200);
    expect((await send(patch(token))).status).toBe(200);
  });

  it.each([
    ['a person with the scope to read', person(), scopesMissing(readPermission)],
    [
      'a person who has a role besides: roles are theirs, not the application’s',
      person({ roles: [writePermission] }),
      scopesMissing(readPermission),
    ],
    [
      'an application with the role to read',
      application({ roles: [readPermission] }),
      rolesMissing(readPermission),
    ],
    [
      'an application whose token has a scope besides',
      application({ roles: [readPermission], scp: writePermission }),
      rolesMissing(readPermission),
    ],
  ])('%s may read, not write', async (_who, claims, details) => {
    const token = await sign(key, claims);
    expect((await get(token)).status).toBe(200);
    expectRefusal(await send(patch(token)), '403 Forbidden permissionMissing', details);
  });

  it('a person with another scope may not even read', async () => {
    const token = await sign(key, person({ scp: 'User.Read Mail.Read' }));
    expectRefusal(await get(token), '403 Forbidden permissionMissing', {
      message: `Missing scopes. API required scopes: ${readPermission} or ${writePermission}; token scopes: User.Read, Mail.Read.`,
      headers: {
        'www-authenticate': `${challenge}, error="insufficient_scope", scope="${readPermission} ${writePermission}"`,
      },
    });
  });

  it.each([
    ['neither scope nor role', person({ scp: undefined })],
    ['roles alone, oid not being sub', person({ scp: undefined, roles: [writePermission] })],
    ['an empty scope', person({ scp: '' })],
  ])('%s is nobody', async (_what, claims) => {
    refuseWith(
      await get(await sign(key, claims)),
      'tokenInvalid',
      'It has neither scp (delegated) nor roles (application): no permission was granted.',
    );
  });

  it.each([
    ['azp', 'It names no calling application: azp or appid is needed.'],
    ['oid', 'It names no caller: the claim oid is needed.'],
  ])('a token without %s is nobody’s', async (claim, detail) => {
    refuseWith(await get(await sign(key, person({ [claim]: undefined }))), 'tokenInvalid', detail);
  });

  it('an issuer that is one tenant’s serves that tenant alone', async () => {
    const claims = person({ iss: entraSingle.issuer, tid: singleTenant });
    expect((await list(await sign(key, claims))).body).toMatchObject({ value: [] });
    expectRefusedToken(
      await get(await sign(key, { ...claims, tid: tenant })),
      'issuerInvalid',
      `${failure}. Invalid issuer. It may not name this tenant.`,
      `${failure}. Invalid issuer`,
    );
  });

  it.each([
    [
      'a person of Okta',
      { scp: ['openid', writePermission], cid: 'portal', azp: undefined, scope: undefined },
    ],
    [
      'an application of Okta',
      { scp: [writePermission], cid: 'robot', sub: 'robot', azp: undefined, scope: undefined },
    ],
    ['a service account of Keycloak', { scope: `email ${writePermission}`, azp: 'robot' }],
    [
      'a service account of Keycloak marked by idtyp',
      { scope: 'email', azp: 'robot', idtyp: 'app', roles: [writePermission] },
    ],
  ])('%s may write', async (_who, changes) => {
    const token = await sign(oidcKey, realmPerson(oidc.realm, changes));
    const answer = await send({ method: 'POST', path: collectionPath, token, body: { name: 'realm' } });
    expect(answer.status, answer.text).toBe(201);
    const own = `${collectionPath}/${(answer.body as { id: string }).id}`;
    expect((await send({ method: 'DELETE', path: own, token })).status).toBe(204);
  });

  it('an issuer without tenants has the one configured, and its own data', async () => {
    const token = await sign(oidcKey, realmPerson(oidc.realm));
    expect((await list(token)).body).toMatchObject({ value: [] });
    expect((await get(token)).status).toBe(404);
  });

  it('the second tenant sees nothing of the first', async () => {
    const claims = person({ tid: secondTenant, iss: issuerOf(entra.issuer, secondTenant) });
    const token = await sign(key, claims);
    expect((await list(token)).body).toMatchObject({ value: [] });
    expect((await get(token)).status).toBe(404);
  });

  it('a tenant that is not onboarded is forbidden, if its token is good', async () => {
    const claims = person({ tid: strangeTenant, iss: issuerOf(entra.issuer, strangeTenant) });
    expectRefusal(await get(await sign(key, claims)), '403 Forbidden tenantNotOnboarded', {
      message: `The tenant ${strangeTenant} is not served here.`,
    });
    refuseSignature(await get(await sign(strangerKey, claims, { kid: 'key-1' })));
  });
});

describe('no token', () => {
  it('is met by the way to get one', async () => {
    expectRefusal(await send({ path }), '401 InvalidAuthenticationToken tokenMissing', {
      message:
        'No bearer token arrived. Get one: casp token. The Graph JavaScript SDK sends its token only over https, to hosts named in customHosts.',
      target: 'Authorization',
      headers: { 'www-authenticate': challenge },
    });
  });

  it.each([
    ['Bearer', 'the Authorization header says Bearer but no token follows'],
    ['Bearer   ', 'the Authorization header says Bearer but no token follows'],
    ['', 'the Authorization header is empty'],
    ['Basic dTpw', "the Authorization header's scheme is not Bearer"],
  ])('%j gets the challenge, not a 400', async (authorization, cause) => {
    expectRefusal(
      await send({ path, headers: { authorization } }),
      '401 InvalidAuthenticationToken tokenMissing',
      {
        message: `Access token is empty: ${cause}. Get one: casp token. Graph JavaScript SDK: tokens are only sent over https to hosts in customHosts.`,
        target: 'Authorization',
        headers: { 'www-authenticate': challenge },
      },
    );
  });
});

describe('the form of a token', () => {
  const unreadable = (answer: Answer): void =>
    expectRefusedToken(
      answer,
      'tokenInvalid',
      'CompactToken parsing failed with error code: 80049217. The bearer token is not a signed JSON Web Token of three parts.',
      'CompactToken parsing failed with error code: 80049217',
    );

  it.each(['garbage', 'a.b', 'a.b.c.d', 'a.b.c', '..', 'e30.e30.'])('%j cannot be read', async (token) => {
    const answer = await get(token);
    if (token === 'e30.e30.') {
      refuseWith(answer, 'tokenInvalid', "The algorithm 'undefined' is not allowed; use RS256.");
    } else unreadable(answer);
  });

  it.each([8_900, 9_216, 12_000])('of %i bytes is a token like any other', async (bytes) => {
    const bare = (await sign(key, person({ groups: '' }))).length;
    // Three bytes of claims are four characters of the token.
    const token = await sign(key, person({ groups: 'g'.repeat(Math.ceil(((bytes - bare) * 3) / 4)) }));
    expect(Math.abs(token.length - bytes)).toBeLessThanOrEqual(4);
    expect((await get(token)).status).toBe(200);
  });

  it('longer than any is refused unread', async () => {
    refuseWith(
      await get('a'.repeat(limits.tokenCharactersMax + 1)),
      'tokenInvalid',
      `It is longer than ${limits.tokenCharactersMax} characters.`,
    );
  });

  it('signed by nobody (alg none)', async () => {
    const token = new UnsecuredJWT(person()).encode();
    refuseWith(await get(token), 'tokenInvalid', "The algorithm 'none' is not allowed; use RS256.");
  });

  it('signed with the public key as the secret of HS256', async () => {
    const pem = createPublicKey({ key: key.publicJwk as never, format: 'jwk' }).export({
      type: 'spki',
      format: 'pem',
    });
    const token = await new SignJWT(person())
      .setProtectedHeader({ alg: 'HS256', kid: 'key-1' })
      .sign(new TextEncoder().encode(pem.toString()));
    refuseWith(await get(token), 'tokenInvalid', "The algorithm 'HS256' is not allowed; use RS256.");
  });

  it('signed by the issuer’s key under the kid of its other key', async () => {
    refuseSignature(await get(await sign(key, person(), { kid: 'key-2' })));
  });

  it('signed by a stranger under the issuer’s kid', async () => {
    refuseSignature(await get(await sign(strangerKey, person(), { kid: 'key-1' })));
  });

  it('signed by a stranger under a kid of their own', async () => {
    refuseWith(
      await get(await sign(strangerKey, person())),
      'tokenInvalid',
      'The issuer has no key of this kid and algorithm.',
    );
  });

  it('with other claims under a good signature', async () => {
    const [header, , signature] = (await sign(key, person())).split('.');
    const payload = Buffer.from(JSON.stringify(person({ scp: writePermission }))).toString('base64url');
    refuseSignature(await get(`${header}.${payload}.${signature}`));
  });

  it('signed by a key that belongs to another issuer', async () => {
    refuseWith(
      await get(await sign(strangerKey, personV1(), { kid: 'bound' })),
      'tokenInvalid',
      'The key belongs to another issuer.',
    );
  });
});

describe('the claims of a token', () => {
  const refuseIssuer = (answer: Answer, detail: string): void =>
    expectRefusedToken(
      answer,
      'issuerInvalid',
      `${failure}. Invalid issuer. ${detail}`,
      `${failure}. Invalid issuer`,
    );

  it.each([
    ['another host for the right tenant', `https://login.evil.example/${tenant}/v2.0`],
    ['the right host without the version', `${host.origin}/${tenant}`],
    ['one character more', `${host.origin}/${tenant}/v2.0/`],
    ['no host', tenant],
  ])('iss: %s', async (_what, iss) => {
    refuseIssuer(await get(await sign(key, person({ iss }))), `The claim iss is '${iss}'.`);
  });

  it('iss: missing', async () => {
    refuseIssuer(await get(await sign(key, person({ iss: undefined }))), 'The claim iss is missing.');
  });

  it.each([
    ['another tenant in iss', { iss: issuerOf(entra.issuer, secondTenant) }],
    ['another tenant in tid', { tid: secondTenant }],
    ['the template itself as iss', { iss: entra.issuer }],
  ])('%s', async (_what, changes) => {
    refuseIssuer(await get(await sign(key, person(changes))), 'The tenant in iss is not that of tid.');
  });

  it('a v1.0 token signed by a key that only the v2.0 documents name', async () => {
    refuseWith(
      await get(await sign(secondKey, personV1())),
      'tokenInvalid',
      'The issuer has no key of this kid and algorithm.',
    );
  });

  it.each([undefined, '', 'contoso', `${tenant}0`, 7])('tid: %j', async (tid) => {
    refuseWith(await get(await sign(key, person({ tid }))), 'tokenInvalid', 'The claim tid must be a GUID.');
  });

  it('tid: that of personal accounts, whoever signed it', async () => {
    const claims = person({ tid: personalTenant, iss: issuerOf(entra.issuer, personalTenant) });
    for (const signer of [key, strangerKey]) {
      expectRefusedToken(
        await get(await sign(signer, claims)),
        'accountUnsupported',
        `${failure}. Personal Microsoft accounts are not supported. Sign in with a work or school account.`,
        `${failure}. Personal Microsoft accounts are not supported`,
      );
    }
  });

  it.each([[audience], ['api://casp'], [['https://graph.microsoft.com', audience]], [['api://casp']]])(
    'aud: %j is this service',
    async (aud) => {
      expect((await get(await sign(key, person({ aud })))).status).toBe(200);
    },
  );

  it.each([
    ['https://graph.microsoft.com', "'https://graph.microsoft.com'"],
    ['api://casp/', "'api://casp/'"],
    ['API://CASP', "'API://CASP'"],
    [['a', 'b'], "'a' and 'b'"],
    [[], ''],
    [undefined, "'nobody'"],
  ])('aud: %j is another', async (aud, shown) => {
    expectRefusedToken(
      await get(await sign(key, person({ aud }))),
      'audienceInvalid',
      `${failure}. Invalid audience. The token is for ${shown}; this service is '${audience}' or 'api://casp'.`,
      `${failure}. Invalid audience`,
    );
  });

  it('aud: that of one issuer does not serve another', async () => {
    expect((await get(await sign(key, personV1({ aud: audience })))).body).toMatchObject({
      error: { innerError: { code: 'audienceInvalid' } },
    });
  });

  it.each([
    ['exp', -(limits.clockSkewS - 30), 200],
    ['nbf', limits.clockSkewS - 30, 200],
    ['exp', -(limits.clockSkewS + 1), 401],
    ['nbf', limits.clockSkewS + 30, 401],
  ])('%s: %i s from now is %i', async (claim, seconds, status) => {
    const answer = await get(await sign(key, person({ nbf: nowS - 1000, [claim]: nowS + seconds })));
    expect(answer.status).toBe(status);
  });

  it('exp: long ago', async () => {
    const exp = nowS - 3600;
    expectRefusedToken(
      await get(await sign(key, person({ exp, nbf: exp - 60 }))),
      'tokenExpired',
      new RegExp(
        `^Lifetime validation failed, the token is expired\\. It expired at ${literally(new Date(exp * 1000).toISOString())}; the clock here says [\\d:.TZ-]+\\.$`,
      ),
      'Lifetime validation failed  the token is expired',
    );
  });

  it('nbf: in an hour', async () => {
    const nbf = nowS + 3600;
    expectRefusedToken(
      await get(await sign(key, person({ nbf, exp: nbf + 60 }))),
      'tokenNotYetValid',
      new RegExp(
        `^Lifetime validation failed, the token is not yet valid\\. It is valid from ${literally(new Date(nbf * 1000).toISOString())}; the clock here says [\\d:.TZ-]+\\.$`,
      ),
      'Lifetime validation failed  the token is not yet valid',
    );
  });

  it('exp: missing', async () => {
    refuseWith(
      await get(await sign(key, person({ exp: undefined }))),
      'tokenInvalid',
      'The claim exp must say when the token expires.',
    );
  });
});

describe('the keys of an issuer', () => {
  it('are fetched once for all who wait, and slowness alone refuses nobody', async () => {
    const tokens = await Promise.all(
      ['a', 'b', 'c', 'd'].map((sub) => sign(oidcKey, realmPerson(oidc.held, { sub }))),
    );
    const answers = tokens.map(list);
    await until(() => oidc.held.pending() > 0);
    oidc.held.release();
    expect((await Promise.all(answers)).map(({ status }) => status)).toEqual([200, 200, 200, 200]);
    expect(oidc.held.keyRequests).toBe(1);
  });

  const unavailable = (answer: Answer, { issuer }: HostedIssuer): void =>
    expectRefusal(answer, '503 ServiceUnavailable issuerUnavailable', {
      message: `The keys of the issuer ${issuer} cannot be fetched; try again.`,
      headers: { 'retry-after': '30' },
    });

  it('that do not come within five seconds cannot be had', async () => {
    const started = performance.now();
    unavailable(await list(await sign(oidcKey, realmPerson(oidc.silent))), oidc.silent);
    expect(performance.now() - started).toBeLessThan(limits.issuerFetchTimeoutMs + 3000);
  });

  it('that cannot be had are 503, until they can', async () => {
    const token = await sign(oidcKey, realmPerson(oidc.down));
    unavailable(await list(token), oidc.down);
    oidc.down.mode = 'up';
    // Asked a moment ago: nobody asks again so soon.
    unavailable(await list(token), oidc.down);
    await advance(limits.issuerRefreshIntervalMs);
    expect((await list(token)).status).toBe(200);
  });

  it('serve on while the issuer is down; of a key nobody knows nothing can be said', async () => {
    const { breaking } = oidc;
    expect((await list(await sign(oidcKey, realmPerson(breaking)))).status).toBe(200);
    breaking.mode = 'down';
    await advance(limits.issuerKeysLifetimeMs);
    expect((await list(await sign(oidcKey, realmPerson(breaking, { sub: 'another' })))).status).toBe(200);
    await advance(limits.issuerRefreshIntervalMs);
    unavailable(await list(await sign(newKey, realmPerson(breaking))), breaking);
  });

  it('may change: a new one is found with its first token, an old one serves no new token', async () => {
    const { rotated } = oidc;
    const known = await sign(oidcKey, realmPerson(rotated));
    expect((await list(known)).status).toBe(200);
    rotated.keys = [newKey.publicJwk];
    const fresh = await sign(newKey, realmPerson(rotated));
    // Key ids are anybody's to invent, so they do not make us ask at once.
    refuseWith(await list(fresh), 'tokenInvalid', 'The issuer has no key of this kid and algorithm.');
    expect(rotated.keyRequests).toBe(1);
    await advance(limits.issuerRefreshIntervalMs);
    expect((await list(await sign(newKey, realmPerson(rotated)))).status).toBe(200);
    expect(rotated.keyRequests).toBe(2);
    refuseWith(
      await list(await sign(oidcKey, realmPerson(rotated, { sub: 'late' }))),
      'tokenInvalid',
      'The issuer has no key of this kid and algorithm.',
    );
    expect(rotated.keyRequests).toBe(2);
  });

  async function advance(milliseconds: number): Promise<void> {
    await server.advance(milliseconds);
    nowS += milliseconds / 1000;
  }

  /** Waits for something that happens in this process, a turn of its loop at a time. */
  async function until(condition: () => boolean): Promise<void> {
    while (!condition()) await new Promise((resolve) => setImmediate(resolve));
  }
});

describe('a token that was accepted', () => {
  it('is remembered until it expires, not longer', async () => {
    const token = await sign(key, person({ exp: nowS + 600 }));
    expect((await get(token)).status).toBe(200);
    await server.advance((600 + limits.clockSkewS - 30) * 1000);
    expect((await get(token)).status).toBe(200);
    await server.advance(60_000);
    expect((await get(token)).body).toMatchObject({ error: { innerError: { code: 'tokenExpired' } } });
    nowS += 600 + limits.clockSkewS + 30;
  });
});

describe('tokens', () => {
  it('are in no log line, whole or in part', () => {
    const log = server.output();
    expect(log).toContain('tokenInvalid');
    const parts = [...usedTokens].flatMap((token) => token.split('.')).filter((part) => part.length > 20);
    // Headers are alike for all tokens of a key; payloads and signatures are what must not be there.
    expect(parts.filter((part) => log.includes(part))).toEqual([]);
  });
});

describe('the local issuer', () => {
  const localModules = /^auth\/(local-issuer|signing-key|sealed|oauth-error)/;
  const addresses: readonly (readonly [method: 'GET' | 'POST', address: string])[] = [
    ['GET', `/${tenant}/v2.0/.well-known/openid-configuration`],
    ['GET', `/common/v2.0/.well-known/openid-configuration`],
    ['GET', `/${tenant}/discovery/v2.0/keys`],
    ['GET', `/${tenant}/oauth2/v2.0/authorize`],
    ['POST', `/${tenant}/oauth2/v2.0/token`],
    ['POST', `/${tenant}/oauth2/v2.0/devicecode`],
    ['GET', `/${tenant}/oauth2/v2.0/logout`],
  ];
  const form = { 'content-type': 'application/x-www-form-urlencoded' };
  const askFor = (method: 'GET' | 'POST', address: string): Ask =>
    method === 'GET' ? { path: address } : { method, path: address, headers: form, body: 'grant_type=x' };

  it.each(addresses)('does not answer %s %s outside dev mode', async (method, address) => {
    expectRefusal(await send(askFor(method, address)), '401 InvalidAuthenticationToken tokenMissing', {
      message: /^No bearer token arrived\./,
      target: 'Authorization',
      headers: { 'www-authenticate': challenge },
    });
    const token = await sign(key, person());
    const known = await send({ ...askFor(method, address), token });
    const unknown = await send({ ...askFor(method, address), path: `/${tenant}/nothing`, token });
    expect([known.status, known.headers['content-type']]).toEqual([400, unknown.headers['content-type']]);
    expect(known.body).toMatchObject({ error: { innerError: { code: 'versionUnknown' } } });
  });

  it('has no code in the process outside dev mode, while in dev mode it has', async () => {
    const loaded = server.modules();
    expect(loaded).toContain('auth/jwt.js');
    expect(loaded.filter((name) => localModules.test(name))).toEqual([]);

    const dev = await startHooked(['--dev', '--ephemeral', '--https-port', 'off', '--no-sample']);
    try {
      expect(dev.modules().filter((name) => localModules.test(name))).toContain(
        'auth/local-issuer-endpoints.js',
      );
    } finally {
      await dev.stop();
    }
  });
});
