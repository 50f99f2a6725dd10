/** Finds in a test of a text what an index of substrings can be asked. */
import type { Leaf } from '../edm/types.ts';
import type { BoundExpression, Call } from '../plan/bound.ts';

/** Where the test holds, the leaf contains the part, if the case of letters does not count. */
export interface IndexedText {
  readonly leaf: Leaf;
  readonly part: string;
}

/** Undefined unless the call tests a leaf, its case changed or not, against a constant text. */
export function findIndexedText(call: Call): IndexedText | undefined {
  if (call.function !== 'contains' && call.function !== 'startswith' && call.function !== 'endswith')
    return undefined;
  const [text, part] = call.arguments;
  const leaf = text === undefined ? undefined : leafBelow(text);
  if (leaf === undefined || part?.kind !== 'constant' || typeof part.value !== 'string') return undefined;
  // A range of the column's own index is better.
  if (call.function === 'startswith' && text?.kind === 'leaf') return undefined;
  return { leaf, part: part.value };
}

function leafBelow(expression: BoundExpression): Leaf | undefined {
  if (expression.kind === 'leaf') return expression.leaf;
  if (expression.kind !== 'call') return undefined;
  const [text] = expression.arguments;
  const changesCase = expression.function === 'tolower' || expression.function === 'toupper';
  return changesCase && text !== undefined ? leafBelow(text) : undefined;
}
