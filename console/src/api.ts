/** The public API as the console calls it: tokens, waiting and repeating in one place, failures as one class. */
import { encodeOption, writeOptions } from './odata.ts';
import type { Store } from './store.ts';

/** What an ApiError is made from. */
export interface ApiErrorParts {
  /** 0 where no answer came. */
  readonly status: number;
  /** Graph's `error.code`. */
  readonly code: string;
  readonly message: string;
  /** `error.innerError.code`, such as `versionMismatch`. */
  readonly innerCode?: string | undefined;
  readonly target?: string | undefined;
  readonly requestId?: string | undefined;
  readonly retryAfterS?: number | undefined;
  readonly body?: unknown;
}

/** A refusal of the service, or no answer from it (status 0, code `offline`). */
export class ApiError extends Error {
  override readonly name = 'ApiError';
  readonly status: number;
  readonly code: string;
  readonly innerCode: string;
  readonly target: string | undefined;
  readonly requestId: string | undefined;
  readonly retryAfterS: number | undefined;
  readonly body: unknown;

  constructor(parts: ApiErrorParts) {
    super(parts.message);
    this.status = parts.status;
    this.code = parts.code;
    this.innerCode = parts.innerCode ?? '';
    this.target = parts.target;
    this.requestId = parts.requestId;
    this.retryAfterS = parts.retryAfterS;
    this.body = parts.body;
  }
}

/** A profile as it is on the wire. */
export interface Entity {
  readonly id: string;
  readonly '@odata.etag': string;
  readonly [property: string]: unknown;
}

/** A query over profiles; values as OData writes them, not escaped. */
export interface ListQuery {
  readonly filter?: string | undefined;
  readonly search?: string | undefined;
  readonly orderby?: string | undefined;
  readonly select?: readonly string[] | undefined;
  /** Rows of one page. */
  readonly top?: number | undefined;
  readonly count?: boolean | undefined;
}

/** One page of a list; no `nextLink` on the last. */
export interface Page<Item = Entity> {
  readonly items: readonly Item[];
  readonly nextLink: string | undefined;
  readonly count: number | undefined;
}

/** One request of a batch; `path` is below the service root. */
export interface BatchPart {
  readonly id: string;
  readonly method: string;
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: unknown;
}

/** The answer to one request of a batch; header names in lower case. */
export interface BatchAnswer {
  readonly id: string;
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: unknown;
  readonly error: ApiError | undefined;
}

/** What happened to a profile, by whom. */
export interface ChangeRecord {
  readonly position: number;
  readonly id: string;
  readonly name: string | null;
  readonly kind: 'created' | 'updated' | 'deleted';
  readonly version: number;
  readonly at: string;
  readonly author: {
    readonly kind: 'delegated' | 'application' | 'system';
    readonly id: string | null;
    readonly name: string | null;
    readonly clientId: string | null;
  };
  readonly requestId: string | null;
  readonly clientRequestId: string | null;
  readonly changed: readonly string[];
  readonly before: Readonly<Record<string, unknown>> | null;
  readonly after: Readonly<Record<string, unknown>> | null;
}

/** Any request. */
export interface ApiRequest {
  readonly method: string;
  /** Below the service root (`/security/…`), or a link the service gave. */
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Text is sent as it is, anything else as JSON. */
  readonly body?: unknown;
  readonly signal?: AbortSignal | undefined;
  /** Whatever comes is the answer: no waiting, no repeating, no ApiError but for no answer at all. */
  readonly raw?: boolean;
}

/** An answer, read to its end. */
export interface ApiResponse {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  /** Undefined where the body is no JSON. */
  readonly json: unknown;
  readonly durationMs: number;
  readonly requestId: string | undefined;
}

/** Forms an export comes in. */
export type ExportFormat = 'csv' | 'csv-raw' | 'ndjson';

/** The API. */
export interface Api {
  send(request: ApiRequest): Promise<ApiResponse>;
  getPage(query: ListQuery, signal?: AbortSignal): Promise<Page>;
  getNextPage(nextLink: string, signal?: AbortSignal): Promise<Page>;
  getCount(query: Pick<ListQuery, 'filter' | 'search'>, signal?: AbortSignal): Promise<number>;
  getEntity(id: string, signal?: AbortSignal): Promise<Entity>;
  /** Sends the changes under If-Match; ApiError 412 when somebody else was faster. */
  patchEntity(
    id: string,
    changes: Readonly<Record<string, unknown>>,
    etag: string,
    signal?: AbortSignal,
  ): Promise<Entity>;
  /** Any number of parts, twenty in a request, one request after another; answers in the order of the parts. */
  batch(parts: readonly BatchPart[], signal?: AbortSignal): Promise<readonly BatchAnswer[]>;
  apply<Row>(pipeline: string, signal?: AbortSignal): Promise<readonly Row[]>;
  /** Newest first; of one profile where `id` is given. */
  changes(
    query: { readonly id?: string | undefined; readonly top?: number; readonly filter?: string | undefined },
    signal?: AbortSignal,
  ): Promise<Page<ChangeRecord>>;
  nextChanges(nextLink: string, signal?: AbortSignal): Promise<Page<ChangeRecord>>;
  /** Path below the service root. */
  listPath(query: ListQuery): string;
  entityPath(id: string): string;
  /** Absolute addresses, to be shown and copied. */
  listUrl(query: ListQuery): string;
  entityUrl(id: string): string;
  exportUrl(query: ListQuery, format: ExportFormat): string;
  /** The body is a stream; a cut one rejects while it is read. */
  openExport(query: ListQuery, format: ExportFormat, signal?: AbortSignal): Promise<Response>;
}

/** Whether the service can be reached, for the banner of the shell. */
export type Connection =
  | { readonly kind: 'online' }
  | { readonly kind: 'throttled'; readonly untilMs: number }
  | { readonly kind: 'offline'; readonly untilMs: number };

/** What the API needs from outside. */
export interface ApiParts {
  /** Absolute address of the service root, without a slash at the end. */
  readonly root: string;
  /** Below the root. */
  readonly collectionPath: string;
  readonly fetch: typeof fetch;
  /** Waits while nobody is signed in. */
  readonly getToken: (signal?: AbortSignal) => Promise<string>;
  /** Tells that a token which was good is refused now. */
  readonly endSession: (token: string) => void;
  readonly connection: Store<Connection>;
  readonly newId: () => string;
  readonly now: () => number;
  readonly wait: (ms: number, signal?: AbortSignal) => Promise<void>;
}

/** Longest pause between two attempts to reach a server that is gone. */
const backOffMaxMs = 30_000;
/** A service that asks for more patience is not waited for: people decide. */
const retryAfterMaxS = 300;
const batchSize = 20;

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null;
const textOf = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined);

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Reads the Graph error body; any other body gives an error that names the status. */
export function readApiError(
  status: number,
  body: unknown,
  headers: Readonly<Record<string, string>>,
): ApiError {
  const error = isObject(body) && isObject(body.error) ? body.error : {};
  const inner = isObject(error.innerError) ? error.innerError : {};
  const retryAfterS = Number(headers['retry-after'] ?? Number.NaN);
  return new ApiError({
    status,
    code: textOf(error.code) ?? 'unreadable',
    message: textOf(error.message) ?? `The service answered ${status} without a reason.`,
    innerCode: textOf(inner.code),
    target: textOf(error.target),
    requestId: textOf(inner['request-id']) ?? headers['request-id'],
    retryAfterS: Number.isFinite(retryAfterS) ? retryAfterS : undefined,
    body,
  });
}

const isAbort = (error: unknown): boolean => error instanceof Error && error.name === 'AbortError';

const noAnswer = (): ApiError =>
  new ApiError({
    status: 0,
    code: 'offline',
    message: 'No answer came from the server. Whether the request was carried out is not known.',
  });

/** What a list is asked with. */
const listOptions = (query: ListQuery) => ({
  $filter: query.filter,
  $search: query.search,
  $orderby: query.orderby,
  $select: query.select?.join(','),
  $top: query.top,
  $count: query.count === true ? true : undefined,
});

const exportFormats: Readonly<Record<ExportFormat, string>> = {
  csv: 'csv',
  'csv-raw': 'text/csv;raw=true',
  ndjson: 'ndjson',
};

function readPage<Item>(json: unknown): Page<Item> {
  const body = isObject(json) ? json : {};
  return {
    items: Array.isArray(body.value) ? (body.value as readonly Item[]) : [],
    nextLink: textOf(body['@odata.nextLink']),
    count: typeof body['@odata.count'] === 'number' ? body['@odata.count'] : undefined,
  };
}

/** Creates the API. */
export function createApi(parts: ApiParts): Api {
  const { root, collectionPath, connection } = parts;
  const rootUrl = new URL(root);
  let acceptedToken: string | undefined;
  let waiting = 0;

  /** Links of the service name its public address, which may not be the one this page came from. */
  function addressOf(path: string): string {
    if (!/^https?:/i.test(path)) return root + path;
    const { pathname, search } = new URL(path);
    return rootUrl.origin + pathname + search;
  }

  async function pause(kind: 'throttled' | 'offline', ms: number, signal?: AbortSignal): Promise<void> {
    connection.set({ kind, untilMs: parts.now() + ms });
    waiting += 1;
    try {
      await parts.wait(ms, signal);
      waiting -= 1;
    } catch (error) {
      waiting -= 1;
      // Nobody tries again any more: there is nothing to count down to.
      if (waiting === 0) connection.set(online);
      throw error;
    }
  }

  async function attempt(request: ApiRequest, token: string): Promise<Response | undefined> {
    const { method, path, headers, body, signal } = request;
    const text = body === undefined || typeof body === 'string' ? body : JSON.stringify(body);
    try {
      return await parts.fetch(addressOf(path), {
        method,
        headers: {
          Accept: 'application/json',
          ...(text === undefined ? {} : { 'Content-Type': 'application/json' }),
          ...headers,
          Authorization: `Bearer ${token}`,
          'client-request-id': parts.newId(),
        },
        credentials: 'omit',
        ...(text === undefined ? {} : { body: text }),
        ...(signal === undefined ? {} : { signal }),
      });
    } catch (error) {
      if (isAbort(error)) throw error;
      return undefined;
    }
  }

  /** How long to wait before the same request is sent again, or undefined to take the answer. */
  function retryDelayMs(request: ApiRequest, response: Response | undefined, failures: number) {
    const reading = request.method === 'GET' || request.method === 'HEAD';
    const backOff = { kind: 'offline', ms: Math.min(backOffMaxMs, 1000 * 2 ** failures) } as const;
    if (response === undefined) return reading ? backOff : undefined;
    const { status } = response;
    const retryAfterS = Number(response.headers.get('retry-after') ?? Number.NaN);
    if ((status === 429 || status === 503) && retryAfterS <= retryAfterMaxS) {
      return { kind: 'throttled', ms: Math.max(1, retryAfterS) * 1000 } as const;
    }
    return reading && (status === 502 || status === 503 || status === 504) ? backOff : undefined;
  }

  /** Sends until there is an answer to give; the body is not read yet. */
  async function exchange(request: ApiRequest): Promise<Response> {
    const { raw = false, signal } = request;
    for (let failures = 0; ; failures += 1) {
      const token = await parts.getToken(signal);
      const response = await attempt(request, token);
      const delay = raw ? undefined : retryDelayMs(request, response, failures);
      if (delay !== undefined) {
        await pause(delay.kind, delay.ms, signal);
        continue;
      }
      if (response === undefined) throw noAnswer();
      // One answer says that the server is there; it does not end the pause that others were asked for.
      if (waiting === 0 || connection.get().kind === 'offline') connection.set(online);
      // A token that never was good is a fault to show, not a session to continue.
      if (response.status === 401 && !raw && token === acceptedToken) {
        parts.endSession(token);
        continue;
      }
      if (response.status !== 401) acceptedToken = token;
      if (response.ok || raw) return response;
      const text = await response.text();
      throw readApiError(response.status, parseJson(text), Object.fromEntries(response.headers));
    }
  }

  async function send(request: ApiRequest): Promise<ApiResponse> {
    const started = parts.now();
    const response = await exchange(request);
    const text = await response.text();
    return {
      status: response.status,
      headers: response.headers,
      text,
      json: parseJson(text),
      durationMs: parts.now() - started,
      requestId: response.headers.get('request-id') ?? undefined,
    };
  }

  const get = (path: string, signal: AbortSignal | undefined, headers = {}) =>
    send({ method: 'GET', path, headers, signal });
  const entityPath = (id: string) => `${collectionPath}/${encodeURIComponent(id)}`;
  const listPath = (query: ListQuery) => collectionPath + writeOptions(listOptions(query));
  const exportPath = (query: ListQuery, format: ExportFormat) =>
    collectionPath +
    writeOptions({ ...listOptions(query), $count: undefined, $format: exportFormats[format] });
  // Without annotations for each dynamic value in before and after.
  const plain = { Accept: 'application/json;odata.metadata=none' };

  return {
    send,
    listPath,
    entityPath,
    listUrl: (query) => root + listPath(query),
    entityUrl: (id) => root + entityPath(id),
    exportUrl: (query, format) => root + exportPath(query, format),
    openExport: (query, format, signal) =>
      exchange({ method: 'GET', path: exportPath(query, format), headers: { Accept: '*/*' }, signal }),
    getPage: async (query, signal) => readPage((await get(listPath(query), signal)).json),
    getNextPage: async (nextLink, signal) => readPage((await get(nextLink, signal)).json),
    async getCount({ filter, search }, signal) {
      const path = `${collectionPath}/$count${writeOptions({ $filter: filter, $search: search })}`;
      return Number((await get(path, signal, { Accept: 'text/plain' })).text);
    },
    getEntity: async (id, signal) => (await get(entityPath(id), signal)).json as Entity,
    async patchEntity(id, changes, etag, signal) {
      const headers = { 'If-Match': etag };
      const { json } = await send({ method: 'PATCH', path: entityPath(id), headers, body: changes, signal });
      return json as Entity;
    },
    async batch(requests, signal) {
      const answers: BatchAnswer[] = [];
      for (let start = 0; start < requests.length; start += batchSize) {
        const group = requests.slice(start, start + batchSize);
        const body = { requests: group.map(writeBatchPart) };
        const { json } = await send({ method: 'POST', path: '/$batch', body, signal });
        answers.push(...readBatchAnswers(group, json));
      }
      return answers;
    },
    async apply<Row>(pipeline: string, signal?: AbortSignal) {
      const rows: Row[] = [];
      let path: string | undefined = `${collectionPath}?$apply=${encodeOption(pipeline)}`;
      while (path !== undefined) {
        const page: Page<Row> = readPage((await get(path, signal)).json);
        rows.push(...page.items);
        path = page.nextLink;
      }
      return rows;
    },
    async changes({ id, top, filter }, signal) {
      const of = id === undefined ? collectionPath : entityPath(id);
      const path = `${of}/casp.changes()${writeOptions({ $top: top, $filter: filter })}`;
      return readPage((await get(path, signal, plain)).json);
    },
    nextChanges: async (nextLink, signal) => readPage((await get(nextLink, signal, plain)).json),
  };
}

/** The one value of being online: setting it again tells nobody. */
const online: Connection = { kind: 'online' };

const writeBatchPart = ({ id, method, path, headers, body }: BatchPart) => ({
  id,
  method,
  url: path,
  ...(body === undefined
    ? { ...(headers === undefined ? {} : { headers }) }
    : { headers: { 'Content-Type': 'application/json', ...headers }, body }),
});

/** A part without an answer would be taken for done by a careless reader: it is an error of its own. */
function readBatchAnswers(parts: readonly BatchPart[], json: unknown): readonly BatchAnswer[] {
  const responses = isObject(json) && Array.isArray(json.responses) ? json.responses.filter(isObject) : [];
  const byId = new Map(responses.map((response) => [response.id, response]));
  return parts.map(({ id }) => {
    const response = byId.get(id);
    if (response === undefined) return { id, status: 0, headers: {}, body: undefined, error: noAnswer() };
    const status = Number(response.status);
    const headers = Object.fromEntries(
      Object.entries(isObject(response.headers) ? response.headers : {}).map(([name, value]) => [
        name.toLowerCase(),
        String(value),
      ]),
    );
    const { body } = response;
    return {
      id,
      status,
      headers,
      body,
      error: status < 400 ? undefined : readApiError(status, body, headers),
    };
  });
}
