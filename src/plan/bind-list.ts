/** A collection request → the page it asks for (Protocol 11.2.6, digest 4.9, 4.10). */
import type { TenantId } from '../auth/authenticator.ts';
import type { EntitySet } from '../edm/types.ts';
import { limits } from '../limits.ts';
import type { ODataRequest, QueryOptionName } from '../request/odata-request.ts';
import { type OptionScope, optionText, readCount, readFilter, readRows, readSearch } from './bind-options.ts';
import { plainFormat } from './negotiate.ts';
import { queryFingerprint } from './page-token.ts';
import type { CountPlan, ExportForm, ExportPlan, ListPlan, RequestContext, ResponseFormat } from './plan.ts';
import { readQuestion } from './question.ts';

/** What every plan on a collection is made from. */
export interface CollectionRequest {
  readonly request: ODataRequest;
  readonly entitySet: EntitySet;
  readonly tenantId: TenantId;
  readonly format: ResponseFormat;
  readonly context: RequestContext;
}

/** Plans a page: the first one, or the one its token names. */
export function planList(asked: CollectionRequest): ListPlan {
  const { request, entitySet, tenantId, format, context } = asked;
  const fingerprint = fingerprintOf(request, entitySet);
  const token = optionText(asked, '$skiptoken');
  const position = token === undefined ? undefined : context.pageTokens.open(token, tenantId, fingerprint);
  const nowTicks = position?.nowTicks ?? context.nowTicks;
  const scope: OptionScope = { request, entitySet, context, nowTicks };
  const skip = readRows(scope, '$skip') ?? 0;
  const count = readCount(scope);
  const first = firstPage(request, context);
  const { pageSize, remaining } = position ?? first;
  return {
    kind: 'list',
    root: request.root,
    format: withPageSize(format, request),
    entitySet,
    tenantId,
    pageSize: Math.min(pageSize, remaining ?? pageSize),
    after: position?.after,
    remaining,
    skip: position === undefined ? skip : 0,
    ...readQuestion(scope),
    count: position === undefined && count,
    link: { options: repeatedOptions(request), fingerprint, nowTicks, pageSize },
  };
}

/** Plans a list as one file; `$top` is how many rows it has at most. */
export function planExport(asked: Omit<CollectionRequest, 'format'>, form: ExportForm): ExportPlan {
  const { request, entitySet, tenantId, context } = asked;
  const format: ResponseFormat = { ...plainFormat, metadata: 'none' };
  const remaining = readRows({ request }, '$top');
  const first = limits.exportRowsFirst;
  const list: ListPlan = {
    ...planList({ ...asked, format }),
    pageSize: Math.min(remaining ?? first, first),
    remaining,
  };
  const { root } = request;
  return { kind: 'export', root, format, entitySet, tenantId, list, form, atTicks: context.nowTicks };
}

/** `/$count`: honours the options that choose rows, no others (URL Conventions 4.8). */
export function planCount(asked: CollectionRequest): CountPlan {
  const { request, entitySet, tenantId, format, context } = asked;
  const scope: OptionScope = { request, entitySet, context, nowTicks: context.nowTicks };
  return {
    kind: 'count',
    root: request.root,
    format,
    entitySet,
    tenantId,
    filter: readFilter(scope, []),
    search: readSearch(scope),
    steps: undefined,
  };
}

/** How many rows a page has, and how many all pages together. */
export interface PageBound {
  readonly pageSize: number;
  readonly remaining: number | undefined;
}

/** The format with the page size that was preferred. */
export function withPageSize(format: ResponseFormat, { headers }: ODataRequest): ResponseFormat {
  const { maxPageSize } = headers.prefer;
  if (maxPageSize === undefined) return format;
  const applied = `maxpagesize=${Math.min(maxPageSize, limits.pageSizeMax)}`;
  return { ...format, applied: [applied, ...format.applied] };
}

/** Graph reads `$top` as the page size, the specification as the total (digest 4.9). */
export function firstPage(request: ODataRequest, context: RequestContext): PageBound {
  const top = readRows({ request }, '$top');
  const { maxPageSize } = request.headers.prefer;
  const largest = Math.min(maxPageSize ?? limits.pageSizeMax, limits.pageSizeMax);
  if (top === undefined) {
    return { pageSize: maxPageSize === undefined ? limits.pageSizeDefault : largest, remaining: undefined };
  }
  // Nothing can follow an empty page, in either reading.
  const total = top === 0 || topIsTotal(request, context);
  return total
    ? { pageSize: largest, remaining: top }
    : { pageSize: Math.min(top, largest), remaining: undefined };
}

function topIsTotal(request: ODataRequest, { policy }: RequestContext): boolean {
  if (policy.topSemantics !== 'auto') return policy.topSemantics === 'odata';
  const { genericClient, prefer } = request.headers;
  return request.root === 'odata/v4' || genericClient || prefer.maxPageSize !== undefined;
}

/** Options that change which rows come in which order: a token serves these and no others. */
const identifying: readonly QueryOptionName[] = ['$filter', '$orderby', '$search', '$compute', '$apply'];

function fingerprintOf(request: ODataRequest, entitySet: EntitySet): string {
  const { system, aliases } = request.options;
  const texts = identifying.map((name) => `${name}=${system.get(name) ?? ''}`);
  const names = [...aliases].map(([name, text]) => `@${name}=${text}`).sort();
  return queryFingerprint([entitySet.singleton, entitySet.name, ...texts, ...names]);
}

/** The options of a link to the next page, encoded, without `$skiptoken`; empty or ending in `&`. */
export function repeatedOptions({ options }: ODataRequest): string {
  const system = [...options.system].filter(([name]) => name !== '$skiptoken');
  const aliases = [...options.aliases].map(([name, text]): [string, string] => [`@${name}`, text]);
  return [...system, ...aliases].map(([name, text]) => `${name}=${encodeURIComponent(text)}&`).join('');
}
