/** Values of expressions → JSON, by their type (JSON Format 7.1). */
import { formatTicks, ticksPerSecond } from './date-time-offset.ts';
import type { EnumType, PrimitiveType } from './types.ts';

/** A value as expressions compute it (`plan/bound.ts`): ticks, days and members are whole numbers. */
export type ComputedValue = string | boolean | bigint | number | null;

/** Writes a value; 64-bit and decimal numbers become strings where the client asked for IEEE754Compatible. */
export function writeValueJson(
  value: ComputedValue,
  type: PrimitiveType | EnumType | { readonly kind: 'null' },
  ieee754Compatible: boolean,
): string {
  if (value === null || type.kind === 'null') return 'null';
  if (type.kind === 'enum') return JSON.stringify(memberName(type, BigInt(value)));
  switch (type.name) {
    case 'Edm.String':
    case 'Edm.Guid':
    case 'Edm.Boolean':
    case 'Edm.Double':
      return writePlain(value);
    case 'Edm.Int32':
      return String(value);
    case 'Edm.Int64':
    case 'Edm.Decimal':
      return ieee754Compatible ? `"${value}"` : String(value);
    case 'Edm.DateTimeOffset':
      return JSON.stringify(formatTicks(BigInt(value)));
    case 'Edm.Date':
      return JSON.stringify(formatTicks(BigInt(value) * ticksPerDay).slice(0, 10));
    case 'Edm.TimeOfDay':
      return JSON.stringify(formatTicks(BigInt(value)).slice(11, -1));
    case 'Edm.Duration':
      return JSON.stringify(formatDuration(BigInt(value)));
  }
}

const ticksPerDay = 86_400n * ticksPerSecond;

/** Numbers JSON cannot spell are strings (JSON Format 7.1). */
function writePlain(value: string | boolean | bigint | number): string {
  if (typeof value !== 'number' || Number.isFinite(value))
    return JSON.stringify(typeof value === 'bigint' ? Number(value) : value);
  if (Number.isNaN(value)) return '"NaN"';
  return value > 0 ? '"INF"' : '"-INF"';
}

function memberName(type: EnumType, value: bigint): string {
  const member = type.members.find((candidate) => BigInt(candidate.value) === value);
  return member?.name ?? String(value);
}

/** `P1DT2H3M4.5S` */
function formatDuration(ticks: bigint): string {
  const size = ticks < 0n ? -ticks : ticks;
  const days = size / ticksPerDay;
  const seconds = (size % ticksPerDay) / ticksPerSecond;
  const fraction = String(size % ticksPerSecond)
    .padStart(7, '0')
    .replace(/0+$/, '');
  const [hours, minutes, rest] = [seconds / 3600n, (seconds / 60n) % 60n, seconds % 60n];
  const time = [
    hours === 0n ? '' : `${hours}H`,
    minutes === 0n ? '' : `${minutes}M`,
    rest === 0n && fraction === '' ? '' : `${rest}${fraction === '' ? '' : `.${fraction}`}S`,
  ].join('');
  const text = `${days === 0n ? '' : `${days}D`}${time === '' ? '' : `T${time}`}`;
  return `${ticks < 0n ? '-' : ''}P${text === '' ? 'T0S' : text}`;
}
