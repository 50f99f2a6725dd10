/** Text → the transformations of $apply (Data Aggregation 4.0); keywords are lower-case only. */

import { didYouMean } from '../errors.ts';
import type {
  AggregateItem,
  AggregateMethod,
  GroupByTransformation,
  PathExpression,
  Transformation,
} from './ast.ts';
import {
  advance,
  type Cursor,
  countNode,
  createCursor,
  expectSymbol,
  isSymbol,
  moveTo,
  nested,
  parseList,
  refuse,
  spanFrom,
  takeSymbol,
} from './cursor.ts';
import {
  expectClose,
  parseAsAlias,
  parseComputeItems,
  parseExpression,
  parseOrderByItems,
  parsePropertyPath,
  parseWhole,
} from './parser.ts';
import { parseSearchPart } from './search.ts';
import { quoteText, unsupported } from './syntax-error.ts';

/** Reads a $apply: `applyExpr`. */
export function parseApply(text: string): readonly Transformation[] {
  const cursor = createCursor({ text, clause: 'apply', target: '$apply' });
  return parseWhole(cursor, parseTransformations, "'/' or the end");
}

/** `applyExpr = applyTrafo *( "/" applyTrafo )` */
function parseTransformations(cursor: Cursor): readonly Transformation[] {
  const transformations = [parseTransformation(cursor)];
  while (takeSymbol(cursor, '/')) transformations.push(parseTransformation(cursor));
  return transformations;
}

/** Reads what follows a transformation's name; `offset` is where the name stands. */
type TransformationParser = (cursor: Cursor, offset: number) => Transformation;

const transformationParsers: ReadonlyMap<string, TransformationParser> = new Map<
  string,
  TransformationParser
>([
  ['aggregate', parseAggregate],
  ['compute', parseCompute],
  ['concat', parseConcat],
  ['filter', parseFilter],
  ['groupby', parseGroupBy],
  ['identity', (cursor, offset) => ({ kind: 'identity', ...spanFrom(cursor, offset) })],
  ['orderby', parseOrderBy],
  ['search', parseSearch],
  ['skip', (cursor, offset) => parseCount(cursor, offset, 'skip')],
  ['top', (cursor, offset) => parseCount(cursor, offset, 'top')],
]);

/** Transformations of the specification that are not built. */
const unsupportedTransformations: ReadonlySet<string> = new Set(
  (
    'addnested ancestors bottomcount bottompercent bottomsum descendants expand from join nest outerjoin ' +
    'rollup rolluprecursive topcount toppercent topsum traverse'
  ).split(' '),
);

/** `applyTrafo` */
function parseTransformation(cursor: Cursor): Transformation {
  const { token, source } = cursor;
  if (token.kind !== 'name') return refuse(cursor, 'a transformation such as groupby');
  if (unsupportedTransformations.has(token.text) || token.text.includes('.'))
    throw unsupported(source, token.offset, `the transformation '${quoteText(token.text)}' is not supported`);
  const parse = transformationParsers.get(token.text);
  if (parse === undefined)
    return refuse(cursor, 'a transformation', `.${didYouMean(token.text, transformationParsers.keys())}`);
  advance(cursor);
  return countNode(
    cursor,
    nested(cursor, token.offset, () => parse(cursor, token.offset)),
  );
}

/** `filterTrafo` after its name. */
function parseFilter(cursor: Cursor, offset: number): Transformation {
  expectSymbol(cursor, '(');
  const expression = parseExpression(cursor);
  expectClose(cursor, "an operator or ')'");
  return { kind: 'filter', expression, ...spanFrom(cursor, offset) };
}

/** `searchTrafo` after its name. */
function parseSearch(cursor: Cursor, offset: number): Transformation {
  if (!isSymbol(cursor, '(')) return refuse(cursor, "'('");
  const { expression, end } = parseSearchPart(cursor.source, cursor.budget, cursor.token.end);
  moveTo(cursor, end);
  expectSymbol(cursor, ')');
  return { kind: 'search', expression, ...spanFrom(cursor, offset) };
}

/** `computeTrafo` after its name. */
function parseCompute(cursor: Cursor, offset: number): Transformation {
  expectSymbol(cursor, '(');
  const items = parseComputeItems(cursor);
  expectSymbol(cursor, ')', "',' or ')'");
  return { kind: 'compute', items, ...spanFrom(cursor, offset) };
}

/** `orderbyTrafo` after its name. */
function parseOrderBy(cursor: Cursor, offset: number): Transformation {
  expectSymbol(cursor, '(');
  const items = parseOrderByItems(cursor);
  expectSymbol(cursor, ')', "',' or ')'");
  return { kind: 'orderBy', items, ...spanFrom(cursor, offset) };
}

/** `topTrafo`, `skipTrafo` after their names: plain digits. */
function parseCount(cursor: Cursor, offset: number, kind: 'top' | 'skip'): Transformation {
  expectSymbol(cursor, '(');
  const { token, source } = cursor;
  const digits = source.text.slice(token.offset, token.end);
  const count = Number(digits);
  if (!/^\d+$/.test(digits) || !Number.isSafeInteger(count)) return refuse(cursor, 'a whole number');
  advance(cursor);
  expectSymbol(cursor, ')');
  return { kind, count, ...spanFrom(cursor, offset) };
}

/** `concatTrafo` after its name: two sequences or more. */
function parseConcat(cursor: Cursor, offset: number): Transformation {
  expectSymbol(cursor, '(');
  const branches = parseList(cursor, () => parseTransformations(cursor));
  if (branches.length < 2) return refuse(cursor, "'/' or ',' and a second sequence");
  expectSymbol(cursor, ')', "'/', ',' or ')'");
  return { kind: 'concat', branches, ...spanFrom(cursor, offset) };
}

/** `groupbyTrafo` after its name. */
function parseGroupBy(cursor: Cursor, offset: number): GroupByTransformation {
  expectSymbol(cursor, '(');
  expectSymbol(cursor, '(', "'(' before the paths to group by");
  const paths = parseList(cursor, () => parseGroupingPath(cursor));
  expectSymbol(cursor, ')', "',' or ')'");
  const transformations = takeSymbol(cursor, ',') ? parseTransformations(cursor) : undefined;
  expectSymbol(cursor, ')', transformations === undefined ? "',' or ')'" : "'/' or ')'");
  return { kind: 'groupBy', paths, transformations, ...spanFrom(cursor, offset) };
}

/** `groupingProperty`; the rollups of `groupbyElement` are not built. */
function parseGroupingPath(cursor: Cursor): PathExpression {
  const { token, source } = cursor;
  if (token.kind === 'name' && token.text.startsWith('rollup') && source.text[token.end] === '(')
    throw unsupported(source, token.offset, `'${quoteText(token.text)}' is not supported`);
  return parsePropertyPath(cursor);
}

/** `aggregateTrafo` after its name. */
function parseAggregate(cursor: Cursor, offset: number): Transformation {
  expectSymbol(cursor, '(');
  const items = parseList(cursor, () => parseAggregateItem(cursor));
  expectSymbol(cursor, ')', "',' or ')'");
  return { kind: 'aggregate', items, ...spanFrom(cursor, offset) };
}

/** `aggregateExpr = aggregateCount asAlias / commonExpr aggregateWith asAlias` */
function parseAggregateItem(cursor: Cursor): AggregateItem {
  const { token } = cursor;
  const { offset } = token;
  if (token.kind === 'system' && token.text === '$count') {
    advance(cursor);
    const alias = parseAggregateAlias(cursor);
    return countNode(cursor, { kind: 'count', path: undefined, alias, ...spanFrom(cursor, offset) });
  }
  const expression = parseExpression(cursor);
  if (expression.kind === 'count' && isKeyword(cursor, 'as')) {
    const alias = parseAggregateAlias(cursor);
    return countNode(cursor, { kind: 'count', path: expression.path, alias, ...spanFrom(cursor, offset) });
  }
  const method = parseAggregateWith(cursor);
  const alias = parseAggregateAlias(cursor);
  return countNode(cursor, { kind: 'value', expression, method, alias, ...spanFrom(cursor, offset) });
}

function isKeyword({ token }: Cursor, keyword: string): boolean {
  return token.kind === 'name' && token.text === keyword;
}

/** `asAlias`; the `aggregateFrom` that may stand before it is not built. */
function parseAggregateAlias(cursor: Cursor): AggregateItem['alias'] {
  if (isKeyword(cursor, 'from'))
    throw unsupported(cursor.source, cursor.token.offset, "'from' is not supported");
  return parseAsAlias(cursor);
}

const aggregateMethods = [
  'sum',
  'min',
  'max',
  'average',
  'countdistinct',
] as const satisfies readonly AggregateMethod[];

/** `aggregateWith = RWS "with" RWS aggregateMethod`; custom methods are not built. */
function parseAggregateWith(cursor: Cursor): AggregateMethod {
  if (!isKeyword(cursor, 'with'))
    return refuse(cursor, `an operator or 'with' and one of ${aggregateMethods.join(', ')}`);
  advance(cursor);
  const { token, source } = cursor;
  const name = token.kind === 'name' ? token.text : '';
  if (name.includes('.'))
    throw unsupported(source, token.offset, `the aggregation method '${quoteText(name)}' is not supported`);
  const method = aggregateMethods.find((candidate) => candidate === name);
  if (method === undefined) return refuse(cursor, `one of ${aggregateMethods.join(', ')}`);
  advance(cursor);
  return method;
}
