/** The JSON of an entity, edited as text → the fields that changed, or what is wrong with the text. */
import type { PropertyInfo } from '../metadata.ts';
import { isSame, type Values, valueAt } from './values.ts';

/** A fault of the text; `offset` counts characters from its start where it is known. */
export interface TextFault {
  readonly message: string;
  readonly offset: number | undefined;
}

/** What a text says; with faults nothing of it is used. */
export interface WireEdit {
  readonly edits: Values;
  readonly faults: readonly TextFault[];
}

type Json = Readonly<Record<string, unknown>>;

const isObject = (value: unknown): value is Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/**
 * Reads an edited entity. Members that are missing stay as they are (JSON Merge Patch, RFC 7396); what the service
 * gives by itself may not change; `refusal` says what is wrong with a value.
 */
export function readWireEdit(
  text: string,
  original: Json,
  properties: readonly PropertyInfo[],
  refusal: (property: PropertyInfo, value: unknown) => string | undefined,
): WireEdit {
  const parsed = parse(text);
  if ('fault' in parsed) return { edits: {}, faults: [parsed.fault] };
  if (!isObject(parsed.value)) {
    return { edits: {}, faults: [{ message: 'A profile is an object: { … }.', offset: 0 }] };
  }
  const edits: Record<string, unknown> = {};
  const faults: TextFault[] = [];
  const fault = (name: string, message: string) =>
    faults.push({ message: `${name}: ${message}`, offset: offsetOf(text, name) });
  const read = (members: Json, known: readonly PropertyInfo[], parent: string) => {
    for (const [name, value] of Object.entries(members)) {
      const path = parent === '' ? name : `${parent}/${name}`;
      // Annotations are no data; the service ignores them.
      if (name.includes('@') || isSame(value, valueAt(original, path))) continue;
      const property = known.find((each) => each.name === name);
      if (property === undefined) fault(name, `no such property. There are ${namesOf(known)}.`);
      else if (property.readOnly) fault(name, 'the service gives this value; it cannot be changed.');
      else if (property.kind === 'complex' && isObject(value)) read(value, property.properties, path);
      else if (property.kind === 'complex' && value === null) {
        for (const member of property.properties) edits[member.path] = null;
      } else {
        const message =
          property.kind === 'complex' ? 'an object is expected: { … }, or null.' : refusal(property, value);
        if (message !== undefined) fault(name, message);
        edits[path] = value;
      }
    }
  };
  read(parsed.value, properties, '');
  return faults.length > 0 ? { edits: {}, faults } : { edits, faults };
}

const namesOf = (properties: readonly PropertyInfo[]): string =>
  properties
    .filter(({ readOnly }) => !readOnly)
    .map(({ name }) => name)
    .join(', ');

function parse(text: string): { readonly value: unknown } | { readonly fault: TextFault } {
  try {
    return { value: JSON.parse(text) };
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return { fault: { message: `This is no JSON: ${reason}`, offset: offsetIn(reason, text) } };
  }
}

/** Browsers say where the fault is in words of their own. */
function offsetIn(reason: string, text: string): number | undefined {
  const position = /position (\d+)/.exec(reason)?.[1];
  if (position !== undefined) return Number(position);
  const [, line, column] = /line (\d+) column (\d+)/.exec(reason) ?? [];
  if (line !== undefined && column !== undefined) {
    const before = text.split('\n').slice(0, Number(line) - 1);
    return before.reduce((sum, each) => sum + each.length + 1, 0) + Number(column) - 1;
  }
  return /end of (JSON|data)/i.test(reason) ? text.length : undefined;
}

function offsetOf(text: string, name: string): number | undefined {
  const quoted = JSON.stringify(name);
  for (let at = text.indexOf(quoted); at >= 0; at = text.indexOf(quoted, at + 1)) {
    if (/^\s*:/.test(text.slice(at + quoted.length, at + quoted.length + 20))) return at;
  }
  return undefined;
}
