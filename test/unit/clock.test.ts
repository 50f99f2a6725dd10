import { describe, expect, it } from 'vitest';
import { createClock } from '../../src/clock.ts';
import { formatTicks } from '../../src/edm/date-time-offset.ts';

const epochMs = Date.UTC(2026, 10, 23, 9, 14, 5);

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

  it('never goes back while the system clock only lags behind the timer', () => {
    let timer = 0;
    const clock = createClock(
      () => epochMs + Math.floor(timer / 4) * 4,
      () => timer,
    );
    let last = clock();
    for (let step = 0; step < 1000; step += 1) {
      timer += 0.37;
      const next = clock();
      expect(next > last).toBe(true);
      last = next;
    }
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
    expect(formatTicks(clock())).toBe(
      new Date(epochMs + 10 + jumpMs).toISOString().replace(/0Z$/, 'Z').replace('.01', '.01'),
    );
  });
});
