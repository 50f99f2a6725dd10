/** The wire: Fastify ↔ HttpRequest and HttpResponse, and every refusal HTTP itself calls for (Protocol 6, 7.1). */
import { lookup } from 'node:dns/promises';
import {
  createServer,
  type IncomingMessage,
  METHODS,
  type Server,
  type ServerResponse,
  STATUS_CODES,
} from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { BlockList, isIP, type Socket } from 'node:net';
import { promisify } from 'node:util';
import { brotliCompress, brotliDecompress, constants, gunzip, gzip, inflate } from 'node:zlib';
import { fastify } from 'fastify';
import { assert, ServiceError } from '../errors.ts';
import { limits as defaultLimits } from '../limits.ts';
import type { Observe } from '../observe/observation.ts';
import { type ContentCoding, chooseCoding } from './content-coding.ts';
import type { Handler, HttpRequest, HttpResponse } from './message.ts';
import { createSlowAnswers } from './slow-answers.ts';
import { onFailure, streamAnswer } from './stream-answer.ts';

/** The bounds of `limits.ts` this layer keeps; tests shorten them. */
export type HttpLimits = {
  readonly [Name in
    | 'bodyBytesMax'
    | 'inflatedBodyBytesMax'
    | 'discardedBodyBytesMax'
    | 'compressedBodyBytesMin'
    | 'addressBytesMax'
    | 'headersBytesMax'
    | 'clientRequestIdCharactersMax'
    | 'headersTimeoutMs'
    | 'requestTimeoutMs'
    | 'keepAliveTimeoutMs'
    | 'socketTimeoutMs'
    | 'backlogConnections'
    | 'bodyBytesUnderWayMax'
    | 'answerBytesUnderWayMax'
    | 'answerBytesPerSecondMin'
    | 'lingerTimeoutMs'
    | 'drainTimeoutMs']: number;
};

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

type Identity = Pick<HttpRequest, 'id' | 'clientRequestId'>;
type HeaderLines = string[];

/** One request between its head and its answer. */
interface Exchange extends Identity {
  readonly raw: IncomingMessage;
  readonly reply: ServerResponse;
  readonly method: string;
  readonly target: string;
  readonly startedMs: number;
  readonly connection: Connection;
  /** Bytes of its body that are counted as held until it is answered. */
  bodyBytes: number;
}

/** What must be known when the parser fails in the middle of a connection. */
interface Connection {
  /** Without proxies in between: the listener's URL, the socket's address. */
  readonly peer: Peer;
  /** The request whose body is arriving. */
  reading: Exchange | undefined;
  /** Requests not answered yet; more than one where a client pipelines. */
  underWay: number;
  /** A refused body is being thrown away: its request has its answer already. */
  discarding: boolean;
  /** Nothing after the requests under way can be understood. */
  broken: boolean;
  /** The last word has been said. */
  refused: boolean;
}

const allowedMethods = 'GET, HEAD, POST, PATCH, DELETE, OPTIONS';
const ignore = () => {};

// ---------------------------------------------------------------------------------------- the request's head

const visibleAscii = /^[\x21-\x7e]+$/;

/** The client's own name for the request where it is usable, else ours (Protocol 6.1). */
function readClientRequestId(
  { headers }: IncomingMessage,
  id: string,
  { clientRequestIdCharactersMax }: HttpLimits,
): string {
  const given = headers['client-request-id'];
  if (typeof given !== 'string' || given.length > clientRequestIdCharactersMax) return id;
  return visibleAscii.test(given) ? given : id;
}

/** Origin form of a target; a proxy's absolute form loses its scheme and authority (RFC 9112 3.2.2). */
function originForm(target: string): string {
  if (target.startsWith('/')) return target;
  const absolute = /^https?:\/\/[^/?#]*/i.exec(target);
  if (absolute === null) return target;
  const rest = target.slice(absolute[0].length);
  return rest.startsWith('/') ? rest : `/${rest}`;
}

function pathOf(target: string): string {
  const end = target.indexOf('?');
  return end === -1 ? target : target.slice(0, end);
}

/** Refuses what the parser lets pass and RFC 9112 does not; throws requestMalformed, addressTooLong. */
function checkHead({ raw, target }: Exchange, limits: HttpLimits): void {
  if (target.length > limits.addressBytesMax) throw addressTooLong(limits);
  const host = raw.headers.host;
  if (host === undefined ? raw.httpVersion === '1.1' : host.includes(',')) {
    throw new ServiceError('requestMalformed', 'An HTTP/1.1 request needs exactly one Host header.', {
      target: 'Host',
    });
  }
}

function addressTooLong(limits: HttpLimits): ServiceError {
  const message = `The request address exceeds ${limits.addressBytesMax} bytes. Send long queries as POST to …/$query.`;
  return new ServiceError('addressTooLong', message);
}

// ---------------------------------------------------------------------------------------- the request's body

type Inflate = (bytes: Uint8Array, options: { maxOutputLength: number }) => Promise<Uint8Array>;

const gunzipBody: Inflate = promisify(gunzip);
const inflaters: ReadonlyMap<string, Inflate> = new Map([
  ['gzip', gunzipBody],
  ['x-gzip', gunzipBody],
  ['deflate', promisify(inflate) as Inflate],
  ['br', promisify(brotliDecompress) as Inflate],
]);

const declaredLength = ({ headers }: IncomingMessage) => Number(headers['content-length'] ?? 0);

function announcesBody(raw: IncomingMessage): boolean {
  return raw.headers['transfer-encoding'] !== undefined || declaredLength(raw) > 0;
}

function bodyTooLarge(bytesMax: number, what = 'The request body'): ServiceError {
  return new ServiceError('bodyTooLarge', `${what} exceeds ${bytesMax} bytes.`);
}

/** Undefined where the bytes are the body; throws encodingUnsupported. */
function chooseInflater(encoding: string | undefined): Inflate | undefined {
  const name = encoding?.trim().toLowerCase() ?? '';
  if (name === '' || name === 'identity') return undefined;
  const inflater = inflaters.get(name);
  if (inflater !== undefined) return inflater;
  const message =
    'The Content-Encoding is not read here. Allowed are gzip, deflate, br and identity, one at a time.';
  // The header tells clients what would have been accepted (RFC 9110 15.5.16).
  const headers = { 'Accept-Encoding': 'gzip, deflate, br' };
  throw new ServiceError('encodingUnsupported', message, { target: 'Content-Encoding', headers });
}

async function inflateBody(bytes: Uint8Array, inflater: Inflate, bytesMax: number): Promise<Uint8Array> {
  try {
    return await inflater(bytes, { maxOutputLength: bytesMax });
  } catch (cause) {
    if (cause instanceof RangeError) throw bodyTooLarge(bytesMax, 'The inflated request body');
    const message = 'The request body is not a complete stream of its Content-Encoding.';
    throw new ServiceError('bodyInvalid', message, { target: 'Content-Encoding', cause });
  }
}

/** Bytes of bodies held at the same moment; `take` says whether there is room for more, and counts them if so. */
interface BodyRoom {
  take(bytes: number): boolean;
}

/** All bytes of the body, or why there are none: the client left, sent more than `bytesMax`, or there is no room. */
function collectBody(
  raw: IncomingMessage,
  bytesMax: number,
  room: BodyRoom,
): Promise<Uint8Array | 'gone' | 'tooLarge' | 'noRoom'> {
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    let length = 0;
    const settle = (outcome: Uint8Array | 'gone' | 'tooLarge' | 'noRoom') => {
      raw.off('data', take).off('end', finish).off('close', leave);
      resolve(outcome);
    };
    const take = (chunk: Buffer) => {
      length += chunk.length;
      chunks.push(chunk);
      if (length > bytesMax) settle('tooLarge');
      else if (!room.take(chunk.length)) settle('noRoom');
    };
    const finish = () => {
      const [only] = chunks;
      settle(chunks.length === 1 && only !== undefined ? only : Buffer.concat(chunks, length));
    };
    const leave = () => settle('gone');
    // An 'error' is always followed by 'close'.
    raw.on('data', take).on('end', finish).on('close', leave).on('error', ignore);
  });
}

/** The body after its Content-Encoding; throws bodyTooLarge, encodingUnsupported, bodyInvalid, requestMalformed, serverOverloaded. */
async function readBody(
  raw: IncomingMessage,
  bytesMax: number,
  limits: HttpLimits,
  room: BodyRoom,
): Promise<Uint8Array | 'gone' | undefined> {
  const transferEncoding = raw.headers['transfer-encoding'];
  if (transferEncoding !== undefined && transferEncoding.toLowerCase() !== 'chunked') {
    throw new ServiceError('requestMalformed', 'The only Transfer-Encoding read here is chunked.');
  }
  const inflater = chooseInflater(raw.headers['content-encoding']);
  if (declaredLength(raw) > bytesMax) throw bodyTooLarge(bytesMax);
  const bytes = await collectBody(raw, bytesMax, room);
  if (bytes === 'gone') return bytes;
  if (bytes === 'tooLarge') throw bodyTooLarge(bytesMax);
  if (bytes === 'noRoom') throw noBodyRoom();
  if (bytes.length === 0) return undefined;
  if (inflater === undefined) return bytes;
  const inflated = await inflateBody(bytes, inflater, limits.inflatedBodyBytesMax);
  if (!room.take(inflated.length)) throw noBodyRoom();
  return inflated;
}

function noBodyRoom(): ServiceError {
  const message = 'The server holds more request bodies than it has room for. Try again.';
  return new ServiceError('serverOverloaded', message, { headers: { 'Retry-After': '1' } });
}

/** Reads a refused body to its end: closing at once would reset the connection before the answer is read. */
function discardBody({ raw, connection }: Exchange, bytesMax: number): void {
  let length = 0;
  connection.discarding = true;
  raw.on('error', ignore);
  raw.on('data', (chunk: Buffer) => {
    length += chunk.length;
    if (length > bytesMax) raw.socket.destroy();
  });
  raw.once('end', () => {
    connection.discarding = false;
  });
  raw.resume();
}

// ---------------------------------------------------------------------------------------- trusted proxies

interface Peer {
  readonly publicUrl: string;
  readonly remoteAddress: string;
}

/** Sees the client behind proxies; throws requestMalformed for a forwarded value that is none. */
type ReadPeer = (headers: IncomingMessage['headers'], direct: Peer) => Peer;

const addressFamily = (address: string) => (isIP(address) === 6 ? 'ipv6' : 'ipv4');

function createBlockList(ranges: readonly string[]): BlockList {
  const list = new BlockList();
  for (const range of ranges) {
    const [address = '', bits, ...rest] = range.split('/');
    const widthMax = isIP(address) === 6 ? 128 : 32;
    const width = bits === undefined ? widthMax : Number(bits);
    const valid = isIP(address) !== 0 && rest.length === 0 && bits !== '' && Number.isInteger(width);
    if (!valid || width < 0 || width > widthMax) {
      throw new Error(`trustedProxies: "${range}" is neither an address nor a CIDR range such as 10.0.0.0/8`);
    }
    list.addSubnet(address, width, addressFamily(address));
  }
  return list;
}

/** An address as IPv4 where it is one in IPv6's clothes, without the port some proxies add. */
function plainAddress(text: string): string {
  const trimmed = text.trim();
  const withPort = /^\[(.+)\](?::\d+)?$/.exec(trimmed) ?? /^(\d+\.\d+\.\d+\.\d+):\d+$/.exec(trimmed);
  const address = withPort?.[1] ?? trimmed;
  return address.startsWith('::ffff:') && address.includes('.') ? address.slice(7) : address;
}

/** The last value: what the proxy next to us wrote, not what a client made it pass on. */
function lastForwarded(header: string | string[] | undefined): string | undefined {
  return typeof header === 'string' ? header.slice(header.lastIndexOf(',') + 1).trim() : undefined;
}

function readForwarded(
  headers: IncomingMessage['headers'],
  name: string,
  pattern: RegExp,
): string | undefined {
  const value = lastForwarded(headers[name]);
  if (value === undefined || pattern.test(value)) return value;
  throw new ServiceError('headerInvalid', `The header ${name} has a value that cannot be read.`, {
    target: name,
  });
}

function createPeerReader(trustedProxies: readonly string[]): ReadPeer {
  const trusted = createBlockList(trustedProxies);
  const isTrusted = (address: string) =>
    isIP(address) !== 0 && trusted.check(address, addressFamily(address));
  if (trustedProxies.length === 0) return (_headers, direct) => direct;
  return (headers, direct) => {
    if (!isTrusted(direct.remoteAddress)) return direct;
    const scheme = readForwarded(headers, 'x-forwarded-proto', /^https?$/i)?.toLowerCase();
    const host = readForwarded(headers, 'x-forwarded-host', /^([\w.-]+|\[[\da-f:.]+\])(:\d{1,5})?$/i);
    const [configuredScheme, configuredHost] = direct.publicUrl.split('://');
    const publicUrl = `${scheme ?? configuredScheme}://${host ?? configuredHost}`;
    const forwardedFor = headers['x-forwarded-for'];
    const hops = typeof forwardedFor === 'string' ? forwardedFor.split(',').map(plainAddress).reverse() : [];
    let remoteAddress = direct.remoteAddress;
    for (const hop of hops) {
      // Everything left of the first stranger is hearsay.
      if (isIP(hop) === 0 || !isTrusted(remoteAddress)) break;
      remoteAddress = hop;
    }
    return { publicUrl, remoteAddress };
  };
}

// ---------------------------------------------------------------------------------------- CORS (Protocol 6.4)

const corsMethods = 'GET, HEAD, POST, PATCH, PUT, DELETE, OPTIONS';
const corsExposedHeaders =
  'ETag, Location, Preference-Applied, Content-Range, request-id, client-request-id, ' +
  'ReadWriteConsistencyToken, SdkVersion, WWW-Authenticate, x-ms-client-gcc-tenant, Retry-After';
const headerNameList = /^[\w!#$%&'*+.^`|~, -]+$/;

interface Cors {
  /** The answer to a preflight of a configured origin; undefined where the request is none. */
  preflight(raw: IncomingMessage): HttpResponse | undefined;
  /** The lines every other answer to a configured origin carries. */
  lines(raw: IncomingMessage): HeaderLines;
}

function createCors(origins: readonly string[]): Cors {
  const allowed = new Set(origins);
  const allowedOrigin = (origin: string | undefined) => {
    if (origin === undefined) return undefined;
    return allowed.has('*') ? '*' : allowed.has(origin) ? origin : undefined;
  };
  return {
    preflight({ method, headers }) {
      const origin = allowedOrigin(headers.origin);
      if (
        method !== 'OPTIONS' ||
        origin === undefined ||
        headers['access-control-request-method'] === undefined
      ) {
        return undefined;
      }
      const asked = headers['access-control-request-headers'];
      const reflected: Record<string, string> =
        asked !== undefined && headerNameList.test(asked) ? { 'Access-Control-Allow-Headers': asked } : {};
      const answer = { 'Access-Control-Allow-Methods': corsMethods, 'Access-Control-Max-Age': '3600' };
      return { status: 204, headers: { ...answer, ...reflected }, body: undefined };
    },
    lines({ headers }) {
      const origin = allowedOrigin(headers.origin);
      if (origin === undefined) return [];
      return ['Access-Control-Allow-Origin', origin, 'Access-Control-Expose-Headers', corsExposedHeaders];
    },
  };
}

// ---------------------------------------------------------------------------------------- compression (Protocol 6.3)

type Compress = (bytes: Uint8Array) => Promise<Uint8Array>;

const runGzip = promisify(gzip) as (bytes: Uint8Array, options: object) => Promise<Uint8Array>;
const runBrotli = promisify(brotliCompress) as (bytes: Uint8Array, options: object) => Promise<Uint8Array>;

// Qualities at which JSON shrinks to about a fifth without costing more than the answer itself did.
const compressors: Readonly<Record<ContentCoding, Compress>> = {
  br: (bytes) =>
    runBrotli(bytes, {
      params: { [constants.BROTLI_PARAM_QUALITY]: 4, [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length },
    }),
  gzip: (bytes) => runGzip(bytes, { level: 5 }),
};

const compressibleType = /^(text\/|image\/svg|application\/([\w.+-]+\+|x-nd)?(json|xml|javascript))/i;

/** The answer in a coding the client accepts, or the same answer where that is no gain. */
async function compress(response: HttpResponse, coding: ContentCoding): Promise<HttpResponse> {
  const { status, headers, body } = response;
  assert(body !== undefined, 'only a body can be compressed');
  const bytes = typeof body === 'string' ? Buffer.from(body) : body;
  const compressed = await compressors[coding](bytes);
  return { status, headers: { ...headers, 'Content-Encoding': coding }, body: compressed };
}

/** Undefined where the answer goes out as it is; asked for every answer, so the cheap questions come first. */
function chooseCodingFor(
  raw: IncomingMessage,
  { headers, body }: HttpResponse,
  bytesMin: number,
): ContentCoding | undefined {
  const accepted = raw.headers['accept-encoding'];
  if (accepted === undefined || body === undefined || bodyLength(body) < bytesMin) return undefined;
  const compressible =
    headers['Content-Encoding'] === undefined && compressibleType.test(headers['Content-Type'] ?? '');
  return compressible ? chooseCoding(accepted) : undefined;
}

/** The coding a stream is written in while it is sent. */
function chooseStreamCoding(raw: IncomingMessage, { headers }: HttpResponse): ContentCoding | undefined {
  if (!compressibleType.test(headers['Content-Type'] ?? '')) return undefined;
  return chooseCoding(raw.headers['accept-encoding'] ?? '');
}

// ---------------------------------------------------------------------------------------- the answer

const lastResort =
  '{"error":{"code":"InternalServerError","message":"The service failed; the request id finds the fault in the log."}}';

/** Names this layer writes itself; a response's own value of the first two wins. */
const writtenHere = new Set([
  'Cache-Control',
  'Vary',
  'Content-Length',
  'Connection',
  'Date',
  'Transfer-Encoding',
  'request-id',
  'client-request-id',
]);

const hasNoBody = (status: number) => status === 204 || status === 304;

const bodyLength = (body: string | Uint8Array) =>
  typeof body === 'string' ? Buffer.byteLength(body) : body.length;

/** Adds to a Vary what this layer itself looks at; the last result is kept because it rarely changes. */
function createVary(names: readonly string[]): (vary: string | undefined) => string {
  const own = names.join(', ');
  let lastVary = '';
  let lastResult = own;
  return (vary = '') => {
    if (vary === lastVary) return lastResult;
    const present = new Set(vary.toLowerCase().split(/\s*,\s*/));
    const missing = names.filter((name) => !present.has(name.toLowerCase()));
    lastVary = vary;
    lastResult = [vary, ...missing].filter((part) => part !== '').join(', ');
    return lastResult;
  };
}

/** Header lines for `writeHead`: name, value, name, value … */
type WriteHeaders = (identity: Identity, response: HttpResponse) => HeaderLines;

function createHeaderWriter(regionLabel: string, varyNames: readonly string[]): WriteHeaders {
  const serverInfo = {
    DataCenter: regionLabel,
    Slice: 'E',
    Ring: '1',
    ScaleUnit: '000',
    RoleInstance: 'casp',
  };
  const diagnostic = JSON.stringify({ ServerInfo: serverInfo }).replace(
    /[^\x20-\x7e]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
  const vary = createVary(varyNames);
  return (identity, { status, headers, body, stream }) => {
    const lines = [
      'request-id',
      identity.id,
      'client-request-id',
      identity.clientRequestId,
      'x-ms-ags-diagnostic',
      diagnostic,
      'Strict-Transport-Security',
      'max-age=31536000',
      'X-Content-Type-Options',
      'nosniff',
      'Cache-Control',
      headers['Cache-Control'] ?? 'no-cache',
      'Vary',
      vary(headers.Vary),
    ];
    for (const name in headers) {
      if (!writtenHere.has(name)) lines.push(name, headers[name] ?? '');
    }
    // The length of a stream is known when its last piece was sent.
    if (stream === undefined && !hasNoBody(status))
      lines.push('Content-Length', String(body === undefined ? 0 : bodyLength(body)));
    return lines;
  };
}

/** A whole answer as text, for sockets whose request never took shape; headers are ASCII, the body UTF-8. */
function writeRaw({ status, body }: HttpResponse, lines: HeaderLines): Buffer {
  const all = [...lines, 'Date', new Date().toUTCString(), 'Connection', 'close'];
  let head = `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}\r\n`;
  for (let index = 0; index < all.length; index += 2) {
    head += `${all[index]}: ${(all[index + 1] ?? '').replace(/[\r\n]/g, ' ')}\r\n`;
  }
  return Buffer.concat([Buffer.from(`${head}\r\n`), Buffer.from(body ?? '')]);
}

// ---------------------------------------------------------------------------------------- failures of the parser

/** The part of Node's parser errors that is looked at. */
interface ParserError extends Error {
  readonly code?: string;
  readonly rawPacket?: unknown;
}

/** True where the request line alone is too long, as far as the packet that overflowed shows it. */
function overflowsInAddress(packet: unknown, { addressBytesMax }: HttpLimits): boolean {
  if (!Buffer.isBuffer(packet) || !/^[A-Z-]+ /.test(packet.toString('latin1', 0, 32))) return false;
  const lineEnd = packet.indexOf('\n');
  return lineEnd < 0 || lineEnd > addressBytesMax;
}

const isParserError = ({ code = '' }: ParserError) =>
  code.startsWith('HPE_') || code === 'ERR_HTTP_REQUEST_TIMEOUT';

/** Names the fault of a message that cannot be parsed; the parser's own words stay inside. */
function explainParserError(error: ParserError, limits: HttpLimits): ServiceError {
  switch (error.code) {
    case 'HPE_HEADER_OVERFLOW':
      if (overflowsInAddress(error.rawPacket, limits)) return addressTooLong(limits);
      return new ServiceError(
        'headersTooLarge',
        `The request headers exceed ${limits.headersBytesMax} bytes.`,
      );
    case 'HPE_CHUNK_EXTENSIONS_OVERFLOW':
      return new ServiceError('bodyTooLarge', 'The chunk extensions of the request body are too long.');
    case 'ERR_HTTP_REQUEST_TIMEOUT':
      return new ServiceError('requestTimeout', 'The request did not arrive completely in time.');
    case 'HPE_INVALID_METHOD':
      return new ServiceError('requestMalformed', 'The request does not start with an HTTP method.');
    case 'HPE_INVALID_CONTENT_LENGTH':
    case 'HPE_UNEXPECTED_CONTENT_LENGTH':
      return new ServiceError('requestMalformed', 'Content-Length must be one decimal number.', {
        target: 'Content-Length',
      });
    case 'HPE_INVALID_CHUNK_SIZE':
      return new ServiceError(
        'requestMalformed',
        'A chunk of the request body has a size that is no number.',
      );
    case 'HPE_INVALID_EOF_STATE':
      return new ServiceError('requestMalformed', 'The connection ended before the request did.');
    case 'HPE_INVALID_HEADER_TOKEN':
      return new ServiceError(
        'requestMalformed',
        'A request header has a name or value HTTP does not allow.',
      );
    default:
      return new ServiceError('requestMalformed', 'The request is not a well-formed HTTP/1.1 message.');
  }
}

// ---------------------------------------------------------------------------------------- the server

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

/** A request as the stages see it. A class, because an object literal with a getter costs as much as the whole request. */
class WireRequest implements HttpRequest {
  readonly id: string;
  readonly clientRequestId: string;
  readonly method: string;
  readonly target: string;
  readonly headers: HttpRequest['headers'];
  readonly body: Uint8Array | undefined;
  readonly publicUrl: string;
  readonly remoteAddress: string;
  readonly #reply: ServerResponse;
  #leave: AbortController | undefined;

  constructor(
    { id, clientRequestId, method, target, raw, reply }: Exchange,
    peer: Peer,
    body: Uint8Array | undefined,
  ) {
    this.id = id;
    this.clientRequestId = clientRequestId;
    this.method = method;
    this.target = target;
    // The one header Node keeps as a list has no meaning in a request.
    if (raw.headers['set-cookie'] !== undefined) delete raw.headers['set-cookie'];
    this.headers = raw.headers as HttpRequest['headers'];
    this.body = body;
    this.publicUrl = peer.publicUrl;
    this.remoteAddress = peer.remoteAddress;
    this.#reply = reply;
  }

  /** Made when first asked for: most requests are answered before anyone could leave. */
  get signal(): AbortSignal {
    this.#leave ??= createLeaveController(this.#reply);
    return this.#leave.signal;
  }
}

function createLeaveController(reply: ServerResponse): AbortController {
  const controller = new AbortController();
  const leave = () => {
    if (!reply.writableEnded) controller.abort();
  };
  if (reply.destroyed) leave();
  else reply.once('close', leave);
  return controller;
}

/** Answers that wait for one another at most. */
const answersTogetherMax = 32;

/**
 * A place to wait until the present turn of the event loop ends, so that the answers to all requests of one turn are
 * written one after the other: a client that sleeps is woken once, not for each of them, which costs as much as a small
 * answer. Whoever makes it too many releases all.
 */
function createTurnEnd(): () => Promise<void> {
  let turn: { readonly ended: Promise<void>; readonly end: () => void } | undefined;
  let waiting = 0;
  return () => {
    if (turn === undefined) {
      let end = ignore;
      const ended = new Promise<void>((resolve) => {
        end = resolve;
      });
      const own = { ended, end };
      turn = own;
      waiting = 0;
      setImmediate(() => {
        own.end();
        if (turn === own) turn = undefined;
      });
    }
    const { ended, end } = turn;
    waiting += 1;
    if (waiting === answersTogetherMax) {
      end();
      turn = undefined;
    }
    return ended;
  };
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
  const turnEnd = createTurnEnd();
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
  async function answer(exchange: Exchange): Promise<HttpResponse | undefined> {
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
      const response = await dispatch(request);
      const coding = chooseCodingFor(raw, response, limits.compressedBodyBytesMin);
      return coding === undefined ? response : await compress(response, coding);
    } catch (error) {
      return refuse(error, exchange);
    }
  }

  function send(
    { raw, reply, connection, method, id, clientRequestId }: Exchange,
    response: HttpResponse,
  ): void {
    const lines = writeHeaders({ id, clientRequestId }, response);
    if (cors !== undefined) lines.push(...cors.lines(raw));
    if (closing !== undefined || connection.broken) reply.setHeader('Connection', 'close');
    reply.writeHead(response.status, lines);
    if (method === 'HEAD' || hasNoBody(response.status)) reply.end();
    else reply.end(response.body);
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

  async function serve(exchange: Exchange): Promise<void> {
    const { raw, connection } = exchange;
    connection.underWay += 1;
    const response = await answer(exchange);
    // Writes share a commit, after which their answers come together anyway.
    if (exchange.method === 'GET') await turnEnd();
    bodyBytesUnderWay -= exchange.bodyBytes;
    if (!raw.complete && !raw.destroyed) discardBody(exchange, limits.discardedBodyBytesMax);
    const status =
      response === undefined || raw.socket.destroyed
        ? undefined
        : response.stream === undefined
          ? deliver(exchange, response)
          : await deliverStream(exchange, response, response.stream);
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
    genReqId: newRequestId,
    // While draining, a request that came is answered: nothing accepted is refused.
    return503OnClosing: false,
    clientErrorHandler: onParserError,
    serverFactory: (listener) => createNodeServer(options, limits, listener),
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
    handler: ({ id, raw, originalUrl }, reply) => {
      reply.hijack();
      const exchange: Exchange = {
        id,
        clientRequestId: readClientRequestId(raw, id, limits),
        raw,
        reply: reply.raw,
        method: raw.method ?? '',
        target: originForm(originalUrl),
        startedMs: performance.now(),
        connection: connectionOf(raw.socket),
        bodyBytes: 0,
      };
      serve(exchange).catch(() => reply.raw.destroy());
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
