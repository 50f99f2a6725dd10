/** Arithmetic that ends in null where a type has no such value, instead of in another type as SQLite's does. */
import { maxTicks } from '../../edm/date-time-offset.ts';
import type { Arithmetic } from '../../plan/bound.ts';

type Operator = Arithmetic['operator'];

const int64Min = -(2n ** 63n);
const int64Max = 2n ** 63n - 1n;
/** Ticks of 100 ns in one day. */
export const ticksPerDay = 864_000_000_000n;
/** Days since 0001-01-01 of the last date, 9999-12-31. */
const lastDay = maxTicks / ticksPerDay;

/** The value if it lies within the bounds. */
export const within = (value: bigint, least: bigint, most: bigint): bigint | null =>
  value < least || value > most ? null : value;

/** Edm.Int64 (URL Conventions 5.1.1.2): `div` cuts towards zero, `mod` has the sign of the left side. */
export function calculateWhole(operator: Operator, left: bigint, right: bigint): bigint | null {
  if (right === 0n && (operator === 'div' || operator === 'mod')) return null;
  return within(wholeOperators[operator](left, right), int64Min, int64Max);
}

const wholeOperators: Readonly<Record<Operator, (left: bigint, right: bigint) => bigint>> = {
  add: (left, right) => left + right,
  sub: (left, right) => left - right,
  mul: (left, right) => left * right,
  div: (left, right) => left / right,
  mod: (left, right) => left % right,
};

/** Edm.Double without INF and NaN, which no row holds. */
export function calculateReal(operator: Operator, left: number, right: number): number | null {
  return finite(realOperators[operator](left, right));
}

const realOperators: Readonly<Record<Operator, (left: number, right: number) => number>> = {
  add: (left, right) => left + right,
  sub: (left, right) => left - right,
  mul: (left, right) => left * right,
  div: (left, right) => left / right,
  mod: (left, right) => left % right,
};

/** The number, or null for INF and NaN. */
export const finite = (value: number): number | null => (Number.isFinite(value) ? value : null);

/** An instant and a duration, both in ticks. */
export function calculateInstant(operator: Operator, instant: bigint, duration: bigint): bigint | null {
  return within(operator === 'sub' ? instant - duration : instant + duration, 0n, maxTicks);
}

/** A date in days and a duration in ticks; what is left of a day after the calculation is cut off. */
export function calculateDate(operator: Operator, date: bigint, duration: bigint): bigint | null {
  const ticks = calculateInstant(operator, date * ticksPerDay, duration);
  return ticks === null ? null : within(ticks / ticksPerDay, 0n, lastDay);
}

/** Durations in ticks, one side perhaps a real number. */
export function calculateDuration(
  operator: Operator,
  left: bigint | number,
  right: bigint | number,
): bigint | null {
  if (typeof left === 'bigint' && typeof right === 'bigint') return calculateWhole(operator, left, right);
  const ticks = calculateReal(operator, Number(left), Number(right));
  return ticks === null ? null : within(BigInt(Math.trunc(ticks)), int64Min, int64Max);
}

/** The fraction of a double is exact; adding a half to it is not. */
export function roundHalfAwayFromZero(value: number): number {
  const cut = Math.trunc(value);
  return Math.abs(value - cut) >= 0.5 ? cut + Math.sign(value) : cut;
}
