/** Texts of values and values of texts, as `cast` wants them; null where there is none. */
import { daysFromDate, formatTicks, parseDateTimeOffset } from '../../edm/date-time-offset.ts';
import type { PrimitiveName } from '../../edm/types.ts';
import { unreachable } from '../../errors.ts';
import { finite, ticksPerDay, within } from './arithmetic.ts';

const ticksPerSecond = 10_000_000n;

/** `2026-01-31` from days since 0001-01-01. */
export const dateText = (days: bigint): string => formatTicks(days * ticksPerDay).slice(0, 10);

/** `13:45:00.5` from ticks since midnight. */
export const timeText = (ticks: bigint): string => formatTicks(ticks).slice(11, -1);

/** `-P1DT2H3M4.5S`, without parts that are zero. */
export function durationText(ticks: bigint): string {
  const length = ticks < 0n ? -ticks : ticks;
  const seconds = length / ticksPerSecond;
  const fraction = String(length % ticksPerSecond)
    .padStart(7, '0')
    .replace(/0+$/, '');
  const part = (value: bigint, unit: string) => (value === 0n ? '' : `${value}${unit}`);
  const clock = [part((seconds / 3600n) % 24n, 'H'), part((seconds / 60n) % 60n, 'M')].join('');
  const rest = fraction === '' ? part(seconds % 60n, 'S') : `${seconds % 60n}.${fraction}S`;
  const time = `${clock}${rest}`;
  const text = `P${part(seconds / 86_400n, 'D')}${time === '' ? '' : `T${time}`}`;
  return `${ticks < 0n ? '-' : ''}${text === 'P' ? 'PT0S' : text}`;
}

const bounds = {
  'Edm.Int32': [-(2n ** 31n), 2n ** 31n - 1n],
  'Edm.Int64': [-(2n ** 63n), 2n ** 63n - 1n],
} as const;

/** The types numbers are cut to. */
export type WholeName = keyof typeof bounds;

/** A number without its fraction, if the type holds it. */
export function toWhole(name: WholeName, value: bigint | number): bigint | null {
  if (typeof value === 'number' && !Number.isFinite(value)) return null;
  const [least, most] = bounds[name];
  return within(typeof value === 'bigint' ? value : BigInt(Math.trunc(value)), least, most);
}

const wholePattern = /^[+-]?[0-9]+$/;
const realPattern = /^[+-]?[0-9]+(\.[0-9]+)?(e[+-]?[0-9]+)?$/i;
const datePattern = /^([0-9]{4})-([0-9]{2})-([0-9]{2})$/;
const timePattern = /^([01][0-9]|2[0-3]):([0-5][0-9])(?::([0-5][0-9])(?:\.([0-9]{1,12}))?)?$/;
const durationPattern =
  /^([+-])?P(?=[0-9T])(?:([0-9]+)D)?(?:T(?=[0-9])(?:([0-9]+)H)?(?:([0-9]+)M)?(?:([0-9]+)(?:\.([0-9]{1,12}))?S)?)?$/;
const guidPattern = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

/** Digits beyond which no number of the type begins: spares BigInt the reading of long texts. */
const wholeCharactersMax = 400;

/** The value a literal of the type would have; strict, without white space. */
export function parseText(name: PrimitiveName, text: string): string | bigint | number | boolean | null {
  switch (name) {
    case 'Edm.String':
      return text;
    case 'Edm.Boolean':
      return /^(true|false)$/i.test(text) ? text.toLowerCase() === 'true' : null;
    case 'Edm.Int32':
    case 'Edm.Int64':
      return wholePattern.test(text) && text.length <= wholeCharactersMax ? parseWhole(name, text) : null;
    case 'Edm.Double':
    case 'Edm.Decimal':
      return realPattern.test(text) ? finite(Number(text)) : null;
    case 'Edm.DateTimeOffset':
      // Without a zone it is UTC (URL Conventions 5.1.1.10.1).
      return (parseDateTimeOffset(text) ?? parseDateTimeOffset(`${text}Z`))?.ticks ?? null;
    case 'Edm.Date':
      return parseDate(text);
    case 'Edm.TimeOfDay':
      return parseTime(text);
    case 'Edm.Duration':
      return parseDuration(text);
    case 'Edm.Guid':
      return guidPattern.test(text) ? text.toLowerCase() : null;
    default:
      return unreachable(name);
  }
}

const parseWhole = (name: WholeName, text: string): bigint | null =>
  toWhole(name, BigInt(text.replace(/^\+/, '')));

function parseDate(text: string): bigint | null {
  const match = datePattern.exec(text);
  if (match === null) return null;
  const days = daysFromDate(Number(match[1]), Number(match[2]), Number(match[3]));
  return days === undefined ? null : BigInt(days);
}

const fractionTicks = (digits: string): bigint => BigInt(digits.padEnd(7, '0').slice(0, 7));

function parseTime(text: string): bigint | null {
  const match = timePattern.exec(text);
  if (match === null) return null;
  const [, hour = '', minute = '', second = '0', fraction = ''] = match;
  const seconds = BigInt(hour) * 3600n + BigInt(minute) * 60n + BigInt(second);
  return seconds * ticksPerSecond + fractionTicks(fraction);
}

function parseDuration(text: string): bigint | null {
  const match = text.length > wholeCharactersMax ? null : durationPattern.exec(text);
  if (match === null) return null;
  const [, sign, day = '0', hour = '0', minute = '0', second = '0', fraction = ''] = match;
  const seconds = BigInt(day) * 86_400n + BigInt(hour) * 3600n + BigInt(minute) * 60n + BigInt(second);
  const ticks = seconds * ticksPerSecond + fractionTicks(fraction);
  return toWhole('Edm.Int64', sign === '-' ? -ticks : ticks);
}
