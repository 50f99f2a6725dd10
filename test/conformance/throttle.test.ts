/** Allowances over the wire: who gets 429, what it says, and when it is over (digest 12). */
import { randomUUID } from 'node:crypto';
import { afterAll, describe, expect, it } from 'vitest';
import { type ConfiguredServer, startHooked } from '../support/configured-server.ts';
import { collectionPath, expectRefusal, membersOf } from '../support/conformance.ts';
import { type Answer, type Ask, createExchange } from '../support/exchange.ts';
import { runCasp } from '../support/running-server.ts';

const rates = {
  '--reads-per-minute': '6',
  '--writes-per-minute': '4',
  '--tenant-requests-per-minute': '12',
  '--refused-tokens-per-minute': '3',
};
const server: ConfiguredServer = await startHooked([
  ...['--dev', '--no-sample', '--https-port', 'off', '--throttle'],
  ...Object.entries(rates).flat(),
]);
const exchange = createExchange(server.httpUrl);
afterAll(async () => {
  exchange.close();
  await server.stop();
});

const testApp = '7e571e00-0000-4000-8000-00000000c11e';

interface Tenant {
  readonly id: string;
  readonly send: (ask: Omit<Ask, 'token'>) => Promise<Answer>;
}

/** A tenant of its own for each test, so that no test spends another's allowance. */
function newTenant(id: string = randomUUID()): Tenant {
  const { stdout } = runCasp('token', '--tenant', id, '--data', server.data);
  const token = stdout.trim();
  return { id, send: (ask) => exchange.send({ ...ask, token }) };
}

const read: Ask = { path: collectionPath };
const write: Ask = { method: 'POST', path: collectionPath, body: { name: 'one' } };

/** The same request several times, one after the other. */
async function repeat(times: number, send: () => Promise<Answer>): Promise<readonly Answer[]> {
  const answers: Answer[] = [];
  for (let index = 0; index < times; index += 1) answers.push(await send());
  return answers;
}

const statuses = (answers: readonly Answer[]): readonly number[] => answers.map(({ status }) => status);
const percentage = ({ headers }: Answer): string | undefined => headers['x-ms-throttle-limit-percentage'];

/** The whole refusal; says how long it wants the client to wait. */
function expectThrottled(answer: Answer, headers: Readonly<Record<string, unknown>>): number {
  expectRefusal(answer, '429 TooManyRequests throttledRequest', {
    message: 'Please retry again later.',
    headers: { 'retry-after': expect.stringMatching(/^\d{1,3}$/), ...headers },
  });
  const waitS = Number(answer.headers['retry-after']);
  expect(waitS).toBeGreaterThan(0);
  expect(waitS).toBeLessThanOrEqual(120);
  return waitS;
}

describe('reads and writes of one application in one tenant', () => {
  it('have an allowance each; from 0.8 on answers say how much is used', async () => {
    const tenant = newTenant();
    const reads = await repeat(6, () => tenant.send(read));
    expect(reads.map(percentage)).toEqual([undefined, undefined, undefined, undefined, '0.83', '1']);
    expectThrottled(await tenant.send(read), {
      'x-ms-throttle-limit-percentage': '1.08',
      'x-ms-throttle-scope': `Tenant_Application/Read/${testApp}/${tenant.id}`,
      'x-ms-throttle-information': 'ReadLimitExceeded',
    });
    expect(statuses(await repeat(4, () => tenant.send(write)))).toEqual([201, 201, 201, 201]);
    expectThrottled(await tenant.send(write), {
      'x-ms-throttle-limit-percentage': '1.12',
      'x-ms-throttle-scope': `Tenant_Application/Write/${testApp}/${tenant.id}`,
      'x-ms-throttle-information': 'WriteLimitExceeded',
    });
  });

  it('change nothing when they are refused', async () => {
    const tenant = newTenant();
    expect(statuses(await repeat(5, () => tenant.send(write))).at(-1)).toBe(429);
    const { value } = membersOf(await tenant.send(read));
    expect(value).toHaveLength(4);
  });

  it('are welcome again after the announced time', async () => {
    const tenant = newTenant();
    await repeat(6, () => tenant.send(read));
    const waitS = expectThrottled(await tenant.send(read), {});
    await server.advance(waitS * 1000);
    expect(statuses(await repeat(6, () => tenant.send(read)))).toEqual(Array(6).fill(200));
  });

  it('are not those of another tenant', async () => {
    const tenant = newTenant();
    await repeat(7, () => tenant.send(read));
    expect((await newTenant().send(read)).status).toBe(200);
  });

  it('of all applications together have the allowance of the tenant', async () => {
    const tenant = newTenant();
    await repeat(6, () => tenant.send(read));
    await repeat(4, () => tenant.send(write));
    // The local issuer gives any application a token.
    const body = new URLSearchParams({
      ...{ grant_type: 'client_credentials', client_id: randomUUID(), client_secret: 'any' },
      scope: 'api://casp/.default',
    }).toString();
    const headers = { 'content-type': 'application/x-www-form-urlencoded' };
    const path = `/${tenant.id}/oauth2/v2.0/token`;
    const granted = membersOf(await exchange.send({ method: 'POST', path, headers, body }));
    const token = String(granted.access_token);
    const answers = await repeat(3, () => exchange.send({ ...read, token }));
    expect(answers.map(percentage)).toEqual(['0.91', '1', '1.04']);
    expectThrottled(answers[2] as Answer, { 'x-ms-throttle-information': 'TenantLimitExceeded' });
  });
});

describe('the price of a request', () => {
  it.each([
    [`${collectionPath}/$count`, 200],
    [`${collectionPath}?$count=true&$top=1`, 200],
  ])('GET %s is that of five', async (path, status) => {
    const tenant = newTenant();
    expect((await tenant.send({ path })).status).toBe(status);
    expect((await tenant.send(read)).status).toBe(200);
    expect((await tenant.send(read)).status).toBe(429);
  });

  it('GET $metadata is free', async () => {
    const tenant = newTenant();
    await repeat(7, () => tenant.send(read));
    const answer = await tenant.send({ path: '/v1.0/$metadata' });
    expect(answer.status).not.toBe(429);
  });

  it('$batch is that of its parts, each refused on its own', async () => {
    const tenant = newTenant();
    const requests = Array.from({ length: 8 }, (_, index) => ({
      id: String(index),
      method: 'GET',
      url: '/security/cloudAppSecurityProfiles',
    }));
    const answer = await tenant.send({ method: 'POST', path: '/v1.0/$batch', body: { requests } });
    expect(answer.status).toBe(200);
    const { responses } = answer.body as {
      responses: readonly { status: number; headers: Record<string, string>; body: unknown }[];
    };
    const refused = responses.filter(({ status }) => status === 429);
    expect(responses.filter(({ status }) => status === 200)).toHaveLength(6);
    expect(refused).toHaveLength(2);
    for (const { headers, body } of refused) {
      expect(headers).toMatchObject({ 'Retry-After': expect.stringMatching(/^\d{1,3}$/) });
      expect(body).toMatchObject({
        error: { code: 'TooManyRequests', innerError: { code: 'throttledRequest' } },
      });
    }
  });
});

describe('an address that guesses tokens', () => {
  it('is not heard for a while, good tokens included; asking without a token is no guess', async () => {
    const tenant = newTenant();
    expect(statuses(await repeat(5, () => exchange.send(read)))).toEqual(Array(5).fill(401));
    const guess = () => exchange.send({ ...read, token: `e30.e30.${randomUUID()}` });
    expect(statuses(await repeat(3, guess))).toEqual([401, 401, 401]);
    const waitS = expectThrottled(await guess(), {});
    expectThrottled(await tenant.send(read), {});
    await server.advance(waitS * 1000);
    expect((await tenant.send(read)).status).toBe(200);
  });
});

describe('dev mode', () => {
  it('without --throttle throttles nobody', async () => {
    const open = await startHooked([
      ...['--dev', '--no-sample', '--https-port', 'off'],
      ...Object.entries(rates).flat(),
    ]);
    const free = createExchange(open.httpUrl);
    try {
      const token = runCasp('token', '--data', open.data).stdout.trim();
      const answers = await repeat(20, () => free.send({ ...read, token }));
      expect(statuses(answers)).toEqual(Array(20).fill(200));
      expect(answers.map(percentage)).toEqual(Array(20).fill(undefined));
      expect(open.modules()).not.toContain('throttle.js');
    } finally {
      free.close();
      await open.stop();
    }
  });
});
