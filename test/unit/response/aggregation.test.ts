import { describe, expect, it } from 'vitest';
import { leavesOf } from '../../../src/edm/types.ts';
import type { ApplyColumn } from '../../../src/plan/apply-steps.ts';
import type { ConstantValue } from '../../../src/plan/bound.ts';
import type { ApplyPlan, ResponseFormat } from '../../../src/plan/plan.ts';
import { writeAggregation } from '../../../src/response/aggregation.ts';
import { context, entitySet, planBase, storedEntity } from '../../support/response-fixture.ts';

const leaves = leavesOf(entitySet.type);

/** A property that was grouped by. */
function key(path: string): ApplyColumn {
  const leaf = leaves.find((candidate) => candidate.path === path);
  if (leaf === undefined || leaf.type.kind === 'collection') throw new Error(`no leaf ${path}`);
  return { path, type: leaf.type, leaf, wireType: undefined };
}

const count: ApplyColumn = {
  path: 'N',
  type: { kind: 'primitive', name: 'Edm.Int64' },
  leaf: undefined,
  wireType: 'Edm.Decimal',
};

function write(
  columns: readonly ApplyColumn[] | undefined,
  rows: readonly (readonly ConstantValue[])[],
  format: Partial<ResponseFormat> = { metadata: 'none' },
  own: { readonly added?: readonly ApplyColumn[]; readonly count?: number } = {},
): unknown {
  const plan: ApplyPlan = {
    ...planBase(format),
    kind: 'apply',
    steps: [],
    columns,
    added: own.added ?? [],
    countSteps: undefined,
  };
  const entity = columns === undefined ? storedEntity({ name: 'n' }) : undefined;
  const result = {
    kind: 'aggregation' as const,
    rows: rows.map((values) => ({ entity, values })),
    count: own.count,
  };
  const text = writeAggregation(result, plan, context);
  const read: unknown = JSON.parse(text);
  // No member stands twice: a reader would lose one of them.
  expect(JSON.stringify(read)).toBe(text);
  return read;
}

describe('writeAggregation', () => {
  it('writes rows in the order of the columns, and a context that lists them', () => {
    expect(
      write(
        [key('platform'), count],
        [
          ['a', 1n],
          [null, 2n],
        ],
        {},
        { count: 2 },
      ),
    ).toEqual({
      '@odata.context': 'https://casp.example/v1.0/$metadata#security/cloudAppSecurityProfiles(platform,N)',
      '@odata.count': 2,
      value: [
        { platform: 'a', 'N@odata.type': '#Decimal', N: 1 },
        { platform: null, 'N@odata.type': '#Decimal', N: 2 },
      ],
    });
  });

  it('writes counts as strings where the client asks', () => {
    expect(write([count], [[1n]], { metadata: 'none', ieee754Compatible: true }, { count: 1 })).toEqual({
      '@odata.count': '1',
      value: [{ N: '1' }],
    });
  });

  it('puts members of a complex property together, where the first of them stands', () => {
    const columns = [key('vendorInformation/provider'), key('name'), key('vendorInformation/vendor'), count];
    expect(write(columns, [['p', 'n', 'v', 1n]])).toEqual({
      value: [{ vendorInformation: { provider: 'p', vendor: 'v' }, name: 'n', N: 1 }],
    });
  });

  it('once, though omit-values leaves some of them out', () => {
    const columns = [key('vendorInformation/provider'), key('vendorInformation/vendor'), key('name')];
    const format = { metadata: 'none', omitNulls: true } as const;
    expect(
      write(
        columns,
        [
          [null, 'v', 'n'],
          ['p', null, null],
        ],
        format,
      ),
    ).toEqual({
      value: [{ vendorInformation: { vendor: 'v' }, name: 'n' }, { vendorInformation: { provider: 'p' } }],
    });
    expect(write(columns, [[null, null, 'n']], format)).toMatchObject({ value: [{ name: 'n' }] });
  });

  it('annotates declared properties at the full level only', () => {
    const columns = [key('permissionsRequired')];
    expect(write(columns, [[2n]], {})).toMatchObject({ value: [{ permissionsRequired: 'guest' }] });
    expect(write(columns, [[2n]], { metadata: 'full' })).toMatchObject({
      value: [
        {
          'permissionsRequired@odata.type': '#microsoft.graph.applicationPermissionsRequired',
          permissionsRequired: 'guest',
        },
      ],
    });
  });

  it('writes whole entities with what was computed beside them', () => {
    const alias = { ...count, path: 'L', wireType: undefined };
    expect(write(undefined, [[5n]], {}, { added: [alias] })).toMatchObject({
      '@odata.context': 'https://casp.example/v1.0/$metadata#security/cloudAppSecurityProfiles(*,L)',
      value: [{ '@odata.etag': 'W/"3"', name: 'n', 'L@odata.type': '#Int64', L: 5 }],
    });
    expect(write(undefined, [[]], {})).toMatchObject({
      '@odata.context': 'https://casp.example/v1.0/$metadata#security/cloudAppSecurityProfiles',
      value: [{ name: 'n' }],
    });
  });

  it('writes no rows as an empty list', () => {
    expect(write([key('platform')], [])).toEqual({ value: [] });
  });
});
