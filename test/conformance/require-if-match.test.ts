/** The switch that makes If-Match mandatory (Protocol 8.2.4, digest 2.6). */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { expectRefusal, expectUnchanged, openService, type Service } from '../support/conformance.ts';

let service: Service;
beforeAll(async () => {
  service = await openService('--require-if-match');
});
afterAll(() => service.stop());

describe('with --require-if-match', () => {
  it.each(['PATCH', 'DELETE'])('%s without If-Match is 428 and changes nothing', async (method) => {
    const profile = await service.create({ name: 'guarded' });
    const answer = await expectUnchanged(service, profile, () =>
      service.send({
        method,
        path: profile.path,
        headers: { 'Content-Type': 'application/json' },
        ...(method === 'PATCH' ? { body: '{"name":"x"}' } : {}),
      }),
    );
    expectRefusal(answer, '428 PreconditionRequired preconditionRequired', {
      message: 'This service requires the header If-Match on every change.',
      target: 'If-Match',
    });
  });

  it('a write that names its version goes through', async () => {
    const profile = await service.create({ name: 'guarded' });
    const answer = await service.send({
      method: 'PATCH',
      path: profile.path,
      headers: { 'Content-Type': 'application/json', 'If-Match': 'W/"1"' },
      body: '{"name":"x"}',
    });
    expect(answer.status).toBe(200);
    expect(answer.headers.etag).toBe('W/"2"');
  });
});
