/** All in which the engines' SQL and stored values differ. */
import type { PrimitiveValue } from '../edm/types.ts';
import type { Fragment } from './statement.ts';
import type { ColumnType } from './table.ts';

export interface Dialect {
  readonly name: 'sqlite' | 'postgres';
  placeholder(index: number): string;
  /** The SQL type of a column of this kind. */
  columnType(type: ColumnType): string;
  /** SQL types of the columns every table has. */
  readonly types: { readonly text: string; readonly integer: string };
  /** A wire value → what the engine stores. */
  encode(value: PrimitiveValue, type: ColumnType): unknown;
  /** Appended to a read that a write depends on. */
  readonly lockRow: Fragment;
}
