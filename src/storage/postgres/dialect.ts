/** How PostgreSQL spells and stores. */
import type { EnumType, PrimitiveType } from '../../edm/types.ts';
import type { Arithmetic, ConstantValue, ValueType } from '../../plan/bound.ts';
import type { Dialect, Operand } from '../../sql/dialect.ts';
import { encodeShared } from '../../sql/encode.ts';
import { type Fragment, identifier, join, sql } from '../../sql/statement.ts';
import type { ColumnType } from '../../sql/table.ts';
import { lowerName, upperName } from './case-mapping.ts';
import { translatePattern } from './pattern.ts';
import { placeholder } from './placeholder.ts';
import { postgresTextIndexes } from './text-index.ts';

/** Every text has the collation "C" and every whole number is a bigint, wherever it comes from. */
export const postgresDialect: Dialect = {
  name: 'postgres',
  placeholder,
  types: { text: 'text', integer: 'bigint' },
  rowKey: 'id',
  columnType,
  encode: encodeShared,
  lockRow: sql` for update`,
  constant,
  isSame: (left, right) => sql`(${left} is not distinct from ${right})`,
  isDifferent: (left, right) => sql`(${left} is distinct from ${right})`,
  // Null is the least of all values, as the protocol wants it; to PostgreSQL it is the greatest.
  orderTerm(expression, descending, nullable) {
    if (isBareConstant(expression)) return sql`(${expression})::text`;
    if (descending) return nullable ? sql`${expression} desc nulls last` : sql`${expression} desc`;
    return nullable ? sql`${expression} nulls first` : expression;
  },
  unindexed: (expression) => expression,
  // Its planner has statistics to choose by.
  triesOrderFirst: false,
  limit: (rows) => sql` limit ${rows}`,
  appendsInOrder: false,
  // Bytes travel as twice as many digits.
  joinTexts: undefined,
  marksOversized: true,
  asText,
  arithmetic,
  negate(operand) {
    return isReal(operand.type)
      ? sql`(-${operand.fragment})`
      : sql`casp_whole_sub(0::bigint, ${operand.fragment})`;
  },
  cast,
  functions: {
    contains: (...[text, part]) => sql`(strpos(${text}, ${part}) > 0)`,
    startswith: (...[text, prefix]) => sql`starts_with(${text}, ${prefix})`,
    endswith: (...[text, suffix]) => sql`(right(${text}, char_length(${suffix})) = ${suffix})`,
    tolower: (...[text]) => sql`${identifier(lowerName)}(${text})`,
    toupper: (...[text]) => sql`${identifier(upperName)}(${text})`,
    trim: (...[text]) => sql`casp_trim(${text})`,
    concat: (...[first, second]) => sql`(${first} || ${second})`,
    length: (...[text]) => sql`char_length(${text})::bigint`,
    indexof: (...[text, part]) => sql`(strpos(${text}, ${part}) - 1)::bigint`,
    substring: (...parameters) => sql`casp_substring(${join(parameters, ', ')})`,
    year: (...[instant]) => sql`casp_year(${instant})`,
    month: (...[instant]) => sql`casp_month(${instant})`,
    day: (...[instant]) => sql`casp_day(${instant})`,
    hour: (...[time]) => sql`(${time} / 36000000000 % 24)`,
    minute: (...[time]) => sql`(${time} / 600000000 % 60)`,
    second: (...[time]) => sql`(${time} / 10000000 % 60)`,
    fractionalseconds: (...[time]) => sql`((${time} % 10000000)::double precision / 10000000)`,
    totalseconds: (...[duration]) => sql`((${duration})::double precision / 10000000)`,
    // Instants are kept in UTC; of null there is no offset.
    totaloffsetminutes: (...[instant]) => sql`(${instant} * 0)`,
    date: (...[instant]) => sql`(${instant} / 864000000000)`,
    time: (...[instant]) => sql`(${instant} % 864000000000)`,
    round: (...[number]) => sql`casp_round(${number})`,
    floor: (...[number]) => sql`floor(${number})`,
    ceiling: (...[number]) => sql`ceiling(${number})`,
  },
  matches: (text, pattern) => sql`(${text} ~ ${translatePattern(pattern)})`,
  aggregate,
  textIndexes: postgresTextIndexes,
};

const none = sql`null`;

/** A constant in `order by` must have a type, lest it be taken for the number of a column. */
const isBareConstant = ({ texts: [text = ''] }: Fragment): boolean => /^(true|false|null)$/.test(text);

function columnType(type: ColumnType): string {
  if (type.kind === 'enum') return 'integer';
  switch (type.name) {
    case 'Edm.String':
    case 'Edm.Guid':
      return 'text';
    case 'Edm.Boolean':
      return 'boolean';
    case 'Edm.Double':
    case 'Edm.Decimal':
      return 'double precision';
    default:
      return 'bigint';
  }
}

const isReal = (type: ValueType): boolean =>
  type.kind === 'primitive' && (type.name === 'Edm.Double' || type.name === 'Edm.Decimal');

const isText = (type: ValueType): boolean =>
  type.kind === 'primitive' && (type.name === 'Edm.String' || type.name === 'Edm.Guid');

/** Typed, because PostgreSQL decides by types which function is meant. */
function constant(value: ConstantValue, type: ValueType): Fragment {
  if (type.kind === 'null') return none;
  const written = value === null ? none : sql`${isReal(type) ? Number(value) : value}`;
  if (isText(type)) return inCodePointOrder(sql`${written}::text`);
  if (isReal(type)) return sql`${written}::double precision`;
  if (type.kind === 'primitive' && type.name === 'Edm.Boolean') {
    return value === null ? sql`null::boolean` : value === true ? sql`true` : sql`false`;
  }
  return sql`${written}::bigint`;
}

/** Texts that no column gave its collation. */
const inCodePointOrder = (text: Fragment): Fragment => sql`(${text} collate "C")`;

function asText({ fragment, type }: Operand): Fragment {
  if (type.kind === 'null') return sql`null::text`;
  if (isText(type)) return fragment;
  const isBoolean = type.kind === 'primitive' && type.name === 'Edm.Boolean';
  return isBoolean ? sql`(${fragment})::integer::text` : sql`(${fragment})::text`;
}

/** Sums are exact until they become a double, so that they do not depend on the order of the rows. */
function aggregate(
  method: 'sum' | 'average' | 'min' | 'max',
  { fragment, type: from }: Operand,
  type: ValueType,
): Fragment {
  if (method === 'min' || method === 'max') {
    const isBoolean = from.kind === 'primitive' && from.name === 'Edm.Boolean';
    if (!isBoolean) return method === 'min' ? sql`min(${fragment})` : sql`max(${fragment})`;
    return method === 'min' ? sql`bool_and(${fragment})` : sql`bool_or(${fragment})`;
  }
  if (from.kind === 'null') return constant(null, type);
  const exact = isReal(from) ? sql`sum(casp_real_exact(${fragment}))` : sql`sum(${fragment})`;
  if (method === 'average') return sql`(casp_exact_real(${exact}) / nullif(count(${fragment}), 0))`;
  return isReal(type) ? sql`casp_exact_real(${exact})` : sql`casp_whole_sum(${exact})`;
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
      return isReal(left.type) || isReal(right.type)
        ? toWhole('Edm.Int64', sql`casp_real_${name}(${asReal(left)}, ${asReal(right)})`)
        : sql`casp_whole_${name}(${asDuration(left)}, ${asDuration(right)})`;
    default:
      throw new Error(`no arithmetic yields ${type.name}`);
  }
}

const asReal = (operand: Operand): Fragment => sql`(${asDuration(operand)})::double precision`;

/** The difference of two dates is a duration. */
function asDuration({ fragment, type }: Operand): Fragment {
  const isDate = type.kind === 'primitive' && type.name === 'Edm.Date';
  return isDate ? sql`(${fragment} * 864000000000)` : fragment;
}

/** A double without its fraction, if the type holds it. */
const toWhole = (name: PrimitiveType['name'], real: Fragment): Fragment =>
  name === 'Edm.Int32'
    ? sql`casp_real_to_whole(${real}, -2147483648, 2147483648)`
    : sql`casp_real_to_whole(${real}, -9223372036854775808, 9223372036854775808)`;

// Casts (URL Conventions 5.1.1.10.1).

function cast(operand: Operand, type: PrimitiveType | EnumType): Fragment {
  const { fragment, type: from } = operand;
  if (from.kind === 'null') return constant(null, type);
  if (type.kind === 'enum') return castToEnum(operand, type);
  if (from.kind === 'enum')
    return type.name === 'Edm.String' ? memberName(fragment, from) : castNumber(operand, type);
  if (from.name === type.name) return fragment;
  if (type.name === 'Edm.String') return castToText(fragment, from);
  if (from.name === 'Edm.String') return parse(fragment, type);
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

function parse(text: Fragment, type: PrimitiveType): Fragment {
  switch (type.name) {
    case 'Edm.Boolean':
      return sql`casp_parse_boolean(${text})`;
    case 'Edm.Int32':
      return sql`casp_parse_whole(${text}, -2147483648, 2147483647)`;
    case 'Edm.Int64':
      return sql`casp_parse_whole(${text}, -9223372036854775807 - 1, 9223372036854775807)`;
    case 'Edm.Double':
    case 'Edm.Decimal':
      return sql`casp_parse_real(${text})`;
    case 'Edm.DateTimeOffset':
      return sql`casp_parse_instant(${text})`;
    case 'Edm.Date':
      return sql`casp_parse_date(${text})`;
    case 'Edm.TimeOfDay':
      return sql`casp_parse_time(${text})`;
    case 'Edm.Duration':
      return sql`casp_parse_duration(${text})`;
    case 'Edm.Guid':
      return sql`casp_parse_guid(${text})`;
    case 'Edm.String':
      return text;
  }
}

function castNumber({ fragment, type: from }: Operand, type: PrimitiveType): Fragment {
  const isNumber = from.kind === 'enum' || isReal(from) || isWhole(from);
  if (isNumber && isReal(type)) return sql`(${fragment})::double precision`;
  if (isNumber && isWhole(type)) {
    if (isReal(from)) return toWhole(type.name, fragment);
    return type.name === 'Edm.Int32' ? sql`casp_whole_to_int32(${fragment})` : sql`(${fragment})::bigint`;
  }
  // No value of the one type has a form in the other.
  return constant(null, type);
}

const isWhole = (type: ValueType): boolean =>
  type.kind === 'primitive' && (type.name === 'Edm.Int64' || type.name === 'Edm.Int32');

function castToText(fragment: Fragment, from: PrimitiveType): Fragment {
  switch (from.name) {
    case 'Edm.Boolean':
      return inCodePointOrder(sql`(case ${fragment} when true then 'true' when false then 'false' end)`);
    case 'Edm.DateTimeOffset':
      return inCodePointOrder(sql`casp_instant_text(${fragment})`);
    case 'Edm.Date':
      return inCodePointOrder(sql`casp_date_text(${fragment})`);
    case 'Edm.TimeOfDay':
      return inCodePointOrder(sql`casp_time_text(${fragment})`);
    case 'Edm.Duration':
      return inCodePointOrder(sql`casp_duration_text(${fragment})`);
    case 'Edm.Double':
    case 'Edm.Decimal':
      return inCodePointOrder(sql`casp_real_text(${fragment})`);
    case 'Edm.String':
    case 'Edm.Guid':
      return fragment;
    case 'Edm.Int32':
    case 'Edm.Int64':
      return inCodePointOrder(sql`(${fragment})::text`);
  }
}

const whole = (value: number): Fragment => sql`${BigInt(value)}::bigint`;

function memberName(fragment: Fragment, { members }: EnumType): Fragment {
  const cases = members.map(({ name, value }) => sql`when ${whole(value)} then ${name}`);
  // A number above the sentinel has no name yet.
  return inCodePointOrder(sql`(case ${fragment} ${join(cases, ' ')} else (${fragment})::text end)`);
}

/** A member by its name or its number; a number without a member is none. */
function castToEnum({ fragment, type: from }: Operand, { members }: EnumType): Fragment {
  if (from.kind === 'primitive' && from.name === 'Edm.String') {
    const names = members.flatMap(({ name, value }) => [
      sql`when ${name} then ${whole(value)}`,
      sql`when ${String(value)} then ${whole(value)}`,
    ]);
    return sql`(case ${fragment} ${join(names, ' ')} end)`;
  }
  if (from.kind !== 'enum' && !isWhole(from)) return sql`null::bigint`;
  const values = members.map(({ value }) => sql`when ${whole(value)} then ${whole(value)}`);
  return sql`(case ${fragment} ${join(values, ' ')} end)`;
}
