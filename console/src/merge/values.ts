/** Values of an entity by the path of their property: the form, drafts and comparisons all speak of these. */
import type { PropertyInfo } from '../metadata.ts';

/** Values by path, `vendorInformation/provider`; null where there is none. */
export type Values = Readonly<Record<string, unknown>>;

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Whether two values of JSON mean the same; null and a missing one do, the order of members does not matter. */
export function isSame(one: unknown, other: unknown): boolean {
  if (Object.is(one ?? null, other ?? null)) return true;
  if (Array.isArray(one) && Array.isArray(other)) {
    return one.length === other.length && one.every((item, index) => isSame(item, other[index]));
  }
  if (!isObject(one) || !isObject(other)) return false;
  const names = new Set([...Object.keys(one), ...Object.keys(other)]);
  return [...names].every((name) => isSame(one[name], other[name]));
}

/** The value at a path of an entity; null where there is none. */
export const valueAt = (entity: unknown, path: string): unknown =>
  path.split('/').reduce<unknown>((value, name) => (isObject(value) ? (value[name] ?? null) : null), entity);

/** The values of an entity, complex ones by their members. */
export const flatten = (entity: unknown, leaves: readonly PropertyInfo[]): Values =>
  Object.fromEntries(leaves.map(({ path }) => [path, valueAt(entity, path)]));

/** The body of a PATCH that sets these values: of a complex value only the members named here are sent. */
export function writePatch(values: Values): Readonly<Record<string, unknown>> {
  const body: Record<string, unknown> = {};
  for (const [path, value] of Object.entries(values)) {
    const [name = '', member] = path.split('/');
    const before = body[name];
    body[name] = member === undefined ? value : { ...(isObject(before) ? before : {}), [member]: value };
  }
  return body;
}

/** The number in an ETag of the service, `W/"7"` → 7; undefined for any other. */
export function versionOf(etag: string): number | undefined {
  const digits = /^W\/"(\d+)"$/.exec(etag)?.[1];
  return digits === undefined ? undefined : Number(digits);
}
