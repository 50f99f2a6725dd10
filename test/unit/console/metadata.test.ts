import { describe, expect, it } from 'vitest';
import { labelOf, parseMetadata } from '../../../console/src/metadata.ts';
import { writeCsdlJson } from '../../../src/edm/csdl-json.ts';
import { model } from '../../../src/model/index.ts';
import { fullOptions } from '../../support/metadata.ts';

describe('labels', () => {
  it.each([
    ['id', 'ID'],
    ['name', 'Name'],
    ['deploymentPackageUrl', 'Deployment package URL'],
    ['azureTenantId', 'Azure tenant ID'],
    ['isSigned', 'Is signed'],
    ['createdDateTime', 'Created'],
    ['lastModifiedDateTime', 'Last modified'],
    ['dateTime', 'Date time'],
  ])('%s reads %s', (name, label) => {
    expect(labelOf(name)).toBe(label);
  });
});

describe.each([
  ['v1.0', '/security/cloudAppSecurityProfiles'],
  ['odata/v4', '/cloudAppSecurityProfiles'],
] as const)('the metadata of %s', (root, collectionPath) => {
  const metadata = parseMetadata(JSON.parse(writeCsdlJson(model, fullOptions(root))));
  const declared = model.entitySets[0]?.type.properties ?? [];

  it('finds the collection and its type', () => {
    expect([metadata.collectionPath, metadata.typeName]).toEqual([
      collectionPath,
      'microsoft.graph.cloudAppSecurityProfile',
    ]);
  });

  it('has every property of the model, in its order, and knows which are given by the service', () => {
    expect(metadata.properties.map(({ name, readOnly }) => [name, readOnly])).toEqual(
      declared.map(({ name, access }) => [name, access !== 'readWrite']),
    );
  });

  it('tells kinds apart', () => {
    const kinds = Object.fromEntries(
      ['id', 'isSigned', 'createdDateTime', 'permissionsRequired', 'tags', 'vendorInformation'].map(
        (path) => {
          const property = metadata.find(path);
          return [path, [property?.kind, property?.collection, property?.nullable]];
        },
      ),
    );
    expect(kinds).toEqual({
      id: ['text', false, false],
      isSigned: ['boolean', false, true],
      createdDateTime: ['dateTime', false, true],
      permissionsRequired: ['enum', false, true],
      tags: ['text', true, false],
      vendorInformation: ['complex', false, true],
    });
  });

  it('offers the members of an enumeration without the sentinel', () => {
    expect(metadata.find('permissionsRequired')?.members.map(({ name }) => name)).toEqual([
      'unknown',
      'anonymous',
      'guest',
      'user',
      'administrator',
      'system',
    ]);
  });

  it('puts members of complex values among the leaves, by their path', () => {
    const paths = metadata.leaves.map(({ path }) => path);
    expect(paths).not.toContain('vendorInformation');
    expect(paths.filter((path) => path.includes('/'))).toEqual([
      'vendorInformation/provider',
      'vendorInformation/providerVersion',
      'vendorInformation/subProvider',
      'vendorInformation/vendor',
    ]);
  });

  it('knows what cannot be sorted by, and what permissions are needed, the least first', () => {
    expect(metadata.leaves.filter(({ sortable }) => !sortable).map(({ path }) => path)).toEqual(['tags']);
    expect(metadata.permissions).toEqual({
      read: ['SecurityEvents.Read.All', 'SecurityEvents.ReadWrite.All'],
      write: ['SecurityEvents.ReadWrite.All'],
    });
    expect(metadata.filterFunctions).toContain('contains');
    expect(metadata.transformations).toContain('groupby');
  });
});

describe('what is no metadata', () => {
  it.each([null, [], {}, { $EntityContainer: 'a.B' }, { $EntityContainer: 'a.B', a: {} }])(
    '%j is refused',
    (document) => {
      expect(() => parseMetadata(document)).toThrow('$metadata');
    },
  );
});
