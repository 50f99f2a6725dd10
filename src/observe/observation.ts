/** What can be said about a running service; log and metrics each read it their own way. */
export type Observation =
  | { readonly kind: 'serverListening'; readonly url: string }
  | { readonly kind: 'serverStopping'; readonly reason: string }
  | {
      readonly kind: 'requestCompleted';
      readonly requestId: string;
      readonly clientRequestId: string;
      readonly method: string;
      /** Path without query: queries may hold personal data. */
      readonly path: string;
      readonly status: number;
      readonly durationMs: number;
    }
  | { readonly kind: 'requestFailed'; readonly requestId: string; readonly error: unknown }
  /** The client left before its answer was written. */
  | {
      readonly kind: 'requestAborted';
      readonly requestId: string;
      readonly clientRequestId: string;
      readonly method: string;
      readonly path: string;
      readonly durationMs: number;
    }
  /** What arrived never became a request: malformed, too large or too slow. */
  | {
      readonly kind: 'connectionRefused';
      readonly requestId: string;
      readonly status: number;
      readonly code: string;
    }
  | { readonly kind: 'transactionRetried'; readonly attempt: number; readonly reason: string }
  | { readonly kind: 'issuerKeysFetched'; readonly issuer: string; readonly keys: number }
  | { readonly kind: 'issuerKeysFailed'; readonly issuer: string; readonly error: unknown }
  | { readonly kind: 'checkpointFailed'; readonly error: unknown }
  /** The service has started without its database, and goes on looking for it. */
  | { readonly kind: 'databaseAwaited'; readonly error: unknown };

export type Observe = (observation: Observation) => void;
