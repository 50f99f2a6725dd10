/** Numbers behind charts: shares, order, the sentence that says the same in words. */

/** One bar: what it counts, and the $filter of Apps that shows exactly those. */
export interface Bar {
  readonly key: string;
  readonly label: string;
  readonly value: number;
  readonly filter: string;
}

/** Percent of the whole, for widths; 0 of nothing is 0, and what exists is seen. */
export function widthPercent(value: number, whole: number): number {
  if (value <= 0 || whole <= 0) return 0;
  return Math.min(100, Math.max(0.75, (value / whole) * 100));
}

/** Widths of parts that fill 100 together; small ones are seen, large ones give way. */
export function partWidths(values: readonly number[]): readonly number[] {
  const whole = values.reduce((sum, value) => sum + value, 0);
  const wanted = values.map((value) => widthPercent(value, whole));
  const sum = wanted.reduce((total, width) => total + width, 0);
  return sum === 0 ? wanted : wanted.map((width) => (width / sum) * 100);
}

/** Whole percent, with the small ones kept apart from none: `0`, `<1`, `12`. */
export function sharePercent(value: number, whole: number): string {
  if (value <= 0 || whole <= 0) return '0 %';
  const share = (value / whole) * 100;
  return share < 1 ? '<1 %' : `${Math.round(share)} %`;
}

/** How strongly a cell of a heat table is tinted, from 0 to 1; by the root, so that small numbers differ too. */
export const tintOf = (value: number, largest: number): number =>
  value <= 0 || largest <= 0 ? 0 : Math.sqrt(value / largest);

/** The largest bar first; equal ones keep their order. */
export const byValue = (bars: readonly Bar[]): readonly Bar[] =>
  [...bars].sort((one, other) => other.value - one.value);
