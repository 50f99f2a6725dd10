/** POST that may be sent twice and creates once (OASIS Repeatable Requests 1.0, digest 2.10, decision 0004). */
import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { askBatch, createPart, jsonHeaders, partsOf, statusesOf } from '../support/batch.ts';
import { startHooked } from '../support/configured-server.ts';
import {
  absentId,
  collectionPath,
  expectJson,
  expectNothingCreated,
  expectRefusal,
  itemsOf,
  membersOf,
  openService,
  patchOf,
  type Service,
  testTenant,
} from '../support/conformance.ts';
import { type Answer, type Ask, createExchange } from '../support/exchange.ts';
import { runCasp, startServer } from '../support/running-server.ts';

const service: Service = await openService('--no-sample');
afterAll(() => service.stop());

const dayMs = 24 * 60 * 60 * 1000;
const httpDate = (offsetMs = 0): string => new Date(Date.now() + offsetMs).toUTCString();

/** The headers of a request that may be repeated. */
const repeatable = (id: string = randomUUID(), firstSent = httpDate()) => ({
  'repeatability-request-id': id,
  'repeatability-first-sent': firstSent,
});

const post = (headers: Ask['headers'], body: unknown = { name: 'once' }, path = collectionPath): Ask => ({
  method: 'POST',
  path,
  body,
  ...(headers === undefined ? {} : { headers }),
});

const idOf = (answer: Answer): string => String(membersOf(answer).id);
const result = ({ headers }: Answer): string | undefined => headers['repeatability-result'];

/** How many profiles have this name. */
async function countOf(name: string): Promise<number> {
  const filter = encodeURIComponent(`name eq '${name}'`);
  return itemsOf(await service.send({ path: `${collectionPath}?$filter=${filter}` })).length;
}

/** A token of an application nobody has met, in the tenant of the others. */
async function applicationToken(): Promise<string> {
  const body = new URLSearchParams({
    ...{ grant_type: 'client_credentials', client_id: randomUUID(), client_secret: 'any' },
    scope: 'api://casp/.default',
  }).toString();
  const headers = { 'content-type': 'application/x-www-form-urlencoded' };
  const path = `/${testTenant}/oauth2/v2.0/token`;
  const granted = await service.send({ method: 'POST', path, token: undefined, headers, body });
  return String(membersOf(granted).access_token);
}

describe('a repeated POST', () => {
  it('is answered as the first time and creates nothing', async () => {
    const name = randomUUID();
    const ask = post(repeatable(), { name, tags: ['t'] });
    const first = await service.send(ask);
    const again = await expectNothingCreated(service, () => service.send(ask));
    const own = {
      etag: 'W/"1"',
      location: `${service.url}${collectionPath}/${idOf(first)}`,
      'repeatability-result': 'accepted',
    };
    for (const answer of [first, again]) expectJson(answer, 201, first.body as object, own);
    expect(await countOf(name)).toBe(1);
    expect(service.changes.of(idOf(first))).toMatchObject([
      { kind: 'created', requestId: first.headers['request-id'] },
    ]);
  });

  it('is answered as the first time though the profile has changed since', async () => {
    const ask = post(repeatable(), { name: 'before' });
    const first = await service.send(ask);
    await service.send({ path: `${collectionPath}/${idOf(first)}`, body: { name: 'after' } });
    const again = await service.send(ask);
    expect([again.status, again.text]).toEqual([201, first.text]);
    expect((await service.send({ path: `${collectionPath}/${idOf(first)}` })).body).toMatchObject({
      name: 'after',
    });
  });

  it('is answered as the first time though the profile is gone, and does not bring it back', async () => {
    const ask = post(repeatable());
    const first = await service.send(ask);
    await service.send({ method: 'DELETE', path: `${collectionPath}/${idOf(first)}` });
    const again = await expectNothingCreated(service, () => service.send(ask));
    expect([again.status, again.text]).toEqual([201, first.text]);
    expect((await service.send({ path: `${collectionPath}/${idOf(first)}` })).status).toBe(404);
  });

  it('honours return=minimal each time', async () => {
    const ask = post({ ...repeatable(), prefer: 'return=minimal' });
    const [first, again] = [await service.send(ask), await service.send(ask)];
    expect([first.status, again.status]).toEqual([204, 204]);
    expect(again.headers.location).toBe(first.headers.location);
    expect(again.headers['odata-entityid']).toBe(first.headers['odata-entityid']);
    expect([result(first), result(again)]).toEqual(['accepted', 'accepted']);
  });

  it('is known by its GUID in any letter case and any spelling of the address', async () => {
    const id = randomUUID();
    const first = await service.send(post(repeatable(id)));
    for (const path of [
      collectionPath,
      `${collectionPath}/`,
      collectionPath.replace('/security/', '/Security/'),
    ]) {
      const again = await service.send(post(repeatable(id.toUpperCase()), { name: 'once' }, path));
      expect([path, idOf(again)]).toEqual([path, idOf(first)]);
    }
  });

  it('sent sixteen times at once creates one', async () => {
    const name = randomUUID();
    const ask = post(repeatable(), { name });
    const answers = await Promise.all(Array.from({ length: 16 }, () => service.send(ask)));
    expect(answers.map(({ status }) => status)).toEqual(Array(16).fill(201));
    expect(new Set(answers.map(({ text }) => text)).size).toBe(1);
    expect(new Set(answers.map(result))).toEqual(new Set(['accepted']));
    expect(await countOf(name)).toBe(1);
    expect(service.changes.of(idOf(answers[0] as Answer))).toHaveLength(1);
  });

  it('another id is another profile', async () => {
    const [first, second] = [await service.send(post(repeatable())), await service.send(post(repeatable()))];
    expect(idOf(second)).not.toBe(idOf(first));
  });

  it('the same id of another tenant or application is another request', async () => {
    const id = randomUUID();
    const own = await service.send(post(repeatable(id)));
    const tokens = [service.server.token('--tenant', randomUUID()), await applicationToken()];
    const ids = [idOf(own)];
    for (const token of tokens) {
      const answer = await service.send({ ...post(repeatable(id)), token });
      expect(answer.status).toBe(201);
      ids.push(idOf(answer));
    }
    expect(new Set(ids).size).toBe(3);
  });

  it('works in a batch, and between a batch and a single request', async () => {
    const headers = repeatable();
    const first = await service.send(post(headers));
    const part = (id: string) =>
      createPart(id, { name: 'once' }, { headers: { ...jsonHeaders, ...headers } });
    const answers = await expectNothingCreated(service, () => service.send(askBatch([part('1'), part('2')])));
    expect(statusesOf(partsOf(answers))).toEqual({ 1: 201, 2: 201 });
    for (const { body, headers: own } of partsOf(answers)) {
      expect(body).toEqual(first.body);
      expect(own).toMatchObject({ 'Repeatability-Result': 'accepted' });
    }
  });
});

describe('a request that was refused', () => {
  it('was not carried out: the same id serves for the corrected one', async () => {
    const headers = repeatable();
    const refused = await expectNothingCreated(service, () => service.send(post(headers, { name: 1 })));
    expect(refused.status).toBe(400);
    const answer = await service.send(post(headers, { name: 'corrected' }));
    expect([answer.status, result(answer), membersOf(answer).name]).toEqual([201, 'accepted', 'corrected']);
  });

  it('in a group that failed was not carried out, either', async () => {
    const headers = { ...jsonHeaders, ...repeatable() };
    const group = { atomicityGroup: 'g' };
    const parts = [
      createPart('1', { name: 'x' }, { ...group, headers }),
      createPart('2', { name: 1 }, group),
    ];
    const failed = await expectNothingCreated(service, () => service.send(askBatch(parts)));
    expect(statusesOf(partsOf(failed))).toEqual({ 1: 424, 2: 400 });
    const again = await service.send(askBatch(parts.slice(0, 1)));
    expect(statusesOf(partsOf(again))).toEqual({ 1: 201 });
  });
});

describe('headers that are not sound: 400 rejected, and nothing is created', () => {
  const { 'repeatability-request-id': id, 'repeatability-first-sent': date } = repeatable();
  const idFault =
    'The Repeatability-Request-ID header contains an invalid value or is missing: a GUID is expected; send both headers or none.';
  const dateFault =
    'The Repeatability-First-Sent header contains an invalid value or is missing: a date such as Mon, 23 Nov 2026 09:14:05 GMT is expected; send both headers or none.';

  it.each([
    [{ 'repeatability-request-id': id }, dateFault],
    [{ 'repeatability-first-sent': date }, idFault],
    [{ 'repeatability-request-id': 'one', 'repeatability-first-sent': date }, idFault],
    [{ 'repeatability-request-id': '', 'repeatability-first-sent': date }, idFault],
    [{ 'repeatability-request-id': `{${id}}`, 'repeatability-first-sent': date }, idFault],
    [{ 'repeatability-request-id': [id, id], 'repeatability-first-sent': date }, idFault],
    [{ 'repeatability-request-id': id, 'repeatability-first-sent': 'now' }, dateFault],
    [{ 'repeatability-request-id': id, 'repeatability-first-sent': '' }, dateFault],
    [{ 'repeatability-request-id': id, 'repeatability-first-sent': new Date().toISOString() }, dateFault],
    [
      { 'repeatability-request-id': id, 'repeatability-first-sent': 'Mon, 99 Nov 2026 09:14:05 GMT' },
      dateFault,
    ],
    [
      { 'repeatability-request-id': id, 'repeatability-first-sent': 'Mon, 23 Foo 2026 09:14:05 GMT' },
      dateFault,
    ],
    [{ 'repeatability-request-id': id, 'repeatability-first-sent': '1763889245' }, dateFault],
  ])('%j', async (headers, message) => {
    const answer = await expectNothingCreated(service, () => service.send(post(headers)));
    expectRefusal(answer, '400 BadRequest headerInvalid', {
      message,
      target: message === idFault ? 'Repeatability-Request-ID' : 'Repeatability-First-Sent',
      headers: { 'repeatability-result': 'rejected' },
    });
  });

  it('the id of a request under another address', async () => {
    const headers = repeatable();
    await service.send(post(headers));
    const other = post(headers, { name: 'once' }, collectionPath.replace('/v1.0/', '/beta/'));
    const answer = await expectNothingCreated(service, () => service.send(other));
    expectRefusal(answer, '400 BadRequest repeatabilityConflict', {
      message: 'This Repeatability-Request-ID stood for another request before.',
      target: 'Repeatability-Request-ID',
      headers: { 'repeatability-result': 'rejected' },
    });
  });

  it('a first time more than a day ago: 412', async () => {
    const answer = await expectNothingCreated(service, () =>
      service.send(post(repeatable(randomUUID(), httpDate(-dayMs - 60_000)))),
    );
    expectRefusal(answer, '412 PreconditionFailed repeatabilityExpired', {
      message: /too long ago/,
      target: 'Repeatability-First-Sent',
      headers: { 'repeatability-result': 'rejected' },
    });
  });
});

describe('methods that may be repeated as they are', () => {
  it.each([
    ['GET', '', undefined],
    ['HEAD', '', undefined],
    ['PATCH', '', { name: 'x' }],
    ['DELETE', '', undefined],
  ])('%s does not look at the headers', async (method, _, body) => {
    for (const headers of [
      { 'repeatability-request-id': randomUUID() },
      { 'repeatability-first-sent': 'nonsense' },
      repeatable('x'),
      repeatable(randomUUID(), httpDate(-2 * dayMs)),
    ]) {
      const { path } = await service.create();
      const answer = await service.send({ method, path, headers, ...(body === undefined ? {} : { body }) });
      expect([answer.status, result(answer)]).toEqual([method === 'DELETE' ? 204 : 200, undefined]);
    }
  });

  it('PATCH with the id of a POST is carried out', async () => {
    const headers = repeatable();
    const first = await service.send(post(headers));
    const path = `${collectionPath}/${idOf(first)}`;
    const answer = await service.send(patchOf({ path }, { name: 'changed' }, headers));
    expect([answer.status, membersOf(answer).name, result(answer)]).toEqual([200, 'changed', undefined]);
  });

  it('$query, which reads, does not look at them', async () => {
    const answer = await service.send({
      method: 'POST',
      path: `${collectionPath}/$query`,
      body: '$top=0',
      headers: { 'content-type': 'text/plain', 'repeatability-request-id': 'x' },
    });
    expect(answer.status).toBe(200);
  });

  it('nor does the envelope of a batch', async () => {
    const headers = { 'repeatability-request-id': 'x' };
    expect(statusesOf(partsOf(await service.send(askBatch([createPart('1')], { headers }))))).toEqual({
      1: 201,
    });
  });

  it('a tunnelled method is the method', async () => {
    const { path } = await service.create();
    const headers = { 'repeatability-request-id': 'x', 'x-http-method': 'PATCH' };
    expect((await service.send({ method: 'POST', path, body: { name: 'x' }, headers })).status).toBe(200);
    const absent = { method: 'POST', path: `${collectionPath}/${absentId}`, body: {}, headers };
    expect((await service.send(absent)).status).toBe(404);
  });
});

describe('memory', () => {
  it('survives a kill and a restart', async () => {
    const data = mkdtempSync(join(tmpdir(), 'casp-repeatable-'));
    try {
      const ask = post(repeatable());
      const first = await startServer({ data, flags: ['--no-sample'] });
      const token = first.token();
      const before = createExchange(first.httpUrl);
      const made = await before.send({ ...ask, token });
      before.close();
      await first.kill('SIGKILL');
      const second = await startServer({ data, flags: ['--no-sample'] });
      const after = createExchange(second.httpUrl);
      const again = await after.send({ ...ask, token });
      const list = await after.send({ path: collectionPath, token });
      after.close();
      await second.stop();
      expect([made.status, again.status, result(again)]).toEqual([201, 201, 'accepted']);
      // The address of the server has changed with its port.
      expect(membersOf(again)).toEqual({
        ...membersOf(made),
        '@odata.context': `${second.httpUrl}/v1.0/$metadata#security/cloudAppSecurityProfiles/$entity`,
      });
      expect(itemsOf(list)).toHaveLength(1);
    } finally {
      rmSync(data, { recursive: true, force: true });
    }
  });

  it('lasts a day from the first request, as its date then says', async () => {
    const server = await startHooked(['--dev', '--no-sample', '--https-port', 'off']);
    const exchange = createExchange(server.httpUrl);
    try {
      const token = () => runCasp('token', '--data', server.data, '--ttl', '48h').stdout.trim();
      const bearer = token();
      const headers = repeatable();
      const first = await exchange.send({ ...post(headers), token: bearer });
      await server.advance(dayMs - 60_000);
      const late = await exchange.send({ ...post(headers), token: bearer });
      expect([late.status, idOf(late)]).toEqual([201, idOf(first)]);
      await server.advance(2 * 60_000);
      const tooLate = await exchange.send({ ...post(headers), token: bearer });
      expect([tooLate.status, result(tooLate)]).toEqual([412, 'rejected']);
      expect(itemsOf(await exchange.send({ path: collectionPath, token: bearer }))).toHaveLength(1);
    } finally {
      exchange.close();
      await server.stop();
    }
  });
});
