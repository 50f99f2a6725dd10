/** One request inside a batch, and how it is refused. */
import { quoteForMessage, ServiceError } from '../errors.ts';

/** One request inside a batch. */
export interface BatchPart {
  readonly id: string;
  /** Whether the client gave the id. */
  readonly named: boolean;
  /** Undefined where `fault` says why the part cannot run. */
  readonly method: string;
  /** Path and query from the server's root, raw. */
  readonly target: string;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array | undefined;
  /** Ids of parts or atomicity groups that must succeed first. */
  readonly dependsOn: readonly string[];
  /** Parts of one group succeed or fail together. */
  readonly atomicityGroup: string | undefined;
  /** What is wrong with this part alone; the others still run. */
  readonly fault: ServiceError | undefined;
}

/** Where part addresses are resolved: the service root of the envelope and the server's own address. */
export interface BatchBase {
  /** `/v1.0` */
  readonly rootPath: string;
  readonly publicUrl: string;
}

/** The refusal of a whole batch. */
export function batchInvalid(message: string, target = 'requests'): ServiceError {
  return new ServiceError('batchInvalid', message, { target });
}

/** The refusal of one part. */
export function partInvalid(fault: string, target: string): ServiceError {
  return new ServiceError('batchInvalid', `This request of the batch ${fault}.`, { target });
}

/** A part's address → path and query from the server's root; other hosts are refused. */
export function resolveTarget(url: string, { rootPath, publicUrl }: BatchBase): string {
  const local = withoutHost(url, publicUrl);
  const absolute = local.startsWith('/') ? local : `/${local}`;
  const target = /^\/(v1\.0|beta|odata\/v4)(\/|\?|$)/i.test(absolute) ? absolute : `${rootPath}${absolute}`;
  // JSON may hold any character; an address holds ASCII.
  return target.replace(/[^\x21-\x7e]+/gu, (text) => encodeURIComponent(text));
}

function withoutHost(url: string, publicUrl: string): string {
  if (!/^([a-z][a-z0-9+.-]*:)?\/\//i.test(url)) return url;
  if (URL.canParse(url) && new URL(url).origin === new URL(publicUrl).origin) {
    // Everything behind the authority, raw: parsing the address would decode and normalise it.
    return url.replace(/^[^/]*\/\/[^/?#]*/, '');
  }
  throw partInvalid(`has the url '${quoteForMessage(url)}' of another host`, 'url');
}
