/** A list as one file, CSV or JSON lines: exactly what the API answers, whole or visibly cut (experience 4.2, 5). */
import { type ClientRequest, type IncomingMessage, request } from 'node:http';
import { brotliDecompressSync, gunzipSync } from 'node:zlib';
import { parse } from 'csv-parse/sync';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { EntityValues } from '../../src/edm/types.ts';
import { collectionPath, expectRefusal, itemsOf, membersOf, openService } from '../support/conformance.ts';
import { emptyProfile } from '../support/profiles.ts';

const service = await openService();
afterAll(() => service.stop());
const { send, url } = service;

/** Texts that break files, spreadsheets or programs. */
const hostile: readonly string[] = [
  ...['=1+1', '+1', '-1', '-1.5e3', '+cmd|calc', '@SUM(A1)', '-', '=', '\t=1', '\r=1', '\n=1'],
  ...["'=1+1", "''@x", "'plain", '＝1+1', 'a;=1+1', 'a|b', 'a\tb'],
  ...['a,b', 'a"b', '"', '""', 'a\r\nb', 'a\nb', 'a\rb', ' a ', ',', '\r\n'],
  ...['Zoë 日本語 🦊', 'e\u0301', '\u202Eabc', '\uFEFFx', '<script>alert(1)</script>', 'null', 'true', '1e3'],
];

const tenant = '99999999-2222-4333-8444-555555555555';
const own = service.server.token('--tenant', tenant);

/** What the profile of this number has; nothing random, so that a failure can be looked at. */
const valuesOf = (number: number): EntityValues => ({
  name: number % 7 === 0 ? null : `${hostile[number % hostile.length]} ${number}`,
  publisher: hostile[(number * 5) % hostile.length] ?? null,
  riskScore: number % 3 === 0 ? null : String(number % 11),
  isSigned: number % 4 === 0 ? null : number % 4 === 1,
  policyName: number % 5 === 0 ? '' : null,
  permissionsRequired: number % 6 === 0 ? null : 'administrator',
  tags: number % 2 === 0 ? [] : ['Finance', hostile[number % hostile.length] ?? ''],
  vendorInformation:
    number % 8 === 0 ? null : { provider: hostile[number % hostile.length] ?? '', vendor: null },
});

const profileCount = 2_500;

beforeAll(async () => {
  for (let first = 0; first < profileCount; first += 20) {
    const requests = Array.from({ length: 20 }, (_, index) => ({
      id: String(index),
      method: 'POST',
      url: '/security/cloudAppSecurityProfiles',
      headers: { 'content-type': 'application/json' },
      body: valuesOf(first + index),
    }));
    const answer = await send({ method: 'POST', path: '/v1.0/$batch', body: { requests }, token: own });
    const { responses } = membersOf(answer) as { responses: readonly { readonly status: number }[] };
    expect(responses.every(({ status }) => status === 201)).toBe(true);
  }
}, 60_000);

/** All pages of the list, as the API writes them. */
async function readPages(options: string, accept = 'application/json;odata.metadata=none') {
  const items: Readonly<Record<string, unknown>>[] = [];
  let next: string | undefined = `${collectionPath}?${options}`;
  while (next !== undefined) {
    const answer = await send({ path: next, token: own, headers: { accept, prefer: 'maxpagesize=1000' } });
    items.push(...itemsOf(answer));
    const link = membersOf(answer)['@odata.nextLink'];
    next = typeof link === 'string' ? link.replace(url, '') : undefined;
  }
  return items;
}

const exported = (options: string) => send({ path: `${collectionPath}?${options}`, token: own });

/** The cells of a file; null and an empty text are told apart by the quotes. */
function readCsv(text: string): readonly Readonly<Record<string, string | null>>[] {
  return parse(text, {
    bom: true,
    columns: true,
    record_delimiter: '\r\n',
    relax_quotes: false,
    cast: (value, { quoting }) => (value === '' && !quoting ? null : value),
  }) as Record<string, string | null>[];
}

const vendorMembers = ['provider', 'providerVersion', 'subProvider', 'vendor'];
const names = Object.keys(emptyProfile(''));
const columns = names.flatMap((name) =>
  name === 'vendorInformation' ? vendorMembers.map((member) => `${name}/${member}`) : [name],
);

/** A profile as a row of the file with untouched cells. */
function rowOf(item: Readonly<Record<string, unknown>>): Record<string, string | null> {
  const vendor = item.vendorInformation as Readonly<Record<string, unknown>> | null;
  const cell = (value: unknown) =>
    value === null || value === undefined
      ? null
      : typeof value === 'object'
        ? JSON.stringify(value)
        : String(value);
  return Object.fromEntries(
    columns.map((path) => {
      const [name = '', member] = path.split('/');
      return [path, cell(member === undefined ? item[name] : vendor?.[member])];
    }),
  );
}

/** What a reader of the spreadsheet-safe file does. */
const rearm = (cell: string | null): string | null =>
  cell !== null && /^'+[=+\-@\t\r\n＝＋－＠]/.test(cell) ? cell.slice(1) : cell;
const rearmed = (row: Readonly<Record<string, string | null>>) =>
  Object.fromEntries(Object.entries(row).map(([path, cell]) => [path, rearm(cell)]));

const questions = [
  '',
  '$filter=isSigned eq true and publisher ne null',
  '$orderby=name desc,riskScore',
  '$search=Finance',
  "$filter=contains(name,'1')&$orderby=lastModifiedDateTime desc",
].map((text) => encodeURI(text));

describe('the file', () => {
  it.each(questions)('has row by row what the API answers to "%s"', async (question) => {
    const items = await readPages(question);
    expect(items.length).toBeGreaterThan(100);
    const rows = items.map(rowOf);
    const raw = await exported(`${question}&$format=text/csv;raw=true`);
    expect(readCsv(raw.text)).toEqual(rows);
    const safe = await exported(`${question}&$format=csv`);
    expect(readCsv(safe.text).map(rearmed)).toEqual(rows);
    const lines = await exported(`${question}&$format=ndjson`);
    expect(lines.text.endsWith('\n')).toBe(true);
    expect(
      lines.text
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line)),
    ).toEqual(items);
  });

  it('begins no cell of the safe file as a formula, but leaves plain numbers alone', async () => {
    const { text } = await exported('$format=csv');
    const cells = readCsv(text).flatMap((row) => Object.values(row).filter((cell) => cell !== null));
    const numbers = ['+1', '-1', '-1.5e3'];
    expect(cells.filter((cell) => /^[=+\-@\t\r\n＝＋－＠]/.test(cell) && !numbers.includes(cell))).toEqual(
      [],
    );
    expect(cells).toEqual(expect.arrayContaining([...numbers, "'=1+1", "''=1+1", "'\t=1", "'-", "'plain"]));
    // Where the list separator is a semicolon, an unquoted one would begin a cell.
    expect(text).toContain('"a;=1+1"');
  });

  it('says what it is, and has columns in the order of the model', async () => {
    const at = expect.stringMatching(/^attachment; filename="cloudAppSecurityProfiles-\d{8}T\d{6}Z\.csv"$/);
    const answer = await exported('$format=csv');
    expect(answer.headers).toMatchObject({
      'content-type': 'text/csv;charset=utf-8;header=present',
      'content-disposition': at,
      'transfer-encoding': 'chunked',
      'cache-control': 'no-cache',
      'odata-version': '4.0',
    });
    expect(answer.headers).not.toHaveProperty('content-length');
    expect(answer.text.slice(0, answer.text.indexOf('\r\n'))).toBe(`\uFEFF${columns.join(',')}`);
    const raw = await exported('$format=text/csv;raw=true&$top=0');
    expect({ type: raw.headers['content-type'], text: raw.text }).toEqual({
      type: 'text/csv;charset=utf-8;header=present;raw=true',
      text: `${columns.join(',')}\r\n`,
    });
    const lines = await exported('$format=ndjson&$top=0');
    expect({ type: lines.headers['content-type'], text: lines.text }).toEqual({
      type: 'application/x-ndjson',
      text: '',
    });
    expect(lines.headers['content-disposition']).toMatch(/\.ndjson"$/);
  });

  it('has the columns of $select alone, and the key as ever', async () => {
    const { text } = await exported('$format=csv&$select=riskScore,name,vendorInformation/provider&$top=3');
    const rows = readCsv(text);
    expect(rows.map((row) => Object.keys(row))).toEqual(
      Array(3).fill(['id', 'name', 'riskScore', 'vendorInformation/provider']),
    );
    const lines = await exported('$format=ndjson&$select=id,name&$top=2');
    expect(
      lines.text
        .trimEnd()
        .split('\n')
        .map((line) => Object.keys(JSON.parse(line))),
    ).toEqual(Array(2).fill(['id', 'name']));
  });

  it.each([0, 1, 99, 100, 101, 250, 1_101, 2_500, 9_999])('ends after $top=%d rows', async (top) => {
    const { text } = await exported(`$format=ndjson&$top=${top}`);
    expect(text.split('\n')).toHaveLength(Math.min(top, profileCount) + 1);
  });

  it.each([
    ['text/csv', 'text/csv;charset=utf-8;header=present'],
    ['text/csv;charset=utf-8;raw=true', 'text/csv;charset=utf-8;header=present;raw=true'],
    ['application/json;q=0.5, text/csv', 'text/csv;charset=utf-8;header=present'],
    ['application/x-ndjson, application/json', 'application/x-ndjson'],
  ])('is asked for by Accept: %s', async (accept, type) => {
    const answer = await send({ path: `${collectionPath}?$top=1`, token: own, headers: { accept } });
    expect({ status: answer.status, type: answer.headers['content-type'] }).toEqual({ status: 200, type });
  });

  it.each([
    'application/json, text/csv',
    '*/*',
    'text/csv;q=0, application/json',
    'application/*, text/csv;q=0.9',
  ])('is not what Accept: %s asks for', async (accept) => {
    const { headers } = await send({ path: `${collectionPath}?$top=1`, token: own, headers: { accept } });
    expect(headers['content-type']).toContain('application/json');
  });

  it('is compressed on the way', async () => {
    const whole = await exported('$format=ndjson');
    for (const [coding, inflate] of [
      ['gzip', gunzipSync],
      ['br', brotliDecompressSync],
    ] as const) {
      const answer = await send({
        path: `${collectionPath}?$format=ndjson`,
        token: own,
        headers: { 'accept-encoding': coding },
      });
      expect(answer.headers['content-encoding']).toBe(coding);
      expect(inflate(answer.bytes).equals(Buffer.from(whole.bytes))).toBe(true);
    }
  });

  it('has its headers without its rows for HEAD, and comes by POST …/$query too', async () => {
    const head = await send({ method: 'HEAD', path: `${collectionPath}?$format=csv`, token: own });
    expect({ status: head.status, type: head.headers['content-type'], text: head.text }).toEqual({
      status: 200,
      type: 'text/csv;charset=utf-8;header=present',
      text: '',
    });
    const query = await send({
      method: 'POST',
      path: `${collectionPath}/$query`,
      token: own,
      headers: { 'content-type': 'text/plain' },
      body: '$format=ndjson&$top=2',
    });
    expect(query.text.trimEnd().split('\n')).toHaveLength(2);
  });
});

describe('refusals', () => {
  it.each(['$skip=1', '$count=true', '$compute=1 as one', '$apply=identity', '$skiptoken=x'])(
    'has no place for %s',
    async (option) => {
      const answer = await exported(`$format=csv&${encodeURI(option)}`);
      expectRefusal(answer, '400 BadRequest optionNotAllowed', {
        message: /allowed are \$filter, \$search, \$orderby, \$select, \$top, \$format/,
        target: option.split('=')[0] ?? '',
      });
    },
  );

  it.each([
    ['text/csv;raw=maybe', '406 NotAcceptable notAcceptable'],
    ['text/csv;header=absent', '406 NotAcceptable notAcceptable'],
    ['text/csv;charset=utf-16', '406 NotAcceptable notAcceptable'],
    ['application/x-ndjson;raw=true', '406 NotAcceptable notAcceptable'],
    ['application/vnd.ms-excel', '406 NotAcceptable notAcceptable'],
  ])('does not promise %s', async (format, codes) => {
    expectRefusal(await exported(`$format=${format}`), codes, { message: /\S/, target: '$format' });
  });

  it('is offered for the list alone', async () => {
    for (const path of ['/v1.0/security', `${collectionPath}/x`, `${collectionPath}/casp.changes()`]) {
      const answer = await send({ path: `${path}?$format=csv`, token: own });
      expectRefusal(answer, '406 NotAcceptable notAcceptable', { message: /\S/, target: '$format' });
    }
  });

  it('tells a fault before it begins a file', async () => {
    const answer = await exported(`$format=csv&$filter=${encodeURIComponent("nmae eq 'x'")}`);
    expectRefusal(answer, '400 BadRequest propertyUnknown', {
      message: /Did you mean 'name'/,
      target: '$filter',
    });
    expect((await send({ path: `${collectionPath}?$format=csv`, token: undefined })).status).toBe(401);
  });

  it('is no part of a batch', async () => {
    const requests = [
      { id: '1', method: 'GET', url: '/security/cloudAppSecurityProfiles?$format=csv' },
      { id: '2', method: 'GET', url: '/security/cloudAppSecurityProfiles?$top=1' },
    ];
    const answer = await send({ method: 'POST', path: '/v1.0/$batch', body: { requests }, token: own });
    const { responses } = membersOf(answer) as {
      responses: readonly { id: string; status: number; body: { error?: { message: string } } }[];
    };
    expect(responses.map(({ id, status }) => ({ id, status }))).toEqual([
      { id: '1', status: 400 },
      { id: '2', status: 200 },
    ]);
    expect(responses[0]?.body.error?.message).toContain('request of its own');
  });

  it('shows nothing of another tenant', async () => {
    const ids = (text: string) =>
      text
        .trimEnd()
        .split('\n')
        .map((line) => String(JSON.parse(line).id));
    const mine = new Set(ids((await exported('$format=ndjson&$select=id')).text));
    const theirs = await send({ path: `${collectionPath}?$format=ndjson&$select=id` });
    expect(ids(theirs.text).some((id) => mine.has(id))).toBe(false);
  });
});

describe('a connection', () => {
  const open = (
    path: string,
  ): Promise<{ readonly outgoing: ClientRequest; readonly incoming: IncomingMessage }> =>
    new Promise((resolve, reject) => {
      const { hostname, port } = new URL(url);
      const headers = { authorization: `Bearer ${own}` };
      const outgoing = request({ hostname, port, path, headers, agent: false }, (incoming) =>
        resolve({ outgoing, incoming }),
      );
      outgoing.on('error', reject).end();
    });

  it('that is left stops the reading of rows', async () => {
    const { outgoing, incoming } = await open(`${collectionPath}?$format=ndjson`);
    await new Promise((resolve) => incoming.once('data', resolve));
    const closed = new Promise((resolve) => incoming.once('close', resolve));
    outgoing.destroy();
    await closed;
    // The server lives, and answers as before.
    expect((await exported('$format=ndjson&$top=1')).status).toBe(200);
    expect(service.server.output()).not.toMatch(/ERR_|unhandled/i);
  });
});
