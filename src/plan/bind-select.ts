/** $select → what of an entity is sent (Protocol 11.2.5.1); the key always is (protocol digest 4.12). */
import { type ComplexType, type Property, qualifiedName } from '../edm/types.ts';
import { quoteForMessage } from '../errors.ts';
import type { PathSegment, SelectItem, SelectProperty } from '../language/ast.ts';
import { entityTypeNames, findMember, matchName, unknownProperty } from './bind-property-path.ts';
import { type BindContext, type BindScope, createContext, refusal } from './bind-scope.ts';
import { findNamedType } from './bind-type-name.ts';
import type { Projection } from './bound.ts';
import { typeOf } from './bound.ts';
import { collectionTypeName, typeName } from './operand.ts';

/** One thing an item selects. */
type Selected =
  | { readonly kind: 'all' }
  | { readonly kind: 'property'; readonly property: Property }
  | { readonly kind: 'member'; readonly property: Property; readonly member: Property }
  | { readonly kind: 'computed'; readonly name: string };

/**
 * Binds $select; without one (`undefined`) everything is sent, computed properties included (URL Conventions 5.1.10).
 * Throws propertyUnknown for what does not exist and operandTypeMismatch for parts of what has none.
 */
export function bindSelect(items: readonly SelectItem[] | undefined, scope: BindScope): Projection {
  const context = createContext(scope);
  const selected =
    items === undefined ? [{ kind: 'all' } as const] : items.flatMap((item) => bindItem(context, item));
  return project(scope, selected);
}

function bindItem(context: BindContext, item: SelectItem): readonly Selected[] {
  switch (item.kind) {
    case 'all':
      return [{ kind: 'all' }];
    case 'operation':
      // No operation is bound to the type, so that none can be advertised.
      return [];
    case 'property':
      return bindProperty(context, item);
  }
}

function bindProperty(context: BindContext, item: SelectProperty): readonly Selected[] {
  const { entitySet, computed } = context.scope;
  const { type } = entitySet;
  const [first, ...rest] = skipType(context, item.path, entityTypeNames(type));
  if (first === undefined) return [{ kind: 'all' }];
  const names = [...type.properties, ...computed].map(({ name }) => name);
  const name = matchName(first.name, names);
  const alias = computed.find((candidate) => candidate.name === name);
  if (alias !== undefined) {
    refuseParts(context, rest, item, typeName(typeOf(alias.expression)));
    return [{ kind: 'computed', name: alias.name }];
  }
  const property = type.properties.find((candidate) => candidate.name === name);
  if (property === undefined) throw unknownProperty(context, first, qualifiedName(type), names);
  if (property.type.kind === 'complex') return bindMembers(context, property, property.type, rest, item);
  refuseParts(context, rest, item, describeType(property));
  return [{ kind: 'property', property }];
}

function describeType(property: Property): string {
  const { type } = property;
  if (type.kind === 'collection') return collectionTypeName(property);
  return type.kind === 'complex' ? qualifiedName(type) : typeName(type);
}

/** The path without a leading type, which must be one the value has. */
function skipType(
  context: BindContext,
  path: readonly PathSegment[],
  accepted: readonly string[],
): readonly PathSegment[] {
  const [first, ...rest] = path;
  if (first === undefined || !first.name.includes('.')) return path;
  const type = findNamedType(context.scope.model, first.name);
  if (type !== undefined && type.kind !== 'primitive' && accepted.includes(qualifiedName(type))) return rest;
  const reason = `expected the type ${accepted[0]}, found '${quoteForMessage(first.name)}'`;
  throw refusal(context, 'operandTypeMismatch', first.offset, reason);
}

/** `vendorInformation`, `vendorInformation/provider`, `vendorInformation($select=provider)` */
function bindMembers(
  context: BindContext,
  property: Property,
  type: ComplexType,
  path: readonly PathSegment[],
  { nested }: SelectProperty,
): readonly Selected[] {
  const [first, ...rest] = skipType(context, path, [qualifiedName(type)]);
  if (first !== undefined) {
    const member = findMember(context, type, first);
    refuseParts(context, rest, { nested }, describeType(member), first);
    return [{ kind: 'member', property, member }];
  }
  if (nested === undefined) return [{ kind: 'property', property }];
  return nested.flatMap((item) => {
    if (item.kind === 'all') return [{ kind: 'property', property } as const];
    return item.kind === 'operation' ? [] : bindMembers(context, property, type, item.path, item);
  });
}

/** A primitive value and a collection of them have no parts to select. */
function refuseParts(
  context: BindContext,
  rest: readonly PathSegment[],
  { nested, offset = 0 }: Pick<SelectProperty, 'nested'> & { readonly offset?: number },
  type: string,
  last?: PathSegment,
): void {
  const [part] = rest;
  if (part !== undefined) throw unknownProperty(context, part, type, []);
  if (nested === undefined) return;
  const reason = `expected a complex property before '($select=…)', found ${type}`;
  throw refusal(context, 'operandTypeMismatch', last?.offset ?? offset, reason);
}

type ProjectedProperty = Projection['properties'][number];

function project({ entitySet, computed }: BindScope, selected: readonly Selected[]): Projection {
  const isAll = selected.some(({ kind }) => kind === 'all');
  const properties = entitySet.type.properties.flatMap((property): readonly ProjectedProperty[] => {
    const parts = selected.filter((part) => 'property' in part && part.property === property);
    const isWhole = isAll || property.access === 'key' || parts.some(({ kind }) => kind === 'property');
    if (isWhole) return [{ property, members: undefined }];
    return parts.length === 0 ? [] : [{ property, members: membersIn(property, parts) }];
  });
  const sent = computed.filter(
    ({ name }) => isAll || selected.some((part) => part.kind === 'computed' && part.name === name),
  );
  const declaredPaths = isAll ? ['*'] : properties.flatMap(pathsOf);
  return { properties, computed: sent, contextPaths: [...declaredPaths, ...sent.map(({ name }) => name)] };
}

function membersIn(property: Property, parts: readonly Selected[]): readonly Property[] {
  const members = property.type.kind === 'complex' ? property.type.properties : [];
  return members.filter((member) => parts.some((part) => part.kind === 'member' && part.member === member));
}

function pathsOf({ property, members }: ProjectedProperty): readonly string[] {
  return members === undefined ? [property.name] : members.map(({ name }) => `${property.name}/${name}`);
}
