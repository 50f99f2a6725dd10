/** Two people edited one app: what both started from, what is stored now, what this person wants. */
import type { PropertyInfo } from '../metadata.ts';
import { isSame, type Values } from './values.ts';

/** One field that at least one of the two changed. */
export interface MergedField {
  readonly property: PropertyInfo;
  readonly base: unknown;
  readonly theirs: unknown;
  readonly mine: unknown;
  /** `agreed`: both want the same. `conflict` is the only one a person has to decide. */
  readonly outcome: 'mine' | 'theirs' | 'agreed' | 'conflict';
}

/** Which value a conflict ends with; `both` is for lists. */
export type Keep = 'mine' | 'theirs' | 'both';

/** Compares field by field, in the order of the model. */
export const compareThreeWay = (
  leaves: readonly PropertyInfo[],
  states: { readonly base: Values; readonly theirs: Values; readonly mine: Values },
): readonly MergedField[] =>
  leaves.flatMap((property) => {
    const [base, theirs, mine] = [states.base, states.theirs, states.mine].map(
      (values) => values[property.path] ?? null,
    );
    const outcome = outcomeOf(base, theirs, mine);
    return outcome === undefined ? [] : [{ property, base, theirs, mine, outcome }];
  });

function outcomeOf(base: unknown, theirs: unknown, mine: unknown): MergedField['outcome'] | undefined {
  const byMe = !isSame(base, mine);
  const byThem = !isSame(base, theirs);
  if (!byMe) return byThem ? 'theirs' : undefined;
  if (!byThem) return 'mine';
  return isSame(theirs, mine) ? 'agreed' : 'conflict';
}

const itemsOf = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);

/** Both people's additions and removals of a list: theirs, without what I removed, with what I added. */
export function combineLists({
  base,
  theirs,
  mine,
}: Pick<MergedField, 'base' | 'theirs' | 'mine'>): readonly unknown[] {
  const [old, mineItems] = [itemsOf(base), itemsOf(mine)];
  const removed = old.filter((item) => !mineItems.includes(item));
  const kept = itemsOf(theirs).filter((item) => !removed.includes(item));
  const added = mineItems.filter((item) => !old.includes(item) && !kept.includes(item));
  return [...kept, ...added];
}

/** What is left to send on top of what is stored now; conflicts not named in `keep` keep mine. */
export function resolveConflicts(
  fields: readonly MergedField[],
  keep: Readonly<Record<string, Keep>>,
): Values {
  const left: Record<string, unknown> = {};
  for (const field of fields) {
    const { path } = field.property;
    if (field.outcome === 'mine') left[path] = field.mine;
    if (field.outcome !== 'conflict') continue;
    const choice = keep[path] ?? 'mine';
    const value = choice === 'mine' ? field.mine : choice === 'both' ? combineLists(field) : field.theirs;
    if (!isSame(value, field.theirs)) left[path] = value;
  }
  return left;
}
