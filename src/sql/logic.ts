/** Conditions put together. */
import { type Fragment, join, sql } from './statement.ts';

/** Operands in one flat chain: more make a tree, because SQLite bounds the depth of an expression at 1,000. */
const chainMax = 8;

/** `(a and b and …)` as a balanced tree; of nothing, throws. */
export function combine(operator: 'and' | 'or', conditions: readonly Fragment[]): Fragment {
  const [first] = conditions;
  if (conditions.length === 1 && first !== undefined) return first;
  if (conditions.length <= chainMax)
    return sql`(${operator === 'and' ? join(conditions, ' and ') : join(conditions, ' or ')})`;
  const size = Math.ceil(conditions.length / chainMax);
  const groups = Array.from({ length: Math.ceil(conditions.length / size) }, (_, index) =>
    combine(operator, conditions.slice(index * size, (index + 1) * size)),
  );
  return combine(operator, groups);
}

export const always: Fragment = sql`true`;
export const never: Fragment = sql`false`;
