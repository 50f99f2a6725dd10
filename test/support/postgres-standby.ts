/** A streaming replica of a test's PostgreSQL server, made with SQL and a copy of the files. */
import { execFile } from 'node:child_process';
import { appendFile, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import pg from 'pg';
import { type PostgresServer, query, startPostgres } from './postgres-server.ts';

const execute = promisify(execFile);

/** What the standby calls itself to its primary. */
const standbyName = 'casp_standby';

/** Settings a server needs to have a standby. */
export const primarySettings: Readonly<Record<string, string>> = {
  wal_level: 'replica',
  wal_keep_size: '256MB',
};

/** Copies a running primary and starts the copy as its standby, which follows it and can be read. */
export function startStandby(primary: PostgresServer): Promise<PostgresServer> {
  return startPostgres({
    durable: true,
    settings: primarySettings,
    fill: (folder) => copyRunning(primary, folder),
  });
}

async function copyRunning(primary: PostgresServer, folder: string): Promise<void> {
  const client = new pg.Client(primary.url());
  await client.connect();
  try {
    // Both calls must be made by one session.
    await client.query("select pg_backup_start('standby', true)");
    for (const name of await readdir(primary.folder)) {
      // Neither the log, which the standby asks for, nor what belongs to the process.
      if (/^(pg_wal|postmaster\..*|\.s\..*)$/.test(name)) continue;
      await execute('cp', ['-a', join(primary.folder, name), join(folder, name)]);
    }
    await execute('cp', [
      '-a',
      '--attributes-only',
      '-r',
      join(primary.folder, 'global'),
      join(folder, 'pg_wal'),
    ]);
    await execute('sh', ['-c', 'rm -rf "$1"/pg_wal/* && mkdir "$1/pg_wal/archive_status"', 'sh', folder]);
    const { rows } = await client.query('select labelfile from pg_backup_stop(false)');
    await writeFile(join(folder, 'backup_label'), String(rows[0]?.labelfile));
  } finally {
    await client.end();
  }
  await writeFile(join(folder, 'standby.signal'), '');
  const source = `host=127.0.0.1 port=${primary.port} user=postgres application_name=${standbyName}`;
  await appendFile(join(folder, 'postgresql.auto.conf'), `primary_conninfo = '${source}'\n`);
  await execute('chown', ['-R', '--reference', primary.folder, folder]);
}

/** From now on the primary acknowledges only what the standby has on its disk; waits until the standby follows. */
export async function makeSynchronous(primary: PostgresServer): Promise<void> {
  await query(primary.url(), `alter system set synchronous_standby_names = '${standbyName}'`);
  await query(primary.url(), 'select pg_reload_conf()');
  const text = "select 1 from pg_stat_replication where application_name = $1 and sync_state = 'sync'";
  const deadlineMs = performance.now() + 10_000;
  while ((await query(primary.url(), text, [standbyName])).length === 0) {
    if (performance.now() > deadlineMs) throw new Error('the standby does not follow');
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/** Makes the standby a primary of its own; resolves when it can be written. */
export async function promote(standby: PostgresServer): Promise<void> {
  await query(standby.url(), 'select pg_promote(true, 30)');
}
