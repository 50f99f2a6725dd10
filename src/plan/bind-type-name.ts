/** Names of types in expressions: `Edm.String`, `microsoft.graph.applicationPermissionsRequired`, `graph.…`. */
import {
  type ComplexType,
  type EntityType,
  type EnumType,
  leavesOf,
  type Model,
  type PrimitiveName,
  type PrimitiveType,
  qualifiedName,
} from '../edm/types.ts';
import { didYouMean, quoteForMessage } from '../errors.ts';
import type { Span } from '../language/ast.ts';
import { type BindContext, refusal } from './bind-scope.ts';

/** A type a name can stand for. */
export type NamedType = PrimitiveType | EnumType | ComplexType | EntityType;

/** A record over the union: a new primitive type becomes castable only when it stands here. */
const primitiveNames: Readonly<Record<PrimitiveName, true>> = {
  'Edm.String': true,
  'Edm.Boolean': true,
  'Edm.DateTimeOffset': true,
  'Edm.Int32': true,
  'Edm.Int64': true,
  'Edm.Decimal': true,
  'Edm.Double': true,
  'Edm.Date': true,
  'Edm.TimeOfDay': true,
  'Edm.Duration': true,
  'Edm.Guid': true,
};

const typesByModel = new WeakMap<Model, ReadonlyMap<string, NamedType>>();

/** All types expressions may name, by each of their qualified names. */
function namedTypes(model: Model): ReadonlyMap<string, NamedType> {
  const known = typesByModel.get(model);
  if (known !== undefined) return known;
  const types = new Map<string, NamedType>();
  for (const name of Object.keys(primitiveNames) as PrimitiveName[])
    types.set(name, { kind: 'primitive', name });
  for (const { type } of model.entitySets) {
    for (const declared of declaredTypes(type)) {
      types.set(qualifiedName(declared), declared);
      if (declared.namespace === model.namespace) types.set(`${model.alias}.${declared.name}`, declared);
    }
  }
  typesByModel.set(model, types);
  return types;
}

function declaredTypes(type: EntityType): readonly (EntityType | ComplexType | EnumType)[] {
  const bases = type.baseType === undefined ? [] : declaredTypes(type.baseType);
  const complexTypes = type.properties.flatMap((property) =>
    property.type.kind === 'complex' ? [property.type] : [],
  );
  const enumTypes = leavesOf(type).flatMap((leaf) => (leaf.type.kind === 'enum' ? [leaf.type] : []));
  return [...bases, type, ...complexTypes, ...enumTypes];
}

/** The type of this name, in exactly its letter case or else in any; undefined when there is none. */
export function findNamedType(model: Model, name: string): NamedType | undefined {
  const types = namedTypes(model);
  const exact = types.get(name);
  if (exact !== undefined) return exact;
  const lower = name.toLowerCase();
  return [...types].find(([candidate]) => candidate.toLowerCase() === lower)?.[1];
}

/** The type of this name; throws operandTypeMismatch with a suggestion. */
export function bindTypeName(
  context: BindContext,
  { name, offset }: Span & { readonly name: string },
): NamedType {
  const { model } = context.scope;
  const type = findNamedType(model, name);
  if (type !== undefined) return type;
  const reason = `expected the name of a type that is known here, found '${quoteForMessage(name)}'`;
  throw refusal(context, 'operandTypeMismatch', offset, reason, suggestion(model, name));
}

function suggestion(model: Model, name: string): string {
  const names = [...namedTypes(model).keys()];
  const suffix = `.${name.toLowerCase()}`;
  const qualified = names.find((candidate) => candidate.toLowerCase().endsWith(suffix));
  if (qualified !== undefined) return `Did you mean '${qualified}'?`;
  return didYouMean(name, names) || `Primitive types are ${Object.keys(primitiveNames).join(', ')}.`;
}
