/** Bearer tokens of OpenID Connect issuers: from the Authorization header to a principal. */
import { hash } from 'node:crypto';
import { decodeJwt, decodeProtectedHeader, errors, type JWTPayload, jwtVerify } from 'jose';
import { LRUCache } from 'lru-cache';
import { assert, type ErrorCode, quoteForMessage, ServiceError } from '../errors.ts';
import { limits } from '../limits.ts';
import { type Authenticator, parseTenantId, type TenantId, type TokenPrincipal } from './authenticator.ts';
import { type Challenge, createTokenMissingError, createTokenRefusedError } from './challenge.ts';
import { ClaimError, type ClaimStyle, type Claims, personalTenantId, readPrincipal } from './claims.ts';
import type { VerificationKeys } from './keys.ts';
import { defaultPermissionMapping, type PermissionMapping } from './permissions.ts';

/** An issuer whose tokens are accepted. */
export interface TrustedIssuer {
  /** The `iss` expected; `{tenantid}` in it stands for the token's own `tid`. */
  readonly issuer: string;
  /** Tenants served; tokens of others are refused with 403 tenantNotOnboarded. */
  readonly tenants: 'any' | ReadonlySet<TenantId>;
  readonly keys: VerificationKeys;
  /** Values of `aud` that mean this service in this issuer's tokens; default: those of the authenticator. */
  readonly audiences?: readonly string[];
  readonly claimStyle: ClaimStyle;
  /** For issuers that know no tenants: the one all their tokens belong to. A `tid` must then equal it. */
  readonly tenantId?: TenantId;
}

/** What the authenticator is made from. */
export interface JwtAuthenticatorOptions {
  /** Asked at every check, so that a server may add its own address once it listens. */
  readonly issuers: () => readonly TrustedIssuer[];
  /** Values of `aud` that mean this service; compared exactly. */
  readonly audiences: readonly string[];
  readonly challenge: Challenge;
  readonly now: () => Date;
  /** Signature algorithms accepted; asymmetric ones only. Default RS256. */
  readonly algorithms?: readonly string[];
  readonly permissions?: PermissionMapping;
  /** Verified tokens remembered; default `limits.tokensRememberedMax`. */
  readonly tokensRememberedMax?: number;
}

/** Signature algorithms that may be configured: public-key ones, so that no verifier can sign. */
export const supportedAlgorithms: readonly string[] = [
  ...['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512'],
  ...['ES256', 'ES384', 'ES512', 'EdDSA', 'Ed25519'],
];

const validationFailure = 'Access token validation failure.';

/** A refusal before it has its challenge; never holds the token or a library's error. */
class Refusal extends Error {
  readonly code: ErrorCode;
  readonly detail: string;

  constructor(code: ErrorCode, summary: string, detail = '') {
    super(summary);
    this.code = code;
    this.detail = detail;
  }
}

const invalid = (detail: string): Refusal => new Refusal('tokenInvalid', validationFailure, detail);

/** The token of `Bearer <token>`; a string says what came instead (RFC 6750 section 2.1). */
function readBearer(authorization: string): { readonly token: string } | { readonly fault: string } {
  const [scheme = '', ...rest] = authorization.trim().split(/ +/);
  if (scheme === '') return { fault: 'the Authorization header is empty' };
  if (scheme.toLowerCase() !== 'bearer') return { fault: "the Authorization header's scheme is not Bearer" };
  const token = rest.join(' ');
  return token === '' ? { fault: 'the Authorization header says Bearer but no token follows' } : { token };
}

/** Header and claims before anything is verified: only to choose the issuer, the key and the message. */
function peek(token: string): { readonly algorithm: string; readonly claims: Claims } {
  const unreadable = new Refusal(
    'tokenInvalid',
    'CompactToken parsing failed with error code: 80049217.',
    'The bearer token is not a signed JSON Web Token of three parts.',
  );
  if (!/^[\w-]+\.[\w-]+\.[\w-]*$/.test(token)) throw unreadable;
  try {
    return { algorithm: String(decodeProtectedHeader(token).alg), claims: decodeJwt(token) };
  } catch {
    throw unreadable;
  }
}

/** Whether `iss` has the template's shape, whatever stands in the place of the tenant. */
function hasShape(iss: string, template: string): boolean {
  const [before = '', after] = template.split('{tenantid}');
  if (after === undefined) return iss === template;
  return iss.length >= before.length + after.length && iss.startsWith(before) && iss.endsWith(after);
}

function selectIssuer(claims: Claims, issuers: readonly TrustedIssuer[]): TrustedIssuer {
  const { iss } = claims;
  const exact = issuers.find(({ issuer }) => issuer === iss);
  const trusted = exact ?? issuers.find(({ issuer }) => typeof iss === 'string' && hasShape(iss, issuer));
  if (trusted !== undefined) return trusted;
  const shown = typeof iss === 'string' ? `'${quoteForMessage(iss)}'` : 'missing';
  throw new Refusal('issuerInvalid', `${validationFailure} Invalid issuer.`, `The claim iss is ${shown}.`);
}

/** The tenant of a token: its `tid`, or the one its issuer stands for. */
function readTenant(claims: Claims, trusted: TrustedIssuer): TenantId {
  const tied = trusted.tenantId !== undefined || trusted.issuer.includes('{tenantid}');
  assert(tied, `the issuer ${trusted.issuer} needs {tenantid} or a tenant of its own`);
  // Entra always says `tid`; others may know no tenants (digest 8.2).
  if (trusted.tenantId !== undefined && claims.tid === undefined && trusted.claimStyle === 'oidc') {
    return trusted.tenantId;
  }
  let tenantId: TenantId;
  try {
    tenantId = parseTenantId(claims.tid);
  } catch {
    throw invalid('The claim tid must be a GUID.');
  }
  if (trusted.tenantId !== undefined && trusted.tenantId !== tenantId) {
    throw new Refusal(
      'issuerInvalid',
      `${validationFailure} Invalid issuer.`,
      'It may not name this tenant.',
    );
  }
  return tenantId;
}

const time = (seconds: unknown): string =>
  typeof seconds === 'number' && Math.abs(seconds) < 8e12
    ? new Date(seconds * 1000).toISOString()
    : 'unknown';

function refuseClaim(claim: string, claims: JWTPayload, audiences: readonly string[], now: Date): Refusal {
  switch (claim) {
    case 'exp':
      return claims.exp === undefined
        ? invalid('The claim exp must say when the token expires.')
        : invalid('The claim exp must be a number of seconds.');
    case 'nbf':
      return new Refusal(
        'tokenNotYetValid',
        'Lifetime validation failed, the token is not yet valid.',
        `It is valid from ${time(claims.nbf)}; the clock here says ${now.toISOString()}.`,
      );
    case 'aud': {
      const sent = [claims.aud ?? 'nobody'].flat().map((value) => `'${quoteForMessage(String(value))}'`);
      const allowed = audiences.map((value) => `'${value}'`).join(' or ');
      const detail = `The token is for ${sent.slice(0, 5).join(' and ')}; this service is ${allowed}.`;
      return new Refusal('audienceInvalid', `${validationFailure} Invalid audience.`, detail);
    }
    case 'iss':
      return new Refusal(
        'issuerInvalid',
        `${validationFailure} Invalid issuer.`,
        'The tenant in iss is not that of tid.',
      );
    default:
      return invalid(`The claim ${claim} cannot be read.`);
  }
}

/** Reads a failure of jose; its errors hold the claims, so they are never passed on. */
function readFailure(error: unknown, audiences: readonly string[], now: Date): Error {
  if (error instanceof Refusal || error instanceof ServiceError) return error;
  if (error instanceof errors.JWTExpired) {
    return new Refusal(
      'tokenExpired',
      'Lifetime validation failed, the token is expired.',
      `It expired at ${time(error.payload.exp)}; the clock here says ${now.toISOString()}.`,
    );
  }
  if (error instanceof errors.JWTClaimValidationFailed) {
    return refuseClaim(error.claim, error.payload, audiences, now);
  }
  if (error instanceof errors.JWSSignatureVerificationFailed) {
    return new Refusal('tokenInvalid', `${validationFailure} Invalid signature.`);
  }
  return invalid('The token is not well formed.');
}

/** Checks tokens as protocol section 8.2 lists the steps; verified ones are remembered until they expire. */
export function createJwtAuthenticator(options: JwtAuthenticatorOptions): Authenticator {
  const { issuers, challenge, now } = options;
  const { algorithms = ['RS256'], permissions = defaultPermissionMapping } = options;
  for (const algorithm of algorithms) {
    assert(supportedAlgorithms.includes(algorithm), `the algorithm ${algorithm} must not be allowed`);
  }
  assert(algorithms.length > 0, 'no algorithm is allowed');
  assert(options.audiences.length > 0, 'no audience is configured');
  // Keyed by hash: the cache holds no usable token.
  const remembered = new LRUCache<string, { readonly principal: TokenPrincipal; readonly expiresMs: number }>(
    {
      max: options.tokensRememberedMax ?? limits.tokensRememberedMax,
    },
  );

  async function verifySignature(
    token: string,
    { keys, audiences = options.audiences }: TrustedIssuer,
    issuer: string,
    expand: (template: string) => string,
  ): Promise<JWTPayload> {
    const currentDate = now();
    try {
      const { payload } = await jwtVerify(
        token,
        async ({ kid, alg }) => {
          const found = await keys.find({ kid, algorithm: alg });
          if (found === undefined) throw invalid('The issuer has no key of this kid and algorithm.');
          if (found.issuer !== undefined && expand(found.issuer) !== issuer)
            throw invalid('The key belongs to another issuer.');
          return found.key;
        },
        {
          algorithms: [...algorithms],
          issuer,
          audience: [...audiences],
          clockTolerance: limits.clockSkewS,
          currentDate,
          requiredClaims: ['exp'],
        },
      );
      return payload;
    } catch (error) {
      throw readFailure(error, audiences, currentDate);
    }
  }

  async function verify(token: string) {
    if (token.length > limits.tokenCharactersMax) {
      throw invalid(`It is longer than ${limits.tokenCharactersMax} characters.`);
    }
    const { algorithm, claims } = peek(token);
    if (!algorithms.includes(algorithm)) {
      const shown = quoteForMessage(algorithm, 20);
      throw invalid(`The algorithm '${shown}' is not allowed; use ${algorithms.join(' or ')}.`);
    }
    if (String(claims.tid).toLowerCase() === personalTenantId) {
      throw new Refusal(
        'accountUnsupported',
        `${validationFailure} Personal Microsoft accounts are not supported.`,
        'Sign in with a work or school account.',
      );
    }
    const trusted = selectIssuer(claims, issuers());
    const tenantId = readTenant(claims, trusted);
    // Compared as the token spells its tenant: issuers are strings, not GUIDs.
    const expand = (template: string) => template.replaceAll('{tenantid}', String(claims.tid));
    const verified = await verifySignature(token, trusted, expand(trusted.issuer), expand);
    if (trusted.tenants !== 'any' && !trusted.tenants.has(tenantId)) {
      throw new ServiceError('tenantNotOnboarded', `The tenant ${tenantId} is not served here.`);
    }
    const principal = readPrincipal(verified, tenantId, trusted.claimStyle, permissions);
    return { principal, expiresMs: ((verified.exp ?? 0) + limits.clockSkewS) * 1000 };
  }

  /** Clients send one request after the other: the header of the latest is hashed once. */
  let latest = { authorization: '', key: '' };

  /** Keyed by the whole header as it came: nothing is cut out of it before the answer is known. */
  function keyOf(authorization: string): string {
    if (latest.authorization !== authorization) {
      latest = { authorization, key: hash('sha256', authorization, 'base64') };
    }
    return latest.key;
  }

  function recall(key: string): TokenPrincipal | undefined {
    const known = remembered.get(key);
    if (known === undefined) return undefined;
    if (now().getTime() < known.expiresMs) return known.principal;
    remembered.delete(key);
    return undefined;
  }

  async function authenticateAnew(authorization: string, key: string): Promise<TokenPrincipal> {
    const bearer = readBearer(authorization);
    if ('fault' in bearer) throw createTokenMissingError(challenge, bearer.fault);
    try {
      const fresh = await verify(bearer.token);
      remembered.set(key, fresh);
      return fresh.principal;
    } catch (error) {
      if (error instanceof Refusal) {
        throw createTokenRefusedError(challenge, error.code, error.message, error.detail);
      }
      if (error instanceof ClaimError) {
        throw createTokenRefusedError(challenge, 'tokenInvalid', validationFailure, error.message);
      }
      throw error;
    }
  }

  return {
    async authenticate(authorization) {
      if (authorization === undefined) return { kind: 'anonymous' };
      const key = keyOf(authorization);
      return recall(key) ?? authenticateAnew(authorization, key);
    },
    recall: (authorization) => (authorization === undefined ? undefined : recall(keyOf(authorization))),
  };
}
