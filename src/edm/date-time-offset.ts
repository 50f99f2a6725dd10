/** Edm.DateTimeOffset to 100 ns, as ticks since 0001-01-01T00:00:00Z; never a JavaScript Date. */

/** Ticks of 100 ns in one second. */
export const ticksPerSecond = 10_000_000n;

/** Ticks between 0001-01-01T00:00:00Z and the Unix epoch. */
export const unixEpochTicks = 621_355_968_000_000_000n;

const unixEpochSeconds = Number(unixEpochTicks / ticksPerSecond);

/** 9999-12-31T23:59:59.9999999Z, the last value of the type here. */
export const maxTicks = 3_155_378_975_999_999_999n;

/** An instant as a literal may state it: up to twelve fractional digits, of which seven are kept as ticks. */
export interface Instant {
  readonly ticks: bigint;
  /** What the literal says beyond 100 ns, 0 to 99,999 (picoseconds); stored values have 0. */
  readonly restPicoseconds: number;
}

const pattern = /^(\d{4})-(\d{2})-(\d{2})T(\d{2}):(\d{2})(?::(\d{2})(?:\.(\d{1,12}))?)?(Z|[+-]\d{2}:\d{2})$/i;

/** Days since 0001-01-01 of a proleptic Gregorian date, or undefined when there is no such day. */
export function daysFromDate(year: number, month: number, day: number): number | undefined {
  if (year < 1 || month < 1 || month > 12 || day < 1) return undefined;
  const leap = (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0;
  const lengths = [31, leap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
  if (day > (lengths[month - 1] ?? 0)) return undefined;
  const before = year - 1;
  const monthDays = lengths.slice(0, month - 1).reduce((sum, length) => sum + length, 0);
  return (
    before * 365 +
    Math.floor(before / 4) -
    Math.floor(before / 100) +
    Math.floor(before / 400) +
    monthDays +
    day -
    1
  );
}

/** Reads RFC 3339 text with a zone, seconds optional (ABNF dateTimeOffsetValue); undefined when it is not one. */
export function parseDateTimeOffset(text: string): Instant | undefined {
  const match = pattern.exec(text);
  if (match === null) return undefined;
  const [, year, month, day, hour, minute, second = '0', fraction = '', zone = 'Z'] = match;
  const days = daysFromDate(Number(year), Number(month), Number(day));
  if (days === undefined || Number(hour) > 23 || Number(minute) > 59 || Number(second) > 59) return undefined;
  const offsetMinutes = parseZone(zone);
  if (offsetMinutes === undefined) return undefined;
  const seconds =
    days * 86_400 + Number(hour) * 3600 + (Number(minute) - offsetMinutes) * 60 + Number(second);
  const digits = fraction.padEnd(12, '0');
  const ticks = BigInt(seconds) * ticksPerSecond + BigInt(digits.slice(0, 7));
  if (ticks < 0n || ticks > maxTicks) return undefined;
  return { ticks, restPicoseconds: Number(digits.slice(7)) };
}

function parseZone(zone: string): number | undefined {
  if (zone === 'Z' || zone === 'z') return 0;
  const hours = Number(zone.slice(1, 3));
  const minutes = Number(zone.slice(4));
  if (hours > 14 || minutes > 59) return undefined;
  return (zone.startsWith('-') ? -1 : 1) * (hours * 60 + minutes);
}

/** Canonical text: UTC, `Z`, up to seven fractional digits, trailing zeros trimmed. */
export function formatTicks(ticks: bigint): string {
  const unixSeconds = Number(ticks / ticksPerSecond) - unixEpochSeconds;
  // The Date only spells the whole second; the fraction comes from the ticks.
  const whole = new Date(unixSeconds * 1000).toISOString().slice(0, 19);
  const fraction = String(ticks % ticksPerSecond)
    .padStart(7, '0')
    .replace(/0+$/, '');
  return fraction === '' ? `${whole}Z` : `${whole}.${fraction}Z`;
}

/** The ticks of a text this service wrote; throws on anything else, because only we can get it wrong. */
export function ticksOf(text: string): bigint {
  const instant = parseDateTimeOffset(text);
  if (instant === undefined) throw new Error(`not a canonical DateTimeOffset: ${text}`);
  return instant.ticks;
}
