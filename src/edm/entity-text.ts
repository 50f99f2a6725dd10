/**
 * An entity's JSON text as it is stored and, at the minimal metadata level, sent: every declared property in
 * order, `@odata.type` on complex values, none of the entity's own control information.
 *
 * While a service is upgraded, programs of two versions write the same rows. What the older one does not know stands
 * after what it knows and is kept; what the newer one misses in rows of the older is null.
 */
import {
  type ComplexType,
  type ComplexValue,
  type EntityType,
  type EntityValues,
  type Property,
  type PropertyValue,
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
  const declared = new Set(parts.map(({ name }) => name));
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
    const names = Object.keys(values);
    if (names.length > parts.length)
      for (const name of names)
        if (!declared.has(name)) text += `,${JSON.stringify(name)}:${JSON.stringify(values[name])}`;
    return `${text}}`;
  };
}

function complexStart(property: Property): string | undefined {
  if (property.type.kind !== 'complex') return undefined;
  const start = `{"@odata.type":${JSON.stringify(`#${qualifiedName(property.type)}`)}`;
  return property.type.properties.length === 0 ? start : `${start},`;
}

/** Reads a stored text back into values, without the type annotations of declared properties. */
export function readEntityText(type: EntityType, text: string): EntityValues {
  const values = JSON.parse(text) as Record<string, PropertyValue>;
  for (const property of type.properties) {
    const value = values[property.name];
    if (value === undefined) values[property.name] = missingValue(property);
    else if (property.type.kind === 'complex' && value !== null)
      values[property.name] = withMembers(property.type, value as ComplexValue);
  }
  return values;
}

/** What a row has of a property that its writer did not know. */
const missingValue = ({ type }: Property): PropertyValue => (type.kind === 'collection' ? [] : null);

function withMembers(type: ComplexType, value: ComplexValue): ComplexValue {
  const members = type.properties.map((member) => [member.name, value[member.name] ?? null] as const);
  return { ...Object.fromEntries(members), ...unknownMembers(type, value) };
}

/** Members of a complex value that another version declares; annotations are none. */
export function unknownMembers(type: ComplexType, value: ComplexValue | null): ComplexValue {
  const unknown = Object.entries(value ?? {}).filter(
    ([name]) => !name.includes('@') && !type.properties.some((member) => member.name === name),
  );
  return Object.fromEntries(unknown);
}

/** What a stored text begins with at the minimal metadata level, in the place of its brace: the version stands between. */
export interface EntityStart {
  readonly beforeVersion: string;
  readonly afterVersion: string;
}

const starts = new WeakMap<EntityType, EntityStart>();

/** The control information in front of a stored text: its type and, weak because one version has several forms, its tag. */
export function entityStart(type: EntityType): EntityStart {
  let start = starts.get(type);
  if (start === undefined) {
    const typed = `"@odata.type":${JSON.stringify(`#${qualifiedName(type)}`)}`;
    start = { beforeVersion: `${typed},"@odata.etag":"W/\\"`, afterVersion: '\\"",' };
    starts.set(type, start);
  }
  return start;
}

const lateMembers = new WeakMap<EntityType, readonly string[]>();

/** The text with all properties, where its writer may not have known those that were added since. */
export function completeEntityText(type: EntityType, text: string): string {
  if (lateMembersOf(type).every((member) => text.includes(member))) return text;
  return writeEntityText(type, readEntityText(type, text));
}

/**
 * What a text that has all properties contains, beside what every text contains. Quotes inside strings are escaped, so
 * that a name in quotes before a colon is the name of a member.
 */
export function lateMembersOf(type: EntityType): readonly string[] {
  let late = lateMembers.get(type);
  if (late === undefined) {
    late = findLateMembers(type);
    lateMembers.set(type, late);
  }
  return late;
}

function findLateMembers(type: EntityType): readonly string[] {
  const isLate = ({ added }: Property) => added !== undefined;
  const members = type.properties.flatMap((property) =>
    property.type.kind === 'complex' ? property.type.properties : [],
  );
  const late = [...type.properties, ...members].filter(isLate).map(({ name }) => name);
  const names = [...type.properties, ...members].map(({ name }) => name);
  // A name in two places would be found in the other one: then every text is read.
  return late.map((name) =>
    names.filter((each) => each === name).length > 1 ? '\0' : `${JSON.stringify(name)}:`,
  );
}
