/** What cannot be taken is refused by name, with the fault and what is allowed, and changes nothing. */
import { gzipSync } from 'node:zlib';
import { afterAll, describe, expect, it } from 'vitest';
import type { Property } from '../../src/edm/types.ts';
import { limits } from '../../src/limits.ts';
import { cloudAppSecurityProfile } from '../../src/model/cloud-app-security-profile.ts';
import {
  absentId,
  collectionPath,
  expectNothingCreated,
  expectRefusal,
  expectUnchanged,
  membersOf,
  openService,
  patchOf,
  type RefusalDetails,
  type Service,
} from '../support/conformance.ts';
import type { Ask } from '../support/exchange.ts';

const service: Service = await openService('--no-sample');
afterAll(() => service.stop());

const profile = await service.create({
  name: 'kept',
  isSigned: true,
  permissionsRequired: 'user',
  tags: ['kept'],
  vendorInformation: { vendor: 'kept' },
});

/** The body is refused as a PATCH of an existing profile and as a POST of a new one, with the same words. */
async function expectRefusedBody(
  body: unknown,
  codes: string,
  details: RefusalDetails,
  headers: Ask['headers'] = {},
): Promise<void> {
  const patch = patchOf(profile, body, headers);
  expectRefusal(await expectUnchanged(service, profile, () => service.send(patch)), codes, details);
  const post = { ...patch, method: 'POST', path: collectionPath };
  expectRefusal(await expectNothingCreated(service, () => service.send(post)), codes, details);
}

const writable = cloudAppSecurityProfile.properties.filter(({ access }) => access === 'readWrite');

/** JSON values by their kind, each with how a message shows it. */
const jsonValues: readonly (readonly [kind: string, value: unknown, shown: string])[] = [
  ['null', null, 'null'],
  ['string', 'String', '"String"'],
  ['number', 3, '3'],
  ['number', -0.5, '-0.5'],
  ['boolean', true, 'true'],
  ['boolean', false, 'false'],
  ['array', [], 'an array'],
  ['array', ['x'], 'an array'],
  ['object', {}, 'an object'],
  ['object', { vendor: 'x' }, 'an object'],
];

/** The kinds of JSON a property takes, and the words for what is allowed. */
function allowedFor({ type }: Property): { readonly kinds: readonly string[]; readonly words: string } {
  switch (type.kind) {
    case 'enum':
      return { kinds: ['null'], words: 'one of: unknown, anonymous, guest, user, administrator, system' };
    case 'collection':
      return { kinds: ['array'], words: 'an array of strings; send [] to remove all' };
    case 'complex':
      return { kinds: ['null', 'object'], words: 'an object or null' };
    default:
      return type.name === 'Edm.Boolean'
        ? { kinds: ['null', 'boolean'], words: 'true, false or null' }
        : { kinds: ['null', 'string'], words: 'a string or null' };
  }
}

const wrongTypes = writable.flatMap((property) => {
  const { kinds, words } = allowedFor(property);
  const wrong = jsonValues.filter(([kind]) => !kinds.includes(kind));
  return wrong.map(([, value, shown]) => [property.name, value, shown, words] as const);
});

const wrongMembers = writable.flatMap((property) => {
  if (property.type.kind !== 'complex') return [];
  return property.type.properties.flatMap((member) => {
    const { kinds, words } = allowedFor(member);
    const wrong = jsonValues.filter(([kind]) => !kinds.includes(kind));
    return wrong.map(([, value, shown]) => [property.name, member.name, value, shown, words] as const);
  });
});

describe('a wrong JSON type', () => {
  it.each(wrongTypes)('%s: %j', (name, value, shown, words) =>
    expectRefusedBody({ name: 'changed', [name]: value }, '400 BadRequest valueInvalid', {
      target: name,
      message: `${name} cannot be ${shown}. Use ${words}.`,
    }),
  );

  it.each(wrongMembers)('%s/%s: %j', (name, member, value, shown, words) =>
    expectRefusedBody({ name: 'changed', [name]: { [member]: value } }, '400 BadRequest valueInvalid', {
      target: `${name}/${member}`,
      message: `${name}/${member} cannot be ${shown}. Use ${words}.`,
    }),
  );

  it.each([
    ['true', '"true"'],
    ['false', '"false"'],
    ['', '""'],
    ['1', '"1"'],
  ])('isSigned as the text %j', (text, shown) =>
    expectRefusedBody({ isSigned: text }, '400 BadRequest valueInvalid', {
      target: 'isSigned',
      message: `isSigned cannot be ${shown}. Use true, false or null.`,
    }),
  );
});

describe('permissionsRequired', () => {
  const words = 'Use one of: unknown, anonymous, guest, user, administrator, system.';

  it.each([
    'User',
    'USER',
    ' user',
    'user,guest',
    '',
    '6',
    '-1',
    '03',
    '3.0',
    'constructor',
    '__proto__',
    'toString',
  ])('%j is no member', (text) =>
    expectRefusedBody({ permissionsRequired: text }, '400 BadRequest valueInvalid', {
      target: 'permissionsRequired',
      message: `permissionsRequired cannot be "${text}". ${words}`,
    }),
  );

  it('a long text is shown short', () =>
    expectRefusedBody({ permissionsRequired: 'x'.repeat(5000) }, '400 BadRequest valueInvalid', {
      target: 'permissionsRequired',
      message: `permissionsRequired cannot be "${'x'.repeat(80)}…". ${words}`,
    }));
});

describe('tags', () => {
  it.each([
    [[1], '1', 0],
    [['a', null], 'null', 1],
    [['a', true, 'b'], 'true', 1],
    [[['a']], 'an array', 0],
    [['a', 'b', {}], 'an object', 2],
  ])('%j', (tags, shown, index) =>
    expectRefusedBody({ tags }, '400 BadRequest valueInvalid', {
      target: `tags/${index}`,
      message: `tags/${index} cannot be ${shown}. Use a string.`,
    }),
  );

  it('one more than the limit', () =>
    expectRefusedBody(
      { tags: Array(limits.collectionItemsMax + 1).fill('t') },
      '400 BadRequest valueInvalid',
      {
        target: 'tags',
        message: `tags has ${limits.collectionItemsMax + 1} items. At most ${limits.collectionItemsMax} are allowed.`,
      },
    ));

  it('as many as the limit allows', async () => {
    const tags = Array.from({ length: limits.collectionItemsMax }, (_, index) => `t${index}`);
    const own = await service.create();
    const answer = await service.send(patchOf(own, { tags }));
    expect([answer.status, membersOf(answer).tags]).toEqual([200, tags]);
  });
});

describe('an undeclared property', () => {
  const type = 'microsoft.graph.cloudAppSecurityProfile';
  const advice = 'Make sure to only use property names that are defined by the type.';

  it.each([
    ['nmae', " Did you mean 'name'?"],
    ['Name', " Did you mean 'name'?"],
    ['issigned', " Did you mean 'isSigned'?"],
    ['riskscores', " Did you mean 'riskScore'?"],
    ['ID', " Did you mean 'id'?"],
    ['CreatedDateTime', " Did you mean 'createdDateTime'?"],
    ['vendorinformation', " Did you mean 'vendorInformation'?"],
    ['somethingElseEntirely', ''],
    ['', ''],
    ['name ', " Did you mean 'name'?"],
    ['vendorInformation/vendor', " Did you mean 'vendorInformation'?"],
    ['__proto__', ''],
    ['constructor', ''],
    ['prototype', ''],
    ['toString', ''],
    ['hasOwnProperty', ''],
  ])('%j', (name, suggestion) =>
    expectRefusedBody(
      `{"name":"changed",${JSON.stringify(name)}:{"isSigned":true}}`,
      '400 RequestBodyRead payloadPropertyUnknown',
      {
        target: name,
        message: `The property '${name}' does not exist on type '${type}'.${suggestion} ${advice}`,
      },
    ),
  );

  it.each([
    ['vendr', " Did you mean 'vendor'?"],
    ['Provider', " Did you mean 'provider'?"],
    ['name', ''],
    ['__proto__', ''],
    ['constructor', ''],
  ])('%j inside vendorInformation', (name, suggestion) =>
    expectRefusedBody(
      `{"name":"changed","vendorInformation":{"vendor":"changed",${JSON.stringify(name)}:"x"}}`,
      '400 RequestBodyRead payloadPropertyUnknown',
      {
        target: `vendorInformation/${name}`,
        message: `The property '${name}' does not exist on type 'microsoft.graph.securityVendorInformation'.${suggestion} ${advice}`,
      },
    ),
  );

  it('with the value null is undeclared all the same', () =>
    expectRefusedBody({ owner: null }, '400 RequestBodyRead payloadPropertyUnknown', {
      target: 'owner',
      message: `The property 'owner' does not exist on type '${type}'. ${advice}`,
    }));

  it.each(['name@odata.bind', 'cloudAppSecurityProfiles@delta', 'owner@odata.bind'])('%s', (name) =>
    expectRefusedBody({ [name]: 'x' }, '400 RequestBodyRead payloadPropertyUnknown', {
      target: name,
      message: `'${name}' is not possible: cloudAppSecurityProfile has no navigation properties.`,
    }),
  );

  it('pollutes nobody', async () => {
    await service.send(
      patchOf(profile, '{"__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}}}'),
    );
    const read = await service.send({ path: profile.path });
    expect(read.text).not.toContain('polluted');
  });
});

describe('JSON that is none', () => {
  const fault = (found: string, place: string, expected: string) =>
    `The body is not valid JSON: found ${found} ${place}, expected ${expected}.`;

  it.each([
    ['{', fault('the end', 'at line 1, column 2', 'a member name in double quotes')],
    ['{"name":"x"', fault('the end', 'at line 1, column 12', "',' or '}'")],
    ['{"name":"x",}', fault("'}'", 'at line 1, column 13', 'a member name in double quotes')],
    ["{'name':'x'}", fault("'''", 'at line 1, column 2', 'a member name in double quotes')],
    ['{name:"x"}', fault("'n'", 'at line 1, column 2', 'a member name in double quotes')],
    ['{"name" "x"}', fault("'\"'", 'at line 1, column 9', "':'")],
    ['{"name":}', fault("'}'", 'at line 1, column 9', 'a JSON value')],
    ['{"name":x}', fault("'x'", 'at line 1, column 9', 'a JSON value')],
    ['{"name":undefined}', fault("'u'", 'at line 1, column 9', 'a JSON value')],
    ['{"name":NaN}', fault("'N'", 'at line 1, column 9', 'a JSON value')],
    ['{"isSigned":True}', fault("'T'", 'at line 1, column 13', 'a JSON value')],
    ['{"name":"x"}}', fault("'}'", 'at line 1, column 13', 'the end of the body')],
    ['{"name":"x"}{"name":"y"}', fault("'{'", 'at line 1, column 13', 'the end of the body')],
    ['{"name":"x" // why\n}', fault("'/'", 'at line 1, column 13', "',' or '}'")],
    ['{\n  "name": "x",\n  "tags": [1,]\n}', fault("']'", 'at line 3, column 14', 'a JSON value')],
    ['{"tags":["a" "b"]}', fault("'\"'", 'at line 1, column 14', "',' or ']'")],
    ['{"name":"x', fault('the end', 'at line 1, column 11', "a closing '\"'")],
    ['{"name":"a\nb"}', fault("'\\n'", 'at line 1, column 11', 'an escape such as \\n for it')],
    ['<profile/>', fault("'<'", 'at line 1, column 1', 'a JSON value')],
    ['name=x', fault("'n'", 'at line 1, column 1', 'a JSON value')],
  ])('%j', (body, message) =>
    expectRefusedBody(body, '400 BadRequest bodyInvalid', { target: 'body', message }),
  );

  it.each([
    '{"name":01}',
    '{"name":+1}',
    '{"name":1.}',
    '{"name":.5}',
    '{"name":"\\x41"}',
    '{"name":"\\u12"}',
  ])('%s', (body) =>
    expectRefusedBody(body, '400 BadRequest bodyInvalid', {
      target: 'body',
      message: /^The body is not valid JSON: found .* at line 1, column \d+, expected .*\.$/,
    }),
  );

  it.each([
    ['[]', 'an array'],
    ['[{"name":"x"}]', 'an array'],
    ['"name"', 'a string'],
    ['7', 'a number'],
    ['true', 'a boolean'],
    ['null', 'null'],
  ])('%s is JSON but no object', (body, what) =>
    expectRefusedBody(body, '400 BadRequest bodyInvalid', {
      target: 'body',
      message: `The body must be a JSON object, but ${what} arrived.`,
    }),
  );

  it('a number no double can hold', () =>
    expectRefusedBody('{"name":1e999}', '400 BadRequest bodyInvalid', {
      target: 'name',
      message: "Member 'name' of the body is a number beyond the range of a double (at line 1, column 9).",
    }));
});

describe('a body that is not there', () => {
  const details = { target: 'body', message: 'Empty Payload. JSON content expected.' };

  it('of no bytes', () => expectRefusedBody('', '400 BadRequest bodyMissing', details));
  it('of blanks', () => expectRefusedBody(' \r\n\t ', '400 BadRequest bodyMissing', details));
  it('without Content-Length', async () => {
    const ask = { method: 'PATCH', path: profile.path };
    const answer = await expectUnchanged(service, profile, () => service.send(ask));
    expectRefusal(answer, '400 BadRequest bodyMissing', details);
  });
});

describe('names twice', () => {
  const twice = (target: string, column: number) => ({
    target,
    message: `Member '${target}' of the body appears twice; each name may appear once (at line 1, column ${column}).`,
  });

  it('at the top', () =>
    expectRefusedBody('{"name":"a","name":"b"}', '400 BadRequest bodyInvalid', twice('name', 13)));
  it('with equal values', () =>
    expectRefusedBody('{"name":"a","name":"a"}', '400 BadRequest bodyInvalid', twice('name', 13)));
  it('one of them escaped', () =>
    expectRefusedBody('{"name":"a","n\\u0061me":"b"}', '400 BadRequest bodyInvalid', twice('name', 13)));
  it('inside', () =>
    expectRefusedBody(
      '{"vendorInformation":{"vendor":"a","vendor":"b"}}',
      '400 BadRequest bodyInvalid',
      twice('vendorInformation/vendor', 36),
    ));
  it('of an annotation', () =>
    expectRefusedBody(
      '{"@odata.id":"a","@odata.id":"b"}',
      '400 BadRequest bodyInvalid',
      twice('@odata.id', 18),
    ));
  it('__proto__', () =>
    expectRefusedBody('{"__proto__":1,"__proto__":2}', '400 BadRequest bodyInvalid', twice('__proto__', 16)));
});

describe('nesting', () => {
  const nested = (levels: number) => `{"@contoso.deep":${'['.repeat(levels - 1)}${']'.repeat(levels - 1)}}`;

  it('up to the limit is read', async () => {
    const answer = await expectUnchanged(service, profile, () =>
      service.send(patchOf(profile, nested(limits.bodyDepthMax))),
    );
    expect(answer.status).toBe(200);
  });

  it.each([limits.bodyDepthMax + 1, 1000, 200_000])('%i levels', (levels) =>
    expectRefusedBody(nested(levels), '400 BadRequest bodyInvalid', {
      target: expect.any(String) as unknown as string,
      message: new RegExp(
        `^Member '@contoso\\.deep(/0)*' of the body is nested more than ${limits.bodyDepthMax} levels deep, which is the limit \\(at line 1, column \\d+\\)\\.$`,
      ),
    }),
  );

  it('too many members', () => {
    const members = Array.from({ length: limits.bodyMembersMax + 1 }, (_, index) => `"@n.a${index}":0`);
    return expectRefusedBody(`{${members.join(',')}}`, '400 BadRequest bodyInvalid', {
      target: `@n.a${limits.bodyMembersMax}`,
      message: new RegExp(`is one member too many; a body may have ${limits.bodyMembersMax} `),
    });
  });
});

describe('text that is none', () => {
  const bytes = (...parts: readonly (string | number)[]) =>
    Buffer.concat(parts.map((part) => (typeof part === 'string' ? Buffer.from(part) : Buffer.from([part]))));

  it.each([
    ['a byte alone', bytes('{"name":"', 0xff, '"}'), 9],
    ['a cut character', bytes('{"name":"', 0xc3, '"}'), 9],
    ['Latin-1', bytes('{"name":"caf', 0xe9, '"}'), 12],
    ['an overlong slash', bytes('{"name":"', 0xc0, 0xaf, '"}'), 9],
    ['a surrogate in UTF-8', bytes('{"name":"', 0xed, 0xa0, 0x80, '"}'), 9],
    ['beyond U+10FFFF', bytes('{"name":"', 0xf5, 0x80, 0x80, 0x80, '"}'), 9],
    ['UTF-16', Buffer.from('\ufeff{"name":"x"}', 'utf16le'), 0],
  ])('%s is no UTF-8', (_, body, offset) =>
    expectRefusedBody(body, '400 BadRequest bodyInvalid', {
      target: 'body',
      message: `The body is not valid UTF-8: the byte at offset ${offset} is part of no character.`,
    }),
  );

  it.each([
    ['{"name":"\\ud800"}', 'name', 9],
    ['{"name":"a\\udc00b"}', 'name', 9],
    ['{"name":"\\udc00\\ud800"}', 'name', 9],
    ['{"tags":["ok","\\ud83d"]}', 'tags/1', 15],
    ['{"vendorInformation":{"vendor":"\\ud83d!"}}', 'vendorInformation/vendor', 32],
  ])('%s holds half of a surrogate pair', (body, target, column) =>
    expectRefusedBody(body, '400 BadRequest bodyInvalid', {
      target,
      message: `Member '${target}' of the body holds half of a surrogate pair, which is no character (at line 1, column ${column}).`,
    }),
  );

  it.each([
    ['{"name":"a\\u0000b"}', 'name', 9],
    ['{"tags":["\\u0000"]}', 'tags/0', 10],
    ['{"vendorInformation":{"vendor":"\\u0000"}}', 'vendorInformation/vendor', 32],
  ])('%s holds NUL', (body, target, column) =>
    expectRefusedBody(body, '400 BadRequest bodyInvalid', {
      target,
      message: `Member '${target}' of the body holds the character U+0000, which no text may hold (at line 1, column ${column}).`,
    }),
  );

  it('a raw NUL', () =>
    expectRefusedBody('{"name":"a\0b"}', '400 BadRequest bodyInvalid', {
      target: 'body',
      message: /^The body is not valid JSON: found '\\u0000' at line 1, column 11, expected /,
    }));

  it.each([
    '\\ud83d\\ude00',
    '😀',
    '\\u0001',
    '\\ufffe',
    '\\uffff',
    '\u2028',
    '\\"\\\\\\/\\b\\f\\n\\r\\t',
    '\\u00e9',
  ])('but %s is text', async (text) => {
    const own = await service.create();
    const answer = await service.send(patchOf(own, `{"name":"${text}","tags":["${text}"]}`));
    const expected = JSON.parse(`"${text}"`);
    expect(membersOf(answer)).toMatchObject({ name: expected, tags: [expected] });
    expect(membersOf(await service.send({ path: own.path }))).toMatchObject({
      name: expected,
      tags: [expected],
    });
  });

  it('a byte order mark before the JSON is passed over', async () => {
    const own = await service.create();
    const answer = await service.send(patchOf(own, '\ufeff{"name":"marked"}'));
    expect([answer.status, membersOf(answer).name]).toEqual([200, 'marked']);
  });
});

describe('size', () => {
  const filled = (bytes: number) => `{"manifest":"${'m'.repeat(bytes - 15)}"}`;
  const tooLarge = { message: `The request body exceeds ${limits.bodyBytesMax} bytes.` };

  it('1 MiB is taken', async () => {
    const own = await service.create();
    const body = filled(limits.bodyBytesMax);
    expect(Buffer.byteLength(body)).toBe(1024 * 1024);
    const answer = await service.send(patchOf(own, body));
    expect([answer.status, String(membersOf(answer).manifest).length]).toEqual([200, 1024 * 1024 - 15]);
  });

  it('1 MiB and a byte is not', () =>
    expectRefusedBody(filled(limits.bodyBytesMax + 1), '413 RequestEntityTooLarge bodyTooLarge', tooLarge));

  it('nor in chunks of unknown length', () =>
    expectRefusedBody(filled(limits.bodyBytesMax + 1), '413 RequestEntityTooLarge bodyTooLarge', tooLarge, {
      'content-length': undefined,
      'transfer-encoding': 'chunked',
    }));

  it('nor many times that', () =>
    expectRefusedBody(filled(8 * limits.bodyBytesMax), '413 RequestEntityTooLarge bodyTooLarge', tooLarge));

  it('nor inflated beyond its own limit', () => {
    const bomb = gzipSync(' '.repeat(limits.inflatedBodyBytesMax + 1));
    return expectRefusedBody(
      bomb,
      '413 RequestEntityTooLarge bodyTooLarge',
      { message: `The inflated request body exceeds ${limits.inflatedBodyBytesMax} bytes.` },
      { 'content-encoding': 'gzip' },
    );
  });

  it('the connection lives on after a refused body', async () => {
    await service.send(patchOf(profile, filled(limits.bodyBytesMax + 1)));
    const read = await service.send({ path: profile.path });
    expect(read.status).toBe(200);
  });
});

describe('Content-Type', () => {
  const body = { name: 'changed' };

  it.each([
    'text/plain',
    'application/xml',
    'application/x-www-form-urlencoded',
    'multipart/form-data; boundary=x',
    'application/json-patch+json',
    'application/merge-patch+json',
    'text/json',
    'application/*',
    '*/*',
    'json',
    'application/json, text/plain',
  ])('%s is 415', (type) =>
    expectRefusedBody(
      body,
      '415 UnsupportedMediaType mediaTypeUnsupported',
      {
        target: 'Content-Type',
        message: `The Content-Type '${type}' is not supported; allowed: application/json.`,
      },
      { 'content-type': type },
    ),
  );

  it.each(['iso-8859-1', 'utf-16', 'us-ascii'])('charset=%s is 415', (charset) =>
    expectRefusedBody(
      body,
      '415 UnsupportedMediaType mediaTypeUnsupported',
      { target: 'Content-Type', message: `The charset '${charset}' is not supported; utf-8 is expected.` },
      { 'content-type': `application/json; charset=${charset}` },
    ),
  );

  it.each([undefined, '', ' '])('%j is 400 in the words of Graph', (type) =>
    expectRefusedBody(
      body,
      '400 BadRequest contentTypeMissing',
      {
        target: 'Content-Type',
        message:
          'Unable to read JSON request payload. Please ensure Content-Type header is set and payload is of valid JSON format.',
      },
      { 'content-type': type },
    ),
  );

  it.each([
    'application/json',
    'APPLICATION/JSON',
    'application/json;charset=utf-8',
    'application/json; charset="UTF-8"',
    'application/json;odata.metadata=minimal;odata.streaming=true;IEEE754Compatible=false;charset=utf-8',
  ])('%s is read', async (type) => {
    const own = await service.create();
    const answer = await service.send(patchOf(own, body, { 'content-type': type }));
    expect([answer.status, membersOf(answer).name]).toEqual([200, 'changed']);
  });
});

describe('Content-Encoding', () => {
  it('gzip is read', async () => {
    const own = await service.create();
    const answer = await service.send(
      patchOf(own, gzipSync('{"name":"small"}'), { 'content-encoding': 'gzip' }),
    );
    expect([answer.status, membersOf(answer).name]).toEqual([200, 'small']);
  });

  it.each(['zstd', 'compress', 'gzip, gzip', 'aes128gcm'])('%s is 415', (encoding) =>
    expectRefusedBody(
      { name: 'changed' },
      '415 UnsupportedMediaType encodingUnsupported',
      {
        target: 'Content-Encoding',
        message:
          'The Content-Encoding is not read here. Allowed are gzip, deflate, br and identity, one at a time.',
        headers: { 'accept-encoding': 'gzip, deflate, br' },
      },
      { 'content-encoding': encoding },
    ),
  );

  it('gzip that is none is 400', () =>
    expectRefusedBody(
      '{"name":"changed"}',
      '400 BadRequest bodyInvalid',
      {
        target: 'Content-Encoding',
        message: 'The request body is not a complete stream of its Content-Encoding.',
      },
      { 'content-encoding': 'gzip' },
    ));
});

describe('an id nobody has', () => {
  it.each(['GET', 'HEAD', 'PATCH', 'DELETE'])('%s is 404', async (method) => {
    const path = `${collectionPath}/${absentId}`;
    const ask = { method, path, ...(method === 'PATCH' ? { body: { name: 'changed' } } : {}) };
    const answer = await expectNothingCreated(service, () => service.send(ask));
    if (method === 'HEAD') expect([answer.status, answer.text]).toEqual([404, '']);
    else {
      expectRefusal(answer, '404 ResourceNotFound entityNotFound', {
        message: `Resource could not be discovered: no cloudAppSecurityProfile with the id '${absentId}'.`,
      });
    }
  });

  it('a bad body is told before the id is looked up', () =>
    expectRefusedBody({ nmae: 1 }, '400 RequestBodyRead payloadPropertyUnknown', {
      target: 'nmae',
      message: /Did you mean 'name'\?/,
    }));
});

describe('more than one fault', () => {
  it('none of the good members gets through', async () => {
    const body = { name: 'changed', tags: ['changed'], isSigned: 'yes', riskScore: 'changed' };
    const answer = await expectUnchanged(service, profile, () => service.send(patchOf(profile, body)));
    expectRefusal(answer, '400 BadRequest valueInvalid', {
      target: 'isSigned',
      message: 'isSigned cannot be "yes". Use true, false or null.',
    });
  });
});
