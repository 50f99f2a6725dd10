import { describe, expect, it } from 'vitest';
import { limits } from '../../../src/limits.ts';
import type { ApplyColumn, ApplyStep } from '../../../src/plan/apply-steps.ts';
import { doubleType, int64Type, type ValueType } from '../../../src/plan/bound.ts';
import { compileApply, compileCount } from '../../../src/sql/compile.ts';
import { sqliteDialect } from '../../../src/storage/sqlite/dialect.ts';
import { apply, by, constant, entitySet, gt, leaf, leafOf, tenantId } from './bound.ts';

const table = '"cloud_app_security_profile" as "e"';
const rowsMax = BigInt(limits.applyRowsMax + 1);

const key = (path: string): ApplyColumn => {
  const found = leafOf(path);
  if (found.type.kind === 'collection') throw new Error(`${path} is a collection`);
  return { path, type: found.type, leaf: found, wireType: undefined };
};
const alias = (path: string, type: ValueType): ApplyColumn => ({
  path,
  type,
  leaf: undefined,
  wireType: undefined,
});

const count = { alias: 'n', method: 'count', operand: undefined, type: int64Type } as const;
const columns = [key('publisher'), alias('n', int64Type)];
const group: ApplyStep = { kind: 'group', keys: [key('publisher')], aggregates: [count] };
const grouped = `(select "e"."publisher" as "m0", count(*) as "m1" from ${table} where "e"."tenant_id" = ? group by "e"."publisher") as "e"`;

describe('$apply', () => {
  it('groups, in the order of the keys, and reads one row more than allowed', () => {
    expect(compileApply(apply({ steps: [group], columns }), sqliteDialect)).toEqual({
      text: `select "e"."m0" as "c0", cast("e"."m1" as text) as "c1" from ${grouped} order by "e"."m0" limit ?`,
      parameters: [tenantId, rowsMax],
    });
  });

  it('filters before and after a grouping', () => {
    const steps: ApplyStep[] = [
      { kind: 'filter', filter: leaf('isSigned') },
      group,
      { kind: 'filter', filter: gt({ kind: 'column', type: int64Type, name: 'n' }, constant(2n)) },
      {
        kind: 'orderBy',
        keys: [{ expression: { kind: 'column', type: int64Type, name: 'n' }, descending: true }],
      },
      { kind: 'top', rows: 3 },
    ];
    const signed = grouped.replace('"e"."tenant_id" = ?', '"e"."tenant_id" = ? and "e"."is_signed"');
    expect(compileApply(apply({ steps, columns }), sqliteDialect)).toEqual({
      text:
        'select "e"."m0" as "c0", cast("e"."m1" as text) as "c1" from (' +
        `select "e".* from ${signed} where ("e"."m1" > ?) order by "e"."m1" desc, "e"."m0" limit ?) as "e" ` +
        'order by "e"."m1" desc, "e"."m0" limit ?',
      parameters: [tenantId, 2n, 3n, rowsMax],
    });
  });

  it('aggregates everything to one row', () => {
    const risk = { kind: 'cast', type: doubleType, operand: leaf('riskScore') } as const;
    const steps: ApplyStep[] = [
      {
        kind: 'group',
        keys: [],
        aggregates: [
          { alias: 'a', method: 'average', operand: risk, type: doubleType },
          { alias: 'd', method: 'countDistinct', operand: leaf('name'), type: int64Type },
        ],
      },
    ];
    const result = [alias('a', doubleType), alias('d', int64Type)];
    expect(compileApply(apply({ steps, columns: result }), sqliteDialect)).toEqual({
      text:
        'select casp_real_text("e"."m0") as "c0", cast("e"."m1" as text) as "c1" from (' +
        'select casp_finite(avg(cast(casp_parse(?, "e"."risk_score") as real))) as "m0", count(distinct "e"."name") as "m1" ' +
        `from ${table} where "e"."tenant_id" = ?) as "e" order by "e"."m0" limit ?`,
      parameters: ['Edm.Double', tenantId, rowsMax],
    });
  });

  it('keeps whole entities, with what was computed beside them', () => {
    const added = [alias('n', int64Type)];
    const length = { kind: 'call', function: 'length', type: int64Type, arguments: [leaf('name')] } as const;
    const steps: ApplyStep[] = [
      { kind: 'compute', computed: [{ alias: 'n', expression: length }] },
      { kind: 'orderBy', keys: [by('name')] },
    ];
    expect(compileApply(apply({ steps, columns: undefined, added }), sqliteDialect)).toEqual({
      text:
        'select "e"."id", "e"."version", "e"."json", cast("e"."m0" as text) as "c0" from (' +
        `select "e".*, casp_length("e"."name") as "m0" from ${table} where "e"."tenant_id" = ?) as "e" ` +
        'order by "e"."name", "e"."id" limit ?',
      parameters: [tenantId, rowsMax],
    });
  });

  it('lines up the rows of branches', () => {
    const total: ApplyStep = { kind: 'group', keys: [], aggregates: [count] };
    const steps: ApplyStep[] = [{ kind: 'concat', branches: [[group], [total]], columns }];
    const { text, parameters } = compileApply(apply({ steps, columns }), sqliteDialect);
    expect(text).toBe(
      'select "e"."m2" as "c0", cast("e"."m3" as text) as "c1" from (' +
        `select ? as "m0", row_number() over (order by "e"."m0") as "m1", "e"."m0" as "m2", "e"."m1" as "m3" from ${grouped} union all ` +
        `select ? as "m0", row_number() over (order by "e"."m0") as "m1", null as "m2", "e"."m0" as "m3" from (select count(*) as "m0" from ${table} where "e"."tenant_id" = ?) as "e"` +
        ') as "e" order by "e"."m0", "e"."m1" limit ?',
    );
    expect(parameters).toEqual([0n, tenantId, 1n, tenantId, rowsMax]);
  });

  it('counts the rows of its result', () => {
    expect(compileCount({ entitySet, tenantId, steps: [group] }, sqliteDialect)).toEqual({
      text: `select count(*) as "count" from ${grouped}`,
      parameters: [tenantId],
    });
  });

  it('asks nothing of an entity after a grouping', () => {
    const steps: ApplyStep[] = [group, { kind: 'filter', filter: leaf('isSigned') }];
    expect(() => compileApply(apply({ steps, columns }), sqliteDialect)).toThrow('no column isSigned');
  });
});
