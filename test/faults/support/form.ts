/** Short or long: what `npm test` runs, and what `CASP_FAULTS=long` makes of it. */

/** Whether the long form was asked for. */
export const isLong = process.env.CASP_FAULTS === 'long';

/** Repeats a run where one seed decides what is random. */
export const seed = Number(process.env.CASP_SEED ?? Date.now() % 1_000_000);

/** Mulberry32: numbers from 0 to 1 that follow from the seed. */
export function mulberry32(start: number): () => number {
  let state = start >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** The value below which this share of the values lies; of no values, 0. */
export function percentile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((left, right) => left - right);
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? 0;
}
