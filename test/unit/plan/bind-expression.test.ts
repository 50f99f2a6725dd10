import { describe, expect, it } from 'vitest';
import { parseFilter } from '../../../src/language/parser.ts';
import { limits } from '../../../src/limits.ts';
import { bindFilter } from '../../../src/plan/bind-expression.ts';
import type { BoundExpression } from '../../../src/plan/bound.ts';
import {
  among,
  and,
  bindText,
  boolean,
  call,
  compare,
  double,
  instant,
  item,
  leaf,
  not,
  nothing,
  or,
  permission,
  propertyOf,
  quantify,
  refusalOf,
  scopeOf,
  text,
  whole,
} from '../../support/bound-builders.ts';
import { leastCpuMs } from '../../support/cpu-time.ts';

const name = leaf('name');
const isA = compare('eq', name, text('a'));
const isB = compare('eq', name, text('b'));
const entity = 'microsoft.graph.cloudAppSecurityProfile';

/** The whole refusal of a $filter. */
const refused = (code: string, message: string) => ({
  code,
  target: '$filter',
  message: `Invalid filter clause: ${message}`,
});

describe('logic', () => {
  const cases: readonly (readonly [string, BoundExpression])[] = [
    ["name eq 'a' and name eq 'b' or isSigned", or(and(isA, isB), leaf('isSigned'))],
    ["name eq 'a' and name eq 'b' and isSigned", and(isA, isB, leaf('isSigned'))],
    ["not (name eq 'a')", not(isA)],
    ['not null', not(nothing)],
    ['null and isSigned', and(nothing, leaf('isSigned'))],
    ['isSigned', leaf('isSigned')],
    ['true', boolean(true)],
    ['null', nothing],
  ];
  it.each(cases)('%s', (filter, bound) => {
    expect(bindText(filter)).toEqual(bound);
  });

  const refusals: readonly (readonly [string, string])[] = [
    ['name', "the filter expected Edm.Boolean, found Edm.String at position 0 in 'name'."],
    ['5', "the filter expected Edm.Boolean, found Edm.Int64 at position 0 in '5'."],
    [
      'vendorInformation',
      'the filter expected Edm.Boolean, found microsoft.graph.securityVendorInformation at position 0 in ' +
        "'vendorInformation'. Use one of its members, such as vendorInformation/provider.",
    ],
    [
      'isSigned and name',
      "'and' expected Edm.Boolean, found Edm.String at position 13 in 'isSigned and name'.",
    ],
    [
      "isSigned or 'true'",
      "'or' expected Edm.Boolean, found Edm.String at position 12 in 'isSigned or 'true''. Write true without quotes.",
    ],
    [
      "not name eq 'a'",
      "'not' expected Edm.Boolean, found Edm.String at position 4 in 'not name eq 'a''. 'not' binds tighter than " +
        'comparisons: write not (a eq b).',
    ],
  ];
  it.each(refusals)('refuse %s', (filter, message) => {
    expect(refusalOf(() => bindText(filter))).toEqual(refused('operandTypeMismatch', message));
  });
});

describe('names', () => {
  const cases: readonly (readonly [string, BoundExpression])[] = [
    ["NAME eq 'a'", isA],
    ["$it/name eq 'a'", isA],
    ["VendorInformation/PROVIDER eq 'a'", compare('eq', leaf('vendorInformation/provider'), text('a'))],
    [`${entity}/name eq 'a'`, isA],
    ["$it/graph.cloudAppSecurityProfile/name eq 'a'", isA],
    ["graph.entity/id eq 'a'", compare('eq', leaf('id'), text('a'))],
    [
      "vendorInformation/graph.securityVendorInformation/vendor eq 'a'",
      compare('eq', leaf('vendorInformation/vendor'), text('a')),
    ],
  ];
  it.each(cases)('%s', (filter, bound) => {
    expect(bindText(filter)).toEqual(bound);
  });

  const unknown: readonly (readonly [string, string, string, string, number])[] = [
    ["nmae eq 'a'", 'nmae', entity, " Did you mean 'name'?", 0],
    ["isSigned and colour eq 'a'", 'colour', entity, '', 13],
    [
      "vendorInformation/provder eq 'a'",
      'provder',
      'microsoft.graph.securityVendorInformation',
      " Did you mean 'provider'?",
      18,
    ],
    ["name/first eq 'a'", 'first', 'Edm.String', '', 5],
    [
      "tags/first eq 'a'",
      'first',
      'Collection(Edm.String)',
      ' A collection is followed by any(…), all(…) or $count.',
      5,
    ],
    ["tags/any(t:t/first eq 'a')", 'first', 'Edm.String', '', 13],
  ];
  it.each(unknown)('refuse %s', (filter, property, type, hint, position) => {
    const sentence = `Could not find a property named '${property}' on type '${type}'.${hint}`;
    expect(refusalOf(() => bindText(filter))).toEqual(
      refused('propertyUnknown', `${sentence} It stands at position ${position} in '${filter}'.`),
    );
  });

  it('refuse a type the value does not have', () => {
    expect(refusalOf(() => bindText("graph.security/name eq 'a'"))).toEqual(
      refused(
        'operandTypeMismatch',
        `expected the type ${entity}, found 'graph.security' at position 0 in 'graph.security/name eq 'a''.`,
      ),
    );
  });
});

describe('lambdas', () => {
  const cases: readonly (readonly [string, BoundExpression])[] = [
    ['tags/any()', quantify('any', 0, undefined)],
    ["tags/any(t:t eq 'a')", quantify('any', 0, compare('eq', item(0), text('a')))],
    ["$it/Tags/all(t:startswith(t,'a'))", quantify('all', 0, call('startswith', item(0), text('a')))],
    // The variable hides the property; $it reaches it.
    ['tags/any(name:name eq $it/name)', quantify('any', 0, compare('eq', item(0), name))],
    [
      'tags/any(t:tags/any(u:u ne t) and isSigned)',
      quantify('any', 0, and(quantify('any', 1, compare('ne', item(1), item(0))), leaf('isSigned'))),
    ],
    // Side by side, not nested: the same name and depth again.
    [
      "tags/any(t:t eq 'a') and tags/any(t:t eq 'b')",
      and(
        quantify('any', 0, compare('eq', item(0), text('a'))),
        quantify('any', 0, compare('eq', item(0), text('b'))),
      ),
    ],
    ["tags/any(t:t in ('a','b'))", quantify('any', 0, among(item(0), text('a'), text('b')))],
    [
      'tags/all(t:t in tags)',
      quantify('all', 0, { kind: 'inCollection', operand: item(0), property: propertyOf('tags') }),
    ],
  ];
  it.each(cases)('%s', (filter, bound) => {
    expect(bindText(filter)).toEqual(bound);
  });

  const refusals: readonly (readonly [string, string, string])[] = [
    [
      "name/any(t:t eq 'a')",
      'operandTypeMismatch',
      "'any' expected a collection, found Edm.String at position 0 in 'name/any(t:t eq 'a')'. " +
        'Collections are tags (Collection(Edm.String)).',
    ],
    [
      'vendorInformation/$count eq 1',
      'operandTypeMismatch',
      "'$count' expected a collection, found microsoft.graph.securityVendorInformation at position 0 in " +
        "'vendorInformation/$count eq 1'. Collections are tags (Collection(Edm.String)).",
    ],
    [
      'tags/any(t:t)',
      'operandTypeMismatch',
      "the predicate of 'any' expected Edm.Boolean, found Edm.String at position 11 in 'tags/any(t:t)'.",
    ],
    [
      'tags/any(t:tags/any(t:isSigned))',
      'expressionSyntax',
      "expected another name than 't', which is a variable already at position 20 in 'tags/any(t:tags/any(t:isSigned))'.",
    ],
    [
      "tags/any(t:t eq 'a') and t eq 'a'",
      'propertyUnknown',
      `Could not find a property named 't' on type '${entity}'. It stands at position 25 in ` +
        "'tags/any(t:t eq 'a') and t eq 'a''.",
    ],
  ];
  it.each(refusals)('refuse %s', (filter, code, message) => {
    expect(refusalOf(() => bindText(filter))).toEqual(refused(code, message));
  });
});

describe('case', () => {
  const signed = leaf('isSigned');
  const branched = (type: string, first: BoundExpression, second: BoundExpression): BoundExpression => ({
    kind: 'case',
    type: { kind: 'primitive', name: type as 'Edm.Int64' },
    branches: [
      { condition: signed, value: first },
      { condition: boolean(true), value: second },
    ],
  });
  const cases: readonly (readonly [string, BoundExpression])[] = [
    ['case(isSigned:1,true:2) gt 1', compare('gt', branched('Edm.Int64', whole(1), whole(2)), whole(1))],
    [
      'case(isSigned:1,true:2.5) gt 1',
      compare('gt', branched('Edm.Double', double(1), double(2.5)), double(1)),
    ],
    ["case(isSigned:null,true:'a') eq name", compare('eq', branched('Edm.String', nothing, text('a')), name)],
    ['case(isSigned:null) eq null', compare('eq', nothing, nothing)],
    [
      'case(isSigned:2021-07-13,true:createdDateTime) eq null',
      compare(
        'eq',
        branched('Edm.DateTimeOffset', instant(637_617_312_000_000_000n), leaf('createdDateTime')),
        nothing,
      ),
    ],
  ];
  it.each(cases)('%s', (filter, bound) => {
    expect(bindText(filter)).toEqual(bound);
  });

  it('takes the type of the enumeration among its values', () => {
    const value = {
      ...branched('Edm.Int64', permission(3), leaf('permissionsRequired')),
      type: leaf('permissionsRequired').type,
    } as BoundExpression;
    expect(bindText("case(isSigned:'user',true:permissionsRequired) eq 'user'")).toEqual(
      compare('eq', value, permission(3)),
    );
  });

  const refusals: readonly (readonly [string, string])[] = [
    [
      "case(isSigned:'a',true:5) eq 'a'",
      "a value of 'case' expected Edm.String, found Edm.Int64 at position 23 in 'case(isSigned:'a',true:5) eq 'a''. " +
        'Write text in single quotes.',
    ],
    [
      'case(name:1) eq 1',
      "a condition of 'case' expected Edm.Boolean, found Edm.String at position 5 in 'case(name:1) eq 1'.",
    ],
    [
      'case(true:tags) eq 1',
      "a value of 'case' expected a primitive value, found Collection(Edm.String) at position 10 in 'case(true:tags) eq 1'.",
    ],
  ];
  it.each(refusals)('refuse %s', (filter, message) => {
    expect(refusalOf(() => bindText(filter))).toEqual(refused('operandTypeMismatch', message));
  });
});

describe('parameter aliases', () => {
  it.each([
    ['name eq @p', { p: "'a'" }, isA],
    ['@p', { p: "name eq 'a'" }, isA],
    ['@p or @q', { p: '@q', q: "name eq 'a'" }, or(isA, isA)],
    ['name eq @unset', {}, compare('eq', name, nothing)],
    ['name in @p', { p: '["a","b"]' }, among(name, text('a'), text('b'))],
    ['name in (@p)', { p: '["a","b"]' }, among(name, text('a'), text('b'))],
    ['name in (@p,@q,@unset)', { p: "'a'", q: "'b'" }, among(name, text('a'), text('b'), nothing)],
    ['name in @unset', {}, boolean(false)],
    ['permissionsRequired eq @p', { p: "'user'" }, compare('eq', leaf('permissionsRequired'), permission(3))],
    [
      'permissionsRequired has @p',
      { p: "'user'" },
      { kind: 'has', operand: leaf('permissionsRequired'), mask: 3n },
    ],
    [
      'createdDateTime lt @p',
      { p: '2021-07-13T00:00:00.00000005Z' },
      compare('le', leaf('createdDateTime'), instant(637_617_312_000_000_000n)),
    ],
    ['contains(name,@p)', { p: "'a'" }, call('contains', name, text('a'))],
  ] as const)('%s', (filter, aliases, bound) => {
    expect(bindText(filter, aliases as Record<string, string>)).toEqual(bound);
  });

  it('are refused where they stand, or in their own text', () => {
    expect(refusalOf(() => bindText('isSigned eq @p', { p: "'true'" }))).toEqual(
      refused(
        'operandTypeMismatch',
        "'eq' expected Edm.Boolean, found Edm.String at position 12 in 'isSigned eq @p'. Write true without quotes.",
      ),
    );
    expect(refusalOf(() => bindText('isSigned and @p', { p: "nmae eq 'a'" }))).toEqual({
      code: 'propertyUnknown',
      target: '@p',
      message:
        `Invalid parameter alias clause: Could not find a property named 'nmae' on type '${entity}'. Did you mean ` +
        "'name'? It stands at position 0 in 'nmae eq 'a''.",
    });
    expect(refusalOf(() => bindText('@p', { p: 'name eq' }))).toEqual({
      code: 'expressionSyntax',
      target: '@p',
      message:
        "Invalid parameter alias clause: expected an expression, found the end at position 7 in 'name eq'.",
    });
  });

  it('are refused where they go in a circle', () => {
    expect(refusalOf(() => bindText('@p', { p: 'not @q', q: '@p' }))).toEqual({
      code: 'expressionSyntax',
      target: '@q',
      message:
        "Invalid parameter alias clause: the parameter alias '@p' refers to itself at position 0 in '@p'.",
    });
  });

  it('may be written out to the limit of nodes, not beyond', () => {
    // Each `isSigned` is a node, and the chain one more.
    const most = limits.expressionNodesMax - 1;
    const chain = (length: number) => Array.from({ length }, () => 'isSigned').join(' and ');
    expect(bindText('@p', { p: chain(most) })).toEqual(
      and(...Array.from({ length: most }, () => leaf('isSigned'))),
    );
    expect(refusalOf(() => bindText('isSigned or @p', { p: chain(most - 1) }))).toEqual({
      code: 'queryTooComplex',
      target: '@p',
      message: expect.stringContaining(
        `more than ${limits.expressionNodesMax} operands and operators`,
      ) as string,
    });
  });

  it('do not multiply', () => {
    const names = Array.from({ length: 100 }, (_, index) => `p${index}`);
    const aliases = Object.fromEntries(
      names.map((alias, index) => [alias, `@p${index + 1} and @p${index + 1}`]),
    );
    const bind = () => refusalOf(() => bindText('@p0', { ...aliases, p100: 'isSigned' })).code;
    expect(bind()).toBe('queryTooComplex');
    expect(leastCpuMs(bind, 50)).toBeLessThan(50);
  });

  it('may bring in list items to the limit, not beyond', () => {
    const list = `[${Array.from({ length: limits.listItemsMax }, (_, index) => `"${index}"`).join(',')}]`;
    const times = (count: number) => Array.from({ length: count }, () => 'name in @p').join(' or ');
    const most = limits.expressionTokensMax / limits.listItemsMax;
    expect(bindText(times(most), { p: list })).toMatchObject({ kind: 'or' });
    expect(refusalOf(() => bindText(times(most + 1), { p: list })).code).toBe('queryTooComplex');
  });
});

describe('computed properties', () => {
  const scope = (filter: string) => ({
    ...scopeOf('$filter', filter),
    computed: [{ name: 'size', expression: call('length', name) }],
  });
  const bindWith = (filter: string) => bindFilter(parseFilter(filter), scope(filter));

  it('are what they are computed from', () => {
    expect(bindWith('size gt 5')).toEqual(compare('gt', call('length', name), whole(5)));
    expect(bindWith('$it/SIZE gt 5')).toEqual(compare('gt', call('length', name), whole(5)));
  });

  it('have no parts and are suggested', () => {
    expect(refusalOf(() => bindWith('size/x gt 5')).message).toBe(
      "Invalid filter clause: Could not find a property named 'x' on type 'Edm.Int64'. It stands at position 5 in 'size/x gt 5'.",
    );
    expect(refusalOf(() => bindWith('sise gt 5')).message).toContain("Did you mean 'size'?");
  });

  it('count as often as they are used', () => {
    const uses = (count: number) => Array.from({ length: count }, () => 'size gt 5').join(' or ');
    expect(bindWith(uses(39))).toMatchObject({ kind: 'or' });
    expect(refusalOf(() => bindWith(uses(40))).code).toBe('queryTooComplex');
  });
});
