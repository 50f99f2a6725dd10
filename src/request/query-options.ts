import { didYouMean, quoteForMessage, ServiceError } from '../errors.ts';
import { limits } from '../limits.ts';
import type { JsonObject, QueryOptionName, QueryOptions } from './odata-request.ts';
import { percentDecode } from './percent-decoding.ts';

/** A record over the union: a new name of the contract does not compile until it stands here. */
const nameRecord: Readonly<Record<QueryOptionName, true>> = {
  $filter: true,
  $orderby: true,
  $select: true,
  $expand: true,
  $top: true,
  $skip: true,
  $count: true,
  $search: true,
  $compute: true,
  $apply: true,
  $format: true,
  $skiptoken: true,
  $deltatoken: true,
  $index: true,
  $levels: true,
  $schemaversion: true,
  $id: true,
};
const optionNames: readonly string[] = Object.keys(nameRecord);

const isOptionName = (name: string): name is QueryOptionName => Object.hasOwn(nameRecord, name);

/** One option as it came, decoded once, its name not yet understood. */
export interface QueryOptionPair {
  readonly name: string;
  readonly value: string;
}

/** Raw query string → options (URL Conventions 2.1, 5); throws as readQueryPairs and collectQueryOptions do. */
export const parseQueryOptions = (query: string): QueryOptions => collectQueryOptions(readQueryPairs(query));

const noPairs: readonly QueryOptionPair[] = [];

/**
 * Raw query string → name and value of each option, split first and decoded after, `+` read as a space
 * (Protocol digest 3.2). Throws optionInvalid for a malformed escape and queryTooComplex beyond limits.queryOptionsMax.
 */
export function readQueryPairs(query: string): readonly QueryOptionPair[] {
  if (query === '') return noPairs;
  const parts = query.split('&', limits.queryOptionsMax + 1);
  if (parts.length > limits.queryOptionsMax) {
    throw new ServiceError(
      'queryTooComplex',
      `The query has more than ${limits.queryOptionsMax} options; at most ${limits.queryOptionsMax} are allowed.`,
      { target: 'query' },
    );
  }
  return parts.filter((part) => part !== '').map(readPair);
}

function readPair(part: string): QueryOptionPair {
  const equals = part.indexOf('=');
  const rawName = equals < 0 ? part : part.slice(0, equals);
  const name = decodeQueryText(
    rawName,
    `The name of query option '${quoteForMessage(rawName)}'`,
    rawName,
  ).trim();
  const rawValue = equals < 0 ? '' : part.slice(equals + 1);
  return {
    name,
    value: decodeQueryText(rawValue, `The value of query option '${quoteForMessage(name)}'`, name),
  };
}

function decodeQueryText(raw: string, subject: string, name: string): string {
  return percentDecode(raw.includes('+') ? raw.replaceAll('+', ' ') : raw, (fault, position) =>
    optionFault(name, `${subject} is malformed: ${fault} at position ${position}.`),
  );
}

const optionFault = (name: string, message: string): ServiceError =>
  new ServiceError('optionInvalid', message, { target: canonicalName(name) ?? quoteForMessage(name) });

/** `top`, `$Top` → `$top`; undefined for what is no system query option. */
function canonicalName(name: string): QueryOptionName | undefined {
  const lower = name.toLowerCase();
  const canonical = lower.startsWith('$') ? lower : `$${lower}`;
  return isOptionName(canonical) ? canonical : undefined;
}

const noOptions: QueryOptions = { system: new Map(), aliases: new Map() };

/**
 * Options by canonical name and aliases by name; custom options are ignored (URL Conventions 5.2).
 * Throws optionDuplicate, optionUnknown for an unknown `$name`, and optionInvalid for an alias without a proper name
 * or a value with NUL, which no engine can compare.
 */
export function collectQueryOptions(pairs: readonly QueryOptionPair[]): QueryOptions {
  if (pairs.length === 0) return noOptions;
  const system = new Map<QueryOptionName, string>();
  const aliases = new Map<string, string>();
  for (const { name, value } of pairs) {
    const option = canonicalName(name);
    if (option !== undefined) {
      setOnce(system, option, value, option);
    } else if (name.startsWith('@')) {
      setOnce(aliases, parseAliasName(name), value, name);
    } else if (name.startsWith('$')) {
      throw unknownOption(name);
    }
  }
  return { system, aliases };
}

function setOnce<Name extends string>(
  options: Map<Name, string>,
  name: Name,
  value: string,
  shown: string,
): void {
  if (options.has(name)) {
    throw new ServiceError(
      'optionDuplicate',
      `Query option '${quoteForMessage(shown)}' was given twice; each may appear once, with or without '$'.`,
      { target: quoteForMessage(shown) },
    );
  }
  if (value.includes('\0')) {
    throw optionFault(
      shown,
      `The value of query option '${quoteForMessage(shown)}' holds the character U+0000, which no text may hold.`,
    );
  }
  options.set(name, value);
}

function parseAliasName(name: string): string {
  const alias = name.slice(1);
  if (/^[\p{L}\p{Nl}_][\p{L}\p{Nl}\p{Nd}\p{Mn}\p{Mc}\p{Pc}\p{Cf}]{0,127}$/u.test(alias)) return alias;
  throw optionFault(
    name,
    `'${quoteForMessage(name)}' is not a parameter alias: after '@' come a letter or '_', then letters, digits or '_', 128 at most.`,
  );
}

const unknownOption = (name: string): ServiceError =>
  new ServiceError(
    'optionUnknown',
    `Query option '${quoteForMessage(name)}' is not known.${didYouMean(name, optionNames)} Allowed are ${optionNames.join(', ')}.`,
    { target: quoteForMessage(name) },
  );

/**
 * The members of a JSON body of `…/$query` as options: text as it is, numbers and booleans as they would be written
 * in a URL (URL Conventions 4.17). Throws optionInvalid for any other value.
 */
export function readQueryObject(body: JsonObject): readonly QueryOptionPair[] {
  const members = Object.entries(body);
  if (members.length > limits.queryOptionsMax) {
    throw new ServiceError(
      'queryTooComplex',
      `The query has ${members.length} options; at most ${limits.queryOptionsMax} are allowed.`,
      { target: 'query' },
    );
  }
  return members.map(([name, value]) => {
    if (typeof value === 'string') return { name, value };
    if (typeof value === 'number' || typeof value === 'boolean') return { name, value: String(value) };
    throw optionFault(
      name,
      `The value of query option '${quoteForMessage(name)}' must be a string, a number or a boolean.`,
    );
  });
}

/**
 * The number of $top or $skip: plain digits only (ABNF); beyond the safe integers it is clamped, as no result is that
 * long. Throws optionInvalid.
 */
export function parseNonNegativeInteger(option: QueryOptionName, text: string): number {
  if (/^[0-9]+$/.test(text)) return Math.min(Number(text), Number.MAX_SAFE_INTEGER);
  throw new ServiceError(
    'optionInvalid',
    `Invalid value '${quoteForMessage(text)}' for ${option}; a non-negative integer in plain digits is expected.`,
    { target: option },
  );
}

/** The value of $count, `true` or `false` in any letter case (PowerShell writes `True`); throws optionInvalid. */
export function parseCountFlag(text: string): boolean {
  const lower = text.toLowerCase();
  if (lower === 'true' || lower === 'false') return lower === 'true';
  throw new ServiceError(
    'optionInvalid',
    `Invalid value '${quoteForMessage(text)}' for $count; true or false is expected.`,
    { target: '$count' },
  );
}
