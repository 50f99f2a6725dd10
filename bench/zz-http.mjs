// bench/zz-http-entry.ts
import { randomUUID } from "node:crypto";
import { createServer as createServer2 } from "node:http";
import { fastify as fastify2 } from "fastify";

// src/http/server.ts
import { lookup } from "node:dns/promises";
import {
  createServer,
  METHODS,
  STATUS_CODES
} from "node:http";
import { createServer as createTlsServer } from "node:https";
import { BlockList, isIP } from "node:net";
import { promisify } from "node:util";
import { brotliCompress, brotliDecompress, constants, gunzip, gzip, inflate } from "node:zlib";
import { fastify } from "fastify";

// src/errors.ts
var entry = (status, graphCode, meaning) => ({ status, graphCode, meaning });
var errorTable = {
  versionUnknown: entry(400, "BadRequest", "The first path segment is not a service root."),
  pathInvalid: entry(400, "BadRequest", "The path is malformed: an escape, an empty segment, a key in the wrong form."),
  segmentUnknown: entry(400, "BadRequest", "A path segment names nothing this service has."),
  headerInvalid: entry(400, "BadRequest", "A request header has a value that cannot be read."),
  contentTypeMissing: entry(400, "BadRequest", "A request body arrived without a Content-Type."),
  bodyMissing: entry(400, "BadRequest", "The operation needs a JSON body and none arrived."),
  bodyInvalid: entry(400, "BadRequest", "The body is not the JSON this operation expects."),
  payloadPropertyUnknown: entry(400, "RequestBodyRead", "The body names a property the type does not declare."),
  valueInvalid: entry(400, "BadRequest", "A property in the body has a value of the wrong kind."),
  payloadTypeMismatch: entry(400, "BadRequest", "The @odata.type in the body names another type."),
  optionInvalid: entry(400, "BadRequest", "A query option has a value that cannot be read."),
  optionUnknown: entry(400, "BadRequest", "A query option starting with $ is not one of the protocol."),
  optionDuplicate: entry(400, "BadRequest", "A query option was given twice."),
  optionNotAllowed: entry(400, "BadRequest", "A query option has no meaning for the addressed resource."),
  expandNotSupported: entry(400, "ExpandNotSupported", "$expand was asked of a type without navigation properties."),
  expressionSyntax: entry(400, "BadRequest", "A query expression breaks the grammar; the message says where."),
  propertyUnknown: entry(400, "BadRequest", "A query expression names a property the type does not declare."),
  functionUnknown: entry(400, "BadRequest", "A query expression calls a function that does not exist."),
  operandTypeMismatch: entry(400, "BadRequest", "An operator or function got an operand of the wrong type."),
  divisionByZero: entry(400, "BadRequest", "An integer division by a literal zero."),
  patternInvalid: entry(400, "BadRequest", "A regular expression in matchespattern cannot be compiled."),
  queryTooComplex: entry(400, "BadRequest", "A query exceeds a limit of size, depth or time."),
  pageTokenInvalid: entry(400, "BadRequest", "A $skiptoken was altered, or belongs to another query or tenant."),
  expiredSkipToken: entry(400, "BadRequest", "A $skiptoken is older than its lifetime; start the query again."),
  versionNotSupported: entry(400, "BadRequest", "OData-Version or OData-MaxVersion names a version not spoken here."),
  requestMalformed: entry(400, "BadRequest", "The HTTP message itself cannot be parsed."),
  tokenMissing: entry(401, "InvalidAuthenticationToken", "No bearer token arrived."),
  tokenInvalid: entry(401, "InvalidAuthenticationToken", "The bearer token cannot be read or its signature is wrong."),
  tokenExpired: entry(401, "InvalidAuthenticationToken", "The bearer token is past its lifetime."),
  tokenNotYetValid: entry(401, "InvalidAuthenticationToken", "The bearer token is not valid yet."),
  audienceInvalid: entry(401, "InvalidAuthenticationToken", "The bearer token was issued for another service."),
  issuerInvalid: entry(401, "InvalidAuthenticationToken", "The bearer token comes from an issuer not trusted here."),
  accountUnsupported: entry(401, "InvalidAuthenticationToken", "Personal Microsoft accounts are not supported."),
  permissionMissing: entry(403, "Forbidden", "The token lacks the permission this operation needs."),
  tenantNotOnboarded: entry(403, "Forbidden", "The tenant of the token is not served here."),
  entityNotFound: entry(404, "ResourceNotFound", "No entity with this id is visible to the caller."),
  resourceNotFound: entry(404, "ResourceNotFound", "The addressed resource does not exist."),
  methodNotAllowed: entry(405, "MethodNotAllowed", "The resource exists but not for this method; see Allow."),
  notAcceptable: entry(406, "NotAcceptable", "No representation matches the Accept header or $format."),
  requestTimeout: entry(408, "RequestTimeout", "The request did not arrive completely in time."),
  versionMismatch: entry(412, "PreconditionFailed", "If-Match or If-None-Match does not hold for the current version."),
  bodyTooLarge: entry(413, "RequestEntityTooLarge", "The body exceeds the limit."),
  addressTooLong: entry(414, "UriTooLong", "The request address exceeds the limit."),
  mediaTypeUnsupported: entry(415, "UnsupportedMediaType", "The Content-Type is not one this operation reads."),
  encodingUnsupported: entry(415, "UnsupportedMediaType", "The Content-Encoding is not one this service reads."),
  preconditionRequired: entry(428, "PreconditionRequired", "This deployment requires If-Match on every write."),
  throttledRequest: entry(429, "TooManyRequests", "The caller exceeded its rate; see Retry-After."),
  headersTooLarge: entry(431, "RequestHeaderFieldsTooLarge", "The request headers exceed the limit."),
  internalError: entry(500, "InternalServerError", "A fault of the service; the request id finds it in the log."),
  optionUnsupported: entry(501, "NotImplemented", "A query option of the protocol that is not built."),
  operationUnsupported: entry(501, "NotImplemented", "An operation of the protocol that is not built."),
  issuerUnavailable: entry(503, "ServiceUnavailable", "The keys of the issuer of the token cannot be fetched; try again."),
  storageUnavailable: entry(503, "ServiceUnavailable", "The database cannot be reached or written."),
  storageBusy: entry(503, "ServiceUnavailable", "The database is locked by other work; try again."),
  serverStopping: entry(503, "ServiceUnavailable", "The server is shutting down; another instance will answer.")
};
var ServiceError = class extends Error {
  code;
  target;
  headers;
  constructor(code, message, options = {}) {
    super(message, options.cause === void 0 ? void 0 : { cause: options.cause });
    this.name = "ServiceError";
    this.code = code;
    this.target = options.target;
    this.headers = options.headers ?? {};
  }
  get status() {
    return errorTable[this.code].status;
  }
};
function assert(condition, message) {
  if (!condition) throw new Error(`assertion failed: ${message}`);
}

// src/limits.ts
var limits = {
  /** The largest request body: room for a manifest of several hundred kilobytes, not for a flood. */
  bodyBytesMax: 1024 * 1024,
  /** A compressed body may inflate to this much: a bomb stops here. */
  inflatedBodyBytesMax: 10 * 1024 * 1024,
  /** Nesting of a JSON body: the type needs two levels; the rest is room for ignored annotations. */
  bodyDepthMax: 16,
  /** Members in all objects of a JSON body together: bounds the work of duplicate detection. */
  bodyMembersMax: 1e4,
  /** Length of the request target: longer queries go to POST …/$query. */
  addressBytesMax: 16 * 1024,
  /** All request headers together; a token may reach 9 KB. */
  headersBytesMax: 32 * 1024,
  /** Headers of one request must arrive within this time: ends slow-header clients. */
  headersTimeoutMs: 2e4,
  /** A whole request must arrive within this time: ends slow-body clients. */
  requestTimeoutMs: 3e4,
  /** An idle kept-alive connection is closed after this time; longer than common balancers' 60 s. */
  keepAliveTimeoutMs: 65e3,
  /** Query options of one request, custom ones included: bounds the work before any is understood. */
  queryOptionsMax: 256,
  /** Length of an id in an address: ours have 36 characters, imported ones may be longer. */
  keyCharactersMax: 256,
  /** Rows of a page unless the client asks otherwise. */
  pageSizeDefault: 100,
  /** Rows of the largest page; a larger $top is clamped and pages on (Graph's rule for alerts). */
  pageSizeMax: 1e3,
  /** A page token serves for a day, never less than an hour (Protocol 4.10). */
  pageTokenLifetimeMs: 24 * 60 * 60 * 1e3,
  /** Tags of one profile: bounds the rows a write touches. */
  collectionItemsMax: 1e3,
  /** Values of If-Match or If-None-Match in one header. */
  entityTagsMax: 50,
  /** client-request-id longer than this is replaced by ours. */
  clientRequestIdCharactersMax: 128,
  /** A bearer token longer than this is refused before it is parsed. */
  tokenCharactersMax: 16 * 1024,
  /** Verified tokens remembered so that a signature is checked once: about 1 KB each. */
  tokensRememberedMax: 1e4,
  /** A display name from a token is cut to this: it is kept in every change record. */
  displayNameCharactersMax: 256,
  /** One document of an issuer must arrive within this time: requests wait for it. */
  issuerFetchTimeoutMs: 5e3,
  /** A discovery document or key set is a few kilobytes; more is not one. */
  issuerDocumentBytesMax: 256 * 1024,
  /** Keys of one issuer: a dozen in practice. */
  issuerKeysMax: 200,
  /** Keys are fetched anew after a day (Protocol 8.2). */
  issuerKeysLifetimeMs: 24 * 60 * 60 * 1e3,
  /** The last good keys serve this long while their issuer is down; later tokens cannot be judged. */
  issuerKeysStaleMaxMs: 7 * 24 * 60 * 60 * 1e3,
  /** An unknown key id or a failed fetch asks the issuer again at most this often. */
  issuerRefreshIntervalMs: 3e4,
  /** Local issuer: an access token serves an hour, as Entra ID's do by default. */
  accessTokenLifetimeS: 3600,
  /** Local issuer: a code is redeemed at once by the page it was sent to. */
  authorizationCodeLifetimeS: 300,
  /** Local issuer: a person has this long to enter a device's code. */
  deviceCodeLifetimeS: 900,
  /** Local issuer: a refresh token serves a day after its last use, as Entra ID's do in browsers. */
  refreshTokenLifetimeS: 24 * 60 * 60,
  /** Local issuer: codes of devices and redeemed codes kept in memory. */
  issuerCodesMax: 1e4,
  /** Local issuer: length of one parameter, such as a state or a scope list. */
  issuerParameterCharactersMax: 8 * 1024,
  /** Clocks of issuer and service may differ by this much. */
  clockSkewS: 300,
  /** More threads than this read no faster and each costs a database handle. */
  readerThreadsMax: 64,
  /** On shutdown, requests under way get this long to finish. */
  drainTimeoutMs: 1e4,
  /** A refused body is read on up to this size, so that the answer arrives and the connection lives. */
  discardedBodyBytesMax: 16 * 1024 * 1024,
  /** After a refusal that ends a connection, its peer gets this long to read the answer. */
  lingerTimeoutMs: 2e3,
  /** A connection on which no byte moves for this long is cut: ends clients that stop reading. */
  socketTimeoutMs: 12e4,
  /** Answers from this size on are compressed; below, the packet count stays the same. */
  compressedBodyBytesMin: 1024,
  /** Nodes in the tree of one query option: bounds what binding, compiling and the engine have to do. */
  expressionNodesMax: 200,
  /** Nesting of parentheses, calls, lambdas, `not` and `-` in one query option: recursion stays shallow. */
  expressionDepthMax: 50,
  /** Tokens of one query option: room for a full tree and several full lists, not for a flood of short lists. */
  expressionTokensMax: 2e3,
  /** Items of one `in (…)` or `[…]`: bounds the parameters of a statement. */
  listItemsMax: 200,
  /** Keys of one $orderby: more than any table has columns worth sorting by. */
  orderByKeysMax: 10,
  /** Names in one $select or $expand, nested ones included. */
  selectNamesMax: 100,
  /** Length of a name in a query option (ABNF odataIdentifier). */
  identifierCharactersMax: 128,
  /** Length of a regular expression in matchespattern: bounds the automaton built from it. */
  patternCharactersMax: 256
};

// src/http/server.ts
var allowedMethods = "GET, HEAD, POST, PATCH, DELETE, OPTIONS";
var ignore = () => {
};
var visibleAscii = /^[\x21-\x7e]+$/;
function readClientRequestId({ headers }, id, { clientRequestIdCharactersMax }) {
  const given = headers["client-request-id"];
  if (typeof given !== "string" || given.length > clientRequestIdCharactersMax) return id;
  return visibleAscii.test(given) ? given : id;
}
function originForm(target) {
  if (target.startsWith("/")) return target;
  const absolute = /^https?:\/\/[^/?#]*/i.exec(target);
  if (absolute === null) return target;
  const rest = target.slice(absolute[0].length);
  return rest.startsWith("/") ? rest : `/${rest}`;
}
function pathOf(target) {
  const end = target.indexOf("?");
  return end === -1 ? target : target.slice(0, end);
}
function checkHead({ raw, target }, limits2) {
  if (target.length > limits2.addressBytesMax) throw addressTooLong(limits2);
  const host = raw.headers.host;
  if (host === void 0 ? raw.httpVersion === "1.1" : host.includes(",")) {
    throw new ServiceError("requestMalformed", "An HTTP/1.1 request needs exactly one Host header.", {
      target: "Host"
    });
  }
}
function addressTooLong(limits2) {
  const message = `The request address exceeds ${limits2.addressBytesMax} bytes. Send long queries as POST to \u2026/$query.`;
  return new ServiceError("addressTooLong", message);
}
var gunzipBody = promisify(gunzip);
var inflaters = /* @__PURE__ */ new Map([
  ["gzip", gunzipBody],
  ["x-gzip", gunzipBody],
  ["deflate", promisify(inflate)],
  ["br", promisify(brotliDecompress)]
]);
var declaredLength = ({ headers }) => Number(headers["content-length"] ?? 0);
function announcesBody(raw) {
  return raw.headers["transfer-encoding"] !== void 0 || declaredLength(raw) > 0;
}
function bodyTooLarge(bytesMax, what = "The request body") {
  return new ServiceError("bodyTooLarge", `${what} exceeds ${bytesMax} bytes.`);
}
function chooseInflater(encoding) {
  const name = encoding?.trim().toLowerCase() ?? "";
  if (name === "" || name === "identity") return void 0;
  const inflater = inflaters.get(name);
  if (inflater !== void 0) return inflater;
  const message = "The Content-Encoding is not read here. Allowed are gzip, deflate, br and identity, one at a time.";
  const headers = { "Accept-Encoding": "gzip, deflate, br" };
  throw new ServiceError("encodingUnsupported", message, { target: "Content-Encoding", headers });
}
async function inflateBody(bytes, inflater, bytesMax) {
  try {
    return await inflater(bytes, { maxOutputLength: bytesMax });
  } catch (cause) {
    if (cause instanceof RangeError) throw bodyTooLarge(bytesMax, "The inflated request body");
    const message = "The request body is not a complete stream of its Content-Encoding.";
    throw new ServiceError("bodyInvalid", message, { target: "Content-Encoding", cause });
  }
}
function collectBody(raw, bytesMax) {
  return new Promise((resolve) => {
    const chunks = [];
    let length = 0;
    const settle = (outcome) => {
      raw.off("data", take).off("end", finish).off("close", leave);
      resolve(outcome);
    };
    const take = (chunk) => {
      length += chunk.length;
      chunks.push(chunk);
      if (length > bytesMax) settle("tooLarge");
    };
    const finish = () => {
      const [only] = chunks;
      settle(chunks.length === 1 && only !== void 0 ? only : Buffer.concat(chunks, length));
    };
    const leave = () => settle("gone");
    raw.on("data", take).on("end", finish).on("close", leave).on("error", ignore);
  });
}
async function readBody(raw, limits2) {
  const transferEncoding = raw.headers["transfer-encoding"];
  if (transferEncoding !== void 0 && transferEncoding.toLowerCase() !== "chunked") {
    throw new ServiceError("requestMalformed", "The only Transfer-Encoding read here is chunked.");
  }
  const inflater = chooseInflater(raw.headers["content-encoding"]);
  if (declaredLength(raw) > limits2.bodyBytesMax) throw bodyTooLarge(limits2.bodyBytesMax);
  const bytes = await collectBody(raw, limits2.bodyBytesMax);
  if (bytes === "gone") return bytes;
  if (bytes === "tooLarge") throw bodyTooLarge(limits2.bodyBytesMax);
  if (bytes.length === 0) return void 0;
  return inflater === void 0 ? bytes : inflateBody(bytes, inflater, limits2.inflatedBodyBytesMax);
}
function discardBody({ raw, connection }, bytesMax) {
  let length = 0;
  connection.discarding = true;
  raw.on("error", ignore);
  raw.on("data", (chunk) => {
    length += chunk.length;
    if (length > bytesMax) raw.socket.destroy();
  });
  raw.once("end", () => {
    connection.discarding = false;
  });
  raw.resume();
}
var addressFamily = (address) => isIP(address) === 6 ? "ipv6" : "ipv4";
function createBlockList(ranges) {
  const list = new BlockList();
  for (const range of ranges) {
    const [address = "", bits, ...rest] = range.split("/");
    const widthMax = isIP(address) === 6 ? 128 : 32;
    const width = bits === void 0 ? widthMax : Number(bits);
    const valid = isIP(address) !== 0 && rest.length === 0 && bits !== "" && Number.isInteger(width);
    if (!valid || width < 0 || width > widthMax) {
      throw new Error(`trustedProxies: "${range}" is neither an address nor a CIDR range such as 10.0.0.0/8`);
    }
    list.addSubnet(address, width, addressFamily(address));
  }
  return list;
}
function plainAddress(text) {
  const trimmed = text.trim();
  const withPort = /^\[(.+)\](?::\d+)?$/.exec(trimmed) ?? /^(\d+\.\d+\.\d+\.\d+):\d+$/.exec(trimmed);
  const address = withPort?.[1] ?? trimmed;
  return address.startsWith("::ffff:") && address.includes(".") ? address.slice(7) : address;
}
function lastForwarded(header) {
  return typeof header === "string" ? header.slice(header.lastIndexOf(",") + 1).trim() : void 0;
}
function readForwarded(headers, name, pattern) {
  const value = lastForwarded(headers[name]);
  if (value === void 0 || pattern.test(value)) return value;
  throw new ServiceError("headerInvalid", `The header ${name} has a value that cannot be read.`, {
    target: name
  });
}
function createPeerReader(trustedProxies) {
  const trusted = createBlockList(trustedProxies);
  const isTrusted = (address) => isIP(address) !== 0 && trusted.check(address, addressFamily(address));
  const direct = ({ socket }, publicUrl) => ({
    publicUrl,
    remoteAddress: plainAddress(socket.remoteAddress ?? "")
  });
  if (trustedProxies.length === 0) return direct;
  return (raw, configured) => {
    const peer = direct(raw, configured);
    if (!isTrusted(peer.remoteAddress)) return peer;
    const scheme = readForwarded(raw.headers, "x-forwarded-proto", /^https?$/i)?.toLowerCase();
    const host = readForwarded(raw.headers, "x-forwarded-host", /^([\w.-]+|\[[\da-f:.]+\])(:\d{1,5})?$/i);
    const [configuredScheme, configuredHost] = configured.split("://");
    const publicUrl = `${scheme ?? configuredScheme}://${host ?? configuredHost}`;
    const forwardedFor = raw.headers["x-forwarded-for"];
    const hops = typeof forwardedFor === "string" ? forwardedFor.split(",").map(plainAddress).reverse() : [];
    let remoteAddress = peer.remoteAddress;
    for (const hop of hops) {
      if (isIP(hop) === 0 || !isTrusted(remoteAddress)) break;
      remoteAddress = hop;
    }
    return { publicUrl, remoteAddress };
  };
}
var corsMethods = "GET, HEAD, POST, PATCH, PUT, DELETE, OPTIONS";
var corsExposedHeaders = "ETag, Location, Preference-Applied, Content-Range, request-id, client-request-id, ReadWriteConsistencyToken, SdkVersion, WWW-Authenticate, x-ms-client-gcc-tenant, Retry-After";
var headerNameList = /^[\w!#$%&'*+.^`|~, -]+$/;
function createCors(origins) {
  const allowed = new Set(origins);
  const allowedOrigin = (origin) => {
    if (origin === void 0) return void 0;
    return allowed.has("*") ? "*" : allowed.has(origin) ? origin : void 0;
  };
  return {
    preflight({ method, headers }) {
      const origin = allowedOrigin(headers.origin);
      if (method !== "OPTIONS" || origin === void 0 || headers["access-control-request-method"] === void 0) {
        return void 0;
      }
      const asked = headers["access-control-request-headers"];
      const reflected = asked !== void 0 && headerNameList.test(asked) ? { "Access-Control-Allow-Headers": asked } : {};
      const answer = { "Access-Control-Allow-Methods": corsMethods, "Access-Control-Max-Age": "3600" };
      return { status: 204, headers: { ...answer, ...reflected }, body: void 0 };
    },
    lines({ headers }) {
      const origin = allowedOrigin(headers.origin);
      if (origin === void 0) return [];
      return ["Access-Control-Allow-Origin", origin, "Access-Control-Expose-Headers", corsExposedHeaders];
    }
  };
}
var runGzip = promisify(gzip);
var runBrotli = promisify(brotliCompress);
var compressors = {
  br: (bytes) => runBrotli(bytes, {
    params: { [constants.BROTLI_PARAM_QUALITY]: 4, [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length }
  }),
  gzip: (bytes) => runGzip(bytes, { level: 5 })
};
var compressibleType = /^(text\/|image\/svg|application\/([\w.+-]+\+)?(json|xml|javascript))/i;
function chooseCoding(acceptEncoding) {
  if (typeof acceptEncoding !== "string") return void 0;
  const weights = /* @__PURE__ */ new Map();
  for (const item of acceptEncoding.toLowerCase().split(",")) {
    const [name = "", ...parameters] = item.split(";").map((part) => part.trim());
    const weight = parameters.find((parameter) => parameter.startsWith("q="));
    weights.set(name, weight === void 0 ? 1 : Number(weight.slice(2)) || 0);
  }
  const weightOf = (coding) => weights.get(coding) ?? weights.get("*") ?? 0;
  const best = weightOf("br") >= weightOf("gzip") ? "br" : "gzip";
  return weightOf(best) > 0 ? best : void 0;
}
async function compress(response, coding) {
  const { status, headers, body: body2 } = response;
  assert(body2 !== void 0, "only a body can be compressed");
  const bytes = typeof body2 === "string" ? Buffer.from(body2) : body2;
  const compressed = await compressors[coding](bytes);
  return { status, headers: { ...headers, "Content-Encoding": coding }, body: compressed };
}
function chooseCodingFor(raw, response, bytesMin) {
  const { headers, body: body2 } = response;
  if (body2 === void 0 || body2.length * 3 < bytesMin || bodyLength(body2) < bytesMin) return void 0;
  const compressible = headers["Content-Encoding"] === void 0 && compressibleType.test(headers["Content-Type"] ?? "");
  return compressible ? chooseCoding(raw.headers["accept-encoding"]) : void 0;
}
var lastResort = '{"error":{"code":"InternalServerError","message":"The service failed; the request id finds the fault in the log."}}';
var writtenHere = /* @__PURE__ */ new Set([
  "Cache-Control",
  "Vary",
  "Content-Length",
  "Connection",
  "Date",
  "Transfer-Encoding",
  "request-id",
  "client-request-id"
]);
var hasNoBody = (status) => status === 204 || status === 304;
var bodyLength = (body2) => typeof body2 === "string" ? Buffer.byteLength(body2) : body2.length;
function createVary(names) {
  const own = names.join(", ");
  let lastVary = "";
  let lastResult = own;
  return (vary = "") => {
    if (vary === lastVary) return lastResult;
    const present = new Set(vary.toLowerCase().split(/\s*,\s*/));
    const missing = names.filter((name) => !present.has(name.toLowerCase()));
    lastVary = vary;
    lastResult = [vary, ...missing].join(", ");
    return lastResult;
  };
}
function createHeaderWriter(regionLabel, varyNames) {
  const serverInfo = {
    DataCenter: regionLabel,
    Slice: "E",
    Ring: "1",
    ScaleUnit: "000",
    RoleInstance: "casp"
  };
  const diagnostic = JSON.stringify({ ServerInfo: serverInfo }).replace(
    /[^\x20-\x7e]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`
  );
  const vary = createVary(varyNames);
  return (identity, { status, headers, body: body2 }) => {
    const lines = [
      "request-id",
      identity.id,
      "client-request-id",
      identity.clientRequestId,
      "x-ms-ags-diagnostic",
      diagnostic,
      "Strict-Transport-Security",
      "max-age=31536000",
      "X-Content-Type-Options",
      "nosniff",
      "Cache-Control",
      headers["Cache-Control"] ?? "no-cache",
      "Vary",
      vary(headers.Vary)
    ];
    for (const name in headers) {
      if (!writtenHere.has(name)) lines.push(name, headers[name] ?? "");
    }
    if (!hasNoBody(status)) lines.push("Content-Length", String(body2 === void 0 ? 0 : bodyLength(body2)));
    return lines;
  };
}
function writeRaw({ status, body: body2 }, lines) {
  const all = [...lines, "Date", (/* @__PURE__ */ new Date()).toUTCString(), "Connection", "close"];
  let head = `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ""}\r
`;
  for (let index = 0; index < all.length; index += 2) {
    head += `${all[index]}: ${(all[index + 1] ?? "").replace(/[\r\n]/g, " ")}\r
`;
  }
  return Buffer.concat([Buffer.from(`${head}\r
`), Buffer.from(body2 ?? "")]);
}
function overflowsInAddress(packet) {
  if (!Buffer.isBuffer(packet)) return false;
  return /^[A-Z-]+ /.test(packet.toString("latin1", 0, 32)) && !packet.includes("\n");
}
var isParserError = ({ code = "" }) => code.startsWith("HPE_") || code === "ERR_HTTP_REQUEST_TIMEOUT";
function explainParserError(error, limits2) {
  switch (error.code) {
    case "HPE_HEADER_OVERFLOW":
      if (overflowsInAddress(error.rawPacket)) return addressTooLong(limits2);
      return new ServiceError(
        "headersTooLarge",
        `The request headers exceed ${limits2.headersBytesMax} bytes.`
      );
    case "HPE_CHUNK_EXTENSIONS_OVERFLOW":
      return new ServiceError("bodyTooLarge", "The chunk extensions of the request body are too long.");
    case "ERR_HTTP_REQUEST_TIMEOUT":
      return new ServiceError("requestTimeout", "The request did not arrive completely in time.");
    case "HPE_INVALID_METHOD":
      return new ServiceError("requestMalformed", "The request does not start with an HTTP method.");
    case "HPE_INVALID_CONTENT_LENGTH":
    case "HPE_UNEXPECTED_CONTENT_LENGTH":
      return new ServiceError("requestMalformed", "Content-Length must be one decimal number.", {
        target: "Content-Length"
      });
    case "HPE_INVALID_CHUNK_SIZE":
      return new ServiceError(
        "requestMalformed",
        "A chunk of the request body has a size that is no number."
      );
    case "HPE_INVALID_EOF_STATE":
      return new ServiceError("requestMalformed", "The connection ended before the request did.");
    case "HPE_INVALID_HEADER_TOKEN":
      return new ServiceError(
        "requestMalformed",
        "A request header has a name or value HTTP does not allow."
      );
    default:
      return new ServiceError("requestMalformed", "The request is not a well-formed HTTP/1.1 message.");
  }
}
function createNodeServer({ tls }, limits2, listener) {
  const options = {
    maxHeaderSize: limits2.headersBytesMax,
    headersTimeout: limits2.headersTimeoutMs,
    requestTimeout: limits2.requestTimeoutMs,
    handshakeTimeout: limits2.headersTimeoutMs,
    keepAliveTimeout: limits2.keepAliveTimeoutMs,
    // Node looks for late clients this often; its default would double our time-outs.
    connectionsCheckingInterval: Math.max(20, Math.floor(limits2.headersTimeoutMs / 10)),
    joinDuplicateHeaders: true,
    // Node's own refusal has no body; `checkHead` refuses instead.
    requireHostHeader: false
  };
  const server = tls === void 0 ? createServer(options, listener) : createTlsServer({ ...options, ...tls }, listener);
  server.setTimeout(limits2.socketTimeoutMs);
  server.maxHeadersCount = 0;
  return server;
}
function createRequest(exchange, peer, body2) {
  const { id, clientRequestId, method, target, raw, reply } = exchange;
  if (raw.headers["set-cookie"] !== void 0) delete raw.headers["set-cookie"];
  let controller;
  return {
    id,
    clientRequestId,
    method,
    target,
    headers: raw.headers,
    body: body2,
    publicUrl: peer.publicUrl,
    remoteAddress: peer.remoteAddress,
    get signal() {
      controller ??= createLeaveController(reply);
      return controller.signal;
    }
  };
}
function createLeaveController(reply) {
  const controller = new AbortController();
  const leave = () => {
    if (!reply.writableEnded) controller.abort();
  };
  if (reply.destroyed) leave();
  else reply.once("close", leave);
  return controller;
}
function createDispatcher({ operations, mounts = [], handler }) {
  const fits = (path, prefix) => path === prefix || path.startsWith(`${prefix}/`);
  const dispatch = (request) => {
    if (mounts.length === 0) return handler(request);
    const path = pathOf(request.target);
    const mount = mounts.find(({ prefix }) => fits(path, prefix));
    return (mount?.handler ?? handler)(request);
  };
  if (operations === void 0) return dispatch;
  return async (request) => await operations(request) ?? dispatch(request);
}
function createHttpServer(options) {
  const limits2 = { ...limits, ...options.limits };
  const { observe, respondError, newRequestId } = options;
  const dispatch = createDispatcher(options);
  const readPeer = createPeerReader(options.trustedProxies);
  const cors = options.corsOrigins.length === 0 ? void 0 : createCors(options.corsOrigins);
  const varyNames = cors === void 0 ? ["Accept-Encoding"] : ["Accept-Encoding", "Origin"];
  const writeHeaders = createHeaderWriter(options.regionLabel, varyNames);
  const connections = /* @__PURE__ */ new WeakMap();
  const sockets = /* @__PURE__ */ new Set();
  let publicUrl = "";
  let closing;
  function connectionOf(socket) {
    let connection = connections.get(socket);
    if (connection === void 0) {
      connection = { reading: void 0, underWay: 0, discarding: false, broken: false, refused: false };
      connections.set(socket, connection);
    }
    return connection;
  }
  function refuse(error, identity) {
    observe({ kind: "requestFailed", requestId: identity.id, error });
    try {
      return respondError(error, identity);
    } catch {
      return { status: 500, headers: { "Content-Type": "application/json" }, body: lastResort };
    }
  }
  async function receive(exchange) {
    const { raw, connection } = exchange;
    const peer = readPeer(raw, publicUrl);
    if (!announcesBody(raw)) return createRequest(exchange, peer, void 0);
    connection.reading = exchange;
    try {
      const body2 = await readBody(raw, limits2);
      return body2 === "gone" ? void 0 : createRequest(exchange, peer, body2);
    } finally {
      connection.reading = void 0;
    }
  }
  async function answer(exchange) {
    try {
      checkHead(exchange, limits2);
      const preflight = cors?.preflight(exchange.raw);
      if (preflight !== void 0) return preflight;
      const request = await receive(exchange);
      return request === void 0 ? void 0 : await dispatch(request);
    } catch (error) {
      return refuse(error, exchange);
    }
  }
  function send({ raw, reply, connection, method, id, clientRequestId }, response) {
    const lines = writeHeaders({ id, clientRequestId }, response);
    if (cors !== void 0) lines.push(...cors.lines(raw));
    if (closing !== void 0 || connection.broken) reply.setHeader("Connection", "close");
    reply.writeHead(response.status, lines);
    if (method === "HEAD" || hasNoBody(response.status)) reply.end();
    else reply.end(response.body);
  }
  async function deliver(exchange, response) {
    try {
      const coding = chooseCodingFor(exchange.raw, response, limits2.compressedBodyBytesMin);
      send(exchange, coding === void 0 ? response : await compress(response, coding));
      return response.status;
    } catch (error) {
      const failure = refuse(error, exchange);
      if (exchange.reply.headersSent) exchange.reply.destroy();
      else send(exchange, failure);
      return failure.status;
    }
  }
  async function serve(exchange) {
    const { raw, connection } = exchange;
    connection.underWay += 1;
    const response = await answer(exchange);
    if (!raw.complete && !raw.destroyed) discardBody(exchange, limits2.discardedBodyBytesMax);
    const status = response === void 0 || raw.socket.destroyed ? void 0 : await deliver(exchange, response);
    connection.underWay -= 1;
    if (!connection.refused) observeEnd(exchange, status);
  }
  function observeEnd(exchange, status) {
    const { id: requestId, clientRequestId, method, target, startedMs } = exchange;
    const path = pathOf(target);
    const durationMs = performance.now() - startedMs;
    if (status === void 0)
      observe({ kind: "requestAborted", requestId, clientRequestId, method, path, durationMs });
    else observe({ kind: "requestCompleted", requestId, clientRequestId, method, path, status, durationMs });
  }
  function hangUp(socket, error, identity) {
    const response = refuse(error, identity);
    connectionOf(socket).refused = true;
    socket.end(writeRaw(response, writeHeaders(identity, response)));
    const deadline = setTimeout(() => socket.destroy(), limits2.lingerTimeoutMs);
    socket.once("close", () => clearTimeout(deadline)).resume();
    return response;
  }
  function onParserError(error, socket) {
    const connection = connectionOf(socket);
    if (connection.refused) return;
    const { reading } = connection;
    if (!isParserError(error) || !socket.writable || connection.discarding || socket.bytesRead === 0) {
      socket.destroy();
    } else if (connection.underWay > (reading === void 0 ? 0 : 1)) {
      connection.broken = true;
    } else {
      const fault = explainParserError(error, limits2);
      const id = newRequestId();
      const { status } = hangUp(socket, fault, reading ?? { id, clientRequestId: id });
      if (reading !== void 0) observeEnd(reading, status);
      else observe({ kind: "connectionRefused", requestId: id, status, code: fault.code });
    }
  }
  function onConnect(raw, socket) {
    const id = newRequestId();
    const identity = { id, clientRequestId: readClientRequestId(raw, id, limits2) };
    const error = new ServiceError(
      "methodNotAllowed",
      `The method CONNECT is not allowed. Allowed: ${allowedMethods}.`,
      {
        headers: { Allow: allowedMethods }
      }
    );
    socket.on("error", ignore);
    const { status } = hangUp(socket, error, identity);
    observe({ kind: "connectionRefused", requestId: id, status, code: error.code });
  }
  function onExpectContinue(raw, reply) {
    if (declaredLength(raw) > limits2.bodyBytesMax) connectionOf(raw.socket).broken = true;
    else reply.writeContinue();
    server.emit("request", raw, reply);
  }
  const app = fastify({
    logger: false,
    // The one route is found by a constant: an OData target must be neither decoded nor normalised.
    rewriteUrl: () => "/",
    genReqId: newRequestId,
    // While draining, a request that came is answered: nothing accepted is refused.
    return503OnClosing: false,
    clientErrorHandler: onParserError,
    serverFactory: (listener) => createNodeServer(options, limits2, listener)
  });
  const { server } = app;
  server.on("checkContinue", onExpectContinue);
  server.on("checkExpectation", (raw, reply) => server.emit("request", raw, reply));
  server.on("connect", onConnect);
  for (const event of ["connection", "secureConnection"]) {
    server.on(event, (socket) => {
      sockets.add(socket);
      socket.once("close", () => sockets.delete(socket));
    });
  }
  const methods = METHODS.filter((method) => method !== "CONNECT");
  for (const method of methods) app.addHttpMethod(method, { hasBody: false, overrideExisting: true });
  app.route({
    method: methods,
    url: "/",
    handler: ({ id, raw, originalUrl }, reply) => {
      reply.hijack();
      const exchange = {
        id,
        clientRequestId: readClientRequestId(raw, id, limits2),
        raw,
        reply: reply.raw,
        method: raw.method ?? "",
        target: originForm(originalUrl),
        startedMs: performance.now(),
        connection: connectionOf(raw.socket)
      };
      serve(exchange).catch(() => reply.raw.destroy());
    }
  });
  function cutIdle() {
    server.closeIdleConnections();
    for (const socket of sockets) if (socket.bytesRead === 0) socket.destroy();
  }
  async function drain() {
    const sweep = setInterval(cutIdle, 20);
    const deadline = setTimeout(() => {
      for (const socket of sockets) socket.destroy();
    }, limits2.drainTimeoutMs);
    try {
      await app.close();
    } finally {
      clearInterval(sweep);
      clearTimeout(deadline);
    }
  }
  return {
    async listen({ host, port: port2 }) {
      const { address } = await lookup(host);
      await app.listen({ host: address, port: port2 });
      const bound = server.address();
      assert(typeof bound === "object" && bound !== null, "a TCP listener has an address");
      const url = typeof options.publicUrl === "string" ? options.publicUrl : options.publicUrl(bound.port);
      publicUrl = url.replace(/\/+$/, "");
      observe({ kind: "serverListening", url: publicUrl });
      return { port: bound.port };
    },
    close() {
      closing ??= drain();
      return closing;
    }
  };
}

// bench/zz-http-entry.ts
var body = "x".repeat(1024);
var kind = process.argv[2];
var port = Number(process.argv[3]);
if (kind === "bare") createServer2((_q, r) => {
  r.writeHead(200, { "Content-Type": "application/json", "Content-Length": 1024 });
  r.end(body);
}).listen(port, "127.0.0.1");
else if (kind === "fastify") {
  const a = fastify2();
  a.all("*", (_q, r) => {
    r.header("content-type", "application/json").send(body);
  });
  await a.listen({ port, host: "127.0.0.1" });
} else await createHttpServer({ handler: async () => ({ status: 200, headers: { "Content-Type": "application/json", "OData-Version": "4.0", ETag: 'W/"1"' }, body }), respondError: () => ({ status: 500, headers: {}, body: "{}" }), publicUrl: "http://a", corsOrigins: [], trustedProxies: [], newRequestId: randomUUID, observe: () => {
}, regionLabel: "x" }).listen({ port, host: "127.0.0.1" });
