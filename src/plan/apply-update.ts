/** What PATCH means, without a database (Protocol 11.4.3). */
import { formatTicks } from '../edm/date-time-offset.ts';
import { readSomeValues, replaceValues } from '../edm/entity-splice.ts';
import { readEntityText, writeEntityText } from '../edm/entity-text.ts';
import type { ComplexType, ComplexValue, EntityType, EntityValues, PropertyValue } from '../edm/types.ts';
import { mergeMembers } from './bind-payload.ts';
import type { Assignment, StoredEntity, UpdatePlan } from './plan.ts';
import { checkWritePreconditions } from './preconditions.ts';

/** The entity after a PATCH and what it took to get there. */
export interface AppliedUpdate {
  readonly entity: StoredEntity;
  /** Undefined when nothing changed: then `entity` is the one that went in. */
  readonly change: EntityChange | undefined;
}

/** Those values that the change was about on both sides, perhaps others beside them. */
export interface EntityChange {
  readonly before: EntityValues;
  readonly after: EntityValues;
  /** The properties that differ in their declared order, and then the timestamp. */
  readonly changed: readonly string[];
  /** All values after the change. */
  readonly whole: () => EntityValues;
}

/** Applies a plan to the stored entity; throws 412 versionMismatch. */
export function applyUpdate(current: StoredEntity, plan: UpdatePlan): AppliedUpdate {
  checkWritePreconditions(plan.preconditions, current.version);
  const { type } = plan.entitySet;
  const stamps = stampsOf(type);
  const touched = [...plan.assignments.map(({ property }) => property.name), ...stamps];
  const some = readSomeValues(type, current.json, touched);
  const before = some ?? readEntityText(type, current.json);
  const after: Record<string, PropertyValue> = { ...before };
  for (const assignment of plan.assignments) after[assignment.property.name] = assigned(assignment, before);
  const differing = namesOf(type).filter(
    (name) => touched.includes(name) && !same(before[name], after[name]),
  );
  if (differing.length === 0) return { entity: current, change: undefined };
  for (const name of stamps) after[name] = formatTicks(plan.atTicks);
  const changed = [...differing, ...stamps];
  const json =
    some === undefined ? writeEntityText(type, after) : replaceValues(type, current.json, after, changed);
  return {
    entity: { id: current.id, version: current.version + 1, json },
    change: {
      before,
      after,
      changed,
      whole: () => (some === undefined ? after : readEntityText(type, json)),
    },
  };
}

const names = new WeakMap<EntityType, readonly string[]>();

function namesOf(type: EntityType): readonly string[] {
  let known = names.get(type);
  if (known === undefined) {
    known = type.properties.map(({ name }) => name);
    names.set(type, known);
  }
  return known;
}

const stamped = new WeakMap<EntityType, readonly string[]>();

/** The instants that the service sets with every change. */
function stampsOf(type: EntityType): readonly string[] {
  let names = stamped.get(type);
  if (names === undefined) {
    names = type.properties.filter(({ stamp }) => stamp === 'modified').map(({ name }) => name);
    stamped.set(type, names);
  }
  return names;
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
