/** Values only this issuer can read: codes and refresh tokens that need no memory and no database. */
import { EncryptJWT, errors, type JWTPayload, jwtDecrypt } from 'jose';

/** What a sealed value is for; one sealed for another purpose is not accepted. */
export type SealPurpose = 'authorizationCode' | 'refreshToken' | 'deviceCode';

/** Seals values and opens them again. */
export interface Sealer {
  seal(purpose: SealPurpose, content: Readonly<Record<string, unknown>>, lifetimeS: number): Promise<string>;
  /** The content; `expired` or `invalid` when there is none to trust. */
  open(purpose: SealPurpose, sealed: string): Promise<JWTPayload | 'expired' | 'invalid'>;
}

/** Seals with a key of 32 bytes (A256GCM, directly); every instance that has the key can open. */
export function createSealer(secret: Uint8Array, now: () => Date): Sealer {
  return {
    seal(purpose, content, lifetimeS) {
      const issuedAtS = Math.floor(now().getTime() / 1000);
      return new EncryptJWT({ ...content, aud: purpose, iat: issuedAtS, exp: issuedAtS + lifetimeS })
        .setProtectedHeader({ alg: 'dir', enc: 'A256GCM' })
        .encrypt(secret);
    },
    async open(purpose, sealed) {
      try {
        const { payload } = await jwtDecrypt(sealed, secret, {
          audience: purpose,
          currentDate: now(),
          keyManagementAlgorithms: ['dir'],
          contentEncryptionAlgorithms: ['A256GCM'],
        });
        return payload;
      } catch (error) {
        if (error instanceof errors.JWTExpired) return 'expired';
        if (error instanceof errors.JOSEError) return 'invalid';
        throw error;
      }
    },
  };
}
