/** The collection by pages: sizes, links, and what a link is worth (Protocol 11.2.6, digest 4.9, 4.10). */
import { afterAll, describe, expect, it } from 'vitest';
import {
  type Created,
  collectionPath,
  exampleId,
  expectHeaders,
  expectJson,
  expectRefusal,
  itemsOf,
  membersOf,
  minimalType,
  openService,
  type Service,
  writtenItem,
} from '../support/conformance.ts';
import type { Answer, Ask } from '../support/exchange.ts';

const service: Service = await openService();
afterAll(() => service.stop());

const sampleCount = 250;
/** Of a tenant that never has a profile. */
const tokenOfNobody = service.server.token('--tenant', '11111111-1111-4111-8111-1111111111a2');

const linkOf = (answer: Answer): string | undefined =>
  membersOf(answer)['@odata.nextLink'] as string | undefined;
const idsOf = (answer: Answer): readonly string[] => itemsOf(answer).map(({ id }) => String(id));

/** The path and query of an absolute link, untouched. */
const pathOf = (link: string): string => {
  expect(link.startsWith(`${service.url}/`)).toBe(true);
  return link.slice(service.url.length);
};

/** Follows links to the end; `between` runs after each page but the last. */
async function readPages(
  first: Ask,
  between: (page: number) => Promise<unknown> = async () => {},
): Promise<readonly Answer[]> {
  const pages: Answer[] = [];
  let path: string | undefined = first.path;
  while (path !== undefined) {
    const answer = await service.send({ ...first, path });
    expect(answer.status).toBe(200);
    pages.push(answer);
    const link = linkOf(answer);
    path = link === undefined ? undefined : pathOf(link);
    if (path !== undefined) await between(pages.length);
    expect(pages.length).toBeLessThan(1000);
  }
  return pages;
}

const sizesOf = (pages: readonly Answer[]) => pages.map((page) => itemsOf(page).length);

const allIds = (await readPages({ path: collectionPath })).flatMap(idsOf);

describe('the first page', () => {
  it('has a hundred profiles and a link', async () => {
    const answer = await service.send({ path: collectionPath });
    expect(Object.keys(membersOf(answer))).toEqual(['@odata.context', 'value', '@odata.nextLink']);
    expect(membersOf(answer)['@odata.context']).toBe(
      `${service.url}/v1.0/$metadata#security/cloudAppSecurityProfiles`,
    );
    expect(itemsOf(answer)).toHaveLength(100);
    expect(linkOf(answer)).toMatch(
      new RegExp(`^${service.url}${collectionPath}\\?\\$skiptoken=[A-Za-z0-9_-]+$`),
    );
    expectHeaders(answer, {
      'content-type': minimalType,
      'content-length': String(Buffer.byteLength(answer.text)),
    });
  });

  it('each of its profiles is what GET answers, without the context', async () => {
    const answer = await service.send({ path: `${collectionPath}?$top=5` });
    for (const item of itemsOf(answer)) {
      const { '@odata.context': _, ...alone } = membersOf(
        await service.send({ path: `${collectionPath}/${item.id}` }),
      );
      expect(JSON.stringify(item)).toBe(JSON.stringify(alone));
    }
  });

  it('of a tenant with one profile is that profile and no link', async () => {
    const token = service.server.token('--tenant', '11111111-1111-4111-8111-1111111111a1');
    const made = await service.send({ method: 'POST', path: collectionPath, body: { name: 'only' }, token });
    const values = membersOf(made) as unknown as Created['values'];
    expectJson(await service.send({ path: collectionPath, token }), 200, {
      '@odata.context': `${service.url}/v1.0/$metadata#security/cloudAppSecurityProfiles`,
      value: [writtenItem(values, 1)],
    });
  });

  it('of a tenant with none is empty', async () => {
    const token = tokenOfNobody;
    for (const options of ['', '?$top=1', '?$top=1000']) {
      expectJson(await service.send({ path: `${collectionPath}${options}`, token }), 200, {
        '@odata.context': `${service.url}/v1.0/$metadata#security/cloudAppSecurityProfiles`,
        value: [],
      });
    }
  });
});

describe('all pages', () => {
  it('hold every profile once, in the order of ids', () => {
    expect(allIds).toHaveLength(sampleCount);
    expect(allIds).toEqual([...new Set(allIds)].sort());
    expect(allIds).toContain(exampleId);
  });

  it.each([
    ['', [100, 100, 50]],
    ['?$top=100', [100, 100, 50]],
    ['?$top=99', [99, 99, 52]],
    ['?$top=125', [125, 125]],
    ['?$top=249', [249, 1]],
    ['?$top=250', [250]],
    ['?$top=251', [250]],
    ['?$top=1000', [250]],
    ['?$top=1001', [250]],
    ['?$top=99999999999999999999', [250]],
    ['?$top=007', [...Array(35).fill(7), 5]],
    ['?top=200', [200, 50]],
    ['?$TOP=200', [200, 50]],
    ['?%24top=200', [200, 50]],
    ['?$top=2%300', [200, 50]],
    ['?$top=200&api-version=1&unknown=x', [200, 50]],
    ['?', [100, 100, 50]],
    ['?&&', [100, 100, 50]],
  ])('%j: %j', async (options, sizes) => {
    const pages = await readPages({ path: `${collectionPath}${options}` });
    expect(sizesOf(pages)).toEqual(sizes);
    expect(pages.flatMap(idsOf)).toEqual(allIds);
  });

  it('$top=1 walks one by one', async () => {
    const pages = await readPages({ path: `${collectionPath}?$top=1` });
    expect(pages.flatMap(idsOf)).toEqual(allIds);
    expect(pages).toHaveLength(sampleCount);
  });

  it('$top=0 is an empty page without a link', async () => {
    expectJson(await service.send({ path: `${collectionPath}?$top=0` }), 200, {
      '@odata.context': `${service.url}/v1.0/$metadata#security/cloudAppSecurityProfiles`,
      value: [],
    });
  });

  it('links keep $top and the root they came from', async () => {
    const answer = await service.send({ path: '/BETA/Security/CLOUDappsecurityprofiles?$top=3' });
    expect(linkOf(answer)).toMatch(
      new RegExp(`^${service.url}/beta/security/cloudAppSecurityProfiles\\?\\$top=3&\\$skiptoken=[\\w-]+$`),
    );
    const pages = await readPages({ path: '/beta/security/cloudAppSecurityProfiles?$top=100' });
    expect(sizesOf(pages)).toEqual([100, 100, 50]);
  });

  it('a link works again and again, with the same answer', async () => {
    const link = pathOf(linkOf(await service.send({ path: `${collectionPath}?$top=10` })) ?? '');
    const [one, two] = [await service.send({ path: link }), await service.send({ path: link })];
    expect(idsOf(two)).toEqual(idsOf(one));
  });
});

describe('the size as generic OData clients mean it', () => {
  const total = { 'OData-MaxVersion': '4.0' };

  it.each([
    ['?$top=10', total, [10]],
    ['?$top=250', total, [250]],
    ['?$top=10', { 'OData-Version': '4.0' }, [10]],
    ['?$top=10', { Prefer: 'maxpagesize=4' }, [4, 4, 2]],
    ['?$top=8', { Prefer: 'odata.maxpagesize=4' }, [4, 4]],
    ['', { Prefer: 'maxpagesize=120' }, [120, 120, 10]],
    ['', { Prefer: 'maxpagesize=5000' }, [250]],
    ['', { Prefer: 'maxpagesize=0' }, [100, 100, 50]],
    ['', { Prefer: 'maxpagesize=many' }, [100, 100, 50]],
    ['', total, [100, 100, 50]],
  ])('%j under %j: %j', async (options, headers, sizes) => {
    const pages = await readPages({ path: `${collectionPath}${options}`, headers });
    expect(sizesOf(pages)).toEqual(sizes);
    expect(pages.flatMap(idsOf)).toEqual(
      allIds.slice(
        0,
        sizes.reduce((sum, size) => sum + size, 0),
      ),
    );
  });

  it('a total beyond the largest page goes on to exactly that total', async () => {
    const pages = await readPages({
      path: `${collectionPath}?$top=230`,
      headers: { Prefer: 'maxpagesize=100' },
    });
    expect(sizesOf(pages)).toEqual([100, 100, 30]);
  });

  it('on the root for generic clients', async () => {
    const pages = await readPages({ path: '/odata/v4/security/cloudAppSecurityProfiles?$top=10' });
    expect(sizesOf(pages)).toEqual([10]);
  });
});

describe('while others write', () => {
  it('every profile that stays is met once, neither skipped nor repeated', async () => {
    const stays = new Set(allIds);
    const seen: string[] = [];
    let path: string | undefined = `${collectionPath}?$top=20`;
    const made: Created[] = [];
    while (path !== undefined) {
      const answer: Answer = await service.send({ path });
      seen.push(...idsOf(answer));
      // Gone from behind and in front of the place we are at, new ones anywhere, others changed.
      for (const id of [seen[0], made.pop()?.id]) {
        if (id === undefined || stays.has(id)) continue;
        await service.send({ method: 'DELETE', path: `${collectionPath}/${id}` });
      }
      made.push(await service.create(), await service.create());
      await service.send({
        path: `${collectionPath}/${exampleId}`,
        body: { riskScore: String(seen.length) },
      });
      const link = linkOf(answer);
      path = link === undefined ? undefined : pathOf(link);
    }
    expect(new Set(seen).size).toBe(seen.length);
    expect(seen.filter((id) => stays.has(id))).toEqual(allIds);
    for (const { path: own } of made) await service.send({ method: 'DELETE', path: own });
    const left = (await readPages({ path: `${collectionPath}?$top=1000` })).flatMap(idsOf);
    for (const id of left) {
      if (!stays.has(id)) await service.send({ method: 'DELETE', path: `${collectionPath}/${id}` });
    }
  });

  it('a link outlives the profile it ended with', async () => {
    const made = [await service.create(), await service.create(), await service.create()];
    const token = (await readPages({ path: `${collectionPath}?$top=1` })).map((page) => ({
      id: idsOf(page)[0],
      link: linkOf(page),
    }));
    for (const { id, path } of made) {
      const { link } = token.find((each) => each.id === id) ?? {};
      await service.send({ method: 'DELETE', path });
      if (link === undefined) continue;
      const next = idsOf(await service.send({ path: pathOf(link) }))[0];
      expect(String(next) > id).toBe(true);
    }
  });
});

describe('$skiptoken', () => {
  const refused = async (token: string, message: RegExp | string, options = '') => {
    const answer = await service.send({ path: `${collectionPath}?${options}$skiptoken=${token}` });
    expectRefusal(answer, '400 BadRequest pageTokenInvalid', { target: '$skiptoken', message });
  };
  const freshToken = async () => {
    const link = linkOf(await service.send({ path: `${collectionPath}?$top=7` })) ?? '';
    return link.slice(link.indexOf('$skiptoken=') + '$skiptoken='.length);
  };
  const advice = 'Follow @odata.nextLink as it was given.';

  it.each(['', 'x', '100', 'AAAA', 'a.b', '%C3%BC', 'A'.repeat(15_000), `${'A'.repeat(80)}`])(
    '%j was never given out',
    (token) =>
      refused(
        token,
        /^The \$skiptoken (is malformed|was altered or does not come from this service)\. Follow /,
      ),
  );

  it('altered anywhere is refused', async () => {
    const token = await freshToken();
    for (let index = 0; index < token.length; index += 1) {
      const other = token[index] === 'A' ? 'B' : 'A';
      await refused(
        token.slice(0, index) + other + token.slice(index + 1),
        new RegExp(
          `^The \\$skiptoken (is malformed|was altered or does not come from this service)\\. ${advice}$`,
        ),
      );
    }
  });

  it('cut or lengthened is refused', async () => {
    const token = await freshToken();
    const message = new RegExp(`${advice}$`);
    for (const other of [token.slice(0, -1), token.slice(1), `${token}A`, token + token])
      await refused(other, message);
  });

  it('of another tenant is refused', async () => {
    const answer = await service.send({
      path: `${collectionPath}?$top=7&$skiptoken=${await freshToken()}`,
      token: tokenOfNobody,
    });
    expectRefusal(answer, '400 BadRequest pageTokenInvalid', {
      target: '$skiptoken',
      message: `The $skiptoken belongs to another tenant. ${advice}`,
    });
  });

  it('wins over a $top changed beside it', async () => {
    const answer = await service.send({ path: `${collectionPath}?$top=3&$skiptoken=${await freshToken()}` });
    expect(itemsOf(answer)).toHaveLength(7);
  });

  it('tells nothing of what it holds', async () => {
    const bytes = Buffer.from(await freshToken(), 'base64url').toString('latin1');
    for (const secret of [allIds[6] ?? '', 'c0de', 'tenant']) expect(bytes).not.toContain(secret);
  });
});

describe('options that cannot be honoured', () => {
  it.each(['-1', '+1', '1.5', 'ten', '', ' 1', '1e3', '0x10', '١', 'null', "'5'"])(
    '$top=%s',
    async (value) => {
      const answer = await service.send({ path: `${collectionPath}?$top=${encodeURIComponent(value)}` });
      expectRefusal(answer, '400 BadRequest optionInvalid', {
        target: '$top',
        message: `Invalid value '${value}' for $top; a non-negative integer in plain digits is expected.`,
      });
    },
  );

  it.each(['$top=1&$top=2', '$top=1&top=2', '$Top=1&$TOP=1'])('%s', async (options) => {
    expectRefusal(
      await service.send({ path: `${collectionPath}?${options}` }),
      '400 BadRequest optionDuplicate',
      {
        target: '$top',
        message: "Query option '$top' was given twice; each may appear once, with or without '$'.",
      },
    );
  });

  it.each([
    ['$fliter', " Did you mean '$filter'?"],
    ['$topp', " Did you mean '$top'?"],
    ['$', ''],
    ['$everything', ''],
  ])('%s is unknown', async (name, suggestion) => {
    const answer = await service.send({ path: `${collectionPath}?${name}=1` });
    expectRefusal(answer, '400 BadRequest optionUnknown', {
      target: name,
      message: new RegExp(
        `^Query option '\\${name}' is not known\\.${suggestion.replace(/[$?]/g, '\\$&')} Allowed are \\$filter, .*\\.$`,
      ),
    });
  });

  it('$expand has nothing to expand', async () => {
    expectRefusal(
      await service.send({ path: `${collectionPath}?$expand=owner` }),
      '400 ExpandNotSupported expandNotSupported',
      {
        target: '$expand',
        message: 'Expand is not allowed: the entity schema has no navigation properties.',
      },
    );
  });

  // An option that is built leaves this list; none is ever ignored.
  it.each(['$index=1', '$levels=1', '$deltatoken=x', '$id=x'])('%s is not built: 501', async (option) => {
    const [name = ''] = option.split('=');
    for (const path of [collectionPath, `${collectionPath}/${exampleId}`]) {
      expectRefusal(
        await service.send({ path: `${path}?${option}` }),
        '501 NotImplemented optionUnsupported',
        {
          target: name,
          message: `The query option '${name}' is not supported.`,
        },
      );
    }
  });

  it.each(['$top=%', '$top=%2', '$top=%zz', '$top=%ff', '%ff=1'])('%s is malformed', async (options) => {
    const answer = await service.send({ path: `${collectionPath}?${options}` });
    expect([answer.status, (answer.body as { error: { code: string } }).error.code]).toEqual([
      400,
      'BadRequest',
    ]);
  });

  it('too many options', async () => {
    const options = Array.from({ length: 257 }, (_, index) => `custom${index}=1`).join('&');
    expectRefusal(
      await service.send({ path: `${collectionPath}?${options}` }),
      '400 BadRequest queryTooComplex',
      {
        target: 'query',
        message: 'The query has more than 256 options; at most 256 are allowed.',
      },
    );
  });
});
