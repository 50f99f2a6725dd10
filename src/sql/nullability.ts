/** Which expressions can be null: the others take the operators that indexes serve everywhere. */
import type { BoundExpression } from '../plan/bound.ts';
import type { Scope } from './scope.ts';

/** Whether an expression is null on some row; true when in doubt. */
export function isNullable(expression: BoundExpression, scope: Scope): boolean {
  const some = (operand: BoundExpression) => isNullable(operand, scope);
  switch (expression.kind) {
    case 'constant':
      return expression.value === null;
    case 'leaf':
      return scope.isNullable(expression.leaf);
    case 'call':
      return expression.function === 'substring' || expression.arguments.some(some);
    case 'has':
    case 'not':
      return some(expression.operand);
    case 'and':
    case 'or':
      return expression.operands.some(some);
    case 'item':
    case 'complexIsNull':
    case 'itemCount':
    case 'quantifier':
    case 'comparison':
    case 'inList':
    case 'inCollection':
      return false;
    default:
      return true;
  }
}

/** Whether an expression is the literal null, which decides comparisons before any row is read. */
export function isNullLiteral(expression: BoundExpression): boolean {
  return expression.kind === 'constant' && expression.value === null;
}
