/** $metadata (CSDL JSON) → what forms, columns and filters are built from. Knows no property by name. */

/** How a value is shown and edited. */
export type PropertyKind = 'text' | 'boolean' | 'number' | 'dateTime' | 'guid' | 'enum' | 'complex';

/** A member of an enumeration. */
export interface EnumMember {
  readonly name: string;
  readonly label: string;
  readonly value: number;
}

/** One property, or one member of a complex property. */
export interface PropertyInfo {
  readonly name: string;
  /** As $filter and $select name it: `vendorInformation/provider`. */
  readonly path: string;
  readonly label: string;
  readonly kind: PropertyKind;
  readonly collection: boolean;
  readonly edmType: string;
  readonly nullable: boolean;
  /** Given by the service: shown, never edited. */
  readonly readOnly: boolean;
  readonly key: boolean;
  readonly description: string | undefined;
  /** Of an enumeration, without its sentinel for members of the future. */
  readonly members: readonly EnumMember[];
  /** Of a complex type. */
  readonly properties: readonly PropertyInfo[];
  readonly filterable: boolean;
  readonly sortable: boolean;
}

/** The entity type of one collection, and what may be asked of it. */
export interface Metadata {
  /** Qualified name, such as `microsoft.graph.cloudAppSecurityProfile`. */
  readonly typeName: string;
  readonly description: string | undefined;
  /** Below the service root. */
  readonly collectionPath: string;
  /** In the order of the model; the key first. */
  readonly properties: readonly PropertyInfo[];
  /** Members of complex properties in the place of these. */
  readonly leaves: readonly PropertyInfo[];
  find(path: string): PropertyInfo | undefined;
  /** Any one of each list is enough; the least privileged first. */
  readonly permissions: { readonly read: readonly string[]; readonly write: readonly string[] };
  readonly filterFunctions: readonly string[];
  readonly transformations: readonly string[];
}

type Json = Readonly<Record<string, unknown>>;

const isObject = (value: unknown): value is Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
const textOf = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined);
const textsOf = (value: unknown): readonly string[] =>
  Array.isArray(value) ? value.filter((each): each is string => typeof each === 'string') : [];
const memberOf = (value: unknown, name: string): unknown => (isObject(value) ? value[name] : undefined);

const acronyms: Readonly<Record<string, string>> = { id: 'ID', url: 'URL', uri: 'URI', ip: 'IP' };

/** `deploymentPackageUrl` → `Deployment package URL`. */
export function labelOf(name: string): string {
  const words = name
    .replace(/([a-z\d])([A-Z])/g, '$1 $2')
    .replace(/([A-Z]+)([A-Z][a-z])/g, '$1 $2')
    .split(' ')
    .map((word) => acronyms[word.toLowerCase()] ?? word.toLowerCase());
  if (words.length > 2 && words.at(-2) === 'date' && words.at(-1) === 'time') words.splice(-2);
  const label = words.join(' ');
  return label.charAt(0).toUpperCase() + label.slice(1);
}

/** The schema a document declares types in, and how to find a type by qualified name or alias. */
function readSchema(document: Json): { readonly namespace: string; readonly types: Json } {
  const container = textOf(document.$EntityContainer) ?? '';
  const namespace = container.slice(0, container.lastIndexOf('.'));
  const types = document[namespace];
  if (!isObject(types)) throw new Error('$metadata has no schema with an entity container.');
  return { namespace, types };
}

const shortName = (qualified: string): string => qualified.slice(qualified.lastIndexOf('.') + 1);

/** The first collection contained in a singleton, or the first entity set. */
function findCollection(types: Json): {
  readonly path: string;
  readonly type: string;
  readonly target: string;
} {
  const container = Object.entries(types).find(([, type]) => memberOf(type, '$Kind') === 'EntityContainer');
  for (const [name, child] of Object.entries(container?.[1] ?? {})) {
    const type = textOf(memberOf(child, '$Type'));
    if (name.startsWith('$') || name.startsWith('@') || type === undefined) continue;
    if (memberOf(child, '$Collection') === true)
      return { path: `/${name}`, type, target: `${container?.[0]}/${name}` };
    const contained = Object.entries(types[shortName(type)] ?? {}).find(
      ([, property]) =>
        memberOf(property, '$ContainsTarget') === true && memberOf(property, '$Collection') === true,
    );
    const containedType = textOf(memberOf(contained?.[1], '$Type'));
    if (contained !== undefined && containedType !== undefined) {
      return { path: `/${name}/${contained[0]}`, type: containedType, target: `${name}/${contained[0]}` };
    }
  }
  throw new Error('$metadata declares no collection.');
}

/** The type with what it inherits, base first. */
function lineageOf(types: Json, name: string): readonly Json[] {
  const type = types[name];
  if (!isObject(type)) throw new Error(`$metadata has no type ${name}.`);
  const base = textOf(type.$BaseType);
  return base === undefined ? [type] : [...lineageOf(types, shortName(base)), type];
}

const primitiveKinds: Readonly<Record<string, PropertyKind>> = {
  'Edm.Boolean': 'boolean',
  'Edm.DateTimeOffset': 'dateTime',
  'Edm.Guid': 'guid',
  'Edm.Byte': 'number',
  'Edm.Decimal': 'number',
  'Edm.Double': 'number',
  'Edm.Int16': 'number',
  'Edm.Int32': 'number',
  'Edm.Int64': 'number',
  'Edm.Single': 'number',
};

/** What holds for the whole collection and is asked of each property. */
interface Surroundings {
  readonly types: Json;
  readonly keys: readonly string[];
  readonly unsortable: readonly string[];
  readonly unfilterable: readonly string[];
  readonly filterable: boolean;
  readonly sortable: boolean;
}

function readProperty(
  name: string,
  declared: Json,
  parent: PropertyParent,
  around: Surroundings,
): PropertyInfo {
  const edmType = textOf(declared.$Type) ?? 'Edm.String';
  const path = parent.path === '' ? name : `${parent.path}/${name}`;
  const type = edmType.startsWith('Edm.') ? undefined : around.types[shortName(edmType)];
  const kind = kindOf(edmType, type);
  const key = parent.path === '' && around.keys.includes(name);
  const collection = declared.$Collection === true;
  const readOnly = parent.readOnly || key || declared['@Core.Computed'] === true;
  const single = !collection && kind !== 'complex';
  return {
    name,
    path,
    label: labelOf(name),
    kind,
    collection,
    edmType,
    nullable: declared.$Nullable === true,
    readOnly,
    key,
    description: textOf(declared['@Core.Description']),
    members: kind === 'enum' && isObject(type) ? readMembers(type) : [],
    properties:
      kind === 'complex' && isObject(type) ? readProperties([type], { path, readOnly }, around) : [],
    filterable: around.filterable && kind !== 'complex' && !around.unfilterable.includes(path),
    sortable: around.sortable && single && !around.unsortable.includes(path),
  };
}

interface PropertyParent {
  readonly path: string;
  readonly readOnly: boolean;
}

function kindOf(edmType: string, type: unknown): PropertyKind {
  const kind = memberOf(type, '$Kind');
  if (kind === 'EnumType') return 'enum';
  if (kind === 'ComplexType') return 'complex';
  return primitiveKinds[edmType] ?? 'text';
}

/** The sentinel stands for members a client does not know yet; nobody chooses it. */
function readMembers(type: Json): readonly EnumMember[] {
  return Object.entries(type)
    .filter((member): member is [string, number] => typeof member[1] === 'number')
    .filter(([name]) => name !== 'unknownFutureValue')
    .map(([name, value]) => ({ name, label: labelOf(name), value }));
}

function readProperties(
  types: readonly Json[],
  parent: PropertyParent,
  around: Surroundings,
): readonly PropertyInfo[] {
  return types.flatMap((type) =>
    Object.entries(type)
      .filter(([name]) => !name.startsWith('$') && !name.startsWith('@'))
      .filter((entry): entry is [string, Json] => isObject(entry[1]))
      .filter(([, declared]) => declared.$Kind === undefined)
      .map(([name, declared]) => readProperty(name, declared, parent, around)),
  );
}

/** The scopes of a restriction, each once, as the service orders them: the least privileged first. */
function scopesOf(restriction: unknown): readonly string[] {
  const schemes = memberOf(restriction, 'Permissions');
  const scopes = (Array.isArray(schemes) ? schemes : []).flatMap((scheme) => {
    const listed = memberOf(scheme, 'Scopes');
    return Array.isArray(listed) ? listed.map((scope) => textOf(memberOf(scope, 'Scope'))) : [];
  });
  return [...new Set(scopes.filter((scope) => scope !== undefined))];
}

/** Reads the document; throws an Error where it declares no collection of entities. */
export function parseMetadata(document: unknown): Metadata {
  if (!isObject(document)) throw new Error('$metadata is no CSDL JSON document.');
  const { namespace, types } = readSchema(document);
  const collection = findCollection(types);
  const lineage = lineageOf(types, shortName(collection.type));
  const annotations = annotationsOf(types, collection.target);
  const around: Surroundings = {
    types,
    keys: lineage.flatMap((type) => textsOf(type.$Key)),
    unsortable: textsOf(memberOf(annotations['@Capabilities.SortRestrictions'], 'NonSortableProperties')),
    unfilterable: textsOf(
      memberOf(annotations['@Capabilities.FilterRestrictions'], 'NonFilterableProperties'),
    ),
    filterable: memberOf(annotations['@Capabilities.FilterRestrictions'], 'Filterable') !== false,
    sortable: memberOf(annotations['@Capabilities.SortRestrictions'], 'Sortable') !== false,
  };
  const properties = readProperties(lineage, { path: '', readOnly: false }, around);
  const leaves = properties.flatMap((property) =>
    property.kind === 'complex' ? property.properties : [property],
  );
  const byPath = new Map([...properties, ...leaves].map((property) => [property.path, property]));
  return {
    typeName: `${namespace}.${shortName(collection.type)}`,
    description: textOf(lineage.at(-1)?.['@Core.Description']),
    collectionPath: collection.path,
    properties,
    leaves,
    find: (path) => byPath.get(path),
    permissions: {
      read: scopesOf(annotations['@Capabilities.ReadRestrictions']),
      write: scopesOf(annotations['@Capabilities.UpdateRestrictions']),
    },
    filterFunctions: textsOf(annotations['@Capabilities.FilterFunctions']),
    transformations: textsOf(memberOf(annotations['@Aggregation.ApplySupported'], 'Transformations')),
  };
}

/** Annotations stand apart from what they annotate, under a path with the schema's alias. */
function annotationsOf(types: Json, target: string): Json {
  const all = isObject(types.$Annotations) ? types.$Annotations : {};
  const found = Object.entries(all).find(([path]) => path.endsWith(`.${target}`))?.[1];
  return isObject(found) ? found : {};
}
