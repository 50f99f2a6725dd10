/** The development certificate authority: https on loopback without a warning, kept in the data folder. */
import { createPrivateKey, randomBytes, randomUUID, webcrypto, X509Certificate } from 'node:crypto';
import { chmod, link, mkdir, readFile, rename, unlink, writeFile } from 'node:fs/promises';
import { isIP } from 'node:net';
import { join } from 'node:path';

const dayMs = 24 * 60 * 60 * 1000;
/** Long enough that nobody has to trust it twice. */
const authorityLifetimeDays = 10 * 365;
/** Apple's limit for certificates of private authorities is 825 days, that of browsers for public ones 398. */
const leafLifetimeDays = 397;
/** Renewed while it still serves, so that a server left running does not run out. */
const leafRenewalDays = 60;
/** Clocks of containers and hosts differ; a certificate must not be from the future. */
const backdatingMs = 60 * 60 * 1000;

const curve = { name: 'ECDSA', namedCurve: 'P-256' } as const;
const signature = { name: 'ECDSA', hash: 'SHA-256' } as const;

/** The names a development server answers to; https clients check them. */
export const localHostNames: readonly string[] = ['localhost', '127.0.0.1', '::1'];

/** What a TLS listener needs, in PEM. */
export interface LocalCertificate {
  readonly key: string;
  /** The server's certificate, followed by that of the authority. */
  readonly cert: string;
  /** File clients are told to trust: `NODE_EXTRA_CA_CERTS`, `curl --cacert`. */
  readonly authorityPath: string;
  /** When the server's certificate ends. */
  readonly expires: Date;
}

/** What `openLocalCertificate` is made from. */
export interface LocalCertificateOptions {
  readonly dataFolder: string;
  readonly now: () => Date;
  /** Names beside `localHostNames`. */
  readonly hostNames?: readonly string[];
}

const tlsFolder = (dataFolder: string): string => join(dataFolder, 'tls');

/** Where the certificate of the development authority lies; made by `openLocalCertificate`. */
export const caCertificatePath = (dataFolder: string): string => join(tlsFolder(dataFolder), 'ca.pem');

async function readFileIfThere(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

/** Puts a complete file at `path`. `once`: only if none is there, so that of two processes one wins. */
async function placeFile(
  path: string,
  content: string,
  mode: number,
  how: 'once' | 'replace',
): Promise<void> {
  const temporary = `${path}.${randomUUID()}.tmp`;
  await writeFile(temporary, content, { mode, flag: 'wx', flush: true });
  if (how === 'replace') return rename(temporary, path);
  try {
    await link(temporary, path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  } finally {
    await unlink(temporary);
  }
}

/** The X.509 library, loaded only when a certificate has to be made: it takes a quarter of a second. */
const loadX509 = () => import('@peculiar/x509');

/** Twenty random octets with the top bit clear: positive and unique (RFC 5280 section 4.1.2.2). */
function newSerialNumber(): string {
  const octets = randomBytes(20);
  octets[0] = ((octets[0] ?? 0) & 0x7f) | 0x40;
  return octets.toString('hex');
}

const newKeyPair = () => webcrypto.subtle.generateKey(curve, true, ['sign', 'verify']);

async function writePrivateKey(key: webcrypto.CryptoKey): Promise<string> {
  const pkcs8 = Buffer.from(await webcrypto.subtle.exportKey('pkcs8', key));
  return createPrivateKey({ key: pkcs8, format: 'der', type: 'pkcs8' })
    .export({ format: 'pem', type: 'pkcs8' })
    .toString();
}

/** Both halves of a private key in PEM, as Web Crypto wants them. */
async function importKeyPair(pem: string): Promise<webcrypto.CryptoKeyPair> {
  const jwk = createPrivateKey(pem).export({ format: 'jwk' });
  const { d: _private, ...publicJwk } = jwk;
  return {
    privateKey: await webcrypto.subtle.importKey('jwk', jwk, curve, false, ['sign']),
    publicKey: await webcrypto.subtle.importKey('jwk', publicJwk, curve, true, ['verify']),
  };
}

async function makeAuthorityCertificate(keys: webcrypto.CryptoKeyPair, now: Date): Promise<string> {
  const x509 = await loadX509();
  const { KeyUsageFlags } = x509;
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    serialNumber: newSerialNumber(),
    // The date tells the authorities of two data folders apart in a trust store.
    name: `CN=casp development authority ${now.toISOString().slice(0, 10)}, O=casp development`,
    notBefore: new Date(now.getTime() - backdatingMs),
    notAfter: new Date(now.getTime() + authorityLifetimeDays * dayMs),
    signingAlgorithm: signature,
    keys,
    extensions: [
      new x509.BasicConstraintsExtension(true, 0, true),
      new x509.KeyUsagesExtension(KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign, true),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  });
  return certificate.toString('pem');
}

interface Authority {
  readonly keys: webcrypto.CryptoKeyPair;
  readonly certificate: string;
}

async function makeLeaf(authority: Authority, hostNames: readonly string[], now: Date): Promise<string> {
  const x509 = await loadX509();
  const keys = await newKeyPair();
  const issuer = new x509.X509Certificate(authority.certificate);
  const notAfter = Math.min(
    now.getTime() + leafLifetimeDays * dayMs - backdatingMs,
    issuer.notAfter.getTime(),
  );
  const names = hostNames.map((value) => ({
    type: isIP(value) === 0 ? ('dns' as const) : ('ip' as const),
    value,
  }));
  const certificate = await x509.X509CertificateGenerator.create({
    serialNumber: newSerialNumber(),
    subject: 'CN=localhost, O=casp development',
    issuer: issuer.subject,
    notBefore: new Date(now.getTime() - backdatingMs),
    notAfter: new Date(notAfter),
    signingAlgorithm: signature,
    publicKey: keys.publicKey,
    signingKey: authority.keys.privateKey,
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
      new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth]),
      new x509.SubjectAlternativeNameExtension(names),
      await x509.AuthorityKeyIdentifierExtension.create(authority.keys.publicKey),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  });
  return `${await writePrivateKey(keys.privateKey)}${certificate.toString('pem')}\n`;
}

/** A certificate and its key that belong together and serve beyond `until`; undefined if they do not. */
function readCertificate(
  pem: string | undefined,
  key: string | undefined,
  until: number,
): X509Certificate | undefined {
  if (pem === undefined || key === undefined) return undefined;
  try {
    const certificate = new X509Certificate(pem);
    if (!certificate.checkPrivateKey(createPrivateKey(key))) return undefined;
    return Date.parse(certificate.validTo) > until ? certificate : undefined;
  } catch {
    return undefined; // damaged: made anew
  }
}

/** Key first, then the certificate from the key on disk: two processes at once end with one of each. */
async function openAuthority(dataFolder: string, now: Date): Promise<Authority> {
  const keyPath = join(tlsFolder(dataFolder), 'ca-key.pem');
  const path = caCertificatePath(dataFolder);
  if ((await readFileIfThere(keyPath)) === undefined) {
    await placeFile(keyPath, await writePrivateKey((await newKeyPair()).privateKey), 0o600, 'once');
  }
  await chmod(keyPath, 0o600);
  const key = await readFile(keyPath, 'utf8');
  const keys = await importKeyPair(key).catch(() => {
    throw new Error(`${keyPath} holds no P-256 private key. Delete the folder it is in: it is made anew.`);
  });
  const needed = now.getTime() + leafLifetimeDays * dayMs;
  const there = await readFileIfThere(path);
  if (there !== undefined && readCertificate(there, key, needed) !== undefined) {
    return { keys, certificate: there };
  }
  const made = await makeAuthorityCertificate(keys, now);
  await placeFile(path, made, 0o644, there === undefined ? 'once' : 'replace');
  return { keys, certificate: await readFile(path, 'utf8') };
}

function splitLeaf(pem: string): { readonly key: string; readonly certificate: string } {
  const start = pem.indexOf('-----BEGIN CERTIFICATE-----');
  return { key: pem.slice(0, start), certificate: pem.slice(start) };
}

function serves(leaf: X509Certificate, authority: X509Certificate, hostNames: readonly string[]): boolean {
  if (!leaf.checkIssued(authority) || !leaf.verify(authority.publicKey)) return false;
  return hostNames.every((name) =>
    isIP(name) === 0 ? leaf.checkHost(name) !== undefined : leaf.checkIP(name) !== undefined,
  );
}

/** Opens the certificate of the development server, making authority and certificate where needed. */
export async function openLocalCertificate(options: LocalCertificateOptions): Promise<LocalCertificate> {
  const { dataFolder } = options;
  const now = options.now();
  const hostNames = [...new Set([...localHostNames, ...(options.hostNames ?? [])])];
  await mkdir(tlsFolder(dataFolder), { recursive: true, mode: 0o700 });
  const authority = await openAuthority(dataFolder, now);
  const path = join(tlsFolder(dataFolder), 'localhost.pem');
  const until = now.getTime() + leafRenewalDays * dayMs;

  function readLeaf(pem: string): LocalCertificate | undefined {
    const { key, certificate } = splitLeaf(pem);
    const leaf = readCertificate(certificate, key, until);
    if (leaf === undefined || !serves(leaf, new X509Certificate(authority.certificate), hostNames))
      return undefined;
    return {
      key,
      cert: `${certificate.trimEnd()}\n${authority.certificate}`,
      authorityPath: caCertificatePath(dataFolder),
      expires: new Date(leaf.validTo),
    };
  }

  const kept = readLeaf((await readFileIfThere(path)) ?? '');
  if (kept !== undefined) return kept;
  const made = await makeLeaf(authority, hostNames, now);
  await placeFile(path, made, 0o600, 'replace');
  const opened = readLeaf(made);
  if (opened === undefined) throw new Error('the certificate just made does not serve');
  return opened;
}
