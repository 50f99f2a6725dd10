import { describe, expect, it } from 'vitest';
import { writeCsdlJson } from '../../../src/edm/csdl-json.ts';
import { escapeXml, writeCsdlXml } from '../../../src/edm/csdl-xml.ts';
import { inNamespace, key, string } from '../../../src/edm/declare.ts';
import { writeServiceDocument } from '../../../src/edm/service-document.ts';
import type { Model } from '../../../src/edm/types.ts';
import { changes } from '../../../src/model/change-record.ts';
import { model } from '../../../src/model/index.ts';
import {
  convertCsdlXml,
  faultsOfCsdlJson,
  faultsOfCsdlXml,
  fullCapabilities,
  fullOptions,
  generateOpenApi,
} from '../../support/metadata.ts';

const roots = ['v1.0', 'beta', 'odata/v4'] as const;

interface Members {
  readonly [name: string]: Members;
}

/** The schema in a document. */
function readSchema(text: string): Members {
  const document = JSON.parse(text) as Members;
  const schema = document['microsoft.graph'];
  if (schema === undefined) throw new Error(`no schema in ${text}`);
  return schema;
}

describe.each(roots)('metadata of %s', (root) => {
  const options = fullOptions(root);
  const xml = writeCsdlXml(model, options);
  const json = writeCsdlJson(model, options);

  it('is valid by the OASIS schemas', async () => {
    expect(await faultsOfCsdlXml(xml)).toEqual([]);
    expect(faultsOfCsdlJson(JSON.parse(json))).toEqual([]);
  });

  it('says the same in both spellings', () => {
    expect(JSON.parse(json)).toEqual(convertCsdlXml(xml));
  });

  it('is the same text each time', () => {
    expect(writeCsdlXml(model, fullOptions(root))).toBe(xml);
    expect(writeCsdlJson(model, fullOptions(root))).toBe(json);
  });

  it('is of version 4.0, which all clients read', () => {
    expect(/<edmx:Edmx Version="([^"]*)"/.exec(xml)?.[1]).toBe('4.0');
  });
});

describe('functions of our own', () => {
  const document = JSON.parse(writeCsdlJson(model, fullOptions('v1.0')));

  it('stand in a schema of their own, bound to the type and to collections of it', () => {
    const boundTo = (document.casp.changes as { readonly $Parameter: readonly object[] }[]).map(
      ({ $Parameter }) => $Parameter,
    );
    const type = { $Name: 'bindingParameter', $Type: 'graph.cloudAppSecurityProfile' };
    expect(boundTo).toEqual([[{ ...type, $Collection: true }], [type]]);
  });

  it('return what is declared, with values nobody declared inside', () => {
    expect(Object.keys(document.casp.changeRecord).slice(1)).toEqual(
      changes.returns.properties.map(({ name }) => name),
    );
    expect(document.casp.changedValues).toEqual({ $Kind: 'ComplexType', $OpenType: true });
  });
});

describe('a generator that nobody here wrote', () => {
  const readable = (root: (typeof roots)[number]) =>
    Object.keys(generateOpenApi(JSON.parse(writeCsdlJson(model, fullOptions(root)))));

  it("finds the collection on Graph's roots", () => {
    const collection = '/security/cloudAppSecurityProfiles';
    expect(readable('v1.0')).toEqual(
      expect.arrayContaining([collection, `${collection}/{id_1}`, '/security', '/$batch']),
    );
  });

  it('finds the set at the top of the root for generic clients', () => {
    const set = '/cloudAppSecurityProfiles';
    expect(readable('odata/v4')).toEqual(expect.arrayContaining([set, `${set}/{id}`, `/security${set}`]));
  });
});

describe('a judge', () => {
  it('finds a fault in XML', async () => {
    const broken = writeCsdlXml(model, fullOptions('beta')).replace('<PropertyRef Name="id"/>', '');
    expect(await faultsOfCsdlXml(broken)).not.toEqual([]);
  });

  it('finds a fault in JSON', () => {
    expect(faultsOfCsdlJson({ $Version: 4 })).not.toEqual([]);
  });
});

describe('types', () => {
  const schema = (root: (typeof roots)[number]) => readSchema(writeCsdlJson(model, fullOptions(root)));
  const withoutAnnotations = (members: Members | undefined) =>
    JSON.parse(JSON.stringify(members), (name, value) => (name.startsWith('@') ? undefined : value));

  it("are Graph's on Graph's roots", () => {
    const { $Alias, $Annotations, ...types } = schema('beta');
    const text = { $Nullable: true };
    const vendor = { provider: text, providerVersion: text, subProvider: text, vendor: text };
    const instant = { $Type: 'Edm.DateTimeOffset', $Nullable: true, $Precision: 7 };
    expect($Alias).toBe('graph');
    expect(withoutAnnotations(types)).toEqual({
      applicationPermissionsRequired: {
        $Kind: 'EnumType',
        unknown: 0,
        anonymous: 1,
        guest: 2,
        user: 3,
        administrator: 4,
        system: 5,
        unknownFutureValue: 127,
      },
      securityVendorInformation: { $Kind: 'ComplexType', ...vendor },
      entity: { $Kind: 'EntityType', $Abstract: true, $Key: ['id'], id: {} },
      cloudAppSecurityProfile: {
        $Kind: 'EntityType',
        $BaseType: 'graph.entity',
        azureSubscriptionId: text,
        azureTenantId: text,
        createdDateTime: instant,
        deploymentPackageUrl: text,
        destinationServiceName: text,
        isSigned: { $Type: 'Edm.Boolean', $Nullable: true },
        lastModifiedDateTime: instant,
        manifest: text,
        name: text,
        permissionsRequired: { $Type: 'graph.applicationPermissionsRequired', $Nullable: true },
        platform: text,
        policyName: text,
        publisher: text,
        riskScore: text,
        tags: { $Collection: true },
        type: text,
        vendorInformation: { $Type: 'graph.securityVendorInformation', $Nullable: true },
      },
      security: {
        $Kind: 'EntityType',
        cloudAppSecurityProfiles: {
          $Kind: 'NavigationProperty',
          $Collection: true,
          $Type: 'graph.cloudAppSecurityProfile',
          $ContainsTarget: true,
        },
      },
      GraphService: { $Kind: 'EntityContainer', security: { $Type: 'graph.security' } },
    });
  });

  it('have their key themselves and a set at the top for generic clients', () => {
    const types = withoutAnnotations(schema('odata/v4'));
    expect(types.entity).toBeUndefined();
    expect(types.cloudAppSecurityProfile).toMatchObject({ $Kind: 'EntityType', $Key: ['id'], id: {} });
    expect(types.cloudAppSecurityProfile).not.toHaveProperty('$BaseType');
    expect(types.GraphService).toEqual({
      $Kind: 'EntityContainer',
      cloudAppSecurityProfiles: { $Collection: true, $Type: 'graph.cloudAppSecurityProfile' },
      security: { $Type: 'graph.security' },
    });
  });
});

describe('annotations', () => {
  const annotationsOf = (options: Parameters<typeof writeCsdlJson>[1]) =>
    readSchema(writeCsdlJson(model, options)).$Annotations ?? {};

  it('stand at the contained collection and, for generic clients, at the entity set', () => {
    expect(Object.keys(annotationsOf(fullOptions('v1.0')))).toEqual([
      'graph.security/cloudAppSecurityProfiles',
    ]);
    const generic = annotationsOf(fullOptions('odata/v4'));
    expect(Object.keys(generic)).toEqual([
      'graph.security/cloudAppSecurityProfiles',
      'graph.GraphService/cloudAppSecurityProfiles',
    ]);
    const [contained, set] = Object.values(generic);
    expect(contained).toEqual(set);
  });

  it('say what a full service can do', () => {
    const scopes = (...names: string[]) =>
      ['bearer', 'delegated', 'application'].map((SchemeName) => ({
        SchemeName,
        Scopes: names.map((Scope) => ({ Scope })),
      }));
    const read = scopes('SecurityEvents.Read.All', 'SecurityEvents.ReadWrite.All');
    const write = scopes('SecurityEvents.ReadWrite.All');
    const computed = ['id', 'createdDateTime', 'lastModifiedDateTime'];
    expect(annotationsOf(fullOptions('v1.0'))['graph.security/cloudAppSecurityProfiles']).toEqual({
      '@Capabilities.CountRestrictions': { Countable: true },
      '@Capabilities.FilterRestrictions': { Filterable: true },
      '@Capabilities.SelectSupport': { Supported: true },
      '@Capabilities.SkipSupported': true,
      '@Capabilities.SortRestrictions': {
        Sortable: true,
        NonSortableProperties: ['tags', 'vendorInformation'],
      },
      '@Capabilities.TopSupported': true,
      '@Capabilities.SearchRestrictions': { Searchable: true },
      '@Capabilities.ExpandRestrictions': { Expandable: false },
      '@Capabilities.IndexableByKey': true,
      '@Capabilities.ComputeSupported': true,
      '@Capabilities.ChangeTracking': { Supported: false },
      '@Capabilities.FilterFunctions': ['eq', 'contains', 'tolower'],
      '@Aggregation.ApplySupported': {
        Transformations: ['filter', 'groupby', 'aggregate'],
        Rollup: 'None',
      },
      '@Capabilities.ReadRestrictions': {
        Readable: true,
        Permissions: read,
        TypecastSegmentSupported: true,
        ReadByKeyRestrictions: { Readable: true, Permissions: read },
      },
      '@Capabilities.InsertRestrictions': {
        Insertable: true,
        NonInsertableProperties: computed,
        TypecastSegmentSupported: true,
        Permissions: write,
      },
      '@Capabilities.DeepInsertSupport': { Supported: false },
      '@Capabilities.UpdateRestrictions': {
        Updatable: true,
        Upsertable: false,
        DeltaUpdateSupported: false,
        UpdateMethod: 'PATCH',
        FilterSegmentSupported: false,
        TypecastSegmentSupported: true,
        NonUpdatableProperties: computed,
        Permissions: write,
      },
      '@Capabilities.DeepUpdateSupport': { Supported: false },
      '@Capabilities.DeleteRestrictions': {
        Deletable: true,
        FilterSegmentSupported: false,
        TypecastSegmentSupported: true,
        Permissions: write,
      },
    });
  });

  it('deny what is not built', () => {
    const none = annotationsOf({
      ...fullOptions('v1.0'),
      capabilities: { ...fullCapabilities, options: new Set() },
    })['graph.security/cloudAppSecurityProfiles'];
    expect(none).toMatchObject({
      '@Capabilities.CountRestrictions': { Countable: false },
      '@Capabilities.FilterRestrictions': { Filterable: false },
      '@Capabilities.SelectSupport': { Supported: false },
      '@Capabilities.SkipSupported': false,
      '@Capabilities.SortRestrictions': { Sortable: false },
      '@Capabilities.TopSupported': false,
      '@Capabilities.SearchRestrictions': { Searchable: false },
      '@Capabilities.ComputeSupported': false,
    });
    expect(none).not.toHaveProperty('@Capabilities.FilterFunctions');
    expect(none).not.toHaveProperty('@Aggregation.ApplySupported');
  });

  it('ask for If-Match only where it is required', () => {
    const term = '@Core.OptimisticConcurrency';
    const target = 'graph.security/cloudAppSecurityProfiles';
    const capabilities = { ...fullCapabilities, requiresIfMatch: true };
    expect(annotationsOf(fullOptions('beta'))[target]).not.toHaveProperty(term);
    expect(annotationsOf({ ...fullOptions('beta'), capabilities })[target]).toHaveProperty(term, []);
  });

  it('mark what the service writes itself', () => {
    const { entity, cloudAppSecurityProfile } = readSchema(writeCsdlJson(model, fullOptions('beta')));
    const computed = Object.entries({ ...entity, ...cloudAppSecurityProfile })
      .filter(([, members]) => members['@Core.Computed'] !== undefined)
      .map(([name]) => name);
    expect(computed).toEqual(['id', 'createdDateTime', 'lastModifiedDateTime']);
  });

  it('name the issuer where it is known', () => {
    const containerOf = (security: Parameters<typeof writeCsdlJson>[1]['security']) =>
      readSchema(writeCsdlJson(model, { ...fullOptions('beta'), security })).GraphService;
    const bearer = {
      '@odata.type':
        'https://oasis-tcs.github.io/odata-vocabularies/vocabularies/Org.OData.Authorization.V1.json#Authorization.Http',
      Name: 'bearer',
      Description: 'A token of a trusted issuer for this service.',
      Scheme: 'bearer',
      BearerFormat: 'JWT',
    };
    const unknown = { authorizationUrl: undefined, tokenUrl: undefined, scopePrefix: '' };
    expect(containerOf(unknown)).toMatchObject({
      '@Authorization.Authorizations': [bearer],
      '@Authorization.SecuritySchemes': [{ Authorization: 'bearer' }],
    });
    expect(containerOf(fullOptions('beta').security)).toMatchObject({
      '@Authorization.Authorizations': [
        bearer,
        {
          Name: 'delegated',
          AuthorizationUrl: 'https://login.example/authorize?a=1&b=2',
          TokenUrl: 'https://login.example/token',
          Scopes: [
            { Scope: 'api://casp/SecurityEvents.Read.All', Description: 'Read security profiles.' },
            {
              Scope: 'api://casp/SecurityEvents.ReadWrite.All',
              Description: 'Read and change security profiles.',
            },
          ],
        },
        { Name: 'application', TokenUrl: 'https://login.example/token' },
      ],
      '@Authorization.SecuritySchemes': ['bearer', 'delegated', 'application'].map((Authorization) => ({
        Authorization,
      })),
    });
  });
});

describe('text in XML', () => {
  const awkward = 'a < b & "c" > \'d\'\ttab\nline\r€ 𝕏';
  const { entityType } = inNamespace('example');
  const type = entityType('thing', { description: awkward }, { id: key(string(awkward)) });
  const strange: Model = {
    namespace: 'example',
    alias: 'e',
    entitySets: [
      { name: 'things', singleton: 'all', type, permissions: { read: ['R'], write: ['W'] }, indexes: [] },
    ],
  };

  it('comes back as it was', async () => {
    const xml = writeCsdlXml(strange, fullOptions('beta'));
    expect(await faultsOfCsdlXml(xml)).toEqual([]);
    // The OASIS tool reads a lone carriage return as a line feed.
    const read = writeCsdlJson(strange, fullOptions('beta')).replaceAll('\\r', '\\n');
    expect(convertCsdlXml(xml)).toEqual(JSON.parse(read));
  });

  it.each(['\u0000', '\u001f', '\ud800', '\uffff'])('cannot hold %j', (character) => {
    expect(() => escapeXml(`a${character}b`)).toThrow('a character XML cannot hold');
  });
});

describe('service document', () => {
  const context = 'https://casp.example/v1.0/$metadata';

  it('lists the singleton', () => {
    expect(JSON.parse(writeServiceDocument(model, { root: 'v1.0', contextUrl: context }))).toEqual({
      '@odata.context': context,
      value: [{ name: 'security', kind: 'Singleton', url: 'security' }],
    });
  });

  it('lists an entity set for generic clients', () => {
    expect(JSON.parse(writeServiceDocument(model, { root: 'odata/v4', contextUrl: undefined }))).toEqual({
      value: [
        { name: 'cloudAppSecurityProfiles', kind: 'EntitySet', url: 'cloudAppSecurityProfiles' },
        { name: 'security', kind: 'Singleton', url: 'security' },
      ],
    });
  });
});
