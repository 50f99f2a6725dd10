/** Expressions after binding: every name resolved, every type known; no text left to interpret. */
import {
  type EntitySet,
  type EnumType,
  type Leaf,
  leavesOf,
  type PrimitiveType,
  type Property,
} from '../edm/types.ts';
import type { CanonicalFunction } from './functions.ts';

/**
 * The types values have while a question is answered. Numbers are `Edm.Int64` or `Edm.Double` (Edm.Int32 and
 * Edm.Decimal are computed as these); instants, times and durations are ticks of 100 ns, dates are days since
 * 0001-01-01, enumerations their numbers: all of them integers, so that both engines compare them alike.
 */
export type ValueType =
  | PrimitiveType
  | EnumType
  /** The literal null, before it meets a typed operand. */
  | { readonly kind: 'null' };

/**
 * Edm.String: string. Edm.Boolean: boolean. Edm.Double: number. Everything counted in ticks, days, members or
 * Edm.Int64: bigint.
 */
export type ConstantValue = string | boolean | bigint | number | null;

export interface Constant {
  readonly kind: 'constant';
  readonly type: ValueType;
  readonly value: ConstantValue;
}

/** A property or member with a column of its own, the key included. */
export interface LeafReference {
  readonly kind: 'leaf';
  readonly type: PrimitiveType | EnumType;
  readonly leaf: Leaf;
}

/** A column that $apply made: the alias of an aggregate or a computation (`apply-steps.ts`). */
export interface ColumnReference {
  readonly kind: 'column';
  readonly type: ValueType;
  readonly name: string;
}

/** The item a lambda looks at; `depth` counts enclosing lambdas from 0 outside. */
export interface ItemReference {
  readonly kind: 'item';
  readonly type: PrimitiveType;
  readonly depth: number;
}

/** Whether a complex property has no value (`vendorInformation eq null`); never null itself. */
export interface ComplexIsNull {
  readonly kind: 'complexIsNull';
  readonly property: Property;
}

/** `tags/$count` */
export interface ItemCount {
  readonly kind: 'itemCount';
  readonly property: Property;
}

/** `tags/any(…)`, `tags/all(…)`; without a predicate: not empty. `all` needs the predicate true for each item. */
export interface Quantifier {
  readonly kind: 'quantifier';
  readonly operator: 'any' | 'all';
  readonly property: Property;
  readonly depth: number;
  readonly predicate: BoundExpression | undefined;
}

/** A canonical function; null when any argument is null. */
export interface Call {
  readonly kind: 'call';
  readonly function: CanonicalFunction;
  readonly type: ValueType;
  readonly arguments: readonly BoundExpression[];
}

/** `cast`: null where the value has no such form. */
export interface Cast {
  readonly kind: 'cast';
  readonly type: PrimitiveType | EnumType;
  readonly operand: BoundExpression;
}

/** The first branch whose condition is true, else null. */
export interface Case {
  readonly kind: 'case';
  readonly type: ValueType;
  readonly branches: readonly { readonly condition: BoundExpression; readonly value: BoundExpression }[];
}

/**
 * Never null (URL Conventions 5.1.1.1): `eq` and `ne` treat null as a value; `gt` and `lt` with a null are false;
 * `ge` and `le` are true for two nulls, false for one. Both sides have the same type, or one is null.
 */
export interface Comparison {
  readonly kind: 'comparison';
  readonly operator: 'eq' | 'ne' | 'gt' | 'ge' | 'lt' | 'le';
  readonly left: BoundExpression;
  readonly right: BoundExpression;
}

/** `x in (…)`: a chain of `eq` under `or`; never null. */
export interface InList {
  readonly kind: 'inList';
  readonly operand: BoundExpression;
  readonly items: readonly Constant[];
}

/** `'x' in tags`; never null. */
export interface InCollection {
  readonly kind: 'inCollection';
  readonly operand: BoundExpression;
  readonly property: Property;
}

/** `v has m` on a number of an enumeration: `(v & m) = m`; null when v is null. */
export interface Has {
  readonly kind: 'has';
  readonly operand: BoundExpression;
  readonly mask: bigint;
}

/**
 * Both operands already share the type the operator works on. `div` on Int64 cuts towards zero, `mod` has the
 * sign of the left side; division of Int64 by zero yields null on a row (a literal zero is refused when bound).
 */
export interface Arithmetic {
  readonly kind: 'arithmetic';
  readonly operator: 'add' | 'sub' | 'mul' | 'div' | 'mod';
  readonly type: PrimitiveType;
  readonly left: BoundExpression;
  readonly right: BoundExpression;
}

export interface Negate {
  readonly kind: 'negate';
  readonly type: PrimitiveType;
  readonly operand: BoundExpression;
}

/** `not null` is null. */
export interface Not {
  readonly kind: 'not';
  readonly operand: BoundExpression;
}

/** Three-valued `and`, `or` over two operands or more. */
export interface Junction {
  readonly kind: 'and' | 'or';
  readonly operands: readonly BoundExpression[];
}

export type BoundExpression =
  | Constant
  | LeafReference
  | ColumnReference
  | ItemReference
  | ComplexIsNull
  | ItemCount
  | Quantifier
  | Call
  | Cast
  | Case
  | Comparison
  | InList
  | InCollection
  | Has
  | Arithmetic
  | Negate
  | Not
  | Junction;

export const stringType: PrimitiveType = { kind: 'primitive', name: 'Edm.String' };
export const booleanType: PrimitiveType = { kind: 'primitive', name: 'Edm.Boolean' };
export const int64Type: PrimitiveType = { kind: 'primitive', name: 'Edm.Int64' };
export const doubleType: PrimitiveType = { kind: 'primitive', name: 'Edm.Double' };
export const dateTimeOffsetType: PrimitiveType = { kind: 'primitive', name: 'Edm.DateTimeOffset' };
export const dateType: PrimitiveType = { kind: 'primitive', name: 'Edm.Date' };
export const timeOfDayType: PrimitiveType = { kind: 'primitive', name: 'Edm.TimeOfDay' };
export const durationType: PrimitiveType = { kind: 'primitive', name: 'Edm.Duration' };

/** The type an expression's value has. */
export function typeOf(expression: BoundExpression): ValueType {
  switch (expression.kind) {
    case 'constant':
    case 'leaf':
    case 'column':
    case 'item':
    case 'call':
    case 'cast':
    case 'case':
    case 'arithmetic':
    case 'negate':
      return expression.type;
    case 'itemCount':
      return int64Type;
    default:
      return booleanType;
  }
}

/** One key of the order; ascending puts null first, descending last (Protocol 11.2.6.2). */
export interface OrderKey {
  readonly expression: BoundExpression;
  readonly descending: boolean;
}

/**
 * A $search after binding. Text is split into words: runs of letters, marks, digits (`search-words.ts`), lower
 * case. A term matches where its words stand next to each other and the last is the beginning of a word; `leaf`
 * narrows it to one property (`undefined`: any string property or tag).
 */
export type BoundSearch =
  | { readonly kind: 'term'; readonly words: readonly string[]; readonly leaf: Leaf | undefined }
  | { readonly kind: 'not'; readonly operand: BoundSearch }
  | { readonly kind: 'and' | 'or'; readonly operands: readonly BoundSearch[] };

/** A value computed for each row and sent under a name of the client's ($compute). */
export interface ComputedProperty {
  readonly name: string;
  readonly expression: BoundExpression;
}

/** What of an entity is sent; undefined where everything is. The key is always among them. */
export interface Projection {
  /** In declared order; `members` undefined means the whole complex value. */
  readonly properties: readonly {
    readonly property: Property;
    readonly members: readonly Property[] | undefined;
  }[];
  /** Computed properties to send, in the order of the computation. */
  readonly computed: readonly ComputedProperty[];
  /** What the context URL lists: `name,vendorInformation/provider`. */
  readonly contextPaths: readonly string[];
}

/** The entity's own key: appended to every order, so that it is total (digest 4.8). */
export function keyOrder(entitySet: EntitySet): OrderKey {
  const leaf = leavesOf(entitySet.type).find(({ property }) => property.access === 'key');
  if (leaf === undefined || leaf.type.kind !== 'primitive') throw new Error(`${entitySet.name} has no key`);
  return { expression: { kind: 'leaf', type: leaf.type, leaf }, descending: false };
}

/** Whether an expression is nothing but the key of the entity. */
export const isId = (expression: BoundExpression): boolean =>
  expression.kind === 'leaf' && expression.leaf.property.access === 'key';
