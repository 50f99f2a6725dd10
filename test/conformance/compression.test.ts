/** Content codings in both directions, and what pretends to be one (digest 6.3). */
import {
  brotliCompressSync,
  brotliDecompressSync,
  deflateRawSync,
  deflateSync,
  gunzipSync,
  gzipSync,
} from 'node:zlib';
import { afterAll, describe, expect, it } from 'vitest';
import { askBatch, createPart, partsOf, readPart } from '../support/batch.ts';
import {
  type Created,
  collectionPath,
  expectNothingCreated,
  expectRefusal,
  expectUnchanged,
  openService,
  type Service,
} from '../support/conformance.ts';
import { type Answer, type Ask, sendRaw } from '../support/exchange.ts';

const service: Service = await openService('--no-sample');
afterAll(() => service.stop());
await Promise.all(Array.from({ length: 10 }, (_, index) => service.create({ name: `profile ${index}` })));

const codings: readonly (readonly [string, (bytes: Buffer) => Buffer])[] = [
  ['gzip', gzipSync],
  ['x-gzip', gzipSync],
  ['GZIP', gzipSync],
  ['deflate', deflateSync],
  ['br', brotliCompressSync],
];

const patchBytes = (profile: Pick<Created, 'path'>, bytes: Buffer, encoding: string): Ask => ({
  method: 'PATCH',
  path: profile.path,
  body: bytes,
  headers: { 'content-encoding': encoding },
});

const json = (body: unknown): Buffer => Buffer.from(JSON.stringify(body));

describe('a compressed request body', () => {
  it.each(codings)('in %s is read as what it holds', async (encoding, compress) => {
    const profile = await service.create();
    const name = `☃ ${encoding}`;
    const answer = await service.send(patchBytes(profile, compress(json({ name })), encoding));
    expect([answer.status, answer.body]).toMatchObject([200, { name }]);
    expect((await service.send({ path: profile.path })).body).toMatchObject({ name });
  });

  it('may be larger than an ordinary one once it is inflated', async () => {
    const profile = await service.create();
    const manifest = 'm'.repeat(2 * 1024 * 1024);
    const bytes = gzipSync(json({ manifest }));
    const answer = await service.send({
      ...patchBytes(profile, bytes, 'gzip'),
      headers: { 'content-encoding': 'gzip', prefer: 'return=minimal' },
    });
    expect(answer.status).toBe(204);
    expect((await service.send({ path: `${profile.path}/manifest/$value` })).bytes).toHaveLength(
      manifest.length,
    );
  });

  it('is read in a batch and in $query', async () => {
    const batch = gzipSync(json({ requests: [createPart('1'), readPart('2')] }));
    const answer = await service.send(askBatch([], { body: batch, headers: { 'content-encoding': 'gzip' } }));
    expect(partsOf(answer).map(({ status }) => status)).toEqual([201, 200]);
    const query = await service.send({
      method: 'POST',
      path: `${collectionPath}/$query`,
      body: brotliCompressSync(Buffer.from("$filter=name eq 'profile 3'&$count=true")),
      headers: { 'content-type': 'text/plain', 'content-encoding': 'br' },
    });
    expect(query.body).toMatchObject({ '@odata.count': 1 });
  });

  it('identity is no coding', async () => {
    const profile = await service.create();
    const answer = await service.send(patchBytes(profile, json({ name: 'plain' }), 'identity'));
    expect(answer.status).toBe(200);
  });

  it.each(['zstd', 'compress', 'gzip, gzip', 'gzip, br', 'utf-8', '*'])(
    'in %s is 415, which says what is read',
    async (encoding) => {
      const profile = await service.create();
      const answer = await expectUnchanged(service, profile, () =>
        service.send(patchBytes(profile, json({ name: 'changed' }), encoding)),
      );
      expectRefusal(answer, '415 UnsupportedMediaType encodingUnsupported', {
        message:
          'The Content-Encoding is not read here. Allowed are gzip, deflate, br and identity, one at a time.',
        target: 'Content-Encoding',
        headers: { 'accept-encoding': 'gzip, deflate, br' },
      });
    },
  );
});

describe('a body that is not what its coding says', () => {
  const whole = gzipSync(json({ name: 'changed', manifest: 'x'.repeat(1000) }));
  const flipped = Buffer.from(whole);
  flipped[whole.length - 6] = (flipped[whole.length - 6] ?? 0) ^ 0xff;

  it.each([
    ['gzip', 'plain JSON', json({ name: 'changed' })],
    ['br', 'plain JSON', json({ name: 'changed' })],
    ['deflate', 'plain JSON', json({ name: 'changed' })],
    ['deflate', 'gzip', whole],
    ['gzip', 'deflate', deflateSync(json({ name: 'changed' }))],
    ['deflate', 'a stream without its wrapper', deflateRawSync(json({ name: 'changed' }))],
    ['gzip', 'a stream that breaks off', whole.subarray(0, whole.length - 12)],
    ['gzip', 'its first byte', whole.subarray(0, 1)],
    ['gzip', 'a wrong checksum', flipped],
    ['br', 'a stream that breaks off', brotliCompressSync(json({ name: 'changed' })).subarray(0, 8)],
  ])('%s: %s is 400', async (encoding, _, bytes) => {
    const profile = await service.create();
    const answer = await expectUnchanged(service, profile, () =>
      service.send(patchBytes(profile, bytes, encoding)),
    );
    expectRefusal(answer, '400 BadRequest bodyInvalid', {
      message: 'The request body is not a complete stream of its Content-Encoding.',
      target: 'Content-Encoding',
    });
  });

  it.each([
    ['gzip', gzipSync],
    ['deflate', deflateSync],
    ['br', brotliCompressSync],
  ] as const)('%s: what inflates to no JSON is 400, as ever', async (encoding, compress) => {
    const profile = await service.create();
    const answer = await expectUnchanged(service, profile, () =>
      service.send(patchBytes(profile, compress(Buffer.from('{"name":')), encoding)),
    );
    expectRefusal(answer, '400 BadRequest bodyInvalid', { message: /not valid JSON/, target: 'body' });
  });
});

describe('bombs', () => {
  const zeros = Buffer.alloc(64 * 1024 * 1024, 0x20);

  it.each([
    ['gzip', gzipSync(zeros)],
    ['deflate', deflateSync(zeros)],
    ['br', brotliCompressSync(zeros.subarray(0, 32 * 1024 * 1024))],
    ['gzip', gzipSync(zeros.subarray(0, 10 * 1024 * 1024 + 1))],
  ])('%s: a few kilobytes that inflate beyond 10 MiB are 413', async (encoding, bytes) => {
    expect(bytes.length).toBeLessThan(100 * 1024);
    const answer = await expectNothingCreated(service, () =>
      service.send({
        method: 'POST',
        path: collectionPath,
        body: bytes,
        headers: { 'content-encoding': encoding },
      }),
    );
    expectRefusal(answer, '413 RequestEntityTooLarge bodyTooLarge', {
      message: `The inflated request body exceeds ${10 * 1024 * 1024} bytes.`,
    });
  });

  it('many at once leave the service alive and of its size', async () => {
    const bomb = gzipSync(zeros);
    const ask: Ask = {
      method: 'POST',
      path: collectionPath,
      body: bomb,
      headers: { 'content-encoding': 'gzip' },
    };
    const answers = await Promise.all(Array.from({ length: 16 }, () => service.send(ask)));
    expect(answers.map(({ status }) => status)).toEqual(Array(16).fill(413));
    expect((await service.send({ path: '/livez' })).status).toBe(200);
  });

  it('in a batch is the refusal of the envelope', async () => {
    const answer = await service.send(
      askBatch([], { body: gzipSync(zeros), headers: { 'content-encoding': 'gzip' } }),
    );
    expect(answer.status).toBe(413);
  });
});

describe('a compressed answer', () => {
  const inflate = (answer: Answer): string => {
    const coding = answer.headers['content-encoding'];
    if (coding === 'gzip') return gunzipSync(answer.bytes).toString();
    return coding === 'br' ? brotliDecompressSync(answer.bytes).toString() : answer.text;
  };
  const withCoding = (path: string, coding: string, more: Partial<Ask> = {}) =>
    service.send({ path, ...more, headers: { 'accept-encoding': coding } });

  it.each(['gzip', 'br'])(
    'in %s: lists, metadata and the service’s OpenAPI are the same text',
    async (coding) => {
      for (const path of [collectionPath, '/v1.0/$metadata', '/odata/v4/$metadata', '/openapi.json']) {
        const plain = await withCoding(path, 'identity');
        const answer = await withCoding(path, coding);
        expect([path, answer.headers['content-encoding']]).toEqual([path, coding]);
        expect(inflate(answer)).toBe(plain.text);
        expect(answer.headers['content-length']).toBe(String(answer.bytes.length));
        expect(answer.headers.vary).toMatch(/(^|, )Accept-Encoding(,|$)/);
        expect(answer.bytes.length).toBeLessThan(plain.bytes.length / 2);
      }
    },
  );

  it('of a batch', async () => {
    const ask = askBatch([readPart('1')]);
    const answer = await service.send({ ...ask, headers: { 'accept-encoding': 'gzip' } });
    expect(answer.headers['content-encoding']).toBe('gzip');
    expect(JSON.parse(inflate(answer))).toMatchObject({ responses: [{ id: '1', status: 200 }] });
  });

  it('of a refusal, where it is long', async () => {
    const long = 'x'.repeat(3000);
    const answer = await withCoding(
      `${collectionPath}?$filter=name eq '${long}' and`.replaceAll(' ', '%20'),
      'gzip',
    );
    expect(answer.status).toBe(400);
    expect(JSON.parse(inflate(answer))).toMatchObject({ error: { code: 'BadRequest' } });
  });

  it('below 1 KiB goes as it is', async () => {
    const answer = await withCoding(`${collectionPath}?$top=1&$select=name`, 'gzip, br');
    expect(answer.bytes.length).toBeLessThan(1024);
    expect(answer.headers['content-encoding']).toBeUndefined();
  });

  it('HEAD has none', async () => {
    const answer = await withCoding(collectionPath, 'gzip', { method: 'HEAD' });
    expect([answer.status, answer.bytes.length]).toEqual([200, 0]);
  });

  it('keeps the entity tag', async () => {
    const profile = await service.create({ manifest: 'm'.repeat(5000) });
    const answer = await withCoding(profile.path, 'br');
    expect([answer.headers['content-encoding'], answer.headers.etag]).toEqual(['br', 'W/"1"']);
    const again = await service.send({
      path: profile.path,
      headers: { 'accept-encoding': 'br', 'if-none-match': answer.headers.etag },
    });
    expect([again.status, again.bytes.length]).toEqual([304, 0]);
  });

  it.each([
    ['gzip;q=0.001', 'gzip'],
    ['GZIP', 'gzip'],
    ['br;q=0.9, gzip;q=1.0', 'gzip'],
    ['*;q=0.5, br;q=0', 'gzip'],
    ['*;q=0', undefined],
    ['deflate', undefined],
    ['identity;q=1, *;q=0', undefined],
    ['gzip;q=nonsense', undefined],
  ])('%s: %s', async (accepted, coding) => {
    const answer = await withCoding(collectionPath, accepted);
    expect([answer.status, answer.headers['content-encoding']]).toEqual([200, coding]);
  });
});

describe('a request without a length', () => {
  it('chunked and compressed is read', async () => {
    const bytes = gzipSync(json({ name: 'chunked' }));
    const text = [
      `POST ${collectionPath} HTTP/1.1`,
      'Host: localhost',
      `Authorization: Bearer ${service.token}`,
      'Content-Type: application/json',
      'Content-Encoding: gzip',
      'Transfer-Encoding: chunked',
      '',
      `${bytes.length.toString(16)}`,
      bytes.toString('latin1'),
      '0',
      '',
      '',
    ].join('\r\n');
    const answer = await sendRaw(service.url, text);
    expect([answer.status, answer.body]).toMatchObject([201, { name: 'chunked' }]);
  });
});
