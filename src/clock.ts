/** The wall clock in ticks of 100 ns: the system clock for the instant, the process's own timer for the fraction. */
import { unixEpochTicks } from './edm/date-time-offset.ts';

/** Ahead of the system clock by more than this, the system clock was set back. */
const leadMsMax = 5;

/** The last fraction of a millisecond. */
const lastFraction = 9_999n;

/**
 * Reads the current instant: within the millisecond the system clock shows, and between two settings of that clock
 * never going back.
 *
 * @param now whole milliseconds since the epoch; @param timerMs a timer that only goes forward, finer than that.
 */
export function createClock(now: () => number, timerMs: () => number): () => bigint {
  let startMs = now();
  let startTimerMs = timerMs();
  let last = 0n;
  return () => {
    const nowMs = now();
    // Kept apart from the start: a double holds either the epoch's milliseconds or the fraction, not both.
    let elapsedMs = timerMs() - startTimerMs;
    const leadMs = startMs + elapsedMs - nowMs;
    const wasSetBack = leadMs > leadMsMax;
    // The start was somewhere within its millisecond, so the timer lags until it has been corrected.
    if (leadMs < 0 || wasSetBack) {
      startMs = nowMs;
      startTimerMs += elapsedMs;
      elapsedMs = 0;
    }
    const wholeMs = Math.floor(elapsedMs);
    const isAhead = startMs + wholeMs > nowMs;
    const fraction = isAhead ? lastFraction : BigInt(Math.floor((elapsedMs - wholeMs) * 10_000));
    const ticks = unixEpochTicks + BigInt(nowMs) * 10_000n + fraction;
    last = ticks > last || wasSetBack ? ticks : last;
    return last;
  };
}
