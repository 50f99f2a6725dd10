/** Accept, $format, metadata levels, Prefer, OData-Version and compression of answers (Protocol 8, JSON Format 3). */
import { brotliDecompressSync, gunzipSync } from 'node:zlib';
import { afterAll, describe, expect, it } from 'vitest';
import {
  collectionPath,
  expectHeaders,
  expectJson,
  expectNothingCreated,
  expectRefusal,
  expectUnchanged,
  itemsOf,
  membersOf,
  minimalType,
  openService,
  patchOf,
  type Service,
  writtenEntity,
  writtenProperties,
} from '../support/conformance.ts';
import type { Answer } from '../support/exchange.ts';

const service: Service = await openService('--no-sample');
afterAll(() => service.stop());

const profile = await service.create({
  name: 'n',
  isSigned: true,
  permissionsRequired: 'guest',
  tags: ['t'],
  vendorInformation: { vendor: 'm' },
});
const bare = await service.create();

const typeFor = (level: string, ieee754 = false) =>
  `application/json;odata.metadata=${level};odata.streaming=true;IEEE754Compatible=${ieee754};charset=utf-8`;

const get = (accept: string | undefined, path = profile.path) =>
  service.send({ path, headers: accept === undefined ? {} : { accept } });

/** The entity without any annotation, at any depth. */
function withoutAnnotations(values: typeof profile.values): Record<string, unknown> {
  const { vendorInformation, ...rest } = writtenProperties(values);
  if (vendorInformation === null) return { ...rest, vendorInformation };
  const { '@odata.type': _, ...members } = vendorInformation as Record<string, unknown>;
  return { ...rest, vendorInformation: members };
}

/** The entity with everything a client that knows no metadata needs. */
function withAllAnnotations(
  values: typeof profile.values,
  path: string,
  etag = 'W/"1"',
): Record<string, unknown> {
  const members = Object.entries(writtenProperties(values)).flatMap(([name, value]) => {
    const type = value === null ? undefined : explicitTypes[name];
    return type === undefined
      ? [[name, value]]
      : [
          [`${name}@odata.type`, type],
          [name, value],
        ];
  });
  return {
    '@odata.type': '#microsoft.graph.cloudAppSecurityProfile',
    '@odata.id': `${service.url}${path}`,
    '@odata.etag': etag,
    '@odata.editLink': `${service.url}${path}`,
    ...Object.fromEntries(members),
  };
}

const explicitTypes: Readonly<Record<string, string>> = {
  createdDateTime: '#DateTimeOffset',
  lastModifiedDateTime: '#DateTimeOffset',
  permissionsRequired: '#microsoft.graph.applicationPermissionsRequired',
  tags: '#Collection(String)',
};

const entityContext = `${service.url}/v1.0/$metadata#security/cloudAppSecurityProfiles/$entity`;
const collectionContext = `${service.url}/v1.0/$metadata#security/cloudAppSecurityProfiles`;

describe('metadata levels of one profile', () => {
  it('minimal, asked for or not', async () => {
    const body = writtenEntity(service, profile.values, 1);
    for (const accept of [undefined, 'application/json', 'application/json;odata.metadata=minimal']) {
      expectJson(await get(accept), 200, body, { etag: 'W/"1"' });
    }
  });

  it('none removes every annotation, inside as well', async () => {
    const headers = { etag: 'W/"1"', 'content-type': typeFor('none') };
    const accept = 'application/json;odata.metadata=none';
    expectJson(await get(accept), 200, withoutAnnotations(profile.values), headers);
    expectJson(await get(accept, bare.path), 200, withoutAnnotations(bare.values), headers);
  });

  it('full names the types JSON cannot tell, and the address', async () => {
    const headers = { etag: 'W/"1"', 'content-type': typeFor('full') };
    const accept = 'application/json;odata.metadata=full';
    for (const each of [profile, bare]) {
      const body = { '@odata.context': entityContext, ...withAllAnnotations(each.values, each.path) };
      expectJson(await get(accept, each.path), 200, body, headers);
    }
  });

  it.each(['none', 'minimal', 'full'])('%s of a PATCH and of a POST', async (level) => {
    const accept = `application/json;odata.metadata=${level}`;
    const own = await service.create();
    const patched = await service.send(patchOf(own, { name: 'x' }, { accept }));
    expect(patched.body).toEqual((await get(accept, own.path)).body);
    expect(patched.headers['content-type']).toBe(typeFor(level));
    const made = await service.send({ method: 'POST', path: collectionPath, body: {}, headers: { accept } });
    expect(made.headers['content-type']).toBe(typeFor(level));
    const { id } = membersOf(made);
    expect(made.body).toEqual((await get(accept, `${collectionPath}/${id}`)).body);
  });
});

describe('metadata levels of the collection', () => {
  const page = `${collectionPath}?$top=1`;
  const linkOf = (answer: Answer) => membersOf(answer)['@odata.nextLink'];
  /** The profile that is first by id, as its own GET tells it. */
  const readFirst = async () => {
    const [item = {}] = itemsOf(await get(undefined, page));
    const values = (await get(undefined, `${collectionPath}/${item.id}`)).body as typeof profile.values;
    return { values, path: `${collectionPath}/${item.id}`, etag: String(item['@odata.etag']) };
  };

  it('none keeps the link alone', async () => {
    const answer = await get('application/json;odata.metadata=none', page);
    const first = await readFirst();
    const body = { value: [withoutAnnotations(first.values)], '@odata.nextLink': linkOf(answer) };
    expectJson(answer, 200, body, { 'content-type': typeFor('none') });
  });

  it('full', async () => {
    const answer = await get('application/json;odata.metadata=full', page);
    const first = await readFirst();
    const body = {
      '@odata.context': collectionContext,
      value: [withAllAnnotations(first.values, first.path, first.etag)],
      '@odata.nextLink': linkOf(answer),
    };
    expectJson(answer, 200, body, { 'content-type': typeFor('full') });
  });

  it('a link carries no level: each request asks for its own', async () => {
    const answer = await get('application/json;odata.metadata=full', page);
    const next = await get(undefined, String(linkOf(answer)).slice(service.url.length));
    expect([next.headers['content-type'], itemsOf(next).length]).toEqual([minimalType, 1]);
  });

  it.each(['/v1.0/security', '/v1.0/'])('none of %s has no context', async (path) => {
    expect(membersOf(await get('application/json;odata.metadata=none', path))).not.toHaveProperty([
      '@odata.context',
    ]);
  });
});

describe('Accept', () => {
  it.each([
    ['*/*', 'minimal'],
    ['application/*', 'minimal'],
    ['APPLICATION/JSON', 'minimal'],
    ['application/json;odata.metadata=FULL', 'full'],
    ['application/json;metadata=full', 'full'],
    ['application/json; odata.metadata="full"', 'full'],
    ['application/json;odata.streaming=false', 'minimal'],
    ['application/json;charset=utf-8', 'minimal'],
    ['text/html, application/json;q=0.5', 'minimal'],
    ['application/json;odata.metadata=none;q=0.2, application/json;odata.metadata=full;q=0.9', 'full'],
    ['application/json;odata.metadata=none, application/json;odata.metadata=full', 'none'],
    ['application/atom+xml, application/json;odata=minimalmetadata, application/json', 'minimal'],
    ['application/json;odata=verbose, */*;q=0.1', 'minimal'],
    ['application/json;unknown=1, application/json;odata.metadata=full;q=0.1', 'full'],
    ['text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8', 'minimal'],
    ['', 'minimal'],
  ])('%j is answered with %s', async (accept, level) => {
    const answer = await get(accept);
    expect([answer.status, answer.headers['content-type']]).toEqual([200, typeFor(level)]);
  });

  it('IEEE754Compatible=true is said back', async () => {
    const answer = await get('application/json;IEEE754Compatible=true');
    expect([answer.status, answer.headers['content-type']]).toEqual([200, typeFor('minimal', true)]);
  });

  it.each([
    'text/html',
    'application/xml',
    'application/atom+xml',
    'application/json;odata=verbose',
    'application/json;odata.metadata=some',
    'application/json;charset=utf-16',
    'application/json;q=0',
    '*/*;q=0.0',
    'text/*',
  ])('%s is 406, and a write does not happen', async (accept) => {
    const refused = {
      target: 'Accept',
      message:
        'No acceptable representation. Available: application/json with odata.metadata=none, minimal or full.',
    };
    const codes = '406 NotAcceptable notAcceptable';
    expectRefusal(await get(accept), codes, refused);
    expectRefusal(await get(accept, collectionPath), codes, refused);
    const patch = patchOf(profile, { name: 'changed' }, { accept });
    expectRefusal(await expectUnchanged(service, profile, () => service.send(patch)), codes, refused);
    const post = { method: 'POST', path: collectionPath, body: {}, headers: { accept } };
    expectRefusal(await expectNothingCreated(service, () => service.send(post)), codes, refused);
  });

  it.each(['json', ';;', 'a b'])('%j names no media type: 400', async (accept) => {
    expectRefusal(await get(accept), '400 BadRequest headerInvalid', {
      target: 'Accept',
      message: `The Accept header contains an invalid value: '${accept}' names no media type; one such as application/json is expected.`,
    });
  });
});

describe('$format', () => {
  it.each([
    ['json', 'minimal'],
    ['JSON', 'minimal'],
    ['application/json', 'minimal'],
    ['application/json;odata.metadata=none', 'none'],
    ['application%2Fjson%3Bodata.metadata%3Dfull', 'full'],
  ])('%s wins over Accept', async (format, level) => {
    for (const path of [profile.path, collectionPath, '/v1.0/']) {
      const answer = await get('text/html', `${path}?$format=${format}`);
      expect([answer.status, answer.headers['content-type']]).toEqual([200, typeFor(level)]);
    }
  });

  it.each(['atom', 'csv'])('%s is not offered: 406', async (format) => {
    const answer = await get('application/json', `${profile.path}?$format=${format}`);
    expect([answer.status, answer.headers['content-type']]).toEqual([406, minimalType]);
  });

  it.each(['', '/', 'a/b/c'])('%j is malformed: 400', async (format) => {
    expectRefusal(await get(undefined, `${profile.path}?$format=${format}`), '400 BadRequest optionInvalid', {
      target: '$format',
      message: `Invalid value '${format}' for $format; allowed are json, xml, csv, ndjson and a media type such as application/json;odata.metadata=minimal.`,
    });
  });
});

describe('Prefer: omit-values=nulls', () => {
  it('leaves nulls out, inside as well, and nothing else', async () => {
    const answer = await service.send({ path: profile.path, headers: { Prefer: 'omit-values=nulls' } });
    const present = Object.entries(writtenProperties(profile.values)).filter(([, value]) => value !== null);
    const vendorInformation = { '@odata.type': '#microsoft.graph.securityVendorInformation', vendor: 'm' };
    expect(answer.body).toEqual({
      '@odata.context': entityContext,
      '@odata.type': '#microsoft.graph.cloudAppSecurityProfile',
      '@odata.etag': 'W/"1"',
      ...Object.fromEntries(present),
      vendorInformation,
    });
    expect(answer.headers.etag).toBe('W/"1"');
  });
});

describe('OData-Version and OData-MaxVersion', () => {
  it.each([
    { 'OData-Version': '4.0' },
    { 'OData-Version': '4.01' },
    { 'OData-MaxVersion': '4.0' },
    { 'OData-MaxVersion': '4.01' },
    { 'OData-MaxVersion': '5.0' },
    { 'OData-Version': '4.0;NetFx', 'OData-MaxVersion': '4.0;NetFx' },
  ])('%j is answered in 4.0', async (headers) => {
    const answer = await service.send({ path: profile.path, headers });
    expectJson(answer, 200, writtenEntity(service, profile.values, 1), { etag: 'W/"1"' });
  });

  it.each([
    ['OData-Version', '3.0', 'allowed are 4.0 and 4.01'],
    ['OData-Version', '5.0', 'allowed are 4.0 and 4.01'],
    ['OData-Version', 'four', 'allowed are 4.0 and 4.01'],
    ['OData-Version', '', 'allowed are 4.0 and 4.01'],
    ['OData-MaxVersion', '3.0', '4.0 or higher is expected, as answers are in 4.0'],
    ['OData-MaxVersion', 'x', '4.0 or higher is expected, as answers are in 4.0'],
  ])('%s: %s is 400', async (header, value, allowed) => {
    const patch = patchOf(profile, { name: 'changed' }, { [header]: value });
    const answer = await expectUnchanged(service, profile, () => service.send(patch));
    expectRefusal(answer, '400 BadRequest versionNotSupported', {
      target: header,
      message: `${header} '${value}' is not supported; ${allowed}.`,
    });
  });
});

describe('Accept-Encoding', () => {
  const plain = () => service.send({ path: collectionPath, headers: { 'accept-encoding': 'identity' } });

  it.each([
    ['gzip', 'gzip'],
    ['br', 'br'],
    ['gzip, deflate, br', 'br'],
    ['gzip;q=1, br;q=0.5', 'gzip'],
    ['*', 'br'],
  ] as const)('%s: the same JSON as %s', async (encoding, coding) => {
    const answer = await service.send({ path: collectionPath, headers: { 'accept-encoding': encoding } });
    const inflated = coding === 'br' ? brotliDecompressSync(answer.bytes) : gunzipSync(answer.bytes);
    expect(inflated.toString()).toBe((await plain()).text);
    expectHeaders(answer, {
      'content-type': minimalType,
      'content-encoding': coding,
      'content-length': String(answer.bytes.length),
    });
  });

  it.each(['identity', '', 'gzip;q=0', 'zstd', 'br;q=0, gzip;q=0'])('%j: as it is', async (encoding) => {
    const answer = await service.send({ path: collectionPath, headers: { 'accept-encoding': encoding } });
    expect([answer.status, answer.headers['content-encoding'], answer.text]).toEqual([
      200,
      undefined,
      (await plain()).text,
    ]);
  });

  it('a small answer is not worth it', async () => {
    const answer = await service.send({ path: '/v1.0/security', headers: { 'accept-encoding': 'gzip' } });
    expect(answer.headers['content-encoding']).toBeUndefined();
  });
});
