/** The items of a collection as rows of a subquery. */
import type { Property } from '../edm/types.ts';
import type { BoundExpression } from '../plan/bound.ts';
import { itemRows } from './oversized.ts';
import { entityOf, type Scope } from './scope.ts';
import { type Fragment, identifier, sql } from './statement.ts';

/** The name of an item's table in the statement: by the depth of its lambda, or of the operator `in`. */
export const itemAlias = (place: number | 'in'): string => `item_${place}`;

/** `table as alias where …`: the items of the row at hand. */
export function correlateItems(property: Property, alias: string, scope: Scope): Fragment {
  const { rowKey, tenantId, items } = entityOf(scope);
  const table = sql`${identifier(items(property).name)} as ${identifier(alias)}`;
  return sql`${table} where ${identifier(alias)}."tenant_id" = ${tenantId} and ${identifier(alias)}.${identifier(scope.dialect.rowKey)} = ${rowKey}`;
}

/** `table as alias where …`: the items of all rows of the tenant. */
export function itemsOfTenant(property: Property, alias: string, scope: Scope): Fragment {
  const { items, tenantId } = entityOf(scope);
  const rows = itemRows(items(property), tenantId, alias, scope.dialect);
  return sql`${rows} where ${identifier(alias)}."tenant_id" = ${tenantId}`;
}

/** Whether an expression looks at nothing but constants and the item of the lambda at `depth`. */
export function isAboutItemAlone(expression: BoundExpression, depth: number): boolean {
  const alone = (operand: BoundExpression) => isAboutItemAlone(operand, depth);
  switch (expression.kind) {
    case 'constant':
      return true;
    case 'item':
      return expression.depth === depth;
    case 'call':
      return expression.arguments.every(alone);
    case 'cast':
    case 'has':
    case 'inList':
    case 'negate':
    case 'not':
      return alone(expression.operand);
    case 'case':
      return expression.branches.every(({ condition, value }) => alone(condition) && alone(value));
    case 'comparison':
    case 'arithmetic':
      return alone(expression.left) && alone(expression.right);
    case 'and':
    case 'or':
      return expression.operands.every(alone);
    default:
      return false;
  }
}

/** Whether an index over the items finds those that pass without looking at all of them. */
export function isSelective(predicate: BoundExpression, depth: number): boolean {
  const isItem = (expression: BoundExpression | undefined) =>
    expression?.kind === 'item' && expression.depth === depth;
  const isConstant = (expression: BoundExpression | undefined) => expression?.kind === 'constant';
  switch (predicate.kind) {
    case 'comparison': {
      const { operator, left, right } = predicate;
      return (
        operator === 'eq' && ((isItem(left) && isConstant(right)) || (isConstant(left) && isItem(right)))
      );
    }
    case 'inList':
      return isItem(predicate.operand);
    case 'call': {
      const [text, prefix] = predicate.arguments;
      return predicate.function === 'startswith' && isItem(text) && isConstant(prefix);
    }
    case 'and':
      return predicate.operands.some((operand) => isSelective(operand, depth));
    case 'or':
      return predicate.operands.every((operand) => isSelective(operand, depth));
    default:
      return false;
  }
}
