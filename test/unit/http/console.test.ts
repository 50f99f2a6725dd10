import { mkdirSync, mkdtempSync, rmSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { brotliCompressSync, gzipSync } from 'node:zlib';
import { afterAll, describe, expect, it } from 'vitest';
import { type Console, createConsole } from '../../../src/http/console.ts';
import type { HttpRequest } from '../../../src/http/message.ts';

const folder = mkdtempSync(join(tmpdir(), 'casp-console-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const write = (path: string, content: string | Uint8Array) => {
  mkdirSync(dirname(join(folder, path)), { recursive: true });
  writeFileSync(join(folder, path), content);
};
const script = 'export const app = "the console";\n';
const built = 'built';
write(`${built}/index.html`, '<meta name="csp-nonce" content="__CSP_NONCE__"><style nonce="__CSP_NONCE__">');
write(`${built}/assets/app-1a2b.js`, script);
write(`${built}/assets/app-1a2b.js.br`, brotliCompressSync(script));
write(`${built}/assets/app-1a2b.js.gz`, gzipSync(script));
write(`${built}/assets/plain-3c4d.css`, 'a{}');
write(`${built}/favicon.svg`, '<svg/>');
write('secret.txt', 'secret');

let nonces = 0;
const create = (name: string): Console =>
  createConsole({
    folder: join(folder, name),
    settings: ({ publicUrl }) => ({ publicUrl }),
    origins: ['https://login.example'],
    newNonce: () => {
      nonces += 1;
      return `nonce${nonces}`;
    },
  });
const console_ = create(built);

const requestOf = (target: string, other: Partial<HttpRequest> = {}): HttpRequest => ({
  id: 'i',
  clientRequestId: 'c',
  method: 'GET',
  target,
  headers: {},
  body: undefined,
  publicUrl: 'https://casp.example',
  remoteAddress: '127.0.0.1',
  signal: new AbortController().signal,
  ...other,
});

async function answer(target: string, headers: HttpRequest['headers'] = {}, from = console_) {
  const response = await from(requestOf(target, { headers }));
  if (response === undefined) throw new Error(`nobody answers ${target}`);
  const { body = '' } = response;
  if (typeof body !== 'string' && !(body instanceof Uint8Array)) throw new Error('a stream');
  const bytes = Buffer.from(body);
  return { ...response, bytes, text: bytes.toString('utf8') };
}

const policyWith = (nonce: string): string =>
  `default-src 'none'; script-src 'self'; style-src 'self' 'nonce-${nonce}'; style-src-attr 'unsafe-inline'; ` +
  "img-src 'self' data:; font-src 'self'; manifest-src 'self'; worker-src 'self'; " +
  "connect-src 'self' https://login.example; form-action 'self' https://login.example; " +
  "base-uri 'none'; frame-ancestors 'none'";

describe('pages', () => {
  it.each(['/console/', '/console/index.html', '/console/apps/053c?tab=history', '/console/no/such%2Froute'])(
    'answers %s with the one page, a nonce of its own and the policy that names it',
    async (target) => {
      const { status, headers, text } = await answer(target);
      const nonce = `nonce${nonces}`;
      expect({ status, headers, text }).toEqual({
        status: 200,
        headers: {
          'Content-Type': 'text/html; charset=utf-8',
          'Cache-Control': 'no-cache',
          'Content-Security-Policy': policyWith(nonce),
          'Referrer-Policy': 'same-origin',
          'Permissions-Policy':
            'camera=(), display-capture=(), geolocation=(), microphone=(), payment=(), usb=(), clipboard-write=(self)',
          'Cross-Origin-Opener-Policy': 'same-origin-allow-popups',
          'Cross-Origin-Resource-Policy': 'same-origin',
          'X-Frame-Options': 'DENY',
        },
        text: `<meta name="csp-nonce" content="${nonce}"><style nonce="${nonce}">`,
      });
    },
  );

  it('never uses a nonce twice', async () => {
    const policies = await Promise.all(
      Array.from({ length: 10 }, async () => (await answer('/console/')).headers['Content-Security-Policy']),
    );
    expect(new Set(policies).size).toBe(10);
  });

  it('lets the page people come back to find the window that opened it', async () => {
    const { headers } = await answer('/console/signed-in?code=x');
    expect(headers).not.toHaveProperty('Cross-Origin-Opener-Policy');
  });

  it('sends browsers from the root and from the bare name to the console', async () => {
    const root = await answer('/', { accept: 'text/html,application/xhtml+xml,*/*;q=0.8' });
    const bare = await answer('/console');
    expect([root, bare].map(({ status, headers }) => ({ status, headers }))).toEqual([
      { status: 302, headers: { Location: '/console/' } },
      { status: 308, headers: { Location: '/console/' } },
    ]);
  });

  it('leaves everything else to others', () => {
    const programs = [requestOf('/'), requestOf('/', { headers: { accept: 'application/json' } })];
    const writes = [requestOf('/', { method: 'POST', headers: { accept: 'text/html' } })];
    const others = ['/consoles', '/v1.0/security', '/Console/', '/%63onsole/'].map((target) =>
      requestOf(target),
    );
    expect([...programs, ...writes, ...others].map((request) => console_(request))).toEqual(
      Array(7).fill(undefined),
    );
  });

  it('says how to build a console that is not there', async () => {
    const { status, headers, text } = await answer('/console/apps', {}, create('nowhere'));
    expect({ status, cache: headers['Cache-Control'] }).toEqual({ status: 404, cache: 'no-store' });
    expect(text).toContain('npm run build');
  });

  it('shows a console built while the service runs', async () => {
    const late = create('late');
    expect(await answer('/console/', {}, late)).toMatchObject({ status: 404 });
    write('late/index.html', 'first');
    expect(await answer('/console/', {}, late)).toMatchObject({ status: 200, text: 'first' });
    write('late/index.html', 'second');
    utimesSync(join(folder, 'late/index.html'), 2_000_000_000, 2_000_000_000);
    expect(await answer('/console/', {}, late)).toMatchObject({ status: 200, text: 'second' });
  });

  it.each(['POST', 'PUT', 'DELETE', 'OPTIONS', 'PATCH'])('refuses %s', (method) => {
    expect(() => console_(requestOf('/console/', { method }))).toThrow(
      expect.objectContaining({ code: 'methodNotAllowed', headers: { Allow: 'GET, HEAD' } }),
    );
  });
});

describe('files', () => {
  const asset = {
    'Content-Type': 'text/javascript; charset=utf-8',
    'Cache-Control': 'public, max-age=31536000, immutable',
    'Cross-Origin-Resource-Policy': 'same-origin',
  };

  it.each([
    ['', {}],
    ['identity', {}],
    ['br;q=0, gzip;q=0', {}],
    ['gzip', { 'Content-Encoding': 'gzip' }],
    ['gzip, deflate, br, zstd', { 'Content-Encoding': 'br' }],
    ['gzip;q=1, br;q=0.5', { 'Content-Encoding': 'gzip' }],
  ] as const)('sends the compressed copy that "%s" asks for', async (accepted, encoding) => {
    const { status, headers, bytes } = await answer('/console/assets/app-1a2b.js', {
      'accept-encoding': accepted,
    });
    const copies = { '': Buffer.from(script), br: brotliCompressSync(script), gzip: gzipSync(script) };
    const coding = 'Content-Encoding' in encoding ? encoding['Content-Encoding'] : '';
    expect({ status, headers }).toEqual({ status: 200, headers: { ...asset, ...encoding } });
    expect(bytes.equals(copies[coding])).toBe(true);
  });

  it('sends a file without compressed copies as it is', async () => {
    const { headers, text } = await answer('/console/assets/plain-3c4d.css', { 'accept-encoding': 'br' });
    expect({ headers, text }).toEqual({
      headers: { ...asset, 'Content-Type': 'text/css; charset=utf-8' },
      text: 'a{}',
    });
  });

  it('lets browsers ask again for files whose name stays', async () => {
    expect((await answer('/console/favicon.svg')).headers).toEqual({
      ...asset,
      'Content-Type': 'image/svg+xml; charset=utf-8',
      'Cache-Control': 'public, max-age=3600',
    });
  });

  it('refuses an asset that is gone, instead of a page in the place of a script', async () => {
    expect(await answer('/console/assets/app-old.js')).toMatchObject({
      status: 404,
      headers: { 'Content-Type': 'text/plain; charset=utf-8', 'Cache-Control': 'no-store' },
    });
  });

  it.each([
    '/console/../secret.txt',
    '/console/..%2fsecret.txt',
    '/console/%2e%2e/secret.txt',
    '/console/assets/../../secret.txt',
    '/console/..\\secret.txt',
    '/console//etc/passwd',
    '/console/assets/app-1a2b.js%00.css',
    '/console/assets/app-1a2b.js.br',
    '/console/link.txt',
  ])('never leaves its folder: %s', async (target) => {
    symlinkSync(join(folder, 'secret.txt'), join(folder, built, 'link.txt'));
    const { status, text } = await answer(target).finally(() => rmSync(join(folder, built, 'link.txt')));
    expect([200, 404]).toContain(status);
    expect(text).not.toContain('secret');
    expect(text).not.toContain('root:');
    expect(text).not.toContain('the console"');
  });
});

describe('settings', () => {
  it('are of the listener that was asked, and never kept', async () => {
    const { status, headers, text } = await answer('/console/config.json');
    expect({ status, headers, text }).toEqual({
      status: 200,
      headers: { 'Content-Type': 'application/json; charset=utf-8', 'Cache-Control': 'no-store' },
      text: '{"publicUrl":"https://casp.example"}',
    });
  });
});
