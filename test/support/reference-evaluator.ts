/**
 * What a bound expression means, spelled as plainly as possible and one value at a time: the measure SQL is held
 * to. It follows the specification (URL Conventions 5.1.1), never the SQL.
 */
import { parseDateTimeOffset, ticksOf } from '../../src/edm/date-time-offset.ts';
import type {
  ComplexValue,
  EntityValues,
  EnumType,
  Leaf,
  PrimitiveType,
  Property,
} from '../../src/edm/types.ts';
import type {
  Arithmetic,
  BoundExpression,
  Call,
  Cast,
  Comparison,
  ConstantValue,
  Quantifier,
} from '../../src/plan/bound.ts';
import { typeOf } from '../../src/plan/bound.ts';

/** A value while it is computed; see `ConstantValue`. */
export type Value = ConstantValue;

/** One row: an entity, columns that $apply made, or both. */
export interface Row {
  /** Undefined once rows are grouped. */
  readonly entity: EntityValues | undefined;
  /** By path or alias; they stand before the entity's own values. */
  readonly columns: ReadonlyMap<string, Value>;
}

/** A row that is an entity and nothing more. */
export const rowOf = (entity: EntityValues): Row => ({ entity, columns: new Map() });

/** Whether a row passes a filter: null and false leave it out. */
export const passes = (filter: BoundExpression, row: Row): boolean => evaluate(filter, row) === true;

/** The value of an expression on a row; `items` are those of the enclosing lambdas, outermost first. */
export function evaluate(expression: BoundExpression, row: Row, items: readonly string[] = []): Value {
  const value = (operand: BoundExpression): Value => evaluate(operand, row, items);
  switch (expression.kind) {
    case 'constant':
      return expression.value;
    case 'leaf':
      return leafValue(expression.leaf, row);
    case 'column':
      return columnValue(expression.name, row);
    case 'item':
      return present(items[expression.depth]);
    case 'complexIsNull':
      return entityOf(row)[expression.property.name] === null;
    case 'itemCount':
      return BigInt(itemsOf(expression.property, row).length);
    case 'quantifier':
      return quantify(expression, row, items);
    case 'call': {
      const values = expression.arguments.map(value);
      return values.includes(null) ? null : callFunction(expression, values.map(present));
    }
    case 'cast': {
      const operand = value(expression.operand);
      return operand === null ? null : castValue(expression, operand);
    }
    case 'case': {
      const branch = expression.branches.find(({ condition }) => value(condition) === true);
      return branch === undefined ? null : value(branch.value);
    }
    case 'comparison':
      return compare(expression.operator, value(expression.left), value(expression.right));
    case 'inList': {
      const operand = value(expression.operand);
      return expression.items.some((item) => compare('eq', operand, item.value));
    }
    case 'inCollection': {
      const operand = value(expression.operand);
      return itemsOf(expression.property, row).some((item) => compare('eq', operand, item));
    }
    case 'has': {
      const operand = value(expression.operand);
      return operand === null ? null : (whole(operand) & expression.mask) === expression.mask;
    }
    case 'arithmetic': {
      const left = value(expression.left);
      const right = value(expression.right);
      return left === null || right === null ? null : calculate(expression, left, right);
    }
    case 'negate': {
      const operand = value(expression.operand);
      if (operand === null) return null;
      return typeof operand === 'bigint' ? inInt64(-operand) : -real(operand);
    }
    case 'not':
      return not(value(expression.operand));
    case 'and':
      // `a and b` is null where neither is false and one is null: De Morgan from `or`.
      return not(disjunction(expression.operands.map((operand) => not(value(operand)))));
    case 'or':
      return disjunction(expression.operands.map(value));
  }
}

function not(value: Value): Value {
  return value === null ? null : !truth(value);
}

function disjunction(values: readonly Value[]): Value {
  if (values.some((value) => value === true)) return true;
  return values.includes(null) ? null : false;
}

function quantify({ operator, property, predicate, depth }: Quantifier, row: Row, items: readonly string[]) {
  const candidates = itemsOf(property, row);
  if (predicate === undefined) return candidates.length > 0;
  const holds = (item: string): boolean =>
    evaluate(predicate, row, [...items.slice(0, depth), item]) === true;
  return operator === 'any' ? candidates.some(holds) : candidates.every(holds);
}

/** The six operators, never null: URL Conventions 5.1.1.1.1 to 5.1.1.1.6. */
export function compare(operator: Comparison['operator'], left: Value, right: Value): boolean {
  if (left === null || right === null) {
    const both = left === null && right === null;
    return operator === 'ne' ? !both : both && (operator === 'eq' || operator === 'ge' || operator === 'le');
  }
  if (typeof left === 'number' || typeof right === 'number') return compareNumbers(operator, left, right);
  const order = compareValues(left, right);
  switch (operator) {
    case 'eq':
      return order === 0;
    case 'ne':
      return order !== 0;
    case 'gt':
      return order > 0;
    case 'ge':
      return order >= 0;
    case 'lt':
      return order < 0;
    case 'le':
      return order <= 0;
  }
}

/** Numbers apart, because NaN equals nothing and stands in no order. */
function compareNumbers(operator: Comparison['operator'], left: Value, right: Value): boolean {
  const [a, b] = [real(left), real(right)];
  switch (operator) {
    case 'eq':
      return a === b;
    case 'ne':
      return a !== b;
    case 'gt':
      return a > b;
    case 'ge':
      return a >= b;
    case 'lt':
      return a < b;
    case 'le':
      return a <= b;
  }
}

/** The order of two values of one type, neither null; text by code point, false before true. */
export function compareValues(left: Value, right: Value): number {
  if (typeof left === 'string' && typeof right === 'string') return compareTexts(left, right);
  if (typeof left === 'boolean' && typeof right === 'boolean') return Number(left) - Number(right);
  if (isNumeric(left) && isNumeric(right)) return left < right ? -1 : left > right ? 1 : 0;
  throw new Error(`cannot compare ${String(left)} and ${String(right)}`);
}

function compareTexts(left: string, right: string): number {
  const a = codePoints(left);
  const b = codePoints(right);
  const index = a.findIndex((codePoint, at) => codePoint !== b[at]);
  if (index < 0) return a.length - b.length;
  return (a[index] ?? 0) - (b[index] ?? -1);
}

const codePoints = (text: string): number[] => [...text].map((character) => character.codePointAt(0) ?? 0);

// Numbers and time.

const int64Max = 2n ** 63n - 1n;
const int64Min = -(2n ** 63n);
const int32Max = 2n ** 31n - 1n;
const int32Min = -(2n ** 31n);
const ticksPerSecond = 10_000_000n;
const ticksPerDay = 86_400n * ticksPerSecond;
/** 9999-12-31, counted from 0001-01-01. */
const lastDay = 3_652_058n;

const inRange = (value: bigint, least: bigint, most: bigint): Value =>
  value < least || value > most ? null : value;
const inInt64 = (value: bigint): Value => inRange(value, int64Min, int64Max);
const inInstants = (ticks: bigint): Value => inRange(ticks, 0n, (lastDay + 1n) * ticksPerDay - 1n);
/** INF and NaN are not among the values rows have. */
const finite = (value: number): Value => (Number.isFinite(value) ? value : null);

function floorDivide(left: bigint, right: bigint): bigint {
  const quotient = left / right;
  return left % right < 0n ? quotient - 1n : quotient;
}

function nameOf(expression: BoundExpression): string {
  const type = typeOf(expression);
  if (type.kind === 'null') return 'null';
  return type.kind === 'enum' ? 'enum' : type.name;
}

/** URL Conventions 5.1.1.2; where a result has no value of its type, null. */
function calculate({ operator, type, left, right }: Arithmetic, a: Value, b: Value): Value {
  switch (type.name) {
    case 'Edm.Int32':
    case 'Edm.Int64':
      return inInt64OrNull(calculateWhole(operator, whole(a), whole(b)));
    case 'Edm.Decimal':
    case 'Edm.Double':
      return calculateReal(operator, real(a), real(b));
    case 'Edm.DateTimeOffset':
      return inInstants(operator === 'sub' ? whole(a) - whole(b) : whole(a) + whole(b));
    case 'Edm.Date': {
      // A date is its midnight; what is left of a day after the calculation is cut off (XML Schema E.3.3).
      const midnight = whole(a) * ticksPerDay;
      const moved = operator === 'sub' ? midnight - whole(b) : midnight + whole(b);
      return inRange(floorDivide(moved, ticksPerDay), 0n, lastDay);
    }
    case 'Edm.Duration':
      return calculateDuration(operator, durationOf(left, a), durationOf(right, b));
    default:
      throw new Error(`no arithmetic yields ${type.name}`);
  }
}

/** Differences of dates are durations too: days become ticks. */
const durationOf = (expression: BoundExpression, value: Value): Value =>
  nameOf(expression) === 'Edm.Date' ? whole(value) * ticksPerDay : value;

function calculateDuration(operator: Arithmetic['operator'], a: Value, b: Value): Value {
  if (typeof a === 'bigint' && typeof b === 'bigint') return inInt64OrNull(calculateWhole(operator, a, b));
  const ticks = calculateReal(operator, real(a), real(b));
  return ticks === null ? null : truncate(real(ticks), int64Min, int64Max);
}

const inInt64OrNull = (value: bigint | null): Value => (value === null ? null : inInt64(value));

function calculateWhole(operator: Arithmetic['operator'], a: bigint, b: bigint): bigint | null {
  switch (operator) {
    case 'add':
      return a + b;
    case 'sub':
      return a - b;
    case 'mul':
      return a * b;
    case 'div':
      return b === 0n ? null : a / b;
    case 'mod':
      return b === 0n ? null : a % b;
  }
}

function calculateReal(operator: Arithmetic['operator'], a: number, b: number): Value {
  switch (operator) {
    case 'add':
      return finite(a + b);
    case 'sub':
      return finite(a - b);
    case 'mul':
      return finite(a * b);
    case 'div':
      return finite(a / b);
    case 'mod':
      return finite(a % b);
  }
}

const truncate = (value: number, least: bigint, most: bigint): Value =>
  Number.isFinite(value) ? inRange(BigInt(Math.trunc(value)), least, most) : null;

/** Half away from zero; the fraction of a double is exact, adding a half to it is not. */
function round(value: number): number {
  const cut = Math.trunc(value);
  return Math.abs(value - cut) >= 0.5 ? cut + Math.sign(value) : cut;
}

interface Calendar {
  readonly year: bigint;
  readonly month: bigint;
  readonly day: bigint;
}

function calendarOf(days: bigint): Calendar {
  const date = new Date((Number(days) - 719_162) * 86_400_000);
  const [year, month, day] = [date.getUTCFullYear(), date.getUTCMonth() + 1, date.getUTCDate()];
  return { year: BigInt(year), month: BigInt(month), day: BigInt(day) };
}

const digits = (value: bigint, length: number): string => String(value).padStart(length, '0');

function dateText(days: bigint): string {
  const { year, month, day } = calendarOf(days);
  return `${digits(year, 4)}-${digits(month, 2)}-${digits(day, 2)}`;
}

function timeText(ticks: bigint): string {
  const seconds = ticks / ticksPerSecond;
  const fraction = digits(ticks % ticksPerSecond, 7).replace(/0+$/, '');
  const clock = [seconds / 3600n, (seconds / 60n) % 60n, seconds % 60n]
    .map((part) => digits(part, 2))
    .join(':');
  return fraction === '' ? clock : `${clock}.${fraction}`;
}

// Functions: URL Conventions 5.1.1.5 to 5.1.1.9.

type Function = (values: readonly Value[], call: Call) => Value;

/** Arguments are never null here; a negative length beyond the binder's eyes gives null. */
const functions: Readonly<Record<Call['function'], Function>> = {
  contains: ([text, part]) => string(text).includes(string(part)),
  startswith: ([text, part]) => string(text).startsWith(string(part)),
  endswith: ([text, part]) => string(text).endsWith(string(part)),
  tolower: ([text]) => string(text).toLowerCase(),
  toupper: ([text]) => string(text).toUpperCase(),
  trim: ([text]) => string(text).trim(),
  concat: ([first, second]) => string(first) + string(second),
  length: ([text]) => BigInt([...string(text)].length),
  indexof: ([text, part]) => {
    const index = string(text).indexOf(string(part));
    return index < 0 ? -1n : BigInt([...string(text).slice(0, index)].length);
  },
  substring: ([text, start, length]) => substring(string(text), whole(start), length),
  matchespattern: ([text, pattern]) => patternOf(string(pattern)).test(string(text)),
  year: ([when], call) => calendarOf(daysOf(when, call)).year,
  month: ([when], call) => calendarOf(daysOf(when, call)).month,
  day: ([when], call) => calendarOf(daysOf(when, call)).day,
  hour: ([when]) => clockOf(when) / (3600n * ticksPerSecond),
  minute: ([when]) => (clockOf(when) / (60n * ticksPerSecond)) % 60n,
  second: ([when]) => (clockOf(when) / ticksPerSecond) % 60n,
  fractionalseconds: ([when]) => Number(clockOf(when) % ticksPerSecond) / 1e7,
  totalseconds: ([duration]) => Number(whole(duration)) / 1e7,
  totaloffsetminutes: () => 0n,
  date: ([when], call) => daysOf(when, call),
  time: ([when]) => clockOf(when),
  round: ([number]) => (typeof number === 'bigint' ? number : round(real(number))),
  floor: ([number]) => (typeof number === 'bigint' ? number : Math.floor(real(number))),
  ceiling: ([number]) => (typeof number === 'bigint' ? number : Math.ceil(real(number))),
};

const callFunction = (call: Call, values: readonly Value[]): Value => functions[call.function](values, call);

/** Patterns are in RE2 syntax, whose dot leaves out the line feed only; ECMAScript's leaves out other line ends too. */
const patternOf = (pattern: string): RegExp =>
  new RegExp(
    pattern.replace(/\\.|\[[^\]]*\]|\./gsu, (part) => (part === '.' ? '[^\\n]' : part)),
    'u',
  );

/** Characters are code points; a negative start counts from the end, at most back to the beginning. */
function substring(text: string, start: bigint, length: Value | undefined): Value {
  const rest = [...text].slice(clampToIndex(start));
  if (length === undefined) return rest.join('');
  return whole(length) < 0n ? null : rest.slice(0, clampToIndex(whole(length))).join('');
}

/** No text is longer than a Number can count. */
const clampToIndex = (index: bigint): number =>
  Math.max(Math.min(Number(index), Number.MAX_SAFE_INTEGER), -Number.MAX_SAFE_INTEGER);

function daysOf(when: Value | undefined, { arguments: [operand] }: Call): bigint {
  const isDate = operand !== undefined && nameOf(operand) === 'Edm.Date';
  return isDate ? whole(when) : whole(when) / ticksPerDay;
}

/** The time of day, which is all that is left of an instant and all there is of an Edm.TimeOfDay. */
const clockOf = (when: Value | undefined): bigint => whole(when) % ticksPerDay;

// Casts: URL Conventions 5.1.1.10.1.

function castValue({ type, operand }: Cast, value: Value): Value {
  const from = typeOf(operand);
  if (type.kind === 'enum') return toEnum(type, value);
  if (type.name === 'Edm.String') return toText(operand, value);
  if (from.kind === 'primitive' && from.name === 'Edm.String') return fromText(type, string(value));
  switch (type.name) {
    case 'Edm.Int32':
      return toWhole(value, int32Min, int32Max);
    case 'Edm.Int64':
      return toWhole(value, int64Min, int64Max);
    case 'Edm.Decimal':
    case 'Edm.Double':
      return typeof value === 'bigint' ? Number(value) : value;
    case 'Edm.DateTimeOffset':
      return nameOf(operand) === 'Edm.Date' ? whole(value) * ticksPerDay : value;
    case 'Edm.Date':
      return nameOf(operand) === 'Edm.DateTimeOffset' ? whole(value) / ticksPerDay : value;
    case 'Edm.TimeOfDay':
      return nameOf(operand) === 'Edm.DateTimeOffset' ? clockOf(value) : value;
    case 'Edm.Boolean':
    case 'Edm.Duration':
    case 'Edm.Guid':
      return value;
  }
}

const toWhole = (value: Value, least: bigint, most: bigint): Value =>
  typeof value === 'bigint' ? inRange(value, least, most) : truncate(real(value), least, most);

function toText(operand: BoundExpression, value: Value): Value {
  const from = typeOf(operand);
  if (from.kind === 'enum')
    return from.members.find((member) => BigInt(member.value) === value)?.name ?? String(value);
  switch (nameOf(operand)) {
    case 'Edm.DateTimeOffset': {
      const ticks = whole(value);
      return `${dateText(ticks / ticksPerDay)}T${timeText(clockOf(ticks))}Z`;
    }
    case 'Edm.Date':
      return dateText(whole(value));
    case 'Edm.TimeOfDay':
      return timeText(whole(value));
    case 'Edm.Duration':
      throw new Error('no rule for the text of a duration');
    default:
      return String(value);
  }
}

/** A member by its name or its number; a number without a member is none. */
function toEnum(type: EnumType, value: Value): Value {
  if (typeof value === 'number') throw new Error('only integers are cast to enumerations');
  const found = type.members.find(
    (member) => member.name === value || String(member.value) === String(value),
  );
  return found === undefined ? null : BigInt(found.value);
}

const wholePattern = /^[+-]?[0-9]+$/;
const realPattern = /^[+-]?[0-9]+(\.[0-9]+)?(e[+-]?[0-9]+)?$/i;
const datePattern = /^([0-9]{4})-([0-9]{2})-([0-9]{2})$/;
const timePattern = /^([01][0-9]|2[0-3]):([0-5][0-9])(?::([0-5][0-9])(?:\.([0-9]{1,12}))?)?$/;
const guidPattern = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

function fromText(type: PrimitiveType, text: string): Value {
  switch (type.name) {
    case 'Edm.Int32':
      return wholePattern.test(text) ? inRange(parseWhole(text), int32Min, int32Max) : null;
    case 'Edm.Int64':
      return wholePattern.test(text) ? inRange(parseWhole(text), int64Min, int64Max) : null;
    case 'Edm.Decimal':
    case 'Edm.Double':
      return realPattern.test(text) ? finite(Number(text)) : null;
    case 'Edm.Boolean':
      return /^(true|false)$/i.test(text) ? text.toLowerCase() === 'true' : null;
    case 'Edm.DateTimeOffset':
      // Without a zone it is UTC (11th rule).
      return (parseDateTimeOffset(text) ?? parseDateTimeOffset(`${text}Z`))?.ticks ?? null;
    case 'Edm.Date':
      return datePattern.test(text) ? daysOfText(text) : null;
    case 'Edm.TimeOfDay':
      return timeOfText(text);
    case 'Edm.Guid':
      return guidPattern.test(text) ? text.toLowerCase() : null;
    case 'Edm.String':
      return text;
    case 'Edm.Duration':
      throw new Error('no rule for durations in text');
  }
}

const parseWhole = (text: string): bigint => BigInt(text.replace(/^\+/, ''));

function daysOfText(text: string): Value {
  const instant = parseDateTimeOffset(`${text}T00:00Z`);
  return instant === undefined ? null : instant.ticks / ticksPerDay;
}

function timeOfText(text: string): Value {
  const match = timePattern.exec(text);
  if (match === null) return null;
  const [, hour = '', minute = '', second = '0', fraction = ''] = match;
  const seconds = BigInt(hour) * 3600n + BigInt(minute) * 60n + BigInt(second);
  return seconds * ticksPerSecond + BigInt(fraction.padEnd(7, '0').slice(0, 7));
}

// Values of rows.

function entityOf({ entity }: Row): EntityValues {
  if (entity === undefined) throw new Error('a grouped row is no entity');
  return entity;
}

function columnValue(name: string, { columns }: Row): Value {
  const value = columns.get(name);
  if (value === undefined) throw new Error(`no column ${name}`);
  return value;
}

/** The value of a scalar leaf; members of a complex value that is null are null. */
export function leafValue(leaf: Leaf, row: Row): Value {
  if (row.columns.has(leaf.path)) return columnValue(leaf.path, row);
  const entity = entityOf(row);
  const parent = leaf.parent === undefined ? entity : (entity[leaf.parent.name] as ComplexValue | null);
  const value = parent?.[leaf.property.name] ?? null;
  const { type } = leaf;
  if (value === null) return null;
  if (type.kind === 'enum') return memberValue(type, value);
  if (type.kind === 'primitive' && type.name === 'Edm.DateTimeOffset') return ticksOf(String(value));
  if (typeof value !== 'string' && typeof value !== 'boolean') throw new Error(`${leaf.path} is not scalar`);
  return value;
}

function memberValue(type: EnumType, name: unknown): bigint {
  const member = type.members.find((candidate) => candidate.name === name);
  if (member === undefined) throw new Error(`no member ${String(name)}`);
  return BigInt(member.value);
}

/** The items of a collection property. */
export function itemsOf(property: Property, row: Row): readonly string[] {
  const items = entityOf(row)[property.name];
  if (!Array.isArray(items)) throw new Error(`${property.name} is no collection`);
  return items;
}

function present<T>(value: T | null | undefined): T {
  if (value === null || value === undefined) throw new Error('a value is missing');
  return value;
}

const isNumeric = (value: Value): value is bigint | number =>
  typeof value === 'bigint' || typeof value === 'number';

function whole(value: Value | undefined): bigint {
  if (typeof value !== 'bigint') throw new Error(`not whole: ${String(value)}`);
  return value;
}

function real(value: Value | undefined): number {
  if (value === undefined || !isNumeric(value)) throw new Error(`not a number: ${String(value)}`);
  return Number(value);
}

function string(value: Value | undefined): string {
  if (typeof value !== 'string') throw new Error(`not text: ${String(value)}`);
  return value;
}

function truth(value: Value): boolean {
  if (typeof value !== 'boolean') throw new Error(`not Boolean: ${String(value)}`);
  return value;
}
