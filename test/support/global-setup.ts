/** Vitest's global setup: holds the PostgreSQL server of the run, and says which one it is. */
import { createServer } from 'node:http';
import { findBinaries, type PostgresBinaries } from './postgres-binaries.ts';
import { type RunServer, runUrlVariable } from './postgres-run.ts';
import { type PostgresServer, query, startPostgres } from './postgres-server.ts';

/** Answers the questions of `askRun` until the run ends. */
export async function setup(): Promise<() => Promise<void>> {
  // Each project of the configuration calls this; the first serves them all.
  if (process.env[runUrlVariable] !== undefined) return async () => {};
  const run = createRun();
  const server = createServer((request, response) => {
    const answer = request.url === '/server' ? run.server() : run.binaries();
    answer.then(
      (value) => response.end(JSON.stringify(value)),
      (error: unknown) => {
        response.statusCode = 500;
        response.end(error instanceof Error ? error.message : String(error));
      },
    );
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  process.env[runUrlVariable] = `http://127.0.0.1:${address.port}`;
  return async () => {
    delete process.env[runUrlVariable];
    server.close();
    await run.end();
  };
}

function createRun() {
  let binaries: Promise<PostgresBinaries> | undefined;
  let started: Promise<PostgresServer> | undefined;
  let server: Promise<RunServer> | undefined;

  const findOnce = () => {
    binaries ??= findBinaries();
    return binaries;
  };

  async function find(): Promise<RunServer> {
    const url = process.env.TEST_POSTGRES_URL;
    if (url !== undefined && url !== '') return describe(url, 'TEST_POSTGRES_URL');
    const found = await findOnce();
    started = startPostgres({ binaries: found });
    return describe((await started).url(), found.source);
  }

  return {
    binaries: findOnce,
    server() {
      server ??= find();
      return server;
    },
    async end() {
      await (await started?.catch(() => undefined))?.stop();
      await (await binaries?.catch(() => undefined))?.remove();
    },
  };
}

async function describe(url: string, source: string): Promise<RunServer> {
  const [row] = await query(url, 'show server_version');
  const version = String(row?.server_version);
  console.log(`PostgreSQL ${version} for the tests, from ${source}`);
  return { url, version };
}
