/** The order of a list and where a page of it starts (digest 4.8, 4.10). */
import { isId, type OrderKey, typeOf } from '../plan/bound.ts';
import { compileValue } from './compile-expression.ts';
import type { Operand } from './dialect.ts';
import { combine, never } from './logic.ts';
import { isNullable } from './nullability.ts';
import type { Scope } from './scope.ts';
import { type Fragment, join, sql } from './statement.ts';
import { readValue } from './value.ts';

/** A key of the order in SQL. */
export interface SortKey extends Operand {
  readonly descending: boolean;
  readonly nullable: boolean;
  /** The path of the leaf it is, if it is one. */
  readonly path: string | undefined;
  /** Whether it is the entity's own key, which every row has anyway. */
  readonly isId: boolean;
}

/** The keys of an order, in the scope of the rows to sort. */
export function compileKeys(orderBy: readonly OrderKey[], scope: Scope): readonly SortKey[] {
  return orderBy.map(({ expression, descending }) => ({
    fragment: compileValue(expression, scope),
    type: typeOf(expression),
    descending,
    nullable: isNullable(expression, scope),
    path: expression.kind === 'leaf' ? expression.leaf.path : undefined,
    isId: isId(expression),
  }));
}

/** A key with the value it had in the last row of the page before; null as undefined. */
interface PassedKey extends SortKey {
  readonly passed: Fragment | undefined;
}

/** Rows that stand together in the order. */
export interface OrderRange {
  readonly condition: Fragment;
  /** How many of the first keys are the same in all of the rows: the others alone order them. */
  readonly sharedKeys: number;
}

/**
 * The rows after a position, as ranges that follow one another in the order: one condition for each. An index
 * can start each range where it begins, which it could not with their union.
 */
export function compileRanges(
  keys: readonly SortKey[],
  after: readonly (string | null)[],
  scope: Scope,
  indexed: boolean,
): readonly OrderRange[] {
  if (after.length !== keys.length) throw new Error(`${after.length} values for ${keys.length} keys`);
  const passedKeys = keys.map((key, index): PassedKey => {
    const value = readValue(after[index] ?? null, key.type);
    return { ...key, passed: value === null ? undefined : scope.dialect.constant(value, key.type) };
  });
  const row = compareRows(passedKeys);
  if (row !== undefined) return [{ condition: row, sharedKeys: 0 }];
  const [first, ...others] = passedKeys;
  if (first === undefined) throw new Error('an order without keys');
  if (!indexed) return [{ condition: isAfter(passedKeys), sharedKeys: 0 }];
  const level = { condition: combine('and', [isLevel(first), isAfter(others)]), sharedKeys: 1 };
  const following = followsFirst(first).map((condition, index) => ({
    condition,
    // What follows the lesser values are the nulls.
    sharedKeys: index === 0 || others.length === 0 ? 0 : 1,
  }));
  const ranges = [...(others.length === 0 ? [] : [level]), ...following];
  return ranges.length === 0 ? [{ condition: never, sharedKeys: 0 }] : ranges;
}

/** `(a, b) > (?, ?)`, where that is all there is to it: one direction, and no null that would come after. */
function compareRows(keys: readonly PassedKey[]): Fragment | undefined {
  const descending = keys[0]?.descending === true;
  const passed = keys.map((key) => key.passed).filter((value) => value !== undefined);
  const simple = keys.every((key) => key.descending === descending && !(descending && key.nullable));
  if (!simple || passed.length < keys.length) return undefined;
  const left = join(
    keys.map(({ fragment }) => fragment),
    ', ',
  );
  const right = join(passed, ', ');
  return descending ? sql`((${left}) < (${right}))` : sql`((${left}) > (${right}))`;
}

function isAfter([first, ...others]: readonly PassedKey[]): Fragment {
  if (first === undefined) return never;
  const follows = followsFirst(first);
  if (others.length === 0) return follows.length === 0 ? never : combine('or', follows);
  return combine('or', [...follows, combine('and', [isLevel(first), isAfter(others)])]);
}

/** The ranges of rows that the key alone puts after the position, in order. Null comes first ascending, last descending. */
function followsFirst({ fragment, passed, descending, nullable }: PassedKey): readonly Fragment[] {
  if (!descending)
    return [passed === undefined ? sql`(${fragment} is not null)` : sql`(${fragment} > ${passed})`];
  if (passed === undefined) return [];
  const less = sql`(${fragment} < ${passed})`;
  return nullable ? [less, sql`(${fragment} is null)`] : [less];
}

/** The rows the key does not tell from the position. */
const isLevel = ({ fragment, passed }: PassedKey): Fragment =>
  passed === undefined ? sql`(${fragment} is null)` : sql`(${fragment} = ${passed})`;
