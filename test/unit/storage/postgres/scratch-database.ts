/** A PostgreSQL database with one table of counters, behind the driver, for its tests. */
import type { Observation } from '../../../../src/observe/observation.ts';
import type { Statement } from '../../../../src/sql/statement.ts';
import type { Database, Session } from '../../../../src/storage/database.ts';
import {
  createPostgresDatabase,
  type PostgresParts,
} from '../../../../src/storage/postgres/postgres-database.ts';
import { sqliteDialect } from '../../../../src/storage/sqlite/dialect.ts';
import { query, sharedPostgres } from '../../../support/postgres-server.ts';

export interface Scratch {
  readonly url: string;
  readonly database: Database;
  readonly observations: readonly Observation[];
  /** Another driver on the same database. */
  open(options?: Partial<PostgresParts>): Database;
  /** Asks beside the driver. */
  ask(text: string): Promise<readonly Readonly<Record<string, unknown>>[]>;
  close(): Promise<void>;
}

/** Makes a database on the run's server; `counter` holds rows 1 to 16, each 0. */
export async function openScratch(options: Partial<PostgresParts> = {}): Promise<Scratch> {
  const { url, drop } = await sharedPostgres();
  return openCounters(url, drop, options);
}

/** The same in an empty database there is. */
export async function openCounters(
  url: string,
  drop: () => Promise<void>,
  options: Partial<PostgresParts> = {},
): Promise<Scratch> {
  await query(url, 'create table counter (id int primary key, n int not null, note text)');
  await query(url, 'insert into counter select i, 0 from generate_series(1, 16) i');
  const observations: Observation[] = [];
  const opened: Database[] = [];
  const open = (own: Partial<PostgresParts> = {}): Database => {
    const database = createPostgresDatabase({
      url,
      // The driver carries it for others.
      dialect: sqliteDialect,
      poolSize: 6,
      rowLevelSecurity: false,
      observe: (observation) => observations.push(observation),
      guard: () => undefined,
      prepare: async () => {},
      ...options,
      ...own,
    });
    opened.push(database);
    return database;
  };
  return {
    url,
    database: open(),
    observations,
    open,
    ask: (text) => query(url, text),
    async close() {
      await Promise.all(opened.map((each) => each.close()));
      await drop();
    },
  };
}

export const statement = (text: string, ...parameters: readonly unknown[]): Statement => ({
  text,
  parameters,
});

/** Locks a counter's row, then adds one; the row's number is returned. */
export async function increment(session: Session, id: number): Promise<number> {
  const [row] = await session.run(statement('select n from counter where id = $1 for update', id));
  const n = Number(row?.n) + 1;
  await session.send?.(statement('update counter set n = $2 where id = $1', id, n));
  return n;
}

/** The codes of a rejected promise: ServiceError's own. */
export async function refusalOf(promise: Promise<unknown>): Promise<unknown> {
  try {
    await promise;
  } catch (error) {
    return error;
  }
  throw new Error('expected a refusal');
}
