/** Refusals of the local issuer in the shape of Entra ID's (RFC 6749 section 5.2, with AADSTS numbers). */

/** A refusal: what OAuth calls it, and the number and text people search for. */
export class OAuthError extends Error {
  /** OAuth's code, such as invalid_grant. */
  readonly error: string;
  /** Entra's number; undefined where Entra has none. */
  readonly number: number | undefined;
  readonly status: number;

  constructor(error: string, number: number | undefined, message: string, status = 400) {
    super(message);
    this.error = error;
    this.number = number;
    this.status = status;
  }
}

/** What tells one refusal from the next. */
export interface OAuthErrorContext {
  readonly now: Date;
  readonly traceId: string;
  readonly correlationId: string;
}

/** `2026-11-23 09:00:00Z`, as Entra writes it. */
const writeTimestamp = (at: Date): string => `${at.toISOString().slice(0, 19).replace('T', ' ')}Z`;

/** The text of `error_description`. */
export function writeErrorDescription(
  error: OAuthError,
  { now, traceId, correlationId }: OAuthErrorContext,
): string {
  const number = error.number === undefined ? '' : `AADSTS${error.number}: `;
  const trail = `Trace ID: ${traceId} Correlation ID: ${correlationId} Timestamp: ${writeTimestamp(now)}`;
  return `${number}${error.message} ${trail}`;
}

/** The JSON body of a refusal. */
export const writeOAuthError = (error: OAuthError, context: OAuthErrorContext): string =>
  JSON.stringify({
    error: error.error,
    error_description: writeErrorDescription(error, context),
    error_codes: error.number === undefined ? [] : [error.number],
    timestamp: writeTimestamp(context.now),
    trace_id: context.traceId,
    correlation_id: context.correlationId,
  });

/** A parameter that must be there is not. */
export const parameterMissing = (name: string): OAuthError =>
  new OAuthError(
    'invalid_request',
    900144,
    `The request body must contain the following parameter: '${name}'.`,
  );

/** A parameter or the request as a whole cannot be read. */
export const requestMalformed = (why: string): OAuthError =>
  new OAuthError('invalid_request', 9002313, `Invalid request. Request is malformed or invalid. ${why}`);
