/** The wall clock in ticks of 100 ns: the system clock for the instant, the process's own timer for the fraction. */
import { unixEpochTicks } from './edm/date-time-offset.ts';

/** Beyond this the system clock was set, and the timer follows it. */
const driftMsMax = 5;

/**
 * Reads the current instant. Between two settings of the system clock it never goes back.
 *
 * @param now whole milliseconds since the epoch; @param timerMs a timer that only goes forward, finer than that.
 */
export function createClock(now: () => number, timerMs: () => number): () => bigint {
  let startMs = now();
  let startTimerMs = timerMs();
  return () => {
    // Kept apart from the start: a double holds either the epoch's milliseconds or the fraction, not both.
    let elapsedMs = timerMs() - startTimerMs;
    const nowMs = now();
    if (Math.abs(nowMs - startMs - elapsedMs) > driftMsMax) {
      startMs = nowMs;
      startTimerMs += elapsedMs;
      elapsedMs = 0;
    }
    const wholeMs = Math.floor(elapsedMs);
    return (
      unixEpochTicks +
      BigInt(startMs + wholeMs) * 10_000n +
      BigInt(Math.floor((elapsedMs - wholeMs) * 10_000))
    );
  };
}
