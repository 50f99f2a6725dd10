import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { limits } from '../../../src/limits.ts';
import type { QueryOptionName } from '../../../src/request/odata-request.ts';
import {
  parseCountFlag,
  parseNonNegativeInteger,
  parseQueryOptions,
  readQueryObject,
} from '../../../src/request/query-options.ts';

const allNames: readonly QueryOptionName[] = [
  '$filter',
  '$orderby',
  '$select',
  '$expand',
  '$top',
  '$skip',
  '$count',
  '$search',
  '$compute',
  '$apply',
  '$format',
  '$skiptoken',
  '$deltatoken',
  '$index',
  '$levels',
  '$schemaversion',
  '$id',
];
const system = (query: string) => Object.fromEntries(parseQueryOptions(query).system);
const refusal = (code: string, target: string, message: string) =>
  expect.objectContaining({ code, target, message });

describe('parseQueryOptions', () => {
  it('splits first and decodes once, a plus sign being a space', () => {
    expect(system('$filter=a%20eq%20%27x%26y%3Dz%27+or+b%2B%2525&$top=5')).toEqual({
      $filter: "a eq 'x&y=z' or b+%25",
      $top: '5',
    });
  });

  it('splits an option at its first equals sign', () => {
    expect(system('$filter=a=b=c&$count&$search=')).toEqual({ $filter: 'a=b=c', $count: '', $search: '' });
  });

  it.each(allNames)('knows %s with and without $, in any letter case', (name) => {
    const bare = name.slice(1);
    for (const spelling of [name, bare, name.toUpperCase(), bare.toUpperCase(), `%24${bare}`, `+${name}+`]) {
      expect(system(`${spelling}=v`)).toEqual({ [name]: 'v' });
    }
  });

  it('ignores custom options and empty parts', () => {
    expect(system('api-version=1&&x=2&=3&__proto__=4&constructor&hasOwnProperty=1&')).toEqual({});
  });

  it('keeps parameter aliases by their exact names', () => {
    expect(Object.fromEntries(parseQueryOptions('@p=%27x%27&@P=2&%40tag_1=').aliases)).toEqual({
      p: "'x'",
      P: '2',
      tag_1: '',
    });
  });

  it.each([
    ['$top=1&$top=1', '$top'],
    ['$top=1&top=2', '$top'],
    ['$SkipToken=a&x=y&skiptoken=a', '$skiptoken'],
    ['@p=1&@p=2', '@p'],
  ])('refuses %s as given twice', (query, name) => {
    const message = `Query option '${name}' was given twice; each may appear once, with or without '$'.`;
    expect(() => parseQueryOptions(query)).toThrow(refusal('optionDuplicate', name, message));
  });

  it.each([
    ['$fliter=x', '$fliter', " Did you mean '$filter'?"],
    ['$oderBy=x', '$oderBy', " Did you mean '$orderby'?"],
    ['$zzzzzzzzz=x', '$zzzzzzzzz', ''],
    ['$=x', '$', ''],
    ['$$top=x', '$$top', " Did you mean '$top'?"],
  ])('refuses the unknown option in %s', (query, name, suggestion) => {
    const message = `Query option '${name}' is not known.${suggestion} Allowed are ${allNames.join(', ')}.`;
    expect(() => parseQueryOptions(query)).toThrow(refusal('optionUnknown', name, message));
  });

  it.each([
    [
      '$filter=a%2',
      '$filter',
      "The value of query option '$filter' is malformed: a '%' that is not followed by two hexadecimal digits at position 1.",
    ],
    [
      'Top=%',
      '$top',
      "The value of query option 'Top' is malformed: a '%' that is not followed by two hexadecimal digits at position 0.",
    ],
    [
      '$filter=a+%FF',
      '$filter',
      "The value of query option '$filter' is malformed: escapes that are not valid UTF-8 at position 2.",
    ],
    [
      'custom=%C3',
      'custom',
      "The value of query option 'custom' is malformed: escapes that are not valid UTF-8 at position 0.",
    ],
    [
      'a%=1',
      'a%',
      "The name of query option 'a%' is malformed: a '%' that is not followed by two hexadecimal digits at position 1.",
    ],
    [
      '$filter=a%00',
      '$filter',
      "The value of query option '$filter' holds the character U+0000, which no text may hold.",
    ],
    ['@p=%00', '@p', "The value of query option '@p' holds the character U+0000, which no text may hold."],
    [
      '@=1',
      '@',
      "'@' is not a parameter alias: after '@' come a letter or '_', then letters, digits or '_', 128 at most.",
    ],
    [
      '@1=1',
      '@1',
      "'@1' is not a parameter alias: after '@' come a letter or '_', then letters, digits or '_', 128 at most.",
    ],
  ])('refuses %s', (query, target, message) => {
    expect(() => parseQueryOptions(query)).toThrow(refusal('optionInvalid', target, message));
  });

  it('allows limits.queryOptionsMax options and no more', () => {
    const most = Array.from({ length: limits.queryOptionsMax }, (_, index) => `@a${index}=1`).join('&');
    expect(parseQueryOptions(most).aliases.size).toBe(limits.queryOptionsMax);
    const message = `The query has more than ${limits.queryOptionsMax} options; at most ${limits.queryOptionsMax} are allowed.`;
    expect(() => parseQueryOptions(`${most}&x=1`)).toThrow(refusal('queryTooComplex', 'query', message));
  });

  it('returns every value that was percent-encoded', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.constantFrom(...allNames), (value, name) => {
        fc.pre(!value.includes('\0'));
        expect(system(`${name}=${encodeURIComponent(value)}`)).toEqual({ [name]: value });
        expect(system(new URLSearchParams([[name, value]]).toString())).toEqual({ [name]: value });
      }),
    );
  });
});

describe('readQueryObject', () => {
  it('takes text as it is, numbers and booleans as a URL would write them', () => {
    expect(readQueryObject({ $filter: "a eq '%20+'", $top: 5, $count: true })).toEqual([
      { name: '$filter', value: "a eq '%20+'" },
      { name: '$top', value: '5' },
      { name: '$count', value: 'true' },
    ]);
  });

  it.each([null, [], {}])('refuses %j as a value', (value) => {
    const message = "The value of query option 'select' must be a string, a number or a boolean.";
    expect(() => readQueryObject({ select: value })).toThrow(refusal('optionInvalid', '$select', message));
  });

  it('allows limits.queryOptionsMax members and no more', () => {
    const members = (count: number) =>
      Object.fromEntries(Array.from({ length: count }, (_, index) => [`x${index}`, 'v']));
    expect(readQueryObject(members(limits.queryOptionsMax))).toHaveLength(limits.queryOptionsMax);
    const count = limits.queryOptionsMax + 1;
    const message = `The query has ${count} options; at most ${limits.queryOptionsMax} are allowed.`;
    expect(() => readQueryObject(members(count))).toThrow(refusal('queryTooComplex', 'query', message));
  });
});

describe('parseNonNegativeInteger', () => {
  it.each([
    ['0', 0],
    ['007', 7],
    ['9007199254740991', 9007199254740991],
    ['9007199254740993', 9007199254740991],
    ['9'.repeat(400), 9007199254740991],
  ])('%s', (text, value) => {
    expect(parseNonNegativeInteger('$top', text)).toBe(value);
  });

  it.each(['', '-1', '+1', '1.0', '1e3', ' 1', '0x1', 'abc', '١', '1\n'])('refuses %j', (text) => {
    const shown = text === '1\n' ? '1\\n' : text;
    const message = `Invalid value '${shown}' for $skip; a non-negative integer in plain digits is expected.`;
    expect(() => parseNonNegativeInteger('$skip', text)).toThrow(refusal('optionInvalid', '$skip', message));
  });
});

describe('parseCountFlag', () => {
  it.each([
    ['true', true],
    ['True', true],
    ['false', false],
    ['FALSE', false],
  ])('%s', (text, flag) => {
    expect(parseCountFlag(text)).toBe(flag);
  });

  it.each(['', '1', 'yes', 'true '])('refuses %j', (text) => {
    const message = `Invalid value '${text}' for $count; true or false is expected.`;
    expect(() => parseCountFlag(text)).toThrow(refusal('optionInvalid', '$count', message));
  });
});
