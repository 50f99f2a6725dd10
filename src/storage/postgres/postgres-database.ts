/**
 * A database behind connections of three kinds, all pipelined: some for writing, some for scans, some shared by reads
 * of single rows. It may be away when the service starts, and may go and come back.
 */
import pg from 'pg';
import { limits } from '../../limits.ts';
import type { Observe } from '../../observe/observation.ts';
import type { Dialect } from '../../sql/dialect.ts';
import type { Database } from '../database.ts';
import { clientConfig, openConnection } from './connection.ts';
import { ConnectionLost, serverStopping } from './failure.ts';
import { createPointReader } from './point-reader.ts';
import { createPool } from './pool.ts';
import { createPreparation } from './preparation.ts';
import { createScanner } from './scanner.ts';
import type { Guard } from './transaction.ts';
import { createWriter } from './writer.ts';

/** What a database is made from; what its schema is, and what a statement may touch, is given. */
export interface PostgresParts {
  readonly url: string;
  readonly dialect: Dialect;
  readonly poolSize: number;
  readonly rowLevelSecurity: boolean;
  readonly observe: Observe;
  readonly guard: Guard;
  /** Runs once on a connection of its own before anything else; runs again later when it rejects. */
  readonly prepare: (client: pg.Client) => Promise<void>;
  /** How long work waits for a connection; limits.connectionWaitMs unless given. */
  readonly connectionWaitMs?: number;
  /** When a statement on single rows is stopped; limits.rowStatementTimeMs unless given. */
  readonly rowStatementTimeMs?: number;
}

/** A fifth of the connections is shared by point reads, a third of the rest is for scans, the others for writes. */
export function divideConnections(poolSize: number): {
  readonly points: number;
  readonly scans: number;
  readonly writes: number;
} {
  const points = Math.max(1, Math.floor(poolSize / 5));
  const scans = Math.max(1, Math.floor((poolSize - points) / 3));
  return { points, scans, writes: Math.max(1, poolSize - points - scans) };
}

/** Puts the parts of the driver together. */
export function createPostgresDatabase(parts: PostgresParts): Database {
  const { url, guard, rowLevelSecurity, observe, connectionWaitMs: waitMs = limits.connectionWaitMs } = parts;
  const { rowStatementTimeMs: statementTimeMs = limits.rowStatementTimeMs } = parts;
  const shares = divideConnections(parts.poolSize);
  const openForRows = () => openConnection({ url, statementTimeMs, plans: 'auto' });
  // A question is planned for its own values: a plan for all would suit none.
  const openForScans = () =>
    openConnection({ url, statementTimeMs: limits.statementTimeMs, plans: 'force_custom_plan' });
  const writes = createPool({
    size: shares.writes,
    waitingMax: limits.waitingWritesMax,
    waitMs,
    open: openForRows,
  });
  const scans = createPool({
    size: shares.scans,
    waitingMax: limits.waitingReadsMax,
    waitMs,
    open: openForScans,
  });
  const points = createPointReader({
    connections: shares.points,
    open: openForRows,
    guard,
    rowLevelSecurity,
  });
  const writer = createWriter({ pool: writes, guard, rowLevelSecurity, observe });
  const cancel = async (processId: number) => {
    await points.session.run({ text: 'select pg_cancel_backend($1)', parameters: [processId] });
  };
  const scanner = createScanner({ pool: scans, guard, rowLevelSecurity, cancel });
  const preparation = createPreparation(() => prepare(url, parts.prepare));
  let closing: Promise<void> | undefined;

  /** Starts the work in this turn, so that a closing that follows waits for it. */
  async function use<T>(work: () => Promise<T>): Promise<T> {
    if (closing !== undefined) throw serverStopping();
    if (!preparation.isDone()) await preparation.run();
    return work();
  }

  async function close(): Promise<void> {
    scanner.close();
    await writer.drain();
    await Promise.all([writes.close(), scans.close()]);
    await points.close();
  }

  return {
    dialect: parts.dialect,
    read: (work, options = { expected: 'point' }) =>
      use(() => (options.expected === 'point' ? work(points.session) : scanner.read(work, options))),
    write: (work, options) => use(() => writer.write(work, options)),
    ping: () =>
      use(async () => {
        await points.session.run({ text: 'select 1', parameters: [] });
      }),
    close() {
      closing ??= close();
      return closing;
    },
  };
}

/** On a connection of its own, which keeps none of the settings the preparation made. */
async function prepare(url: string, work: (client: pg.Client) => Promise<void>): Promise<void> {
  // Checks first that the server is one that can be used.
  const checked = await openConnection({ url, statementTimeMs: 0, plans: 'auto' });
  await checked.end();
  const client = new pg.Client(clientConfig(url));
  let lost = false;
  client.on('error', () => {
    lost = true;
  });
  await connect(client);
  try {
    await work(client);
  } catch (error) {
    // Passes by itself, whatever the work made of it.
    throw lost ? new ConnectionLost(error) : error;
  } finally {
    await client.end().catch(() => undefined);
  }
}

async function connect(client: pg.Client): Promise<void> {
  try {
    await client.connect();
  } catch (error) {
    throw error instanceof pg.DatabaseError ? error : new ConnectionLost(error);
  }
}
