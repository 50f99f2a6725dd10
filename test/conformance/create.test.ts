/** POST to the collection: what a new profile is, and what its answer says (Protocol 11.4.2). */
import { afterAll, describe, expect, it } from 'vitest';
import { ticksOf } from '../../src/edm/date-time-offset.ts';
import type { EntityValues } from '../../src/edm/types.ts';
import { cloudAppSecurityProfile } from '../../src/model/cloud-app-security-profile.ts';
import {
  absentId,
  changeBy,
  collectionPath,
  expectJson,
  expectNoContent,
  expectNothingCreated,
  expectRefusal,
  guid,
  membersOf,
  openService,
  type Service,
  writtenEntity,
} from '../support/conformance.ts';
import type { Ask } from '../support/exchange.ts';
import { emptyProfile } from '../support/profiles.ts';

const service: Service = await openService('--no-sample');
afterAll(() => service.stop());

const post = (body: unknown, headers: Ask['headers'] = {}, path = collectionPath): Ask => ({
  method: 'POST',
  path,
  body,
  headers,
});

/** Creates, and checks answer, entity and record against the values that should be there. */
async function expectCreated(body: unknown, given: EntityValues, root = 'v1.0'): Promise<void> {
  const beforeMs = Date.now();
  const path = `/${root}/security/cloudAppSecurityProfiles`;
  const answer = await service.send(post(body, {}, path));
  const { id, createdDateTime } = membersOf(answer) as { id: string; createdDateTime: string };
  expect(id).toEqual(guid);
  const createdMs = Number((ticksOf(createdDateTime) - ticksOf('1970-01-01T00:00:00Z')) / 10_000n);
  expect(createdMs).toBeGreaterThanOrEqual(beforeMs);
  expect(createdMs).toBeLessThanOrEqual(Date.now());
  const times = { createdDateTime, lastModifiedDateTime: createdDateTime };
  const values = { ...emptyProfile(id), ...given, ...times };
  const location = `${service.url}${path}/${id}`;
  expectJson(answer, 201, writtenEntity(service, values, 1, root), { etag: 'W/"1"', location });
  const read = await service.send({ path: new URL(location).pathname });
  expectJson(read, 200, writtenEntity(service, values, 1, root), { etag: 'W/"1"' });
  const record = { kind: 'created', version: 1, at: createdDateTime, before: null };
  expect(service.changes.of(id)).toEqual([changeBy(answer, id, { ...record, after: values })]);
}

const vendor = { provider: 'p', providerVersion: null, subProvider: null, vendor: 'm' };

describe('a new profile', () => {
  it('from nothing is all null and empty', () => expectCreated({}, {}));

  it('has what was sent and null for the rest', () =>
    expectCreated(
      {
        name: 'n',
        isSigned: false,
        tags: ['b', 'a'],
        permissionsRequired: '4',
        vendorInformation: { provider: 'p', vendor: 'm' },
      },
      {
        name: 'n',
        isSigned: false,
        tags: ['b', 'a'],
        permissionsRequired: 'administrator',
        vendorInformation: vendor,
      },
    ));

  it('may be asked for under beta', () => expectCreated({ name: 'n' }, { name: 'n' }, 'beta'));

  it('gets its own id and times, whatever is sent', () =>
    expectCreated(
      {
        '@odata.type': '#microsoft.graph.cloudAppSecurityProfile',
        '@odata.id': 'x',
        id: absentId,
        createdDateTime: '2001-01-01T00:00:00Z',
        lastModifiedDateTime: 5,
        name: 'n',
      },
      { name: 'n' },
    ));

  it.each(
    cloudAppSecurityProfile.properties
      .filter(({ access, nullable }) => access === 'readWrite' && nullable)
      .map(({ name }) => name),
  )('%s may be null', (name) => expectCreated({ [name]: null }, {}));

  it('an empty vendorInformation is null', () => expectCreated({ vendorInformation: {} }, {}));

  it('each POST makes another', async () => {
    const answers = await Promise.all(Array.from({ length: 20 }, () => service.send(post({ name: 'same' }))));
    const ids = answers.map((answer) => membersOf(answer).id);
    expect(new Set(ids).size).toBe(20);
  });
});

describe('the answer', () => {
  it('return=minimal is 204 with the address', async () => {
    const answer = await service.send(post({ name: 'n' }, { Prefer: 'return=minimal' }));
    const address = String(answer.headers.location);
    expect(address).toMatch(new RegExp(`^${service.url}${collectionPath}/[0-9a-f-]{36}$`));
    expectNoContent(answer, 204, {
      etag: 'W/"1"',
      location: address,
      'odata-entityid': address,
      'preference-applied': 'return=minimal',
    });
    expect(membersOf(await service.send({ path: new URL(address).pathname })).name).toBe('n');
  });

  it('return=representation is said', async () => {
    const answer = await service.send(post({}, { Prefer: 'return=representation' }));
    expect([answer.status, answer.headers['preference-applied']]).toEqual([201, 'return=representation']);
  });

  it('Location is canonical, however the collection was spelt', async () => {
    const answer = await service.send(post({}, {}, '/BETA/SECURITY/CloudAppSecurityProfiles/'));
    const { id } = membersOf(answer);
    expect(answer.headers.location).toBe(`${service.url}/beta/security/cloudAppSecurityProfiles/${id}`);
  });
});

describe('refused', () => {
  it('unknownFutureValue stands for no value a new profile could have', async () => {
    const answer = await expectNothingCreated(service, () =>
      service.send(post({ permissionsRequired: 'unknownFutureValue' })),
    );
    expectRefusal(answer, '400 BadRequest valueInvalid', {
      target: 'permissionsRequired',
      message:
        'permissionsRequired cannot be "unknownFutureValue". Use one of: unknown, anonymous, guest, user, administrator, system.',
    });
  });

  it('another @odata.type', async () => {
    const answer = await expectNothingCreated(service, () =>
      service.send(post({ '@odata.type': '#microsoft.graph.ipSecurityProfile' })),
    );
    expectRefusal(answer, '400 BadRequest payloadTypeMismatch', {
      target: '@odata.type',
      message:
        '@odata.type cannot be "#microsoft.graph.ipSecurityProfile". The type here is "#microsoft.graph.cloudAppSecurityProfile" and cannot be changed.',
    });
  });
});
