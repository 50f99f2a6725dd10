import fc from 'fast-check';
import { Histogram, Registry } from 'prom-client';
import { describe, expect, it } from 'vitest';
import {
  createRequestDurations,
  type DurationLabels,
  durationBuckets,
} from '../../../src/observe/request-durations.ts';

const name = 'request_duration_seconds';
const help = 'Time of a request.';

interface Observed {
  readonly labels: DurationLabels;
  readonly seconds: number;
}

function ownText(observed: readonly Observed[]): string {
  const durations = createRequestDurations(name, help);
  for (const { labels, seconds } of observed) durations.record(labels, seconds);
  return durations.text();
}

/** What the library, of which this is the quick form, makes of the same. */
async function libraryText(observed: readonly Observed[]): Promise<string> {
  const registry = new Registry();
  const labelNames = ['route', 'method', 'status'];
  const histogram = new Histogram({
    name,
    help,
    labelNames,
    buckets: [...durationBuckets],
    registers: [registry],
  });
  for (const { labels, seconds } of observed) {
    histogram.observe({ ...labels, status: String(labels.status) }, seconds);
  }
  return registry.metrics();
}

const observations = fc.array(
  fc.record({
    labels: fc.record({
      route: fc.constantFrom('other', '/beta/things/{id}', '/livez'),
      method: fc.constantFrom('GET', 'PATCH'),
      status: fc.constantFrom(200, 404, 503),
    }),
    seconds: fc.oneof(
      fc.constantFrom(0, ...durationBuckets),
      fc.double({ min: 0, max: 20, noNaN: true, noDefaultInfinity: true }),
    ),
  }),
  { maxLength: 40 },
);

describe('durations of requests', () => {
  it('are written as the metrics library writes a histogram', async () => {
    await fc.assert(
      fc.asyncProperty(observations, async (observed) => {
        expect(ownText(observed)).toBe(await libraryText(observed));
      }),
    );
  });

  it('fall into the bucket they just fit, and the next', () => {
    const labels = { route: '/livez', method: 'GET', status: 200 };
    const text = ownText([
      { labels, seconds: 10 },
      { labels, seconds: 10.1 },
    ]);
    expect(text.split('\n').filter((line) => !line.endsWith(' 0'))).toEqual([
      `# HELP ${name} ${help}`,
      `# TYPE ${name} histogram`,
      `${name}_bucket{le="10",route="/livez",method="GET",status="200"} 1`,
      `${name}_bucket{le="+Inf",route="/livez",method="GET",status="200"} 2`,
      `${name}_sum{route="/livez",method="GET",status="200"} 20.1`,
      `${name}_count{route="/livez",method="GET",status="200"} 2`,
      '',
    ]);
  });
});
