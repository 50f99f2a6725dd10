/** The key pair of the local issuer, kept on disk so that tokens outlive a restart. */

import { hkdfSync, randomUUID } from 'node:crypto';
import { chmod, link, mkdir, readFile, rename, unlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  type CryptoKey,
  calculateJwkThumbprint,
  exportJWK,
  generateKeyPair,
  importJWK,
  type JWK,
} from 'jose';

const algorithm = 'RS256';

/** A private key to sign with and what the world may know of it. */
export interface SigningKey {
  /** Thumbprint of the public key (RFC 7638). */
  readonly kid: string;
  readonly algorithm: string;
  readonly privateKey: CryptoKey;
  /** Public half, with `kid`, `alg` and `use`: an entry of a JSON Web Key Set. */
  readonly publicJwk: JWK;
  /** 32 bytes derived from nothing but this key: seals what only its holders may read. */
  readonly secret: Uint8Array;
}

/** Where the local issuer's key lies below the data folder. */
export const signingKeyPath = (dataFolder: string): string =>
  join(dataFolder, 'keys', 'local-issuer.jwk.json');

/** Puts a complete file at `path` unless one is there: of two processes at once, one wins and both read it. */
async function writeFileOnce(path: string, content: string): Promise<void> {
  const temporary = `${path}.${randomUUID()}.tmp`;
  await writeFile(temporary, content, { mode: 0o600, flag: 'wx', flush: true });
  try {
    await link(temporary, path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  } finally {
    await unlink(temporary);
  }
}

async function createKeyText(): Promise<string> {
  const { privateKey } = await generateKeyPair(algorithm, { modulusLength: 2048, extractable: true });
  const jwk = await exportJWK(privateKey);
  return `${JSON.stringify({ ...jwk, kid: await calculateJwkThumbprint(jwk), alg: algorithm, use: 'sig' })}\n`;
}

async function readFileIfThere(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

async function readKey(keyText: string): Promise<SigningKey> {
  const jwk: JWK = JSON.parse(keyText);
  const { kty, n, e, d } = jwk;
  if (kty !== 'RSA' || n === undefined || e === undefined || d === undefined)
    throw new Error('no RSA private key');
  const privateKey = await importJWK(jwk, algorithm);
  if (privateKey instanceof Uint8Array) throw new Error('no RSA private key');
  const kid = await calculateJwkThumbprint(jwk);
  const secret = hkdfSync('sha256', Buffer.from(d, 'base64url'), '', 'casp local issuer sealing key', 32);
  return {
    kid,
    algorithm,
    privateKey,
    publicJwk: { kty, n, e, kid, alg: algorithm, use: 'sig' },
    secret: new Uint8Array(secret),
  };
}

/** Puts a complete file at `path` in place of any other. */
async function replaceFile(path: string, content: string): Promise<void> {
  const temporary = `${path}.${randomUUID()}.tmp`;
  await writeFile(temporary, content, { mode: 0o600, flag: 'wx', flush: true });
  await rename(temporary, path);
}

/**
 * Opens the local issuer's key in the data folder, making folder and key if there are none. Where instances share a
 * key, `share` yields it, given this folder's; the file then holds the shared one, for commands beside the server.
 */
export async function openSigningKey(
  dataFolder: string,
  share?: (keyText: Uint8Array) => Promise<Uint8Array>,
): Promise<SigningKey> {
  const path = signingKeyPath(dataFolder);
  await mkdir(join(path, '..'), { recursive: true, mode: 0o700 });
  let keyText = await readFileIfThere(path);
  if (keyText === undefined) {
    await writeFileOnce(path, await createKeyText());
    keyText = await readFile(path, 'utf8');
  }
  if (share !== undefined) {
    const shared = Buffer.from(await share(Buffer.from(keyText))).toString();
    if (shared !== keyText) await replaceFile(path, shared);
    keyText = shared;
  }
  // A key restored from a backup may have come back readable to others.
  await chmod(path, 0o600);
  try {
    return await readKey(keyText);
  } catch {
    // The cause could quote the key, so it is left out.
    throw new Error(`${path} holds no RSA private key. Delete it: a new key is made at the next start.`);
  }
}
