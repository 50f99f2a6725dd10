/** Wire values → stored values, as far as the engines agree. */
import { ticksOf } from '../edm/date-time-offset.ts';
import type { PrimitiveValue } from '../edm/types.ts';
import type { ColumnType } from './table.ts';

/** Dates become ticks, enumeration members their numbers, so that both engines compare them alike. */
export function encodeShared(value: PrimitiveValue, type: ColumnType): PrimitiveValue | bigint {
  if (value === null) return null;
  if (type.kind === 'enum') {
    const member = type.members.find((candidate) => candidate.name === value);
    if (member === undefined) throw new Error(`no member ${String(value)} in ${type.name}`);
    return member.value;
  }
  return type.name === 'Edm.DateTimeOffset' ? ticksOf(String(value)) : value;
}
