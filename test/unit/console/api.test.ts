import { describe, expect, it } from 'vitest';
import { type Api, ApiError, type ApiParts, type Connection, createApi } from '../../../console/src/api.ts';
import { createStore } from '../../../console/src/store.ts';

/** One exchange as the API made it. */
interface Sent {
  readonly method: string;
  readonly path: string;
  readonly headers: Headers;
  readonly body: unknown;
}

type Answer = Response | 'gone' | ((sent: Sent) => Response);

const root = 'https://casp.example/v1.0';
const json = (body: unknown, status = 200, headers: Readonly<Record<string, string>> = {}) =>
  new Response(JSON.stringify(body), { status, headers: { 'Content-Type': 'application/json', ...headers } });
const refusal = (status: number, headers: Readonly<Record<string, string>> = {}) =>
  json(
    {
      error: {
        code: 'Outer',
        message: 'Why.',
        target: 'name',
        innerError: { code: 'inner', 'request-id': 'r1' },
      },
    },
    status,
    headers,
  );

/** An API whose server gives the answers in turn; waiting takes no time and is written down. */
function createFixture(...answers: readonly Answer[]) {
  const waiting = [...answers];
  const sent: Sent[] = [];
  const waits: number[] = [];
  const ended: string[] = [];
  const seen: Connection['kind'][] = [];
  const connection = createStore<Connection>({ kind: 'online' });
  connection.subscribe(() => seen.push(connection.get().kind));
  let tokens = 1;
  const parts: ApiParts = {
    root,
    collectionPath: '/security/profiles',
    async fetch(input, init) {
      init?.signal?.throwIfAborted();
      const { method, url, headers } = new Request(input, init);
      const text = typeof init?.body === 'string' ? init.body : undefined;
      const exchange = { method, path: url.slice(root.length), headers, body: text && JSON.parse(text) };
      sent.push(exchange);
      const answer = waiting.shift();
      if (answer === undefined) throw new Error(`no answer is left for ${method} ${url}`);
      if (answer === 'gone') throw new TypeError('fetch failed');
      return typeof answer === 'function' ? answer(exchange) : answer;
    },
    getToken: async () => `token${tokens}`,
    endSession(token) {
      ended.push(token);
      tokens += 1;
    },
    connection,
    newId: () => 'id',
    now: () => 0,
    async wait(ms, signal) {
      waits.push(ms);
      signal?.throwIfAborted();
    },
  };
  return { api: createApi(parts), sent, waits, ended, seen, connection };
}

const failureOf = async (work: Promise<unknown>): Promise<unknown> => {
  try {
    await work;
  } catch (error) {
    return error;
  }
  throw new Error('nothing was thrown');
};

describe('requests', () => {
  it('carry the token and an id, and PATCH its entity tag', async () => {
    const { api, sent } = createFixture(json({ id: 'a/b' }));
    expect(await api.patchEntity('a/b', { name: null }, 'W/"3"')).toEqual({ id: 'a/b' });
    expect(sent.map(({ method, path, body }) => [method, path, body])).toEqual([
      ['PATCH', '/security/profiles/a%2Fb', { name: null }],
    ]);
    const [headers] = sent.map((each) => each.headers);
    expect(
      ['authorization', 'client-request-id', 'if-match', 'content-type'].map((name) => headers?.get(name)),
    ).toEqual(['Bearer token1', 'id', 'W/"3"', 'application/json']);
  });

  it('for lists name only what is asked', async () => {
    const { api, sent } = createFixture(
      json({ value: [{ id: '1' }], '@odata.count': 7, '@odata.nextLink': 'n' }),
    );
    expect(await api.getPage({ filter: "name eq 'a'", select: ['id', 'name'], top: 5, count: true })).toEqual(
      {
        items: [{ id: '1' }],
        count: 7,
        nextLink: 'n',
      },
    );
    expect(sent[0]?.path).toBe(
      '/security/profiles?$filter=name%20eq%20%27a%27&$select=id,name&$top=5&$count=true',
    );
  });

  it('follow links on the origin of the page, whatever the link names', async () => {
    const { api, sent } = createFixture(json({ value: [] }));
    await api.getNextPage('http://elsewhere.example:8080/v1.0/security/profiles?$skiptoken=x');
    expect(sent[0]?.path).toBe('/security/profiles?$skiptoken=x');
  });

  it('for $apply read all pages', async () => {
    const next = `${root}/security/profiles?$skiptoken=x`;
    const { api } = createFixture(
      json({ value: [{ n: 1 }], '@odata.nextLink': next }),
      json({ value: [{ n: 2 }] }),
    );
    expect(await api.apply('aggregate($count as n)')).toEqual([{ n: 1 }, { n: 2 }]);
  });

  it('count, read changes and export by their own addresses', async () => {
    const { api, sent } = createFixture(
      new Response('12'),
      json({ value: [] }),
      json({ value: [] }),
      new Response('x'),
    );
    expect(await api.getCount({ filter: 'isSigned eq false' })).toBe(12);
    await api.changes({ id: 'a', top: 3 });
    await api.changes({ filter: "kind eq 'deleted'" });
    await (await api.openExport({ filter: 'a eq 1', top: 5, count: true }, 'csv-raw')).text();
    expect(sent.map(({ path }) => path)).toEqual([
      '/security/profiles/$count?$filter=isSigned%20eq%20false',
      '/security/profiles/a/casp.changes()?$top=3',
      '/security/profiles/casp.changes()?$filter=kind%20eq%20%27deleted%27',
      '/security/profiles?$filter=a%20eq%201&$top=5&$format=text/csv%3Braw%3Dtrue',
    ]);
    expect(sent[1]?.headers.get('accept')).toBe('application/json;odata.metadata=none');
  });
});

describe('refusals', () => {
  it('become errors with all the service said', async () => {
    const { api } = createFixture(refusal(412));
    const error = await failureOf(api.patchEntity('a', {}, 'W/"1"'));
    expect(error).toBeInstanceOf(ApiError);
    expect({ ...(error as ApiError), message: (error as ApiError).message, body: undefined }).toEqual({
      name: 'ApiError',
      status: 412,
      code: 'Outer',
      innerCode: 'inner',
      message: 'Why.',
      target: 'name',
      requestId: 'r1',
      retryAfterS: undefined,
      body: undefined,
    });
  });

  it('without a Graph body name the status', async () => {
    const { api } = createFixture(new Response('<html>', { status: 500, headers: { 'request-id': 'r2' } }));
    expect(await failureOf(api.getEntity('a'))).toMatchObject({
      status: 500,
      code: 'unreadable',
      requestId: 'r2',
    });
  });

  it('are plain answers to a raw request', async () => {
    const { api } = createFixture(refusal(429, { 'Retry-After': '5' }));
    expect((await api.send({ method: 'GET', path: '/x', raw: true })).status).toBe(429);
  });
});

describe('waiting', () => {
  it.each(['GET', 'PATCH'])('%s goes on after Retry-After', async (method) => {
    const { api, waits, seen } = createFixture(refusal(429, { 'Retry-After': '7' }), json({ done: true }));
    expect((await api.send({ method, path: '/x' })).json).toEqual({ done: true });
    expect([waits, seen]).toEqual([[7000], ['throttled', 'online']]);
  });

  it('longer than five minutes is left to people', async () => {
    const { api, waits } = createFixture(refusal(503, { 'Retry-After': '301' }));
    expect(await failureOf(api.send({ method: 'POST', path: '/x' }))).toMatchObject({
      status: 503,
      retryAfterS: 301,
    });
    expect(waits).toEqual([]);
  });

  it('for a server that is gone backs off to half a minute', async () => {
    const gone = Array.from({ length: 7 }, () => 'gone' as const);
    const { api, waits, seen } = createFixture(...gone, json({}));
    await api.getEntity('a');
    expect(waits).toEqual([1000, 2000, 4000, 8000, 16_000, 30_000, 30_000]);
    expect([seen[0], seen.at(-1)]).toEqual(['offline', 'online']);
  });

  it('is not for a write: nobody knows whether it was carried out', async () => {
    const { api, waits } = createFixture('gone');
    expect(await failureOf(api.patchEntity('a', {}, 'W/"1"'))).toMatchObject({ status: 0, code: 'offline' });
    expect(waits).toEqual([]);
  });

  it('ends with the signal, and so does the banner', async () => {
    const { api, connection } = createFixture('gone');
    const controller = new AbortController();
    const work = api.getEntity('a', controller.signal);
    controller.abort();
    expect(await failureOf(work)).toMatchObject({ name: 'AbortError' });
    expect(connection.get().kind).toBe('online');
  });
});

describe('a token', () => {
  it('that was good and is refused ends the session; the request goes on with the next', async () => {
    const { api, ended, sent } = createFixture(json({}), refusal(401), json({ id: 'a' }));
    await api.getEntity('a');
    expect(await api.getEntity('a')).toEqual({ id: 'a' });
    expect(ended).toEqual(['token1']);
    expect(sent.map(({ headers }) => headers.get('authorization'))).toEqual([
      'Bearer token1',
      'Bearer token1',
      'Bearer token2',
    ]);
  });

  it('that never was good is a fault to show', async () => {
    const { api, ended } = createFixture(refusal(401));
    expect(await failureOf(api.getEntity('a'))).toMatchObject({ status: 401 });
    expect(ended).toEqual([]);
  });
});

describe('a batch', () => {
  const answerAll = ({ body }: Sent): Response => {
    const { requests } = body as { readonly requests: readonly { readonly id: string }[] };
    // In another order, and without an answer to the last one.
    const answered = requests.filter(({ id }) => id !== '44').toReversed();
    return json({
      responses: answered.map(({ id }) => ({
        id,
        status: id === '3' ? 412 : 200,
        headers: { ETag: 'W/"2"' },
        body: id === '3' ? { error: { code: 'PreconditionFailed', message: 'No.' } } : { id },
      })),
    });
  };

  it('of 45 goes in three, and every part has its own answer in its place', async () => {
    const { api, sent } = createFixture(answerAll, answerAll, answerAll);
    const answers: Awaited<ReturnType<Api['batch']>> = await api.batch(
      Array.from({ length: 45 }, (_, index) => ({
        id: String(index),
        method: 'PATCH',
        path: `/security/profiles/${index}`,
        headers: { 'If-Match': 'W/"1"' },
        body: { name: 'x' },
      })),
    );
    const groups = sent.map(({ body }) => (body as { readonly requests: readonly unknown[] }).requests);
    expect(groups.map(({ length }) => length)).toEqual([20, 20, 5]);
    expect(groups[0]?.[0]).toEqual({
      id: '0',
      method: 'PATCH',
      url: '/security/profiles/0',
      headers: { 'Content-Type': 'application/json', 'If-Match': 'W/"1"' },
      body: { name: 'x' },
    });
    expect(answers.map(({ id }) => id)).toEqual(Array.from({ length: 45 }, (_, index) => String(index)));
    expect(answers[0]).toEqual({
      id: '0',
      status: 200,
      headers: { etag: 'W/"2"' },
      body: { id: '0' },
      error: undefined,
    });
    expect(answers[3]?.error).toMatchObject({ status: 412, code: 'PreconditionFailed' });
    expect(answers[44]).toMatchObject({ status: 0, error: { code: 'offline' } });
  });
});
