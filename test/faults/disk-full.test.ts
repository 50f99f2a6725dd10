/**
 * The disk is full: writes are refused with 503, reads go on, what was acknowledged is there, and once there is room
 * again writes are accepted without a restart.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openChangeRecords } from '../support/change-records.ts';
import { collectionPath, expectRefusal } from '../support/conformance.ts';
import { type Answer, createExchange, type Send } from '../support/exchange.ts';
import { type RunningServer, startServer } from '../support/running-server.ts';

const succeeds = (program: string, ...parameters: readonly string[]): boolean =>
  spawnSync(program, parameters, { stdio: 'ignore' }).status === 0;

/** A place that can be made too small for one more write, and large enough again. */
interface NarrowDisk {
  readonly means: string;
  readonly folder: string;
  fill(pid: number): void;
  makeRoom(pid: number): void;
  remove(): void;
}

/** A small file system of its own, which takes the right to mount one. */
function mountSmallDisk(folder: string): NarrowDisk | undefined {
  if (!succeeds('mount', '-t', 'tmpfs', '-o', 'size=12m', 'tmpfs', folder)) return undefined;
  const ballast = join(folder, 'ballast');
  writeFileSync(ballast, Buffer.alloc(6 * 1024 * 1024));
  return {
    means: 'a file system of 12 MiB',
    folder,
    fill: () => undefined,
    makeRoom: () => rmSync(ballast),
    remove: () => succeeds('umount', '-l', folder),
  };
}

/** Without that right: files of the process may grow to a size and not beyond. */
const limitFiles = (folder: string): NarrowDisk => ({
  means: 'files of at most 4 MiB',
  folder,
  fill: (pid) => succeeds('prlimit', '--pid', String(pid), `--fsize=${4 * 1024 * 1024}:unlimited`),
  makeRoom: (pid) => succeeds('prlimit', '--pid', String(pid), '--fsize=unlimited:unlimited'),
  remove: () => undefined,
});

const folder = mkdtempSync(join(tmpdir(), 'casp-full-'));
const disk = mountSmallDisk(folder) ?? limitFiles(folder);
let server: RunningServer;
let token = '';
let exchange: { readonly send: Send; close(): void };

beforeAll(async () => {
  server = await startServer({ data: join(folder, 'data'), flags: ['--no-sample'] });
  token = server.token();
  exchange = createExchange(server.httpUrl);
  disk.fill(server.pid);
});
afterAll(async () => {
  exchange.close();
  await server.stop();
  disk.remove();
  rmSync(folder, { recursive: true, force: true });
});

const send: Send = (ask) => exchange.send({ token, ...ask });
const create = (name: string): Promise<Answer> =>
  send({ method: 'POST', path: collectionPath, body: { name, manifest: 'm'.repeat(50_000) } });

/** Creates until the disk is full; the refusals and the ids that were acknowledged. */
async function fillDisk(): Promise<{
  readonly ids: readonly string[];
  readonly refusals: readonly Answer[];
}> {
  const ids: string[] = [];
  const refusals: Answer[] = [];
  for (let count = 0; refusals.length < 20; count += 1) {
    if (count > 5000) throw new Error('the disk does not fill');
    // Several at once, so that they share a commit that fails.
    const answers = await Promise.all([1, 2, 3].map((number) => create(`profile ${count}.${number}`)));
    for (const answer of answers) {
      if (answer.status === 201) ids.push((answer.body as { id: string }).id);
      else refusals.push(answer);
    }
  }
  return { ids, refusals };
}

describe(`a full disk: ${disk.means}`, () => {
  it('refuses writes, answers reads, keeps what it acknowledged, and writes again when there is room', async () => {
    const { ids, refusals } = await fillDisk();
    for (const refusal of refusals) {
      expectRefusal(refusal, '503 ServiceUnavailable storageUnavailable', {
        message: 'The database cannot be read or written at the moment.',
        headers: { 'retry-after': '5' },
      });
    }
    const page = await send({ path: `${collectionPath}?$count=true&$top=1` });
    expect(page.body).toMatchObject({ '@odata.count': ids.length });
    for (const id of ids) expect((await send({ path: `${collectionPath}/${id}` })).status).toBe(200);

    disk.makeRoom(server.pid);
    const after = await create('after');
    expect(after.status).toBe(201);
    const all = [...ids, (after.body as { id: string }).id];

    await server.kill('SIGKILL');
    exchange.close();
    server = await startServer({ data: join(folder, 'data'), flags: ['--no-sample'] });
    exchange = createExchange(server.httpUrl);
    for (const id of all) expect((await send({ path: `${collectionPath}/${id}` })).status).toBe(200);
    const records = openChangeRecords(join(folder, 'data'));
    expect(records.count()).toBe(all.length);
    records.close();
    console.log(
      `disk full: ${disk.means}, ${ids.length} acknowledged, ${refusals.length} refused, all found`,
    );
  }, 60_000);
});
