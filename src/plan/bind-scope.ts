/** What names may mean where an expression stands, and how a refusal says where that is. */
import type { EntitySet, Model } from '../edm/types.ts';
import { type ErrorCode, ServiceError } from '../errors.ts';
import type { Expression } from '../language/ast.ts';
import { parseParameterAlias } from '../language/parser.ts';
import { type Clause, type Source, syntaxError } from '../language/syntax-error.ts';
import { limits } from '../limits.ts';
import type { ApplyColumn } from './apply-steps.ts';
import type { BoundExpression, ComputedProperty } from './bound.ts';

/** The query options that hold expressions. */
export type BoundOptionName = '$filter' | '$orderby' | '$select' | '$compute' | '$search' | '$apply';

/** All that binding an option may know; every function of binding is pure in it. */
export interface BindScope {
  readonly entitySet: EntitySet;
  readonly model: Model;
  readonly optionName: BoundOptionName;
  /** The decoded text the tree was parsed from: offsets in errors refer to it. */
  readonly optionText: string;
  /** Texts of parameter aliases by name, without '@'; what is not among them is null (URL Conventions 5.3). */
  readonly aliases: ReadonlyMap<string, string>;
  /** What now() is. */
  readonly nowTicks: bigint;
  /** Aliases of $compute, usable as properties. */
  readonly computed: readonly ComputedProperty[];
  /** After a grouping of $apply: the only names left. Undefined while rows are entities. */
  readonly columns?: readonly ApplyColumn[] | undefined;
  /** Aliases that $apply computed beside the properties of whole entities. */
  readonly added?: readonly ApplyColumn[] | undefined;
}

/** The variable of a lambda around an expression. */
export interface Variable {
  readonly name: string;
  readonly depth: number;
}

/** What aliases have brought in: they repeat text without repeating it in the request. */
interface Budget {
  nodes: number;
  listItems: number;
  readonly parsed: Map<string, Expression>;
}

/** A scope and the place in it that is being bound; made once for an option, so that its budget covers all of it. */
export interface BindContext {
  readonly scope: BindScope;
  /** The text the current nodes stand in: the option's, or a parameter alias's. */
  readonly source: Source;
  /** Outermost first. */
  readonly variables: readonly Variable[];
  /** Parameter aliases being read, so that a circle is seen. */
  readonly openAliases: readonly string[];
  readonly budget: Budget;
}

const clauses: Readonly<Record<BoundOptionName, Clause>> = {
  $filter: 'filter',
  $orderby: 'orderby',
  $select: 'select',
  $compute: 'compute',
  $search: 'search',
  $apply: 'apply',
};

/** The context in which an option's own text is bound. */
export function createContext(scope: BindScope): BindContext {
  const source = { text: scope.optionText, clause: clauses[scope.optionName], target: scope.optionName };
  const budget = { nodes: 0, listItems: 0, parsed: new Map<string, Expression>() };
  return { scope, source, variables: [], openAliases: [], budget };
}

/** A refusal in the form all query options share; a hint follows the place as a sentence of its own. */
export function refusal(
  context: Pick<BindContext, 'source'>,
  code: ErrorCode,
  offset: number,
  reason: string,
  hint = '',
): ServiceError {
  const { message, target } = syntaxError(context.source, offset, reason);
  const sentence = hint === '' ? '' : ` ${hint.trim()}`;
  return new ServiceError(code, message + sentence, target === undefined ? {} : { target });
}

/** Counts bound nodes; throws queryTooComplex when aliases and computed properties make more than a text may hold. */
export function spendNodes(context: BindContext, offset: number, nodes: number): void {
  context.budget.nodes += nodes;
  if (context.budget.nodes <= limits.expressionNodesMax) return;
  const reason = `more than ${limits.expressionNodesMax} operands and operators, aliases written out,`;
  throw refusal(context, 'queryTooComplex', offset, reason);
}

/** Counts items of lists; throws queryTooComplex when aliases make more of them than one text could. */
export function spendListItems(context: BindContext, offset: number, items: number): void {
  context.budget.listItems += items;
  if (context.budget.listItems <= limits.expressionTokensMax) return;
  const reason = `more than ${limits.expressionTokensMax} list items, aliases written out,`;
  throw refusal(context, 'queryTooComplex', offset, reason);
}

/** A parameter alias's expression and the context its nodes stand in; undefined when the request does not set it. */
export function openAlias(
  context: BindContext,
  name: string,
  offset: number,
): { readonly expression: Expression; readonly context: BindContext } | undefined {
  const text = context.scope.aliases.get(name);
  if (text === undefined) return undefined;
  if (context.openAliases.includes(name)) {
    throw refusal(context, 'expressionSyntax', offset, `the parameter alias '@${name}' refers to itself`);
  }
  const expression = context.budget.parsed.get(name) ?? parseParameterAlias(name, text);
  context.budget.parsed.set(name, expression);
  const source: Source = { text, clause: 'parameter alias', target: `@${name}` };
  return { expression, context: { ...context, source, openAliases: [...context.openAliases, name] } };
}

/** How many nodes a bound expression has: what using a computed property costs. */
export function countNodes(expression: BoundExpression): number {
  return childrenOf(expression).reduce((sum, child) => sum + countNodes(child), 1);
}

/** The expressions an expression is made of, outermost only. */
export function childrenOf(expression: BoundExpression): readonly BoundExpression[] {
  switch (expression.kind) {
    case 'call':
      return expression.arguments;
    case 'comparison':
    case 'arithmetic':
      return [expression.left, expression.right];
    case 'and':
    case 'or':
      return expression.operands;
    case 'case':
      return expression.branches.flatMap(({ condition, value }) => [condition, value]);
    case 'quantifier':
      return expression.predicate === undefined ? [] : [expression.predicate];
    case 'inList':
      return [expression.operand, ...expression.items];
    case 'cast':
    case 'inCollection':
    case 'has':
    case 'negate':
    case 'not':
      return [expression.operand];
    default:
      return [];
  }
}
