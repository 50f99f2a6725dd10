/** `cast` and `isof`: types are declared, so `isof` is known before a row is read but for nulls. */
import { type EntityType, type PrimitiveType, qualifiedName } from '../edm/types.ts';
import { quoteForMessage } from '../errors.ts';
import type { CastExpression, IsOfExpression, TypeReference } from '../language/ast.ts';
import { requireStorable, textOf } from './bind-coercion.ts';
import { falseConstant, trueConstant } from './bind-literal.ts';
import { entityTypeNames } from './bind-property-path.ts';
import { type BindContext, refusal } from './bind-scope.ts';
import { bindTypeName, type NamedType } from './bind-type-name.ts';
import { type BoundExpression, typeOf, type ValueType } from './bound.ts';
import {
  classOf,
  collectionTypeName,
  computedValue,
  describeOperand,
  isNull,
  nullConstant,
  type Operand,
  type TypeClass,
  type ValueOperand,
} from './operand.ts';

/** Binds `cast(operand,type)`; what can never be cast is null, as what fails on a row is (5.1.1.10.1). */
export function bindCast(context: BindContext, cast: CastExpression, operand: Operand): Operand {
  const type = bindCastType(context, cast.type);
  if (type.kind === 'primitive' || type.kind === 'enum') {
    if (operand.kind !== 'value') throw uncastable(context, cast, operand, describeTarget(type));
    requireStorable(context, operand);
    return computedValue(cast, castValue(operand.expression, type));
  }
  if (operand.kind !== 'value' && namesOf(context, operand).includes(qualifiedName(type))) return operand;
  throw uncastable(context, cast, operand, qualifiedName(type));
}

/** The type of a cast or isof; throws for collections and abstract types, of which no value is. */
function bindCastType(context: BindContext, reference: TypeReference): NamedType {
  if (!reference.isCollection) return bindTypeName(context, reference);
  const name = `Collection(${quoteForMessage(reference.name)})`;
  throw refusal(
    context,
    'operandTypeMismatch',
    reference.offset,
    `expected the type of one value, found ${name}`,
  );
}

function describeTarget(type: NamedType): string {
  return type.kind === 'primitive' ? type.name : qualifiedName(type);
}

function namesOf({ scope }: BindContext, operand: Operand): readonly string[] {
  return operand.kind === 'entity' ? entityTypeNames(scope.entitySet.type) : [describeOperand(operand)];
}

function uncastable(context: BindContext, cast: CastExpression, operand: Operand, target: string): Error {
  const reason = `'cast' cannot make ${target} of ${describeOperand(operand)}`;
  const hint =
    cast.operand === undefined ? 'Write the value before the type, as in cast(riskScore,Edm.Decimal).' : '';
  return refusal(context, 'operandTypeMismatch', operand.offset, reason, hint);
}

const fromText: readonly TypeClass[] = [
  'integer',
  'double',
  'boolean',
  'dateTimeOffset',
  'date',
  'timeOfDay',
  'duration',
  'guid',
  'enum',
];

/** From which class of values a cast can lead to which others. */
const castable: Readonly<Record<TypeClass, readonly TypeClass[]>> = {
  string: fromText,
  boolean: ['string'],
  integer: ['string', 'integer', 'double', 'enum'],
  double: ['string', 'integer', 'double'],
  dateTimeOffset: ['string'],
  date: ['string', 'dateTimeOffset'],
  timeOfDay: ['string'],
  duration: ['string'],
  guid: ['string'],
  enum: ['string', 'integer', 'double'],
  null: [],
};

function castValue(
  operand: BoundExpression,
  type: PrimitiveType | Extract<ValueType, { kind: 'enum' }>,
): BoundExpression {
  const source = typeOf(operand);
  const from = classOf(source);
  const to = classOf(type);
  if (from === 'null') return nullConstant;
  if (isSameType(source, type)) return operand;
  if (from === 'dateTimeOffset' && to === 'date')
    return { kind: 'call', function: 'date', type, arguments: [operand] };
  if (from === 'dateTimeOffset' && to === 'timeOfDay')
    return { kind: 'call', function: 'time', type, arguments: [operand] };
  return castable[from].includes(to) ? { kind: 'cast', type, operand } : nullConstant;
}

/** Whether a cast changes nothing; Edm.Int32 alone is narrower than what its class computes with. */
function isSameType(source: ValueType, target: ValueType): boolean {
  if (source.kind === 'enum' || target.kind === 'enum') {
    return (
      source.kind === 'enum' && target.kind === 'enum' && qualifiedName(source) === qualifiedName(target)
    );
  }
  if (classOf(source) !== classOf(target)) return false;
  return source.kind === 'primitive' && (source.name === 'Edm.Int32' || nameOf(target) !== 'Edm.Int32');
}

function nameOf(type: ValueType): string {
  return type.kind === 'primitive' ? type.name : type.kind;
}

/** Binds `isof(operand,type)`: false for null, else whether the declared type is that type or derives from it. */
export function bindIsOf(context: BindContext, isOf: IsOfExpression, operand: Operand): BoundExpression {
  if (isOf.type.isCollection) return isCollectionOf(context, isOf.type, operand);
  const type = bindTypeName(context, isOf.type);
  switch (operand.kind) {
    case 'value':
      return isValueOf(operand, type);
    case 'complex':
      if (type.kind === 'entity' || qualifiedNameOf(type) !== describeOperand(operand)) return falseConstant;
      return { kind: 'not', operand: { kind: 'complexIsNull', property: operand.property } };
    case 'entity':
      return isEntityOf(context, isOf.type, type);
    default:
      return falseConstant;
  }
}

function qualifiedNameOf(type: NamedType): string {
  return type.kind === 'primitive' ? type.name : qualifiedName(type);
}

function isCollectionOf(context: BindContext, reference: TypeReference, operand: Operand): BoundExpression {
  const item = bindTypeName(context, reference);
  if (operand.kind !== 'collection') return falseConstant;
  const name = `Collection(${qualifiedNameOf(item)})`;
  return name === collectionTypeName(operand.property) ? trueConstant : falseConstant;
}

function isValueOf({ expression }: ValueOperand, type: NamedType): BoundExpression {
  if (isNull(expression) || (type.kind !== 'primitive' && type.kind !== 'enum')) return falseConstant;
  const source = typeOf(expression);
  const isSame =
    source.kind === 'enum' || type.kind === 'enum'
      ? isSameType(source, type)
      : classOf(source) === classOf(type);
  if (!isSame) return falseConstant;
  // Known before a row is read; no engine is asked to hold INF and NaN.
  if (expression.kind === 'constant') return trueConstant;
  return { kind: 'comparison', operator: 'ne', left: expression, right: nullConstant };
}

function isEntityOf(context: BindContext, reference: TypeReference, type: NamedType): BoundExpression {
  const names = entityTypeNames(context.scope.entitySet.type);
  if (names.includes(qualifiedNameOf(type))) return trueConstant;
  const span = { kind: 'entity', typeName: '', offset: reference.offset, end: reference.end } as const;
  const reason = `expected ${names[0]}, found ${textOf(context, span)}`;
  throw refusal(context, 'operandTypeMismatch', reference.offset, reason);
}

/** The entity itself, which cast and isof mean when they are given no operand. */
export function entityOperand(
  { scope }: BindContext,
  { offset, end }: { readonly offset: number; readonly end: number },
): Operand {
  const type: EntityType = scope.entitySet.type;
  return { kind: 'entity', typeName: qualifiedName(type), offset, end };
}
