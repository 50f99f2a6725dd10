import { describe, expect, it } from 'vitest';
import { limits } from '../../../src/limits.ts';
import type { BoundExpression } from '../../../src/plan/bound.ts';
import { type CanonicalFunction, functionSignatures } from '../../../src/plan/functions.ts';
import {
  and,
  bindText,
  boolean,
  call,
  cast,
  compare,
  date,
  double,
  instant,
  leaf,
  nothing,
  nowTicks,
  propertyOf,
  refusalOf,
  text,
  time,
  whole,
} from '../../support/bound-builders.ts';

const name = leaf('name');
const created = leaf('createdDateTime');
const number = cast('Edm.Double', leaf('riskScore'));
const inTags = (value: string): BoundExpression => ({
  kind: 'inCollection',
  operand: text(value),
  property: propertyOf('tags'),
});

/** At least one call of each function: a new one does not compile until it stands here. */
const canonical: Readonly<Record<CanonicalFunction, readonly (readonly [string, BoundExpression])[]>> = {
  contains: [
    ["contains(name,'a')", call('contains', name, text('a'))],
    ['CONTAINS(vendorInformation/vendor,name)', call('contains', leaf('vendorInformation/vendor'), name)],
    [
      'contains(id,053C36A0-5A4C-4C3B-8A4E-0123456789AB)',
      call('contains', leaf('id'), text('053c36a0-5a4c-4c3b-8a4e-0123456789ab')),
    ],
  ],
  startswith: [["startsWith(name,'a')", call('startswith', name, text('a'))]],
  endswith: [["endswith(name,'a')", call('endswith', name, text('a'))]],
  matchespattern: [["matchesPattern(name,'^a.*b$')", call('matchespattern', name, text('^a.*b$'))]],
  tolower: [["tolower(name) eq 'a'", compare('eq', call('tolower', name), text('a'))]],
  toupper: [["toupper(name) eq 'A'", compare('eq', call('toupper', name), text('A'))]],
  trim: [["trim(name) eq 'A'", compare('eq', call('trim', name), text('A'))]],
  concat: [["concat(name,'b') eq 'ab'", compare('eq', call('concat', name, text('b')), text('ab'))]],
  length: [['length(name) eq 1', compare('eq', call('length', name), whole(1))]],
  indexof: [["indexof(name,'a') eq -1", compare('eq', call('indexof', name, text('a')), whole(-1))]],
  substring: [
    ["substring(name,1) eq 'a'", compare('eq', call('substring', name, whole(1)), text('a'))],
    ["substring(name,-1,0) eq 'a'", compare('eq', call('substring', name, whole(-1), whole(0)), text('a'))],
  ],
  year: [
    ['year(createdDateTime) eq 1', compare('eq', call('year', created), whole(1))],
    ['year(2021-07-13) eq 1', compare('eq', call('year', date(737_983n)), whole(1))],
  ],
  month: [['month(createdDateTime) eq 1', compare('eq', call('month', created), whole(1))]],
  day: [['day(date(createdDateTime)) eq 1', compare('eq', call('day', call('date', created)), whole(1))]],
  hour: [
    ['hour(createdDateTime) eq 1', compare('eq', call('hour', created), whole(1))],
    ['hour(13:45) eq 1', compare('eq', call('hour', time(495_000_000_000n)), whole(1))],
  ],
  minute: [['minute(createdDateTime) eq 1', compare('eq', call('minute', created), whole(1))]],
  second: [['second(createdDateTime) eq 1', compare('eq', call('second', created), whole(1))]],
  fractionalseconds: [
    [
      'fractionalseconds(createdDateTime) lt 0.5',
      compare('lt', call('fractionalseconds', created), double(0.5)),
    ],
  ],
  totalseconds: [
    [
      'totalseconds(createdDateTime sub createdDateTime) eq 0',
      compare(
        'eq',
        call('totalseconds', {
          kind: 'arithmetic',
          operator: 'sub',
          type: { kind: 'primitive', name: 'Edm.Duration' },
          left: created,
          right: created,
        }),
        double(0),
      ),
    ],
  ],
  totaloffsetminutes: [
    [
      'totaloffsetminutes(createdDateTime) eq 0',
      compare('eq', call('totaloffsetminutes', created), whole(0)),
    ],
  ],
  date: [['date(createdDateTime) eq 2021-07-13', compare('eq', call('date', created), date(737_983n))]],
  time: [['time(createdDateTime) lt 00:00', compare('lt', call('time', created), time(0n))]],
  round: [
    ['round(cast(riskScore,Edm.Double)) eq 1', compare('eq', call('round', number), double(1))],
    // Whole numbers are rounded already.
    ['round(length(name)) eq 1', compare('eq', call('length', name), whole(1))],
  ],
  floor: [['floor(cast(riskScore,Edm.Double)) eq 1', compare('eq', call('floor', number), double(1))]],
  ceiling: [['ceiling(cast(riskScore,Edm.Double)) eq 1', compare('eq', call('ceiling', number), double(1))]],
};

describe('canonical functions', () => {
  it.each(Object.values(canonical).flat())('%s', (filter, bound) => {
    expect(bindText(filter)).toEqual(bound);
  });

  it('are null for a null argument', () => {
    expect(bindText("contains(null,'a')")).toEqual(nothing);
    expect(bindText('length(@unset) eq 1')).toEqual(compare('eq', nothing, whole(1)));
  });

  it.each(Object.entries(functionSignatures))(
    '%s refuses too few and too many arguments',
    (function_, { parameters, optional }) => {
      const least = parameters.length - optional;
      const expected =
        least === parameters.length
          ? `${least} argument${least === 1 ? '' : 's'}`
          : `${least} or ${parameters.length} arguments`;
      for (const count of [least - 1, parameters.length + 1]) {
        const filter = `${function_}(${Array.from({ length: count }, () => 'null').join(',')})`;
        expect(refusalOf(() => bindText(filter))).toEqual({
          code: 'operandTypeMismatch',
          target: '$filter',
          message: `Invalid filter clause: '${function_}' expected ${expected}, found ${count} at position 0 in '${filter}'.`,
        });
      }
    },
  );

  it.each(Object.entries(functionSignatures))('%s refuses a Boolean', (function_, { parameters }) => {
    const filter = `${function_}(${['isSigned', ...parameters.slice(1).map(() => 'null')].join(',')}) eq null`;
    const { code, message } = refusalOf(() => bindText(filter));
    const types = parameters[0]?.map((type) => type.name).join(' or ');
    expect(code).toBe('operandTypeMismatch');
    expect(message).toContain(
      `argument 1 of '${function_}' expected ${types}, found Edm.Boolean at position ${function_.length + 1} in`,
    );
  });
});

describe('functions that are expanded', () => {
  const cases: readonly (readonly [string, BoundExpression])[] = [
    ['createdDateTime lt now()', compare('lt', created, instant(nowTicks))],
    ['createdDateTime gt MinDateTime()', compare('gt', created, instant(0n))],
    ['createdDateTime lt maxdatetime()', compare('lt', created, instant(3_155_378_975_999_999_999n))],
    ['hassubset(tags,["a","b"])', and(inTags('a'), inTags('b'))],
    ['hassubset(tags,["a"])', inTags('a')],
    ['hassubset(tags,[])', boolean(true)],
  ];
  it.each(cases)('%s', (filter, bound) => {
    expect(bindText(filter)).toEqual(bound);
  });
});

describe('refused calls', () => {
  const cases: readonly (readonly [filter: string, code: string, message: string])[] = [
    [
      "containz(name,'a')",
      'functionUnknown',
      "there is no function 'containz' at position 0 in 'containz(name,'a')'. Did you mean 'contains'?",
    ],
    [
      'isSigned and foo()',
      'functionUnknown',
      "there is no function 'foo' at position 13 in 'isSigned and foo()'.",
    ],
    [
      'graph.foo(name)',
      'functionUnknown',
      "there is no function 'graph.foo' at position 0 in 'graph.foo(name)'.",
    ],
    [
      'now(1) eq null',
      'operandTypeMismatch',
      "'now' expected no arguments, found 1 at position 0 in 'now(1) eq null'.",
    ],
    [
      "contains(permissionsRequired,'a')",
      'operandTypeMismatch',
      "argument 1 of 'contains' expected Edm.String, found microsoft.graph.applicationPermissionsRequired at position 9 in " +
        "'contains(permissionsRequired,'a')'. Write cast(permissionsRequired,Edm.String).",
    ],
    [
      'contains(name,5)',
      'operandTypeMismatch',
      "argument 2 of 'contains' expected Edm.String, found Edm.Int64 at position 14 in 'contains(name,5)'. Write text in single quotes.",
    ],
    [
      'length(tags) gt 1',
      'operandTypeMismatch',
      "argument 1 of 'length' expected Edm.String, found Collection(Edm.String) at position 7 in 'length(tags) gt 1'. " +
        "To test its items, write tags/any(x:x eq 'a') or 'a' in tags; to count them, tags/$count.",
    ],
    [
      "year('2021-07-13') eq 1",
      'operandTypeMismatch',
      "argument 1 of 'year' expected Edm.DateTimeOffset or Edm.Date, found Edm.String at position 5 in 'year('2021-07-13') eq 1'. " +
        'Write 2021-07-13 without quotes.',
    ],
    [
      'hour(2021-07-13) eq 1',
      'operandTypeMismatch',
      "argument 1 of 'hour' expected Edm.DateTimeOffset or Edm.TimeOfDay, found Edm.Date at position 5 in 'hour(2021-07-13) eq 1'.",
    ],
    [
      'round(riskScore) eq 1',
      'operandTypeMismatch',
      "argument 1 of 'round' expected Edm.Double, found Edm.String at position 6 in 'round(riskScore) eq 1'. " +
        'To read it as a number, write cast(riskScore,Edm.Decimal).',
    ],
    [
      'hour(2021-07-13T00:00:00+02:00) eq 1',
      'operandTypeMismatch',
      "'hour' expected a date-time in UTC, found another time zone at position 5 in 'hour(2021-07-13T00:00:00+02:00) eq 1'.",
    ],
    [
      'second(2021-07-13T00:00:00.12345678Z) eq 1',
      'operandTypeMismatch',
      'expected at most 7 fractional digits outside a comparison, found more at position 7 in ' +
        "'second(2021-07-13T00:00:00.12345678Z) eq 1'.",
    ],
    [
      'round(INF) eq 1',
      'operandTypeMismatch',
      "expected a finite number outside a comparison, found INF or NaN at position 6 in 'round(INF) eq 1'.",
    ],
    [
      "substring(name,0,-1) eq 'a'",
      'operandTypeMismatch',
      "argument 3 of 'substring' expected a length of 0 or more, found -1 at position 17 in 'substring(name,0,-1) eq 'a''.",
    ],
    [
      "substring(name,0.5) eq 'a'",
      'operandTypeMismatch',
      "argument 2 of 'substring' expected Edm.Int64, found Edm.Double at position 15 in 'substring(name,0.5) eq 'a''.",
    ],
    [
      "matchespattern(name,'(')",
      'patternInvalid',
      "expected a regular expression in RE2 syntax, found missing closing ): `(` at position 20 in 'matchespattern(name,'(')'.",
    ],
    [
      'matchespattern(name,platform)',
      'operandTypeMismatch',
      "expected a pattern in quotes, found platform at position 20 in 'matchespattern(name,platform)'.",
    ],
    [
      'hassubset(name,["a"])',
      'operandTypeMismatch',
      "argument 1 of 'hassubset' expected a collection property, found Edm.String at position 10 in 'hassubset(name,[\"a\"])'.",
    ],
    [
      'hassubset(tags,name)',
      'operandTypeMismatch',
      'argument 2 of \'hassubset\' expected a list such as ["a","b"], found Edm.String at position 15 in \'hassubset(tags,name)\'.',
    ],
    [
      'hassubset(tags,[1])',
      'operandTypeMismatch',
      "'in' expected Edm.String, found Edm.Int64 at position 16 in 'hassubset(tags,[1])'. Write text in single quotes.",
    ],
    [
      'hassubsequence(tags,["a"])',
      'optionUnsupported',
      "the function 'hassubsequence' is not supported at position 0 in 'hassubsequence(tags,[\"a\"])'.",
    ],
    [
      'geo.distance(name,name) lt 5',
      'optionUnsupported',
      "the function 'geo.distance' is not supported at position 0 in 'geo.distance(name,name) lt 5'.",
    ],
  ];
  it.each(cases)('%s', (filter, code, message) => {
    expect(refusalOf(() => bindText(filter))).toEqual({
      code,
      target: '$filter',
      message: `Invalid filter clause: ${message}`,
    });
  });

  it('hold patterns to their limit', () => {
    const pattern = 'a'.repeat(limits.patternCharactersMax);
    expect(bindText(`matchespattern(name,'${pattern}')`)).toEqual(
      call('matchespattern', name, text(pattern)),
    );
    expect(refusalOf(() => bindText(`matchespattern(name,'${pattern}a')`)).code).toBe('queryTooComplex');
  });
});
