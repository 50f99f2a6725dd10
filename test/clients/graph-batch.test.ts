/** Batches, 2,501 rows, errors and retries with Microsoft's own Graph client, as it comes from npm, over HTTPS. */
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, describe, expect, it } from 'vitest';
import { askBatch, createPart, jsonHeaders, partsOf } from '../support/batch.ts';
import { type ConfiguredServer, startHooked } from '../support/configured-server.ts';
import { guid, minimalType } from '../support/conformance.ts';
import { createExchange } from '../support/exchange.ts';
import { freePort, plainEnvironment, runCasp } from '../support/running-server.ts';

const script = fileURLToPath(new URL('./graph-batch-client.mjs', import.meta.url));
const run = promisify(execFile);

interface Target {
  readonly server: ConfiguredServer;
  readonly httpsUrl: string;
  readonly authority: string;
  readonly token: (...flags: readonly string[]) => string;
}

async function openTarget(...flags: readonly string[]): Promise<Target> {
  const port = await freePort();
  const server = await startHooked(['--dev', '--no-sample', '--https-port', String(port), ...flags]);
  const casp = (...words: readonly string[]) => runCasp(...words, '--data', server.data).stdout.trim();
  return {
    server,
    httpsUrl: `https://localhost:${port}`,
    authority: casp('cert', 'path'),
    token: (...words) => casp('token', ...words),
  };
}

const target = await openTarget();
afterAll(() => target.server.stop());
const token = target.token();

/** Runs one scenario of the client in a process that trusts the server's authority. */
async function play<Outcome>(scenario: string, on = target, asToken = token): Promise<Outcome> {
  const { stdout } = await run(process.execPath, [script], {
    maxBuffer: 16 * 1024 * 1024,
    env: {
      ...plainEnvironment(),
      NODE_EXTRA_CA_CERTS: on.authority,
      GRAPH_BASE_URL: `${on.httpsUrl}/`,
      GRAPH_TOKEN: asToken,
      GRAPH_SCENARIO: scenario,
    },
  });
  return JSON.parse(stdout) as Outcome;
}

/** One answer of a batch, as the library hands it over. */
interface BatchAnswer {
  readonly status: number;
  readonly type: string | null;
  readonly requestId: string;
  readonly etag: string | null;
  readonly body: unknown;
}
type Answers = Readonly<Record<string, BatchAnswer>>;

const statuses = (answers: Answers): Readonly<Record<string, number>> =>
  Object.fromEntries(Object.entries(answers).map(([id, { status }]) => [id, status]));

/** One request of the client, as it went over the wire. */
interface Sent {
  readonly startedMs: number;
  readonly status: number;
  readonly retryAttempt: string | null;
  readonly sdkVersion: string | null;
  readonly clientRequestId: string | null;
  readonly answeredId: string | null;
  readonly retryAfter: string | null;
}

describe('BatchRequestContent and BatchResponseContent', () => {
  it('in series: reads JSON by Content-Type, counts as text, 412 and then 424', async () => {
    const { id, content, answers, after } = await play<{
      id: string;
      content: { readonly requests: readonly object[] };
      answers: Answers;
      after: Readonly<Record<string, unknown>>;
    }>('serial');
    // The library strips the host itself and keeps the version.
    expect(content.requests[0]).toMatchObject({
      id: 'read',
      method: 'GET',
      url: `/v1.0/security/cloudAppSecurityProfiles/${id}`,
    });
    expect(statuses(answers)).toEqual({ read: 200, update: 200, count: 200, stale: 412, never: 424 });
    expect(answers.read).toEqual({
      status: 200,
      type: minimalType,
      requestId: guid,
      etag: 'W/"1"',
      body: expect.objectContaining({ id, name: 'batched', riskScore: null }),
    });
    expect(answers.update).toMatchObject({ etag: 'W/"2"', body: { riskScore: '7' } });
    expect(answers.count).toMatchObject({ type: 'text/plain;charset=utf-8', body: '1' });
    expect(answers.stale?.body).toMatchObject({
      error: { code: 'PreconditionFailed', innerError: { code: 'versionMismatch' } },
    });
    expect(answers.never?.body).toMatchObject({
      error: { code: 'FailedDependency', innerError: { code: 'dependencyFailed' } },
    });
    expect(after).toMatchObject({ id, riskScore: '7' });
  });

  it('twenty in parallel', async () => {
    const { answers, wire } = await play<{ answers: Answers; wire: readonly Sent[] }>('parallel');
    expect(Object.values(answers).map(({ status }) => status)).toEqual(Array(20).fill(201));
    expect(Object.values(answers).map(({ body }) => (body as { name: string }).name)).toEqual(
      Array.from({ length: 20 }, (_, index) => `p${index}`),
    );
    expect(new Set(Object.values(answers).map(({ requestId }) => requestId)).size).toBe(20);
    expect(wire.map(({ status }) => status)).toEqual([200]);
  });

  it('all waiting for one that fails', async () => {
    const { answers } = await play<{ answers: Answers }>('same');
    expect(statuses(answers)).toEqual({ 0: 404, 1: 424, 2: 424 });
  });

  it('answers without a body', async () => {
    const { answers } = await play<{ answers: Answers }>('bodiless');
    expect(statuses(answers)).toEqual({ null: 204, same: 304, minimal: 204 });
    expect(Object.values(answers).map(({ body }) => body)).toEqual(['', '', '']);
    expect(answers.minimal?.etag).toBe('W/"2"');
  });

  it('21 requests are refused by the service as well', async () => {
    const refused = await play<{ statusCode: number; code: string; message: string }>('tooMany');
    expect(refused).toMatchObject({
      statusCode: 400,
      code: 'BadRequest',
      message: 'Number of batch request steps exceeds the maximum value of 20: 21.',
    });
  });
});

describe('PageIterator', () => {
  it('over 2,501 rows with $top=999, $select, $filter and $orderby meets each once', async () => {
    const exchange = createExchange(target.server.httpUrl);
    const nameOf = (index: number) => `row ${String(index).padStart(4, '0')}`;
    const indexes = Array.from({ length: 2501 }, (_, index) => index);
    for (let start = 0; start < indexes.length; start += 20) {
      const parts = indexes
        .slice(start, start + 20)
        .map((index) =>
          createPart(
            String(index),
            { name: nameOf(index), platform: 'many' },
            { headers: { ...jsonHeaders, Prefer: 'return=minimal' } },
          ),
        );
      const answers = partsOf(await exchange.send(askBatch(parts, { token })));
      expect(answers.every(({ status }) => status === 204)).toBe(true);
    }
    exchange.close();
    const outcome = await play<{
      count: number;
      shapes: readonly string[];
      names: readonly string[];
      complete: boolean;
      requests: number;
    }>('pages');
    expect({ ...outcome, names: outcome.names.length }).toEqual({
      count: 2501,
      shapes: ['id,name,riskScore'],
      names: 2501,
      complete: true,
      requests: 3,
    });
    expect(outcome.names).toEqual(indexes.map(nameOf).reverse());
  });
});

describe('GraphError', () => {
  interface Refusal {
    readonly statusCode: number;
    readonly code: string;
    readonly message: string;
    readonly requestId: string;
    readonly date: string;
    readonly body: {
      readonly code: string;
      readonly message: string;
      readonly innerError: Readonly<Record<string, string>>;
    };
    readonly headers: Readonly<Record<string, string>>;
  }

  it('has status, code, message, request id, date and body of every refusal', async () => {
    const { wire, ...refusals } = await play<Record<string, Refusal> & { wire: readonly Sent[] }>(
      'errors',
      target,
      target.token('--role', 'reader'),
    );
    const seen = Object.fromEntries(
      Object.entries(refusals as Record<string, Refusal>).map(([name, { statusCode, code, body }]) => [
        name,
        [statusCode, code, body.innerError.code],
      ]),
    );
    expect(seen).toEqual({
      filter: [400, 'BadRequest', 'propertyUnknown'],
      absent: [404, 'ResourceNotFound', 'entityNotFound'],
      forbidden: [403, 'Forbidden', 'permissionMissing'],
      notAcceptable: [406, 'NotAcceptable', 'notAcceptable'],
      method: [405, 'MethodNotAllowed', 'methodNotAllowed'],
      segment: [400, 'BadRequest', 'segmentUnknown'],
      expand: [400, 'ExpandNotSupported', 'expandNotSupported'],
    });
    for (const refusal of Object.values(refusals as Record<string, Refusal>)) {
      expect(refusal.requestId).toEqual(guid);
      expect(refusal.message).toBe(refusal.body.message);
      expect(refusal.message).toMatch(/\S/);
      expect(refusal.requestId).toBe(refusal.body.innerError['request-id']);
      expect(refusal.date).toMatch(/^\d{4}-/);
      expect(refusal.headers).toMatchObject({
        'content-type': minimalType,
        'request-id': refusal.requestId,
        'client-request-id': refusal.body.innerError['client-request-id'],
      });
    }
    // Refusals of this kind are not tried again, and each request was named by the client.
    expect(wire.map(({ status }) => status)).toEqual([400, 404, 403, 406, 405, 400, 400]);
    for (const { clientRequestId, answeredId, sdkVersion } of wire) {
      expect(clientRequestId).toEqual(guid);
      expect(answeredId).toBe(clientRequestId);
      expect(sdkVersion).toMatch(/^graph-js\/3\.0\.7/);
    }
  });
});

describe('429', () => {
  it('is waited out by the middleware as Retry-After says; then the write succeeds, once', async () => {
    const rate = 60;
    const throttled = await openTarget('--throttle', '--writes-per-minute', String(rate));
    const exchange = createExchange(throttled.server.httpUrl);
    try {
      const bearer = throttled.token();
      const minimal = { ...jsonHeaders, Prefer: 'return=minimal' };
      for (let sent = 0; sent < rate; sent += 20) {
        const parts = Array.from({ length: 20 }, (_, index) =>
          createPart(String(index), {}, { headers: minimal }),
        );
        await exchange.send(askBatch(parts, { token: bearer }));
      }
      // The minute is nearly over, so that the wait is short.
      await throttled.server.advance(52_000);
      const { made, wire } = await play<{ made: { readonly name: string }; wire: readonly Sent[] }>(
        'retry',
        throttled,
        bearer,
      );
      expect(made.name).toBe('patient');
      expect(wire.map(({ status, retryAttempt }) => [status, retryAttempt])).toEqual([
        [429, null],
        [201, '1'],
      ]);
      const [refused, accepted] = wire;
      const announcedS = Number(refused?.retryAfter);
      expect(announcedS).toBeGreaterThan(0);
      expect(announcedS).toBeLessThanOrEqual(9);
      const waitedMs = (accepted?.startedMs ?? 0) - (refused?.startedMs ?? 0);
      expect(waitedMs).toBeGreaterThanOrEqual(announcedS * 1000);
      const filter = encodeURIComponent("name eq 'patient'");
      const found = await exchange.send({
        path: `/v1.0/security/cloudAppSecurityProfiles/$count?$filter=${filter}`,
        token: bearer,
      });
      expect(found.text).toBe('1');
    } finally {
      exchange.close();
      await throttled.server.stop();
    }
  }, 40_000);
});
