import { describe, expect, it } from 'vitest';
import { parseTenantId } from '../../../src/auth/authenticator.ts';
import type { ServiceError } from '../../../src/errors.ts';
import { limits } from '../../../src/limits.ts';
import { createPageTokens, type PagePosition, queryFingerprint } from '../../../src/plan/page-token.ts';

const tenantId = parseTenantId('11111111-1111-4111-8111-111111111111');
const otherTenant = parseTenantId('22222222-2222-4222-8222-222222222222');
const startMs = Date.UTC(2026, 10, 23);
const fingerprint = queryFingerprint(['security', 'cloudAppSecurityProfiles', "$filter=name eq 'a'"]);
const position: PagePosition = {
  tenantId,
  fingerprint,
  after: ['Å "quoted"', null, '053c36a0-36a0-053c-a036-3c05a0363c05'],
  nowTicks: 638_000_000_000_000_000n,
  remaining: 7,
  pageSize: 100,
};

function tokensAt(key: number) {
  let nowMs = startMs;
  const tokens = createPageTokens({ key: new Uint8Array(32).fill(key), now: () => nowMs });
  return {
    ...tokens,
    pass: (ms: number) => {
      nowMs += ms;
    },
  };
}

function codeOf(work: () => unknown): string {
  try {
    work();
  } catch (error) {
    return (error as ServiceError).code;
  }
  return 'none';
}

describe('page tokens', () => {
  it('give back what was sealed, with and without a total', () => {
    const tokens = tokensAt(1);
    for (const sealed of [position, { ...position, remaining: undefined }]) {
      expect(tokens.open(tokens.seal(sealed), tenantId, fingerprint)).toEqual(sealed);
    }
  });

  it('serve until the last millisecond of their lifetime and not beyond', () => {
    const tokens = tokensAt(1);
    const token = tokens.seal(position);
    tokens.pass(limits.pageTokenLifetimeMs);
    expect(tokens.open(token, tenantId, fingerprint)).toEqual(position);
    tokens.pass(1);
    expect(codeOf(() => tokens.open(token, tenantId, fingerprint))).toBe('expiredSkipToken');
  });

  it('show nothing of what they hold, and differ each time', () => {
    const tokens = tokensAt(1);
    const [first, second] = [tokens.seal(position), tokens.seal(position)];
    expect(first).not.toBe(second);
    expect(Buffer.from(first, 'base64url').includes('quoted')).toBe(false);
    expect(Buffer.from(first, 'base64url').includes(tenantId)).toBe(false);
  });

  it('are refused for another tenant, another query and from another service', () => {
    const tokens = tokensAt(1);
    const token = tokens.seal(position);
    expect(codeOf(() => tokens.open(token, otherTenant, fingerprint))).toBe('pageTokenInvalid');
    expect(codeOf(() => tokens.open(token, tenantId, queryFingerprint(['x'])))).toBe('pageTokenInvalid');
    expect(codeOf(() => tokensAt(2).open(token, tenantId, fingerprint))).toBe('pageTokenInvalid');
  });

  it('are refused when any one character is changed, added or left out', () => {
    const tokens = tokensAt(1);
    const token = tokens.seal(position);
    for (let index = 0; index < token.length; index += 1) {
      const other = token[index] === 'A' ? 'B' : 'A';
      const altered = [
        token.slice(0, index) + other + token.slice(index + 1),
        token.slice(0, index) + token.slice(index + 1),
        `${token.slice(0, index)}A${token.slice(index)}`,
      ];
      for (const text of altered.filter((candidate) => candidate !== token)) {
        expect(codeOf(() => tokens.open(text, tenantId, fingerprint))).toBe('pageTokenInvalid');
      }
    }
  });

  it.each(['', '=', 'a', 'ä', '%', 'AAAA', 'A'.repeat(20_000)])(
    'are refused when they are no tokens: %s',
    (text) => {
      expect(codeOf(() => tokensAt(1).open(text, tenantId, fingerprint))).toBe('pageTokenInvalid');
    },
  );
});
