/** StoredEntity → JSON with the annotations of its metadata level (JSON Format 3.1, digest 5.2). */
import { entityStart, readEntityText } from '../edm/entity-text.ts';
import {
  type ComplexType,
  type EntitySet,
  type EntityType,
  type EntityValues,
  type Property,
  type PropertyValue,
  qualifiedName,
} from '../edm/types.ts';
import { type ComputedValue, writeValueJson } from '../edm/value-json.ts';
import { unreachable } from '../errors.ts';
import type { ComputedProperty, Projection, ValueType } from '../plan/bound.ts';
import { typeOf } from '../plan/bound.ts';
import type { RequestContext, ResponseFormat, StoredEntity } from '../plan/plan.ts';
import { entityTag } from '../plan/preconditions.ts';
import { isStoredForm } from '../plan/stored-form.ts';
import type { ServiceRoot } from '../request/odata-request.ts';
import { entityUrl } from './context-url.ts';

/** What an entity's JSON depends on beside the entity. */
export interface EntityFormat {
  readonly root: ServiceRoot;
  readonly entitySet: EntitySet;
  readonly format: ResponseFormat;
  readonly context: RequestContext;
  /** Undefined: the whole entity. */
  readonly projection: Projection | undefined;
}

/** The ETag header and `@odata.etag`: weak, because one version has several representations. */
export const weakEntityTag = (version: number): string => `W/"${entityTag(version)}"`;

/**
 * Writes one entity; `contextUrl` is given for an entity on its own, not inside a collection. A whole entity at the
 * minimal level is its stored text with annotations in front.
 */
export function writeEntity(
  entity: StoredEntity,
  computed: readonly ComputedValue[],
  contextUrl: string | undefined,
  how: EntityFormat,
): string {
  if (isStoredForm(how)) {
    const { beforeVersion, afterVersion } = entityStart(how.entitySet.type);
    const tag = `${beforeVersion}${entityTag(entity.version)}${afterVersion}`;
    return `{${contextMember(contextUrl)}${tag}${entity.json.slice(1)}`;
  }
  if (!how.format.omitNulls && how.projection === undefined) {
    const rewritten = rewriteText(entity, contextUrl, how);
    if (rewritten !== undefined) return rewritten;
  }
  const values = readEntityText(how.entitySet.type, entity.json);
  const members = [
    ...controlMembers(entity, contextUrl, how),
    ...declaredMembers(values, how),
    ...computedMembers(computed, how),
  ];
  return `{${members.join(',')}}`;
}

/** A place in the stored text where a metadata level differs from the minimal one. */
interface Edit {
  /** Occurs once: quotes inside strings are escaped, and no member of a complex value has the name. */
  readonly find: string;
  readonly replace: string;
  /** Where the value follows: an annotation of null would say the type of nothing. */
  readonly skipNull: boolean;
}

const edits = new WeakMap<EntityType, Readonly<Record<'full' | 'none', readonly Edit[]>> | 'ambiguous'>();

/**
 * The stored text at another metadata level, without taking it apart; undefined where names would be ambiguous. The
 * pieces are joined at once: a text made of many small additions costs more to send than to make.
 */
function rewriteText(
  entity: StoredEntity,
  contextUrl: string | undefined,
  how: EntityFormat,
): string | undefined {
  const { type } = how.entitySet;
  const { metadata } = how.format;
  let known = edits.get(type);
  if (known === undefined) {
    known = describeEdits(type);
    edits.set(type, known);
  }
  if (known === 'ambiguous' || metadata === 'minimal') return undefined;
  const text = entity.json;
  const pieces = [metadata === 'none' ? '{' : fullControl(entity, contextUrl, how)];
  let from = 1;
  for (const { find, replace, skipNull } of known[metadata]) {
    const at = text.indexOf(find, from);
    if (at < 0 || (skipNull && text.startsWith('null', at + find.length))) continue;
    pieces.push(text.slice(from, at), replace);
    from = at + find.length;
  }
  pieces.push(text.slice(from));
  return pieces.join('');
}

/** The entity's own control information at the full level, up to its first property. */
function fullControl(entity: StoredEntity, contextUrl: string | undefined, how: EntityFormat): string {
  // Nothing in an address needs an escape: it is percent-encoded, and the public address is a URL.
  const url = `"${entityUrl(how.root, how.entitySet, entity.id, how.context)}"`;
  const start = `{${contextMember(contextUrl)}${typeMember(how.entitySet)}"@odata.id":${url}`;
  return `${start},"@odata.etag":"W/\\"${entityTag(entity.version)}\\"","@odata.editLink":${url},`;
}

function describeEdits(type: EntityType): Readonly<Record<'full' | 'none', readonly Edit[]>> | 'ambiguous' {
  const inner = type.properties.flatMap((property) =>
    property.type.kind === 'complex' ? property.type.properties.map(({ name }) => name) : [],
  );
  if (type.properties.some(({ name }) => inner.includes(name))) return 'ambiguous';
  const full = type.properties.flatMap((property): Edit[] => {
    const annotation = typeAnnotation(property, '');
    if (annotation === undefined || property.access === 'key') return [];
    const find = `,${JSON.stringify(property.name)}:`;
    return [
      { find, replace: `,${member(`${property.name}@odata.type`, annotation)}${find}`, skipNull: true },
    ];
  });
  const none = type.properties.flatMap((property): Edit[] => {
    if (property.type.kind !== 'complex') return [];
    const start = `,${JSON.stringify(property.name)}:{`;
    const typed = member('@odata.type', `#${qualifiedName(property.type)}`);
    return [{ find: `${start}${typed},`, replace: start, skipNull: false }];
  });
  return { full, none };
}

function contextMember(contextUrl: string | undefined): string {
  return contextUrl === undefined ? '' : `"@odata.context":${JSON.stringify(contextUrl)},`;
}

function typeMember({ type }: EntitySet): string {
  return `"@odata.type":"#${qualifiedName(type)}",`;
}

function controlMembers(entity: StoredEntity, contextUrl: string | undefined, how: EntityFormat): string[] {
  const { metadata } = how.format;
  if (metadata === 'none') return [];
  const members = contextUrl === undefined ? [] : [member('@odata.context', contextUrl)];
  members.push(member('@odata.type', `#${qualifiedName(how.entitySet.type)}`));
  const url = metadata === 'full' ? entityUrl(how.root, how.entitySet, entity.id, how.context) : '';
  if (metadata === 'full') members.push(member('@odata.id', url));
  members.push(member('@odata.etag', weakEntityTag(entity.version)));
  if (metadata === 'full') members.push(member('@odata.editLink', url));
  return members;
}

function declaredMembers(values: EntityValues, { entitySet, projection, format }: EntityFormat): string[] {
  const chosen =
    projection?.properties ?? entitySet.type.properties.map((property) => ({ property, members: undefined }));
  return chosen.flatMap(({ property, members }) =>
    propertyMember(property, values[property.name] ?? null, members, format),
  );
}

/** Computed properties are dynamic: their type is sent where JSON alone does not tell it (digest 5.2). */
function computedMembers(values: readonly ComputedValue[], { projection, format }: EntityFormat): string[] {
  return (projection?.computed ?? []).flatMap(({ name, expression }: ComputedProperty, index) =>
    dynamicMember(name, values[index] ?? null, typeOf(expression), format),
  );
}

/** A value under a name of the client's: a computed property or a column of an aggregation. */
export function dynamicMember(
  name: string,
  value: ComputedValue,
  type: ValueType,
  format: ResponseFormat,
  wireType: string | undefined = undefined,
): string[] {
  if (value === null && format.omitNulls) return [];
  const own = `${JSON.stringify(name)}:${writeValueJson(value, type, format.ieee754Compatible)}`;
  const annotation = wireType ?? dynamicType(type);
  if (format.metadata === 'none' || value === null || annotation === undefined) return [own];
  return [member(`${name}@odata.type`, `#${annotation}`), own];
}

function dynamicType(type: ValueType): string | undefined {
  if (type.kind === 'null') return undefined;
  if (type.kind === 'enum') return qualifiedName(type);
  const plain = ['Edm.String', 'Edm.Boolean', 'Edm.Double'].includes(type.name);
  return plain ? undefined : withoutEdm(type.name);
}

/** One declared property with its annotation; `members` narrows a complex value. */
export function propertyMember(
  property: Property,
  value: PropertyValue,
  members: readonly Property[] | undefined,
  format: ResponseFormat,
): string[] {
  if (format.omitNulls && value === null) return [];
  const annotation = format.metadata === 'full' ? typeAnnotation(property, value) : undefined;
  const own = `${JSON.stringify(property.name)}:${writeProperty(property, value, members, format)}`;
  return annotation === undefined ? [own] : [member(`${property.name}@odata.type`, annotation), own];
}

function writeProperty(
  { type }: Property,
  value: PropertyValue,
  members: readonly Property[] | undefined,
  format: ResponseFormat,
): string {
  if (type.kind !== 'complex' || value === null) return JSON.stringify(value);
  return `{${complexMembers(type, value, members, format).join(',')}}`;
}

/** The members of a complex value, its type first unless the client wants no metadata. */
export function complexMembers(
  type: ComplexType,
  value: PropertyValue,
  members: readonly Property[] | undefined,
  format: ResponseFormat,
): string[] {
  const values = value as EntityValues;
  const typed = format.metadata === 'none' ? [] : [member('@odata.type', `#${qualifiedName(type)}`)];
  return [
    ...typed,
    ...(members ?? type.properties).flatMap((part) =>
      propertyMember(part, values[part.name] ?? null, undefined, format),
    ),
  ];
}

/** The type where JSON alone does not tell it (JSON Format 4.5.3); strings and booleans need none. */
export function typeAnnotation({ type }: Property, value: PropertyValue): string | undefined {
  if (value === null) return undefined;
  switch (type.kind) {
    case 'primitive':
      return type.name === 'Edm.String' || type.name === 'Edm.Boolean'
        ? undefined
        : `#${withoutEdm(type.name)}`;
    case 'enum':
      return `#${qualifiedName(type)}`;
    case 'collection':
      return `#Collection(${withoutEdm(type.item.name)})`;
    // A complex value carries its type inside.
    case 'complex':
      return undefined;
    default:
      return unreachable(type);
  }
}

const withoutEdm = (name: string): string => name.replace(/^Edm\./, '');

/** `"name":"value"` */
export function member(name: string, value: string): string {
  return `${JSON.stringify(name)}:${JSON.stringify(value)}`;
}
