/** The clock jumps back an hour, and forward again: history, versions, page links and tokens in use do not notice. */
import { dirname } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openChangeRecords } from '../support/change-records.ts';
import { startHooked } from '../support/configured-server.ts';
import { createExchange, type Send } from '../support/exchange.ts';
import {
  collectionPath,
  type InProcessService,
  inProcessTenant,
  memberOf,
  openInProcess,
} from './support/in-process.ts';

const hourMs = 3_600_000;
let nowMs = Date.now();
let service: InProcessService;

beforeEach(async () => {
  nowMs = Date.now();
  service = await openInProcess({ now: () => nowMs });
});
afterEach(() => service.close());

const create = async (name: string): Promise<Readonly<Record<string, unknown>>> =>
  (await service.ask({ method: 'POST', target: collectionPath, body: { name } })).json as Record<
    string,
    unknown
  >;

describe('a clock that jumps back an hour', () => {
  it('keeps the history in order: positions and versions do not come from the clock, dates say what it says', async () => {
    const before = await create('before');
    nowMs -= hourMs;
    await create('after');
    const target = `${collectionPath}/${before.id}`;
    const patched = await service.ask({ target, body: { name: 'changed' } });
    expect(patched.status).toBe(200);
    const modifiedMs = Date.parse(String(memberOf(patched, 'lastModifiedDateTime')));
    expect(Math.abs(modifiedMs - nowMs)).toBeLessThan(1000);
    const records = openChangeRecords(dirname(service.file));
    expect(records.positions(inProcessTenant)).toEqual([1, 2, 3]);
    const history = records.of(String(before.id)).map(({ kind, version }) => ({ kind, version }));
    records.close();
    expect(history).toEqual([
      { kind: 'created', version: 1 },
      { kind: 'updated', version: 2 },
    ]);
  });

  it('follows page links made before the jump, and before the jump forward', async () => {
    for (const name of ['a', 'b', 'c', 'd']) await create(name);
    const first = await service.ask({ target: `${collectionPath}?$orderby=name&$top=2&$select=name` });
    const link = String(memberOf(first, '@odata.nextLink')).replace(/^https:\/\/[^/]+/, '');
    for (const jumpMs of [-hourMs, hourMs]) {
      nowMs += jumpMs;
      const second = await service.ask({ target: link });
      expect((memberOf(second, 'value') as { name: string }[]).map(({ name }) => name)).toEqual(['c', 'd']);
    }
  });

  it('keeps If-Match as strict as before: versions do not come from the clock', async () => {
    const { id, '@odata.etag': etag } = await create('first');
    nowMs -= hourMs;
    const target = `${collectionPath}/${id}`;
    const headers = { 'if-match': String(etag) };
    expect((await service.ask({ target, headers, body: { name: 'second' } })).status).toBe(200);
    expect((await service.ask({ target, headers, body: { name: 'third' } })).status).toBe(412);
  });
});

describe('a server whose clock jumps back an hour', () => {
  it('goes on answering the tokens it knows, stays ready, and stops in order', async () => {
    const server = await startHooked(['--dev', '--https-port', 'off']);
    const { send, close } = createExchange(server.httpUrl);
    try {
      const token = await fetchToken(server.httpUrl, send);
      const list = () => send({ path: collectionPath, token });
      expect((await list()).status).toBe(200);
      for (const jumpMs of [-hourMs, 2 * hourMs, -hourMs]) {
        await server.advance(jumpMs);
        expect((await send({ path: '/readyz' })).status).toBe(200);
      }
      await server.advance(-hourMs);
      expect((await list()).status).toBe(200);
    } finally {
      close();
      await server.stop();
    }
  }, 30_000);
});

/** An application's own token, from the local issuer. */
async function fetchToken(url: string, send: Send): Promise<string> {
  const discovery = await send({ path: '/common/v2.0/.well-known/openid-configuration' });
  const { token_endpoint: endpoint } = discovery.body as { token_endpoint: string };
  expect(endpoint.startsWith('http')).toBe(true);
  const form = new URLSearchParams({
    grant_type: 'client_credentials',
    client_id: '7e571e00-0000-4000-8000-00000000c11e',
    client_secret: 'secret',
    scope: 'api://casp/.default',
  });
  const answer = await send({
    method: 'POST',
    path: new URL(endpoint, url).pathname,
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    body: form.toString(),
  });
  const { access_token: token } = answer.body as { access_token?: string };
  if (token === undefined) throw new Error(`no token: ${answer.status} ${answer.text}`);
  return token;
}
