import { describe, expect, it } from 'vitest';
import { ServiceError } from '../../../src/errors.ts';
import {
  type BoundExpression,
  booleanType,
  dateTimeOffsetType,
  dateType,
  doubleType,
  int64Type,
  stringType,
} from '../../../src/plan/bound.ts';
import { compileCondition } from '../../../src/sql/compile-expression.ts';
import { entityScope } from '../../../src/sql/scope.ts';
import { finish } from '../../../src/sql/statement.ts';
import { sqliteDialect } from '../../../src/storage/sqlite/dialect.ts';
import {
  and,
  call,
  constant,
  contains,
  entitySet,
  eq,
  ge,
  gt,
  instant,
  item,
  leaf,
  lower,
  lt,
  ne,
  not,
  or,
  propertyOf,
  quantifier,
  tenantId,
} from './bound.ts';

const scope = entityScope(entitySet, tenantId, sqliteDialect, 'e');
const compile = (expression: BoundExpression) =>
  finish(compileCondition(expression, scope), sqliteDialect.placeholder);

const name = leaf('name');
const risk = leaf('riskScore');
const id = leaf('id');
const modified = leaf('lastModifiedDateTime');
const nothing = constant(null);
const text = constant('a');

type Case = readonly [what: string, expression: BoundExpression, sql: string, parameters: readonly unknown[]];

const substrings =
  '("e"."row_id" in (select "rowid" / ? from "cloud_app_security_profile_substrings" where "cloud_app_security_profile_substrings" match ? and ("rowid" & ?) = ?))';
const items = 'from "cloud_app_security_profile_tags" as "item_0" where "item_0"."tenant_id" = ?';
const ownItems = `${items} and "item_0"."row_id" = "e"."row_id"`;

const cases: readonly Case[] = [
  // Conditions: the plain operators, which indexes serve.
  ['equality', eq(name, text), '("e"."name" = ?)', ['a']],
  ['equality, sides exchanged', eq(text, name), '(? = "e"."name")', ['a']],
  ['inequality, true for null', ne(name, text), '("e"."name" is not ?)', ['a']],
  ['inequality of what is never null', ne(id, text), '("e"."id" <> ?)', ['a']],
  ['order', gt(name, text), '("e"."name" > ?)', ['a']],
  ['order or equality', ge(name, text), '("e"."name" >= ?)', ['a']],
  ['instants', lt(modified, instant(5n)), '("e"."last_modified_date_time" < ?)', [5n]],
  ['two columns', eq(name, risk), '("e"."name" is "e"."risk_score")', []],
  [
    'two columns, true for two nulls',
    ge(name, risk),
    '(("e"."name" >= "e"."risk_score") or ("e"."name" is null and "e"."risk_score" is null))',
    [],
  ],
  ['null', eq(name, nothing), '("e"."name" is null)', []],
  ['null on the left', ne(nothing, name), '("e"."name" is not null)', []],
  ['null in order', gt(name, nothing), 'false', []],
  ['null in order or equality', ge(nothing, name), '("e"."name" is null)', []],
  ['null and null', eq(nothing, nothing), 'true', []],
  ['null and a key', eq(id, nothing), 'false', []],
  ['a Boolean property', leaf('isSigned'), '"e"."is_signed"', []],
  ['the literal null as a condition', nothing, 'false', []],
  // Under not, null must not be taken for false.
  ['not of equality', not(eq(name, text)), '(not ("e"."name" is ?))', ['a']],
  ['not of order', not(gt(name, text)), '(not (("e"."name" > ?) is true))', ['a']],
  ['not of a function', not(contains(risk, 'a')), '(not (instr("e"."risk_score", ?) > 0))', ['a']],
  [
    'not of a chain',
    not(and(eq(name, text), leaf('isSigned'))),
    '(not (("e"."name" is ?) and "e"."is_signed"))',
    ['a'],
  ],
  // Chains.
  [
    'and, or',
    and(eq(name, text), or(leaf('isSigned'), eq(risk, nothing))),
    '(("e"."name" = ?) and ("e"."is_signed" or ("e"."risk_score" is null)))',
    ['a'],
  ],
  // Lists.
  [
    'in',
    { kind: 'inList', operand: name, items: [constant('a'), constant('b')] },
    '("e"."name" in (?, ?))',
    ['a', 'b'],
  ],
  [
    'in with null',
    { kind: 'inList', operand: name, items: [constant('a'), nothing] },
    '(("e"."name" in (?)) or ("e"."name" is null))',
    ['a'],
  ],
  [
    'not in',
    not({ kind: 'inList', operand: name, items: [constant('a')] }),
    '(not (("e"."name" in (?)) is true))',
    ['a'],
  ],
  // Complex values, enumerations.
  [
    'complex null',
    { kind: 'complexIsNull', property: propertyOf('vendorInformation') },
    '("e"."has_vendor_information" = 0)',
    [],
  ],
  [
    'has',
    { kind: 'has', operand: leaf('permissionsRequired'), mask: 4n },
    '(("e"."permissions_required" & ?) = ?)',
    [4n, 4n],
  ],
  // Texts.
  [
    'startswith as a range',
    call('startswith', booleanType, name, constant('ab')),
    '("e"."name" >= ? and "e"."name" < ?)',
    ['ab', 'ac'],
  ],
  [
    'contains of an indexed text: narrowed, then tested',
    contains(name, 'Acme'),
    `(${substrings} and (instr("e"."name", ?) > 0))`,
    [32n, '"acm" AND "cme"', 31n, 6n, 'Acme'],
  ],
  [
    'contains whatever the case',
    contains(lower(name), 'acme'),
    `(${substrings} and (instr(casp_lower("e"."name"), ?) > 0))`,
    [32n, '"acm" AND "cme"', 31n, 6n, 'acme'],
  ],
  ['contains of a part too short for the index', contains(name, 'ac'), '(instr("e"."name", ?) > 0)', ['ac']],
  ['contains of a text without index', contains(risk, 'acme'), '(instr("e"."risk_score", ?) > 0)', ['acme']],
  // Tags.
  ['any', quantifier('any'), `exists (select 1 ${ownItems})`, [tenantId]],
  [
    'any, by the index of items',
    quantifier('any', eq(item, text)),
    `("e"."row_id" in (select "item_0"."row_id" ${items} and ("item_0"."value" = ?)))`,
    [tenantId, 'a'],
  ],
  [
    'any, item by item',
    quantifier('any', contains(item, 'a')),
    `exists (select 1 ${ownItems} and (instr("item_0"."value", ?) > 0))`,
    [tenantId, 'a'],
  ],
  [
    'any that looks at the row',
    quantifier('any', eq(item, name)),
    `exists (select 1 ${ownItems} and ("item_0"."value" = "e"."name"))`,
    [tenantId],
  ],
  [
    'all',
    quantifier('all', ne(item, text)),
    `(not exists (select 1 ${ownItems} and ("item_0"."value" <> ?) is not true))`,
    [tenantId, 'a'],
  ],
  [
    'count of items',
    gt({ kind: 'itemCount', property: propertyOf('tags') }, constant(2n)),
    `((select count(*) ${ownItems}) > ?)`,
    [tenantId, 2n],
  ],
  // Calculation and casts.
  [
    'arithmetic',
    gt(
      {
        kind: 'arithmetic',
        operator: 'add',
        type: int64Type,
        left: call('length', int64Type, name),
        right: constant(1n),
      },
      constant(3n),
    ),
    '(casp_whole_add(casp_length("e"."name"), ?) > ?)',
    [1n, 3n],
  ],
  [
    'a cast of text',
    gt({ kind: 'cast', type: doubleType, operand: risk }, constant(5)),
    '(casp_parse(?, "e"."risk_score") > ?)',
    ['Edm.Double', 5],
  ],
  [
    'the year of a date',
    eq(call('year', int64Type, call('date', dateType, modified)), constant(2026n)),
    '(cast(strftime(\'%Y\', (("e"."last_modified_date_time" / 864000000000) * 864000000000) / 10000000 - 62135596800, \'unixepoch\') as integer) = ?)',
    [2026n],
  ],
  [
    'a date as an instant',
    ge({ kind: 'cast', type: dateTimeOffsetType, operand: constant(3n, dateType) }, modified),
    '((? * 864000000000) >= "e"."last_modified_date_time")',
    [3n],
  ],
  [
    'case',
    eq(
      {
        kind: 'case',
        type: stringType,
        branches: [{ condition: eq(name, text), value: risk }],
      },
      text,
    ),
    '((case when ("e"."name" = ?) then "e"."risk_score" end) = ?)',
    ['a', 'a'],
  ],
];

describe('a condition', () => {
  it.each(cases)('%s', (_, expression, sql, parameters) => {
    expect(compile(expression)).toEqual({ text: sql, parameters });
  });

  it('of a chain beyond what SQLite nests becomes a tree', () => {
    const chain = or(...Array.from({ length: 5000 }, (_, index) => eq(name, constant(String(index)))));
    const { text: sql, parameters } = finish(
      compileCondition(or(...Array.from({ length: 2000 }, () => leaf('isSigned'))), scope),
      sqliteDialect.placeholder,
    );
    let depth = 0;
    let deepest = 0;
    for (const character of sql) {
      if (character === '(') depth += 1;
      if (character === ')') depth -= 1;
      deepest = Math.max(deepest, depth);
    }
    expect(deepest).toBeLessThan(10);
    expect(parameters).toEqual([]);
    expect(() => compile(chain)).toThrow(ServiceError);
  });

  it('that doubles with each nesting is refused as queryTooComplex', () => {
    const nested = Array.from({ length: 40 }).reduce<BoundExpression>(
      (inner) => ge(and(contains(risk, 'a'), inner), and(leaf('isSigned'), inner)),
      leaf('isSigned'),
    );
    expect(() => compile(nested)).toThrow(expect.objectContaining({ code: 'queryTooComplex' }));
  });

  it('of a column that does not exist throws', () => {
    expect(() => compile({ kind: 'column', type: stringType, name: 'x' })).toThrow('no column x');
  });
});
