/** Where the public keys come from that tokens are checked with. */
import { type CryptoKey, importJWK, type JWK } from 'jose';

/** What a token's header says about the key that signed it. */
export interface KeyWanted {
  readonly kid: string | undefined;
  readonly algorithm: string;
}

/** A public key, ready to verify with. */
export interface VerificationKey {
  readonly key: CryptoKey;
  /** Some key sets bind a key to one issuer (a template with `{tenantid}`); undefined: any of the set's. */
  readonly issuer: string | undefined;
}

/** The public keys of one issuer. */
export interface VerificationKeys {
  /** Undefined when the issuer has no such key; throws 503 issuerUnavailable when that cannot be known. */
  find(wanted: KeyWanted): Promise<VerificationKey | undefined>;
}

/** The key type an algorithm of the allow-list needs (RFC 7518 section 3.1). */
function keyTypeOf(algorithm: string): string {
  if (algorithm.startsWith('ES')) return 'EC';
  return algorithm === 'EdDSA' || algorithm === 'Ed25519' ? 'OKP' : 'RSA';
}

const fits = (jwk: JWK, wanted: KeyWanted): boolean =>
  (wanted.kid === undefined || jwk.kid === wanted.kid) &&
  jwk.kty === keyTypeOf(wanted.algorithm) &&
  (jwk.alg === undefined || jwk.alg === wanted.algorithm) &&
  (jwk.use === undefined || jwk.use === 'sig') &&
  jwk.d === undefined;

/** Keys that never change, such as those of the local issuer or one fetched key set. */
export function createStaticKeys(jwks: readonly JWK[]): VerificationKeys {
  const imported = new Map<string, Promise<VerificationKey | undefined>>();

  async function importKey(jwk: JWK, algorithm: string): Promise<VerificationKey | undefined> {
    const { issuer } = jwk as { issuer?: unknown };
    // One broken key of a set must not take the others down: it counts as absent.
    const key = await importJWK(jwk, algorithm).catch(() => undefined);
    if (key === undefined || key instanceof Uint8Array) return undefined;
    return { key, issuer: typeof issuer === 'string' ? issuer : undefined };
  }

  return {
    async find(wanted) {
      const candidates = jwks.filter((jwk) => fits(jwk, wanted));
      const [jwk] = candidates;
      // Without a kid the key must be beyond doubt.
      if (jwk === undefined || candidates.length > 1) return undefined;
      const name = `${jwks.indexOf(jwk)} ${wanted.algorithm}`;
      const known = imported.get(name) ?? importKey(jwk, wanted.algorithm);
      imported.set(name, known);
      return known;
    },
  };
}
