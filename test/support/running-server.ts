/** A real server process, started from dist/ as a user would start it. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { startBalancer } from './balancer.ts';
import { databaseFlags, dropTestDatabase, openTestDatabase, testInstances } from './test-engine.ts';

/** The build under test, without a slash at its end. */
export const distFolder = process.env.CASP_DIST ?? fileURLToPath(new URL('../../dist', import.meta.url));

/** The built command line program; `CASP_DIST` names another build than the one beside the tests. */
export const programPath = join(distFolder, 'cli', 'main.js');

export interface RunningServer {
  readonly httpUrl: string;
  readonly httpsUrl: string;
  readonly data: string;
  /** The PostgreSQL database; undefined where the data are in the folder. */
  readonly databaseUrl: string | undefined;
  readonly pid: number;
  /** Everything the process has said so far, both streams. */
  readonly output: () => string;
  /** Resolves with how the process ended, as in `exit code 1` or `SIGKILL`, whoever ended it. */
  readonly ended: Promise<string>;
  /** A token as `casp token` prints it; arguments such as `--role reader`. */
  token(...flags: string[]): string;
  /** Runs another command with this server's data folder. */
  casp(...flags: string[]): {
    readonly stdout: string;
    readonly stderr: string;
    readonly status: number | null;
  };
  /** Ends the process with a signal and waits until it is gone. */
  kill(signal: NodeJS.Signals): Promise<void>;
  /** SIGTERM; removes the data folder unless it was given. */
  stop(): Promise<void>;
}

/** A port nobody listens on at the moment. */
export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
}

/** The environment of a newcomer: nothing of casp's own set. */
export function plainEnvironment(): NodeJS.ProcessEnv {
  return Object.fromEntries(
    Object.entries(process.env).filter(([name]) => !/^(CASP_|NODE_OPTIONS$|VITEST)/.test(name)),
  );
}

/** Starts `serve --dev` on free ports and waits until it answers; several, where a run asks for that. */
export async function startServer(
  options: { readonly data?: string; readonly flags?: readonly string[] } = {},
): Promise<RunningServer> {
  const data = options.data ?? (await mkdtemp(join(tmpdir(), 'casp-test-')));
  const { flags = [] } = options;
  const database = await openTestDatabase(data);
  const remove = async () => {
    if (options.data !== undefined) return;
    await dropTestDatabase(data);
    await rm(data, { recursive: true, force: true });
  };
  const own = { data, flags: [...databaseFlags(database), ...flags], databaseUrl: database?.url, remove };
  return testInstances === 1 ? startOne(own) : startBehindBalancer(own);
}

interface StartParts {
  readonly data: string;
  readonly flags: readonly string[];
  readonly databaseUrl: string | undefined;
  /** Removes the data after the server has stopped. */
  readonly remove: () => Promise<void>;
}

async function startOne({ data, flags, databaseUrl, remove }: StartParts): Promise<RunningServer> {
  const [httpPort, httpsPort] = [await freePort(), await freePort()];
  const ports = ['--http-port', String(httpPort), '--https-port', String(httpsPort)];
  const child = spawn(process.execPath, [programPath, 'serve', '--dev', '--data', data, ...ports, ...flags], {
    env: plainEnvironment(),
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  child.stdout.on('data', (chunk: Buffer) => {
    output += chunk.toString();
  });
  child.stderr.on('data', (chunk: Buffer) => {
    output += chunk.toString();
  });
  const ended = new Promise<string>((resolve) => {
    child.once('exit', (code, signal) => resolve(signal ?? `exit code ${code}`));
  });
  const httpUrl = `http://localhost:${httpPort}`;
  await waitUntilLive(httpUrl, child, () => output);
  const casp = (...words: string[]) => runCasp(...words, '--data', data);
  return {
    httpUrl,
    httpsUrl: `https://localhost:${httpsPort}`,
    data,
    databaseUrl,
    pid: child.pid ?? 0,
    output: () => output,
    ended,
    casp,
    token(...words) {
      const { stdout, stderr, status } = casp('token', ...words);
      if (status !== 0) throw new Error(`casp token failed: ${stderr}`);
      return stdout.trim();
    },
    kill: (signal) => end(child, signal),
    async stop() {
      await end(child, 'SIGTERM');
      await remove();
    },
  };
}

/** Several processes, each with a data folder of its own, on one database: started at once, as a cluster would. */
async function startBehindBalancer(parts: StartParts): Promise<RunningServer> {
  const port = await freePort();
  const url = `http://localhost:${port}`;
  // A suite's own address stays: it stands in the links instead of the balancer's.
  const address = parts.flags.includes('--public-url') ? [] : ['--public-url', url];
  const flags = [...parts.flags, '--https-port', 'off', ...address];
  const folders = Array.from({ length: testInstances }, (_, index) => join(parts.data, String(index)));
  const servers = await Promise.all(
    folders.map((data) => startOne({ ...parts, data, flags, remove: async () => {} })),
  );
  const [first] = servers;
  if (first === undefined) throw new Error('no instance');
  const ports = servers.map(({ httpUrl }) => Number(new URL(httpUrl).port));
  const balancer = await startBalancer(ports, port);
  return {
    ...first,
    httpUrl: url,
    // What is configured as the public address stands in every link.
    httpsUrl: url,
    output: () => servers.map(({ output }) => output()).join(''),
    async kill(signal) {
      await Promise.all(servers.map((server) => server.kill(signal)));
      await balancer.close();
    },
    async stop() {
      await Promise.all(servers.map((server) => server.stop()));
      await balancer.close();
      await parts.remove();
    },
  };
}

/** Runs the program to its end. */
export function runCasp(...flags: string[]): { stdout: string; stderr: string; status: number | null } {
  const { stdout, stderr, status } = spawnSync(process.execPath, [programPath, ...flags], {
    encoding: 'utf8',
    env: plainEnvironment(),
  });
  return { stdout, stderr, status };
}

async function waitUntilLive(url: string, child: ChildProcess, output: () => string): Promise<void> {
  const deadline = Date.now() + 20_000;
  while (Date.now() < deadline) {
    if (child.exitCode !== null) throw new Error(`the server ended with ${child.exitCode}: ${output()}`);
    try {
      const answer = await fetch(`${url}/livez`);
      if (answer.ok) return;
    } catch {
      // Not listening yet.
    }
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
  child.kill('SIGKILL');
  throw new Error(`the server did not answer in time: ${output()}`);
}

async function end(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = new Promise((resolve) => child.once('exit', resolve));
  child.kill(signal);
  await gone;
}
