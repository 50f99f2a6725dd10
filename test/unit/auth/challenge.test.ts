import { describe, expect, it } from 'vitest';
import { createChallenge, createTokenMissingError } from '../../../src/auth/challenge.ts';

const challenge = createChallenge({
  authorizationUri: 'https://login.example/common/oauth2/authorize',
  clientId: '00000003-0000-0000-c000-000000000000',
});
const base =
  'Bearer realm="", authorization_uri="https://login.example/common/oauth2/authorize", client_id="00000003-0000-0000-c000-000000000000"';

describe('createChallenge', () => {
  it('names no error when no token was sent', () => {
    expect(challenge.missing()).toBe(base);
  });

  it('says why a token was refused, without quotes, commas or characters a header cannot hold', () => {
    expect(challenge.invalid('Expired, "long" ago\\\r\nSet-Cookie: ü')).toBe(
      `${base}, error="invalid_token", error_description="Expired   long  ago   Set-Cookie:"`,
    );
  });

  it('lists the permissions that would do', () => {
    expect(challenge.insufficientScope(['SecurityEvents.Read.All', 'SecurityEvents.ReadWrite.All'])).toBe(
      `${base}, error="insufficient_scope", scope="SecurityEvents.Read.All SecurityEvents.ReadWrite.All"`,
    );
  });

  it.each(['https://a.example/"', 'https://a.example/,', 'https://a.example/\r\n'])(
    'cannot be made with %j',
    (authorizationUri) => {
      expect(() => createChallenge({ authorizationUri, clientId: 'x' })).toThrow(/cannot stand/);
    },
  );
});

describe('createTokenMissingError', () => {
  it('names the two usual causes', () => {
    const error = createTokenMissingError(challenge);
    expect({
      status: error.status,
      code: error.code,
      message: error.message,
      headers: error.headers,
    }).toEqual({
      status: 401,
      code: 'tokenMissing',
      message:
        'Access token is empty: no bearer token arrived. Get one: casp token. ' +
        'Graph JavaScript SDK: tokens are only sent over https to hosts in customHosts.',
      headers: { 'WWW-Authenticate': base },
    });
  });
});
