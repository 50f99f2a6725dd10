/** Where a parser stands in a text, and what it may still spend. */

import { limits } from '../limits.ts';
import type { PathSegment, Span } from './ast.ts';
import { describeToken, readToken, type Token } from './lexer.ts';
import { type Source, syntaxError, tooComplex } from './syntax-error.ts';

/** What one option has used of its limits, across the parsers that read it. */
export interface Budget {
  tokens: number;
  nodes: number;
  depth: number;
}

/** A position between two tokens; `token` is the next one. The only thing in this folder that changes. */
export interface Cursor {
  readonly source: Source;
  readonly budget: Budget;
  token: Token;
  /** Where the token before `token` ended. */
  previousEnd: number;
}

/** A cursor before the first token of an option. */
export function createCursor(source: Source): Cursor {
  const budget = { tokens: 0, nodes: 0, depth: 0 };
  return { source, budget, token: readToken(source, 0), previousEnd: 0 };
}

/** Moves past the next token and returns it. */
export function advance(cursor: Cursor): Token {
  const { token } = cursor;
  moveTo(cursor, token.end);
  return token;
}

/** Moves to `offset`, where another reader stopped. */
export function moveTo(cursor: Cursor, offset: number): void {
  cursor.budget.tokens += 1;
  if (cursor.budget.tokens > limits.expressionTokensMax)
    throw tooComplex(cursor.source, offset, `more than ${limits.expressionTokensMax} words and signs`);
  cursor.previousEnd = offset;
  cursor.token = readToken(cursor.source, offset);
}

/** Throws the error that says what was expected where the next token stands. */
export function refuse(cursor: Cursor, expected: string, hint = ''): never {
  const found = describeToken(cursor.source, cursor.token);
  throw syntaxError(cursor.source, cursor.token.offset, `expected ${expected}, found ${found}${hint}`);
}

/** Whether the next token is this symbol. */
export function isSymbol(cursor: Cursor, symbol: string): boolean {
  return cursor.token.kind === 'symbol' && cursor.token.text === symbol;
}

/** Moves past a symbol if it is next. */
export function takeSymbol(cursor: Cursor, symbol: string): boolean {
  if (!isSymbol(cursor, symbol)) return false;
  advance(cursor);
  return true;
}

/** Moves past a symbol that must be next. */
export function expectSymbol(cursor: Cursor, symbol: string, expected = `'${symbol}'`): void {
  if (!takeSymbol(cursor, symbol)) refuse(cursor, expected);
}

/** The next token's text if it is a name, without regard to case; else undefined. */
export function peekWord(cursor: Cursor): string | undefined {
  return cursor.token.kind === 'name' ? cursor.token.text.toLowerCase() : undefined;
}

/** Moves past a simple name that must be next. */
export function expectName(cursor: Cursor, expected: string): PathSegment {
  const { token } = cursor;
  if (token.kind !== 'name' || token.text.includes('.')) return refuse(cursor, expected);
  advance(cursor);
  return { name: token.text, offset: token.offset, end: token.end };
}

/** The span from `offset` to the end of what was last read. */
export function spanFrom(cursor: Cursor, offset: number): Span {
  return { offset, end: cursor.previousEnd };
}

/** Counts a node of the tree and returns it. */
export function countNode<Node extends Span>(cursor: Pick<Cursor, 'source' | 'budget'>, node: Node): Node {
  cursor.budget.nodes += 1;
  if (cursor.budget.nodes > limits.expressionNodesMax)
    throw tooComplex(
      cursor.source,
      node.offset,
      `more than ${limits.expressionNodesMax} operands and operators`,
    );
  return node;
}

/** Runs `parse` one level deeper, so that recursion ends at the limit instead of the stack. */
export function nested<Result>(
  cursor: Pick<Cursor, 'source' | 'budget'>,
  offset: number,
  parse: () => Result,
): Result {
  cursor.budget.depth += 1;
  if (cursor.budget.depth > limits.expressionDepthMax)
    throw tooComplex(cursor.source, offset, `more than ${limits.expressionDepthMax} levels of nesting`);
  const result = parse();
  cursor.budget.depth -= 1;
  return result;
}

/** One item or more, separated by commas. */
export function parseList<Item>(cursor: Cursor, parseItem: () => Item): readonly Item[] {
  const items = [parseItem()];
  while (takeSymbol(cursor, ',')) items.push(parseItem());
  return items;
}
