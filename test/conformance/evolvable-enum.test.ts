/** An enumeration that may grow: its sentinel in bodies, filters and preferences (digest 1.4). */
import { randomUUID } from 'node:crypto';
import { afterAll, describe, expect, it } from 'vitest';
import { cloudAppSecurityProfile } from '../../src/model/cloud-app-security-profile.ts';
import {
  changeBy,
  collectionPath,
  expectNothingCreated,
  expectRefusal,
  expectUnchanged,
  itemsOf,
  membersOf,
  openService,
  patchOf,
  type Service,
} from '../support/conformance.ts';
import type { Answer } from '../support/exchange.ts';
import { permissionNames } from '../support/profiles.ts';

const service: Service = await openService('--no-sample');
afterAll(() => service.stop());

const property = cloudAppSecurityProfile.properties.find(({ name }) => name === 'permissionsRequired');
if (property?.type.kind !== 'enum') throw new Error('permissionsRequired is no enumeration');
const { members, sentinel } = property.type;

const allowed = 'Use one of: unknown, anonymous, guest, user, administrator, system.';
const optIn = { prefer: 'include-unknown-enum-members' };

// One profile for each member and one without, under a platform of their own.
const platform = randomUUID();
for (const permissionsRequired of [...permissionNames, null])
  await service.create({ platform, permissionsRequired });

/** The members that a filter chooses, by number. */
async function chosen(filter: string): Promise<readonly unknown[]> {
  const query = `$filter=${encodeURIComponent(`platform eq '${platform}' and (${filter})`)}&$orderby=permissionsRequired`;
  const answer = await service.send({ path: `${collectionPath}?${query}` });
  if (answer.status !== 200) throw new Error(`${filter}: ${answer.text}`);
  return itemsOf(answer).map(({ permissionsRequired }) => permissionsRequired);
}

describe('the model', () => {
  it('has no member above the sentinel yet, so that these suites know all there is', () => {
    expect([sentinel.name, sentinel.value, members.map(({ name }) => name)]).toEqual([
      'unknownFutureValue',
      127,
      [...permissionNames, 'unknownFutureValue'],
    ]);
  });
});

describe('the sentinel in PATCH', () => {
  it.each(['unknownFutureValue', '127'])('%s alone changes nothing and succeeds', async (value) => {
    const profile = await service.create({ permissionsRequired: 'guest' });
    const answer = await expectUnchanged(service, profile, () =>
      service.send(patchOf(profile, { permissionsRequired: value })),
    );
    expect([answer.status, membersOf(answer).permissionsRequired, answer.headers.etag]).toEqual([
      200,
      'guest',
      'W/"1"',
    ]);
  });

  it('beside others lets the others change', async () => {
    const profile = await service.create({ permissionsRequired: 'user' });
    const answer = await service.send(
      patchOf(profile, { permissionsRequired: 'unknownFutureValue', name: 'changed' }),
    );
    expect(membersOf(answer)).toMatchObject({ permissionsRequired: 'user', name: 'changed' });
    expect(service.changes.of(profile.id).at(-1)).toEqual(
      expect.objectContaining(
        changeBy(answer, profile.id, {
          kind: 'updated',
          version: 2,
          before: expect.not.objectContaining({ permissionsRequired: expect.anything() }),
          after: expect.not.objectContaining({ permissionsRequired: expect.anything() }),
        }),
      ),
    );
  });

  it('still asks for the version', async () => {
    const profile = await service.create();
    const ask = patchOf(profile, { permissionsRequired: 'unknownFutureValue' }, { 'if-match': 'W/"9"' });
    expect((await expectUnchanged(service, profile, () => service.send(ask))).status).toBe(412);
  });
});

describe('the sentinel in POST', () => {
  it.each(['unknownFutureValue', '127'])('%s is 400', async (value) => {
    const answer = await expectNothingCreated(service, () =>
      service.send({ method: 'POST', path: collectionPath, body: { permissionsRequired: value } }),
    );
    expectRefusal(answer, '400 BadRequest valueInvalid', {
      message: `permissionsRequired cannot be "${value}". ${allowed}`,
      target: 'permissionsRequired',
    });
  });
});

describe('values in bodies', () => {
  it.each(members.filter((member) => member !== sentinel).map(({ name, value }) => [String(value), name]))(
    'the number %s as text is %s',
    async (value, name) => {
      const made = await service.send({
        method: 'POST',
        path: collectionPath,
        body: { permissionsRequired: value },
      });
      expect([made.status, membersOf(made).permissionsRequired]).toEqual([201, name]);
      const changed = await service.send(patchOf(await service.create(), { permissionsRequired: name }));
      expect(membersOf(changed).permissionsRequired).toBe(name);
    },
  );

  it.each([
    ['nonsense', '"nonsense"'],
    // Above the sentinel, where no member is.
    ['128', '"128"'],
    ['-1', '"-1"'],
    ['03', '"03"'],
    ['3.0', '"3.0"'],
    // Names in bodies are exact.
    ['Guest', '"Guest"'],
    ['GUEST', '"GUEST"'],
    ['guest ', '"guest "'],
    ['', '""'],
    ['guest,user', '"guest,user"'],
    ["microsoft.graph.applicationPermissionsRequired'guest'", undefined],
    [3, '3'],
    [true, 'true'],
    [['guest'], 'an array'],
    [{}, 'an object'],
  ])('%j is 400 in PATCH and POST, with and without the preference', async (value, shown) => {
    const profile = await service.create({ permissionsRequired: 'guest' });
    const body = { permissionsRequired: value };
    for (const headers of [{}, optIn]) {
      const patched = await expectUnchanged(service, profile, () =>
        service.send(patchOf(profile, body, headers)),
      );
      const posted = await expectNothingCreated(service, () =>
        service.send({ method: 'POST', path: collectionPath, body, headers }),
      );
      for (const answer of [patched, posted]) {
        expectRefusal(answer, '400 BadRequest valueInvalid', {
          message: shown === undefined ? /Use one of/ : `permissionsRequired cannot be ${shown}. ${allowed}`,
          target: 'permissionsRequired',
        });
      }
    }
  });
});

describe('the sentinel in filters stands for every member above it, of which there is none', () => {
  const known = [...permissionNames];

  it.each([
    ["permissionsRequired eq 'unknownFutureValue'", []],
    ["permissionsRequired ne 'unknownFutureValue'", [null, ...known]],
    ["not (permissionsRequired eq 'unknownFutureValue')", [null, ...known]],
    ["permissionsRequired in ('unknownFutureValue','guest')", ['guest']],
    ["permissionsRequired eq '127'", []],
    ["permissionsRequired eq microsoft.graph.applicationPermissionsRequired'unknownFutureValue'", []],
    ["permissionsRequired lt 'unknownFutureValue'", known],
    ["permissionsRequired ge 'unknownFutureValue'", []],
    ["permissionsRequired gt 'unknownFutureValue'", []],
  ])('%s', async (filter, expected) => {
    const found = await chosen(filter);
    expect([...found].sort()).toEqual([...expected].sort());
  });
});

describe('members in filters', () => {
  it.each([
    "permissionsRequired eq 'guest'",
    "permissionsRequired eq 'GUEST'",
    "permissionsRequired eq 'Guest'",
    "permissionsRequired eq '2'",
    "permissionsRequired eq microsoft.graph.applicationPermissionsRequired'guest'",
    "permissionsRequired eq graph.applicationPermissionsRequired'guest'",
    "permissionsRequired eq microsoft.graph.applicationPermissionsRequired'2'",
    "'guest' eq permissionsRequired",
    "permissionsRequired in ('guest')",
    "permissionsRequired has 'guest' and permissionsRequired lt 'user'",
  ])('%s', async (filter) => {
    expect(await chosen(filter)).toEqual(['guest']);
  });

  it('order by their number, not their name', async () => {
    expect(await chosen("permissionsRequired ge 'guest'")).toEqual([
      'guest',
      'user',
      'administrator',
      'system',
    ]);
    expect(await chosen('true')).toEqual([null, ...permissionNames]);
  });

  it.each(['nonsense', 'unknownfuturevalues', ''])('%j is 400 with the members there are', async (name) => {
    const filter = encodeURIComponent(`permissionsRequired eq '${name}'`);
    const answer = await service.send({ path: `${collectionPath}?$filter=${filter}` });
    expectRefusal(answer, '400 BadRequest operandTypeMismatch', {
      message: /Members are .*unknown.*system/,
      target: '$filter',
    });
  });
});

describe('Prefer: include-unknown-enum-members', () => {
  const applied = ({ headers }: Answer): string | undefined => headers['preference-applied'];

  it('is said back wherever the enumeration may be sent', async () => {
    const profile = await service.create({ permissionsRequired: 'guest' });
    const answers = [
      await service.send({ path: profile.path, headers: optIn }),
      await service.send({ path: `${collectionPath}?$top=1`, headers: optIn }),
      await service.send(patchOf(profile, { name: 'x' }, optIn)),
      await service.send({ method: 'POST', path: collectionPath, body: {}, headers: optIn }),
    ];
    expect(answers.map(applied)).toEqual(Array(4).fill('include-unknown-enum-members'));
  });

  it('changes nothing else while there is no such member', async () => {
    const profile = await service.create({ permissionsRequired: 'guest' });
    const plain = await service.send({ path: profile.path });
    const asked = await service.send({ path: profile.path, headers: optIn });
    expect(asked.text).toBe(plain.text);
    expect(applied(plain)).toBeUndefined();
  });

  it.each(['include-unknown-enum-members=false', 'include-unknown-enum-members=maybe'])(
    '%s is no preference',
    async (prefer) => {
      const answer = await service.send({ path: collectionPath, headers: { prefer } });
      expect([answer.status, applied(answer)]).toEqual([200, undefined]);
    },
  );
});
