/** Every error a client can get, in one table, and the one class that carries them. */

/** One line of the table: the HTTP status and the outer `error.code` Graph clients switch on. */
export interface ErrorEntry {
  readonly status: number;
  /** Graph's code for the status (`error.code`); ours is `error.innerError.code`. */
  readonly graphCode: string;
  /** One sentence for `docs/errors.md`. */
  readonly meaning: string;
}

const entry = (status: number, graphCode: string, meaning: string): ErrorEntry => ({
  status,
  graphCode,
  meaning,
});

/** All codes of `error.innerError.code`. A new code is a line here, a section in docs/errors.md and a test. */
export const errorTable = {
  versionUnknown: entry(400, 'BadRequest', 'The first path segment is not a service root.'),
  pathInvalid: entry(
    400,
    'BadRequest',
    'The path is malformed: an escape, an empty segment, a key in the wrong form.',
  ),
  segmentUnknown: entry(400, 'BadRequest', 'A path segment names nothing this service has.'),
  headerInvalid: entry(400, 'BadRequest', 'A request header has a value that cannot be read.'),
  contentTypeMissing: entry(400, 'BadRequest', 'A request body arrived without a Content-Type.'),
  bodyMissing: entry(400, 'BadRequest', 'The operation needs a JSON body and none arrived.'),
  bodyInvalid: entry(400, 'BadRequest', 'The body is not the JSON this operation expects.'),
  payloadPropertyUnknown: entry(
    400,
    'RequestBodyRead',
    'The body names a property the type does not declare.',
  ),
  valueInvalid: entry(400, 'BadRequest', 'A property in the body has a value of the wrong kind.'),
  payloadTypeMismatch: entry(400, 'BadRequest', 'The @odata.type in the body names another type.'),
  optionInvalid: entry(400, 'BadRequest', 'A query option has a value that cannot be read.'),
  optionUnknown: entry(400, 'BadRequest', 'A query option starting with $ is not one of the protocol.'),
  optionDuplicate: entry(400, 'BadRequest', 'A query option was given twice.'),
  optionNotAllowed: entry(400, 'BadRequest', 'A query option has no meaning for the addressed resource.'),
  expandNotSupported: entry(
    400,
    'ExpandNotSupported',
    '$expand was asked of a type without navigation properties.',
  ),
  expressionSyntax: entry(
    400,
    'BadRequest',
    'A query expression breaks the grammar; the message says where.',
  ),
  propertyUnknown: entry(400, 'BadRequest', 'A query expression names a property the type does not declare.'),
  functionUnknown: entry(400, 'BadRequest', 'A query expression calls a function that does not exist.'),
  operandTypeMismatch: entry(400, 'BadRequest', 'An operator or function got an operand of the wrong type.'),
  divisionByZero: entry(400, 'BadRequest', 'An integer division by a literal zero.'),
  patternInvalid: entry(400, 'BadRequest', 'A regular expression in matchespattern cannot be compiled.'),
  queryTooComplex: entry(400, 'BadRequest', 'A query exceeds a limit of size, depth or time.'),
  pageTokenInvalid: entry(
    400,
    'BadRequest',
    'A $skiptoken was altered, or belongs to another query or tenant.',
  ),
  expiredSkipToken: entry(
    400,
    'BadRequest',
    'A $skiptoken is older than its lifetime; start the query again.',
  ),
  repeatabilityConflict: entry(
    400,
    'BadRequest',
    'A Repeatability-Request-ID was used before for another request.',
  ),
  batchInvalid: entry(400, 'BadRequest', 'A $batch, or one request of it, is not sound as an envelope.'),
  versionNotSupported: entry(
    400,
    'BadRequest',
    'OData-Version or OData-MaxVersion names a version not spoken here.',
  ),
  requestMalformed: entry(400, 'BadRequest', 'The HTTP message itself cannot be parsed.'),
  tokenMissing: entry(401, 'InvalidAuthenticationToken', 'No bearer token arrived.'),
  tokenInvalid: entry(
    401,
    'InvalidAuthenticationToken',
    'The bearer token cannot be read or its signature is wrong.',
  ),
  tokenExpired: entry(401, 'InvalidAuthenticationToken', 'The bearer token is past its lifetime.'),
  tokenNotYetValid: entry(401, 'InvalidAuthenticationToken', 'The bearer token is not valid yet.'),
  audienceInvalid: entry(
    401,
    'InvalidAuthenticationToken',
    'The bearer token was issued for another service.',
  ),
  issuerInvalid: entry(
    401,
    'InvalidAuthenticationToken',
    'The bearer token comes from an issuer not trusted here.',
  ),
  accountUnsupported: entry(
    401,
    'InvalidAuthenticationToken',
    'Personal Microsoft accounts are not supported.',
  ),
  permissionMissing: entry(403, 'Forbidden', 'The token lacks the permission this operation needs.'),
  tenantNotOnboarded: entry(403, 'Forbidden', 'The tenant of the token is not served here.'),
  entityNotFound: entry(404, 'ResourceNotFound', 'No entity with this id is visible to the caller.'),
  methodNotAllowed: entry(405, 'MethodNotAllowed', 'The resource exists but not for this method; see Allow.'),
  notAcceptable: entry(406, 'NotAcceptable', 'No representation matches the Accept header or $format.'),
  requestTimeout: entry(408, 'RequestTimeout', 'The request did not arrive completely in time.'),
  versionMismatch: entry(
    412,
    'PreconditionFailed',
    'If-Match or If-None-Match does not hold for the current version.',
  ),
  repeatabilityExpired: entry(
    412,
    'PreconditionFailed',
    'A repeatable request was first sent too long ago to be recognised.',
  ),
  bodyTooLarge: entry(413, 'RequestEntityTooLarge', 'The body exceeds the limit.'),
  addressTooLong: entry(414, 'UriTooLong', 'The request address exceeds the limit.'),
  mediaTypeUnsupported: entry(
    415,
    'UnsupportedMediaType',
    'The Content-Type is not one this operation reads.',
  ),
  encodingUnsupported: entry(
    415,
    'UnsupportedMediaType',
    'The Content-Encoding is not one this service reads.',
  ),
  dependencyFailed: entry(
    424,
    'FailedDependency',
    'A request of the batch that this one needs did not succeed.',
  ),
  preconditionRequired: entry(
    428,
    'PreconditionRequired',
    'This deployment requires If-Match on every write.',
  ),
  throttledRequest: entry(429, 'TooManyRequests', 'The caller exceeded its rate; see Retry-After.'),
  headersTooLarge: entry(431, 'RequestHeaderFieldsTooLarge', 'The request headers exceed the limit.'),
  internalError: entry(
    500,
    'InternalServerError',
    'A fault of the service; the request id finds it in the log.',
  ),
  optionUnsupported: entry(501, 'NotImplemented', 'A query option of the protocol that is not built.'),
  operationUnsupported: entry(501, 'NotImplemented', 'An operation of the protocol that is not built.'),
  issuerUnavailable: entry(
    503,
    'ServiceUnavailable',
    'The keys of the issuer of the token cannot be fetched; try again.',
  ),
  storageUnavailable: entry(503, 'ServiceUnavailable', 'The database cannot be reached or written.'),
  storageBusy: entry(503, 'ServiceUnavailable', 'The database is locked by other work; try again.'),
  serverOverloaded: entry(
    503,
    'ServiceUnavailable',
    'More requests arrive than can be answered in time; see Retry-After.',
  ),
  serverStopping: entry(
    503,
    'ServiceUnavailable',
    'The server is shutting down; another instance will answer.',
  ),
} as const satisfies Record<string, ErrorEntry>;

/** A code of the table. */
export type ErrorCode = keyof typeof errorTable;

/** What an error may carry beside its code and message. */
export interface ErrorOptions {
  /** The property, option or header at fault. */
  readonly target?: string;
  /** Headers the answer must carry, such as Allow or Retry-After. */
  readonly headers?: Readonly<Record<string, string>>;
  readonly cause?: unknown;
}

/** An expected failure: anything a client, its network or our engine can cause. */
export class ServiceError extends Error {
  readonly code: ErrorCode;
  readonly target: string | undefined;
  readonly headers: Readonly<Record<string, string>>;

  constructor(code: ErrorCode, message: string, options: ErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'ServiceError';
    this.code = code;
    this.target = options.target;
    this.headers = options.headers ?? {};
  }

  get status(): number {
    return errorTable[this.code].status;
  }
}

/** Marks a branch the type system knows cannot be reached; a new case fails to compile here. */
export function unreachable(value: never): never {
  throw new Error(`unreachable: ${JSON.stringify(value)}`);
}

/** Throws unless `condition` holds: for what only this program can get wrong, never for input. */
export function assert(condition: boolean, message: string): asserts condition {
  if (!condition) throw new Error(`assertion failed: ${message}`);
}

/** Edits needed to turn one word into the other (insert, delete, replace, swap of neighbours). */
function editDistance(left: string, right: string): number {
  let older: number[] = [];
  let previous = Array.from({ length: right.length + 1 }, (_, index) => index);
  for (let row = 1; row <= left.length; row += 1) {
    const current = [row];
    for (let column = 1; column <= right.length; column += 1) {
      const same = left[row - 1] === right[column - 1];
      let cost = Math.min(
        (previous[column] ?? 0) + 1,
        (current[column - 1] ?? 0) + 1,
        (previous[column - 1] ?? 0) + (same ? 0 : 1),
      );
      const swapped = left[row - 1] === right[column - 2] && left[row - 2] === right[column - 1];
      if (row > 1 && column > 1 && swapped) cost = Math.min(cost, (older[column - 2] ?? 0) + 1);
      current.push(cost);
    }
    older = previous;
    previous = current;
  }
  return previous[right.length] ?? 0;
}

/** " Did you mean 'x'?" for the nearest candidate within a third of the word's length, else "". */
export function didYouMean(word: string, candidates: Iterable<string>): string {
  if (word.length > 128) return '';
  const lower = word.toLowerCase();
  let best: string | undefined;
  let bestDistance = Math.max(1, Math.floor(word.length / 3)) + 1;
  for (const candidate of candidates) {
    const distance = editDistance(lower, candidate.toLowerCase());
    if (distance < bestDistance) {
      best = candidate;
      bestDistance = distance;
    }
  }
  return best === undefined ? '' : ` Did you mean '${best}'?`;
}

/** Shortens a client's text for a message: at most `lengthMax` characters, control characters shown as escapes. */
export function quoteForMessage(text: string, lengthMax = 80): string {
  const characters = [...text];
  const shown = characters.length > lengthMax ? `${characters.slice(0, lengthMax).join('')}…` : text;
  return JSON.stringify(shown).slice(1, -1).replaceAll('\\"', '"');
}
