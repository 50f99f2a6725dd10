/** $orderby → keys; the caller appends the entity's own key, so that the order is total. */
import type { OrderByItem } from '../language/ast.ts';
import { bindValue } from './bind-expression.ts';
import { type BindContext, type BindScope, createContext } from './bind-scope.ts';
import type { OrderKey } from './bound.ts';

/** Binds $orderby; throws as bindFilter does, operandTypeMismatch for a key that is no single value. */
export function bindOrderBy(items: readonly OrderByItem[], scope: BindScope): readonly OrderKey[] {
  return bindOrderByIn(createContext(scope), items);
}

/** Binds keys within another option, as `orderby(…)` in $apply. */
export function bindOrderByIn(context: BindContext, items: readonly OrderByItem[]): readonly OrderKey[] {
  const keys = items.map(({ expression, direction }) => ({
    expression: bindValue(context, expression, 'a key of the order'),
    descending: direction === 'desc',
  }));
  // A constant orders nothing, and engines read some constants as column numbers.
  return keys.filter(({ expression }) => expression.kind !== 'constant');
}
