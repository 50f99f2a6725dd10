/** What the engine did. */
import type { StoredEntity } from '../plan/plan.ts';

export type Result =
  | { readonly kind: 'entity'; readonly entity: StoredEntity }
  | {
      readonly kind: 'page';
      readonly entities: readonly StoredEntity[];
      /** Key values of the last row when more rows follow. */
      readonly next: readonly (string | null)[] | undefined;
    }
  | { readonly kind: 'created'; readonly entity: StoredEntity }
  | { readonly kind: 'updated'; readonly entity: StoredEntity }
  | { readonly kind: 'deleted' }
  /** The plan needs no store. */
  | { readonly kind: 'none' };
