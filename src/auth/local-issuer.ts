/** Tokens for development, in the shape of Entra ID's v2.0 access tokens. */
import { createHash } from 'node:crypto';
import { SignJWT } from 'jose';
import type { TrustedIssuer } from './jwt.ts';
import { createStaticKeys } from './keys.ts';
import type { SigningKey } from './signing-key.ts';
import type { TestPerson } from './test-people.ts';

/** The application id this service has with the local issuer: the `aud` of its tokens. */
export const localResourceId = '7e571e00-0000-4000-8000-0000000ca590';

/** Values of `aud` accepted from the local issuer: application id and App ID URI. */
export const localAudiences: readonly string[] = [localResourceId, 'api://casp'];

/** The `iss` of tokens made without a running server; it names no address, so that ports may change. */
export const localIssuerTemplate = 'https://casp.local/{tenantid}/v2.0';

/** Who a token speaks for. */
export type TokenSubject =
  | { readonly kind: 'person'; readonly person: TestPerson }
  | { readonly kind: 'application'; readonly objectId: string; readonly name: string };

/** What goes into one access token. */
export interface AccessTokenRequest {
  readonly subject: TokenSubject;
  readonly tenantId: string;
  /** The application that calls (`azp`). */
  readonly clientId: string;
  /** 0 public client, 1 secret, 2 certificate (`azpacr`). */
  readonly clientProof: '0' | '1' | '2';
  /** `scp` for a person, `roles` for an application. */
  readonly permissions: readonly string[];
  readonly lifetimeS: number;
  /** Default `localIssuerTemplate`; a running server names its own address. */
  readonly issuerTemplate?: string;
}

/** What goes into one id token (OpenID Connect Core section 2). */
export interface IdTokenRequest {
  readonly person: TestPerson;
  readonly tenantId: string;
  /** The application the person signs in to: the `aud`. */
  readonly clientId: string;
  readonly nonce: string | undefined;
  readonly lifetimeS: number;
  readonly issuerTemplate: string;
}

/** Makes signed tokens. */
export interface LocalIssuer {
  readonly signingKey: SigningKey;
  mintAccessToken(request: AccessTokenRequest): Promise<string>;
  mintIdToken(request: IdTokenRequest): Promise<string>;
}

/** What the local issuer is made from; `newId` yields a GUID each time. */
export interface LocalIssuerParts {
  readonly signingKey: SigningKey;
  readonly now: () => Date;
  readonly newId: () => string;
}

/** The caller's identifier within one application, as Entra's `sub`: stable, and different in each. */
export const pairwiseSubject = (objectId: string, clientId: string): string =>
  createHash('sha256').update(`${objectId} ${clientId}`).digest('base64url');

function subjectClaims({ subject, clientId, permissions }: AccessTokenRequest): Record<string, unknown> {
  if (subject.kind === 'application') {
    const { objectId } = subject;
    return { idtyp: 'app', oid: objectId, sub: objectId, app_displayname: subject.name, roles: permissions };
  }
  const { person } = subject;
  return {
    oid: person.objectId,
    sub: pairwiseSubject(person.objectId, clientId),
    name: person.name,
    preferred_username: person.userPrincipalName,
    scp: permissions.join(' '),
    wids: person.directoryRoles,
  };
}

/** The `iss` of one tenant. */
export const issuerOf = (template: string, tenantId: string): string =>
  template.replaceAll('{tenantid}', tenantId);

/** Makes the token maker around a key. */
export function createLocalIssuer({ signingKey, now, newId }: LocalIssuerParts): LocalIssuer {
  const { algorithm: alg, kid, privateKey } = signingKey;

  function sign(lifetimeS: number, claims: Readonly<Record<string, unknown>>): Promise<string> {
    const issuedAtS = Math.floor(now().getTime() / 1000);
    const uti = Buffer.from(newId().replaceAll('-', ''), 'hex').toString('base64url');
    return new SignJWT({
      ...claims,
      iat: issuedAtS,
      nbf: issuedAtS,
      exp: issuedAtS + lifetimeS,
      uti,
      ver: '2.0',
    })
      .setProtectedHeader({ typ: 'JWT', alg, kid })
      .sign(privateKey);
  }

  return {
    signingKey,
    mintAccessToken(request) {
      const { tenantId, clientId, clientProof, lifetimeS, issuerTemplate = localIssuerTemplate } = request;
      return sign(lifetimeS, {
        aud: localResourceId,
        iss: issuerOf(issuerTemplate, tenantId),
        tid: tenantId,
        azp: clientId,
        azpacr: clientProof,
        ...subjectClaims(request),
      });
    },
    mintIdToken({ person, tenantId, clientId, nonce, lifetimeS, issuerTemplate }) {
      return sign(lifetimeS, {
        aud: clientId,
        iss: issuerOf(issuerTemplate, tenantId),
        tid: tenantId,
        oid: person.objectId,
        sub: pairwiseSubject(person.objectId, clientId),
        name: person.name,
        preferred_username: person.userPrincipalName,
        email: person.userPrincipalName,
        ...(nonce === undefined ? {} : { nonce }),
      });
    },
  };
}

/** The entry by which a server trusts tokens of its own key, from every tenant. */
export function trustLocalIssuer(
  signingKey: SigningKey,
  issuerTemplate = localIssuerTemplate,
): TrustedIssuer {
  return {
    issuer: issuerTemplate,
    tenants: 'any',
    keys: createStaticKeys([signingKey.publicJwk]),
    claimStyle: 'entra',
  };
}
