/** Bound expressions of the profile, as short as tests want them. */
import { type EntitySet, leavesOf, type PrimitiveType, type Property } from '../../src/edm/types.ts';
import { ServiceError } from '../../src/errors.ts';
import { parseFilter } from '../../src/language/parser.ts';
import {
  applicationPermissionsRequired,
  cloudAppSecurityProfiles,
} from '../../src/model/cloud-app-security-profile.ts';
import { model } from '../../src/model/index.ts';
import { bindFilter } from '../../src/plan/bind-expression.ts';
import type { BindScope, BoundOptionName } from '../../src/plan/bind-scope.ts';
import {
  type Arithmetic,
  type BoundExpression,
  booleanType,
  type Comparison,
  type Constant,
  dateTimeOffsetType,
  dateType,
  doubleType,
  durationType,
  int64Type,
  type LeafReference,
  stringType,
  timeOfDayType,
} from '../../src/plan/bound.ts';
import { type CanonicalFunction, functionSignatures } from '../../src/plan/functions.ts';

/** What now() is in tests: 2026-01-01T00:00:00Z. */
export const nowTicks = 639_028_224_000_000_000n;

const entitySet: EntitySet = cloudAppSecurityProfiles;

/** A scope over profiles; `aliases` are those of the request, without '@'. */
export function scopeOf(
  optionName: BoundOptionName,
  optionText: string,
  aliases: Readonly<Record<string, string>> = {},
): BindScope {
  return {
    entitySet,
    model,
    optionName,
    optionText,
    aliases: new Map(Object.entries(aliases)),
    nowTicks,
    computed: [],
  };
}

/** Parses and binds a $filter. */
export function bindText(text: string, aliases: Readonly<Record<string, string>> = {}): BoundExpression {
  return bindFilter(parseFilter(text), scopeOf('$filter', text, aliases));
}

/** What a client sees of a refusal. */
export interface Refusal {
  readonly code: string;
  readonly target: string | undefined;
  readonly message: string;
}

/** The refusal `work` ends in; throws when it does not end in one. */
export function refusalOf(work: () => unknown): Refusal {
  try {
    work();
  } catch (error) {
    if (error instanceof ServiceError)
      return { code: error.code, target: error.target, message: error.message };
    throw error;
  }
  throw new Error('nothing was refused');
}

/** The declared property of a name. */
export function propertyOf(name: string): Property {
  const property = entitySet.type.properties.find((candidate) => candidate.name === name);
  if (property === undefined) throw new Error(`no property ${name}`);
  return property;
}

/** A reference to the leaf at a path. */
export function leaf(path: string): LeafReference {
  const found = leavesOf(entitySet.type).find((candidate) => candidate.path === path);
  if (found === undefined || found.type.kind === 'collection') throw new Error(`no leaf ${path}`);
  return { kind: 'leaf', type: found.type, leaf: found };
}

export const nothing: Constant = { kind: 'constant', type: { kind: 'null' }, value: null };
export const text = (value: string): Constant => ({ kind: 'constant', type: stringType, value });
export const boolean = (value: boolean): Constant => ({ kind: 'constant', type: booleanType, value });
export const whole = (value: number): Constant => ({
  kind: 'constant',
  type: int64Type,
  value: BigInt(value),
});
export const double = (value: number): Constant => ({ kind: 'constant', type: doubleType, value });
export const instant = (value: bigint): Constant => ({ kind: 'constant', type: dateTimeOffsetType, value });
export const date = (value: bigint): Constant => ({ kind: 'constant', type: dateType, value });
export const time = (value: bigint): Constant => ({ kind: 'constant', type: timeOfDayType, value });
export const duration = (value: bigint): Constant => ({ kind: 'constant', type: durationType, value });
export const guid = (value: string): Constant => ({
  kind: 'constant',
  type: { kind: 'primitive', name: 'Edm.Guid' },
  value,
});
export const permission = (value: number): Constant => ({
  kind: 'constant',
  type: applicationPermissionsRequired,
  value: BigInt(value),
});

export const compare = (
  operator: Comparison['operator'],
  left: BoundExpression,
  right: BoundExpression,
): BoundExpression => ({ kind: 'comparison', operator, left, right });

export const calculate = (
  operator: Arithmetic['operator'],
  type: PrimitiveType,
  left: BoundExpression,
  right: BoundExpression,
): BoundExpression => ({ kind: 'arithmetic', operator, type, left, right });

export const call = (
  name: CanonicalFunction,
  ...parameters: readonly BoundExpression[]
): BoundExpression => ({
  kind: 'call',
  function: name,
  type: functionSignatures[name].result,
  arguments: parameters,
});

export const cast = (name: PrimitiveType['name'], operand: BoundExpression): BoundExpression => ({
  kind: 'cast',
  type: { kind: 'primitive', name },
  operand,
});

export const not = (operand: BoundExpression): BoundExpression => ({ kind: 'not', operand });
export const and = (...operands: readonly BoundExpression[]): BoundExpression => ({ kind: 'and', operands });
export const or = (...operands: readonly BoundExpression[]): BoundExpression => ({ kind: 'or', operands });
export const among = (operand: BoundExpression, ...items: readonly Constant[]): BoundExpression => ({
  kind: 'inList',
  operand,
  items,
});

/** The item a lambda over tags looks at. */
export const item = (depth: number): BoundExpression => ({ kind: 'item', type: stringType, depth });

/** `tags/any(…)` or `tags/all(…)` */
export const quantify = (
  operator: 'any' | 'all',
  depth: number,
  predicate: BoundExpression | undefined,
): BoundExpression => ({ kind: 'quantifier', operator, property: propertyOf('tags'), depth, predicate });
