/** What differs between two states of an entity, field by field; states of the past from change records. */
import type { ChangeRecord } from '../api.ts';
import type { PropertyInfo } from '../metadata.ts';
import { isSame, type Values, valueAt } from './values.ts';

/** One field that differs. */
export interface FieldChange {
  readonly property: PropertyInfo;
  readonly before: unknown;
  readonly after: unknown;
}

/** The fields that differ, in the order of the model. */
export const changesBetween = (
  leaves: readonly PropertyInfo[],
  before: Values,
  after: Values,
): readonly FieldChange[] =>
  leaves
    .map((property) => ({
      property,
      before: before[property.path] ?? null,
      after: after[property.path] ?? null,
    }))
    .filter((change) => !isSame(change.before, change.after));

/** The fields a record says changed; complex values by those of their members that differ. */
export function changesOf(record: ChangeRecord, leaves: readonly PropertyInfo[]): readonly FieldChange[] {
  const touched = new Set(record.changed);
  return leaves
    .filter(({ path }) => touched.has(path.split('/')[0] ?? path))
    .map((property) => ({
      property,
      before: valueAt(record.before, property.path),
      after: valueAt(record.after, property.path),
    }))
    .filter(({ before, after }) => !isSame(before, after));
}

/** The values before the given records: `newestFirst` are all the records since then. */
export function undoChanges(
  now: Values,
  newestFirst: readonly ChangeRecord[],
  leaves: readonly PropertyInfo[],
): Values {
  const values: Record<string, unknown> = { ...now };
  for (const record of newestFirst) {
    for (const { property, before } of changesOf(record, leaves)) values[property.path] = before;
  }
  return values;
}

/** Whether the records, newest first, are all those that lead from `version` to `current`, none missing. */
export const leadsBackTo = (
  newestFirst: readonly ChangeRecord[],
  current: number,
  version: number,
): boolean =>
  newestFirst.length === current - version &&
  newestFirst.every((record, index) => record.version === current - index);
