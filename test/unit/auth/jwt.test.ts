import { createHmac } from 'node:crypto';
import { exportSPKI, importJWK } from 'jose';
import { beforeAll, describe, expect, it } from 'vitest';
import type { TenantId } from '../../../src/auth/authenticator.ts';
import { createJwtAuthenticator } from '../../../src/auth/jwt.ts';
import { createStaticKeys, type VerificationKeys } from '../../../src/auth/keys.ts';
import { type ErrorCode, ServiceError } from '../../../src/errors.ts';
import { limits } from '../../../src/limits.ts';
import {
  accepted,
  application,
  audience,
  authenticatorFor,
  challenge,
  delegated,
  issuerTemplate,
  newTestKey,
  now,
  nowS,
  otherTenant,
  refused,
  sign,
  type TestKey,
  tenant,
} from './token-fixture.ts';

let key: TestKey;
let otherKey: TestKey;
beforeAll(async () => {
  [key, otherKey] = await Promise.all([newTestKey('one'), newTestKey('two')]);
});

const encode = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');

const base =
  'Bearer realm="", authorization_uri="https://issuer.example/common/oauth2/v2.0/authorize", ' +
  `client_id="${audience}"`;

describe('the Authorization header', () => {
  it('is not needed: a request without it is anonymous', async () => {
    expect(await authenticatorFor([key]).authenticate(undefined)).toEqual({ kind: 'anonymous' });
  });

  it.each([
    ['', 'the Authorization header is empty'],
    ['Bearer', 'the Authorization header says Bearer but no token follows'],
    ['Bearer   ', 'the Authorization header says Bearer but no token follows'],
    ['Basic dXNlcjpwYXNzd29yZA==', "the Authorization header's scheme is not Bearer"],
    ['eyJhbGciOiJSUzI1NiJ9.e30.AAAA', "the Authorization header's scheme is not Bearer"],
  ])('%j is a missing token: a challenge without an error', async (authorization, cause) => {
    const error = await refused(authenticatorFor([key]), authorization);
    expect({ code: error.code, message: error.message, headers: error.headers }).toEqual({
      code: 'tokenMissing',
      message:
        `Access token is empty: ${cause}. Get one: casp token. ` +
        'Graph JavaScript SDK: tokens are only sent over https to hosts in customHosts.',
      headers: { 'WWW-Authenticate': base },
    });
  });

  it.each([
    'garbage',
    'a.b',
    'a.b.c.d',
    '..',
    'e30.e30.AAAA',
    'two words',
    'a.b.c, Bearer d.e.f',
    '💥.💥.💥',
  ])('refuses the garbage %j', async (token) => {
    const error = await refused(authenticatorFor([key]), `Bearer ${token}`);
    expect({ code: error.code, status: error.status, headers: error.headers }).toEqual({
      code: 'tokenInvalid',
      status: 401,
      headers: {
        'WWW-Authenticate': expect.stringMatching(
          /^Bearer realm="", .*error="invalid_token", error_description="[^",]+"$/,
        ),
      },
    });
  });

  it('takes the scheme in any letter case and any number of spaces', async () => {
    const token = await sign(key, delegated());
    const principal = await authenticatorFor([key]).authenticate(`bEARER   ${token} `);
    expect(principal.kind).toBe('delegated');
  });
});

describe('a good token', () => {
  it('of a person is the delegated principal', async () => {
    const token = await sign(key, delegated({ wids: ['5d6b6bb7-de71-4623-b4af-96380a352509'] }));
    expect(await accepted(authenticatorFor([key]), token)).toEqual({
      kind: 'delegated',
      tenantId: tenant,
      objectId: 'a0a0a0a0-0000-4000-8000-000000000001',
      name: 'Dana Example',
      clientId: 'c1c1c1c1-0000-4000-8000-000000000001',
      permissions: new Set(['SecurityEvents.Read.All']),
      directoryRoles: new Set(['5d6b6bb7-de71-4623-b4af-96380a352509']),
    });
  });

  it('of an application is the application principal', async () => {
    const token = await sign(key, application());
    expect(await accepted(authenticatorFor([key]), token)).toEqual({
      kind: 'application',
      tenantId: tenant,
      objectId: 'a0a0a0a0-0000-4000-8000-000000000001',
      name: undefined,
      clientId: 'c1c1c1c1-0000-4000-8000-000000000001',
      permissions: new Set(['SecurityEvents.ReadWrite.All']),
      directoryRoles: new Set(),
    });
  });

  it('may hold 9 KB of claims', async () => {
    const token = await sign(key, delegated({ groups: 'g'.repeat(7000) }));
    expect(token.length).toBeGreaterThan(9 * 1024);
    expect((await accepted(authenticatorFor([key]), token)).kind).toBe('delegated');
  });

  it('may name several audiences, one of them this service', async () => {
    const token = await sign(key, delegated({ aud: ['api://other', 'api://casp'] }));
    expect((await accepted(authenticatorFor([key]), token)).kind).toBe('delegated');
  });

  it('may spell its tenant in capitals when its issuer does so too', async () => {
    const tid = 'AAAAAAAA-AAAA-4AAA-8AAA-AAAAAAAAAAAA';
    const token = await sign(key, delegated({ tid, iss: `https://issuer.example/${tid}/v2.0` }));
    expect((await accepted(authenticatorFor([key]), token)).tenantId).toBe(tid.toLowerCase());
  });

  it('of v1.0 names its application appid', async () => {
    const issuers = () => [
      {
        issuer: 'https://sts.example/{tenantid}/',
        tenants: 'any' as const,
        keys: createStaticKeys([key.publicJwk]),
        claimStyle: 'entra' as const,
      },
    ];
    const claims = delegated({
      iss: `https://sts.example/${tenant}/`,
      azp: undefined,
      appid: 'app-one',
      ver: '1.0',
    });
    expect((await accepted(authenticatorFor([key], { issuers }), await sign(key, claims))).clientId).toBe(
      'app-one',
    );
  });

  it.each(['PS256', 'ES256'])(
    'may be signed with %s where that is configured, and only there',
    async (algorithm) => {
      const special = await newTestKey('special', algorithm);
      const token = await sign(special, delegated(), { alg: algorithm });
      const open = authenticatorFor([special], { algorithms: ['RS256', algorithm] });
      expect((await accepted(open, token)).kind).toBe('delegated');
      expect((await refused(authenticatorFor([special]), `Bearer ${token}`)).message).toBe(
        `Access token validation failure. The algorithm '${algorithm}' is not allowed; use RS256.`,
      );
    },
  );
});

describe('who asks', () => {
  const roles = ['SecurityEvents.Read.All'];
  const oid = 'a0a0a0a0-0000-4000-8000-000000000001';
  const cases: readonly [string, Record<string, unknown>, string, readonly string[]][] = [
    ['idtyp app', { idtyp: 'app', scp: undefined, roles }, 'application', roles],
    ['idtyp app without a role', { idtyp: 'app', scp: undefined, roles: undefined }, 'application', []],
    ['no idtyp, roles, oid equals sub', { scp: undefined, roles, sub: oid }, 'application', roles],
    ['scp alone', { scp: 'A B' }, 'delegated', ['A', 'B']],
    ['scp and roles: the roles are the person’s', { scp: 'A', roles, sub: oid }, 'delegated', ['A']],
    ['idtyp user', { idtyp: 'user', scp: 'A' }, 'delegated', ['A']],
  ];
  it.each(cases)('%s', async (_name, overrides, kind, permissions) => {
    const principal = await accepted(authenticatorFor([key]), await sign(key, delegated(overrides)));
    expect([principal.kind, principal.permissions]).toEqual([kind, new Set(permissions)]);
  });

  const refusals: readonly [string, Record<string, unknown>, string][] = [
    ['neither scp nor roles', { scp: undefined }, 'It has neither scp'],
    ['an empty scp', { scp: ' ' }, 'It has neither scp'],
    ['roles of a person without scp', { scp: undefined, roles }, 'It has neither scp'],
    ['scp that is no text', { scp: ['A'] }, 'It has neither scp'],
    ['roles that are no list', { scp: undefined, roles: 'A', sub: oid }, 'It has neither scp'],
    ['no oid', { oid: undefined }, 'the claim oid is needed'],
    ['no azp', { azp: undefined }, 'azp or appid is needed'],
  ];
  it.each(refusals)('refuses %s', async (_name, overrides, message) => {
    const error = await refused(authenticatorFor([key]), `Bearer ${await sign(key, delegated(overrides))}`);
    expect([error.code, error.message]).toEqual(['tokenInvalid', expect.stringContaining(message)]);
  });
});

describe('a bad token', () => {
  const cases: readonly [string, ErrorCode, Record<string, unknown>, string][] = [
    [
      'expired',
      'tokenExpired',
      { exp: nowS - limits.clockSkewS },
      'Lifetime validation failed, the token is expired. It expired at 2026-11-23T08:55:00.000Z; the clock here says 2026-11-23T09:00:00.000Z.',
    ],
    [
      'without exp',
      'tokenInvalid',
      { exp: undefined },
      'Access token validation failure. The claim exp must say when the token expires.',
    ],
    [
      'with exp as text',
      'tokenInvalid',
      { exp: 'soon' },
      'Access token validation failure. The claim exp must be a number of seconds.',
    ],
    [
      'not yet valid',
      'tokenNotYetValid',
      { nbf: nowS + limits.clockSkewS + 1 },
      'Lifetime validation failed, the token is not yet valid. It is valid from 2026-11-23T09:05:01.000Z; the clock here says 2026-11-23T09:00:00.000Z.',
    ],
    [
      'for another service',
      'audienceInvalid',
      { aud: 'https://graph.microsoft.com' },
      `Access token validation failure. Invalid audience. The token is for 'https://graph.microsoft.com'; this service is '${audience}' or 'api://casp'.`,
    ],
    [
      'for a longer name',
      'audienceInvalid',
      { aud: 'api://casp/' },
      `Access token validation failure. Invalid audience. The token is for 'api://casp/'; this service is '${audience}' or 'api://casp'.`,
    ],
    [
      'for other services',
      'audienceInvalid',
      { aud: ['a', 'b'] },
      `Access token validation failure. Invalid audience. The token is for 'a' and 'b'; this service is '${audience}' or 'api://casp'.`,
    ],
    [
      'for nobody',
      'audienceInvalid',
      { aud: undefined },
      `Access token validation failure. Invalid audience. The token is for 'nobody'; this service is '${audience}' or 'api://casp'.`,
    ],
    [
      'of another issuer',
      'issuerInvalid',
      { iss: `https://evil.example/${tenant}/v2.0` },
      `Access token validation failure. Invalid issuer. The claim iss is 'https://evil.example/${tenant}/v2.0'.`,
    ],
    [
      'of no issuer',
      'issuerInvalid',
      { iss: undefined },
      'Access token validation failure. Invalid issuer. The claim iss is missing.',
    ],
    [
      'of an issuer for another tenant',
      'issuerInvalid',
      { iss: `https://issuer.example/${otherTenant}/v2.0` },
      'Access token validation failure. Invalid issuer. The tenant in iss is not that of tid.',
    ],
    [
      'without tid',
      'tokenInvalid',
      { tid: undefined },
      'Access token validation failure. The claim tid must be a GUID.',
    ],
    [
      'with a tid that is no GUID',
      'tokenInvalid',
      { tid: 'common', iss: 'https://issuer.example/common/v2.0' },
      'Access token validation failure. The claim tid must be a GUID.',
    ],
    [
      'of a personal account',
      'accountUnsupported',
      {
        tid: '9188040d-6c67-4c5b-b112-36a304b66dad',
        iss: 'https://issuer.example/9188040d-6c67-4c5b-b112-36a304b66dad/v2.0',
      },
      'Access token validation failure. Personal Microsoft accounts are not supported. Sign in with a work or school account.',
    ],
  ];
  it.each(cases)('%s', async (_name, code, overrides, message) => {
    const error = await refused(authenticatorFor([key]), `Bearer ${await sign(key, delegated(overrides))}`);
    expect([error.code, error.status, error.message]).toEqual([code, 401, message]);
    expect(error.headers['WWW-Authenticate']).toMatch(
      /^Bearer realm="", authorization_uri="[^",]+", client_id="[^",]+", error="invalid_token", error_description="[^",]+"$/,
    );
  });

  it.each([
    ['exp', { exp: nowS - limits.clockSkewS + 1 }],
    ['nbf', { nbf: nowS + limits.clockSkewS }],
  ])('is still good at the edge of the skew of %s', async (_name, overrides) => {
    const token = await sign(key, delegated(overrides));
    expect((await accepted(authenticatorFor([key]), token)).kind).toBe('delegated');
  });

  it('signed by a key that is not the issuer’s, under its kid', async () => {
    const token = await sign(otherKey, delegated(), { kid: 'one' });
    const error = await refused(authenticatorFor([key]), `Bearer ${token}`);
    expect([error.code, error.message]).toEqual([
      'tokenInvalid',
      'Access token validation failure. Invalid signature.',
    ]);
  });

  it('with the kid of another key of the issuer', async () => {
    const token = await sign(key, delegated(), { kid: 'two' });
    const error = await refused(authenticatorFor([key, otherKey]), `Bearer ${token}`);
    expect(error.message).toBe('Access token validation failure. Invalid signature.');
  });

  it('with a kid the issuer does not have', async () => {
    const error = await refused(authenticatorFor([key]), `Bearer ${await sign(otherKey, delegated())}`);
    expect([error.code, error.message]).toEqual([
      'tokenInvalid',
      'Access token validation failure. The issuer has no key of this kid and algorithm.',
    ]);
  });

  it('without a kid, unless the issuer has only one key', async () => {
    const token = await sign(key, delegated(), { kid: undefined });
    expect((await accepted(authenticatorFor([key]), token)).kind).toBe('delegated');
    expect((await refused(authenticatorFor([key, otherKey]), `Bearer ${token}`)).code).toBe('tokenInvalid');
  });

  it('with a changed claim', async () => {
    const [header, , signature] = (await sign(key, delegated())).split('.');
    const token = `${header}.${encode(delegated({ scp: 'SecurityEvents.ReadWrite.All' }))}.${signature}`;
    expect((await refused(authenticatorFor([key]), `Bearer ${token}`)).message).toBe(
      'Access token validation failure. Invalid signature.',
    );
  });

  it.each(['none', 'NONE', 'None', ''])('with alg %j and no signature', async (alg) => {
    const token = `${encode({ alg, kid: 'one' })}.${encode(delegated())}.`;
    const error = await refused(authenticatorFor([key]), `Bearer ${token}`);
    expect([error.code, error.message]).toEqual([
      'tokenInvalid',
      `Access token validation failure. The algorithm '${alg}' is not allowed; use RS256.`,
    ]);
  });

  it('with HS256 and the public key as the secret', async () => {
    const publicKey = await importJWK(key.publicJwk, 'RS256', { extractable: true });
    if (publicKey instanceof Uint8Array) throw new Error('not a public key');
    const text = `${encode({ alg: 'HS256', kid: 'one' })}.${encode(delegated())}`;
    const signature = createHmac('sha256', await exportSPKI(publicKey))
      .update(text)
      .digest('base64url');
    const error = await refused(authenticatorFor([key]), `Bearer ${text}.${signature}`);
    expect(error.message).toBe(
      "Access token validation failure. The algorithm 'HS256' is not allowed; use RS256.",
    );
  });

  it('with a critical header this service does not know', async () => {
    const parts = (await sign(key, delegated())).split('.');
    const header = encode({ alg: 'RS256', kid: 'one', crit: ['exp'], exp: 1 });
    const error = await refused(authenticatorFor([key]), `Bearer ${header}.${parts[1]}.${parts[2]}`);
    expect(error.code).toBe('tokenInvalid');
  });

  it('of one character too many; the last length allowed is looked at', async () => {
    const tooLong = 'a'.repeat(limits.tokenCharactersMax + 1);
    expect((await refused(authenticatorFor([key]), `Bearer ${tooLong}`)).message).toBe(
      'Access token validation failure. It is longer than 16384 characters.',
    );
    expect((await refused(authenticatorFor([key]), `Bearer ${tooLong.slice(1)}`)).message).toContain(
      'CompactToken',
    );
  });
});

describe('issuers and tenants', () => {
  const trust = (overrides: object) => () => [
    {
      issuer: issuerTemplate,
      tenants: 'any' as const,
      keys: createStaticKeys([key.publicJwk]),
      claimStyle: 'entra' as const,
      ...overrides,
    },
  ];

  it('a tenant that is not onboarded is 403, only after its signature is checked', async () => {
    const authenticator = authenticatorFor([key], {
      issuers: trust({ tenants: new Set([otherTenant as TenantId]) }),
    });
    const error = await refused(authenticator, `Bearer ${await sign(key, delegated())}`);
    expect([error.code, error.status]).toEqual(['tenantNotOnboarded', 403]);
    const forged = await sign(otherKey, delegated(), { kid: 'one' });
    expect((await refused(authenticator, `Bearer ${forged}`)).code).toBe('tokenInvalid');
    const welcome = delegated({ tid: otherTenant, iss: `https://issuer.example/${otherTenant}/v2.0` });
    expect((await accepted(authenticator, await sign(key, welcome))).tenantId).toBe(otherTenant);
  });

  it('a key bound to an issuer serves only that issuer', async () => {
    const bound = (issuer: string): VerificationKeys =>
      createStaticKeys([{ ...key.publicJwk, issuer } as never]);
    const good = authenticatorFor([], { issuers: trust({ keys: bound(issuerTemplate) }) });
    const token = await sign(key, delegated());
    expect((await accepted(good, token)).kind).toBe('delegated');
    const other = authenticatorFor([], {
      issuers: trust({ keys: bound('https://other.example/{tenantid}/v2.0') }),
    });
    expect((await refused(other, `Bearer ${token}`)).message).toContain('The key belongs to another issuer.');
  });

  it('an issuer without tenants has one given to it', async () => {
    const issuers = trust({
      issuer: 'https://keycloak.example/realms/a',
      tenantId: tenant,
      claimStyle: 'oidc',
    });
    const authenticator = authenticatorFor([], { issuers });
    const claims = {
      iss: 'https://keycloak.example/realms/a',
      tid: undefined,
      oid: undefined,
      scp: undefined,
    };
    const principal = await accepted(
      authenticator,
      await sign(key, delegated({ ...claims, scope: 'openid A' })),
    );
    expect([principal.tenantId, principal.objectId, principal.permissions]).toEqual([
      tenant,
      'pairwise',
      new Set(['openid', 'A']),
    ]);
    const own = { ...claims, sub: 'c1c1c1c1-0000-4000-8000-000000000001', scope: 'A' };
    expect((await accepted(authenticator, await sign(key, delegated(own)))).kind).toBe('application');
    const stranger = await sign(key, delegated({ ...claims, scope: 'A', tid: otherTenant }));
    expect((await refused(authenticator, `Bearer ${stranger}`)).code).toBe('issuerInvalid');
  });

  it('an issuer tied to no tenant is a fault of ours, not of the client', async () => {
    const issuers = trust({ issuer: 'https://issuer.example/' });
    const token = await sign(key, delegated({ iss: 'https://issuer.example/' }));
    await expect(authenticatorFor([], { issuers }).authenticate(`Bearer ${token}`)).rejects.toThrow(
      /needs {tenantid}/,
    );
  });

  it('an issuer whose keys cannot be had is 503, and the token is looked at again', async () => {
    let down = true;
    const found = createStaticKeys([key.publicJwk]);
    const keys: VerificationKeys = {
      async find(wanted) {
        if (down) throw new ServiceError('issuerUnavailable', 'down');
        return found.find(wanted);
      },
    };
    const authenticator = authenticatorFor([], { issuers: trust({ keys }) });
    const token = await sign(key, delegated());
    expect((await refused(authenticator, `Bearer ${token}`)).status).toBe(503);
    down = false;
    expect((await accepted(authenticator, token)).kind).toBe('delegated');
  });
});

describe('a verified token', () => {
  /** Counts how often a key is asked for: once per verification. */
  const counting = () => {
    let count = 0;
    const inner = createStaticKeys([key.publicJwk]);
    const keys: VerificationKeys = {
      find(wanted) {
        count += 1;
        return inner.find(wanted);
      },
    };
    return { keys, count: () => count };
  };

  const create = (keys: VerificationKeys, clock: () => Date, tokensRememberedMax = 10) =>
    createJwtAuthenticator({
      issuers: () => [{ issuer: issuerTemplate, tenants: 'any', keys, claimStyle: 'entra' }],
      audiences: [audience],
      challenge,
      now: clock,
      tokensRememberedMax,
    });

  it('is remembered until it expires, skew included, and then refused', async () => {
    const { keys, count } = counting();
    let at = now;
    const authenticator = create(keys, () => at);
    const token = await sign(key, delegated());
    const first = await accepted(authenticator, token);
    at = new Date((nowS + 3600 + limits.clockSkewS) * 1000 - 1);
    expect(await accepted(authenticator, token)).toBe(first);
    expect(count()).toBe(1);
    at = new Date((nowS + 3600 + limits.clockSkewS) * 1000);
    expect((await refused(authenticator, `Bearer ${token}`)).code).toBe('tokenExpired');
  });

  it('is recalled at once while it is remembered, and by its own header only', async () => {
    let at = now;
    const authenticator = create(counting().keys, () => at);
    const header = `Bearer ${await sign(key, delegated())}`;
    expect(authenticator.recall?.(header)).toBeUndefined();
    const principal = await authenticator.authenticate(header);
    expect(authenticator.recall?.(header)).toBe(principal);
    expect(authenticator.recall?.(undefined)).toBeUndefined();
    expect(authenticator.recall?.(`${header.slice(0, -1)}?`)).toBeUndefined();
    at = new Date((nowS + 3600 + limits.clockSkewS) * 1000);
    expect(authenticator.recall?.(header)).toBeUndefined();
  });

  it('is forgotten first when it was used longest ago and the memory is full', async () => {
    const { keys, count } = counting();
    const authenticator = create(keys, () => now, 2);
    const tokens = await Promise.all(['a', 'b', 'c'].map((uti) => sign(key, delegated({ uti }))));
    for (const token of tokens) await accepted(authenticator, token);
    await accepted(authenticator, tokens[2] ?? '');
    await accepted(authenticator, tokens[1] ?? '');
    expect(count()).toBe(3);
    await accepted(authenticator, tokens[0] ?? '');
    expect(count()).toBe(4);
  });

  it('is not mistaken for one that differs in its signature alone', async () => {
    const { keys } = counting();
    const authenticator = create(keys, () => now);
    const token = await sign(key, delegated());
    await accepted(authenticator, token);
    const altered = `${token.slice(0, -8)}AAAAAAAA`;
    expect((await refused(authenticator, `Bearer ${altered}`)).code).toBe('tokenInvalid');
  });
});

describe('the configuration', () => {
  it.each([['none'], ['HS256'], ['RS1']])('may not allow %s', (algorithm) => {
    expect(() => authenticatorFor([key], { algorithms: [algorithm] })).toThrow(/must not be allowed/);
  });

  it('must name an audience and an algorithm', () => {
    expect(() => authenticatorFor([key], { audiences: [] })).toThrow(/no audience/);
    expect(() => authenticatorFor([key], { algorithms: [] })).toThrow(/no algorithm/);
  });
});
