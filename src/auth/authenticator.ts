/** Who asks: the one value everything behind the token check may look at. */
import { ServiceError } from '../errors.ts';

/** A tenant's GUID in lower case; made only by `parseTenantId`. */
export type TenantId = string & { readonly brand: 'TenantId' };

const guidPattern = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

/** Reads the `tid` of a token; 401 tokenInvalid when it is not a GUID. */
export function parseTenantId(text: unknown): TenantId {
  if (typeof text !== 'string' || !guidPattern.test(text)) {
    throw new ServiceError('tokenInvalid', 'Access token validation failure. The claim tid must be a GUID.', {
      target: 'tid',
    });
  }
  return text.toLowerCase() as TenantId;
}

/** A request without a token: may read what is public, nothing else. */
export interface AnonymousPrincipal {
  readonly kind: 'anonymous';
}

/** The bearer of a verified token. */
export interface TokenPrincipal {
  /** Delegated: an application on behalf of a person. Application: an application on its own. */
  readonly kind: 'delegated' | 'application';
  readonly tenantId: TenantId;
  /** `oid`: the person, or the application's service principal. */
  readonly objectId: string;
  /** A name to show in the history; never used to decide anything. */
  readonly name: string | undefined;
  /** `azp` or `appid`: the calling application. */
  readonly clientId: string;
  /** Delegated: the scopes of `scp`. Application: the roles of `roles`. */
  readonly permissions: ReadonlySet<string>;
  /** Directory role templates (`wids`); empty when the token has none. */
  readonly directoryRoles: ReadonlySet<string>;
}

export type Principal = AnonymousPrincipal | TokenPrincipal;

/** Turns the Authorization header into a principal; throws 401 codes, never returns a doubtful one. */
export interface Authenticator {
  /** @param authorization the raw header; undefined yields the anonymous principal. */
  authenticate(authorization: string | undefined): Promise<Principal>;
  /** The principal of a header that was verified before and still counts, at once; undefined for all others. */
  recall?(authorization: string | undefined): Principal | undefined;
}
