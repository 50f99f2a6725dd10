/** $compute → values under names of the client's. */
import { quoteForMessage } from '../errors.ts';
import type { ComputeItem, PathSegment } from '../language/ast.ts';
import { bindValue } from './bind-expression.ts';
import { type BindContext, type BindScope, createContext, refusal } from './bind-scope.ts';
import type { ComputedProperty } from './bound.ts';

/**
 * Binds $compute; an alias may be used by the items after it. Throws as bindFilter does, and expressionSyntax for an
 * alias that is taken.
 */
export function bindCompute(items: readonly ComputeItem[], scope: BindScope): readonly ComputedProperty[] {
  const context = createContext(scope);
  const computed = [...scope.computed];
  for (const { alias, expression } of items) {
    const taken = computed.map(({ name }) => name);
    requireFreeAlias(context, alias, taken);
    const inner = { ...context, scope: { ...scope, computed } };
    computed.push({ name: alias.name, expression: bindValue(inner, expression, 'a computed property') });
  }
  return computed.slice(scope.computed.length);
}

/** Throws when a name is a declared property's or another alias's, in any letter case (URL Conventions 5.1.10). */
export function requireFreeAlias(context: BindContext, alias: PathSegment, taken: readonly string[]): void {
  const lower = alias.name.toLowerCase();
  const isTaken = (name: string) => name.toLowerCase() === lower;
  const declared = context.scope.entitySet.type.properties.find(({ name }) => isTaken(name));
  const shown = quoteForMessage(alias.name);
  if (declared !== undefined) {
    const reason = `expected an alias that is no property, found '${shown}'`;
    throw refusal(context, 'expressionSyntax', alias.offset, reason);
  }
  if (!taken.some(isTaken)) return;
  throw refusal(
    context,
    'expressionSyntax',
    alias.offset,
    `expected an alias not used before, found '${shown}'`,
  );
}
