import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { decodeJwt } from 'jose';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { TokenPrincipal } from '../../../src/auth/authenticator.ts';
import { createChallenge } from '../../../src/auth/challenge.ts';
import { createJwtAuthenticator } from '../../../src/auth/jwt.ts';
import { localAudiences, trustLocalIssuer } from '../../../src/auth/local-issuer.ts';
import { openSigningKey } from '../../../src/auth/signing-key.ts';
import { testClient, testTenantId } from '../../../src/auth/test-people.ts';
import { createWorkspace, testInstant, type Workspace } from './support.ts';

let workspace: Workspace;
beforeEach(() => {
  workspace = createWorkspace();
});
afterEach(() => workspace.remove());

/** The token `casp token …` prints. */
async function token(...words: readonly string[]): Promise<string> {
  const { code, out } = await workspace.run(['token', ...words]);
  expect(code).toBe(0);
  expect(out).toMatch(/^[\w-]+\.[\w-]+\.[\w-]+\n$/);
  return out.trimEnd();
}

/** The principal a server with the same data folder sees. */
async function principal(...words: readonly string[]): Promise<TokenPrincipal> {
  const issuer = trustLocalIssuer(await openSigningKey(join(workspace.folder, '.casp')));
  const authenticator = createJwtAuthenticator({
    issuers: () => [issuer],
    audiences: localAudiences,
    challenge: createChallenge({ authorizationUri: 'https://localhost/authorize', clientId: 'x' }),
    now: workspace.context.now,
  });
  const found = await authenticator.authenticate(`Bearer ${await token(...words)}`);
  if (found.kind === 'anonymous') throw new Error('anonymous');
  return found;
}

describe('casp token', () => {
  it('prints a token that may write, and nothing else on stdout', async () => {
    expect(await principal()).toMatchObject({
      kind: 'delegated',
      tenantId: testTenantId,
      clientId: testClient.clientId,
      permissions: new Set(['SecurityEvents.ReadWrite.All']),
    });
  });

  it.each([
    ['reader', ['SecurityEvents.Read.All']],
    ['analyst', ['SecurityEvents.ReadWrite.All']],
    ['engineer', ['SecurityEvents.ReadWrite.All']],
    ['admin', ['SecurityEvents.ReadWrite.All']],
    ['no-access', ['User.Read']],
  ])('for the role %s grants %j, to a person and to an application', async (role, permissions) => {
    expect(await principal('--role', role)).toMatchObject({
      kind: 'delegated',
      permissions: new Set(permissions),
    });
    expect(await principal('--role', role, '--app')).toMatchObject({
      kind: 'application',
      objectId: testClient.objectId,
      permissions: new Set(permissions),
    });
  });

  it('belongs to the tenant asked for', async () => {
    const tenant = 'AAAAAAAA-1111-4222-8333-BBBBBBBBBBBB';
    expect((await principal('--tenant', tenant)).tenantId).toBe(tenant.toLowerCase());
  });

  it('of a personal account is refused by the service', async () => {
    await expect(principal('--personal')).rejects.toMatchObject({ code: 'accountUnsupported' });
  });

  it.each([
    [['--scope', 'A.Read', 'B.Read']],
    [['--scope', 'A.Read B.Read']],
    [['--scope', 'A.Read,B.Read']],
    [['--scope', 'A.Read', '--scope', 'B.Read']],
  ])('takes scopes as %j', async (words) => {
    expect(decodeJwt(await token(...words)).scp).toBe('A.Read B.Read');
  });

  it.each([
    ['90s', 90],
    ['30m', 1800],
    ['12h', 43_200],
    ['1h30m', 5400],
    ['365d', 31_536_000],
  ])('lives for %s', async (ttl, seconds) => {
    const { iat, exp } = decodeJwt(await token('--ttl', ttl));
    expect({ iat, exp }).toEqual({
      iat: Date.parse(testInstant) / 1000,
      exp: Date.parse(testInstant) / 1000 + seconds,
    });
  });

  it.each(['0s', '366d', '-1h', '1w', 'h', ''])('may not live for "%s"', async (ttl) => {
    expect(await workspace.run(['token', `--ttl=${ttl}`])).toMatchObject({ code: 2, out: '' });
  });

  it('refuses a tenant that is no GUID', async () => {
    const { code, error } = await workspace.run(['token', '--tenant', 'contoso']);
    expect(code).toBe(2);
    expect(error).toContain(`"contoso" is not a GUID. Write e.g. ${testTenantId}.`);
  });

  it('comes as a header, as a shell command or with what is in it', async () => {
    const header = await workspace.run(['token', '-o', 'header']);
    expect(header.out).toMatch(/^Authorization: Bearer [\w.-]+\n$/);
    const env = await workspace.run(['token', '-o', 'env']);
    expect(env.out).toMatch(/^export CASP_TOKEN=[\w.-]+\n$/);
    const json = await workspace.run(['token', '-o', 'json', '--role', 'reader', '--ttl', '1h']);
    expect(JSON.parse(json.out)).toEqual({
      token: expect.stringMatching(/^[\w.-]+$/),
      kind: 'delegated',
      name: 'Robin Reed',
      tenantId: testTenantId,
      permissions: ['SecurityEvents.Read.All'],
      expiresAt: '2026-03-04T06:06:07.000Z',
    });
  });

  it('is made from the key in the data folder; the first time a note says so on stderr', async () => {
    const data = join(workspace.folder, 'elsewhere');
    const first = await workspace.run(['token', '--data', 'elsewhere']);
    expect(first.error).toBe(
      'note: no server has run with the data in ./elsewhere yet; one started with it will accept this token.\n',
    );
    expect(existsSync(join(data, 'keys'))).toBe(true);
    expect((await workspace.run(['token'], { env: { CASP_DATA: data } })).error).toBe('');
  });

  it('says when the data folder cannot be told', async () => {
    const { code, error } = await workspace.run(['token', '--data', '']);
    expect({ code, error }).toEqual({
      code: 2,
      error: 'error: 1 problem in the configuration\n  data  "" is empty. Write a path. (--data)\n',
    });
  });
});
