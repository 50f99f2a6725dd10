/**
 * $filter text ↔ conditions a person can edit. What is no condition the builder knows is kept as text, so nothing a
 * link or a person wrote is ever lost: printing what was parsed asks the same question.
 */
import { writeText } from '../odata.ts';

/** What a condition asks of one property. */
export type Operator =
  | 'equals'
  | 'notEquals'
  | 'greater'
  | 'atLeast'
  | 'less'
  | 'atMost'
  | 'contains'
  | 'notContains'
  | 'startsWith'
  | 'endsWith'
  | 'oneOf'
  | 'noneOf'
  | 'empty'
  | 'notEmpty'
  | 'hasItem'
  | 'hasNoItem'
  | 'hasAnyOf'
  | 'hasNoneOf'
  | 'hasItems'
  | 'hasNoItems';

/** A literal: the content of a text, or anything else as $filter spells it (`true`, `7`, `2026-01-01`). */
export interface Literal {
  readonly kind: 'text' | 'other';
  readonly text: string;
}

/** One chip: a property, what is asked of it, and the values it is compared with. */
export interface Condition {
  readonly kind: 'condition';
  readonly path: string;
  readonly operator: Operator;
  readonly values: readonly Literal[];
  /** Compares in lower case. */
  readonly ignoreCase: boolean;
}

/** A part the builder has no form for, exactly as it was written. */
export interface RawFilter {
  readonly kind: 'raw';
  readonly text: string;
}

/** Parts that must hold all together, or one of which must hold; at least two. */
export interface FilterGroup {
  readonly kind: 'and' | 'or';
  readonly terms: readonly Filter[];
}

/** The opposite of a part. */
export interface NegatedFilter {
  readonly kind: 'not';
  readonly term: Filter;
}

/** A filter as a tree. */
export type Filter = Condition | RawFilter | FilterGroup | NegatedFilter;

/** A condition; `ignoreCase` only matters to operators on text. */
export const condition = (
  path: string,
  operator: Operator,
  values: readonly Literal[] = [],
  ignoreCase = false,
): Condition => ({ kind: 'condition', path, operator, values, ignoreCase });

/** A literal of text. */
export const textLiteral = (text: string): Literal => ({ kind: 'text', text });

/** A literal that is written as it stands. */
export const otherLiteral = (text: string): Literal => ({ kind: 'other', text });

// Tokens.

interface Token {
  readonly kind: 'word' | 'text' | 'symbol';
  /** As written; of a text its content. */
  readonly text: string;
  readonly start: number;
  readonly end: number;
}

/** Undefined where a text does not end or a character belongs to no token. */
function tokenize(source: string): readonly Token[] | undefined {
  const tokens: Token[] = [];
  // A typed literal such as duration'P7D' is one word.
  const pattern =
    /\s+|'(?:[^']|'')*'|[A-Za-z]+'(?:[^']|'')*'|[(),:=/[\]{}]|[^\s'(),:=/[\]{}"]+|"(?:[^"\\]|\\.)*"/gy;
  while (pattern.lastIndex < source.length) {
    const start = pattern.lastIndex;
    const match = pattern.exec(source)?.[0];
    if (match === undefined) return undefined;
    const end = start + match.length;
    if (match.trim() === '') continue;
    if (match.startsWith("'")) {
      tokens.push({ kind: 'text', text: match.slice(1, -1).replaceAll("''", "'"), start, end });
    } else if (/^[(),:=/[\]{}]$/.test(match)) tokens.push({ kind: 'symbol', text: match, start, end });
    else tokens.push({ kind: 'word', text: match, start, end });
  }
  return tokens;
}

/** For each opening parenthesis the index of its closing one; undefined where they do not match. */
function matchParentheses(tokens: readonly Token[]): ReadonlyMap<number, number> | undefined {
  const pairs = new Map<number, number>();
  const open: number[] = [];
  for (const [index, token] of tokens.entries()) {
    if (token.kind !== 'symbol') continue;
    if (token.text === '(') open.push(index);
    if (token.text !== ')') continue;
    const start = open.pop();
    if (start === undefined) return undefined;
    pairs.set(start, index);
  }
  return open.length === 0 ? pairs : undefined;
}

// Parsing. Positions are indexes of tokens; `end` is one past the last.

interface Source {
  readonly text: string;
  readonly tokens: readonly Token[];
  readonly pairs: ReadonlyMap<number, number>;
}

/** Parses a filter; undefined for a text of nothing but spaces. Text that is no filter becomes one raw part. */
export function parseFilter(text: string): Filter | undefined {
  const trimmed = text.trim();
  if (trimmed === '') return undefined;
  const tokens = tokenize(trimmed);
  const pairs = tokens === undefined ? undefined : matchParentheses(tokens);
  if (tokens === undefined || pairs === undefined) return { kind: 'raw', text: trimmed };
  return parseRange({ text: trimmed, tokens, pairs }, 0, tokens.length);
}

function parseRange(source: Source, start: number, end: number): Filter {
  for (const kind of ['or', 'and'] as const) {
    const parts = split(source, start, end, kind);
    // An operator without an operand is a fault; the server will name it.
    if (parts.some(([from, to]) => from >= to)) return raw(source, start, end);
    if (parts.length > 1) return { kind, terms: parts.map(([from, to]) => parseRange(source, from, to)) };
  }
  return parseTerm(source, start, end);
}

/** The ranges between the words `kind` that stand outside parentheses. */
function split(
  source: Source,
  start: number,
  end: number,
  kind: 'and' | 'or',
): readonly (readonly [number, number])[] {
  const parts: (readonly [number, number])[] = [];
  let from = start;
  for (let index = start; index < end; index += 1) {
    const closing = source.pairs.get(index);
    if (closing !== undefined) index = closing;
    else if (isWord(source.tokens[index], kind) && !isOperand(source, index, start, end)) {
      parts.push([from, index]);
      from = index + 1;
    }
  }
  parts.push([from, end]);
  return parts;
}

/** A property may be called `and`: then it stands beside a `/`, or where an operand belongs. */
function isOperand(source: Source, index: number, start: number, end: number): boolean {
  const before = index > start ? source.tokens[index - 1] : undefined;
  const after = index + 1 < end ? source.tokens[index + 1] : undefined;
  return isSymbol(before, '/') || isSymbol(after, '/');
}

function parseTerm(source: Source, start: number, end: number): Filter {
  if (source.pairs.get(start) === end - 1 && end - start > 2) return parseRange(source, start + 1, end - 1);
  if (isWord(source.tokens[start], 'not') && end - start > 1) return parseNot(source, start, end);
  return parseCondition(source, start, end) ?? raw(source, start, end);
}

/** `not` binds tighter than a comparison: only before parentheses or a call is it the whole term's. */
function parseNot(source: Source, start: number, end: number): Filter {
  const operand = start + 1;
  if (source.pairs.get(operand) === end - 1 && end - operand > 2) {
    const term = parseRange(source, operand + 1, end - 1);
    return negatedCondition(term) ?? { kind: 'not', term };
  }
  const term = parseCondition(source, operand, end);
  return (term === undefined ? undefined : negatedCall(term)) ?? raw(source, start, end);
}

const callOpposites: Readonly<Partial<Record<Operator, Operator>>> = {
  contains: 'notContains',
  hasItem: 'hasNoItem',
  hasAnyOf: 'hasNoneOf',
  hasItems: 'hasNoItems',
};

/** What `not` before a call becomes; undefined for what is no call. */
function negatedCall(term: Condition): Filter | undefined {
  const operator = callOpposites[term.operator];
  if (operator !== undefined) return { ...term, operator };
  return term.operator === 'startsWith' || term.operator === 'endsWith' ? { kind: 'not', term } : undefined;
}

/** What `not (…)` around one condition becomes, where the builder has a word for it. */
function negatedCondition(term: Filter): Filter | undefined {
  if (term.kind !== 'condition') return undefined;
  if (term.operator === 'oneOf') return { ...term, operator: 'noneOf' };
  const operator = callOpposites[term.operator];
  return operator === undefined ? undefined : { ...term, operator };
}

const raw = (source: Source, start: number, end: number): RawFilter => ({
  kind: 'raw',
  text: source.text.slice(
    source.tokens[start]?.start ?? 0,
    source.tokens[end - 1]?.end ?? source.text.length,
  ),
});

const isWord = (token: Token | undefined, text: string): boolean =>
  token?.kind === 'word' && token.text === text;
const isSymbol = (token: Token | undefined, text: string): boolean =>
  token?.kind === 'symbol' && token.text === text;

// Conditions are short and regular: a reader that walks the tokens and gives up by returning undefined.

interface Reader {
  readonly tokens: readonly Token[];
  readonly end: number;
  at: number;
}

const namePattern = /^[A-Za-z_]\w*$/;
const keywords = new Set([
  'and',
  'or',
  'not',
  'eq',
  'ne',
  'gt',
  'ge',
  'lt',
  'le',
  'in',
  'has',
  'null',
  'true',
  'false',
]);

function takeSymbol(reader: Reader, text: string): boolean {
  if (reader.at >= reader.end || !isSymbol(reader.tokens[reader.at], text)) return false;
  reader.at += 1;
  return true;
}

function takeWord(reader: Reader): string | undefined {
  const token = reader.at < reader.end ? reader.tokens[reader.at] : undefined;
  if (token?.kind !== 'word') return undefined;
  reader.at += 1;
  return token.text;
}

function takeName(reader: Reader): string | undefined {
  const word = takeWord(reader);
  return word !== undefined && namePattern.test(word) && !keywords.has(word) ? word : undefined;
}

/** `name` or `complex/name`; stops before `/any`. */
function takePath(reader: Reader): string | undefined {
  let path = takeName(reader);
  while (
    path !== undefined &&
    isSymbol(reader.tokens[reader.at], '/') &&
    !isWord(reader.tokens[reader.at + 1], 'any')
  ) {
    if (!takeSymbol(reader, '/')) return undefined;
    const name = takeName(reader);
    path = name === undefined ? undefined : `${path}/${name}`;
  }
  return path;
}

const literalPattern = /^(?:true|false|-?\d[\w.:+-]*)$/;

function takeLiteral(reader: Reader): Literal | undefined {
  const token = reader.at < reader.end ? reader.tokens[reader.at] : undefined;
  if (token?.kind === 'text') {
    reader.at += 1;
    return textLiteral(token.text);
  }
  return takeBareLiteral(reader);
}

/** A date with a time has colons, which are tokens of their own: they are put together again. */
function takeBareLiteral(reader: Reader): Literal | undefined {
  const first = reader.tokens[reader.at];
  let text = takeWord(reader);
  let end = first?.end;
  while (text !== undefined && touches(reader, end) && takeSymbol(reader, ':')) {
    const next = reader.tokens[reader.at];
    if (next?.start !== (end ?? 0) + 1) return undefined;
    const word = takeWord(reader);
    if (word === undefined) return undefined;
    text = `${text}:${word}`;
    end = next.end;
  }
  return text !== undefined && literalPattern.test(text) ? otherLiteral(text) : undefined;
}

const touches = (reader: Reader, end: number | undefined): boolean =>
  reader.at < reader.end &&
  reader.tokens[reader.at]?.start === end &&
  isSymbol(reader.tokens[reader.at], ':');

/** `('a','b')`; at least one. */
function takeList(reader: Reader): readonly Literal[] | undefined {
  if (!takeSymbol(reader, '(')) return undefined;
  const values: Literal[] = [];
  do {
    const value = takeLiteral(reader);
    if (value === undefined) return undefined;
    values.push(value);
  } while (takeSymbol(reader, ','));
  return takeSymbol(reader, ')') ? values : undefined;
}

const comparisons: Readonly<Record<string, Operator>> = {
  eq: 'equals',
  ne: 'notEquals',
  gt: 'greater',
  ge: 'atLeast',
  lt: 'less',
  le: 'atMost',
};
const calls: Readonly<Record<string, Operator>> = {
  contains: 'contains',
  startswith: 'startsWith',
  endswith: 'endsWith',
};

function parseCondition(source: Source, start: number, end: number): Condition | undefined {
  for (const parse of [parseCall, parseItems, parseComparison]) {
    const reader: Reader = { tokens: source.tokens, end, at: start };
    const found = parse(reader);
    if (found !== undefined && reader.at === end && isFaithful(found)) return found;
  }
  return undefined;
}

/** Letters printed in lower case must have been: else printing would change what was written. */
const isFaithful = ({ ignoreCase, values }: Condition): boolean =>
  !ignoreCase || values.every(({ kind, text }) => kind === 'text' && text === text.toLowerCase());

/** `contains(name,'x')`, `contains(tolower(name),'x')`. */
function parseCall(reader: Reader): Condition | undefined {
  const operator = calls[takeWord(reader) ?? ''];
  if (operator === undefined || !takeSymbol(reader, '(')) return undefined;
  const operand = takeOperand(reader);
  if (operand === undefined || !takeSymbol(reader, ',')) return undefined;
  const value = takeLiteral(reader);
  if (value?.kind !== 'text' || !takeSymbol(reader, ')')) return undefined;
  return condition(operand.path, operator, [value], operand.ignoreCase);
}

/** `name` or `tolower(name)`. */
function takeOperand(reader: Reader): { readonly path: string; readonly ignoreCase: boolean } | undefined {
  const ignoreCase =
    isWord(reader.tokens[reader.at], 'tolower') && isSymbol(reader.tokens[reader.at + 1], '(');
  if (ignoreCase) reader.at += 2;
  const path = takePath(reader);
  if (path === undefined || (ignoreCase && !takeSymbol(reader, ')'))) return undefined;
  return { path, ignoreCase };
}

/** `tags/any()`, `tags/any(t:t eq 'x')`, `tags/any(t:t in ('x','y'))`. */
function parseItems(reader: Reader): Condition | undefined {
  const path = takePath(reader);
  if (path === undefined || !takeSymbol(reader, '/') || takeWord(reader) !== 'any') return undefined;
  if (!takeSymbol(reader, '(')) return undefined;
  if (takeSymbol(reader, ')')) return condition(path, 'hasItems');
  const variable = takeName(reader);
  if (variable === undefined || !takeSymbol(reader, ':') || takeWord(reader) !== variable) return undefined;
  const comparison = takeWord(reader);
  const one = comparison === 'eq' ? takeLiteral(reader) : undefined;
  const values = comparison === 'in' ? takeList(reader) : one && [one];
  if (values === undefined || !takeSymbol(reader, ')')) return undefined;
  return condition(path, comparison === 'in' ? 'hasAnyOf' : 'hasItem', values);
}

/** `name eq 'x'`, `name eq null`, `tolower(name) eq 'x'`, `name in ('x','y')`. */
function parseComparison(reader: Reader): Condition | undefined {
  const operand = takeOperand(reader);
  const word = takeWord(reader) ?? '';
  if (operand === undefined) return undefined;
  if (word === 'in') {
    const values = takeList(reader);
    return values && condition(operand.path, 'oneOf', values, operand.ignoreCase);
  }
  const operator = comparisons[word];
  if (operator === undefined) return undefined;
  if (isWord(reader.tokens[reader.at], 'null')) return parseNull(reader, operand, operator);
  const value = takeLiteral(reader);
  return value && condition(operand.path, operator, [value], operand.ignoreCase);
}

function parseNull(
  reader: Reader,
  { path, ignoreCase }: { readonly path: string; readonly ignoreCase: boolean },
  operator: Operator,
): Condition | undefined {
  reader.at += 1;
  if (ignoreCase) return undefined;
  if (operator === 'equals') return condition(path, 'empty');
  return operator === 'notEquals' ? condition(path, 'notEmpty') : undefined;
}

// Printing.

/** Writes a filter as $filter text. */
export function printFilter(filter: Filter): string {
  switch (filter.kind) {
    case 'and':
    case 'or':
      return filter.terms.map((term) => printInside(term)).join(` ${filter.kind} `);
    case 'not':
      return `not ${isCall(filter.term) ? printFilter(filter.term) : `(${printFilter(filter.term)})`}`;
    case 'raw':
      return filter.text;
    case 'condition':
      return printCondition(filter);
  }
}

/** A group inside a group keeps its parentheses: it was written with them. */
const printInside = (term: Filter): string =>
  term.kind === 'and' || term.kind === 'or' || (term.kind === 'raw' && !isWhole(term))
    ? `(${printFilter(term)})`
    : printFilter(term);

/** Raw text somebody typed may be a whole filter of its own. */
function isWhole({ text }: RawFilter): boolean {
  const parsed = parseFilter(text);
  return parsed?.kind !== 'and' && parsed?.kind !== 'or';
}

const isCall = (term: Filter): boolean =>
  term.kind === 'condition' &&
  ['contains', 'startsWith', 'endsWith', 'hasItem', 'hasAnyOf', 'hasItems'].includes(term.operator);

const printLiteral = ({ kind, text }: Literal, ignoreCase = false): string =>
  kind === 'text' ? writeText(ignoreCase ? text.toLowerCase() : text) : text;

function printCondition({ path, operator, values, ignoreCase }: Condition): string {
  const operand = ignoreCase ? `tolower(${path})` : path;
  const value = values[0] === undefined ? 'null' : printLiteral(values[0], ignoreCase);
  const list = `(${values.map((each) => printLiteral(each, ignoreCase)).join(',')})`;
  switch (operator) {
    case 'equals':
      return `${operand} eq ${value}`;
    case 'notEquals':
      return `${operand} ne ${value}`;
    case 'greater':
      return `${operand} gt ${value}`;
    case 'atLeast':
      return `${operand} ge ${value}`;
    case 'less':
      return `${operand} lt ${value}`;
    case 'atMost':
      return `${operand} le ${value}`;
    case 'contains':
      return `contains(${operand},${value})`;
    case 'notContains':
      return `not contains(${operand},${value})`;
    case 'startsWith':
      return `startswith(${operand},${value})`;
    case 'endsWith':
      return `endswith(${operand},${value})`;
    case 'oneOf':
      return `${operand} in ${list}`;
    case 'noneOf':
      return `not (${operand} in ${list})`;
    case 'empty':
      return `${path} eq null`;
    case 'notEmpty':
      return `${path} ne null`;
    case 'hasItem':
      return `${path}/any(t:t eq ${value})`;
    case 'hasNoItem':
      return `not ${path}/any(t:t eq ${value})`;
    case 'hasAnyOf':
      return `${path}/any(t:t in ${list})`;
    case 'hasNoneOf':
      return `not ${path}/any(t:t in ${list})`;
    case 'hasItems':
      return `${path}/any()`;
    case 'hasNoItems':
      return `not ${path}/any()`;
  }
}

// Chips: the terms of the outermost `and`.

/** Whether a filter is one chip although it has several terms, because it has a name. */
export type IsWhole = (filter: Filter) => boolean;

const neverWhole: IsWhole = () => false;

/** The parts that must all hold; each is a chip. */
export function termsOf(text: string, isOneChip = neverWhole): readonly Filter[] {
  const filter = parseFilter(text);
  if (filter === undefined) return [];
  return filter.kind === 'and' && !isOneChip(filter) ? filter.terms : [filter];
}

/** The filter text of several parts that must all hold; an empty list gives an empty text. */
export function joinTerms(terms: readonly Filter[]): string {
  const [only, ...others] = terms;
  if (only === undefined) return '';
  return others.length === 0 ? printFilter(only) : printFilter({ kind: 'and', terms });
}

/** One more part; a part that is there already is not added twice. */
export function addTerm(text: string, term: Filter, isOneChip = neverWhole): string {
  const terms = termsOf(text, isOneChip);
  const printed = printFilter(term);
  return terms.some((each) => printFilter(each) === printed) ? text : joinTerms([...terms, term]);
}

/** The filter without the part at `index`. */
export const removeTerm = (text: string, index: number, isOneChip = neverWhole): string =>
  joinTerms(termsOf(text, isOneChip).filter((_, each) => each !== index));

/** The filter with another part at `index`. */
export const replaceTerm = (text: string, index: number, term: Filter, isOneChip = neverWhole): string =>
  joinTerms(termsOf(text, isOneChip).map((each, at) => (at === index ? term : each)));
