/** Who may do what: tokens that are none, that lie, that are good but not enough (digest 8). */
import { createPublicKey, generateKeyPairSync } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { importJWK, type JWK, SignJWT, UnsecuredJWT } from 'jose';
import { afterAll, describe, expect, it } from 'vitest';
import {
  analyst,
  collectionPath,
  exampleId,
  expectNothingCreated,
  expectRefusal,
  expectUnchanged,
  membersOf,
  openService,
  patchOf,
  type RefusalDetails,
  type Service,
  testTenant,
} from '../support/conformance.ts';
import type { Ask } from '../support/exchange.ts';

const service: Service = await openService();
afterAll(() => service.stop());

const profile = { id: exampleId, path: `${collectionPath}/${exampleId}` };
const { server } = service;

const minted = new Map<string, string>();
/** A token as `casp token` prints it; each kind is made once, because that starts a process. */
function tokenOf(...flags: readonly string[]): string {
  const key = flags.join(' ');
  const token = minted.get(key) ?? server.token(...flags);
  minted.set(key, token);
  return token;
}

const challenge = `Bearer realm="", authorization_uri="${server.httpsUrl}/common/oauth2/v2.0/authorize", client_id="7e571e00-0000-4000-8000-0000000ca590"`;

/** The four things a token may be used for. */
const operations: readonly (readonly [name: string, kind: 'read' | 'write', ask: Ask])[] = [
  ['GET one', 'read', { path: profile.path }],
  ['GET the collection', 'read', { path: collectionPath }],
  ['PATCH', 'write', patchOf(profile, { name: 'taken' })],
  ['POST', 'write', { method: 'POST', path: collectionPath, body: { name: 'taken' } }],
  ['DELETE', 'write', { method: 'DELETE', path: profile.path }],
];

/** Every operation is refused alike, and nothing happens. */
async function expectRefusedEverywhere(
  headers: Ask['headers'],
  codes: string,
  details: RefusalDetails,
): Promise<void> {
  for (const [, , ask] of operations) {
    const answer = await expectUnchanged(service, profile, () =>
      service.send({ ...ask, token: undefined, headers: { ...ask.headers, ...headers } }),
    );
    expectRefusal(answer, codes, { target: 'Authorization', ...details });
  }
}

const expectRefusedToken = (token: string, innerCode: string, message: string | RegExp): Promise<void> =>
  expectRefusedEverywhere(
    { authorization: `Bearer ${token}` },
    `401 InvalidAuthenticationToken ${innerCode}`,
    {
      message,
      headers: {
        'www-authenticate': expect.stringMatching(
          new RegExp(`^${escapePattern(challenge)}, error="invalid_token", error_description="[^",]+"$`),
        ),
      },
    },
  );

const escapePattern = (text: string) => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');

describe('no token', () => {
  const noError = { 'www-authenticate': challenge };

  it('is 401 with the way to get one', () =>
    expectRefusedEverywhere({}, '401 InvalidAuthenticationToken tokenMissing', {
      message:
        'No bearer token arrived. Get one: casp token. The Graph JavaScript SDK sends its token only over https, to hosts named in customHosts.',
      headers: noError,
    }));

  it.each([
    ['', 'the Authorization header is empty'],
    ['Bearer', 'the Authorization header says Bearer but no token follows'],
    ['Bearer ', 'the Authorization header says Bearer but no token follows'],
    ['Basic dXNlcjpwYXNz', "the Authorization header's scheme is not Bearer"],
    ['Digest username="x"', "the Authorization header's scheme is not Bearer"],
  ])('%j is 401 with a challenge that names no error', (authorization, cause) =>
    expectRefusedEverywhere({ authorization }, '401 InvalidAuthenticationToken tokenMissing', {
      message: new RegExp(`^Access token is empty: ${escapePattern(cause)}\\. `),
      headers: noError,
    }),
  );

  it('the token alone, without its scheme', () =>
    expectRefusedEverywhere({ authorization: service.token }, '401 InvalidAuthenticationToken tokenMissing', {
      message: /scheme is not Bearer/,
      headers: noError,
    }));

  it.each([`?access_token=${service.token}`, `?authorization=Bearer%20${service.token}`])(
    'a token in the address counts for nothing',
    async (query) => {
      const answer = await service.send({ path: `${profile.path}${query}`, token: undefined });
      expect(answer.status).toBe(401);
    },
  );

  it('a stranger learns nothing of how a request is read', async () => {
    for (const ask of [
      { path: '/v1.0/nothing' },
      { path: '/v9/x' },
      { path: `${collectionPath}?$x=1` },
      { path: profile.path, body: '{' },
      { path: `${collectionPath}/nobody` },
      { method: 'PUT', path: profile.path, body: {} },
    ]) {
      const answer = await service.send({ ...ask, token: undefined });
      expect([ask.path, answer.status]).toEqual([ask.path, 401]);
    }
  });
});

describe('a token that is none', () => {
  const unreadable =
    'CompactToken parsing failed with error code: 80049217. The bearer token is not a signed JSON Web Token of three parts.';

  it.each([
    'garbage',
    'a.b',
    'a.b.c',
    'a.b.c.d',
    '..',
    '.a.b',
    'undefined',
    'null',
    '%00',
    'a b c',
    '{}',
    '='.repeat(3),
  ])('%j', (token) => expectRefusedToken(token, 'tokenInvalid', unreadable));

  it('longer than any', () =>
    expectRefusedToken('a'.repeat(17_000), 'tokenInvalid', /It is longer than 16384 characters\.$/));
});

// The local issuer's own key, as whoever could read the data folder would have it.
const jwk = JSON.parse(readFileSync(join(server.data, 'keys', 'local-issuer.jwk.json'), 'utf8')) as JWK & {
  kid: string;
};
const ownKey = await importJWK(jwk, 'RS256');
const publicPem = createPublicKey({ key: jwk as never, format: 'jwk' }).export({
  type: 'spki',
  format: 'pem',
});
const strangerKey = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey;
const nowS = Math.floor(Date.now() / 1000);
const claims = decodeClaims(service.token);

function decodeClaims(token: string): Record<string, unknown> {
  return JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()) as Record<
    string,
    unknown
  >;
}

/** A token signed with the right key, its claims changed; undefined takes one away. */
function forge(
  changes: Readonly<Record<string, unknown>>,
  header: { alg?: string; kid?: string } = {},
): Promise<string> {
  const payload = Object.fromEntries(
    Object.entries({ ...claims, ...changes }).filter(([, value]) => value !== undefined),
  );
  return new SignJWT(payload)
    .setProtectedHeader({ alg: 'RS256', typ: 'JWT', kid: jwk.kid, ...header })
    .sign(ownKey);
}

describe('a forged token', () => {
  it('the forger’s tool makes good tokens when nothing is changed', async () => {
    expect((await service.send({ path: profile.path, token: await forge({}) })).status).toBe(200);
  });

  it('signed with another key', async () => {
    const token = await new SignJWT(claims)
      .setProtectedHeader({ alg: 'RS256', kid: jwk.kid })
      .sign(strangerKey);
    await expectRefusedToken(token, 'tokenInvalid', 'Access token validation failure. Invalid signature.');
  });

  it('signed with another key under another kid', async () => {
    const token = await new SignJWT(claims)
      .setProtectedHeader({ alg: 'RS256', kid: 'mine' })
      .sign(strangerKey);
    await expectRefusedToken(
      token,
      'tokenInvalid',
      'Access token validation failure. The issuer has no key of this kid and algorithm.',
    );
  });

  it('bringing its own key in its header', async () => {
    const { n, e } = createPublicKey(strangerKey).export({ format: 'jwk' });
    const token = await new SignJWT(claims)
      .setProtectedHeader({ alg: 'RS256', kid: jwk.kid, jwk: { kty: 'RSA', n: String(n), e: String(e) } })
      .sign(strangerKey);
    await expectRefusedToken(token, 'tokenInvalid', 'Access token validation failure. Invalid signature.');
  });

  it('with alg none', async () => {
    const token = new UnsecuredJWT(claims).encode();
    for (const unsigned of [token, `${token}x`]) {
      await expectRefusedToken(
        unsigned,
        'tokenInvalid',
        "Access token validation failure. The algorithm 'none' is not allowed; use RS256.",
      );
    }
  });

  it('with the public key as the secret of HS256', async () => {
    for (const secret of [publicPem.toString(), jwk.n ?? '']) {
      const token = await new SignJWT(claims)
        .setProtectedHeader({ alg: 'HS256', kid: jwk.kid })
        .sign(new TextEncoder().encode(secret));
      await expectRefusedToken(
        token,
        'tokenInvalid',
        "Access token validation failure. The algorithm 'HS256' is not allowed; use RS256.",
      );
    }
  });

  it('with its claims exchanged under a good signature', async () => {
    const [header = '', , signature = ''] = (await forge({ scp: 'SecurityEvents.Read.All' })).split('.');
    const payload = Buffer.from(JSON.stringify(claims)).toString('base64url');
    await expectRefusedToken(
      `${header}.${payload}.${signature}`,
      'tokenInvalid',
      'Access token validation failure. Invalid signature.',
    );
  });

  it('without its signature', async () => {
    const [header = '', payload = ''] = service.token.split('.');
    await expectRefusedToken(
      `${header}.${payload}.`,
      'tokenInvalid',
      'Access token validation failure. Invalid signature.',
    );
  });
});

describe('a token that does not fit', () => {
  const at = (seconds: number) => new Date(seconds * 1000).toISOString();

  it('expired', async () => {
    const exp = nowS - 3600;
    await expectRefusedToken(
      await forge({ exp, iat: exp - 60, nbf: exp - 60 }),
      'tokenExpired',
      new RegExp(
        `^Lifetime validation failed, the token is expired\\. It expired at ${at(exp)}; the clock here says .*\\.$`,
      ),
    );
  });

  it('expired within the tolerance of clocks is good, beyond it is not', async () => {
    const good = await forge({ exp: nowS - 200, nbf: nowS - 900, iat: nowS - 900 });
    expect((await service.send({ path: profile.path, token: good })).status).toBe(200);
    await expectRefusedToken(
      await forge({ exp: nowS - 301, nbf: nowS - 900 }),
      'tokenExpired',
      /the token is expired/,
    );
  });

  it('not yet valid', async () => {
    const nbf = nowS + 3600;
    await expectRefusedToken(
      await forge({ nbf }),
      'tokenNotYetValid',
      new RegExp(`^Lifetime validation failed, the token is not yet valid\\. It is valid from ${at(nbf)}; `),
    );
  });

  it.each([
    'https://graph.microsoft.com',
    '00000003-0000-0000-c000-000000000000',
    'api://casp/',
    'API://CASP',
    '',
  ])('for %j', async (aud) =>
    expectRefusedToken(
      await forge({ aud }),
      'audienceInvalid',
      `Access token validation failure. Invalid audience. The token is for '${aud}'; this service is '7e571e00-0000-4000-8000-0000000ca590' or 'api://casp'.`,
    ),
  );

  it('for this service by its address', async () => {
    expect(
      (await service.send({ path: profile.path, token: await forge({ aud: 'api://casp' }) })).status,
    ).toBe(200);
  });

  it.each([
    `https://login.microsoftonline.com/${testTenant}/v2.0`,
    `https://sts.windows.net/${testTenant}/`,
    'https://evil.example',
    undefined,
    7,
  ])('from %j', async (iss) =>
    expectRefusedToken(
      await forge({ iss }),
      'issuerInvalid',
      `Access token validation failure. Invalid issuer. The claim iss is ${typeof iss === 'string' ? `'${iss}'` : 'missing'}.`,
    ),
  );

  it('from the issuer of another tenant', async () =>
    expectRefusedToken(
      await forge({ tid: '11111111-1111-4111-8111-111111111111' }),
      'issuerInvalid',
      /^Access token validation failure\. Invalid issuer\./,
    ));

  it.each([undefined, '', 'contoso', 5, 'common', `${testTenant}x`])('of the tenant %j', async (tid) =>
    expectRefusedToken(
      await forge({ tid, iss: `https://casp.local/${String(tid)}/v2.0` }),
      'tokenInvalid',
      'Access token validation failure. The claim tid must be a GUID.',
    ),
  );

  it.each([
    ['exp', undefined],
    ['exp', 'tomorrow'],
    ['azp', undefined],
    ['oid', undefined],
    ['aud', undefined],
  ])('with %s as %j', async (claim, value) =>
    expectRefusedToken(
      await forge({ [claim]: value }),
      claim === 'aud' ? 'audienceInvalid' : 'tokenInvalid',
      /^Access token validation failure\. /,
    ),
  );
});

describe('a personal account', () => {
  it('is refused whoever signed it', () =>
    expectRefusedToken(
      tokenOf('--personal'),
      'accountUnsupported',
      'Access token validation failure. Personal Microsoft accounts are not supported. Sign in with a work or school account.',
    ));
});

describe('permissions', () => {
  const readers = 'SecurityEvents.Read.All or SecurityEvents.ReadWrite.All';
  const writers = 'SecurityEvents.ReadWrite.All';
  const scopes = (kind: 'read' | 'write', held: string) =>
    `Missing scopes. API required scopes: ${kind === 'read' ? readers : writers}; token scopes: ${held}.`;
  const roles = (kind: 'read' | 'write', held: string) =>
    `Missing application roles. API required roles: ${kind === 'read' ? readers : writers}; application roles: ${held}.`;

  /** Uses a token for everything: what it may do succeeds, what it may not is 403 and changes nothing. */
  async function expectRights(
    token: string,
    rights: { readonly read: boolean; readonly write: boolean },
    message: (kind: 'read' | 'write') => string,
  ): Promise<void> {
    const own = await service.create();
    const asks: readonly (readonly ['read' | 'write', Ask, number])[] = [
      ['read', { path: own.path }, 200],
      ['read', { path: collectionPath }, 200],
      ['write', patchOf(own, { name: 'n' }), 200],
      ['write', { method: 'POST', path: collectionPath, body: {} }, 201],
      ['write', { method: 'DELETE', path: own.path }, 204],
    ];
    for (const [kind, ask, status] of asks) {
      if (rights[kind]) {
        expect((await service.send({ ...ask, token })).status).toBe(status);
        continue;
      }
      const answer = await expectUnchanged(service, own, () => service.send({ ...ask, token }));
      const scope = kind === 'read' ? 'SecurityEvents.Read.All SecurityEvents.ReadWrite.All' : writers;
      expectRefusal(answer, '403 Forbidden permissionMissing', {
        message: message(kind),
        headers: { 'www-authenticate': `${challenge}, error="insufficient_scope", scope="${scope}"` },
      });
    }
  }

  it.each(['analyst', 'engineer', 'admin'])('%s may read and write', (role) =>
    expectRights(tokenOf('--role', role), { read: true, write: true }, () => ''),
  );

  it('reader may read', () =>
    expectRights(tokenOf('--role', 'reader'), { read: true, write: false }, (kind) =>
      scopes(kind, 'SecurityEvents.Read.All'),
    ));

  it('no-access may nothing', () =>
    expectRights(tokenOf('--role', 'no-access'), { read: false, write: false }, (kind) =>
      scopes(kind, 'User.Read'),
    ));

  it('an application with the role may read and write', () =>
    expectRights(tokenOf('--app'), { read: true, write: true }, () => ''));

  it('an application with the role to read may read', () =>
    expectRights(tokenOf('--app', '--role', 'reader'), { read: true, write: false }, (kind) =>
      roles(kind, 'SecurityEvents.Read.All'),
    ));

  it('scp of an application counts for nothing', async () =>
    expectRights(
      await forge({ idtyp: 'app', scp: writers, roles: ['User.Read.All'] }),
      { read: false, write: false },
      (kind) => roles(kind, 'User.Read.All'),
    ));

  it('roles of a person count for nothing', async () =>
    expectRights(
      await forge({ scp: 'SecurityEvents.Read.All', roles: [writers] }),
      { read: true, write: false },
      (kind) => scopes(kind, 'SecurityEvents.Read.All'),
    ));

  it.each([
    'SecurityActions.ReadWrite.All',
    'SecurityAlert.ReadWrite.All',
    'ThreatIndicators.ReadWrite.OwnedBy',
    'securityevents.readwrite.all',
    'SecurityEvents.ReadWrite.All.Not',
    'User.Read',
  ])('%s is not enough', async (scp) =>
    expectRights(await forge({ scp }), { read: false, write: false }, (kind) => scopes(kind, scp)),
  );

  it('one permission among several is enough', async () =>
    expectRights(await forge({ scp: `openid ${writers} User.Read` }), { read: true, write: true }, () => ''));

  it('without any the token is no token of ours', async () =>
    expectRefusedToken(
      await forge({ scp: undefined }),
      'tokenInvalid',
      'Access token validation failure. It has neither scp (delegated) nor roles (application): no permission was granted.',
    ));

  it('are asked before the body is looked at', async () => {
    const token = tokenOf('--role', 'reader');
    const answer = await expectUnchanged(service, profile, () =>
      service.send({ ...patchOf(profile, { nmae: 1 }), token }),
    );
    expect(answer.status).toBe(403);
  });

  it('are asked before an id is looked up', async () => {
    const token = tokenOf('--role', 'reader');
    const answer = await service.send({ method: 'DELETE', path: `${collectionPath}/nobody`, token });
    expect(answer.status).toBe(403);
  });
});

describe('the history names', () => {
  it('the person and the client', async () => {
    const own = await service.create();
    const [record] = service.changes.of(own.id);
    expect(record).toMatchObject(analyst);
  });

  it('the application', async () => {
    const token = tokenOf('--app');
    const made = await service.send({ method: 'POST', path: collectionPath, body: {}, token });
    const [record] = service.changes.of(String(membersOf(made).id));
    expect(record).toMatchObject({
      authorKind: 'application',
      authorId: '7e571e00-0000-4000-8000-00000000c11f',
      authorName: 'casp test client',
      clientId: '7e571e00-0000-4000-8000-00000000c11e',
      tenantId: testTenant,
    });
  });
});

describe('spelling', () => {
  it.each(['bearer', 'BEARER', 'Bearer  '])('%j is Bearer', async (scheme) => {
    const headers = { authorization: `${scheme} ${service.token}` };
    expect((await service.send({ path: profile.path, token: undefined, headers })).status).toBe(200);
  });

  it('two tokens are no token', async () => {
    const headers = { authorization: [`Bearer ${service.token}`, `Bearer ${service.token}`] };
    const answer = await expectNothingCreated(service, () =>
      service.send({ path: profile.path, token: undefined, headers }),
    );
    expect(answer.status).toBe(401);
  });
});

describe('$lifetime', () => {
  it('casp token --ttl says when it ends', () => {
    const { exp, iat } = decodeClaims(tokenOf('--ttl', '90s')) as { exp: number; iat: number };
    expect(exp - iat).toBe(90);
  });
});
