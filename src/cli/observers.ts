/** Who listens to the running service: the log always, the metrics where they are on. */
import type { ServiceSurroundings } from '../compose.ts';
import type { ServeConfig } from '../config.ts';
import { model } from '../model/index.ts';
import { createLog } from '../observe/log.ts';

const versions = ['/v1.0', '/beta'];

/** The addresses metrics tell apart; ids are never among them. */
function routeTemplates(): readonly string[] {
  const sets = model.entitySets.map(({ singleton, name }) => `/${singleton}/${name}`);
  const paths = [
    '',
    '/$metadata',
    '/$batch',
    ...sets.flatMap((set) => [set, `${set}/{id}`, `${set}/$count`]),
  ];
  return [
    ...versions.flatMap((version) => paths.map((path) => version + path)),
    '/livez',
    '/readyz',
    '/metrics',
  ];
}

/** Log lines go to stderr; the metrics library is loaded only where it is used. */
export async function createObservers(
  { logLevel, metrics: wanted }: ServeConfig,
  version: string,
): Promise<Omit<ServiceSurroundings, 'version'>> {
  const log = createLog({ level: logLevel });
  if (!wanted) return { observe: log, metrics: undefined };
  const { createMetrics } = await import('../observe/metrics.ts');
  const metrics = createMetrics({ routes: routeTemplates(), version, processMetrics: true });
  return {
    observe: (observation) => {
      log(observation);
      metrics.observe(observation);
    },
    metrics: metrics.text,
  };
}
