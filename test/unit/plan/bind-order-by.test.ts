import { describe, expect, it } from 'vitest';
import { parseOrderBy } from '../../../src/language/parser.ts';
import { bindOrderBy } from '../../../src/plan/bind-order-by.ts';
import type { OrderKey } from '../../../src/plan/bound.ts';
import {
  boolean,
  call,
  compare,
  leaf,
  propertyOf,
  refusalOf,
  scopeOf,
} from '../../support/bound-builders.ts';

const bind = (text: string) => bindOrderBy(parseOrderBy(text), scopeOf('$orderby', text, { p: "'a'" }));
const key = (expression: OrderKey['expression'], descending = false): OrderKey => ({
  expression,
  descending,
});

describe('$orderby', () => {
  const cases: readonly (readonly [string, readonly OrderKey[]])[] = [
    ['name', [key(leaf('name'))]],
    ['Name desc, publisher asc', [key(leaf('name'), true), key(leaf('publisher'))]],
    ['vendorInformation/provider DESC', [key(leaf('vendorInformation/provider'), true)]],
    ['tolower(name)', [key(call('tolower', leaf('name')))]],
    ['tags/$count desc', [key({ kind: 'itemCount', property: propertyOf('tags') }, true)]],
    ['isSigned eq true', [key(compare('eq', leaf('isSigned'), boolean(true)))]],
    ['permissionsRequired', [key(leaf('permissionsRequired'))]],
    // Constants order nothing.
    ['1,name', [key(leaf('name'))]],
    ['@p', []],
  ];
  it.each(cases)('%s', (text, keys) => {
    expect(bind(text)).toEqual(keys);
  });

  const refusals: readonly (readonly [string, string, string])[] = [
    [
      'name,tags',
      'operandTypeMismatch',
      "a key of the order expected a primitive value, found Collection(Edm.String) at position 5 in 'name,tags'. " +
        "To test its items, write tags/any(x:x eq 'a') or 'a' in tags; to count them, tags/$count.",
    ],
    [
      'vendorInformation desc',
      'operandTypeMismatch',
      'a key of the order expected a primitive value, found microsoft.graph.securityVendorInformation at position 0 in ' +
        "'vendorInformation desc'. Use one of its members, such as vendorInformation/provider.",
    ],
    [
      'publsher',
      'propertyUnknown',
      "Could not find a property named 'publsher' on type 'microsoft.graph.cloudAppSecurityProfile'. Did you mean " +
        "'publisher'? It stands at position 0 in 'publsher'.",
    ],
  ];
  it.each(refusals)('refuses %s', (text, code, message) => {
    expect(refusalOf(() => bind(text))).toEqual({
      code,
      target: '$orderby',
      message: `Invalid orderby clause: ${message}`,
    });
  });
});
