/** The `WWW-Authenticate` header and the errors that carry it (RFC 6750 section 3, in Graph's shape). */
import { assert, type ErrorCode, ServiceError } from '../errors.ts';

/** Where a client can get a token for this service. */
export interface ChallengeOptions {
  /** The authorize endpoint clients are pointed at. */
  readonly authorizationUri: string;
  /** The application id of this service, as registered with the issuer. */
  readonly clientId: string;
}

/** Texts of the header, one challenge each, without commas inside quoted values (Kiota splits at them). */
export interface Challenge {
  /** No token was sent: no `error` (RFC 6750 section 3.1). */
  missing(): string;
  /** A token was sent and refused. */
  invalid(description: string): string;
  /** The token is good but lacks all of these permissions; for 403. */
  insufficientScope(permissions: readonly string[]): string;
}

/** The characters RFC 6750 allows in error_description, without the comma. */
const plainText = (text: string): string => text.replace(/[^\x20-\x7e]|["\\,]/g, ' ').trim();

/** Makes the header texts for one deployment; the options are ours, so a quote or comma in them is a bug. */
export function createChallenge({ authorizationUri, clientId }: ChallengeOptions): Challenge {
  for (const value of [authorizationUri, clientId]) {
    assert(plainText(value) === value, `'${value}' cannot stand in WWW-Authenticate`);
  }
  const base = `Bearer realm="", authorization_uri="${authorizationUri}", client_id="${clientId}"`;
  return {
    missing: () => base,
    invalid: (description) => `${base}, error="invalid_token", error_description="${plainText(description)}"`,
    insufficientScope: (permissions) =>
      `${base}, error="insufficient_scope", scope="${plainText(permissions.join(' '))}"`,
  };
}

const howToGetOne =
  'Get one: casp token. Graph JavaScript SDK: tokens are only sent over https to hosts in customHosts.';

/** 401 tokenMissing with its challenge; `cause` says what came instead of a token. */
export function createTokenMissingError(
  challenge: Challenge,
  cause = 'no bearer token arrived',
): ServiceError {
  return new ServiceError('tokenMissing', `Access token is empty: ${cause}. ${howToGetOne}`, {
    target: 'Authorization',
    headers: { 'WWW-Authenticate': challenge.missing() },
  });
}

/** 401 for a token that was sent and refused; `summary` goes into the header as well. */
export function createTokenRefusedError(
  challenge: Challenge,
  code: ErrorCode,
  summary: string,
  detail = '',
): ServiceError {
  return new ServiceError(code, detail === '' ? summary : `${summary} ${detail}`, {
    target: 'Authorization',
    headers: { 'WWW-Authenticate': challenge.invalid(summary.replace(/\.$/, '')) },
  });
}
