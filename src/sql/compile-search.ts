/** A bound $search → a condition over the text indexes (digest 4.13). */
import { unreachable } from '../errors.ts';
import type { BoundSearch } from '../plan/bound.ts';
import { combine } from './logic.ts';
import { entityOf, type Scope } from './scope.ts';
import { type Fragment, sql } from './statement.ts';

/** Holds exactly for the rows that match; never null. */
export function compileSearch(search: BoundSearch, scope: Scope): Fragment {
  switch (search.kind) {
    case 'term':
      return scope.dialect.textIndexes.matchesAny([search], entityOf(scope).indexedRows);
    case 'not':
      return sql`(not ${compileSearch(search.operand, scope)})`;
    case 'and':
      return combine(
        'and',
        search.operands.map((operand) => compileSearch(operand, scope)),
      );
    case 'or':
      return compileAny(search.operands, scope);
    default:
      return unreachable(search);
  }
}

/** Terms side by side are one question to the index. */
function compileAny(operands: readonly BoundSearch[], scope: Scope): Fragment {
  const terms = operands.filter((operand) => operand.kind === 'term');
  const others = operands.filter((operand) => operand.kind !== 'term');
  const found =
    terms.length === 0 ? [] : [scope.dialect.textIndexes.matchesAny(terms, entityOf(scope).indexedRows)];
  return combine('or', [...found, ...others.map((operand) => compileSearch(operand, scope))]);
}
