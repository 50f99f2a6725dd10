/** One connection to PostgreSQL: pipelined, with prepared statements that are forgotten in turn. */
import { LRUCache } from 'lru-cache';
import pg from 'pg';
import { limits } from '../../limits.ts';
import type { Statement } from '../../sql/statement.ts';
import type { Row } from '../database.ts';
import { ConnectionLost, DatabaseRefused } from './failure.ts';

export interface ConnectionOptions {
  readonly url: string;
  /** When the server stops a statement, waiting for locks included; 0: never. */
  readonly statementTimeMs: number;
  /** How the server plans prepared statements: anew for their parameters, or once for all. */
  readonly plans: 'auto' | 'force_custom_plan';
}

/** What is known of the server's side. */
export interface Backend {
  readonly processId: number;
  /**
   * Another text after a crash or after a standby has taken over, when numbers of transactions may be given again;
   * undefined where the server does not tell.
   */
  readonly epoch: string | undefined;
}

export interface PostgresConnection {
  readonly backend: Backend;
  /**
   * Sends a statement at once, behind those under way, and resolves with its rows. Rejects with ConnectionLost or
   * with the server's error.
   */
  run(statement: Statement, timeLimitMs?: number): Promise<readonly Row[]>;
  /** Sends statements without parameters, several separated by semicolons; resolves with the last one's outcome. */
  control(text: string): Promise<ControlOutcome>;
  isLost(): boolean;
  /** Ends the connection whatever is under way. */
  destroy(): void;
  /** Ends the connection after what is under way. */
  end(): Promise<void>;
}

export interface ControlOutcome {
  /** Such as `COMMIT`; a commit of a failed transaction is a `ROLLBACK`. */
  readonly command: string;
  readonly rows: readonly Row[];
}

/** Oldest server whose transactions can be asked for their outcome by their 64-bit number. */
const serverVersionMin = 130_000;

/** What the server may take beyond its own time limit until its answer is given up. */
const answerGraceMs = 2_000;

/** The client's settings that all connections share; the name is shown in `pg_stat_activity`. */
export const clientConfig = (url: string): pg.ClientConfig => ({
  connectionString: url,
  application_name: 'casp',
  keepAlive: true,
  connectionTimeoutMillis: limits.connectTimeMs,
});

/** Connects and checks the server; rejects with ConnectionLost, DatabaseRefused or the server's error. */
export async function openConnection(options: ConnectionOptions): Promise<PostgresConnection> {
  const client = new pg.Client({ ...clientConfig(options.url), pipeline: true });
  let lost: unknown;
  client.on('error', (error) => {
    lost ??= error;
  });
  client.on('end', () => {
    lost ??= new Error('connection ended');
  });
  try {
    await client.connect();
    const backend = await prepareSession(client, options);
    return createConnection(client, backend, options, () => lost !== undefined);
  } catch (error) {
    destroy(client);
    throw explainConnect(error);
  }
}

/** The server's own words stay; anything else means that nobody answered. */
const explain = (error: unknown): unknown =>
  error instanceof pg.DatabaseError ? error : new ConnectionLost(error);

function explainConnect(error: unknown): unknown {
  if (error instanceof DatabaseRefused || error instanceof ConnectionLost) return error;
  if (!(error instanceof pg.DatabaseError)) return new ConnectionLost(error);
  // 28: the password or the role is wrong.
  return error.code?.startsWith('28')
    ? new DatabaseRefused('PostgreSQL refuses the user or password', error)
    : error;
}

async function prepareSession(client: pg.Client, options: ConnectionOptions): Promise<Backend> {
  const settings = [
    "set timezone = 'UTC'",
    'set standard_conforming_strings = on',
    "set client_encoding = 'UTF8'",
    `set statement_timeout = ${options.statementTimeMs}`,
    `set idle_in_transaction_session_timeout = ${limits.idleTransactionTimeMs}`,
    `set plan_cache_mode = ${options.plans}`,
    // Compiling takes longer than the questions of a service.
    'set jit = off',
  ];
  const facts = `select pg_backend_pid() as "pid", pg_is_in_recovery() as "recovering",
    current_setting('server_encoding') as "encoding", current_setting('server_version_num')::int as "version"`;
  const [, found, epoch] = await Promise.all([
    client.query(settings.join('; ')),
    client.query(facts),
    // Some hosted servers do not tell.
    client.query(askEpoch).catch(() => undefined),
  ]);
  const { pid, recovering, encoding, version } = found.rows[0] as Facts;
  if (version < serverVersionMin) throw new DatabaseRefused('PostgreSQL 13 or newer is needed');
  if (encoding !== 'UTF8') {
    throw new DatabaseRefused(`the database has the encoding ${encoding}. Create it with encoding 'UTF8'.`);
  }
  if (recovering) throw new ConnectionLost(new Error('the server is a standby, which cannot be written'));
  return { processId: pid, epoch: epoch?.rows[0]?.epoch };
}

/** The timeline changes with a promotion; the statistics are thrown away by the recovery from a crash. */
const askEpoch = `select concat_ws(' ', substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8),
  pg_postmaster_start_time(), (select "stats_reset" from "pg_stat_bgwriter")) as "epoch"`;

interface Facts {
  readonly pid: number;
  readonly recovering: boolean;
  readonly encoding: string;
  readonly version: number;
}

function createConnection(
  client: pg.Client,
  backend: Backend,
  options: ConnectionOptions,
  isLost: () => boolean,
): PostgresConnection {
  const nameOf = createNames(client);
  const gather = createGathering(wireOf(client).stream);
  const patienceMs = (timeLimitMs: number) => (timeLimitMs === 0 ? undefined : timeLimitMs + answerGraceMs);
  return {
    backend,
    isLost,
    async run({ text, parameters }, timeLimitMs = options.statementTimeMs) {
      const config = {
        name: nameOf(text),
        text,
        values: parameters as unknown[],
        // Where the server itself is silent, its network is gone.
        query_timeout: patienceMs(timeLimitMs),
      };
      gather();
      try {
        return (await client.query(config)).rows;
      } catch (error) {
        throw explain(error);
      }
    },
    async control(text) {
      gather();
      try {
        const outcome: pg.QueryResult | readonly pg.QueryResult[] = await client.query(text);
        const last = Array.isArray(outcome) ? outcome.at(-1) : outcome;
        return { command: last.command, rows: last.rows };
      } catch (error) {
        throw explain(error);
      }
    },
    destroy: () => destroy(client),
    async end() {
      if (!isLost()) await client.end().catch(() => undefined);
    },
  };
}

/** The part of the client's connection that its types leave out. */
interface Wire {
  readonly stream?: { destroy(): void; cork(): void; uncork(): void };
  readonly parsedStatements: Record<string, string>;
  close(message: { readonly type: 'S'; readonly name: string }): void;
}

const wireOf = (client: pg.Client): Wire => client.connection as unknown as Wire;

/** What is sent in one turn of the event loop goes out in one piece: a write costs more than what is in it. */
function createGathering(stream: Wire['stream']): () => void {
  let isGathering = false;
  return () => {
    if (isGathering || stream === undefined) return;
    isGathering = true;
    stream.cork();
    setImmediate(() => {
      isGathering = false;
      stream.uncork();
    });
  };
}

function destroy(client: pg.Client): void {
  wireOf(client).stream?.destroy();
}

/** Names each text once and forgets the one not used for longest, here and on the server. */
function createNames(client: pg.Client): (text: string) => string {
  let count = 0;
  const names = new LRUCache<string, string>({
    max: limits.preparedStatementsMax,
    dispose(name) {
      const { parsedStatements } = wireOf(client);
      delete parsedStatements[name];
      // Goes before the next statement. No error if the server never had it, and none in a failed transaction.
      wireOf(client).close({ type: 'S', name });
    },
  });
  return (text) => {
    let name = names.get(text);
    if (name === undefined) {
      count += 1;
      name = `casp${count}`;
      names.set(text, name);
    }
    return name;
  };
}
