/** Pages of other origins (Protocol 6.4). */
import type { IncomingMessage } from 'node:http';
import type { HttpResponse } from './message.ts';

const corsMethods = 'GET, HEAD, POST, PATCH, PUT, DELETE, OPTIONS';
const corsExposedHeaders =
  'ETag, Location, Preference-Applied, Content-Range, request-id, client-request-id, ' +
  'ReadWriteConsistencyToken, SdkVersion, WWW-Authenticate, x-ms-client-gcc-tenant, Retry-After';
const headerNameList = /^[\w!#$%&'*+.^`|~, -]+$/;

/** What a listener says to pages of other origins. */
export interface Cors {
  /** The answer to a preflight of a configured origin; undefined where the request is none. */
  preflight(raw: IncomingMessage): HttpResponse | undefined;
  /** The lines every other answer to a configured origin carries. */
  lines(raw: IncomingMessage): string[];
}

/** Creates the rules for these origins; "*" stands for all. */
export function createCors(origins: readonly string[]): Cors {
  const allowed = new Set(origins);
  const allowedOrigin = (origin: string | undefined) => {
    if (origin === undefined) return undefined;
    return allowed.has('*') ? '*' : allowed.has(origin) ? origin : undefined;
  };
  return {
    preflight({ method, headers }) {
      const origin = allowedOrigin(headers.origin);
      if (
        method !== 'OPTIONS' ||
        origin === undefined ||
        headers['access-control-request-method'] === undefined
      ) {
        return undefined;
      }
      const asked = headers['access-control-request-headers'];
      const reflected: Record<string, string> =
        asked !== undefined && headerNameList.test(asked) ? { 'Access-Control-Allow-Headers': asked } : {};
      const answer = { 'Access-Control-Allow-Methods': corsMethods, 'Access-Control-Max-Age': '3600' };
      return { status: 204, headers: { ...answer, ...reflected }, body: undefined };
    },
    lines({ headers }) {
      const origin = allowedOrigin(headers.origin);
      if (origin === undefined) return [];
      return ['Access-Control-Allow-Origin', origin, 'Access-Control-Expose-Headers', corsExposedHeaders];
    },
  };
}
