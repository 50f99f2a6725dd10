/** A real server process, started from dist/ as a user would start it. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const distFolder = process.env.CASP_DIST ?? fileURLToPath(new URL('../../dist', import.meta.url));

/** The built command line program; `CASP_DIST` names another build than the one beside the tests. */
export const programPath = join(distFolder, 'cli', 'main.js');

export interface RunningServer {
  readonly httpUrl: string;
  readonly httpsUrl: string;
  readonly data: string;
  readonly pid: number;
  /** Everything the process has said so far, both streams. */
  readonly output: () => string;
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

/** Starts `serve --dev` on free ports and waits until it answers. */
export async function startServer(
  options: { readonly data?: string; readonly flags?: readonly string[] } = {},
): Promise<RunningServer> {
  const data = options.data ?? (await mkdtemp(join(tmpdir(), 'casp-test-')));
  const [httpPort, httpsPort] = [await freePort(), await freePort()];
  const ports = ['--http-port', String(httpPort), '--https-port', String(httpsPort)];
  const child = spawn(
    process.execPath,
    [programPath, 'serve', '--dev', '--data', data, ...ports, ...(options.flags ?? [])],
    { env: plainEnvironment(), stdio: ['ignore', 'pipe', 'pipe'] },
  );
  let output = '';
  child.stdout.on('data', (chunk: Buffer) => {
    output += chunk.toString();
  });
  child.stderr.on('data', (chunk: Buffer) => {
    output += chunk.toString();
  });
  const httpUrl = `http://localhost:${httpPort}`;
  await waitUntilLive(httpUrl, child, () => output);
  const casp = (...flags: string[]) => runCasp(...flags, '--data', data);
  return {
    httpUrl,
    httpsUrl: `https://localhost:${httpsPort}`,
    data,
    pid: child.pid ?? 0,
    output: () => output,
    casp,
    token(...flags) {
      const { stdout, stderr, status } = casp('token', ...flags);
      if (status !== 0) throw new Error(`casp token failed: ${stderr}`);
      return stdout.trim();
    },
    kill: (signal) => end(child, signal),
    async stop() {
      await end(child, 'SIGTERM');
      if (options.data === undefined) await rm(data, { recursive: true, force: true });
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
