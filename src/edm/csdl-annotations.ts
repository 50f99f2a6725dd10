/**
 * What the metadata says about the service beside its types: one description for CSDL XML, CSDL JSON and OpenAPI
 * (vocabularies Core, Capabilities, Aggregation, Authorization; digest 13.2). Clients assume much that is not
 * denied, so the negatives are stated too.
 */
import type { EntitySet, EntityType, Property } from './types.ts';

/** The value of an annotation, before it is spelled as XML or JSON. */
export type AnnotationValue =
  | string
  | boolean
  | { readonly kind: 'propertyPath'; readonly path: string }
  | { readonly kind: 'enumMember'; readonly type: string; readonly member: string }
  | { readonly kind: 'collection'; readonly items: readonly AnnotationValue[] }
  | {
      readonly kind: 'record';
      /** Needed where the declared type is abstract. */
      readonly type: string | undefined;
      readonly members: Readonly<Record<string, AnnotationValue>>;
    };

/** A term with its vocabulary's alias, such as `Capabilities.TopSupported`, applied once to a target. */
export interface Annotation {
  readonly term: string;
  readonly value: AnnotationValue;
}

/** A vocabulary that annotations refer to by its alias. */
export interface Vocabulary {
  readonly alias: string;
  readonly namespace: string;
  /** Without the ending `.xml` or `.json`. */
  readonly address: string;
}

const vocabulary = (alias: string): Vocabulary => ({
  alias,
  namespace: `Org.OData.${alias}.V1`,
  address: `https://oasis-tcs.github.io/odata-vocabularies/vocabularies/Org.OData.${alias}.V1`,
});

/** The vocabularies in use, in the order they are referenced. */
export const vocabularies: readonly Vocabulary[] = [
  vocabulary('Core'),
  vocabulary('Capabilities'),
  vocabulary('Aggregation'),
  vocabulary('Authorization'),
];

/** System query options a collection can understand, by name; those that page or format are always built. */
export type CollectionOption =
  | '$filter'
  | '$orderby'
  | '$count'
  | '$select'
  | '$compute'
  | '$search'
  | '$top'
  | '$skip'
  | '$apply';

/** What is built, as far as metadata speaks of it; what is not listed is denied. */
export interface ServiceCapabilities {
  readonly options: ReadonlySet<CollectionOption>;
  /** Names of functions and operators, such as `contains` and `eq`. */
  readonly filterFunctions: readonly string[];
  /** Names of transformations, such as `groupby`. */
  readonly transformations: readonly string[];
  /** `POST …/$query` */
  readonly querySegment: boolean;
  /** Media types of `$batch`; empty where there is none. */
  readonly batchFormats: readonly string[];
  /** Names of content codings that request bodies may have, such as `gzip`. */
  readonly requestEncodings: readonly string[];
  /** Media types beside JSON in which a list comes as one file. */
  readonly exportFormats: readonly string[];
  /** Whether a write without If-Match is refused. */
  readonly requiresIfMatch: boolean;
}

/** Where tokens come from; both undefined where only tokens from elsewhere are accepted. */
export interface SecurityAddresses {
  readonly authorizationUrl: string | undefined;
  readonly tokenUrl: string | undefined;
  /** What stands before a permission in a scope, such as `api://casp/`; empty for none. */
  readonly scopePrefix: string;
}

/** One way to get in, as Permissions and Authorizations name it. */
export interface SecurityScheme {
  readonly name: 'bearer' | 'delegated' | 'application';
  readonly description: string;
}

const bearerScheme: SecurityScheme = {
  name: 'bearer',
  description: 'A token of a trusted issuer for this service.',
};
const delegatedScheme: SecurityScheme = {
  name: 'delegated',
  description: 'An application on behalf of a person.',
};
const applicationScheme: SecurityScheme = { name: 'application', description: 'An application on its own.' };

/** The schemes that can be described with what is known of the issuer; never empty. */
export function securitySchemes({
  authorizationUrl,
  tokenUrl,
}: SecurityAddresses): readonly SecurityScheme[] {
  const schemes = [bearerScheme];
  if (authorizationUrl !== undefined && tokenUrl !== undefined) schemes.push(delegatedScheme);
  if (tokenUrl !== undefined) schemes.push(applicationScheme);
  return schemes;
}

/** `SecurityEvents.Read.All` in words. */
export function describePermission(permission: string): string {
  return permission.includes('Write') ? 'Read and change security profiles.' : 'Read security profiles.';
}

/** All permissions of an entity set, each once. */
export function permissionsOf({ permissions }: EntitySet): readonly string[] {
  return [...new Set([...permissions.read, ...permissions.write])];
}

/** Whether values of clients are ignored (Protocol 11.4.3). */
export const isComputed = ({ access }: Property): boolean => access !== 'readWrite';

const record = (members: Readonly<Record<string, AnnotationValue>>, type?: string): AnnotationValue => ({
  kind: 'record',
  type,
  members,
});
const collection = (items: readonly AnnotationValue[]): AnnotationValue => ({ kind: 'collection', items });
const paths = (properties: readonly Property[]): AnnotationValue =>
  collection(properties.map(({ name }) => ({ kind: 'propertyPath', path: name })));

/** Annotations of a property. */
export function propertyAnnotations(property: Property): readonly Annotation[] {
  const description: Annotation = { term: 'Core.Description', value: property.description };
  return isComputed(property) ? [{ term: 'Core.Computed', value: true }, description] : [description];
}

/** Annotations of an entity type: its description and, as Graph repeats them here, what queries may do. */
export function entityTypeAnnotations(
  type: EntityType,
  capabilities: ServiceCapabilities | undefined,
): readonly Annotation[] {
  const description: Annotation = { term: 'Core.Description', value: type.description };
  return capabilities === undefined ? [description] : [description, ...queryAnnotations(type, capabilities)];
}

/** Annotations of a collection of entities: a navigation property that contains it, or an entity set. */
export function collectionAnnotations(
  entitySet: EntitySet,
  capabilities: ServiceCapabilities,
  security: SecurityAddresses,
): readonly Annotation[] {
  return [
    ...queryAnnotations(entitySet.type, capabilities),
    ...moreQueryAnnotations(capabilities),
    ...changeAnnotations(entitySet, capabilities, security),
  ];
}

function queryAnnotations(type: EntityType, { options }: ServiceCapabilities): readonly Annotation[] {
  const unsortable = type.properties.filter(
    ({ type: { kind } }) => kind === 'complex' || kind === 'collection',
  );
  return [
    { term: 'Capabilities.CountRestrictions', value: record({ Countable: options.has('$count') }) },
    { term: 'Capabilities.FilterRestrictions', value: record({ Filterable: options.has('$filter') }) },
    { term: 'Capabilities.SelectSupport', value: record({ Supported: options.has('$select') }) },
    { term: 'Capabilities.SkipSupported', value: options.has('$skip') },
    {
      term: 'Capabilities.SortRestrictions',
      // As a whole; members of a complex value and the number of items can be sorted by.
      value: record({ Sortable: options.has('$orderby'), NonSortableProperties: paths(unsortable) }),
    },
    { term: 'Capabilities.TopSupported', value: options.has('$top') },
    { term: 'Capabilities.SearchRestrictions', value: record({ Searchable: options.has('$search') }) },
    // The type has no navigation properties.
    { term: 'Capabilities.ExpandRestrictions', value: record({ Expandable: false }) },
  ];
}

function moreQueryAnnotations(capabilities: ServiceCapabilities): readonly Annotation[] {
  const { options, filterFunctions, transformations } = capabilities;
  const annotations: Annotation[] = [
    { term: 'Capabilities.IndexableByKey', value: true },
    { term: 'Capabilities.ComputeSupported', value: options.has('$compute') },
    { term: 'Capabilities.ChangeTracking', value: record({ Supported: false }) },
  ];
  if (options.has('$filter'))
    annotations.push({ term: 'Capabilities.FilterFunctions', value: collection(filterFunctions) });
  if (options.has('$apply')) {
    const rollup: AnnotationValue = {
      kind: 'enumMember',
      type: 'Aggregation.RollupType',
      member: 'None',
    };
    annotations.push({
      term: 'Aggregation.ApplySupported',
      value: record({ Transformations: collection(transformations), Rollup: rollup }),
    });
  }
  return annotations;
}

function changeAnnotations(
  entitySet: EntitySet,
  { requiresIfMatch }: ServiceCapabilities,
  security: SecurityAddresses,
): readonly Annotation[] {
  const { permissions, type } = entitySet;
  const computed = paths(type.properties.filter(isComputed));
  const reading = { Readable: true, Permissions: permissionRecords(permissions.read, security) };
  const writing = permissionRecords(permissions.write, security);
  const patch: AnnotationValue = {
    kind: 'enumMember',
    type: 'Capabilities.HttpMethod',
    member: 'PATCH',
  };
  const annotations: Annotation[] = [
    {
      term: 'Capabilities.ReadRestrictions',
      value: record({ ...reading, TypecastSegmentSupported: true, ReadByKeyRestrictions: record(reading) }),
    },
    {
      term: 'Capabilities.InsertRestrictions',
      value: record({
        Insertable: true,
        NonInsertableProperties: computed,
        TypecastSegmentSupported: true,
        Permissions: writing,
      }),
    },
    { term: 'Capabilities.DeepInsertSupport', value: record({ Supported: false }) },
    {
      term: 'Capabilities.UpdateRestrictions',
      value: record({
        Updatable: true,
        Upsertable: false,
        DeltaUpdateSupported: false,
        UpdateMethod: patch,
        FilterSegmentSupported: false,
        TypecastSegmentSupported: true,
        NonUpdatableProperties: computed,
        Permissions: writing,
      }),
    },
    { term: 'Capabilities.DeepUpdateSupport', value: record({ Supported: false }) },
    {
      term: 'Capabilities.DeleteRestrictions',
      value: record({
        Deletable: true,
        FilterSegmentSupported: false,
        TypecastSegmentSupported: true,
        Permissions: writing,
      }),
    },
  ];
  // The term tells clients that they must send If-Match; an empty collection: the tag covers all properties.
  if (requiresIfMatch) annotations.push({ term: 'Core.OptimisticConcurrency', value: collection([]) });
  return annotations;
}

/** Any one of the scopes of any one scheme allows the operation. */
function permissionRecords(permissions: readonly string[], security: SecurityAddresses): AnnotationValue {
  const scopes = collection(permissions.map((scope) => record({ Scope: scope })));
  return collection(
    securitySchemes(security).map(({ name }) => record({ SchemeName: name, Scopes: scopes })),
  );
}

/** Annotations of the entity container: what holds for the whole service. */
export function containerAnnotations(
  entitySets: readonly EntitySet[],
  capabilities: ServiceCapabilities,
  security: SecurityAddresses,
): readonly Annotation[] {
  const { batchFormats, requestEncodings, querySegment } = capabilities;
  const batch = batchFormats.length > 0;
  const batchSupport = {
    Supported: batch,
    ContinueOnErrorSupported: batch,
    ReferencesInRequestBodiesSupported: false,
    ReferencesAcrossChangeSetsSupported: false,
    EtagReferencesSupported: false,
    RequestDependencyConditionsSupported: false,
    SupportedFormats: collection(batchFormats),
  };
  return [
    { term: 'Core.ODataVersions', value: '4.0 4.01' },
    {
      term: 'Capabilities.SupportedFormats',
      value: collection([...jsonFormats, ...capabilities.exportFormats]),
    },
    { term: 'Capabilities.SupportedMetadataFormats', value: collection(metadataFormats) },
    { term: 'Capabilities.AcceptableEncodings', value: collection(requestEncodings) },
    { term: 'Capabilities.KeyAsSegmentSupported', value: true },
    { term: 'Capabilities.QuerySegmentSupported', value: querySegment },
    { term: 'Capabilities.BatchSupported', value: batch },
    { term: 'Capabilities.BatchContinueOnErrorSupported', value: batch },
    { term: 'Capabilities.BatchSupport', value: record(batchSupport) },
    { term: 'Capabilities.AsynchronousRequestsSupported', value: false },
    { term: 'Capabilities.CrossJoinSupported', value: false },
    { term: 'Authorization.Authorizations', value: collection(authorizations(entitySets, security)) },
    {
      term: 'Authorization.SecuritySchemes',
      value: collection(securitySchemes(security).map(({ name }) => record({ Authorization: name }))),
    },
  ];
}

const jsonFormats = [
  'application/json',
  ...['none', 'minimal', 'full'].map((level) => `application/json;odata.metadata=${level}`),
  'application/json;IEEE754Compatible=true',
];
const metadataFormats = ['application/xml', 'application/json'];

function authorizations(
  entitySets: readonly EntitySet[],
  security: SecurityAddresses,
): readonly AnnotationValue[] {
  const { scopePrefix, authorizationUrl = '', tokenUrl = '' } = security;
  const scopes = collection(
    [...new Set(entitySets.flatMap(permissionsOf))].map((permission) =>
      record({ Scope: `${scopePrefix}${permission}`, Description: describePermission(permission) }),
    ),
  );
  const details: Readonly<
    Record<SecurityScheme['name'], readonly [string, Record<string, AnnotationValue>]>
  > = {
    bearer: ['Authorization.Http', { Scheme: 'bearer', BearerFormat: 'JWT' }],
    delegated: [
      'Authorization.OAuth2AuthCode',
      { Scopes: scopes, AuthorizationUrl: authorizationUrl, TokenUrl: tokenUrl },
    ],
    application: ['Authorization.OAuth2ClientCredentials', { Scopes: scopes, TokenUrl: tokenUrl }],
  };
  return securitySchemes(security).map(({ name, description }) => {
    const [type, members] = details[name];
    return record({ Name: name, Description: description, ...members }, type);
  });
}
