/** Trees → text, with the fewest parentheses: parsing what is printed gives the same tree, offsets apart. */

import { unreachable } from '../errors.ts';
import type {
  AggregateItem,
  ArithmeticOperator,
  ComparisonOperator,
  ComputeItem,
  Expression,
  LambdaExpression,
  ListItem,
  Literal,
  OrderByItem,
  PathExpression,
  SearchExpression,
  SelectItem,
  Transformation,
  TypeReference,
} from './ast.ts';

/** How tight an expression binds; parentheses go around what is looser than its place allows. */
const level = {
  or: 1,
  and: 2,
  equality: 3,
  relational: 4,
  additive: 5,
  multiplicative: 6,
  unary: 7,
  membership: 8,
  primary: 9,
};

const comparisonLevels: Readonly<Record<ComparisonOperator, number>> = {
  eq: level.equality,
  ne: level.equality,
  gt: level.relational,
  ge: level.relational,
  lt: level.relational,
  le: level.relational,
};

const arithmeticLevels: Readonly<Record<ArithmeticOperator, number>> = {
  add: level.additive,
  sub: level.additive,
  mul: level.multiplicative,
  div: level.multiplicative,
  divby: level.multiplicative,
  mod: level.multiplicative,
};

/** Writes an expression as the text of a $filter, not percent-encoded. */
export function printExpression(expression: Expression): string {
  return print(expression, level.or);
}

function print(expression: Expression, levelMin: number): string {
  const text = printPlain(expression);
  return levelOf(expression) < levelMin ? `(${text})` : text;
}

function levelOf(expression: Expression): number {
  switch (expression.kind) {
    case 'or':
      return level.or;
    case 'and':
      return level.and;
    case 'comparison':
      return comparisonLevels[expression.operator];
    case 'arithmetic':
      return arithmeticLevels[expression.operator];
    case 'not':
    case 'negate':
      return level.unary;
    case 'has':
    case 'inList':
    case 'inCollection':
      return level.membership;
    default:
      return level.primary;
  }
}

function printPlain(expression: Expression): string {
  switch (expression.kind) {
    case 'or':
    case 'and':
      return printChain(expression.kind, expression.operands);
    case 'comparison':
    case 'arithmetic': {
      const own = levelOf(expression);
      return `${print(expression.left, own)} ${expression.operator} ${print(expression.right, own + 1)}`;
    }
    case 'not':
      return `not ${print(expression.operand, level.unary)}`;
    case 'negate':
      return printNegate(expression.operand);
    case 'has':
      return `${print(expression.left, level.membership)} has ${printExpression(expression.right)}`;
    case 'inList':
      return `${print(expression.operand, level.membership)} in (${expression.items.map(printListItem).join(',')})`;
    case 'inCollection':
      return `${print(expression.operand, level.membership)} in ${printExpression(expression.collection)}`;
    case 'literal':
      return printLiteral(expression);
    case 'array':
      return `[${expression.items.map(printArrayItem).join(',')}]`;
    case 'path':
      return printPath(expression);
    case 'count':
      return `${printPath(expression.path)}/$count`;
    case 'lambda':
      return printLambda(expression);
    case 'call':
      return `${expression.name}(${expression.arguments.map(printExpression).join(',')})`;
    case 'cast':
      return printTypeCall('cast', expression.operand, expression.type);
    case 'isOf':
      return printTypeCall('isof', expression.operand, expression.type);
    case 'case': {
      const branches = expression.branches.map(
        ({ condition, value }) => `${printExpression(condition)} : ${printExpression(value)}`,
      );
      return `case(${branches.join(',')})`;
    }
    case 'alias':
      return `@${expression.name}`;
    default:
      return unreachable(expression);
  }
}

function printChain(kind: 'and' | 'or', operands: readonly Expression[]): string {
  return operands.map((operand) => print(operand, level[kind] + 1)).join(` ${kind} `);
}

/** Parentheses keep the minus from becoming the sign of a number. */
function printNegate(operand: Expression): string {
  const text = print(operand, level.unary);
  return /^(?:\d|INF)/.test(text) ? `-(${text})` : `-${text}`;
}

function printPath({ fromIt, segments }: PathExpression): string {
  const names = segments.map(({ name }) => name);
  return (fromIt ? ['$it', ...names] : names).join('/');
}

function printLambda({ path, operator, body }: LambdaExpression): string {
  const predicate = body === undefined ? '' : `${body.variable.name}:${printExpression(body.predicate)}`;
  return `${printPath(path)}/${operator}(${predicate})`;
}

function printTypeCall(name: string, operand: Expression | undefined, type: TypeReference): string {
  const typeText = type.isCollection ? `Collection(${type.name})` : type.name;
  return operand === undefined ? `${name}(${typeText})` : `${name}(${printExpression(operand)},${typeText})`;
}

function printListItem(item: ListItem): string {
  return printExpression(item);
}

/** JSON has its own spelling of strings; all else is written alike. */
function printArrayItem(item: ListItem): string {
  const isString = item.kind === 'literal' && item.type === 'string';
  return isString ? JSON.stringify(item.value) : printListItem(item);
}

/** Writes a literal as it stands in a $filter. */
export function printLiteral(literal: Literal): string {
  switch (literal.type) {
    case 'null':
      return 'null';
    case 'boolean':
    case 'integer':
      return String(literal.value);
    case 'decimal':
    case 'double':
    case 'date':
    case 'dateTimeOffset':
    case 'timeOfDay':
      return literal.text;
    case 'guid':
      return literal.value;
    case 'string':
      return `'${literal.value.replaceAll("'", "''")}'`;
    case 'duration':
    case 'binary':
      return `${literal.type}'${literal.text}'`;
    case 'enum':
      return `${literal.typeName}'${literal.members.join(',')}'`;
    default:
      return unreachable(literal);
  }
}

/** Writes the keys of a $orderby; ascending is left unsaid. */
export function printOrderBy(items: readonly OrderByItem[]): string {
  return items
    .map(
      ({ expression, direction }) => `${printExpression(expression)}${direction === 'desc' ? ' desc' : ''}`,
    )
    .join(',');
}

/** Writes the items of a $compute. */
export function printCompute(items: readonly ComputeItem[]): string {
  return items.map(({ expression, alias }) => `${printExpression(expression)} as ${alias.name}`).join(',');
}

/** Writes the items of a $select. */
export function printSelect(items: readonly SelectItem[]): string {
  return items.map(printSelectItem).join(',');
}

function printSelectItem(item: SelectItem): string {
  switch (item.kind) {
    case 'all':
      return '*';
    case 'operation':
      return item.parameters === undefined ? item.name : `${item.name}(${item.parameters.join(',')})`;
    case 'property': {
      const path = item.path.map(({ name }) => name).join('/');
      return item.nested === undefined ? path : `${path}($select=${printSelect(item.nested)})`;
    }
    default:
      return unreachable(item);
  }
}

const searchLevels = { or: 1, and: 2, not: 3, word: 4, phrase: 4 } as const satisfies Record<
  SearchExpression['kind'],
  number
>;

/** Writes a $search. */
export function printSearch(expression: SearchExpression): string {
  return printSearchAt(expression, searchLevels.or);
}

function printSearchAt(expression: SearchExpression, levelMin: number): string {
  const text = printSearchPlain(expression);
  return searchLevels[expression.kind] < levelMin ? `(${text})` : text;
}

function printSearchPlain(expression: SearchExpression): string {
  switch (expression.kind) {
    case 'word':
      return expression.text;
    case 'phrase':
      return `"${expression.text.replace(/["\\]/g, '\\$&')}"`;
    case 'not':
      return `NOT ${printSearchAt(expression.operand, searchLevels.not)}`;
    case 'and':
      return expression.operands.map((operand) => printSearchAt(operand, searchLevels.not)).join(' AND ');
    case 'or':
      return expression.operands.map((operand) => printSearchAt(operand, searchLevels.and)).join(' OR ');
    default:
      return unreachable(expression);
  }
}

/** Writes the transformations of a $apply. */
export function printApply(transformations: readonly Transformation[]): string {
  return transformations.map(printTransformation).join('/');
}

function printTransformation(transformation: Transformation): string {
  switch (transformation.kind) {
    case 'filter':
      return `filter(${printExpression(transformation.expression)})`;
    case 'search':
      return `search(${printSearch(transformation.expression)})`;
    case 'groupBy': {
      const paths = `(${transformation.paths.map(printPath).join(',')})`;
      const { transformations } = transformation;
      return transformations === undefined
        ? `groupby(${paths})`
        : `groupby(${paths},${printApply(transformations)})`;
    }
    case 'aggregate':
      return `aggregate(${transformation.items.map(printAggregateItem).join(',')})`;
    case 'compute':
      return `compute(${printCompute(transformation.items)})`;
    case 'orderBy':
      return `orderby(${printOrderBy(transformation.items)})`;
    case 'top':
    case 'skip':
      return `${transformation.kind}(${transformation.count})`;
    case 'identity':
      return 'identity';
    case 'concat':
      return `concat(${transformation.branches.map(printApply).join(',')})`;
    default:
      return unreachable(transformation);
  }
}

function printAggregateItem(item: AggregateItem): string {
  if (item.kind === 'value')
    return `${printExpression(item.expression)} with ${item.method} as ${item.alias.name}`;
  const path = item.path === undefined ? '' : `${printPath(item.path)}/`;
  return `${path}$count as ${item.alias.name}`;
}
