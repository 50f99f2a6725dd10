/** Every answer has its ids and its date, and every refusal Graph's body, whoever refuses (digest 6.1, 7, B.1). */
import { afterAll, describe, expect, it } from 'vitest';
import { limits } from '../../src/limits.ts';
import {
  absentId,
  collectionPath,
  expectRefusal,
  guid,
  membersOf,
  openService,
  type Service,
} from '../support/conformance.ts';
import { type Answer, type Ask, sendRaw } from '../support/exchange.ts';

const service: Service = await openService('--no-sample');
afterAll(() => service.stop());

const profile = await service.create();

/** One refusal of each kind, as a client meets them. */
const refusals: readonly (readonly [codes: string, ask: Ask])[] = [
  ['400 BadRequest versionUnknown', { path: '/v7/security' }],
  ['400 BadRequest pathInvalid', { path: '/v1.0//security' }],
  ['400 BadRequest segmentUnknown', { path: '/v1.0/nothing' }],
  ['400 BadRequest headerInvalid', { path: profile.path, headers: { 'If-Match': '1' } }],
  [
    '400 BadRequest contentTypeMissing',
    { path: profile.path, body: '{}', headers: { 'content-type': undefined } },
  ],
  ['400 BadRequest bodyMissing', { method: 'PATCH', path: profile.path }],
  ['400 BadRequest bodyInvalid', { path: profile.path, body: '{' }],
  ['400 RequestBodyRead payloadPropertyUnknown', { path: profile.path, body: { nmae: 1 } }],
  ['400 BadRequest valueInvalid', { path: profile.path, body: { name: 1 } }],
  ['400 BadRequest payloadTypeMismatch', { path: profile.path, body: { '@odata.type': 'x' } }],
  ['400 BadRequest optionInvalid', { path: `${collectionPath}?$top=x` }],
  ['400 BadRequest optionUnknown', { path: `${collectionPath}?$x=1` }],
  ['400 BadRequest optionDuplicate', { path: `${collectionPath}?$top=1&$top=1` }],
  ['400 BadRequest pageTokenInvalid', { path: `${collectionPath}?$skiptoken=x` }],
  ['400 BadRequest versionNotSupported', { path: collectionPath, headers: { 'OData-Version': '3.0' } }],
  ['400 ExpandNotSupported expandNotSupported', { path: `${collectionPath}?$expand=x` }],
  ['401 InvalidAuthenticationToken tokenMissing', { path: profile.path, token: undefined }],
  ['401 InvalidAuthenticationToken tokenInvalid', { path: profile.path, token: 'garbage' }],
  ['404 ResourceNotFound entityNotFound', { path: `${collectionPath}/${absentId}` }],
  ['405 MethodNotAllowed methodNotAllowed', { method: 'PUT', path: profile.path, body: {} }],
  ['406 NotAcceptable notAcceptable', { path: profile.path, headers: { accept: 'text/html' } }],
  [
    '412 PreconditionFailed versionMismatch',
    { path: profile.path, body: {}, headers: { 'If-Match': '"9"' } },
  ],
  [
    '413 RequestEntityTooLarge bodyTooLarge',
    { path: profile.path, body: Buffer.alloc(limits.bodyBytesMax + 1) },
  ],
  ['414 UriTooLong addressTooLong', { path: `${collectionPath}?x=${'x'.repeat(limits.addressBytesMax)}` }],
  [
    '415 UnsupportedMediaType mediaTypeUnsupported',
    { path: profile.path, body: {}, headers: { 'content-type': 'a/b' } },
  ],
  [
    '415 UnsupportedMediaType encodingUnsupported',
    { path: profile.path, body: {}, headers: { 'content-encoding': 'x' } },
  ],
  ['501 NotImplemented optionUnsupported', { path: `${collectionPath}?$levels=1` }],
];

describe('a refusal', () => {
  it.each(refusals)('%s', async (codes, ask) => {
    const answer = await service.send(ask);
    expectRefusal(answer, codes, {
      message: /^[A-Z@`'a-z].{10,}[.:]?$/s,
      ...targetOf(answer),
      headers: { 'odata-version': '4.0' },
    });
    expect(answer.clientRequestId).toBe(answer.headers['client-request-id']);
  });

  it.each(refusals)('%s, asked by HEAD where that has no body: headers without a body', async (_, ask) => {
    if (ask.body !== undefined || ask.method !== undefined) return;
    const answer = await service.send({ ...ask, method: 'HEAD' });
    expect({
      text: answer.text,
      ids: [answer.headers['request-id'], answer.headers['client-request-id']],
    }).toEqual({
      text: '',
      ids: [guid, answer.clientRequestId],
    });
  });

  it('is JSON even for who asks for something else', async () => {
    for (const accept of [
      'text/html',
      'application/xml',
      'image/*',
      'application/json;odata.metadata=none',
    ]) {
      const answer = await service.send({ path: '/v1.0/nothing', headers: { accept } });
      expectRefusal(answer, '400 BadRequest segmentUnknown', {
        target: 'nothing',
        message: "Resource not found for the segment 'nothing'.",
      });
    }
  });

  it('shows control characters as escapes', async () => {
    const answer = await service.send({ path: profile.path, body: { 'a\u0007\nb': 1 } });
    expectRefusal(answer, '400 RequestBodyRead payloadPropertyUnknown', {
      target: 'a\\u0007\\nb',
      message: /^The property 'a\\u0007\\nb' does not exist /,
    });
  });

  it('is no louder than a note in the log', () => {
    const lines = service.server.output().split('\n');
    expect(lines.filter((line) => /"level":"?(error|50|60)|\bERROR\b|\s+at .*\.js:\d+/.test(line))).toEqual(
      [],
    );
  });
});

/** The target the answer names, so that a table of all refusals need not repeat them. */
function targetOf(answer: Answer): { target?: string } {
  const { error } = membersOf(answer) as { error: { target?: string } };
  return error.target === undefined ? {} : { target: error.target };
}

describe('request-id', () => {
  it('is another GUID for each request', async () => {
    const answers = await Promise.all(Array.from({ length: 30 }, () => service.send({ path: profile.path })));
    expect(new Set(answers.map(({ headers }) => headers['request-id'])).size).toBe(30);
    for (const { headers } of answers) expect(headers['request-id']).toEqual(guid);
  });

  it('is never the client’s', async () => {
    const headers = { 'request-id': absentId };
    expect((await service.send({ path: profile.path, headers })).headers['request-id']).not.toBe(absentId);
  });
});

describe('client-request-id', () => {
  it.each(['6a3c0000-0000-4000-8000-000000000001', 'x', 'a/b:c;d=1', '"quoted"', '!'.repeat(128)])(
    '%s comes back',
    async (id) => {
      for (const path of [profile.path, '/v1.0/nothing']) {
        const answer = await service.send({ path, headers: { 'client-request-id': id } });
        expect(answer.headers['client-request-id']).toBe(id);
      }
    },
  );

  it.each([undefined, '', 'x'.repeat(129), 'a b', 'caf\u00e9', '\u00ff'])(
    '%j is replaced by the request-id',
    async (id) => {
      for (const path of [profile.path, '/v1.0/nothing']) {
        const answer = await service.send({ path, headers: { 'client-request-id': id } });
        expect(answer.headers['client-request-id']).toBe(answer.headers['request-id']);
      }
    },
  );

  it('comes back without being asked to, and in spite of being told not to', async () => {
    const headers = { 'return-client-request-id': 'false' };
    const answer = await service.send({ path: profile.path, headers });
    expect(answer.headers['client-request-id']).toBe(answer.clientRequestId);
  });

  it('stands in the record of a write', async () => {
    const own = await service.create();
    await service.send({ path: own.path, body: { name: 'n' }, headers: { 'client-request-id': 'mine-1' } });
    expect(service.changes.of(own.id).map(({ clientRequestId }) => clientRequestId)[1]).toBe('mine-1');
  });
});

describe('headers clients send', () => {
  it('are tolerated', async () => {
    const answer = await service.send({
      path: profile.path,
      headers: {
        SdkVersion: 'graph-js/3.0.7',
        ConsistencyLevel: 'eventual',
        'Retry-Attempt': '2',
        'User-Agent': 'a test',
        'x-ms-throttle-priority': 'low',
        'OData-Version': '4.01',
        'OData-MaxVersion': '4.01',
        'OData-Isolation': 'snapshot',
        Cookie: 'a=b',
        Origin: 'https://elsewhere.example',
        Range: 'bytes=0-1',
        'X-Forwarded-For': '1.2.3.4',
        Expect: '',
      },
    });
    expect(answer.status).toBe(200);
  });
});

describe('refused before it is a request', () => {
  const get = (...lines: readonly string[]) =>
    [`GET ${profile.path} HTTP/1.1`, ...lines, '', ''].join('\r\n');

  it.each([
    ['400 BadRequest requestMalformed', 'no HTTP at all', 'hello\r\n\r\n'],
    ['400 BadRequest requestMalformed', 'a method in small letters', 'get / HTTP/1.1\r\nHost: x\r\n\r\n'],
    ['400 BadRequest requestMalformed', 'no Host', get()],
    ['400 BadRequest requestMalformed', 'two Hosts', get('Host: a', 'Host: b')],
    ['400 BadRequest requestMalformed', 'a header without a colon', get('Host: x', 'nonsense')],
    ['400 BadRequest requestMalformed', 'a blank in a header name', get('Host: x', 'a b: c')],
    [
      '400 BadRequest requestMalformed',
      'a Content-Length that is none',
      get('Host: x', 'Content-Length: many'),
    ],
    [
      '400 BadRequest requestMalformed',
      'two lengths',
      get('Host: x', 'Content-Length: 1', 'Content-Length: 2'),
    ],
    [
      '400 BadRequest requestMalformed',
      'a length and chunks',
      get('Host: x', 'Content-Length: 5', 'Transfer-Encoding: chunked'),
    ],
    [
      '400 BadRequest requestMalformed',
      'another transfer encoding',
      get('Host: x', 'Transfer-Encoding: gzip'),
    ],
    ['400 BadRequest requestMalformed', 'HTTP/9.9', `GET ${profile.path} HTTP/9.9\r\nHost: x\r\n\r\n`],
    [
      '431 RequestHeaderFieldsTooLarge headersTooLarge',
      'headers without end',
      get('Host: x', `a: ${'x'.repeat(40_000)}`),
    ],
    [
      '414 UriTooLong addressTooLong',
      'an address without end',
      `GET /v1.0/${'x'.repeat(60_000)} HTTP/1.1\r\nHost: x\r\n\r\n`,
    ],
    ['405 MethodNotAllowed methodNotAllowed', 'CONNECT', 'CONNECT x:1 HTTP/1.1\r\nHost: x\r\n\r\n'],
  ])('%s: %s', async (codes, _, text) => {
    const answer = await sendRaw(service.url, text);
    expectRefusal(answer, codes, { message: /^[A-Z].*\.$/, ...targetOf(answer) });
  });

  it('a token may be as long as headers allow', async () => {
    const answer = await service.send({ path: profile.path, token: `a.b.${'c'.repeat(9 * 1024)}` });
    expect(answer.status).toBe(401);
  });

  it('and the server goes on', async () => {
    expect((await service.send({ path: profile.path })).status).toBe(200);
  });
});
