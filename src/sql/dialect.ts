/** All in which the engines' SQL and stored values differ. */
import type { TenantId } from '../auth/authenticator.ts';
import type { EntitySet, EntityValues, EnumType, Leaf, PrimitiveType, PrimitiveValue } from '../edm/types.ts';
import type { Arithmetic, ConstantValue, ValueType } from '../plan/bound.ts';
import type { CanonicalFunction } from '../plan/functions.ts';
import type { Fragment, Statement } from './statement.ts';
import type { ColumnType } from './table.ts';

/** A row addressed by tenant and id. */
export interface RowAddress {
  readonly entitySet: EntitySet;
  readonly tenantId: TenantId;
  readonly id: string;
}

/** Whose rows a question is about. */
export type AskedRows = Pick<RowAddress, 'entitySet' | 'tenantId'>;

/** SQL for a value, and the type the value has. */
export interface Operand {
  readonly fragment: Fragment;
  readonly type: ValueType;
}

/** Words that must stand side by side in one text, the last of them perhaps unfinished (`BoundSearch`). */
export interface WordSequence {
  readonly words: readonly string[];
  /** Undefined: in any text of the entity. */
  readonly leaf: Leaf | undefined;
}

/** Indexes over the texts of entities; the statements keep them in step with the rows, in the same transaction. */
export interface TextIndexes {
  /** After the row was inserted. */
  insert(address: RowAddress, values: EntityValues): readonly Statement[];
  /** After the row was updated; only texts of `changed` properties are touched. */
  update(
    address: RowAddress,
    change: {
      readonly before: EntityValues;
      readonly after: EntityValues;
      readonly changed: readonly string[];
    },
  ): readonly Statement[];
  /** Before the row and its items are deleted: reads them. */
  delete(address: RowAddress): readonly Statement[];
  /** Selects the keys of exactly the rows in which one of the sequences stands; no key is null. */
  selectMatching(asked: AskedRows, sequences: readonly WordSequence[]): Fragment;
  /**
   * Selects the keys of all rows whose text contains `part`, whatever the case of letters, and perhaps of others;
   * undefined where no index helps.
   */
  selectContaining(asked: AskedRows, leaf: Leaf, part: string): Fragment | undefined;
}

export interface Dialect {
  readonly name: 'sqlite' | 'postgres';
  placeholder(index: number): string;
  /** The SQL type of a column of this kind. */
  columnType(type: ColumnType): string;
  /** SQL types of the columns every table has. */
  readonly types: { readonly text: string; readonly integer: string };
  /** The column by which items and text indexes refer to a row: its number, or `id` in an engine that has none. */
  readonly rowKey: 'row_id' | 'id';
  /** A wire value → what the engine stores. */
  encode(value: PrimitiveValue, type: ColumnType): unknown;
  /** Appended to a read that a write depends on. */
  readonly lockRow: Fragment;
  /** A value of an expression; null as `null`. */
  constant(value: ConstantValue, type: ValueType): Fragment;
  /** Equality that takes null as a value; never null itself. */
  isSame(left: Fragment, right: Fragment): Fragment;
  isDifferent(left: Fragment, right: Fragment): Fragment;
  /** A term of `order by`: null first ascending, last descending. What is never null takes the plain spelling. */
  orderTerm(expression: Fragment, descending: boolean, nullable: boolean): Fragment;
  /** The expression so that no index serves a comparison or an order of it. */
  unindexed(expression: Fragment): Fragment;
  /**
   * Whether lists try the first rows of an order before they look for all rows that pass: for planners that cannot
   * tell which of the two is faster.
   */
  readonly triesOrderFirst: boolean;
  /** ` limit …`: at most so many rows. */
  limit(rows: number): Fragment;
  /** Whether `union all` yields the rows of its queries one query after the other. */
  readonly appendsInOrder: boolean;
  /**
   * An aggregate: the texts of the rows of a subquery in their order, with commas between, as UTF-8. Undefined where rows
   * are better sent one by one.
   */
  readonly joinTexts: ((text: Fragment) => Fragment) | undefined;
  /**
   * Whether rows with texts too long for an index are marked in a column `oversized`: indexes with texts then hold
   * the other rows only.
   */
  readonly marksOversized: boolean;
  /** A value as text that `readValue` reads back exactly; null stays null. */
  asText(operand: Operand): Fragment;
  /** Null where the type has no such value: overflow, division by zero. */
  arithmetic(operator: Arithmetic['operator'], type: PrimitiveType, left: Operand, right: Operand): Fragment;
  negate(operand: Operand): Fragment;
  /** Null where the value has no such form. */
  cast(operand: Operand, type: PrimitiveType | EnumType): Fragment;
  /** Null when an argument is null; dates arrive as the ticks of their midnight. */
  readonly functions: Readonly<
    Record<Exclude<CanonicalFunction, 'matchespattern'>, (...parameters: readonly Fragment[]) => Fragment>
  >;
  /** Whether a pattern in RE2 syntax is found in the text. */
  matches(text: Fragment, pattern: string): Fragment;
  /** Sum or average of numbers, least or greatest value; null of none. */
  aggregate(method: 'sum' | 'average' | 'min' | 'max', operand: Operand, type: ValueType): Fragment;
  readonly textIndexes: TextIndexes;
}
