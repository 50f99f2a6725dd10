/** What an engine must offer; everything behind it is the driver's own. */
import type { Dialect } from '../sql/dialect.ts';
import type { Statement } from '../sql/statement.ts';

/** A row as the engine returns it, by column name. */
export type Row = { readonly [column: string]: unknown };

export interface Session {
  /** Runs one statement; engine failures arrive as ServiceError 503 or, for our own mistakes, as Error. */
  run(statement: Statement): Promise<readonly Row[]>;
}

export interface Database {
  readonly dialect: Dialect;
  /** Reads committed rows; `work` sees one state of the data if it runs one statement. */
  read<T>(work: (session: Session) => Promise<T>): Promise<T>;
  /**
   * Runs `work` in a transaction and resolves only after it is durable. Works waiting at the same moment may
   * share a commit; one that throws takes back its own statements only. `work` may run again when the engine
   * asks for a retry.
   */
  write<T>(work: (session: Session) => Promise<T>): Promise<T>;
  /** Throws storageUnavailable unless the engine answers. */
  ping(): Promise<void>;
  close(): Promise<void>;
}
