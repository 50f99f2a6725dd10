/** A JSON body → assignments; what the client may not set is ignored, what it misspelt is refused. */
import { formatTicks } from '../edm/date-time-offset.ts';
import { unknownMembers } from '../edm/entity-text.ts';
import {
  type ComplexType,
  type ComplexValue,
  type EntityType,
  type EntityValues,
  type EnumType,
  findProperty,
  type Property,
  type PropertyValue,
  qualifiedName,
} from '../edm/types.ts';
import { didYouMean, quoteForMessage, ServiceError, unreachable } from '../errors.ts';
import { limits } from '../limits.ts';
import type { JsonObject, JsonValue } from '../request/odata-request.ts';
import type { Assignment } from './plan.ts';

/** What the body's rules depend on beside the body. */
export interface PayloadRules {
  readonly operation: 'create' | 'update';
  /** In 4.01 bodies control information may lack the `odata.` prefix (JSON Format 4.5). */
  readonly bodyVersion: '4.0' | '4.01';
  /** The schema alias that may stand for the namespace in `@odata.type`. */
  readonly alias: string;
}

/** Binds a body of POST or PATCH; throws 400 naming the property, the fault and what is allowed. */
export function bindPayload(type: EntityType, body: JsonObject, rules: PayloadRules): Assignment[] {
  const assignments: Assignment[] = [];
  for (const [name, value] of Object.entries(body)) {
    if (name.includes('@')) {
      checkAnnotation(name, value, type, '', rules);
      continue;
    }
    const property = findProperty(type, name);
    if (property === undefined) throw unknownProperty(type, name, name);
    // Values of read-only properties are ignored, not refused (Protocol 11.4.3).
    if (property.access !== 'readWrite') continue;
    const assignment = bindProperty(property, value, rules);
    if (assignment !== undefined) assignments.push(assignment);
  }
  return assignments;
}

/** The values of a new entity: assignments over nulls and empty collections. */
export function newValues(
  type: EntityType,
  id: string,
  atTicks: bigint,
  assignments: readonly Assignment[],
): EntityValues {
  const values: Record<string, PropertyValue> = {};
  const at = formatTicks(atTicks);
  for (const property of type.properties) values[property.name] = initialValue(property, id, at);
  for (const assignment of assignments) {
    values[assignment.property.name] =
      assignment.kind === 'replace'
        ? assignment.value
        : mergeMembers(assignment.property.type as ComplexType, null, assignment.members);
  }
  return values;
}

function initialValue(property: Property, id: string, at: string): PropertyValue {
  if (property.access === 'key') return id;
  if (property.stamp !== undefined) return at;
  return property.type.kind === 'collection' ? [] : null;
}

/** The complex value after a merge; null members where neither side has one (Protocol 11.4.3). */
export function mergeMembers(
  type: ComplexType,
  current: ComplexValue | null,
  members: ComplexValue,
): ComplexValue | null {
  // An empty object where nothing is: clients send it meaning nothing (Protocol digest 2.1).
  if (current === null && Object.keys(members).length === 0) return null;
  const known = type.properties.map(
    ({ name }) => [name, name in members ? (members[name] ?? null) : (current?.[name] ?? null)] as const,
  );
  return { ...Object.fromEntries(known), ...unknownMembers(type, current) };
}

function bindProperty(property: Property, value: JsonValue, rules: PayloadRules): Assignment | undefined {
  const { type, name } = property;
  switch (type.kind) {
    case 'primitive':
      return { kind: 'replace', property, value: bindPrimitive(property, value, name) };
    case 'enum': {
      const member = bindEnum(type, value, name);
      if (member !== type.sentinel.name) return { kind: 'replace', property, value: member };
      // The sentinel stands for a value the client could not read: PATCH keeps it, POST cannot (GG evolvable enums).
      if (rules.operation === 'update') return undefined;
      throw invalidValue(name, value, enumAllowed(type));
    }
    case 'collection':
      return { kind: 'replace', property, value: bindCollection(value, name) };
    case 'complex':
      if (value === null) return { kind: 'replace', property, value: null };
      return { kind: 'merge', property, members: bindMembers(type, value, name, rules) };
    default:
      return unreachable(type);
  }
}

function bindMembers(type: ComplexType, value: JsonValue, path: string, rules: PayloadRules): ComplexValue {
  if (!isObject(value)) throw invalidValue(path, value, 'an object or null');
  const members: Record<string, string | boolean | null> = {};
  for (const [name, memberValue] of Object.entries(value)) {
    const memberPath = `${path}/${name}`;
    if (name.includes('@')) {
      checkAnnotation(name, memberValue, type, `${path}/`, rules);
      continue;
    }
    const member = findProperty(type, name);
    if (member === undefined) throw unknownProperty(type, name, memberPath);
    members[name] = bindPrimitive(member, memberValue, memberPath);
  }
  return members;
}

function bindPrimitive(property: Property, value: JsonValue, path: string): string | boolean | null {
  if (property.type.kind !== 'primitive') throw new Error(`${path} is not primitive`);
  if (value === null && property.nullable) return null;
  switch (property.type.name) {
    case 'Edm.String':
      if (typeof value === 'string') return value;
      throw invalidValue(path, value, 'a string or null');
    case 'Edm.Boolean':
      if (typeof value === 'boolean') return value;
      throw invalidValue(path, value, 'true, false or null');
    default:
      // No other primitive is writable in the model; a new one must say how its JSON is read.
      throw new Error(`no reader for ${property.type.name} at ${path}`);
  }
}

/** A member name exactly, or its number as text (ABNF enumValue); the result is always the name. */
function bindEnum(type: EnumType, value: JsonValue, path: string): string | null {
  if (value === null) return null;
  const member = type.members.find(({ name, value: number }) => name === value || String(number) === value);
  if (member === undefined) throw invalidValue(path, value, enumAllowed(type));
  return member.name;
}

function enumAllowed(type: EnumType): string {
  const names = type.members.filter((member) => member !== type.sentinel).map((member) => member.name);
  return `one of: ${names.join(', ')}`;
}

function bindCollection(value: JsonValue, path: string): readonly string[] {
  if (!Array.isArray(value)) throw invalidValue(path, value, 'an array of strings; send [] to remove all');
  if (value.length > limits.collectionItemsMax) {
    throw new ServiceError(
      'valueInvalid',
      `${path} has ${value.length} items. At most ${limits.collectionItemsMax} are allowed.`,
      { target: path },
    );
  }
  return value.map((item: JsonValue, index) => {
    if (typeof item !== 'string') throw invalidValue(`${path}/${index}`, item, 'a string');
    return item;
  });
}

function checkAnnotation(
  name: string,
  value: JsonValue,
  type: EntityType | ComplexType,
  prefix: string,
  rules: PayloadRules,
): void {
  const term = name.slice(name.indexOf('@') + 1);
  if (/^(odata\.)?bind$/.test(term) || term === 'delta') {
    throw new ServiceError(
      'payloadPropertyUnknown',
      `'${quoteForMessage(prefix + name)}' is not possible: ${type.name} has no navigation properties.`,
      { target: quoteForMessage(prefix + name) },
    );
  }
  const isTypeTerm = name === '@odata.type' || (name === '@type' && rules.bodyVersion === '4.01');
  if (isTypeTerm) checkType(value, type, prefix + name, rules.alias);
}

function checkType(value: JsonValue, type: EntityType | ComplexType, path: string, alias: string): void {
  const accepted = [qualifiedName(type), `${alias}.${type.name}`];
  if (typeof value === 'string' && accepted.includes(value.replace(/^#/, ''))) return;
  throw new ServiceError(
    'payloadTypeMismatch',
    `${path} cannot be ${describe(value)}. The type here is "#${qualifiedName(type)}" and cannot be changed.`,
    { target: path },
  );
}

function unknownProperty(type: EntityType | ComplexType, name: string, path: string): ServiceError {
  const names = type.properties.map((property) => property.name);
  const shown = quoteForMessage(name);
  return new ServiceError(
    'payloadPropertyUnknown',
    `The property '${shown}' does not exist on type '${qualifiedName(type)}'.${didYouMean(name, names)}` +
      ' Make sure to only use property names that are defined by the type.',
    { target: quoteForMessage(path) },
  );
}

function invalidValue(path: string, value: JsonValue, allowed: string): ServiceError {
  return new ServiceError('valueInvalid', `${path} cannot be ${describe(value)}. Use ${allowed}.`, {
    target: path,
  });
}

/** A client's value in a message: short, and its JSON type visible. */
function describe(value: JsonValue): string {
  if (Array.isArray(value)) return 'an array';
  if (isObject(value)) return 'an object';
  if (typeof value === 'string') return `"${quoteForMessage(value)}"`;
  return String(value);
}

function isObject(value: JsonValue): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
