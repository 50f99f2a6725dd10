/** A real SQLite file for one test, with a table that is nobody's entity. */
import { existsSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Sqlite from 'better-sqlite3';
import { ServiceError } from '../../../../src/errors.ts';
import { model } from '../../../../src/model/index.ts';
import type { Statement } from '../../../../src/sql/statement.ts';
import type { Database, Session } from '../../../../src/storage/database.ts';
import { openSqlite, type SqliteOptions } from '../../../../src/storage/sqlite/driver.ts';

export interface ScratchDatabase {
  readonly file: string;
  readonly database: Database;
  /** Another connection, as another process would have it. */
  openOther(): Sqlite.Database;
  /** Bytes of the log beside the file; undefined without one. */
  logSize(): number | undefined;
  /** Closes everything and removes the folder. */
  remove(): Promise<void>;
}

/** Opens a file in a folder of its own with a table `item` of `id`, `name`. */
export async function openScratch(options: Partial<SqliteOptions> = {}): Promise<ScratchDatabase> {
  const folder = mkdtempSync(join(tmpdir(), 'casp-sqlite-'));
  const file = join(folder, 'casp.db');
  const database = openSqlite({ file, model, busyTimeoutMs: 2000, ...options });
  const others: Sqlite.Database[] = [];
  await database.write((session) =>
    session.run(statement('create table item (id integer primary key, name text not null)')),
  );
  return {
    file,
    database,
    openOther() {
      const other = new Sqlite(file, { timeout: 0 });
      others.push(other);
      return other;
    },
    logSize: () => (existsSync(`${file}-wal`) ? statSync(`${file}-wal`).size : undefined),
    async remove() {
      for (const other of others) other.close();
      await database.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** A statement as text; tests need no dialect. */
export const statement = (text: string, ...parameters: readonly unknown[]): Statement => ({
  text,
  parameters,
});

/** Adds items with ids from 1 on. */
export async function fillItems(database: Database, count: number): Promise<void> {
  const numbers = `with recursive n(i) as (select 1 union all select i + 1 from n where i < ${count})`;
  await database.write((session) =>
    session.run(statement(`insert into item (id, name) ${numbers} select i, 'item ' || i from n`)),
  );
}

/** A question that looks at each pair of items: of 6,000 items it takes several seconds. */
export const pairScan = statement(
  "select count(*) as count from item as a, item as b where a.name || b.name like '%no such name%'",
);

/** Runs one statement. */
export const ask = (question: Statement) => (session: Session) => session.run(question);

/** A work that adds an item. */
export const addItem = (id: number) => (session: Session) =>
  session.run(statement('insert into item (id, name) values (?, ?)', id, `item ${id}`));

/** What a promise rejects with; fails when it resolves. */
export async function rejection(promise: Promise<unknown>): Promise<unknown> {
  try {
    await promise;
  } catch (error) {
    return error;
  }
  throw new Error('it resolved');
}

/** Code, status and Retry-After of a refusal. */
export async function refusal(promise: Promise<unknown>) {
  const error = await rejection(promise);
  if (!(error instanceof ServiceError)) throw error;
  return { code: error.code, status: error.status, retryAfter: error.headers['Retry-After'] };
}
