/** One transaction on one connection: sent ahead where nobody waits for an answer, so that it costs two round trips. */
import type { TenantId } from '../../auth/authenticator.ts';
import type { Statement } from '../../sql/statement.ts';
import { joinLast, type LastStatement, type Row, type Session } from '../database.ts';
import type { PostgresConnection } from './connection.ts';

/** Checks a statement before it is sent; returns the tenant whose rows it touches. */
export type Guard = (statement: Statement) => TenantId | undefined;

export interface TransactionOptions {
  readonly connection: PostgresConnection;
  readonly guard: Guard;
  /** Whether the server is told whose rows may be seen. */
  readonly rowLevelSecurity: boolean;
  /** Statements that begin; the last one's rows are kept. */
  readonly begin: string;
  /** Asked before each statement: how long it may take. */
  readonly timeLimitMs?: () => number;
}

export interface Transaction extends Session {
  send(statement: Statement): Promise<void>;
  sendLast(statement: LastStatement): Promise<void>;
  /** Whether anything was sent. */
  hasBegun(): boolean;
  /** The first error of a statement, also of one that nobody waited for. */
  failure(): unknown;
  /** What the last statement of `begin` returned; rejects when it failed. */
  begun(): Promise<readonly Row[]>;
  /** Sends what was to be sent last, then `commit`, and waits for all answers; resolves with whether it was kept. */
  commit(): Promise<boolean>;
  /** Sends `rollback` and waits for it. */
  rollback(): Promise<void>;
  /** A statement after this would belong to nobody. */
  end(): void;
}

/** Names the tenant to the policies of the schema until the transaction ends. */
export const nameTenant = (tenantId: TenantId): Statement => ({
  text: "select set_config('casp.tenant_id', $1, true)",
  parameters: [tenantId],
});

/** Creates a transaction; it begins with its first statement. */
export function createTransaction(options: TransactionOptions): Transaction {
  const { connection, guard, rowLevelSecurity, begin, timeLimitMs } = options;
  let begun: Promise<readonly Row[]> | undefined;
  let tenant: TenantId | undefined;
  let failed: { readonly error: unknown } | undefined;
  let ended = false;
  const last: LastStatement[] = [];

  function watch<T>(answer: Promise<T>): Promise<T> {
    answer.catch((error: unknown) => {
      failed ??= { error };
    });
    return answer;
  }

  function submit(statement: Statement): Promise<readonly Row[]> {
    const owner = guard(statement);
    begun ??= watch(connection.control(begin).then(({ rows }) => rows));
    if (rowLevelSecurity && owner !== undefined && owner !== tenant) {
      tenant = owner;
      watch(connection.run(nameTenant(owner)));
    }
    return watch(connection.run(statement, timeLimitMs?.()));
  }

  function assertOpen(): void {
    if (ended) throw new Error('a statement after the end of its work');
  }

  return {
    async run(statement) {
      assertOpen();
      try {
        return await submit(statement);
      } catch (error) {
        // After a first error the server refuses all others for no reason of their own.
        throw failed?.error ?? error;
      }
    },
    async send(statement) {
      assertOpen();
      // Not awaited: its error arrives with the next answer, or with the commit's.
      void submit(statement);
      if (failed !== undefined) throw failed.error;
    },
    async sendLast(statement) {
      assertOpen();
      // A refusal comes while the work can still be taken back.
      guard(statement);
      last.push(statement);
    },
    hasBegun: () => begun !== undefined || last.length > 0,
    failure: () => failed?.error,
    begun: () => begun ?? Promise.resolve([]),
    async commit() {
      for (const statement of joinLast(last)) void submit(statement);
      const { command } = await connection.control('commit');
      return command === 'COMMIT';
    },
    async rollback() {
      if (begun === undefined) return;
      await connection.control('rollback');
    },
    end() {
      ended = true;
    },
  };
}
