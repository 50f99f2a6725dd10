/** Model → $metadata in JSON (CSDL JSON 4.01), the same content as the XML. */
import {
  type CsdlEntityType,
  type CsdlExtension,
  type CsdlOptions,
  type CsdlSchema,
  type CsdlSingleton,
  describeSchema,
  precisionOf,
  typeNameIn,
} from './csdl.ts';
import {
  type Annotation,
  type AnnotationValue,
  propertyAnnotations,
  type Vocabulary,
  vocabularies,
} from './csdl-annotations.ts';
import {
  type BoundFunction,
  type ComplexType,
  type EnumType,
  type Model,
  type Property,
  qualifiedName,
} from './types.ts';

type Json = string | number | boolean | readonly Json[] | { readonly [name: string]: Json };
type JsonMembers = Readonly<Record<string, Json>>;

/** Writes the whole document; the same model gives the same text. */
export function writeCsdlJson(model: Model, options: CsdlOptions): string {
  const schema = describeSchema(model, options);
  const document: JsonMembers = {
    $Version: '4.0',
    $EntityContainer: `${schema.namespace}.${schema.container.name}`,
    $Reference: Object.fromEntries(
      vocabularies.map((each) => [
        addressOf(each),
        { $Include: [{ $Namespace: each.namespace, $Alias: each.alias }] },
      ]),
    ),
    [schema.namespace]: schemaMembers(schema),
    ...Object.fromEntries(
      schema.extensions.map((extension) => [extension.namespace, extensionMembers(extension, schema)]),
    ),
  };
  return JSON.stringify(document);
}

const addressOf = ({ address }: Vocabulary): string => `${address}.json`;

function schemaMembers(schema: CsdlSchema): JsonMembers {
  const { alias } = schema;
  return {
    $Alias: alias,
    ...byName(schema.enumTypes, enumMembers),
    ...byName(schema.complexTypes, (type) => complexMembers(type, schema)),
    ...byName(schema.entityTypes, (type) => entityMembers(type, schema)),
    ...byName(schema.singletons, (singleton) => singletonTypeMembers(singleton, alias)),
    [schema.container.name]: containerMembers(schema),
    $Annotations: Object.fromEntries(
      schema.targets.map(({ path, annotations }) => [`${alias}.${path}`, annotationMembers(annotations)]),
    ),
  };
}

function byName<T extends { readonly name: string }>(
  items: readonly T[],
  write: (item: T) => JsonMembers,
): JsonMembers {
  return Object.fromEntries(items.map((item) => [item.name, write(item)]));
}

const enumMembers = ({ members }: EnumType): JsonMembers => ({
  $Kind: 'EnumType',
  ...Object.fromEntries(members.map(({ name, value }) => [name, value])),
});

/** What names of types are shortened by. */
type Names = Pick<CsdlSchema, 'namespace' | 'alias'>;

const complexMembers = ({ properties, open }: ComplexType, names: Names): JsonMembers => ({
  $Kind: 'ComplexType',
  ...(open === true ? { $OpenType: true } : {}),
  ...byName(properties, (property) => propertyMembers(property, names)),
});

/** Functions stand in a list: one for each thing they are bound to (CSDL JSON 12.1). */
function extensionMembers(
  { complexTypes, functions, boundTo }: CsdlExtension,
  schema: CsdlSchema,
): JsonMembers {
  return {
    ...byName(complexTypes, (type) => complexMembers(type, schema)),
    ...Object.fromEntries(
      functions.map((each) => [
        each.name,
        boundTo.flatMap((type) => [
          functionMembers(each, { $Collection: true, $Type: typeNameIn(schema, type) }),
          functionMembers(each, { $Type: typeNameIn(schema, type) }),
        ]),
      ]),
    ),
  };
}

const functionMembers = ({ returns, description }: BoundFunction, boundTo: JsonMembers): JsonMembers => ({
  $Kind: 'Function',
  $IsBound: true,
  $Parameter: [{ $Name: 'bindingParameter', ...boundTo }],
  $ReturnType: { $Collection: true, $Type: qualifiedName(returns) },
  ...annotationMembers([{ term: 'Core.Description', value: description }]),
});

const entityMembers = (type: CsdlEntityType, names: Names): JsonMembers => ({
  $Kind: 'EntityType',
  ...(type.baseType === undefined ? {} : { $BaseType: `${names.alias}.${type.baseType}` }),
  ...(type.abstract ? { $Abstract: true } : {}),
  ...(type.keys.length === 0 ? {} : { $Key: type.keys }),
  ...byName(type.properties, (property) => propertyMembers(property, names)),
  ...annotationMembers(type.annotations),
});

function propertyMembers(property: Property, names: Names): JsonMembers {
  const precision = precisionOf(property);
  return {
    ...typeMembers(property, names),
    ...(property.nullable ? { $Nullable: true } : {}),
    ...(precision === undefined ? {} : { $Precision: precision }),
    ...annotationMembers(propertyAnnotations(property)),
  };
}

/** Edm.String is what a property without a type has (CSDL JSON 7.1). */
function typeMembers({ type }: Property, names: Names): JsonMembers {
  switch (type.kind) {
    case 'primitive':
      return typeOf(type.name);
    case 'collection':
      return { $Collection: true, ...typeOf(type.item.name) };
    case 'enum':
    case 'complex':
      return { $Type: typeNameIn(names, type) };
  }
}

const typeOf = (name: string): JsonMembers => (name === 'Edm.String' ? {} : { $Type: name });

const singletonTypeMembers = ({ contained }: CsdlSingleton, alias: string): JsonMembers => ({
  $Kind: 'EntityType',
  ...byName(contained, ({ type }) => ({
    $Kind: 'NavigationProperty',
    $Collection: true,
    $Type: `${alias}.${type.name}`,
    $ContainsTarget: true,
  })),
});

const containerMembers = ({ alias, container, singletons, entitySets }: CsdlSchema): JsonMembers => ({
  $Kind: 'EntityContainer',
  ...byName(entitySets, ({ type }) => ({ $Collection: true, $Type: `${alias}.${type.name}` })),
  ...byName(singletons, ({ name }) => ({ $Type: `${alias}.${name}` })),
  ...annotationMembers(container.annotations),
});

const annotationMembers = (annotations: readonly Annotation[]): JsonMembers =>
  Object.fromEntries(annotations.map(({ term, value }) => [`@${term}`, writeValue(value)]));

function writeValue(value: AnnotationValue): Json {
  if (typeof value === 'string' || typeof value === 'boolean') return value;
  switch (value.kind) {
    case 'propertyPath':
      return value.path;
    case 'enumMember':
      return value.member;
    case 'collection':
      return value.items.map(writeValue);
    case 'record':
      return {
        ...(value.type === undefined ? {} : { '@odata.type': typeAddress(value.type) }),
        ...Object.fromEntries(
          Object.entries(value.members).map(([name, member]) => [name, writeValue(member)]),
        ),
      };
  }
}

/** Types of other documents are named by address and fragment, in 4.0 under the long name (JSON Format 4.6.3). */
function typeAddress(type: string): string {
  const known = vocabularies.find(({ alias }) => type.startsWith(`${alias}.`));
  if (known === undefined) throw new Error(`${type} is of no known vocabulary`);
  return `${addressOf(known)}#${type}`;
}
