/** What SQLite cannot say in SQL: Unicode case, exact arithmetic, regular expressions, texts of values. */
import type { Database as Handle } from 'better-sqlite3';
import { RE2JS } from 're2js';
import { formatTicks } from '../../edm/date-time-offset.ts';
import type { PrimitiveName } from '../../edm/types.ts';
import type { Arithmetic } from '../../plan/bound.ts';
import { foldText, wordsOfItems, wordsOfText } from '../../sql/search-text.ts';
import {
  calculateDate,
  calculateDuration,
  calculateInstant,
  calculateReal,
  calculateWhole,
  finite,
  roundHalfAwayFromZero,
} from './arithmetic.ts';
import { dateText, durationText, parseText, timeText, toWhole, type WholeName } from './value-text.ts';

/** SQLite's values as better-sqlite3 hands them over: REAL as number, INTEGER as bigint. */
type SqlValue = string | number | bigint | null;

type SqlFunction = (...values: readonly SqlValue[]) => SqlValue | boolean;

const text = (value: SqlValue | undefined): string => String(value);
const real = (value: SqlValue | undefined): number => Number(value);

function whole(value: SqlValue | undefined): bigint {
  if (typeof value !== 'bigint') throw new Error(`not whole: ${typeof value}`);
  return value;
}

function number(value: SqlValue | undefined): bigint | number {
  return typeof value === 'bigint' ? value : real(value);
}

const operators: readonly Arithmetic['operator'][] = ['add', 'sub', 'mul', 'div', 'mod'];

/** One function for each operator, so that none has to look its operator up in each row. */
const arithmetic: Readonly<Record<string, SqlFunction>> = Object.fromEntries(
  operators.flatMap((operator): [string, SqlFunction][] => [
    [`casp_whole_${operator}`, (left, right) => calculateWhole(operator, whole(left), whole(right))],
    [`casp_real_${operator}`, (left, right) => calculateReal(operator, real(left), real(right))],
    [`casp_instant_${operator}`, (left, right) => calculateInstant(operator, whole(left), whole(right))],
    [`casp_date_${operator}`, (left, right) => calculateDate(operator, whole(left), whole(right))],
    [`casp_duration_${operator}`, (left, right) => calculateDuration(operator, number(left), number(right))],
  ]),
);

/** By the name they have in SQL; none is called with a null, which is what they would all yield for it. */
const functions: Readonly<Record<string, SqlFunction>> = {
  ...arithmetic,
  casp_lower: (value) => text(value).toLowerCase(),
  casp_upper: (value) => text(value).toUpperCase(),
  casp_trim: (value) => text(value).trim(),
  casp_length: (value) => BigInt([...text(value)].length),
  casp_starts_with: (value, prefix) => text(value).startsWith(text(prefix)),
  casp_ends_with: (value, suffix) => text(value).endsWith(text(suffix)),
  casp_substring: (value, start, length) =>
    substring(text(value), real(start), length === undefined ? undefined : real(length)),
  casp_matches: (value, pattern) => compilePattern(text(pattern)).matcher(text(value)).find(),
  casp_round: (value) => roundHalfAwayFromZero(real(value)),
  casp_finite: (value) => finite(real(value)),
  casp_real_text: (value) => String(real(value)),
  casp_instant_text: (value) => formatTicks(whole(value)),
  casp_date_text: (value) => dateText(whole(value)),
  casp_time_text: (value) => timeText(whole(value)),
  casp_duration_text: (value) => durationText(whole(value)),
  casp_parse: (name, value) => parseText(text(name) as PrimitiveName, text(value)),
  casp_to_whole: (name, value) => toWhole(text(name) as WholeName, number(value)),
  casp_words: (value) => wordsOfText(text(value)),
  casp_fold: (value) => foldText(text(value)),
  casp_item_words: (items) => wordsOfItems(JSON.parse(text(items)) as readonly string[]),
};

/** Makes the functions known to a connection; every connection that runs our statements needs them. */
export function registerFunctions(handle: Handle): void {
  for (const [name, implementation] of Object.entries(functions)) {
    // `casp_substring` comes with two arguments or three.
    const options = { deterministic: true, safeIntegers: true, varargs: true };
    handle.function(name, options, (...values: unknown[]) => call(implementation, values as SqlValue[]));
  }
  handle.aggregate('casp_sum_whole', {
    safeIntegers: true,
    deterministic: true,
    start: null,
    step: (total: bigint | null, value: SqlValue) => (value === null ? total : (total ?? 0n) + whole(value)),
    result: (total: bigint | null) => (total === null ? null : toWhole('Edm.Int64', total)),
  });
}

function call(implementation: SqlFunction, values: readonly SqlValue[]): SqlValue {
  if (values.includes(null)) return null;
  const result = implementation(...values);
  return typeof result === 'boolean' ? BigInt(result) : result;
}

/** In code points; a negative start counts from the end, at most back to the beginning. */
function substring(value: string, start: number, length: number | undefined): string | null {
  if (length !== undefined && length < 0) return null;
  const rest = [...value].slice(start);
  return (length === undefined ? rest : rest.slice(0, length)).join('');
}

/** Patterns kept compiled: a query has a handful at most, and each is asked of every row. */
const patternsMax = 32;
const patterns = new Map<string, RE2JS>();

function compilePattern(pattern: string): RE2JS {
  const known = patterns.get(pattern);
  if (known !== undefined) return known;
  const compiled = RE2JS.compile(pattern);
  const oldest = patterns.size < patternsMax ? undefined : patterns.keys().next().value;
  if (oldest !== undefined) patterns.delete(oldest);
  patterns.set(pattern, compiled);
  return compiled;
}
