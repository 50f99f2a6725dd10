import { describe, expect, it } from 'vitest';
import { createStaticKeys } from '../../../src/auth/keys.ts';
import { newTestKey } from './token-fixture.ts';

describe('createStaticKeys', () => {
  it('finds a key by kid and algorithm, the same one each time', async () => {
    const { publicJwk } = await newTestKey('one');
    const keys = createStaticKeys([publicJwk]);
    const found = await keys.find({ kid: 'one', algorithm: 'RS256' });
    expect(found?.key.type).toBe('public');
    expect((await keys.find({ kid: 'one', algorithm: 'RS256' }))?.key).toBe(found?.key);
  });

  it.each([
    ['another kid', { kid: 'two', algorithm: 'RS256' }, {}],
    ['an algorithm of another key type', { kid: 'one', algorithm: 'ES256' }, {}],
    ['another algorithm than the key is for', { kid: 'one', algorithm: 'RS256' }, { alg: 'PS256' }],
    ['a key for encryption', { kid: 'one', algorithm: 'RS256' }, { use: 'enc' }],
    ['a private key', { kid: 'one', algorithm: 'RS256' }, { d: 'AQAB' }],
    ['a damaged key', { kid: 'one', algorithm: 'RS256' }, { n: undefined }],
  ])('does not find %s', async (_name, wanted, overrides) => {
    const { publicJwk } = await newTestKey('one');
    expect(await createStaticKeys([{ ...publicJwk, ...overrides } as never]).find(wanted)).toBeUndefined();
  });
});
