/** Literals that stand in the text as they are: numbers, dates, times, durations, GUIDs, base64url. */

import { limits } from '../limits.ts';
import type {
  BinaryLiteral,
  DateLiteral,
  DateTimeOffsetLiteral,
  DecimalLiteral,
  DoubleLiteral,
  DurationLiteral,
  EnumLiteral,
  GuidLiteral,
  IntegerLiteral,
  Span,
  TimeOfDayLiteral,
} from './ast.ts';
import { quoteText, type Source, syntaxError, tooComplex } from './syntax-error.ts';

const ticksPerSecond = 10_000_000n;
const ticksPerDay = 86_400n * ticksPerSecond;
const ticksMax = 3_652_059n * ticksPerDay - 1n;
const int64Max = 2n ** 63n - 1n;
/** Digits of the longest Edm.Int64. */
const int64DigitsMax = 19;

/** Part of a duration, a fraction of a second, or both. */
interface Amount {
  readonly ticks: bigint;
  readonly picoseconds: number;
}

/** Up to twelve fractional digits as 100 ns and what they add beyond. */
function readFraction(digits: string): Amount {
  const padded = digits.padEnd(12, '0');
  return { ticks: BigInt(padded.slice(0, 7)), picoseconds: Number(padded.slice(7)) };
}

function matchAt(pattern: RegExp, text: string, offset: number): RegExpExecArray | undefined {
  pattern.lastIndex = offset;
  return pattern.exec(text) ?? undefined;
}

const guidPattern = /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}(?![0-9A-Za-z_-])/iy;

/** ABNF guid. */
export function readGuid({ text }: Source, offset: number): GuidLiteral | undefined {
  const match = matchAt(guidPattern, text, offset);
  if (match === undefined) return undefined;
  return {
    kind: 'literal',
    type: 'guid',
    value: match[0].toLowerCase(),
    offset,
    end: offset + match[0].length,
  };
}

const timePattern = /(\d\d):(\d\d)(?::(\d\d)(?:\.(\d+))?)?/y;

interface Time extends Span, Amount {
  readonly text: string;
}

/** ABNF timeOfDayLiteral; the leap second is refused, as no stored value can have it. */
function readTime(source: Source, offset: number): Time | undefined {
  const match = matchAt(timePattern, source.text, offset);
  if (match === undefined) return undefined;
  const [text, hour = '', minute = '', second = '0', digits = ''] = match;
  if (Number(hour) > 23) throw syntaxError(source, offset, `expected an hour from 00 to 23, found '${hour}'`);
  if (Number(minute) > 59)
    throw syntaxError(source, offset + 3, `expected a minute from 00 to 59, found '${minute}'`);
  if (Number(second) > 59)
    throw syntaxError(source, offset + 6, `expected a second from 00 to 59, found '${second}'`);
  if (digits.length > 12) throw syntaxError(source, offset + 9, 'expected at most 12 fractional digits');
  const fraction = readFraction(digits);
  const seconds = BigInt(Number(hour) * 3600 + Number(minute) * 60 + Number(second));
  const ticks = seconds * ticksPerSecond + fraction.ticks;
  return { text, ticks, picoseconds: fraction.picoseconds, offset, end: offset + text.length };
}

/** ABNF timeOfDayLiteral. */
export function readTimeOfDay(source: Source, offset: number): TimeOfDayLiteral | undefined {
  const time = readTime(source, offset);
  return time === undefined ? undefined : { kind: 'literal', type: 'timeOfDay', ...time };
}

const datePattern = /(-?\d{4,})-(\d\d)-(\d\d)/y;

function daysOfMonth(year: number, month: number): number {
  if (month !== 2) return [4, 6, 9, 11].includes(month) ? 30 : 31;
  return (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0 ? 29 : 28;
}

/** Days from 0001-01-01 to a date of the proleptic Gregorian calendar. */
function daysBefore(year: number, month: number, day: number): number {
  const past = year - 1;
  let days = past * 365 + Math.floor(past / 4) - Math.floor(past / 100) + Math.floor(past / 400) + day - 1;
  for (let earlier = 1; earlier < month; earlier += 1) days += daysOfMonth(year, earlier);
  return days;
}

/** ABNF date, within the years every engine stores. */
function readDate(source: Source, offset: number): DateLiteral | undefined {
  const match = matchAt(datePattern, source.text, offset);
  if (match === undefined) return undefined;
  const [text, year = '', month = '', day = ''] = match;
  if (year.length !== 4 || year === '0000')
    throw syntaxError(source, offset, 'expected a year from 0001 to 9999');
  if (Number(month) < 1 || Number(month) > 12)
    throw syntaxError(source, offset + 5, `expected a month from 01 to 12, found '${month}'`);
  const dayMax = daysOfMonth(Number(year), Number(month));
  if (Number(day) < 1 || Number(day) > dayMax)
    throw syntaxError(source, offset + 8, `expected a day from 01 to ${dayMax}, found '${day}'`);
  const ticks = BigInt(daysBefore(Number(year), Number(month), Number(day))) * ticksPerDay;
  return { kind: 'literal', type: 'date', text, ticks, offset, end: offset + text.length };
}

// A client that did not escape '+' sends a space (protocol digest 3.2).
const zonePattern = /[Zz]|([-+ ])(\d\d):(\d\d)(?!:)/y;

interface Zone {
  readonly text: string;
  readonly minutes: number;
  readonly end: number;
}

/** The zone of a dateTimeOffsetLiteral. */
function readZone(source: Source, offset: number): Zone {
  const match = matchAt(zonePattern, source.text, offset);
  if (match === undefined)
    throw syntaxError(source, offset, "expected the time zone of the date-time, 'Z' or such as '+02:00'");
  const [text, sign, hour = '', minute = ''] = match;
  const end = offset + text.length;
  if (sign === undefined) return { text: 'Z', minutes: 0, end };
  if (Number(hour) > 14 || Number(minute) > 59)
    throw syntaxError(source, offset, `expected a time zone from -14:59 to +14:59, found '${text.trim()}'`);
  const minutes = Number(hour) * 60 + Number(minute);
  const canonicalSign = sign === '-' ? '-' : '+';
  // `+ 0` turns the -0 of '-00:00' into 0.
  return { text: `${canonicalSign}${hour}:${minute}`, minutes: (sign === '-' ? -minutes : minutes) + 0, end };
}

/** ABNF dateTimeOffsetLiteral or date. */
export function readDateOrDateTime(
  source: Source,
  offset: number,
): DateLiteral | DateTimeOffsetLiteral | undefined {
  const date = readDate(source, offset);
  if (date === undefined) return undefined;
  if (source.text[date.end]?.toLowerCase() !== 't') return date;
  const time = readTime(source, date.end + 1);
  if (time === undefined)
    throw syntaxError(source, date.end + 1, "expected a time such as '13:45' after 'T'");
  const zone = readZone(source, time.end);
  const ticks = date.ticks + time.ticks - BigInt(zone.minutes) * 60n * ticksPerSecond;
  if (ticks < 0n || ticks > ticksMax)
    throw syntaxError(source, offset, 'expected a date-time from year 0001 to 9999 in UTC');
  return {
    kind: 'literal',
    type: 'dateTimeOffset',
    text: `${date.text}T${time.text}${zone.text}`,
    ticks,
    picoseconds: time.picoseconds,
    zoneMinutes: zone.minutes,
    offset,
    end: zone.end,
  };
}

const numberPattern = /[-+]?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?/y;
const infinityPattern = /-INF(?![\p{L}\p{Nl}\p{Nd}_])/uy;

/** ABNF decimalLiteral, the INF of a minus sign included; digits alone are an integer while Edm.Int64 holds them. */
export function readNumber(
  source: Source,
  offset: number,
): IntegerLiteral | DecimalLiteral | DoubleLiteral | undefined {
  if (matchAt(infinityPattern, source.text, offset) !== undefined)
    return { kind: 'literal', type: 'double', text: '-INF', value: -Infinity, offset, end: offset + 4 };
  const match = matchAt(numberPattern, source.text, offset);
  if (match === undefined) return undefined;
  const end = offset + match[0].length;
  const text = match[0].replace(/^\+/, '');
  if (/[eE]/.test(text)) return makeDouble(source, text, offset, end);
  if (text.includes('.')) return { kind: 'literal', type: 'decimal', text, offset, end };
  const value = readInt64(text);
  if (value === undefined) return { kind: 'literal', type: 'decimal', text, offset, end };
  return { kind: 'literal', type: 'integer', value, offset, end };
}

function makeDouble(source: Source, text: string, offset: number, end: number): DoubleLiteral {
  const value = Number(text);
  if (!Number.isFinite(value)) throw syntaxError(source, offset, 'expected a number that Edm.Double holds');
  return { kind: 'literal', type: 'double', text, value, offset, end };
}

/** The value of signed digits, or undefined beyond Edm.Int64. */
function readInt64(text: string): bigint | undefined {
  const digits = text.replace(/^-?0*/, '');
  if (digits.length > int64DigitsMax) return undefined;
  const value = BigInt(text);
  return value < -int64Max - 1n || value > int64Max ? undefined : value;
}

const durationPattern = /^(-?)P(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)(?:\.(\d{1,12}))?S)?)?$/i;
const durationFormat = "expected a duration such as 'P1DT2H3M4.5S'";

/** ABNF durationValue, from the text between the quotes. */
export function makeDuration(source: Source, value: string, span: Span): DurationLiteral {
  const match = durationPattern.exec(value);
  if (match === null || /[PT]$/i.test(value)) throw syntaxError(source, span.offset, durationFormat);
  const [, sign, days = '0', hours = '0', minutes = '0', seconds = '0', digits = ''] = match;
  if ([days, hours, minutes, seconds].some((part) => part.length > int64DigitsMax))
    throw syntaxError(source, span.offset, 'expected a duration within the range of Edm.Duration');
  const fraction = readFraction(digits);
  const wholeSeconds =
    BigInt(days) * 86_400n + BigInt(hours) * 3600n + BigInt(minutes) * 60n + BigInt(seconds);
  const ticks = wholeSeconds * ticksPerSecond + fraction.ticks;
  if (ticks > int64Max)
    throw syntaxError(source, span.offset, 'expected a duration within the range of Edm.Duration');
  const isNegative = sign === '-';
  return {
    kind: 'literal',
    type: 'duration',
    text: value.toUpperCase(),
    ticks: isNegative ? -ticks : ticks,
    picoseconds: (isNegative ? -fraction.picoseconds : fraction.picoseconds) + 0,
    offset: span.offset,
    end: span.end,
  };
}

const binaryPattern = /^(?:[\w-]{4})*(?:[\w-]{2}[AEIMQUYcgkosw048]=?|[\w-][AQgw](?:==)?)?$/;

/** ABNF binaryValue, from the text between the quotes. */
export function makeBinary(source: Source, value: string, span: Span): BinaryLiteral {
  if (!binaryPattern.test(value))
    throw syntaxError(source, span.offset, "expected base64url text such as 'Zm9v' in binary'…'");
  const text = value.replaceAll('=', '');
  return { kind: 'literal', type: 'binary', text, offset: span.offset, end: span.end };
}

const enumMemberPattern = /^(?:[\p{L}\p{Nl}_][\p{L}\p{Nl}\p{Nd}\p{Mn}\p{Mc}\p{Pc}\p{Cf}]*|[-+]?\d{1,19})$/u;

/** ABNF enumLiteral with a type name, from the text between the quotes; white space around a comma is tolerated. */
export function makeEnum(source: Source, typeName: string, value: string, span: Span): EnumLiteral {
  const parts = value.split(',', limits.listItemsMax + 1);
  if (parts.length > limits.listItemsMax)
    throw tooComplex(source, span.offset, `more than ${limits.listItemsMax} members of an enumeration`);
  const members = parts.map((member) => member.trim().replace(/^\+/, ''));
  if (!members.every((member) => enumMemberPattern.test(member)))
    throw syntaxError(
      source,
      span.offset,
      `expected member names separated by commas in ${quoteText(typeName)}'…'`,
    );
  return { kind: 'literal', type: 'enum', typeName, members, offset: span.offset, end: span.end };
}
