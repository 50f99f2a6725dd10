/** A model as one schema: what CSDL XML and CSDL JSON both spell out (CSDL 4.01, section 5). */
import {
  type Annotation,
  collectionAnnotations,
  containerAnnotations,
  entityTypeAnnotations,
  type SecurityAddresses,
  type ServiceCapabilities,
} from './csdl-annotations.ts';
import {
  type BoundFunction,
  type ComplexType,
  type EntitySet,
  type EntityType,
  type EnumType,
  type Model,
  type Property,
  qualifiedName,
} from './types.ts';

/** What the metadata of one service root depends on beside the model. */
export interface CsdlOptions {
  /**
   * Generic OData clients look for entity sets and overlook inherited keys: `odata/v4` has both at the top
   * (engines 5). The other roots are as Graph's.
   */
  readonly root: 'v1.0' | 'beta' | 'odata/v4';
  readonly capabilities: ServiceCapabilities;
  readonly security: SecurityAddresses;
}

/** A type a client meets by its properties. */
export interface CsdlEntityType {
  readonly name: string;
  readonly abstract: boolean;
  /** Of the same schema. */
  readonly baseType: string | undefined;
  /** Declared here, not inherited. */
  readonly keys: readonly string[];
  readonly properties: readonly Property[];
  readonly annotations: readonly Annotation[];
}

/** The type of a singleton: nothing but the collections it contains. */
export interface CsdlSingleton {
  readonly name: string;
  readonly contained: readonly EntitySet[];
}

/** Annotations of something declared elsewhere in the schema. */
export interface CsdlTarget {
  /** Without the namespace: `security/cloudAppSecurityProfiles`. */
  readonly path: string;
  readonly annotations: readonly Annotation[];
}

/** The schema in the order it is written. */
export interface CsdlSchema {
  readonly namespace: string;
  readonly alias: string;
  readonly enumTypes: readonly EnumType[];
  readonly complexTypes: readonly ComplexType[];
  readonly entityTypes: readonly CsdlEntityType[];
  readonly singletons: readonly CsdlSingleton[];
  /** At the top of the container; empty on Graph's roots. */
  readonly entitySets: readonly EntitySet[];
  readonly container: { readonly name: string; readonly annotations: readonly Annotation[] };
  readonly targets: readonly CsdlTarget[];
  /** Schemas beside this one, each with functions bound to the entity types of this one. */
  readonly extensions: readonly CsdlExtension[];
}

/** A schema of functions and what they return. */
export interface CsdlExtension {
  readonly namespace: string;
  /** A type after those of its properties. */
  readonly complexTypes: readonly ComplexType[];
  readonly functions: readonly BoundFunction[];
  /** What each function is bound to: every type of an entity set, and collections of it. */
  readonly boundTo: readonly EntityType[];
}

/** Graph's name; clients see it in addresses of metadata only. */
const containerName = 'GraphService';

/** Puts the model in the shape of a schema document. */
export function describeSchema(model: Model, { root, capabilities, security }: CsdlOptions): CsdlSchema {
  const { entitySets } = model;
  const generic = root === 'odata/v4';
  const types = entitySets.flatMap(({ type }) => type.properties.map((property) => property.type));
  const annotate = (set: EntitySet) => collectionAnnotations(set, capabilities, security);
  return {
    namespace: model.namespace,
    alias: model.alias,
    enumTypes: distinct(types.filter((type) => type.kind === 'enum')),
    complexTypes: distinct(types.filter((type) => type.kind === 'complex')),
    entityTypes: generic
      ? distinct(entitySets.map(({ type }) => describeWholeType(type, capabilities)))
      : distinct(entitySets.flatMap(({ type }) => describeTypes(type, capabilities))),
    singletons: singletonsOf(model),
    entitySets: generic ? entitySets : [],
    container: {
      name: containerName,
      annotations: containerAnnotations(entitySets, capabilities, security),
    },
    targets: [
      ...entitySets.map((set) => ({ path: `${set.singleton}/${set.name}`, annotations: annotate(set) })),
      ...(generic
        ? entitySets.map((set) => ({ path: `${containerName}/${set.name}`, annotations: annotate(set) }))
        : []),
    ],
    extensions: extensionsOf(model),
  };
}

function extensionsOf({ functions = [], entitySets }: Model): readonly CsdlExtension[] {
  const namespaces = [...new Set(functions.map(({ namespace }) => namespace))];
  return namespaces.map((namespace) => {
    const own = functions.filter((each) => each.namespace === namespace);
    return {
      namespace,
      complexTypes: distinct(own.flatMap(({ returns }) => complexTypesOf(returns))),
      functions: own,
      boundTo: distinct(entitySets.map(({ type }) => type)),
    };
  });
}

/** The complex types a value of this type is made of, itself last. */
export function complexTypesOf(type: ComplexType): readonly ComplexType[] {
  const inner = type.properties.flatMap((property) =>
    property.type.kind === 'complex' ? complexTypesOf(property.type) : [],
  );
  return [...inner, type];
}

/** A type as the schema with this namespace refers to it: by its alias where it is one of its own. */
export const typeNameIn = (
  { namespace, alias }: Pick<CsdlSchema, 'namespace' | 'alias'>,
  type: { readonly namespace: string; readonly name: string },
): string => (type.namespace === namespace ? `${alias}.${type.name}` : qualifiedName(type));

/** The singletons of a model, each with what it contains. */
export function singletonsOf({ entitySets }: Model): readonly CsdlSingleton[] {
  const names = [...new Set(entitySets.map(({ singleton }) => singleton))];
  return names.map((name) => ({
    name,
    contained: entitySets.filter(({ singleton }) => singleton === name),
  }));
}

/** A type after those it is based on. */
function describeTypes(
  type: EntityType,
  capabilities: ServiceCapabilities | undefined,
): readonly CsdlEntityType[] {
  const inherited = new Set(type.baseType?.properties.map(({ name }) => name));
  const own = type.properties.filter(({ name }) => !inherited.has(name));
  const described: CsdlEntityType = {
    name: type.name,
    abstract: type.abstract,
    baseType: type.baseType?.name,
    keys: keysOf(own),
    properties: own,
    annotations: entityTypeAnnotations(type, capabilities),
  };
  return type.baseType === undefined ? [described] : [...describeTypes(type.baseType, undefined), described];
}

function describeWholeType(type: EntityType, capabilities: ServiceCapabilities): CsdlEntityType {
  return {
    name: type.name,
    abstract: false,
    baseType: undefined,
    keys: keysOf(type.properties),
    properties: type.properties,
    annotations: entityTypeAnnotations(type, capabilities),
  };
}

const keysOf = (properties: readonly Property[]): readonly string[] =>
  properties.filter(({ access }) => access === 'key').map(({ name }) => name);

/** Each name once, in the order of first use. */
function distinct<T extends { readonly name: string }>(items: readonly T[]): readonly T[] {
  return [...new Map(items.map((item) => [item.name, item])).values()];
}

/** Precision of instants: ticks of 100 ns. */
export const instantPrecision = 7;

/** Whether a property needs the facet Precision, which defaults to whole seconds (CSDL 7.2.3). */
export function precisionOf({ type }: Property): number | undefined {
  return type.kind === 'primitive' && type.name === 'Edm.DateTimeOffset' ? instantPrecision : undefined;
}
