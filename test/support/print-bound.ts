/** Bound expressions as a client would write them: binding the text must mean the same again. */
import { formatTicks } from '../../src/edm/date-time-offset.ts';
import { qualifiedName } from '../../src/edm/types.ts';
import type { BoundExpression, BoundSearch, Constant, ValueType } from '../../src/plan/bound.ts';

const ticksPerDay = 864_000_000_000n;
const ticksPerSecond = 10_000_000n;

/** The text of an expression, every operand of an operator in parentheses. */
export function printBound(expression: BoundExpression): string {
  switch (expression.kind) {
    case 'constant':
      return printConstant(expression);
    case 'leaf':
      return expression.leaf.path;
    case 'column':
      return expression.name;
    case 'item':
      return variableOf(expression.depth);
    case 'complexIsNull':
      return `${expression.property.name} eq null`;
    case 'itemCount':
      return `${expression.property.name}/$count`;
    case 'quantifier': {
      const { operator, property, depth, predicate } = expression;
      const body = predicate === undefined ? '' : `${variableOf(depth)}:${printBound(predicate)}`;
      return `${property.name}/${operator}(${body})`;
    }
    case 'call':
      return `${expression.function}(${expression.arguments.map(printBound).join(',')})`;
    case 'cast':
      return `cast(${printBound(expression.operand)},${typeName(expression.type)})`;
    case 'case': {
      const branches = expression.branches.map(
        ({ condition, value }) => `${operand(condition)}:${operand(value)}`,
      );
      return `case(${branches.join(',')})`;
    }
    case 'comparison':
    case 'arithmetic':
      return `${operand(expression.left)} ${expression.operator} ${operand(expression.right)}`;
    case 'inList':
      return `${operand(expression.operand)} in (${expression.items.map(printBound).join(',')})`;
    case 'inCollection':
      return `${operand(expression.operand)} in ${expression.property.name}`;
    case 'has':
      return `${operand(expression.operand)} has microsoft.graph.applicationPermissionsRequired'${expression.mask}'`;
    case 'negate':
      return `-${operand(expression.operand)}`;
    case 'not':
      return `not ${operand(expression.operand)}`;
    case 'and':
    case 'or':
      return expression.operands.map(operand).join(` ${expression.kind} `);
  }
}

const variableOf = (depth: number): string => `v${depth}`;

const simple = new Set<BoundExpression['kind']>([
  'constant',
  'leaf',
  'column',
  'item',
  'itemCount',
  'quantifier',
  'call',
  'cast',
  'case',
]);

const operand = (expression: BoundExpression): string =>
  simple.has(expression.kind) ? printBound(expression) : `(${printBound(expression)})`;

function typeName(type: ValueType): string {
  if (type.kind === 'null') throw new Error('null has no type');
  return type.kind === 'enum' ? qualifiedName(type) : type.name;
}

function printConstant({ type, value }: Constant): string {
  if (value === null) return 'null';
  if (type.kind === 'enum') return `${qualifiedName(type)}'${value}'`;
  if (typeof value === 'string') return `'${value.replaceAll("'", "''")}'`;
  if (typeof value === 'number')
    return Number.isInteger(value) && Math.abs(value) < 1e15 ? value.toFixed(1) : String(value);
  if (typeof value === 'boolean' || type.kind === 'null') return String(value);
  switch (type.name) {
    case 'Edm.DateTimeOffset':
      return formatTicks(value);
    case 'Edm.Date':
      return formatTicks(value * ticksPerDay).slice(0, 10);
    case 'Edm.TimeOfDay':
      return formatTicks(value).slice(11, -1);
    case 'Edm.Duration':
      return `duration'${value < 0n ? '-' : ''}PT${printSeconds(value < 0n ? -value : value)}S'`;
    default:
      return String(value);
  }
}

const printSeconds = (ticks: bigint): string =>
  `${ticks / ticksPerSecond}.${String(ticks % ticksPerSecond).padStart(7, '0')}`;

/** The text of a $search; words are quoted, those of one term together. */
export function printBoundSearch(search: BoundSearch): string {
  switch (search.kind) {
    case 'term': {
      const narrowing = search.leaf === undefined ? '' : `${search.leaf.path}:`;
      return `"${narrowing}${search.words.join(' ')}"`;
    }
    case 'not':
      return `NOT ${searchOperand(search.operand)}`;
    case 'and':
    case 'or':
      return search.operands.map(searchOperand).join(` ${search.kind.toUpperCase()} `);
  }
}

const searchOperand = (search: BoundSearch): string =>
  search.kind === 'term' ? printBoundSearch(search) : `(${printBoundSearch(search)})`;
