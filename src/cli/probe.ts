/** One GET to a server of ours, for commands that look at it from outside. */
import { request as requestHttp } from 'node:http';
import { request as requestHttps } from 'node:https';

/** What is asked, and how long to wait. */
export interface ProbeRequest {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  /** PEM of an authority to trust for https beside the usual ones. */
  readonly authority: string | undefined;
  readonly timeoutMs: number;
}

/** What came back. */
export interface ProbeAnswer {
  readonly status: number;
  readonly body: string;
}

/** The answer; undefined when there was none in time, whatever the reason. */
export function probe({
  url,
  headers,
  authority,
  timeoutMs,
}: ProbeRequest): Promise<ProbeAnswer | undefined> {
  return new Promise((resolve) => {
    if (!URL.canParse(url)) return resolve(undefined);
    const signal = AbortSignal.timeout(timeoutMs);
    const trust = authority === undefined ? {} : { ca: authority };
    const send = url.startsWith('https:') ? requestHttps : requestHttp;
    const request = send(url, { headers, signal, agent: false, ...trust }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('error', () => resolve(undefined));
      response.on('end', () =>
        resolve({ status: response.statusCode ?? 0, body: Buffer.concat(chunks).toString('utf8') }),
      );
    });
    request.on('error', () => resolve(undefined));
    request.end();
  });
}
