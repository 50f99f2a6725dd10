/** The options of a collection request → the page it asks for (Protocol 11.2.6, digest 4.9, 4.10). */
import type { TenantId } from '../auth/authenticator.ts';
import { type EntitySet, leavesOf } from '../edm/types.ts';
import { limits } from '../limits.ts';
import type { ODataRequest } from '../request/odata-request.ts';
import { parseNonNegativeInteger } from '../request/query-options.ts';
import type { OrderKey } from './bound.ts';
import { queryFingerprint } from './page-token.ts';
import type { ListPlan, RequestContext, ResponseFormat } from './plan.ts';

/** Plans a page; the order is by id, which is total and stable. */
export function planList(
  request: ODataRequest,
  entitySet: EntitySet,
  tenantId: TenantId,
  format: ResponseFormat,
  context: RequestContext,
): ListPlan {
  const { system } = request.options;
  const fingerprint = queryFingerprint([entitySet.singleton, entitySet.name]);
  const token = system.get('$skiptoken');
  const position = token === undefined ? undefined : context.pageTokens.open(token, tenantId, fingerprint);
  const { pageSize, remaining } = position ?? firstPage(request, context);
  return {
    kind: 'list',
    root: request.root,
    format,
    entitySet,
    tenantId,
    pageSize: Math.min(pageSize, remaining ?? pageSize),
    after: position?.after,
    remaining,
    skip: 0,
    filter: undefined,
    search: undefined,
    orderBy: [keyOrder(entitySet)],
    count: false,
    projection: undefined,
    link: {
      options: repeatedOptions(system),
      fingerprint,
      nowTicks: position?.nowTicks ?? context.nowTicks,
      pageSize,
    },
  };
}

/** The entity's own key: appended to every order, so that it is total (digest 4.8). */
export function keyOrder(entitySet: EntitySet): OrderKey {
  const leaf = leavesOf(entitySet.type).find(({ property }) => property.access === 'key');
  if (leaf === undefined || leaf.type.kind !== 'primitive') throw new Error(`${entitySet.name} has no key`);
  return { expression: { kind: 'leaf', type: leaf.type, leaf }, descending: false };
}

/** Graph reads `$top` as the page size, the specification as the total (digest 4.9). */
function firstPage(
  request: ODataRequest,
  context: RequestContext,
): { readonly pageSize: number; readonly remaining: number | undefined } {
  const text = request.options.system.get('$top');
  const top = text === undefined ? undefined : parseNonNegativeInteger('$top', text);
  const { maxPageSize } = request.headers.prefer;
  const largest = Math.min(maxPageSize ?? limits.pageSizeMax, limits.pageSizeMax);
  if (top === undefined)
    return { pageSize: maxPageSize === undefined ? limits.pageSizeDefault : largest, remaining: undefined };
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

function repeatedOptions(system: ODataRequest['options']['system']): string {
  return [...system]
    .filter(([name]) => name !== '$skiptoken')
    .map(([name, value]) => `${name}=${encodeURIComponent(value)}&`)
    .join('');
}
