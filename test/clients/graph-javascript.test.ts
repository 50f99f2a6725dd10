/** Microsoft's own Graph client for JavaScript, as it comes from npm, over HTTPS with our certificate authority. */
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, describe, expect, it } from 'vitest';
import { exampleId, guid } from '../support/conformance.ts';
import { plainEnvironment, type RunningServer, startServer } from '../support/running-server.ts';

const script = fileURLToPath(new URL('./graph-javascript-client.mjs', import.meta.url));
const run = promisify(execFile);

const server: RunningServer = await startServer();
afterAll(() => server.stop());
const token = server.token();
const authority = server.casp('cert', 'path').stdout.trim();

type Entity = Readonly<Record<string, unknown>>;

/** Runs one scenario of the client in a process that trusts the server's authority. */
async function play<Outcome>(scenario: string, baseUrl = server.httpsUrl, asToken = token): Promise<Outcome> {
  const { stdout } = await run(process.execPath, [script], {
    env: {
      ...plainEnvironment(),
      NODE_EXTRA_CA_CERTS: authority,
      GRAPH_BASE_URL: `${baseUrl}/`,
      GRAPH_TOKEN: asToken,
      GRAPH_SCENARIO: scenario,
    },
  });
  return JSON.parse(stdout) as Outcome;
}

/** What a GraphError says. */
interface Refusal {
  readonly statusCode: number;
  readonly code: string;
  readonly message: string;
  readonly requestId: string;
  readonly date: string;
  readonly body: Readonly<Record<string, unknown>>;
}

/** A GraphError with these words, its ids and date read from our body. */
function expectGraphError(
  refusal: Refusal,
  statusCode: number,
  code: string,
  message: string,
  inner: string,
): void {
  expect(refusal).toEqual({
    statusCode,
    code,
    message,
    requestId: guid,
    date: expect.stringMatching(/^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.000Z$/),
    body: expect.objectContaining({ code, message }),
  });
  expect(refusal.body.innerError).toMatchObject({ code: inner, 'request-id': refusal.requestId });
  // The client reads the date without a zone as local time; the year is ours in any zone.
  expect(Math.abs(Date.parse(refusal.date) - Date.now())).toBeLessThan(26 * 3600 * 1000);
}

const contextOf = (root: string) => `${server.httpsUrl}/${root}/$metadata#security/cloudAppSecurityProfiles`;

describe('the Graph JavaScript client', () => {
  it('is the released one', async () => {
    const { default: manifest } = await import('@microsoft/microsoft-graph-client/package.json', {
      with: { type: 'json' },
    });
    expect(manifest.version).toBe('3.0.7');
  });

  it('the authority is where casp cert path says', () => {
    expect(authority.startsWith(join(server.data))).toBe(true);
  });

  it('GET', async () => {
    const { entity } = await play<{ entity: Entity }>('read');
    expect(entity).toMatchObject({
      '@odata.context': `${contextOf('v1.0')}/$entity`,
      '@odata.type': '#microsoft.graph.cloudAppSecurityProfile',
      '@odata.etag': 'W/"1"',
      id: exampleId,
      name: 'Contoso Expense',
    });
  });

  it('PATCH under If-Match, and 412 for the second with the same version', async () => {
    const { before, after, stale, read } = await play<
      Record<'before' | 'after' | 'read', Entity> & { stale: Refusal }
    >('update');
    const vendor = before.vendorInformation as Entity;
    expect(after).toEqual({
      ...before,
      '@odata.etag': 'W/"2"',
      lastModifiedDateTime: after.lastModifiedDateTime,
      riskScore: '9',
      tags: ['Reviewed'],
      policyName: null,
      vendorInformation: { ...vendor, subProvider: 'eu-2' },
    });
    expect(read).toEqual(after);
    expectGraphError(
      stale,
      412,
      'PreconditionFailed',
      'If-Match does not hold: the current version is W/"2". Read the entity again and repeat.',
      'versionMismatch',
    );
  });

  it('a whole model sent back changes the one member that changed, and sent again nothing', async () => {
    const { before, after, again } = await play<Record<'before' | 'after' | 'again', Entity>>('wholeModel');
    expect(after).toEqual({
      ...before,
      '@odata.etag': after['@odata.etag'],
      lastModifiedDateTime: after.lastModifiedDateTime,
      platform: 'Elsewhere',
    });
    expect(after['@odata.etag']).not.toBe(before['@odata.etag']);
    expect(again).toEqual(after);
  });

  it('PATCH with return=minimal', async () => {
    const { answer, read } = await play<{ answer: unknown; read: Entity }>('minimal');
    expect({ answer, type: read.type }).toEqual({ answer: null, type: 'Library' });
  });

  it('pages: links and PageIterator meet every sample profile once', async () => {
    const { sizes, links, ids, complete } = await play<{
      sizes: number[];
      links: string[];
      ids: string[];
      complete: boolean;
    }>('pages');
    expect(sizes).toEqual([100, 100, 50]);
    for (const link of links) expect(link.startsWith(`${server.httpsUrl}/v1.0/security/`)).toBe(true);
    expect({ count: ids.length, different: new Set(ids).size, complete }).toEqual({
      count: 250,
      different: 250,
      complete: true,
    });
    expect(ids).toContain(exampleId);
  });

  it('PageIterator can pause and resume', async () => {
    const { ids, pauses } = await play<{ ids: string[]; pauses: number }>('pausedPages');
    expect([ids.length, new Set(ids).size]).toEqual([250, 250]);
    expect(pauses).toBeGreaterThanOrEqual(4);
  });

  it('POST, DELETE, and then 404', async () => {
    const { made, read, deleted, gone } = await play<{
      made: Entity;
      read: Entity;
      deleted: unknown;
      gone: Refusal;
    }>('lifetime');
    expect(made).toMatchObject({
      id: guid,
      name: 'Made by the SDK ✓',
      tags: ['sdk'],
      '@odata.etag': 'W/"1"',
    });
    expect(read).toEqual(made);
    expect(deleted).toBeNull();
    expectGraphError(
      gone,
      404,
      'ResourceNotFound',
      `Resource could not be discovered: no cloudAppSecurityProfile with the id '${made.id}'.`,
      'entityNotFound',
    );
  });

  it('a refused value arrives with its message', async () => {
    expectGraphError(
      await play<Refusal>('badValue'),
      400,
      'BadRequest',
      'permissionsRequired cannot be "String". Use one of: unknown, anonymous, guest, user, administrator, system.',
      'valueInvalid',
    );
  });

  it('both versions', async () => {
    const versions = await play<Record<string, readonly string[]>>('versions');
    for (const root of ['v1.0', 'beta']) {
      const link = `${server.httpsUrl}/${root}/security/cloudAppSecurityProfiles?$top=1&$skiptoken=`;
      expect(versions[root]).toEqual([
        `${contextOf(root)}/$entity`,
        contextOf(root),
        expect.stringMatching(new RegExp(`^${link.replace(/[$?.]/g, '\\$&')}[\\w-]+$`)),
      ]);
    }
  });

  it('over http sends no token, and the refusal says why', async () => {
    const refusal = await play<Refusal>('refused', server.httpUrl);
    expectGraphError(
      refusal,
      401,
      'InvalidAuthenticationToken',
      'No bearer token arrived. Get one: casp token. The Graph JavaScript SDK sends its token only over https, to hosts named in customHosts.',
      'tokenMissing',
    );
  });

  it('with a token that is none', async () => {
    const refusal = await play<Refusal>('refused', server.httpsUrl, 'garbage');
    expect([refusal.statusCode, refusal.code]).toEqual([401, 'InvalidAuthenticationToken']);
  });
});
