/**
 * The service's authentication with another authenticator, for the bench alone. BENCH_TOKENS says which: `unchecked`
 * takes everybody for the same person, `forgotten` checks every token as if it had never been seen.
 */
import { parseTenantId } from '../../dist/auth/authenticator.js';
import { createJwtAuthenticator } from '../../dist/auth/jwt.js';
import { localAudiences, trustLocalIssuer } from '../../dist/auth/local-issuer.js';
import { writePermission } from '../../dist/auth/permissions.js';
import { openSigningKey } from '../../dist/auth/signing-key.js';
import { findTestPerson, testClient, testTenantId } from '../../dist/auth/test-people.js';
import { createAuthentication as createOwn } from '../../dist/compose-authentication.js';

function createUnchecked() {
  const { name, objectId } = findTestPerson('engineer');
  const principal = {
    kind: 'delegated',
    tenantId: parseTenantId(testTenantId),
    objectId,
    name,
    clientId: testClient.clientId,
    permissions: new Set([writePermission]),
    directoryRoles: new Set(),
  };
  return { authenticate: async () => principal };
}

async function createForgotten({ data }, challenge) {
  const issuers = [trustLocalIssuer(await openSigningKey(data))];
  const options = { issuers: () => issuers, audiences: localAudiences, challenge, now: () => new Date() };
  // A new authenticator remembers nothing; making one takes a few microseconds, the check far more.
  const fresh = () => createJwtAuthenticator({ ...options, tokensRememberedMax: 1 });
  return { authenticate: (authorization) => fresh().authenticate(authorization) };
}

export async function createAuthentication(config, observe) {
  const own = await createOwn(config, observe);
  const authenticator =
    process.env.BENCH_TOKENS === 'unchecked'
      ? createUnchecked()
      : await createForgotten(config, own.challenge);
  return { ...own, authenticator };
}
