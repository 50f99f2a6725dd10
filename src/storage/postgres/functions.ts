/**
 * Functions of our own in the database: what PostgreSQL refuses with an error, or answers in another way than the
 * rest of the service, where the protocol wants a value or null. None is volatile, none catches errors (that would
 * forbid parallel scans). A changed meaning is a new name: instances of two versions share one database.
 */
import { maxTicks } from '../../edm/date-time-offset.ts';
import { caseMappingStatements } from './case-mapping.ts';

const int64Least = '(-9223372036854775807 - 1)';
const int64Most = '9223372036854775807';
const ticksPerDay = 864_000_000_000n;

/** `create or replace function …`, in the order in which they need each other. */
export function functionStatements(): readonly string[] {
  return [
    ...caseMappingStatements(),
    ...wholeArithmetic(),
    ...realArithmetic(),
    ...timeArithmetic(),
    ...texts(),
    ...textsOfValues(),
    ...valuesOfTexts(),
  ];
}

/** A function in PL/pgSQL, null where an argument is null. */
const procedure = (signature: string, returns: string, body: string): string =>
  `create or replace function ${signature} returns ${returns} language plpgsql immutable strict parallel safe as $casp$${body}$casp$`;

/** A function that the planner writes out where it is called; says itself what it is of null. */
const expression = (signature: string, returns: string, body: string): string =>
  `create or replace function ${signature} returns ${returns} language sql immutable parallel safe as $casp$ select ${body} $casp$`;

// Edm.Int64 (URL Conventions 5.1.1.2): null where the result has no value.

function wholeArithmetic(): readonly string[] {
  const whole = (name: string, body: string) =>
    expression(`casp_whole_${name}(a bigint, b bigint)`, 'bigint', body);
  return [
    whole(
      'add',
      `case when (b >= 0 and a <= ${int64Most} - b) or (b < 0 and a >= ${int64Least} - b) then a + b end`,
    ),
    whole(
      'sub',
      `case when (b <= 0 and a <= ${int64Most} + b) or (b > 0 and a >= ${int64Least} + b) then a - b end`,
    ),
    whole('mul', `case when a::numeric * b between ${int64Least} and ${int64Most} then a * b end`),
    whole('div', `case when b <> 0 and not (a = ${int64Least} and b = -1) then a / b end`),
    whole('mod', `case when b = -1 then a * 0 when b <> 0 then a % b end`),
    expression(
      'casp_whole_sum(total numeric)',
      'bigint',
      `case when total between ${int64Least} and ${int64Most} then total::bigint end`,
    ),
    expression(
      'casp_real_to_whole(x double precision, first double precision, beyond double precision)',
      'bigint',
      'case when trunc(x) >= first and trunc(x) < beyond then trunc(x)::bigint end',
    ),
    expression(
      'casp_whole_to_int32(x bigint)',
      'bigint',
      'case when x between -2147483648 and 2147483647 then x end',
    ),
  ];
}

// Edm.Double: null for what would be infinite or no number; nothing for what is too small for anything but zero.

/** The largest finite double. */
const realMost = "'1.7976931348623157e308'::double precision";

/** Powers of two as literals: scaling by them loses nothing. */
const power = (exponent: number): string => `'${2 ** exponent}'::double precision`;

/**
 * Multiplication and division report overflow and underflow as errors, so the result's size is estimated first by
 * logarithms: far from the ends it is calculated, beyond them it is known, and near them the operands are scaled
 * by powers of two, calculated, and compared with where the end lies then.
 */
function realArithmetic(): readonly string[] {
  const real = (name: string, body: string) =>
    procedure(`casp_real_${name}(a double precision, b double precision)`, 'double precision', body);
  return [
    real(
      'add',
      `
begin
  if abs(a) < 8e307 and abs(b) < 8e307 then return a + b; end if;
  if not (abs(a) <= ${realMost} and abs(b) <= ${realMost}) then return null; end if;
  if abs(a) < 1 then return b; end if;
  if abs(b) < 1 then return a; end if;
  if abs(a / 2 + b / 2) < ${power(1023)} then return a + b; end if;
  return null;
end `,
    ),
    real('sub', ' begin return casp_real_add(a, -b); end '),
    real(
      'mul',
      `
declare
  size double precision;
begin
  if a = 0 or b = 0 or (abs(a) between 1e-150 and 1e150 and abs(b) between 1e-150 and 1e150) then
    if abs(a) <= ${realMost} and abs(b) <= ${realMost} then return a * b; end if;
    return null;
  end if;
  if not (abs(a) <= ${realMost} and abs(b) <= ${realMost}) then return null; end if;
  size := ln(abs(a)) + ln(abs(b));
  if size between -700 and 700 then return a * b; end if;
  if size > 715 then return null; end if;
  if size < -750 then return 0; end if;
  if size > 0 then
    if abs((a * ${power(-512)}) * (b * ${power(-512)})) >= 1 then return null; end if;
  elsif (greatest(abs(a), abs(b)) * ${power(500)}) * (least(abs(a), abs(b)) * ${power(560)}) <= ${power(-15)} then
    return 0;
  end if;
  return a * b;
end `,
    ),
    real(
      'div',
      `
declare
  size double precision;
begin
  if b = 0 or not (abs(a) <= ${realMost} and b = b) then return null; end if;
  if a = 0 or abs(b) > ${realMost} then return 0; end if;
  size := ln(abs(a)) - ln(abs(b));
  if size between -700 and 700 then return a / b; end if;
  if size > 715 then return null; end if;
  if size < -750 then return 0; end if;
  if size > 0 then
    if abs((a * ${power(-540)}) / (b * ${power(540)})) >= ${power(-56)} then return null; end if;
  elsif abs((a * ${power(530)}) / (b * ${power(-530)})) <= ${power(-15)} then
    return 0;
  end if;
  return a / b;
end `,
    ),
    // A double is a whole number of 53 bits times a power of two.
    procedure(
      'casp_real_parts(x double precision, out fraction bigint, out exponent integer)',
      'record',
      `
declare
  bits bigint := ('x' || encode(float8send(abs(x)), 'hex'))::bit(64)::bigint;
begin
  exponent := (bits >> 52)::integer;
  fraction := bits & 4503599627370495;
  if exponent = 0 then exponent := 1; else fraction := fraction | 4503599627370496; end if;
  exponent := exponent - 1075;
end `,
    ),
    real(
      'mod',
      `
declare
  dividend record;
  divisor record;
  rest bigint;
  steps integer;
begin
  if b = 0 or not (abs(a) <= ${realMost} and b = b) then return null; end if;
  if abs(a) < abs(b) then return a; end if;
  if abs(a) < 9e15 and a = trunc(a) and b = trunc(b) then return (a::bigint % b::bigint)::double precision; end if;
  dividend := casp_real_parts(a);
  divisor := casp_real_parts(b);
  rest := dividend.fraction % divisor.fraction;
  steps := dividend.exponent - divisor.exponent;
  while steps > 0 and rest > 0 loop
    rest := (rest << least(steps, 9)) % divisor.fraction;
    steps := steps - 9;
  end loop;
  return sign(a) * (rest::double precision * power(2::double precision, divisor.exponent));
end `,
    ),
    // Sums are taken of these: exact, whatever the order of the rows.
    procedure(
      'casp_real_exact(x double precision)',
      'numeric',
      `
declare
  parts record;
begin
  if x = trunc(x) and abs(x) < 9e15 then return x::bigint::numeric; end if;
  parts := casp_real_parts(x);
  if parts.exponent >= 0 then return sign(x)::numeric * parts.fraction * (2::numeric ^ parts.exponent); end if;
  return sign(x)::numeric * parts.fraction * (5::numeric ^ (-parts.exponent)) * ('1e' || parts.exponent)::numeric;
end `,
    ),
    procedure(
      'casp_exact_real(total numeric)',
      'double precision',
      `
begin
  -- Half a unit beyond the largest double, from where on there is none.
  if abs(total) >= (2::numeric ^ 1024) - (2::numeric ^ 970) then return null; end if;
  if abs(total) <= '1e-330'::numeric then return 0; end if;
  return total::double precision;
end `,
    ),
    expression(
      'casp_round(x double precision)',
      'double precision',
      'case when abs(x - trunc(x)) >= 0.5 then trunc(x) + sign(x) else trunc(x) end',
    ),
  ];
}

// Instants and durations in ticks, dates in days.

function timeArithmetic(): readonly string[] {
  const inCalendar = (value: string) => `case when ${value} between 0 and ${maxTicks} then ${value} end`;
  const moved = (sign: '+' | '-') => `(day * ${ticksPerDay} ${sign} duration::numeric)`;
  const instant = (name: string, sign: '+' | '-') =>
    expression(
      `casp_instant_${name}(instant bigint, duration bigint)`,
      'bigint',
      `(${inCalendar(`(instant ${sign} duration::numeric)`)})::bigint`,
    );
  const date = (name: string, sign: '+' | '-') =>
    expression(
      `casp_date_${name}(day bigint, duration bigint)`,
      'bigint',
      `(${inCalendar(moved(sign))})::bigint / ${ticksPerDay}`,
    );
  const part = (name: string) =>
    expression(
      `casp_${name}(instant bigint)`,
      'bigint',
      `extract(${name} from date '0001-01-01' + (instant / ${ticksPerDay})::integer)::bigint`,
    );
  return [
    ...[instant('add', '+'), instant('sub', '-'), date('add', '+'), date('sub', '-')],
    ...[part('year'), part('month'), part('day')],
  ];
}

// Texts, in characters of Unicode.

function texts(): readonly string[] {
  const spaces = ['\t\n\v\f\r \u00a0\ufeff', ...allCharacters()].join('');
  const escaped = [...new Set(spaces)].map(
    (space) => `\\${(space.codePointAt(0) ?? 0).toString(16).padStart(4, '0')}`,
  );
  return [
    // What ECMAScript trims: white space and ends of lines.
    expression('casp_trim(value text)', 'text', `btrim(value, U&'${escaped.join('')}')`),
    procedure(
      'casp_substring(value text, start bigint, length bigint default 9223372036854775807)',
      'text',
      `
declare
  characters bigint := char_length(value);
  first bigint := case when start < 0 then greatest(characters + start, 0) else start end;
begin
  if length < 0 then return null; end if;
  if first >= characters then return ''; end if;
  return substr(value, (first + 1)::integer, least(length, characters - first)::integer);
end `,
    ),
    // What an index of words holds: long words by their beginning, of very long texts only that they are there.
    procedure(
      'casp_word_vector(words text)',
      'tsvector',
      `
begin
  if octet_length(words) > ${wordsBytesMax} then return array_to_tsvector(array['${unreadText}']); end if;
  if octet_length(words) <= ${wordCharactersMax} then return array_to_tsvector(string_to_array(words, ' ')); end if;
  return array_to_tsvector(array(select distinct left(word, ${wordCharactersMax}) from unnest(string_to_array(words, ' ')) as word));
end `,
    ),
  ];
}

/** Characters by which the index of words knows a word. */
export const wordCharactersMax = 100;

/** Texts beyond this are not taken apart: a tsvector holds a megabyte. */
const wordsBytesMax = 250_000;

/** Stands in the index for a text that was not taken apart; no word has this sign. */
export const unreadText = '*';

const allCharacters = (): readonly string[] =>
  Array.from({ length: 0x10000 }, (_, codePoint) => String.fromCharCode(codePoint)).filter((character) =>
    /\s/.test(character),
  );

// Texts of values, as `cast(…, Edm.String)` wants them.

function textsOfValues(): readonly string[] {
  return [
    procedure(
      'casp_date_text(day bigint)',
      'text',
      `
declare
  written date := date '0001-01-01' + day::integer;
begin
  return lpad(extract(year from written)::text, 4, '0') || '-' || lpad(extract(month from written)::text, 2, '0')
    || '-' || lpad(extract(day from written)::text, 2, '0');
end `,
    ),
    procedure(
      'casp_time_text(ticks bigint)',
      'text',
      `
declare
  fraction text := rtrim(lpad((ticks % 10000000)::text, 7, '0'), '0');
begin
  return lpad((ticks / 36000000000)::text, 2, '0') || ':' || lpad((ticks / 600000000 % 60)::text, 2, '0')
    || ':' || lpad((ticks / 10000000 % 60)::text, 2, '0') || case when fraction = '' then '' else '.' || fraction end;
end `,
    ),
    expression(
      'casp_instant_text(ticks bigint)',
      'text',
      `casp_date_text(ticks / ${ticksPerDay}) || 'T' || casp_time_text(ticks % ${ticksPerDay}) || 'Z'`,
    ),
    procedure(
      'casp_duration_text(ticks bigint)',
      'text',
      `
declare
  length numeric := abs(ticks::numeric);
  seconds numeric := div(length, 10000000);
  fraction text := rtrim(lpad(mod(length, 10000000)::text, 7, '0'), '0');
  clock text := '';
  result text := 'P';
begin
  if mod(div(seconds, 3600), 24) <> 0 then clock := clock || mod(div(seconds, 3600), 24) || 'H'; end if;
  if mod(div(seconds, 60), 60) <> 0 then clock := clock || mod(div(seconds, 60), 60) || 'M'; end if;
  if fraction <> '' then clock := clock || mod(seconds, 60) || '.' || fraction || 'S';
  elsif mod(seconds, 60) <> 0 then clock := clock || mod(seconds, 60) || 'S'; end if;
  if div(seconds, 86400) <> 0 then result := result || div(seconds, 86400) || 'D'; end if;
  if clock <> '' then result := result || 'T' || clock; end if;
  if result = 'P' then return 'PT0S'; end if;
  return case when ticks < 0 then '-' else '' end || result;
end `,
    ),
    // As ECMAScript writes numbers: the shortest digits that mean this double, plain from 1e-7 up to 1e21.
    procedure(
      'casp_real_text(x double precision)',
      'text',
      `
declare
  parts text[] := regexp_match(abs(x)::text, '^([0-9]+)(?:\\.([0-9]+))?(?:e([+-][0-9]+))?$');
  digits text := ltrim(parts[1] || coalesce(parts[2], ''), '0');
  point integer := length(parts[1]) + coalesce(parts[3]::integer, 0) - (length(parts[1] || coalesce(parts[2], '')) - length(ltrim(parts[1] || coalesce(parts[2], ''), '0')));
  shorter text;
  result text;
begin
  if x = 0 then return '0'; end if;
  digits := rtrim(digits, '0');
  -- PostgreSQL takes no digits that only rounding to even reads back.
  if length(digits) > 15 and abs(x) < 1.7976931348623e308 then
    shorter := round(digits::numeric / 10)::text;
    if abs(x) = (shorter || 'e' || (point - length(digits) + 1))::double precision then
      point := point + length(shorter) - length(digits) + 1;
      digits := rtrim(shorter, '0');
    end if;
  end if;
  if point between -5 and 21 then
    if point <= 0 then result := '0.' || repeat('0', -point) || digits;
    elsif point >= length(digits) then result := digits || repeat('0', point - length(digits));
    else result := left(digits, point) || '.' || substr(digits, point + 1); end if;
  else
    result := left(digits, 1) || case when length(digits) > 1 then '.' || substr(digits, 2) else '' end
      || 'e' || case when point > 0 then '+' else '-' end || abs(point - 1);
  end if;
  return case when x < 0 then '-' else '' end || result;
end `,
    ),
  ];
}

// Values of texts: null where a text is none.

function valuesOfTexts(): readonly string[] {
  return [
    procedure(
      'casp_parse_boolean(value text)',
      'boolean',
      ` begin return case lower(value collate "C") when 'true' then true when 'false' then false end; end `,
    ),
    procedure(
      'casp_parse_guid(value text)',
      'text',
      `
begin
  if value ~ '^[0-9A-Fa-f]{8}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{12}$' then
    return lower(value collate "C");
  end if;
  return null;
end `,
    ),
    procedure(
      'casp_parse_whole(value text, first bigint, last bigint)',
      'bigint',
      `
declare
  parsed numeric;
begin
  if length(value) > 400 or value !~ '^[+-]?[0-9]+$' then return null; end if;
  parsed := value::numeric;
  if parsed between first and last then return parsed::bigint; end if;
  return null;
end `,
    ),
    // Digits that far behind decide nothing but whether there is more than a half: one digit says that.
    procedure(
      'casp_parse_real(value text)',
      'double precision',
      `
declare
  parts text[] := regexp_match(value, '^([+-]?)([0-9]+)(?:\\.([0-9]+))?(?:[eE]([+-]?)0*([0-9]*))?$');
  digits text;
  exponent bigint;
  number numeric;
begin
  if parts is null or value ~ '[eE][+-]?$' then return null; end if;
  digits := ltrim(parts[2] || coalesce(parts[3], ''), '0');
  if digits = '' then return 0; end if;
  if length(coalesce(parts[5], '')) > 9 then
    if parts[4] = '-' then return 0; end if;
    return null;
  end if;
  exponent := coalesce(nullif(parts[4] || parts[5], parts[4]), '0')::bigint - length(coalesce(parts[3], ''));
  if length(digits) > 800 then
    exponent := exponent + length(digits) - 800;
    digits := left(digits, 799) || case when substr(digits, 800) ~ '[1-9]' then '1' else '0' end;
  end if;
  if length(digits) + exponent > 310 then return null; end if;
  if length(digits) + exponent < -330 then return 0; end if;
  number := (digits || 'e' || exponent)::numeric;
  if length(digits) + exponent > 300 and number >= (2::numeric ^ 1024) - (2::numeric ^ 970) then return null; end if;
  if length(digits) + exponent < -300 and number <= casp_real_exact(5e-324) / 2 then return 0; end if;
  return (parts[1] || digits || 'e' || exponent)::double precision;
end `,
    ),
    // Days since 0001-01-01; null where there is no such day.
    procedure(
      'casp_day_number(year integer, month integer, day integer)',
      'bigint',
      `
begin
  if year < 1 or month < 1 or month > 12 or day < 1 then return null; end if;
  if day > extract(day from make_date(year, month, 1) + interval '1 month' - interval '1 day') then return null; end if;
  return make_date(year, month, day) - date '0001-01-01';
end `,
    ),
    procedure(
      'casp_parse_date(value text)',
      'bigint',
      `
declare
  parts text[] := regexp_match(value, '^([0-9]{4})-([0-9]{2})-([0-9]{2})$');
begin
  return casp_day_number(parts[1]::integer, parts[2]::integer, parts[3]::integer);
end `,
    ),
    procedure(
      'casp_fraction_ticks(digits text)',
      'bigint',
      ` begin return rpad(left(digits, 7), 7, '0')::bigint; end `,
    ),
    procedure(
      'casp_parse_time(value text)',
      'bigint',
      `
declare
  parts text[] := regexp_match(value, '^([01][0-9]|2[0-3]):([0-5][0-9])(?::([0-5][0-9])(?:\\.([0-9]{1,12}))?)?$');
begin
  if parts is null then return null; end if;
  return (parts[1]::bigint * 3600 + parts[2]::bigint * 60 + coalesce(parts[3], '0')::bigint) * 10000000
    + casp_fraction_ticks(coalesce(parts[4], ''));
end `,
    ),
    // Without a zone it is UTC (URL Conventions 5.1.1.10.1).
    procedure(
      'casp_parse_instant(value text)',
      'bigint',
      `
declare
  parts text[] := regexp_match(value, '^([0-9]{4})-([0-9]{2})-([0-9]{2})[Tt]([0-9]{2}):([0-9]{2})(?::([0-9]{2})(?:\\.([0-9]{1,12}))?)?(?:[Zz]|([+-])([0-9]{2}):([0-9]{2}))?$');
  day bigint;
  minutes integer := 0;
  ticks bigint;
begin
  if parts is null then return null; end if;
  day := casp_day_number(parts[1]::integer, parts[2]::integer, parts[3]::integer);
  if day is null or parts[4]::integer > 23 or parts[5]::integer > 59 or coalesce(parts[6], '0')::integer > 59 then return null; end if;
  if parts[8] is not null then
    if parts[9]::integer > 14 or parts[10]::integer > 59 then return null; end if;
    minutes := (parts[8] || (parts[9]::integer * 60 + parts[10]::integer))::integer;
  end if;
  ticks := (day * 86400 + parts[4]::bigint * 3600 + (parts[5]::bigint - minutes) * 60 + coalesce(parts[6], '0')::bigint) * 10000000
    + casp_fraction_ticks(coalesce(parts[7], ''));
  if ticks between 0 and ${maxTicks} then return ticks; end if;
  return null;
end `,
    ),
    procedure(
      'casp_parse_duration(value text)',
      'bigint',
      `
declare
  parts text[];
  ticks numeric;
begin
  if length(value) > 400 then return null; end if;
  parts := regexp_match(value, '^([+-])?P(?=[0-9T])(?:([0-9]+)D)?(?:T(?=[0-9])(?:([0-9]+)H)?(?:([0-9]+)M)?(?:([0-9]+)(?:\\.([0-9]{1,12}))?S)?)?$');
  if parts is null then return null; end if;
  ticks := (coalesce(parts[2], '0')::numeric * 86400 + coalesce(parts[3], '0')::numeric * 3600
    + coalesce(parts[4], '0')::numeric * 60 + coalesce(parts[5], '0')::numeric) * 10000000
    + casp_fraction_ticks(coalesce(parts[6], ''));
  if parts[1] = '-' then ticks := -ticks; end if;
  if ticks between ${int64Least} and ${int64Most} then return ticks::bigint; end if;
  return null;
end `,
    ),
  ];
}
