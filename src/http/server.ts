/** The wire: node:http and Fastify ↔ HttpRequest and HttpResponse, and every refusal HTTP itself calls for (Protocol 6, 7.1). */
import { lookup } from 'node:dns/promises';
import { createServer, type IncomingMessage, METHODS, type Server, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { Socket } from 'node:net';
import { fastify } from 'fastify';
import { assert, ServiceError } from '../errors.ts';
import { limits as defaultLimits } from '../limits.ts';
import type { Observe } from '../observe/observation.ts';
import { chooseCodingFor, chooseStreamCoding, compress } from './compression.ts';
import { createCors } from './cors.ts';
import { type Connection, type Exchange, type Identity, WireRequest } from './exchange.ts';
import type { HttpLimits } from './http-limits.ts';
import type { Handler, HttpRequest, HttpResponse } from './message.ts';
import { explainParserError, isParserError, type ParserError } from './parser-error.ts';
import { createPeerReader, type Peer, plainAddress } from './peer.ts';
import { announcesBody, type BodyRoom, declaredLength, discardBody, readBody } from './request-body.ts';
import { checkHead, originForm, pathOf, readClientRequestId } from './request-head.ts';
import { bodyLength, createHeaderWriter, hasNoBody, lastResort, writeRaw } from './response-head.ts';
import { createSlowAnswers } from './slow-answers.ts';
import { onFailure, streamAnswer } from './stream-answer.ts';
import { createTurnEnd } from './turn-end.ts';

/** A handler for one part of the address space, such as the console; `prefix` starts with "/" and does not end with it. */
export interface Mount {
  readonly prefix: string;
  readonly handler: Handler;
}

/** What a listener needs; nothing here is read again after creation. */
export interface HttpServerOptions {
  readonly handler: Handler;
  /** Turns any error into the Graph error body; used for this layer's own refusals and for bugs. */
  readonly respondError: (
    error: unknown,
    request: Pick<HttpRequest, 'id' | 'clientRequestId'>,
  ) => HttpResponse;
  /**
   * Beginnings of addresses that nobody but `handler` answers, such as "/v1.0/": they take the short way, past routing
   * and `operations` (decision 0011).
   */
  readonly directPrefixes?: readonly string[];
  /** Under which URL clients reach this listener; a function where the port is chosen by the system. */
  readonly publicUrl: string | ((port: number) => string);
  /** PEM texts; present means https. */
  readonly tls?: { readonly key: string; readonly cert: string } | undefined;
  /** Tried before all others; undefined means the request is for someone else. */
  readonly operations?: ((request: HttpRequest) => Promise<HttpResponse | undefined> | undefined) | undefined;
  readonly mounts?: readonly Mount[];
  /** Origins whose pages may call; "*" for all, empty for none (Protocol 6.4). */
  readonly corsOrigins: readonly string[];
  /** Addresses and CIDR ranges whose X-Forwarded-* headers are believed. */
  readonly trustedProxies: readonly string[];
  readonly newRequestId: () => string;
  readonly observe: Observe;
  /** The largest body for a raw path and query; default `limits.bodyBytesMax` for all. */
  readonly bodyBytesMaxOf?: (target: string) => number;
  /** Shown as `DataCenter` in x-ms-ags-diagnostic; never a host name. */
  readonly regionLabel: string;
  readonly limits?: Partial<HttpLimits>;
}

/** One listening socket. */
export interface HttpServer {
  /** Resolves once connections are accepted; rejects with Node's error when the address cannot be had. */
  listen(at: { readonly host: string; readonly port: number }): Promise<{ readonly port: number }>;
  /** Stops accepting, lets requests under way finish within `drainTimeoutMs`, then cuts what is left. */
  close(): Promise<void>;
}

const allowedMethods = 'GET, HEAD, POST, PATCH, DELETE, OPTIONS';
const ignore = () => {};

function createNodeServer(
  { tls }: HttpServerOptions,
  limits: HttpLimits,
  listener: (raw: IncomingMessage, reply: ServerResponse) => void,
): Server {
  const options = {
    maxHeaderSize: limits.headersBytesMax,
    headersTimeout: limits.headersTimeoutMs,
    requestTimeout: limits.requestTimeoutMs,
    handshakeTimeout: limits.headersTimeoutMs,
    keepAliveTimeout: limits.keepAliveTimeoutMs,
    // Node looks for late clients this often; its default would double our time-outs.
    connectionsCheckingInterval: Math.max(20, Math.floor(limits.headersTimeoutMs / 10)),
    joinDuplicateHeaders: true,
    // Node's own refusal has no body; `checkHead` refuses instead.
    requireHostHeader: false,
  };
  const server =
    tls === undefined ? createServer(options, listener) : createTlsServer({ ...options, ...tls }, listener);
  // Beyond a count Node drops headers silently; the size is bounded already.
  server.maxHeadersCount = 0;
  return server;
}

/** Chooses who answers: operations, then the mount whose prefix fits, then the service. */
function createDispatcher({ operations, mounts = [], handler }: HttpServerOptions): Handler {
  const fits = (path: string, prefix: string) => path === prefix || path.startsWith(`${prefix}/`);
  const dispatchToMount: Handler = (request) => {
    const path = pathOf(request.target);
    const mount = mounts.find(({ prefix }) => fits(path, prefix));
    return (mount?.handler ?? handler)(request);
  };
  const dispatch = mounts.length === 0 ? handler : dispatchToMount;
  if (operations === undefined) return dispatch;
  return async (request) => {
    const answer = operations(request);
    return (answer === undefined ? undefined : await answer) ?? dispatch(request);
  };
}

/** Creates a listener that hands every request to `handler`; throws for an unreadable `trustedProxies`. */
export function createHttpServer(options: HttpServerOptions): HttpServer {
  const limits: HttpLimits = { ...defaultLimits, ...options.limits };
  const { observe, respondError, newRequestId } = options;
  const bodyBytesMaxOf = options.bodyBytesMaxOf ?? (() => limits.bodyBytesMax);
  const dispatch = createDispatcher(options);
  const readPeer = createPeerReader(options.trustedProxies);
  const cors = options.corsOrigins.length === 0 ? undefined : createCors(options.corsOrigins);
  const varyNames = cors === undefined ? ['Accept-Encoding'] : ['Accept-Encoding', 'Origin'];
  const writeHeaders = createHeaderWriter(options.regionLabel, varyNames);
  const connections = new WeakMap<Socket, Connection>();
  /** All that is open; with TLS both the secured sockets and those beneath them. */
  const sockets = new Set<Socket>();
  const slowAnswers = createSlowAnswers(limits);
  const afterTurn = createTurnEnd(setImmediate);
  const directPrefixes = options.directPrefixes ?? [];
  let bodyBytesUnderWay = 0;
  let publicUrl = '';
  let closing: Promise<void> | undefined;

  function connectionOf(socket: Socket): Connection {
    let connection = connections.get(socket);
    if (connection === undefined) {
      connection = {
        peer: { publicUrl, remoteAddress: plainAddress(socket.remoteAddress ?? '') },
        reading: undefined,
        underWay: 0,
        discarding: false,
        broken: false,
        refused: false,
      };
      connections.set(socket, connection);
    }
    return connection;
  }

  function refuse(error: unknown, identity: Identity): HttpResponse {
    observe({ kind: 'requestFailed', requestId: identity.id, error });
    try {
      return respondError(error, identity);
    } catch {
      return { status: 500, headers: { 'Content-Type': 'application/json' }, body: lastResort };
    }
  }

  /** Undefined when the client left while its body was arriving. */
  async function receive(exchange: Exchange, peer: Peer): Promise<HttpRequest | undefined> {
    exchange.connection.reading = exchange;
    const room: BodyRoom = {
      take(bytes) {
        if (bodyBytesUnderWay + bytes > limits.bodyBytesUnderWayMax) return false;
        bodyBytesUnderWay += bytes;
        exchange.bodyBytes += bytes;
        return true;
      },
    };
    try {
      const body = await readBody(exchange.raw, bodyBytesMaxOf(exchange.target), limits, room);
      return body === 'gone' ? undefined : new WireRequest(exchange, peer, body);
    } finally {
      exchange.connection.reading = undefined;
    }
  }

  /** Every failure ends here: as an answer, never as a socket left hanging. Undefined when the client left. */
  async function answer(exchange: Exchange, handler: Handler): Promise<HttpResponse | undefined> {
    const { raw, connection } = exchange;
    try {
      checkHead(exchange, limits);
      const preflight = cors?.preflight(raw);
      if (preflight !== undefined) return preflight;
      const peer = readPeer(raw.headers, connection.peer);
      const request = announcesBody(raw)
        ? await receive(exchange, peer)
        : new WireRequest(exchange, peer, undefined);
      if (request === undefined) return undefined;
      const response = await handler(request);
      const coding = chooseCodingFor(raw, response, limits.compressedBodyBytesMin);
      return coding === undefined ? response : await compress(response, coding);
    } catch (error) {
      return refuse(error, exchange);
    }
  }

  function send(exchange: Exchange, response: HttpResponse): void {
    const { raw, reply, connection, method } = exchange;
    const { status, body } = response;
    const bodyBytes = body === undefined ? 0 : bodyLength(body);
    const lines = writeHeaders(exchange, response, bodyBytes);
    if (cors !== undefined) lines.push(...cors.lines(raw));
    if (closing !== undefined || connection.broken) reply.setHeader('Connection', 'close');
    reply.writeHead(status, lines);
    if (method === 'HEAD' || hasNoBody(status)) reply.end();
    // Text of one byte a character is the same in both encodings, and written faster in this one.
    else if (typeof body === 'string' && bodyBytes === body.length) reply.end(body, 'latin1');
    else reply.end(body);
    // Ends clients that stop reading; a timer on every connection would cost a tenth of a small answer.
    if (reply.writableLength > 0) {
      raw.socket.setTimeout(limits.socketTimeoutMs);
      slowAnswers.watch(reply, raw.socket);
    }
  }

  /** The status sent, which is another than the response's where the response cannot be written. */
  function deliver(exchange: Exchange, response: HttpResponse): number {
    try {
      send(exchange, response);
      return response.status;
    } catch (error) {
      const failure = refuse(error, exchange);
      if (exchange.reply.headersSent) exchange.reply.destroy();
      else send(exchange, failure);
      return failure.status;
    }
  }

  /** Undefined where the stream did not reach its end: the status was sent, the rest is known to be missing. */
  async function deliverStream(
    exchange: Exchange,
    response: HttpResponse,
    stream: AsyncIterable<string>,
  ): Promise<number | undefined> {
    const { raw, reply, connection, method, id: requestId } = exchange;
    const coding = chooseStreamCoding(raw, response);
    const encoding = coding === undefined ? {} : { 'Content-Encoding': coding };
    let failed = false;
    let left = false;
    const source = onFailure(stream, () => {
      failed = true;
    });
    // A reader that leaves ends the stream, and a stream that fails ends the connection: what came first counts.
    reply.once('close', () => {
      left = !failed && !reply.writableFinished;
    });
    try {
      const lines = writeHeaders(exchange, { ...response, headers: { ...response.headers, ...encoding } });
      if (cors !== undefined) lines.push(...cors.lines(raw));
      if (closing !== undefined || connection.broken) reply.setHeader('Connection', 'close');
      reply.writeHead(response.status, lines);
      if (method === 'HEAD') reply.end();
      else await streamAnswer(source, coding, { reply, socket: raw.socket }, limits);
      return response.status;
    } catch (error) {
      if (!left) observe({ kind: 'requestFailed', requestId, error });
      reply.destroy();
      return undefined;
    }
  }

  function accept(raw: IncomingMessage, reply: ServerResponse, url: string, handler: Handler): void {
    const id = newRequestId();
    const exchange: Exchange = {
      id,
      clientRequestId: readClientRequestId(raw, id, limits),
      raw,
      reply,
      method: raw.method ?? '',
      target: originForm(url),
      startedMs: performance.now(),
      connection: connectionOf(raw.socket),
      bodyBytes: 0,
    };
    serve(exchange, handler).catch(() => reply.destroy());
  }

  async function serve(exchange: Exchange, handler: Handler): Promise<void> {
    exchange.connection.underWay += 1;
    const response = await answer(exchange, handler);
    // Writes share a commit, after which their answers come together anyway.
    if (exchange.method === 'GET') afterTurn(() => finish(exchange, response));
    else finish(exchange, response);
  }

  /** Never throws: others may wait for their turn behind it. */
  function finish(exchange: Exchange, response: HttpResponse | undefined): void {
    const { raw, reply } = exchange;
    const cut = () => reply.destroy();
    try {
      bodyBytesUnderWay -= exchange.bodyBytes;
      if (!raw.complete && !raw.destroyed) discardBody(exchange, limits.discardedBodyBytesMax);
      if (response === undefined || raw.socket.destroyed) end(exchange, undefined);
      else if (response.stream === undefined) end(exchange, deliver(exchange, response));
      else {
        const sent = deliverStream(exchange, response, response.stream);
        sent.then((status) => end(exchange, status)).catch(cut);
      }
    } catch {
      cut();
    }
  }

  function end(exchange: Exchange, status: number | undefined): void {
    const { connection } = exchange;
    connection.underWay -= 1;
    // A request whose body went wrong was told of when the parser failed.
    if (!connection.refused) observeEnd(exchange, status);
  }

  function observeEnd(exchange: Exchange, status: number | undefined): void {
    const { id: requestId, clientRequestId, method, target, startedMs } = exchange;
    const path = pathOf(target);
    const durationMs = performance.now() - startedMs;
    if (status === undefined)
      observe({ kind: 'requestAborted', requestId, clientRequestId, method, path, durationMs });
    else observe({ kind: 'requestCompleted', requestId, clientRequestId, method, path, status, durationMs });
  }

  /** The last answer of a connection, written past Node's HTTP because no request took shape. */
  function hangUp(socket: Socket, error: ServiceError, identity: Identity): HttpResponse {
    const response = refuse(error, identity);
    connectionOf(socket).refused = true;
    socket.end(writeRaw(response, writeHeaders(identity, response)));
    // Closing with bytes unread would reset the connection before the peer has read the answer.
    const deadline = setTimeout(() => socket.destroy(), limits.lingerTimeoutMs);
    socket.once('close', () => clearTimeout(deadline)).resume();
    return response;
  }

  function onParserError(error: ParserError, socket: Socket): void {
    const connection = connectionOf(socket);
    if (connection.refused) return;
    const { reading } = connection;
    if (!isParserError(error) || !socket.writable || connection.discarding || socket.bytesRead === 0) {
      socket.destroy();
    } else if (connection.underWay > (reading === undefined ? 0 : 1)) {
      // An answer written now would be taken for the answer to an earlier request.
      connection.broken = true;
    } else {
      const fault = explainParserError(error, limits);
      const id = newRequestId();
      const { status } = hangUp(socket, fault, reading ?? { id, clientRequestId: id });
      if (reading !== undefined) observeEnd(reading, status);
      else observe({ kind: 'connectionRefused', requestId: id, status, code: fault.code });
    }
  }

  function onConnect(raw: IncomingMessage, socket: Socket): void {
    const id = newRequestId();
    const identity = { id, clientRequestId: readClientRequestId(raw, id, limits) };
    const error = new ServiceError(
      'methodNotAllowed',
      `The method CONNECT is not allowed. Allowed: ${allowedMethods}.`,
      {
        headers: { Allow: allowedMethods },
      },
    );
    // Node gives the socket away here, its error listener included.
    socket.on('error', ignore);
    const { status } = hangUp(socket, error, identity);
    observe({ kind: 'connectionRefused', requestId: id, status, code: error.code });
  }

  function onExpectContinue(raw: IncomingMessage, reply: ServerResponse): void {
    // A client told not to send its body may send its next request instead: only a new connection is clear.
    if (declaredLength(raw) > bodyBytesMaxOf(raw.url ?? '')) connectionOf(raw.socket).broken = true;
    else reply.writeContinue();
    server.emit('request', raw, reply);
  }

  const app = fastify({
    logger: false,
    // The one route is found by a constant: an OData target must be neither decoded nor normalised.
    rewriteUrl: () => '/',
    // While draining, a request that came is answered: nothing accepted is refused.
    return503OnClosing: false,
    clientErrorHandler: onParserError,
    serverFactory: (route) =>
      createNodeServer(options, limits, (raw, reply) => {
        const { url = '' } = raw;
        if (directPrefixes.some((prefix) => url.startsWith(prefix))) accept(raw, reply, url, options.handler);
        else route(raw, reply);
      }),
  });
  const { server } = app;
  server.on('checkContinue', onExpectContinue);
  // An unknown expectation may be ignored (RFC 9110 10.1.1); Node's own refusal has no body.
  server.on('checkExpectation', (raw, reply) => server.emit('request', raw, reply));
  server.on('connect', onConnect);
  for (const event of ['connection', 'secureConnection']) {
    server.on(event, (socket: Socket) => {
      sockets.add(socket);
      socket.once('close', () => sockets.delete(socket));
    });
  }
  // Fastify's body parser closes the connection of a refused body and knows the media type too early:
  // to it no method has a body, and `readBody` reads them all.
  const methods = METHODS.filter((method) => method !== 'CONNECT');
  for (const method of methods) app.addHttpMethod(method, { hasBody: false, overrideExisting: true });
  app.route({
    method: methods,
    url: '/',
    handler: ({ raw, originalUrl }, reply) => {
      reply.hijack();
      accept(raw, reply.raw, originalUrl, dispatch);
    },
  });

  /** Cuts the connections nothing is under way on; asked again and again, because answers are still being written. */
  function cutIdle(): void {
    server.closeIdleConnections();
    // Node takes a connection on which nothing has come yet for a busy one.
    for (const socket of sockets) if (socket.bytesRead === 0) socket.destroy();
  }

  async function drain(): Promise<void> {
    const sweep = setInterval(cutIdle, 20);
    const deadline = setTimeout(() => {
      for (const socket of sockets) socket.destroy();
    }, limits.drainTimeoutMs);
    try {
      await app.close();
    } finally {
      clearInterval(sweep);
      clearTimeout(deadline);
    }
  }

  return {
    async listen({ host, port }) {
      // Given the name localhost Fastify opens one more server per address, without our listeners.
      const { address } = await lookup(host);
      await app.listen({ host: address, port, backlog: limits.backlogConnections });
      const bound = server.address();
      assert(typeof bound === 'object' && bound !== null, 'a TCP listener has an address');
      const url = typeof options.publicUrl === 'string' ? options.publicUrl : options.publicUrl(bound.port);
      publicUrl = url.replace(/\/+$/, '');
      observe({ kind: 'serverListening', url: publicUrl });
      return { port: bound.port };
    },
    close() {
      closing ??= drain();
      return closing;
    },
  };
}
