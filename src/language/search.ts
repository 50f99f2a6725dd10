/** Text → SearchExpression: words, "phrases", AND, OR, NOT in upper case; NOT binds tighter than AND, AND than OR. */

import type { SearchExpression, Span } from './ast.ts';
import { type Budget, countNode, nested } from './cursor.ts';
import { skipWhitespace } from './lexer.ts';
import { type Source, syntaxError } from './syntax-error.ts';

/** What a search is made of; `word` includes the operators, as only their place tells them apart. */
interface SearchToken extends Span {
  readonly kind: 'word' | 'phrase' | 'open' | 'close' | 'end';
  readonly text: string;
}

interface SearchCursor {
  readonly source: Source;
  readonly budget: Budget;
  token: SearchToken;
  previousEnd: number;
}

/** A search within another option, and where it stopped: at the end or before a `)` that is not its own. */
export interface SearchPart {
  readonly expression: SearchExpression;
  readonly end: number;
}

/** Reads a $search: `searchExpr`. */
export function parseSearch(text: string): SearchExpression {
  const source: Source = { text, clause: 'search', target: '$search' };
  const { expression, end } = parseSearchPart(source, { tokens: 0, nodes: 0, depth: 0 }, 0);
  if (end < text.length) throw syntaxError(source, end, "expected a word, a phrase or the end, found ')'");
  return expression;
}

/** Reads the `searchExpr` at `offset`. */
export function parseSearchPart(source: Source, budget: Budget, offset: number): SearchPart {
  const cursor = { source, budget, token: readSearchToken(source, offset), previousEnd: offset };
  const expression = parseOr(cursor);
  return { expression, end: cursor.token.offset };
}

const wordPattern = /[^\s()"]+/y;

function readSearchToken(source: Source, offset: number): SearchToken {
  const { text } = source;
  const start = skipWhitespace(text, offset);
  const character = text[start];
  if (character === undefined) return { kind: 'end', text: '', offset: start, end: start };
  if (character === '(') return { kind: 'open', text: '(', offset: start, end: start + 1 };
  if (character === ')') return { kind: 'close', text: ')', offset: start, end: start + 1 };
  if (character === '"') return readPhrase(source, start);
  if (character === "'")
    throw syntaxError(source, start, 'expected a word, or a phrase in double quotes, found a single quote');
  wordPattern.lastIndex = start;
  const word = wordPattern.exec(text)?.[0];
  if (word === undefined)
    throw syntaxError(source, start, 'expected a word or a phrase, found white space other than a space');
  return { kind: 'word', text: word, offset: start, end: start + word.length };
}

/** `searchPhrase`: a backslash before a quote or a backslash is an escape, elsewhere itself. */
function readPhrase(source: Source, offset: number): SearchToken {
  const { text } = source;
  let position = offset + 1;
  while (position < text.length && text[position] !== '"') position += text[position] === '\\' ? 2 : 1;
  if (position >= text.length)
    throw syntaxError(
      source,
      text.length,
      `expected " to end the phrase of position ${offset}, found the end`,
    );
  const phrase = text.slice(offset + 1, position).replace(/\\(["\\])/g, '$1');
  if (phrase === '') throw syntaxError(source, offset, 'expected a phrase of at least one character');
  return { kind: 'phrase', text: phrase, offset, end: position + 1 };
}

function advance(cursor: SearchCursor): void {
  cursor.previousEnd = cursor.token.end;
  cursor.token = readSearchToken(cursor.source, cursor.previousEnd);
}

function startsOperand(token: SearchToken): boolean {
  return token.kind === 'word' || token.kind === 'phrase' || token.kind === 'open';
}

/** Whether the next token is this operator: it is a word of the search where nothing follows it to operate on. */
function isOperator({ source, token }: SearchCursor, operator: 'AND' | 'OR' | 'NOT'): boolean {
  if (token.kind !== 'word' || token.text !== operator) return false;
  return startsOperand(readSearchToken(source, token.end));
}

function chain(
  cursor: SearchCursor,
  kind: 'and' | 'or',
  operands: readonly SearchExpression[],
): SearchExpression {
  const [first] = operands;
  if (operands.length === 1 && first !== undefined) return first;
  const offset = first?.offset ?? cursor.previousEnd;
  return countNode(cursor, { kind, operands, offset, end: cursor.previousEnd });
}

/** `or = and *( RWS "OR" RWS and )` */
function parseOr(cursor: SearchCursor): SearchExpression {
  const operands = [parseAnd(cursor)];
  while (isOperator(cursor, 'OR')) {
    advance(cursor);
    operands.push(parseAnd(cursor));
  }
  return chain(cursor, 'or', operands);
}

/** `and = not *( RWS [ "AND" RWS ] not )` */
function parseAnd(cursor: SearchCursor): SearchExpression {
  const operands = [parseNot(cursor)];
  while (startsOperand(cursor.token) && !isOperator(cursor, 'OR')) {
    requireSeparation(cursor);
    if (isOperator(cursor, 'AND')) advance(cursor);
    operands.push(parseNot(cursor));
  }
  return chain(cursor, 'and', operands);
}

/** Words and phrases stand apart; parentheses need no white space. */
function requireSeparation({ source, token, previousEnd }: SearchCursor): void {
  const isApart = token.offset > previousEnd || token.kind === 'open' || source.text[previousEnd - 1] === ')';
  if (!isApart) throw syntaxError(source, token.offset, 'expected white space between words and phrases');
}

/** `not = "NOT" RWS not / searchPhrase / searchWord / searchParenExpr` */
function parseNot(cursor: SearchCursor): SearchExpression {
  const { offset } = cursor.token;
  if (!isOperator(cursor, 'NOT')) return parsePrimary(cursor);
  advance(cursor);
  const operand = nested(cursor, offset, () => parseNot(cursor));
  return countNode(cursor, { kind: 'not', operand, offset, end: cursor.previousEnd });
}

function parsePrimary(cursor: SearchCursor): SearchExpression {
  const { source, token } = cursor;
  const { kind, text, offset, end } = token;
  if (kind === 'end' || kind === 'close')
    throw syntaxError(
      source,
      offset,
      `expected a word or a phrase, found ${kind === 'end' ? 'the end' : "')'"}`,
    );
  advance(cursor);
  if (kind === 'open') return parseGroup(cursor, offset);
  // A word spelled like an operator becomes a phrase: it means the same, and printing it stays unambiguous.
  const isPhrase = kind === 'phrase' || text === 'AND' || text === 'OR' || text === 'NOT';
  return countNode(cursor, { kind: isPhrase ? 'phrase' : 'word', text, offset, end });
}

/** `searchParenExpr` after its parenthesis. */
function parseGroup(cursor: SearchCursor, offset: number): SearchExpression {
  const inner = nested(cursor, offset, () => parseOr(cursor));
  if (cursor.token.kind !== 'close')
    throw syntaxError(
      cursor.source,
      cursor.token.offset,
      `expected ')' for the '(' of position ${offset}, found the end`,
    );
  advance(cursor);
  return inner;
}
