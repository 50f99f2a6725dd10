/** StoredEntity → JSON with the annotations of its metadata level (JSON Format 3.1, digest 5.2). */
import { readEntityText } from '../edm/entity-text.ts';
import {
  type ComplexType,
  type EntitySet,
  type Property,
  type PropertyValue,
  qualifiedName,
} from '../edm/types.ts';
import { unreachable } from '../errors.ts';
import type { RequestContext, ResponseFormat, StoredEntity } from '../plan/plan.ts';
import { entityTag } from '../plan/preconditions.ts';
import type { ServiceRoot } from '../request/odata-request.ts';
import { entityUrl } from './context-url.ts';

/** What an entity's JSON depends on beside the entity. */
export interface EntityFormat {
  readonly root: ServiceRoot;
  readonly entitySet: EntitySet;
  readonly format: ResponseFormat;
  readonly context: RequestContext;
}

/** The ETag header and `@odata.etag`: weak, because one version has several representations. */
export const weakEntityTag = (version: number): string => `W/"${entityTag(version)}"`;

/**
 * Writes one entity; `contextUrl` is given for an entity on its own, not inside a collection. At the minimal
 * level the stored text is sent as it is.
 */
export function writeEntity(entity: StoredEntity, contextUrl: string | undefined, how: EntityFormat): string {
  const { metadata, omitNulls } = how.format;
  if (metadata === 'minimal' && !omitNulls) {
    const tag = `"@odata.etag":"W/\\"${entityTag(entity.version)}\\"",`;
    return `{${contextMember(contextUrl)}${typeMember(how.entitySet)}${tag}${entity.json.slice(1)}`;
  }
  const members = [...controlMembers(entity, contextUrl, how), ...propertyMembers(entity, how)];
  return `{${members.join(',')}}`;
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
  const url = entityUrl(how.root, how.entitySet, entity.id, how.context);
  if (metadata === 'full') members.push(member('@odata.id', url));
  members.push(member('@odata.etag', weakEntityTag(entity.version)));
  if (metadata === 'full') members.push(member('@odata.editLink', url));
  return members;
}

function propertyMembers(entity: StoredEntity, how: EntityFormat): string[] {
  const { type } = how.entitySet;
  const values = readEntityText(type, entity.json);
  return type.properties.flatMap((property) =>
    propertyMember(property, values[property.name] ?? null, how.format),
  );
}

function propertyMember(property: Property, value: PropertyValue, format: ResponseFormat): string[] {
  if (format.omitNulls && value === null) return [];
  const annotation = format.metadata === 'full' ? typeAnnotation(property, value) : undefined;
  const written =
    property.type.kind === 'complex' ? writeComplex(property.type, value, format) : JSON.stringify(value);
  const own = `${JSON.stringify(property.name)}:${written}`;
  return annotation === undefined ? [own] : [member(`${property.name}@odata.type`, annotation), own];
}

function writeComplex(type: ComplexType, value: PropertyValue, format: ResponseFormat): string {
  if (value === null) return 'null';
  const members = Object.entries(value).filter(([, part]) => !format.omitNulls || part !== null);
  const typed = format.metadata === 'none' ? [] : [['@odata.type', `#${qualifiedName(type)}`]];
  return JSON.stringify(Object.fromEntries([...typed, ...members]));
}

/** The type where JSON alone does not tell it (JSON Format 4.5.3); strings and booleans need none. */
function typeAnnotation({ type }: Property, value: PropertyValue): string | undefined {
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

function member(name: string, value: string): string {
  return `${JSON.stringify(name)}:${JSON.stringify(value)}`;
}
