import { execFile } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { chmod, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { createServer, get } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  caCertificatePath,
  type LocalCertificate,
  openLocalCertificate,
} from '../../../src/http/local-https.ts';

const run = promisify(execFile);
const dayMs = 24 * 60 * 60 * 1000;

let dataFolder = '';
beforeEach(async () => {
  dataFolder = await mkdtemp(join(tmpdir(), 'casp-tls-'));
});
afterEach(() => rm(dataFolder, { recursive: true, force: true }));

const open = (at = new Date(), hostNames: readonly string[] = []): Promise<LocalCertificate> =>
  openLocalCertificate({ dataFolder, now: () => at, hostNames });

const mode = async (path: string): Promise<string> => ((await stat(path)).mode & 0o777).toString(8);

/** Runs a server with the certificate, hands its port over and closes it. */
async function serving<T>(certificate: LocalCertificate, work: (port: number) => Promise<T>): Promise<T> {
  const server = createServer({ key: certificate.key, cert: certificate.cert }, (_request, response) => {
    response.end('hello');
  });
  await new Promise<void>((resolve) => server.listen({ port: 0, host: '::', ipv6Only: false }, resolve));
  try {
    return await work((server.address() as AddressInfo).port);
  } finally {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
}

const fetchText = (url: string, ca: string): Promise<string> =>
  new Promise((resolve, reject) => {
    get(url, { ca, agent: false }, (response) => {
      response.setEncoding('utf8');
      let text = '';
      response.on('data', (chunk: string) => {
        text += chunk;
      });
      response.on('end', () => resolve(text));
    }).on('error', reject);
  });

describe('openLocalCertificate', () => {
  it('serves https that a client trusting only the authority accepts, by every local name', async () => {
    const certificate = await open();
    const ca = await readFile(certificate.authorityPath, 'utf8');
    const answers = await serving(certificate, (port) =>
      Promise.all(
        ['localhost', '127.0.0.1', '[::1]'].map((host) => fetchText(`https://${host}:${port}/`, ca)),
      ),
    );
    expect(answers).toEqual(['hello', 'hello', 'hello']);
  });

  it('is accepted by curl --cacert and by a Node process with NODE_EXTRA_CA_CERTS', async () => {
    const certificate = await open();
    const script = 'fetch(process.argv[1]).then((r) => r.text()).then((t) => process.stdout.write(t))';
    const [byCurl, byNode] = await serving(certificate, async (port) => {
      const url = `https://localhost:${port}/`;
      return [
        await run('curl', ['-sS', '--noproxy', '*', '--cacert', certificate.authorityPath, url]),
        await run(process.execPath, ['-e', script, url], {
          env: { ...process.env, NODE_EXTRA_CA_CERTS: certificate.authorityPath, NODE_USE_ENV_PROXY: '0' },
        }),
      ];
    });
    expect([byCurl?.stdout, byNode?.stdout]).toEqual(['hello', 'hello']);
  });

  it('is refused by a client that trusts another authority', async () => {
    const certificate = await open();
    const other = await mkdtemp(join(tmpdir(), 'casp-tls-'));
    try {
      const { authorityPath } = await openLocalCertificate({ dataFolder: other, now: () => new Date() });
      const ca = await readFile(authorityPath, 'utf8');
      await serving(certificate, async (port) => {
        await expect(fetchText(`https://localhost:${port}/`, ca)).rejects.toThrow(/certificate|issuer/);
      });
    } finally {
      await rm(other, { recursive: true, force: true });
    }
  });

  it('passes the strict checks of RFC 5280: key identifiers, usages, path length', async () => {
    const certificate = await open();
    const leafPath = join(dataFolder, 'leaf.pem');
    await writeFile(leafPath, certificate.cert);
    const strict = ['verify', '-x509_strict', '-purpose', 'sslserver', '-verify_hostname', 'localhost'];
    const { stdout } = await run('openssl', [...strict, '-CAfile', certificate.authorityPath, leafPath]);
    expect(stdout).toBe(`${leafPath}: OK\n`);
    const ca = new X509Certificate(await readFile(certificate.authorityPath));
    expect(ca.ca).toBe(true);
  });

  it('keeps the authority at least five years and a certificate at most 397 days', async () => {
    const at = new Date();
    const certificate = await open(at);
    const ca = new X509Certificate(await readFile(caCertificatePath(dataFolder)));
    const leaf = new X509Certificate(certificate.cert);
    expect(Date.parse(ca.validTo) - at.getTime()).toBeGreaterThanOrEqual(5 * 365 * dayMs);
    expect(Date.parse(leaf.validTo) - Date.parse(leaf.validFrom)).toBeLessThanOrEqual(397 * dayMs);
    expect(certificate.expires).toEqual(new Date(leaf.validTo));
  });

  it('keeps private keys to their owner, also those restored with wider rights', async () => {
    await open();
    const keyPath = join(dataFolder, 'tls', 'ca-key.pem');
    await chmod(keyPath, 0o644);
    await open();
    expect([await mode(keyPath), await mode(join(dataFolder, 'tls', 'localhost.pem'))]).toEqual([
      '600',
      '600',
    ]);
    expect(await mode(caCertificatePath(dataFolder))).toBe('644');
  });

  it('answers the same certificate at the next start', async () => {
    expect(await open()).toEqual(await open());
  });

  it('renews a certificate in its last 60 days, not before, and keeps the authority', async () => {
    const first = await open();
    const ca = await readFile(first.authorityPath, 'utf8');
    const before = await open(new Date(first.expires.getTime() - 60 * dayMs - 1000));
    const within = await open(new Date(first.expires.getTime() - 60 * dayMs));
    expect(before.cert).toBe(first.cert);
    expect(within.cert).not.toBe(first.cert);
    expect(await readFile(first.authorityPath, 'utf8')).toBe(ca);
  });

  it('makes a new certificate when a host name is asked for that the kept one lacks', async () => {
    const first = await open();
    const second = await open(new Date(), ['casp.test', '127.0.0.2']);
    const leaf = new X509Certificate(second.cert);
    expect(second.cert).not.toBe(first.cert);
    expect(leaf.subjectAltName).toBe(
      'DNS:localhost, IP Address:127.0.0.1, IP Address:0:0:0:0:0:0:0:1, DNS:casp.test, IP Address:127.0.0.2',
    );
    expect(await open(new Date(), ['casp.test'])).toEqual(second);
  });

  it('replaces an authority that would end before a certificate of full length', async () => {
    const first = await open();
    const ca = await readFile(first.authorityPath, 'utf8');
    const later = new Date(Date.now() + 9 * 365 * dayMs);
    const second = await open(later);
    expect(await readFile(second.authorityPath, 'utf8')).not.toBe(ca);
    expect(second.expires.getTime()).toBeGreaterThan(later.getTime() + 300 * dayMs);
  });

  it('mends damaged certificate files and refuses a damaged key without showing it', async () => {
    const first = await open();
    await writeFile(join(dataFolder, 'tls', 'localhost.pem'), 'damaged');
    await writeFile(first.authorityPath, 'damaged');
    const second = await open();
    expect(new X509Certificate(second.cert).checkHost('localhost')).toBe('localhost');
    await writeFile(join(dataFolder, 'tls', 'ca-key.pem'), 'secret damage');
    await expect(open()).rejects.toThrow(/ca-key\.pem holds no P-256 private key/);
    await expect(open()).rejects.not.toThrow(/secret damage/);
  });

  it('ends with one authority when several processes start at once, and leaves no temporary file', async () => {
    const all = await Promise.all(Array.from({ length: 8 }, () => open()));
    const ca = new X509Certificate(await readFile(caCertificatePath(dataFolder)));
    expect(all.map(({ cert }) => new X509Certificate(cert).verify(ca.publicKey))).toEqual(
      all.map(() => true),
    );
    expect((await readdir(join(dataFolder, 'tls'))).sort()).toEqual([
      'ca-key.pem',
      'ca.pem',
      'localhost.pem',
    ]);
  });
});
