import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ServiceError } from '../../../src/errors.ts';
import { childrenOf } from '../../../src/plan/bind-scope.ts';
import type { BoundExpression } from '../../../src/plan/bound.ts';
import { classOfValue, type TypeClass } from '../../../src/plan/operand.ts';
import { bindText } from '../../support/bound-builders.ts';

const operand = fc.constantFrom(
  'name',
  'id',
  'isSigned',
  'createdDateTime',
  'permissionsRequired',
  'vendorInformation',
  'vendorInformation/provider',
  'tags',
  'tags/$count',
  '$it',
  'nmae',
  'null',
  'true',
  "'a'",
  "'user'",
  "'true'",
  '5',
  '0',
  '2.5',
  'INF',
  'NaN',
  '2021-07-13',
  '2021-07-13T00:00:00.00000005Z',
  '2021-07-13T00:00:00+02:00',
  '13:45:00.00000005',
  "duration'PT1S'",
  "duration'-PT0.00000001S'",
  '053c36a0-5a4c-4c3b-8a4e-0123456789ab',
  "graph.applicationPermissionsRequired'unknownFutureValue'",
  '["a","b"]',
  '@text',
  '@list',
  '@circle',
  '@unset',
);
const types = fc
  .constantFrom(
    'Edm.String Edm.Boolean Edm.Int32 Edm.Int64 Edm.Decimal Edm.Double Edm.DateTimeOffset Edm.Date Edm.TimeOfDay Edm.Duration ' +
      'Edm.Guid graph.applicationPermissionsRequired graph.securityVendorInformation graph.entity Collection(Edm.String) X.Y',
  )
  .chain((names) => fc.constantFrom(...names.split(' ')));
const oneArgument = fc.constantFrom(
  ...'tolower trim length year hour fractionalseconds totalseconds totaloffsetminutes date time round floor'.split(
    ' ',
  ),
);
const twoArguments = fc.constantFrom(
  ...'contains startswith concat indexof substring matchespattern hassubset'.split(' '),
);
const operator = fc.constantFrom(
  ...'eq ne gt ge lt le and or add sub mul div divby mod'.split(' ').map((word) => ` ${word} `),
);

/** Questions of all sorts, most of them wrong. */
const { filter } = fc.letrec<{ filter: string }>((tie) => {
  const any = tie('filter');
  return {
    filter: fc.oneof(
      { maxDepth: 4, withCrossShrink: true },
      { arbitrary: operand, weight: 3 },
      {
        arbitrary: fc.tuple(any, operator, any).map(([left, word, right]) => `(${left}${word}${right})`),
        weight: 6,
      },
      any.map((inner) => `not (${inner})`),
      any.map((inner) => `-(${inner})`),
      fc.tuple(oneArgument, any).map(([name, inner]) => `${name}(${inner})`),
      fc.tuple(twoArguments, any, any).map(([name, left, right]) => `${name}(${left},${right})`),
      fc.tuple(any, types).map(([inner, type]) => `cast(${inner},${type})`),
      fc.tuple(any, types).map(([inner, type]) => `isof(${inner},${type})`),
      fc.tuple(any, any, any).map(([first, second, third]) => `case(${first}:${second},true:${third})`),
      any.map((inner) => `tags/any(t:(${inner}) eq t)`),
      any.map((inner) => `(${inner}) in ('a',null,5,@list)`),
      any.map((inner) => `(${inner}) in ('user','unknownFutureValue',null)`),
      any.map((inner) => `(${inner}) in tags`),
      any.map((inner) => `(${inner}) has 'user'`),
    ),
  };
});

const aliases = { text: "'a'", list: "['a','b']", circle: 'not @circle' };

/** The bound filter, or undefined when it is refused as a client's mistake. */
function bindOrRefuse(text: string): BoundExpression | undefined {
  try {
    return bindText(text, aliases);
  } catch (error) {
    if (error instanceof ServiceError && (error.status === 400 || error.status === 501)) return undefined;
    throw error;
  }
}

const logical: readonly TypeClass[] = ['boolean', 'null'];

const expectLogical = (expression: BoundExpression) => expect(logical).toContain(classOfValue(expression));

function expectSame(left: BoundExpression, right: BoundExpression): void {
  const classes = [classOfValue(left), classOfValue(right)];
  if (!classes.includes('null')) expect(classes[0]).toBe(classes[1]);
}

/** Throws where an expression breaks what `bound.ts` promises to engines. */
function check(expression: BoundExpression): void {
  checkNode(expression);
  for (const child of childrenOf(expression)) check(child);
}

function checkNode(expression: BoundExpression): void {
  switch (expression.kind) {
    case 'constant':
      if (typeof expression.value === 'number') expect(expression.value).toSatisfy(Number.isFinite);
      break;
    case 'comparison':
      expectSame(expression.left, expression.right);
      break;
    case 'and':
    case 'or':
      for (const each of expression.operands) expectLogical(each);
      break;
    case 'not':
      expectLogical(expression.operand);
      break;
    case 'inList':
      expect(expression.items).not.toEqual([]);
      for (const each of expression.items) expectSame(expression.operand, each);
      break;
    case 'call':
      for (const each of expression.arguments) expect(each).not.toMatchObject({ value: null });
      break;
    case 'case':
      for (const { condition, value } of expression.branches) {
        expectLogical(condition);
        expectSame(expression, value);
      }
      break;
  }
}

describe('any filter', () => {
  it('is refused as a mistake of the client, or bound as engines may rely on', () => {
    let bound = 0;
    fc.assert(
      fc.property(filter, (text) => {
        const expression = bindOrRefuse(text);
        if (expression === undefined) return;
        bound += 1;
        expectLogical(expression);
        check(expression);
      }),
      { numRuns: 3000 },
    );
    expect(bound).toBeGreaterThan(100);
  });
});
