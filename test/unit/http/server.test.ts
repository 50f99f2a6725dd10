import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { Agent, type IncomingMessage, request as httpRequest, type RequestOptions } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { connect, type Socket } from 'node:net';
import { brotliDecompressSync, deflateSync, gunzipSync, gzipSync, brotliCompressSync } from 'node:zlib';
import { afterEach, describe, expect, it } from 'vitest';
import { errorTable, ServiceError } from '../../../src/errors.ts';
import type { HttpRequest, HttpResponse } from '../../../src/http/message.ts';
import { createOperations, type ReadinessCheck } from '../../../src/http/operations.ts';
import { createHttpServer, type HttpServer, type HttpServerOptions } from '../../../src/http/server.ts';
import { limits } from '../../../src/limits.ts';
import { createLog } from '../../../src/observe/log.ts';
import { createMetrics } from '../../../src/observe/metrics.ts';
import type { Observation } from '../../../src/observe/observation.ts';
import { generate } from 'selfsigned';

const guid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
const imfFixdate = /^(Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT$/;
const diagnostic =
  '{"ServerInfo":{"DataCenter":"test","Slice":"E","Ring":"1","ScaleUnit":"000","RoleInstance":"casp"}}';

/** The headers every answer has, whatever happened. */
const standardHeaders = {
  'request-id': expect.stringMatching(guid),
  'client-request-id': expect.stringMatching(guid),
  'x-ms-ags-diagnostic': diagnostic,
  'strict-transport-security': 'max-age=31536000',
  'x-content-type-options': 'nosniff',
  'cache-control': 'no-cache',
  vary: 'Accept-Encoding',
  date: expect.stringMatching(imfFixdate),
};
const keptAlive = { connection: 'keep-alive', 'keep-alive': 'timeout=65' };
const hungUp = { connection: 'close' };

interface Answer {
  readonly status: number;
  readonly headers: Record<string, string>;
  readonly body: string;
}

function respondError(error: unknown, { id, clientRequestId }: Pick<HttpRequest, 'id' | 'clientRequestId'>): HttpResponse {
  const known = error instanceof ServiceError ? error : new ServiceError('internalError', 'The service failed.');
  const innerError = { code: known.code, 'request-id': id, 'client-request-id': clientRequestId };
  const body = JSON.stringify({ error: { code: errorTable[known.code].graphCode, message: known.message, innerError } });
  return { status: known.status, headers: { 'Content-Type': 'application/json', ...known.headers }, body };
}

/** The JSON answer to a refusal: all headers, and the body with the ids of the headers. */
function expectRefusal(answer: Answer, code: keyof typeof errorTable, message: string, extra: Record<string, string>) {
  expect(answer).toEqual({
    status: errorTable[code].status,
    headers: {
      ...standardHeaders,
      'content-type': 'application/json',
      'content-length': String(Buffer.byteLength(answer.body)),
      ...extra,
    },
    body: JSON.stringify({
      error: {
        code: errorTable[code].graphCode,
        message,
        innerError: {
          code,
          'request-id': answer.headers['request-id'],
          'client-request-id': answer.headers['client-request-id'],
        },
      },
    }),
  });
}

/** Tells back what arrived. */
const echo = async (request: HttpRequest): Promise<HttpResponse> => ({
  status: 200,
  headers: { 'Content-Type': 'application/json' },
  body: JSON.stringify({
    method: request.method,
    target: request.target,
    body: request.body === undefined ? null : Buffer.from(request.body).toString('latin1'),
    publicUrl: request.publicUrl,
    remoteAddress: request.remoteAddress,
  }),
});

const text = (body: string, headers: Record<string, string> = {}) => async (): Promise<HttpResponse> => ({
  status: 200,
  headers: { 'Content-Type': 'text/plain', ...headers },
  body,
});

interface Running {
  readonly port: number;
  readonly server: HttpServer;
  readonly observations: Observation[];
  /** Resolves with the first observation of the kind, past or to come. */
  observed<Kind extends Observation['kind']>(kind: Kind): Promise<Extract<Observation, { kind: Kind }>>;
}

const running: HttpServer[] = [];
const sockets: Socket[] = [];
afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy();
  await Promise.all(running.splice(0).map((server) => server.close()));
});

async function start(parts: Partial<HttpServerOptions> = {}): Promise<Running> {
  const observations: Observation[] = [];
  const waiting = new Set<() => void>();
  const server = createHttpServer({
    handler: echo,
    respondError,
    publicUrl: (port) => `http://localhost:${port}/`,
    corsOrigins: [],
    trustedProxies: [],
    newRequestId: randomUUID,
    regionLabel: 'test',
    ...parts,
    observe: (observation) => {
      observations.push(observation);
      parts.observe?.(observation);
      for (const look of waiting) look();
    },
  });
  running.push(server);
  const { port } = await server.listen({ host: '127.0.0.1', port: 0 });
  const observed: Running['observed'] = (kind) =>
    new Promise((resolve) => {
      const look = () => {
        const found = observations.find((observation) => observation.kind === kind);
        if (found === undefined) return;
        waiting.delete(look);
        resolve(found as Parameters<typeof resolve>[0]);
      };
      waiting.add(look);
      look();
    });
  return { port, server, observations, observed };
}

function open(port: number): Socket {
  const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
  socket.on('error', () => {});
  sockets.push(socket);
  return socket;
}

/** Splits one answer off; undefined while it is not complete. */
function splitAnswer(bytes: Buffer, method = 'GET'): { answer: Answer; rest: Buffer } | undefined {
  const headEnd = bytes.indexOf('\r\n\r\n');
  if (headEnd === -1) return undefined;
  const [statusLine = '', ...lines] = bytes.toString('latin1', 0, headEnd).split('\r\n');
  const headers: Record<string, string> = {};
  for (const line of lines) {
    const colon = line.indexOf(': ');
    const name = line.slice(0, colon).toLowerCase();
    expect(headers, `${name} is sent once`).not.toHaveProperty(name);
    headers[name] = line.slice(colon + 2);
  }
  const status = Number(statusLine.split(' ')[1]);
  const bodyless = method === 'HEAD' || status === 204 || status === 304 || status < 200;
  const length = bodyless ? 0 : Number(headers['content-length']);
  const bodyStart = headEnd + 4;
  if (bytes.length < bodyStart + length) return undefined;
  const body = bytes.toString('utf8', bodyStart, bodyStart + length);
  return { answer: { status, headers, body }, rest: bytes.subarray(bodyStart + length) };
}

/** Reads answers off a socket one by one; rejects when it closes early. */
function answersOf(socket: Socket) {
  let bytes = Buffer.alloc(0);
  let closed = false;
  let wake = () => {};
  socket.on('data', (chunk: Buffer) => {
    bytes = Buffer.concat([bytes, chunk]);
    wake();
  });
  for (const event of ['end', 'close']) {
    socket.on(event, () => {
      closed = true;
      wake();
    });
  }
  const changed = () => new Promise<void>((resolve) => (wake = resolve));
  return {
    async next(method = 'GET'): Promise<Answer> {
      for (;;) {
        const split = splitAnswer(bytes, method);
        if (split !== undefined) {
          bytes = Buffer.from(split.rest);
          return split.answer;
        }
        if (closed) throw new Error(`closed with ${JSON.stringify(bytes.toString())}`);
        await changed();
      }
    },
    /** What came after the last answer, once the server has closed. */
    async rest(): Promise<string> {
      while (!closed) await changed();
      return bytes.toString();
    },
  };
}

/** Sends bytes and reads the one answer after which the server closes. */
async function exchange(port: number, ...parts: readonly (string | Uint8Array)[]): Promise<Answer> {
  const socket = open(port);
  const answers = answersOf(socket);
  for (const part of parts) socket.write(part);
  const answer = await answers.next();
  expect(await answers.rest()).toBe('');
  return answer;
}

interface Fetched {
  readonly status: number;
  readonly headers: IncomingMessage['headers'];
  readonly body: Buffer;
}

function call(port: number, options: RequestOptions = {}, body?: string | Uint8Array): Promise<Fetched> {
  return new Promise((resolve, reject) => {
    const outgoing = httpRequest({ port, host: '127.0.0.1', agent: false, ...options }, (incoming) => {
      const chunks: Buffer[] = [];
      incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
      incoming.on('error', reject);
      incoming.on('end', () =>
        resolve({ status: incoming.statusCode ?? 0, headers: incoming.headers, body: Buffer.concat(chunks) }),
      );
    });
    outgoing.on('error', reject);
    outgoing.end(body);
  });
}

const readJson = ({ body }: { body: string | Buffer }): unknown => JSON.parse(body.toString());

describe('what reaches the handler', () => {
  it.each([
    '/beta/security/cloudAppSecurityProfiles/a%2Fb//c/?$filter=name%20eq%20%27x%27&$top=1',
    "/v1.0/security/cloudAppSecurityProfiles('a')/..;/./%",
    '/%zz?%',
    '*',
    `/${'a'.repeat(limits.addressBytesMax - 1)}`,
  ])('the target as it came: %.60s', async (target) => {
    const { port } = await start();
    const answer = await exchange(port, `OPTIONS ${target} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n`);
    expect(readJson(answer)).toEqual({
      method: 'OPTIONS',
      target,
      body: null,
      publicUrl: `http://localhost:${port}`,
      remoteAddress: '127.0.0.1',
    });
  });

  it.each([
    ['http://any.example/beta/x?y=1', '/beta/x?y=1'],
    ['HTTPS://any.example:8443', '/'],
    ['http://any.example?y', '/?y'],
  ])('the path of an absolute address %s', async (target, path) => {
    const { port } = await start();
    const answer = await exchange(port, `GET ${target} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n`);
    expect(readJson(answer)).toMatchObject({ target: path });
  });

  it.each(['GET', 'POST', 'PATCH', 'PUT', 'DELETE', 'TRACE', 'PROPFIND', 'QUERY', 'MERGE'])('method %s', async (method) => {
    const { port } = await start();
    const answer = await exchange(port, `${method} /x HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n`);
    expect(readJson(answer)).toMatchObject({ method, target: '/x' });
  });

  it.each([
    ['application/json', '{"a":1}'],
    ['text/plain', 'plain'],
    ['not a media type', 'x'],
    [undefined, '\u0000\u00ff'],
  ])('the bytes of a body of type %s', async (type, body) => {
    const { port } = await start();
    const headers = type === undefined ? {} : { 'content-type': type };
    const bytes = Buffer.from(body, 'latin1');
    for (const method of ['PATCH', 'DELETE', 'GET']) {
      const sized = { ...headers, 'content-length': bytes.length };
      expect(readJson(await call(port, { method, headers: sized }, bytes))).toMatchObject({ method, body });
    }
    const chunked = { ...headers, 'transfer-encoding': 'chunked' };
    expect(readJson(await call(port, { method: 'POST', headers: chunked }, bytes))).toMatchObject({ body });
  });

  it('no body where none was sent, with or without Content-Length and type', async () => {
    const { port } = await start();
    const headers = { 'content-type': 'application/json', 'content-length': 0 };
    expect(readJson(await call(port, { method: 'PATCH', headers }))).toMatchObject({ body: null });
    const chunked = { 'transfer-encoding': 'chunked' };
    expect(readJson(await call(port, { method: 'PATCH', headers: chunked }))).toMatchObject({ body: null });
  });

  it('headers in lower case, repeated ones joined, none dropped', async () => {
    let headers: HttpRequest['headers'] = {};
    const handler = (request: HttpRequest) => {
      headers = request.headers;
      return text('ok')();
    };
    const { port } = await start({ handler });
    const many = Array.from({ length: 2100 }, (_, index) => `x${index}: 1\r\n`).join('');
    const lines = 'Host: a\r\nAuthorization: Bearer a\r\nPREFER: b\r\nauthorization: Bearer c\r\nPrefer: d\r\nSet-Cookie: e';
    await exchange(port, `GET / HTTP/1.1\r\n${lines}\r\n${many}Accept-Version: 9\r\nConnection: close\r\n\r\n`);
    const numbered = Object.fromEntries(Array.from({ length: 2100 }, (_, index) => [`x${index}`, '1']));
    expect(headers).toEqual({
      host: 'a',
      authorization: 'Bearer a, Bearer c',
      prefer: 'b, d',
      'accept-version': '9',
      connection: 'close',
      ...numbered,
    });
  });

  it('operations first, then mounts by whole segments, then the service', async () => {
    const operations = createOperations({ readiness: async () => [] });
    const mounts = [{ prefix: '/console', handler: text('console') }];
    const { port } = await start({ operations, mounts, handler: text('service') });
    const answers: Record<string, string> = {};
    for (const path of ['/livez', '/console', '/console/a', '/console?x', '/consoles', '/beta', '/metrics']) {
      answers[path] = (await call(port, { path })).body.toString();
    }
    expect(answers).toEqual({
      '/livez': 'live\n',
      '/console': 'console',
      '/console/a': 'console',
      '/console?x': 'console',
      '/consoles': 'service',
      '/beta': 'service',
      '/metrics': 'service',
    });
  });
});

describe('every answer', () => {
  it('carries the ids, the date and the security headers', async () => {
    const { port, observed } = await start({ handler: text('hällo', { ETag: 'W/"1"' }) });
    const answer = await exchange(port, 'GET /a?secret HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n');
    expect(answer).toEqual({
      status: 200,
      headers: {
        ...standardHeaders,
        'client-request-id': answer.headers['request-id'],
        'content-type': 'text/plain',
        'content-length': '6',
        etag: 'W/"1"',
        ...hungUp,
      },
      body: 'hällo',
    });
    expect(await observed('requestCompleted')).toEqual({
      kind: 'requestCompleted',
      requestId: answer.headers['request-id'],
      clientRequestId: answer.headers['request-id'],
      method: 'GET',
      path: '/a',
      status: 200,
      durationMs: expect.any(Number),
    });
  });

  const longest = 'x'.repeat(limits.clientRequestIdCharactersMax);
  it.each([
    ['my-request', 'my-request'],
    [longest, longest],
    [`${longest}x`, undefined],
    ['two words', undefined],
    ['é', undefined],
    ['', undefined],
  ])('echoes the client-request-id %s where it is usable', async (sent, echoed) => {
    const { port } = await start();
    const { headers } = await call(port, { headers: { 'client-request-id': sent } });
    expect(headers['client-request-id']).toBe(echoed ?? headers['request-id']);
  });

  it("keeps the response's own Cache-Control and adds to its Vary", async () => {
    const { port } = await start({ handler: text('x', { 'Cache-Control': 'no-store', Vary: 'Accept, Prefer' }) });
    const { headers } = await call(port);
    expect([headers['cache-control'], headers.vary]).toEqual(['no-store', 'Accept, Prefer, Accept-Encoding']);
  });

  it('to HEAD has the headers of GET and no body', async () => {
    const { port } = await start({ handler: text('12345') });
    const socket = open(port);
    const answers = answersOf(socket);
    socket.write('HEAD / HTTP/1.1\r\nHost: a\r\n\r\n');
    expect(await answers.next('HEAD')).toEqual({
      status: 200,
      headers: { ...standardHeaders, 'content-type': 'text/plain', 'content-length': '5', ...keptAlive },
      body: '',
    });
    socket.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
    expect((await answers.next()).body).toBe('12345');
  });

  it('to HEAD over a refused address has no body either', async () => {
    const { port } = await start({ limits: { addressBytesMax: 10 } });
    const { status, body } = await call(port, { method: 'HEAD', path: '/0123456789' });
    expect([status, body.length]).toEqual([414, 0]);
  });

  it.each([204, 304])('of status %i has no body and no length', async (status) => {
    const { port } = await start({ handler: async () => ({ status, headers: { ETag: 'W/"1"' }, body: undefined }) });
    const socket = open(port);
    socket.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
    expect(await answersOf(socket).next()).toEqual({
      status,
      headers: { ...standardHeaders, etag: 'W/"1"', ...keptAlive },
      body: '',
    });
  });

  it('without a body says so', async () => {
    const { port } = await start({ handler: async () => ({ status: 200, headers: {}, body: undefined }) });
    expect((await call(port)).headers['content-length']).toBe('0');
  });

  it('goes over TLS as well', async () => {
    const pems = await generate([{ name: 'commonName', value: 'localhost' }]);
    const { port, server } = await start({ tls: { key: pems.private, cert: pems.cert }, handler: text('safe') });
    const silent = open(port);
    await once(silent, 'connect');
    const body = await new Promise((resolve, reject) => {
      const outgoing = httpsRequest({ port, host: '127.0.0.1', rejectUnauthorized: false, agent: false }, (incoming) => {
        incoming.setEncoding('utf8').on('data', resolve);
      });
      outgoing.on('error', reject).end();
    });
    expect(body).toBe('safe');
    await server.close();
  });
});

describe('bugs', () => {
  it.each<[string, () => Promise<HttpResponse>]>([
    ['a handler that rejects', () => Promise.reject(new Error('secret'))],
    [
      'a handler that throws',
      () => {
        throw new Error('secret');
      },
    ],
    ['a header that cannot be written', async () => ({ status: 200, headers: { 'X-A': 'a\r\nb' }, body: 'x' })],
  ])('%s becomes a 500 in JSON', async (_name, handler) => {
    const { port, observations, observed } = await start({ handler });
    const answer = await exchange(port, 'GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n');
    expectRefusal(answer, 'internalError', 'The service failed.', hungUp);
    await observed('requestCompleted');
    expect(observations.map(({ kind }) => kind)).toEqual(['serverListening', 'requestFailed', 'requestCompleted']);
  });

  it('in writing the error itself still leave a JSON answer', async () => {
    const fail = () => {
      throw new Error('secret');
    };
    const { port } = await start({ handler: fail, respondError: fail });
    const { status, headers, body } = await call(port);
    expect([status, headers['content-type'], readJson({ body })]).toEqual([
      500,
      'application/json',
      {
        error: {
          code: 'InternalServerError',
          message: 'The service failed; the request id finds the fault in the log.',
        },
      },
    ]);
  });
});

describe('refusals of the message', () => {
  const malformed = 'The request is not a well-formed HTTP/1.1 message.';
  it.each([
    ['no HTTP at all', 'hello\r\n\r\n', 'The request does not start with an HTTP method.'],
    ['an unknown method', 'BREW / HTTP/1.1\r\nHost: a\r\n\r\n', 'The request does not start with an HTTP method.'],
    ['a lower-case method', 'get / HTTP/1.1\r\nHost: a\r\n\r\n', 'The request does not start with an HTTP method.'],
    ['an unknown version', 'GET / HTTP/9.9\r\nHost: a\r\n\r\n', malformed],
    ['HTTP/2 without TLS', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', malformed],
    ['a space in the address', 'GET /a b HTTP/1.1\r\nHost: a\r\n\r\n', malformed],
    [
      'a bad header name',
      'GET / HTTP/1.1\r\nHost: a\r\nA B: c\r\n\r\n',
      'A request header has a name or value HTTP does not allow.',
    ],
    [
      'a Content-Length that is no number',
      'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1x\r\n\r\n',
      'Content-Length must be one decimal number.',
    ],
    [
      'a negative Content-Length',
      'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n',
      'Content-Length must be one decimal number.',
    ],
    [
      'two Content-Lengths',
      'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n',
      'Content-Length must be one decimal number.',
    ],
    [
      'Content-Length beside chunks',
      'POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nContent-Length: 1\r\n\r\n',
      'Content-Length must be one decimal number.',
    ],
    [
      'a chunk size that is no number',
      'POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n',
      'A chunk of the request body has a size that is no number.',
    ],
  ])('%s', async (_name, bytes, message) => {
    const { port } = await start();
    expectRefusal(await exchange(port, bytes), 'requestMalformed', message, hungUp);
  });

  it.each(['', 'Host: a\r\nHost: b\r\n'])('an HTTP/1.1 request without exactly one Host', async (hosts) => {
    const { port } = await start();
    const answer = await exchange(port, `GET / HTTP/1.1\r\n${hosts}Connection: close\r\n\r\n`);
    expectRefusal(answer, 'requestMalformed', 'An HTTP/1.1 request needs exactly one Host header.', hungUp);
  });

  it('but HTTP/1.0 needs none', async () => {
    const { port } = await start();
    expect((await exchange(port, 'GET / HTTP/1.0\r\n\r\n')).status).toBe(200);
  });

  it('keeps the ids of a request whose body goes wrong', async () => {
    const { port, observations } = await start();
    const head = 'POST /a HTTP/1.1\r\nHost: a\r\nclient-request-id: mine\r\nTransfer-Encoding: chunked\r\n\r\n';
    const answer = await exchange(port, head, 'zz\r\n');
    expect(answer.headers['client-request-id']).toBe('mine');
    expect(observations.slice(1)).toEqual([
      { kind: 'requestFailed', requestId: answer.headers['request-id'], error: expect.any(ServiceError) },
      {
        kind: 'requestCompleted',
        requestId: answer.headers['request-id'],
        clientRequestId: 'mine',
        method: 'POST',
        path: '/a',
        status: 400,
        durationMs: expect.any(Number),
      },
    ]);
  });

  it('answers what was asked before garbage followed, then closes', async () => {
    const { port } = await start();
    const answer = await exchange(port, 'GET /a HTTP/1.1\r\nHost: a\r\n\r\ngarbage garbage\r\n\r\n');
    expect([answer.status, answer.headers.connection]).toEqual([200, 'close']);
  });

  it('CONNECT', async () => {
    const { port } = await start();
    const answer = await exchange(port, 'CONNECT a:443 HTTP/1.1\r\nHost: a\r\nclient-request-id: mine\r\n\r\n');
    const message = 'The method CONNECT is not allowed. Allowed: GET, HEAD, POST, PATCH, DELETE, OPTIONS.';
    const allow = { allow: 'GET, HEAD, POST, PATCH, DELETE, OPTIONS', 'client-request-id': 'mine' };
    expectRefusal(answer, 'methodNotAllowed', message, { ...allow, ...hungUp });
  });

  it('offers to upgrade are passed over', async () => {
    const { port } = await start();
    const lines = 'Host: a\r\nConnection: Upgrade, close\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n';
    expect(readJson(await exchange(port, `GET /a HTTP/1.1\r\n${lines}\r\n`))).toMatchObject({ target: '/a' });
  });

  it('unknown expectations are passed over', async () => {
    const { port } = await start();
    expect((await call(port, { headers: { expect: 'miracles' } })).status).toBe(200);
  });

  it('transfer encodings other than chunked', async () => {
    const { port } = await start();
    const lines = 'Host: a\r\nTransfer-Encoding: gzip, chunked\r\nConnection: close\r\n';
    const answer = await exchange(port, `POST / HTTP/1.1\r\n${lines}\r\n0\r\n\r\n`);
    expectRefusal(answer, 'requestMalformed', 'The only Transfer-Encoding read here is chunked.', hungUp);
  });
});

describe('bounds', () => {
  const tooLong = 'The request address exceeds 16384 bytes. Send long queries as POST to …/$query.';

  it.each([limits.addressBytesMax + 1, 200_000])('an address of %i bytes', async (length) => {
    const { port } = await start();
    const target = `/${'a'.repeat(length - 1)}`;
    const answer = await exchange(port, `GET ${target} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n`);
    expectRefusal(answer, 'addressTooLong', tooLong, hungUp);
  });

  it('headers below the limit pass, at the limit they do not', async () => {
    const { port } = await start();
    const withHeader = (length: number) =>
      `GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nX: ${'a'.repeat(length)}\r\n\r\n`;
    const counted = '/Hosta\r\nConnectionclose\r\nX'.replaceAll('\r\n', '').length;
    expect((await exchange(port, withHeader(limits.headersBytesMax - counted - 1))).status).toBe(200);
    const refusal = await exchange(port, withHeader(limits.headersBytesMax));
    expectRefusal(refusal, 'headersTooLarge', 'The request headers exceed 32768 bytes.', hungUp);
  });

  it('reaches a client that goes on sending headers', async () => {
    const { port } = await start();
    const lines = `X: ${'a'.repeat(1000)}\r\n`.repeat(300);
    const answer = await exchange(port, 'GET / HTTP/1.1\r\nHost: a\r\n', lines, lines, lines, '\r\n');
    expectRefusal(answer, 'headersTooLarge', 'The request headers exceed 32768 bytes.', hungUp);
  });

  const bodyTooLarge = 'The request body exceeds 1048576 bytes.';
  const next = 'GET /next HTTP/1.1\r\nHost: a\r\n\r\n';

  it('a body at the limit passes', async () => {
    const { port } = await start({ handler: async ({ body }) => text(String(body?.length))() });
    const body = Buffer.alloc(limits.bodyBytesMax);
    expect((await call(port, { method: 'POST' }, body)).body.toString()).toBe(String(limits.bodyBytesMax));
  });

  it.each([
    ['sized', (length: number) => [`Content-Length: ${length}\r\n\r\n`, Buffer.alloc(length)]],
    [
      'chunked',
      (length: number) => ['Transfer-Encoding: chunked\r\n\r\n', `${length.toString(16)}\r\n`, Buffer.alloc(length), '\r\n0\r\n\r\n'],
    ],
  ])('a %s body one byte over it does not, and the connection lives', async (_name, body) => {
    const { port } = await start();
    const socket = open(port);
    const answers = answersOf(socket);
    for (const part of ['POST / HTTP/1.1\r\nHost: a\r\n', ...body(limits.bodyBytesMax + 1), next]) socket.write(part);
    expectRefusal(await answers.next(), 'bodyTooLarge', bodyTooLarge, keptAlive);
    expect(readJson(await answers.next())).toMatchObject({ target: '/next' });
  });

  it('keeps one connection of an ordinary client over a 413', async () => {
    const { port } = await start();
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    let connections = 0;
    const createConnection = agent.createConnection.bind(agent);
    Object.assign(agent, {
      createConnection: (...parts: Parameters<typeof createConnection>) => {
        connections += 1;
        return createConnection(...parts);
      },
    });
    expect((await call(port, { method: 'POST', agent }, Buffer.alloc(5 * limits.bodyBytesMax))).status).toBe(413);
    expect((await call(port, { agent })).status).toBe(200);
    agent.destroy();
    expect(connections).toBe(1);
  });

  it('reads a refused body on for so long and no longer', async () => {
    const { port } = await start({ limits: { bodyBytesMax: 10, discardedBodyBytesMax: 1000 } });
    const socket = open(port);
    const answers = answersOf(socket);
    socket.write('POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\n');
    expect((await answers.next()).status).toBe(413);
    socket.write(Buffer.alloc(1000));
    socket.write(Buffer.alloc(100));
    expect(await answers.rest()).toBe('');
  });

  it('asks for the body of a client that expects 100-continue, and not for one too large', async () => {
    const { port } = await start();
    const socket = open(port);
    const answers = answersOf(socket);
    socket.write('POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n');
    expect((await answers.next()).status).toBe(100);
    socket.write('abc');
    expect(readJson(await answers.next())).toMatchObject({ body: 'abc' });
    const length = limits.bodyBytesMax + 1;
    socket.write(`POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: ${length}\r\n\r\n`);
    expectRefusal(await answers.next(), 'bodyTooLarge', bodyTooLarge, hungUp);
    expect(await answers.rest()).toBe('');
  });

  const requestTimeout = 'The request did not arrive completely in time.';
  const short = { headersTimeoutMs: 100, requestTimeoutMs: 200, socketTimeoutMs: 5_000 };

  it('slow headers', async () => {
    const { port, observed } = await start({ limits: short });
    const answer = await exchange(port, 'GET / HTTP/1.1\r\nHost: a\r\n');
    expectRefusal(answer, 'requestTimeout', requestTimeout, hungUp);
    const requestId = answer.headers['request-id'];
    const refused = { kind: 'connectionRefused', requestId, status: 408, code: 'requestTimeout' };
    expect(await observed('connectionRefused')).toEqual(refused);
  });

  it('a slow body, under the ids of its request', async () => {
    const { port } = await start({ limits: short });
    const head = 'POST / HTTP/1.1\r\nHost: a\r\nclient-request-id: mine\r\nContent-Length: 10\r\n\r\n';
    const answer = await exchange(port, head, 'abc');
    expectRefusal(answer, 'requestTimeout', requestTimeout, { 'client-request-id': 'mine', ...hungUp });
  });

  it('a refused body that never ends gets no second answer', async () => {
    const { port } = await start({ limits: { ...short, bodyBytesMax: 10 } });
    const answer = open(port);
    const answers = answersOf(answer);
    answer.write('POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\nabc');
    expect((await answers.next()).status).toBe(413);
    expect(await answers.rest()).toBe('');
  });

  it('a connection on which nothing comes is closed without a word', async () => {
    const { port } = await start({ limits: short });
    expect(await answersOf(open(port)).rest()).toBe('');
  });

  it('an idle connection is closed', async () => {
    const { port } = await start({ limits: { keepAliveTimeoutMs: 50 } });
    const socket = open(port);
    const answers = answersOf(socket);
    socket.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
    expect((await answers.next()).status).toBe(200);
    expect(await answers.rest()).toBe('');
  });

  it('a client that does not read its answer is cut off', async () => {
    const { port } = await start({ limits: { socketTimeoutMs: 100 }, handler: text('x'.repeat(50_000_000)) });
    const socket = open(port);
    socket.pause();
    socket.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
    await once(socket, 'connect');
    const { server } = { server: running[0] };
    await expect.poll(() => connectionCount(server)).toBe(0);
  });
});
