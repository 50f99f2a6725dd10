/** The permissions an operation needs, and whether the principal holds one of them. */
import type { Principal, TokenPrincipal } from '../auth/authenticator.ts';
import type { EntitySet } from '../edm/types.ts';
import { ServiceError } from '../errors.ts';
import type { PermissionChallenge } from './plan.ts';

/** Reading answers questions; writing changes rows. */
export type Operation = 'read' | 'write';

/** Returns the principal when it may do this; throws 401 tokenMissing or 403 permissionMissing. */
export function authorize(
  operation: Operation,
  entitySet: EntitySet,
  principal: Principal,
  challenge: PermissionChallenge,
): TokenPrincipal {
  const known = requireToken(principal, challenge);
  const accepted = entitySet.permissions[operation];
  if (accepted.some((permission) => known.permissions.has(permission))) return known;
  throw new ServiceError('permissionMissing', missingMessage(known, accepted), {
    headers: { 'WWW-Authenticate': challenge.insufficientScope(accepted) },
  });
}

/** Any verified token will do: for addresses that show no tenant's data. */
export function requireToken(principal: Principal, challenge: PermissionChallenge): TokenPrincipal {
  if (principal.kind !== 'anonymous') return principal;
  throw new ServiceError(
    'tokenMissing',
    'No bearer token arrived. Get one: casp token. The Graph JavaScript SDK sends its token only over https, ' +
      'to hosts named in customHosts.',
    { target: 'Authorization', headers: { 'WWW-Authenticate': challenge.missing() } },
  );
}

function missingMessage(principal: TokenPrincipal, accepted: readonly string[]): string {
  const held = [...principal.permissions].join(', ') || 'none';
  return principal.kind === 'application'
    ? `Missing application roles. API required roles: ${accepted.join(' or ')}; application roles: ${held}.`
    : `Missing scopes. API required scopes: ${accepted.join(' or ')}; token scopes: ${held}.`;
}
