/** A file, or a file system, that cannot be written: the service says so at its start and touches nothing. */
import { type SpawnSyncReturns, spawnSync } from 'node:child_process';
import { chmodSync, chownSync, cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { freePort, plainEnvironment, programPath, startServer } from '../support/running-server.ts';

const folder = mkdtempSync(join(tmpdir(), 'casp-read-only-'));
const filled = join(folder, 'filled');
/** Root may write everything; as root the program is started as somebody else. */
const nobody = process.getuid?.() === 0 ? 65_534 : undefined;

beforeAll(async () => {
  const server = await startServer({ data: filled });
  await server.stop();
  chmodSync(folder, 0o755);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** A copy of the data that belongs to whom the program runs as. */
function copyData(name: string): string {
  const copy = join(folder, name);
  cpSync(filled, copy, { recursive: true });
  if (nobody !== undefined) spawnSync('chown', ['-R', String(nobody), copy]);
  return copy;
}

async function serve(data: string): Promise<SpawnSyncReturns<string>> {
  const ports = ['--http-port', String(await freePort()), '--https-port', String(await freePort())];
  return spawnSync(process.execPath, [programPath, 'serve', '--dev', '--data', data, ...ports], {
    env: { ...plainEnvironment(), HOME: folder },
    cwd: folder,
    encoding: 'utf8',
    timeout: 20_000,
    ...(nobody === undefined ? {} : { uid: nobody, gid: nobody }),
  });
}

/** It ended by itself, said what is wrong, and showed nobody a stack. */
function expectRefusedStart(
  { status, signal, stdout, stderr }: SpawnSyncReturns<string>,
  says: RegExp,
): void {
  expect({ signal, stdout }).toEqual({ signal: null, stdout: '' });
  expect(status).toBeGreaterThan(0);
  expect(stderr).toMatch(says);
  expect(stderr).not.toMatch(/^\s+at /m);
}

describe('data that cannot be written', () => {
  it('a read-only file: refuses to start and leaves the file as it was', async () => {
    const data = copyData('file');
    const file = join(data, 'casp.db');
    chmodSync(file, 0o444);
    const before = readFileSync(file);
    expectRefusedStart(await serve(data), /casp cannot start: ".*casp\.db" cannot be written \(EACCES\)/);
    expect(readFileSync(file).equals(before)).toBe(true);
  });

  it('a read-only folder: refuses to start', async () => {
    const data = copyData('folder');
    chmodSync(data, 0o555);
    expectRefusedStart(await serve(data), /casp cannot start: ".*folder" cannot be written \(EACCES\)/);
    chmodSync(data, 0o755);
  });

  it('a folder that cannot be made: refuses to start and names it', async () => {
    const parent = join(folder, 'parent');
    mkdirSync(parent);
    if (nobody !== undefined) chownSync(parent, nobody, nobody);
    chmodSync(parent, 0o555);
    expectRefusedStart(await serve(join(parent, 'data')), /the data folder ".*" cannot be made \(EACCES\)/);
  });
});
