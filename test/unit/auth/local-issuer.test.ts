import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { decodeJwt, decodeProtectedHeader } from 'jose';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { personalTenantId } from '../../../src/auth/claims.ts';
import { createJwtAuthenticator } from '../../../src/auth/jwt.ts';
import {
  createLocalIssuer,
  type LocalIssuer,
  localAudiences,
  localResourceId,
  trustLocalIssuer,
} from '../../../src/auth/local-issuer.ts';
import { openSigningKey } from '../../../src/auth/signing-key.ts';
import {
  findTestPerson,
  testClient,
  testPeople,
  testRoles,
  testTenantId,
} from '../../../src/auth/test-people.ts';
import { accepted, challenge, now, nowS, refused } from './token-fixture.ts';

let dataFolder = '';
let issuer: LocalIssuer;
beforeAll(async () => {
  dataFolder = await mkdtemp(join(tmpdir(), 'casp-issuer-'));
  issuer = createLocalIssuer({
    signingKey: await openSigningKey(dataFolder),
    now: () => now,
    newId: () => '01234567-89ab-4def-8123-456789abcdef',
  });
});
afterAll(() => rm(dataFolder, { recursive: true, force: true }));

const forPerson = (role: string, overrides: object = {}) => {
  const person = findTestPerson(role);
  if (person === undefined) throw new Error(role);
  return issuer.mintAccessToken({
    subject: { kind: 'person', person },
    tenantId: testTenantId,
    clientId: testClient.clientId,
    clientProof: '0',
    permissions: person.scopes,
    lifetimeS: 3600,
    ...overrides,
  });
};

const forApplication = () =>
  issuer.mintAccessToken({
    subject: { kind: 'application', objectId: testClient.objectId, name: testClient.name },
    tenantId: testTenantId,
    clientId: testClient.clientId,
    clientProof: '1',
    permissions: ['SecurityEvents.Read.All'],
    lifetimeS: 60,
  });

/** A second process: it knows the data folder, nothing else. */
const authenticator = async () => {
  const signingKey = await openSigningKey(dataFolder);
  const trusted = ['https://localhost:7443/{tenantid}/v2.0'].map((template) =>
    trustLocalIssuer(signingKey, template),
  );
  return createJwtAuthenticator({
    issuers: () => [trustLocalIssuer(signingKey), ...trusted],
    audiences: localAudiences,
    challenge,
    now: () => now,
  });
};

describe('createLocalIssuer', () => {
  it('makes a person’s token in the shape of Entra ID', async () => {
    const token = await forPerson('reader');
    expect(decodeProtectedHeader(token)).toEqual({ typ: 'JWT', alg: 'RS256', kid: issuer.signingKey.kid });
    expect(decodeJwt(token)).toEqual({
      aud: localResourceId,
      iss: `https://casp.local/${testTenantId}/v2.0`,
      iat: nowS,
      nbf: nowS,
      exp: nowS + 3600,
      azp: testClient.clientId,
      azpacr: '0',
      name: 'Robin Reed',
      oid: '7e571e00-0000-4000-8000-00000000e001',
      preferred_username: 'robin@contoso.example',
      scp: 'SecurityEvents.Read.All',
      sub: expect.stringMatching(/^[\w-]{43}$/),
      tid: testTenantId,
      uti: 'ASNFZ4mrTe-BI0VniavN7w',
      ver: '2.0',
      wids: ['5d6b6bb7-de71-4623-b4af-96380a352509'],
    });
  });

  it('makes an application’s token in the shape of Entra ID', async () => {
    expect(decodeJwt(await forApplication())).toEqual({
      aud: localResourceId,
      iss: `https://casp.local/${testTenantId}/v2.0`,
      iat: nowS,
      nbf: nowS,
      exp: nowS + 60,
      azp: testClient.clientId,
      azpacr: '1',
      app_displayname: testClient.name,
      idtyp: 'app',
      oid: testClient.objectId,
      roles: ['SecurityEvents.Read.All'],
      sub: testClient.objectId,
      tid: testTenantId,
      uti: 'ASNFZ4mrTe-BI0VniavN7w',
      ver: '2.0',
    });
  });

  it.each(testRoles)(
    'makes a token for %s that a server knowing only the data folder accepts',
    async (role) => {
      const person = findTestPerson(role);
      expect(await accepted(await authenticator(), await forPerson(role))).toMatchObject({
        kind: 'delegated',
        tenantId: testTenantId,
        objectId: person?.objectId,
        name: person?.name,
        permissions: new Set(person?.scopes),
      });
    },
  );

  it('makes application tokens and tokens under the server’s own address that are accepted', async () => {
    const template = 'https://localhost:7443/{tenantid}/v2.0';
    expect((await accepted(await authenticator(), await forApplication())).kind).toBe('application');
    const token = await forPerson('admin', { issuerTemplate: template, tenantId: randomUUID() });
    expect((await accepted(await authenticator(), token)).kind).toBe('delegated');
  });

  it('makes tokens the server refuses: personal accounts, addresses it does not have', async () => {
    const personal = await forPerson('reader', { tenantId: personalTenantId });
    expect((await refused(await authenticator(), `Bearer ${personal}`)).code).toBe('accountUnsupported');
    const elsewhere = await forPerson('reader', { issuerTemplate: 'https://localhost:1/{tenantid}/v2.0' });
    expect((await refused(await authenticator(), `Bearer ${elsewhere}`)).code).toBe('issuerInvalid');
  });
});

describe('the test people', () => {
  it('are five, each with an id of their own, fictional and stable', () => {
    expect(testPeople.map(({ role, name, scopes }) => [role, name, scopes])).toEqual([
      ['reader', 'Robin Reed', ['SecurityEvents.Read.All']],
      ['analyst', 'Ana Lindqvist', ['SecurityEvents.ReadWrite.All']],
      ['engineer', 'Eni Okafor', ['SecurityEvents.ReadWrite.All']],
      ['admin', 'Adi Marchetti', ['SecurityEvents.ReadWrite.All']],
      ['no-access', 'Noa Virtanen', ['User.Read']],
    ]);
    expect(new Set(testPeople.map(({ objectId }) => objectId)).size).toBe(5);
    expect(findTestPerson('root')).toBeUndefined();
  });
});
