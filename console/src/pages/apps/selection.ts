/** Which apps are selected: some by hand, or all that match. */
import type { Entity } from '../../api.ts';

/** Some rows as they were when they were selected, or everything the filter matches. */
export type Selection =
  | { readonly kind: 'some'; readonly rows: ReadonlyMap<string, Entity> }
  | { readonly kind: 'all' };

/** Nothing is selected. */
export const noSelection: Selection = { kind: 'some', rows: new Map() };

/** Whether a row is selected. */
export const isSelected = (selection: Selection, id: string): boolean =>
  selection.kind === 'all' || selection.rows.has(id);

/** Whether anything is. */
export const isAnySelected = (selection: Selection): boolean =>
  selection.kind === 'all' || selection.rows.size > 0;

/** Selects or deselects rows; from "all matching" a person goes back to the rows in sight. */
export function select(selection: Selection, rows: readonly Entity[], selected: boolean): Selection {
  const next = new Map(selection.kind === 'some' ? selection.rows : []);
  for (const row of rows) {
    if (selected) next.set(row.id, row);
    else next.delete(row.id);
  }
  return { kind: 'some', rows: next };
}
