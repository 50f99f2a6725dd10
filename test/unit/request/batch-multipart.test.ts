import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ServiceError } from '../../../src/errors.ts';
import { parseMultipartBatch } from '../../../src/request/batch-multipart.ts';

const base = { rootPath: '/v1.0', publicUrl: 'https://casp.example' };
const lines = (...texts: readonly string[]): string => texts.join('\r\n');

const parse = (body: string | Buffer, type = 'multipart/mixed; boundary=b') =>
  parseMultipartBatch(typeof body === 'string' ? Buffer.from(body) : body, type, base);

const read = async (body: string, type?: string) =>
  (await parse(body, type)).map(({ body: bytes, ...part }) => ({
    ...part,
    body: bytes === undefined ? undefined : Buffer.from(bytes).toString(),
  }));

async function refusalOf(promise: Promise<unknown>): Promise<ServiceError> {
  try {
    await promise;
  } catch (error) {
    if (error instanceof ServiceError) return error;
    throw error;
  }
  throw new Error('not refused');
}

const http = 'Content-Type: application/http';
const whole = lines(
  '--b',
  http,
  'Content-ID: one',
  '',
  'get /x?a=b HTTP/1.1',
  'Prefer:  return=minimal ',
  'X-Colon: a:b',
  '',
  '--b',
  'Content-Type: multipart/mixed;boundary="c d"',
  '',
  '--c d',
  http,
  '',
  'POST x HTTP/1.1',
  'Content-Type: application/json',
  '',
  '{"a":',
  '1}',
  '--c d',
  http,
  'content-id: two',
  '',
  'DELETE x/1',
  '',
  '--c d--',
  '--b--',
  '',
);

describe('parseMultipartBatch', () => {
  it('reads requests and change sets', async () => {
    const common = { dependsOn: [], fault: undefined };
    expect(await read(whole)).toEqual([
      {
        ...common,
        id: 'one',
        named: true,
        method: 'GET',
        target: '/v1.0/x?a=b',
        headers: { prefer: 'return=minimal', 'x-colon': 'a:b' },
        atomicityGroup: undefined,
        body: undefined,
      },
      {
        ...common,
        id: 'changeset_1_0',
        named: false,
        method: 'POST',
        target: '/v1.0/x',
        headers: { 'content-type': 'application/json' },
        atomicityGroup: 'changeset_1',
        body: '{"a":\r\n1}',
      },
      {
        ...common,
        id: 'two',
        named: true,
        method: 'DELETE',
        target: '/v1.0/x/1',
        headers: {},
        atomicityGroup: 'changeset_1',
        body: undefined,
      },
    ]);
  });

  it('reads the same with line ends of LF', async () => {
    const expected = await read(whole);
    const found = await read(whole.replaceAll('\r\n', '\n'));
    const normal = found.map((part) => ({ ...part, body: part.body?.replaceAll('\r\n', '\n') }));
    expect(normal).toEqual(expected.map((part) => ({ ...part, body: part.body?.replaceAll('\r\n', '\n') })));
  });

  it('keeps bodies byte by byte', async () => {
    const bytes = Buffer.from('{"name":"☃ --b-- \\u0000"}');
    const head = Buffer.from(
      `${lines('--b', http, '', 'POST x HTTP/1.1', 'Content-Type: application/json', '', '')}`,
    );
    const [part] = await parse(Buffer.concat([head, bytes, Buffer.from('\r\n--b--')]));
    expect(Buffer.from(part?.body ?? [])).toEqual(bytes);
  });

  it.each([
    'multipart/mixed',
    'multipart/mixed; boundary=',
    'multipart/mixed; boundary=""',
    `multipart/mixed; boundary=${'x'.repeat(71)}`,
    'multipart/mixed; boundary=a b',
  ])('%s names no boundary', async (type) => {
    expect(await refusalOf(parse(whole, type))).toMatchObject({
      code: 'batchInvalid',
      target: 'Content-Type',
    });
  });

  it.each([
    ['nothing', ''],
    ['no delimiter', 'hello'],
    ['no end', lines('--b', http, '', 'GET x', '')],
    ['an end inside a line', lines('--b', http, '', 'GET x', '', 'x--b--')],
    ['an end of another boundary', lines('--b', http, '', 'GET x', '', '--bb--')],
    ['half of it', whole.slice(0, whole.length / 2)],
  ])('%s is refused', async (_, body) => {
    expect(await refusalOf(parse(body))).toMatchObject({ code: 'batchInvalid', target: 'boundary' });
  });

  it.each([
    ['Content-Type', lines('--b', '', 'GET x', '', '--b--')],
    ['Content-Type', lines('--b', 'Content-Type: text/plain', '', 'GET x', '', '--b--')],
    ['method', lines('--b', http, '', 'nonsense', '', '--b--')],
    ['method', lines('--b', http, '', 'GET  x HTTP/1.1', '', '--b--')],
    ['method', lines('--b', http, '', 'GET x HTTP/2', '', '--b--')],
    ['headers', lines('--b', http, '', 'GET x HTTP/1.1', ': x', '', '--b--')],
    ['url', lines('--b', http, '', 'GET https://evil.example/ HTTP/1.1', '', '--b--')],
  ])('a request that is faulty in its %s is one faulty part', async (target, body) => {
    const parts = await parse(body);
    expect(parts.map(({ fault }) => [fault?.code, fault?.target])).toEqual([['batchInvalid', target]]);
  });

  it.each(['GET', 'HEAD', 'get'])('%s inside a change set is a faulty part', async (method) => {
    const body = lines(
      '--b',
      'Content-Type: multipart/mixed; boundary=c',
      '',
      '--c',
      http,
      '',
      `${method} x`,
      '',
      '--c--',
      '--b--',
    );
    expect((await parse(body)).map(({ fault }) => fault?.target)).toEqual(['method']);
  });

  it('a change set inside a change set is a faulty part', async () => {
    const inner = lines(
      'Content-Type: multipart/mixed; boundary=d',
      '',
      '--d',
      http,
      '',
      'POST x',
      '',
      '--d--',
    );
    const body = lines(
      '--b',
      'Content-Type: multipart/mixed; boundary=c',
      '',
      '--c',
      inner,
      '--c--',
      '--b--',
    );
    expect((await parse(body)).map(({ fault }) => fault?.code)).toEqual(['batchInvalid']);
  });

  it('more parts than allowed are not kept', async () => {
    const parts = Array.from({ length: 5000 }, () => lines('--b', http, '', 'GET x', '', ''));
    expect((await parse(`${parts.join('')}--b--`)).length).toBeLessThan(30);
  });

  it('any damage is read or refused, never thrown over and never left hanging', async () => {
    const edit = fc.record({
      at: fc.nat(whole.length),
      remove: fc.nat(40),
      insert: fc.oneof(
        fc.constantFrom('', '\r\n', '\n', '--b', '--b--', '--c d--', '\0', ':', '\r\n\r\n'),
        fc.string(),
      ),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(edit, { minLength: 1, maxLength: 4 }), async (edits) => {
        let body = whole;
        for (const { at, remove, insert } of edits)
          body = body.slice(0, at) + insert + body.slice(at + remove);
        try {
          expect(Array.isArray(await parse(body))).toBe(true);
        } catch (error) {
          expect(error).toBeInstanceOf(ServiceError);
        }
      }),
      { numRuns: 500 },
    );
  });
});
