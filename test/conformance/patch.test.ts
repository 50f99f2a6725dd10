/** PATCH of one profile: what each kind of member does, on the wire and in the history (Protocol 11.4.3). */
import { afterAll, describe, expect, it } from 'vitest';
import { ticksOf } from '../../src/edm/date-time-offset.ts';
import type { EntityValues, Property, PropertyValue } from '../../src/edm/types.ts';
import { cloudAppSecurityProfile } from '../../src/model/cloud-app-security-profile.ts';
import {
  absentId,
  changeBy,
  collectionPath,
  expectJson,
  expectNoContent,
  expectRefusal,
  expectUnchanged,
  membersOf,
  openService,
  patchOf,
  type Service,
  writtenEntity,
} from '../support/conformance.ts';
import type { Answer } from '../support/exchange.ts';

const service: Service = await openService('--no-sample');
afterAll(() => service.stop());

const { properties } = cloudAppSecurityProfile;
const writable = properties.filter(({ access }) => access === 'readWrite');
const readOnly = properties.filter(({ access }) => access !== 'readWrite');

/** Two values of a property that differ, the first one not empty. */
function sampleValues({ name, type }: Property): readonly [PropertyValue, PropertyValue] {
  switch (type.kind) {
    case 'enum':
      return ['user', 'administrator'];
    case 'collection':
      return [
        ['one', 'two'],
        ['two', 'zwölf', 'two'],
      ];
    case 'complex':
      return [membersWith(type.properties, 'one'), membersWith(type.properties, 'two')];
    default:
      return type.name === 'Edm.Boolean' ? [true, false] : [`${name} one`, `${name} "two" \\ ✓ 𝄞\n`];
  }
}

function membersWith(members: readonly Property[], text: string): { readonly [name: string]: string } {
  return Object.fromEntries(members.map(({ name }) => [name, `${name} ${text}`]));
}

const firstValues = Object.fromEntries(
  writable.map((property) => [property.name, sampleValues(property)[0]]),
);
const secondValues = Object.fromEntries(
  writable.map((property) => [property.name, sampleValues(property)[1]]),
);

/** The time of the last change, as an answer states it. */
const modifiedOf = (answer: Answer) => String(membersOf(answer).lastModifiedDateTime);

/** Sends a PATCH that takes effect, and checks the answer, the entity read afterwards and the one new record. */
async function expectEffect(from: EntityValues, body: unknown, changed: EntityValues): Promise<void> {
  const profile = await service.create(from);
  const answer = await service.send(patchOf(profile, body));
  const lastModifiedDateTime = modifiedOf(answer);
  const values = { ...profile.values, ...changed, lastModifiedDateTime };
  const etag = 'W/"2"';
  expectJson(answer, 200, writtenEntity(service, values, 2), { etag });
  expectJson(await service.send({ path: profile.path }), 200, writtenEntity(service, values, 2), { etag });
  expect(ticksOf(lastModifiedDateTime)).toBeGreaterThanOrEqual(
    ticksOf(String(profile.values.createdDateTime)),
  );
  const names = [...Object.keys(changed), 'lastModifiedDateTime'];
  const pick = (all: EntityValues) => Object.fromEntries(names.map((name) => [name, all[name]]));
  const record = changeBy(answer, profile.id, {
    kind: 'updated',
    version: 2,
    at: lastModifiedDateTime,
    before: pick(profile.values),
    after: pick(values),
  });
  expect(service.changes.of(profile.id)).toEqual([expect.objectContaining({ kind: 'created' }), record]);
}

/** Sends a PATCH that succeeds and leaves everything, the version included, as it was. */
async function expectNoEffect(from: EntityValues, body: unknown): Promise<void> {
  const profile = await service.create(from);
  const answer = await expectUnchanged(service, profile, () => service.send(patchOf(profile, body)));
  expectJson(answer, 200, writtenEntity(service, profile.values, 1), { etag: 'W/"1"' });
}

describe('each property', () => {
  it.each(writable.map((property) => [property.name, property] as const))(
    '%s: a value replaces null, everything absent keeps its value',
    (name, property) =>
      expectEffect({}, { [name]: sampleValues(property)[0] }, { [name]: sampleValues(property)[0] }),
  );

  it.each(writable.map((property) => [property.name, property] as const))(
    '%s: another value replaces the first, everything absent keeps its value',
    (name, property) =>
      expectEffect(firstValues, { [name]: sampleValues(property)[1] }, { [name]: sampleValues(property)[1] }),
  );

  it.each(writable.filter(({ nullable }) => nullable).map(({ name }) => name))('%s: null clears', (name) =>
    expectEffect(firstValues, { [name]: null }, { [name]: null }),
  );

  it.each(writable.filter(({ nullable }) => nullable).map(({ name }) => name))(
    '%s: null on null changes nothing',
    (name) => expectNoEffect({}, { [name]: null }),
  );

  it.each(writable.map(({ name }) => name))('%s: the value it has changes nothing', (name) =>
    expectNoEffect(firstValues, { [name]: firstValues[name] }),
  );

  it.each(
    readOnly.flatMap(({ name }) =>
      ['x', absentId, '2001-01-01T00:00:00Z', null, 5, true, [], {}].map((value) => [name, value] as const),
    ),
  )('%s belongs to the service: %j is ignored', async (name, value) => {
    await expectNoEffect(firstValues, { [name]: value });
    await expectEffect(firstValues, { [name]: value, name: 'next' }, { name: 'next' });
  });

  it('all at once: what arrives is what is there', () =>
    expectEffect(firstValues, secondValues, secondValues));

  it('all cleared at once', () => {
    const cleared = Object.fromEntries(writable.map(({ name, nullable }) => [name, nullable ? null : []]));
    return expectEffect(firstValues, cleared, cleared);
  });

  it('the empty string is a value, not null', () => expectEffect({}, { name: '' }, { name: '' }));

  it('a whole entity sent back changes nothing', async () => {
    const profile = await service.create(firstValues);
    const read = await service.send({ path: profile.path });
    const answer = await expectUnchanged(service, profile, () => service.send(patchOf(profile, read.text)));
    expectJson(answer, 200, writtenEntity(service, profile.values, 1), { etag: 'W/"1"' });
  });

  it('a whole entity sent back with one change makes that change', async () => {
    const profile = await service.create(firstValues);
    const read = await service.send({ path: profile.path });
    const answer = await service.send(patchOf(profile, { ...membersOf(read), riskScore: '9' }));
    const values = { ...profile.values, riskScore: '9', lastModifiedDateTime: modifiedOf(answer) };
    expectJson(answer, 200, writtenEntity(service, values, 2), { etag: 'W/"2"' });
  });
});

describe('vendorInformation merges', () => {
  const vendorInformation = { provider: 'p', providerVersion: 'v', subProvider: 's', vendor: 'm' };
  const empty = { provider: null, providerVersion: null, subProvider: null, vendor: null };
  const members = Object.keys(vendorInformation);

  it.each(members)('%s alone: the other members keep their values', (member) =>
    expectEffect(
      { vendorInformation },
      { vendorInformation: { [member]: 'new' } },
      { vendorInformation: { ...vendorInformation, [member]: 'new' } },
    ),
  );

  it.each(members)('%s: null clears that member', (member) =>
    expectEffect(
      { vendorInformation },
      { vendorInformation: { [member]: null } },
      { vendorInformation: { ...vendorInformation, [member]: null } },
    ),
  );

  it.each(members)('%s brings the value into being, absent members are null', (member) =>
    expectEffect(
      {},
      { vendorInformation: { [member]: 'new' } },
      { vendorInformation: { ...empty, [member]: 'new' } },
    ),
  );

  it('clearing every member leaves an object of nulls, not null', () =>
    expectEffect({ vendorInformation }, { vendorInformation: empty }, { vendorInformation: empty }));

  it('{} on a value changes nothing', () => expectNoEffect({ vendorInformation }, { vendorInformation: {} }));
  it('{} on null leaves null', () => expectNoEffect({}, { vendorInformation: {} }));
  it('an object with nothing but its type leaves null', () =>
    expectNoEffect(
      {},
      { vendorInformation: { '@odata.type': '#microsoft.graph.securityVendorInformation' } },
    ));
});

describe('tags are replaced', () => {
  it.each([
    ['fewer', ['b']],
    ['more', ['a', 'b', 'c', 'd']],
    ['another order', ['b', 'a']],
    ['none', []],
    ['one of them twice', ['a', 'a', 'b']],
    ['the empty text', ['']],
  ])('%s', (_, tags) => expectEffect({ tags: ['a', 'b'] }, { tags }, { tags }));
});

describe('bodies that change nothing', () => {
  it('{}', () => expectNoEffect(firstValues, {}));

  it.each([
    '@odata.context',
    '@odata.id',
    '@odata.etag',
    '@odata.editLink',
    '@odata.readLink',
    '@odata.count',
    '@odata.nextLink',
    '@odata.somethingNew',
    'name@odata.type',
    'tags@odata.type',
    'tags@odata.count',
    'undeclared@odata.type',
    '@contoso.note',
    'name@contoso.note',
    '@type',
  ])('%s is ignored, whatever its value', async (annotation) => {
    for (const value of ['#Edm.Int32', null, 7, false, ['x'], { deep: [{}] }]) {
      await expectNoEffect({}, { [annotation]: value });
    }
  });

  it.each(['@odata.context', '@odata.etag', 'vendor@odata.type', '@contoso.note'])(
    '%s is ignored inside vendorInformation',
    (annotation) => expectNoEffect(firstValues, { vendorInformation: { [annotation]: 'x' } }),
  );

  it('the etag in the body is no If-Match', () =>
    expectEffect({}, { '@odata.etag': 'W/"9"', name: 'n' }, { name: 'n' }));

  it('unknownFutureValue counts as absent', async () => {
    await expectNoEffect({ permissionsRequired: 'guest' }, { permissionsRequired: 'unknownFutureValue' });
    await expectNoEffect({}, { permissionsRequired: 'unknownFutureValue' });
    await expectEffect(
      { permissionsRequired: 'guest' },
      { permissionsRequired: 'unknownFutureValue', name: 'n' },
      { name: 'n' },
    );
  });
});

describe('permissionsRequired', () => {
  const members = { unknown: 0, anonymous: 1, guest: 2, user: 3, administrator: 4, system: 5 };

  it.each(Object.entries(members))('%s, by name and as the text of %i', async (name, number) => {
    await expectEffect({}, { permissionsRequired: name }, { permissionsRequired: name });
    await expectEffect({}, { permissionsRequired: String(number) }, { permissionsRequired: name });
  });
});

describe('@odata.type', () => {
  const name = 'n';
  const ours = 'microsoft.graph.cloudAppSecurityProfile';
  const vendors = 'microsoft.graph.securityVendorInformation';

  it.each([`#${ours}`, ours, '#graph.cloudAppSecurityProfile', 'graph.cloudAppSecurityProfile'])(
    '%s is accepted',
    (type) => expectEffect({}, { '@odata.type': type, name }, { name }),
  );

  it.each([`#${vendors}`, vendors, '#graph.securityVendorInformation'])('%s is accepted inside', (type) =>
    expectEffect(
      {},
      { vendorInformation: { '@odata.type': type, vendor: 'm' } },
      { vendorInformation: { provider: null, providerVersion: null, subProvider: null, vendor: 'm' } },
    ),
  );

  it.each([
    ['#microsoft.graph.alert', '"#microsoft.graph.alert"'],
    [`#${vendors}`, `"#${vendors}"`],
    [`##${ours}`, `"##${ours}"`],
    ['#microsoft.graph.CloudAppSecurityProfile', '"#microsoft.graph.CloudAppSecurityProfile"'],
    ['cloudAppSecurityProfile', '"cloudAppSecurityProfile"'],
    ['', '""'],
    [null, 'null'],
    [7, '7'],
    [[`#${ours}`], 'an array'],
    [{}, 'an object'],
  ])('%j is refused', async (type, shown) => {
    const profile = await service.create({ name: 'old' });
    const body = { '@odata.type': type, name };
    const answer = await expectUnchanged(service, profile, () => service.send(patchOf(profile, body)));
    expectRefusal(answer, '400 BadRequest payloadTypeMismatch', {
      target: '@odata.type',
      message: `@odata.type cannot be ${shown}. The type here is "#${ours}" and cannot be changed.`,
    });
  });

  it.each([`#${ours}`, '#microsoft.graph.alert', 5])(
    '%j is refused inside vendorInformation',
    async (type) => {
      const profile = await service.create({});
      const body = { vendorInformation: { '@odata.type': type, vendor: 'm' } };
      const answer = await expectUnchanged(service, profile, () => service.send(patchOf(profile, body)));
      const target = 'vendorInformation/@odata.type';
      expectRefusal(answer, '400 BadRequest payloadTypeMismatch', {
        target,
        message: `${target} cannot be ${JSON.stringify(type)}. The type here is "#${vendors}" and cannot be changed.`,
      });
    },
  );

  it('may be written @type in a 4.01 body', async () => {
    const profile = await service.create({});
    const version = { 'OData-Version': '4.01' };
    const good = await service.send(patchOf(profile, { '@type': `#${ours}`, name }, version));
    expect(good.status).toBe(200);
    const bad = await expectUnchanged(service, profile, () =>
      service.send(patchOf(profile, { '@type': '#microsoft.graph.alert', name: 'other' }, version)),
    );
    expectRefusal(bad, '400 BadRequest payloadTypeMismatch', {
      target: '@type',
      message: `@type cannot be "#microsoft.graph.alert". The type here is "#${ours}" and cannot be changed.`,
    });
  });
});

describe('the page itself', () => {
  /** The request body of the reference page's example, its placeholder replaced where a value is enumerated. */
  const body = {
    '@odata.type': '#microsoft.graph.cloudAppSecurityProfile',
    azureSubscriptionId: 'Azure Subscription Id value',
    azureTenantId: 'Azure Tenant Id value',
    deploymentPackageUrl: 'https://example.com/deploymentPackageUrl/',
    destinationServiceName: 'Destination Service Name value',
    isSigned: true,
    manifest: 'Manifest value',
    name: 'Name value',
    permissionsRequired: 'administrator',
    platform: 'Platform value',
    policyName: 'Policy Name value',
    publisher: 'Publisher value',
    riskScore: 'Risk Score value',
    tags: ['Tags value'],
    type: 'Type value',
    vendorInformation: {
      '@odata.type': 'microsoft.graph.securityVendorInformation',
      provider: 'Provider value',
      providerVersion: 'Provider Version value',
      subProvider: 'Sub Provider value',
      vendor: 'Vendor value',
    },
  };

  it('its body is answered by 200 and the whole updated object, under its path', async () => {
    const profile = await service.create({});
    const path = `/beta/Security/cloudAppSecurityProfiles/${profile.id}`;
    const answer = await service.send({ method: 'PATCH', path, body });
    const { '@odata.type': _, vendorInformation, ...plain } = body;
    const { '@odata.type': __, ...vendor } = vendorInformation;
    const lastModifiedDateTime = modifiedOf(answer);
    const values = { ...profile.values, ...plain, vendorInformation: vendor, lastModifiedDateTime };
    expectJson(answer, 200, writtenEntity(service, values, 2, 'beta'), { etag: 'W/"2"' });
    expect(Object.keys(membersOf(answer))).toEqual([
      '@odata.context',
      '@odata.type',
      '@odata.etag',
      'id',
      'azureSubscriptionId',
      'azureTenantId',
      'createdDateTime',
      'deploymentPackageUrl',
      'destinationServiceName',
      'isSigned',
      'lastModifiedDateTime',
      'manifest',
      'name',
      'permissionsRequired',
      'platform',
      'policyName',
      'publisher',
      'riskScore',
      'tags',
      'type',
      'vendorInformation',
    ]);
  });

  it('its placeholder for the enumeration is refused with the possible values', async () => {
    const profile = await service.create({});
    const answer = await expectUnchanged(service, profile, () =>
      service.send(patchOf(profile, { ...body, permissionsRequired: 'String' })),
    );
    expectRefusal(answer, '400 BadRequest valueInvalid', {
      target: 'permissionsRequired',
      message:
        'permissionsRequired cannot be "String". Use one of: unknown, anonymous, guest, user, administrator, system.',
    });
  });
});

describe('If-Match', () => {
  it.each(['W/"1"', '"1"', '*', 'W/"7", W/"1"', '"a,b" , W/"1"'])(
    '%s lets the first version be changed',
    async (tag) => {
      const profile = await service.create({});
      const answer = await service.send(patchOf(profile, { name: 'n' }, { 'If-Match': tag }));
      const values = { ...profile.values, name: 'n', lastModifiedDateTime: modifiedOf(answer) };
      expectJson(answer, 200, writtenEntity(service, values, 2), { etag: 'W/"2"' });
    },
  );

  it('given twice, counts as one list', async () => {
    const profile = await service.create({});
    const answer = await service.send(patchOf(profile, { name: 'n' }, { 'If-Match': ['W/"5"', 'W/"1"'] }));
    expect(answer.status).toBe(200);
  });

  it.each(['W/"2"', '"2"', 'W/"0"', 'W/"01"', 'W/"1 "', 'W/"3", "4"', 'W/""'])('%s is 412', async (tag) => {
    const profile = await service.create({});
    for (const body of [{ name: 'n' }, {}]) {
      const answer = await expectUnchanged(service, profile, () =>
        service.send(patchOf(profile, body, { 'If-Match': tag })),
      );
      // A blank inside the quotes makes it no entity tag at all.
      if (tag === 'W/"1 "') expectMalformed(answer, 'If-Match');
      else expectStale(answer, 'If-Match', 1);
    }
  });

  it.each(['1', 'W/1', '', 'w/"1"', '"1', '*, "1"', '"1" "2"'])('%j is malformed', async (tag) => {
    const profile = await service.create({});
    const answer = await expectUnchanged(service, profile, () =>
      service.send(patchOf(profile, { name: 'n' }, { 'If-Match': tag })),
    );
    expectMalformed(answer, 'If-Match');
  });

  it('guards a chain of changes', async () => {
    const profile = await service.create({});
    for (const version of [1, 2, 3]) {
      const headers = { 'If-Match': `W/"${version}"` };
      const answer = await service.send(patchOf(profile, { name: `n${version}` }, headers));
      expect(answer.headers.etag).toBe(`W/"${version + 1}"`);
      expectStale(await service.send(patchOf(profile, { name: 'late' }, headers)), 'If-Match', version + 1);
    }
    const kinds = service.changes.of(profile.id).map(({ kind, version }) => `${kind} ${version}`);
    expect(kinds).toEqual(['created 1', 'updated 2', 'updated 3', 'updated 4']);
  });

  it('lets one of many writers at the same moment win', async () => {
    const profile = await service.create({});
    const answers = await Promise.all(
      Array.from({ length: 12 }, (_, index) =>
        service.send(patchOf(profile, { name: `writer ${index}` }, { 'If-Match': 'W/"1"' })),
      ),
    );
    const winners = answers.filter(({ status }) => status === 200);
    expect(winners).toHaveLength(1);
    for (const answer of answers) if (answer.status !== 200) expectStale(answer, 'If-Match', 2);
    const read = await service.send({ path: profile.path });
    expect(read.body).toEqual(winners[0]?.body);
    expect(service.changes.of(profile.id)).toHaveLength(2);
  });

  it('says nothing about an entity that does not exist: 404', async () => {
    const path = `${collectionPath}/${absentId}`;
    for (const tag of ['W/"1"', '*']) {
      const answer = await service.send(patchOf({ path }, { name: 'n' }, { 'If-Match': tag }));
      expect(answer.status).toBe(404);
    }
  });
});

function expectStale(answer: Answer, header: string, version: number): void {
  expectRefusal(answer, '412 PreconditionFailed versionMismatch', {
    target: header,
    message: `${header} does not hold: the current version is W/"${version}". Read the entity again and repeat.`,
  });
}

function expectMalformed(answer: Answer, header: string): void {
  expectRefusal(answer, '400 BadRequest headerInvalid', {
    target: header,
    message: new RegExp(`^The ${header} header contains an invalid value: `),
  });
}

describe('If-None-Match', () => {
  it.each(['W/"1"', '"1"', '*', '"7", "1"'])('%s on an existing entity is 412', async (tag) => {
    const profile = await service.create({});
    const answer = await expectUnchanged(service, profile, () =>
      service.send(patchOf(profile, { name: 'n' }, { 'If-None-Match': tag })),
    );
    expectStale(answer, 'If-None-Match', 1);
  });

  it('another version lets the change happen', async () => {
    const profile = await service.create({});
    const answer = await service.send(patchOf(profile, { name: 'n' }, { 'If-None-Match': 'W/"2"' }));
    expect([answer.status, answer.headers.etag]).toEqual([200, 'W/"2"']);
  });

  it('malformed is 400', async () => {
    const profile = await service.create({});
    const answer = await expectUnchanged(service, profile, () =>
      service.send(patchOf(profile, { name: 'n' }, { 'If-None-Match': 'one' })),
    );
    expectMalformed(answer, 'If-None-Match');
  });
});

describe('Prefer', () => {
  it('return=minimal answers 204 with the new ETag', async () => {
    const profile = await service.create({});
    const answer = await service.send(patchOf(profile, { name: 'n' }, { Prefer: 'return=minimal' }));
    expectNoContent(answer, 204, { etag: 'W/"2"', 'preference-applied': 'return=minimal' });
    const read = await service.send({ path: profile.path });
    expect(membersOf(read)).toMatchObject({ name: 'n', '@odata.etag': 'W/"2"' });
    expect(service.changes.of(profile.id)).toHaveLength(2);
  });

  it('return=minimal of a PATCH that changes nothing answers 204 with the old ETag', async () => {
    const profile = await service.create({ name: 'n' });
    const answer = await expectUnchanged(service, profile, () =>
      service.send(patchOf(profile, { name: 'n' }, { Prefer: 'return=minimal' })),
    );
    expectNoContent(answer, 204, { etag: 'W/"1"', 'preference-applied': 'return=minimal' });
  });

  it.each(['return=representation', 'respond-async, return="representation"; x=1', 'Return=Representation'])(
    '%s answers 200 and says so',
    async (Prefer) => {
      const profile = await service.create({});
      const answer = await service.send(patchOf(profile, { name: 'n' }, { Prefer }));
      const values = { ...profile.values, name: 'n', lastModifiedDateTime: modifiedOf(answer) };
      expectJson(answer, 200, writtenEntity(service, values, 2), {
        etag: 'W/"2"',
        'preference-applied': 'return=representation',
      });
    },
  );

  it.each(['return=everything', 'handling=strict', 'create-if-missing', '', ';;,,'])(
    '%j is ignored',
    async (Prefer) => {
      const profile = await service.create({});
      const answer = await service.send(patchOf(profile, { name: 'n' }, { Prefer }));
      const values = { ...profile.values, name: 'n', lastModifiedDateTime: modifiedOf(answer) };
      expectJson(answer, 200, writtenEntity(service, values, 2), { etag: 'W/"2"' });
    },
  );

  it('cannot make a PATCH insert', async () => {
    const path = `${collectionPath}/${absentId}`;
    const before = service.changes.count();
    const answer = await service.send(patchOf({ path }, { name: 'n' }, { Prefer: 'create-if-missing' }));
    expectRefusal(answer, '404 ResourceNotFound entityNotFound', {
      message: `Resource could not be discovered: no cloudAppSecurityProfile with the id '${absentId}'.`,
    });
    expect(service.changes.count()).toBe(before);
  });
});

describe('under load', () => {
  it('loses none of the changes made at the same moment', async () => {
    const profile = await service.create({});
    const names = writable.filter(({ type }) => type.kind === 'primitive').map(({ name }) => name);
    const answers = await Promise.all(
      names.map((name) => service.send(patchOf(profile, { [name]: firstValues[name] }))),
    );
    expect(answers.map(({ status }) => status)).toEqual(names.map(() => 200));
    const tags = answers.map(({ headers }) => headers.etag).sort();
    expect(new Set(tags).size).toBe(names.length);
    const read = membersOf(await service.send({ path: profile.path }));
    expect(read).toMatchObject({
      ...Object.fromEntries(names.map((name) => [name, firstValues[name]])),
      '@odata.etag': `W/"${names.length + 1}"`,
    });
    const versions = service.changes.of(profile.id).map(({ version }) => version);
    expect(versions).toEqual(versions.map((_, index) => index + 1));
    expect(versions).toHaveLength(names.length + 1);
  });
});
