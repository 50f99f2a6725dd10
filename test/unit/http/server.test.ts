import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { Agent, request as httpRequest, type IncomingMessage, type RequestOptions } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect as connectTls } from 'node:tls';
import { brotliCompressSync, brotliDecompressSync, deflateSync, gunzipSync, gzipSync } from 'node:zlib';
import { afterEach, describe, expect, it } from 'vitest';
import { errorTable, ServiceError } from '../../../src/errors.ts';
import { openLocalCertificate } from '../../../src/http/local-https.ts';
import type { HttpRequest, HttpResponse } from '../../../src/http/message.ts';
import { createOperations, type ReadinessCheck } from '../../../src/http/operations.ts';
import { createHttpServer, type HttpServer, type HttpServerOptions } from '../../../src/http/server.ts';
import { limits } from '../../../src/limits.ts';
import { createLog } from '../../../src/observe/log.ts';
import { createMetrics } from '../../../src/observe/metrics.ts';
import type { Observation } from '../../../src/observe/observation.ts';

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

function respondError(
  error: unknown,
  { id, clientRequestId }: Pick<HttpRequest, 'id' | 'clientRequestId'>,
): HttpResponse {
  const known =
    error instanceof ServiceError ? error : new ServiceError('internalError', 'The service failed.');
  const innerError = { code: known.code, 'request-id': id, 'client-request-id': clientRequestId };
  const body = JSON.stringify({
    error: { code: errorTable[known.code].graphCode, message: known.message, innerError },
  });
  return { status: known.status, headers: { 'Content-Type': 'application/json', ...known.headers }, body };
}

/** The JSON answer to a refusal: all headers, and the body with the ids of the headers. */
function expectRefusal(
  answer: Answer,
  code: keyof typeof errorTable,
  message: string,
  extra: Record<string, string>,
) {
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

const text =
  (body: string, headers: Record<string, string> = {}) =>
  async (): Promise<HttpResponse> => ({
    status: 200,
    headers: { 'Content-Type': 'text/plain', ...headers },
    body,
  });

/** A handler that answers when told to. */
function createGate() {
  let release = () => {};
  let enter = () => {};
  const released = new Promise<void>((resolve) => {
    release = resolve;
  });
  const entered = new Promise<void>((resolve) => {
    enter = resolve;
  });
  const handler = async (request: HttpRequest) => {
    enter();
    await released;
    return echo(request);
  };
  return { handler, entered, release };
}

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
  ])('the target as it came, case %#', async (target) => {
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

  it.each(['GET', 'POST', 'PATCH', 'PUT', 'DELETE', 'TRACE', 'PROPFIND', 'QUERY', 'MERGE'])(
    'method %s',
    async (method) => {
      const { port } = await start();
      const answer = await exchange(port, `${method} /x HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n`);
      expect(readJson(answer)).toMatchObject({ method, target: '/x' });
    },
  );

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
    const lines =
      'Host: a\r\nAuthorization: Bearer a\r\nPREFER: b\r\nauthorization: Bearer c\r\nPrefer: d\r\nSet-Cookie: e';
    await exchange(
      port,
      `GET / HTTP/1.1\r\n${lines}\r\n${many}Accept-Version: 9\r\nConnection: close\r\n\r\n`,
    );
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

describe('addresses that only the handler answers', () => {
  const directPrefixes = ['/beta/'];

  it('are not shown to operations and mounts', async () => {
    const operations = () => text('operations')();
    const mounts = [{ prefix: '/beta', handler: text('mount') }];
    const { port } = await start({ operations, mounts, handler: text('service'), directPrefixes });
    const answers: Record<string, string> = {};
    for (const path of ['/beta/', '/beta/x?y', '/beta', '/Beta/x', '/v1.0/beta/']) {
      answers[path] = (await call(port, { path })).body.toString();
    }
    expect(answers).toEqual({
      '/beta/': 'service',
      '/beta/x?y': 'service',
      '/beta': 'operations',
      '/Beta/x': 'operations',
      '/v1.0/beta/': 'operations',
    });
  });

  it.each([
    'GET /beta/x?y=%zz HTTP/1.1\r\nHost: a\r\nclient-request-id: mine\r\n\r\n',
    'HEAD /beta/x HTTP/1.1\r\nHost: a\r\nAccept-Encoding: gzip\r\n\r\n',
    'GET /beta/x HTTP/1.1\r\n\r\n',
    'GET /beta/x HTTP/1.0\r\n\r\n',
    `GET /beta/${'a'.repeat(limits.addressBytesMax)} HTTP/1.1\r\nHost: a\r\n\r\n`,
    'PATCH /beta/x HTTP/1.1\r\nHost: a\r\nContent-Length: 7\r\n\r\n{"a":1}',
    'PATCH /beta/x HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 11\r\n\r\n',
    'POST /beta/x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n7\r\n{"a":1}\r\n0\r\n\r\n',
    'POST /beta/x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nz\r\n',
    'POST /beta/x HTTP/1.1\r\nHost: a\r\nContent-Encoding: compress\r\nContent-Length: 1\r\n\r\nx',
    'POST /beta/x HTTP/1.1\r\nHost: a\r\nContent-Length: 11\r\n\r\n12345678901',
    'PROPFIND /beta/x HTTP/1.1\r\nHost: a\r\n\r\n',
    'OPTIONS /beta/x HTTP/1.1\r\nHost: a\r\nOrigin: http://b\r\nAccess-Control-Request-Method: GET\r\n\r\n',
  ])('are answered as all others, case %#', async (message) => {
    const common = {
      publicUrl: 'http://a',
      newRequestId: () => 'the-id',
      corsOrigins: ['*'],
      limits: { bodyBytesMax: 10 },
    };
    const direct = await start({ ...common, directPrefixes });
    const routed = await start(common);
    const answers = [];
    for (const { port } of [direct, routed]) {
      const socket = open(port);
      socket.write(message);
      const { headers, ...answer } = await answersOf(socket).next(message.split(' ', 1)[0]);
      answers.push({ ...answer, headers: { ...headers, date: '' } });
    }
    expect(answers[0]).toEqual(answers[1]);
    expect(direct.observations.map(({ kind }) => kind)).toEqual(routed.observations.map(({ kind }) => kind));
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
    const { port } = await start({
      handler: text('x', { 'Cache-Control': 'no-store', Vary: 'Accept, Prefer' }),
    });
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
    const { port } = await start({
      handler: async () => ({ status, headers: { ETag: 'W/"1"' }, body: undefined }),
    });
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
    const dataFolder = await mkdtemp(join(tmpdir(), 'casp-http-'));
    const { key, cert, authorityPath } = await openLocalCertificate({ dataFolder, now: () => new Date() });
    const ca = await readFile(authorityPath, 'utf8');
    await rm(dataFolder, { recursive: true });
    const { handler, entered, release } = createGate();
    const { port, server } = await start({ tls: { key, cert }, handler });
    const answer = new Promise((resolve, reject) => {
      const options = { port, host: 'localhost', family: 4, ca, agent: false };
      const outgoing = httpsRequest(options, (incoming) => {
        incoming.setEncoding('utf8').on('data', (body: string) => resolve(readJson({ body })));
      });
      outgoing.on('error', reject).end();
    });
    await entered;
    const secured = connectTls({ port, host: '127.0.0.1', ca });
    const cut = [open(port), secured].map((socket) => answersOf(socket).rest());
    await once(secured, 'secureConnect');
    const closed = server.close();
    expect(await Promise.all(cut)).toEqual(['', '']);
    release();
    expect(await answer).toMatchObject({ publicUrl: `http://localhost:${port}` });
    await closed;
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
    [
      'a header that cannot be written',
      async () => ({ status: 200, headers: { 'X-A': 'a\r\nb' }, body: 'x' }),
    ],
  ])('%s becomes a 500 in JSON', async (_name, handler) => {
    const { port, observations, observed } = await start({ handler });
    const answer = await exchange(port, 'GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n');
    expectRefusal(answer, 'internalError', 'The service failed.', hungUp);
    await observed('requestCompleted');
    expect(observations.map(({ kind }) => kind)).toEqual([
      'serverListening',
      'requestFailed',
      'requestCompleted',
    ]);
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
    [
      'an unknown method',
      'BREW / HTTP/1.1\r\nHost: a\r\n\r\n',
      'The request does not start with an HTTP method.',
    ],
    [
      'a lower-case method',
      'get / HTTP/1.1\r\nHost: a\r\n\r\n',
      'The request does not start with an HTTP method.',
    ],
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
    const head =
      'POST /a HTTP/1.1\r\nHost: a\r\nclient-request-id: mine\r\nTransfer-Encoding: chunked\r\n\r\n';
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
    const answer = await exchange(
      port,
      'CONNECT a:443 HTTP/1.1\r\nHost: a\r\nclient-request-id: mine\r\n\r\n',
    );
    const message = 'The method CONNECT is not allowed. Allowed: GET, HEAD, POST, PATCH, DELETE, OPTIONS.';
    const allow = { allow: 'GET, HEAD, POST, PATCH, DELETE, OPTIONS', 'client-request-id': 'mine' };
    expectRefusal(answer, 'methodNotAllowed', message, { ...allow, ...hungUp });
  });

  it('offers to upgrade are passed over', async () => {
    const { port } = await start();
    const lines =
      'Host: a\r\nConnection: Upgrade, close\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n';
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
      (length: number) => [
        'Transfer-Encoding: chunked\r\n\r\n',
        `${length.toString(16)}\r\n`,
        Buffer.alloc(length),
        '\r\n0\r\n\r\n',
      ],
    ],
  ])('a %s body one byte over it does not, and the connection lives', async (_name, body) => {
    const { port } = await start();
    const socket = open(port);
    const answers = answersOf(socket);
    for (const part of ['POST / HTTP/1.1\r\nHost: a\r\n', ...body(limits.bodyBytesMax + 1), next])
      socket.write(part);
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
    expect((await call(port, { method: 'POST', agent }, Buffer.alloc(5 * limits.bodyBytesMax))).status).toBe(
      413,
    );
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
    const handler = text('x'.repeat(50_000_000));
    const { port, server, observed } = await start({
      limits: { socketTimeoutMs: 100, drainTimeoutMs: 60_000 },
      handler,
    });
    const socket = open(port);
    socket.pause();
    socket.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
    await observed('requestCompleted');
    // Resolves when no connection is left, long before the time to drain is over.
    await server.close();
  });
});

describe('request bodies in a Content-Encoding', () => {
  const post = (port: number, encoding: string, body: Uint8Array) =>
    call(port, { method: 'POST', headers: { 'content-encoding': encoding } }, body);
  const plain = Buffer.from('{"name":"a"}');

  it.each([
    ['gzip', gzipSync(plain)],
    ['X-GZip', gzipSync(plain)],
    ['deflate', deflateSync(plain)],
    ['br', brotliCompressSync(plain)],
    ['identity', plain],
  ])('%s is undone', async (encoding, body) => {
    const { port } = await start();
    expect(readJson(await post(port, encoding, body))).toMatchObject({ body: '{"name":"a"}' });
  });

  it('may grow to the limit and not beyond', async () => {
    const handler = async ({ body }: HttpRequest) => text(String(body?.length))();
    const { port } = await start({ handler });
    for (const [encoding, pack] of [
      ['gzip', gzipSync],
      ['deflate', deflateSync],
      ['br', brotliCompressSync],
    ] as const) {
      const largest = await post(port, encoding, pack(Buffer.alloc(limits.inflatedBodyBytesMax)));
      expect(largest.body.toString()).toBe(String(limits.inflatedBodyBytesMax));
      const bomb = await post(port, encoding, pack(Buffer.alloc(limits.inflatedBodyBytesMax + 1)));
      expect([bomb.status, readJson(bomb)]).toEqual([
        413,
        { error: expect.objectContaining({ message: 'The inflated request body exceeds 10485760 bytes.' }) },
      ]);
    }
  });

  it.each(['gzip', 'deflate', 'br'])('%s that is none, or broken off', async (encoding) => {
    const { port } = await start();
    const message = 'The request body is not a complete stream of its Content-Encoding.';
    const error = {
      code: 'BadRequest',
      message,
      innerError: expect.objectContaining({ code: 'bodyInvalid' }),
    };
    const broken =
      encoding === 'gzip'
        ? gzipSync(plain)
        : encoding === 'br'
          ? brotliCompressSync(plain)
          : deflateSync(plain);
    for (const body of [plain, broken.subarray(0, -5)]) {
      const answer = await post(port, encoding, body);
      expect([answer.status, readJson(answer)]).toEqual([400, { error }]);
    }
  });

  it.each(['zstd', 'gzip, gzip', 'constructor'])(
    '%s is not read, and the answer says what is',
    async (encoding) => {
      const { port } = await start();
      const answer = await exchange(
        port,
        `POST / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Encoding: ${encoding}\r\nContent-Length: 3\r\n\r\nabc`,
      );
      const message =
        'The Content-Encoding is not read here. Allowed are gzip, deflate, br and identity, one at a time.';
      expectRefusal(answer, 'encodingUnsupported', message, {
        'accept-encoding': 'gzip, deflate, br',
        ...hungUp,
      });
    },
  );
});

describe('compressed answers', () => {
  const json = (length: number) => text('x'.repeat(length), { 'Content-Type': 'application/json' });
  const get = (port: number, accept: string) => call(port, { headers: { 'accept-encoding': accept } });

  it.each([
    ['gzip', 'gzip'],
    ['br', 'br'],
    ['gzip, deflate, br', 'br'],
    ['br;q=0.5, gzip', 'gzip'],
    ['GZIP;Q=0.5', 'gzip'],
    ['*', 'br'],
    ['br;q=0, *;q=0.1', 'gzip'],
    ['identity', undefined],
    ['gzip;q=0', undefined],
    ['gzip;q=none', undefined],
    ['', undefined],
  ])('by Accept-Encoding: %s', async (accept, coding) => {
    const { port } = await start({ handler: json(5000) });
    const { headers, body } = await get(port, accept);
    const plain = coding === 'gzip' ? gunzipSync(body) : coding === 'br' ? brotliDecompressSync(body) : body;
    expect([headers['content-encoding'], headers.vary, headers['content-length']]).toEqual([
      coding,
      'Accept-Encoding',
      String(body.length),
    ]);
    expect(plain.toString()).toBe('x'.repeat(5000));
    expect(body.length < 5000).toBe(coding !== undefined);
  });

  it.each<[string, () => Promise<HttpResponse>, string | undefined]>([
    ['from 1 KiB on', json(1024), 'gzip'],
    ['counted in bytes', text('€'.repeat(342), { 'Content-Type': 'application/json' }), 'gzip'],
    ['not below', json(1023), undefined],
    ['not where encoded already', text('x'.repeat(2000), { 'Content-Encoding': 'zstd' }), 'zstd'],
    ['not for images', text('x'.repeat(2000), { 'Content-Type': 'image/png' }), undefined],
    [
      'not where the type is unknown',
      async () => ({ status: 200, headers: {}, body: 'x'.repeat(2000) }),
      undefined,
    ],
  ])('%s', async (_name, handler, coding) => {
    const { port } = await start({ handler });
    expect((await get(port, 'gzip')).headers['content-encoding']).toBe(coding);
  });

  it('to HEAD tell the length GET would have', async () => {
    const { port } = await start({ handler: json(5000) });
    const headers = { 'accept-encoding': 'gzip' };
    const [head, whole] = [await call(port, { method: 'HEAD', headers }), await call(port, { headers })];
    expect(head.headers['content-length']).toBe(String(whole.body.length));
  });
});

describe('CORS', () => {
  const origin = 'https://app.example';
  const preflight = {
    method: 'OPTIONS',
    headers: {
      origin,
      'access-control-request-method': 'PATCH',
      'access-control-request-headers': 'authorization, if-match, x-any',
    },
  };

  it('answers a preflight before anybody asks for a token', async () => {
    const { port } = await start({
      corsOrigins: [origin],
      handler: () => Promise.reject(new Error('not asked')),
    });
    const lines = Object.entries(preflight.headers).map(([name, value]) => `${name}: ${value}\r\n`);
    const answer = await exchange(
      port,
      `OPTIONS /beta HTTP/1.1\r\nHost: a\r\nConnection: close\r\n${lines.join('')}\r\n`,
    );
    expect(answer).toEqual({
      status: 204,
      headers: {
        ...standardHeaders,
        vary: 'Accept-Encoding, Origin',
        'access-control-allow-origin': origin,
        'access-control-allow-methods': 'GET, HEAD, POST, PATCH, PUT, DELETE, OPTIONS',
        'access-control-allow-headers': 'authorization, if-match, x-any',
        'access-control-max-age': '3600',
        'access-control-expose-headers': expect.stringMatching(/^ETag, .*request-id, .*Retry-After$/),
        ...hungUp,
      },
      body: '',
    });
  });

  it('names the origin on answers and on refusals', async () => {
    const { port } = await start({ corsOrigins: [origin], limits: { addressBytesMax: 10 } });
    for (const path of ['/', '/0123456789']) {
      const { headers } = await call(port, { path, headers: { origin } });
      expect([headers['access-control-allow-origin'], headers.vary]).toEqual([
        origin,
        'Accept-Encoding, Origin',
      ]);
    }
  });

  it('lets an OPTIONS that is no preflight through', async () => {
    const { port } = await start({ corsOrigins: [origin] });
    expect(readJson(await call(port, { method: 'OPTIONS', headers: { origin } }))).toMatchObject({
      method: 'OPTIONS',
    });
  });

  it.each([
    ['a stranger', [origin], 'https://evil.example'],
    ['an origin that only begins alike', [origin], `${origin}.evil.example`],
    ['everyone while it is off', [], origin],
  ])('tells nothing to %s', async (_name, corsOrigins, from) => {
    const { port } = await start({ corsOrigins });
    for (const options of [
      { headers: { origin: from } },
      { ...preflight, headers: { ...preflight.headers, origin: from } },
    ]) {
      const { status, headers } = await call(port, options);
      expect([status, Object.keys(headers).filter((name) => name.startsWith('access-control'))]).toEqual([
        200,
        [],
      ]);
    }
  });

  it('may be open to all', async () => {
    const { port } = await start({ corsOrigins: ['*'] });
    expect((await call(port, { headers: { origin } })).headers['access-control-allow-origin']).toBe('*');
  });
});

describe('forwarded headers', () => {
  const forwarded = {
    'x-forwarded-proto': 'https',
    'x-forwarded-host': 'casp.example:8443',
    'x-forwarded-for': '198.51.100.7',
  };
  const peerOf = async (trustedProxies: readonly string[], headers: Record<string, string>) => {
    const { port } = await start({ trustedProxies, publicUrl: 'http://own.example/' });
    const answer = readJson(await call(port, { headers })) as { publicUrl: string; remoteAddress: string };
    return [answer.publicUrl, answer.remoteAddress];
  };

  it.each<[string, readonly string[], Record<string, string>, readonly string[]]>([
    [
      'are believed from a trusted address',
      ['127.0.0.1'],
      forwarded,
      ['https://casp.example:8443', '198.51.100.7'],
    ],
    [
      'are believed from a trusted range',
      ['::1', '127.0.0.0/8'],
      forwarded,
      ['https://casp.example:8443', '198.51.100.7'],
    ],
    ['are ignored from a stranger', ['10.0.0.0/8'], forwarded, ['http://own.example', '127.0.0.1']],
    ['are ignored by default', [], forwarded, ['http://own.example', '127.0.0.1']],
    [
      'may be only one',
      ['127.0.0.1'],
      { 'x-forwarded-proto': 'https' },
      ['https://own.example', '127.0.0.1'],
    ],
    [
      'count as the next proxy wrote them',
      ['127.0.0.1'],
      { 'x-forwarded-host': 'evil.example, casp.example', 'x-forwarded-for': '1.1.1.1, 198.51.100.7' },
      ['http://casp.example', '198.51.100.7'],
    ],
    [
      'are followed through all trusted proxies',
      ['127.0.0.1', '10.0.0.0/8', 'fd00::/8'],
      { 'x-forwarded-for': '1.1.1.1, 198.51.100.7:4711, [fd00::1]:80, ::ffff:10.1.2.3' },
      ['http://own.example', '198.51.100.7'],
    ],
    [
      'stop at what is no address',
      ['127.0.0.1', '10.0.0.0/8'],
      { 'x-forwarded-for': '198.51.100.7, unknown, 10.0.0.1' },
      ['http://own.example', '10.0.0.1'],
    ],
  ])('%s', async (_name, trusted, headers, peer) => {
    expect(await peerOf(trusted, headers)).toEqual(peer);
  });

  it.each([
    ['x-forwarded-proto', 'gopher'],
    ['x-forwarded-host', 'a/b'],
    ['x-forwarded-host', 'user@a'],
    ['x-forwarded-host', ''],
  ])('of a trusted proxy that cannot be read are refused: %s: %s', async (name, value) => {
    const { port } = await start({ trustedProxies: ['127.0.0.1'] });
    const answer = await exchange(
      port,
      `GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n${name}: ${value}\r\n\r\n`,
    );
    expectRefusal(answer, 'headerInvalid', `The header ${name} has a value that cannot be read.`, hungUp);
  });

  it.each(['proxy.example', '10.0.0.0/33', '10.0.0.0/', '10.0.0.0/8/8', ''])(
    'need addresses, not "%s"',
    async (range) => {
      await expect(start({ trustedProxies: [range] })).rejects.toThrow(
        `trustedProxies: "${range}" is neither`,
      );
    },
  );
});

describe('a client that leaves', () => {
  it('in the middle of its body never reaches the handler', async () => {
    let asked = 0;
    const handler = (request: HttpRequest) => {
      asked += 1;
      return echo(request);
    };
    const { port, server, observed } = await start({ handler });
    const socket = open(port);
    socket.write('POST /a?b HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 10\r\n\r\nabc');
    expect((await answersOf(socket).next()).status).toBe(100);
    socket.resetAndDestroy();
    // A reset that overtakes the bytes before it looks to Node like an end: then there is a 400 nobody reads.
    const ended = await Promise.race([observed('requestAborted'), observed('requestCompleted')]);
    expect(ended).toMatchObject({ method: 'POST', path: '/a' });
    await server.close();
    expect(asked).toBe(0);
  });

  it('for writing only still learns what was wrong', async () => {
    const { port } = await start();
    const socket = open(port);
    const answers = answersOf(socket);
    socket.end('POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nabc');
    expectRefusal(
      await answers.next(),
      'requestMalformed',
      'The connection ended before the request did.',
      hungUp,
    );
  });

  it('while the handler works aborts the signal, whether or not it was asked for before', async () => {
    const signals: AbortSignal[] = [];
    let leave = () => {};
    const gone = new Promise<void>((resolve) => {
      leave = resolve;
    });
    const handler = async (request: HttpRequest): Promise<HttpResponse> => {
      signals.push(request.signal);
      expect(request.signal.aborted).toBe(false);
      const aborted = once(request.signal, 'abort');
      leave();
      await aborted;
      signals.push(request.signal);
      return text('too late')();
    };
    const { port, observed } = await start({ handler });
    const socket = open(port);
    socket.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
    await gone;
    socket.destroy();
    await observed('requestAborted');
    expect(signals.map(({ aborted }) => aborted)).toEqual([true, true]);
  });

  it('is not mistaken for one that has its answer', async () => {
    const signals: AbortSignal[] = [];
    const handler = (request: HttpRequest) => {
      signals.push(request.signal);
      return text('ok')();
    };
    const { port, server } = await start({ handler });
    await call(port);
    await server.close();
    expect(signals.map(({ aborted }) => aborted)).toEqual([false]);
  });
});

describe('closing', () => {
  it('answers what is under way, cuts what is idle and accepts nothing new', async () => {
    const { handler, entered, release } = createGate();
    const mounts = [{ prefix: '/quick', handler: echo }];
    const { port, server } = await start({ handler, mounts });
    const [silent, idle, busy] = [open(port), open(port), open(port)];
    const idleAnswers = answersOf(idle);
    const busyAnswers = answersOf(busy);
    const silentAnswers = answersOf(silent);
    await once(silent, 'connect');
    idle.write('GET /quick HTTP/1.1\r\nHost: a\r\n\r\n');
    await idleAnswers.next();
    busy.write('GET /busy HTTP/1.1\r\nHost: a\r\n\r\n');
    await entered;
    const closed = server.close();
    expect(server.close()).toBe(closed);
    expect(await idleAnswers.rest()).toBe('');
    expect(await silentAnswers.rest()).toBe('');
    await expect(call(port)).rejects.toMatchObject({ code: 'ECONNREFUSED' });
    release();
    const answer = await busyAnswers.next();
    expect([answer.status, answer.headers.connection]).toEqual([200, 'close']);
    expect(await busyAnswers.rest()).toBe('');
    await closed;
  });

  it('answers a request that comes in on a busy connection', async () => {
    const { handler, entered, release } = createGate();
    const { port, server } = await start({ handler });
    const socket = open(port);
    const answers = answersOf(socket);
    socket.write('POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc');
    await entered;
    const closed = server.close();
    release();
    expect((await answers.next()).headers.connection).toBe('close');
    await closed;
  });

  it('cuts what does not end in time', async () => {
    const { handler, entered } = createGate();
    const { port, server } = await start({ handler, limits: { drainTimeoutMs: 50 } });
    const socket = open(port);
    const answers = answersOf(socket);
    socket.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
    await entered;
    await server.close();
    expect(await answers.rest()).toBe('');
  });

  it('of a server that never listened is no matter', async () => {
    const server = createHttpServer({
      handler: echo,
      respondError,
      publicUrl: 'http://a',
      corsOrigins: [],
      trustedProxies: [],
      newRequestId: randomUUID,
      regionLabel: 'test',
      observe: () => {},
    });
    await server.close();
  });

  it('a port in use is told to the caller', async () => {
    const { port } = await start();
    const second = createHttpServer({
      handler: echo,
      respondError,
      publicUrl: 'http://a',
      corsOrigins: [],
      trustedProxies: [],
      newRequestId: randomUUID,
      regionLabel: 'test',
      observe: () => {},
    });
    await expect(second.listen({ host: '127.0.0.1', port })).rejects.toMatchObject({ code: 'EADDRINUSE' });
    await second.close();
  });
});

describe('operations', () => {
  const good: ReadinessCheck = { name: 'database', ok: true, detail: 'open' };
  const bad: ReadinessCheck = { name: 'disk', ok: false, detail: 'full' };

  it.each<[string, string, readonly ReadinessCheck[] | Error, number, string]>([
    ['GET', '/livez', [bad], 200, 'live\n'],
    ['GET', '/readyz', [good], 200, 'ready\n'],
    ['HEAD', '/readyz', [good], 200, ''],
    ['GET', '/readyz?verbose', [good], 200, '[+] database: open\nready\n'],
    ['GET', '/readyz', [good, bad], 503, '[-] disk: full\nnot ready\n'],
    ['GET', '/readyz?verbose=1', [good, bad], 503, '[+] database: open\n[-] disk: full\nnot ready\n'],
    ['GET', '/readyz', new Error('secret'), 503, '[-] readiness: the check itself failed\nnot ready\n'],
    ['GET', '/metrics', [], 200, 'a 1\n'],
  ])('%s %s', async (method, path, checks, status, body) => {
    const readiness = async () => {
      if (checks instanceof Error) throw checks;
      return checks;
    };
    const { port } = await start({
      operations: createOperations({ readiness, metrics: async () => 'a 1\n' }),
    });
    const answer = await call(port, { method, path });
    expect([answer.status, answer.headers['cache-control'], answer.body.toString()]).toEqual([
      status,
      'no-store',
      body,
    ]);
  });

  it('refuse other methods', async () => {
    const { port } = await start({ operations: createOperations({ readiness: async () => [] }) });
    const answer = await exchange(port, 'DELETE /livez HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n');
    const message = 'The method DELETE is not allowed at /livez. Allowed: GET, HEAD.';
    expectRefusal(answer, 'methodNotAllowed', message, { allow: 'GET, HEAD', ...hungUp });
  });
});

describe('the log', () => {
  const lines: string[] = [];
  const log = (level: 'info' | 'error' = 'info') => {
    lines.length = 0;
    return createLog({ level, now: () => 0, destination: { write: (line) => lines.push(line) } });
  };
  const time = '1970-01-01T00:00:00.000Z';
  const written = () => lines.map((line): unknown => JSON.parse(line));

  it('has one line for a request, without its query, token and body', async () => {
    const { port, observed } = await start({ observe: log() });
    const headers = { authorization: 'Bearer eyJsecret', 'client-request-id': 'mine' };
    await call(port, { method: 'POST', path: '/a?secret', headers }, 'secret');
    const { requestId } = await observed('requestCompleted');
    expect(written()).toEqual([
      { level: 'info', time, msg: 'listening', url: `http://localhost:${port}` },
      {
        level: 'info',
        time,
        msg: 'request',
        request_id: requestId,
        client_request_id: 'mine',
        method: 'POST',
        path: '/a',
        status: 200,
        dur_ms: expect.any(Number),
      },
    ]);
  });

  it('names the code of a refusal and not the words of the client', () => {
    const observe = log();
    const error = new ServiceError('valueInvalid', 'secret', { target: 'secret' });
    observe({ kind: 'requestFailed', requestId: 'r', error });
    expect(written()).toEqual([
      { level: 'info', time, msg: 'request refused', request_id: 'r', code: 'valueInvalid', status: 400 },
    ]);
  });

  it('shows the stack and causes of a fault, tokens taken out', () => {
    const observe = log('error');
    const cause = new Error('sent eyJhbGciOi.eyJpc3Mi.c2ln');
    observe({
      kind: 'requestCompleted',
      requestId: 'r',
      clientRequestId: 'r',
      method: 'GET',
      path: '/',
      status: 500,
      durationMs: 1,
    });
    observe({
      kind: 'requestFailed',
      requestId: 'r',
      error: new ServiceError('storageUnavailable', 'x', { cause }),
    });
    observe({
      kind: 'requestFailed',
      requestId: 'r',
      error: new TypeError('Bearer abc', { cause: 'secret' }),
    });
    const fault = (error: string) => ({ error, stack: expect.stringContaining(error) });
    expect(written()).toEqual([
      {
        level: 'error',
        time,
        msg: 'request failed',
        request_id: 'r',
        code: 'storageUnavailable',
        status: 503,
        cause: fault('sent [token]'),
      },
      {
        level: 'error',
        time,
        msg: 'request failed',
        request_id: 'r',
        ...fault('[token]'),
        cause: { error: 'thrown string' },
      },
    ]);
    expect(lines.join('')).not.toMatch(/eyJ|abc|secret/);
  });

  it('has one line for every other observation', () => {
    const observe = log();
    const ids = { requestId: 'r', clientRequestId: 'c' };
    observe({ kind: 'serverStopping', reason: 'SIGTERM' });
    observe({ kind: 'requestAborted', ...ids, method: 'GET', path: '/'.repeat(600), durationMs: 1.23456 });
    observe({ kind: 'connectionRefused', requestId: 'r', status: 431, code: 'headersTooLarge' });
    observe({ kind: 'transactionRetried', attempt: 2, reason: 'busy' });
    observe({ kind: 'checkpointFailed', error: new Error('disk') });
    expect(written()).toEqual([
      { level: 'info', time, msg: 'stopping', reason: 'SIGTERM' },
      {
        level: 'info',
        time,
        msg: 'request aborted',
        request_id: 'r',
        client_request_id: 'c',
        method: 'GET',
        path: `${'/'.repeat(512)}…`,
        dur_ms: 1.235,
      },
      {
        level: 'info',
        time,
        msg: 'connection refused',
        request_id: 'r',
        status: 431,
        code: 'headersTooLarge',
      },
      { level: 'warn', time, msg: 'transaction retried', attempt: 2, reason: 'busy' },
      { level: 'error', time, msg: 'checkpoint failed', error: 'disk', stack: expect.any(String) },
    ]);
  });
});

describe('the metrics', () => {
  const create = (processMetrics = false) =>
    createMetrics({
      routes: ['/livez', '/beta/Things/{id}', '/beta/Things/{id}/{property}', '/beta/Things'],
      version: '1.2.3',
      processMetrics,
    });
  /** The counts by labels of one metric. */
  const read = async (metrics: ReturnType<typeof create>, name: string) =>
    (await metrics.text()).split('\n').filter((line) => line.startsWith(name) && !line.endsWith(' 0'));

  it('count requests by route template, method and status', async () => {
    const metrics = create();
    const { port, observed } = await start({ observe: metrics.observe });
    const paths = [
      '/livez',
      '/beta/things',
      "/beta/Things('a')",
      '/beta/THINGS/b?x',
      '/beta/Things/',
      "/beta/Things(id='a')/name",
    ];
    for (const path of [...paths, '/beta/Things/a/b/c', '/', '/elsewhere']) await call(port, { path });
    await observed('requestCompleted');
    expect(await read(metrics, 'http_server_request_duration_seconds_count')).toEqual([
      'http_server_request_duration_seconds_count{route="/livez",method="GET",status="200"} 1',
      'http_server_request_duration_seconds_count{route="/beta/Things",method="GET",status="200"} 2',
      'http_server_request_duration_seconds_count{route="/beta/Things/{id}",method="GET",status="200"} 2',
      'http_server_request_duration_seconds_count{route="/beta/Things/{id}/{property}",method="GET",status="200"} 1',
      'http_server_request_duration_seconds_count{route="other",method="GET",status="200"} 3',
    ]);
  });

  it('are counted in seconds', async () => {
    const metrics = create();
    const ids = { requestId: 'r', clientRequestId: 'r' };
    metrics.observe({
      kind: 'requestCompleted',
      ...ids,
      method: 'GET',
      path: '/livez',
      status: 200,
      durationMs: 30,
    });
    expect(await read(metrics, 'http_server_request_duration_seconds_sum')).toEqual([
      'http_server_request_duration_seconds_sum{route="/livez",method="GET",status="200"} 0.03',
    ]);
  });

  it('count everything else that can be observed', async () => {
    const metrics = create();
    const ids = { requestId: 'r', clientRequestId: 'r' };
    for (const error of [
      new ServiceError('versionMismatch', 'x'),
      new ServiceError('throttledRequest', 'x'),
      new Error('secret'),
    ]) {
      metrics.observe({ kind: 'requestFailed', requestId: 'r', error });
    }
    metrics.observe({ kind: 'requestAborted', ...ids, method: 'GET', path: '/', durationMs: 1 });
    metrics.observe({ kind: 'connectionRefused', requestId: 'r', status: 400, code: 'requestMalformed' });
    metrics.observe({ kind: 'transactionRetried', attempt: 1, reason: 'busy' });
    metrics.observe({ kind: 'checkpointFailed', error: new Error('x') });
    metrics.observe({ kind: 'serverListening', url: 'http://a' });
    metrics.observe({ kind: 'serverStopping', reason: 'SIGTERM' });
    expect(await read(metrics, 'casp_')).toEqual([
      'casp_build_info{version="1.2.3"} 1',
      'casp_request_failures_total{code="versionMismatch"} 1',
      'casp_request_failures_total{code="throttledRequest"} 1',
      'casp_request_failures_total{code="internalError"} 1',
      'casp_patch_conflicts_total 1',
      'casp_throttled_total 1',
      'casp_requests_aborted_total 1',
      'casp_connections_refused_total{code="requestMalformed"} 1',
      'casp_transaction_retries_total{reason="busy"} 1',
      'casp_checkpoint_failures_total 1',
    ]);
  });

  it('of the process are there where asked for', async () => {
    expect(await read(create(true), 'process_cpu_seconds_total')).toHaveLength(1);
    expect(await read(create(), 'process_')).toEqual([]);
  });
});
