import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { splitWords } from '../../../src/plan/search-words.ts';

describe('splitWords', () => {
  it.each([
    ['', []],
    ['--- …', []],
    ['Contoso Ltd.', ['contoso', 'ltd']],
    ["it's foo-bar_baz42", ['it', 's', 'foo', 'bar', 'baz42']],
    ['https://x.y/Z?q=1', ['https', 'x', 'y', 'z', 'q', '1']],
    ['ÉTÉ e\u0301te\u0301', ['été', 'été']],
    ['Привет 你好 ½ x²', ['привет', '你好', '½', 'x²']],
    ['a😀b', ['a', 'b']],
    ['İ', ['i\u0307']],
  ])('%s', (text, words) => {
    expect(splitWords(text)).toEqual(words);
  });

  it('keeps all letters, marks and digits in order, and nothing else', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (text) => {
        const kept = text
          .normalize('NFC')
          .toLowerCase()
          .replace(/[^\p{L}\p{M}\p{N}]/gu, '');
        expect(splitWords(text).join('')).toBe(kept);
      }),
    );
  });
});
