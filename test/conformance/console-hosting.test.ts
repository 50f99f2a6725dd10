/** The console as the program serves it, and everything its sign-in needs (experience 4.7, 4.9). */
import { createHash, randomBytes } from 'node:crypto';
import { afterAll, describe, expect, it } from 'vitest';
import { riskScales } from '../../src/model/risk-scales.ts';
import { startHooked } from '../support/configured-server.ts';
import { collectionPath, itemsOf, openService } from '../support/conformance.ts';
import { createExchange } from '../support/exchange.ts';

const service = await openService();
afterAll(() => service.stop());
const { send, url } = service;
const anonymous = (path: string, headers: Readonly<Record<string, string>> = {}) =>
  send({ path, token: undefined, headers });

describe('/console', () => {
  it('sends a browser from the root to the console, a program to the service roots', async () => {
    const browser = await anonymous('/', { accept: 'text/html,*/*;q=0.8' });
    expect({ status: browser.status, location: browser.headers.location }).toEqual({
      status: 302,
      location: '/console/',
    });
    const program = await anonymous('/', { accept: 'application/json' });
    expect(program.status).toBe(401);
  });

  it('is a page under a policy without anything inline or from elsewhere', async () => {
    const { headers, text } = await anonymous('/console/apps');
    const [, nonce = ''] = /'nonce-([^']+)'/.exec(headers['content-security-policy'] ?? '') ?? [];
    expect(nonce).toMatch(/^[A-Za-z0-9+/]{22}==$/);
    expect(headers['content-security-policy']).not.toContain("script-src 'self' '");
    expect(text).not.toContain('__CSP_NONCE__');
    expect(headers).toMatchObject({
      'x-content-type-options': 'nosniff',
      'referrer-policy': 'same-origin',
      'x-frame-options': 'DENY',
      'cross-origin-opener-policy': 'same-origin-allow-popups',
    });
    expect(text).not.toMatch(/<script(?![^>]* src=)|\son\w+=/i);
    expect(text).not.toMatch(/(src|href)="(https?:)?\/\//i);
  });

  it('does not leave its folder', async () => {
    const paths = [
      '/console/../package.json',
      '/console/%2e%2e/%2e%2e/package.json',
      '/console/..%2fcli/main.js',
    ];
    for (const path of paths) {
      const { text } = await anonymous(path);
      expect(text).not.toContain('"dependencies"');
      expect(text).not.toContain('#!/usr/bin/env node');
    }
  });
});

describe('/console/config.json', () => {
  it('says all that the pages need, without a token', async () => {
    const { status, headers, body } = await anonymous('/console/config.json');
    expect({ status, cache: headers['cache-control'] }).toEqual({ status: 200, cache: 'no-store' });
    expect(body).toEqual({
      version: expect.stringMatching(/^\d+\.\d+\.\d+/),
      dev: true,
      publicUrl: url,
      apiRoot: '/v1.0',
      authority: '/7e571e00-0000-4000-8000-00000000c0de/v2.0',
      clientId: '7e571e00-0000-4000-8000-00000c0501e0',
      scope: 'openid profile offline_access api://casp/SecurityEvents.ReadWrite.All',
      issuerName: 'the local test people',
      permissions: {
        read: ['SecurityEvents.Read.All', 'SecurityEvents.ReadWrite.All'],
        write: ['SecurityEvents.ReadWrite.All'],
      },
      riskScales,
    });
  });
});

describe('outside dev mode', () => {
  const tenant = '11111111-1111-4111-8111-111111111111';
  const issuer = 'https://login.example/{tenantid}/v2.0';
  const entra = {
    issuer,
    tenants: [tenant],
    audiences: ['44444444-4444-4444-8444-444444444444', 'api://casp'],
  };
  const realm = { issuer: 'https://id.example/realms/casp', tenantId: tenant, audiences: ['casp'] };
  const cases = [
    [
      'an Entra ID tenant',
      [entra],
      ['--console-client-id', 'c0'],
      {
        authority: `https://login.example/${tenant}/v2.0`,
        clientId: 'c0',
        scope: 'openid profile offline_access api://casp/SecurityEvents.ReadWrite.All',
        issuerName: 'login.example',
      },
    ],
    [
      'any other issuer',
      [realm, entra],
      ['--console-client-id', 'casp-console'],
      {
        authority: 'https://id.example/realms/casp',
        clientId: 'casp-console',
        scope: 'openid profile offline_access SecurityEvents.ReadWrite.All',
        issuerName: 'id.example',
      },
    ],
    [
      'what the options say',
      [entra],
      [
        ...['--console-client-id', 'c0', '--console-authority', 'https://sso.example/main/'],
        ...['--console-scopes', 'api://casp/.default,email'],
      ],
      {
        authority: 'https://sso.example/main',
        clientId: 'c0',
        scope: 'openid profile offline_access api://casp/.default email',
        issuerName: 'sso.example',
      },
    ],
    ['nobody', [entra], [], { authority: null, clientId: null, scope: null, issuerName: null }],
  ] as const;

  it.each(cases)('people are signed in with %s', async (_, issuers, flags, expected) => {
    const server = await startHooked([
      ...['--public-url', 'https://casp.example', '--issuers', JSON.stringify(issuers), ...flags],
    ]);
    const exchange = createExchange(server.httpUrl);
    try {
      const { body } = await exchange.send({ path: '/console/config.json' });
      expect(body).toMatchObject({ ...expected, dev: false, publicUrl: 'https://casp.example' });
      const { headers } = await exchange.send({ path: '/console/' });
      const policy = headers['content-security-policy'] ?? '';
      const origins = [...new Set(issuers.map((each) => new URL(each.issuer).origin))];
      const added = flags.some((flag) => flag.includes('sso.example')) ? ['https://sso.example'] : [];
      expect(policy).toContain(`connect-src 'self' ${[...origins, ...added].join(' ')};`);
    } finally {
      exchange.close();
      await server.stop();
    }
  });
});

describe('sign-in of the console with the local issuer', () => {
  const form = (fields: Readonly<Record<string, string>>) => ({
    method: 'POST',
    token: undefined,
    body: new URLSearchParams(fields).toString(),
    headers: { 'content-type': 'application/x-www-form-urlencoded', origin: url },
  });

  it('goes by code and PKCE from discovery to data, and by a refresh token on', async () => {
    const settings = (await anonymous('/console/config.json')).body as Readonly<Record<string, string>>;
    const discovery = (await anonymous(`${settings.authority}/.well-known/openid-configuration`))
      .body as Readonly<Record<string, string>>;
    const pathOf = (address: string | undefined) => (address ?? '').replace(url, '');
    const verifier = randomBytes(32).toString('base64url');
    const asked = {
      client_id: settings.clientId ?? '',
      redirect_uri: `${url}/console/signed-in`,
      response_type: 'code',
      scope: settings.scope ?? '',
      state: 's1',
      nonce: 'n1',
      code_challenge: createHash('sha256').update(verifier).digest('base64url'),
      code_challenge_method: 'S256',
    };
    const page = await anonymous(`${pathOf(discovery.authorization_endpoint)}?${new URLSearchParams(asked)}`);
    expect(page.text).toContain('value="analyst"');
    const chosen = await send({
      path: pathOf(discovery.authorization_endpoint),
      ...form({ ...asked, person: 'analyst' }),
    });
    const back = new URL(chosen.headers.location ?? '');
    expect({
      status: chosen.status,
      to: back.origin + back.pathname,
      state: back.searchParams.get('state'),
    }).toEqual({ status: 303, to: asked.redirect_uri, state: 's1' });
    const client = { client_id: asked.client_id, redirect_uri: asked.redirect_uri };
    const code = { grant_type: 'authorization_code', code: back.searchParams.get('code') ?? '' };
    const tokenPath = pathOf(discovery.token_endpoint);
    const first = await send({ path: tokenPath, ...form({ ...client, ...code, code_verifier: verifier }) });
    const tokens = first.body as Readonly<Record<string, string>>;
    const read = await send({ path: `${collectionPath}?$top=1`, token: tokens.access_token });
    expect(itemsOf(read)).toHaveLength(1);
    const renewed = await send({
      path: tokenPath,
      ...form({
        client_id: asked.client_id,
        grant_type: 'refresh_token',
        refresh_token: tokens.refresh_token ?? '',
      }),
    });
    const { access_token: second } = renewed.body as Readonly<Record<string, string>>;
    expect((await send({ path: `${collectionPath}?$top=1`, token: second })).status).toBe(200);
    const out = new URLSearchParams({ post_logout_redirect_uri: `${url}/console/`, state: 's2' });
    const left = await anonymous(`${pathOf(discovery.end_session_endpoint)}?${out}`);
    expect(left.headers.location).toBe(`${url}/console/?state=s2`);
  });
});
