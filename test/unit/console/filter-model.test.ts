import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  addTerm,
  condition,
  type Filter,
  joinTerms,
  otherLiteral,
  parseFilter,
  printFilter,
  removeTerm,
  replaceTerm,
  termsOf,
  textLiteral,
} from '../../../console/src/filter/filter-model.ts';
import { parseFilter as parseOnServer } from '../../../src/language/parser.ts';
import { printExpression } from '../../../src/language/print.ts';
import { expressionArbitrary } from '../../support/expression-arbitrary.ts';
import { stripOffsets } from '../../support/strip-offsets.ts';

const text = textLiteral;

describe('conditions a person can edit', () => {
  const cases: readonly (readonly [string, Filter])[] = [
    ["name eq 'O''Neil'", condition('name', 'equals', [text("O'Neil")])],
    ['isSigned eq false', condition('isSigned', 'equals', [otherLiteral('false')])],
    ["vendorInformation/provider ne 'x'", condition('vendorInformation/provider', 'notEquals', [text('x')])],
    [
      'createdDateTime ge 2026-01-01T10:20:30.5Z',
      condition('createdDateTime', 'atLeast', [otherLiteral('2026-01-01T10:20:30.5Z')]),
    ],
    [
      'createdDateTime lt 2026-01-01T10:20:30+02:00',
      condition('createdDateTime', 'less', [otherLiteral('2026-01-01T10:20:30+02:00')]),
    ],
    ["contains(name,'a b')", condition('name', 'contains', [text('a b')])],
    ["contains(tolower(name),'acme')", condition('name', 'contains', [text('acme')], true)],
    ["not contains(tolower(name),'acme')", condition('name', 'notContains', [text('acme')], true)],
    ["startswith(name,'A')", condition('name', 'startsWith', [text('A')])],
    ["endswith(name,'')", condition('name', 'endsWith', [text('')])],
    ["platform in ('Web','iOS')", condition('platform', 'oneOf', [text('Web'), text('iOS')])],
    ["not (platform in ('Web'))", condition('platform', 'noneOf', [text('Web')])],
    ['publisher eq null', condition('publisher', 'empty')],
    ['publisher ne null', condition('publisher', 'notEmpty')],
    ["tags/any(t:t eq 'Finance')", condition('tags', 'hasItem', [text('Finance')])],
    ["not tags/any(t:t eq 'Finance')", condition('tags', 'hasNoItem', [text('Finance')])],
    ["tags/any(t:t in ('a','b'))", condition('tags', 'hasAnyOf', [text('a'), text('b')])],
    ["not tags/any(t:t in ('a','b'))", condition('tags', 'hasNoneOf', [text('a'), text('b')])],
    ['tags/any()', condition('tags', 'hasItems')],
    ['not tags/any()', condition('tags', 'hasNoItems')],
    ["not startswith(name,'A')", { kind: 'not', term: condition('name', 'startsWith', [text('A')]) }],
  ];
  it.each(cases)('%s', (written, filter) => {
    expect(parseFilter(written)).toEqual(filter);
    expect(printFilter(filter)).toBe(written);
  });

  it('groups keep the parentheses that matter and drop the others', () => {
    const filter = parseFilter("((isSigned eq true)) and (name eq 'a' or (name eq 'b'))");
    expect(filter).toEqual({
      kind: 'and',
      terms: [
        condition('isSigned', 'equals', [otherLiteral('true')]),
        {
          kind: 'or',
          terms: [condition('name', 'equals', [text('a')]), condition('name', 'equals', [text('b')])],
        },
      ],
    });
    expect(filter && printFilter(filter)).toBe("isSigned eq true and (name eq 'a' or name eq 'b')");
  });

  it('takes names of another case for names of other things', () => {
    expect(parseFilter("CONTAINS(name,'a')")).toEqual({ kind: 'raw', text: "CONTAINS(name,'a')" });
    expect(parseFilter("contains(tolower(name),'Acme')")).toEqual({
      kind: 'raw',
      text: "contains(tolower(name),'Acme')",
    });
  });
});

describe('what the builder has no form for', () => {
  it.each([
    'cast(riskScore,Edm.Decimal) le 3',
    "lastModifiedDateTime ge now() sub duration'P7D'",
    'not isSigned eq false',
    "tags/all(t:t ne 'x')",
    'length(name) gt 3',
    "name eq 'unterminated",
    "(name eq 'a'",
    "name eq 'a' and",
    'and',
    "name eq concat('a',' and ')",
  ])('%s stays as it is', (written) => {
    expect(parseFilter(written)).toEqual({ kind: 'raw', text: written });
  });

  it('no text is no filter', () => {
    expect(parseFilter('  ')).toBeUndefined();
  });

  it('stands beside conditions', () => {
    expect(termsOf("length(name) gt 3 and name ne 'and'")).toEqual([
      { kind: 'raw', text: 'length(name) gt 3' },
      condition('name', 'notEquals', [text('and')]),
    ]);
  });
});

describe('chips', () => {
  const one = condition('name', 'equals', [text('a')]);
  const either = parseFilter("name eq 'a' or name eq 'b'");

  it('are added once, taken away and replaced', () => {
    const filter = addTerm(addTerm('', one), condition('isSigned', 'empty'));
    expect(filter).toBe("name eq 'a' and isSigned eq null");
    expect(addTerm(filter, one)).toBe(filter);
    expect(removeTerm(filter, 0)).toBe('isSigned eq null');
    expect(removeTerm('isSigned eq null', 0)).toBe('');
    expect(replaceTerm(filter, 1, condition('isSigned', 'notEmpty'))).toBe(
      "name eq 'a' and isSigned ne null",
    );
  });

  it('a filter of alternatives is one chip, and stays one beside another', () => {
    if (either === undefined) throw new Error('no filter');
    const joined = joinTerms([either, one]);
    expect(joined).toBe("(name eq 'a' or name eq 'b') and name eq 'a'");
    expect(termsOf(joined)).toEqual([either, one]);
    expect(joinTerms([{ kind: 'raw', text: 'length(name) eq 1 or true' }, one])).toBe(
      "(length(name) eq 1 or true) and name eq 'a'",
    );
  });
});

describe('nothing is lost', () => {
  it('whatever the server can read means the same after a round trip', () => {
    fc.assert(
      fc.property(expressionArbitrary, (expression) => {
        const written = printExpression(expression);
        const filter = parseFilter(written);
        if (filter === undefined) throw new Error('no filter');
        expect(stripOffsets(parseOnServer(printFilter(filter)))).toEqual(
          stripOffsets(parseOnServer(written)),
        );
      }),
      { numRuns: 2000 },
    );
  });

  it('printing and parsing again changes nothing, whatever was typed', () => {
    const pieces = fc.constantFrom(
      ...[
        "name eq 'a'",
        'and',
        'or',
        'not',
        '(',
        ')',
        "'",
        'tags/any(t:t eq 1)',
        'x',
        ',',
        '/',
        'in',
        ' ',
        '"',
      ],
    );
    fc.assert(
      fc.property(fc.array(pieces, { maxLength: 12 }), (typed) => {
        const filter = parseFilter(typed.join(' '));
        if (filter === undefined) return;
        const printed = printFilter(filter);
        const again = parseFilter(printed);
        expect(again && printFilter(again)).toBe(printed);
      }),
      { numRuns: 2000 },
    );
  });
});
