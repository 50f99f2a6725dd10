/** Short names for bound expressions and plans over the profile, for tests of what they become. */
import type { TenantId } from '../../../src/auth/authenticator.ts';
import { type Leaf, leavesOf, type Property } from '../../../src/edm/types.ts';
import { cloudAppSecurityProfiles } from '../../../src/model/cloud-app-security-profile.ts';
import {
  type BoundExpression,
  type BoundSearch,
  booleanType,
  type Call,
  type Comparison,
  type Constant,
  type ConstantValue,
  dateTimeOffsetType,
  doubleType,
  int64Type,
  type OrderKey,
  stringType,
  type ValueType,
} from '../../../src/plan/bound.ts';
import type { ApplyPlan, ListPlan } from '../../../src/plan/plan.ts';

export const entitySet = cloudAppSecurityProfiles;
export const tenantId = '00000000-0000-4000-8000-00000000000a' as TenantId;

export function leafOf(path: string): Leaf {
  const leaf = leavesOf(entitySet.type).find((candidate) => candidate.path === path);
  if (leaf === undefined) throw new Error(`no leaf ${path}`);
  return leaf;
}

export function propertyOf(name: string): Property {
  const property = entitySet.type.properties.find((candidate) => candidate.name === name);
  if (property === undefined) throw new Error(`no property ${name}`);
  return property;
}

export function leaf(path: string): BoundExpression {
  const found = leafOf(path);
  if (found.type.kind === 'collection') throw new Error(`${path} is a collection`);
  return { kind: 'leaf', type: found.type, leaf: found };
}

const typeOfValue = (value: ConstantValue): ValueType => {
  if (value === null) return { kind: 'null' };
  if (typeof value === 'string') return stringType;
  if (typeof value === 'boolean') return booleanType;
  return typeof value === 'bigint' ? int64Type : doubleType;
};

export const constant = (value: ConstantValue, type = typeOfValue(value)): Constant => ({
  kind: 'constant',
  type,
  value,
});

export const instant = (ticks: bigint): Constant => constant(ticks, dateTimeOffsetType);

const compared =
  (operator: Comparison['operator']) =>
  (left: BoundExpression, right: BoundExpression): Comparison => ({
    kind: 'comparison',
    operator,
    left,
    right,
  });

export const eq = compared('eq');
export const ne = compared('ne');
export const gt = compared('gt');
export const ge = compared('ge');
export const lt = compared('lt');

export const not = (operand: BoundExpression): BoundExpression => ({ kind: 'not', operand });
export const and = (...operands: readonly BoundExpression[]): BoundExpression => ({ kind: 'and', operands });
export const or = (...operands: readonly BoundExpression[]): BoundExpression => ({ kind: 'or', operands });

export const call = (
  name: Call['function'],
  type: ValueType,
  ...parameters: readonly BoundExpression[]
): Call => ({
  kind: 'call',
  function: name,
  type,
  arguments: parameters,
});
export const contains = (text: BoundExpression, part: string) =>
  call('contains', booleanType, text, constant(part));
export const lower = (text: BoundExpression) => call('tolower', stringType, text);

export const item: BoundExpression = { kind: 'item', type: stringType, depth: 0 };
export const quantifier = (operator: 'any' | 'all', predicate?: BoundExpression): BoundExpression => ({
  kind: 'quantifier',
  operator,
  property: propertyOf('tags'),
  depth: 0,
  predicate,
});

export const by = (path: string, descending = false): OrderKey => ({ expression: leaf(path), descending });

export const term = (...words: readonly string[]): BoundSearch => ({ kind: 'term', words, leaf: undefined });

const root: ListPlan['root'] = 'beta';
const format: ListPlan['format'] = {
  metadata: 'minimal',
  ieee754Compatible: false,
  omitNulls: false,
  applied: [],
};

/** The first page of 50 by id, but for what is said otherwise. */
export const list = (changes: Partial<ListPlan> = {}): ListPlan => ({
  kind: 'list',
  root,
  format,
  entitySet,
  tenantId,
  pageSize: 50,
  after: undefined,
  remaining: undefined,
  skip: 0,
  filter: undefined,
  search: undefined,
  orderBy: [by('id')],
  count: false,
  projection: undefined,
  link: { options: '', fingerprint: '', nowTicks: 0n, pageSize: 50 },
  ...changes,
});

export const apply = (changes: Pick<ApplyPlan, 'steps' | 'columns'> & Partial<ApplyPlan>): ApplyPlan => ({
  kind: 'apply',
  root,
  format,
  entitySet,
  tenantId,
  added: [],
  countSteps: undefined,
  ...changes,
});
