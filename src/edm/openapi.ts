/** Model → OpenAPI 3.0, in the shape generators for Graph look for (digest 13.3). */
import type { CsdlOptions } from './csdl.ts';
import {
  type CollectionOption,
  describePermission,
  permissionsOf,
  type SecurityAddresses,
  securitySchemes,
} from './csdl-annotations.ts';
import {
  describeSchemas,
  errorSchemaName,
  inputSchemaName,
  type JsonMembers,
  pageSchemaName,
  schemaReference,
  valueSchema,
} from './openapi-schemas.ts';
import { type BoundFunction, type EntitySet, type Model, type Property, qualifiedName } from './types.ts';

/** What the document depends on beside the model. */
export interface OpenApiOptions extends Omit<CsdlOptions, 'root'> {
  /** Scheme, host and port, without a slash at the end. */
  readonly serverUrl: string;
  /** The service roots with these paths; the first is what generators take. */
  readonly roots: readonly CsdlOptions['root'][];
  /** The version of the service. */
  readonly version: string;
}

/** An OpenAPI document. */
export interface OpenApiDocument extends JsonMembers {
  readonly openapi: '3.0.3';
  readonly paths: JsonMembers;
}

/** Writes the document; the same model gives the same text. */
export function writeOpenApi(model: Model, options: OpenApiOptions): string {
  return JSON.stringify(describeOpenApi(model, options));
}

/** The document as a value. */
export function describeOpenApi(model: Model, options: OpenApiOptions): OpenApiDocument {
  const { serverUrl, roots, version, security } = options;
  const paths = describePaths({ model, options });
  return {
    openapi: '3.0.3',
    info: {
      title: 'Cloud app security profiles',
      version,
      description:
        'A Microsoft Graph-compatible OData service. Absent properties keep their value, null clears, ' +
        'complex values merge, collections are replaced.',
      license: { name: 'MIT' },
    },
    servers: roots.map((root) => ({ url: `${serverUrl}/${root}`, description: describeRoot(root) })),
    tags: model.entitySets.flatMap((set) => [
      { name: tagOf(set) },
      { name: propertyTagOf(set), description: 'One property of one entity.' },
      ...((model.functions ?? []).length > 0
        ? [{ name: functionTagOf(set), description: 'Functions beyond Microsoft Graph.' }]
        : []),
    ]),
    paths,
    components: {
      schemas: describeSchemas(model, { ...options, root: 'v1.0' }),
      parameters: used(parameters, 'parameters', paths),
      headers: responseHeaders,
      responses: used(errorResponses(model), 'responses', paths),
      securitySchemes: describeSecurity(model, security),
    },
    security: securitySchemes(security).map(({ name }) => ({ [name]: [] })),
  };
}

/** What each operation is described from. */
interface Scope {
  readonly model: Model;
  readonly options: OpenApiOptions;
}

function describePaths(scope: Scope): JsonMembers {
  const { model, options } = scope;
  return {
    '/': { get: serviceDocumentOperation() },
    '/$metadata': { get: metadataOperation() },
    ...(options.capabilities.batchFormats.length > 0 ? { '/$batch': { post: batchOperation(scope) } } : {}),
    ...Object.fromEntries(singletonNames(model).map((name) => [`/${name}`, singletonPath(scope, name)])),
    ...Object.fromEntries(model.entitySets.flatMap((set) => entitySetPaths(scope, set))),
  };
}

/** Those of the components that the paths refer to. */
function used(components: JsonMembers, kind: string, paths: JsonMembers): JsonMembers {
  const text = JSON.stringify(paths);
  return Object.fromEntries(
    Object.entries(components).filter(([name]) => text.includes(`"#/components/${kind}/${name}"`)),
  );
}

type PathEntry = readonly [path: string, item: JsonMembers];

function describeRoot(root: CsdlOptions['root']): string {
  return root === 'odata/v4' ? 'For generic OData clients' : `As Graph's ${root}`;
}

const singletonNames = ({ entitySets }: Model): readonly string[] => [
  ...new Set(entitySets.map(({ singleton }) => singleton)),
];

// ------------------------------------------------------------------------------------------------- addresses

const capitalised = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);

/** `security.cloudAppSecurityProfile`: two levels, as Microsoft's documents have. */
const tagOf = ({ singleton, type }: EntitySet): string => `${singleton}.${type.name}`;
const propertyTagOf = (set: EntitySet): string => `${tagOf(set)}.property`;
const functionTagOf = (set: EntitySet): string => `${tagOf(set)}.function`;

/** `security.ListCloudAppSecurityProfiles`: PowerShell makes its commands of these. */
const operationIdOf = ({ singleton, name }: EntitySet, verb: string): string =>
  `${singleton}.${verb}${capitalised(name)}`;

const keyParameterOf = ({ type }: EntitySet): string => `${type.name}-id`;

function entitySetPaths(scope: Scope, set: EntitySet): readonly PathEntry[] {
  const collectionPath = `/${set.singleton}/${set.name}`;
  const entityPath = `${collectionPath}/{${keyParameterOf(set)}}`;
  const { options, querySegment } = scope.options.capabilities;
  return [
    [collectionPath, { get: listOperation(scope, set), post: createOperation(scope, set) }],
    ...(options.has('$count')
      ? [[`${collectionPath}/$count`, { get: countOperation(scope, set) }] as const]
      : []),
    ...(querySegment ? [[`${collectionPath}/$query`, { post: queryOperation(scope, set) }] as const] : []),
    [
      entityPath,
      {
        parameters: [keyParameter(set)],
        get: readOperation(scope, set),
        patch: updateOperation(scope, set),
        delete: deleteOperation(scope, set),
      },
    ],
    ...set.type.properties.flatMap((property) => propertyPaths(scope, set, entityPath, [property])),
    ...(scope.model.functions ?? []).flatMap((each): readonly PathEntry[] => [
      [
        `${collectionPath}/${qualifiedName(each)}()`,
        { get: functionOperation(scope, set, each, 'collection') },
      ],
      [
        `${entityPath}/${qualifiedName(each)}()`,
        { parameters: [keyParameter(set)], get: functionOperation(scope, set, each, 'entity') },
      ],
    ]),
  ];
}

function propertyPaths(
  scope: Scope,
  set: EntitySet,
  entityPath: string,
  path: readonly Property[],
): readonly PathEntry[] {
  const property = path.at(-1);
  if (property === undefined) throw new Error('a property path names a property');
  const address = [entityPath, ...path.map(({ name }) => name)].join('/');
  const item = (part: PropertyPart): JsonMembers => ({
    parameters: [keyParameter(set)],
    get: propertyOperation(scope, set, path, part),
  });
  switch (property.type.kind) {
    case 'complex':
      return [
        [address, item('value')],
        ...property.type.properties.flatMap((member) =>
          propertyPaths(scope, set, entityPath, [...path, member]),
        ),
      ];
    case 'collection':
      return [
        [address, item('value')],
        [`${address}/$count`, item('count')],
      ];
    case 'primitive':
    case 'enum':
      return [
        [address, item('value')],
        [`${address}/$value`, item('raw')],
      ];
  }
}

// ------------------------------------------------------------------------------------------------ operations

function listOperation(scope: Scope, set: EntitySet): JsonMembers {
  const { exportFormats } = scope.options.capabilities;
  // As further contents of the answer they would be in the type of every page a generated client reads.
  const exports =
    exportFormats.length === 0 ? '' : ` Accept: ${exportFormats.join(', ')} gets all of it as one file.`;
  return {
    ...head(set, 'List', `List ${set.name}`),
    'x-ms-pageable': { nextLinkName: '@odata.nextLink', operationName: 'listMore', itemName: 'value' },
    description:
      'Page by page: follow @odata.nextLink until it is absent. With $apply, $compute or $select, items have ' +
      `the members that were asked for.${exports}`,
    security: securityFor(scope, set.permissions.read),
    parameters: [
      ...['prefer', 'client-request-id'].map(parameterReference),
      ...collectionOptions
        .filter((name) => scope.options.capabilities.options.has(name))
        .map((name) => parameterReference(name.slice(1))),
    ],
    responses: {
      '2XX': success('A page.', json(schemaReference(pageSchemaName(set.type)))),
      ...errors('400', '401', '403', '406', '429', '501', '5XX'),
    },
  };
}

function createOperation(scope: Scope, set: EntitySet): JsonMembers {
  return {
    ...head(set, 'Create', `Create a ${set.type.name}`),
    security: securityFor(scope, set.permissions.write),
    parameters: ['prefer', 'client-request-id'].map(parameterReference),
    requestBody: body(schemaReference(inputSchemaName(set.type, 'create'))),
    responses: {
      '2XX': success(
        'The new entity; with Prefer: return=minimal, 204 and no body.',
        json(schemaReference(qualifiedName(set.type))),
        ['Location', 'ETag', 'Preference-Applied'],
      ),
      ...errors('400', '401', '403', '406', '413', '415', '429', '5XX'),
    },
  };
}

function readOperation(scope: Scope, set: EntitySet): JsonMembers {
  return {
    ...head(set, 'Get', `Get a ${set.type.name}`),
    security: securityFor(scope, set.permissions.read),
    parameters: ['if-none-match', 'client-request-id', ...entityOptions(scope)].map(parameterReference),
    responses: {
      '2XX': success('The entity.', json(schemaReference(qualifiedName(set.type))), ['ETag']),
      '304': { description: 'The client has this version already.' },
      ...errors('400', '401', '403', '404', '406', '412', '429', '5XX'),
    },
  };
}

function updateOperation(scope: Scope, set: EntitySet): JsonMembers {
  return {
    ...head(set, 'Update', `Update a ${set.type.name}`),
    description: 'Absent keeps, null clears, complex values merge, collections are replaced.',
    security: securityFor(scope, set.permissions.write),
    parameters: ['if-match', 'prefer', 'client-request-id'].map(parameterReference),
    requestBody: body(schemaReference(inputSchemaName(set.type, 'update'))),
    responses: {
      '2XX': success(
        'The whole updated entity; with Prefer: return=minimal, 204 and no body.',
        json(schemaReference(qualifiedName(set.type))),
        ['ETag', 'Preference-Applied'],
      ),
      ...errors(
        ...['400', '401', '403', '404', '406', '412', '413', '415'],
        ...ifMatchErrors(scope),
        ...['429', '5XX'],
      ),
    },
  };
}

function deleteOperation(scope: Scope, set: EntitySet): JsonMembers {
  return {
    ...head(set, 'Delete', `Delete a ${set.type.name}`),
    security: securityFor(scope, set.permissions.write),
    parameters: ['if-match', 'client-request-id'].map(parameterReference),
    responses: {
      '204': { description: 'Deleted.' },
      ...errors('400', '401', '403', '404', '412', ...ifMatchErrors(scope), '429', '5XX'),
    },
  };
}

const ifMatchErrors = ({ options }: Scope): readonly string[] =>
  options.capabilities.requiresIfMatch ? ['428'] : [];

function countOperation(scope: Scope, set: EntitySet): JsonMembers {
  const known: readonly CollectionOption[] = ['$filter', '$search', '$apply'];
  return {
    ...head(set, 'GetCount', `Count ${set.name}`),
    security: securityFor(scope, set.permissions.read),
    parameters: known
      .filter((name) => scope.options.capabilities.options.has(name))
      .map((name) => parameterReference(name.slice(1))),
    responses: {
      '2XX': success('How many there are.', {
        'text/plain': { schema: { type: 'integer', format: 'int32' } },
      }),
      ...errors('400', '401', '403', '429', '501', '5XX'),
    },
  };
}

function queryOperation(scope: Scope, set: EntitySet): JsonMembers {
  return {
    ...head(set, 'Query', `List ${set.name} by a long query`),
    'x-ms-docs-operation-type': 'action',
    description: 'The options of a list as the body, for queries longer than an address may be.',
    security: securityFor(scope, set.permissions.read),
    requestBody: {
      required: true,
      content: {
        'text/plain': { schema: { type: 'string' }, example: "$filter=platform eq 'Web'&$top=5" },
      },
    },
    responses: {
      '2XX': success('A page.', json(schemaReference(pageSchemaName(set.type)))),
      ...errors('400', '401', '403', '406', '413', '415', '429', '501', '5XX'),
    },
  };
}

type PropertyPart = 'value' | 'raw' | 'count';

const verbs: Readonly<Record<PropertyPart, string>> = { value: 'Get', raw: 'GetRaw', count: 'Count' };

function propertyOperation(
  scope: Scope,
  set: EntitySet,
  path: readonly Property[],
  part: PropertyPart,
): JsonMembers {
  const property = path.at(-1);
  if (property === undefined) throw new Error('a property path names a property');
  const name = path.map((each) => capitalised(each.name)).join('');
  const contents: Readonly<Record<PropertyPart, JsonMembers>> = {
    value: json(propertyValueSchema(property)),
    raw: { 'text/plain': { schema: { type: 'string' } } },
    count: { 'text/plain': { schema: { type: 'integer', format: 'int32' } } },
  };
  return {
    tags: [propertyTagOf(set)],
    summary: property.description,
    operationId: `${operationIdOf(set, verbs[part])}.${name}`,
    'x-ms-docs-operation-type': 'operation',
    security: securityFor(scope, set.permissions.read),
    responses: {
      '200': success('The value.', contents[part]),
      ...(property.nullable ? { '204': { description: 'The value is null.' } } : {}),
      ...errors('400', '401', '403', '404', '406', '429', '5XX'),
    },
  };
}

/** A complex value stands for itself, others in `value`; null has no body (JSON Format 11). */
function propertyValueSchema({ type }: Property): JsonMembers {
  const context: JsonMembers = { type: 'string' };
  if (type.kind !== 'complex') {
    return {
      type: 'object',
      required: ['value'],
      properties: { '@odata.context': context, value: valueSchema(type, false) },
    };
  }
  return {
    allOf: [valueSchema(type, false), { type: 'object', properties: { '@odata.context': context } }],
  };
}

function functionOperation(
  scope: Scope,
  set: EntitySet,
  called: BoundFunction,
  boundTo: 'collection' | 'entity',
): JsonMembers {
  const { name, returns, description } = called;
  const subject = boundTo === 'entity' ? capitalised(set.type.name) : capitalised(set.name);
  return {
    tags: [functionTagOf(set)],
    summary: `Call ${qualifiedName(called)} on ${boundTo === 'entity' ? `a ${set.type.name}` : set.name}`,
    description,
    operationId: `${set.singleton}.${subject}.${name}`,
    'x-ms-docs-operation-type': 'function',
    'x-ms-pageable': { nextLinkName: '@odata.nextLink', operationName: 'listMore', itemName: 'value' },
    security: securityFor(scope, set.permissions.read),
    parameters: ['top', 'filter', 'client-request-id'].map(parameterReference),
    responses: {
      '2XX': success('A page.', json(schemaReference(pageSchemaName(returns)))),
      ...errors('400', '401', '403', ...(boundTo === 'entity' ? ['404'] : []), '406', '429', '501', '5XX'),
    },
  };
}

function head(set: EntitySet, verb: string, summary: string): JsonMembers {
  return {
    tags: [tagOf(set)],
    summary,
    operationId: operationIdOf(set, verb),
    'x-ms-docs-operation-type': 'operation',
  };
}

function singletonPath(scope: Scope, name: string): JsonMembers {
  return {
    get: {
      summary: `Get the singleton ${name}, which contains the collections`,
      operationId: `${name}.Get${capitalised(name)}`,
      'x-ms-docs-operation-type': 'operation',
      security: securitySchemes(scope.options.security).map((scheme) => ({ [scheme.name]: [] })),
      responses: {
        '2XX': success('The singleton.', json(contextSchema)),
        ...errors('400', '401', '406', '429', '5XX'),
      },
    },
  };
}

const contextSchema: JsonMembers = {
  type: 'object',
  properties: { '@odata.context': { type: 'string' } },
};

function serviceDocumentOperation(): JsonMembers {
  const entry = {
    type: 'object',
    required: ['name', 'url'],
    properties: { name: { type: 'string' }, kind: { type: 'string' }, url: { type: 'string' } },
  };
  return {
    summary: 'Get the service document',
    operationId: 'GetServiceDocument',
    'x-ms-docs-operation-type': 'operation',
    responses: {
      '2XX': success(
        'What a client can start from.',
        json({
          type: 'object',
          required: ['value'],
          properties: { '@odata.context': { type: 'string' }, value: { type: 'array', items: entry } },
        }),
      ),
      ...errors('400', '401', '406', '429', '5XX'),
    },
  };
}

function metadataOperation(): JsonMembers {
  return {
    summary: 'Get the metadata: types, properties, capabilities',
    operationId: 'GetMetadata',
    'x-ms-docs-operation-type': 'operation',
    security: [],
    parameters: [
      {
        name: '$format',
        in: 'query',
        description: 'The spelling; XML unless asked for otherwise.',
        schema: { type: 'string', enum: ['xml', 'json'] },
      },
    ],
    responses: {
      '2XX': success('The metadata.', {
        'application/xml': { schema: { type: 'string' } },
        'application/json': { schema: { type: 'object' } },
      }),
      ...errors('400', '406', '429', '5XX'),
    },
  };
}

function batchOperation({ options }: Scope): JsonMembers {
  const multipart = options.capabilities.batchFormats.includes('multipart/mixed')
    ? { 'multipart/mixed': { schema: { type: 'string' } } }
    : {};
  return {
    summary: 'Send several requests at once',
    operationId: 'Batch',
    'x-ms-docs-operation-type': 'operation',
    requestBody: {
      required: true,
      content: { ...json(schemaReference('BatchRequest')), ...multipart },
    },
    responses: {
      '200': success('An answer to each request.', {
        ...json(schemaReference('BatchResponse')),
        ...multipart,
      }),
      ...errors('400', '401', '406', '413', '415', '429', '5XX'),
    },
  };
}

// ------------------------------------------------------------------------------------------- shared pieces

const json = (schema: JsonMembers): JsonMembers => ({ 'application/json': { schema } });
const body = (schema: JsonMembers): JsonMembers => ({ required: true, content: json(schema) });

function success(description: string, content: JsonMembers, headers: readonly string[] = []): JsonMembers {
  const references = headers.map((name) => [name, { $ref: `#/components/headers/${name}` }] as const);
  return {
    description,
    ...(headers.length > 0 ? { headers: Object.fromEntries(references) } : {}),
    content,
  };
}

const parameterReference = (name: string): JsonMembers => ({ $ref: `#/components/parameters/${name}` });

function keyParameter(set: EntitySet): JsonMembers {
  const name = keyParameterOf(set);
  return {
    name,
    in: 'path',
    required: true,
    description: `The unique identifier of ${set.type.name}`,
    schema: { type: 'string' },
    'x-ms-docs-key-type': set.type.name,
  };
}

const collectionOptions: readonly CollectionOption[] = [
  '$top',
  '$skip',
  '$search',
  '$filter',
  '$count',
  '$orderby',
  '$select',
  '$compute',
  '$apply',
];

const entityOptions = ({ options }: Scope): readonly string[] =>
  options.capabilities.options.has('$select') ? ['select'] : [];

const list = (description: string, name: string): JsonMembers => ({
  name,
  in: 'query',
  description,
  style: 'form',
  // One option with commas: a repeated system query option is refused (URL Conventions 5.1).
  explode: false,
  schema: { type: 'array', uniqueItems: true, items: { type: 'string' } },
});
const text = (name: string, description: string, place: 'query' | 'header' = 'query'): JsonMembers => ({
  name,
  in: place,
  description,
  schema: { type: 'string' },
});
const wholeNumber = (name: string, description: string): JsonMembers => ({
  name,
  in: 'query',
  description,
  schema: { type: 'integer', minimum: 0 },
});

const parameters: JsonMembers = {
  top: wholeNumber('$top', 'The page size; for generic OData clients, how many in all.'),
  skip: wholeNumber('$skip', 'Leave out the first n.'),
  search: text('$search', 'Words and "phrases" with AND, OR, NOT and parentheses.'),
  filter: text('$filter', "A condition, such as: publisher eq 'Contoso Ltd' and isSigned eq true"),
  count: {
    name: '$count',
    in: 'query',
    description: 'Say how many there are in all.',
    schema: { type: 'boolean' },
  },
  orderby: list('Expressions to order by, each with asc or desc.', '$orderby'),
  select: list('Properties to send.', '$select'),
  compute: text('$compute', 'Computed members: expression as name.'),
  apply: text('$apply', 'Aggregation, such as: groupby((platform),aggregate($count as n))'),
  'if-match': text('If-Match', 'Only if this is the current version; the ETag of a read.', 'header'),
  'if-none-match': text('If-None-Match', 'Answer 304 if this is the current version.', 'header'),
  prefer: text(
    'Prefer',
    'return=minimal, return=representation, maxpagesize, omit-values=nulls, include-unknown-enum-members.',
    'header',
  ),
  'client-request-id': text('client-request-id', 'The client’s name for the request; echoed.', 'header'),
};

const header = (description: string): JsonMembers => ({ description, schema: { type: 'string' } });
const responseHeaders: JsonMembers = {
  ETag: header('The version, for If-Match.'),
  Location: header('The address of the new entity.'),
  'Preference-Applied': header('The preferences that were honoured.'),
  'Retry-After': header('Seconds to wait.'),
  'WWW-Authenticate': header('Where to get a token, and what was wrong with this one.'),
};

/** What each refusal means; the description in the body is the exact one. */
const refusals: Readonly<
  Record<string, { readonly name: string; readonly text: string; readonly headers?: readonly string[] }>
> = {
  400: { name: 'badRequest', text: 'The request cannot be understood.' },
  401: { name: 'unauthorized', text: 'No valid token.', headers: ['WWW-Authenticate'] },
  403: { name: 'forbidden', text: 'The token lacks a permission.', headers: ['WWW-Authenticate'] },
  404: { name: 'notFound', text: 'Nothing with this id is visible to the caller.' },
  406: { name: 'notAcceptable', text: 'No representation matches Accept or $format.' },
  412: { name: 'preconditionFailed', text: 'If-Match does not hold: someone else was faster.' },
  413: { name: 'contentTooLarge', text: 'The body exceeds the limit.' },
  415: { name: 'unsupportedMediaType', text: 'The body is of a type or coding not read here.' },
  428: { name: 'preconditionRequired', text: 'Every change needs If-Match here.' },
  429: { name: 'tooManyRequests', text: 'Too many requests.', headers: ['Retry-After'] },
  501: { name: 'notImplemented', text: 'Part of the protocol that is not built.' },
  '5XX': { name: 'serverError', text: 'The service failed or is busy.', headers: ['Retry-After'] },
};

function errors(...statuses: readonly string[]): JsonMembers {
  return Object.fromEntries(
    statuses.map((status) => {
      const refusal = refusals[status];
      if (refusal === undefined) throw new Error(`no refusal for ${status}`);
      return [status, { $ref: `#/components/responses/${refusal.name}` }];
    }),
  );
}

function errorResponses(model: Model): JsonMembers {
  const content = json(schemaReference(errorSchemaName(model)));
  return Object.fromEntries(
    Object.values(refusals).map(({ name, text: description, headers }) => [
      name,
      success(description, content, headers),
    ]),
  );
}

/** Any one of the permissions, by any scheme; roles of applications are not scopes, so those ask for none. */
function securityFor({ options }: Scope, permissions: readonly string[]): readonly JsonMembers[] {
  const { scopePrefix } = options.security;
  return securitySchemes(options.security).flatMap(({ name }): readonly JsonMembers[] =>
    name === 'delegated'
      ? permissions.map((permission) => ({ [name]: [`${scopePrefix}${permission}`] }))
      : [{ [name]: [] }],
  );
}

function describeSecurity({ entitySets }: Model, security: SecurityAddresses): JsonMembers {
  const { authorizationUrl, tokenUrl, scopePrefix } = security;
  const permissions = [...new Set(entitySets.flatMap(permissionsOf))];
  const scopes = Object.fromEntries(
    permissions.map((permission) => [`${scopePrefix}${permission}`, describePermission(permission)]),
  );
  const flows: Readonly<Record<'bearer' | 'delegated' | 'application', JsonMembers>> = {
    bearer: { type: 'http', scheme: 'bearer', bearerFormat: 'JWT' },
    delegated: { type: 'oauth2', flows: { authorizationCode: { authorizationUrl, tokenUrl, scopes } } },
    application: {
      type: 'oauth2',
      flows: {
        clientCredentials: {
          tokenUrl,
          scopes: { [`${scopePrefix}.default`]: 'What the application was granted.' },
        },
      },
    },
  };
  return Object.fromEntries(
    securitySchemes(security).map(({ name, description }) => [name, { ...flows[name], description }]),
  );
}
