/** A plan in one line, so that a journey shows what a request was taken to mean. */

import type { Assignment, Plan, Preconditions, WriteAnswer } from '../../src/plan/plan.ts';
import type { EntityTagCondition } from '../../src/request/odata-request.ts';

/** `update a1 at version 1: name = "New", vendorInformation/vendor = "F"` */
export function outlinePlan(plan: Plan): string {
  switch (plan.kind) {
    case 'read':
      return `read ${plan.key}${conditions(plan.preconditions)}${rest(plan, ['projection'])}`;
    case 'list': {
      const { pageSize, after, orderBy } = plan;
      const place =
        after === undefined ? '' : ` after ${after.map((value) => JSON.stringify(value)).join(', ')}`;
      const order = orderBy.map(
        ({ expression, descending }) => `${outline(expression)}${descending ? ' desc' : ''}`,
      );
      const others = rest(plan, ['filter', 'search', 'skip', 'remaining', 'count', 'projection']);
      return `list ${pageSize} of ${plan.entitySet.name}${place}, ordered by ${order.join(', ')}${others}`;
    }
    case 'create':
      return `create ${plan.id}: ${members(plan.values)}${answer(plan.answer)}`;
    case 'update': {
      const assignments = plan.assignments.flatMap(assignment).join(', ');
      return `update ${plan.key}${conditions(plan.preconditions)}: ${assignments || 'nothing'}${answer(plan.answer)}`;
    }
    case 'delete':
      return `delete ${plan.key}${conditions(plan.preconditions)}`;
    default:
      return outline(plan);
  }
}

function conditions({ ifMatch, ifNoneMatch }: Preconditions): string {
  const tags = (condition: EntityTagCondition) =>
    condition === '*' ? 'any version' : `version ${condition.join(' or ')}`;
  return [
    ifMatch === undefined ? '' : ` at ${tags(ifMatch)}`,
    ifNoneMatch === undefined ? '' : ` unless ${tags(ifNoneMatch)}`,
  ].join('');
}

function assignment(from: Assignment): readonly string[] {
  const { name } = from.property;
  if (from.kind === 'replace') return [`${name} = ${JSON.stringify(from.value)}`];
  return Object.entries(from.members).map(
    ([member, value]) => `${name}/${member} = ${JSON.stringify(value)}`,
  );
}

/** Values that say something. */
function members(values: object): string {
  const told = Object.entries(values).filter(([, value]) => value !== null && JSON.stringify(value) !== '[]');
  return told.map(([name, value]) => `${name} = ${JSON.stringify(value)}`).join(', ');
}

const answer = ({ returns }: WriteAnswer) => (returns === 'minimal' ? '; answer nothing' : '');

/** The parts of a plan that are not as in the simplest request. */
function rest(plan: object, names: readonly string[]): string {
  return Object.entries(plan)
    .filter(([name, value]) => names.includes(name) && value !== undefined && value !== 0 && value !== false)
    .map(([name, value]) => `; ${name} ${outline(value)}`)
    .join('');
}

/** Any tree of named parts: `(eq name "x")`; what a part points to in the model is told by name. */
function outline(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(outline).join(' ')}]`;
  if (typeof value === 'string') return JSON.stringify(value);
  if (typeof value !== 'object' || value === null) return String(value);
  const node = value as Readonly<Record<string, unknown>>;
  if (node.kind === 'constant') return outline(node.value);
  if (node.kind === 'leaf') return (node.leaf as { readonly path: string }).path;
  const head = node.operator ?? node.function ?? node.kind;
  const parts = Object.entries(node).filter(([name]) => !hidden.has(name));
  return `(${[head, ...parts.map(([, part]) => outline(part))].filter((part) => part !== undefined).join(' ')})`;
}

const hidden = new Set([
  'kind',
  'operator',
  'function',
  'type',
  'root',
  'format',
  'entitySet',
  'tenantId',
  'property',
]);
