/** What operators and orchestrators ask: is it alive, can it work, what are its figures (experience 6). */
import { ServiceError } from '../errors.ts';
import type { HttpRequest, HttpResponse } from './message.ts';

/** One thing the service cannot work without, such as the database; `detail` holds no secrets. */
export interface ReadinessCheck {
  readonly name: string;
  readonly ok: boolean;
  readonly detail: string;
}

/** Where the answers come from. */
export interface OperationsParts {
  readonly readiness: () => Promise<readonly ReadinessCheck[]>;
  /** Text in Prometheus' exposition format; undefined leaves /metrics to others. */
  readonly metrics?: (() => Promise<string>) | undefined;
}

/** Answers /livez, /readyz and /metrics; undefined, at once, for every other address. */
export type Operations = (request: HttpRequest) => Promise<HttpResponse> | undefined;

const plainText = 'text/plain; charset=utf-8';

const respondText = (status: number, body: string, contentType = plainText): HttpResponse => ({
  status,
  headers: { 'Content-Type': contentType, 'Cache-Control': 'no-store' },
  body,
});

async function runChecks(readiness: OperationsParts['readiness']): Promise<readonly ReadinessCheck[]> {
  try {
    return await readiness();
  } catch {
    return [{ name: 'readiness', ok: false, detail: 'the check itself failed' }];
  }
}

const writeCheck = ({ name, ok, detail }: ReadinessCheck) => `[${ok ? '+' : '-'}] ${name}: ${detail}\n`;

/** One line for each check that failed, or for each check where `verbose` asks for it. */
async function respondReadiness(parts: OperationsParts, query: URLSearchParams): Promise<HttpResponse> {
  const checks = await runChecks(parts.readiness);
  const failed = checks.filter(({ ok }) => !ok);
  const shown = query.has('verbose') ? checks : failed;
  const verdict = failed.length === 0 ? 'ready\n' : 'not ready\n';
  return respondText(failed.length === 0 ? 200 : 503, `${shown.map(writeCheck).join('')}${verdict}`);
}

/** Creates the handler `createHttpServer` tries first; it throws methodNotAllowed for anything but GET and HEAD. */
export function createOperations(parts: OperationsParts): Operations {
  const { metrics } = parts;
  const routes = new Map<string, (query: URLSearchParams) => Promise<HttpResponse>>([
    ['/livez', async () => respondText(200, 'live\n')],
    ['/readyz', (query) => respondReadiness(parts, query)],
  ]);
  if (metrics !== undefined) {
    const exposition = 'text/plain; version=0.0.4; charset=utf-8';
    routes.set('/metrics', async () => respondText(200, await metrics(), exposition));
  }
  return ({ method, target }) => {
    const [path = '', query] = target.split('?', 2);
    const route = routes.get(path);
    if (route === undefined) return undefined;
    if (method === 'GET' || method === 'HEAD') return route(new URLSearchParams(query));
    const message = `The method ${method} is not allowed at ${path}. Allowed: GET, HEAD.`;
    throw new ServiceError('methodNotAllowed', message, { headers: { Allow: 'GET, HEAD' } });
  };
}
