import { describe, expect, it } from 'vitest';
import { ServiceError } from '../../../src/errors.ts';
import { resolveTarget } from '../../../src/request/batch-part.ts';

const base = { rootPath: '/v1.0', publicUrl: 'https://casp.example:8443' };

describe('resolveTarget', () => {
  it.each([
    ['/security/x', '/v1.0/security/x'],
    ['security/x', '/v1.0/security/x'],
    ['/', '/v1.0/'],
    ['?a=b', '/v1.0/?a=b'],
    ['/v1.0/security', '/v1.0/security'],
    ['v1.0/security', '/v1.0/security'],
    ['/V1.0/security', '/V1.0/security'],
    ['/beta/security', '/beta/security'],
    ['/beta', '/beta'],
    ['/beta?a', '/beta?a'],
    ['/odata/v4/x', '/odata/v4/x'],
    // Names that merely begin like a version.
    ['/v1.0x/security', '/v1.0/v1.0x/security'],
    ['/betamax', '/v1.0/betamax'],
    ['/odata/v40', '/v1.0/odata/v40'],
    ['https://casp.example:8443/v1.0/security?a=b', '/v1.0/security?a=b'],
    ['HTTPS://CASP.EXAMPLE:8443/security', '/v1.0/security'],
    ['https://casp.example:8443', '/v1.0/'],
    ['https://casp.example:8443?a=b', '/v1.0/?a=b'],
    // Escapes stay as they are; what an address cannot hold is escaped.
    ['/x?f=a%26b%2Fc', '/v1.0/x?f=a%26b%2Fc'],
    ["/x?f=name eq 'Zoë'", "/v1.0/x?f=name%20eq%20'Zo%C3%AB'"],
    ['/x?f=\r\n\t', '/v1.0/x?f=%0D%0A%09'],
    ['/x/%2e%2e/y', '/v1.0/x/%2e%2e/y'],
    ['/x/../y', '/v1.0/x/../y'],
  ])('%j is %j', (url, target) => {
    expect(resolveTarget(url, base)).toBe(target);
  });

  it('takes the root of the envelope', () => {
    expect(resolveTarget('x', { ...base, rootPath: '/odata/v4' })).toBe('/odata/v4/x');
  });

  it('knows its host without the port that its scheme implies', () => {
    const plain = { rootPath: '/v1.0', publicUrl: 'https://casp.example' };
    expect(resolveTarget('https://casp.example:443/v1.0/x', plain)).toBe('/v1.0/x');
  });

  it.each([
    'https://casp.example/v1.0/x',
    'http://casp.example:8443/v1.0/x',
    'https://casp.example:8443@evil.example/v1.0/x',
    'https://evil.example/v1.0/x',
    '//casp.example:8443/v1.0/x',
    '//evil.example/x',
    'file:///etc/passwd',
    'https://',
    'https://[',
  ])('%s is another host', (url) => {
    let refusal: unknown;
    try {
      resolveTarget(url, base);
    } catch (error) {
      refusal = error;
    }
    expect(refusal).toBeInstanceOf(ServiceError);
    expect(refusal).toMatchObject({
      code: 'batchInvalid',
      target: 'url',
      message: `This request of the batch has the url '${url}' of another host.`,
    });
  });
});
