import { execFile } from 'node:child_process';
import { createHash, randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { createLocalJWKSet, decodeJwt, jwtVerify } from 'jose';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { personalTenantId } from '../../../src/auth/claims.ts';
import { createJwtAuthenticator } from '../../../src/auth/jwt.ts';
import {
  createLocalIssuer,
  localAudiences,
  localResourceId,
  trustLocalIssuer,
} from '../../../src/auth/local-issuer.ts';
import {
  createIssuerEndpoints,
  type IssuerHandler,
  type IssuerResponse,
  isIssuerTarget,
  issuerTemplatesOf,
} from '../../../src/auth/local-issuer-endpoints.ts';
import { openSigningKey, type SigningKey } from '../../../src/auth/signing-key.ts';
import { testPeople, testTenantId } from '../../../src/auth/test-people.ts';
import { openLocalCertificate } from '../../../src/http/local-https.ts';
import { limits } from '../../../src/limits.ts';
import { accepted, challenge } from './token-fixture.ts';

const publicUrl = 'https://localhost:7443';
const clientId = 'c1c1c1c1-0000-4000-8000-000000000001';
const redirectUri = 'http://localhost:3000/callback?page=1';
const verifier = 'v'.repeat(43);
const codeChallenge = createHash('sha256').update(verifier).digest('base64url');

let dataFolder = '';
let signingKey: SigningKey;
let clock = new Date('2026-11-23T09:00:00Z');
let handle: IssuerHandler;

beforeAll(async () => {
  dataFolder = await mkdtemp(join(tmpdir(), 'casp-endpoints-'));
  signingKey = await openSigningKey(dataFolder);
});
afterAll(() => rm(dataFolder, { recursive: true, force: true }));
beforeEach(() => {
  clock = new Date('2026-11-23T09:00:00Z');
  handle = newInstance();
});

/** One process of several that share the data folder. */
function newInstance(now: () => Date = () => clock): IssuerHandler {
  const issuer = createLocalIssuer({ signingKey, now, newId: randomUUID });
  return createIssuerEndpoints({ issuer, now, newId: randomUUID });
}

type Fields = Readonly<Record<string, string>>;

const send = (
  method: string,
  target: string,
  headers: Fields = {},
  body?: string,
  to = handle,
): Promise<IssuerResponse> =>
  to({
    method,
    target,
    headers: { host: 'localhost:7443', ...headers },
    body: body === undefined ? undefined : Buffer.from(body),
    publicUrl,
  });

const get = (target: string, headers: Fields = {}): Promise<IssuerResponse> => send('GET', target, headers);

const post = (target: string, fields: Fields, headers: Fields = {}, to = handle): Promise<IssuerResponse> => {
  const form = { 'content-type': 'application/x-www-form-urlencoded; charset=utf-8', ...headers };
  return send('POST', target, form, new URLSearchParams(fields).toString(), to);
};

const tokenTarget = `/${testTenantId}/oauth2/v2.0/token`;
const authorizeTarget = `/${testTenantId}/oauth2/v2.0/authorize`;

const bodyOf = (response: IssuerResponse): Record<string, unknown> => JSON.parse(response.body ?? '');

const redeem = async (fields: Fields, to = handle) => {
  const response = await post(tokenTarget, { client_id: clientId, ...fields }, {}, to);
  return { status: response.status, body: bodyOf(response) };
};

/** Error code and Entra's number of a refusal. */
const fault = async (fields: Fields, to = handle): Promise<unknown[]> => {
  const { status, body } = await redeem(fields, to);
  return [status, body.error, body.error_codes];
};

const authorizeFields: Fields = {
  client_id: clientId,
  redirect_uri: redirectUri,
  response_type: 'code',
  scope: 'openid profile offline_access api://casp/SecurityEvents.Read.All',
  state: 'a&b "c"',
  nonce: 'n-1',
  code_challenge: codeChallenge,
  code_challenge_method: 'S256',
};

const without = (fields: Fields, ...names: string[]): Fields =>
  Object.fromEntries(Object.entries(fields).filter(([name]) => !names.includes(name)));

/** Where the answer of the authorize endpoint sends the browser. */
const locationOf = ({ headers }: IssuerResponse): URL => new URL(headers.Location ?? '');

async function newCode(person = 'reader', overrides: Fields = {}): Promise<string> {
  const response = await post(authorizeTarget, { ...authorizeFields, ...overrides, person });
  return locationOf(response).searchParams.get('code') ?? '';
}

const codeFields = (code: string): Fields => ({
  grant_type: 'authorization_code',
  code,
  redirect_uri: redirectUri,
  code_verifier: verifier,
});

/** The API's own check, which knows the key file and the listener's address. */
const authenticator = (now: () => Date = () => clock, url = publicUrl) =>
  createJwtAuthenticator({
    issuers: () => issuerTemplatesOf(url).map((template) => trustLocalIssuer(signingKey, template)),
    audiences: localAudiences,
    challenge,
    now,
  });

describe('isIssuerTarget', () => {
  it.each([
    `/${testTenantId}/v2.0/.well-known/openid-configuration`,
    '/common/discovery/v2.0/keys',
    '/organizations/oauth2/v2.0/authorize?client_id=x',
    '/contoso.example/oauth2/v2.0/token',
  ])('takes %s', (target) => {
    expect(isIssuerTarget(target)).toBe(true);
  });

  it.each(['/', '/v1.0/security/x', '/beta/oauth2', '/v1.0/v2.0/x', '/odata/v4/x', '/console/', '/v2.0/x'])(
    'leaves %s to the service',
    (target) => {
      expect(isIssuerTarget(target)).toBe(false);
    },
  );
});

describe('discovery', () => {
  it('describes one tenant as Entra ID does', async () => {
    const response = await get(`/${testTenantId.toUpperCase()}/v2.0/.well-known/openid-configuration`);
    const base = `${publicUrl}/${testTenantId}`;
    expect(response.status).toBe(200);
    expect(bodyOf(response)).toMatchObject({
      issuer: `${base}/v2.0`,
      authorization_endpoint: `${base}/oauth2/v2.0/authorize`,
      token_endpoint: `${base}/oauth2/v2.0/token`,
      device_authorization_endpoint: `${base}/oauth2/v2.0/devicecode`,
      end_session_endpoint: `${base}/oauth2/v2.0/logout`,
      jwks_uri: `${base}/discovery/v2.0/keys`,
      code_challenge_methods_supported: ['S256'],
      id_token_signing_alg_values_supported: ['RS256'],
    });
  });

  it.each(['common', 'organizations'])('names a template as the issuer of %s', async (segment) => {
    const body = bodyOf(await get(`/${segment}/v2.0/.well-known/openid-configuration`));
    expect([body.issuer, body.token_endpoint]).toEqual([
      `${publicUrl}/{tenantid}/v2.0`,
      `${publicUrl}/${segment}/oauth2/v2.0/token`,
    ]);
  });

  it('names the address the client used, if it is this listener’s', async () => {
    const target = `/${testTenantId}/v2.0/.well-known/openid-configuration`;
    const issuers = ['127.0.0.1:7443', '[::1]:7443', 'localhost:9999'].map(
      async (host) => bodyOf(await get(target, { host })).issuer,
    );
    expect(await Promise.all(issuers)).toEqual([
      `https://127.0.0.1:7443/${testTenantId}/v2.0`,
      `https://[::1]:7443/${testTenantId}/v2.0`,
      `${publicUrl}/${testTenantId}/v2.0`,
    ]);
  });

  it('shows the public key alone', async () => {
    expect(bodyOf(await get('/common/discovery/v2.0/keys'))).toEqual({ keys: [signingKey.publicJwk] });
  });

  it.each(['contoso.example', 'consumers', personalTenantId])('refuses the tenant %s', async (segment) => {
    const response = await get(`/${segment}/v2.0/.well-known/openid-configuration`);
    expect([response.status, bodyOf(response)]).toEqual([
      400,
      {
        error: 'invalid_request',
        error_description: expect.stringMatching(
          /^AADSTS90002: Tenant not found\. .* Trace ID: [\da-f-]{36} Correlation ID: [\da-f-]{36} Timestamp: 2026-11-23 09:00:00Z$/,
        ),
        error_codes: [90002],
        timestamp: '2026-11-23 09:00:00Z',
        trace_id: expect.stringMatching(/^[\da-f-]{36}$/),
        correlation_id: expect.stringMatching(/^[\da-f-]{36}$/),
      },
    ]);
  });

  it('refuses a host name that is not this machine: DNS rebinding', async () => {
    const response = await get('/common/discovery/v2.0/keys', { host: 'evil.example:7443' });
    expect([response.status, bodyOf(response).error]).toEqual([421, 'invalid_request']);
  });

  it('repeats the client’s correlation id', async () => {
    const id = randomUUID();
    const response = await get('/common/oauth2/v2.0/nothing', { 'client-request-id': id });
    expect([response.status, bodyOf(response).correlation_id]).toEqual([404, id]);
  });

  it('refuses other methods', async () => {
    const response = await get(tokenTarget);
    expect([response.status, response.headers.Allow, bodyOf(response).error_codes]).toEqual([
      405,
      'POST',
      [900561],
    ]);
  });

  it('answers HEAD like GET without a body', async () => {
    const response = await send('HEAD', '/common/discovery/v2.0/keys');
    expect([response.status, response.body]).toEqual([200, undefined]);
  });
});

describe('CORS', () => {
  const preflight = {
    'access-control-request-method': 'POST',
    'access-control-request-headers': 'content-type, x-client-sku',
  };

  it.each(['http://localhost:5173', 'https://127.0.0.1:7443', 'http://[::1]:8000'])(
    'lets %s call',
    async (origin) => {
      const response = await send('OPTIONS', tokenTarget, { origin, ...preflight });
      expect([response.status, response.headers]).toEqual([
        204,
        {
          Allow: 'POST',
          Vary: 'Origin',
          'Access-Control-Allow-Origin': origin,
          'Access-Control-Allow-Methods': 'POST',
          'Access-Control-Allow-Headers': 'content-type, x-client-sku',
          'Access-Control-Max-Age': '600',
        },
      ]);
      const answer = await post(tokenTarget, {}, { origin });
      expect([answer.status, answer.headers['Access-Control-Allow-Origin']]).toEqual([400, origin]);
    },
  );

  it.each(['https://evil.example', 'http://localhost.evil.example', 'null'])(
    'does not let %s read',
    async (origin) => {
      const response = await send('OPTIONS', tokenTarget, { origin, ...preflight });
      expect(response.headers).toEqual({ Allow: 'POST', Vary: 'Origin' });
    },
  );
});

describe('client credentials', () => {
  const fields = { grant_type: 'client_credentials', client_secret: 'any', scope: 'api://casp/.default' };

  it('gives an application a token the API accepts', async () => {
    const { status, body } = await redeem(fields);
    expect([status, body]).toEqual([
      200,
      {
        token_type: 'Bearer',
        scope: 'api://casp/.default',
        expires_in: 3600,
        ext_expires_in: 3600,
        access_token: expect.any(String),
      },
    ]);
    expect(await accepted(authenticator(), String(body.access_token))).toEqual({
      kind: 'application',
      tenantId: testTenantId,
      objectId: expect.stringMatching(/^[\da-f]{8}-[\da-f]{4}-4[\da-f]{3}-8[\da-f]{3}-[\da-f]{12}$/),
      name: clientId,
      clientId,
      permissions: new Set(['SecurityEvents.ReadWrite.All']),
      directoryRoles: new Set(),
    });
    expect(decodeJwt(String(body.access_token))).toMatchObject({
      aud: localResourceId,
      azpacr: '1',
      idtyp: 'app',
    });
  });

  it('gives an application named after a test role that role’s permissions', async () => {
    const { body } = await redeem({ ...fields, client_id: 'reader' });
    const { permissions } = await accepted(authenticator(), String(body.access_token));
    expect(permissions).toEqual(new Set(['SecurityEvents.Read.All']));
  });

  it('takes the client by HTTP Basic and by assertion', async () => {
    const authorization = `Basic ${Buffer.from('app%20one%2F1:s%3Acret').toString('base64')}`;
    const { client_secret: _secret, ...rest } = fields;
    const refused = bodyOf(await post(tokenTarget, rest, { authorization }));
    expect(refused.error_codes).toEqual([9002313]);
    const good = `Basic ${Buffer.from('app%2Fone:s%3Acret').toString('base64')}`;
    const basic = bodyOf(await post(tokenTarget, rest, { authorization: good }));
    expect(decodeJwt(String(basic.access_token))).toMatchObject({ azp: 'app/one', azpacr: '1' });
    const { body } = await redeem({ ...rest, client_assertion: 'any' });
    expect(decodeJwt(String(body.access_token)).azpacr).toBe('2');
  });

  it('gives every tenant its own token', async () => {
    const tenant = randomUUID();
    const response = await post(`/${tenant}/oauth2/v2.0/token`, { client_id: clientId, ...fields });
    expect((await accepted(authenticator(), String(bodyOf(response).access_token))).tenantId).toBe(tenant);
  });

  it.each([
    ['no secret', { client_secret: '' }, [401, 'invalid_client', [7000218]]],
    ['no scope', { scope: '' }, [400, 'invalid_request', [900144]]],
    [
      'a scope that is not /.default',
      { scope: 'api://casp/SecurityEvents.Read.All' },
      [400, 'invalid_scope', [1002012]],
    ],
    ['no grant type', { grant_type: '' }, [400, 'invalid_request', [900144]]],
    ['a grant type of old', { grant_type: 'password' }, [400, 'unsupported_grant_type', [70003]]],
    ['no client', { client_id: '' }, [400, 'invalid_request', [900144]]],
    ['a client id too long', { client_id: 'c'.repeat(129) }, [400, 'invalid_request', [9002313]]],
    ['a client id with a line break', { client_id: 'a\nb' }, [400, 'invalid_request', [9002313]]],
    [
      'a parameter too long',
      { state: 's'.repeat(limits.issuerParameterCharactersMax) },
      [400, 'invalid_request', [9002313]],
    ],
  ])('refuses %s', async (_name, overrides, expected) => {
    expect(await fault({ ...fields, ...overrides })).toEqual(expected);
  });

  it('refuses a body that is no form, and a parameter given twice', async () => {
    const asJson = await send('POST', tokenTarget, { 'content-type': 'application/json' }, '{}');
    expect(bodyOf(asJson).error_codes).toEqual([9002313]);
    const form = { 'content-type': 'application/x-www-form-urlencoded' };
    const twice = await send('POST', tokenTarget, form, 'client_id=a&client_id=b');
    expect(bodyOf(twice).error_codes).toEqual([9002313]);
  });
});

describe('authorize', () => {
  const authorize = (fields: Fields) => get(`${authorizeTarget}?${new URLSearchParams(fields)}`);

  it('shows the five test people on a page without scripts', async () => {
    const response = await authorize(authorizeFields);
    const html = response.body ?? '';
    const [, style = ''] = /<style>([\s\S]*?)<\/style>/.exec(html) ?? [];
    const hash = createHash('sha256').update(style).digest('base64');
    expect([response.status, response.headers]).toEqual([
      200,
      {
        'Content-Type': 'text/html; charset=utf-8',
        'Content-Security-Policy': `default-src 'none'; style-src 'sha256-${hash}'; form-action 'self' http://localhost:3000; base-uri 'none'; frame-ancestors 'none'`,
        'Referrer-Policy': 'same-origin',
        'X-Frame-Options': 'DENY',
        'Cache-Control': 'no-store',
        Pragma: 'no-cache',
        'X-Content-Type-Options': 'nosniff',
      },
    ]);
    expect(html).not.toMatch(/<script|\son\w+=|style=/);
    expect(html).toMatch(/^<!doctype html>\n<html lang="en">/);
    expect([...html.matchAll(/<button name="person" value="([^"]+)"/g)].map(([, role]) => role)).toEqual([
      ...testPeople.map(({ role }) => role),
      'cancel',
    ]);
    expect(html).toContain('name="state" value="a&amp;b &quot;c&quot;"');
  });

  it('shows nothing a request could smuggle in', async () => {
    const evil = '"><script>alert(1)</script>';
    const html =
      (await authorize({ ...authorizeFields, state: evil, client_id: '"><script>', extra: evil })).body ?? '';
    expect(html).not.toContain('<script');
  });

  it('sends a code and the state back to the application', async () => {
    const response = await post(authorizeTarget, { ...authorizeFields, client_info: '1', person: 'analyst' });
    const location = locationOf(response);
    expect([response.status, location.origin + location.pathname]).toEqual([
      303,
      'http://localhost:3000/callback',
    ]);
    expect(Object.fromEntries(location.searchParams)).toEqual({
      page: '1',
      code: expect.any(String),
      state: 'a&b "c"',
      client_info: expect.any(String),
    });
  });

  it('answers in the fragment or by a form when asked to', async () => {
    const fragment = await post(authorizeTarget, {
      ...authorizeFields,
      response_mode: 'fragment',
      person: 'reader',
    });
    expect(new URLSearchParams(locationOf(fragment).hash.slice(1)).get('state')).toBe('a&b "c"');
    const form = await post(authorizeTarget, {
      ...authorizeFields,
      response_mode: 'form_post',
      person: 'reader',
    });
    expect([form.status, form.body]).toEqual([
      200,
      expect.stringMatching(
        /<form method="post" action="http:\/\/localhost:3000\/callback\?page=1">\n<input type="hidden" name="code" value="[\w.-]+">/,
      ),
    ]);
  });

  it.each([
    ['cancelled', { person: 'cancel' }, 'access_denied'],
    ['a response type other than code', { response_type: 'token' }, 'unsupported_response_type'],
    ['an unknown response mode', { response_mode: 'web_message' }, 'invalid_request'],
    ['no scope', { scope: ' ' }, 'invalid_request'],
    ['a plain challenge', { code_challenge_method: 'plain' }, 'invalid_request'],
    ['a challenge that is no SHA-256', { code_challenge: 'short' }, 'invalid_request'],
    ['a silent request', { prompt: 'none' }, 'login_required'],
  ])('tells the application: %s', async (_name, overrides, error) => {
    const response = await post(authorizeTarget, { ...authorizeFields, person: 'reader', ...overrides });
    const { searchParams } = locationOf(response);
    expect([
      response.status,
      searchParams.get('error'),
      searchParams.get('state'),
      searchParams.has('code'),
    ]).toEqual([303, error, 'a&b "c"', false]);
  });

  it.each([
    ['no client', without(authorizeFields, 'client_id')],
    ['no redirect URI', without(authorizeFields, 'redirect_uri')],
    ['a redirect URI elsewhere', { ...authorizeFields, redirect_uri: 'https://evil.example/' }],
    [
      'one that only looks like this machine',
      { ...authorizeFields, redirect_uri: 'http://localhost@evil.example/' },
    ],
    ['a script as redirect URI', { ...authorizeFields, redirect_uri: 'javascript://localhost/%0aalert(1)' }],
    ['a redirect URI with a fragment', { ...authorizeFields, redirect_uri: 'http://localhost/#a' }],
  ])('tells the person, and redirects nowhere: %s', async (_name, fields) => {
    const response = await authorize(fields);
    expect([response.status, response.headers.Location]).toEqual([400, undefined]);
    expect(response.headers['Content-Type']).toBe('text/html; charset=utf-8');
  });

  it.each([{ origin: 'https://evil.example' }, { 'sec-fetch-site': 'cross-site' }, { origin: 'null' }])(
    'gives no code to a form sent from elsewhere: %j',
    async (headers) => {
      const response = await post(authorizeTarget, { ...authorizeFields, person: 'admin' }, headers);
      expect([response.status, response.headers.Location]).toEqual([403, undefined]);
    },
  );

  it('takes a form sent by its own page', async () => {
    const headers = { origin: publicUrl, 'sec-fetch-site': 'same-origin' };
    expect((await post(authorizeTarget, { ...authorizeFields, person: 'admin' }, headers)).status).toBe(303);
  });
});

describe('authorization code', () => {
  it('buys an access, an id and a refresh token', async () => {
    const { status, body } = await redeem(codeFields(await newCode('analyst')));
    const person = testPeople[1];
    expect([status, body]).toEqual([
      200,
      {
        token_type: 'Bearer',
        scope: 'openid profile api://casp/SecurityEvents.ReadWrite.All',
        expires_in: 3600,
        ext_expires_in: 3600,
        access_token: expect.any(String),
        refresh_token: expect.any(String),
        id_token: expect.any(String),
        client_info: expect.any(String),
      },
    ]);
    expect(JSON.parse(Buffer.from(String(body.client_info), 'base64url').toString())).toEqual({
      uid: person?.objectId,
      utid: testTenantId,
    });
    expect(await accepted(authenticator(), String(body.access_token))).toMatchObject({
      kind: 'delegated',
      objectId: person?.objectId,
      clientId,
      permissions: new Set(['SecurityEvents.ReadWrite.All']),
    });
  });

  it('comes with an id token by OpenID Connect’s rules', async () => {
    const { body } = await redeem(codeFields(await newCode()));
    const keys = createLocalJWKSet(bodyOf(await get('/common/discovery/v2.0/keys')) as never);
    const configuration = bodyOf(await get(`/${testTenantId}/v2.0/.well-known/openid-configuration`));
    const { payload } = await jwtVerify(String(body.id_token), keys, {
      issuer: String(configuration.issuer),
      audience: clientId,
      currentDate: clock,
    });
    expect(payload).toMatchObject({ nonce: 'n-1', name: 'Robin Reed', tid: testTenantId, ver: '2.0' });
    const access = decodeJwt(String(body.access_token));
    expect([payload.sub, payload.iss]).toEqual([access.sub, access.iss]);
  });

  it('gives no refresh token without offline_access and no id token without openid', async () => {
    const code = await newCode('reader', { scope: 'api://casp/.default' });
    const { body } = await redeem(codeFields(code));
    expect([body.scope, body.refresh_token, body.id_token]).toEqual([
      'api://casp/.default api://casp/SecurityEvents.Read.All',
      undefined,
      undefined,
    ]);
  });

  it('is not granted a scope the person does not have', async () => {
    const code = await newCode('reader', { scope: 'SecurityEvents.ReadWrite.All' });
    expect((await redeem(codeFields(code))).body.scope).toBe('SecurityEvents.Read.All');
  });

  it('is good once', async () => {
    const code = await newCode();
    await redeem(codeFields(code));
    expect(await fault(codeFields(code))).toEqual([400, 'invalid_grant', [54005]]);
  });

  it('is good at another instance that has the key', async () => {
    expect((await redeem(codeFields(await newCode()), newInstance())).status).toBe(200);
  });

  it('is good for five minutes', async () => {
    const codes = [await newCode(), await newCode()];
    clock = new Date(clock.getTime() + limits.authorizationCodeLifetimeS * 1000 - 1);
    expect((await redeem(codeFields(codes[0] ?? ''))).status).toBe(200);
    clock = new Date(clock.getTime() + 1);
    expect(await fault(codeFields(codes[1] ?? ''))).toEqual([400, 'invalid_grant', [70008]]);
  });

  it.each([
    ['another client', { client_id: 'other' }, 700005],
    ['another redirect URI', { redirect_uri: 'http://localhost:3000/other' }, 50011],
    ['another verifier', { code_verifier: 'w'.repeat(43) }, 50148],
    ['a made-up code', { code: 'a.b.c.d.e' }, 9002313],
  ])('is refused to %s, and still good for its owner', async (_name, overrides, number) => {
    const code = await newCode();
    expect(await fault({ ...codeFields(code), ...overrides })).toEqual([400, 'invalid_grant', [number]]);
    expect((await redeem(codeFields(code))).status).toBe(200);
  });

  it('needs its verifier; one without a challenge needs a client that proves itself', async () => {
    const code = await newCode();
    expect(await fault(without(codeFields(code), 'code_verifier'))).toEqual([
      400,
      'invalid_request',
      [900144],
    ]);
    const response = await post(authorizeTarget, {
      ...without(authorizeFields, 'code_challenge', 'code_challenge_method'),
      person: 'reader',
    });
    const bare = locationOf(response).searchParams.get('code') ?? '';
    expect(await fault(codeFields(bare))).toEqual([400, 'invalid_request', [900144]]);
    expect((await redeem({ ...codeFields(bare), client_secret: 'any' })).status).toBe(200);
  });

  it('is no refresh token, and a refresh token is no code', async () => {
    const code = await newCode();
    expect(await fault({ grant_type: 'refresh_token', refresh_token: code })).toEqual([
      400,
      'invalid_grant',
      [9002313],
    ]);
    const { body } = await redeem(codeFields(code));
    expect(await fault(codeFields(String(body.refresh_token)))).toEqual([400, 'invalid_grant', [9002313]]);
  });
});

describe('refresh token', () => {
  const start = async () => String((await redeem(codeFields(await newCode()))).body.refresh_token);
  const refresh = (token: string, overrides: Fields = {}, to = handle) =>
    redeem({ grant_type: 'refresh_token', refresh_token: token, ...overrides }, to);

  it('buys new tokens and the next refresh token, at any instance', async () => {
    const first = await start();
    const { status, body } = await refresh(first, {}, newInstance());
    expect([status, body.scope, body.refresh_token === first]).toEqual([
      200,
      'openid profile api://casp/SecurityEvents.Read.All',
      false,
    ]);
    expect(decodeJwt(String(body.id_token)).nonce).toBeUndefined();
    expect((await refresh(String(body.refresh_token), { scope: 'api://casp/.default' })).body).toMatchObject({
      scope: 'api://casp/.default api://casp/SecurityEvents.Read.All',
      refresh_token: expect.any(String),
    });
  });

  it('lives a day from its last use', async () => {
    const first = await start();
    clock = new Date(clock.getTime() + limits.refreshTokenLifetimeS * 1000 - 1);
    const next = String((await refresh(first)).body.refresh_token);
    clock = new Date(clock.getTime() + 1);
    expect(await fault({ grant_type: 'refresh_token', refresh_token: first })).toEqual([
      400,
      'invalid_grant',
      [70008],
    ]);
    expect((await refresh(next)).status).toBe(200);
  });

  it('is refused to another client', async () => {
    const fields = { grant_type: 'refresh_token', refresh_token: await start(), client_id: 'other' };
    expect(await fault(fields)).toEqual([400, 'invalid_grant', [700005]]);
  });
});

describe('device code', () => {
  const base = `/${testTenantId}/oauth2/v2.0`;
  const start = async () =>
    bodyOf(
      await post(`${base}/devicecode`, {
        client_id: clientId,
        scope: 'openid offline_access api://casp/.default',
      }),
    );
  const poll = (deviceCode: unknown): Fields => ({
    grant_type: 'urn:ietf:params:oauth:grant-type:device_code',
    device_code: String(deviceCode),
  });

  it('tells the device what to show', async () => {
    expect(await start()).toEqual({
      user_code: expect.stringMatching(/^[B-DF-HJ-NP-TV-XZ]{9}$/),
      device_code: expect.any(String),
      verification_uri: `${publicUrl}${base}/deviceauth`,
      verification_uri_complete: expect.stringMatching(/deviceauth\?user_code=[A-Z]{9}$/),
      expires_in: 900,
      interval: 1,
      message: expect.stringMatching(
        /^To sign in, use a web browser to open the page https:.* and enter the code [A-Z]{9} to authenticate\.$/,
      ),
    });
  });

  it('waits for the person, lets the device in once, and forgets it', async () => {
    const { user_code: userCode, device_code: deviceCode } = await start();
    expect(await fault(poll(deviceCode))).toEqual([400, 'authorization_pending', [70016]]);
    const typed = String(userCode).toLowerCase().replace(/(...)/g, '$1 ');
    const asked = await post(`${base}/deviceauth`, { user_code: typed });
    expect([asked.status, asked.body]).toEqual([200, expect.stringContaining('value="engineer"')]);
    const done = await post(`${base}/deviceauth`, { user_code: String(userCode), person: 'engineer' });
    expect(done.body).toContain('The device is signed in as Eni Okafor.');
    const { status, body } = await redeem(poll(deviceCode));
    expect([status, (await accepted(authenticator(), String(body.access_token))).name]).toEqual([
      200,
      'Eni Okafor',
    ]);
    expect(body.refresh_token).toEqual(expect.any(String));
    expect(await fault(poll(deviceCode))).toEqual([400, 'expired_token', [70020]]);
  });

  it('tells the device when the person declines', async () => {
    const { user_code: userCode, device_code: deviceCode } = await start();
    await post(`${base}/deviceauth`, { user_code: String(userCode), person: 'cancel' });
    expect(await fault(poll(deviceCode))).toEqual([400, 'authorization_declined', [70018]]);
  });

  it('ends after fifteen minutes', async () => {
    const { device_code: deviceCode } = await start();
    clock = new Date(clock.getTime() + limits.deviceCodeLifetimeS * 1000);
    expect(await fault(poll(deviceCode))).toEqual([400, 'expired_token', [70020]]);
  });

  it('refuses codes that are not its own', async () => {
    const { user_code: userCode, device_code: deviceCode } = await start();
    expect(await fault(poll('made-up'))).toEqual([400, 'bad_verification_code', [70000]]);
    expect(await fault({ ...poll(deviceCode), client_id: 'other' })).toEqual([
      400,
      'bad_verification_code',
      [70000],
    ]);
    const unknown = await get(`${base}/deviceauth?user_code=BBBBBBBBB`);
    expect([unknown.status, unknown.body]).toEqual([
      400,
      expect.stringContaining('No device waits with this code.'),
    ]);
    const foreign = await post(
      `${base}/deviceauth`,
      { user_code: String(userCode), person: 'admin' },
      { origin: 'https://evil.example' },
    );
    expect(foreign.status).toBe(403);
    expect(await fault(poll(deviceCode))).toEqual([400, 'authorization_pending', [70016]]);
  });

  it('asks for the code on a page with a label', async () => {
    const { body = '' } = await get(`${base}/deviceauth`);
    expect(body).toContain('<label for="user_code">');
  });
});

describe('logout', () => {
  const target = '/common/oauth2/v2.0/logout';
  it('says goodbye, or leads back to a page of this machine', async () => {
    expect((await get(target)).body).toContain('Signed out');
    const back = await get(
      `${target}?post_logout_redirect_uri=${encodeURIComponent('http://localhost:3000/bye')}&state=x`,
    );
    expect([back.status, back.headers.Location]).toEqual([303, 'http://localhost:3000/bye?state=x']);
    expect((await get(`${target}?post_logout_redirect_uri=https://evil.example`)).status).toBe(400);
  });
});

describe('Microsoft’s clients, unmodified, over https', () => {
  it('get their tokens', async () => {
    const now = () => new Date();
    const certificate = await openLocalCertificate({ dataFolder, now });
    const issuer = newInstance(now);
    const server = createServer(certificate, (request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', async () => {
        const { method = '', url: target = '' } = request;
        const headers = request.headers as Fields;
        const answer = await issuer({
          method,
          target,
          headers,
          body: Buffer.concat(chunks),
          publicUrl: origin,
        });
        response.writeHead(answer.status, answer.headers).end(answer.body);
      });
    });
    await new Promise<void>((resolve) => server.listen(0, 'localhost', resolve));
    const origin = `https://localhost:${(server.address() as AddressInfo).port}`;
    try {
      const script = fileURLToPath(new URL('issuer-clients.mjs', import.meta.url));
      const { stdout } = await promisify(execFile)(
        process.execPath,
        [script, origin, testTenantId, clientId],
        {
          env: { ...process.env, NODE_EXTRA_CA_CERTS: certificate.authorityPath, NODE_USE_ENV_PROXY: '0' },
          timeout: 30_000,
        },
      );
      const got = JSON.parse(stdout);
      const check = authenticator(now, origin);
      const kindOf = async (token: string) => (await accepted(check, token)).kind;
      expect(await kindOf(got.clientCredentials.accessToken)).toBe('application');
      expect(got.clientCredentials.lifetimeS).toBeGreaterThan(3500);
      expect(await kindOf(got.azureIdentity)).toBe('application');
      for (const flow of [got.authorizationCode, got.common]) {
        expect(flow).toMatchObject({
          state: 's',
          account: `${testPeople[0]?.objectId}.${testTenantId}`,
          username: 'robin@contoso.example',
          fromCache: true,
        });
        expect(flow.accessTokens[0]).not.toBe(flow.accessTokens[1]);
        expect(await Promise.all(flow.accessTokens.map(kindOf))).toEqual(['delegated', 'delegated']);
      }
      expect(await kindOf(got.deviceCode.accessToken)).toBe('delegated');
    } finally {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    }
  }, 40_000);
});
