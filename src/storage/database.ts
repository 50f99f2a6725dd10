/** What an engine must offer; everything behind it is the driver's own. */
import type { Dialect } from '../sql/dialect.ts';
import type { Statement } from '../sql/statement.ts';

/** A row as the engine returns it, by column name. */
export type Row = { readonly [column: string]: unknown };

export interface Session {
  /** Runs one statement; engine failures arrive as ServiceError 503 or, for our own mistakes, as Error. */
  run(statement: Statement): Promise<readonly Row[]>;
}

/** What the engine is told about a read, so that it can keep it out of the way of the others. */
export interface ReadOptions {
  /** `point`: rows by key, always cheap. `scan`: lists, counts, aggregations, which may take long. */
  readonly expected: 'point' | 'scan';
  /** Aborted when nobody waits for the answer any more: a scan is dropped, the read rejects with its reason. */
  readonly signal?: AbortSignal | undefined;
  /** How long a scan may run before it ends as queryTooComplex; limits.statementTimeMs unless given. */
  readonly timeLimitMs?: number | undefined;
  /** Scans that must wait take turns by this key, such as the tenant. */
  readonly fairBy?: string | undefined;
}

export interface Database {
  readonly dialect: Dialect;
  /**
   * Reads committed rows. A scan sees one state of the data in all its statements, a point read in each
   * statement. `work` may run again, awaits nothing but its session, and starts no other read.
   */
  read<T>(work: (session: Session) => Promise<T>, options?: ReadOptions): Promise<T>;
  /**
   * Runs `work` in a transaction and resolves only after it is durable. Works waiting at the same moment may
   * share a commit; one that throws takes back its own statements only. `work` may run again when the engine
   * asks for a retry.
   */
  write<T>(work: (session: Session) => Promise<T>): Promise<T>;
  /** Throws storageUnavailable unless the engine answers. */
  ping(): Promise<void>;
  /** Finishes the writes under way, ends the reads, refuses what comes later with serverStopping. */
  close(): Promise<void>;
}
