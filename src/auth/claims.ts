/** From the claims of a verified token to a principal (claims reference of Microsoft Entra ID, RFC 9068). */
import { limits } from '../limits.ts';
import type { TenantId, TokenPrincipal } from './authenticator.ts';
import { mapPermissions, type PermissionMapping } from './permissions.ts';

/** The tenant in which all personal Microsoft accounts live; this service does not serve them. */
export const personalTenantId = '9188040d-6c67-4c5b-b112-36a304b66dad';

/** Claims as they stand in a token: any JSON. */
export type Claims = Readonly<Record<string, unknown>>;

/** `entra`: names as Entra ID writes them. `oidc`: what other OpenID Connect issuers offer in their place. */
export type ClaimStyle = 'entra' | 'oidc';

/** Says why the claims make no principal: the claim at fault and what is allowed. */
export class ClaimError extends Error {}

const text = (value: unknown): string | undefined =>
  typeof value === 'string' && value !== '' ? value : undefined;

const words = (value: unknown): readonly string[] =>
  typeof value === 'string' ? value.split(' ').filter((word) => word !== '') : [];

const texts = (value: unknown): readonly string[] =>
  Array.isArray(value) ? value.filter((item): item is string => typeof item === 'string') : [];

/** `scp` is a list in words; Okta sends an array, Keycloak and RFC 9068 call it `scope`. */
function readScopes(claims: Claims, style: ClaimStyle): readonly string[] {
  if (style === 'entra') return words(claims.scp);
  return [...words(claims.scp), ...texts(claims.scp), ...words(claims.scope)];
}

/** v2.0 tokens name the calling application `azp`, v1.0 tokens `appid`. */
function readClientId(claims: Claims, style: ClaimStyle): string | undefined {
  const entra = text(claims.azp) ?? text(claims.appid);
  return style === 'entra' ? entra : (entra ?? text(claims.client_id) ?? text(claims.cid));
}

function isApplication(claims: Claims, scopes: readonly string[], clientId: string, style: ClaimStyle) {
  if (claims.idtyp === 'app') return true;
  // A token in which the application is its own subject stands for no person (RFC 9068 section 2.2).
  if (style === 'oidc' && claims.sub === clientId) return true;
  return scopes.length === 0 && texts(claims.roles).length > 0 && text(claims.oid) === claims.sub;
}

/** What a delegated token may do is in its scopes; `roles` are then the person's, not the application's. */
function readClaimed(claims: Claims, scopes: readonly string[], application: boolean, style: ClaimStyle) {
  if (!application) return scopes;
  const roles = texts(claims.roles);
  return style === 'oidc' && roles.length === 0 ? scopes : roles;
}

const displayName = (claims: Claims): string | undefined =>
  (text(claims.name) ?? text(claims.preferred_username) ?? text(claims.app_displayname))?.slice(
    0,
    limits.displayNameCharactersMax,
  );

/** The principal behind verified claims; throws ClaimError when they name nobody. */
export function readPrincipal(
  claims: Claims,
  tenantId: TenantId,
  style: ClaimStyle,
  mapping: PermissionMapping,
): TokenPrincipal {
  const clientId = readClientId(claims, style);
  if (clientId === undefined)
    throw new ClaimError('It names no calling application: azp or appid is needed.');
  const objectId = text(claims.oid) ?? (style === 'oidc' ? text(claims.sub) : undefined);
  if (objectId === undefined) throw new ClaimError('It names no caller: the claim oid is needed.');
  const scopes = readScopes(claims, style);
  const application = isApplication(claims, scopes, clientId, style);
  if (!application && scopes.length === 0) {
    throw new ClaimError(
      'It has neither scp (delegated) nor roles (application): no permission was granted.',
    );
  }
  const kind = application ? 'application' : 'delegated';
  const claimed = new Set(readClaimed(claims, scopes, application, style));
  const directoryRoles = new Set(texts(claims.wids));
  return {
    kind,
    tenantId,
    objectId,
    name: displayName(claims),
    clientId,
    permissions: mapPermissions({ kind, claimed, directoryRoles }, mapping),
    directoryRoles,
  };
}
