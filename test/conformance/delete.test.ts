/** DELETE of one profile (Protocol 11.4.5). */
import { afterAll, describe, expect, it } from 'vitest';
import {
  absentId,
  type Created,
  changeBy,
  collectionPath,
  expectNoContent,
  expectRefusal,
  expectUnchanged,
  itemsOf,
  openService,
  patchOf,
  type Service,
} from '../support/conformance.ts';
import type { Ask } from '../support/exchange.ts';

const service: Service = await openService('--no-sample');
afterAll(() => service.stop());

const deletion = ({ path }: Pick<Created, 'path'>, headers: Ask['headers'] = {}): Ask => ({
  method: 'DELETE',
  path,
  headers,
});

const given = {
  name: 'n',
  tags: ['a', 'b'],
  vendorInformation: { provider: null, providerVersion: null, subProvider: null, vendor: 'm' },
};

describe('DELETE', () => {
  it('is 204, and the profile is gone everywhere', async () => {
    const profile = await service.create(given);
    expectNoContent(await service.send(deletion(profile)), 204, {});
    const gone = {
      message: `Resource could not be discovered: no cloudAppSecurityProfile with the id '${profile.id}'.`,
    };
    expectRefusal(await service.send({ path: profile.path }), '404 ResourceNotFound entityNotFound', gone);
    expectRefusal(
      await service.send(patchOf(profile, { name: 'x' })),
      '404 ResourceNotFound entityNotFound',
      gone,
    );
    expectRefusal(await service.send(deletion(profile)), '404 ResourceNotFound entityNotFound', gone);
    const ids = itemsOf(await service.send({ path: `${collectionPath}?$top=1000` })).map(({ id }) => id);
    expect(ids).not.toContain(profile.id);
  });

  it('leaves one record with everything that was there', async () => {
    const profile = await service.create(given);
    const patched = await service.send(patchOf(profile, { riskScore: '5' }));
    const answer = await service.send(deletion(profile));
    const { lastModifiedDateTime } = patched.body as { lastModifiedDateTime: string };
    const [, , last, ...more] = service.changes.of(profile.id);
    expect(more).toEqual([]);
    expect(last).toEqual(
      changeBy(answer, profile.id, {
        kind: 'deleted',
        version: 2,
        at: expect.stringMatching(/Z$/) as unknown as string,
        before: { ...profile.values, riskScore: '5', lastModifiedDateTime },
        after: null,
      }),
    );
  });

  it('of an unknown id is 404 and leaves no record', async () => {
    const before = service.changes.count();
    for (const headers of [{}, { 'If-Match': '*' }, { 'If-Match': 'W/"1"' }]) {
      const answer = await service.send(deletion({ path: `${collectionPath}/${absentId}` }, headers));
      expect(answer.status).toBe(404);
    }
    expect(service.changes.count()).toBe(before);
  });

  it('many at the same moment: one succeeds, the others find nothing', async () => {
    const profile = await service.create(given);
    const answers = await Promise.all(Array.from({ length: 8 }, () => service.send(deletion(profile))));
    const statuses = answers.map(({ status }) => status).sort();
    expect(statuses).toEqual([204, ...Array(7).fill(404)]);
    expect(service.changes.of(profile.id).map(({ kind }) => kind)).toEqual(['created', 'deleted']);
  });
});

describe('conditions', () => {
  it.each(['W/"1"', '"1"', '*'])('If-Match %s holds', async (tag) => {
    const profile = await service.create();
    expectNoContent(await service.send(deletion(profile, { 'If-Match': tag })), 204, {});
  });

  it('an If-Match of another version is 412', async () => {
    const profile = await service.create(given);
    await service.send(patchOf(profile, { name: 'newer' }));
    const answer = await expectUnchanged(service, profile, () =>
      service.send(deletion(profile, { 'If-Match': 'W/"1"' })),
    );
    expectRefusal(answer, '412 PreconditionFailed versionMismatch', {
      target: 'If-Match',
      message: 'If-Match does not hold: the current version is W/"2". Read the entity again and repeat.',
    });
  });

  it.each(['*', 'W/"1"'])('If-None-Match %s is 412', async (tag) => {
    const profile = await service.create();
    const answer = await expectUnchanged(service, profile, () =>
      service.send(deletion(profile, { 'If-None-Match': tag })),
    );
    expectRefusal(answer, '412 PreconditionFailed versionMismatch', {
      target: 'If-None-Match',
      message: 'If-None-Match does not hold: the current version is W/"1". Read the entity again and repeat.',
    });
  });
});
