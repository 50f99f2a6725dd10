/** From the claims of a token to the permissions this service knows. */

/** What a token must hold to have one permission. */
export interface PermissionRule {
  /** Delegated tokens: any of these in `scp`. */
  readonly scopes: readonly string[];
  /** Application tokens: any of these in `roles`. */
  readonly roles: readonly string[];
  /** Delegated tokens: any of these role templates in `wids`; empty switches the check off. */
  readonly directoryRoles: readonly string[];
}

/** Rules by permission name. */
export type PermissionMapping = Readonly<Record<string, PermissionRule>>;

/** The permission that lets a caller read. */
export const readPermission = 'SecurityEvents.Read.All';
/** The permission that lets a caller read and write. */
export const writePermission = 'SecurityEvents.ReadWrite.All';

const sameName = (name: string): PermissionRule => ({ scopes: [name], roles: [name], directoryRoles: [] });

/** Graph's own names, directory roles unchecked. */
export const defaultPermissionMapping: PermissionMapping = {
  [readPermission]: sameName(readPermission),
  [writePermission]: sameName(writePermission),
};

/** What a verified token says about rights. */
export interface Grants {
  readonly kind: 'delegated' | 'application';
  /** The scopes of `scp` or the roles of `roles`, by kind. */
  readonly claimed: ReadonlySet<string>;
  readonly directoryRoles: ReadonlySet<string>;
}

function satisfies(grants: Grants, rule: PermissionRule): boolean {
  const names = grants.kind === 'delegated' ? rule.scopes : rule.roles;
  if (!names.some((name) => grants.claimed.has(name))) return false;
  if (grants.kind === 'application' || rule.directoryRoles.length === 0) return true;
  return rule.directoryRoles.some((role) => grants.directoryRoles.has(role));
}

/** The permissions held: mapped names by their rule alone, all other claimed names as they are. */
export function mapPermissions(grants: Grants, mapping: PermissionMapping): ReadonlySet<string> {
  const held = Object.keys(mapping).filter((name) => {
    const rule = mapping[name];
    return rule !== undefined && satisfies(grants, rule);
  });
  const others = [...grants.claimed].filter((name) => !Object.hasOwn(mapping, name));
  return new Set([...held, ...others]);
}
