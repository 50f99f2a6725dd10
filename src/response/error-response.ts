/** Any error → the Graph error body; the one place where errors become answers (Protocol digest 7). */
import { type ErrorCode, errorTable, ServiceError } from '../errors.ts';
import type { HttpResponse } from '../http/message.ts';

/** The ids every error body repeats. */
export interface ErrorContext {
  readonly id: string;
  readonly clientRequestId: string;
}

/** What the error writer needs from outside. */
export interface ErrorParts {
  /** Milliseconds since the epoch. */
  readonly now: () => number;
}

/** Writes the answer to a failure; an error that is not a ServiceError is a bug and says nothing but the id. */
export function createErrorResponder(parts: ErrorParts) {
  return (error: unknown, context: ErrorContext): HttpResponse => {
    const known = error instanceof ServiceError ? error : new ServiceError('internalError', internalMessage);
    const { status } = errorTable[known.code];
    return {
      status,
      headers: {
        'Content-Type':
          'application/json;odata.metadata=minimal;odata.streaming=true;IEEE754Compatible=false;charset=utf-8',
        'Content-Language': 'en',
        'OData-Version': '4.0',
        'Cache-Control': status === 401 || status === 403 ? 'no-store' : 'no-cache',
        ...known.headers,
      },
      body: JSON.stringify(errorBody(known.code, known.message, known.target, context, parts.now())),
    };
  };
}

const internalMessage = 'The service failed. The request-id finds the reason in its log.';

function errorBody(
  code: ErrorCode,
  message: string,
  target: string | undefined,
  { id, clientRequestId }: ErrorContext,
  nowMs: number,
) {
  return {
    error: {
      code: errorTable[code].graphCode,
      message,
      ...(target === undefined ? {} : { target }),
      innerError: {
        code,
        // UTC without a zone letter and to the second, as in every Graph trace.
        date: new Date(nowMs).toISOString().slice(0, 19),
        'request-id': id,
        'client-request-id': clientRequestId,
      },
    },
  };
}
