import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createClock } from '../../src/clock.ts';
import { formatTicks, unixEpochTicks } from '../../src/edm/date-time-offset.ts';

const epochMs = Date.UTC(2026, 10, 23, 9, 14, 5);
const ticksOfMs = (milliseconds: number) => unixEpochTicks + BigInt(milliseconds) * 10_000n;

describe('the clock', () => {
  it('takes fractions of a millisecond from the timer', () => {
    let timer = 0;
    const clock = createClock(
      () => epochMs + Math.floor(timer),
      () => timer,
    );
    expect(formatTicks(clock())).toBe('2026-11-23T09:14:05Z');
    timer += 1.25;
    expect(formatTicks(clock())).toBe('2026-11-23T09:14:05.00125Z');
  });

  it('stays within the millisecond of the system clock and never goes back, wherever it started', () => {
    const steps = fc.array(fc.double({ min: 0, max: 3, noNaN: true }), { minLength: 1, maxLength: 200 });
    fc.assert(
      fc.property(fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }), steps, (offset, moves) => {
        let timer = 0;
        const system = () => epochMs + Math.floor(offset + timer);
        const clock = createClock(system, () => timer);
        let previous = 0n;
        for (const move of moves) {
          timer += move;
          const ticks = clock();
          expect(ticks).toBeGreaterThanOrEqual(previous);
          expect(ticks).toBeGreaterThanOrEqual(ticksOfMs(system()));
          expect(ticks).toBeLessThan(ticksOfMs(system() + 1));
          previous = ticks;
        }
      }),
    );
  });

  it('waits where the system clock runs slower than the timer', () => {
    let timer = 0;
    let systemMs = epochMs;
    const clock = createClock(
      () => systemMs,
      () => timer,
    );
    timer = 3;
    expect(clock()).toBe(ticksOfMs(epochMs) + 9_999n);
    expect(clock()).toBe(ticksOfMs(epochMs) + 9_999n);
    systemMs = epochMs + 4;
    expect(clock()).toBe(ticksOfMs(epochMs + 4));
  });

  it.each([3_600_000, -3_600_000])('follows the system clock when it is set by %d ms', (jumpMs) => {
    let timer = 0;
    let shift = 0;
    const clock = createClock(
      () => epochMs + timer + shift,
      () => timer,
    );
    clock();
    shift = jumpMs;
    timer += 10;
    expect(clock()).toBe(ticksOfMs(epochMs + 10 + jumpMs));
  });
});
