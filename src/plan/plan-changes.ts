/** `…/casp.changes()` → the page of change records it asks for. */
import type { Principal } from '../auth/authenticator.ts';
import type { EntitySet } from '../edm/types.ts';
import type { ODataRequest } from '../request/odata-request.ts';
import { authorize } from './authorize.ts';
import { bindChangeFilter } from './bind-change-filter.ts';
import { firstPage, repeatedOptions, withPageSize } from './bind-list.ts';
import { checkOptions } from './check-options.ts';
import { negotiateJson } from './negotiate.ts';
import { queryFingerprint } from './page-token.ts';
import type { ChangesPlan, RequestContext } from './plan.ts';

/** Plans a page of the changes of one entity or, without a key, of a whole set. */
export function planChanges(
  request: ODataRequest,
  { entitySet, key }: { readonly entitySet: EntitySet; readonly key: string | undefined },
  principal: Principal,
  context: RequestContext,
): ChangesPlan {
  const { tenantId } = authorize('read', entitySet, principal, context.challenge);
  checkOptions(request, ['$top', '$filter', '$skiptoken', '$format']);
  const { system } = request.options;
  const filter = system.get('$filter');
  const fingerprint = queryFingerprint([
    ...['changes', entitySet.singleton, entitySet.name, key ?? '', filter ?? ''],
  ]);
  const token = system.get('$skiptoken');
  const position = token === undefined ? undefined : context.pageTokens.open(token, tenantId, fingerprint);
  const { pageSize, remaining } = position ?? firstPage(request, context);
  return {
    kind: 'changes',
    root: request.root,
    format: withPageSize(withNulls(negotiateJson(request)), request),
    entitySet,
    tenantId,
    key,
    pageSize: Math.min(pageSize, remaining ?? pageSize),
    before: position === undefined ? undefined : BigInt(position.after[0] ?? 0),
    remaining,
    conditions: filter === undefined ? [] : bindChangeFilter(filter, entitySet),
    link: {
      options: repeatedOptions(request),
      fingerprint,
      nowTicks: position?.nowTicks ?? context.nowTicks,
      pageSize,
    },
  };
}

/** That a value was null is what some changes say, so the preference to leave nulls out is not honoured here. */
function withNulls(format: ChangesPlan['format']): ChangesPlan['format'] {
  return {
    ...format,
    omitNulls: false,
    applied: format.applied.filter((preference) => preference !== 'omit-values=nulls'),
  };
}
