/** What a token allows, as far as it can be read here. */
import { strings } from './strings.ts';

/** What the person may do; true where nothing is known, because the service decides. */
export interface Rights {
  readonly mayRead: boolean;
  readonly mayWrite: boolean;
}

/** Any one permission of each list is enough. */
export interface PermissionLists {
  readonly read: readonly string[];
  readonly write: readonly string[];
}

const shortName = (permission: string): string => permission.slice(permission.lastIndexOf('/') + 1);

/**
 * Reads rights from what a token holds. Where the service maps names of its own to permissions, none of the known
 * names may stand in the token: then nothing is denied here.
 */
export function rightsOf(granted: readonly string[] | undefined, { read, write }: PermissionLists): Rights {
  const held = new Set((granted ?? []).map(shortName));
  const holds = (permissions: readonly string[]) => permissions.some((each) => held.has(shortName(each)));
  if (granted === undefined || !(holds(read) || holds(write))) return { mayRead: true, mayWrite: true };
  return { mayRead: true, mayWrite: holds(write) };
}

/** Why something is not possible, and who can help. */
export function missingPermission(
  kind: 'read' | 'write',
  permissions: readonly string[],
  readOnly: boolean,
): string {
  if (kind === 'write' && readOnly) return strings.readOnlyBanner;
  const list = permissions.join(' or ');
  return kind === 'read' ? strings.deniedRead(list) : strings.deniedWrite(list);
}
