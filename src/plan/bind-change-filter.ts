/** `$filter` on change records: some comparisons joined by `and`, and nothing else; what is not built is refused. */
import { type EntitySet, findProperty } from '../edm/types.ts';
import { didYouMean, quoteForMessage, ServiceError } from '../errors.ts';
import type {
  ComparisonExpression,
  ComparisonOperator,
  Expression,
  LambdaExpression,
  PathExpression,
} from '../language/ast.ts';
import { parseFilter } from '../language/parser.ts';
import type { ChangeCondition } from './plan.ts';

type Field = Extract<ChangeCondition, { kind: 'equals' }>['field'];

const fields: ReadonlyMap<string, Field> = new Map([
  ['id', 'id'],
  ['kind', 'kind'],
  ['author/kind', 'authorKind'],
  ['author/id', 'authorId'],
  ['author/name', 'authorName'],
  ['author/clientId', 'clientId'],
  ['requestId', 'requestId'],
  ['clientRequestId', 'clientRequestId'],
]);
const known = [...fields.keys(), 'at', 'changed'];
/** Members a record has and nobody can ask for. */
const unasked = ['position', 'name', 'version', 'author', 'before', 'after'];

/** Conditions that must all hold; throws 400 for what is wrong and 501 for what is not built. */
export function bindChangeFilter(text: string, entitySet: EntitySet): readonly ChangeCondition[] {
  const expression = parseFilter(text);
  const terms = expression.kind === 'and' ? expression.operands : [expression];
  return terms.flatMap((term) =>
    term.kind === 'and'
      ? term.operands.map((each) => bindTerm(each, entitySet, text))
      : [bindTerm(term, entitySet, text)],
  );
}

function bindTerm(term: Expression, entitySet: EntitySet, text: string): ChangeCondition {
  if (term.kind === 'comparison') return bindComparison(term, text);
  if (term.kind === 'lambda') return bindChanged(term, entitySet, text);
  throw notBuilt(term, text);
}

/** Either side may be the constant. */
const mirrored: Readonly<Record<ComparisonOperator, ComparisonOperator>> = {
  eq: 'eq',
  ne: 'ne',
  gt: 'lt',
  ge: 'le',
  lt: 'gt',
  le: 'ge',
};

function bindComparison(term: ComparisonExpression, text: string): ChangeCondition {
  const turned = term.left.kind === 'literal';
  const [path, literal] = turned ? [term.right, term.left] : [term.left, term.right];
  const operator = turned ? mirrored[term.operator] : term.operator;
  if (path.kind !== 'path' || literal.kind !== 'literal') throw notBuilt(term, text);
  const name = nameOf(path);
  if (name === 'at') {
    if (literal.type !== 'dateTimeOffset') throw mismatch(name, 'an instant such as 2026-01-31T12:00:00Z');
    if (operator === 'eq' || operator === 'ne') throw notBuilt(term, text);
    return bindInstant(operator, literal.ticks, literal.picoseconds > 0);
  }
  const field = fields.get(name);
  if (field === undefined) throw known.includes(name) ? notBuilt(term, text) : unknown(name);
  if (operator !== 'eq') throw notBuilt(term, text);
  if (literal.type === 'string') return { kind: 'equals', field, value: normalised(field, literal.value) };
  // Ids are strings here, but clients that take them for GUIDs mean the same.
  if (literal.type === 'guid') return { kind: 'equals', field, value: literal.value };
  throw mismatch(name, 'a string in single quotes');
}

/** Recorded instants are whole ticks: beyond one, `ge` says the same as `gt`, and `lt` as `le`. */
function bindInstant(operator: 'gt' | 'ge' | 'lt' | 'le', ticks: bigint, beyond: boolean): ChangeCondition {
  if (!beyond) return { kind: 'at', operator, ticks };
  return { kind: 'at', operator: operator === 'gt' || operator === 'ge' ? 'gt' : 'le', ticks };
}

const guidPattern = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/** Ids of entities are lower-case GUIDs, as in addresses. */
const normalised = (field: Field, value: string): string =>
  field === 'id' && guidPattern.test(value) ? value.toLowerCase() : value;

/** `changed/any(c:c eq 'riskScore')` */
function bindChanged(term: LambdaExpression, entitySet: EntitySet, text: string): ChangeCondition {
  const { operator, path, body } = term;
  if (nameOf(path) !== 'changed') throw notBuilt(term, text);
  const predicate = body?.predicate;
  if (operator !== 'any' || body === undefined || predicate?.kind !== 'comparison')
    throw notBuilt(term, text);
  const { left, right } = predicate;
  const isVariable = left.kind === 'path' && !left.fromIt && nameOf(left) === body.variable.name;
  if (!isVariable || predicate.operator !== 'eq' || right.kind !== 'literal' || right.type !== 'string') {
    throw notBuilt(term, text);
  }
  const property = findProperty(entitySet.type, right.value);
  if (property !== undefined) return { kind: 'changed', property };
  const names = entitySet.type.properties.map(({ name }) => name);
  throw new ServiceError(
    'propertyUnknown',
    `Could not find a property named '${quoteForMessage(right.value)}' on type '${entitySet.type.name}'.${didYouMean(right.value, names)}`,
    { target: '$filter' },
  );
}

const nameOf = ({ segments }: PathExpression): string => segments.map(({ name }) => name).join('/');

function notBuilt({ offset, end }: Expression, text: string): ServiceError {
  return new ServiceError(
    'optionUnsupported',
    `This filter on change records is not supported: '${quoteForMessage(text.slice(offset, end))}'. Supported are, joined by and: ` +
      `${[...fields.keys()].map((name) => `${name} eq '…'`).join(', ')}, at gt, ge, lt or le an instant, ` +
      "changed/any(c:c eq '…').",
    { target: '$filter' },
  );
}

function unknown(name: string): ServiceError {
  if (unasked.includes(name)) {
    return new ServiceError(
      'optionUnsupported',
      `Change records cannot be filtered by '${name}'. They can by ${known.join(', ')}.`,
      { target: '$filter' },
    );
  }
  return new ServiceError(
    'propertyUnknown',
    `Could not find a property named '${quoteForMessage(name)}' on a change record.${didYouMean(name, known)} They can be filtered by ${known.join(', ')}.`,
    { target: '$filter' },
  );
}

const mismatch = (name: string, expected: string): ServiceError =>
  new ServiceError('operandTypeMismatch', `'${name}' of a change record is compared with ${expected}.`, {
    target: '$filter',
  });
