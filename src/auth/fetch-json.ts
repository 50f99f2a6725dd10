/** Fetches the documents of an issuer: one way out of the process, with every bound in one place. */
import { limits } from '../limits.ts';

/** A fetched document. */
export interface FetchedJson {
  readonly value: unknown;
  /** The other side's clock, if it says (`Date`, full seconds). */
  readonly serverTime: Date | undefined;
}

/** Fetches JSON; rejects with an Error that says what was wrong for anything but a complete 200. */
export type FetchJson = (url: string) => Promise<FetchedJson>;

/** Bounds, by default those of `limits`, and the function that does the work. */
export interface FetchJsonOptions {
  /** Plain http is allowed to loopback hosts alone, for development. */
  readonly allowLoopbackHttp?: boolean;
  readonly timeoutMs?: number;
  readonly bytesMax?: number;
  readonly fetch?: typeof globalThis.fetch;
}

const loopbackHosts: ReadonlySet<string> = new Set(['localhost', '127.0.0.1', '[::1]']);

/** Whether a host name, as in a URL without its port, is this machine. */
export const isLoopbackHost = (hostName: string): boolean => loopbackHosts.has(hostName.toLowerCase());

/** Why this service will not fetch from an address; undefined when it may. */
export function findAddressFault(address: string, allowLoopbackHttp = false): string | undefined {
  if (!URL.canParse(address)) return 'is not an address';
  const url = new URL(address);
  const plain = url.protocol === 'http:' && allowLoopbackHttp && isLoopbackHost(url.hostname);
  if (url.protocol !== 'https:' && !plain) return 'must begin with https://';
  if (url.username !== '' || url.password !== '') return 'must not hold a user name or password';
  return undefined;
}

/** Reads a body up to its bound; an issuer that sends more is cut off. */
async function readBody(response: Response, bytesMax: number): Promise<string> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  // The body is a stream of bytes; its type says so only with the DOM's library.
  for await (const chunk of (response.body ?? []) as AsyncIterable<Uint8Array>) {
    bytes += chunk.byteLength;
    if (bytes > bytesMax) throw new Error(`sent more than ${bytesMax} bytes`);
    chunks.push(chunk);
  }
  return new TextDecoder('utf-8', { fatal: true }).decode(Buffer.concat(chunks));
}

function explain(error: unknown, timeoutMs: number): string {
  if (!(error instanceof Error)) return 'failed';
  if (error.name === 'TimeoutError' || error.name === 'AbortError')
    return `did not answer within ${timeoutMs} ms`;
  // fetch says "fetch failed" and puts the reason into its cause.
  const { cause } = error;
  return cause instanceof Error ? `cannot be reached: ${cause.message}` : error.message;
}

function readServerTime(date: string | null): Date | undefined {
  const time = new Date(date ?? '');
  return Number.isNaN(time.getTime()) ? undefined : time;
}

/** Makes the fetcher: https only, no redirects, no user information, bounded in time and size. */
export function createFetchJson(options: FetchJsonOptions = {}): FetchJson {
  const { allowLoopbackHttp = false, fetch = globalThis.fetch } = options;
  const { timeoutMs = limits.issuerFetchTimeoutMs, bytesMax = limits.issuerDocumentBytesMax } = options;
  return async (url) => {
    const fault = findAddressFault(url, allowLoopbackHttp);
    if (fault !== undefined) throw new Error(`${url} ${fault}`);
    try {
      const response = await fetch(url, {
        headers: { Accept: 'application/json' },
        redirect: 'manual',
        signal: AbortSignal.timeout(timeoutMs),
      });
      if (response.status !== 200) {
        await response.body?.cancel();
        throw new Error(`answered ${response.status}`);
      }
      const value: unknown = JSON.parse(await readBody(response, bytesMax));
      return { value, serverTime: readServerTime(response.headers.get('date')) };
    } catch (error) {
      const reason = error instanceof SyntaxError ? 'did not answer with JSON' : explain(error, timeoutMs);
      throw new Error(`${url} ${reason}`, { cause: error });
    }
  };
}
