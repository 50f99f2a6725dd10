/** PATCH sequences against a plain model: what a reader of the reference page would expect. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseTenantId } from '../../src/auth/authenticator.ts';
import { formatTicks, ticksOf } from '../../src/edm/date-time-offset.ts';
import { readEntityText, writeEntityText } from '../../src/edm/entity-text.ts';
import type { EntityValues } from '../../src/edm/types.ts';
import { cloudAppSecurityProfiles } from '../../src/model/cloud-app-security-profile.ts';
import { applyUpdate } from '../../src/plan/apply-update.ts';
import { bindPayload } from '../../src/plan/bind-payload.ts';
import type { StoredEntity, UpdatePlan } from '../../src/plan/plan.ts';
import { emptyProfile, patchBody } from '../support/profiles.ts';

const { type } = cloudAppSecurityProfiles;
const start = ticksOf('2026-01-01T00:00:00Z');
const id = '00000000-0000-4000-8000-000000000001';

function planOf(body: EntityValues, atTicks: bigint): UpdatePlan {
  return {
    kind: 'update',
    root: 'v1.0',
    format: { metadata: 'minimal', ieee754Compatible: false, omitNulls: false, applied: [] },
    entitySet: cloudAppSecurityProfiles,
    tenantId: parseTenantId('11111111-1111-4111-8111-111111111111'),
    key: id,
    assignments: bindPayload(type, body, { operation: 'update', bodyVersion: '4.0', alias: 'graph' }),
    preconditions: { ifMatch: undefined, ifNoneMatch: undefined },
    author: {
      kind: 'system',
      objectId: '',
      name: undefined,
      clientId: '',
      requestId: '',
      clientRequestId: '',
    },
    atTicks,
    answer: { returns: 'representation', preferred: false },
    projection: undefined,
  };
}

/** The rules of the page, written as plainly as possible. */
function expected(values: EntityValues, body: EntityValues): EntityValues {
  const next: Record<string, unknown> = { ...values };
  for (const [name, value] of Object.entries(body)) {
    if (name !== 'vendorInformation' || value === null) {
      next[name] = value;
      continue;
    }
    const given = value as Record<string, string | null>;
    if (next[name] === null && Object.keys(given).length === 0) continue;
    const none = { provider: null, providerVersion: null, subProvider: null, vendor: null };
    next[name] = { ...none, ...(next[name] as object | null), ...given };
  }
  return next as EntityValues;
}

describe('applyUpdate', () => {
  it('equals the plain model over random sequences', () => {
    fc.assert(
      fc.property(fc.array(patchBody, { maxLength: 12 }), (bodies) => {
        let entity: StoredEntity = { id, version: 1, json: writeEntityText(type, emptyProfile(id)) };
        let model = emptyProfile(id);
        bodies.forEach((body, index) => {
          const at = start + BigInt(index + 1);
          const before = entity;
          entity = applyUpdate(entity, planOf(body, at)).entity;
          const next = expected(model, body);
          const changed = JSON.stringify(next) !== JSON.stringify(model);
          model = changed ? { ...next, lastModifiedDateTime: formatTicks(at) } : model;
          expect(entity.version).toBe(before.version + (changed ? 1 : 0));
          if (!changed) expect(entity).toBe(before);
          expect(readEntityText(type, entity.json)).toEqual(model);
        });
      }),
    );
  });

  it('says exactly what changed', () => {
    fc.assert(
      fc.property(patchBody, patchBody, (first, second) => {
        const initial: StoredEntity = { id, version: 1, json: writeEntityText(type, emptyProfile(id)) };
        const middle = applyUpdate(initial, planOf(first, start + 1n)).entity;
        const { entity, change } = applyUpdate(middle, planOf(second, start + 2n));
        const before = readEntityText(type, middle.json);
        const after = readEntityText(type, entity.json);
        const differing = type.properties
          .map(({ name }) => name)
          .filter((name) => JSON.stringify(before[name]) !== JSON.stringify(after[name]));
        expect([...(change?.changed ?? [])].sort()).toEqual(differing.sort());
      }),
    );
  });

  it('repeating a PATCH changes nothing', () => {
    fc.assert(
      fc.property(patchBody, (body) => {
        const initial: StoredEntity = { id, version: 1, json: writeEntityText(type, emptyProfile(id)) };
        const once = applyUpdate(initial, planOf(body, start + 1n)).entity;
        expect(applyUpdate(once, planOf(body, start + 2n))).toEqual({ entity: once, change: undefined });
      }),
    );
  });
});
