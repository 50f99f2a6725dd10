/** Issuers and tokens for the tests of src/auth: real keys, real signatures, a clock that stands still. */
import { exportJWK, generateKeyPair, type JWK, SignJWT } from 'jose';
import type { Authenticator, TokenPrincipal } from '../../../src/auth/authenticator.ts';
import { createChallenge } from '../../../src/auth/challenge.ts';
import { createJwtAuthenticator, type JwtAuthenticatorOptions } from '../../../src/auth/jwt.ts';
import { createStaticKeys } from '../../../src/auth/keys.ts';
import { ServiceError } from '../../../src/errors.ts';

export const now = new Date('2026-11-23T09:00:00.000Z');
export const nowS = now.getTime() / 1000;
export const tenant = '11111111-1111-4111-8111-111111111111';
export const otherTenant = '22222222-2222-4222-8222-222222222222';
export const issuerTemplate = 'https://issuer.example/{tenantid}/v2.0';
export const audience = '33333333-3333-4333-8333-333333333333';
export const challenge = createChallenge({
  authorizationUri: 'https://issuer.example/common/oauth2/v2.0/authorize',
  clientId: audience,
});

export interface TestKey {
  readonly privateKey: CryptoKey;
  readonly publicJwk: JWK;
}
type CryptoKey = Awaited<ReturnType<typeof generateKeyPair>>['privateKey'];

/** A key pair that is in no file. */
export async function newTestKey(kid: string, algorithm = 'RS256'): Promise<TestKey> {
  const { privateKey, publicKey } = await generateKeyPair(algorithm, { extractable: true });
  return { privateKey, publicJwk: { ...(await exportJWK(publicKey)), kid, use: 'sig' } };
}

/** Claims of a good delegated token; overrides with undefined take a claim away. */
export const delegated = (overrides: Readonly<Record<string, unknown>> = {}): Record<string, unknown> => ({
  aud: audience,
  iss: `https://issuer.example/${tenant}/v2.0`,
  tid: tenant,
  oid: 'a0a0a0a0-0000-4000-8000-000000000001',
  sub: 'pairwise',
  azp: 'c1c1c1c1-0000-4000-8000-000000000001',
  azpacr: '0',
  name: 'Dana Example',
  scp: 'SecurityEvents.Read.All',
  iat: nowS,
  nbf: nowS,
  exp: nowS + 3600,
  ver: '2.0',
  ...overrides,
});

/** Claims of a good application token. */
export const application = (overrides: Readonly<Record<string, unknown>> = {}): Record<string, unknown> =>
  delegated({
    scp: undefined,
    name: undefined,
    sub: 'a0a0a0a0-0000-4000-8000-000000000001',
    roles: ['SecurityEvents.ReadWrite.All'],
    idtyp: 'app',
    ...overrides,
  });

/** Signs claims as they are, right or wrong. */
export const sign = (
  key: TestKey,
  claims: Record<string, unknown>,
  header: { alg?: string; kid?: string | undefined; [name: string]: unknown } = {},
): Promise<string> =>
  new SignJWT(claims)
    .setProtectedHeader({ typ: 'JWT', alg: 'RS256', kid: key.publicJwk.kid, ...header } as never)
    .sign(key.privateKey);

/** An authenticator that trusts these keys for every tenant, unless told otherwise. */
export const authenticatorFor = (
  keys: readonly TestKey[],
  options: Partial<JwtAuthenticatorOptions> = {},
): Authenticator =>
  createJwtAuthenticator({
    issuers: () => [
      {
        issuer: issuerTemplate,
        tenants: 'any',
        keys: createStaticKeys(keys.map(({ publicJwk }) => publicJwk)),
        claimStyle: 'entra',
      },
    ],
    audiences: [audience, 'api://casp'],
    challenge,
    now: () => now,
    ...options,
  });

/** The principal of a token, which must be accepted. */
export async function accepted(authenticator: Authenticator, token: string): Promise<TokenPrincipal> {
  const principal = await authenticator.authenticate(`Bearer ${token}`);
  if (principal.kind === 'anonymous') throw new Error('the token was not looked at');
  return principal;
}

/** The refusal of a header, which must not be accepted and must not give the token away. */
export async function refused(authenticator: Authenticator, authorization: string): Promise<ServiceError> {
  const error: unknown = await authenticator.authenticate(authorization).then(
    () => new Error('accepted'),
    (thrown: unknown) => thrown,
  );
  if (!(error instanceof ServiceError)) throw error;
  const [, token = ''] = authorization.split(' ');
  const said = JSON.stringify([error.message, error.headers, error.stack, String(error.cause)]);
  for (const part of token.split('.')) {
    if (part.length > 8 && said.includes(part)) throw new Error('the error shows a part of the token');
  }
  if (error.cause !== undefined) throw new Error('the error has a cause');
  return error;
}
