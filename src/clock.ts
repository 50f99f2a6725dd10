/** The wall clock in ticks of 100 ns; milliseconds from Date, the rest from the process's own timer. */
import { unixEpochTicks } from './edm/date-time-offset.ts';

/** Reads the current instant; never goes back by itself, follows the system clock when that is set. */
export function createClock(now: () => number, highResolutionMs: () => number): () => bigint {
  let lastMs = 0;
  let startedMs = 0;
  return () => {
    const wallMs = now();
    const fineMs = highResolutionMs();
    if (wallMs !== lastMs) {
      lastMs = wallMs;
      startedMs = fineMs;
    }
    const within = Math.min(9_999, Math.max(0, Math.floor((fineMs - startedMs) * 10_000)));
    return unixEpochTicks + BigInt(wallMs) * 10_000n + BigInt(within);
  };
}
