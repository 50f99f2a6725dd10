/** Real PostgreSQL servers for the tests: one shared by the whole run, and servers of their own for those that break them. */
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chown, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import pg from 'pg';
import { findBinaries, type PostgresBinaries } from './postgres-binaries.ts';
import { askRun, isRun, type RunServer } from './postgres-run.ts';
import { freePort } from './running-server.ts';

const execute = promisify(execFile);

export interface PostgresOptions {
  /** Whether commits reach the disk; off unless given, because only fault tests and benchmarks need it. */
  readonly durable?: boolean;
  /** Settings as in postgresql.conf, such as `{ max_connections: '20' }`. */
  readonly settings?: Readonly<Record<string, string>>;
  /** Binaries other than those `findBinaries` finds. */
  readonly binaries?: PostgresBinaries;
  /** Puts a data folder in place instead of `initdb`: for a standby, a copy of its primary's. */
  readonly fill?: (folder: string) => Promise<void>;
}

/** A server of a test's own. */
export interface PostgresServer {
  readonly version: string;
  /** The data folder. */
  readonly folder: string;
  readonly port: number;
  /** Where a database of this server is reached; the user is `postgres`, without a password. */
  url(database?: string): string;
  /** Makes an empty UTF-8 database and returns its URL. */
  createDatabase(name: string): Promise<string>;
  /** Ends the server with `immediate` (SIGQUIT) unless another signal is given, and waits until it is gone. */
  kill(signal?: 'SIGKILL' | 'SIGINT' | 'SIGTERM' | 'SIGQUIT'): Promise<void>;
  /** Starts again on the same port after `kill`. */
  restart(): Promise<void>;
  /** Ends the server and removes its folder. */
  stop(): Promise<void>;
}

/** Initialises a server in a temporary folder, starts it on a free port of 127.0.0.1, and waits until it answers. */
export async function startPostgres(options: PostgresOptions = {}): Promise<PostgresServer> {
  const ownBinaries = options.binaries === undefined && !isRun() ? await findBinaries() : undefined;
  const binaries = options.binaries ?? ownBinaries ?? (await runBinaries());
  const folder = await mkdtemp(join(tmpdir(), 'casp-postgres-'));
  const port = await freePort();
  const url = (database = 'postgres') => `postgres://postgres@127.0.0.1:${port}/${database}`;
  let running: Running | undefined;
  const server: PostgresServer = {
    version: binaries.version,
    folder,
    port,
    url,
    createDatabase: (name) => createDatabase(url(), name),
    async kill(signal = 'SIGQUIT') {
      await running?.end(signal);
      running = undefined;
    },
    async restart() {
      running = await runWhenGone(binaries, folder, settingsOf(options, folder, port), url());
    },
    async stop() {
      await server.kill();
      await rm(folder, { recursive: true, force: true });
      await ownBinaries?.remove();
    },
  };
  try {
    const { user } = binaries;
    if (user !== undefined) await chown(folder, user.uid, user.gid);
    if (options.fill !== undefined) await options.fill(folder);
    else await initialise(binaries, folder);
    await server.restart();
    return server;
  } catch (error) {
    await server.stop();
    throw error;
  }
}

async function runBinaries(): Promise<PostgresBinaries> {
  const found = await askRun<Omit<PostgresBinaries, 'remove'>>('binaries');
  return { ...found, remove: async () => {} };
}

async function initialise({ binFolder, user }: PostgresBinaries, folder: string): Promise<void> {
  const flags = ['-U', 'postgres', '-A', 'trust', '-E', 'UTF8', '--locale=C', '--no-sync'];
  await execute(join(binFolder, 'initdb'), ['-D', folder, ...flags], { cwd: folder, ...user });
}

function settingsOf({ durable = false, settings = {} }: PostgresOptions, folder: string, port: number) {
  const speed = durable ? {} : { fsync: 'off', synchronous_commit: 'off', full_page_writes: 'off' };
  const place = { listen_addresses: '127.0.0.1', port: String(port), unix_socket_directories: folder };
  return { ...place, max_connections: '200', shared_buffers: '64MB', ...speed, ...settings };
}

interface Running {
  end(signal: NodeJS.Signals): Promise<void>;
}

/** Ends the server when the tests die: its own input ends with them. */
const watch = 'read -r _; kill -QUIT "$1" 2>/dev/null';

/** Processes of a server that was killed outlive it for a moment, and keep another from starting. */
async function runWhenGone(...parameters: Parameters<typeof run>): Promise<Running> {
  const deadlineMs = performance.now() + 10_000;
  for (;;) {
    try {
      return await run(...parameters);
    } catch (error) {
      const message = error instanceof Error ? error.message : '';
      if (!message.includes('pre-existing shared memory') || performance.now() > deadlineMs) throw error;
    }
    await pause();
  }
}

const pause = () => new Promise((resolve) => setTimeout(resolve, 20));

async function run(
  { binFolder, user }: PostgresBinaries,
  folder: string,
  settings: Readonly<Record<string, string>>,
  url: string,
): Promise<Running> {
  const flags = Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
  const child = spawn(join(binFolder, 'postgres'), ['-D', folder, ...flags], {
    cwd: folder,
    stdio: ['ignore', 'ignore', 'pipe'],
    ...user,
  });
  const watcher = spawn('/bin/sh', ['-c', watch, 'sh', String(child.pid)], {
    stdio: ['pipe', 'ignore', 'ignore'],
  });
  const gone = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  void gone.then(() => watcher.kill('SIGKILL'));
  let output = '';
  child.stderr.on('data', (chunk: Buffer) => {
    output = (output + chunk.toString()).slice(-10_000);
  });
  const end = async (signal: NodeJS.Signals) => {
    child.kill(signal);
    await gone;
  };
  try {
    await waitUntilReady(child, url, () => output);
  } catch (error) {
    await end('SIGKILL');
    throw error;
  }
  return { end };
}

async function waitUntilReady(child: ChildProcess, url: string, output: () => string): Promise<void> {
  const deadlineMs = performance.now() + 20_000;
  for (;;) {
    if (child.exitCode !== null) throw new Error(`PostgreSQL ended with ${child.exitCode}: ${output()}`);
    try {
      await query(url, 'select 1');
      return;
    } catch (error) {
      if (performance.now() > deadlineMs) throw new Error(`PostgreSQL: ${output()}`, { cause: error });
    }
    await pause();
  }
}

/** Runs one statement over a connection of its own; rows by column name. */
export async function query(
  url: string,
  text: string,
  parameters: readonly unknown[] = [],
): Promise<readonly Readonly<Record<string, unknown>>[]> {
  const client = new pg.Client({ connectionString: url });
  // What ends the connection also rejects the query.
  client.on('error', () => {});
  await client.connect();
  try {
    return (await client.query(text, [...parameters])).rows;
  } finally {
    await client.end();
  }
}

async function createDatabase(adminUrl: string, name: string): Promise<string> {
  await query(
    adminUrl,
    `create database "${name}" encoding 'UTF8' lc_collate 'C' lc_ctype 'C' template template0`,
  );
  const url = new URL(adminUrl);
  url.pathname = `/${name}`;
  return url.href;
}

/** A database of the server that all tests of a run share. */
export interface TestDatabase {
  readonly url: string;
  /** Of the server, such as `18.4`. */
  readonly version: string;
  /** Ends the connections to the database and removes it. */
  drop(): Promise<void>;
}

/**
 * Makes an empty database on the run's server, which starts with the first question for it; `TEST_POSTGRES_URL`
 * names another server. Its user must be allowed to make databases.
 */
export async function sharedPostgres(): Promise<TestDatabase> {
  const { url: adminUrl, version } = await askRun<RunServer>('server');
  const name = `casp_test_${process.pid}_${randomBytes(4).toString('hex')}`;
  return {
    url: await createDatabase(adminUrl, name),
    version,
    async drop() {
      await query(adminUrl, `drop database if exists "${name}" with (force)`);
    },
  };
}
