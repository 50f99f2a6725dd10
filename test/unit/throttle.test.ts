import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { type Principal, parseTenantId } from '../../src/auth/authenticator.ts';
import { type ErrorCode, ServiceError } from '../../src/errors.ts';
import { limits } from '../../src/limits.ts';
import {
  chargeOf,
  createThrottle,
  networkOf,
  type Throttle,
  type ThrottleRates,
} from '../../src/throttle.ts';

// The library reads the clock itself; nothing here waits.
beforeEach(() => {
  vi.useFakeTimers({ now: new Date('2026-11-23T09:00:00Z') });
});
afterEach(() => {
  vi.useRealTimers();
});

const rates: ThrottleRates = {
  readsPerMinute: 10,
  writesPerMinute: 4,
  tenantRequestsPerMinute: 100,
  refusedTokensPerMinute: 3,
};
const tenantId = parseTenantId('11111111-1111-4111-8111-111111111111');
const otherTenant = parseTenantId('22222222-2222-4222-8222-222222222222');
const caller = (clientId = 'app-1', tenant = tenantId): Principal => ({
  kind: 'application',
  tenantId: tenant,
  objectId: 'object',
  name: undefined,
  clientId,
  permissions: new Set(),
  directoryRoles: new Set(),
});

const collection = '/v1.0/security/cloudAppSecurityProfiles';
const read = { method: 'GET', target: `${collection}/a1` };
const write = { method: 'PATCH', target: `${collection}/a1` };

/** Headers of an admitted request, or those of its refusal. */
async function outcome(work: Promise<unknown>): Promise<unknown> {
  try {
    return await work;
  } catch (error) {
    if (!(error instanceof ServiceError)) throw error;
    const { code, status, message, headers } = error;
    return { code, status, message, headers };
  }
}

async function repeat(times: number, work: () => Promise<unknown>): Promise<void> {
  for (let index = 0; index < times; index += 1) await work();
}

const refusal = (retryAfter: string, percentage: string, scope: string, information: string) => ({
  code: 'throttledRequest',
  status: 429,
  message: 'Please retry again later.',
  headers: {
    'Retry-After': retryAfter,
    'x-ms-throttle-limit-percentage': percentage,
    'x-ms-throttle-scope': scope,
    'x-ms-throttle-information': information,
  },
});

describe('chargeOf', () => {
  it.each([
    ['GET', `${collection}`, 'read', 1],
    ['HEAD', `${collection}/a1`, 'read', 1],
    ['POST', `${collection}/$query`, 'read', 1],
    ['POST', `${collection}/%24query?$top=1`, 'read', 1],
    ['POST', collection, 'write', 1],
    ['PATCH', `${collection}/a1`, 'write', 1],
    ['DELETE', `${collection}/a1`, 'write', 1],
    ['QUX', collection, 'write', 1],
    ['GET', `${collection}/$count`, 'read', 5],
    ['GET', `${collection}?$count=true`, 'read', 5],
    ['GET', `${collection}?%24COUNT=true`, 'read', 5],
    ['GET', `${collection}?$filter=tags/$count gt 1`, 'read', 5],
    ['GET', `${collection}?$top=1&$apply=aggregate($count as n)`, 'read', 5],
    ['GET', `${collection}?$search="a"`, 'read', 5],
    ['GET', `${collection}?$select=name&$orderby=name`, 'read', 1],
    ['GET', '/v1.0/$metadata/more', 'read', 1],
  ])('%s %s is a %s of cost %i', (method, target, kind, cost) => {
    expect(chargeOf({ method, target })).toEqual({ kind, cost });
  });

  it.each([
    ['GET', '/v1.0/$metadata'],
    ['GET', '/beta/%24metadata?$format=json'],
    ['POST', '/v1.0/$batch'],
    ['OPTIONS', collection],
  ])('%s %s is free', (method, target) => {
    expect(chargeOf({ method, target })).toBeUndefined();
  });
});

describe('an allowance', () => {
  it('lets the last request in and refuses the next until the minute is over', async () => {
    const throttle = createThrottle(rates);
    await repeat(3, () => throttle.admit(caller(), write));
    expect(await outcome(throttle.admit(caller(), write))).toEqual({ 'x-ms-throttle-limit-percentage': '1' });
    vi.advanceTimersByTime(20_500);
    const wait = refusal(
      // 39.5 s of the minute are left; the refused request counts half, an eighth of the allowance: 7.5 s.
      '47',
      '1.12',
      `Tenant_Application/Write/app-1/${tenantId}`,
      'WriteLimitExceeded',
    );
    expect(await outcome(throttle.admit(caller(), write))).toEqual(wait);
    vi.advanceTimersByTime(46_999);
    expect(await outcome(throttle.admit(caller(), write))).toMatchObject({ code: 'throttledRequest' });
  });

  it('is whole again after the announced time', async () => {
    const throttle = createThrottle(rates);
    await repeat(4, () => throttle.admit(caller(), write));
    const refused = (await outcome(throttle.admit(caller(), write))) as { headers: Record<string, string> };
    vi.advanceTimersByTime(Number(refused.headers['Retry-After']) * 1000);
    await repeat(3, () => throttle.admit(caller(), write));
    expect(await outcome(throttle.admit(caller(), write))).toEqual({ 'x-ms-throttle-limit-percentage': '1' });
  });

  it('says from 0.8 on how much is used', async () => {
    const throttle = createThrottle(rates);
    await repeat(6, () => throttle.admit(caller(), read));
    expect(await throttle.admit(caller(), read)).toEqual({});
    expect(await throttle.admit(caller(), read)).toEqual({ 'x-ms-throttle-limit-percentage': '0.8' });
    expect(await throttle.admit(caller(), read)).toEqual({ 'x-ms-throttle-limit-percentage': '0.9' });
  });

  it('never asks to wait more than two minutes, however often it is ignored', async () => {
    const throttle = createThrottle(rates);
    await repeat(4, () => throttle.admit(caller(), write));
    await repeat(500, () => outcome(throttle.admit(caller(), write)));
    const refused = (await outcome(throttle.admit(caller(), write))) as { headers: Record<string, string> };
    expect(refused.headers['Retry-After']).toBe(String(limits.retryAfterMaxS));
    vi.advanceTimersByTime(limits.retryAfterMaxS * 1000);
    expect(await throttle.admit(caller(), write)).toEqual({});
  });

  it('is spent faster by what makes the engine look at many rows', async () => {
    const throttle = createThrottle(rates);
    const count = { method: 'GET', target: `${collection}/$count` };
    expect(await throttle.admit(caller(), count)).toEqual({});
    expect(await throttle.admit(caller(), count)).toEqual({ 'x-ms-throttle-limit-percentage': '1' });
    expect(await outcome(throttle.admit(caller(), count))).toMatchObject({ code: 'throttledRequest' });
  });

  it('counts every one of many at a time', async () => {
    const throttle = createThrottle(rates);
    const outcomes = await Promise.all(
      Array.from({ length: 25 }, () => outcome(throttle.admit(caller(), read))),
    );
    expect(outcomes.filter((each) => (each as { code?: ErrorCode }).code === undefined)).toHaveLength(10);
  });

  it('of reads is not that of writes, of one application not that of another, of one tenant not that of another', async () => {
    const throttle = createThrottle(rates);
    await repeat(5, () => outcome(throttle.admit(caller(), write)));
    expect(await throttle.admit(caller(), read)).toEqual({});
    expect(await throttle.admit(caller('app-2'), write)).toEqual({});
    expect(await throttle.admit(caller('app-1', otherTenant), write)).toEqual({});
  });

  it('of a tenant bounds all its applications together', async () => {
    const throttle = createThrottle({ ...rates, tenantRequestsPerMinute: 3 });
    await throttle.admit(caller('app-1'), read);
    await throttle.admit(caller('app-2'), write);
    await throttle.admit(caller('app-3'), read);
    expect(await outcome(throttle.admit(caller('app-4'), read))).toEqual(
      refusal('70', '1.16', `Tenant/ReadWrite/app-4/${tenantId}`, 'TenantLimitExceeded'),
    );
    expect(await throttle.admit(caller('app-4', otherTenant), read)).toEqual({});
  });

  it('of zero is none', async () => {
    const throttle = createThrottle({ ...rates, writesPerMinute: 0, tenantRequestsPerMinute: 0 });
    await repeat(200, () => throttle.admit(caller(), write));
    expect(await throttle.admit(caller(), write)).toEqual({});
  });

  it('is not spent by strangers and by what is free', async () => {
    const throttle = createThrottle({ ...rates, readsPerMinute: 1 });
    await repeat(5, () => throttle.admit({ kind: 'anonymous' }, read));
    await repeat(5, () => throttle.admit(caller(), { method: 'GET', target: '/v1.0/$metadata' }));
    expect(await throttle.admit(caller(), read)).toEqual({ 'x-ms-throttle-limit-percentage': '1' });
  });

  it('writes nothing into a header that a header cannot hold', async () => {
    const throttle = createThrottle({ ...rates, readsPerMinute: 1 });
    const odd = caller(`a\r\nSet-Cookie: ä${'x'.repeat(200)}`);
    await throttle.admit(odd, read);
    expect(await outcome(throttle.admit(odd, read))).toMatchObject({
      headers: { 'x-ms-throttle-scope': `Tenant_Application/Read/aSet-Cookie:${'x'.repeat(88)}/${tenantId}` },
    });
  });
});

describe('an address', () => {
  const refuse = (code: ErrorCode) => async (): Promise<never> => {
    throw new ServiceError(code, 'refused');
  };
  const attempt = (throttle: Throttle, code: ErrorCode, address = '192.0.2.7') =>
    outcome(throttle.guard(address, refuse(code)));
  const slowed = (retryAfter: string) => ({
    code: 'throttledRequest',
    status: 429,
    message: 'Please retry again later.',
    headers: { 'Retry-After': retryAfter },
  });

  it('that sends too many bad tokens is not looked at until the minute is over', async () => {
    const throttle = createThrottle(rates);
    await repeat(3, () => attempt(throttle, 'tokenInvalid'));
    vi.advanceTimersByTime(9_001);
    const looked = vi.fn(async () => 'principal');
    expect(await outcome(throttle.guard('192.0.2.7', looked))).toEqual(slowed('51'));
    expect(looked).not.toHaveBeenCalled();
    expect(await throttle.guard('192.0.2.8', looked)).toBe('principal');
    vi.advanceTimersByTime(51_000);
    expect(await throttle.guard('192.0.2.7', looked)).toBe('principal');
  });

  it.each<[ErrorCode, boolean]>([
    ['tokenInvalid', true],
    ['tokenExpired', true],
    ['audienceInvalid', true],
    ['issuerInvalid', true],
    ['tokenMissing', false],
    ['tenantNotOnboarded', false],
    ['issuerUnavailable', false],
  ])('is charged for %s: %s', async (code, charged) => {
    const throttle = createThrottle(rates);
    await repeat(3, () => attempt(throttle, code));
    const expected = charged ? slowed('60') : { code, message: 'refused' };
    expect(await attempt(throttle, code)).toMatchObject(expected);
  });

  it('is not charged for good tokens', async () => {
    const throttle = createThrottle(rates);
    await repeat(50, () => throttle.guard('192.0.2.7', async () => 'principal'));
    expect(await throttle.guard('192.0.2.7', async () => 'principal')).toBe('principal');
  });

  it('is not watched where the rate is zero', async () => {
    const throttle = createThrottle({ ...rates, refusedTokensPerMinute: 0 });
    await repeat(50, () => attempt(throttle, 'tokenInvalid'));
    expect(await attempt(throttle, 'tokenInvalid')).toMatchObject({ code: 'tokenInvalid' });
  });

  it.each([
    ['192.0.2.7', '192.0.2.7'],
    ['::ffff:192.0.2.7', '192.0.2.7'],
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
    ['2001:DB8:1:2::9', '2001:db8:1:2::/64'],
    ['2001:db8::1', '2001:db8:0:0::/64'],
    ['::1', '0:0:0:0::/64'],
    ['fe80::1%eth0', 'fe80:0:0:0::/64'],
    ['', ''],
  ])('%s stands for %s', (address, network) => {
    expect(networkOf(address)).toBe(network);
  });
});
