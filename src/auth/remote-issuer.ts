/** Keys of an issuer elsewhere: OpenID Connect discovery, key rollover, and what happens while it is down. */
import type { JWK } from 'jose';
import { ServiceError } from '../errors.ts';
import { limits } from '../limits.ts';
import type { TenantId } from './authenticator.ts';
import type { ClaimStyle } from './claims.ts';
import type { FetchJson } from './fetch-json.ts';
import type { TrustedIssuer } from './jwt.ts';
import { createStaticKeys, type VerificationKeys } from './keys.ts';

/** What happened to an issuer's keys, for logs and metrics. */
export type IssuerEvent =
  | { readonly kind: 'issuerKeysFetched'; readonly issuer: string; readonly keys: number }
  | { readonly kind: 'issuerKeysFailed'; readonly issuer: string; readonly error: unknown };

/** An issuer as configured. */
export interface RemoteIssuerOptions {
  /** The `iss` expected; `{tenantid}` in it stands for the token's `tid`. */
  readonly issuer: string;
  /** Its OpenID configuration; default `discoveryUrlOf(issuer)`. */
  readonly discoveryUrl?: string;
  readonly tenants: 'any' | ReadonlySet<TenantId>;
  /** Values of `aud` that mean this service in this issuer's tokens; default: those of the authenticator. */
  readonly audiences?: readonly string[];
  readonly claimStyle: ClaimStyle;
  /** For issuers that know no tenants: the one all their tokens belong to. */
  readonly tenantId?: TenantId;
  readonly fetchJson: FetchJson;
  readonly now: () => Date;
  readonly report?: (event: IssuerEvent) => void;
}

/** What an issuer's documents say, checked. */
export interface IssuerDocuments {
  readonly issuer: string;
  readonly jwks: readonly JWK[];
  /** The issuer's clock, if it says. */
  readonly serverTime: Date | undefined;
}

/** Where OpenID Connect puts the configuration; a template is asked for under `organizations`, as Entra has it. */
export const discoveryUrlOf = (issuer: string): string =>
  `${issuer.replaceAll('{tenantid}', 'organizations').replace(/\/$/, '')}/.well-known/openid-configuration`;

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** The issuers a configuration document may name: the template, or that of one tenant served. */
function isExpectedIssuer(named: unknown, { issuer, tenants }: RemoteIssuerOptions): boolean {
  if (named === issuer) return true;
  return (
    tenants !== 'any' && [...tenants].some((tenant) => named === issuer.replaceAll('{tenantid}', tenant))
  );
}

/** A public issuer must not send us to this machine or to a bare address (outbound rules, Protocol 11.6). */
function checkKeysAddress(keysUrl: unknown, discoveryUrl: string): string {
  if (typeof keysUrl !== 'string' || !URL.canParse(keysUrl))
    throw new Error(`${discoveryUrl} names no jwks_uri`);
  const { hostname } = new URL(keysUrl);
  const bare = /(^|\.)localhost\.?$|^[\d.]+$|^\[/.test(hostname);
  if (bare && hostname !== new URL(discoveryUrl).hostname) {
    throw new Error(`${discoveryUrl} names a jwks_uri on another machine by address: ${keysUrl}`);
  }
  return keysUrl;
}

function readKeySet(value: unknown, keysUrl: string): readonly JWK[] {
  const keys = isObject(value) ? value.keys : undefined;
  if (!Array.isArray(keys)) throw new Error(`${keysUrl} holds no key set`);
  if (keys.length > limits.issuerKeysMax)
    throw new Error(`${keysUrl} holds more than ${limits.issuerKeysMax} keys`);
  const usable = keys.filter((key): key is JWK => isObject(key) && typeof key.kty === 'string');
  if (usable.length === 0) throw new Error(`${keysUrl} holds no key`);
  return usable;
}

/** Fetches configuration and keys once; rejects with an Error that names the address at fault. */
export async function fetchIssuerDocuments(options: RemoteIssuerOptions): Promise<IssuerDocuments> {
  const { fetchJson, issuer, discoveryUrl = discoveryUrlOf(issuer) } = options;
  const { value, serverTime } = await fetchJson(discoveryUrl);
  const named = isObject(value) ? value.issuer : undefined;
  if (!isExpectedIssuer(named, options)) {
    throw new Error(`${discoveryUrl} names the issuer ${JSON.stringify(named)}; ${issuer} is configured`);
  }
  const keysUrl = checkKeysAddress(isObject(value) ? value.jwks_uri : undefined, discoveryUrl);
  const keySet = await fetchJson(keysUrl);
  return { issuer: String(named), jwks: readKeySet(keySet.value, keysUrl), serverTime };
}

interface FetchedKeys {
  readonly keys: VerificationKeys;
  readonly fetchedMs: number;
}

/** Keys that follow their issuer: fetched when first needed, then daily, and once for a key id not seen yet. */
export function createRemoteKeys(options: RemoteIssuerOptions): VerificationKeys {
  const { issuer, now, report = () => undefined } = options;
  let last: FetchedKeys | undefined;
  let attempt: { readonly startedMs: number; failed: boolean } | undefined;
  let underway: Promise<void> | undefined;

  async function fetchKeys(): Promise<void> {
    const started = { startedMs: now().getTime(), failed: true };
    attempt = started;
    try {
      const { jwks } = await fetchIssuerDocuments(options);
      last = { keys: createStaticKeys(jwks), fetchedMs: started.startedMs };
      started.failed = false;
      report({ kind: 'issuerKeysFetched', issuer, keys: jwks.length });
    } catch (error) {
      report({ kind: 'issuerKeysFailed', issuer, error });
    }
  }

  /** Joins a fetch under way, or starts one unless the last was a moment ago; never rejects. */
  function refresh(): Promise<void> {
    if (underway !== undefined) return underway;
    const elapsedMs = attempt === undefined ? undefined : now().getTime() - attempt.startedMs;
    // A clock set back counts as time gone by: waiting for it to catch up could take for ever.
    if (elapsedMs !== undefined && elapsedMs >= 0 && elapsedMs < limits.issuerRefreshIntervalMs) {
      return Promise.resolve();
    }
    underway = fetchKeys().finally(() => {
      underway = undefined;
    });
    return underway;
  }

  function current(): FetchedKeys | undefined {
    const stale = last !== undefined && now().getTime() - last.fetchedMs > limits.issuerKeysStaleMaxMs;
    return stale ? undefined : last;
  }

  const unavailable = (): ServiceError =>
    new ServiceError('issuerUnavailable', `The keys of the issuer ${issuer} cannot be fetched; try again.`, {
      headers: { 'Retry-After': String(Math.ceil(limits.issuerRefreshIntervalMs / 1000)) },
    });

  return {
    async find(wanted) {
      if (current() === undefined) await refresh();
      const known = current();
      if (known === undefined) throw unavailable();
      // Old keys serve while new ones are fetched: nobody waits for the daily refresh.
      if (now().getTime() - known.fetchedMs > limits.issuerKeysLifetimeMs) void refresh();
      const found = await known.keys.find(wanted);
      if (found !== undefined) return found;
      await refresh();
      // Whether the issuer has made a new key cannot be known while it does not answer.
      if (attempt?.failed === true) throw unavailable();
      return current()?.keys.find(wanted);
    },
  };
}

/** The entry by which tokens of an issuer elsewhere are accepted. */
export function trustRemoteIssuer(options: RemoteIssuerOptions): TrustedIssuer {
  const { issuer, tenants, audiences, claimStyle, tenantId } = options;
  return {
    issuer,
    tenants,
    claimStyle,
    keys: createRemoteKeys(options),
    ...(audiences === undefined ? {} : { audiences }),
    ...(tenantId === undefined ? {} : { tenantId }),
  };
}

/** One Entra cloud: where people sign in, and the issuer of v1.0 tokens there. */
export interface EntraCloud {
  /** Such as `https://login.microsoftonline.com`. */
  readonly authorityHost: string;
  /** Such as `https://sts.windows.net`. */
  readonly v1IssuerHost: string;
}

/** The two issuers of an Entra cloud, with their discovery addresses: v2.0 tokens and v1.0 tokens. */
export function entraIssuers(
  cloud: EntraCloud,
  tenants: 'any' | ReadonlySet<TenantId>,
): readonly { readonly issuer: string; readonly discoveryUrl: string }[] {
  const [only, ...others] = tenants === 'any' ? [] : [...tenants];
  const authority = `${cloud.authorityHost}/${only !== undefined && others.length === 0 ? only : 'organizations'}`;
  return [
    {
      issuer: `${cloud.authorityHost}/{tenantid}/v2.0`,
      discoveryUrl: `${authority}/v2.0/.well-known/openid-configuration`,
    },
    {
      issuer: `${cloud.v1IssuerHost}/{tenantid}/`,
      discoveryUrl: `${authority}/.well-known/openid-configuration`,
    },
  ];
}
