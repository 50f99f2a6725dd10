/** Paths of expressions → what they address: a variable, a column, a property, a member, `$it`. */
import { type ComplexType, type EntityType, leavesOf, type Property, qualifiedName } from '../edm/types.ts';
import { assert, didYouMean, quoteForMessage, type ServiceError } from '../errors.ts';
import type { PathExpression, PathSegment, Span } from '../language/ast.ts';
import type { ApplyColumn } from './apply-steps.ts';
import { type BindContext, type BindScope, countNodes, refusal, spendNodes } from './bind-scope.ts';
import { findNamedType } from './bind-type-name.ts';
import { type BoundExpression, stringType } from './bound.ts';
import {
  collectionTypeName,
  computedType,
  computedValue,
  describeOperand,
  type EntityOperand,
  type Operand,
} from './operand.ts';

/** Binds a path; throws propertyUnknown with a suggestion. Variables hide properties, `$it/…` reaches them. */
export function bindPropertyPath(context: BindContext, path: PathExpression): Operand {
  const [first, ...rest] = path.segments;
  const variable = path.fromIt ? undefined : context.variables.find(({ name }) => name === first?.name);
  if (variable !== undefined) {
    const item: BoundExpression = { kind: 'item', type: stringType, depth: variable.depth };
    return rest.reduce<Operand>(
      (operand, segment) => step(context, operand, segment),
      computedValue(path, item),
    );
  }
  const { columns } = context.scope;
  if (columns !== undefined) return bindColumnPath(context, columns, path);
  const typeName = qualifiedName(context.scope.entitySet.type);
  const entity: Operand = { kind: 'entity', typeName, offset: path.offset, end: path.end };
  return spanned(
    path.segments.reduce<Operand>((operand, segment) => step(context, operand, segment), entity),
    path,
  );
}

/** An operand as if it stood where `span` says. */
export function spanned<Kind extends Operand>(operand: Kind, { offset, end }: Span): Kind {
  return { ...operand, offset, end };
}

function step(context: BindContext, operand: Operand, segment: PathSegment): Operand {
  if (segment.name.includes('.')) return castSegment(context, operand, segment);
  if (operand.kind === 'entity') return stepIntoEntity(context, operand, segment);
  if (operand.kind === 'complex') return stepIntoComplex(context, operand.property, segment);
  const hint = operand.kind === 'collection' ? ' A collection is followed by any(…), all(…) or $count.' : '';
  throw unknownProperty(context, segment, describeOperand(operand), [], hint);
}

/** A type in a path changes nothing, as no type here has derived ones (URL Conventions 4.11). */
function castSegment(context: BindContext, operand: Operand, segment: PathSegment): Operand {
  const type = findNamedType(context.scope.model, segment.name);
  const name = type === undefined || type.kind === 'primitive' ? segment.name : qualifiedName(type);
  const accepted =
    operand.kind === 'entity' ? entityTypeNames(context.scope.entitySet.type) : [describeOperand(operand)];
  if (accepted.includes(name)) return operand;
  const reason = `expected the type ${accepted[0]}, found '${quoteForMessage(segment.name)}'`;
  throw refusal(context, 'operandTypeMismatch', segment.offset, reason);
}

/** The names of an entity type and of those it inherits from. */
export function entityTypeNames(type: EntityType): readonly string[] {
  return [qualifiedName(type), ...(type.baseType === undefined ? [] : entityTypeNames(type.baseType))];
}

function stepIntoEntity(context: BindContext, { typeName }: EntityOperand, segment: PathSegment): Operand {
  const { entitySet, computed, added = [] } = context.scope;
  const { properties } = entitySet.type;
  const names = [...properties, ...computed].map(({ name }) => name).concat(added.map(({ path }) => path));
  const name = matchName(segment.name, names);
  const property = properties.find((candidate) => candidate.name === name);
  if (property !== undefined) return propertyOperand(entitySet.type, property, segment);
  const alias = computed.find((candidate) => candidate.name === name);
  if (alias !== undefined) {
    spendNodes(context, segment.offset, countNodes(alias.expression));
    return computedValue(segment, alias.expression);
  }
  const column = added.find(({ path }) => path === name);
  if (column !== undefined) return columnOperand(column, segment);
  throw unknownProperty(context, segment, typeName, names);
}

function propertyOperand(type: EntityType, property: Property, span: Span): Operand {
  const { offset, end } = span;
  if (property.type.kind === 'complex') return { kind: 'complex', property, offset, end };
  if (property.type.kind === 'collection') return { kind: 'collection', property, offset, end };
  return computedValue(span, leafReference(type, property.name));
}

/** A reference to the leaf at a path that names one value. */
function leafReference(type: EntityType, path: string): BoundExpression {
  const leaf = leavesOf(type).find((candidate) => candidate.path === path);
  assert(leaf !== undefined && leaf.type.kind !== 'collection', `${path} is a leaf of one value`);
  return { kind: 'leaf', type: computedType(leaf.type), leaf };
}

function stepIntoComplex(context: BindContext, property: Property, segment: PathSegment): Operand {
  assert(property.type.kind === 'complex', `${property.name} is complex`);
  const member = findMember(context, property.type, segment);
  return computedValue(
    segment,
    leafReference(context.scope.entitySet.type, `${property.name}/${member.name}`),
  );
}

/** The member a segment names; throws propertyUnknown. */
export function findMember(context: BindContext, type: ComplexType, segment: PathSegment): Property {
  const names = type.properties.map(({ name }) => name);
  const name = matchName(segment.name, names);
  const member = type.properties.find((candidate) => candidate.name === name);
  if (member === undefined) throw unknownProperty(context, segment, qualifiedName(type), names);
  return member;
}

/** The name itself among the candidates, else the only one that differs in letter case alone (protocol digest 3.3). */
export function matchName(name: string, candidates: readonly string[]): string | undefined {
  if (candidates.includes(name)) return name;
  const lower = name.toLowerCase();
  const matches = candidates.filter((candidate) => candidate.toLowerCase() === lower);
  return matches.length === 1 ? matches[0] : undefined;
}

function columnOperand({ path, type, leaf }: ApplyColumn, span: Span): Operand {
  if (leaf === undefined || leaf.type.kind === 'collection')
    return computedValue(span, { kind: 'column', type, name: path });
  return computedValue(span, { kind: 'leaf', type: computedType(leaf.type), leaf });
}

/** After a grouping only its keys and aliases are left (Data Aggregation 3.2.3). */
function bindColumnPath(
  context: BindContext,
  columns: readonly ApplyColumn[],
  path: PathExpression,
): Operand {
  const names = columns.map((column) => column.path);
  const text = path.segments.map(({ name }) => name).join('/');
  const name = matchName(text, names);
  const column = columns.find((candidate) => candidate.path === name);
  if (column !== undefined) return columnOperand(column, path);
  const [first] = path.segments;
  if (first === undefined) {
    throw refusal(
      context,
      'operandTypeMismatch',
      path.offset,
      'expected a column of the grouped rows, found $it',
    );
  }
  const segment = { ...first, name: text };
  const type = qualifiedName(context.scope.entitySet.type);
  const hint = isDeclared(context.scope, first.name)
    ? ` Grouping removed it; left are ${names.join(', ')}.`
    : '';
  throw unknownProperty(context, segment, type, names, hint);
}

function isDeclared({ entitySet }: BindScope, name: string): boolean {
  return (
    matchName(
      name,
      entitySet.type.properties.map((property) => property.name),
    ) !== undefined
  );
}

/** Graph's sentence for a name that is none, the place behind it. */
export function unknownProperty(
  context: BindContext,
  segment: PathSegment,
  type: string,
  candidates: readonly string[],
  hint?: string,
): ServiceError {
  const suggestion = hint || didYouMean(segment.name, candidates);
  const sentence = `Could not find a property named '${quoteForMessage(segment.name)}' on type '${type}'.`;
  return refusal(context, 'propertyUnknown', segment.offset, `${sentence}${suggestion} It stands`);
}

/** A collection a path must lead to, as before any, all and $count; throws operandTypeMismatch. */
export function bindCollectionPath(context: BindContext, path: PathExpression, subject: string): Property {
  const operand = bindPropertyPath(context, path);
  if (operand.kind === 'collection') return operand.property;
  const collections = context.scope.entitySet.type.properties.filter(
    ({ type }) => type.kind === 'collection',
  );
  const known = collections
    .map((property) => `${property.name} (${collectionTypeName(property)})`)
    .join(', ');
  const reason = `${subject} expected a collection, found ${describeOperand(operand)}`;
  throw refusal(context, 'operandTypeMismatch', path.offset, reason, `Collections are ${known}.`);
}
