/** Syntax trees in one line each, operator first, so that a case can say how a text is read. */

import type {
  ComputeItem,
  ExpandItem,
  Expression,
  Literal,
  OrderByItem,
  PathExpression,
  SearchExpression,
  SelectItem,
  Transformation,
  TypeReference,
} from '../../src/language/ast.ts';

const call = (...parts: readonly string[]): string => `(${parts.join(' ')})`;

/** `a add 1 eq b` is `(eq (add a 1) b)`; literals other than strings, integers and words carry their type. */
export function outline(expression: Expression): string {
  switch (expression.kind) {
    case 'literal':
      return outlineLiteral(expression);
    case 'path':
      return outlinePath(expression);
    case 'alias':
      return `@${expression.name}`;
    case 'array':
      return `[${expression.items.map(outline).join(' ')}]`;
    case 'count':
      return call('$count', outlinePath(expression.path));
    case 'lambda': {
      const { body } = expression;
      const inner = body === undefined ? [] : [body.variable.name, outline(body.predicate)];
      return call(expression.operator, outlinePath(expression.path), ...inner);
    }
    case 'call':
      return call(expression.name, ...expression.arguments.map(outline));
    case 'cast':
    case 'isOf':
      return call(expression.kind, ...outlineTyped(expression.operand, expression.type));
    case 'case':
      return call(
        'case',
        ...expression.branches.flatMap(({ condition, value }) => [outline(condition), outline(value)]),
      );
    case 'has':
      return call('has', outline(expression.left), outline(expression.right));
    case 'inList':
      return call('in', outline(expression.operand), `{${expression.items.map(outline).join(' ')}}`);
    case 'inCollection':
      return call('in', outline(expression.operand), outline(expression.collection));
    case 'not':
    case 'negate':
      return call(expression.kind, outline(expression.operand));
    case 'arithmetic':
    case 'comparison':
      return call(expression.operator, outline(expression.left), outline(expression.right));
    case 'and':
    case 'or':
      return call(expression.kind, ...expression.operands.map(outline));
  }
}

function outlineTyped(operand: Expression | undefined, type: TypeReference): readonly string[] {
  const typeText = type.isCollection ? `Collection(${type.name})` : type.name;
  return operand === undefined ? [typeText] : [outline(operand), typeText];
}

function outlinePath({ fromIt, segments }: PathExpression): string {
  const names = segments.map(({ name }) => name);
  return (fromIt ? ['$it', ...names] : names).join('/');
}

function outlineLiteral(literal: Literal): string {
  switch (literal.type) {
    case 'null':
      return 'null';
    case 'boolean':
    case 'integer':
      return String(literal.value);
    case 'string':
      return `'${literal.value}'`;
    case 'guid':
      return `guid:${literal.value}`;
    case 'enum':
      return `${literal.typeName}:${literal.members.join('+')}`;
    default:
      return `${literal.type}:${literal.text}`;
  }
}

/** `a b OR NOT "c d"` is `(or (and a b) (not "c d"))`. */
export function outlineSearch(expression: SearchExpression): string {
  switch (expression.kind) {
    case 'word':
      return expression.text;
    case 'phrase':
      return `"${expression.text}"`;
    case 'not':
      return call('not', outlineSearch(expression.operand));
    case 'and':
    case 'or':
      return call(expression.kind, ...expression.operands.map(outlineSearch));
  }
}

/** The items of a $select, nested ones in braces. */
export function outlineSelect(items: readonly SelectItem[]): string {
  return items.map(outlineSelectItem).join(' ');
}

function outlineSelectItem(item: SelectItem): string {
  switch (item.kind) {
    case 'all':
      return '*';
    case 'operation':
      return call('operation', item.name, ...(item.parameters ?? []));
    case 'property': {
      const path = item.path.map(({ name }) => name).join('/');
      return item.nested === undefined ? path : `${path}{${outlineSelect(item.nested)}}`;
    }
  }
}

/** The steps of a $apply. */
export function outlineApply(transformations: readonly Transformation[]): string {
  return transformations.map(outlineTransformation).join(' ');
}

function outlineTransformation(transformation: Transformation): string {
  switch (transformation.kind) {
    case 'filter':
      return call('filter', outline(transformation.expression));
    case 'search':
      return call('search', outlineSearch(transformation.expression));
    case 'groupBy': {
      const steps = transformation.transformations;
      return call(
        'groupBy',
        `{${transformation.paths.map(outlinePath).join(' ')}}`,
        ...(steps === undefined ? [] : [outlineApply(steps)]),
      );
    }
    case 'aggregate':
      return call(
        'aggregate',
        ...transformation.items.map((item) =>
          item.kind === 'count'
            ? call('$count', ...(item.path === undefined ? [] : [outlinePath(item.path)]), item.alias.name)
            : call(item.method, outline(item.expression), item.alias.name),
        ),
      );
    case 'compute':
      return call('compute', outlineCompute(transformation.items));
    case 'orderBy':
      return call('orderBy', outlineOrderBy(transformation.items));
    case 'top':
    case 'skip':
      return call(transformation.kind, String(transformation.count));
    case 'identity':
      return 'identity';
    case 'concat':
      return call('concat', ...transformation.branches.map((branch) => `{${outlineApply(branch)}}`));
  }
}

/** The keys of a $orderby, direction first. */
export function outlineOrderBy(items: readonly OrderByItem[]): string {
  return items.map(({ direction, expression }) => call(direction, outline(expression))).join(' ');
}

/** The items of a $compute, alias first. */
export function outlineCompute(items: readonly ComputeItem[]): string {
  return items.map(({ alias, expression }) => call(alias.name, outline(expression))).join(' ');
}

/** The items of an $expand, the text of their options in braces. */
export function outlineExpand(items: readonly ExpandItem[]): string {
  return items.map(outlineExpandItem).join(' ');
}

function outlineExpandItem({ kind, path, optionsText }: ExpandItem): string {
  const name = kind === 'all' ? '*' : path.map((segment) => segment.name).join('/');
  return optionsText === undefined ? name : `${name}{${optionsText}}`;
}
