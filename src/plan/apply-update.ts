/** What PATCH means, without a database (Protocol 11.4.3). */
import { formatTicks } from '../edm/date-time-offset.ts';
import { readEntityText, writeEntityText } from '../edm/entity-text.ts';
import type { ComplexType, ComplexValue, EntityValues, PropertyValue } from '../edm/types.ts';
import { mergeMembers } from './bind-payload.ts';
import type { Assignment, StoredEntity, UpdatePlan } from './plan.ts';
import { checkWritePreconditions } from './preconditions.ts';

/** The entity after a PATCH and what it took to get there. */
export interface AppliedUpdate {
  readonly entity: StoredEntity;
  /** Undefined when nothing changed: then `entity` is the one that went in. */
  readonly change: EntityChange | undefined;
}

/** All values on both sides; `changed` names the properties that differ, the timestamp included. */
export interface EntityChange {
  readonly before: EntityValues;
  readonly after: EntityValues;
  readonly changed: readonly string[];
}

/** Applies a plan to the stored entity; throws 412 versionMismatch. */
export function applyUpdate(current: StoredEntity, plan: UpdatePlan): AppliedUpdate {
  checkWritePreconditions(plan.preconditions, current.version);
  const { type } = plan.entitySet;
  const before = readEntityText(type, current.json);
  const after: Record<string, PropertyValue> = { ...before };
  for (const assignment of plan.assignments) after[assignment.property.name] = assigned(assignment, before);
  const changed = type.properties.map(({ name }) => name).filter((name) => !same(before[name], after[name]));
  if (changed.length === 0) return { entity: current, change: undefined };
  const stamps = type.properties.filter((property) => property.stamp === 'modified');
  for (const { name } of stamps) after[name] = formatTicks(plan.atTicks);
  return {
    entity: { id: current.id, version: current.version + 1, json: writeEntityText(type, after) },
    change: { before, after, changed: [...changed, ...stamps.map(({ name }) => name)] },
  };
}

function assigned(assignment: Assignment, before: EntityValues): PropertyValue {
  if (assignment.kind === 'replace') return assignment.value;
  const { property, members } = assignment;
  return mergeMembers(property.type as ComplexType, before[property.name] as ComplexValue | null, members);
}

/** Values are JSON in a fixed member order, so equal text means equal value. */
function same(left: PropertyValue | undefined, right: PropertyValue | undefined): boolean {
  if (left === right) return true;
  if (typeof left !== 'object' || typeof right !== 'object') return false;
  return JSON.stringify(left) === JSON.stringify(right);
}
