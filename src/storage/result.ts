/** What the engine did. */
import type { EntityValues } from '../edm/types.ts';
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

/** The same page where entities go out as they are stored, in the bytes that are sent. */
export interface JoinedPageResult extends Pick<PageResult, 'next' | 'count'> {
  readonly kind: 'joinedPage';
  /** The items as UTF-8, with commas between. */
  readonly items: Uint8Array;
}

/** A change as it was recorded. */
export interface RecordedChange {
  readonly position: bigint;
  readonly id: string;
  /** The name the entity has, or had last; null of one without a name. */
  readonly name: string | null;
  readonly kind: 'created' | 'updated' | 'deleted';
  readonly version: number;
  readonly atTicks: bigint;
  readonly author: {
    readonly kind: string;
    readonly id: string;
    readonly name: string | null;
    readonly clientId: string;
  };
  readonly requestId: string;
  readonly clientRequestId: string;
  /** Undefined of a creation. */
  readonly before: EntityValues | undefined;
  /** Undefined of a deletion. */
  readonly after: EntityValues | undefined;
}

/** A page of change records, newest first. */
export interface ChangesResult {
  readonly kind: 'changes';
  readonly records: readonly RecordedChange[];
  /** Position of the last record when more follow. */
  readonly next: bigint | undefined;
}

/** A list from its first row to its last. */
export interface ExportResult {
  readonly kind: 'export';
  /** Pages in order, each read when the one before it was taken; the first was read already. */
  readonly pages: AsyncIterable<PageResult>;
}

export type Result =
  | { readonly kind: 'entity'; readonly entity: StoredEntity; readonly computed: readonly ConstantValue[] }
  | PageResult
  | JoinedPageResult
  | ExportResult
  | ChangesResult
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
