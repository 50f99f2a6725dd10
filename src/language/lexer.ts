/** Text → tokens, one at a time, so that a text of any length costs no more than the part that is read. */

import { limits } from '../limits.ts';
import type { Literal, Span } from './ast.ts';
import {
  makeBinary,
  makeDuration,
  makeEnum,
  readDateOrDateTime,
  readGuid,
  readNumber,
  readTimeOfDay,
} from './literal.ts';
import { quoteText, type Source, syntaxError, tooComplex, unsupported } from './syntax-error.ts';

/** What the parser reads: a name may hold dots, a symbol is one character that is nothing else. */
export type Token = Span &
  (
    | { readonly kind: 'end' }
    | { readonly kind: 'name'; readonly text: string }
    | { readonly kind: 'system'; readonly text: string }
    | { readonly kind: 'alias'; readonly name: string }
    | { readonly kind: 'literal'; readonly literal: Literal }
    | { readonly kind: 'jsonString'; readonly value: string }
    | { readonly kind: 'symbol'; readonly text: string }
  );

// One character more than allowed is enough to see that a name is too long.
const identifierPattern = new RegExp(
  `[\\p{L}\\p{Nl}_][\\p{L}\\p{Nl}\\p{Nd}\\p{Mn}\\p{Mc}\\p{Pc}\\p{Cf}]{0,${limits.identifierCharactersMax}}`,
  'uy',
);
const wordCharacter = /[\p{L}\p{Nl}\p{Nd}_.]/u;

/** Operators of the expression language; none of them is reachable as the first name of a path. */
export const operatorNames: ReadonlySet<string> = new Set(
  'and or not eq ne gt ge lt le has in add sub mul div divby mod'.split(' '),
);

/** Prefixes of quoted literals that OData 4 dropped, and what it writes instead. */
const formerPrefixes: ReadonlyMap<string, string> = new Map([
  ['datetime', '2021-07-13T00:00:00Z without quotes'],
  ['datetimeoffset', '2021-07-13T00:00:00Z without quotes'],
  ['time', '13:45:00 without quotes'],
  ['guid', 'the GUID without prefix and quotes'],
  ['x', "binary'…' with base64url text"],
]);

/** The first position at or after `offset` that is neither space nor tab. */
export function skipWhitespace(text: string, offset: number): number {
  let position = offset;
  while (text[position] === ' ' || text[position] === '\t') position += 1;
  return position;
}

/** The token at `offset`, white space before it skipped. */
export function readToken(source: Source, offset: number): Token {
  const { text } = source;
  const start = skipWhitespace(text, offset);
  const character = text[start];
  if (character === undefined) return { kind: 'end', offset: start, end: start };
  if (character === "'") return readString(source, start);
  if (character === '"') return readJsonString(source, start);
  if (character === '$') return readSystemName(source, start);
  if (character === '@') return readAlias(source, start);
  return readPlainLiteral(source, start) ?? readName(source, start) ?? readSymbol(text, start);
}

function readSymbol(text: string, offset: number): Token {
  const symbol = String.fromCodePoint(text.codePointAt(offset) ?? 0);
  return { kind: 'symbol', text: symbol, offset, end: offset + symbol.length };
}

/** Numbers, dates, times and GUIDs: all that starts with a digit or a sign, and GUIDs that start with a letter. */
function readPlainLiteral(source: Source, offset: number): Token | undefined {
  const character = source.text[offset] ?? '';
  if (!/[-+0-9A-Fa-f]/.test(character)) return undefined;
  let literal: Literal | undefined = readGuid(source, offset);
  if (literal === undefined && /[-+0-9]/.test(character))
    literal =
      readDateOrDateTime(source, offset) ?? readTimeOfDay(source, offset) ?? readNumber(source, offset);
  if (literal === undefined) return undefined;
  refuseAdjoining(source, literal);
  return { kind: 'literal', literal, offset, end: literal.end };
}

/** Refuses a literal that runs into something else, such as the suffix of `5L` or the rest of `2021-7-3`. */
function refuseAdjoining(source: Source, { offset, end }: Span): void {
  const next = source.text[end];
  if (next === undefined || !(wordCharacter.test(next) || next === '-')) return;
  const written = quoteText(source.text.slice(offset, end));
  if (/^[lmdf]$/i.test(next) && !wordCharacter.test(source.text[end + 1] ?? ' '))
    throw syntaxError(source, end, `expected ${written} without the suffix '${next}' of OData 2 and 3`);
  if (next === '-' && /^\d{4}$/.test(written))
    throw syntaxError(source, offset, 'expected a date such as 2021-07-13');
  throw syntaxError(source, end, `expected white space or an operator after ${written}, found '${next}'`);
}

/** The end of the odataIdentifier at `offset`, or undefined where none starts. */
function endOfIdentifier(source: Source, offset: number): number | undefined {
  identifierPattern.lastIndex = offset;
  const match = identifierPattern.exec(source.text);
  if (match === null) return undefined;
  if ([...match[0]].length > limits.identifierCharactersMax)
    throw tooComplex(source, offset, `a name is longer than ${limits.identifierCharactersMax} characters`);
  return offset + match[0].length;
}

/** The end of the name at `offset` with its namespace, or undefined where none starts. */
function endOfName(source: Source, offset: number): number | undefined {
  let end = endOfIdentifier(source, offset);
  while (end !== undefined && source.text[end] === '.') {
    const next = endOfIdentifier(source, end + 1);
    if (next === undefined) return end;
    if (next - offset > limits.qualifiedNameCharactersMax)
      throw tooComplex(
        source,
        offset,
        `a name is longer than ${limits.qualifiedNameCharactersMax} characters`,
      );
    end = next;
  }
  return end;
}

/** ABNF odataIdentifier, alone or qualified; with a quote behind it, the literal it introduces. */
function readName(source: Source, offset: number): Token | undefined {
  const end = endOfName(source, offset);
  if (end === undefined) return undefined;
  const text = source.text.slice(offset, end);
  if (source.text[end] === "'") return readPrefixedLiteral(source, text, offset);
  // No operator is written '-' between operands, so this is a malformed GUID or another language's minus.
  if (source.text[end] === '-')
    throw syntaxError(
      source,
      end,
      `expected white space ${operatorNames.has(text.toLowerCase()) ? '' : 'or an operator '}after '${quoteText(text)}', found '-'`,
    );
  return { kind: 'name', text, offset, end };
}

/** duration'…', binary'…' and Qualified.Name'…'. */
function readPrefixedLiteral(source: Source, prefix: string, offset: number): Token {
  const quoted = readQuoted(source, offset + prefix.length);
  const span = { offset, end: quoted.end };
  return { kind: 'literal', literal: makePrefixed(source, prefix, quoted.value, span), ...span };
}

function makePrefixed(source: Source, prefix: string, value: string, span: Span): Literal {
  const lower = prefix.toLowerCase();
  const instead = formerPrefixes.get(lower);
  if (lower === 'duration') return makeDuration(source, value, span);
  if (lower === 'binary') return makeBinary(source, value, span);
  if (lower === 'geography' || lower === 'geometry')
    throw unsupported(source, span.offset, 'geospatial literals are not supported');
  if (instead !== undefined)
    throw syntaxError(source, span.offset, `expected ${instead}, found ${prefix}'…' of OData 2 and 3`);
  if (operatorNames.has(lower))
    throw syntaxError(
      source,
      span.offset + prefix.length,
      `expected white space after '${prefix}', found a string`,
    );
  if (!prefix.includes('.'))
    throw syntaxError(
      source,
      span.offset,
      `expected an enumeration type with its namespace, found '${prefix}'`,
    );
  return makeEnum(source, prefix, value, span);
}

interface Quoted {
  readonly value: string;
  readonly end: number;
}

/** ABNF stringLiteral: a quote within is doubled. */
function readQuoted(source: Source, offset: number): Quoted {
  const { text } = source;
  let close = text.indexOf("'", offset + 1);
  while (close !== -1 && text[close + 1] === "'") close = text.indexOf("'", close + 2);
  if (close === -1)
    throw syntaxError(
      source,
      text.length,
      `expected ' to end the string of position ${offset}, found the end`,
    );
  return { value: text.slice(offset + 1, close).replaceAll("''", "'"), end: close + 1 };
}

function readString(source: Source, offset: number): Token {
  const { value, end } = readQuoted(source, offset);
  return { kind: 'literal', literal: { kind: 'literal', type: 'string', value, offset, end }, offset, end };
}

/** ABNF stringInUrl: the string of a JSON array. */
function readJsonString(source: Source, offset: number): Token {
  const { text } = source;
  let position = offset + 1;
  while (position < text.length && text[position] !== '"') position += text[position] === '\\' ? 2 : 1;
  if (position >= text.length)
    throw syntaxError(
      source,
      text.length,
      `expected " to end the string of position ${offset}, found the end`,
    );
  const end = position + 1;
  try {
    const value: unknown = JSON.parse(text.slice(offset, end));
    return { kind: 'jsonString', value: String(value), offset, end };
  } catch {
    throw syntaxError(source, offset, 'expected a JSON string');
  }
}

const systemPattern = /\$[A-Za-z]*/y;

function readSystemName(source: Source, offset: number): Token {
  systemPattern.lastIndex = offset;
  const text = systemPattern.exec(source.text)?.[0] ?? '$';
  return { kind: 'system', text, offset, end: offset + text.length };
}

/** ABNF parameterAlias. */
function readAlias(source: Source, offset: number): Token {
  const name = readName(source, offset + 1);
  if (name?.kind !== 'name') throw syntaxError(source, offset, "expected a parameter alias such as '@p'");
  if (name.text.includes('.'))
    throw unsupported(source, offset, 'annotations in expressions are not supported');
  return { kind: 'alias', name: name.text, offset, end: name.end };
}

/** A token as a message names it. */
export function describeToken(source: Source, token: Token): string {
  if (token.kind === 'end') return 'the end';
  return `'${quoteText(source.text.slice(token.offset, token.end))}'`;
}
