/** OpenID Connect issuers over real https on loopback, several below one address, with faults on demand. */
import type { ServerResponse } from 'node:http';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { openLocalCertificate } from '../../src/http/local-https.ts';

/** One issuer: what it publishes, and how it behaves. */
export interface HostedIssuer {
  /** The `iss` it is configured with, `{tenantid}` for the tenant's place. */
  readonly issuer: string;
  /** Its JSON Web Key Set. */
  keys: readonly object[];
  /** How its documents are answered: at once, not at all, only with an error, or when `release` is called. */
  mode: 'up' | 'silent' | 'down' | 'held';
  /** How often its key set was asked for. */
  keyRequests: number;
  /** Requests that are held. */
  pending(): number;
  /** Answers what is held. */
  release(): void;
}

export interface IssuerHost {
  readonly origin: string;
  /** PEM file clients must trust. */
  readonly authorityPath: string;
  /** Adds an issuer; `template` begins after the origin, such as `/{tenantid}/v2.0`. */
  add(template: string, keys: readonly object[]): HostedIssuer;
  close(): Promise<void>;
}

/** Starts a host without issuers; its certificate is made in `folder`. */
export async function startIssuerHost(folder: string): Promise<IssuerHost> {
  const certificate = await openLocalCertificate({ dataFolder: folder, now: () => new Date() });
  const routes = new Map<string, (response: ServerResponse) => void>();
  const server = createServer(certificate, (request, response) => {
    const answer = routes.get(request.url ?? '');
    if (answer === undefined) {
      response.statusCode = 404;
      response.end();
      return;
    }
    answer(response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const origin = `https://localhost:${(server.address() as AddressInfo).port}`;

  function add(template: string, keys: readonly object[]): HostedIssuer {
    const held: (() => void)[] = [];
    // As Entra has it: the documents of all tenants lie below `organizations`.
    const path = template.replace('{tenantid}', 'organizations').replace(/\/$/, '');
    const issuer: HostedIssuer = {
      issuer: `${origin}${template}`,
      keys,
      mode: 'up',
      keyRequests: 0,
      pending: () => held.length,
      release() {
        issuer.mode = 'up';
        for (const answer of held.splice(0)) answer();
      },
    };
    const respond = (response: ServerResponse, body: () => object) => {
      const answer = () =>
        void response.setHeader('Content-Type', 'application/json').end(JSON.stringify(body()));
      if (issuer.mode === 'up') answer();
      if (issuer.mode === 'held') held.push(answer);
      if (issuer.mode === 'down') response.writeHead(502).end('bad gateway');
    };
    routes.set(`${path}/.well-known/openid-configuration`, (response) =>
      respond(response, () => ({ issuer: issuer.issuer, jwks_uri: `${origin}${path}/keys` })),
    );
    routes.set(`${path}/keys`, (response) => {
      issuer.keyRequests += 1;
      respond(response, () => ({ keys: issuer.keys }));
    });
    return issuer;
  }

  return {
    origin,
    authorityPath: certificate.authorityPath,
    add,
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
