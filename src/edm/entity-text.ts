/**
 * An entity's JSON text as it is stored and, at the minimal metadata level, sent: every declared property in
 * order, `@odata.type` on complex values, none of the entity's own control information.
 */
import {
  type ComplexType,
  type EntityType,
  type EntityValues,
  type Property,
  qualifiedName,
} from './types.ts';

type Writer = (values: EntityValues) => string;

const writers = new WeakMap<EntityType, Writer>();

/** Writes the stored text; every declared property must be present. */
export function writeEntityText(type: EntityType, values: EntityValues): string {
  let writer = writers.get(type);
  if (writer === undefined) {
    writer = createWriter(type);
    writers.set(type, writer);
  }
  return writer(values);
}

function createWriter(type: EntityType): Writer {
  const parts = type.properties.map((property, index) => ({
    name: property.name,
    prefix: `${index === 0 ? '{' : ','}${JSON.stringify(property.name)}:`,
    complexStart: complexStart(property),
  }));
  return (values) => {
    let text = '';
    for (const part of parts) {
      const value = values[part.name];
      if (value === undefined) throw new Error(`no value for ${part.name}`);
      const json = JSON.stringify(value);
      text +=
        part.prefix +
        (part.complexStart === undefined || value === null ? json : part.complexStart + json.slice(1));
    }
    return `${text}}`;
  };
}

function complexStart(property: Property): string | undefined {
  if (property.type.kind !== 'complex') return undefined;
  const start = `{"@odata.type":${JSON.stringify(`#${qualifiedName(property.type)}`)}`;
  return property.type.properties.length === 0 ? start : `${start},`;
}

/** Reads a stored text back into values, without the type annotations. */
export function readEntityText(type: EntityType, text: string): EntityValues {
  const values = JSON.parse(text) as Record<string, EntityValues[string]>;
  for (const property of type.properties) {
    if (property.type.kind !== 'complex') continue;
    const value = values[property.name];
    if (value !== null && value !== undefined)
      values[property.name] = withMembers(property.type, value as never);
  }
  return values;
}

function withMembers(
  type: ComplexType,
  value: Readonly<Record<string, string | null>>,
): Record<string, string | null> {
  return Object.fromEntries(type.properties.map((member) => [member.name, value[member.name] ?? null]));
}
