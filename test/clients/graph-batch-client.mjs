/**
 * Batches, long lists, errors and retries with the unmodified @microsoft/microsoft-graph-client, in a process of its own:
 * the certificate authority is read from NODE_EXTRA_CA_CERTS at start. Takes its orders from the environment, prints one
 * JSON object on stdout. Its middleware is as Client.init makes it; fetch is only listened to.
 */
import {
  BatchRequestContent,
  BatchResponseContent,
  Client,
  GraphError,
  PageIterator,
} from '@microsoft/microsoft-graph-client';

const { GRAPH_BASE_URL: baseUrl, GRAPH_TOKEN: token, GRAPH_SCENARIO: scenario } = process.env;
const collection = '/security/cloudAppSecurityProfiles';
const address = (path) => `${baseUrl}v1.0${collection}${path}`;

/** What went over the wire: status, and the headers the middleware added. */
const wire = [];
const ownFetch = globalThis.fetch;
globalThis.fetch = async (request, options) => {
  const startedMs = performance.now();
  const response = await ownFetch(request, options);
  const headers = new Headers(request instanceof Request ? request.headers : options.headers);
  wire.push({
    startedMs,
    status: response.status,
    retryAttempt: headers.get('retry-attempt'),
    sdkVersion: headers.get('sdkversion'),
    clientRequestId: headers.get('client-request-id'),
    answeredId: response.headers.get('client-request-id'),
    retryAfter: response.headers.get('retry-after'),
  });
  return response;
};

const client = Client.init({
  baseUrl,
  customHosts: new Set(['localhost']),
  authProvider: (done) => done(null, token),
});

/** What a GraphError tells its catcher. */
async function refusal(request) {
  try {
    return { answered: await request };
  } catch (error) {
    if (!(error instanceof GraphError)) throw error;
    const { statusCode, code, message, requestId, date, body, headers } = error;
    return {
      statusCode,
      code,
      message,
      requestId,
      date: date.toISOString(),
      body: JSON.parse(body),
      headers: Object.fromEntries(headers ?? []),
    };
  }
}

const step = (id, request, dependsOn) => ({ id, request, ...(dependsOn === undefined ? {} : { dependsOn }) });
const get = (path, headers = {}) => new Request(address(path), { headers });
const write = (method, path, body, headers = {}) =>
  new Request(address(path), {
    method,
    headers: { 'Content-Type': 'application/json', ...headers },
    body: JSON.stringify(body),
  });

/** Sends steps as the library's own content and reads the answers with the library's own reader. */
async function sendBatch(steps) {
  const content = await new BatchRequestContent(steps).getContent();
  const response = new BatchResponseContent(await client.api('/$batch').post(content));
  const answers = {};
  for (const [id, answer] of response.getResponsesIterator()) {
    const text = await response.getResponseById(id).clone().text();
    answers[id] = {
      status: answer.status,
      type: answer.headers.get('Content-Type'),
      requestId: answer.headers.get('request-id'),
      etag: answer.headers.get('ETag'),
      body: /^application\/json/.test(answer.headers.get('Content-Type') ?? '') ? JSON.parse(text) : text,
    };
  }
  return { content, answers };
}

const scenarios = {
  /** One after the other, each waiting for the one before. */
  async serial() {
    const { id } = await client.api(collection).post({ name: 'batched' });
    const etag = 'W/"1"';
    return {
      id,
      ...(await sendBatch([
        step('read', get(`/${id}`)),
        step('update', write('PATCH', `/${id}`, { riskScore: '7' }, { 'If-Match': etag }), ['read']),
        step('count', get(`/$count?$filter=${encodeURIComponent(`id eq '${id}'`)}`), ['update']),
        step('stale', write('PATCH', `/${id}`, { riskScore: '8' }, { 'If-Match': etag }), ['count']),
        step('never', write('DELETE', `/${id}`), ['stale']),
      ])),
      after: await client.api(`${collection}/${id}`).get(),
    };
  },

  /** Twenty at once: all the library allows. */
  async parallel() {
    const steps = Array.from({ length: 20 }, (_, index) =>
      step(`${index}`, write('POST', '', { name: `p${index}` })),
    );
    const { answers } = await sendBatch(steps);
    return { answers, wire };
  },

  /** All wait for one. */
  async same() {
    const absent = get('/00000000-0000-4000-8000-0000000000aa');
    const { answers } = await sendBatch([
      step('0', absent),
      step('1', get('?$top=1'), ['0']),
      step('2', write('POST', '', { name: 'never' }), ['0']),
    ]);
    return { answers };
  },

  /** No body, no content: what 204, 304 and null properties are to the library. */
  async bodiless() {
    const { id } = await client.api(collection).post({ name: 'short' });
    const { answers } = await sendBatch([
      step('null', get(`/${id}/policyName`)),
      step('same', get(`/${id}`, { 'If-None-Match': 'W/"1"' })),
      step('minimal', write('PATCH', `/${id}`, { name: 'x' }, { Prefer: 'return=minimal' })),
    ]);
    return { answers };
  },

  async tooMany() {
    const requests = Array.from({ length: 21 }, (_, index) => ({
      id: `${index}`,
      method: 'GET',
      url: collection,
    }));
    return refusal(client.api('/$batch').post({ requests }));
  },

  /** Every profile, in pages of 999. */
  async pages() {
    const seen = [];
    const first = await client
      .api(collection)
      .top(999)
      .select(['name', 'riskScore'])
      .filter("platform eq 'many'")
      .orderby('name desc')
      .count(true)
      .get();
    const iterator = new PageIterator(client, first, (item) => {
      seen.push([
        Object.keys(item)
          .filter((name) => !name.startsWith('@'))
          .join(),
        item.name,
      ]);
      return true;
    });
    await iterator.iterate();
    return {
      count: first['@odata.count'],
      shapes: [...new Set(seen.map(([shape]) => shape))],
      names: seen.map(([, name]) => name),
      complete: iterator.isComplete(),
      requests: wire.length,
    };
  },

  /** The error of each kind of refusal. */
  async errors() {
    return {
      filter: await refusal(client.api(collection).filter('nonsense eq 1').get()),
      absent: await refusal(client.api(`${collection}/x`).get()),
      forbidden: await refusal(client.api(collection).post({ name: 'x' })),
      notAcceptable: await refusal(client.api(collection).header('Accept', 'text/html').get()),
      method: await refusal(client.api(collection).put({})),
      segment: await refusal(client.api('/security/alerts').get()),
      expand: await refusal(client.api(collection).expand('tags').get()),
      wire,
    };
  },

  /** One write that is throttled first. */
  async retry() {
    const made = await client.api(collection).post({ name: 'patient' });
    return { made, wire };
  },
};

console.log(JSON.stringify(await scenarios[scenario]()));
