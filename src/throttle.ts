/** Who asks too often is told when to come back: allowances per application and tenant (Protocol 12). */
import { type RateLimiterAbstract, RateLimiterMemory, RateLimiterRes } from 'rate-limiter-flexible';
import type { Principal, TokenPrincipal } from './auth/authenticator.ts';
import { ServiceError } from './errors.ts';
import { limits } from './limits.ts';

/** What is allowed in a minute; 0 sets no limit. */
export interface ThrottleRates {
  /** Of one application in one tenant. */
  readonly readsPerMinute: number;
  /** Of one application in one tenant. */
  readonly writesPerMinute: number;
  /** Of all applications of one tenant together, reads and writes. */
  readonly tenantRequestsPerMinute: number;
  /** Refused tokens from one address; further requests from there are not looked at. */
  readonly refusedTokensPerMinute: number;
}

/** What of a request decides its price. */
export interface PricedRequest {
  readonly method: string;
  /** Raw path and query. */
  readonly target: string;
}

/** Headers of an answer. */
export type ThrottleHeaders = Readonly<Record<string, string>>;

/** Counts requests and refuses those beyond the allowance. */
export interface Throttle {
  /**
   * Runs the token check for an address. A refused token counts against the address; an address with too many
   * gets 429 throttledRequest without its token being looked at. A request without a token is no guess.
   */
  guard<Value>(remoteAddress: string, authenticate: () => Promise<Value>): Promise<Value>;
  /**
   * Charges a request to its application and tenant; 429 throttledRequest beyond the allowance.
   * Resolves with headers for the answer: none below 0.8 of the allowance.
   */
  admit(principal: Principal, request: PricedRequest): Promise<ThrottleHeaders>;
  /** Ends the exchange with other instances. */
  close(): void;
}

/** What was counted under a key, by all instances where they count together. */
export interface KeyCount {
  readonly key: string;
  readonly points: number;
  /** When the count begins anew; milliseconds since 1970. */
  readonly expiresMs: number;
}

/** Counts that all instances share. */
export interface SharedCounts {
  /** Adds what was counted here; resolves with what all have counted since under the same keys. */
  add(counts: readonly KeyCount[], nowMs: number): Promise<readonly KeyCount[]>;
}

/** What a request costs, and from which allowance. */
export interface Charge {
  readonly kind: 'read' | 'write';
  readonly cost: number;
}

const costly = /(?:\$|%24)(?:count|apply|search)(?![\w])/i;
const free = /\/(?:\$|%24)(?:metadata|batch)\/?(?:\?|$)/i;
const queryByPost = /\/(?:\$|%24)query\/?(?:\?|$)/i;

/**
 * The price of a request, told from its raw address: nothing has been parsed yet. Metadata is free, and so is the
 * envelope of a batch: its parts are charged one by one.
 */
export function chargeOf({ method, target }: PricedRequest): Charge | undefined {
  if (method === 'OPTIONS' || free.test(target)) return undefined;
  const reads = method === 'GET' || method === 'HEAD' || (method === 'POST' && queryByPost.test(target));
  return { kind: reads ? 'read' : 'write', cost: costly.test(target) ? limits.costlyRequestCost : 1 };
}

const windowS = 60;

/** Allowances are kept in halves, because a refused request counts half. */
const halves = (points: number): number => 2 * points;

interface Bucket {
  readonly limiter: RateLimiterAbstract;
  /** Counted here and not yet told to other instances, by key. */
  readonly untold: Map<string, number>;
  /** Whether there is anybody to tell. */
  readonly isShared: boolean;
  readonly halvesMax: number;
  /** Stand in `x-ms-throttle-scope` and `x-ms-throttle-information`. */
  readonly scope: string;
  readonly reason: string;
}

function createBucket(
  perMinute: number,
  isShared: boolean,
  scope: string,
  reason: string,
): Bucket | undefined {
  if (perMinute === 0) return undefined;
  const halvesMax = halves(perMinute);
  const limiter = new RateLimiterMemory({ points: halvesMax, duration: windowS });
  return { limiter, untold: new Map(), isShared, halvesMax, scope, reason };
}

function note({ untold, isShared }: Bucket, key: string, points: number): void {
  if (isShared) untold.set(key, (untold.get(key) ?? 0) + points);
}

/** Never zero, never more than clients wait for; clients read whole seconds alike. */
const retryAfterS = (waitMs: number): number =>
  Math.min(limits.retryAfterMaxS, Math.max(1, Math.ceil(waitMs / 1000)));

const throttled = (waitMs: number, headers: ThrottleHeaders = {}): ServiceError =>
  new ServiceError('throttledRequest', 'Please retry again later.', {
    headers: { 'Retry-After': String(retryAfterS(waitMs)), ...headers },
  });

/** Counts a charge; resolves with the share of the allowance that is used then, throws 429 beyond it. */
async function consume(bucket: Bucket, key: string, cost: number, caller: string): Promise<number> {
  const { limiter, halvesMax } = bucket;
  note(bucket, key, halves(cost));
  try {
    const { consumedPoints } = await limiter.consume(key, halves(cost));
    // A window has just opened: what was counted before belongs to the one that is over.
    if (bucket.untold.has(key) && consumedPoints === halves(cost)) bucket.untold.set(key, consumedPoints);
    return consumedPoints / halvesMax;
  } catch (refusal) {
    // The library rejects with its result; an Error is a store that failed.
    if (!(refusal instanceof RateLimiterRes)) throw refusal;
    throw await refuse(bucket, key, cost, refusal, caller);
  }
}

/** Takes back half of the charge; what is left of it beyond the allowance is time added to the wait. */
async function refuse(
  bucket: Bucket,
  key: string,
  cost: number,
  refusal: RateLimiterRes,
  caller: string,
): Promise<ServiceError> {
  const { limiter, halvesMax, scope, reason } = bucket;
  note(bucket, key, -cost);
  const used = refusal.consumedPoints - cost;
  const owed = Math.min(cost, Math.max(0, used - halvesMax));
  const waitMs = Math.min(
    limits.retryAfterMaxS * 1000,
    refusal.msBeforeNext + (owed / halvesMax) * windowS * 1000,
  );
  await limiter.set(key, used, waitMs / 1000);
  return throttled(waitMs, {
    'x-ms-throttle-limit-percentage': showShare(used / halvesMax),
    'x-ms-throttle-scope': `${scope}/${caller}`,
    'x-ms-throttle-information': reason,
  });
}

const showShare = (share: number): string => String(Math.floor(share * 100) / 100);

const noHeaders: ThrottleHeaders = {};
/** From this share on, answers say how much is used (Graph's rule). */
const announcedShare = 0.8;

/** Characters a header can hold; a client id comes from a token, so it may be any text. */
const headerText = (text: string): string => text.replace(/[^\x21-\x7e]/g, '').slice(0, 100);

/** Tells other instances what was counted here, and takes over what they have counted. */
async function exchange(buckets: readonly Bucket[], shared: SharedCounts): Promise<void> {
  const told = await Promise.all(buckets.map(takeUntold));
  const counts = told.flat();
  if (counts.length === 0) return;
  const totals = await shared.add(counts, Date.now());
  await Promise.all(totals.map((total) => takeOver(total, buckets)));
}

/** Keys of different buckets are told apart by the scope before them. */
async function takeUntold({ limiter, untold, scope }: Bucket): Promise<readonly KeyCount[]> {
  const entries = [...untold];
  untold.clear();
  const counts = entries.map(async ([key, points]) => {
    const known = await limiter.get(key);
    const expiresMs = Date.now() + Math.max(1, Math.round(known?.msBeforeNext ?? windowS * 1000));
    return { key: `${scope} ${key}`, points, expiresMs };
  });
  return Promise.all(counts);
}

async function takeOver({ key, points, expiresMs }: KeyCount, buckets: readonly Bucket[]): Promise<void> {
  const bucket = buckets.find(({ scope }) => key.startsWith(`${scope} `));
  if (bucket === undefined) throw new Error(`no bucket counts ${key}`);
  const { limiter, untold, scope, halvesMax } = bucket;
  const own = key.slice(scope.length + 1);
  const known = await limiter.get(own);
  // Who was refused here was told a time, which may be later than the window's end.
  const toldMs = known !== null && known.consumedPoints > halvesMax ? known.msBeforeNext : 0;
  const leftMs = Math.max(expiresMs - Date.now(), toldMs);
  if (leftMs > 0) await limiter.set(own, points + (untold.get(own) ?? 0), leftMs / 1000);
}

/**
 * Makes a throttle whose counts live in this process; a window of a minute opens with its first request. With shared
 * counts the instances tell each other four times a second what they have counted: each may admit beyond the allowance
 * what arrives at it in that time.
 */
export function createThrottle(rates: ThrottleRates, shared?: SharedCounts): Throttle {
  const isShared = shared !== undefined;
  const applications = {
    read: createBucket(rates.readsPerMinute, isShared, 'Tenant_Application/Read', 'ReadLimitExceeded'),
    write: createBucket(rates.writesPerMinute, isShared, 'Tenant_Application/Write', 'WriteLimitExceeded'),
  };
  const tenants = createBucket(
    rates.tenantRequestsPerMinute,
    isShared,
    'Tenant/ReadWrite',
    'TenantLimitExceeded',
  );
  const addresses = createBucket(rates.refusedTokensPerMinute, isShared, 'Address/Tokens', 'RefusedTokens');

  const buckets = [applications.read, applications.write, tenants, addresses].filter(
    (bucket) => bucket !== undefined,
  );
  const stopExchange = shared === undefined ? () => {} : exchangeRegularly(buckets, shared);

  async function admitToken({ clientId, tenantId }: TokenPrincipal, { kind, cost }: Charge) {
    const caller = `${headerText(clientId)}/${tenantId}`;
    const own = applications[kind];
    const ownShare = own === undefined ? 0 : await consume(own, `${tenantId} ${clientId}`, cost, caller);
    const tenantShare = tenants === undefined ? 0 : await consume(tenants, tenantId, cost, caller);
    const share = Math.max(ownShare, tenantShare);
    return share < announcedShare ? noHeaders : { 'x-ms-throttle-limit-percentage': showShare(share) };
  }

  return {
    async guard(remoteAddress, authenticate) {
      if (addresses === undefined) return authenticate();
      const key = networkOf(remoteAddress);
      const known = await addresses.limiter.get(key);
      // A record whose time is over stays until its timer fires.
      const counts = known !== null && known.msBeforeNext > 0;
      if (counts && known.consumedPoints >= addresses.halvesMax) throw throttled(known.msBeforeNext);
      try {
        return await authenticate();
      } catch (error) {
        if (isRefusedToken(error)) {
          note(addresses, key, halves(1));
          await addresses.limiter.penalty(key, halves(1));
        }
        throw error;
      }
    },
    async admit(principal, request) {
      if (principal.kind === 'anonymous') return noHeaders;
      const charge = chargeOf(request);
      return charge === undefined ? noHeaders : admitToken(principal, charge);
    },
    close: stopExchange,
  };
}

/** Returns how to end it. What cannot be told, because the database is away, counts here only. */
function exchangeRegularly(buckets: readonly Bucket[], shared: SharedCounts): () => void {
  let running = false;
  const timer = setInterval(async () => {
    if (running) return;
    running = true;
    await exchange(buckets, shared).catch(() => undefined);
    running = false;
  }, limits.throttleExchangeMs);
  timer.unref();
  return () => clearInterval(timer);
}

const isRefusedToken = (error: unknown): boolean =>
  error instanceof ServiceError && error.status === 401 && error.code !== 'tokenMissing';

/** One customer of a provider has a whole /64 of IPv6 to choose from, so the first four groups stand for all. */
export function networkOf(address: string): string {
  if (!address.includes(':') || address.includes('.')) return address.replace(/^::ffff:/i, '');
  const [head = '', tail] = address.toLowerCase().replace(/%.*$/, '').split('::');
  const left = head === '' ? [] : head.split(':');
  const right = tail === undefined || tail === '' ? [] : tail.split(':');
  const zeros = Math.max(0, 8 - left.length - right.length);
  const groups = [...left, ...Array.from({ length: zeros }, () => '0'), ...right].map((group) =>
    Number.parseInt(group, 16).toString(16),
  );
  return `${groups.slice(0, 4).join(':')}::/64`;
}
