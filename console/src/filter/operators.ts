/** Which operators fit a property, what they are called, and how their values are read and written. */
import type { PropertyInfo } from '../metadata.ts';
import { type Condition, type Literal, type Operator, otherLiteral, textLiteral } from './filter-model.ts';

/** How many values an operator takes. */
export type Arity = 'none' | 'one' | 'many';

const arities: Readonly<Record<Operator, Arity>> = {
  equals: 'one',
  notEquals: 'one',
  greater: 'one',
  atLeast: 'one',
  less: 'one',
  atMost: 'one',
  contains: 'one',
  notContains: 'one',
  startsWith: 'one',
  endsWith: 'one',
  oneOf: 'many',
  noneOf: 'many',
  empty: 'none',
  notEmpty: 'none',
  hasItem: 'one',
  hasNoItem: 'one',
  hasAnyOf: 'many',
  hasNoneOf: 'many',
  hasItems: 'none',
  hasNoItems: 'none',
};

/** How many values an operator takes. */
export const arityOf = (operator: Operator): Arity => arities[operator];

const plainLabels: Readonly<Record<Operator, string>> = {
  equals: 'is',
  notEquals: 'is not',
  greater: 'is more than',
  atLeast: 'is at least',
  less: 'is less than',
  atMost: 'is at most',
  contains: 'contains',
  notContains: 'does not contain',
  startsWith: 'starts with',
  endsWith: 'ends with',
  oneOf: 'is any of',
  noneOf: 'is none of',
  empty: 'is not set',
  notEmpty: 'is set',
  hasItem: 'has',
  hasNoItem: 'does not have',
  hasAnyOf: 'has any of',
  hasNoneOf: 'has none of',
  hasItems: 'has some',
  hasNoItems: 'has none',
};
const dateLabels: Readonly<Partial<Record<Operator, string>>> = {
  greater: 'is after',
  atLeast: 'is on or after',
  less: 'is before',
  atMost: 'is on or before',
};

/** The operator in words, as they fit the property. */
export const operatorLabel = (operator: Operator, property?: PropertyInfo): string =>
  (property?.kind === 'dateTime' ? dateLabels[operator] : undefined) ?? plainLabels[operator];

const collectionOperators: readonly Operator[] = [
  'hasItem',
  'hasNoItem',
  'hasAnyOf',
  'hasNoneOf',
  'hasItems',
  'hasNoItems',
];
const ordered: readonly Operator[] = ['atLeast', 'atMost', 'greater', 'less'];
const byKind: Readonly<Record<PropertyInfo['kind'], readonly Operator[]>> = {
  text: ['contains', 'notContains', 'equals', 'notEquals', 'startsWith', 'endsWith', 'oneOf', 'noneOf'],
  boolean: ['equals', 'notEquals'],
  number: ['equals', 'notEquals', ...ordered],
  dateTime: [...ordered],
  guid: ['equals', 'notEquals', 'oneOf'],
  enum: ['oneOf', 'noneOf', 'equals', 'notEquals'],
  complex: [],
};

/** The operators the type of the property allows, the likeliest first; none where it cannot be filtered. */
export function operatorsFor(property: PropertyInfo): readonly Operator[] {
  if (!property.filterable) return [];
  if (property.collection) return collectionOperators;
  const operators = byKind[property.kind];
  return property.nullable && operators.length > 0 ? [...operators, 'empty', 'notEmpty'] : operators;
}

/** Whether letter case can be ignored by this operator on this property. */
export const canIgnoreCase = (property: PropertyInfo, operator: Operator): boolean =>
  property.kind === 'text' && !property.collection && arityOf(operator) !== 'none';

/** A value as somebody typed or chose it, as a literal of the property's type; undefined where it is none. */
export function readLiteral(property: PropertyInfo, typed: string): Literal | undefined {
  switch (property.kind) {
    case 'boolean':
      return typed === 'true' || typed === 'false' ? otherLiteral(typed) : undefined;
    case 'number':
      return /^-?\d+(?:\.\d+)?$/.test(typed.trim()) ? otherLiteral(typed.trim()) : undefined;
    case 'dateTime':
      return readMoment(typed);
    case 'guid':
      return /^[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}$/i.test(typed.trim())
        ? otherLiteral(typed.trim())
        : undefined;
    default:
      return typed === '' ? undefined : textLiteral(typed);
  }
}

/** What a date field gives is local time; the service compares moments. */
function readMoment(typed: string): Literal | undefined {
  const moment = new Date(typed);
  if (typed === '' || Number.isNaN(moment.getTime())) return undefined;
  return otherLiteral(moment.toISOString().replace(/\.000Z$/, 'Z'));
}

/** Whether the condition says something: every value it needs is there. */
export function isComplete({ operator, values }: Condition): boolean {
  const arity = arityOf(operator);
  return arity === 'none' || (arity === 'one' ? values.length === 1 : values.length > 0);
}

/** The condition with another operator, its values kept as far as that takes them. */
export function changeOperator(condition: Condition, operator: Operator, property: PropertyInfo): Condition {
  const arity = arityOf(operator);
  const values = arity === 'none' ? [] : arity === 'one' ? condition.values.slice(0, 1) : condition.values;
  return {
    ...condition,
    operator,
    values,
    ignoreCase: condition.ignoreCase && canIgnoreCase(property, operator),
  };
}
