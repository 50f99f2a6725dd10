/** What an engine must offer; everything behind it is the driver's own. */
import type { Dialect } from '../sql/dialect.ts';
import type { Statement } from '../sql/statement.ts';

/** A row as the engine returns it, by column name. */
export type Row = { readonly [column: string]: unknown };

export interface Session {
  /** Runs one statement; engine failures arrive as ServiceError 503 or, for our own mistakes, as Error. */
  run(statement: Statement): Promise<readonly Row[]>;
  /**
   * Whether rows may arrive joined into one value, which is cheaper by half: where a read is brief, so that the value
   * stays within bounds.
   */
  readonly joinsRows?: boolean;
  /**
   * Runs one statement whose rows nobody reads, where the engine need not be waited for: its failure may arrive as
   * late as with the next statement or the end of the work.
   */
  send?(statement: Statement): Promise<void>;
  /** The same for several, in their order. */
  sendAll?(statements: readonly Statement[]): Promise<void>;
  /** The same at the end of the transaction: for rows that others wait for, which are then held the least. */
  sendLast?(statement: LastStatement): Promise<void>;
}

/** A statement for the end of a transaction. */
export interface LastStatement extends Statement {
  /** What runs for all statements with the same function, perhaps less than one after the other would. */
  readonly together?: (statements: readonly Statement[]) => readonly Statement[];
}

/** What runs at the end of a transaction: all at once where all can be. */
export function joinLast(last: readonly LastStatement[]): readonly Statement[] {
  const together = last[0]?.together;
  const isJoined = together !== undefined && last.every((each) => each.together === together);
  return isJoined ? together(last) : last.flatMap((each) => each.together?.([each]) ?? [each]);
}

/** Runs a statement whose rows nobody reads, as early as the session can go on. */
export async function send(statement: Statement, session: Session): Promise<void> {
  await (session.send === undefined ? session.run(statement) : session.send(statement));
}

/** Runs statements whose rows nobody reads, in their order. */
export async function sendAll(statements: readonly Statement[], session: Session): Promise<void> {
  if (session.sendAll !== undefined) return session.sendAll(statements);
  for (const statement of statements) await send(statement, session);
}

/** Runs a statement whose rows nobody reads, as late as the session can. */
export function sendLast(statement: LastStatement, session: Session): Promise<void> {
  return session.sendLast === undefined
    ? sendAll(joinLast([statement]), session)
    : session.sendLast(statement);
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

/** What the engine is told about a write, so that it can carry out several at once. */
export interface WriteOptions {
  /** Writes with the same text, such as the tenant, that wait at the same moment may share a transaction. */
  readonly group: string;
  /** The row that the work locks with its first statement; undefined when it only makes new ones. */
  readonly row: string | undefined;
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
  write<T>(work: (session: Session) => Promise<T>, options?: WriteOptions): Promise<T>;
  /** Throws storageUnavailable unless the engine answers. */
  ping(): Promise<void>;
  /** Finishes the writes under way, ends the reads, refuses what comes later with serverStopping. */
  close(): Promise<void>;
}
