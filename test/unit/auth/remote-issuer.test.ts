import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Authenticator, TenantId } from '../../../src/auth/authenticator.ts';
import { createFetchJson, type FetchJsonOptions } from '../../../src/auth/fetch-json.ts';
import {
  discoveryUrlOf,
  entraIssuers,
  fetchIssuerDocuments,
  type IssuerEvent,
  type RemoteIssuerOptions,
  trustRemoteIssuer,
} from '../../../src/auth/remote-issuer.ts';
import { limits } from '../../../src/limits.ts';
import { type IssuerServer, startIssuerServer } from './issuer-server.ts';
import {
  accepted,
  authenticatorFor,
  delegated,
  newTestKey,
  now,
  nowS,
  refused,
  sign,
  type TestKey,
  tenant,
} from './token-fixture.ts';

let first: TestKey;
let second: TestKey;
beforeAll(async () => {
  [first, second] = await Promise.all([newTestKey('first'), newTestKey('second')]);
});

let server: IssuerServer;
let clock = now;
beforeEach(async () => {
  clock = now;
  server = await startIssuerServer();
  server.keys = [first.publicJwk];
});
afterEach(() => server.close());

const wait = (ms: number): void => {
  clock = new Date(clock.getTime() + ms);
};

const options = (
  overrides: Partial<RemoteIssuerOptions> = {},
  bounds: FetchJsonOptions = {},
): RemoteIssuerOptions => ({
  issuer: server.issuer,
  tenants: 'any',
  claimStyle: 'entra',
  fetchJson: createFetchJson({ allowLoopbackHttp: true, ...bounds }),
  now: () => clock,
  ...overrides,
});

const trusting = (...all: RemoteIssuerOptions[]): Authenticator => {
  const trusted = all.map(trustRemoteIssuer);
  return authenticatorFor([], { issuers: () => trusted, now: () => clock });
};

let serial = 0;
/** A token not seen before: the authenticator remembers those it has verified. */
const newToken = (key: TestKey, overrides: Record<string, unknown> = {}): Promise<string> => {
  serial += 1;
  const iss = server.issuer.replaceAll('{tenantid}', tenant);
  return sign(key, delegated({ iss, uti: serial, exp: nowS + 30 * 86_400, ...overrides }));
};

const down = (_path: string, response: { destroy(): void }): boolean => {
  response.destroy();
  return true;
};

describe('trustRemoteIssuer', () => {
  it('fetches configuration and keys when the first token comes, and not again for the next', async () => {
    const authenticator = trusting(options());
    expect(server.requests).toEqual([]);
    for (let round = 0; round < 3; round += 1) await accepted(authenticator, await newToken(first));
    expect(server.requests).toEqual(['/organizations/v2.0/.well-known/openid-configuration', '/keys']);
  });

  it('fetches once for many requests at a time', async () => {
    const authenticator = trusting(options());
    const tokens = await Promise.all(Array.from({ length: 20 }, () => newToken(first)));
    await Promise.all(tokens.map((token) => accepted(authenticator, token)));
    expect(server.requests.length).toBe(2);
  });

  it('accepts tokens of v1.0 and v2.0 by the two configurations of one cloud', async () => {
    server.issuer = `${server.origin}/sts/{tenantid}/`;
    const [v2, v1] = entraIssuers(
      { authorityHost: server.origin, v1IssuerHost: `${server.origin}/sts` },
      'any',
    );
    server.answer = (path, response) => {
      if (path !== '/organizations/v2.0/.well-known/openid-configuration') return false;
      response.end(JSON.stringify({ issuer: v2?.issuer, jwks_uri: `${server.origin}/keys` }));
      return true;
    };
    const authenticator = trusting({ ...options(), ...v2 }, { ...options(), ...v1 });
    const v1Token = await newToken(first, {
      iss: `${server.origin}/sts/${tenant}/`,
      ver: '1.0',
      azp: undefined,
      appid: 'a',
    });
    expect((await accepted(authenticator, v1Token)).clientId).toBe('a');
    const v2Token = await newToken(first, { iss: `${server.origin}/${tenant}/v2.0` });
    expect((await accepted(authenticator, v2Token)).kind).toBe('delegated');
    expect(server.requests.filter((path) => path.includes('well-known'))).toEqual([
      '/organizations/.well-known/openid-configuration',
      '/organizations/v2.0/.well-known/openid-configuration',
    ]);
  });

  it('uses a key bound to an issuer for that issuer alone', async () => {
    server.keys = [{ ...first.publicJwk, issuer: server.issuer }];
    await accepted(trusting(options()), await newToken(first));
    server.keys = [{ ...first.publicJwk, issuer: 'https://other.example/{tenantid}/v2.0' }];
    expect((await refused(trusting(options()), `Bearer ${await newToken(first)}`)).code).toBe('tokenInvalid');
  });

  describe('when keys change', () => {
    it('learns a new key from the first token that names it', async () => {
      const authenticator = trusting(options());
      await accepted(authenticator, await newToken(first));
      server.keys = [second.publicJwk];
      wait(limits.issuerRefreshIntervalMs);
      await accepted(authenticator, await newToken(second));
      expect((await refused(authenticator, `Bearer ${await newToken(first)}`)).code).toBe('tokenInvalid');
      expect(server.requests.length).toBe(4);
    });

    it('asks for unknown keys once per interval, however many tokens name them', async () => {
      const authenticator = trusting(options());
      await accepted(authenticator, await newToken(first));
      wait(limits.issuerRefreshIntervalMs - 1);
      expect((await refused(authenticator, `Bearer ${await newToken(second)}`)).code).toBe('tokenInvalid');
      expect(server.requests.length).toBe(2);
      wait(1);
      const tokens = await Promise.all(Array.from({ length: 10 }, () => newToken(second)));
      const errors = await Promise.all(tokens.map((token) => refused(authenticator, `Bearer ${token}`)));
      expect(errors.map(({ code }) => code)).toEqual(tokens.map(() => 'tokenInvalid'));
      expect(server.requests.length).toBe(4);
    });

    it('fetches anew after a day without letting anybody wait', async () => {
      const events: IssuerEvent[] = [];
      let fetched: (() => void) | undefined;
      const again = new Promise<void>((resolve) => {
        fetched = resolve;
      });
      const report = (event: IssuerEvent): void => {
        if (events.push(event) === 2) fetched?.();
      };
      const authenticator = trusting(options({ report }));
      await accepted(authenticator, await newToken(first));
      wait(limits.issuerKeysLifetimeMs);
      await accepted(authenticator, await newToken(first));
      expect(server.requests.length).toBe(2);
      wait(1);
      server.keys = [first.publicJwk, second.publicJwk];
      await accepted(authenticator, await newToken(first));
      await again;
      expect(events).toEqual([
        { kind: 'issuerKeysFetched', issuer: server.issuer, keys: 1 },
        { kind: 'issuerKeysFetched', issuer: server.issuer, keys: 2 },
      ]);
    });
  });

  describe('when the issuer is down', () => {
    it('answers 503 with Retry-After, asks once per interval, and recovers', async () => {
      server.answer = down;
      const events: IssuerEvent[] = [];
      const authenticator = trusting(options({ report: (event) => events.push(event) }));
      const token = await newToken(first);
      const error = await refused(authenticator, `Bearer ${token}`);
      expect([error.code, error.status, error.headers]).toEqual([
        'issuerUnavailable',
        503,
        { 'Retry-After': '30' },
      ]);
      await refused(authenticator, `Bearer ${token}`);
      expect(server.requests.length).toBe(1);
      expect(events).toEqual([{ kind: 'issuerKeysFailed', issuer: server.issuer, error: expect.any(Error) }]);
      server.answer = undefined;
      wait(limits.issuerRefreshIntervalMs);
      await accepted(authenticator, token);
    });

    it('serves with the last good keys for a week; a key it does not know is 503', async () => {
      const authenticator = trusting(options());
      await accepted(authenticator, await newToken(first));
      server.answer = down;
      wait(limits.issuerKeysStaleMaxMs);
      await accepted(authenticator, await newToken(first));
      expect((await refused(authenticator, `Bearer ${await newToken(second)}`)).code).toBe(
        'issuerUnavailable',
      );
      wait(1);
      expect((await refused(authenticator, `Bearer ${await newToken(first)}`)).code).toBe(
        'issuerUnavailable',
      );
    });

    it('takes an issuer that answers too slowly for one that is down', async () => {
      server.answer = (path) => path === '/keys'; // never answered
      const error = await refused(
        trusting(options({}, { timeoutMs: 50 })),
        `Bearer ${await newToken(first)}`,
      );
      expect(error.code).toBe('issuerUnavailable');
    });

    it('is not blocked when the clock is set back', async () => {
      server.answer = down;
      const authenticator = trusting(options());
      const token = await newToken(first, { nbf: undefined });
      await refused(authenticator, `Bearer ${token}`);
      server.answer = undefined;
      wait(-3_600_000);
      await accepted(authenticator, token);
    });
  });
});

describe('fetchIssuerDocuments', () => {
  it('says who the issuer is, which keys it has and what time it is there', async () => {
    const { issuer, jwks, serverTime } = await fetchIssuerDocuments(options());
    expect([issuer, jwks]).toEqual([server.issuer, [first.publicJwk]]);
    expect(Math.abs((serverTime?.getTime() ?? 0) - Date.now())).toBeLessThan(5000);
  });

  it('takes the configuration of one tenant that is served', async () => {
    server.issuer = `${server.origin}/${tenant}/v2.0`;
    const issuer = `${server.origin}/{tenantid}/v2.0`;
    const discoveryUrl = discoveryUrlOf(server.issuer);
    const served = options({ issuer, discoveryUrl, tenants: new Set([tenant as TenantId]) });
    expect((await fetchIssuerDocuments(served)).issuer).toBe(server.issuer);
    await expect(fetchIssuerDocuments(options({ issuer, discoveryUrl }))).rejects.toThrow(/names the issuer/);
  });

  const answers = (body: string, status = 200) => {
    server.answer = (_path, response) => {
      response.statusCode = status;
      response.setHeader('Location', `${server.origin}/elsewhere/keys`).end(body);
      return true;
    };
  };

  it.each([
    ['a redirect', 302, '', /answered 302/],
    ['not found', 404, '', /answered 404/],
    ['no JSON', 200, '<html>', /did not answer with JSON/],
    ['another issuer', 200, '{"issuer":"https://evil.example"}', /names the issuer "https:\/\/evil.example"/],
    ['no object', 200, '[]', /names the issuer undefined/],
  ])('refuses %s', async (_name, status, body, message) => {
    answers(body, status);
    await expect(fetchIssuerDocuments(options())).rejects.toThrow(message);
  });

  it.each([
    ['no key set', { keys: 'none' }, /holds no key set/],
    ['no key', { keys: [] }, /holds no key$/],
    ['only things that are no keys', { keys: [null, 1, {}] }, /holds no key$/],
    [
      'too many keys',
      { keys: Array.from({ length: limits.issuerKeysMax + 1 }, () => ({ kty: 'RSA' })) },
      /more than 200 keys/,
    ],
  ])('refuses a key set with %s', async (_name, value, message) => {
    server.answer = (path, response) => {
      if (!path.endsWith('/keys')) return false;
      response.end(JSON.stringify(value));
      return true;
    };
    await expect(fetchIssuerDocuments(options())).rejects.toThrow(message);
  });

  it('reads a document of the size allowed and refuses one byte more', async () => {
    const sized = (bytes: number) => JSON.stringify({ keys: [first.publicJwk], pad: '' }).length - bytes;
    const send = (bytes: number) => {
      server.answer = (path, response) => {
        if (!path.endsWith('/keys')) return false;
        response.end(JSON.stringify({ keys: [first.publicJwk], pad: 'x'.repeat(-sized(bytes)) }));
        return true;
      };
    };
    send(limits.issuerDocumentBytesMax);
    expect((await fetchIssuerDocuments(options())).jwks.length).toBe(1);
    send(limits.issuerDocumentBytesMax + 1);
    await expect(fetchIssuerDocuments(options())).rejects.toThrow(/sent more than 262144 bytes/);
  });

  it.each([
    'http://localhost:9/keys',
    'https://keys.localhost./keys',
    'https://[::1]:9/keys',
    'https://169.254.169.254/keys',
    'https://0x7f000002/keys',
  ])('does not follow a jwks_uri to %s', async (keysUrl) => {
    server.keysUrl = keysUrl;
    await expect(fetchIssuerDocuments(options())).rejects.toThrow(/on another machine by address/);
  });

  it.each([
    ['http://issuer.example/{tenantid}/v2.0', /must begin with https/],
    ['https://user:secret@issuer.example/{tenantid}/v2.0', /must not hold a user name/],
    ['file:///etc/{tenantid}', /must begin with https/],
    ['issuer', /is not an address/],
  ])('does not fetch from %s', async (issuer, message) => {
    await expect(fetchIssuerDocuments(options({ issuer }))).rejects.toThrow(message);
  });

  it('fetches over plain http only where that is allowed', async () => {
    await expect(fetchIssuerDocuments(options({}, { allowLoopbackHttp: false }))).rejects.toThrow(
      /must begin with https/,
    );
  });
});

describe('entraIssuers', () => {
  it('asks a single tenant’s configuration under its own address', () => {
    const cloud = { authorityHost: 'https://login.example', v1IssuerHost: 'https://sts.example' };
    expect(entraIssuers(cloud, new Set([tenant as TenantId]))).toEqual([
      {
        issuer: 'https://login.example/{tenantid}/v2.0',
        discoveryUrl: `https://login.example/${tenant}/v2.0/.well-known/openid-configuration`,
      },
      {
        issuer: 'https://sts.example/{tenantid}/',
        discoveryUrl: `https://login.example/${tenant}/.well-known/openid-configuration`,
      },
    ]);
  });
});
