/** What the other query options mean, over rows in memory: order, search, pages, $apply. */
import {
  type ComplexValue,
  type EntityType,
  type EntityValues,
  type Leaf,
  leavesOf,
} from '../../src/edm/types.ts';
import type { Aggregate, ApplyStep } from '../../src/plan/apply-steps.ts';
import type { BoundSearch, OrderKey } from '../../src/plan/bound.ts';
import { compareValues, evaluate, leafValue, passes, type Row, type Value } from './reference-evaluator.ts';

/** Negative where `left` comes first; null stands before everything ascending, after it descending (Protocol 11.2.6.2). */
export function compareRows(keys: readonly OrderKey[], left: Row, right: Row): number {
  for (const { expression, descending } of keys) {
    const order = compareNullable(evaluate(expression, left), evaluate(expression, right));
    if (order !== 0) return descending ? -order : order;
  }
  return 0;
}

function compareNullable(left: Value, right: Value): number {
  if (left === null || right === null) return Number(left !== null) - Number(right !== null);
  return compareValues(left, right);
}

/** The rows in order; those of equal keys stay as they were. */
export function sortRows(keys: readonly OrderKey[], rows: readonly Row[]): readonly Row[] {
  return [...rows].sort((left, right) => compareRows(keys, left, right));
}

/** A list cut into pages. */
export function pagesOf<T>(rows: readonly T[], pageSize: number): readonly (readonly T[])[] {
  if (rows.length <= pageSize) return [rows];
  return [rows.slice(0, pageSize), ...pagesOf(rows.slice(pageSize), pageSize)];
}

// $search.

/** The words of a text: runs of letters, marks and digits, composed, in lower case. */
export function wordsOf(text: string): readonly string[] {
  return (
    text
      .normalize('NFC')
      .toLowerCase()
      .match(/[\p{L}\p{M}\p{N}]+/gu) ?? []
  );
}

/** Whether an entity matches a $search. */
export function matches(search: BoundSearch, entity: EntityValues, type: EntityType): boolean {
  switch (search.kind) {
    case 'term': {
      const leaves = search.leaf === undefined ? leavesOf(type) : [search.leaf];
      const texts = leaves.flatMap((leaf) => textsOf(leaf, entity));
      return texts.some((text) => containsWords(wordsOf(text), search.words));
    }
    case 'not':
      return !matches(search.operand, entity, type);
    case 'and':
      return search.operands.every((operand) => matches(operand, entity, type));
    case 'or':
      return search.operands.some((operand) => matches(operand, entity, type));
  }
}

function textsOf({ property, parent, type }: Leaf, entity: EntityValues): readonly string[] {
  const item = type.kind === 'collection' ? type.item : type;
  if (item.name !== 'Edm.String') return [];
  const holder = parent === undefined ? entity : (entity[parent.name] as ComplexValue | null);
  return [holder?.[property.name] ?? []].flat().filter((text) => typeof text === 'string');
}

/** The words side by side, the last of them perhaps unfinished. */
function containsWords(words: readonly string[], wanted: readonly string[]): boolean {
  const last = wanted.length - 1;
  return words.some((_, start) =>
    wanted.every((word, index) => {
      const found = words[start + index] ?? '';
      return index === last ? found.startsWith(word) : found === word;
    }),
  );
}

// $apply.

/** The rows after the steps. Where no order was asked for, their order means nothing. */
export function applySteps(
  steps: readonly ApplyStep[],
  rows: readonly Row[],
  type: EntityType,
): readonly Row[] {
  return steps.reduce((input, step) => applyStep(step, input, type), rows);
}

function applyStep(step: ApplyStep, rows: readonly Row[], type: EntityType): readonly Row[] {
  switch (step.kind) {
    case 'filter':
      return rows.filter((row) => passes(step.filter, row));
    case 'search':
      return rows.filter(({ entity }) => entity !== undefined && matches(step.search, entity, type));
    case 'compute':
      return rows.map((row) => {
        const added = step.computed.map(
          ({ alias, expression }) => [alias, evaluate(expression, row)] as const,
        );
        return { ...row, columns: new Map([...row.columns, ...added]) };
      });
    case 'group':
      return group(step, rows);
    case 'orderBy':
      return sortRows(step.keys, rows);
    case 'skip':
      return rows.slice(step.rows);
    case 'top':
      return rows.slice(0, step.rows);
    case 'concat':
      return step.branches
        .flatMap((branch) => applySteps(branch, rows, type))
        .map((row) => {
          const columns = step.columns.map(({ path, leaf }) => [path, columnOf(path, leaf, row)] as const);
          return { entity: undefined, columns: new Map(columns) };
        });
  }
}

/** The value of a column of a result; a column the row lacks is null. */
export function columnOf(path: string, leaf: Leaf | undefined, row: Row): Value {
  const made = row.columns.get(path);
  if (made !== undefined) return made;
  return leaf === undefined || row.entity === undefined ? null : leafValue(leaf, row);
}

function group(
  { keys, aggregates }: Extract<ApplyStep, { kind: 'group' }>,
  rows: readonly Row[],
): readonly Row[] {
  const groups = new Map<string, Row[]>();
  if (keys.length === 0) groups.set('', []);
  for (const row of rows) {
    const identity = keys.map(({ path, leaf }) => textOf(columnOf(path, leaf, row))).join(' ');
    groups.set(identity, [...(groups.get(identity) ?? []), row]);
  }
  return [...groups.values()].map((members) => {
    const keyColumns = keys.map(({ path, leaf }): [string, Value] => {
      const [first] = members;
      return [path, first === undefined ? null : columnOf(path, leaf, first)];
    });
    const aggregated = aggregates.map((each): [string, Value] => [each.alias, aggregate(each, members)]);
    return { entity: undefined, columns: new Map([...keyColumns, ...aggregated]) };
  });
}

/** A value as text that is different for different values. */
export function textOf(value: Value): string {
  return typeof value === 'bigint' ? `${value}n` : JSON.stringify(value);
}

/** Data Aggregation 3.2.1: nulls are removed first. */
function aggregate({ method, operand }: Aggregate, rows: readonly Row[]): Value {
  if (operand === undefined) return BigInt(rows.length);
  const values = rows.map((row) => evaluate(operand, row)).filter((value) => value !== null);
  switch (method) {
    case 'count':
      return BigInt(values.length);
    case 'countDistinct':
      return BigInt(new Set(values.map(textOf)).size);
    case 'min':
      return extreme(values, -1);
    case 'max':
      return extreme(values, 1);
    case 'sum':
      return sum(values);
    case 'average': {
      const total = sum(values.map(Number));
      return total === null ? null : Number(total) / values.length;
    }
  }
}

function extreme(values: readonly Value[], sign: 1 | -1): Value {
  return values.reduce<Value>(
    (best, value) => (best === null || compareValues(value, best) * sign > 0 ? value : best),
    null,
  );
}

/** Whole numbers that leave Edm.Int64, like reals that leave Edm.Double, have no sum. */
function sum(values: readonly Value[]): Value {
  if (values.length === 0) return null;
  if (values.every((value) => typeof value === 'bigint')) {
    const total = values.reduce((before, value) => before + value, 0n);
    return BigInt.asIntN(64, total) === total ? total : null;
  }
  const total = values.reduce<number>((before, value) => before + Number(value), 0);
  return Number.isFinite(total) ? total : null;
}
