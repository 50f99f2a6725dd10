import fc from 'fast-check';
import { pino } from 'pino';
import { describe, expect, it } from 'vitest';
import { createLog, type LogLevel } from '../../../src/observe/log.ts';
import type { Observation } from '../../../src/observe/observation.ts';

const nowMs = Date.UTC(2026, 10, 24, 9, 14, 5, 123);

type Completed = Extract<Observation, { readonly kind: 'requestCompleted' }>;

function ownLines(observations: readonly Observation[], level: LogLevel = 'info'): string {
  let lines = '';
  const destination = {
    write(line: string) {
      lines += line;
    },
  };
  const log = createLog({ level, destination, now: () => nowMs });
  for (const observation of observations) log(observation);
  return lines;
}

/** What the library, of which the line of a request is the quick form, makes of the same fields. */
function libraryLine({ requestId, clientRequestId, method, path, status, durationMs }: Completed): string {
  let line = '';
  const logger = pino(
    {
      base: null,
      timestamp: () => `,"time":"${new Date(nowMs).toISOString()}"`,
      formatters: { level: (label) => ({ level: label }) },
    },
    {
      write(text: string) {
        line += text;
      },
    },
  );
  const ids = { request_id: requestId, client_request_id: clientRequestId };
  logger.info({ ...ids, method, path, status, dur_ms: durationMs }, 'request');
  return line;
}

const text = fc.string({ unit: 'binary', maxLength: 100 });
const completed: fc.Arbitrary<Completed> = fc.record({
  kind: fc.constant('requestCompleted' as const),
  requestId: fc.uuid(),
  clientRequestId: text,
  method: fc.constantFrom('GET', 'PATCH', 'M-SEARCH'),
  path: text,
  status: fc.integer({ min: 100, max: 599 }),
  durationMs: fc.integer({ min: 0, max: 100_000_000 }).map((microseconds) => microseconds / 1000),
});

describe('the line of a request', () => {
  it('is what the logging library writes, whatever the client sent', () => {
    fc.assert(
      fc.property(completed, (observation) => {
        expect(ownLines([observation])).toBe(libraryLine(observation));
      }),
    );
  });

  it('is written from level info on', () => {
    fc.assert(
      fc.property(completed, fc.constantFrom('debug', 'info', 'warn', 'error', 'silent'), (one, level) => {
        expect(ownLines([one], level)).toBe(level === 'debug' || level === 'info' ? libraryLine(one) : '');
      }),
    );
  });

  it('keeps its place among the others', () => {
    const ids = { requestId: 'r', clientRequestId: 'c', method: 'GET', path: '/' };
    const lines = ownLines([
      { kind: 'serverListening', url: 'http://a' },
      { kind: 'requestCompleted', ...ids, status: 200, durationMs: 1.5 },
      { kind: 'requestAborted', ...ids, durationMs: 2 },
    ]);
    const messages = lines.split('\n').map((line) => (line === '' ? '' : JSON.parse(line).msg));
    expect(messages).toEqual(['listening', 'request', 'request aborted', '']);
  });
});
