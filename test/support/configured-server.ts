/** A real server outside dev mode, with issuers elsewhere, whose clock the test can set. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { distFolder, freePort, plainEnvironment, programPath } from './running-server.ts';
import { databaseFlags, dropTestDatabase, openTestDatabase } from './test-engine.ts';

/** What is configured; everything else is as outside dev mode by default. */
export interface ConfiguredOptions {
  readonly issuers: readonly object[];
  readonly flags: readonly string[];
  /** PEM file of the authority that signs the issuers' certificates. */
  readonly authorityPath: string;
}

export interface ConfiguredServer {
  readonly httpUrl: string;
  readonly data: string;
  readonly output: () => string;
  /** Sets the server's clock forward, without anybody waiting. */
  advance(milliseconds: number): Promise<void>;
  /** Modules loaded so far, as paths below dist/. */
  modules(): readonly string[];
  stop(): Promise<void>;
}

const hooks = fileURLToPath(new URL('./child-hooks.mjs', import.meta.url));

/** The modules in each file of the bundle; none where the build is of separate modules. */
function bundledModules(): Readonly<Record<string, readonly string[]>> {
  const list = join(distFolder, 'cli', 'parts.json');
  return existsSync(list)
    ? (JSON.parse(readFileSync(list, 'utf8')) as Record<string, readonly string[]>)
    : {};
}

/** Starts `casp serve` with issuers, on plain http behind the public address https://casp.example. */
export function startConfigured({
  issuers,
  flags,
  authorityPath,
}: ConfiguredOptions): Promise<ConfiguredServer> {
  const configured = ['--public-url', 'https://casp.example', '--issuers', JSON.stringify(issuers)];
  return startHooked([...configured, ...flags], { NODE_EXTRA_CA_CERTS: authorityPath });
}

/** Starts `casp serve` under the hooks of `child-hooks.mjs`. */
export async function startHooked(
  flags: readonly string[],
  environment: Readonly<Record<string, string>> = {},
): Promise<ConfiguredServer> {
  const folder = mkdtempSync(join(tmpdir(), 'casp-configured-'));
  const moduleLog = join(folder, 'modules');
  const port = await freePort();
  const data = join(folder, 'data');
  const ephemeral = flags.includes('--ephemeral');
  const database = ephemeral ? undefined : await openTestDatabase(data);
  const place = ['--data', data, '--host', '127.0.0.1', '--http-port', String(port)];
  const own = [...place, ...databaseFlags(database)];
  const child = spawn(
    process.execPath,
    ['--import', `file://${hooks}`, programPath, 'serve', ...own, ...flags],
    {
      env: { ...plainEnvironment(), TEST_MODULES_FILE: moduleLog, ...environment },
      cwd: folder,
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    },
  );
  const output = collectOutput(child);
  const httpUrl = `http://localhost:${port}`;
  await waitUntilReady(child, output);
  return {
    httpUrl,
    data,
    output,
    async advance(milliseconds) {
      const done = once(child, 'message');
      child.send({ advanceMs: milliseconds });
      await done;
    },
    modules: () =>
      readFileSync(moduleLog, 'utf8')
        .split('\n')
        .filter((url) => url.startsWith('file:') && fileURLToPath(url).startsWith(`${distFolder}/`))
        .map((url) => fileURLToPath(url).slice(distFolder.length + 1))
        .flatMap((file) => bundledModules()[file] ?? [file]),
    async stop() {
      const gone = child.exitCode === null && child.signalCode === null ? once(child, 'exit') : undefined;
      child.kill('SIGTERM');
      await gone;
      await dropTestDatabase(data);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function collectOutput({ stdout, stderr }: ChildProcess): () => string {
  let text = '';
  for (const stream of [stdout, stderr]) {
    stream?.setEncoding('utf8').on('data', (chunk: string) => {
      text += chunk;
    });
  }
  return () => text;
}

/** The last line of the start block says how to stop; it is printed once the server listens. */
function waitUntilReady(child: ChildProcess, output: () => string): Promise<void> {
  return new Promise((resolve, reject) => {
    child.stdout?.on('data', () => {
      if (output().includes('Ctrl+C stops')) resolve();
    });
    child.once('exit', (code, signal) =>
      reject(new Error(`the server ended with ${signal ?? code}: ${output()}`)),
    );
  });
}
