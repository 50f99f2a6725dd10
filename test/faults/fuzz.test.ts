/**
 * Input nobody would send on purpose: whatever comes, the answer is one a client deserves (never a 5xx but 501, which
 * names what is not built), it costs less than 50 ms of processor time, and the process lives. `CASP_FAULTS=long` makes
 * it a million inputs; `CASP_SEED` repeats a run.
 */
import { once } from 'node:events';
import { connect } from 'node:net';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ServiceError } from '../../src/errors.ts';
import { parseApply } from '../../src/language/apply.ts';
import {
  parseCompute,
  parseExpand,
  parseFilter,
  parseOrderBy,
  parseSelect,
} from '../../src/language/parser.ts';
import { parseSearch } from '../../src/language/search.ts';
import { openService, type Service } from '../support/conformance.ts';
import { leastCpuMs } from '../support/cpu-time.ts';
import { isLong, seed } from './support/form.ts';
import {
  collectionPath,
  type InProcessAsk,
  type InProcessService,
  openInProcess,
} from './support/in-process.ts';

const costMaxMs = 50;
/** How many inputs of a target; the short form has a fiftieth of the long one. */
const inputs = (long: number): number => (isLong ? long : long / 50);
const timeoutMs = isLong ? 3_600_000 : 120_000;
/** So many inputs are shown when a server is lost, and so long its end is waited for. */
const latestMax = 20;
const endedWaitMs = 5_000;

let service: InProcessService;
let profile = '';
let total = 0;

beforeAll(async () => {
  service = await openInProcess();
  const made = await service.ask({
    method: 'POST',
    target: collectionPath,
    body: { name: 'a', tags: ['b'] },
  });
  profile = `${collectionPath}/${(made.json as { id: string }).id}`;
});
afterAll(async () => {
  await service.close();
  console.log(`fuzz: seed ${seed}, ${total} inputs`);
});

/** Characters with which parsers go wrong. */
const oddCharacters = [
  ...[
    '\0',
    '\t',
    '\r',
    '\n',
    '\u007f',
    '\u0080',
    '\u00a0',
    '\u2028',
    '\ufeff',
    '\ufffd',
    '\ud800',
    '😀',
    'é',
    'İ',
    'ß',
  ],
  ...[
    "'",
    '"',
    '\\',
    '/',
    '%',
    '%2',
    '%00',
    '%ff',
    '%2F',
    '%25',
    '%c0%af',
    '+',
    '&',
    '=',
    '?',
    '#',
    ';',
    ':',
    '@',
    '!',
  ],
  ...[
    '(',
    ')',
    '[',
    ']',
    '{',
    '}',
    ',',
    '.',
    '..',
    '*',
    '-',
    '--',
    '$',
    '~',
    '|',
    '^',
    '<',
    '>',
    ' ',
    '  ',
    '_',
  ],
  ...['0', '-0', '1e999', '9'.repeat(40), 'null', 'true', 'NaN', 'INF', 'x'.repeat(300), '('.repeat(60)],
];

const oddText = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom(...oddCharacters) },
  { weight: 1, arbitrary: fc.string({ unit: 'binary', maxLength: 8 }) },
);

/** A text that was right once: pieces taken out, put in, doubled. */
function broken(seeds: readonly string[], words: readonly string[]): fc.Arbitrary<string> {
  const piece = fc.oneof(fc.constantFrom(...words), oddText);
  const edit = fc.tuple(fc.double({ min: 0, max: 1, noNaN: true }), fc.nat({ max: 6 }), piece, fc.boolean());
  const edited = fc
    .tuple(fc.constantFrom(...seeds), fc.array(edit, { minLength: 1, maxLength: 4 }))
    .map(([text, edits]) =>
      edits.reduce((current, [place, removed, inserted, keep]) => {
        const start = Math.floor(place * current.length);
        return current.slice(0, start) + (keep ? inserted : '') + current.slice(start + (keep ? 0 : removed));
      }, text),
    );
  const soup = fc.array(piece, { maxLength: 25 }).map((pieces) => pieces.join(''));
  return fc.oneof({ weight: 3, arbitrary: edited }, { weight: 1, arbitrary: soup });
}

const filters = [
  "name eq 'O''Neil' and isSigned eq true",
  "contains(tolower(name),'acme') or not (riskScore in ('1','2'))",
  "tags/any(t:t eq 'a' and startswith(t,'b'))",
  'createdDateTime gt 2026-01-01T00:00:00Z and year(lastModifiedDateTime) add 1 lt 2030',
  "vendorInformation/vendor ne null and length(concat(name,'x')) mod 7 eq -3",
  "permissionsRequired has microsoft.graph.applicationPermissionsRequired'user'",
  "matchespattern(name,'^a+(b|c)*$')",
  "case(isSigned eq true:'a',true:'b') eq @p",
];
const names = [
  'name',
  'riskScore',
  'tags',
  'isSigned',
  'vendorInformation',
  '/vendor',
  'id',
  '$it',
  '$this',
  '@p',
];
const operators = [
  ' eq ',
  ' ne ',
  ' gt ',
  ' and ',
  ' or ',
  'not ',
  ' in (',
  ' add ',
  ' div ',
  ' has ',
  '/any(',
  '/all(t:',
];
const words = [
  ...names,
  ...operators,
  'contains(',
  'substring(',
  "'a'",
  '1',
  '-1.5e3',
  'duration',
  "binary'",
  '/$count',
];

/** Each parser of the expression language with texts it reads. */
const parsers: Readonly<Record<string, readonly [(text: string) => unknown, readonly string[]]>> = {
  $filter: [parseFilter, filters],
  $orderby: [parseOrderBy, ['name desc,tolower(riskScore),vendorInformation/vendor asc']],
  $select: [parseSelect, ['name,vendorInformation/vendor,microsoft.graph.x/*,*']],
  $expand: [parseExpand, ['a($filter=b eq 1;$select=c),d/$ref,*($levels=max)']],
  $compute: [parseCompute, ['length(name) as a,year(createdDateTime) sub 1 as b']],
  $search: [parseSearch, ['"two words" AND (one OR NOT two) three']],
  $apply: [
    parseApply,
    [
      'filter(isSigned eq true)/groupby((publisher,riskScore),aggregate($count as n,riskScore with max as m))/topcount(2,n)',
    ],
  ],
};

/** Refused as a client's fault, or read; anything else is a bug. */
function isHarmless(parse: (text: string) => unknown, text: string): boolean {
  try {
    parse(text);
    return true;
  } catch (error) {
    return error instanceof ServiceError && (error.status < 500 || error.status === 501);
  }
}

/** Looks again at what seemed slow: a neighbour on the machine is not the input's fault. */
function isCheap(act: () => unknown): boolean {
  const startMs = performance.now();
  act();
  return performance.now() - startMs < costMaxMs || leastCpuMs(act, costMaxMs) < costMaxMs;
}

const parameters = (numRuns: number) => {
  total += numRuns;
  return { seed, numRuns };
};

describe(`the expression parsers, seed ${seed}`, () => {
  it.each(Object.entries(parsers))(
    '%s',
    (_, [parse, seeds]) => {
      fc.assert(
        fc.property(broken(seeds, words), (text) =>
          isCheap(() => expect(isHarmless(parse, text)).toBe(true)),
        ),
        parameters(inputs(100_000)),
      );
    },
    timeoutMs,
  );
});

/** Sends one request through the whole service; the answer is harmless and cheap, also where it was slow at first. */
async function expectHarmless(ask: InProcessAsk): Promise<void> {
  let leastMs = Number.POSITIVE_INFINITY;
  for (let attempt = 0; attempt < 6 && leastMs >= costMaxMs; attempt += 1) {
    const startMs = performance.now();
    const start = process.cpuUsage();
    const { status, text } = await service.ask(ask);
    const wallMs = performance.now() - startMs;
    const { user, system } = process.cpuUsage(start);
    leastMs = Math.min(leastMs, wallMs, (user + system) / 1000);
    if (status >= 500 && status !== 501) throw new Error(`${status} ${text} for ${JSON.stringify(ask)}`);
    // Of a batch, its parts.
    if (/"status":5(?!01)\d\d/.test(text)) throw new Error(`${text} for ${JSON.stringify(ask)}`);
  }
  if (leastMs >= costMaxMs) throw new Error(`${leastMs} ms for ${JSON.stringify(ask)}`);
}

const assertHarmless = (asks: fc.Arbitrary<InProcessAsk>, long: number): Promise<void> =>
  fc.assert(fc.asyncProperty(asks, expectHarmless), parameters(inputs(long)));

const addresses = [
  "/v1.0/security/cloudAppSecurityProfiles?$filter=name eq 'a'&$orderby=name&$top=5&$skip=1&$count=true",
  "/beta/security/cloudAppSecurityProfiles('a')/vendorInformation/vendor/$value?$format=json",
  "/odata/v4/cloudAppSecurityProfiles(id='a')?$select=name,tags&$expand=*",
  '/v1.0/security/cloudAppSecurityProfiles/$count?$search=a',
  '/v1.0/$metadata?$format=xml',
  '/v1.0/security?$compute=1 add 1 as x&$apply=aggregate($count as n)&@p=1&$skiptoken=abc',
  '/v1.0/security/cloudAppSecurityProfiles/$query',
  `/v1.0/security/cloudAppSecurityProfiles?$filter=${filters[0]}`,
  `/v1.0/security/cloudAppSecurityProfiles?$filter=${filters[4]}`,
];
const addressWords = [
  ...words,
  ...[
    '/v1.0',
    '/beta',
    '/odata/v4',
    '/security',
    '/cloudAppSecurityProfiles',
    "('a')",
    '/$value',
    '/$batch',
    '/$ref',
  ],
  ...[
    '$filter=',
    '&$top=',
    '&$skip=',
    '&$select=',
    '&$orderby=',
    '&$count=',
    '&$search=',
    '&$format=',
    '$deltatoken=',
  ],
];
const methods = fc.constantFrom(
  'GET',
  'GET',
  'GET',
  'HEAD',
  'DELETE',
  'PUT',
  'OPTIONS',
  'POST',
  'PATCH',
  'TRACE',
);

const bodies = [
  '{"name":"a","tags":["b","c"],"vendorInformation":{"vendor":"v"},"isSigned":true,"riskScore":null}',
  '{"@odata.type":"#microsoft.graph.cloudAppSecurityProfile","permissionsRequired":"user","manifest":"m"}',
  '{"createdDateTime":"2026-01-01T00:00:00Z","lastModifiedDateTime":"x","id":"y","@odata.etag":"W/\\"1\\""}',
];
const bodyWords = [
  ...[
    '"name":',
    '"tags":',
    '"tags@odata.type":',
    '"vendorInformation":',
    '{',
    '}',
    '[',
    ']',
    ',',
    ':',
    'null',
    '1e400',
  ],
  ...[
    '"\\u0000"',
    '"\\ud800"',
    '"__proto__":',
    '"constructor":',
    '"name":"x","name":"y"',
    '[['.repeat(20),
    '""',
  ],
];

const batches = [
  JSON.stringify({
    requests: [
      { id: '1', method: 'GET', url: '/security/cloudAppSecurityProfiles?$top=1' },
      {
        id: '2',
        atomicityGroup: 'g',
        method: 'POST',
        url: '/security/cloudAppSecurityProfiles',
        headers: { 'Content-Type': 'application/json' },
        body: { name: 'x' },
      },
      { id: '3', dependsOn: ['1', '2'], method: 'DELETE', url: '/security/cloudAppSecurityProfiles/none' },
    ],
  }),
];
const multipart = [
  [
    '--b',
    'Content-Type: multipart/mixed; boundary=c',
    '',
    '--c',
    'Content-Type: application/http',
    'Content-Transfer-Encoding: binary',
    'Content-ID: 1',
    '',
    'POST security/cloudAppSecurityProfiles HTTP/1.1',
    'Content-Type: application/json',
    '',
    '{"name":"x"}',
    '--c--',
    '--b',
    'Content-Type: application/http',
    '',
    'GET /v1.0/security/cloudAppSecurityProfiles/$1 HTTP/1.1',
    '',
    '',
    '--b--',
    '',
  ].join('\r\n'),
];
const batchWords = [
  ...[
    '"id":"1"',
    '"dependsOn":["2"]',
    '"atomicityGroup":"g"',
    '"method":"PATCH"',
    '"url":"/$batch"',
    '"body":{}',
  ],
  ...[
    '--b',
    '--b--',
    '--c',
    '--c--',
    '\r\n',
    '\r\n\r\n',
    'Content-ID: 1',
    'Content-Length: 99999',
    'HTTP/1.1',
    'boundary=',
  ],
];

const headerSeeds: Readonly<Record<string, readonly string[]>> = {
  'if-match': ['W/"1", "2"', '*'],
  'if-none-match': ['W/"1"', '*'],
  prefer: ['return=representation, odata.maxpagesize=10; wait=3, include-annotations="*"'],
  accept: ['application/json;odata.metadata=full;q=0.5, */*;q=0.1', 'application/xml'],
  'content-type': [
    'application/json; charset=utf-8; IEEE754Compatible=true',
    'multipart/mixed; boundary="b"',
  ],
  'odata-version': ['4.01'],
  'odata-maxversion': ['4.0'],
  'repeatability-request-id': ['11111111-1111-4111-8111-111111111111'],
  'repeatability-first-sent': ['Sun, 06 Nov 1994 08:49:37 GMT'],
  'accept-language': ['en-US,en;q=0.5'],
  'x-http-method': ['PATCH'],
};

describe(`the service, seed ${seed}`, () => {
  it(
    'addresses',
    () => {
      const target = broken(addresses, addressWords).map((text) => `/${text.replace(/^\/+/, '')}`);
      return assertHarmless(fc.record({ method: methods, target }), 120_000);
    },
    timeoutMs,
  );

  it(
    'filters in addresses, and in bodies of $query',
    () => {
      const byAddress = broken(filters, words).map((text) => ({
        target: `${collectionPath}?$filter=${encodeURIComponent(text.replace(/[\ud800-\udfff]/g, ''))}`,
      }));
      const byBody = broken(filters, words).map((text) => ({
        method: 'POST',
        target: `${collectionPath}/$query`,
        headers: { 'content-type': 'text/plain' },
        body: `$filter=${text}`,
      }));
      return assertHarmless(fc.oneof(byAddress, byBody), 50_000);
    },
    timeoutMs,
  );

  it(
    'JSON bodies',
    () => {
      const bytes = broken(bodies, bodyWords).map((text) => Buffer.from(text));
      const body = fc.oneof({ weight: 9, arbitrary: bytes }, { weight: 1, arbitrary: fc.uint8Array() });
      const target = fc.constantFrom(`${collectionPath}/none`, profile);
      return assertHarmless(fc.record({ target, body }), 60_000);
    },
    timeoutMs,
  );

  it(
    'batch envelopes of both kinds',
    () => {
      const common = { method: 'POST', target: '/v1.0/$batch' };
      const json = broken(batches, [...batchWords, ...bodyWords]).map((body) => ({ ...common, body }));
      const mixed = broken(multipart, [...batchWords, ...bodyWords]).map((body) => ({
        ...common,
        headers: { 'content-type': 'multipart/mixed; boundary=b' },
        body,
      }));
      return assertHarmless(fc.oneof(json, mixed), 20_000);
    },
    timeoutMs,
  );

  it(
    'headers',
    () => {
      const header = fc.constantFrom(...Object.keys(headerSeeds)).chain((name) =>
        broken(headerSeeds[name] ?? [], ['q=', ';', ',', '"', 'W/', '=', '*']).map(
          (value): [string, string] => [
            name,
            // What Node's parser lets through.
            value.replace(/[^\t\x20-\x7e\x80-\xff]/g, ''),
          ],
        ),
      );
      const headers = fc
        .array(header, { minLength: 1, maxLength: 3 })
        .map((pairs) => Object.fromEntries(pairs));
      const body = fc.constantFrom(undefined, '{}', '{"name":"h"}');
      return assertHarmless(
        fc.record({ target: fc.constantFrom(profile, collectionPath), headers, body }),
        40_000,
      );
    },
    timeoutMs,
  );

  it(
    'tokens',
    () => {
      const [head = '', claims = '', signature = ''] = service.token.split('.');
      const encode = (text: string) => Buffer.from(text).toString('base64url');
      const claimText = broken([Buffer.from(claims, 'base64url').toString()], bodyWords).map(
        (text) => `Bearer ${head}.${encode(text)}.${signature}`,
      );
      const headText = broken(
        [Buffer.from(head, 'base64url').toString()],
        ['"alg":"none"', '"jku":"https://a"', '"crit":[]'],
      ).map((text) => `Bearer ${encode(text)}.${claims}.${signature}`);
      const whole = broken([`Bearer ${service.token}`, 'Basic YTpi'], ['.', 'Bearer ', '=', ' ']);
      const authorization = fc.oneof(claimText, headText, whole);
      return assertHarmless(
        authorization.map((text) => ({ target: profile, headers: { authorization: text } })),
        10_000,
      );
    },
    timeoutMs,
  );
});

describe(`over the wire, seed ${seed}`, () => {
  let server: Service;
  beforeAll(async () => {
    server = await openService();
  });
  afterAll(() => server.stop());

  const requests = [
    'GET /v1.0/security/cloudAppSecurityProfiles HTTP/1.1\r\nHost: localhost\r\n\r\n',
    'PATCH /v1.0/security/cloudAppSecurityProfiles/a HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}',
    'POST /v1.0/$batch HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nExpect: 100-continue\r\n\r\n2\r\n{}\r\n0\r\n\r\n',
    'GET /livez HTTP/1.0\r\n\r\nGET /readyz HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n',
  ];
  const wireWords = [
    ...[
      '\r\n',
      '\n',
      '\r',
      '\r\n\r\n',
      'Host: b\r\n',
      'Content-Length: 5\r\n',
      'Transfer-Encoding: gzip\r\n',
      'HTTP/9.9',
    ],
    ...[
      'Upgrade: h2c\r\nConnection: Upgrade\r\n',
      'Content-Encoding: gzip\r\n',
      'ffffffff\r\n',
      'PRI * HTTP/2.0',
      ': \r\n',
    ],
  ];

  /** Every status line that came back before either side hung up. */
  async function exchange(text: string): Promise<readonly number[]> {
    const socket = connect({ host: '127.0.0.1', port: Number(new URL(server.url).port) });
    socket.on('error', () => undefined);
    let answer = '';
    socket.on('data', (chunk: Buffer) => {
      answer += chunk.toString('latin1');
    });
    socket.end(Buffer.from(text, 'latin1'));
    await once(socket, 'close');
    return [...answer.matchAll(/^HTTP\/1\.1 (\d{3}) /gm)].map(([, status]) => Number(status));
  }

  /** The latest inputs, oldest first: what a server died of may be older than the refusal that shows it. */
  const latest: string[] = [];
  /** Set once the server is gone: smaller inputs would only meet its absence. */
  let lost: Error | undefined;

  /** What an exchange that broke says: how the server ended, if it did, its last words and its last inputs. */
  async function describeLoss(error: unknown): Promise<Error> {
    const running = new Promise<string>((resolve) => setTimeout(resolve, endedWaitMs, 'it is still running'));
    const ended = await Promise.race([server.server.ended, running]);
    const inputs = latest.map((text) => JSON.stringify(text)).join('\n');
    const words = server.server.output().slice(-4000);
    return new Error(`${error}; the server: ${ended}\nlast inputs:\n${inputs}\nlast words:\n${words}`);
  }

  async function expectHarmlessBytes(text: string): Promise<void> {
    if (lost !== undefined) throw lost;
    latest.push(text);
    if (latest.length > latestMax) latest.shift();
    const statuses = await exchange(text).catch(async (error: unknown) => {
      const loss = await describeLoss(error);
      if ((error as NodeJS.ErrnoException).code === 'ECONNREFUSED') {
        lost = loss;
        console.log(`fuzz: seed ${seed}: ${loss.message}`);
      }
      throw loss;
    });
    const faulty = statuses.filter((status) => status >= 500 && status !== 501);
    if (faulty.length > 0) throw new Error(`${faulty} for ${JSON.stringify(text)}`);
  }

  it(
    'bytes that are hardly a request',
    async () => {
      const runs = parameters(inputs(20_000));
      await fc.assert(fc.asyncProperty(broken(requests, wireWords), expectHarmlessBytes), runs);
      expect((await server.send({ path: '/readyz' })).status).toBe(200);
      expect(server.server.output()).not.toMatch(/"level":"(error|fatal)"|unhandled|uncaught/i);
    },
    timeoutMs,
  );
});
