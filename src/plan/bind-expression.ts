/** Expression → BoundExpression: every name resolved, every type checked; what is wrong is refused with its place. */
import { unreachable } from '../errors.ts';
import type {
  AliasExpression,
  CaseExpression,
  Expression,
  HasExpression,
  InCollectionExpression,
  LambdaExpression,
  ListItem,
  Literal,
} from '../language/ast.ts';
import { bindArithmetic, bindNegate } from './bind-arithmetic.ts';
import { bindCall } from './bind-call.ts';
import { bindCast, bindIsOf, entityOperand } from './bind-cast.ts';
import { convert, expectedName, hintFor, mismatch, requireStorable, unify } from './bind-coercion.ts';
import { bindComparison, bindHas, bindInCollection, bindInList, hintForWhole } from './bind-comparison.ts';
import { bindLiteral } from './bind-literal.ts';
import { bindCollectionPath, bindPropertyPath, spanned } from './bind-property-path.ts';
import {
  type BindContext,
  type BindScope,
  createContext,
  openAlias,
  refusal,
  spendListItems,
  spendNodes,
} from './bind-scope.ts';
import { type BoundExpression, booleanType } from './bound.ts';
import { classOfValue, computedValue, nullConstant, type Operand, type ValueOperand } from './operand.ts';

/** Binds $filter; throws the 400 codes of expressions, operandTypeMismatch when it is neither true nor false. */
export function bindFilter(expression: Expression, scope: BindScope): BoundExpression {
  return bindBoolean(createContext(scope), expression, 'the filter');
}

/** Binds an expression that must be true, false or null. */
export function bindBoolean(
  context: BindContext,
  expression: Expression,
  subject: string,
  hint = '',
): BoundExpression {
  const operand = bindOperand(context, expression);
  if (operand.kind !== 'value')
    throw mismatch(context, operand, subject, booleanType.name, hintForWhole(context, operand));
  const typeClass = classOfValue(operand.expression);
  if (typeClass === 'boolean' || typeClass === 'null') return operand.expression;
  throw mismatch(context, operand, subject, booleanType.name, hint || hintFor(context, operand, booleanType));
}

/** Binds an expression that must be a value of a primitive or enumeration type, such as a key of $orderby. */
export function bindValue(context: BindContext, expression: Expression, subject: string): BoundExpression {
  const operand = bindOperand(context, expression);
  if (operand.kind !== 'value')
    throw mismatch(context, operand, subject, 'a primitive value', hintForWhole(context, operand));
  requireStorable(context, operand);
  return operand.expression;
}

/** Binds any part of an expression. */
export function bindOperand(context: BindContext, node: Expression): Operand {
  if (node.kind === 'alias') return bindAlias(context, node);
  spendNodes(context, node.offset, 1);
  switch (node.kind) {
    case 'literal':
      return bindLiteral(context, node);
    case 'array':
      return {
        kind: 'list',
        items: bindItems(context, node.items, "'['"),
        offset: node.offset,
        end: node.end,
      };
    case 'path':
      return bindPropertyPath(context, node);
    case 'cast':
      return spanned(bindCast(context, node, operandOrEntity(context, node)), node);
    default:
      return computedValue(node, bindComputed(context, node));
  }
}

/** What is computed, as against written or addressed. */
type ComputedNode = Exclude<Expression, { readonly kind: 'alias' | 'literal' | 'array' | 'path' | 'cast' }>;

function bindComputed(context: BindContext, node: ComputedNode): BoundExpression {
  switch (node.kind) {
    case 'count':
      return { kind: 'itemCount', property: bindCollectionPath(context, node.path, "'$count'") };
    case 'lambda':
      return bindLambda(context, node);
    case 'call':
      return bindCall(
        context,
        node,
        node.arguments.map((argument) => bindOperand(context, argument)),
      );
    case 'isOf':
      return bindIsOf(context, node, operandOrEntity(context, node));
    case 'case':
      return bindCase(context, node);
    case 'has':
      return bindHasExpression(context, node);
    case 'inList':
      return bindInItems(context, bindOperand(context, node.operand), node.items);
    case 'inCollection':
      return bindIn(context, node);
    case 'not':
      return { kind: 'not', operand: bindBoolean(context, node.operand, "'not'", notHint) };
    case 'negate':
      return bindNegate(context, bindOperand(context, node.operand));
    case 'arithmetic':
      return bindArithmetic(
        context,
        node.operator,
        bindOperand(context, node.left),
        bindOperand(context, node.right),
      );
    case 'comparison':
      return bindComparison(
        context,
        node.operator,
        bindOperand(context, node.left),
        bindOperand(context, node.right),
      );
    case 'and':
    case 'or':
      return {
        kind: node.kind,
        operands: node.operands.map((operand) => bindBoolean(context, operand, `'${node.kind}'`)),
      };
    default:
      return unreachable(node);
  }
}

const notHint = "'not' binds tighter than comparisons: write not (a eq b).";

function operandOrEntity(
  context: BindContext,
  node: Extract<Expression, { readonly kind: 'cast' | 'isOf' }>,
): Operand {
  return node.operand === undefined ? entityOperand(context, node) : bindOperand(context, node.operand);
}

/** A parameter alias is its expression, standing where the alias stands; one that is not set is null. */
function bindAlias(context: BindContext, node: AliasExpression): Operand {
  const alias = openAlias(context, node.name, node.offset);
  if (alias === undefined) return spanned(computedValue(node, nullConstant), node);
  const operand = bindOperand(alias.context, alias.expression);
  if (operand.kind !== 'list') return spanned(operand, node);
  return { ...spanned(operand, node), items: operand.items.map((item) => spanned(item, node)) };
}

/** The items of a list: constants each. */
function bindItems(
  context: BindContext,
  items: readonly ListItem[],
  subject: string,
): readonly ValueOperand[] {
  spendListItems(context, items[0]?.offset ?? 0, items.length);
  return items.map((item) => {
    const operand = item.kind === 'alias' ? bindAlias(context, item) : bindLiteral(context, item);
    return requireConstant(context, operand, subject);
  });
}

function requireConstant(context: BindContext, operand: Operand, subject: string): ValueOperand {
  if (operand.kind === 'value' && operand.expression.kind === 'constant') return operand;
  throw mismatch(context, operand, subject, 'literals');
}

/** A list in parentheses; one alias alone may stand for the whole list. */
function bindInItems(context: BindContext, operand: Operand, items: readonly ListItem[]): BoundExpression {
  const [first] = items;
  if (first?.kind !== 'alias' || items.length > 1)
    return bindInList(context, operand, bindItems(context, items, "'in'"));
  const list = bindAlias(context, first);
  if (list.kind === 'list') return bindInList(context, operand, list.items);
  return bindInList(context, operand, [requireConstant(context, list, "'in'")]);
}

function bindIn(context: BindContext, node: InCollectionExpression): BoundExpression {
  const operand = bindOperand(context, node.operand);
  const collection = bindOperand(context, node.collection);
  if (collection.kind === 'collection') return bindInCollection(context, operand, collection);
  if (collection.kind === 'list') return bindInList(context, operand, collection.items);
  // An unset alias: nothing is in it.
  if (collection.kind === 'value' && classOfValue(collection.expression) === 'null')
    return bindInList(context, operand, []);
  throw mismatch(context, collection, "'in'", 'a list or a collection');
}

function bindHasExpression(context: BindContext, node: HasExpression): BoundExpression {
  return bindHas(context, bindOperand(context, node.left), node.right, literalOf(context, node.right));
}

/** The literal an expression is, parameter aliases followed; undefined for anything else. */
function literalOf(context: BindContext, node: Expression): Literal | undefined {
  if (node.kind === 'literal') return node;
  if (node.kind !== 'alias') return undefined;
  const alias = openAlias(context, node.name, node.offset);
  return alias === undefined ? undefined : literalOf(alias.context, alias.expression);
}

/** `tags/any(…)`, `tags/all(…)`: the variable is the item, in the predicate and whatever it nests. */
function bindLambda(context: BindContext, { operator, path, body }: LambdaExpression): BoundExpression {
  const property = bindCollectionPath(context, path, `'${operator}'`);
  const depth = context.variables.length;
  if (body === undefined) return { kind: 'quantifier', operator, property, depth, predicate: undefined };
  const { name, offset } = body.variable;
  if (context.variables.some((variable) => variable.name === name)) {
    const reason = `expected another name than '${name}', which is a variable already`;
    throw refusal(context, 'expressionSyntax', offset, reason);
  }
  const inner = { ...context, variables: [...context.variables, { name, depth }] };
  const predicate = bindBoolean(inner, body.predicate, `the predicate of '${operator}'`);
  return { kind: 'quantifier', operator, property, depth, predicate };
}

/** `case(condition:value,…)`: all values in one type. */
function bindCase(context: BindContext, { branches }: CaseExpression): BoundExpression {
  const bound = branches.map(({ condition, value }) => ({
    condition: bindBoolean(context, condition, "a condition of 'case'"),
    value: bindBranchValue(context, value),
  }));
  const common = unify(bound.map(({ value }) => value));
  if (common.type === undefined) {
    const { fault, expected } = common;
    throw mismatch(
      context,
      fault,
      "a value of 'case'",
      expectedName(expected),
      hintFor(context, fault, expected),
    );
  }
  const { type } = common;
  if (type.kind === 'null') return nullConstant;
  return {
    kind: 'case',
    type,
    branches: bound.map(({ condition, value }) => ({ condition, value: convert(context, value, type) })),
  };
}

function bindBranchValue(context: BindContext, node: Expression): ValueOperand {
  const operand = bindOperand(context, node);
  if (operand.kind !== 'value') throw mismatch(context, operand, "a value of 'case'", 'a primitive value');
  requireStorable(context, operand);
  return operand;
}
