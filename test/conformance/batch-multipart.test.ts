/** $batch as multipart/mixed with change sets, spoken by a hand-written client (Protocol 11.7.7). */
import { randomUUID } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import { afterAll, describe, expect, it } from 'vitest';
import {
  absentId,
  analyst,
  collectionPath,
  expectNothingCreated,
  expectRefusal,
  guid,
  itemsOf,
  minimalType,
  openService,
  type Service,
  writtenEntity,
} from '../support/conformance.ts';
import type { Answer } from '../support/exchange.ts';
import {
  askMultipart,
  changeSet,
  joinParts,
  type MimePart,
  type MimeRequest,
  readBatch,
  single,
  statusOf,
  writeBatch,
  writeRequest,
} from '../support/multipart.ts';

const service: Service = await openService('--no-sample');
afterAll(() => service.stop());

const send = (parts: readonly MimePart[], headers: Readonly<Record<string, string>> = {}): Promise<Answer> =>
  service.send(askMultipart(writeBatch(parts), { headers }));
const sendText = (body: string, type?: string): Promise<Answer> =>
  service.send(askMultipart(body, type === undefined ? {} : { headers: { 'content-type': type } }));

const profiles = 'security/cloudAppSecurityProfiles';
const json = { 'Content-Type': 'application/json' };
const post = (body: unknown, contentId?: string): MimeRequest => ({
  ...(contentId === undefined ? {} : { contentId }),
  line: `POST ${profiles} HTTP/1.1`,
  headers: json,
  body: JSON.stringify(body),
});
const patch = (id: string, body: unknown, headers: Readonly<Record<string, string>> = {}): MimeRequest => ({
  line: `PATCH /v1.0/${profiles}/${id} HTTP/1.1`,
  headers: { ...json, ...headers },
  body: JSON.stringify(body),
});
const get = (path: string, contentId?: string): MimeRequest => ({
  ...(contentId === undefined ? {} : { contentId }),
  line: `GET ${path} HTTP/1.1`,
});

async function storedNames(mark: string): Promise<readonly string[]> {
  const filter = encodeURIComponent(`startswith(name,'${mark}')`);
  const answer = await service.send({ path: `${collectionPath}?$filter=${filter}&$orderby=name&$top=999` });
  return itemsOf(answer).map(({ name }) => String(name));
}

describe('the answers of a batch', () => {
  it('stand in the order of the requests, change sets in a part of their own', async () => {
    const profile = await service.create({ name: 'whole' });
    const answer = await send([
      get(`${profiles}/${profile.id}`, 'read'),
      [post({ name: 'new' }, '1'), patch(profile.id, { name: 'changed' })],
      get(`${profiles}/${absentId}`),
    ]);
    const answers = readBatch(answer);
    expect(answers).toHaveLength(3);
    const read = single(answers, 0);
    expect(read).toEqual({
      mime: {
        'content-type': 'application/http',
        'content-transfer-encoding': 'binary',
        'content-id': 'read',
      },
      line: 'HTTP/1.1 200 OK',
      headers: {
        'Content-Type': minimalType,
        'OData-Version': '4.0',
        'Cache-Control': 'no-cache',
        ETag: 'W/"1"',
        'request-id': guid,
        'Content-Length': String(Buffer.byteLength(read.body)),
      },
      body: JSON.stringify(writtenEntity(service, profile.values, 1)),
    });
    const [created, updated] = changeSet(answers, 1);
    const made = JSON.parse(created?.body ?? '') as { id: string; name: string };
    expect(created).toMatchObject({
      mime: { 'content-id': '1' },
      line: 'HTTP/1.1 201 Created',
      headers: {
        'Content-Type': minimalType,
        ETag: 'W/"1"',
        Location: `${service.url}${collectionPath}/${made.id}`,
      },
    });
    expect(made.name).toBe('new');
    expect(updated).toMatchObject({ line: 'HTTP/1.1 200 OK', headers: { ETag: 'W/"2"' } });
    const refused = single(answers, 2);
    expect([refused.line, refused.headers['Content-Language']]).toEqual(['HTTP/1.1 404 Not Found', 'en']);
    expect(JSON.parse(refused.body)).toEqual({
      error: {
        code: 'ResourceNotFound',
        message: `Resource could not be discovered: no cloudAppSecurityProfile with the id '${absentId}'.`,
        innerError: {
          code: 'entityNotFound',
          date: expect.stringMatching(/^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}$/),
          'request-id': refused.headers['request-id'],
          'client-request-id': answer.clientRequestId,
        },
      },
    });
    expect(service.changes.of(made.id)).toMatchObject([
      { ...analyst, requestId: created?.headers['request-id'], clientRequestId: answer.clientRequestId },
    ]);
  });

  it('carry the Content-ID of their request, and none where there was none', async () => {
    const answers = readBatch(
      await send([
        get(profiles, 'a b'),
        get(profiles),
        [post({}, '7'), post({}), post({}, 'x-1')],
        get(profiles, '9'),
      ]),
    );
    const ids = answers.map((part) =>
      Array.isArray(part)
        ? part.map(({ mime }) => mime['content-id'])
        : (part as { mime: Record<string, string> }).mime['content-id'],
    );
    expect(ids).toEqual(['a b', undefined, ['7', undefined, 'x-1'], '9']);
  });

  it('of $count are text, of 204 empty', async () => {
    const mark = randomUUID();
    const { id } = await service.create({ name: mark });
    const answers = readBatch(
      await send([
        get(`${profiles}/$count?$filter=${encodeURIComponent(`name eq '${mark}'`)}`),
        [{ line: `DELETE ${profiles}/${id} HTTP/1.1` }],
      ]),
    );
    expect(single(answers, 0)).toMatchObject({
      line: 'HTTP/1.1 200 OK',
      headers: { 'Content-Type': 'text/plain;charset=utf-8', 'Content-Length': '1' },
      body: '1',
    });
    expect(changeSet(answers, 1)).toMatchObject([{ line: 'HTTP/1.1 204 No Content', body: '' }]);
  });

  it('may be compressed', async () => {
    const parts = Array.from({ length: 10 }, () => get(profiles));
    const answer = await send(parts, { 'accept-encoding': 'gzip' });
    expect(answer.headers['content-type']).toMatch(/^multipart\/mixed/);
    expect([undefined, 'gzip']).toContain(answer.headers['content-encoding']);
  });
});

describe('a change set', () => {
  it('is one transaction, whatever stands around it', async () => {
    const mark = randomUUID();
    const { id } = await service.create({ name: `${mark} old` });
    const count = get(`${profiles}/$count?$filter=${encodeURIComponent(`startswith(name,'${mark}')`)}`);
    const answers = readBatch(
      await send([count, [post({ name: `${mark} 1` }), patch(id, { name: `${mark} 2` })], count]),
    );
    expect(changeSet(answers, 1).map(statusOf)).toEqual([201, 200]);
    expect([statusOf(single(answers, 0)), statusOf(single(answers, 2))]).toEqual([200, 200]);
    expect(await storedNames(mark)).toEqual([`${mark} 1`, `${mark} 2`]);
  });

  const culprits: readonly (readonly [string, MimeRequest, number, string])[] = [
    [
      'a bad value',
      { ...post({ name: 1 }), contentId: 'bad' },
      400,
      'name cannot be 1. Use a string or null.',
    ],
    [
      'an absent profile',
      { ...patch(absentId, {}), contentId: 'bad' },
      404,
      `Resource could not be discovered: no cloudAppSecurityProfile with the id '${absentId}'.`,
    ],
    [
      'a read',
      get(profiles, 'bad'),
      400,
      'This request of the batch reads inside a change set, which holds changes only.',
    ],
    ['a line that is none', { line: 'nonsense', contentId: 'bad' }, 400, 'PATCH address HTTP/1.1'],
  ];

  it.each(culprits)(
    'with %s answers with that one failure and leaves nothing',
    async (_, culprit, status, words) => {
      const mark = randomUUID();
      const before = service.changes.count();
      const answer = await send([
        [post({ name: `${mark} first` }, '1'), culprit, post({ name: `${mark} third` }, '3')],
        [post({ name: `${mark} other set` })],
      ]);
      const answers = readBatch(answer);
      expect(answers).toHaveLength(2);
      const failure = single(answers, 0);
      expect([statusOf(failure), failure.mime['content-id']]).toEqual([status, 'bad']);
      expect(failure.body).toContain(words);
      expect(changeSet(answers, 1).map(statusOf)).toEqual([201]);
      expect(await storedNames(mark)).toEqual([`${mark} other set`]);
      expect(service.changes.count()).toBe(before + 1);
    },
  );

  it('under If-Match of one request holds for all', async () => {
    const mark = randomUUID();
    const { id } = await service.create({ name: `${mark} kept` });
    const answers = readBatch(
      await send([[post({ name: `${mark} no` }), patch(id, { name: 'no' }, { 'If-Match': 'W/"4"' })]]),
    );
    expect(statusOf(single(answers, 0))).toBe(412);
    expect(await storedNames(mark)).toEqual([`${mark} kept`]);
  });
});

describe('how requests may be written', () => {
  const line = (text: string): MimeRequest => ({ line: text });

  it.each([
    ['relative to the root', `GET ${profiles}?$top=0 HTTP/1.1`],
    ['with a leading slash', `GET /${profiles}?$top=0 HTTP/1.1`],
    ['with the version', `GET /v1.0/${profiles}?$top=0 HTTP/1.1`],
    ['without a protocol', `GET ${profiles}?$top=0`],
    ['with an older protocol', `GET ${profiles}?$top=0 HTTP/1.0`],
    ['with the method in small letters', `get ${profiles}?$top=0 HTTP/1.1`],
  ])('the line: %s', async (_, text) => {
    const answers = readBatch(await send([line(text)]));
    expect(JSON.parse(single(answers, 0).body)).toEqual({
      '@odata.context': `${service.url}/v1.0/$metadata#security/cloudAppSecurityProfiles`,
      value: [],
    });
  });

  it('the line: with the whole address and Host', async () => {
    const request = {
      line: `GET ${service.url}/v1.0/${profiles}?$top=0 HTTP/1.1`,
      headers: { Host: 'ignored' },
    };
    expect(statusOf(single(readBatch(await send([request])), 0))).toBe(200);
  });

  it('the type of the envelope: any case, quotes, other parameters', async () => {
    const body = joinParts([writeRequest(get(profiles))], 'b1');
    for (const type of [
      'multipart/mixed; boundary=b1',
      'Multipart/Mixed;Boundary="b1"',
      'multipart/mixed; charset=utf-8; boundary=b1',
      'multipart/mixed;boundary=b1;charset=utf-8',
    ]) {
      expect([type, readBatch(await sendText(body, type)).length]).toEqual([type, 1]);
    }
  });

  it('text before the first boundary and after the last is passed over', async () => {
    const body = `This is a MIME message.\r\n${joinParts([writeRequest(get(profiles))], 'b1')}epilogue\r\n`;
    expect(readBatch(await sendText(body, 'multipart/mixed;boundary=b1'))).toHaveLength(1);
  });

  it('blanks behind a boundary mean nothing', async () => {
    const body = `--b1 \t\r\n${writeRequest(get(profiles))}\r\n--b1--  \r\n`;
    expect(readBatch(await sendText(body, 'multipart/mixed;boundary=b1'))).toHaveLength(1);
  });

  it('a body that holds text like a boundary is left whole', async () => {
    const name = '--b1--';
    const body = joinParts([writeRequest(post({ name }))], 'b1');
    const answers = readBatch(await sendText(body, 'multipart/mixed;boundary=b1'));
    expect(JSON.parse(single(answers, 0).body)).toMatchObject({ name });
  });

  it('line ends inside a request may be LF', async () => {
    const request = writeRequest(post({ name: 'lf' })).replaceAll('\r\n', '\n');
    const body = `--b1\r\nContent-Type: application/http\r\n\r\n${request.slice(request.indexOf('POST'))}\r\n--b1--\r\n`;
    const answers = readBatch(await sendText(body, 'multipart/mixed;boundary=b1'));
    expect(JSON.parse(single(answers, 0).body)).toMatchObject({ name: 'lf' });
  });

  it('line ends may be LF everywhere, as scripts write them', async () => {
    const mark = randomUUID();
    const body = writeBatch([get(profiles), [post({ name: `${mark} 1` }), post({ name: `${mark} 2` })]]);
    const answers = readBatch(await sendText(body.replaceAll('\r\n', '\n')));
    expect([statusOf(single(answers, 0)), ...changeSet(answers, 1).map(statusOf)]).toEqual([200, 201, 201]);
    expect(await storedNames(mark)).toEqual([`${mark} 1`, `${mark} 2`]);
  });

  it('the body may be compressed', async () => {
    const answer = await service.send({
      ...askMultipart(''),
      body: gzipSync(writeBatch([get(profiles)])),
      headers: { ...askMultipart('').headers, 'content-encoding': 'gzip' },
    });
    expect(readBatch(answer)).toHaveLength(1);
  });

  it('its own Authorization is ignored', async () => {
    const request = { ...get(profiles), headers: { Authorization: 'Bearer garbage' } };
    expect(statusOf(single(readBatch(await send([request])), 0))).toBe(200);
  });
});

describe('an envelope that is refused: 400, and nothing of it happens', () => {
  const sound = writeBatch([[post({ name: 'never' })], get(profiles)]);
  const boundary = 'batch_36522ad7-fc75-4b56-8c71-56071383e77b';
  const inner = 'changeset_77162fcd-b8da-41ac-a9f8-9357efbbd621_0';
  const creation = writeRequest(post({ name: 'never' }));

  it.each([
    ['no boundary in the type', sound, 'multipart/mixed', 'Content-Type'],
    ['an empty boundary', sound, 'multipart/mixed; boundary=', 'Content-Type'],
    ['a boundary of 71 characters', sound, `multipart/mixed; boundary=${'b'.repeat(71)}`, 'Content-Type'],
    ['another boundary in the body', sound, 'multipart/mixed; boundary=other', 'boundary'],
    ['no closing boundary', sound.replace(`--${boundary}--`, ''), undefined, 'boundary'],
    ['a body that breaks off', sound.slice(0, sound.indexOf('never')), undefined, 'boundary'],
    ['no closing boundary of the change set', sound.replace(`--${inner}--`, ''), undefined, 'boundary'],
    [
      'a change set without a boundary',
      sound.replace(`multipart/mixed; boundary=${inner}`, 'multipart/mixed'),
      undefined,
      'Content-Type',
    ],
    [
      'a change set with another boundary',
      sound.replace(`boundary=${inner}`, 'boundary=x'),
      undefined,
      'boundary',
    ],
    ['nothing between the boundaries', `--${boundary}--\r\n`, undefined, 'requests'],
    ['an empty change set', writeBatch([[]]), undefined, 'requests'],
    [
      'a closing boundary that only a body mentions',
      `--b1\r\n${creation}--b1--`,
      'multipart/mixed; boundary=b1',
      'boundary',
    ],
    [
      'a closing boundary in the middle of a line',
      `--b1\r\n${creation}\r\nx--b1--\r\n`,
      'multipart/mixed; boundary=b1',
      'boundary',
    ],
    ['a Content-ID twice', writeBatch([post({}, '1'), post({}, '1')]), undefined, 'id'],
    ['21 requests', writeBatch(Array.from({ length: 21 }, () => post({}))), undefined, 'requests'],
    [
      '21 requests in a change set',
      writeBatch([Array.from({ length: 21 }, () => post({}))]),
      undefined,
      'requests',
    ],
    [
      '21 requests in all',
      writeBatch([Array.from({ length: 11 }, () => post({})), Array.from({ length: 10 }, () => post({}))]),
      undefined,
      'requests',
    ],
  ])('%s', async (_, body, type, target) => {
    const answer = await expectNothingCreated(service, () => sendText(body, type));
    expectRefusal(answer, '400 BadRequest batchInvalid', { message: /./, target });
    // And the server lives.
    expect((await service.send({ path: '/livez' })).status).toBe(200);
  });

  it('no body', async () => {
    expectRefusal(await sendText(''), '400 BadRequest bodyMissing', {
      message: 'Empty Payload. JSON content expected.',
      target: 'body',
    });
  });

  it.each([
    'multipart/form-data; boundary=b',
    'multipart/related; boundary=b',
    'multipart/mixedup; boundary=b',
  ])('%s is 415', async (type) => {
    expectRefusal(await sendText(sound, type), '415 UnsupportedMediaType mediaTypeUnsupported', {
      message: /allowed: application\/json, multipart\/mixed\.$/,
      target: 'Content-Type',
    });
  });

  it('no token', async () => {
    const answer = await service.send({ ...askMultipart(sound), token: undefined });
    expect(answer.status).toBe(401);
  });
});

describe('a request that is refused leaves the rest alone', () => {
  const boundary = 'b1';
  const envelope = (part: string) =>
    sendText(
      joinParts([writeRequest(get(profiles)), part, writeRequest(post({}))], boundary),
      'multipart/mixed;boundary=b1',
    );

  it.each([
    ['without a Content-Type', `\r\nGET ${profiles} HTTP/1.1\r\n\r\n`, 'Content-Type'],
    [
      'with another Content-Type',
      `Content-Type: text/plain\r\n\r\nGET ${profiles} HTTP/1.1\r\n\r\n`,
      'Content-Type',
    ],
    ['without a line', 'Content-Type: application/http\r\n\r\n', 'method'],
    [
      'with a line that is none',
      'Content-Type: application/http\r\n\r\nhello there you all\r\n\r\n',
      'method',
    ],
    ['without an address', 'Content-Type: application/http\r\n\r\nGET\r\n\r\n', 'method'],
    [
      'with a header that is none',
      `Content-Type: application/http\r\n\r\nGET ${profiles} HTTP/1.1\r\nnonsense\r\n\r\n`,
      'headers',
    ],
    [
      'for another host',
      'Content-Type: application/http\r\n\r\nGET https://graph.microsoft.com/v1.0/security HTTP/1.1\r\n\r\n',
      'url',
    ],
    [
      'that is a batch',
      'Content-Type: application/http\r\n\r\nPOST $batch HTTP/1.1\r\nContent-Type: application/json\r\n\r\n{"requests":[]}',
      'url',
    ],
  ])('%s', async (_, part, target) => {
    const answers = readBatch(await envelope(part));
    const failure = single(answers, 1);
    expect(failure.line).toBe('HTTP/1.1 400 Bad Request');
    expect(JSON.parse(failure.body)).toMatchObject({
      error: { code: 'BadRequest', target, innerError: { code: 'batchInvalid' } },
    });
    expect([statusOf(single(answers, 0)), statusOf(single(answers, 2))]).toEqual([200, 201]);
  });

  it.each([
    ['a write without a body', 'POST', '400 Bad Request'],
    ['a method the resource has not', 'PUT', '405 Method Not Allowed'],
  ])('%s', async (_, method, status) => {
    const answers = readBatch(
      await send([{ line: `${method} ${profiles} HTTP/1.1`, headers: json }, get(profiles)]),
    );
    expect(answers.map((_part, index) => single(answers, index).line)).toEqual([
      `HTTP/1.1 ${status}`,
      'HTTP/1.1 200 OK',
    ]);
  });
});

describe('damaged batches', () => {
  // Seeded, so that a failure can be repeated.
  const seed = Number(process.env.CASP_SEED ?? Date.now() % 1_000_000);
  const random = (() => {
    let state = seed;
    return (below: number) => {
      state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fffffff;
      return state % below;
    };
  })();
  const damage: readonly ((text: string, at: number) => string)[] = [
    (text, at) => text.slice(0, at),
    (text, at) => text.slice(at),
    (text, at) => text.slice(0, at) + text.slice(at + 1 + random(20)),
    (text, at) => `${text.slice(0, at)}--${text.slice(at)}`,
    (text, at) => `${text.slice(0, at)}\r\n${text.slice(at)}`,
    (text, at) => `${text.slice(0, at)}\n${text.slice(at)}`,
    (text, at) => `${text.slice(0, at)}\0${text.slice(at)}`,
    (text, at) => text.slice(0, at) + text.slice(random(text.length)),
  ];

  it(`never break the service (CASP_SEED=${seed})`, async () => {
    const sound = writeBatch([get(profiles), [post({}, '1'), post({})], get('security')]);
    for (let run = 0; run < 300; run += 1) {
      const change = damage[random(damage.length)] as (text: string, at: number) => string;
      const body = change(sound, random(sound.length));
      const answer = await sendText(body);
      if (answer.status === 200) readBatch(answer);
      else expect([answer.status, JSON.stringify(body)]).toEqual([400, JSON.stringify(body)]);
    }
  });
});
