import { describe, expect, it } from 'vitest';
import { parseApply } from '../../../src/language/apply.ts';
import { parseFilter } from '../../../src/language/parser.ts';
import { limits } from '../../../src/limits.ts';
import type { Aggregate, ApplyColumn, ApplyStep } from '../../../src/plan/apply-steps.ts';
import { type BoundApply, bindApply } from '../../../src/plan/bind-apply.ts';
import { bindFilter } from '../../../src/plan/bind-expression.ts';
import {
  type BoundExpression,
  booleanType,
  dateTimeOffsetType,
  doubleType,
  int64Type,
  stringType,
  type ValueType,
} from '../../../src/plan/bound.ts';
import {
  calculate,
  call,
  cast,
  compare,
  leaf,
  refusalOf,
  scopeOf,
  text,
  whole,
} from '../../support/bound-builders.ts';

const bind = (option: string): BoundApply => bindApply(parseApply(option), scopeOf('$apply', option));
const name = leaf('name');
const length = call('length', name);
const filterA: ApplyStep = { kind: 'filter', filter: compare('eq', name, text('a')) };

const keyColumn = (path: string): ApplyColumn => ({
  path,
  type: leaf(path).type,
  leaf: leaf(path).leaf,
  wireType: undefined,
});
const aliasColumn = (path: string, type: ValueType): ApplyColumn => ({
  path,
  type,
  leaf: undefined,
  wireType: undefined,
});
const countColumn = (path: string): ApplyColumn => ({
  path,
  type: int64Type,
  leaf: undefined,
  wireType: 'Edm.Decimal',
});
const column = (path: string, type: ValueType): BoundExpression => ({ kind: 'column', type, name: path });
const count = (alias: string): Aggregate => ({ alias, method: 'count', operand: undefined, type: int64Type });
const group = (keys: readonly string[], ...aggregates: readonly Aggregate[]): ApplyStep => ({
  kind: 'group',
  keys: keys.map(keyColumn),
  aggregates,
});
const entities = (...steps: readonly ApplyStep[]): BoundApply => ({ steps, columns: undefined, added: [] });
const rows = (columns: readonly ApplyColumn[], ...steps: readonly ApplyStep[]): BoundApply => ({
  steps,
  columns,
  added: [],
});

describe('$apply', () => {
  const cases: readonly (readonly [string, BoundApply])[] = [
    ['identity', entities()],
    ["filter(name eq 'a')", entities(filterA)],
    [
      'search(acme)',
      entities({ kind: 'search', search: { kind: 'term', words: ['acme'], leaf: undefined } }),
    ],
    [
      "filter(name eq 'a')/orderby(name desc)/skip(1)/top(2)/identity",
      entities(
        filterA,
        { kind: 'orderBy', keys: [{ expression: name, descending: true }] },
        { kind: 'skip', rows: 1 },
        { kind: 'top', rows: 2 },
      ),
    ],
    ['orderby(1)', entities()],
    ['groupby((publisher))', rows([keyColumn('publisher')], group(['publisher']))],
    [
      'groupby((Publisher,vendorInformation/provider,publisher))',
      rows(
        [keyColumn('publisher'), keyColumn('vendorInformation/provider')],
        group(['publisher', 'vendorInformation/provider']),
      ),
    ],
    [
      'groupby((platform),aggregate($count as n))',
      rows([keyColumn('platform'), countColumn('n')], group(['platform'], count('n'))),
    ],
    ['aggregate($count as n)', rows([countColumn('n')], group([], count('n')))],
    [
      'aggregate(name with countdistinct as d,name with min as m,createdDateTime with max as x)',
      rows(
        [countColumn('d'), aliasColumn('m', stringType), aliasColumn('x', dateTimeOffsetType)],
        group(
          [],
          { alias: 'd', method: 'countDistinct', operand: name, type: int64Type },
          { alias: 'm', method: 'min', operand: name, type: stringType },
          { alias: 'x', method: 'max', operand: leaf('createdDateTime'), type: dateTimeOffsetType },
        ),
      ),
    ],
    [
      'aggregate(cast(riskScore,Edm.Decimal) with sum as s,length(name) with average as a)',
      rows(
        [aliasColumn('s', doubleType), aliasColumn('a', doubleType)],
        group(
          [],
          { alias: 's', method: 'sum', operand: cast('Edm.Decimal', leaf('riskScore')), type: doubleType },
          { alias: 'a', method: 'average', operand: cast('Edm.Double', length), type: doubleType },
        ),
      ),
    ],
    [
      'compute(length(name) as size)',
      {
        steps: [{ kind: 'compute', computed: [{ alias: 'size', expression: length }] }],
        columns: undefined,
        added: [aliasColumn('size', int64Type)],
      },
    ],
    [
      'compute(length(name) as size)/filter(Size gt 5)/groupby((size),aggregate($count as n))/orderby(n desc)/top(3)',
      rows(
        [aliasColumn('size', int64Type), countColumn('n')],
        { kind: 'compute', computed: [{ alias: 'size', expression: length }] },
        { kind: 'filter', filter: compare('gt', column('size', int64Type), whole(5)) },
        { kind: 'group', keys: [aliasColumn('size', int64Type)], aggregates: [count('n')] },
        { kind: 'orderBy', keys: [{ expression: column('n', int64Type), descending: true }] },
        { kind: 'top', rows: 3 },
      ),
    ],
    [
      'groupby((platform),compute(length(name) as size)/aggregate(size with max as m))',
      rows(
        [keyColumn('platform'), aliasColumn('m', int64Type)],
        { kind: 'compute', computed: [{ alias: 'size', expression: length }] },
        group(['platform'], {
          alias: 'm',
          method: 'max',
          operand: column('size', int64Type),
          type: int64Type,
        }),
      ),
    ],
    // Rows after a grouping are grouped again, filtered, computed with.
    [
      "groupby((platform),aggregate($count as n))/filter(platform eq 'a' and n gt 1)/compute(n mul 2 as m)/aggregate(m with max as x)",
      rows(
        [aliasColumn('x', int64Type)],
        group(['platform'], count('n')),
        {
          kind: 'filter',
          filter: {
            kind: 'and',
            operands: [
              compare('eq', leaf('platform'), text('a')),
              compare('gt', column('n', int64Type), whole(1)),
            ],
          },
        },
        {
          kind: 'compute',
          computed: [
            { alias: 'm', expression: calculate('mul', int64Type, column('n', int64Type), whole(2)) },
          ],
        },
        group([], { alias: 'x', method: 'max', operand: column('m', int64Type), type: int64Type }),
      ),
    ],
    [
      'groupby((isSigned))/aggregate(isSigned with countdistinct as d)',
      rows(
        [countColumn('d')],
        group(['isSigned']),
        group([], { alias: 'd', method: 'countDistinct', operand: leaf('isSigned'), type: int64Type }),
      ),
    ],
    [
      "filter(name eq 'a')/concat(aggregate($count as n),groupby((platform),aggregate($count as n)))/filter(n gt 1)",
      rows(
        [countColumn('n'), keyColumn('platform')],
        filterA,
        {
          kind: 'concat',
          branches: [[group([], count('n'))], [group(['platform'], count('n'))]],
          columns: [countColumn('n'), keyColumn('platform')],
        },
        { kind: 'filter', filter: compare('gt', column('n', int64Type), whole(1)) },
      ),
    ],
    [
      'groupby((platform))/concat(identity,top(1))',
      rows([keyColumn('platform')], group(['platform']), {
        kind: 'concat',
        branches: [[], [{ kind: 'top', rows: 1 }]],
        columns: [keyColumn('platform')],
      }),
    ],
  ];
  it.each(cases)('%s', (option, bound) => {
    expect(bind(option)).toEqual(bound);
  });

  it('names the columns that options after it may use', () => {
    const { columns, added } = bind('groupby((platform),aggregate($count as n))');
    const bindAfter = (filter: string) =>
      bindFilter(parseFilter(filter), { ...scopeOf('$filter', filter), columns, added });
    expect(bindAfter("n gt 1 and PLATFORM eq 'a'")).toEqual({
      kind: 'and',
      operands: [compare('gt', column('n', int64Type), whole(1)), compare('eq', leaf('platform'), text('a'))],
    });
    expect(refusalOf(() => bindAfter("name eq 'a'"))).toEqual({
      code: 'propertyUnknown',
      target: '$filter',
      message:
        "Invalid filter clause: Could not find a property named 'name' on type 'microsoft.graph.cloudAppSecurityProfile'. " +
        "Grouping removed it; left are platform, n. It stands at position 0 in 'name eq 'a''.",
    });
  });

  it('names the computed columns of whole entities', () => {
    const { columns, added } = bind('compute(name eq null as nameless)');
    const bindAfter = (filter: string) =>
      bindFilter(parseFilter(filter), { ...scopeOf('$filter', filter), columns, added });
    expect(bindAfter('nameless and isSigned')).toEqual({
      kind: 'and',
      operands: [column('nameless', booleanType), leaf('isSigned')],
    });
  });

  const type = 'microsoft.graph.cloudAppSecurityProfile';
  const removed = (path: string, left: string) =>
    `Could not find a property named '${path}' on type '${type}'. Grouping removed it; left are ${left}. It stands`;
  const refusals: readonly (readonly [
    option: string,
    code: string,
    position: number,
    reason: string,
    hint: string,
  ])[] = [
    [
      'filter(nmae eq 1)',
      'propertyUnknown',
      7,
      `Could not find a property named 'nmae' on type '${type}'. Did you mean 'name'? It stands`,
      '',
    ],
    ['filter(name)', 'operandTypeMismatch', 7, 'the filter expected Edm.Boolean, found Edm.String', ''],
    ["groupby((name))/filter(type eq 'x')", 'propertyUnknown', 23, removed('type', 'name'), ''],
    ['groupby((name))/filter(tags/any())', 'propertyUnknown', 23, removed('tags', 'name'), ''],
    [
      'groupby((vendorInformation/vendor))/groupby((vendorInformation/provider))',
      'propertyUnknown',
      45,
      removed('vendorInformation/provider', 'vendorInformation/vendor'),
      '',
    ],
    [
      'groupby((name))/filter(colour eq 1)',
      'propertyUnknown',
      23,
      `Could not find a property named 'colour' on type '${type}'. It stands`,
      '',
    ],
    [
      'groupby((name))/filter($it eq 1)',
      'operandTypeMismatch',
      23,
      'expected a column of the grouped rows, found $it',
      '',
    ],
    [
      'groupby((tags))',
      'operandTypeMismatch',
      9,
      "'groupby' expected a primitive property, found Collection(Edm.String)",
      '',
    ],
    [
      'groupby((vendorInformation))',
      'operandTypeMismatch',
      9,
      "'groupby' expected a primitive property, found microsoft.graph.securityVendorInformation",
      'Group by its members: vendorInformation/provider, vendorInformation/providerVersion, ' +
        'vendorInformation/subProvider, vendorInformation/vendor.',
    ],
    [
      'aggregate(riskScore with sum as s)',
      'operandTypeMismatch',
      10,
      "'with sum' expected a number, found Edm.String",
      'To read it as a number, write cast(riskScore,Edm.Decimal).',
    ],
    [
      'aggregate(createdDateTime with average as s)',
      'operandTypeMismatch',
      10,
      "'with average' expected a number, found Edm.DateTimeOffset",
      '',
    ],
    [
      'aggregate(isSigned with min as m)',
      'operandTypeMismatch',
      10,
      "'with min' expected text, a number or a time, found Edm.Boolean",
      '',
    ],
    [
      'aggregate(tags with countdistinct as m)',
      'operandTypeMismatch',
      10,
      "'with countdistinct' expected a primitive value, found Collection(Edm.String)",
      "To test its items, write tags/any(x:x eq 'a') or 'a' in tags; to count them, tags/$count.",
    ],
    [
      'aggregate($count as Name)',
      'expressionSyntax',
      20,
      "expected an alias that is no property, found 'Name'",
      '',
    ],
    [
      'aggregate($count as n,$count as N)',
      'expressionSyntax',
      32,
      "expected an alias not used before, found 'N'",
      '',
    ],
    [
      'compute(1 as n)/compute(2 as n)',
      'expressionSyntax',
      29,
      "expected an alias not used before, found 'n'",
      '',
    ],
    [
      'aggregate($count as n)/compute(n as name)',
      'expressionSyntax',
      36,
      "expected an alias that is no property, found 'name'",
      '',
    ],
    [
      'compute(1 as a,a add 1 as b)',
      'propertyUnknown',
      15,
      `Could not find a property named 'a' on type '${type}'. It stands`,
      '',
    ],
    [
      'concat(aggregate($count as n),aggregate(name with max as n))',
      'operandTypeMismatch',
      0,
      "'concat' expected one type for 'n' in all its sequences, found several",
      '',
    ],
    [
      'concat(identity,aggregate($count as n))',
      'optionUnsupported',
      7,
      'concat of whole entities is not supported; each of its sequences needs groupby or aggregate,',
      '',
    ],
    [
      'groupby((name))/search(a)',
      'optionUnsupported',
      16,
      'search after groupby or aggregate is not supported',
      '',
    ],
    [
      'aggregate(tags/$count as n)',
      'optionUnsupported',
      10,
      "a path before '$count as' is not supported; write tags/$count with sum,",
      '',
    ],
    [
      'groupby((name),top(1))',
      'optionUnsupported',
      15,
      'inside groupby only compute and one aggregate are supported; other transformations stand before or after it,',
      '',
    ],
    [
      'groupby((name),identity)',
      'optionUnsupported',
      0,
      'inside groupby only compute and one aggregate are supported; other transformations stand before or after it,',
      '',
    ],
    [
      'groupby((name),top(1)/aggregate($count as n))',
      'optionUnsupported',
      15,
      'inside groupby only compute and one aggregate are supported; other transformations stand before or after it,',
      '',
    ],
  ];
  it.each(refusals)('refuses %s', (option, code, position, reason, hint) => {
    const excerpt = option.length > 60 ? expect.anything() : undefined;
    const refusal = refusalOf(() => bind(option));
    expect({ code: refusal.code, target: refusal.target }).toEqual({ code, target: '$apply' });
    expect(refusal.message).toContain(`Invalid apply clause: ${reason} at position ${position} in '`);
    if (excerpt === undefined) {
      const sentence = hint === '' ? '' : ` ${hint}`;
      expect(refusal.message).toBe(
        `Invalid apply clause: ${reason} at position ${position} in '${option}'.${sentence}`,
      );
    }
  });

  it('holds what concat reads to its limit', () => {
    const twice = 'concat(aggregate($count as n),aggregate($count as n))';
    const again = 'concat(identity,identity)';
    const doubled = (times: number) => [twice, ...Array.from({ length: times - 1 }, () => again)].join('/');
    const times = Math.log2(limits.concatBranchesMax);
    expect(bind(doubled(times)).columns).toEqual([countColumn('n')]);
    expect(refusalOf(() => bind(doubled(times + 1))).code).toBe('queryTooComplex');
  });
});
