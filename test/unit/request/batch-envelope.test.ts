import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ServiceError } from '../../../src/errors.ts';
import type { HttpRequest } from '../../../src/http/message.ts';
import { type BatchEnvelope, parseBatch } from '../../../src/request/batch-envelope.ts';

const base = { rootPath: '/v1.0', publicUrl: 'https://casp.example' };

const request = (body: string | Uint8Array | undefined, type: string | undefined): HttpRequest => ({
  id: 'r',
  clientRequestId: 'c',
  method: 'POST',
  target: '/v1.0/$batch',
  headers: { 'content-type': type },
  body: typeof body === 'string' ? Buffer.from(body) : body,
  publicUrl: base.publicUrl,
  remoteAddress: '127.0.0.1',
  signal: new AbortController().signal,
});

const parse = (body: unknown, type = 'application/json'): Promise<BatchEnvelope> =>
  parseBatch(request(typeof body === 'string' ? body : JSON.stringify(body), type), base);

async function refusalOf(promise: Promise<unknown>): Promise<ServiceError> {
  try {
    await promise;
  } catch (error) {
    if (error instanceof ServiceError) return error;
    throw error;
  }
  throw new Error('not refused');
}

const item = (id: string, more: object = {}) => ({ id, method: 'GET', url: '/x', ...more });

describe('a JSON envelope', () => {
  it('becomes parts', async () => {
    const { format, parts } = await parse({
      requests: [
        item('A', {
          method: 'patch',
          headers: { 'Content-Type': 'application/json', 'IF-MATCH': '*' },
          body: { b: [1] },
        }),
        item('B', { dependsOn: ['a'], atomicityGroup: 'G', headers: null, body: null }),
      ],
    });
    expect(format).toBe('json');
    expect(
      parts.map(({ body, ...rest }) => ({
        ...rest,
        body: body === undefined ? body : Buffer.from(body).toString(),
      })),
    ).toMatchObject([
      {
        id: 'A',
        method: 'PATCH',
        target: '/v1.0/x',
        headers: { 'content-type': 'application/json', 'if-match': '*' },
        body: '{"b":[1]}',
        dependsOn: [],
        atomicityGroup: undefined,
        fault: undefined,
      },
      { id: 'B', method: 'GET', headers: {}, body: undefined, dependsOn: ['a'], atomicityGroup: 'g' },
    ]);
  });

  it.each([
    ['application/json', { a: 1 }, '{"a":1}'],
    ['application/json', 'text', '"text"'],
    ['application/json;charset=utf-8', false, 'false'],
    [undefined, 'text', '"text"'],
    ['text/plain', 'a ☃', 'a ☃'],
    ['application/octet-stream', Buffer.from([1, 2, 0xff]).toString('base64url'), '\u0001\u0002\ufffd'],
  ])('a body of %s: %j', async (type, body, read) => {
    const headers = type === undefined ? {} : { 'Content-Type': type };
    const { parts } = await parse({ requests: [item('1', { method: 'POST', headers, body })] });
    expect(Buffer.from(parts[0]?.body ?? []).toString()).toBe(read);
  });

  it('members it does not know are passed over', async () => {
    expect((await parse({ requests: [item('1', { note: 'x' })], more: 1 })).parts).toHaveLength(1);
  });

  it('names a part that cannot run, and reads the others', async () => {
    const { parts } = await parse({
      requests: [item('1', { method: '' }), item('2'), item('3', { url: 5 }), item('4', { if: 'true' })],
    });
    expect(parts.map(({ fault }) => fault?.target)).toEqual(['method', undefined, 'url', 'if']);
  });

  it('an id named like a member of every object is an id', async () => {
    const ids = ['__proto__', 'constructor', 'toString'];
    const { parts } = await parse({ requests: ids.map((id) => item(id)) });
    expect(parts.map(({ id }) => id)).toEqual(ids);
  });

  it('a header of that name is a header', async () => {
    const body =
      '{"requests":[{"id":"1","method":"GET","url":"/","headers":{"__proto__":"x","constructor":"y"}}]}';
    const { parts } = await parse(body);
    expect(parts[0]?.headers.constructor).toBe('y');
    expect(({} as Record<string, unknown>).x).toBeUndefined();
  });

  it.each([
    [[item('1'), item('1')], 'id'],
    [[item('a'), item('A')], 'id'],
    [[item('1', { dependsOn: ['1'] })], 'dependsOn'],
    [[item('1', { dependsOn: ['2'] }), item('2')], 'dependsOn'],
    [[item('1', { atomicityGroup: 'g' }), item('2'), item('3', { atomicityGroup: 'G' })], 'atomicityGroup'],
    [[item('g'), item('1', { atomicityGroup: 'G' })], 'atomicityGroup'],
    [[item('1', { atomicityGroup: 'g' }), item('G')], 'atomicityGroup'],
    [[item('1', { atomicityGroup: 'g' }), item('2', { atomicityGroup: 'g', dependsOn: ['g'] })], 'dependsOn'],
    [[item('1', { dependsOn: [1] })], 'requests/0/dependsOn'],
    [[item('1', { dependsOn: {} })], 'requests/0/dependsOn'],
    [[item('1', { atomicityGroup: '' })], 'requests/0/atomicityGroup'],
    [[item('')], 'requests/0/id'],
    [[[]], 'requests/0'],
    [Array.from({ length: 21 }, (_, index) => item(String(index))), 'requests'],
    [[], 'requests'],
  ])('%j is refused for its %s', async (requests, target) => {
    expect(await refusalOf(parse({ requests }))).toMatchObject({ code: 'batchInvalid', target });
  });

  it('names of groups and ids are compared alike', async () => {
    const { parts } = await parse({
      requests: [
        item('1', { atomicityGroup: 'G' }),
        item('2', { atomicityGroup: 'g' }),
        item('3', { dependsOn: ['G', 'g', '1'] }),
      ],
    });
    expect(parts.map(({ atomicityGroup }) => atomicityGroup)).toEqual(['g', 'g', undefined]);
  });

  it('without a body, of another type, or not UTF-8', async () => {
    expect(await refusalOf(parseBatch(request(undefined, 'application/json'), base))).toMatchObject({
      code: 'bodyMissing',
    });
    expect(await refusalOf(parse('{}', 'text/plain'))).toMatchObject({ code: 'mediaTypeUnsupported' });
    expect(await refusalOf(parseBatch(request('{}', undefined), base))).toMatchObject({
      code: 'contentTypeMissing',
    });
    const bytes = Buffer.from([0x22, 0xc3, 0x22]);
    expect(await refusalOf(parseBatch(request(bytes, 'application/json'), base))).toMatchObject({
      code: 'bodyInvalid',
    });
  });

  it('of any JSON is read or refused, never thrown over', async () => {
    const part = fc.record(
      {
        id: fc.oneof(fc.constantFrom('1', '2', 'G'), fc.jsonValue()),
        method: fc.oneof(fc.constantFrom('GET', 'POST'), fc.jsonValue()),
        url: fc.oneof(fc.string(), fc.webUrl(), fc.jsonValue()),
        headers: fc.oneof(fc.dictionary(fc.string(), fc.string()), fc.jsonValue()),
        body: fc.jsonValue(),
        dependsOn: fc.oneof(fc.array(fc.constantFrom('1', '2', 'g')), fc.jsonValue()),
        atomicityGroup: fc.oneof(fc.constantFrom('G', 'g'), fc.jsonValue()),
      },
      { requiredKeys: [] },
    );
    const envelope = fc.oneof(fc.record({ requests: fc.array(part) }), fc.jsonValue());
    await fc.assert(
      fc.asyncProperty(envelope, async (body) => {
        try {
          const { parts } = await parse(body);
          expect(parts.length).toBeGreaterThan(0);
          for (const { target, fault } of parts) {
            if (fault === undefined) expect(target).toMatch(/^\/[\x21-\x7e]*$/);
          }
        } catch (error) {
          expect(error).toBeInstanceOf(ServiceError);
        }
      }),
    );
  });
});
