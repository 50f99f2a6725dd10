import { createRequire } from 'node:module';
import openapiTS, { astToString } from 'openapi-typescript';
import { describe, expect, it } from 'vitest';
import { writeCsdlJson } from '../../../src/edm/csdl-json.ts';
import { describeOpenApi, type OpenApiOptions, writeOpenApi } from '../../../src/edm/openapi.ts';
import { type EntityType, leavesOf } from '../../../src/edm/types.ts';
import { changes as changesFunction } from '../../../src/model/change-record.ts';
import { cloudAppSecurityProfile } from '../../../src/model/cloud-app-security-profile.ts';
import { model } from '../../../src/model/index.ts';
import { fullCapabilities, fullOptions } from '../../support/metadata.ts';

const options: OpenApiOptions = {
  ...fullOptions('v1.0'),
  serverUrl: 'https://casp.example',
  roots: ['v1.0', 'beta'],
  version: '1.2.3',
};

interface Node {
  readonly [name: string]: Node;
}

const documentOf = (given: OpenApiOptions): Node => JSON.parse(writeOpenApi(model, given)) as Node;
const document = documentOf(options);
const at = (...path: readonly string[]): unknown =>
  path.reduce<Node | undefined>((node, name) => node?.[name], document);
const schemas = (at('components', 'schemas') ?? {}) as Readonly<Record<string, Node>>;

interface Problem {
  readonly ruleId: string;
  readonly message: string;
  readonly location: readonly { readonly pointer?: string }[];
}

/** What the linter behind openapi-typescript finds wrong with a document. */
async function lint(source: string): Promise<readonly string[]> {
  const require = createRequire(createRequire(import.meta.url).resolve('openapi-typescript'));
  const { createConfig, lintFromString } = require('@redocly/openapi-core') as {
    createConfig: (raw: object) => Promise<unknown>;
    lintFromString: (options: { source: string; config: unknown }) => Promise<readonly Problem[]>;
  };
  const rules = [
    'struct',
    'no-unresolved-refs',
    'no-ambiguous-paths',
    'no-identical-paths',
    'no-unused-components',
    'no-invalid-media-type-examples',
    'operation-operationId',
    'operation-operationId-unique',
    'operation-parameters-unique',
    'operation-summary',
    'path-declaration-must-exist',
    'path-not-include-query',
    'path-parameters-defined',
    'security-defined',
  ];
  const config = await createConfig({ rules: Object.fromEntries(rules.map((rule) => [rule, 'error'])) });
  const problems = await lintFromString({ source, config });
  return problems.map(({ ruleId, message, location }) => `${ruleId} ${message} ${location[0]?.pointer}`);
}

describe('the document', () => {
  it('is valid', async () => {
    expect(await lint(writeOpenApi(model, options))).toEqual([]);
  });

  it('is valid for a service that knows no issuer and has little built', async () => {
    const bare: OpenApiOptions = {
      ...options,
      capabilities: {
        ...fullCapabilities,
        options: new Set(),
        querySegment: false,
        batchFormats: [],
        requiresIfMatch: true,
      },
      security: { authorizationUrl: undefined, tokenUrl: undefined, scopePrefix: '' },
    };
    expect(await lint(writeOpenApi(model, bare))).toEqual([]);
    expect(Object.keys(documentOf(bare).paths ?? {})).not.toContain('/$batch');
    expect(documentOf(bare).security).toEqual([{ bearer: [] }]);
  });

  it('is judged by a linter that finds faults', async () => {
    const broken = writeOpenApi(model, options).replace('/components/parameters/top', '/components/none');
    expect(await lint(broken)).not.toEqual([]);
  });

  it('is the same text each time', () => {
    expect(writeOpenApi(model, options)).toBe(JSON.stringify(describeOpenApi(model, options)));
  });

  it('makes types', async () => {
    const text = astToString(await openapiTS(writeOpenApi(model, options)));
    expect(text).toContain(
      'permissionsRequired?: (string & components["schemas"]["microsoft.graph.applicationPermissionsRequired"]) | null;',
    );
    expect(text).toContain('"@odata.nextLink"?: string | null;');
  });

  it('names its servers after the roots', () => {
    expect(at('servers')).toEqual([
      { url: 'https://casp.example/v1.0', description: "As Graph's v1.0" },
      { url: 'https://casp.example/beta', description: "As Graph's beta" },
    ]);
  });
});

describe('operations', () => {
  const collection = '/security/cloudAppSecurityProfiles';
  const entity = `${collection}/{cloudAppSecurityProfile-id}`;
  const operations = Object.entries((at('paths') ?? {}) as Readonly<Record<string, Node>>).flatMap(
    ([path, item]) =>
      Object.entries(item)
        .filter(([method]) => method !== 'parameters')
        .map(([method, operation]) => ({ key: `${method} ${path}`, operation })),
  );
  const idOf = (key: string) => operations.find((each) => each.key === key)?.operation.operationId;

  it('have the names generators expect', () => {
    expect({
      list: idOf(`get ${collection}`),
      create: idOf(`post ${collection}`),
      count: idOf(`get ${collection}/$count`),
      get: idOf(`get ${entity}`),
      update: idOf(`patch ${entity}`),
      delete: idOf(`delete ${entity}`),
      property: idOf(`get ${entity}/vendorInformation/provider`),
    }).toEqual({
      list: 'security.ListCloudAppSecurityProfiles',
      create: 'security.CreateCloudAppSecurityProfiles',
      count: 'security.GetCountCloudAppSecurityProfiles',
      get: 'security.GetCloudAppSecurityProfiles',
      update: 'security.UpdateCloudAppSecurityProfiles',
      delete: 'security.DeleteCloudAppSecurityProfiles',
      property: 'security.GetCloudAppSecurityProfiles.VendorInformationProvider',
    });
  });

  it('are all of a known kind', () => {
    const kinds = new Set(operations.map(({ operation }) => operation['x-ms-docs-operation-type']));
    expect([...kinds].sort()).toEqual(['action', 'function', 'operation']);
  });

  it('page by the next link', () => {
    expect(at('paths', collection, 'get', 'x-ms-pageable')).toEqual({
      nextLinkName: '@odata.nextLink',
      operationName: 'listMore',
      itemName: 'value',
    });
  });

  it('ask for the permissions the model names', () => {
    const scope = (name: string) => ({ delegated: [`api://casp/SecurityEvents.${name}.All`] });
    expect(at('paths', collection, 'get', 'security')).toEqual([
      { bearer: [] },
      scope('Read'),
      scope('ReadWrite'),
      { application: [] },
    ]);
    expect(at('paths', entity, 'patch', 'security')).toEqual([
      { bearer: [] },
      scope('ReadWrite'),
      { application: [] },
    ]);
    expect(at('paths', '/$metadata', 'get', 'security')).toEqual([]);
  });

  it('read every property, and nothing that is none', () => {
    const paths = Object.keys((at('paths') ?? {}) as object);
    const read = paths
      .filter((path) => path.startsWith(`${entity}/`) && !/[$(]/.test(path))
      .map((path) => path.slice(entity.length + 1));
    const leaves = leavesOf(cloudAppSecurityProfile).map(({ path }) => path);
    expect(read.sort()).toEqual([...leaves, 'vendorInformation'].sort());
  });
});

/** What each description of the type says of its properties: type, whether null is possible, who writes it. */
type Facts = Readonly<Record<string, string>>;

describe('functions', () => {
  const collection = '/security/cloudAppSecurityProfiles';
  const entity = `${collection}/{cloudAppSecurityProfile-id}`;
  const changes = [`${collection}/casp.changes()`, `${entity}/casp.changes()`];

  it('are paths of their own, with the options they take', () => {
    const operationsOf = changes.map((path) => at('paths', path, 'get') as Node | undefined);
    expect(operationsOf.map((operation) => operation?.operationId)).toEqual([
      'security.CloudAppSecurityProfiles.changes',
      'security.CloudAppSecurityProfile.changes',
    ]);
    for (const operation of operationsOf) {
      expect(operation?.parameters).toEqual(
        ['top', 'filter', 'client-request-id'].map((name) => ({ $ref: `#/components/parameters/${name}` })),
      );
    }
  });

  it('return what the model declares', () => {
    const record = schemas['casp.changeRecord']?.properties ?? {};
    expect(Object.keys(record)).toEqual([
      '@odata.type',
      ...changesFunction.returns.properties.map(({ name }) => name),
    ]);
    expect(schemas['casp.changedValues']).toMatchObject({ type: 'object', additionalProperties: true });
    expect(schemas).toHaveProperty(['casp.changeRecordCollectionResponse']);
  });
});

describe('the three descriptions of the type', () => {
  const ofModel = (type: EntityType): Facts =>
    Object.fromEntries(
      type.properties.map(({ name, nullable, access, type: { kind } }) => [
        name,
        `${kind} ${nullable ? 'nullable' : 'never null'} ${access === 'readWrite' ? 'writable' : 'computed'}`,
      ]),
    );

  const ofOpenApi = (): Facts => {
    const [, own] = (schemas['microsoft.graph.cloudAppSecurityProfile']?.allOf ?? []) as unknown as Node[];
    const properties = { ...schemas['microsoft.graph.entity']?.properties, ...own?.properties };
    return Object.fromEntries(
      Object.entries(properties)
        .filter(([name]) => !name.startsWith('@'))
        .map(([name, schema]) => [
          name,
          `${kindOf(schema)} ${schema.nullable ? 'nullable' : 'never null'} ${schema.readOnly ? 'computed' : 'writable'}`,
        ]),
    );
  };
  const kindOf = (schema: Node): string => {
    const [reference] = (schema.allOf ?? []) as unknown as { readonly $ref: string }[];
    if (reference === undefined) return String(schema.type) === 'array' ? 'collection' : 'primitive';
    const target = schemas[reference.$ref.split('/').at(-1) ?? ''];
    return target?.enum === undefined ? 'complex' : 'enum';
  };

  const csdl = (JSON.parse(writeCsdlJson(model, fullOptions('v1.0'))) as Node)['microsoft.graph'] as Node;
  const ofCsdl = (): Facts =>
    Object.fromEntries(
      Object.entries({ ...csdl.entity, ...csdl.cloudAppSecurityProfile })
        .filter(([name]) => !/^[$@]/.test(name))
        .map(([name, property]) => [
          name,
          `${csdlKind(property)} ${property.$Nullable ? 'nullable' : 'never null'} ${property['@Core.Computed'] ? 'computed' : 'writable'}`,
        ]),
    );
  const csdlKind = (property: Node): string => {
    if (property.$Collection) return 'collection';
    const name = String(property.$Type ?? 'Edm.String');
    if (name.startsWith('Edm.')) return 'primitive';
    return String(csdl[name.replace('graph.', '')]?.$Kind) === 'EnumType' ? 'enum' : 'complex';
  };

  it('agree on the properties', () => {
    const facts = ofModel(cloudAppSecurityProfile);
    expect(ofOpenApi()).toEqual(facts);
    expect(ofCsdl()).toEqual(facts);
    expect(Object.keys(ofOpenApi())).toEqual(Object.keys(facts));
    expect(Object.keys(ofCsdl())).toEqual(Object.keys(facts));
  });

  it('agree on the members of the enumeration', () => {
    const { $Kind, ...members } = csdl.applicationPermissionsRequired ?? {};
    const name = 'microsoft.graph.applicationPermissionsRequired';
    expect(schemas[name]?.enum).toEqual(Object.keys(members));
    expect(
      (at('components', 'schemas', name, 'x-ms-enum', 'values') as { value: string }[]).map(
        ({ value }) => value,
      ),
    ).toEqual(Object.keys(members));
    const declared = cloudAppSecurityProfile.properties.find(({ type }) => type.kind === 'enum')?.type;
    expect(declared?.kind === 'enum' && declared.members.map(({ name }) => name)).toEqual(
      Object.keys(members),
    );
  });

  it('agree on what can be written', () => {
    const writable = cloudAppSecurityProfile.properties
      .filter(({ access }) => access === 'readWrite')
      .map(({ name }) => name);
    for (const operation of ['create', 'update']) {
      const { properties } = schemas[`microsoft.graph.cloudAppSecurityProfile-${operation}`] ?? {};
      expect(Object.keys(properties ?? {}).filter((name) => !name.startsWith('@'))).toEqual(writable);
    }
  });
});
