/** GET one profile, conditional or not (Protocol 11.2, RFC 9110 13). */
import { afterAll, describe, expect, it } from 'vitest';
import {
  absentId,
  collectionPath,
  exampleId,
  expectHeaders,
  expectJson,
  expectNoContent,
  expectRefusal,
  membersOf,
  minimalType,
  openService,
  patchOf,
  type Service,
  writtenEntity,
} from '../support/conformance.ts';

const service: Service = await openService();
afterAll(() => service.stop());

describe('GET', () => {
  it('answers with every property in order', async () => {
    const profile = await service.create({ name: 'n', tags: ['t'], vendorInformation: { vendor: 'm' } });
    const answer = await service.send({ path: profile.path });
    expectJson(answer, 200, writtenEntity(service, profile.values, 1), { etag: 'W/"1"' });
  });

  it('finds the profile of the page among the sample', async () => {
    const answer = await service.send({ path: `${collectionPath}/${exampleId}` });
    expect(answer.status).toBe(200);
    expect(membersOf(answer)).toMatchObject({
      id: exampleId,
      name: 'Contoso Expense',
      '@odata.etag': 'W/"1"',
    });
  });

  it('header and annotation name the same version', async () => {
    const profile = await service.create();
    for (const name of ['a', 'b', 'c']) {
      await service.send(patchOf(profile, { name }));
      const answer = await service.send({ path: profile.path });
      expect(membersOf(answer)['@odata.etag']).toBe(answer.headers.etag);
    }
  });

  it('twice gives the same bytes', async () => {
    const path = `${collectionPath}/${exampleId}`;
    const [first, second] = [await service.send({ path }), await service.send({ path })];
    expect(second.text).toBe(first.text);
  });

  it('changes nothing and records nothing', async () => {
    const before = service.changes.count();
    await service.send({ path: `${collectionPath}/${exampleId}` });
    await service.send({ path: collectionPath });
    expect(service.changes.count()).toBe(before);
  });

  it('sees a change as soon as it is acknowledged', async () => {
    const profile = await service.create();
    for (let index = 0; index < 20; index += 1) {
      const name = `n${index}`;
      await service.send(patchOf(profile, { name }, { Prefer: 'return=minimal' }));
      expect(membersOf(await service.send({ path: profile.path })).name).toBe(name);
    }
  });

  it('of an unknown id is 404', async () => {
    expectRefusal(
      await service.send({ path: `${collectionPath}/nobody` }),
      '404 ResourceNotFound entityNotFound',
      {
        message: "Resource could not be discovered: no cloudAppSecurityProfile with the id 'nobody'.",
      },
    );
  });
});

describe('If-None-Match', () => {
  it.each(['W/"1"', '"1"', '*', 'W/"4", W/"1"'])('%s: nothing new is 304', async (tag) => {
    const profile = await service.create();
    const answer = await service.send({ path: profile.path, headers: { 'If-None-Match': tag } });
    expectNoContent(answer, 304, { etag: 'W/"1"' });
  });

  it('an older version is answered whole', async () => {
    const profile = await service.create();
    await service.send(patchOf(profile, { name: 'n' }));
    const answer = await service.send({ path: profile.path, headers: { 'If-None-Match': 'W/"1"' } });
    expect([answer.status, answer.headers.etag]).toEqual([200, 'W/"2"']);
  });

  it('is no help for what does not exist', async () => {
    const answer = await service.send({
      path: `${collectionPath}/${absentId}`,
      headers: { 'If-None-Match': '*' },
    });
    expect(answer.status).toBe(404);
  });

  it('malformed is 400', async () => {
    const answer = await service.send({
      path: `${collectionPath}/${exampleId}`,
      headers: { 'If-None-Match': 'W/1' },
    });
    expectRefusal(answer, '400 BadRequest headerInvalid', {
      target: 'If-None-Match',
      message:
        'The If-None-Match header contains an invalid value: \'W/1\' at position 0 is not an entity tag; write W/"…" or "…", several separated by commas, or * alone.',
    });
  });
});

describe('If-Match', () => {
  it('that holds is answered', async () => {
    const profile = await service.create();
    const answer = await service.send({ path: profile.path, headers: { 'If-Match': 'W/"1"' } });
    expect(answer.status).toBe(200);
  });

  it('that does not hold is 412', async () => {
    const profile = await service.create();
    const answer = await service.send({ path: profile.path, headers: { 'If-Match': 'W/"2"' } });
    expectRefusal(answer, '412 PreconditionFailed versionMismatch', {
      target: 'If-Match',
      message: 'If-Match does not hold: the current version is W/"1". Read the entity again and repeat.',
    });
  });
});

describe('HEAD', () => {
  it.each([
    ['one profile', `${collectionPath}/${exampleId}`, { etag: 'W/"1"' }],
    ['the collection', collectionPath, {}],
  ])('%s: the headers of GET and no body', async (_, path, own) => {
    const [get, head] = [await service.send({ path }), await service.send({ path, method: 'HEAD' })];
    expect([head.status, head.text]).toEqual([200, '']);
    // The link to the next page is sealed anew each time, always to the same length.
    expectHeaders(head, {
      'content-type': minimalType,
      'content-length': get.headers['content-length'],
      ...own,
    });
  });

  it('304 under If-None-Match', async () => {
    const path = `${collectionPath}/${exampleId}`;
    const answer = await service.send({ path, method: 'HEAD', headers: { 'If-None-Match': 'W/"1"' } });
    expectNoContent(answer, 304, { etag: 'W/"1"' });
  });

  it('404 has the headers of a refusal and no body', async () => {
    const answer = await service.send({ path: `${collectionPath}/${absentId}`, method: 'HEAD' });
    expect([answer.status, answer.text, answer.headers['content-type']]).toEqual([404, '', minimalType]);
    expect(answer.headers['client-request-id']).toBe(answer.clientRequestId);
  });
});
