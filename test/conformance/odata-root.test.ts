/** /odata/v4/: the same data for generic OData clients, as the specification has it (digest 3.1, 4.9, 5.4, 5.7, 8.8). */
import { afterAll, describe, expect, it } from 'vitest';
import { askBatch, partsOf, readPart } from '../support/batch.ts';
import { startHooked } from '../support/configured-server.ts';
import {
  absentId,
  collectionPath,
  expectJson,
  expectNoContent,
  expectRefusal,
  itemsOf,
  membersOf,
  openService,
  patchOf,
  type Service,
  writtenItem,
} from '../support/conformance.ts';
import { type Answer, createExchange } from '../support/exchange.ts';

const service: Service = await openService('--no-sample');
afterAll(() => service.stop());

const root = '/odata/v4';
const set = `${root}/cloudAppSecurityProfiles`;
const metadata = `${service.url}${root}/$metadata`;
for (let index = 0; index < 7; index += 1) await service.create({ name: `n${index}`, platform: 'paged' });
const paged = `$filter=${encodeURIComponent("platform eq 'paged'")}`;

describe('addresses', () => {
  it.each([
    (id: string) => `${set}('${id}')`,
    (id: string) => `${set}/${id}`,
    (id: string) => `${set}(id='${id}')`,
    (id: string) => `${set}(%27${id}%27)`,
    (id: string) => `${root}/security/cloudAppSecurityProfiles('${id}')`,
    (id: string) => `${root}/CLOUDAPPSECURITYPROFILES('${id.toUpperCase()}')`,
    (id: string) => `/OData/V4/cloudAppSecurityProfiles('${id}')`,
  ])('%s', async (pathOf) => {
    const profile = await service.create({ name: 'addressed' });
    const answer = await service.send({ path: pathOf(profile.id) });
    expectJson(
      answer,
      200,
      {
        '@odata.context': `${metadata}#cloudAppSecurityProfiles/$entity`,
        ...writtenItem(profile.values, 1),
      },
      { etag: 'W/"1"' },
    );
  });

  it('the set is at the top of this root only', async () => {
    for (const version of ['v1.0', 'beta']) {
      expectRefusal(
        await service.send({ path: `/${version}/cloudAppSecurityProfiles` }),
        '400 BadRequest segmentUnknown',
        {
          message: /^Resource not found for the segment 'cloudAppSecurityProfiles'\./,
          target: 'cloudAppSecurityProfiles',
        },
      );
    }
  });

  it('the canonical form without quotes is 400', async () => {
    const answer = await service.send({ path: `${set}(${absentId})` });
    expect([answer.status, membersOf(answer).error]).toMatchObject([
      400,
      { innerError: { code: 'pathInvalid' } },
    ]);
  });

  it.each(['/odata', '/odata/', '/odata/v2/', '/odata/v5/cloudAppSecurityProfiles'])(
    '%s is no root',
    async (path) => {
      const answer = await service.send({ path });
      expect([answer.status, membersOf(answer).error]).toMatchObject([
        400,
        { innerError: { code: 'versionUnknown' } },
      ]);
    },
  );

  it('properties, raw values and counts are below', async () => {
    const profile = await service.create({ name: 'below', tags: ['a', 'b'] });
    const key = `${set}('${profile.id}')`;
    expect((await service.send({ path: `${key}/name` })).body).toEqual({
      '@odata.context': `${metadata}#cloudAppSecurityProfiles('${profile.id}')/name`,
      value: 'below',
    });
    expect((await service.send({ path: `${key}/name/$value` })).text).toBe('below');
    expect((await service.send({ path: `${key}/tags/$count` })).text).toBe('2');
    expect((await service.send({ path: `${set}/$count?${paged}` })).text).toBe('7');
  });
});

describe('documents', () => {
  it('the service document lists the set as a table', async () => {
    for (const path of [root, `${root}/`]) {
      expect((await service.send({ path })).body).toEqual({
        '@odata.context': metadata,
        value: [
          { name: 'cloudAppSecurityProfiles', kind: 'EntitySet', url: 'cloudAppSecurityProfiles' },
          { name: 'security', kind: 'Singleton', url: 'security' },
        ],
      });
    }
  });

  it('$metadata declares the set, in this root only', async () => {
    const declaration = '<EntitySet Name="cloudAppSecurityProfiles" EntityType="';
    const here = await service.send({ path: `${root}/$metadata`, token: undefined });
    expect([here.status, here.text.includes(declaration)]).toEqual([200, true]);
    const there = await service.send({ path: '/v1.0/$metadata', token: undefined });
    expect([there.status, there.text.includes(declaration)]).toEqual([200, false]);
  });
});

describe('context and links', () => {
  it('of a projection, an aggregation and a computed property', async () => {
    const contextOf = async (query: string) =>
      membersOf(await service.send({ path: `${set}?${query}` }))['@odata.context'];
    expect(await contextOf('$top=1&$select=name,vendorInformation/vendor')).toBe(
      `${metadata}#cloudAppSecurityProfiles(id,name,vendorInformation/vendor)`,
    );
    expect(await contextOf('$apply=groupby((platform),aggregate($count%20as%20N))')).toBe(
      `${metadata}#cloudAppSecurityProfiles(platform,N)`,
    );
    expect(await contextOf('$top=1&$compute=length(name)%20as%20L&$select=L')).toBe(
      `${metadata}#cloudAppSecurityProfiles(id,L)`,
    );
  });

  it('full metadata names the entity below this root', async () => {
    const profile = await service.create();
    const accept = 'application/json;odata.metadata=full';
    const answer = await service.send({ path: `${set}('${profile.id}')`, headers: { accept } });
    // The canonical form of this root and the one of the Graph roots are both legal; one of them it is.
    const id = membersOf(answer)['@odata.id'];
    expect([`${service.url}${set}/${profile.id}`, `${service.url}${set}('${profile.id}')`]).toContain(id);
    expect(membersOf(answer)['@odata.editLink']).toBe(id);
    expect((await service.send({ path: String(id).slice(service.url.length) })).status).toBe(200);
  });

  it('a page goes on below this root, with absolute links that work', async () => {
    const ids: unknown[] = [];
    let path: string | undefined = `${set}?${paged}&$select=name`;
    while (path !== undefined) {
      const page: Answer = await service.send({ path, headers: { prefer: 'odata.maxpagesize=3' } });
      expect(membersOf(page)['@odata.context']).toBe(`${metadata}#cloudAppSecurityProfiles(id,name)`);
      ids.push(...itemsOf(page).map(({ id }) => id));
      const link = membersOf(page)['@odata.nextLink'] as string | undefined;
      if (link !== undefined) expect(link.startsWith(`${service.url}${set}?`)).toBe(true);
      path = link?.slice(service.url.length);
    }
    expect([ids.length, new Set(ids).size]).toEqual([7, 7]);
  });
});

describe('$top is a total', () => {
  const read = async (query: string, headers: Readonly<Record<string, string>> = {}, path = set) => {
    const answer = await service.send({ path: `${path}?${query}`, headers });
    return [itemsOf(answer).length, '@odata.nextLink' in membersOf(answer)];
  };

  it('and no link follows', async () => {
    expect(await read(`${paged}&$top=2`)).toEqual([2, false]);
    expect(await read(`${paged}&$top=0`)).toEqual([0, false]);
    expect(await read(`${paged}&$top=7`)).toEqual([7, false]);
    expect(await read(`${paged}&$top=100`)).toEqual([7, false]);
    expect(await read(`${paged}&$top=2&$skip=6`)).toEqual([1, false]);
  });

  it('under the longer address of the set as well', async () => {
    expect(await read(`${paged}&$top=2`, {}, `${root}/security/cloudAppSecurityProfiles`)).toEqual([
      2,
      false,
    ]);
  });

  it('read in pages ends after it', async () => {
    let path: string | undefined = `${set}?${paged}&$top=5&$count=true`;
    const sizes: number[] = [];
    const counts: unknown[] = [];
    while (path !== undefined) {
      const page: Answer = await service.send({ path, headers: { prefer: 'maxpagesize=2' } });
      sizes.push(itemsOf(page).length);
      counts.push(membersOf(page)['@odata.count']);
      path = (membersOf(page)['@odata.nextLink'] as string | undefined)?.slice(service.url.length);
    }
    expect(sizes).toEqual([2, 2, 1]);
    // The number of all that match, on the first page only.
    expect(counts).toEqual([7, undefined, undefined]);
  });

  it('while a Graph client on a Graph root gets pages', async () => {
    expect(await read(`${paged}&$top=2`, {}, collectionPath)).toEqual([2, true]);
  });

  it.each([
    ['graph', [2, true]],
    ['odata', [2, false]],
  ] as const)('unless --top-semantics %s says otherwise', async (semantics, expected) => {
    const other = await openService('--no-sample', '--top-semantics', semantics);
    try {
      for (let index = 0; index < 3; index += 1) await other.create();
      for (const path of [set, collectionPath]) {
        const answer = await other.send({ path: `${path}?$top=2` });
        expect([itemsOf(answer).length, '@odata.nextLink' in membersOf(answer)]).toEqual(expected);
      }
    } finally {
      await other.stop();
    }
  });
});

describe('writes', () => {
  it('name the new entity below this root', async () => {
    const made = await service.send({ method: 'POST', path: set, body: { name: 'made' } });
    const { id } = membersOf(made) as { id: string };
    expect([made.status, membersOf(made)['@odata.context']]).toEqual([
      201,
      `${metadata}#cloudAppSecurityProfiles/$entity`,
    ]);
    const location = String(made.headers.location);
    expect([`${service.url}${set}/${id}`, `${service.url}${set}('${id}')`]).toContain(location);
    const path = location.slice(service.url.length);
    const changed = await service.send(patchOf({ path }, { name: 'changed' }, { 'if-match': 'W/"1"' }));
    expect([changed.status, membersOf(changed).name]).toEqual([200, 'changed']);
    expectNoContent(await service.send({ method: 'DELETE', path: `${set}('${id}')` }), 204, {});
    expect((await service.send({ path: `${collectionPath}/${id}` })).status).toBe(404);
  });

  it('are those of the other roots: one store', async () => {
    const profile = await service.create({ name: 'shared' });
    await service.send({ path: `${set}('${profile.id}')`, body: { name: 'seen everywhere' } });
    for (const path of [`/beta/security/cloudAppSecurityProfiles/${profile.id}`, profile.path]) {
      expect(membersOf(await service.send({ path })).name).toBe('seen everywhere');
    }
  });
});

describe('$batch of this root', () => {
  it('resolves addresses against it', async () => {
    const parts = partsOf(
      await service.send(
        askBatch(
          [readPart('1', `cloudAppSecurityProfiles?$top=1&${paged}`), readPart('2', `${set}/$count`)],
          {
            path: `${root}/$batch`,
          },
        ),
      ),
    );
    expect(parts.map(({ status }) => status)).toEqual([200, 200]);
    expect(parts[0]?.body).not.toHaveProperty(['@odata.nextLink']);
  });
});

describe('the handshake of Excel and Power BI', () => {
  const challenge = /^Bearer realm="", authorization_uri="(https?:\/\/[^"]+)", client_id="[0-9a-f-]{36}"$/;
  const ask = (authorization: string | undefined) =>
    service.send({ path: `${root}/`, token: undefined, headers: { authorization } });

  it.each([
    ['no Authorization', undefined, /^No bearer token arrived\./],
    ['Bearer without a token', 'Bearer', /^Access token is empty/],
    ['Bearer and a blank', 'Bearer ', /^Access token is empty/],
    ['bearer in small letters', 'bearer', /^Access token is empty/],
  ])('%s: 401 that says where to sign in', async (_, authorization, message) => {
    const answer = await ask(authorization);
    expectRefusal(answer, '401 InvalidAuthenticationToken tokenMissing', {
      message,
      target: 'Authorization',
      headers: { 'www-authenticate': expect.stringMatching(challenge) },
    });
    // Nothing was refused, so nothing is called an error.
    expect(answer.headers['www-authenticate']).not.toContain('error=');
  });

  it('the address in the challenge is served', async () => {
    const answer = await ask(undefined);
    const [, address = ''] = challenge.exec(answer.headers['www-authenticate'] ?? '') ?? [];
    expect(new URL(address).origin).toBe(service.server.httpsUrl);
    expect(address).toMatch(/\/oauth2\/(v2\.0\/)?authorize$/);
  });

  it('without https the address in the challenge is served, too', async () => {
    const plain = await startHooked(['--dev', '--no-sample', '--https-port', 'off']);
    const exchange = createExchange(plain.httpUrl);
    try {
      const answer = await exchange.send({ path: `${root}/` });
      const [, address = ''] = challenge.exec(answer.headers['www-authenticate'] ?? '') ?? [];
      expect(new URL(address).origin).toBe(plain.httpUrl);
    } finally {
      exchange.close();
      await plain.stop();
    }
  });

  it('a token that is refused is called so', async () => {
    const answer = await ask('Bearer garbage');
    expect(answer.status).toBe(401);
    expect(answer.headers['www-authenticate']).toMatch(/error="invalid_token"/);
  });

  it('$metadata needs none of it', async () => {
    const answer = await service.send({ path: `${root}/$metadata`, token: undefined });
    expect([answer.status, answer.headers['content-type']]).toEqual([200, 'application/xml;charset=utf-8']);
  });

  it('then the feed is read as Power Query reads it', async () => {
    const headers = {
      accept:
        'application/json;odata.metadata=minimal;q=1.0,application/json;odata=minimalmetadata;q=0.9,application/atomsvc+xml;q=0.8,application/atom+xml;q=0.8,application/xml;q=0.7,text/plain;q=0.7',
      'odata-maxversion': '4.0',
      prefer: 'odata.maxpagesize=1000,omit-values=nulls',
      'accept-encoding': 'gzip, deflate',
    };
    const answer = await service.send({ path: `${set}?${paged}&$select=id,name&$top=1000`, headers });
    expect(answer.status).toBe(200);
    const small = await service.send({
      path: `${set}?${paged}&$top=3&$count=true`,
      headers: { ...headers, 'accept-encoding': 'identity' },
    });
    expect([itemsOf(small).length, membersOf(small)['@odata.count']]).toEqual([3, 7]);
  });
});
