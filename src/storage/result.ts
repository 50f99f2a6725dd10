/** What the engine did. */
import type { ConstantValue } from '../plan/bound.ts';
import type { StoredEntity } from '../plan/plan.ts';

/** An entity and what was computed beside it, in the order of the plan's computed properties. */
export interface PageRow {
  readonly entity: StoredEntity;
  readonly computed: readonly ConstantValue[];
}

/** One page of a list. */
export interface PageResult {
  readonly kind: 'page';
  readonly rows: readonly PageRow[];
  /** Key values of the last row when more rows follow. */
  readonly next: readonly (string | null)[] | undefined;
  /** How many entities pass, where the plan asks. */
  readonly count: number | undefined;
}

export type Result =
  | { readonly kind: 'entity'; readonly entity: StoredEntity; readonly computed: readonly ConstantValue[] }
  | PageResult
  | { readonly kind: 'count'; readonly count: number }
  /** Rows of an aggregation: values in the order of the plan's columns, beside the entity where rows still are entities. */
  | {
      readonly kind: 'aggregation';
      readonly rows: readonly {
        readonly entity: StoredEntity | undefined;
        readonly values: readonly ConstantValue[];
      }[];
      readonly count: number | undefined;
    }
  | { readonly kind: 'created'; readonly entity: StoredEntity }
  | { readonly kind: 'updated'; readonly entity: StoredEntity }
  | { readonly kind: 'deleted' }
  /** Contained collections, in the order of the plan. */
  | { readonly kind: 'expanded'; readonly pages: readonly PageResult[] }
  /** The plan needs no store. */
  | { readonly kind: 'none' };
