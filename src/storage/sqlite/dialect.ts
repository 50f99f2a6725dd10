/** How SQLite spells and stores. */
import type { EnumType, PrimitiveType } from '../../edm/types.ts';
import type { Arithmetic, ConstantValue, ValueType } from '../../plan/bound.ts';
import type { Dialect, Operand } from '../../sql/dialect.ts';
import { encodeShared } from '../../sql/encode.ts';
import { type Fragment, join, sql } from '../../sql/statement.ts';
import type { ColumnType } from '../../sql/table.ts';
import { sqliteTextIndexes } from './text-indexes.ts';

export const sqliteDialect: Dialect = {
  name: 'sqlite',
  placeholder: () => '?',
  types: { text: 'text', integer: 'integer' },
  rowKey: 'row_id',
  columnType,
  encode(value, type) {
    const shared = encodeShared(value, type);
    return typeof shared === 'boolean' ? Number(shared) : shared;
  },
  // A write transaction is alone on the file; nothing to lock.
  lockRow: sql``,
  constant,
  isSame: (left, right) => sql`(${left} is ${right})`,
  isDifferent: (left, right) => sql`(${left} is not ${right})`,
  // Null is the least of all values, as the protocol wants it.
  orderTerm: (expression, descending) => (descending ? sql`${expression} desc` : expression),
  unindexed: (expression) => sql`(+${expression})`,
  // Statistics are fixed (`statistics.ts`), so the planner cannot know.
  triesOrderFirst: true,
  // On its own the parameter would have the statement prepared anew each time, because the planner looks at its value.
  limit: (rows) => sql` limit ${rows} + 0`,
  appendsInOrder: true,
  // A subquery with a limit runs as it stands, and the aggregate takes its rows as they come.
  joinTexts: (text) => sql`cast(group_concat(${text}, ',') as blob)`,
  marksOversized: false,
  asText,
  arithmetic,
  negate(operand) {
    return isReal(operand.type) ? sql`(-${operand.fragment})` : sql`casp_whole_sub(0, ${operand.fragment})`;
  },
  cast,
  functions: {
    contains: (...[text, part]) => sql`(instr(${text}, ${part}) > 0)`,
    startswith: (...[text, prefix]) => sql`casp_starts_with(${text}, ${prefix})`,
    endswith: (...[text, suffix]) => sql`casp_ends_with(${text}, ${suffix})`,
    tolower: (...[text]) => sql`casp_lower(${text})`,
    toupper: (...[text]) => sql`casp_upper(${text})`,
    trim: (...[text]) => sql`casp_trim(${text})`,
    concat: (...[first, second]) => sql`(${first} || ${second})`,
    // SQLite's own stops at U+0000.
    length: (...[text]) => sql`casp_length(${text})`,
    indexof: (...[text, part]) => sql`(instr(${text}, ${part}) - 1)`,
    substring: (...parameters) => sql`casp_substring(${join(parameters, ', ')})`,
    year: (...[instant]) => partOfDate(instant, sql`'%Y'`),
    month: (...[instant]) => partOfDate(instant, sql`'%m'`),
    day: (...[instant]) => partOfDate(instant, sql`'%d'`),
    hour: (...[time]) => sql`(${time} / 36000000000 % 24)`,
    minute: (...[time]) => sql`(${time} / 600000000 % 60)`,
    second: (...[time]) => sql`(${time} / 10000000 % 60)`,
    fractionalseconds: (...[time]) => sql`(${time} % 10000000 / 10000000.0)`,
    totalseconds: (...[duration]) => sql`(${duration} / 10000000.0)`,
    // Instants are kept in UTC; of null there is no offset.
    totaloffsetminutes: (...[instant]) => sql`(${instant} * 0)`,
    date: (...[instant]) => sql`(${instant} / 864000000000)`,
    time: (...[instant]) => sql`(${instant} % 864000000000)`,
    round: (...[number]) => sql`casp_round(${number})`,
    floor: (...[number]) => sql`floor(${number})`,
    ceiling: (...[number]) => sql`ceiling(${number})`,
  },
  matches: (text, pattern) => sql`casp_matches(${text}, ${pattern})`,
  aggregate(method, operand, type) {
    if (method === 'min') return sql`min(${operand.fragment})`;
    if (method === 'max') return sql`max(${operand.fragment})`;
    if (method === 'sum' && !isReal(type)) return sql`casp_sum_whole(${operand.fragment})`;
    const numbers = sql`cast(${operand.fragment} as real)`;
    return method === 'sum' ? sql`casp_finite(sum(${numbers}))` : sql`casp_finite(avg(${numbers}))`;
  },
  textIndexes: sqliteTextIndexes,
};

function columnType(type: ColumnType): string {
  if (type.kind === 'enum') return 'integer';
  switch (type.name) {
    case 'Edm.String':
    case 'Edm.Guid':
      return 'text';
    case 'Edm.Double':
    case 'Edm.Decimal':
      return 'real';
    default:
      return 'integer';
  }
}

const isReal = (type: ValueType): boolean =>
  type.kind === 'primitive' && (type.name === 'Edm.Double' || type.name === 'Edm.Decimal');

function constant(value: ConstantValue, type: ValueType): Fragment {
  if (value === null) return sql`null`;
  if (typeof value === 'boolean') return value ? sql`true` : sql`false`;
  // better-sqlite3 binds numbers as REAL and bigints as INTEGER, which is the difference of the types.
  if (typeof value === 'number' && !isReal(type)) throw new Error('a whole number that is no bigint');
  return typeof value === 'bigint' && isReal(type) ? sql`${Number(value)}` : sql`${value}`;
}

/** Seconds since 1970 of any instant are in the range of SQLite's own calendar. */
function partOfDate(instant: Fragment | undefined, part: Fragment): Fragment {
  return sql`cast(strftime(${part}, ${instant} / 10000000 - 62135596800, 'unixepoch') as integer)`;
}

function asText({ fragment, type }: Operand): Fragment {
  if (type.kind === 'null') return sql`null`;
  if (columnType(type) === 'text') return fragment;
  return isReal(type) ? sql`casp_real_text(${fragment})` : sql`cast(${fragment} as text)`;
}

// Calculation.

function arithmetic(
  operator: Arithmetic['operator'],
  type: PrimitiveType,
  left: Operand,
  right: Operand,
): Fragment {
  const name = { add: sql`add`, sub: sql`sub`, mul: sql`mul`, div: sql`div`, mod: sql`mod` }[operator];
  const [a, b] = [left.fragment, right.fragment];
  switch (type.name) {
    case 'Edm.Int32':
    case 'Edm.Int64':
      return sql`casp_whole_${name}(${a}, ${b})`;
    case 'Edm.Double':
    case 'Edm.Decimal':
      return sql`casp_real_${name}(${a}, ${b})`;
    case 'Edm.DateTimeOffset':
      return sql`casp_instant_${name}(${a}, ${b})`;
    case 'Edm.Date':
      return sql`casp_date_${name}(${a}, ${b})`;
    case 'Edm.Duration':
      return sql`casp_duration_${name}(${asDuration(left)}, ${asDuration(right)})`;
    default:
      throw new Error(`no arithmetic yields ${type.name}`);
  }
}

/** The difference of two dates is a duration. */
function asDuration({ fragment, type }: Operand): Fragment {
  const isDate = type.kind === 'primitive' && type.name === 'Edm.Date';
  return isDate ? sql`(${fragment} * 864000000000)` : fragment;
}

// Casts (URL Conventions 5.1.1.10.1).

function cast(operand: Operand, type: PrimitiveType | EnumType): Fragment {
  const { fragment, type: from } = operand;
  if (from.kind === 'null') return sql`null`;
  if (type.kind === 'enum') return castToEnum(operand, type);
  if (from.kind === 'enum')
    return type.name === 'Edm.String' ? memberName(fragment, from) : castNumber(operand, type);
  if (from.name === type.name) return fragment;
  if (type.name === 'Edm.String') return castToText(fragment, from);
  if (from.name === 'Edm.String') return sql`casp_parse(${type.name}, ${fragment})`;
  switch (`${from.name} ${type.name}`) {
    case 'Edm.Date Edm.DateTimeOffset':
      return sql`(${fragment} * 864000000000)`;
    case 'Edm.DateTimeOffset Edm.Date':
      return sql`(${fragment} / 864000000000)`;
    case 'Edm.DateTimeOffset Edm.TimeOfDay':
      return sql`(${fragment} % 864000000000)`;
    default:
      return castNumber(operand, type);
  }
}

function castNumber({ fragment, type: from }: Operand, type: PrimitiveType): Fragment {
  const isNumber = from.kind === 'enum' || isReal(from) || isWhole(from);
  if (isNumber && isReal(type)) return sql`cast(${fragment} as real)`;
  if (isNumber && isWhole(type)) return sql`casp_to_whole(${type.name}, ${fragment})`;
  // No value of the one type has a form in the other.
  return sql`null`;
}

const isWhole = (type: ValueType): boolean =>
  type.kind === 'primitive' && (type.name === 'Edm.Int64' || type.name === 'Edm.Int32');

function castToText(fragment: Fragment, from: PrimitiveType): Fragment {
  switch (from.name) {
    case 'Edm.Boolean':
      return sql`(case ${fragment} when 1 then 'true' when 0 then 'false' end)`;
    case 'Edm.DateTimeOffset':
      return sql`casp_instant_text(${fragment})`;
    case 'Edm.Date':
      return sql`casp_date_text(${fragment})`;
    case 'Edm.TimeOfDay':
      return sql`casp_time_text(${fragment})`;
    case 'Edm.Duration':
      return sql`casp_duration_text(${fragment})`;
    default:
      return asText({ fragment, type: from });
  }
}

function memberName(fragment: Fragment, { members }: EnumType): Fragment {
  const cases = members.map(({ name, value }) => sql`when ${BigInt(value)} then ${name}`);
  // A number above the sentinel has no name yet.
  return sql`(case ${fragment} ${join(cases, ' ')} else cast(${fragment} as text) end)`;
}

/** A member by its name or its number; a number without a member is none. */
function castToEnum({ fragment, type: from }: Operand, { members }: EnumType): Fragment {
  if (from.kind === 'primitive' && from.name === 'Edm.String') {
    const names = members.flatMap(({ name, value }) => [
      sql`when ${name} then ${BigInt(value)}`,
      sql`when ${String(value)} then ${BigInt(value)}`,
    ]);
    return sql`(case ${fragment} ${join(names, ' ')} end)`;
  }
  if (from.kind !== 'enum' && !isWhole(from)) return sql`null`;
  const values = members.map(({ value }) => sql`when ${BigInt(value)} then ${BigInt(value)}`);
  return sql`(case ${fragment} ${join(values, ' ')} end)`;
}
