/** Calls from web pages: configured origins only, preflight without a token (digest 6.4). */
import { afterAll, describe, expect, it } from 'vitest';
import { collectionPath, expectRefusal, openService, patchOf, type Service } from '../support/conformance.ts';
import type { Answer } from '../support/exchange.ts';

const portal = 'https://portal.example.com';
const local = 'http://localhost:5173';
const [open, closed]: readonly Service[] = await Promise.all([
  openService('--no-sample', '--cors-origins', `${portal},${local}`),
  openService('--no-sample'),
]).then((services) => services as Service[]);
if (open === undefined || closed === undefined) throw new Error('no services');
afterAll(() => Promise.all([open.stop(), closed.stop()]));

const corsHeaders = (answer: Answer): Readonly<Record<string, string>> =>
  Object.fromEntries(Object.entries(answer.headers).filter(([name]) => name.startsWith('access-control-')));

const exposed =
  'ETag, Location, Preference-Applied, Content-Range, request-id, client-request-id, ' +
  'ReadWriteConsistencyToken, SdkVersion, WWW-Authenticate, x-ms-client-gcc-tenant, Retry-After';

/** What the browser asks before it lets a page send the Graph client's headers. */
const askedHeaders =
  'authorization,content-type,prefer,consistencylevel,client-request-id,sdkversion,if-match,odata-maxversion';

const preflight = (
  service: Service,
  origin: string,
  path = collectionPath,
  method = 'PATCH',
): Promise<Answer> =>
  service.send({
    method: 'OPTIONS',
    path,
    token: undefined,
    headers: {
      origin,
      'access-control-request-method': method,
      'access-control-request-headers': askedHeaders,
    },
  });

describe('a preflight', () => {
  it.each([portal, local])('of %s needs no token and is told everything', async (origin) => {
    for (const path of [collectionPath, `${collectionPath}/x`, '/v1.0/$batch', '/beta/', '/no/such/thing']) {
      const answer = await preflight(open, origin, path);
      expect([answer.status, answer.text]).toEqual([204, '']);
      expect(corsHeaders(answer)).toEqual({
        'access-control-allow-origin': origin,
        'access-control-allow-methods': 'GET, HEAD, POST, PATCH, PUT, DELETE, OPTIONS',
        'access-control-allow-headers': askedHeaders,
        'access-control-max-age': '3600',
        'access-control-expose-headers': exposed,
      });
      expect(answer.headers.vary).toMatch(/(^|, )Origin(,|$)/);
    }
  });

  it('never allows credentials', async () => {
    expect(await preflight(open, portal).then(corsHeaders)).not.toHaveProperty(
      'access-control-allow-credentials',
    );
  });

  it('that asks for no headers gets none', async () => {
    const answer = await open.send({
      method: 'OPTIONS',
      path: collectionPath,
      token: undefined,
      headers: { origin: portal, 'access-control-request-method': 'GET' },
    });
    expect(corsHeaders(answer)).not.toHaveProperty('access-control-allow-headers');
  });

  it('does not give back what is no list of names', async () => {
    const answer = await open.send({
      method: 'OPTIONS',
      path: collectionPath,
      token: undefined,
      headers: {
        origin: portal,
        'access-control-request-method': 'GET',
        'access-control-request-headers': '<script>("x")',
      },
    });
    expect([answer.status, corsHeaders(answer)['access-control-allow-headers']]).toEqual([204, undefined]);
  });

  it.each([
    'https://evil.example',
    'https://portal.example.com.evil.example',
    'http://portal.example.com',
    'https://portal.example.com:8443',
    'https://sub.portal.example.com',
    'null',
    'HTTPS://PORTAL.EXAMPLE.COM',
  ])('of %s is answered as any OPTIONS, without permission', async (origin) => {
    const answer = await preflight(open, origin);
    expect([answer.status, corsHeaders(answer)]).toEqual([204, {}]);
    expect(answer.headers.vary).toMatch(/(^|, )Origin(,|$)/);
  });
});

describe('a call from a page', () => {
  const fromPortal = { origin: portal };

  it('is answered with the origin and the headers a page may read', async () => {
    const profile = await open.create();
    for (const answer of [
      await open.send({ path: profile.path, headers: fromPortal }),
      await open.send(patchOf(profile, { name: 'x' }, fromPortal)),
      await open.send({ method: 'POST', path: collectionPath, body: {}, headers: fromPortal }),
      await open.send({ path: '/v1.0/$metadata', headers: fromPortal }),
      await open.send({ method: 'HEAD', path: profile.path, headers: fromPortal }),
      await open.send({ method: 'DELETE', path: profile.path, headers: fromPortal }),
    ]) {
      expect(answer.status).toBeLessThan(300);
      expect(corsHeaders(answer)).toEqual({
        'access-control-allow-origin': portal,
        'access-control-expose-headers': exposed,
      });
      expect(answer.headers.vary).toMatch(/(^|, )Origin(,|$)/);
    }
  });

  it('that is refused can be read by the page, too', async () => {
    const refusals = [
      await open.send({ path: collectionPath, token: undefined, headers: fromPortal }),
      await open.send({ path: `${collectionPath}/x`, headers: fromPortal }),
      await open.send({ path: '/v2.0/x', headers: fromPortal }),
      await open.send({ method: 'PUT', path: collectionPath, body: {}, headers: fromPortal }),
      await open.send({ path: `/v1.0/${'x'.repeat(20_000)}`, headers: fromPortal }),
      await open.send({
        method: 'POST',
        path: collectionPath,
        body: 'x'.repeat(1024 * 1024 + 1),
        headers: fromPortal,
      }),
    ];
    expect(refusals.map(({ status }) => status)).toEqual([401, 404, 400, 405, 414, 413]);
    for (const answer of refusals) {
      expect(corsHeaders(answer)).toEqual({
        'access-control-allow-origin': portal,
        'access-control-expose-headers': exposed,
      });
    }
  });

  it.each(['https://evil.example', 'null'])('of %s is answered without permission', async (origin) => {
    const answer = await open.send({ path: collectionPath, headers: { origin } });
    expect([answer.status, corsHeaders(answer)]).toEqual([200, {}]);
    expect(answer.headers.vary).toMatch(/(^|, )Origin(,|$)/);
  });

  it('without an origin varies by it all the same', async () => {
    const answer = await open.send({ path: collectionPath });
    expect([corsHeaders(answer), /(^|, )Origin(,|$)/.test(answer.headers.vary ?? '')]).toEqual([{}, true]);
  });
});

describe('without configured origins', () => {
  it('no answer mentions any', async () => {
    for (const answer of [
      await preflight(closed, portal),
      await closed.send({ path: collectionPath, headers: { origin: portal } }),
      await closed.send({ path: collectionPath, token: undefined, headers: { origin: portal } }),
    ]) {
      expect(corsHeaders(answer)).toEqual({});
      expect(answer.headers.vary).not.toMatch(/Origin/);
    }
  });

  it('a page cannot write by an ordinary form', async () => {
    const answer = await closed.send({
      method: 'POST',
      path: collectionPath,
      body: 'name=x',
      token: undefined,
      headers: { origin: portal, 'content-type': 'application/x-www-form-urlencoded' },
    });
    expectRefusal(answer, '401 InvalidAuthenticationToken tokenMissing', {
      message: /^No bearer token arrived\./,
      target: 'Authorization',
    });
  });
});
