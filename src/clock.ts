/** The wall clock in ticks of 100 ns: the system clock for the instant, the process's own timer for the fraction. */
import { unixEpochTicks } from './edm/date-time-offset.ts';

/** Beyond this the system clock was set, and the timer follows it. */
const driftMsMax = 5;

/**
 * Reads the current instant. Between two settings of the system clock it never goes back.
 *
 * @param now milliseconds since the epoch; @param timerMs a timer that only goes forward, finer than a millisecond.
 */
export function createClock(now: () => number, timerMs: () => number): () => bigint {
  let offsetMs = now() - timerMs();
  return () => {
    let instantMs = offsetMs + timerMs();
    const driftMs = now() - instantMs;
    if (Math.abs(driftMs) > driftMsMax) {
      offsetMs += driftMs;
      instantMs += driftMs;
    }
    const wholeMs = Math.floor(instantMs);
    return unixEpochTicks + BigInt(wholeMs) * 10_000n + BigInt(Math.floor((instantMs - wholeMs) * 10_000));
  };
}
