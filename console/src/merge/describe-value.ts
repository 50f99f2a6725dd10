/** A value in words, for lines that compare. */
import type { PropertyInfo } from '../metadata.ts';
import { strings } from '../strings.ts';

/** The value as a person reads it; undefined where there is none. */
export function describeValue(property: PropertyInfo, value: unknown): string | undefined {
  if (value === null || value === undefined) return undefined;
  if (Array.isArray(value)) return value.length === 0 ? strings.none : value.map(String).join(', ');
  if (value === '') return '""';
  if (property.kind === 'boolean')
    return value === true ? strings.yes : value === false ? strings.no : String(value);
  if (property.kind === 'enum')
    return property.members.find(({ name }) => name === value)?.label ?? String(value);
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}
