/** Where the next page starts, sealed: encrypted and authenticated, so that it can be neither read nor altered. */
import { createCipheriv, createDecipheriv, createHash, randomFillSync } from 'node:crypto';
import type { TenantId } from '../auth/authenticator.ts';
import { ServiceError } from '../errors.ts';
import { limits } from '../limits.ts';

/** What a token remembers of its query. */
export interface PagePosition {
  readonly tenantId: TenantId;
  /** Everything the link must not be moved to: entity set, filter, order … (`queryFingerprint`). */
  readonly fingerprint: string;
  /** Key values of the last row sent, in the order of the sort keys, the id last. */
  readonly after: readonly (string | null)[];
  /** `now()` of the first page, so that all pages ask the same question. */
  readonly nowTicks: bigint;
  /** Rows still allowed when `$top` is a total; undefined when it is a page size. */
  readonly remaining: number | undefined;
  /** Rows a page, from `$top` or a preference on the first page. */
  readonly pageSize: number;
}

export interface PageTokens {
  seal(position: PagePosition): string;
  /** Throws pageTokenInvalid or expiredSkipToken. */
  open(token: string, tenantId: TenantId, fingerprint: string): PagePosition;
}

const formatVersion = 1;
const ivBytes = 12;
const tagBytes = 16;
const tokenCharactersMax = 16_384;

/** The same question is asked again and again: the fingerprints of the latest are kept, and at most so many. */
const fingerprintsMax = 200;
const fingerprints = new Map<string, string>();

/** Identifies a query without repeating it: 128 bits of SHA-256 over its parts. */
export function queryFingerprint(parts: readonly string[]): string {
  const text = JSON.stringify(parts);
  let fingerprint = fingerprints.get(text);
  if (fingerprint === undefined) {
    fingerprint = createHash('sha256').update(text).digest('base64url').slice(0, 22);
    if (fingerprints.size >= fingerprintsMax) fingerprints.clear();
    fingerprints.set(text, fingerprint);
  }
  return fingerprint;
}

/** @param key 32 bytes, the same on every instance and across restarts. */
export function createPageTokens(parts: {
  readonly key: Uint8Array;
  readonly now: () => number;
}): PageTokens {
  const nextIv = createIvs();
  return {
    seal(position) {
      const iv = nextIv();
      const cipher = createCipheriv('aes-256-gcm', parts.key, iv);
      const payload = JSON.stringify({
        v: formatVersion,
        t: position.tenantId,
        f: position.fingerprint,
        a: position.after,
        n: String(position.nowTicks),
        r: position.remaining,
        p: position.pageSize,
        e: parts.now() + limits.pageTokenLifetimeMs,
      });
      const sealed = Buffer.concat([cipher.update(payload, 'utf8'), cipher.final()]);
      return Buffer.concat([iv, cipher.getAuthTag(), sealed]).toString('base64url');
    },
    open(token, tenantId, fingerprint) {
      const payload = decrypt(token, parts.key);
      if (payload.t !== tenantId) throw invalid('belongs to another tenant');
      if (payload.f !== fingerprint)
        throw invalid('belongs to another query; do not change the options of a link');
      if (payload.e < parts.now()) {
        throw new ServiceError('expiredSkipToken', 'The $skiptoken has expired. Start the query again.', {
          target: '$skiptoken',
        });
      }
      return {
        tenantId,
        fingerprint,
        after: payload.a,
        nowTicks: BigInt(payload.n),
        remaining: payload.r,
        pageSize: payload.p,
      };
    },
  };
}

/** Random bytes are drawn for many tokens at once: each draw costs more than a token. */
const ivsAtOnce = 256;

/** Makes initialization vectors, no two the same. */
function createIvs(): () => Buffer {
  const drawn = Buffer.alloc(ivBytes * ivsAtOnce);
  let at = drawn.length;
  return () => {
    if (at === drawn.length) {
      randomFillSync(drawn);
      at = 0;
    }
    at += ivBytes;
    return drawn.subarray(at - ivBytes, at);
  };
}

interface Payload {
  readonly v: number;
  readonly t: string;
  readonly f: string;
  readonly a: readonly (string | null)[];
  readonly n: string;
  readonly r?: number;
  readonly p: number;
  readonly e: number;
}

function decrypt(token: string, key: Uint8Array): Payload {
  if (token.length > tokenCharactersMax || !/^[A-Za-z0-9_-]+$/.test(token)) throw invalid('is malformed');
  const bytes = Buffer.from(token, 'base64url');
  // Base64url has unused bits in its last character; only the canonical spelling is ours.
  if (bytes.length <= ivBytes + tagBytes || bytes.toString('base64url') !== token)
    throw invalid('is malformed');
  const decipher = createDecipheriv('aes-256-gcm', key, bytes.subarray(0, ivBytes));
  decipher.setAuthTag(bytes.subarray(ivBytes, ivBytes + tagBytes));
  try {
    const text = Buffer.concat([decipher.update(bytes.subarray(ivBytes + tagBytes)), decipher.final()]);
    const payload = JSON.parse(text.toString('utf8')) as Payload;
    if (payload.v !== formatVersion) throw new Error('another format');
    return payload;
  } catch {
    throw invalid('was altered or does not come from this service');
  }
}

function invalid(reason: string): ServiceError {
  return new ServiceError(
    'pageTokenInvalid',
    `The $skiptoken ${reason}. Follow @odata.nextLink as it was given.`,
    {
      target: '$skiptoken',
    },
  );
}
