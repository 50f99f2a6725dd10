/**
 * More than twice as many requests as the service can answer: those it accepts are answered in time, the others are told at once
 * to come back, memory stays where it was, and when the flood is over so is its effect.
 */
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openService, type Service } from '../support/conformance.ts';
import { isLong, percentile } from './support/form.ts';
import { type Outcome, runLoad } from './support/load.ts';

const floodMs = isLong ? 30_000 : 4_000;
/**
 * A write accepted in the flood waits for the end of a turn of the event loop. With more than 1024 sockets ready, libuv
 * reads 48 times as many requests in one turn: about nine seconds of refusals, of which the short flood has half.
 */
const acceptedMsMax = isLong ? 15_000 : 8_000;
/** A refusal waits for its turn of the event loop, and costs next to nothing. */
const refusedMsMax = 5_000;
const profiles = 200;
let service: Service;
let paths: readonly string[] = [];
let port = 0;
let count = 0;

beforeAll(async () => {
  service = await openService('--no-sample');
  const made = await Promise.all(
    Array.from({ length: profiles }, (_, index) =>
      service.create({ name: `profile ${index}`, riskScore: '1' }),
    ),
  );
  paths = made.map(({ path }) => path);
  port = Number(new URL(service.url).port);
});
afterAll(() => service.stop());

/** A batch of changes, then a read: work for the service, little for who sends it. */
function nextRequest(): string {
  count += 1;
  const common = `Host: localhost\r\nAuthorization: Bearer ${service.token}\r\n`;
  if (count % 2 === 0) return `GET ${paths[count % profiles]} HTTP/1.1\r\n${common}\r\n`;
  const requests = Array.from({ length: 10 }, (_, index) => ({
    id: String(index),
    method: 'PATCH',
    url: (paths[(count + index) % profiles] ?? '').slice('/v1.0'.length),
    headers: { 'Content-Type': 'application/json', Prefer: 'return=minimal' },
    body: { riskScore: String(count) },
  }));
  const body = JSON.stringify({ requests });
  const head = `POST /v1.0/$batch HTTP/1.1\r\n${common}Content-Type: application/json\r\n`;
  return `${head}Content-Length: ${body.length}\r\n\r\n${body}`;
}

const isAccepted = ({ status }: Outcome) => status === 200 || status === 204;
const isRefused = ({ status }: Outcome) => status === 503 || status === 429;
const latenciesOf = (outcomes: readonly Outcome[]) => outcomes.map(({ latencyMs }) => latencyMs);

function residentMebibytes(): number {
  const status = readFileSync(`/proc/${service.server.pid}/status`, 'utf8');
  return Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1]) / 1024;
}

describe('at more than twice the sustainable rate', () => {
  it('accepted requests are answered in time, the others refused at once, and it passes', async () => {
    // Commits are shared, so only many clients at once show what can be done.
    const calmly = { port, next: nextRequest, perSecond: undefined, connections: 128 } as const;
    await runLoad({ ...calmly, durationMs: 1000 });
    const startedMs = performance.now();
    const calm = await runLoad({ ...calmly, durationMs: 2000 });
    const sustainable = calm.filter(isAccepted).length / ((performance.now() - startedMs) / 1000);

    const before = residentMebibytes();
    let peak = before;
    const watch = setInterval(() => {
      peak = Math.max(peak, residentMebibytes());
    }, 100);
    const flood = await runLoad({
      port,
      next: nextRequest,
      durationMs: floodMs,
      // Each connection sends again as soon as it is answered, refusals included: more than any machine can do.
      perSecond: undefined,
      connections: 1500,
    });
    clearInterval(watch);

    const startMs = performance.now();
    const after = await runLoad({
      port,
      next: nextRequest,
      durationMs: 5000,
      perSecond: sustainable / 4,
      connections: 64,
    });
    const disturbed = after.filter((outcome) => !isAccepted(outcome) || outcome.latencyMs > 500);
    const recoveredMs = Math.max(0, ...disturbed.map(({ dueMs, latencyMs }) => dueMs + latencyMs));

    const accepted = flood.filter(isAccepted);
    const refused = flood.filter(isRefused);
    const describeLatency = (outcomes: readonly Outcome[]) =>
      [0.5, 0.99, 1].map((share) => percentile(latenciesOf(outcomes), share).toFixed(0)).join('/');
    console.log(
      `overload: ${sustainable.toFixed(0)}/s sustainable, ${flood.length} sent in ${floodMs} ms, ` +
        `${accepted.length} accepted (p50/p99/max ${describeLatency(accepted)} ms), ` +
        `${refused.length} refused (${describeLatency(refused)} ms), ` +
        `memory ${before.toFixed(0)} to at most ${peak.toFixed(0)} MiB, recovered after ${recoveredMs.toFixed(0)} ms ` +
        `(${(performance.now() - startMs).toFixed(0)} ms watched)`,
    );
    expect(flood.filter((outcome) => !isAccepted(outcome) && !isRefused(outcome))).toEqual([]);
    expect(refused.length).toBeGreaterThan(0);
    expect(percentile(latenciesOf(refused), 0.99)).toBeLessThan(refusedMsMax);
    expect(refused.filter(({ retryAfter }) => !/^[1-9]\d*$/.test(retryAfter ?? ''))).toEqual([]);
    // Work goes on while most of what comes is refused.
    expect(accepted.length).toBeGreaterThan((sustainable * floodMs) / 1000 / 6);
    expect(percentile(latenciesOf(accepted), 0.99)).toBeLessThan(acceptedMsMax);
    expect(peak - before).toBeLessThan(300);
    expect(recoveredMs).toBeLessThan(5000);
  }, 180_000);
});
