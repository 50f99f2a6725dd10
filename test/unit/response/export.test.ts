import { describe, expect, it } from 'vitest';
import { parseTenantId } from '../../../src/auth/authenticator.ts';
import { writeEntityText } from '../../../src/edm/entity-text.ts';
import type { EntityValues } from '../../../src/edm/types.ts';
import { cloudAppSecurityProfiles } from '../../../src/model/cloud-app-security-profile.ts';
import type { ExportForm, ExportPlan } from '../../../src/plan/plan.ts';
import { exportName, exportType, writeExport } from '../../../src/response/export.ts';
import type { PageResult } from '../../../src/storage/result.ts';
import { emptyProfile } from '../../support/profiles.ts';
import { context } from '../../support/response-fixture.ts';

const format = { metadata: 'none', ieee754Compatible: false, omitNulls: false, applied: [] } as const;
const planOf = (form: ExportForm): ExportPlan => {
  const base = {
    root: 'v1.0',
    format,
    entitySet: cloudAppSecurityProfiles,
    tenantId: parseTenantId('11111111-2222-4333-8444-555555555555'),
  } as const;
  return {
    ...base,
    kind: 'export',
    form,
    atTicks: 638_999_999_123_456_789n,
    list: {
      ...base,
      kind: 'list',
      pageSize: 100,
      after: undefined,
      remaining: undefined,
      skip: 0,
      filter: undefined,
      search: undefined,
      orderBy: [],
      count: false,
      projection: undefined,
      link: { options: '', fingerprint: '', nowTicks: 0n, pageSize: 100 },
    },
  };
};

async function* pagesOf(...values: readonly EntityValues[]): AsyncGenerator<PageResult> {
  for (const [index, each] of values.entries()) {
    const id = String(index);
    const json = writeEntityText(cloudAppSecurityProfiles.type, { ...emptyProfile(id), ...each });
    yield {
      kind: 'page',
      rows: [{ entity: { id, version: 1, json }, computed: [] }],
      next: ['x'],
      count: undefined,
    };
  }
}

async function write(form: ExportForm, ...values: readonly EntityValues[]): Promise<readonly string[]> {
  const pieces: string[] = [];
  for await (const piece of writeExport(pagesOf(...values), planOf(form), context)) pieces.push(piece);
  return pieces;
}

/** The cell of a name, as it stands in a file that has no other column. */
async function cellOf(name: string | null, raw: boolean): Promise<string> {
  const property = cloudAppSecurityProfiles.type.properties.find((each) => each.name === 'name');
  if (property === undefined) throw new Error('no name');
  const projection = { properties: [{ property, members: undefined }], computed: [], contextPaths: ['name'] };
  const plan = planOf({ kind: 'csv', raw });
  const pieces: string[] = [];
  const file = writeExport(pagesOf({ name }), { ...plan, list: { ...plan.list, projection } }, context);
  for await (const piece of file) pieces.push(piece);
  expect(pieces[0]).toBe(`${raw ? '' : '\uFEFF'}name\r\n`);
  return (pieces[1] ?? '').slice(0, -2);
}

describe('an export', () => {
  it('is named by what it holds and when', () => {
    expect(exportName(planOf({ kind: 'csv', raw: true }))).toMatch(
      /^cloudAppSecurityProfiles-\d{8}T\d{6}Z\.csv$/,
    );
    expect(exportType({ kind: 'csv', raw: false })).toBe('text/csv;charset=utf-8;header=present');
    expect(exportType({ kind: 'csv', raw: true })).toBe('text/csv;charset=utf-8;header=present;raw=true');
    expect(exportType({ kind: 'ndjson' })).toBe('application/x-ndjson');
  });

  it('is written page by page', async () => {
    expect(await write({ kind: 'ndjson' }, { name: 'A' }, { name: 'B' })).toHaveLength(2);
    expect(await write({ kind: 'csv', raw: true }, { name: 'A' }, { name: 'B' })).toHaveLength(3);
    expect(await write({ kind: 'ndjson' })).toEqual([]);
  });

  it.each(['=1', '+a', '-a', '@a', '＝1', '＋1', '－1', '＠1', "'=1", "''+a", '-1-1', '+', '-', '-1e'])(
    'puts an apostrophe before %j',
    async (name) => {
      expect([await cellOf(name, false), await cellOf(name, true)]).toEqual([`'${name}`, name]);
    },
  );

  it.each(['\ta', '\ra', '\na'])('puts an apostrophe before %j, inside the quotes', async (name) => {
    expect([await cellOf(name, false), await cellOf(name, true)]).toEqual([`"'${name}"`, `"${name}"`]);
  });

  it.each([
    ['a,b', '"a,b"'],
    ['a"b', '"a""b"'],
    ['a\r\nb', '"a\r\nb"'],
    ['a\nb', '"a\nb"'],
    ['a;=b', '"a;=b"'],
    ['', '""'],
    [null, ''],
  ])('quotes %j as RFC 4180 has it', async (name, cell) => {
    expect(await cellOf(name, false)).toBe(cell);
  });

  it.each(['1', '-1', '+1', '-1.5', '+.5', '-3.', '-1e9', '-1.5E-3', 'a=1', "'a", "'", '', ' =1', null])(
    'leaves %j as it is',
    async (name) => {
      expect(await cellOf(name, false)).toBe(await cellOf(name, true));
    },
  );
});
