import Database from 'better-sqlite3';
import { afterAll, describe, expect, it } from 'vitest';
import { parseTenantId } from '../../../src/auth/authenticator.ts';
import { cloudAppSecurityProfiles } from '../../../src/model/cloud-app-security-profile.ts';
import { model } from '../../../src/model/index.ts';
import type { ChangesPlan } from '../../../src/plan/plan.ts';
import { compileChanges, compileLastValues, compileNames } from '../../../src/sql/compile-changes.ts';
import type { Statement } from '../../../src/sql/statement.ts';
import { sqliteDialect } from '../../../src/storage/sqlite/dialect.ts';
import { registerFunctions } from '../../../src/storage/sqlite/functions.ts';
import { createSchema } from '../../../src/storage/sqlite/schema.ts';

const handle = new Database(':memory:');
registerFunctions(handle);
createSchema(handle, model);
afterAll(() => handle.close());

const tenantId = parseTenantId('11111111-2222-4333-8444-555555555555');
const planOf = (parts: Partial<ChangesPlan>): ChangesPlan => ({
  kind: 'changes',
  root: 'v1.0',
  format: { metadata: 'minimal', ieee754Compatible: false, omitNulls: false, applied: [] },
  entitySet: cloudAppSecurityProfiles,
  tenantId,
  key: undefined,
  pageSize: 100,
  before: undefined,
  remaining: undefined,
  conditions: [],
  link: { options: '', fingerprint: '', nowTicks: 0n, pageSize: 100 },
  ...parts,
});

/** Each step of the plan as SQLite tells it. */
const stepsOf = ({ text, parameters }: Statement): readonly string[] =>
  (handle.prepare(`explain query plan ${text}`).all(...parameters) as { readonly detail: string }[]).map(
    ({ detail }) => detail,
  );
const steps = (parts: Partial<ChangesPlan>) => stepsOf(compileChanges(planOf(parts), sqliteDialect));

describe('the changes of a tenant', () => {
  const backwards = 'SEARCH change_record USING INDEX sqlite_autoindex_change_record_1';

  it('are read backwards, from the last or from where the page before ended, and never sorted', () => {
    expect(steps({})).toEqual([`${backwards} (tenant_id=?)`]);
    expect(steps({ before: 7n })).toEqual([`${backwards} (tenant_id=? AND position<?)`]);
  });

  it('are read in the same way under a condition', () => {
    const riskScore = cloudAppSecurityProfiles.type.properties.find(({ name }) => name === 'riskScore');
    if (riskScore === undefined) throw new Error('no riskScore');
    expect(steps({ conditions: [{ kind: 'changed', property: riskScore }] })).toEqual([
      `${backwards} (tenant_id=?)`,
    ]);
    expect(steps({ conditions: [{ kind: 'at', operator: 'ge', ticks: 7n }] })).toEqual([
      `${backwards} (tenant_id=?)`,
    ]);
  });
});

describe('the changes of one entity', () => {
  const byEntity = 'SEARCH change_record USING INDEX change_record_by_entity';

  it('have an index of their own', () => {
    expect(steps({ key: 'a' })).toEqual([`${byEntity} (tenant_id=? AND entity_id=?)`]);
    expect(steps({ key: 'a', before: 7n })).toEqual([
      `${byEntity} (tenant_id=? AND entity_id=? AND position<?)`,
    ]);
    expect(steps({ conditions: [{ kind: 'equals', field: 'id', value: 'a' }] })).toEqual([
      `${byEntity} (tenant_id=? AND entity_id=?)`,
    ]);
  });

  it('and the names of entities are found by id', () => {
    const names = compileNames(planOf({}), ['a', 'b'], sqliteDialect);
    if (names === undefined) throw new Error('no names');
    expect(stepsOf(names)).toEqual([
      'SEARCH cloud_app_security_profile USING INDEX sqlite_autoindex_cloud_app_security_profile_1 (tenant_id=? AND id=?)',
    ]);
    expect(stepsOf(compileLastValues(planOf({}), ['a', 'b'], sqliteDialect))).toEqual([
      `${byEntity} (tenant_id=? AND entity_id=?)`,
    ]);
  });
});

describe('the tenant', () => {
  it('stands first in every question', () => {
    const statements = [
      compileChanges(planOf({ key: 'a', before: 7n }), sqliteDialect),
      compileNames(planOf({}), ['a'], sqliteDialect),
      compileLastValues(planOf({}), ['a'], sqliteDialect),
    ];
    for (const statement of statements) {
      expect(statement?.text).toContain(' where "tenant_id" = ? and ');
      expect(statement?.parameters[0]).toBe(tenantId);
    }
  });
});
