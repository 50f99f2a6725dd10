/** Types → JSON schemas of OpenAPI 3.0, named as Microsoft's own documents name them (digest 13.3). */

import { type CsdlOptions, type CsdlSchema, complexTypesOf, describeSchema } from './csdl.ts';
import { isComputed } from './csdl-annotations.ts';
import {
  type ComplexType,
  type EntitySet,
  type EntityType,
  type EnumType,
  type Model,
  type PrimitiveName,
  type Property,
  type PropertyType,
  qualifiedName,
} from './types.ts';

/** A value of a JSON document. */
export type Json =
  | string
  | number
  | boolean
  | null
  | readonly Json[]
  | { readonly [name: string]: Json | undefined };
/** An object of a JSON document; undefined members are not written. */
export type JsonMembers = { readonly [name: string]: Json | undefined };

const primitives: Readonly<Record<PrimitiveName, JsonMembers>> = {
  'Edm.String': { type: 'string' },
  'Edm.Boolean': { type: 'boolean' },
  'Edm.DateTimeOffset': { type: 'string', format: 'date-time' },
  'Edm.Int32': { type: 'integer', format: 'int32' },
  'Edm.Int64': { type: 'integer', format: 'int64' },
  'Edm.Decimal': { type: 'number', format: 'decimal' },
  'Edm.Double': { type: 'number', format: 'double' },
  'Edm.Date': { type: 'string', format: 'date' },
  'Edm.TimeOfDay': { type: 'string', format: 'time' },
  'Edm.Duration': { type: 'string', format: 'duration' },
  'Edm.Guid': { type: 'string', format: 'uuid' },
};

/** A reference to a schema of the document. */
export const schemaReference = (name: string): JsonMembers => ({ $ref: `#/components/schemas/${name}` });

/** Name of the schema for what a POST or PATCH may send. */
export const inputSchemaName = (type: EntityType, operation: 'create' | 'update'): string =>
  `${qualifiedName(type)}-${operation}`;

/** Name of the schema of a page. */
export const pageSchemaName = (type: EntityType | ComplexType): string =>
  `${qualifiedName(type)}CollectionResponse`;

/** Name of the schema of every error body. */
export const errorSchemaName = ({ namespace }: Model): string => `${namespace}.ODataErrors.ODataError`;

/** Name of the schema all pages are made from. */
export const pageBaseSchemaName = 'BaseCollectionPaginationCountResponse';

/** The schema of a value; `nullable` as a property of it would be. */
export function valueSchema(type: PropertyType, nullable: boolean): JsonMembers {
  const ifNull = nullable ? { nullable: true } : {};
  switch (type.kind) {
    case 'primitive':
      return { ...primitives[type.name], ...ifNull };
    case 'collection':
      return { type: 'array', items: primitives[type.item.name] };
    case 'enum':
    case 'complex': {
      const reference = schemaReference(qualifiedName(type));
      // Beside a reference nothing counts in 3.0, so it stands in an allOf, as OData's own mapping has it.
      const jsonType = type.kind === 'enum' ? 'string' : 'object';
      return nullable ? { type: jsonType, nullable: true, allOf: [reference] } : reference;
    }
  }
}

/** All schemas of the document by name. */
export function describeSchemas(model: Model, options: CsdlOptions): JsonMembers {
  const schema = describeSchema(model, { ...options, root: 'v1.0' });
  const named = (type: { readonly name: string }) => `${model.namespace}.${type.name}`;
  return {
    ...Object.fromEntries(schema.enumTypes.map((type) => [named(type), enumSchema(type)])),
    ...Object.fromEntries(schema.complexTypes.map((type) => [named(type), complexSchema(type)])),
    ...entitySchemas(model, schema),
    ...Object.fromEntries(model.entitySets.flatMap(({ type }) => inputSchemas(type))),
    ...Object.fromEntries(model.entitySets.map((set) => [pageSchemaName(set.type), pageSchema(set)])),
    ...Object.fromEntries((model.functions ?? []).flatMap(({ returns }) => functionSchemas(returns))),
    [pageBaseSchemaName]: pageBaseSchema,
    ...errorSchemas(model),
    ...(options.capabilities.batchFormats.length > 0 ? batchSchemas : {}),
  };
}

function enumSchema({ name, members, sentinel }: EnumType): JsonMembers {
  return {
    title: name,
    type: 'string',
    enum: members.map((member) => member.name),
    description: `${sentinel.name} stands for members added later, for clients that did not ask for them.`,
    'x-ms-enum': {
      name,
      modelAsString: false,
      values: members.map((member) => ({ value: member.name, name: member.name, description: '' })),
    },
  };
}

const properties = (list: readonly Property[]): JsonMembers =>
  Object.fromEntries(list.map((property) => [property.name, propertySchema(property)]));

function propertySchema(property: Property): JsonMembers {
  const schema = valueSchema(property.type, property.nullable);
  const readOnly = isComputed(property) ? { readOnly: true } : {};
  return { ...schema, description: property.description, ...readOnly };
}

const complexSchema = (type: ComplexType): JsonMembers => ({
  title: type.name,
  type: 'object',
  ...(type.open === true ? { additionalProperties: true } : {}),
  properties: { '@odata.type': typeAnnotation, ...properties(type.properties) },
});

/** What a function returns a collection of, with the types it is made of. */
const functionSchemas = (returns: ComplexType): readonly (readonly [string, JsonMembers])[] => [
  ...complexTypesOf(returns).map((type) => [qualifiedName(type), complexSchema(type)] as const),
  [pageSchemaName(returns), pageSchema({ type: returns })],
];

const typeAnnotation: JsonMembers = { type: 'string', description: 'The type, with a leading number sign.' };

function entitySchemas({ namespace }: Model, { entityTypes }: CsdlSchema): JsonMembers {
  return Object.fromEntries(
    entityTypes.map((type) => {
      const own: JsonMembers = {
        title: type.name,
        type: 'object',
        ...(type.keys.length > 0 ? { required: type.keys } : {}),
        properties: {
          ...(type.baseType === undefined ? controlInformation : {}),
          ...properties(type.properties),
        },
        'x-ms-discriminator-value': type.abstract ? undefined : `#${namespace}.${type.name}`,
      };
      const base = type.baseType;
      const schema = base === undefined ? own : { allOf: [schemaReference(`${namespace}.${base}`), own] };
      return [`${namespace}.${type.name}`, schema];
    }),
  );
}

/** What stands beside the properties at the default metadata level. */
const controlInformation: JsonMembers = {
  '@odata.context': { type: 'string', readOnly: true, description: 'What this is; on single entities.' },
  '@odata.type': typeAnnotation,
  '@odata.etag': { type: 'string', readOnly: true, description: 'The version, for If-Match.' },
};

function inputSchemas(type: EntityType): readonly (readonly [string, JsonMembers])[] {
  const writable = properties(type.properties.filter((property) => !isComputed(property)));
  const schema = (description: string): JsonMembers => ({
    type: 'object',
    description,
    properties: { '@odata.type': typeAnnotation, ...writable },
  });
  return [
    [
      inputSchemaName(type, 'create'),
      schema('Values of a new entity; what is left out is null, collections are empty.'),
    ],
    [
      inputSchemaName(type, 'update'),
      schema(
        'What changes: absent keeps, null clears, complex values merge, collections are replaced. ' +
          'Values of read-only properties are ignored.',
      ),
    ],
  ].map(([name, body]) => [name as string, body as JsonMembers] as const);
}

const pageBaseSchema: JsonMembers = {
  title: 'Page of a collection',
  type: 'object',
  properties: {
    '@odata.context': { type: 'string' },
    '@odata.count': {
      type: 'integer',
      format: 'int64',
      nullable: true,
      description: 'How many there are in all; with $count=true, on the first page.',
    },
    '@odata.nextLink': {
      type: 'string',
      nullable: true,
      description: 'The address of the next page; absent on the last.',
    },
  },
};

const pageSchema = ({ type }: { readonly type: EntitySet['type'] | ComplexType }): JsonMembers => ({
  allOf: [
    schemaReference(pageBaseSchemaName),
    {
      title: `Collection of ${type.name}`,
      type: 'object',
      required: ['value'],
      properties: { value: { type: 'array', items: schemaReference(qualifiedName(type)) } },
    },
  ],
});

function errorSchemas(model: Model): JsonMembers {
  const text: JsonMembers = { type: 'string' };
  const prefix = `${model.namespace}.ODataErrors`;
  return {
    [errorSchemaName(model)]: {
      type: 'object',
      required: ['error'],
      properties: { error: schemaReference(`${prefix}.MainError`) },
    },
    [`${prefix}.MainError`]: {
      type: 'object',
      required: ['code', 'message'],
      properties: {
        code: { ...text, description: 'Graph’s code for the status.' },
        message: { ...text, description: 'What is wrong and what is allowed.' },
        target: { ...text, description: 'The property, option or header at fault.' },
        innerError: schemaReference(`${prefix}.InnerError`),
      },
    },
    [`${prefix}.InnerError`]: {
      type: 'object',
      properties: {
        code: { ...text, description: 'The exact reason; the list of errors explains it.' },
        date: text,
        'request-id': text,
        'client-request-id': text,
      },
    },
  };
}

const batchHeaders: JsonMembers = { type: 'object', additionalProperties: { type: 'string' } };
/** JSON of any kind, or text. */
const batchBody: JsonMembers = { description: 'JSON as it is; anything else as text.' };
const batchSchemas: JsonMembers = {
  BatchRequest: {
    type: 'object',
    required: ['requests'],
    properties: {
      requests: {
        type: 'array',
        items: {
          type: 'object',
          required: ['id', 'method', 'url'],
          properties: {
            id: { type: 'string', description: 'Different for each request, whatever the letter case.' },
            method: { type: 'string', enum: ['GET', 'POST', 'PATCH', 'DELETE', 'HEAD'] },
            url: { type: 'string', description: 'Relative to the service root.' },
            headers: batchHeaders,
            body: batchBody,
            dependsOn: {
              type: 'array',
              items: { type: 'string' },
              description: 'Ids that must have succeeded before.',
            },
            atomicityGroup: {
              type: 'string',
              description: 'Neighbours with the same name succeed or fail together.',
            },
          },
        },
      },
    },
  },
  BatchResponse: {
    type: 'object',
    required: ['responses'],
    properties: {
      responses: {
        type: 'array',
        items: {
          type: 'object',
          required: ['id', 'status'],
          properties: {
            id: { type: 'string' },
            status: { type: 'integer', format: 'int32' },
            headers: batchHeaders,
            body: batchBody,
          },
        },
      },
    },
  },
};
