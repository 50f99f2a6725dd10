import { execFile } from 'node:child_process';
import { chmod, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { transform } from 'esbuild';
import { calculateJwkThumbprint } from 'jose';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openSigningKey, signingKeyPath } from '../../../src/auth/signing-key.ts';

let dataFolder = '';
beforeEach(async () => {
  dataFolder = await mkdtemp(join(tmpdir(), 'casp-key-'));
});
afterEach(() => rm(dataFolder, { recursive: true, force: true }));

describe('openSigningKey', () => {
  it('makes a key named by its thumbprint and keeps it', async () => {
    const first = await openSigningKey(join(dataFolder, 'new', 'folder'));
    const second = await openSigningKey(join(dataFolder, 'new', 'folder'));
    expect(first.kid).toBe(await calculateJwkThumbprint(first.publicJwk));
    expect([second.publicJwk, second.secret]).toEqual([first.publicJwk, first.secret]);
    expect(first.secret.length).toBe(32);
  });

  it('shows the public half alone', async () => {
    const { publicJwk, kid } = await openSigningKey(dataFolder);
    expect(Object.keys(publicJwk).sort()).toEqual(['alg', 'e', 'kid', 'kty', 'n', 'use']);
    expect(publicJwk).toMatchObject({ alg: 'RS256', kid, kty: 'RSA', use: 'sig' });
  });

  it('keeps the file to its owner, also one restored with wider rights', async () => {
    await openSigningKey(dataFolder);
    const path = signingKeyPath(dataFolder);
    await chmod(path, 0o644);
    await openSigningKey(dataFolder);
    const modes = [path, dirname(path)].map(async (each) => ((await stat(each)).mode & 0o777).toString(8));
    expect(await Promise.all(modes)).toEqual(['600', '700']);
  });

  it.each(['damaged', '{}', '{"kty":"RSA","n":"secret-part","e":"AQAB"}', '{"kty":"oct","k":"secret-part"}'])(
    'refuses the file %j, says what to do and shows nothing of it',
    async (content) => {
      await openSigningKey(dataFolder);
      await writeFile(signingKeyPath(dataFolder), content);
      const error = await openSigningKey(dataFolder).catch((thrown: unknown) => thrown);
      if (!(error instanceof Error)) throw new Error('accepted');
      expect(error.message).toBe(
        `${signingKeyPath(dataFolder)} holds no RSA private key. Delete it: a new key is made at the next start.`,
      );
      expect(error.cause).toBeUndefined();
    },
  );

  it('ends with one key when several processes start at once, and leaves no temporary file', async () => {
    const source = await readFile(new URL('../../../src/auth/signing-key.ts', import.meta.url), 'utf8');
    const script = join(dirname(new URL(import.meta.url).pathname), `signing-key-${process.pid}.mjs`);
    const { code } = await transform(source, { loader: 'ts', format: 'esm' });
    await writeFile(script, code);
    try {
      const program = `import(${JSON.stringify(pathToFileURL(script).href)})
        .then((m) => m.openSigningKey(process.argv[1])).then((k) => process.stdout.write(k.kid))`;
      const start = () => promisify(execFile)(process.execPath, ['-e', program, dataFolder]);
      const kids = (await Promise.all([start(), start(), start()])).map(({ stdout }) => stdout);
      const { kid } = await openSigningKey(dataFolder);
      expect(kids).toEqual([kid, kid, kid]);
      expect(await readdir(dirname(signingKeyPath(dataFolder)))).toEqual(['local-issuer.jwk.json']);
    } finally {
      await rm(script);
    }
  });
});
