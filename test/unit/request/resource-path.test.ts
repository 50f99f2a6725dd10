import { describe, expect, it } from 'vitest';
import { limits } from '../../../src/limits.ts';
import { parseResourcePath, parseSegment, splitTarget } from '../../../src/request/resource-path.ts';

const plain = (text: string) => ({ text, name: text, key: undefined, call: false, keyFault: undefined });
const refusal = (code: string, message: string) => expect.objectContaining({ code, message, target: 'path' });
const malformed = (fault: string) => refusal('pathInvalid', `The path is malformed: ${fault}.`);

describe('splitTarget', () => {
  it.each([
    ['/v1.0', { path: '/v1.0', query: '' }],
    ['/v1.0?', { path: '/v1.0', query: '' }],
    ['/v1.0?a=b?c', { path: '/v1.0', query: 'a=b?c' }],
    ['', { path: '', query: '' }],
  ])('%j', (target, parts) => {
    expect(splitTarget(target)).toEqual(parts);
  });
});

describe('service roots', () => {
  it.each([
    ['/v1.0', 'v1.0', []],
    ['/V1.0/', 'v1.0', []],
    ['/beta', 'beta', []],
    ['/BETA/x', 'beta', [plain('x')]],
    ['/v1%2E0/x', 'v1.0', [plain('x')]],
    ['/odata/v4', 'odata/v4', []],
    ['/OData/V4/x/', 'odata/v4', [plain('x')]],
  ])('%s', (path, root, segments) => {
    expect(parseResourcePath(path)).toEqual({ root, segments });
  });

  it.each([
    ['/', 'The path is empty'],
    ['/v2.0/security', "'v2.0' is not a service root"],
    ['/security/cloudAppSecurityProfiles', "'security' is not a service root"],
    ['/odata', "'odata' is not a service root"],
    ['/odata/v3/x', "'odata' is not a service root"],
    ['/odata%2Fv4/x', "'odata/v4' is not a service root"],
  ])('refuses %s', (path, found) => {
    expect(() => parseResourcePath(path)).toThrow(
      refusal(
        'versionUnknown',
        `Invalid version. ${found}; the path must begin with /v1.0, /beta or /odata/v4.`,
      ),
    );
  });
});

describe('segments', () => {
  it('are split before they are decoded, and decoded once', () => {
    expect(parseResourcePath('/beta/Security/a%2Fb/c%2520+d/%C3%A9').segments).toEqual([
      plain('Security'),
      plain('a/b'),
      plain('c%20+d'),
      plain('é'),
    ]);
  });

  it.each([
    ['', "the path does not begin with '/' at position 0"],
    ['*', "the path does not begin with '/' at position 0"],
    ['v1.0/x', "the path does not begin with '/' at position 0"],
    ['//', "an empty segment, '//', at position 1"],
    ['//v1.0', "an empty segment, '//', at position 1"],
    ['/v1.0//x', "an empty segment, '//', at position 6"],
    ['/v1.0/x//', "an empty segment, '//', at position 8"],
    ['/v1.0/x/a%zz', "a '%' that is not followed by two hexadecimal digits at position 9"],
    ['/v1.0/x%FF', 'escapes that are not valid UTF-8 at position 7'],
    ['/v1.0/a%00b', 'a control character in the segment at position 6'],
    ['/v1.0/x/a%0Ab', 'a control character in the segment at position 8'],
    ['/v1.0/x/%7F', 'a control character in the segment at position 8'],
    ['/v1.0/x/%C2%85', 'a control character in the segment at position 8'],
  ])('refuses %j', (path, fault) => {
    expect(() => parseResourcePath(path)).toThrow(malformed(fault));
  });
});

describe('keys in parentheses', () => {
  it.each([
    ["profiles('a1')", 'profiles', undefined, 'a1'],
    ["profiles('O''Neil')", 'profiles', undefined, "O'Neil"],
    ["profiles('''')", 'profiles', undefined, "'"],
    ["profiles('')", 'profiles', undefined, ''],
    ["profiles('a(b)')", 'profiles', undefined, 'a(b)'],
    ["profiles(id='a1')", 'profiles', 'id', 'a1'],
    ["profiles( id = 'a=1' )", 'profiles', 'id', 'a=1'],
    ["microsoft.graph.profile('x')", 'microsoft.graph.profile', undefined, 'x'],
  ])('%s', (text, name, keyName, value) => {
    expect(parseSegment(text)).toEqual({
      text,
      name,
      key: { name: keyName, value },
      call: false,
      keyFault: undefined,
    });
  });

  it('may have every character escaped, the quotes too', () => {
    expect(parseResourcePath('/beta/profiles%28%27a%2Fb%27%27c%27%29').segments).toEqual([
      {
        text: "profiles('a/b''c')",
        name: 'profiles',
        key: { name: undefined, value: "a/b'c" },
        call: false,
        keyFault: undefined,
      },
    ]);
  });

  it.each(['delta()', 'microsoft.graph.delta()', 'delta( )'])('%s is a call', (text) => {
    expect(parseSegment(text)).toEqual({
      text,
      name: text.slice(0, text.indexOf('(')),
      key: undefined,
      call: true,
      keyFault: undefined,
    });
  });

  it.each([
    'profiles(a1)',
    "profiles('a'b')",
    "profiles(')",
    "profiles('a','b')",
    'profiles(id=a)',
    'profiles(1)',
  ])('%s keeps its text as name and says what is wrong, for the binder to throw', (text) => {
    expect(parseSegment(text)).toEqual({
      ...plain(text),
      keyFault: `The key in '${text}' must be one string in single quotes, a quote inside it doubled: profiles('…') or profiles(id='…').`,
    });
  });

  it.each(["it's", '(x)', "('x')", 'a(', 'a)', 'a(b)c', '1a(b)', '$count', '$filter(@p)', '{id}'])(
    '%s is only text',
    (text) => {
      expect(parseSegment(text)).toEqual(plain(text));
    },
  );
});

describe('limits.keyCharactersMax', () => {
  const longest = 'k'.repeat(limits.keyCharactersMax);
  const tooLong = (shown: string, characters = limits.keyCharactersMax + 1) =>
    refusal(
      'pathInvalid',
      `The path segment '${shown}…' has ${characters} characters; a key or name may have ${limits.keyCharactersMax}.`,
    );

  it('holds for a key as a segment, counted in characters', () => {
    expect(parseSegment(longest).text).toBe(longest);
    expect(parseSegment('😀'.repeat(limits.keyCharactersMax)).text).toHaveLength(2 * limits.keyCharactersMax);
    expect(() => parseSegment(`${longest}k`)).toThrow(tooLong('k'.repeat(80)));
    expect(() => parseSegment('😀'.repeat(limits.keyCharactersMax + 1))).toThrow(tooLong('😀'.repeat(80)));
  });

  it('holds for a key in parentheses, without its quotes', () => {
    const quotes = "''".repeat(limits.keyCharactersMax);
    expect(parseSegment(`profiles('${quotes}')`).key?.value).toBe("'".repeat(limits.keyCharactersMax));
    expect(() => parseSegment(`profiles('${longest}k')`)).toThrow(tooLong('k'.repeat(80)));
    expect(() => parseSegment(`${longest}k()`)).toThrow(tooLong('k'.repeat(80)));
  });
});
