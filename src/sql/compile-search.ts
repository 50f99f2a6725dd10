/** A bound $search → a condition over the text indexes (digest 4.13). */
import { unreachable } from '../errors.ts';
import type { BoundSearch } from '../plan/bound.ts';
import { isSelected } from './compile-expression.ts';
import { combine } from './logic.ts';
import { entityOf, type Scope } from './scope.ts';
import { type Fragment, sql } from './statement.ts';

/** Holds exactly for the rows that match; never null. */
export function compileSearch(search: BoundSearch, scope: Scope): Fragment {
  switch (search.kind) {
    case 'term':
      return isSelected(selectTerms([search], scope), scope);
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
  const found = terms.length === 0 ? [] : [isSelected(selectTerms(terms, scope), scope)];
  return combine('or', [...found, ...others.map((operand) => compileSearch(operand, scope))]);
}

type Term = Extract<BoundSearch, { kind: 'term' }>;

const selectTerms = (terms: readonly Term[], scope: Scope): Fragment =>
  scope.dialect.textIndexes.selectMatching(entityOf(scope), terms);

/** Selections each of which all rows that match are in. */
export function selectionsOfSearch(search: BoundSearch, scope: Scope): readonly Fragment[] {
  switch (search.kind) {
    case 'term':
      return [selectTerms([search], scope)];
    case 'and':
      return search.operands.flatMap((operand) => selectionsOfSearch(operand, scope));
    case 'or': {
      const terms = search.operands.filter((operand) => operand.kind === 'term');
      return terms.length === search.operands.length ? [selectTerms(terms, scope)] : [];
    }
    case 'not':
      return [];
    default:
      return unreachable(search);
  }
}
