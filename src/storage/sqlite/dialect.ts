/** How SQLite spells and stores. */
import type { Dialect } from '../../sql/dialect.ts';
import { encodeShared } from '../../sql/encode.ts';
import { sql } from '../../sql/statement.ts';
import type { ColumnType } from '../../sql/table.ts';

export const sqliteDialect: Dialect = {
  name: 'sqlite',
  placeholder: () => '?',
  types: { text: 'text', integer: 'integer' },
  columnType: (type: ColumnType) =>
    type.kind === 'primitive' && type.name === 'Edm.String' ? 'text' : 'integer',
  encode(value, type) {
    const shared = encodeShared(value, type);
    return typeof shared === 'boolean' ? Number(shared) : shared;
  },
  // A write transaction is alone on the file; nothing to lock.
  lockRow: sql``,
};
