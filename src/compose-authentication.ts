/** Builds who may ask, from the configuration: configured issuers, and in dev mode the local one. */
import { randomUUID } from 'node:crypto';
import { type Authenticator, parseTenantId } from './auth/authenticator.ts';
import { type Challenge, createChallenge } from './auth/challenge.ts';
import { createFetchJson } from './auth/fetch-json.ts';
import { createJwtAuthenticator, type TrustedIssuer } from './auth/jwt.ts';
import { readPermission, writePermission } from './auth/permissions.ts';
import { trustRemoteIssuer } from './auth/remote-issuer.ts';
import { testTenantId } from './auth/test-people.ts';
import type { IssuerConfig, ServeConfig } from './config.ts';
import type { SecurityAddresses } from './edm/csdl-annotations.ts';
import type { HttpRequest, HttpResponse } from './http/message.ts';
import type { Observe } from './observe/observation.ts';

/** Everything about identity that the rest of the service is built with. */
export interface Authentication {
  readonly authenticator: Authenticator;
  readonly challenge: Challenge;
  /** Where documents say that tokens are had. */
  readonly security: SecurityAddresses;
  /** Answers requests to the local issuer; undefined for all others, and always outside dev mode. */
  readonly answerIssuer: (request: HttpRequest) => Promise<HttpResponse> | undefined;
  /** How people sign in with the local issuer; undefined outside dev mode. */
  readonly signIn: SignInSettings | undefined;
  /** Trusts tokens that name this listener as their issuer; dev mode only. */
  readonly trustListener: (publicUrl: string) => void;
}

/** What a page needs to sign people in. */
export interface SignInSettings {
  /** OpenID Connect authority: an address, or a path of this service. */
  readonly authority: string;
  readonly clientId: string;
  /** Separated by spaces. */
  readonly scope: string;
  /** For people. */
  readonly issuerName: string;
}

/** Gets the key of all instances, given the one to use if there is none yet. */
export type ShareKey = (keyText: Uint8Array) => Promise<Uint8Array>;

/** Opens keys and reads settings; nothing is fetched before the first token arrives. */
export async function createAuthentication(
  config: ServeConfig,
  observe: Observe,
  shareKey?: ShareKey,
): Promise<Authentication> {
  const issuers = config.issuers.map((issuer) => trustConfigured(issuer, config, observe));
  const local = config.dev ? await openLocalIssuer(config, issuers, shareKey) : undefined;
  const [first] = config.issuers;
  const challenge = createChallenge({
    authorizationUri: local?.authorizationUri ?? authorizationUriOf(first?.issuer ?? ''),
    clientId: local?.clientId ?? first?.audiences[0] ?? '',
  });
  const authenticator = createJwtAuthenticator({
    issuers: () => issuers,
    audiences: local?.audiences ?? config.issuers.flatMap(({ audiences }) => audiences),
    challenge,
    now: () => new Date(),
    algorithms: config.algorithms,
    permissions: { [readPermission]: config.permissions.read, [writePermission]: config.permissions.write },
  });
  return {
    authenticator,
    challenge,
    security: local?.security ?? { authorizationUrl: undefined, tokenUrl: undefined, scopePrefix: '' },
    answerIssuer: local?.answer ?? (() => undefined),
    signIn: local?.signIn,
    trustListener: local?.trustListener ?? (() => undefined),
  };
}

function trustConfigured(configured: IssuerConfig, config: ServeConfig, observe: Observe): TrustedIssuer {
  const { tenants, tenantId } = configured;
  return trustRemoteIssuer({
    issuer: configured.issuer,
    tenants: tenants === 'any' ? 'any' : new Set(tenants.map(parseTenantId)),
    audiences: configured.audiences,
    claimStyle: configured.claims,
    ...(tenantId === undefined ? {} : { tenantId: parseTenantId(tenantId) }),
    fetchJson: createFetchJson({ allowLoopbackHttp: config.dev }),
    now: () => new Date(),
    report: observe,
  });
}

/** Where a client may start; Entra's own endpoint for its issuers, else the issuer itself. */
function authorizationUriOf(issuer: string): string {
  const entra = /^(https:\/\/login\.[^/]+)\/([^/]+)\/v2\.0\/?$/.exec(issuer);
  if (entra === null) return issuer.replaceAll('{tenantid}', 'common');
  const [, host = '', tenant = ''] = entra;
  return `${host}/${tenant.replaceAll('{tenantid}', 'common')}/oauth2/authorize`;
}

/** Where clients reach the local issuer: over HTTPS if at all possible. */
function localAddress({ publicUrl, httpsPort, httpPort }: ServeConfig): string {
  if (publicUrl !== undefined) return publicUrl;
  return httpsPort === undefined ? `http://localhost:${httpPort}` : `https://localhost:${httpsPort}`;
}

/** The console as an application of the local issuer: change records name it. */
const consoleClientId = '7e571e00-0000-4000-8000-00000c0501e0';

/** The issuer of dev mode; its code is loaded here and nowhere else. */
async function openLocalIssuer(
  config: ServeConfig,
  issuers: TrustedIssuer[],
  shareKey: ShareKey | undefined,
) {
  const [{ openSigningKey }, localIssuer, endpoints] = await Promise.all([
    import('./auth/signing-key.ts'),
    import('./auth/local-issuer.ts'),
    import('./auth/local-issuer-endpoints.ts'),
  ]);
  const signingKey = await openSigningKey(config.data, shareKey);
  const now = () => new Date();
  const issuer = localIssuer.createLocalIssuer({ signingKey, now, newId: randomUUID });
  const answer = endpoints.createIssuerEndpoints({ issuer, now, newId: randomUUID });
  issuers.push(localIssuer.trustLocalIssuer(signingKey));
  const [clientId = '', applicationIdUri = clientId] = localIssuer.localAudiences;
  const authority = `${localAddress(config)}/common/oauth2/v2.0`;
  return {
    audiences: localIssuer.localAudiences,
    clientId,
    authorizationUri: `${authority}/authorize`,
    security: {
      authorizationUrl: `${authority}/authorize`,
      tokenUrl: `${authority}/token`,
      scopePrefix: `${applicationIdUri}/`,
    },
    signIn: {
      // The test people's own tenant, on whatever name and port of this machine the page came from.
      authority: `/${testTenantId}/v2.0`,
      clientId: consoleClientId,
      scope: `openid profile offline_access ${applicationIdUri}/${writePermission}`,
      issuerName: 'the local test people',
    },
    answer: (request: HttpRequest) =>
      endpoints.isIssuerTarget(request.target) ? answer(request) : undefined,
    trustListener: (publicUrl: string) => {
      const templates = endpoints.issuerTemplatesOf(publicUrl);
      issuers.push(...templates.map((template) => localIssuer.trustLocalIssuer(signingKey, template)));
    },
  };
}
