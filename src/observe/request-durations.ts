/** How long requests took, by route, method and status: a histogram of Prometheus, counted in plain numbers. */

/** Seconds: from a read out of memory to a client that would have given up. */
export const durationBuckets = [
  0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10,
];

/** What a completed request is counted by. */
export interface DurationLabels {
  readonly route: string;
  readonly method: string;
  readonly status: number;
}

/** Counts durations and writes what it has counted. */
export interface RequestDurations {
  readonly record: (labels: DurationLabels, seconds: number) => void;
  /** Prometheus' text exposition: help, type, and for each combination of labels its buckets, sum and count. */
  readonly text: () => string;
}

/** One combination of labels. */
interface Series {
  readonly labels: string;
  /** By bucket, each without those before it; what is longer than the last stands in `count` alone. */
  readonly counts: number[];
  sum: number;
  count: number;
}

/**
 * Creates a histogram without counts. Own code, because this runs for every request, and the library resolves the labels
 * of an observation anew each time.
 */
export function createRequestDurations(name: string, help: string): RequestDurations {
  const byRoute = new Map<string, Map<string, Map<number, Series>>>();
  const all: Series[] = [];

  function find({ route, method, status }: DurationLabels): Series {
    const known = byRoute.get(route)?.get(method)?.get(status);
    if (known !== undefined) return known;
    const labels = `route="${route}",method="${method}",status="${status}"`;
    const series = { labels, counts: durationBuckets.map(() => 0), sum: 0, count: 0 };
    const byMethod = byRoute.get(route) ?? new Map<string, Map<number, Series>>();
    const byStatus = byMethod.get(method) ?? new Map<number, Series>();
    byRoute.set(route, byMethod.set(method, byStatus.set(status, series)));
    all.push(series);
    return series;
  }

  function* lines(): Generator<string> {
    yield `# HELP ${name} ${help}`;
    yield `# TYPE ${name} histogram`;
    for (const { labels, counts, sum, count } of all) {
      let reached = 0;
      for (const [index, bucket] of durationBuckets.entries()) {
        reached += counts[index] ?? 0;
        yield `${name}_bucket{le="${bucket}",${labels}} ${reached}`;
      }
      yield `${name}_bucket{le="+Inf",${labels}} ${count}`;
      yield `${name}_sum{${labels}} ${sum}`;
      yield `${name}_count{${labels}} ${count}`;
    }
  }

  return {
    record(labels, seconds) {
      const series = find(labels);
      series.sum += seconds;
      series.count += 1;
      const bucket = durationBuckets.findIndex((bound) => seconds <= bound);
      if (bucket >= 0) series.counts[bucket] = (series.counts[bucket] ?? 0) + 1;
    },
    text: () => `${[...lines()].join('\n')}\n`,
  };
}
