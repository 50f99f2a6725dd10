/**
 * A PostgreSQL server of the bench's own: durable, from the binaries the tests use, on the core of the servers, filled
 * with profiles of a seed. The role that serves is no superuser, so that row-level security can be measured.
 */
import { readFileSync } from 'node:fs';
import { register } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { cores, firstMessage, pin, startNode } from '../harness/processes.mjs';

const loader = fileURLToPath(new URL('load-rows.mjs', import.meta.url));
const role = 'casp_bench';

const settings = {
  shared_buffers: '512MB',
  // A checkpoint in the middle of one measurement and not of the next would say nothing about either.
  max_wal_size: '8GB',
  checkpoint_timeout: '1h',
  // Statistics are taken once, after the load.
  autovacuum: 'off',
};

/** Starts the server; resolves with `{ version, url(name), create(name, template), fill(name, rows, seed), query, stop }`. */
export async function startDatabase() {
  register('./typescript-hooks.mjs', import.meta.url);
  const { startPostgres, query } = await import('../../test/support/postgres-server.ts');
  const server = await startPostgres({ durable: true, settings });
  const [processId] = readFileSync(join(server.folder, 'postmaster.pid'), 'utf8').split('\n');
  pin(Number(processId), cores.server);
  await query(server.url(), `create role ${role} login`);

  const url = (name) => {
    const address = new URL(server.url(name));
    address.username = role;
    return address.href;
  };

  async function create(name, template = 'template0') {
    const kind = "encoding 'UTF8' lc_collate 'C' lc_ctype 'C'";
    await query(server.url(), `create database "${name}" ${kind} template "${template}" owner ${role}`);
  }

  async function fill(name, rows, seed) {
    const child = startNode([loader, url(name), String(rows), String(seed)], {
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    });
    const loaded = await firstMessage(child, 'the loader');
    await query(server.url(name), 'vacuum analyze');
    return loaded;
  }

  return {
    version: server.version,
    url,
    create,
    fill,
    query: (name, text, parameters) => query(server.url(name), text, parameters),
    stop: () => server.stop(),
  };
}
