/** Builds the console's hosting from the configuration: where people sign in, and what its pages must know. */
import { randomBytes } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import type { Authentication, SignInSettings } from './compose-authentication.ts';
import type { IssuerConfig, ServeConfig } from './config.ts';
import { type Console, createConsole } from './http/console.ts';
import { model } from './model/index.ts';
import { riskScales } from './model/risk-scales.ts';

/** Creates the handler of /console. */
export function createConsoleHosting(
  config: ServeConfig,
  { signIn: local }: Pick<Authentication, 'signIn'>,
  version: string,
): Console {
  const signIn = configuredSignIn(config) ?? local;
  const [entitySet] = model.entitySets;
  return createConsole({
    folder: fileURLToPath(new URL('./console/', import.meta.url)),
    origins: originsOf(config),
    newNonce: () => randomBytes(16).toString('base64'),
    settings: ({ publicUrl }) => ({
      version,
      dev: config.dev,
      publicUrl,
      apiRoot: '/v1.0',
      authority: signIn?.authority ?? null,
      clientId: signIn?.clientId ?? null,
      scope: signIn?.scope ?? null,
      issuerName: signIn?.issuerName ?? null,
      permissions: entitySet?.permissions,
      riskScales,
    }),
  });
}

/** Undefined where no application of the issuer's is named for the console. */
function configuredSignIn(config: ServeConfig): SignInSettings | undefined {
  const [issuer] = config.issuers;
  const { clientId, authority, scopes } = config.console;
  if (clientId === undefined || issuer === undefined) return undefined;
  const asked = scopes.length > 0 ? scopes : [writeScopeOf(issuer, config)];
  const address = authority ?? authorityOf(issuer);
  return {
    authority: address,
    clientId,
    scope: ['openid', 'profile', 'offline_access', ...asked].join(' '),
    issuerName: new URL(address).host,
  };
}

/** The address whose discovery document the console reads; of a template, that of the one tenant served. */
function authorityOf({ issuer, tenants }: IssuerConfig): string {
  const tenant = tenants !== 'any' && tenants.length === 1 ? tenants[0] : undefined;
  return issuer.replaceAll('{tenantid}', tenant ?? 'organizations').replace(/\/$/, '');
}

/** Entra's scopes begin with the application ID URI; elsewhere a scope is its name. */
function writeScopeOf({ audiences, claims }: IssuerConfig, { permissions }: ServeConfig): string {
  const [name = ''] = permissions.write.scopes;
  if (claims === 'oidc') return name;
  const uri = audiences.find((audience) => audience.includes('://')) ?? `api://${audiences[0] ?? ''}`;
  return `${uri.replace(/\/$/, '')}/${name}`;
}

function originsOf({ issuers, console: { authority } }: ServeConfig): readonly string[] {
  const addresses = [...issuers.map(({ issuer }) => issuer), ...(authority === undefined ? [] : [authority])];
  return [...new Set(addresses.map((address) => new URL(address.replaceAll('{tenantid}', 'common')).origin))];
}
