/**
 * The disk of the tables is full: writes are refused with 503, reads go on, nothing is half done, what was acknowledged
 * is there, and once there is room again writes are accepted without a restart of anything.
 */
import { spawnSync } from 'node:child_process';
import { chownSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openChangeRecords } from '../support/change-records.ts';
import { collectionPath, expectRefusal } from '../support/conformance.ts';
import { type Answer, createExchange, type Send } from '../support/exchange.ts';
import { serverUser } from '../support/postgres-binaries.ts';
import { type PostgresServer, query, startPostgres } from '../support/postgres-server.ts';
import { type RunningServer, startServer } from '../support/running-server.ts';

const succeeds = (program: string, ...parameters: readonly string[]): boolean =>
  spawnSync(program, parameters, { stdio: 'ignore' }).status === 0;

const folder = mkdtempSync(join(tmpdir(), 'casp-postgres-full-'));
const isMounted = succeeds('mount', '-t', 'tmpfs', '-o', 'size=40m', 'tmpfs', folder);
const ballast = join(folder, 'ballast');
const manifest = (): string => Array.from({ length: 2000 }, () => Math.random().toString(36)).join('');

let postgres: PostgresServer;
let url: string;
let server: RunningServer;
let token: string;
let exchange: { readonly send: Send; close(): void };

beforeAll(async () => {
  postgres = await startPostgres({ durable: true });
  url = isMounted ? await createOnSmallDisk() : await postgres.createDatabase('casp');
  server = await startServer({ flags: ['--no-sample', '--database', url, '--database-pool-size', '6'] });
  token = server.token();
  exchange = createExchange(server.httpUrl);
}, 60_000);
afterAll(async () => {
  exchange.close();
  await server.stop();
  await postgres.stop();
  if (isMounted) succeeds('umount', '-l', folder);
  rmSync(folder, { recursive: true, force: true });
});

/** A database whose tables have a small file system of their own; the log is elsewhere, or the server would stop. */
async function createOnSmallDisk(): Promise<string> {
  const user = await serverUser();
  if (user !== undefined) chownSync(folder, user.uid, user.gid);
  spawnSync('mkdir', [join(folder, 'tables')]);
  if (user !== undefined) chownSync(join(folder, 'tables'), user.uid, user.gid);
  writeFileSync(ballast, Buffer.alloc(12 * 1024 * 1024));
  await query(postgres.url(), `create tablespace small location '${join(folder, 'tables')}'`);
  await query(
    postgres.url(),
    "create database casp tablespace small encoding 'UTF8' lc_collate 'C' lc_ctype 'C' template template0",
  );
  return postgres.url('casp');
}

/**
 * Without the right to mount: a disk that never fills cannot be had, so the server says that it is full, with the state
 * it would use, for as long as a trigger stands on the table.
 */
async function makeFull(isFull: boolean): Promise<void> {
  if (isMounted) {
    if (!isFull) rmSync(ballast);
    return;
  }
  if (!isFull) return void (await query(url, 'drop function full_disk cascade'));
  await query(
    url,
    `create function full_disk() returns trigger language plpgsql as
     $$ begin raise exception using errcode = '53100', message = 'No space left on device'; end $$`,
  );
  await query(
    url,
    'create trigger full_disk before insert on "change_record" for each row execute function full_disk()',
  );
}

const send: Send = (ask) => exchange.send({ token, ...ask });
const create = (name: string): Promise<Answer> =>
  send({ method: 'POST', path: collectionPath, body: { name, tags: [name], manifest: manifest() } });

/** Creates and changes until the disk is full. */
async function fillDisk() {
  const ids: string[] = [];
  const refusals: Answer[] = [];
  let changes = 0;
  for (let count = 0; refusals.length < 20; count += 1) {
    if (count > 3000) throw new Error('the disk does not fill');
    const [first = ''] = ids;
    const patched =
      ids.length === 0 ? [] : [send({ path: `${collectionPath}/${first}`, body: { name: `${count}` } })];
    // Several at once, so that they share a commit that fails.
    const answers = await Promise.all([
      ...[1, 2, 3].map((number) => create(`${count}.${number}`)),
      ...patched,
    ]);
    for (const answer of answers) {
      if (answer.status === 201) ids.push((answer.body as { id: string }).id);
      else if (answer.status === 200) changes += 1;
      else refusals.push(answer);
    }
    if (count === 20 && !isMounted) await makeFull(true);
  }
  return { ids, refusals, changes };
}

describe(`a full disk: ${isMounted ? 'a tablespace of 40 MiB' : 'simulated, because nothing can be mounted here'}`, () => {
  it('refuses writes, answers reads, keeps what it acknowledged, and writes again when there is room', async () => {
    const { ids, refusals, changes } = await fillDisk();
    for (const refusal of refusals) {
      expectRefusal(refusal, '503 ServiceUnavailable storageUnavailable', {
        message: 'The database cannot be read or written at the moment.',
        headers: { 'retry-after': '5' },
      });
    }
    const page = await send({ path: `${collectionPath}?$count=true&$top=1` });
    expect(page.body).toMatchObject({ '@odata.count': ids.length });
    for (const id of ids) expect((await send({ path: `${collectionPath}/${id}` })).status).toBe(200);

    await makeFull(false);
    const after = await create('after');
    expect(after.status).toBe(201);
    const all = [...ids, (after.body as { id: string }).id];

    // Tables of items and records have what the profiles have, and nothing else.
    const records = openChangeRecords('', url);
    expect(records.count()).toBe(all.length + changes);
    records.close();
    const [counted] = await query(
      url,
      'select count(distinct "id")::int as "count" from "cloud_app_security_profile_tags"',
    );
    expect(counted).toEqual({ count: all.length });
    await postgres.kill('SIGKILL');
    await postgres.restart();
    for (const id of all) {
      const status = async () => (await send({ path: `${collectionPath}/${id}` })).status;
      // The server recovers first, and the service tries again after a while.
      await expect.poll(status, { timeout: 20_000 }).toBe(200);
    }
    console.log(
      `postgres disk full (${isMounted ? 'tablespace' : 'simulated'}): ${ids.length + changes} acknowledged, ` +
        `${refusals.length} refused, all found`,
    );
  }, 90_000);
});
