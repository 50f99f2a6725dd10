import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ServiceError } from '../../../src/errors.ts';
import type { HttpRequest } from '../../../src/http/message.ts';
import { limits } from '../../../src/limits.ts';
import { parseHeaders } from '../../../src/request/headers.ts';
import { parseRequest as parse } from '../../../src/request/parse-request.ts';
import { leastCpuMs } from '../../support/cpu-time.ts';

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const profiles = '/beta/security/cloudAppSecurityProfiles';
const plain = (text: string) => ({ text, name: text, key: undefined, call: false, keyFault: undefined });
const refusal = (code: string, target: string) => expect.objectContaining({ code, target });

function http(parts: Partial<HttpRequest>): HttpRequest {
  return {
    id: '00000000-0000-4000-8000-000000000001',
    clientRequestId: '00000000-0000-4000-8000-000000000001',
    method: 'GET',
    target: profiles,
    headers: {},
    body: undefined,
    publicUrl: 'http://localhost:7080',
    remoteAddress: '127.0.0.1',
    signal: new AbortController().signal,
    ...parts,
  };
}

/** The request with its body read, as planning reads it. */
const parseRequest = (request: HttpRequest) => {
  const { readBody, ...rest } = parse(request);
  return { ...rest, body: readBody?.() };
};

const json = (method: string, body: string, headers: HttpRequest['headers'] = {}): HttpRequest =>
  http({ method, headers: { 'content-type': 'application/json', ...headers }, body: bytes(body) });

const query = (type: string, body: string, target = `${profiles}/$query`): HttpRequest =>
  http({ method: 'POST', target, headers: { 'content-type': type }, body: bytes(body) });

describe('parseRequest', () => {
  it('makes one value of path, options, headers and body', () => {
    const headers = { 'content-type': 'application/json', 'if-match': 'W/"1"', prefer: 'return=minimal' };
    expect(
      parseRequest(
        http({
          method: 'PATCH',
          target: "/beta/Security/cloudAppSecurityProfiles('a1')?$select=name&@p=1",
          headers,
          body: bytes('{"name":"New","vendorInformation":{"vendor":"F"}}'),
        }),
      ),
    ).toEqual({
      method: 'PATCH',
      root: 'beta',
      segments: [
        plain('Security'),
        {
          text: "cloudAppSecurityProfiles('a1')",
          name: 'cloudAppSecurityProfiles',
          key: { name: undefined, value: 'a1' },
          call: false,
          keyFault: undefined,
        },
      ],
      options: { system: new Map([['$select', 'name']]), aliases: new Map([['p', '1']]) },
      headers: parseHeaders(headers),
      body: { name: 'New', vendorInformation: { vendor: 'F' } },
    });
  });

  it('lets $format override Accept', () => {
    const request = parseRequest(
      http({
        target: `${profiles}?$format=application/json;odata.metadata=none`,
        headers: { accept: 'text/plain' },
      }),
    );
    expect(request.headers.accept).toEqual([
      { type: 'application/json', parameters: new Map([['odata.metadata', 'none']]), quality: 1 },
    ]);
  });

  it('allows an address of limits.addressBytesMax and no more', () => {
    const address = `${profiles}?x=`.padEnd(limits.addressBytesMax, 'y');
    expect(parseRequest(http({ target: address })).options.system.size).toBe(0);
    expect(() => parseRequest(http({ target: `${address}y` }))).toThrow(refusal('addressTooLong', 'path'));
  });
});

describe('methods', () => {
  it.each(['GET', 'HEAD', 'DELETE', 'OPTIONS'])('%s ignores a body, whatever it is', (method) => {
    const request = parseRequest(
      http({ method, headers: { 'content-type': 'x' }, body: Uint8Array.of(0xff) }),
    );
    expect(request).toMatchObject({ method, body: undefined });
  });

  it.each(['POST', 'PATCH', 'PUT'])('%s reads its body', (method) => {
    expect(parseRequest(json(method, '{"a":1}'))).toMatchObject({ method, body: { a: 1 } });
  });

  it.each(['TRACE', 'CONNECT', 'PROPFIND', 'patch', '', '__proto__'])(
    '%s is refused with Allow',
    (method) => {
      expect(() => parseRequest(http({ method }))).toThrow(
        expect.objectContaining({
          code: 'methodNotAllowed',
          target: 'method',
          headers: { Allow: 'GET, HEAD, POST, PATCH, DELETE, OPTIONS' },
          message: `The method '${method}' is not allowed for any resource; allowed are GET, HEAD, POST, PATCH, DELETE, OPTIONS.`,
        }),
      );
    },
  );

  it.each([
    ['x-http-method', 'PATCH', 'PATCH', { a: 1 }],
    ['x-http-method-override', 'patch', 'PATCH', { a: 1 }],
    ['x-http-method', ' MERGE ', 'PATCH', { a: 1 }],
    ['x-http-method', 'PUT', 'PUT', { a: 1 }],
    ['x-http-method-override', 'DELETE', 'DELETE', undefined],
  ])('POST with %s: %s is %s', (header, value, method, body) => {
    expect(parseRequest(json('POST', '{"a":1}', { [header]: value }))).toMatchObject({ method, body });
  });

  it('only POST can stand for another method', () => {
    expect(parseRequest(http({ headers: { 'x-http-method': 'DELETE' } })).method).toBe('GET');
  });

  it.each([
    ['x-http-method', 'X-HTTP-Method', 'GET'],
    ['x-http-method-override', 'X-HTTP-Method-Override', 'constructor'],
    ['x-http-method', 'X-HTTP-Method', ''],
  ])('refuses %s (%s) with %s', (name, header, value) => {
    expect(() => parseRequest(json('POST', '{}', { [name]: value }))).toThrow(
      expect.objectContaining({
        code: 'headerInvalid',
        target: header,
        message: `The ${header} header contains an invalid value: '${value}'; allowed are PATCH, MERGE, PUT, DELETE.`,
      }),
    );
  });
});

describe('bodies', () => {
  it.each([undefined, new Uint8Array()])('are demanded before their type is', (body) => {
    expect(() => parseRequest(http({ method: 'PATCH', body }))).toThrow(refusal('bodyMissing', 'body'));
  });

  it('need a Content-Type, and the right one', () => {
    const request = { method: 'PATCH', body: bytes('{}') };
    expect(() => parseRequest(http(request))).toThrow(refusal('contentTypeMissing', 'Content-Type'));
    expect(() => parseRequest(http({ ...request, headers: { 'content-type': 'text/json' } }))).toThrow(
      refusal('mediaTypeUnsupported', 'Content-Type'),
    );
  });
});

describe('POST …/$query', () => {
  it.each([
    ['text/plain', "$filter=name%20eq%20'a%26b'+or+x&$top=2\r\n"],
    ['text/plain;charset=utf-8', "$filter=name eq 'a%26b' or x&top=2"],
    ['application/x-www-form-urlencoded', '%24filter=name+eq+%27a%26b%27+or+x&%24top=2'],
    ['application/json', '{"$filter":"name eq \'a&b\' or x","top":2}'],
  ])('reads %s', (type, body) => {
    const request = parseRequest(query(type, body, `${profiles}/$QUERY/?$count=true&@p=1`));
    expect(request).toEqual({
      method: 'GET',
      root: 'beta',
      segments: [plain('security'), plain('cloudAppSecurityProfiles')],
      options: {
        system: new Map([
          ['$count', 'true'],
          ['$filter', "name eq 'a&b' or x"],
          ['$top', '2'],
        ]),
        aliases: new Map([['p', '1']]),
      },
      headers: parseHeaders({}),
      body: undefined,
    });
  });

  it('reads characters beyond ASCII as they are', () => {
    expect(parseRequest(query('text/plain', '$search=é中😀')).options.system.get('$search')).toBe('é中😀');
  });

  it('may have no body', () => {
    expect(
      parseRequest(http({ method: 'POST', target: `${profiles}/$query?$top=1` })).options.system,
    ).toEqual(new Map([['$top', '1']]));
  });

  it('may ask for a format in its body', () => {
    expect(parseRequest(query('text/plain', '$format=json')).headers.accept).toEqual([
      { type: 'application/json', parameters: new Map(), quality: 1 },
    ]);
  });

  it.each([
    ['text/plain', '$top=1', `${profiles}/$query?top=2`, 'optionDuplicate', '$top'],
    ['application/json', '{"$top":"1","top":"1"}', `${profiles}/$query`, 'optionDuplicate', '$top'],
    ['application/json', '{"$top":null}', `${profiles}/$query`, 'optionInvalid', '$top'],
    ['application/json', '[]', `${profiles}/$query`, 'bodyInvalid', 'body'],
    ['text/plain', '$filter=%FF', `${profiles}/$query`, 'optionInvalid', '$filter'],
    ['text/html', '$top=1', `${profiles}/$query`, 'mediaTypeUnsupported', 'Content-Type'],
    ['', '$top=1', `${profiles}/$query`, 'contentTypeMissing', 'Content-Type'],
  ])('refuses %s %s', (type, body, target, code, faulty) => {
    expect(() => parseRequest(query(type, body, target))).toThrow(refusal(code, faulty));
  });

  it('is a segment like any other for other methods', () => {
    expect(parseRequest(http({ target: `${profiles}/$query` })).segments.at(-1)).toEqual(plain('$query'));
  });
});

describe('whatever arrives', () => {
  const octets = fc.uint8Array({ maxLength: 200 }).map((array) => String.fromCharCode(...array));
  const text = (...words: readonly string[]) =>
    fc.oneof(
      octets,
      fc
        .array(fc.oneof(fc.constantFrom(...words), fc.string()), { maxLength: 12 })
        .map((parts) => parts.join('')),
    );
  const pathText = text(
    '/',
    '//',
    'v1.0',
    'beta',
    "('",
    "')",
    '%',
    '%2F',
    '%00',
    '%ff',
    '(',
    ')',
    '$query',
    'a',
    '?',
    '&',
    '=',
    '$top',
    '@p',
    '+',
  );
  const headerText = text(
    'W/',
    '"',
    ',',
    ';',
    '*',
    '=',
    '\\',
    'q=',
    '/',
    'application/json',
    '4.0',
    'return',
    ' ',
    'PATCH',
  );
  const bodyBytes = fc.oneof(
    fc.uint8Array({ maxLength: 300 }),
    text('{', '}', '[', ']', '"', '\\', '\\u', ':', ',', '1', 'e9', 'null', '"a"', '&', '$top=1').map(bytes),
  );
  const headers = fc.record(
    Object.fromEntries(
      [
        'if-match',
        'if-none-match',
        'prefer',
        'accept',
        'odata-version',
        'odata-maxversion',
        'content-type',
        'x-http-method',
      ].map((name) => [
        name,
        fc.oneof(headerText, fc.constantFrom('application/json', 'text/plain', '4.0', '*')),
      ]),
    ),
    { requiredKeys: [] },
  );
  const target = fc.oneof(
    pathText,
    pathText.map((rest) => `/v1.0/${rest}`),
    pathText.map((rest) => `${profiles}?${rest}`),
    fc.constant(`${profiles}/$query`),
  );

  it('becomes a request or a ServiceError with a target, at once', () => {
    const method = fc.constantFrom('GET', 'POST', 'PATCH', 'PUT', 'TRACE');
    fc.assert(
      fc.property(
        method,
        target,
        headers,
        fc.option(bodyBytes, { nil: undefined }),
        (verb, address, fields, body) => {
          const request = http({ method: verb, target: address, headers: fields, body });
          const error = refusalOf(request);
          expect(leastCpuMs(() => refusalOf(request), 50)).toBeLessThan(50);
          expect(
            error === undefined || (error.target !== undefined && error.status >= 400 && error.status < 500),
          ).toBe(true);
        },
      ),
      { numRuns: 3000 },
    );
  });

  it.each([
    ['open quotes', { headers: { prefer: '"'.repeat(32_000), accept: 'a/b;x="'.repeat(4_000) } }],
    ['spaces in tags', { headers: { 'if-match': `"a"${' '.repeat(32_000)}x` } }],
    ['commas', { headers: { accept: 'a/b,'.repeat(8_000), 'if-match': ','.repeat(32_000) } }],
    ['dots and parentheses', { target: `/beta/${'a.'.repeat(8_000)}(` }],
    ['slashes', { target: `/beta${'/a'.repeat(8_000)}` }],
    ['escapes', { target: `/beta/x?$filter=${'%C3%A9'.repeat(2_000)}%FF` }],
    ['options', { target: `/beta/x?${'a&'.repeat(8_000)}` }],
  ])('costs no more than its length: %s', (_, parts) => {
    expect(leastCpuMs(() => refusalOf(http(parts)), 50)).toBeLessThan(50);
  });

  it.each([
    ['brackets', '['.repeat(1_000_000)],
    ['line ends', `{${'\n'.repeat(1_000_000)}`],
    ['backslashes', `{"a":"${'\\\\'.repeat(500_000)}`],
    ['digits', `{"a":${'9'.repeat(1_000_000)}}`],
    ['equal names', `{${'"a":1,'.repeat(160_000)}}`],
  ])('costs no more than its length in a body: %s', (_, body) => {
    const request = json('PATCH', body);
    expect(refusalOf(request)?.code).toBe('bodyInvalid');
    expect(leastCpuMs(() => refusalOf(request), 50)).toBeLessThan(50);
  });
});

/** The refusal of a request, or undefined when it was taken; anything but a ServiceError is passed on. */
function refusalOf(request: HttpRequest): ServiceError | undefined {
  try {
    parseRequest(request);
    return undefined;
  } catch (error) {
    if (error instanceof ServiceError) return error;
    throw error;
  }
}
