/** Model → $metadata in XML (CSDL XML 4.01); 4.0 constructs only, because answers say OData-Version 4.0. */
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
  vocabularies,
} from './csdl-annotations.ts';
import {
  type BoundFunction,
  type ComplexType,
  type EnumType,
  type Model,
  type Property,
  type PropertyType,
  qualifiedName,
} from './types.ts';

/** An element; without children it is written closed. */
interface Element {
  readonly name: string;
  readonly attributes: Readonly<Record<string, string | undefined>>;
  /** Elements, or one text. */
  readonly children: readonly Element[] | string;
}

type Attributes = Element['attributes'];

const element = (name: string, attributes: Attributes = {}, children: Element['children'] = []): Element => ({
  name,
  attributes,
  children,
});

/** Writes the whole document; the same model gives the same text. */
export function writeCsdlXml(model: Model, options: CsdlOptions): string {
  const schema = describeSchema(model, options);
  const document = element(
    'edmx:Edmx',
    // Some generic clients refuse 4.01 unless they asked for it (engines 5).
    { Version: '4.0', 'xmlns:edmx': 'http://docs.oasis-open.org/odata/ns/edmx' },
    [
      ...references(),
      element('edmx:DataServices', {}, [
        schemaElement(schema),
        ...schema.extensions.map((extension) => extensionElement(extension, schema)),
      ]),
    ],
  );
  return `<?xml version="1.0" encoding="utf-8"?>\n${print(document, '')}`;
}

function references(): readonly Element[] {
  return vocabularies.map(({ alias, namespace, address }) =>
    element('edmx:Reference', { Uri: `${address}.xml` }, [
      element('edmx:Include', { Namespace: namespace, Alias: alias }),
    ]),
  );
}

function schemaElement(schema: CsdlSchema): Element {
  const { namespace, alias } = schema;
  return element(
    'Schema',
    { Namespace: namespace, Alias: alias, xmlns: 'http://docs.oasis-open.org/odata/ns/edm' },
    [
      ...schema.enumTypes.map(enumElement),
      ...schema.complexTypes.map((type) => complexElement(type, schema)),
      ...schema.entityTypes.map((type) => entityElement(type, schema)),
      ...schema.singletons.map((singleton) => singletonTypeElement(singleton, alias)),
      containerElement(schema),
      ...schema.targets.map(({ path, annotations }) =>
        element('Annotations', { Target: `${namespace}.${path}` }, annotations.map(annotationElement)),
      ),
    ],
  );
}

const enumElement = ({ name, members }: EnumType): Element =>
  element(
    'EnumType',
    { Name: name },
    members.map((member) => element('Member', { Name: member.name, Value: String(member.value) })),
  );

/** What names of types are shortened by. */
type Names = Pick<CsdlSchema, 'namespace' | 'alias'>;

const complexElement = ({ name, properties, open }: ComplexType, names: Names): Element =>
  element(
    'ComplexType',
    { Name: name, OpenType: open === true ? 'true' : undefined },
    properties.map((property) => propertyElement(property, names)),
  );

/** An alias serves the whole document (CSDL 5.2). */
function extensionElement(extension: CsdlExtension, schema: CsdlSchema): Element {
  const { namespace, complexTypes, functions, boundTo } = extension;
  return element('Schema', { Namespace: namespace, xmlns: 'http://docs.oasis-open.org/odata/ns/edm' }, [
    ...complexTypes.map((type) => complexElement(type, schema)),
    ...functions.flatMap((each) =>
      boundTo.flatMap((type) => [
        functionElement(each, `Collection(${typeNameIn(schema, type)})`),
        functionElement(each, typeNameIn(schema, type)),
      ]),
    ),
  ]);
}

const functionElement = ({ name, returns, description }: BoundFunction, boundTo: string): Element =>
  element('Function', { Name: name, IsBound: 'true' }, [
    element('Parameter', { Name: 'bindingParameter', Type: boundTo, Nullable: 'false' }),
    element('ReturnType', { Type: `Collection(${qualifiedName(returns)})`, Nullable: 'false' }),
    annotationElement({ term: 'Core.Description', value: description }),
  ]);

function entityElement(type: CsdlEntityType, names: Names): Element {
  const attributes = {
    Name: type.name,
    BaseType: type.baseType === undefined ? undefined : `${names.alias}.${type.baseType}`,
    Abstract: type.abstract ? 'true' : undefined,
  };
  const key = element(
    'Key',
    {},
    type.keys.map((name) => element('PropertyRef', { Name: name })),
  );
  return element('EntityType', attributes, [
    ...(type.keys.length === 0 ? [] : [key]),
    ...type.properties.map((property) => propertyElement(property, names)),
    ...type.annotations.map(annotationElement),
  ]);
}

function propertyElement(property: Property, names: Names): Element {
  const attributes = {
    Name: property.name,
    Type: typeReference(property.type, names),
    Nullable: property.nullable ? undefined : 'false',
    Precision: precisionOf(property)?.toString(),
  };
  return element('Property', attributes, propertyAnnotations(property).map(annotationElement));
}

function typeReference(type: PropertyType, names: Names): string {
  switch (type.kind) {
    case 'primitive':
      return type.name;
    case 'collection':
      return `Collection(${type.item.name})`;
    case 'enum':
    case 'complex':
      return typeNameIn(names, type);
  }
}

const singletonTypeElement = ({ name, contained }: CsdlSingleton, alias: string): Element =>
  element(
    'EntityType',
    { Name: name },
    contained.map((set) =>
      element('NavigationProperty', {
        Name: set.name,
        Type: `Collection(${alias}.${set.type.name})`,
        ContainsTarget: 'true',
      }),
    ),
  );

const containerElement = ({ namespace, container, singletons, entitySets }: CsdlSchema): Element =>
  element('EntityContainer', { Name: container.name }, [
    ...entitySets.map(({ name, type }) =>
      element('EntitySet', { Name: name, EntityType: `${namespace}.${type.name}` }),
    ),
    ...singletons.map(({ name }) => element('Singleton', { Name: name, Type: `${namespace}.${name}` })),
    ...container.annotations.map(annotationElement),
  ]);

const annotationElement = ({ term, value }: Annotation): Element =>
  withValue('Annotation', { Term: term }, value);

/** Simple values stand in an attribute, others in a child. */
function withValue(name: string, attributes: Attributes, value: AnnotationValue): Element {
  if (typeof value === 'string') return element(name, { ...attributes, String: value });
  if (typeof value === 'boolean') return element(name, { ...attributes, Bool: String(value) });
  switch (value.kind) {
    case 'propertyPath':
      return element(name, { ...attributes, PropertyPath: value.path });
    case 'enumMember':
      return element(name, { ...attributes, EnumMember: enumMember(value) });
    case 'collection':
    case 'record':
      return element(name, attributes, [valueElement(value)]);
  }
}

function valueElement(value: AnnotationValue): Element {
  if (typeof value === 'string') return element('String', {}, value);
  if (typeof value === 'boolean') return element('Bool', {}, String(value));
  switch (value.kind) {
    case 'propertyPath':
      return element('PropertyPath', {}, value.path);
    case 'enumMember':
      return element('EnumMember', {}, enumMember(value));
    case 'collection':
      return element('Collection', {}, value.items.map(valueElement));
    case 'record':
      return element(
        'Record',
        { Type: value.type },
        Object.entries(value.members).map(([name, member]) =>
          withValue('PropertyValue', { Property: name }, member),
        ),
      );
  }
}

const enumMember = ({ type, member }: { readonly type: string; readonly member: string }) =>
  `${type}/${member}`;

function print({ name, attributes, children }: Element, indent: string): string {
  const start = `${indent}<${name}${printAttributes(attributes)}`;
  if (children.length === 0) return `${start}/>\n`;
  if (typeof children === 'string') return `${start}>${escapeXml(children)}</${name}>\n`;
  const inner = children.map((child) => print(child, `${indent}  `)).join('');
  return `${start}>\n${inner}${indent}</${name}>\n`;
}

const printAttributes = (attributes: Attributes): string =>
  Object.entries(attributes)
    .flatMap(([name, value]) => (value === undefined ? [] : [` ${name}="${escapeXml(value)}"`]))
    .join('');

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  // Unescaped, a reader turns these into spaces in attributes and drops the carriage return in text.
  '\t': '&#9;',
  '\n': '&#10;',
  '\r': '&#13;',
};

/** Text as it may stand in an attribute or between tags; throws for characters that XML 1.0 cannot hold. */
export function escapeXml(text: string): string {
  if (hasForbiddenCharacter(text)) throw new Error(`a character XML cannot hold: ${JSON.stringify(text)}`);
  return text.replace(/[&<>"\t\n\r]/g, (character) => entities[character] ?? character);
}

/** Controls, halves of surrogate pairs, and the two non-characters (XML 1.0, 2.2). */
function hasForbiddenCharacter(text: string): boolean {
  return [...text].some((character) => {
    const code = character.codePointAt(0) ?? 0;
    const control = code < 0x20 && !['\t', '\n', '\r'].includes(character);
    return control || (code >= 0xd800 && code <= 0xdfff) || code === 0xfffe || code === 0xffff;
  });
}
