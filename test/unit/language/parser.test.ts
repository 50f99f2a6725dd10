/** Positions of nodes, the shape of refusals, and the limits from both sides. */

import { describe, expect, it } from 'vitest';
import { errorTable, ServiceError } from '../../../src/errors.ts';
import { parseApply } from '../../../src/language/apply.ts';
import {
  parseExpand,
  parseFilter,
  parseOrderBy,
  parseParameterAlias,
  parseSelect,
} from '../../../src/language/parser.ts';
import { parseSearch } from '../../../src/language/search.ts';
import { limits } from '../../../src/limits.ts';
import { leastCpuMs } from '../../support/cpu-time.ts';
import { syntaxFault } from '../../support/fault.ts';

const chain = (count: number, part: string, operator: string): string =>
  Array.from({ length: count }, () => part).join(` ${operator} `);
const list = (count: number): string => Array.from({ length: count }, (_, index) => String(index)).join(',');

/** The text of every node with a position, in the order it is found. */
function spans(text: string, value: unknown): readonly string[] {
  if (typeof value !== 'object' || value === null) return [];
  const inner = Object.values(value).flatMap((member) => spans(text, member));
  if (!('offset' in value && 'end' in value)) return inner;
  return [text.slice(Number(value.offset), Number(value.end)), ...inner];
}

describe('positions', () => {
  it.each([
    ["  not (a eq 'x') ", ["not (a eq 'x')", "a eq 'x'", 'a', 'a', "'x'"]],
    ['(a) add -b', ['(a) add -b', 'a', 'a', '-b', 'b', 'b']],
    [
      'x/any( t : t in (1,@p) )',
      ['x/any( t : t in (1,@p) )', 'x', 'x', 't', 't in (1,@p)', 't', 't', '1', '@p'],
    ],
    ['cast( a , Edm.String )', ['cast( a , Edm.String )', 'a', 'a', 'Edm.String']],
    ["'🎉' eq a/b/$count", ["'🎉' eq a/b/$count", "'🎉'", 'a/b/$count', 'a/b', 'a', 'b']],
    ['f( ["x" , 2] , ns.E\'v\' )', ['f( ["x" , 2] , ns.E\'v\' )', '["x" , 2]', '"x"', '2', "ns.E'v'"]],
  ])('of the nodes of %j', (text, expected) => {
    expect(spans(text, parseFilter(text))).toEqual(expected);
  });

  it('of the keys of $orderby and the items of $select', () => {
    expect(spans('a desc , b', parseOrderBy('a desc , b'))).toEqual(['a desc', 'a', 'a', 'b', 'b', 'b']);
    expect(spans('a/b , c($select=d)', parseSelect('a/b , c($select=d)'))).toEqual([
      'a/b',
      'a',
      'b',
      'c($select=d)',
      'c',
      'd',
      'd',
    ]);
  });

  it('of searches, alone and within $apply', () => {
    expect(spans('a "b c"', parseSearch('a "b c"'))).toEqual(['a "b c"', 'a', '"b c"']);
    const text = 'identity / search( NOT a )';
    expect(spans(text, parseApply(text))).toEqual(['identity', 'search( NOT a )', 'NOT a', 'a']);
  });
});

describe('refusals', () => {
  it('say what was expected, what was found, where, and in which option', () => {
    expect(syntaxFault(() => parseFilter("name eq 'a' nd b"))).toEqual({
      code: 'expressionSyntax',
      target: '$filter',
      offset: 12,
      message:
        "Invalid filter clause: expected an operator such as eq or and, or the end, found 'nd' at position 12 in 'name eq 'a' nd b'.",
    });
    expect(syntaxFault(() => parseParameterAlias('p', "'a"))).toEqual({
      code: 'expressionSyntax',
      target: '@p',
      offset: 2,
      message:
        "Invalid parameter alias clause: expected ' to end the string of position 0, found the end at position 2 in ''a'.",
    });
  });

  it('show the surroundings of the fault in a long text, and no control characters', () => {
    const { message, offset } = syntaxFault(() =>
      parseFilter(`${chain(40, 'abc', 'and')}\u0001${' and abc'.repeat(40)}`),
    );
    expect(offset).toBe(40 * 3 + 39 * 5);
    expect(message).toContain("found '\\u0001' at position 315 in '… abc and abc and abc\\u0001");
    expect(message.length).toBeLessThan(250);
  });

  it('shorten a long token', () => {
    const { message } = syntaxFault(() => parseFilter(`a '${'x'.repeat(10_000)}'`));
    expect(message.length).toBeLessThan(250);
  });

  it('are answered as a fault of the client, or as not built', () => {
    expect(errorTable.expressionSyntax.status).toBe(400);
    expect(errorTable.queryTooComplex.status).toBe(400);
    expect(errorTable.optionUnsupported.status).toBe(501);
  });
});

interface LimitCase {
  readonly name: string;
  readonly max: number;
  readonly parse: (count: number) => unknown;
}

const limitCases: readonly LimitCase[] = [
  {
    name: 'nested parentheses',
    max: limits.expressionDepthMax,
    parse: (count) => parseFilter(`${'('.repeat(count)}a${')'.repeat(count)}`),
  },
  {
    name: 'nested calls',
    max: limits.expressionDepthMax,
    parse: (count) => parseFilter(`${'f('.repeat(count)}a${')'.repeat(count)}`),
  },
  {
    name: 'nested lambdas',
    max: limits.expressionDepthMax,
    parse: (count) => parseFilter(`${'a/any(x:'.repeat(count)}a${')'.repeat(count)}`),
  },
  {
    name: 'nested not',
    max: limits.expressionDepthMax,
    parse: (count) => parseFilter(`${'not '.repeat(count)}a`),
  },
  {
    name: 'nested minus',
    max: limits.expressionDepthMax,
    parse: (count) => parseFilter(`${'-'.repeat(count)}a`),
  },
  {
    name: 'nested case',
    max: limits.expressionDepthMax,
    parse: (count) => parseFilter(`${'case(a:'.repeat(count)}a${')'.repeat(count)}`),
  },
  {
    name: 'nested searches',
    max: limits.expressionDepthMax,
    parse: (count) => parseSearch(`${'('.repeat(count)}a${')'.repeat(count)}`),
  },
  {
    name: 'nested NOT',
    max: limits.expressionDepthMax,
    parse: (count) => parseSearch(`${'NOT '.repeat(count)}a`),
  },
  {
    name: 'nested groups',
    max: limits.expressionDepthMax,
    parse: (count) => parseApply(`${'groupby((a),'.repeat(count - 1)}identity${')'.repeat(count - 1)}`),
  },
  {
    name: 'nested selections',
    max: limits.expressionDepthMax,
    parse: (count) => parseSelect(`${'a($select='.repeat(count)}b${')'.repeat(count)}`),
  },
  // A chain is one node beside its operands.
  {
    name: 'nodes of a chain',
    max: limits.expressionNodesMax - 1,
    parse: (count) => parseFilter(chain(count, 'a', 'or')),
  },
  // Each operator of a sum is a node.
  {
    name: 'nodes of a sum',
    max: limits.expressionNodesMax / 2,
    parse: (count) => parseFilter(chain(count, '1', 'add')),
  },
  {
    name: 'words of a search',
    max: limits.expressionNodesMax - 1,
    parse: (count) => parseSearch(chain(count, 'a', 'OR')),
  },
  {
    name: 'steps of $apply',
    max: limits.expressionNodesMax,
    parse: (count) => parseApply(Array.from({ length: count }, () => 'identity').join('/')),
  },
  { name: 'items of in', max: limits.listItemsMax, parse: (count) => parseFilter(`a in (${list(count)})`) },
  {
    name: 'items of an array',
    max: limits.listItemsMax,
    parse: (count) => parseFilter(`f([${list(count)}])`),
  },
  {
    // A path is one node whatever its length; a minus before it makes the number even.
    name: 'tokens',
    max: limits.expressionTokensMax,
    parse: (count) =>
      parseFilter(
        `${count % 2 === 0 ? '-' : ''}${Array(Math.ceil(count / 2))
          .fill('a')
          .join('/')}`,
      ),
  },
  {
    name: 'keys of $orderby',
    max: limits.orderByKeysMax,
    parse: (count) => parseOrderBy(Array(count).fill('a').join(',')),
  },
  {
    name: 'keys within $apply',
    max: limits.orderByKeysMax,
    parse: (count) => parseApply(`orderby(${Array(count).fill('a').join(',')})`),
  },
  {
    name: 'names of $select',
    max: limits.selectNamesMax,
    parse: (count) => parseSelect(Array(count).fill('a').join(',')),
  },
  {
    name: 'nested names of $select',
    max: limits.selectNamesMax,
    parse: (count) =>
      parseSelect(
        `a($select=${Array(count - 1)
          .fill('b')
          .join(',')})`,
      ),
  },
  {
    name: 'names of $expand',
    max: limits.selectNamesMax,
    parse: (count) => parseExpand(Array(count).fill('a').join(',')),
  },
  {
    name: 'characters of a name',
    max: limits.identifierCharactersMax,
    parse: (count) => parseFilter('a'.repeat(count)),
  },
  {
    name: 'characters of a name with its namespace',
    max: limits.qualifiedNameCharactersMax,
    parse: (count) => parseFilter(`${'abc.'.repeat(128)}${'a'.repeat(count - 4 * 128)}`),
  },
];

describe('limits', () => {
  it.each(limitCases)('$name: $max and no more', ({ max, parse }) => {
    expect(() => parse(max)).not.toThrow();
    expect(syntaxFault(() => parse(max + 1)).code).toBe('queryTooComplex');
  });
});

const hostile: readonly (readonly [name: string, text: string])[] = [
  ['10,000 nested parentheses', `${'('.repeat(10_000)}a${')'.repeat(10_000)}`],
  ['10,000 open parentheses', '('.repeat(10_000)],
  ['10,000 nested calls', 'f('.repeat(10_000)],
  ['10,000 minus signs', '-'.repeat(10_000)],
  ['10,000 not', 'not '.repeat(10_000)],
  ['10,000 lambdas', 'a/any(x:'.repeat(10_000)],
  ['10,000 brackets', '['.repeat(10_000)],
  ['100,000 or', `${chain(100_000, 'a', 'or')}`],
  ['100,000 eq', `${chain(100_000, 'a', 'eq')}`],
  ['100,000 segments', 'a/'.repeat(100_000)],
  ['a million spaces', `a${' '.repeat(1_000_000)}`],
  ['a million letters', 'a'.repeat(1_000_000)],
  ['a million hexadecimal digits', '0a'.repeat(500_000)],
  ['a million digits', '1'.repeat(1_000_000)],
  ['a million quotes', "'".repeat(999_999)],
  ['a million dots', 'a.'.repeat(500_000)],
  ['a million double quotes', `"${'\\"'.repeat(500_000)}`],
  ['a duration of a million digits', `duration'P${'1'.repeat(1_000_000)}D'`],
  ['a binary of a million characters and a fault', `binary'${'A'.repeat(1_000_000)}!'`],
  ['a type of a million characters', `${'a.'.repeat(500_000)}b'!'`],
  ['a literal of a million characters and a letter', `${'1'.repeat(1_000_000)}x`],
  ['a transformation of a million characters', `${'a.'.repeat(500_000)}b(a)`],
  ['an enumeration of a million commas', `a.b'${','.repeat(1_000_000)}'`],
];

/** Reads or refuses; anything but a refusal passes on. */
function readOrRefuse(parse: (text: string) => unknown, text: string): void {
  try {
    parse(text);
  } catch (error) {
    if (!(error instanceof ServiceError)) throw error;
    expect(error.message.length).toBeLessThan(400);
  }
}

describe('hostile texts', () => {
  it.each(hostile)('%s are answered in under 50 ms', (_name, text) => {
    for (const parse of [parseFilter, parseOrderBy, parseSelect, parseSearch, parseApply])
      expect(leastCpuMs(() => readOrRefuse(parse, text), 50)).toBeLessThan(50);
  });
});
