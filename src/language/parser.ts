/**
 * Text → Expression, one function per production of the grammar, by the precedence of URL Conventions 5.1.1.17.
 * It knows the names of no property, and of the functions only those with a syntax of their own.
 */

import { limits } from '../limits.ts';
import type {
  AliasExpression,
  ArithmeticOperator,
  CallExpression,
  CaseBranch,
  ComparisonOperator,
  ComputeItem,
  ExpandItem,
  Expression,
  LambdaBody,
  ListItem,
  Literal,
  OrderByItem,
  PathExpression,
  PathSegment,
  PrimaryExpression,
  SelectItem,
  Span,
  TypeReference,
} from './ast.ts';
import {
  advance,
  type Cursor,
  countNode,
  createCursor,
  expectName,
  expectSymbol,
  isSymbol,
  moveTo,
  nested,
  parseList,
  peekWord,
  refuse,
  spanFrom,
  takeSymbol,
} from './cursor.ts';
import { operatorNames, skipWhitespace, type Token } from './lexer.ts';
import { quoteText, syntaxError, tooComplex, unsupported } from './syntax-error.ts';

/** Reads a $filter: `boolCommonExpr`. */
export function parseFilter(text: string): Expression {
  const cursor = createCursor({ text, clause: 'filter', target: '$filter' });
  return parseWhole(cursor, parseExpression, afterExpression);
}

/** Reads a $orderby: `orderbyItem *( COMMA orderbyItem )`. */
export function parseOrderBy(text: string): readonly OrderByItem[] {
  const cursor = createCursor({ text, clause: 'orderby', target: '$orderby' });
  return parseWhole(cursor, parseOrderByItems, afterItem);
}

/** Reads a $compute: `computeItem *( COMMA computeItem )`. */
export function parseCompute(text: string): readonly ComputeItem[] {
  const cursor = createCursor({ text, clause: 'compute', target: '$compute' });
  return parseWhole(cursor, parseComputeItems, afterItem);
}

/** Reads a $select: `selectItem *( COMMA selectItem )`. */
export function parseSelect(text: string): readonly SelectItem[] {
  const count = { names: 0 };
  const cursor = createCursor({ text, clause: 'select', target: '$select' });
  return parseWhole(cursor, () => parseSelectItems(cursor, count), afterItem);
}

/** Reads as much of $expand as it takes to name what is to be expanded. */
export function parseExpand(text: string): readonly ExpandItem[] {
  const count = { names: 0 };
  const cursor = createCursor({ text, clause: 'expand', target: '$expand' });
  return parseWhole(cursor, () => parseList(cursor, () => parseExpandItem(cursor, count)), afterItem);
}

/** Reads the value of the parameter alias `@name`: `parameterValue`. */
export function parseParameterAlias(name: string, text: string): Expression {
  const cursor = createCursor({ text, clause: 'parameter alias', target: `@${name}` });
  return parseWhole(cursor, parseExpression, afterExpression);
}

const atOperator = 'an operator such as eq or and';
const afterExpression = `${atOperator}, or the end`;
const afterItem = "',' or the end";

/** Runs `parse`, after which nothing may follow; `expected` says what could have. */
export function parseWhole<Result>(
  cursor: Cursor,
  parse: (cursor: Cursor) => Result,
  expected: string,
): Result {
  const result = parse(cursor);
  if (cursor.token.kind !== 'end') refuse(cursor, expected, operatorHint(cursor));
  return result;
}

/** Signs of other languages and what OData writes instead. */
const operatorHints: ReadonlyMap<string, string> = new Map([
  ['=', 'eq'],
  ['!', 'ne or not'],
  ['<', 'lt or le'],
  ['>', 'gt or ge'],
  ['&', 'and'],
  ['|', 'or'],
  ['+', 'add'],
  ['-', 'sub'],
  ['*', 'mul'],
  ['%', 'mod'],
]);

/** What to write instead of the sign that is next, if it is one that other languages have. */
function operatorHint({ token }: Cursor): string {
  const instead = token.kind === 'symbol' ? operatorHints.get(token.text) : undefined;
  return instead === undefined ? '' : ` (OData writes ${instead})`;
}

/** Moves past the `)` that must follow an operand. */
export function expectClose(cursor: Cursor, expected: string): void {
  if (!takeSymbol(cursor, ')')) refuse(cursor, expected, operatorHint(cursor));
}

/** `commonExpr`, loosest operator first; the cursor stops before what cannot belong to it. */
export function parseExpression(cursor: Cursor): Expression {
  return parseOr(cursor);
}

/** `or = and *( RWS "or" RWS and )` */
function parseOr(cursor: Cursor): Expression {
  return parseChain(cursor, 'or', parseAnd);
}

/** `and = equality *( RWS "and" RWS equality )` */
function parseAnd(cursor: Cursor): Expression {
  return parseChain(cursor, 'and', parseEquality);
}

/** One operand, or all operands of a chain of `and` or of `or`. */
function parseChain(
  cursor: Cursor,
  kind: 'and' | 'or',
  parseOperand: (cursor: Cursor) => Expression,
): Expression {
  const { offset } = cursor.token;
  const first = parseOperand(cursor);
  if (peekWord(cursor) !== kind) return first;
  const operands = [first];
  while (takeOperator(cursor, [kind]) !== undefined) operands.push(parseOperand(cursor));
  return countNode(cursor, { kind, operands, ...spanFrom(cursor, offset) });
}

/** Moves past an infix operator if one of `operators` is next; white space must stand around it, or parentheses. */
function takeOperator<Operator extends string>(
  cursor: Cursor,
  operators: readonly Operator[],
): Operator | undefined {
  const word = peekWord(cursor);
  const operator = operators.find((candidate) => candidate === word);
  if (operator === undefined) return undefined;
  const { text } = cursor.source;
  const { offset, end } = cursor.token;
  if (!' \t)]'.includes(text[offset - 1] ?? ''))
    throw syntaxError(cursor.source, offset, `expected white space before '${operator}'`);
  if (!' \t('.includes(text[end] ?? ' '))
    throw syntaxError(
      cursor.source,
      end,
      `expected white space after '${operator}', found '${quoteText(text[end] ?? '')}'`,
    );
  advance(cursor);
  return operator;
}

const equalityOperators = ['eq', 'ne'] as const satisfies readonly ComparisonOperator[];
const relationalOperators = ['gt', 'ge', 'lt', 'le'] as const satisfies readonly ComparisonOperator[];
const additiveOperators = ['add', 'sub'] as const satisfies readonly ArithmeticOperator[];
const multiplicativeOperators = [
  'mul',
  'div',
  'divby',
  'mod',
] as const satisfies readonly ArithmeticOperator[];

/** `equality = relational *( RWS ( "eq" / "ne" ) RWS relational )` */
function parseEquality(cursor: Cursor): Expression {
  return parseComparison(cursor, equalityOperators, parseRelational);
}

/** `relational = additive *( RWS ( "gt" / "ge" / "lt" / "le" ) RWS additive )` */
function parseRelational(cursor: Cursor): Expression {
  return parseComparison(cursor, relationalOperators, parseAdditive);
}

/** `additive = multiplicative *( RWS ( "add" / "sub" ) RWS multiplicative )` */
function parseAdditive(cursor: Cursor): Expression {
  return parseArithmetic(cursor, additiveOperators, parseMultiplicative);
}

/** `multiplicative = unary *( RWS ( "mul" / "div" / "divby" / "mod" ) RWS unary )` */
function parseMultiplicative(cursor: Cursor): Expression {
  return parseArithmetic(cursor, multiplicativeOperators, parseUnary);
}

function parseComparison(
  cursor: Cursor,
  operators: readonly ComparisonOperator[],
  parseOperand: (cursor: Cursor) => Expression,
): Expression {
  const { offset } = cursor.token;
  let left = parseOperand(cursor);
  for (;;) {
    const operator = takeOperator(cursor, operators);
    if (operator === undefined) return left;
    const right = parseOperand(cursor);
    left = countNode(cursor, { kind: 'comparison', operator, left, right, ...spanFrom(cursor, offset) });
  }
}

function parseArithmetic(
  cursor: Cursor,
  operators: readonly ArithmeticOperator[],
  parseOperand: (cursor: Cursor) => Expression,
): Expression {
  const { offset } = cursor.token;
  let left = parseOperand(cursor);
  for (;;) {
    const operator = takeOperator(cursor, operators);
    if (operator === undefined) return left;
    const right = parseOperand(cursor);
    left = countNode(cursor, { kind: 'arithmetic', operator, left, right, ...spanFrom(cursor, offset) });
  }
}

/** `unary = "not" RWS unary / "-" BWS unary / membership`; `not` needs no white space before a parenthesis. */
function parseUnary(cursor: Cursor): Expression {
  const { offset, end } = cursor.token;
  const kind = isSymbol(cursor, '-') ? 'negate' : peekWord(cursor) === 'not' ? 'not' : undefined;
  if (kind === undefined) return parseMembership(cursor);
  if (kind === 'not' && !' \t('.includes(cursor.source.text[end] ?? ' '))
    throw syntaxError(cursor.source, end, "expected white space after 'not'");
  advance(cursor);
  const operand = nested(cursor, offset, () => parseUnary(cursor));
  return countNode(cursor, { kind, operand, ...spanFrom(cursor, offset) });
}

/** `membership = operand *( hasExpr / inExpr )` */
function parseMembership(cursor: Cursor): Expression {
  const { offset } = cursor.token;
  let left = parseOperand(cursor);
  for (;;) {
    const operator = takeOperator(cursor, ['has', 'in']);
    if (operator === undefined) return left;
    left = operator === 'has' ? parseHas(cursor, offset, left) : parseIn(cursor, offset, left);
  }
}

/** `hasExpr = RWS "has" RWS enumLiteral`; what the right side may be is the binder's to say. */
function parseHas(cursor: Cursor, offset: number, left: Expression): Expression {
  const right = parsePrimary(cursor);
  return countNode(cursor, { kind: 'has', left, right, ...spanFrom(cursor, offset) });
}

/** `inExpr = RWS "in" RWS ( listExpr / commonExpr )`, the latter one primary, with or without parentheses. */
function parseIn(cursor: Cursor, offset: number, operand: Expression): Expression {
  if (!takeSymbol(cursor, '(')) {
    if (asLiteral(cursor.token) !== undefined) return refuse(cursor, "'(' or a collection after 'in'");
    const collection = parsePrimary(cursor);
    return countNode(cursor, { kind: 'inCollection', operand, collection, ...spanFrom(cursor, offset) });
  }
  if (isSymbol(cursor, ')') || startsListItem(cursor)) {
    const items = isSymbol(cursor, ')') ? [] : parseListItems(cursor, parseListItem);
    expectSymbol(cursor, ')', "',' or ')'");
    return countNode(cursor, { kind: 'inList', operand, items, ...spanFrom(cursor, offset) });
  }
  const collection = parsePrimary(cursor);
  expectSymbol(cursor, ')');
  return countNode(cursor, { kind: 'inCollection', operand, collection, ...spanFrom(cursor, offset) });
}

/** The items between the parentheses of a `listExpr`, or the brackets of an `array`. */
function parseListItems(cursor: Cursor, parseItem: (cursor: Cursor) => ListItem): readonly ListItem[] {
  let count = 0;
  return parseList(cursor, () => {
    count += 1;
    if (count > limits.listItemsMax)
      throw tooComplex(
        cursor.source,
        cursor.token.offset,
        `more than ${limits.listItemsMax} items in a list`,
      );
    return parseItem(cursor);
  });
}

/** An item of a `listExpr`: a literal, or a parameter alias. */
function parseListItem(cursor: Cursor): ListItem {
  const { token } = cursor;
  if (token.kind === 'alias') return parseAlias(cursor, token);
  const literal = asLiteral(token);
  if (literal === undefined) return refuse(cursor, 'a literal', jsonStringHint(token));
  advance(cursor);
  return literal;
}

function startsListItem({ token }: Cursor): boolean {
  return token.kind === 'alias' || token.kind === 'jsonString' || asLiteral(token) !== undefined;
}

function jsonStringHint(token: Token): string {
  return token.kind === 'jsonString' ? ' (strings take single quotes)' : '';
}

/** `operand = primary / parenExpr` */
function parseOperand(cursor: Cursor): Expression {
  if (!isSymbol(cursor, '(')) return parsePrimary(cursor);
  const { offset } = advance(cursor);
  const inner = nested(cursor, offset, () => parseExpression(cursor));
  expectClose(cursor, `${atOperator}, or ')' for the '(' of position ${offset}`);
  return inner;
}

/** `primary = primitiveLiteral / arrayOrObject / parameterAlias / firstMemberExpr / methodCallExpr / castExpr / isofExpr` */
function parsePrimary(cursor: Cursor): PrimaryExpression {
  const { token } = cursor;
  const literal = asLiteral(token);
  if (literal !== undefined) {
    advance(cursor);
    return countNode(cursor, literal);
  }
  if (token.kind === 'alias') return countNode(cursor, parseAlias(cursor, token));
  if (token.kind === 'system') return parseMember(cursor);
  if (isSymbol(cursor, '[')) return parseArray(cursor);
  if (token.kind !== 'name') return refuse(cursor, 'an expression', operandHint(token));
  // Reserved, so that `a eq and b` is refused at `and`, not at `b`.
  if (operatorNames.has(token.text.toLowerCase())) return refuse(cursor, 'an expression');
  return cursor.source.text[token.end] === '(' ? parseCall(cursor, token) : parseMember(cursor);
}

function operandHint(token: Token): string {
  if (token.kind === 'symbol' && token.text === '{') return ' (objects are not supported)';
  return jsonStringHint(token);
}

const wordLiterals: ReadonlyMap<string, (span: Span) => Literal> = new Map([
  ['INF', (span) => ({ kind: 'literal', type: 'double', text: 'INF', value: Infinity, ...span })],
  ['NaN', (span) => ({ kind: 'literal', type: 'double', text: 'NaN', value: NaN, ...span })],
]);

/** The literal a token is, in the place of an operand; `true`, `false` and `null` in any case. */
function asLiteral(token: Token): Literal | undefined {
  if (token.kind === 'literal') return token.literal;
  if (token.kind !== 'name') return undefined;
  const span = { offset: token.offset, end: token.end };
  const word = token.text.toLowerCase();
  if (word === 'null') return { kind: 'literal', type: 'null', ...span };
  if (word === 'true' || word === 'false')
    return { kind: 'literal', type: 'boolean', value: word === 'true', ...span };
  return wordLiterals.get(token.text)?.(span);
}

/** `parameterAlias` */
function parseAlias(cursor: Cursor, token: Token & { readonly kind: 'alias' }): AliasExpression {
  advance(cursor);
  return { kind: 'alias', name: token.name, offset: token.offset, end: token.end };
}

/** `array`, its items literals or aliases; strings in either kind of quotes. */
function parseArray(cursor: Cursor): PrimaryExpression {
  const { offset } = advance(cursor);
  const items = isSymbol(cursor, ']') ? [] : parseListItems(cursor, parseArrayItem);
  expectSymbol(cursor, ']', "',' or ']'");
  return countNode(cursor, { kind: 'array', items, ...spanFrom(cursor, offset) });
}

function parseArrayItem(cursor: Cursor): ListItem {
  const { token } = cursor;
  if (token.kind !== 'jsonString') return parseListItem(cursor);
  advance(cursor);
  return { kind: 'literal', type: 'string', value: token.value, offset: token.offset, end: token.end };
}

/** `firstMemberExpr`: a path, which `$count`, `any` or `all` may end. */
function parseMember(cursor: Cursor): PrimaryExpression {
  const { offset } = cursor.token;
  const segments: PathSegment[] = [];
  const fromIt = cursor.token.kind === 'system';
  if (fromIt) expectImplicitVariable(cursor);
  else segments.push(expectSegment(cursor, 'an expression'));
  const path = (): PathExpression => ({ kind: 'path', fromIt, segments, ...spanFrom(cursor, offset) });
  while (isSymbol(cursor, '/')) {
    const before = path();
    advance(cursor);
    if (cursor.token.kind === 'system') return parseCount(cursor, before);
    const operator = lambdaOperator(cursor);
    if (operator !== undefined) return parseLambda(cursor, before, operator);
    segments.push(expectSegment(cursor, "a property name, '$count', 'any' or 'all'"));
  }
  return countNode(cursor, path());
}

/** `implicitVariableExpr`; without nested options `$this` is what `$it` is. */
function expectImplicitVariable(cursor: Cursor): void {
  const { token } = cursor;
  const name = token.kind === 'system' ? token.text : '';
  if (name === '$root')
    throw unsupported(cursor.source, token.offset, '$root in expressions is not supported');
  if (name !== '$it' && name !== '$this') refuse(cursor, 'an expression');
  advance(cursor);
}

/** A name of a path, qualified if it is a type; what looks like a call is none. */
function expectSegment(cursor: Cursor, expected: string): PathSegment {
  const { token } = cursor;
  if (token.kind !== 'name') return refuse(cursor, expected);
  advance(cursor);
  if (isSymbol(cursor, '(') && cursor.token.offset === token.end)
    return refuse(cursor, `an operator or '/' after '${quoteText(token.text)}', which is no function`);
  return { name: token.text, offset: token.offset, end: token.end };
}

/** `count`, without the options of 4.01 in parentheses. */
function parseCount(cursor: Cursor, path: PathExpression): PrimaryExpression {
  const { token } = cursor;
  if (token.kind === 'system' && token.text.toLowerCase() === '$filter')
    throw unsupported(cursor.source, token.offset, '$filter segments in expressions are not supported');
  if (token.kind !== 'system' || token.text.toLowerCase() !== '$count') return refuse(cursor, "'$count'");
  advance(cursor);
  if (isSymbol(cursor, '('))
    throw unsupported(
      cursor.source,
      cursor.token.offset,
      'options of $count in expressions are not supported',
    );
  return countNode(cursor, { kind: 'count', path, ...spanFrom(cursor, path.offset) });
}

/** `any` or `all` if next and called, else undefined: either may be the name of a property too. */
function lambdaOperator(cursor: Cursor): 'any' | 'all' | undefined {
  const word = peekWord(cursor);
  if (cursor.source.text[cursor.token.end] !== '(') return undefined;
  return word === 'any' || word === 'all' ? word : undefined;
}

/** `anyExpr / allExpr`, the name next. */
function parseLambda(cursor: Cursor, path: PathExpression, operator: 'any' | 'all'): PrimaryExpression {
  const { offset } = advance(cursor);
  expectSymbol(cursor, '(');
  const isEmpty = operator === 'any' && isSymbol(cursor, ')');
  const body = isEmpty ? undefined : nested(cursor, offset, () => parseLambdaBody(cursor));
  expectClose(cursor, `${atOperator}, or ')'`);
  return countNode(cursor, { kind: 'lambda', operator, path, body, ...spanFrom(cursor, path.offset) });
}

/** `lambdaVariableExpr BWS COLON BWS lambdaPredicateExpr` */
function parseLambdaBody(cursor: Cursor): LambdaBody {
  if (operatorNames.has(peekWord(cursor) ?? '') || asLiteral(cursor.token) !== undefined)
    return refuse(cursor, "a variable such as 'x'");
  const variable = expectName(cursor, "a variable such as 'x'");
  expectSymbol(cursor, ':', `':' after the variable '${variable.name}'`);
  return { variable, predicate: parseExpression(cursor) };
}

/** `methodCallExpr / functionExpr / castExpr / isofExpr`, the name next and a parenthesis behind it. */
function parseCall(cursor: Cursor, token: Token & { readonly kind: 'name' }): PrimaryExpression {
  const word = token.text.toLowerCase();
  if (word === 'substringof') return refuse(cursor, 'contains(text,part)', ' of OData 2 and 3');
  advance(cursor);
  if (word === 'any' || word === 'all')
    return refuse(cursor, `a path before '${word}', as in tags/${word}(t:…)`);
  advance(cursor);
  return nested(cursor, token.offset, () => {
    if (word === 'cast') return parseTypeCall(cursor, token.offset, 'cast');
    if (word === 'isof') return parseTypeCall(cursor, token.offset, 'isOf');
    if (word === 'case') return parseCase(cursor, token.offset);
    return parseArguments(cursor, token);
  });
}

const afterArgument = "an operator, ',' or ')'";

/** `BWS [ commonExpr *( BWS COMMA BWS commonExpr ) ] BWS CLOSE` */
function parseArguments(cursor: Cursor, token: Token & { readonly kind: 'name' }): CallExpression {
  const isEmpty = isSymbol(cursor, ')');
  const callArguments = isEmpty ? [] : parseList(cursor, () => parseExpression(cursor));
  expectClose(cursor, afterArgument);
  const { offset } = token;
  return countNode(cursor, {
    kind: 'call',
    name: token.text,
    arguments: callArguments,
    ...spanFrom(cursor, offset),
  });
}

/** `castExpr / isofExpr = BWS [ commonExpr BWS COMMA BWS ] optionallyQualifiedTypeName BWS CLOSE` */
function parseTypeCall(cursor: Cursor, offset: number, kind: 'cast' | 'isOf'): PrimaryExpression {
  const operand = isTypeAlone(cursor) ? undefined : parseExpression(cursor);
  if (operand !== undefined && !takeSymbol(cursor, ','))
    return refuse(
      cursor,
      operand.kind === 'path' ? "',' or ')'" : "an operator or ','",
      operatorHint(cursor),
    );
  const type = parseTypeReference(cursor);
  expectSymbol(cursor, ')');
  return countNode(cursor, { kind, operand, type, ...spanFrom(cursor, offset) });
}

/** Whether the only argument is a type: `isof(T)`, `isof(Collection(T))`. */
function isTypeAlone({ token, source }: Cursor): boolean {
  if (token.kind !== 'name') return false;
  const after = skipWhitespace(source.text, token.end);
  return source.text[after] === ')' || (token.text === 'Collection' && source.text[after] === '(');
}

/** `qualifiedTypeName`, or a type's name alone. */
function parseTypeReference(cursor: Cursor): TypeReference {
  const { token } = cursor;
  if (token.kind !== 'name') return refuse(cursor, "a type name such as 'Edm.String'");
  advance(cursor);
  if (token.text !== 'Collection' || !takeSymbol(cursor, '('))
    return { name: token.text, isCollection: false, ...spanFrom(cursor, token.offset) };
  const item = cursor.token;
  if (item.kind !== 'name') return refuse(cursor, "a type name such as 'Edm.String'");
  advance(cursor);
  expectSymbol(cursor, ')');
  return { name: item.text, isCollection: true, ...spanFrom(cursor, token.offset) };
}

/** `caseMethodCallExpr` after its parenthesis. */
function parseCase(cursor: Cursor, offset: number): PrimaryExpression {
  const branches = parseList(cursor, () => parseCaseBranch(cursor));
  expectClose(cursor, afterArgument);
  return countNode(cursor, { kind: 'case', branches, ...spanFrom(cursor, offset) });
}

/** `boolCommonExpr BWS COLON BWS commonExpr` */
function parseCaseBranch(cursor: Cursor): CaseBranch {
  const condition = parseExpression(cursor);
  expectSymbol(cursor, ':', "an operator or ':' after the condition");
  return { condition, value: parseExpression(cursor) };
}

/** A path of names and nothing else, as grouping takes it. */
export function parsePropertyPath(cursor: Cursor): PathExpression {
  const { offset } = cursor.token;
  const segments = [expectSegment(cursor, 'a property path')];
  while (takeSymbol(cursor, '/')) segments.push(expectSegment(cursor, 'a property name'));
  return countNode(cursor, { kind: 'path', fromIt: false, segments, ...spanFrom(cursor, offset) });
}

/** `orderbyItem *( COMMA orderbyItem )` */
export function parseOrderByItems(cursor: Cursor): readonly OrderByItem[] {
  let count = 0;
  return parseList(cursor, () => {
    count += 1;
    if (count > limits.orderByKeysMax)
      throw tooComplex(cursor.source, cursor.token.offset, `more than ${limits.orderByKeysMax} keys`);
    return parseOrderByItem(cursor);
  });
}

/** `orderbyItem = commonExpr [ RWS ( "asc" / "desc" ) ]` */
function parseOrderByItem(cursor: Cursor): OrderByItem {
  const { offset } = cursor.token;
  const expression = parseExpression(cursor);
  const direction = peekWord(cursor);
  if (direction === 'asc' || direction === 'desc') {
    advance(cursor);
    return { expression, direction, ...spanFrom(cursor, offset) };
  }
  const isComplete = cursor.token.kind === 'end' || isSymbol(cursor, ',') || isSymbol(cursor, ')');
  if (!isComplete) refuse(cursor, "an operator, 'asc', 'desc' or ','", operatorHint(cursor));
  return { expression, direction: 'asc', ...spanFrom(cursor, offset) };
}

/** `computeItem *( COMMA computeItem )` */
export function parseComputeItems(cursor: Cursor): readonly ComputeItem[] {
  return parseList(cursor, () => parseComputeItem(cursor));
}

/** `computeItem = commonExpr asAlias` */
function parseComputeItem(cursor: Cursor): ComputeItem {
  const { offset } = cursor.token;
  const expression = parseExpression(cursor);
  const alias = parseAsAlias(cursor);
  return { expression, alias, ...spanFrom(cursor, offset) };
}

/** `asAlias = RWS "as" RWS expressionAlias`; inside $apply the keyword is lower-case only (Aggregation ABNF). */
export function parseAsAlias(cursor: Cursor): PathSegment {
  const { token } = cursor;
  const isAs = token.kind === 'name' && (token.text === 'as' || isLenientAs(cursor, token.text));
  if (!isAs) return refuse(cursor, "an operator or 'as' and a name", operatorHint(cursor));
  advance(cursor);
  return expectName(cursor, 'a name for the value');
}

function isLenientAs(cursor: Cursor, text: string): boolean {
  return cursor.source.clause !== 'apply' && text.toLowerCase() === 'as';
}

interface NameCount {
  names: number;
}

function countName(cursor: Cursor, count: NameCount): void {
  count.names += 1;
  if (count.names > limits.selectNamesMax)
    throw tooComplex(cursor.source, cursor.token.offset, `more than ${limits.selectNamesMax} names`);
}

function parseSelectItems(cursor: Cursor, count: NameCount): readonly SelectItem[] {
  return parseList(cursor, () => parseSelectItem(cursor, count));
}

/** `selectItem = STAR / allOperationsInSchema / selectProperty / qualifiedActionName / qualifiedFunctionName` */
function parseSelectItem(cursor: Cursor, count: NameCount): SelectItem {
  countName(cursor, count);
  const { offset } = cursor.token;
  if (takeSymbol(cursor, '*')) return { kind: 'all', ...spanFrom(cursor, offset) };
  const first = expectSelectName(cursor);
  if (takeSymbol(cursor, '.')) return parseAllOperations(cursor, first);
  if (first.name.includes('.') && !isSymbol(cursor, '/')) return parseOperation(cursor, first);
  const path = [first];
  while (takeSymbol(cursor, '/')) path.push(expectSelectName(cursor));
  const nestedItems = isSymbol(cursor, '(') ? parseSelectOptions(cursor, count) : undefined;
  return { kind: 'property', path, nested: nestedItems, ...spanFrom(cursor, offset) };
}

function expectSelectName(cursor: Cursor): PathSegment {
  const { token } = cursor;
  if (token.kind !== 'name') return refuse(cursor, 'a property name');
  advance(cursor);
  return { name: token.text, offset: token.offset, end: token.end };
}

/** `allOperationsInSchema = namespace "." STAR`, the star next. */
function parseAllOperations(cursor: Cursor, namespace: PathSegment): SelectItem {
  expectSymbol(cursor, '*', "a name or '*'");
  return {
    kind: 'operation',
    name: `${namespace.name}.*`,
    parameters: undefined,
    ...spanFrom(cursor, namespace.offset),
  };
}

/** `qualifiedFunctionName = namespace "." function [ OPEN parameterNames CLOSE ]`, or an action without them. */
function parseOperation(cursor: Cursor, name: PathSegment): SelectItem {
  let parameters: readonly string[] | undefined;
  if (takeSymbol(cursor, '(')) {
    parameters = parseList(cursor, () => expectName(cursor, 'a parameter name').name);
    expectSymbol(cursor, ')', "',' or ')'");
  }
  return { kind: 'operation', name: name.name, parameters, ...spanFrom(cursor, name.offset) };
}

/** Options of a $select item that OData has and this service does not. */
const unsupportedSelectOptions: ReadonlySet<string> = new Set(
  'filter search count orderby skip top compute expand levels'.split(' '),
);

/** `OPEN selectOption CLOSE`, of which only $select is built. */
function parseSelectOptions(cursor: Cursor, count: NameCount): readonly SelectItem[] {
  const { offset } = advance(cursor);
  const { token } = cursor;
  const option =
    token.kind === 'system' || token.kind === 'name' ? token.text.toLowerCase().replace('$', '') : '';
  if (unsupportedSelectOptions.has(option))
    throw unsupported(cursor.source, token.offset, `'$${option}' within $select is not supported`);
  if (option !== 'select') return refuse(cursor, "'$select='");
  advance(cursor);
  expectSymbol(cursor, '=');
  const items = nested(cursor, offset, () => parseSelectItems(cursor, count));
  if (isSymbol(cursor, ';'))
    throw unsupported(cursor.source, cursor.token.offset, 'a second option within $select is not supported');
  expectSymbol(cursor, ')', "',' or ')'");
  return items;
}

/** `expandItem`, its options left unread. */
function parseExpandItem(cursor: Cursor, count: NameCount): ExpandItem {
  countName(cursor, count);
  const { offset } = cursor.token;
  const isAll = takeSymbol(cursor, '*');
  const path = isAll ? [] : [expectSelectName(cursor)];
  while (takeSymbol(cursor, '/')) {
    if (cursor.token.kind === 'system')
      throw unsupported(
        cursor.source,
        cursor.token.offset,
        `'${quoteText(cursor.token.text)}' within $expand is not supported`,
      );
    path.push(expectSelectName(cursor));
  }
  const optionsText = isSymbol(cursor, '(') ? skipOptions(cursor) : undefined;
  return { kind: isAll ? 'all' : 'property', path, optionsText, ...spanFrom(cursor, offset) };
}

/** Moves past balanced parentheses, those within quotes not counted; returns the text between them. */
function skipOptions(cursor: Cursor): string {
  const { text } = cursor.source;
  const { offset } = cursor.token;
  let depth = 0;
  let quote: string | undefined;
  for (let position = offset; position < text.length; position += 1) {
    const character = text[position];
    if (quote !== undefined) quote = character === quote ? undefined : quote;
    else if (character === "'" || character === '"') quote = character;
    else if (character === '(') depth += 1;
    else if (character === ')') depth -= 1;
    if (depth === 0 && quote === undefined) {
      moveTo(cursor, position + 1);
      return text.slice(offset + 1, position);
    }
  }
  throw syntaxError(
    cursor.source,
    text.length,
    `expected ')' for the '(' of position ${offset}, found the end`,
  );
}
