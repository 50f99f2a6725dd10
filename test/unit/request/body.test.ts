import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ServiceError } from '../../../src/errors.ts';
import { limits } from '../../../src/limits.ts';
import { parseBody, parseJsonText } from '../../../src/request/body.ts';
import type { JsonValue } from '../../../src/request/odata-request.ts';

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const refusal = (message: string, target = 'body', code = 'bodyInvalid') =>
  expect.objectContaining({ code, target, message });

/** The same value in ordinary objects, so that it can be compared with what JSON.parse makes. */
function ordinary(value: JsonValue): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map(ordinary);
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, ordinary(member)]));
}

describe('parseBody', () => {
  it('reads every kind of value', () => {
    const text =
      ' {"string":"é😀\\u00e9\\ud83d\\ude00\\"\\\\\\/\\b\\f\\n\\r\\t","numbers":[0,-0,1.5,-2e3,1E+2,12345678901234567890],\t"yes":true,"no":false,\r\n"nothing":null,"object":{"":{}},"array":[[],[1,"a"]]} ';
    expect(ordinary(parseBody(bytes(text)))).toEqual(JSON.parse(text));
  });

  it('accepts a byte order mark, also after a refusal', () => {
    expect(() => parseBody(Uint8Array.of(0xff))).toThrow(ServiceError);
    expect(ordinary(parseBody(bytes('\ufeff{"a":1}')))).toEqual({ a: 1 });
  });

  it.each(['', ' ', '\r\n\t ', '\ufeff'])('refuses %j as empty', (text) => {
    expect(() => parseBody(bytes(text))).toThrow(
      refusal('Empty Payload. JSON content expected.', 'body', 'bodyMissing'),
    );
  });

  it.each([
    ['[]', 'an array'],
    ['"x"', 'a string'],
    ['1', 'a number'],
    ['true', 'a boolean'],
    ['null', 'null'],
  ])('refuses %s at the top', (text, arrived) => {
    expect(() => parseBody(bytes(text))).toThrow(
      refusal(`The body must be a JSON object, but ${arrived} arrived.`),
    );
  });

  it.each([
    ['{', 'found the end at line 1, column 2, expected a member name in double quotes'],
    ['{"a"', "found the end at line 1, column 5, expected ':'"],
    ['{"a":', 'found the end at line 1, column 6, expected a JSON value'],
    ['{"a":1', "found the end at line 1, column 7, expected ',' or '}'"],
    ['{"a":1,}', "found '}' at line 1, column 8, expected a member name in double quotes"],
    ['{\n  "a": 1\n  "b": 2\n}', "found '\"' at line 3, column 3, expected ',' or '}'"],
    ['{"a":[1,]}', "found ']' at line 1, column 9, expected a JSON value"],
    ['{"a":[1 2]}', "found '2' at line 1, column 9, expected ',' or ']'"],
    ['{a:1}', "found 'a' at line 1, column 2, expected a member name in double quotes"],
    ["{'a':1}", "found ''' at line 1, column 2, expected a member name in double quotes"],
    ['{"a":😀}', "found '😀' at line 1, column 6, expected a JSON value"],
    ['{"a":NaN}', "found 'N' at line 1, column 6, expected a JSON value"],
    ['{"a":+1}', "found '+' at line 1, column 6, expected a JSON value"],
    ['{"a":-}', "found '-' at line 1, column 6, expected a number or another JSON value"],
    ['{"a":01}', "found '1' at line 1, column 7, expected ',' or '}'"],
    ['{"a":1.}', "found '.' at line 1, column 7, expected ',' or '}'"],
    ['{"a":True}', "found 'T' at line 1, column 6, expected a JSON value"],
    ['{"a":truer}', "found 'r' at line 1, column 10, expected ',' or '}'"],
    ['{"a":"x', "found the end at line 1, column 8, expected a closing '\"'"],
    ['{"a":"x\ny"}', "found '\\n' at line 1, column 8, expected an escape such as \\n for it"],
    [
      '{"a":"\\x"}',
      "found 'x' at line 1, column 8, expected an escape: \\\" \\\\ \\/ \\b \\f \\n \\r \\t or \\u and four hexadecimal digits",
    ],
    [
      '{"a":"\\u12g4"}',
      "found 'u' at line 1, column 8, expected an escape: \\\" \\\\ \\/ \\b \\f \\n \\r \\t or \\u and four hexadecimal digits",
    ],
    ['{"a":1}{}', "found '{' at line 1, column 8, expected the end of the body"],
    ['{} // end', "found '/' at line 1, column 4, expected the end of the body"],
    ['{"a":1\u00a0}', "found '\u00a0' at line 1, column 7, expected ',' or '}'"],
  ])('refuses %j', (text, fault) => {
    expect(() => parseBody(bytes(text))).toThrow(refusal(`The body is not valid JSON: ${fault}.`));
  });

  it.each([
    [[0x7b, 0x22, 0xff, 0x22], 2],
    [[0xef, 0xbb, 0xbf, 0x7b, 0xc3], 4],
    [[0xef, 0xbf, 0xbd, 0xed, 0xa0, 0x80], 3],
    [[0x41, 0xc0, 0xaf], 1],
    [[0xfe, 0xff, 0x00, 0x7b], 0],
  ])('refuses the bytes %j, which are not UTF-8', (body, offset) => {
    expect(() => parseBody(Uint8Array.from(body))).toThrow(
      refusal(`The body is not valid UTF-8: the byte at offset ${offset} is part of no character.`),
    );
  });

  it.each([
    ['{"name":1,"name":1}', 'name', 'line 1, column 11'],
    ['{"name":1,"n\\u0061me":1}', 'name', 'line 1, column 11'],
    ['{"v":{"vendor":1,\n"vendor":2}}', 'v/vendor', 'line 2, column 1'],
    ['{"t":[1,{"x":1,"x":1}]}', 't/1/x', 'line 1, column 16'],
    ['{"__proto__":1,"__proto__":2}', '__proto__', 'line 1, column 16'],
  ])('refuses the duplicate in %s', (text, target, place) => {
    expect(() => parseBody(bytes(text))).toThrow(
      refusal(
        `Member '${target}' of the body appears twice; each name may appear once (at ${place}).`,
        target,
      ),
    );
  });

  it('takes equal names in different objects', () => {
    expect(ordinary(parseBody(bytes('{"a":{"a":1},"b":[{"a":1},{"a":2}]}')))).toEqual({
      a: { a: 1 },
      b: [{ a: 1 }, { a: 2 }],
    });
  });

  it('makes objects without a prototype, so that no name is special', () => {
    const body = parseBody(bytes('{"__proto__":{"admin":true},"constructor":{"prototype":1},"toString":2}'));
    expect(Object.keys(body)).toEqual(['__proto__', 'constructor', 'toString']);
    expect(Object.getPrototypeOf(body)).toBeNull();
    expect(body.admin).toBeUndefined();
    expect(body.hasOwnProperty).toBeUndefined();
    expect(Object.getOwnPropertyDescriptor(Object.prototype, 'admin')).toBeUndefined();
  });

  it.each([
    ['{"a":"x\\u0000"}', 'a', 'holds the character U+0000, which no text may hold', 6],
    [
      '{"a":{"tags":["x","\\ud800"]}}',
      'a/tags/1',
      'holds half of a surrogate pair, which is no character',
      19,
    ],
    ['{"a":"\\udc00\\ud800"}', 'a', 'holds half of a surrogate pair, which is no character', 6],
    ['{"a":"\\ud83dx\\ude00"}', 'a', 'holds half of a surrogate pair, which is no character', 6],
    ['{"a":1e999}', 'a', 'is a number beyond the range of a double', 6],
    ['{"a":[0,-1e400]}', 'a/1', 'is a number beyond the range of a double', 9],
  ])('refuses %s', (text, target, fault, column) => {
    expect(() => parseBody(bytes(text))).toThrow(
      refusal(`Member '${target}' of the body ${fault} (at line 1, column ${column}).`, target),
    );
  });

  it('refuses NUL and lone surrogates in names, at the member that holds them', () => {
    expect(() => parseBody(bytes('{"a\\u0000":1}'))).toThrow(
      refusal('The body holds the character U+0000, which no text may hold (at line 1, column 2).'),
    );
    expect(() => parseBody(bytes('{"a":{"\\ud800":1}}'))).toThrow(
      refusal(
        "Member 'a' of the body holds half of a surrogate pair, which is no character (at line 1, column 7).",
        'a',
      ),
    );
  });

  it('allows limits.bodyDepthMax levels and no more', () => {
    const nested = (levels: number) => `${'{"a":'.repeat(levels - 1)}[]${'}'.repeat(levels - 1)}`;
    expect(ordinary(parseBody(bytes(nested(limits.bodyDepthMax))))).toEqual(
      JSON.parse(nested(limits.bodyDepthMax)),
    );
    const target = Array.from({ length: limits.bodyDepthMax }, () => 'a').join('/');
    expect(() => parseBody(bytes(nested(limits.bodyDepthMax + 1)))).toThrow(
      refusal(
        `Member '${target}' of the body is nested more than ${limits.bodyDepthMax} levels deep, which is the limit (at line 1, column ${5 * limits.bodyDepthMax + 1}).`,
        target,
      ),
    );
    expect(() => parseBody(bytes('['.repeat(500_000)))).toThrow(ServiceError);
  });

  it('allows limits.bodyMembersMax members in all objects together and no more', () => {
    const body = (members: number) =>
      JSON.stringify({ a: Array.from({ length: members - 1 }, () => ({ b: 1 })) });
    expect(parseBody(bytes(body(limits.bodyMembersMax))).a).toHaveLength(limits.bodyMembersMax - 1);
    const target = `a/${limits.bodyMembersMax - 1}/b`;
    expect(() => parseBody(bytes(body(limits.bodyMembersMax + 1)))).toThrow(
      expect.objectContaining({ code: 'bodyInvalid', target }),
    );
  });
});

describe('parseJsonText', () => {
  it('takes any value at the top', () => {
    expect([parseJsonText('[1]'), parseJsonText(' "x" '), parseJsonText('null')]).toEqual([[1], 'x', null]);
  });

  it('refuses half a surrogate pair that stands in the text itself', () => {
    expect(() => parseJsonText('{"a":\n"\ud800"}')).toThrow(
      refusal('The JSON text holds half of a surrogate pair at line 2, column 2.'),
    );
  });
});

describe('against JSON.parse', () => {
  const storable = (text: string): boolean => !/[\0]|\p{Cs}/u.test(text);
  const shallow = { maxDepth: 6, stringUnit: 'grapheme' as const };

  it('makes the same values', () => {
    fc.assert(
      fc.property(fc.jsonValue(shallow), fc.constantFrom(undefined, 1, '\t'), (value, indent) => {
        const text = JSON.stringify(value, undefined, indent);
        fc.pre(!text.includes('\\u0000'));
        expect(ordinary(parseJsonText(text))).toEqual(JSON.parse(text));
      }),
    );
  });

  /** Text near to JSON: sound documents with a few characters replaced, dropped or doubled. */
  const nearJson = fc
    .tuple(
      fc.jsonValue({ maxDepth: 3 }),
      fc.array(
        fc.tuple(
          fc.nat(),
          fc.constantFrom(
            '',
            '"',
            '\\',
            '{',
            '}',
            '[',
            ']',
            ',',
            ':',
            '0',
            '-',
            'e',
            '.',
            't',
            ' ',
            '\n',
            '\\u0041',
            '\\ud83d',
          ),
        ),
      ),
    )
    .map(([value, edits]) =>
      edits.reduce((text, [at, edit]) => {
        const index = at % (text.length + 1);
        return text.slice(0, index) + edit + text.slice(index + (at % 2));
      }, JSON.stringify(value)),
    );

  it('refuses what it refuses, and takes the rest but for the stricter rules', () => {
    fc.assert(
      fc.property(fc.oneof(nearJson, fc.string({ unit: 'binary' })), (text) => {
        const expected = attempt(() => JSON.parse(text) as JsonValue);
        const found = attempt(() => parseJsonText(text));
        if (expected === undefined) {
          expect(found).toBeUndefined();
        } else if (found !== undefined) {
          expect(ordinary(found.value)).toEqual(expected.value);
        } else {
          const strict =
            /\\u0000|\\u[dD][89a-fA-F]|[eE][+-]?[0-9]{3}|[0-9]{300}/.test(text) ||
            hasDuplicates(text, expected.value);
          expect(strict || !storable(text)).toBe(true);
        }
      }),
      { numRuns: 2000 },
    );
  });
});

/** Whether JSON.parse dropped a member: fewer of them remain than colons outside strings. */
function hasDuplicates(text: string, value: JsonValue): boolean {
  const colons = text.replace(/"(?:[^"\\]|\\.)*"/gs, '').split(':').length - 1;
  return countMembers(value) < colons;
}

function countMembers(value: JsonValue): number {
  if (typeof value !== 'object' || value === null) return 0;
  const own = Array.isArray(value) ? 0 : Object.keys(value).length;
  return Object.values(value).reduce((sum: number, member: JsonValue) => sum + countMembers(member), own);
}

function attempt<T>(work: () => T): { readonly value: T } | undefined {
  try {
    return { value: work() };
  } catch (error) {
    if (error instanceof ServiceError || error instanceof SyntaxError) return undefined;
    throw error;
  }
}
