import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ServiceError } from '../../../src/errors.ts';
import { percentDecode } from '../../../src/request/percent-decoding.ts';

const decode = (raw: string): string =>
  percentDecode(raw, (fault, position) => new ServiceError('pathInvalid', `${fault} @${position}`));

describe('percentDecode', () => {
  it.each([
    ['', ''],
    ['plain-._~', 'plain-._~'],
    ['a+b', 'a+b'],
    ['%61%2F%2f', 'a//'],
    ['%2561', '%61'],
    ['%C3%A9%F0%9F%98%80', 'é😀'],
    ['\u00c3\u00a9', 'é'],
    ['\u00c3%A9', 'é'],
  ])('%j → %j', (raw, text) => {
    expect(decode(raw)).toBe(text);
  });

  it.each([
    ['ab%', "a '%' that is not followed by two hexadecimal digits @2"],
    ['ab%4', "a '%' that is not followed by two hexadecimal digits @2"],
    ['%41%zz', "a '%' that is not followed by two hexadecimal digits @3"],
    ['a%C3%A9b%FF', 'escapes that are not valid UTF-8 @8'],
    ['%C3', 'escapes that are not valid UTF-8 @0'],
    ['x%C0%AF', 'escapes that are not valid UTF-8 @1'],
    ['%ED%A0%80', 'escapes that are not valid UTF-8 @0'],
    ['a\u00e9', 'escapes that are not valid UTF-8 @1'],
    ['a中', 'a character that must be percent-encoded @1'],
  ])('refuses %j', (raw, message) => {
    expect(() => decode(raw)).toThrow(new ServiceError('pathInvalid', message));
  });

  it('undoes encodeURIComponent', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        expect(decode(encodeURIComponent(text))).toBe(text);
      }),
    );
  });
});
