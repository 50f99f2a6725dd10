/** Where a page of a list ends, and whether another follows. */
import { isId } from '../plan/bound.ts';
import type { ListPlan } from '../plan/plan.ts';
import type { Row } from './database.ts';

/** Whether another page follows, where so many rows were found by a query for one more than the page has. */
export function hasNextPage({ pageSize, remaining }: ListPlan, rowsFound: number): boolean {
  const allowed = remaining === undefined || remaining > pageSize;
  return pageSize > 0 && rowsFound > pageSize && allowed;
}

/** The values of the order keys in a row, as text; `compileList` says how they are called. */
export const readPosition = ({ orderBy }: ListPlan, row: Row): readonly (string | null)[] =>
  orderBy.map(({ expression }, index) => readKey(isId(expression) ? row.id : row[`k${index}`]));

function readKey(value: unknown): string | null {
  if (value === null || typeof value === 'string') return value;
  throw new Error(`a key value that is no text: ${typeof value}`);
}
