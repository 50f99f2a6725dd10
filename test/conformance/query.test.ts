/** Query options over the wire: whole answers, and refusals that say what is wrong and where (Protocol 11.2). */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { EntityValues } from '../../src/edm/types.ts';
import {
  type Created,
  collectionPath,
  expectJson,
  expectRefusal,
  openService,
  type Service,
} from '../support/conformance.ts';

let service: Service;
const profiles: Created[] = [];

/** Four profiles under a publisher nobody else has, so that the sample does not answer with them. */
const rows: readonly EntityValues[] = [
  { name: 'Ångström', riskScore: '9', isSigned: true, tags: ['a', 'b'], permissionsRequired: 'system' },
  { name: 'beta', riskScore: '10', isSigned: false, tags: [], permissionsRequired: 'user' },
  { name: null, riskScore: 'High', isSigned: null, tags: ['b'], permissionsRequired: null },
  {
    name: '日本 🚀',
    riskScore: '2',
    isSigned: true,
    tags: ['c'],
    vendorInformation: { provider: 'P', providerVersion: null, subProvider: null, vendor: 'V' },
  },
];
const publisher = 'Query suite';

beforeAll(async () => {
  service = await openService();
  for (const row of rows) profiles.push(await service.create({ ...row, publisher }));
});
afterAll(() => service.stop());

const address = (options: Readonly<Record<string, string>>, path = collectionPath): string => {
  const query = Object.entries(options).map(([name, value]) => `${name}=${encodeURIComponent(value)}`);
  return query.length === 0 ? path : `${path}?${query.join('&')}`;
};
const ours = `publisher eq '${publisher}'`;

/** Which of the rows an answer holds, by their number, in its order. */
async function numbers(options: Readonly<Record<string, string>>): Promise<readonly number[]> {
  const answer = await service.send({ path: address(options) });
  expect(answer.status, answer.text).toBe(200);
  const { value } = answer.body as { readonly value: readonly { readonly id: string }[] };
  return value.map(({ id }) => profiles.findIndex((profile) => profile.id === id));
}

describe('$filter chooses rows', () => {
  it.each([
    [`${ours} and name eq 'beta'`, [1]],
    [`${ours} and name eq null`, [2]],
    [`${ours} and not (name eq 'beta')`, [0, 2, 3]],
    [`${ours} and tolower(name) eq 'ångström'`, [0]],
    [`${ours} and length(name) eq 4 and contains(name,'🚀')`, [3]],
    [`${ours} and tags/any(t:t eq 'b')`, [0, 2]],
    [`${ours} and tags/all(t:t ne 'b')`, [1, 3]],
    [`${ours} and 'c' in tags`, [3]],
    [`${ours} and tags/$count gt 1`, [0]],
    [`${ours} and permissionsRequired gt 'user'`, [0]],
    [`${ours} and permissionsRequired in ('user',null)`, [1, 2, 3]],
    [`${ours} and cast(riskScore,Edm.Int32) gt 5`, [0, 1]],
    [`${ours} and vendorInformation/provider eq 'P'`, [3]],
    [`${ours} and vendorInformation eq null`, [0, 1, 2]],
    [`${ours} and matchespattern(name,'^b.t')`, [1]],
    [`${ours} and isSigned`, [0, 3]],
    [`${ours} and case(isSigned:1,true:2) eq 2`, [1, 2]],
    [`${ours} AND NOT(isSigned eq true)`, [1, 2]],
    [`${ours} and createdDateTime gt now() sub duration'PT1H'`, [0, 1, 2, 3]],
  ])('%s', async (filter, expected) => {
    const found = await numbers({ $filter: filter });
    expect([...found].sort()).toEqual(expected);
  });

  it('takes parameter aliases, and options without the dollar sign', async () => {
    expect(
      await numbers({ filter: 'publisher eq @p and name eq @n', '@p': `'${publisher}'`, '@n': "'beta'" }),
    ).toEqual([1]);
  });
});

describe('$orderby, $select, $count, $top, $skip', () => {
  it.each([
    ['name', [2, 1, 0, 3]],
    ['name desc', [3, 0, 1, 2]],
    ['isSigned desc,name', [0, 3, 1, 2]],
    ['tags/$count desc,length(name)', [0, 2, 3, 1]],
    ['permissionsRequired,name desc', [3, 2, 1, 0]],
  ])('order by %s', async (order, expected) => {
    expect(await numbers({ $filter: ours, $orderby: order })).toEqual(expected);
  });

  it('answers a projection with its context, the count, and nothing more', async () => {
    const answer = await service.send({
      path: address({
        $filter: `${ours} and name eq '日本 🚀'`,
        $select: 'name,vendorInformation/vendor',
        $count: 'true',
      }),
    });
    expectJson(answer, 200, {
      '@odata.context': `${service.url}/v1.0/$metadata#security/cloudAppSecurityProfiles(id,name,vendorInformation/vendor)`,
      '@odata.count': 1,
      value: [
        {
          '@odata.type': '#microsoft.graph.cloudAppSecurityProfile',
          '@odata.etag': 'W/"1"',
          id: profiles[3]?.id,
          name: '日本 🚀',
          vendorInformation: { '@odata.type': '#microsoft.graph.securityVendorInformation', vendor: 'V' },
        },
      ],
    });
  });

  it('skips and computes', async () => {
    const path = address({
      $filter: ours,
      $orderby: 'name desc',
      $skip: '1',
      $top: '1',
      $compute: 'length(name) as size',
      $select: 'size',
    });
    const { body } = await service.send({ path });
    expect(body).toMatchObject({ value: [{ id: profiles[0]?.id, size: 8, 'size@odata.type': '#Int64' }] });
  });
});

describe('pages', () => {
  it('walk every order to its end, each row once', async () => {
    for (const order of [
      'name',
      'name desc',
      'isSigned,name desc',
      'tolower(name)',
      'lastModifiedDateTime desc',
    ]) {
      const all = await numbers({ $filter: ours, $orderby: order });
      const walked: number[] = [];
      let next: string | undefined = address({ $filter: ours, $orderby: order, $top: '1' });
      while (next !== undefined) {
        const { status, body } = await service.send({ path: next.replace(service.url, '') });
        expect(status).toBe(200);
        const page = body as { value: { id: string }[]; '@odata.nextLink'?: string };
        expect(page.value).toHaveLength(1);
        walked.push(...page.value.map(({ id }) => profiles.findIndex((profile) => profile.id === id)));
        next = page['@odata.nextLink'];
      }
      expect(walked, order).toEqual(all);
    }
  });

  it('count only on the first', async () => {
    const first = await service.send({ path: address({ $filter: ours, $count: 'true', $top: '3' }) });
    const page = first.body as { '@odata.count': number; '@odata.nextLink': string };
    expect(page['@odata.count']).toBe(4);
    const second = await service.send({ path: page['@odata.nextLink'].replace(service.url, '') });
    expect(Object.keys(second.body as object)).toEqual(['@odata.context', 'value']);
  });

  it('refuse a link whose question was changed, or whose token was', async () => {
    const first = await service.send({ path: address({ $filter: ours, $top: '1' }) });
    const link = (first.body as { '@odata.nextLink': string })['@odata.nextLink'].replace(service.url, '');
    const changed = await service.send({ path: link.replace('Query', 'Other') });
    expectRefusal(changed, '400 BadRequest pageTokenInvalid', {
      message: /another query/,
      target: '$skiptoken',
    });
    const tampered = await service.send({ path: `${link}A` });
    expectRefusal(tampered, '400 BadRequest pageTokenInvalid', {
      message: /malformed|altered/,
      target: '$skiptoken',
    });
    const foreign = service.server.token('--tenant', '99999999-9999-4999-8999-999999999999');
    const elsewhere = await service.send({ path: link, token: foreign });
    expectRefusal(elsewhere, '400 BadRequest pageTokenInvalid', {
      message: /another tenant/,
      target: '$skiptoken',
    });
  });
});

describe('$search and $apply', () => {
  it('search words by their beginning, phrases, narrowed, negated', async () => {
    const found = async (search: string) => numbers({ $filter: ours, $search: search });
    expect(await found('bet')).toEqual([1]);
    expect(await found('eta')).toEqual([]);
    expect(await found('"query suite" NOT beta')).toHaveLength(3);
    expect(await found('"name:beta"')).toEqual([1]);
    expect(await found('"publisher:beta"')).toEqual([]);
  });

  it('groups, counts and orders', async () => {
    const path = address({
      $apply: `filter(${ours})/groupby((isSigned),aggregate($count as n,riskScore with max as highest))`,
      $orderby: 'n desc,isSigned',
    });
    expectJson(await service.send({ path }), 200, {
      '@odata.context': `${service.url}/v1.0/$metadata#security/cloudAppSecurityProfiles(isSigned,n,highest)`,
      value: [
        { isSigned: true, 'n@odata.type': '#Decimal', n: 2, highest: '9' },
        { isSigned: null, 'n@odata.type': '#Decimal', n: 1, highest: 'High' },
        { isSigned: false, 'n@odata.type': '#Decimal', n: 1, highest: '10' },
      ],
    });
  });

  it('counts rows of a result', async () => {
    const { text } = await service.send({
      path: address({ $apply: `filter(${ours})/groupby((isSigned))` }, `${collectionPath}/$count`),
    });
    expect(text).toBe('3');
  });
});

describe('parts of an entity', () => {
  it.each([
    ['/name', 200, 'application/json', /"value":"Ångström"/],
    ['/name/$value', 200, 'text/plain', /^Ångström$/],
    ['/isSigned/$value', 200, 'text/plain', /^true$/],
    ['/tags', 200, 'application/json', /"value":\["a","b"\]/],
    ['/tags/$count', 200, 'text/plain', /^2$/],
    ['/NAME', 200, 'application/json', /"value":"Ångström"/],
    ['/microsoft.graph.cloudAppSecurityProfile/name', 200, 'application/json', /"value":"Ångström"/],
    ['/policyName', 204, undefined, /^$/],
    ['/policyName/$value', 204, undefined, /^$/],
    ['/vendorInformation', 204, undefined, /^$/],
    ['/vendorInformation/provider', 204, undefined, /^$/],
  ])('%s', async (part, status, type, text) => {
    const answer = await service.send({ path: `${profiles[0]?.path}${part}` });
    expect(answer.status).toBe(status);
    expect(answer.headers['content-type']?.split(';')[0]).toBe(type);
    expect(answer.text).toMatch(text);
    expect(answer.headers.etag).toBe('W/"1"');
  });

  it('a complex value with its members', async () => {
    expectJson(
      await service.send({ path: `${profiles[3]?.path}/vendorInformation` }),
      200,
      {
        '@odata.context': `${service.url}/v1.0/$metadata#security/cloudAppSecurityProfiles('${profiles[3]?.id}')/vendorInformation`,
        '@odata.type': '#microsoft.graph.securityVendorInformation',
        provider: 'P',
        providerVersion: null,
        subProvider: null,
        vendor: 'V',
      },
      { etag: 'W/"1"' },
    );
  });

  it.each([
    '/nmae',
    '/$value',
    '/$ref',
    '/name/x',
    '/tags/$value',
    '/name/$count',
    '/vendorInformation/nope',
  ])('%s is no part', async (part) => {
    const answer = await service.send({ path: `${profiles[0]?.path}${part}` });
    expectRefusal(answer, '400 BadRequest segmentUnknown', {
      message: /^Resource not found for the segment '/,
      target: part.split('/').at(-1) ?? '',
    });
  });
});

describe('POST …/$query', () => {
  it('asks what a long address would', async () => {
    const answer = await service.send({
      method: 'POST',
      path: `${collectionPath}/$query`,
      headers: { 'Content-Type': 'text/plain' },
      body: `$filter=${encodeURIComponent(`${ours} and name eq 'beta'`)}&$select=name`,
    });
    expect(answer.status).toBe(200);
    expect(answer.body).toMatchObject({ value: [{ id: profiles[1]?.id, name: 'beta' }] });
  });
});

describe('wrong questions', () => {
  const long = 'a'.repeat(16 * 1024);
  it.each<[string, Readonly<Record<string, string>>, string, RegExp, string]>([
    [
      'open parenthesis',
      { $filter: "(name eq 'a'" },
      'expressionSyntax',
      /^Invalid filter clause: .* at position 12 in/,
      '$filter',
    ],
    ['closing parenthesis', { $filter: "name eq 'a')" }, 'expressionSyntax', /at position 11 in/, '$filter'],
    [
      '10,000 parentheses',
      { $filter: '('.repeat(10_000) },
      'queryTooComplex',
      /^Invalid filter clause: /,
      '$filter',
    ],
    [
      'unknown name',
      { $filter: 'nmae eq 1' },
      'propertyUnknown',
      /Did you mean 'name'\?.* position 0 in/,
      '$filter',
    ],
    [
      'unknown function',
      { $filter: "contain(name,'a')" },
      'functionUnknown',
      /Did you mean 'contains'\?/,
      '$filter',
    ],
    [
      'type mismatch',
      { $filter: 'riskScore gt 5' },
      'operandTypeMismatch',
      /found Edm.Int64 at position 13.*cast\(riskScore/,
      '$filter',
    ],
    [
      'boolean in quotes',
      { $filter: "isSigned eq 'true'" },
      'operandTypeMismatch',
      /at position 12/,
      '$filter',
    ],
    ['no Boolean', { $filter: 'name' }, 'operandTypeMismatch', /^Invalid filter clause/, '$filter'],
    [
      'unknown member',
      { $filter: "permissionsRequired eq 'admin'" },
      'operandTypeMismatch',
      /administrator/,
      '$filter',
    ],
    [
      'lambda on a primitive',
      { $filter: "name/any(n:n eq 'a')" },
      'operandTypeMismatch',
      /^Invalid filter clause/,
      '$filter',
    ],
    ['division by zero', { $filter: 'length(name) div 0 eq 1' }, 'divisionByZero', /at position/, '$filter'],
    [
      'regular expression',
      { $filter: "matchespattern(name,'(')" },
      'patternInvalid',
      /at position/,
      '$filter',
    ],
    [
      'V3 literal',
      { $filter: "createdDateTime gt datetime'2020-01-01T00:00'" },
      'expressionSyntax',
      /^Invalid filter clause/,
      '$filter',
    ],
    [
      'order by a collection',
      { $orderby: 'tags' },
      'operandTypeMismatch',
      /^Invalid orderby clause/,
      '$orderby',
    ],
    [
      'unknown selection',
      { $select: 'nmae' },
      'propertyUnknown',
      /^Invalid select clause.*'name'/,
      '$select',
    ],
    ['search in quotes', { $search: "'a'" }, 'expressionSyntax', /^Invalid search clause/, '$search'],
    ['negative top', { $top: '-1' }, 'optionInvalid', /digits|number/, '$top'],
    ['top of letters', { $top: 'abc' }, 'optionInvalid', /digits|number/, '$top'],
    ['count', { $count: 'yes' }, 'optionInvalid', /true/, '$count'],
    ['twice', { $top: '1', top: '2' }, 'optionDuplicate', /\$top/, '$top'],
    ['unknown option', { $filtre: 'x' }, 'optionUnknown', /Did you mean '\$filter'\?/, '$filtre'],
    ['expand', { $expand: 'owner' }, 'expandNotSupported', /navigation/, '$expand'],
    ['too long', { $filter: long }, 'addressTooLong', /16384|16 ?KiB|bytes/, 'path'],
    [
      'search after grouping',
      { $apply: 'groupby((name))', $search: 'a' },
      'optionNotAllowed',
      /\$apply/,
      '$search',
    ],
    [
      'select with apply',
      { $apply: 'groupby((name))', $select: 'name' },
      'optionNotAllowed',
      /allowed are/,
      '$select',
    ],
    [
      'alias of a property',
      { $apply: 'aggregate($count as name)' },
      'expressionSyntax',
      /^Invalid apply clause/,
      '$apply',
    ],
  ])('%s', async (_, options, code, message, target) => {
    const answer = await service.send({ path: address(options) });
    const outer =
      code === 'expandNotSupported'
        ? 'ExpandNotSupported'
        : code === 'addressTooLong'
          ? 'UriTooLong'
          : 'BadRequest';
    const status = code === 'addressTooLong' ? 414 : 400;
    if (code === 'addressTooLong') {
      expect(answer.status).toBe(414);
      expect(answer.body).toMatchObject({ error: { code: outer, innerError: { code } } });
      return;
    }
    expectRefusal(answer, `${status} ${outer} ${code}`, { message, target });
  });

  it('malformed escapes', async () => {
    const answer = await service.send({ path: `${collectionPath}?$filter=%zz` });
    expectRefusal(answer, '400 BadRequest optionInvalid', { message: /position 0|%zz/, target: '$filter' });
  });

  it('options without meaning where they stand', async () => {
    const answer = await service.send({ path: `${profiles[0]?.path}?$filter=true` });
    expectRefusal(answer, '400 BadRequest optionNotAllowed', {
      message: /^The query specified in the URI is not valid\. Query option '\$filter' is not allowed here/,
      target: '$filter',
    });
  });

  it.each(['$each', '$ref', "$filter(name eq 'a')", 'delta', 'microsoft.graph.delta()'])(
    'what is not built is said to be so: %s',
    async (segment) => {
      const answer = await service.send({ path: `${collectionPath}/${encodeURIComponent(segment)}` });
      expectRefusal(answer, '501 NotImplemented operationUnsupported', {
        message: /^This operation target is not yet supported/,
        target: segment,
      });
    },
  );
});

describe('the singleton', () => {
  it('expands the collection it contains, with the options in parentheses', async () => {
    const path = address(
      {
        $expand: `cloudAppSecurityProfiles($filter=${ours};$orderby=name desc;$select=name;$top=1;$count=true)`,
      },
      '/beta/security',
    );
    const answer = await service.send({ path });
    const root = `${service.url}/beta/$metadata`;
    const { 'cloudAppSecurityProfiles@odata.nextLink': link = '' } = answer.body as Record<string, string>;
    expect(link).toContain('/beta/security/cloudAppSecurityProfiles?$filter=');
    expectJson(answer, 200, {
      '@odata.context': `${root}#security(cloudAppSecurityProfiles())`,
      'cloudAppSecurityProfiles@odata.context': `${root}#security/cloudAppSecurityProfiles(id,name)`,
      'cloudAppSecurityProfiles@odata.count': 4,
      cloudAppSecurityProfiles: [
        {
          '@odata.type': '#microsoft.graph.cloudAppSecurityProfile',
          '@odata.etag': 'W/"1"',
          id: profiles[3]?.id,
          name: '日本 🚀',
        },
      ],
      'cloudAppSecurityProfiles@odata.nextLink': link,
    });
    const next = await service.send({ path: link.replace(service.url, '') });
    expect(next.body).toMatchObject({ value: [{ id: profiles[0]?.id }] });
  });

  it('sends twenty rows unless asked for fewer', async () => {
    const { body } = await service.send({ path: '/v1.0/security?$expand=cloudAppSecurityProfiles' });
    expect((body as { cloudAppSecurityProfiles: unknown[] }).cloudAppSecurityProfiles).toHaveLength(20);
  });

  it.each([
    [
      'owner',
      'ExpandNotSupported expandNotSupported',
      /^Expand is not allowed for property 'owner'/,
      '$expand',
    ],
    ['cloudAppSecurityProfiles($top)', 'BadRequest optionInvalid', /no option/, '$expand'],
    ['cloudAppSecurityProfiles($apply=identity)', 'BadRequest optionNotAllowed', /'\$apply'/, '$apply'],
  ])('refuses %s', async (expand, codes, message, target) => {
    const answer = await service.send({ path: address({ $expand: expand }, '/v1.0/security') });
    expectRefusal(answer, `400 ${codes}`, { message, target });
  });
});
