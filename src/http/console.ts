/** The built console under /console: its files, one page for all its routes, what it must know to sign people in. */
import { ServiceError } from '../errors.ts';
import { chooseCoding } from './content-coding.ts';
import type { HttpRequest, HttpResponse } from './message.ts';
import { openStaticFiles, type StaticFile } from './static-files.ts';

/** Where the console comes from. */
export interface ConsoleParts {
  /** Folder of the built console; it need not exist. */
  readonly folder: string;
  /** The content of /console/config.json for a client of this listener. */
  readonly settings: (request: HttpRequest) => object;
  /** Origins its pages may call beside their own: where people sign in. */
  readonly origins: readonly string[];
  /** A new text for each page, safe in HTML and headers. */
  readonly newNonce: () => string;
}

/** Answers / for browsers, /console and all below it; undefined, at once, for every other address. */
export type Console = (request: HttpRequest) => Promise<HttpResponse> | undefined;

const prefix = '/console/';
/** Stands in index.html where the nonce of the style sheets goes. */
const noncePlaceholder = '__CSP_NONCE__';

/** Creates the handler `createHttpServer` tries before the service; it throws methodNotAllowed for writes. */
export function createConsole(parts: ConsoleParts): Console {
  const files = openStaticFiles(parts.folder, 'index.html');
  const answer = async (path: string, request: HttpRequest): Promise<HttpResponse> => {
    if (path === 'config.json') return respondSettings(parts.settings(request));
    const page = await files.find('index.html');
    if (page === undefined) return respondUnbuilt(parts);
    const file = path === 'index.html' ? undefined : await files.find(path);
    if (file !== undefined) return respondFile(path, file, request);
    // A page where a script was asked for would be a riddle; after an upgrade old names are simply gone.
    if (path.startsWith('assets/')) return respondText(404, 'The console has no such file.\n');
    return respondPage(await readText(page), path, parts);
  };
  return (request) => {
    const [path = ''] = request.target.split('?', 1);
    if (path === '/') return wantsPage(request) ? Promise.resolve(redirect(302)) : undefined;
    if (path !== '/console' && !path.startsWith(prefix)) return undefined;
    if (request.method !== 'GET' && request.method !== 'HEAD') throw methodNotAllowed(request.method);
    return path === '/console' ? Promise.resolve(redirect(308)) : answer(path.slice(prefix.length), request);
  };
}

/** Browsers ask for pages by name; programs at the root are told where the service begins. */
const wantsPage = ({ method, headers }: HttpRequest): boolean =>
  (method === 'GET' || method === 'HEAD') && (headers.accept ?? '').includes('text/html');

const redirect = (status: 302 | 308): HttpResponse => ({
  status,
  headers: { Location: prefix },
  body: undefined,
});

function methodNotAllowed(method: string): ServiceError {
  const message = `The method ${method} is not allowed at ${prefix}. Allowed: GET, HEAD.`;
  return new ServiceError('methodNotAllowed', message, { headers: { Allow: 'GET, HEAD' } });
}

const respondSettings = (settings: object): HttpResponse => ({
  status: 200,
  headers: { 'Content-Type': 'application/json; charset=utf-8', 'Cache-Control': 'no-store' },
  body: JSON.stringify(settings),
});

const respondText = (status: number, body: string): HttpResponse => ({
  status,
  headers: { 'Content-Type': 'text/plain; charset=utf-8', 'Cache-Control': 'no-store' },
  body,
});

/** Assets have the hash of their content in their names, so that they never change. */
const cachingOf = (path: string): string =>
  path.startsWith('assets/') ? 'public, max-age=31536000, immutable' : 'public, max-age=3600';

async function respondFile(path: string, file: StaticFile, { headers }: HttpRequest): Promise<HttpResponse> {
  const coding = chooseCoding(headers['accept-encoding'] ?? '');
  const compressed = coding === undefined ? undefined : file.read(coding);
  return {
    status: 200,
    headers: {
      'Content-Type': file.contentType,
      'Cache-Control': cachingOf(path),
      'Cross-Origin-Resource-Policy': 'same-origin',
      ...(coding === undefined || compressed === undefined ? {} : { 'Content-Encoding': coding }),
    },
    body: await (compressed ?? file.read(undefined)),
  };
}

async function readText(file: StaticFile): Promise<string> {
  return Buffer.from((await file.read(undefined)) ?? []).toString('utf8');
}

function respondPage(html: string, path: string, parts: ConsoleParts): HttpResponse {
  const nonce = parts.newNonce();
  return {
    status: 200,
    headers: pageHeaders(contentSecurityPolicy(nonce, parts.origins), path),
    body: html.replaceAll(noncePlaceholder, nonce),
  };
}

function pageHeaders(policy: string, path: string): Readonly<Record<string, string>> {
  return {
    'Content-Type': 'text/html; charset=utf-8',
    // A page is of use with the nonce of its own answer only.
    'Cache-Control': 'no-cache',
    'Content-Security-Policy': policy,
    'Referrer-Policy': 'same-origin',
    'Permissions-Policy':
      'camera=(), display-capture=(), geolocation=(), microphone=(), payment=(), usb=(), clipboard-write=(self)',
    // The page people come back to from an issuer must find the window that opened it.
    ...(path === 'signed-in' ? {} : { 'Cross-Origin-Opener-Policy': 'same-origin-allow-popups' }),
    'Cross-Origin-Resource-Policy': 'same-origin',
    'X-Frame-Options': 'DENY',
  };
}

/** Scripts from here alone, nothing inline; style sheets made by the pages carry the nonce. */
function contentSecurityPolicy(nonce: string, origins: readonly string[]): string {
  return [
    "default-src 'none'",
    "script-src 'self'",
    `style-src 'self' 'nonce-${nonce}'`,
    "style-src-attr 'unsafe-inline'",
    "img-src 'self' data:",
    "font-src 'self'",
    "manifest-src 'self'",
    "worker-src 'self'",
    ["connect-src 'self'", ...origins].join(' '),
    ["form-action 'self'", ...origins].join(' '),
    "base-uri 'none'",
    "frame-ancestors 'none'",
  ].join('; ');
}

function respondUnbuilt({ newNonce }: ConsoleParts): HttpResponse {
  return {
    status: 404,
    headers: { ...pageHeaders(contentSecurityPolicy(newNonce(), []), ''), 'Cache-Control': 'no-store' },
    body: unbuiltPage,
  };
}

const unbuiltPage = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>casp console</title>
</head>
<body>
<main>
<h1>The console is not built</h1>
<p>This copy of casp came without its web pages. Build them, then reload: <code>npm run build</code></p>
<p>The service itself works: see <a href="/docs">the reference</a>.</p>
</main>
</body>
</html>
`;
