/** What a bulk edit does to one app: pure, so that running, retrying and undoing are the same few functions. */
import { type Decision, decide, decisionLabel, meaningful, readTags } from '../profile-meaning.ts';

/** A change of many apps. Tags and decisions commute with other people's edits; a field does not. */
export type BulkEdit =
  | { readonly kind: 'decide'; readonly decision: Decision }
  | { readonly kind: 'addTags'; readonly tags: readonly string[] }
  | { readonly kind: 'removeTags'; readonly tags: readonly string[] }
  | { readonly kind: 'set'; readonly path: string; readonly label: string; readonly value: unknown }
  /** Puts back what each app had; `valueOf` by id. */
  | { readonly kind: 'restore'; readonly path: string; readonly values: ReadonlyMap<string, unknown> };

/** An app as it was when it was selected, or read again. */
export interface BulkTarget {
  readonly id: string;
  readonly name: string;
  readonly etag: string;
  /** The one property the edit touches. */
  readonly value: unknown;
}

/** The property an edit changes. */
export const pathOf = (edit: BulkEdit): string =>
  edit.kind === 'set' || edit.kind === 'restore' ? edit.path : meaningful.tags;

/** Whether the edit means the same on whatever value it finds, so that a lost race is simply run again. */
export const commutes = (edit: BulkEdit): boolean => edit.kind !== 'set' && edit.kind !== 'restore';

/** The value after the edit; undefined where the app already has it. */
export function nextValue(
  edit: BulkEdit,
  target: Pick<BulkTarget, 'id' | 'value'>,
): { readonly value: unknown } | undefined {
  const value = wantedValue(edit, target);
  return isSame(value, target.value) ? undefined : { value };
}

function wantedValue(edit: BulkEdit, { id, value }: Pick<BulkTarget, 'id' | 'value'>): unknown {
  switch (edit.kind) {
    case 'decide':
      return decide(value, edit.decision);
    case 'addTags':
      return [...new Set([...readTags(value), ...edit.tags])];
    case 'removeTags':
      return readTags(value).filter((tag) => !edit.tags.includes(tag));
    case 'set':
      return edit.value;
    case 'restore':
      return edit.values.has(id) ? edit.values.get(id) : value;
  }
}

/** Values of JSON are the same when they are written the same; null and a missing one are. */
export const isSame = (one: unknown, other: unknown): boolean =>
  JSON.stringify(one ?? null) === JSON.stringify(other ?? null);

/** The body of the PATCH: a member of a complex property is sent inside it, the others stay. */
export function bodyOf(path: string, value: unknown): Readonly<Record<string, unknown>> {
  const [name = '', ...rest] = path.split('/');
  return { [name]: rest.length === 0 ? value : bodyOf(rest.join('/'), value) };
}

/** What must be selected to read `path`. */
export const selectionOf = (path: string): string => path.split('/')[0] ?? path;

/** The value at a path of an entity. */
export const valueAt = (entity: Readonly<Record<string, unknown>>, path: string): unknown =>
  path
    .split('/')
    .reduce<unknown>(
      (value, name) =>
        typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[name] : undefined,
      entity,
    );

/** An entity as a target of an edit of `path`. */
export const targetOf = (entity: Readonly<Record<string, unknown>>, path: string): BulkTarget => ({
  id: String(entity.id),
  name: typeof entity[meaningful.name] === 'string' ? String(entity[meaningful.name]) : '',
  etag: String(entity['@odata.etag']),
  value: valueAt(entity, path) ?? null,
});

/** The edit in words. */
export function describeEdit(edit: BulkEdit): string {
  switch (edit.kind) {
    case 'decide':
      return `Decide: ${decisionLabel(edit.decision)}`;
    case 'addTags':
      return `Add ${edit.tags.length === 1 ? 'tag' : 'tags'} ${edit.tags.join(', ')}`;
    case 'removeTags':
      return `Remove ${edit.tags.length === 1 ? 'tag' : 'tags'} ${edit.tags.join(', ')}`;
    case 'set':
      return `Set ${edit.label}`;
    case 'restore':
      return 'Undo';
  }
}
