/** The type system of OData as far as this service needs it; knows no entity (CSDL 4.01). */

export type PrimitiveName =
  | 'Edm.String'
  | 'Edm.Boolean'
  | 'Edm.DateTimeOffset'
  | 'Edm.Int32'
  | 'Edm.Int64'
  | 'Edm.Decimal'
  | 'Edm.Double'
  | 'Edm.Date'
  | 'Edm.TimeOfDay'
  | 'Edm.Duration'
  | 'Edm.Guid';

export interface PrimitiveType {
  readonly kind: 'primitive';
  readonly name: PrimitiveName;
}

export interface EnumMember {
  readonly name: string;
  readonly value: number;
}

/** An evolvable enumeration: members above the sentinel are shown only to clients that opt in. */
export interface EnumType {
  readonly kind: 'enum';
  readonly namespace: string;
  readonly name: string;
  readonly members: readonly EnumMember[];
  /** The member that stands for all members above it (Graph: `unknownFutureValue`). */
  readonly sentinel: EnumMember;
}

export interface ComplexType {
  readonly kind: 'complex';
  readonly namespace: string;
  readonly name: string;
  readonly properties: readonly Property[];
  /** Values may have members that are not declared (CSDL 9.3). */
  readonly open?: true;
}

export interface CollectionType {
  readonly kind: 'collection';
  readonly item: PrimitiveType;
}

export type PropertyType = PrimitiveType | EnumType | ComplexType | CollectionType;

/** `key` and `computed` belong to the service: values of clients are ignored (Protocol 11.4.3). */
export type Access = 'key' | 'computed' | 'readWrite';

export interface Property {
  readonly name: string;
  readonly type: PropertyType;
  readonly access: Access;
  readonly nullable: boolean;
  readonly description: string;
  /** Set for instants the service writes itself: at insert, or at insert and every effective change. */
  readonly stamp: Stamp | undefined;
  /** The version that brought it; rows of programs before it have no value. Undefined: there from the first release. */
  readonly added?: string | undefined;
}

export type Stamp = 'created' | 'modified';

export interface EntityType {
  readonly kind: 'entity';
  readonly namespace: string;
  readonly name: string;
  readonly abstract: boolean;
  readonly baseType: EntityType | undefined;
  /** Inherited properties first, then own ones, in declaration order. */
  readonly properties: readonly Property[];
  readonly description: string;
}

/** The permissions any one of which allows the operation. */
export interface Permissions {
  readonly read: readonly string[];
  readonly write: readonly string[];
}

/** An index that answers common questions; each costs every write of its columns. */
export interface Index {
  /** Property paths in order, most significant first; tenant and id are added by the store. */
  readonly paths: readonly string[];
  /** The question it answers. */
  readonly reason: string;
}

/** A collection of entities reached through a singleton by containment. */
export interface EntitySet {
  readonly name: string;
  /** The singleton that contains it, such as `security`. */
  readonly singleton: string;
  readonly type: EntityType;
  readonly permissions: Permissions;
  readonly indexes: readonly Index[];
}

/** A function bound to each entity set and to each of its entities; it returns a collection (CSDL 12). */
export interface BoundFunction {
  readonly namespace: string;
  readonly name: string;
  /** The type of the items it returns. */
  readonly returns: ComplexType;
  readonly description: string;
}

/** Everything the service knows about its data; the single source of tables, JSON, metadata and forms. */
export interface Model {
  readonly namespace: string;
  readonly alias: string;
  readonly entitySets: readonly EntitySet[];
  /** In namespaces of their own. */
  readonly functions?: readonly BoundFunction[];
}

/** Values of one entity in wire form: dates as canonical text, enumerations by member name. */
export type PrimitiveValue = string | number | boolean | null;
export type ComplexValue = { readonly [name: string]: PrimitiveValue };
export type PropertyValue = PrimitiveValue | readonly string[] | ComplexValue;
export type EntityValues = { readonly [name: string]: PropertyValue };

/** One scalar or collection column of an entity: a property, or a member of a complex one. */
export interface Leaf {
  /** `name`, or `vendorInformation/provider`. */
  readonly path: string;
  readonly property: Property;
  /** The complex property it belongs to. */
  readonly parent: Property | undefined;
  readonly type: PrimitiveType | EnumType | CollectionType;
}

const leavesByType = new WeakMap<EntityType, readonly Leaf[]>();

/** All leaves of an entity type in declaration order; complex properties appear as their members. */
export function leavesOf(type: EntityType): readonly Leaf[] {
  const known = leavesByType.get(type);
  if (known !== undefined) return known;
  const leaves = type.properties.flatMap((property) => leavesOfProperty(property));
  leavesByType.set(type, leaves);
  return leaves;
}

function leavesOfProperty(property: Property): readonly Leaf[] {
  if (property.type.kind !== 'complex') {
    return [{ path: property.name, property, parent: undefined, type: property.type }];
  }
  return property.type.properties.map((member) => {
    if (member.type.kind === 'complex')
      throw new Error(`${member.name}: complex inside complex is not supported`);
    return { path: `${property.name}/${member.name}`, property: member, parent: property, type: member.type };
  });
}

/** The declared property of exactly this name, or undefined. */
export function findProperty(
  type: { readonly properties: readonly Property[] },
  name: string,
): Property | undefined {
  return type.properties.find((property) => property.name === name);
}

/** `microsoft.graph.cloudAppSecurityProfile`: the name used in payloads, never the alias. */
export function qualifiedName(type: { readonly namespace: string; readonly name: string }): string {
  return `${type.namespace}.${type.name}`;
}
