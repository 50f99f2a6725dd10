import { describe, expect, it } from 'vitest';
import { leavesOf } from '../../../src/edm/types.ts';
import { parseSearch } from '../../../src/language/search.ts';
import { limits } from '../../../src/limits.ts';
import { cloudAppSecurityProfile } from '../../../src/model/cloud-app-security-profile.ts';
import { bindSearch } from '../../../src/plan/bind-search.ts';
import type { BoundSearch } from '../../../src/plan/bound.ts';
import { refusalOf, scopeOf } from '../../support/bound-builders.ts';

const bind = (text: string) => bindSearch(parseSearch(text), scopeOf('$search', text));
const leafOf = (path: string) => leavesOf(cloudAppSecurityProfile).find((leaf) => leaf.path === path);
const term = (words: string, path?: string): BoundSearch => ({
  kind: 'term',
  words: words.split(' '),
  leaf: path === undefined ? undefined : leafOf(path),
});

describe('$search', () => {
  const cases: readonly (readonly [string, BoundSearch])[] = [
    ['Acme', term('acme')],
    ['"Acme Corp."', term('acme corp')],
    ['foo-bar', term('foo bar')],
    ['a b', { kind: 'and', operands: [term('a'), term('b')] }],
    [
      'a AND NOT b OR c',
      {
        kind: 'or',
        operands: [{ kind: 'and', operands: [term('a'), { kind: 'not', operand: term('b') }] }, term('c')],
      },
    ],
    ['"name:acme corp"', term('acme corp', 'name')],
    ['"Name: acme"', term('acme', 'name')],
    ['name:acme', term('acme', 'name')],
    ['"tags:finance"', term('finance', 'tags')],
    ['"vendorInformation/provider:x"', term('x', 'vendorInformation/provider')],
    ['"id:053c36a0"', term('053c36a0', 'id')],
    // Not a property: text like any other.
    ['"nmae:acme"', term('nmae acme')],
    ['"https://x.y"', term('https x y')],
    ['"vendorInformation:x"', term('vendorinformation x')],
  ];
  it.each(cases)('%s', (text, bound) => {
    expect(bind(text)).toEqual(bound);
  });

  const refusals: readonly (readonly [string, string, string])[] = [
    [
      'a "---"',
      'expressionSyntax',
      "expected a letter or a digit, found '---' at position 2 in 'a \"---\"'.",
    ],
    ['"name:"', 'expressionSyntax', "expected a letter or a digit, found '' at position 0 in '\"name:\"'."],
    [
      '"isSigned:true"',
      'operandTypeMismatch',
      "expected a property of type Edm.String before ':', found isSigned at position 0 in '\"isSigned:true\"'. Use $filter for it.",
    ],
  ];
  it.each(refusals)('refuses %s', (text, code, message) => {
    expect(refusalOf(() => bind(text))).toEqual({
      code,
      target: '$search',
      message: `Invalid search clause: ${message}`,
    });
  });

  it('holds words to their limit', () => {
    const words = (count: number) => Array.from({ length: count }, () => 'a').join(' ');
    expect(bind(`"${words(limits.searchWordsMax)}"`)).toEqual(term(words(limits.searchWordsMax)));
    expect(refusalOf(() => bind(`"${words(limits.searchWordsMax)}" b`)).code).toBe('queryTooComplex');
  });
});
