import { quoteForMessage, ServiceError } from '../errors.ts';
import type { HttpRequest } from '../http/message.ts';
import { limits } from '../limits.ts';
import { bodyMissing, parseBody } from './body.ts';
import { parseContentType, parseFormat, parseHeaders, parseRepeatability } from './headers.ts';
import type { JsonObject, Method, ODataRequest, QueryOptions, RequestHeaders } from './odata-request.ts';
import {
  collectQueryOptions,
  parseQueryOptions,
  type QueryOptionPair,
  readQueryObject,
  readQueryPairs,
} from './query-options.ts';
import { parseResourcePath, type ResourcePath, splitTarget } from './resource-path.ts';

/**
 * What came → what is asked: syntax only, no name is looked up. Throws a ServiceError (4xx) for whatever is malformed.
 * `POST …/$query` becomes the GET it stands for.
 */
export function parseRequest(http: HttpRequest): ODataRequest {
  const method = parseMethod(http);
  requireAddressLength(http.target);
  const { path, query } = splitTarget(http.target);
  const resource = parseResourcePath(path);
  if (method === 'POST' && isQueryResource(resource)) return parseQueryRequest(http, resource, query);
  const options = parseQueryOptions(query);
  const headers = applyFormat(parseHeaders(http.headers), options);
  return {
    method,
    root: resource.root,
    segments: resource.segments,
    options,
    headers: method === 'POST' ? { ...headers, repeatability: parseRepeatability(http.headers) } : headers,
    readBody: bodyMethods.has(method) ? () => parseJsonBody(http) : undefined,
  };
}

const bodyMethods: ReadonlySet<Method> = new Set(['POST', 'PATCH', 'PUT']);

/** The server refuses long addresses itself; parts of a batch come past it. */
function requireAddressLength(target: string): void {
  if (target.length <= limits.addressBytesMax) return;
  throw new ServiceError(
    'addressTooLong',
    `The address has ${target.length} bytes; ${limits.addressBytesMax} are allowed. Longer queries go to POST …/$query.`,
    { target: 'path' },
  );
}

const methods: ReadonlyMap<string, Method> = new Map(
  (['GET', 'HEAD', 'POST', 'PATCH', 'PUT', 'DELETE', 'OPTIONS'] as const).map((method) => [method, method]),
);
/** What a POST may stand for; MERGE is PATCH before there was PATCH (Protocol digest 2.9). */
const tunnelledMethods: ReadonlyMap<string, Method> = new Map([
  ['PATCH', 'PATCH'],
  ['MERGE', 'PATCH'],
  ['PUT', 'PUT'],
  ['DELETE', 'DELETE'],
]);

/** The effective method; throws methodNotAllowed for one no resource has, and headerInvalid for a tunnel that leads nowhere. */
function parseMethod(http: HttpRequest): Method {
  const method = methods.get(http.method);
  if (method === undefined) throw unknownMethod(http.method);
  if (method !== 'POST') return method;
  const header = http.headers['x-http-method'] === undefined ? 'X-HTTP-Method-Override' : 'X-HTTP-Method';
  const tunnelled = http.headers['x-http-method'] ?? http.headers['x-http-method-override'];
  return tunnelled === undefined ? method : parseTunnelledMethod(header, tunnelled);
}

function unknownMethod(method: string): ServiceError {
  // No resource takes PUT (Protocol digest 2.9), so it is understood but not offered.
  const allow = 'GET, HEAD, POST, PATCH, DELETE, OPTIONS';
  return new ServiceError(
    'methodNotAllowed',
    `The method '${quoteForMessage(method)}' is not allowed for any resource; allowed are ${allow}.`,
    { target: 'method', headers: { Allow: allow } },
  );
}

function parseTunnelledMethod(header: string, text: string): Method {
  const method = tunnelledMethods.get(text.trim().toUpperCase());
  if (method !== undefined) return method;
  throw new ServiceError(
    'headerInvalid',
    `The ${header} header contains an invalid value: '${quoteForMessage(text)}'; allowed are ${[...tunnelledMethods.keys()].join(', ')}.`,
    { target: header },
  );
}

/** $format overrides Accept (URL Conventions 5.1.9). */
function applyFormat(headers: RequestHeaders, options: QueryOptions): RequestHeaders {
  const format = options.system.get('$format');
  return format === undefined ? headers : { ...headers, accept: parseFormat(format) };
}

function parseJsonBody(http: HttpRequest): JsonObject {
  if (http.body === undefined || http.body.length === 0) throw bodyMissing();
  parseContentType(http.headers['content-type'], ['application/json']);
  return parseBody(http.body);
}

const isQueryResource = ({ segments }: ResourcePath): boolean =>
  segments.at(-1)?.text.toLowerCase() === '$query';

/** `POST …/$query`: the options of the body join those of the address (URL Conventions 4.17). */
function parseQueryRequest(http: HttpRequest, { root, segments }: ResourcePath, query: string): ODataRequest {
  const options = collectQueryOptions([...readQueryPairs(query), ...readQueryBody(http)]);
  return {
    method: 'GET',
    root,
    segments: segments.slice(0, -1),
    options,
    headers: applyFormat(parseHeaders(http.headers), options),
    readBody: undefined,
  };
}

function readQueryBody(http: HttpRequest): readonly QueryOptionPair[] {
  if (http.body === undefined || http.body.length === 0) return [];
  const type = parseContentType(http.headers['content-type'], [
    'text/plain',
    'application/json',
    'application/x-www-form-urlencoded',
  ]);
  if (type === 'application/json') return readQueryObject(parseBody(http.body));
  // One character per byte, as an address arrives: the same decoder then judges the UTF-8 of each option.
  const text = Buffer.from(http.body.buffer, http.body.byteOffset, http.body.byteLength).toString('latin1');
  return readQueryPairs(text.replace(/[\r\n]+$/, ''));
}
