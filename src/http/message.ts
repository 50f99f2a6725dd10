/** What came in and what goes out, free of any HTTP framework. */

/** One request as it arrived, body complete and within its limit. */
export interface HttpRequest {
  /** GUID made for this request; every answer and every change record carries it. */
  readonly id: string;
  /** What the client calls this request; equals `id` when it sent nothing usable. */
  readonly clientRequestId: string;
  readonly method: string;
  /** Raw path and query, exactly as received, not decoded. */
  readonly target: string;
  /** Names in lower case; repeated headers joined by ", ". */
  readonly headers: Readonly<Record<string, string | undefined>>;
  /** Undefined when the request has no body. */
  readonly body: Uint8Array | undefined;
  /** Scheme, host and port under which clients reach this listener, without a trailing slash. */
  readonly publicUrl: string;
  readonly remoteAddress: string;
  /** Aborted when the client has left. */
  readonly signal: AbortSignal;
}

/** One answer, whole or, with `stream`, its beginning. */
export interface HttpResponse {
  readonly status: number;
  /** Names as they go on the wire. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | Uint8Array | undefined;
  /**
   * The body piece by piece, `body` being undefined then. It is read as fast as the client takes it; when it throws, the
   * connection is cut, so that nobody takes the beginning for the whole.
   */
  readonly stream?: AsyncIterable<string> | undefined;
}

/** Answers a request; never rejects for anything a client can cause. */
export type Handler = (request: HttpRequest) => Promise<HttpResponse>;
