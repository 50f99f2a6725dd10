import { describe, expect, it } from 'vitest';
import {
  defaultPermissionMapping,
  type Grants,
  mapPermissions,
  type PermissionMapping,
  readPermission,
  writePermission,
} from '../../../src/auth/permissions.ts';

const grants = (
  kind: Grants['kind'],
  claimed: readonly string[],
  directoryRoles: readonly string[] = [],
) => ({
  kind,
  claimed: new Set(claimed),
  directoryRoles: new Set(directoryRoles),
});

const mapping: PermissionMapping = {
  [readPermission]: { scopes: ['user_impersonation'], roles: ['Reader'], directoryRoles: [] },
  [writePermission]: { scopes: [writePermission], roles: [writePermission], directoryRoles: ['admin-role'] },
};

describe('mapPermissions', () => {
  it.each(['delegated', 'application'] as const)('takes Graph’s names as they are for a %s token', (kind) => {
    expect(mapPermissions(grants(kind, [readPermission, 'User.Read']), defaultPermissionMapping)).toEqual(
      new Set([readPermission, 'User.Read']),
    );
  });

  it('gives a permission for the scope or role it is mapped to, by kind of token', () => {
    expect(mapPermissions(grants('delegated', ['user_impersonation']), mapping)).toEqual(
      new Set([readPermission, 'user_impersonation']),
    );
    expect(mapPermissions(grants('application', ['user_impersonation']), mapping)).toEqual(
      new Set(['user_impersonation']),
    );
    expect(mapPermissions(grants('application', ['Reader']), mapping)).toEqual(
      new Set([readPermission, 'Reader']),
    );
  });

  it('does not give a permission by its own name when it is mapped to another', () => {
    expect(mapPermissions(grants('delegated', [readPermission]), mapping)).toEqual(new Set());
  });

  it('asks a person, not an application, for a directory role', () => {
    expect(mapPermissions(grants('delegated', [writePermission]), mapping)).toEqual(new Set());
    expect(mapPermissions(grants('delegated', [writePermission], ['admin-role']), mapping)).toEqual(
      new Set([writePermission]),
    );
    expect(mapPermissions(grants('application', [writePermission]), mapping)).toEqual(
      new Set([writePermission]),
    );
  });

  it('is not misled by names of the prototype', () => {
    expect(
      mapPermissions(grants('delegated', ['constructor', '__proto__']), defaultPermissionMapping),
    ).toEqual(new Set(['constructor', '__proto__']));
  });
});
