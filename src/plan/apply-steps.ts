/** $apply after binding: a pipeline of steps over named columns (Data Aggregation 3). */
import type { Leaf } from '../edm/types.ts';
import type { BoundExpression, BoundSearch, OrderKey, ValueType } from './bound.ts';

/**
 * A column of an intermediate or final result: a leaf that survived grouping, or an alias of an aggregate or
 * computation. Expressions of later steps refer to it as a `leaf` reference while it is a leaf, and as a
 * `column` reference (`ColumnReference`) when it is an alias.
 */
export interface ApplyColumn {
  /** `publisher`, `vendorInformation/provider`, or an alias. */
  readonly path: string;
  readonly type: ValueType;
  /** Undefined for an alias. */
  readonly leaf: Leaf | undefined;
  /** Counts are Edm.Decimal with scale 0 on the wire (Data Aggregation 3.2.1.4). */
  readonly wireType: 'Edm.Decimal' | undefined;
}

/** The aggregate of a group: nulls are removed first; of nothing, all but counts are null. */
export interface Aggregate {
  readonly alias: string;
  readonly method: 'count' | 'countDistinct' | 'min' | 'max' | 'sum' | 'average';
  /** Undefined for `$count as n`. */
  readonly operand: BoundExpression | undefined;
  readonly type: ValueType;
}

export type ApplyStep =
  | { readonly kind: 'filter'; readonly filter: BoundExpression }
  /** Only before any grouping. */
  | { readonly kind: 'search'; readonly search: BoundSearch }
  /** Adds columns. */
  | {
      readonly kind: 'compute';
      readonly computed: readonly { readonly alias: string; readonly expression: BoundExpression }[];
    }
  /** Without keys: one row for everything (`aggregate` alone). */
  | {
      readonly kind: 'group';
      readonly keys: readonly ApplyColumn[];
      readonly aggregates: readonly Aggregate[];
    }
  | { readonly kind: 'orderBy'; readonly keys: readonly OrderKey[] }
  | { readonly kind: 'skip'; readonly rows: number }
  | { readonly kind: 'top'; readonly rows: number }
  /** The rows of each branch one after the other; columns a branch lacks are null. */
  | {
      readonly kind: 'concat';
      readonly branches: readonly (readonly ApplyStep[])[];
      readonly columns: readonly ApplyColumn[];
    };
