/** Observations as figures in Prometheus' format; no label ever names a tenant, a person, an app or an entity. */
import { Counter, collectDefaultMetrics, Gauge, Registry } from 'prom-client';
import type { Observe } from './observation.ts';
import { createRequestDurations } from './request-durations.ts';

/** What the figures need to know of the service. */
export interface MetricsOptions {
  /**
   * Addresses as templates, such as `/beta/security/cloudAppSecurityProfiles/{id}`; `{…}` stands for one segment.
   * Letter case does not count, `name('x')` counts as `name/{…}`. All other paths share the route "other".
   */
  readonly routes: readonly string[];
  /** Label of `casp_build_info`. */
  readonly version: string;
  /** Adds the figures of the process itself: memory, event loop, garbage collection. */
  readonly processMetrics: boolean;
}

/** A reader of observations and the text it has come to. */
export interface Metrics {
  readonly observe: Observe;
  readonly text: () => Promise<string>;
}

const unknownRoute = 'other';

/** One level of the tree of templates. */
interface RouteNode {
  readonly children: Map<string, RouteNode>;
  template: string;
}

const createNode = (): RouteNode => ({ children: new Map(), template: unknownRoute });

const wildcard = '{}';

function createRouteTree(templates: readonly string[]): RouteNode {
  const root = createNode();
  for (const template of templates) {
    let node = root;
    for (const segment of template.split('/').slice(1)) {
      const name = segment.startsWith('{') ? wildcard : segment.toLowerCase();
      const child = node.children.get(name) ?? createNode();
      // As it is usually written, too: most requests then need no other letter case.
      node.children.set(name, child).set(name === wildcard ? wildcard : segment, child);
      node = child;
    }
    node.template = template;
  }
  return root;
}

/** A key in parentheses as a segment of its own, and no trailing slash. */
function normalise(path: string): string {
  const spread = path.includes('(') ? path.replace(/\([^/]*\)(?=\/|$)/, `/${wildcard}`) : path;
  return spread.endsWith('/') ? spread.slice(0, -1) : spread;
}

/** The template a path falls under. */
function findRoute(root: RouteNode, path: string): string {
  const normal = normalise(path);
  let node: RouteNode | undefined = root;
  const { length } = normal;
  for (let start = 1; start <= length; ) {
    const slash = normal.indexOf('/', start);
    const end = slash < 0 ? length : slash;
    const segment = normal.slice(start, end);
    const { children }: RouteNode = node;
    node = children.get(segment) ?? children.get(segment.toLowerCase()) ?? children.get(wildcard);
    if (node === undefined) return unknownRoute;
    start = end + 1;
  }
  return node.template;
}

/** Our code of an expected failure; told by shape because this folder imports nothing. */
function failureCode(error: unknown): string {
  const expected = error instanceof Error && error.name === 'ServiceError' && 'code' in error;
  return expected ? String(error.code) : 'internalError';
}

/** Creates figures in a registry of their own, so that several services fit in one process. */
export function createMetrics({ routes, version, processMetrics }: MetricsOptions): Metrics {
  const registry = new Registry();
  const counter = <Label extends string = never>(
    name: string,
    help: string,
    labelNames: readonly Label[] = [],
  ) => new Counter<Label>({ name, help, labelNames: [...labelNames], registers: [registry] });

  if (processMetrics) collectDefaultMetrics({ register: registry });
  new Gauge({
    name: 'casp_build_info',
    help: 'Always 1; the version is the label.',
    labelNames: ['version'],
    registers: [registry],
  }).set({ version }, 1);
  const tree = createRouteTree(routes);
  const durations = createRequestDurations(
    'http_server_request_duration_seconds',
    'Time from the head of a request to its answer.',
  );
  const failures = counter('casp_request_failures_total', 'Refused and failed requests by error code.', [
    'code',
  ]);
  const conflicts = counter('casp_patch_conflicts_total', 'Writes refused because the version had changed.');
  const throttled = counter('casp_throttled_total', 'Requests refused because the caller was too fast.');
  const aborted = counter('casp_requests_aborted_total', 'Requests whose client left before the answer.');
  const refused = counter('casp_connections_refused_total', 'Messages that never became a request.', [
    'code',
  ]);
  const retries = counter('casp_transaction_retries_total', 'Transactions the engine asked to repeat.', [
    'reason',
  ]);
  const checkpoints = counter(
    'casp_checkpoint_failures_total',
    'Checkpoints of the write-ahead log that failed.',
  );

  const observe: Observe = (observation) => {
    switch (observation.kind) {
      case 'requestCompleted': {
        const { path, method, status, durationMs } = observation;
        return durations.record({ route: findRoute(tree, path), method, status }, durationMs / 1000);
      }
      case 'requestFailed': {
        const code = failureCode(observation.error);
        failures.inc({ code });
        if (code === 'versionMismatch') conflicts.inc();
        if (code === 'throttledRequest') throttled.inc();
        return;
      }
      case 'requestAborted':
        return aborted.inc();
      case 'connectionRefused':
        return refused.inc({ code: observation.code });
      case 'transactionRetried':
        return retries.inc({ reason: observation.reason });
      case 'checkpointFailed':
        return checkpoints.inc();
      case 'issuerKeysFetched':
      case 'issuerKeysFailed':
      case 'serverListening':
      case 'serverStopping':
        return;
    }
  };
  return { observe, text: async () => `${await registry.metrics()}\n${durations.text()}` };
}
