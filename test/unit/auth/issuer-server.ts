/** An issuer elsewhere, for tests: discovery and key set over real HTTP on loopback, with faults on demand. */
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { JWK } from 'jose';

export interface IssuerServer {
  readonly origin: string;
  /** Requests so far, as paths. */
  readonly requests: string[];
  keys: readonly (JWK | Record<string, unknown>)[];
  /** The issuer the configuration names. */
  issuer: string;
  keysUrl: string;
  /** Answers in place of the documents; undefined: the documents. */
  answer: ((path: string, response: ServerResponse) => boolean) | undefined;
  close(): Promise<void>;
}

export async function startIssuerServer(): Promise<IssuerServer> {
  const requests: string[] = [];
  const server = createServer((request, response) => {
    const path = request.url ?? '';
    requests.push(path);
    if (issuer.answer?.(path, response) === true) return;
    const body = path.endsWith('/keys')
      ? { keys: issuer.keys }
      : { issuer: issuer.issuer, jwks_uri: issuer.keysUrl };
    response.setHeader('Content-Type', 'application/json').end(JSON.stringify(body));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const issuer: IssuerServer = {
    origin,
    requests,
    keys: [],
    issuer: `${origin}/{tenantid}/v2.0`,
    keysUrl: `${origin}/keys`,
    answer: undefined,
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  return issuer;
}
