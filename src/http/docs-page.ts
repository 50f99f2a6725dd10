/**
 * The rendered reference at /docs and what it is made from: /openapi.json, the style sheet and script of
 * swagger-ui-dist, requests.http. Everything comes from this machine; the page can ask nobody else.
 */
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { ServiceError } from '../errors.ts';
import type { HttpRequest, HttpResponse } from './message.ts';

/** A document and its strong entity tag, quotes included. */
export interface TaggedDocument {
  readonly text: string;
  readonly tag: string;
}

/** Where the pages come from. */
export interface DocumentationParts {
  /** The OpenAPI document as clients of this listener see it; called once for each public URL. */
  readonly openApi: (publicUrl: string) => TaggedDocument;
  /** Path of requests.http. */
  readonly requestsPath: string;
  /** Shown under the heading. */
  readonly version: string;
  /** Origins the page may ask for tokens beside its own; empty for none. */
  readonly tokenOrigins: readonly string[];
}

/** Answers /docs, /docs/… and /openapi.json; undefined, at once, for every other address. */
export type Documentation = (request: HttpRequest) => Promise<HttpResponse> | undefined;

type Route = (request: HttpRequest) => Promise<HttpResponse>;

const require = createRequire(import.meta.url);
const swaggerFolder = dirname(require.resolve('swagger-ui-dist/package.json'));

/** What of the package is served, and as what. */
const swaggerFiles: Readonly<Record<string, string>> = {
  'swagger-ui.css': 'text/css; charset=utf-8',
  'swagger-ui-bundle.js': 'text/javascript; charset=utf-8',
  'oauth2-redirect.html': 'text/html; charset=utf-8',
  'oauth2-redirect.js': 'text/javascript; charset=utf-8',
  'favicon-32x32.png': 'image/png',
};

/** Documents remembered: a listener has one public URL, proxies may add a few. */
const documentsMax = 16;

/** Creates the handler `createHttpServer` tries before the service; it throws methodNotAllowed for writes. */
export function createDocumentation(parts: DocumentationParts): Documentation {
  const routes = new Map<string, Route>([
    ['/docs', async () => page(referencePage(parts.version), 'text/html; charset=utf-8', parts)],
    ['/docs/', async () => ({ status: 308, headers: { Location: '/docs' }, body: undefined })],
    ['/docs/start.js', async () => page(startScript, 'text/javascript; charset=utf-8', parts)],
    ['/docs/page.css', async () => page(pageStyle, 'text/css; charset=utf-8', parts)],
    [
      '/docs/requests.http',
      async () => page(await readFile(parts.requestsPath, 'utf8'), 'text/plain; charset=utf-8', parts),
    ],
    ['/openapi.json', createOpenApiRoute(parts)],
    ...Object.entries(swaggerFiles).map(
      ([name, type]) => [`/docs/${name}`, createFileRoute(name, type, parts)] as const,
    ),
  ]);
  return (request) => {
    const [path = ''] = request.target.split('?', 1);
    const route = routes.get(path);
    if (route === undefined) return undefined;
    if (request.method === 'GET' || request.method === 'HEAD') return route(request);
    const message = `The method ${request.method} is not allowed at ${path}. Allowed: GET, HEAD.`;
    throw new ServiceError('methodNotAllowed', message, { headers: { Allow: 'GET, HEAD' } });
  };
}

function createOpenApiRoute({ openApi }: DocumentationParts): Route {
  const documents = new Map<string, TaggedDocument>();
  return async ({ publicUrl, headers }) => {
    const document = documents.get(publicUrl) ?? openApi(publicUrl);
    if (documents.size >= documentsMax) documents.clear();
    documents.set(publicUrl, document);
    const caching = { ETag: document.tag, 'Cache-Control': 'public, max-age=3600' };
    if (tagMatches(headers['if-none-match'], document.tag)) {
      return { status: 304, headers: caching, body: undefined };
    }
    // Generators run in browsers too, and the document holds nothing secret.
    const type = { 'Content-Type': 'application/json; charset=utf-8' };
    return { status: 200, headers: { ...type, ...caching }, body: document.text };
  };
}

/** Weak comparison (RFC 9110 13.1.2). */
function tagMatches(ifNoneMatch: string | undefined, tag: string): boolean {
  if (ifNoneMatch === undefined) return false;
  return ifNoneMatch.split(',').some((each) => [tag, '*'].includes(each.trim().replace(/^W\//, '')));
}

/** Reads the file when it is first asked for, and never again: it changes only with the package. */
function createFileRoute(name: string, type: string, parts: DocumentationParts): Route {
  let content: Promise<Uint8Array> | undefined;
  return async () => {
    content ??= readFile(join(swaggerFolder, name));
    const response = page(await content, type, parts);
    return { ...response, headers: { ...response.headers, 'Cache-Control': 'public, max-age=86400' } };
  };
}

const page = (
  body: string | Uint8Array,
  type: string,
  { tokenOrigins }: DocumentationParts,
): HttpResponse => ({
  status: 200,
  headers: {
    'Content-Type': type,
    'Cache-Control': 'no-cache',
    'Content-Security-Policy': contentSecurityPolicy(tokenOrigins),
    'Referrer-Policy': 'no-referrer',
    'X-Frame-Options': 'DENY',
  },
  body,
});

/** Nothing inline, nothing from elsewhere; the pictures of swagger-ui's style sheet are data addresses. */
function contentSecurityPolicy(tokenOrigins: readonly string[]): string {
  return [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src 'self' data:",
    ["connect-src 'self'", ...tokenOrigins].join(' '),
    "form-action 'none'",
    "base-uri 'none'",
    "frame-ancestors 'none'",
  ].join('; ');
}

const referencePage = (version: string): string => `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>casp reference</title>
<link rel="icon" type="image/png" href="/docs/favicon-32x32.png">
<link rel="stylesheet" href="/docs/swagger-ui.css">
<link rel="stylesheet" href="/docs/page.css">
<script src="/docs/swagger-ui-bundle.js" defer></script>
<script src="/docs/start.js" defer></script>
</head>
<body>
<header>
<h1>casp ${version.replace(/[^\w.+-]/g, '')}</h1>
<nav aria-label="Documents">
<a href="/openapi.json">OpenAPI</a>
<a href="/v1.0/$metadata">$metadata</a>
<a href="/v1.0/$metadata?$format=json">$metadata as JSON</a>
<a href="/docs/requests.http">requests.http</a>
</nav>
</header>
<main id="reference"></main>
<noscript><p>The reference needs JavaScript; the documents above do not.</p></noscript>
</body>
</html>
`;

const startScript = `window.addEventListener('DOMContentLoaded', () => {
  window.SwaggerUIBundle({
    url: '/openapi.json',
    dom_id: '#reference',
    deepLinking: true,
    docExpansion: 'list',
    // Else a badge would be fetched from a validator elsewhere.
    validatorUrl: null,
    oauth2RedirectUrl: new URL('/docs/oauth2-redirect.html', window.location.href).href,
  }).initOAuth({ usePkceWithAuthorizationCodeGrant: true });
});
`;

const pageStyle = `body { margin: 0; font-family: system-ui, sans-serif; }
header { display: flex; flex-wrap: wrap; gap: 0.5rem 2rem; align-items: baseline; padding: 1rem 1.25rem; }
h1 { margin: 0; font-size: 1.25rem; }
nav { display: flex; flex-wrap: wrap; gap: 1rem; }
`;
