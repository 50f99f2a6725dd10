/** $search → terms of words, each over all text of an entity or over one property (protocol digest 4.13). */
import { type EntityType, type Leaf, leavesOf } from '../edm/types.ts';
import { quoteForMessage, unreachable } from '../errors.ts';
import type { SearchExpression, SearchPhrase, SearchWord } from '../language/ast.ts';
import { tooComplex } from '../language/syntax-error.ts';
import { limits } from '../limits.ts';
import { matchName } from './bind-property-path.ts';
import { type BindContext, type BindScope, createContext, refusal } from './bind-scope.ts';
import type { BoundSearch } from './bound.ts';
import { splitWords } from './search-words.ts';

/** Binds $search; throws expressionSyntax for a term without a word, queryTooComplex for too many words. */
export function bindSearch(tree: SearchExpression, scope: BindScope): BoundSearch {
  return bindSearchIn(createContext(scope), tree);
}

/** Binds a search within another option, as `search(…)` in $apply. */
export function bindSearchIn(context: BindContext, tree: SearchExpression): BoundSearch {
  const words = { left: limits.searchWordsMax };
  return bindNode(context, tree, words);
}

interface WordBudget {
  left: number;
}

function bindNode(context: BindContext, node: SearchExpression, budget: WordBudget): BoundSearch {
  switch (node.kind) {
    case 'word':
    case 'phrase':
      return bindTerm(context, node, budget);
    case 'not':
      return { kind: 'not', operand: bindNode(context, node.operand, budget) };
    case 'and':
    case 'or':
      return {
        kind: node.kind,
        operands: node.operands.map((operand) => bindNode(context, operand, budget)),
      };
    default:
      return unreachable(node);
  }
}

function bindTerm(context: BindContext, node: SearchWord | SearchPhrase, budget: WordBudget): BoundSearch {
  const { text, leaf } = narrow(context, node);
  const words = splitWords(text);
  if (words.length === 0) {
    const reason = `expected a letter or a digit, found '${quoteForMessage(text)}'`;
    throw refusal(context, 'expressionSyntax', node.offset, reason);
  }
  budget.left -= words.length;
  if (budget.left < 0)
    throw tooComplex(context.source, node.offset, `more than ${limits.searchWordsMax} words`);
  return { kind: 'term', words, leaf };
}

/** `property:text` looks in one property; before the colon of anything else stand words like any other. */
function narrow(
  context: BindContext,
  { text, offset }: SearchWord | SearchPhrase,
): { readonly text: string; readonly leaf: Leaf | undefined } {
  const colon = text.indexOf(':');
  const leaf = colon < 0 ? undefined : findLeaf(context.scope.entitySet.type, text.slice(0, colon).trim());
  if (leaf === undefined) return { text, leaf };
  if (!isSearchable(leaf)) {
    const reason = `expected a property of type Edm.String before ':', found ${leaf.path}`;
    throw refusal(context, 'operandTypeMismatch', offset, reason, 'Use $filter for it.');
  }
  return { text: text.slice(colon + 1), leaf };
}

function findLeaf(type: EntityType, path: string): Leaf | undefined {
  const leaves = leavesOf(type);
  const matched = matchName(
    path,
    leaves.map((leaf) => leaf.path),
  );
  return leaves.find((leaf) => leaf.path === matched);
}

/** Whether $search looks at a leaf: text, or a collection of texts. */
export function isSearchable({ type }: Leaf): boolean {
  const item = type.kind === 'collection' ? type.item : type;
  return item.kind === 'primitive' && item.name === 'Edm.String';
}
