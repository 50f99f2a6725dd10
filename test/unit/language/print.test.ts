/** parse(print(x)) is x: for random trees, and for whatever random text happens to be read. */

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ErrorCode } from '../../../src/errors.ts';
import { parseApply } from '../../../src/language/apply.ts';
import {
  parseCompute,
  parseFilter,
  parseOrderBy,
  parseParameterAlias,
  parseSelect,
} from '../../../src/language/parser.ts';
import {
  printApply,
  printCompute,
  printExpression,
  printOrderBy,
  printSearch,
  printSelect,
} from '../../../src/language/print.ts';
import { parseSearch } from '../../../src/language/search.ts';
import { expressionArbitrary, searchArbitrary } from '../../support/expression-arbitrary.ts';
import { syntaxFault } from '../../support/fault.ts';
import { stripOffsets } from '../../support/strip-offsets.ts';

const pieces = [
  ...[
    'name',
    'tags',
    'a',
    'any(',
    'all(',
    't:',
    'cast(',
    'case(',
    'isof(',
    'f(',
    '$it',
    '$count',
    '@p',
    '/',
    '.',
  ],
  ...[
    ' and ',
    ' or ',
    'not ',
    ' eq ',
    ' gt ',
    ' add ',
    ' mul ',
    ' in ',
    ' has ',
    '-',
    ' ',
    '(',
    ')',
    ',',
    ':',
  ],
  ...[
    "'x'",
    "'",
    '1',
    '2.5',
    '1e3',
    'INF',
    'null',
    'true',
    '2021-07-13',
    'T00:00Z',
    '12:30',
    'Edm.String',
    '[',
  ],
  ...[
    ']',
    '"a"',
    '"',
    "duration'P1D'",
    "ns.E'a'",
    '01234567-89ab-cdef-0123-456789abcdef',
    '$',
    '=',
    '\u0000',
    '🎉',
  ],
  ...[
    ' asc',
    ' desc',
    ' as n',
    'filter(',
    'groupby((',
    'aggregate(',
    ' with sum',
    'identity',
    'NOT ',
    ' OR ',
  ],
];
const anyText = fc.array(fc.constantFrom(...pieces), { maxLength: 14 }).map((parts) => parts.join(''));

const refusals: readonly ErrorCode[] = ['expressionSyntax', 'queryTooComplex', 'optionUnsupported'];

/** Reads `text`; undefined when it is refused as it should be, with a position inside the text. */
function readOrRefuse<Tree>(parse: (text: string) => Tree, text: string): Tree | undefined {
  let tree: Tree | undefined;
  try {
    tree = parse(text);
  } catch {
    const fault = syntaxFault(() => parse(text));
    expect(refusals).toContain(fault.code);
    expect(fault.offset).toBeGreaterThanOrEqual(0);
    expect(fault.offset).toBeLessThanOrEqual(text.length);
  }
  return tree;
}

describe('printing random trees', () => {
  it('gives an expression that reads as the same tree', () => {
    fc.assert(
      fc.property(expressionArbitrary, (expression) => {
        const printed = printExpression(expression);
        expect(stripOffsets(parseFilter(printed))).toEqual(stripOffsets(expression));
      }),
      { numRuns: 2000 },
    );
  });

  it('gives a search that reads as the same tree', () => {
    fc.assert(
      fc.property(searchArbitrary, (search) => {
        expect(stripOffsets(parseSearch(printSearch(search)))).toEqual(stripOffsets(search));
      }),
      { numRuns: 1000 },
    );
  });

  it('gives the value of an alias, and the keys of $orderby, that read as the same trees', () => {
    fc.assert(
      fc.property(
        expressionArbitrary,
        fc.constantFrom('asc' as const, 'desc' as const),
        (expression, direction) => {
          const alias = parseParameterAlias('p', printExpression(expression));
          expect(stripOffsets(alias)).toEqual(stripOffsets(expression));
          const items = [{ expression, direction, offset: 0, end: 0 }];
          expect(stripOffsets(parseOrderBy(printOrderBy(items)))).toEqual(stripOffsets(items));
        },
      ),
      { numRuns: 300 },
    );
  });

  it('gives steps of $apply that read as the same steps', () => {
    fc.assert(
      fc.property(expressionArbitrary, searchArbitrary, (expression, search) => {
        fc.pre(printExpression(expression).length < 300);
        const where = { offset: 0, end: 0 };
        const steps = [
          { kind: 'filter', expression, ...where } as const,
          { kind: 'search', expression: search, ...where } as const,
          { kind: 'top', count: 5, ...where } as const,
        ];
        expect(stripOffsets(parseApply(printApply(steps)))).toEqual(stripOffsets(steps));
      }),
      { numRuns: 300 },
    );
  });
});

/** Whatever `parse` makes of the text, it is a refusal with a position or a tree that prints and reads as itself. */
function expectReadOrRefused<Tree>(
  parse: (text: string) => Tree,
  print: (tree: Tree) => string,
  text: string,
): void {
  const tree = readOrRefuse(parse, text);
  if (tree !== undefined) expect(stripOffsets(parse(print(tree)))).toEqual(stripOffsets(tree));
}

describe('reading random text', () => {
  it.each([
    ['$filter', (text: string) => expectReadOrRefused(parseFilter, printExpression, text)],
    ['$orderby', (text: string) => expectReadOrRefused(parseOrderBy, printOrderBy, text)],
    ['$select', (text: string) => expectReadOrRefused(parseSelect, printSelect, text)],
    ['$compute', (text: string) => expectReadOrRefused(parseCompute, printCompute, text)],
    ['$search', (text: string) => expectReadOrRefused(parseSearch, printSearch, text)],
    ['$apply', (text: string) => expectReadOrRefused(parseApply, printApply, text)],
  ])('gives a tree that prints and reads as itself, or a refusal with a position: %s', (_option, holds) => {
    fc.assert(fc.property(anyText, holds), { numRuns: 3000 });
  });

  it('survives one character taken from or put into an expression', () => {
    const edit = fc.tuple(fc.nat(), fc.boolean(), fc.constantFrom(...pieces));
    fc.assert(
      fc.property(expressionArbitrary, edit, (expression, [seed, isInsertion, piece]) => {
        const printed = printExpression(expression);
        const at = seed % (printed.length + 1);
        const edited =
          printed.slice(0, at) + (isInsertion ? piece : '') + printed.slice(isInsertion ? at : at + 1);
        expectReadOrRefused(parseFilter, printExpression, edited);
      }),
      { numRuns: 2000 },
    );
  });
});
