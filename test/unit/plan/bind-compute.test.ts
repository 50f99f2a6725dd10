import { describe, expect, it } from 'vitest';
import { parseCompute } from '../../../src/language/parser.ts';
import { bindCompute } from '../../../src/plan/bind-compute.ts';
import { int64Type } from '../../../src/plan/bound.ts';
import { calculate, call, leaf, refusalOf, scopeOf, whole } from '../../support/bound-builders.ts';

const bind = (text: string) => bindCompute(parseCompute(text), scopeOf('$compute', text));
const length = call('length', leaf('name'));

describe('$compute', () => {
  it('binds values under their aliases, later ones in terms of earlier', () => {
    expect(bind('length(name) as size,size add 1 as more')).toEqual([
      { name: 'size', expression: length },
      { name: 'more', expression: calculate('add', int64Type, length, whole(1)) },
    ]);
  });

  const refusals: readonly (readonly [string, string, string])[] = [
    [
      'platform as Name',
      'expressionSyntax',
      "expected an alias that is no property, found 'Name' at position 12 in 'platform as Name'.",
    ],
    [
      'name as a,platform as A',
      'expressionSyntax',
      "expected an alias not used before, found 'A' at position 22 in 'name as a,platform as A'.",
    ],
    [
      'tags as a',
      'operandTypeMismatch',
      "a computed property expected a primitive value, found Collection(Edm.String) at position 0 in 'tags as a'. " +
        "To test its items, write tags/any(x:x eq 'a') or 'a' in tags; to count them, tags/$count.",
    ],
    [
      'more as a,name as more',
      'propertyUnknown',
      "Could not find a property named 'more' on type 'microsoft.graph.cloudAppSecurityProfile'. " +
        "It stands at position 0 in 'more as a,name as more'.",
    ],
    [
      'INF as a',
      'operandTypeMismatch',
      "expected a finite number outside a comparison, found INF or NaN at position 0 in 'INF as a'.",
    ],
  ];
  it.each(refusals)('refuses %s', (text, code, message) => {
    expect(refusalOf(() => bind(text))).toEqual({
      code,
      target: '$compute',
      message: `Invalid compute clause: ${message}`,
    });
  });

  it('cannot grow without bounds', () => {
    const doubling = Array.from({ length: 12 }, (_, index) => `concat(a${index},a${index}) as a${index + 1}`);
    expect(refusalOf(() => bind(['name as a0', ...doubling].join(','))).code).toBe('queryTooComplex');
  });
});
