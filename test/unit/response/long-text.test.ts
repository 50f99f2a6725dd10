import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { joinItems } from '../../../src/response/long-text.ts';

describe('joinItems', () => {
  it('is start, items with commas, end, however long', () => {
    const item = fc.tuple(fc.string({ unit: 'grapheme', maxLength: 8 }), fc.integer({ min: 1, max: 3000 }));
    fc.assert(
      fc.property(fc.array(item, { maxLength: 40 }), (parts) => {
        const items = parts.map(([text, times]) => JSON.stringify(text.repeat(times)));
        const joined = joinItems('{"value":[', items, ']}');
        expect(Buffer.from(joined).toString()).toBe(`{"value":[${items.join(',')}]}`);
      }),
    );
  });

  it('stays text while it is short', () => {
    expect(joinItems('[', [], ']')).toBe('[]');
    expect(joinItems('[', ['1', '2'], ']')).toBe('[1,2]');
    expect(joinItems('[', ['1'.repeat(32 * 1024)], ']')).toBeInstanceOf(Uint8Array);
  });
});
