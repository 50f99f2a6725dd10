/** What a part of an expression is once bound: most are values, but some are things only few operators take. */
import { type EnumType, type PrimitiveType, type Property, qualifiedName } from '../edm/types.ts';
import { unreachable } from '../errors.ts';
import type { Literal, Span } from '../language/ast.ts';
import {
  type BoundExpression,
  type Constant,
  doubleType,
  int64Type,
  typeOf,
  type ValueType,
} from './bound.ts';

/** A value of a primitive or enumeration type, or null. */
export interface ValueOperand extends Span {
  readonly kind: 'value';
  readonly expression: BoundExpression;
  /** Set when the value was written down, if only in a parameter alias: literals adapt to the other side. */
  readonly literal: Literal | undefined;
}

/** A complex property as a whole. */
export interface ComplexOperand extends Span {
  readonly kind: 'complex';
  readonly property: Property;
}

/** A collection property as a whole. */
export interface CollectionOperand extends Span {
  readonly kind: 'collection';
  readonly property: Property;
}

/** A collection written down. */
export interface ListOperand extends Span {
  readonly kind: 'list';
  readonly items: readonly ValueOperand[];
}

/** `$it` */
export interface EntityOperand extends Span {
  readonly kind: 'entity';
  readonly typeName: string;
}

export type Operand = ValueOperand | ComplexOperand | CollectionOperand | ListOperand | EntityOperand;

/** Types that compute alike: Edm.Int32 as Edm.Int64, Edm.Decimal as Edm.Double (`bound.ts`). */
export type TypeClass =
  | 'string'
  | 'boolean'
  | 'integer'
  | 'double'
  | 'dateTimeOffset'
  | 'date'
  | 'timeOfDay'
  | 'duration'
  | 'guid'
  | 'enum'
  | 'null';

const primitiveClasses: Readonly<Record<PrimitiveType['name'], TypeClass>> = {
  'Edm.String': 'string',
  'Edm.Boolean': 'boolean',
  'Edm.Int32': 'integer',
  'Edm.Int64': 'integer',
  'Edm.Decimal': 'double',
  'Edm.Double': 'double',
  'Edm.DateTimeOffset': 'dateTimeOffset',
  'Edm.Date': 'date',
  'Edm.TimeOfDay': 'timeOfDay',
  'Edm.Duration': 'duration',
  'Edm.Guid': 'guid',
};

/** How values of a type compute. */
export function classOf(type: ValueType): TypeClass {
  return type.kind === 'primitive' ? primitiveClasses[type.name] : type.kind;
}

/** How the value of an expression computes. */
export function classOfValue(expression: BoundExpression): TypeClass {
  return classOf(typeOf(expression));
}

/** The type a column's values have while they compute. */
export function computedType<Type extends PrimitiveType | EnumType>(type: Type): Type | PrimitiveType {
  const typeClass = classOf(type);
  if (typeClass === 'integer') return int64Type;
  return typeClass === 'double' ? doubleType : type;
}

/** A type as messages name it. */
export function typeName(type: ValueType): string {
  switch (type.kind) {
    case 'primitive':
      return type.name;
    case 'enum':
      return qualifiedName(type);
    case 'null':
      return 'null';
    default:
      return unreachable(type);
  }
}

/** What an operand is, as messages name it: its type. */
export function describeOperand(operand: Operand): string {
  switch (operand.kind) {
    case 'value':
      return typeName(typeOf(operand.expression));
    case 'complex':
      return operand.property.type.kind === 'complex'
        ? qualifiedName(operand.property.type)
        : operand.property.name;
    case 'collection':
      return collectionTypeName(operand.property);
    case 'list':
      return 'a list';
    case 'entity':
      return operand.typeName;
    default:
      return unreachable(operand);
  }
}

/** `Collection(Edm.String)` */
export function collectionTypeName({ name, type }: Property): string {
  if (type.kind !== 'collection') throw new Error(`${name} is no collection`);
  return `Collection(${type.item.name})`;
}

/** The one spelling of null: its type is open. */
export const nullConstant: Constant = { kind: 'constant', type: { kind: 'null' }, value: null };

/** Whether an expression is the literal null, or an unset parameter alias. */
export function isNull(expression: BoundExpression): boolean {
  return expression.kind === 'constant' && expression.value === null;
}

/** A value operand that was computed, not written down. */
export function computedValue(span: Span, expression: BoundExpression): ValueOperand {
  return { kind: 'value', expression, literal: undefined, offset: span.offset, end: span.end };
}
