import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { createDocumentation, type DocumentationParts } from '../../../src/http/docs-page.ts';
import type { HttpRequest } from '../../../src/http/message.ts';

const asked: string[] = [];
const parts: DocumentationParts = {
  openApi: (publicUrl) => {
    asked.push(publicUrl);
    return { text: JSON.stringify({ servers: [publicUrl] }), tag: `"${publicUrl.length}"` };
  },
  requestsPath: fileURLToPath(new URL('../../../docs/requests.http', import.meta.url)),
  version: '1.2.3',
  tokenOrigins: ['https://login.example'],
};
const documentation = createDocumentation(parts);

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

async function answer(target: string, other: Partial<HttpRequest> = {}) {
  const response = await documentation(requestOf(target, other));
  if (response === undefined) throw new Error(`nobody answers ${target}`);
  return {
    ...response,
    text: response.body === undefined ? '' : Buffer.from(response.body).toString('utf8'),
  };
}

const policy =
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; " +
  "connect-src 'self' https://login.example; form-action 'none'; base-uri 'none'; frame-ancestors 'none'";

describe('/docs', () => {
  it('is a page without anything inline, under a policy that would stop it', async () => {
    const { status, headers, text } = await answer('/docs');
    expect({ status, headers }).toEqual({
      status: 200,
      headers: {
        'Content-Type': 'text/html; charset=utf-8',
        'Cache-Control': 'no-cache',
        'Content-Security-Policy': policy,
        'Referrer-Policy': 'no-referrer',
        'X-Frame-Options': 'DENY',
      },
    });
    expect(text).toContain('<h1>casp 1.2.3</h1>');
    expect(text).not.toMatch(/<script(?![^>]* src=)|<style|\sstyle=|\son\w+=/i);
  });

  it('refers only to addresses of its own, and all of them answer', async () => {
    const { text } = await answer('/docs');
    const addresses = [...text.matchAll(/(?:href|src)="([^"]*)"/g)].map(([, address = '']) => address);
    expect(addresses.length).toBeGreaterThan(6);
    for (const address of addresses) {
      expect(address).toMatch(/^\/(?!\/)/);
      if (/^\/(docs|openapi)/.test(address))
        expect([address, (await answer(address)).status]).toEqual([address, 200]);
    }
  });

  it('starts with our document and asks nobody else', async () => {
    const { text } = await answer('/docs/start.js');
    expect(text).toContain("url: '/openapi.json'");
    expect(text).toContain('validatorUrl: null');
    expect(text).not.toMatch(/https?:/);
  });

  it('has its styles and scripts from the package on this machine', async () => {
    const { headers, text } = await answer('/docs/swagger-ui-bundle.js');
    expect(headers['Content-Type']).toBe('text/javascript; charset=utf-8');
    expect(text.length).toBeGreaterThan(1_000_000);
    const style = await answer('/docs/swagger-ui.css');
    expect(style.text).not.toMatch(/url\(\s*["']?(https?:)?\/\//);
    expect(style.text).not.toContain('@import');
  });

  it('offers the requests', async () => {
    expect((await answer('/docs/requests.http')).text).toContain('PATCH {{baseUrl}}/v1.0/security');
  });

  it('shows no markup a version could carry', async () => {
    const strange = createDocumentation({ ...parts, version: '<b>1</b>' });
    const response = await strange(requestOf('/docs'));
    expect(String(response?.body)).toContain('<h1>casp b1b</h1>');
  });

  it('moves an address with a slash at its end', async () => {
    expect(await answer('/docs/')).toMatchObject({ status: 308, headers: { Location: '/docs' } });
  });
});

describe('/openapi.json', () => {
  it('is the document for the address the client used, made once', async () => {
    asked.length = 0;
    const first = await answer('/openapi.json');
    await answer('/openapi.json');
    const other = await answer('/openapi.json', { publicUrl: 'http://localhost:7080' });
    expect(first).toMatchObject({
      status: 200,
      headers: {
        'Content-Type': 'application/json; charset=utf-8',
        ETag: '"20"',
        'Cache-Control': 'public, max-age=3600',
      },
      text: '{"servers":["https://casp.example"]}',
    });
    expect(other.text).toBe('{"servers":["http://localhost:7080"]}');
    expect(asked.filter((url) => url === 'http://localhost:7080')).toHaveLength(1);
    expect(asked.filter((url) => url === 'https://casp.example').length).toBeLessThanOrEqual(1);
  });

  it.each(['"20"', 'W/"20"', '"other", "20"', '*'])(
    'is not sent again under If-None-Match: %s',
    async (tag) => {
      const response = await answer('/openapi.json', { headers: { 'if-none-match': tag } });
      expect([response.status, response.body, response.headers.ETag]).toEqual([304, undefined, '"20"']);
    },
  );

  it('is sent to those who have another', async () => {
    expect((await answer('/openapi.json', { headers: { 'if-none-match': '"other"' } })).status).toBe(200);
  });
});

describe('other addresses', () => {
  it.each([
    '/',
    '/docs2',
    '/docs/../package.json',
    '/docs/package.json',
    '/docs/%2e%2e/package.json',
    '/v1.0/$metadata',
  ])('%s is for someone else', (target) => {
    expect(documentation(requestOf(target))).toBeUndefined();
  });

  it.each(['/docs', '/openapi.json'])('%s cannot be written', (target) => {
    expect(() => documentation(requestOf(target, { method: 'POST' }))).toThrow(
      expect.objectContaining({ code: 'methodNotAllowed', headers: { Allow: 'GET, HEAD' } }),
    );
  });
});
