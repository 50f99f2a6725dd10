/** Addresses in answers, from the configured URL, never from Host (JSON Format 4.5.1, Protocol 10). */
import type { EntitySet } from '../edm/types.ts';
import type { ChangesPlan, ListPlan, RequestContext } from '../plan/plan.ts';
import type { ServiceRoot } from '../request/odata-request.ts';

/** `https://host/v1.0/` */
export function serviceRootUrl(root: ServiceRoot, { publicUrl }: RequestContext): string {
  return `${publicUrl}/${root}/`;
}

/** The address of `$metadata` and what the payload is an instance of. */
export function contextUrl(root: ServiceRoot, fragment: string, context: RequestContext): string {
  const metadata = `${serviceRootUrl(root, context)}$metadata`;
  return fragment === '' ? metadata : `${metadata}#${fragment}`;
}

/** `security/cloudAppSecurityProfiles`; at the top where generic OData clients look for it (digest 5.7). */
export function entitySetPath({ singleton, name }: EntitySet, root: ServiceRoot): string {
  return root === 'odata/v4' ? name : `${singleton}/${name}`;
}

/** The canonical address of an entity, key as segment. */
export function entityUrl(
  root: ServiceRoot,
  entitySet: EntitySet,
  id: string,
  context: RequestContext,
): string {
  return `${serviceRootUrl(root, context)}${entitySetPath(entitySet, root)}/${encodeURIComponent(id)}`;
}

/** The absolute link to the page after the row with these key values. */
export function nextLink(plan: ListPlan, after: readonly (string | null)[], context: RequestContext): string {
  const address = `${serviceRootUrl(plan.root, context)}${entitySetPath(plan.entitySet, plan.root)}`;
  return linkTo(address, plan, after, context);
}

/** The absolute link to the change records before this position. */
export function changesLink(plan: ChangesPlan, before: bigint, context: RequestContext): string {
  const { root, entitySet, key } = plan;
  const set = `${serviceRootUrl(root, context)}${entitySetPath(entitySet, root)}`;
  const bound = key === undefined ? set : entityUrl(root, entitySet, key, context);
  return linkTo(`${bound}/casp.changes()`, plan, [String(before)], context);
}

function linkTo(
  address: string,
  plan: ListPlan | ChangesPlan,
  after: readonly (string | null)[],
  context: RequestContext,
): string {
  const { fingerprint, nowTicks, pageSize, options } = plan.link;
  const remaining = plan.remaining === undefined ? undefined : plan.remaining - plan.pageSize;
  const token = context.pageTokens.seal({
    tenantId: plan.tenantId,
    fingerprint,
    after,
    nowTicks,
    remaining,
    pageSize,
  });
  return `${address}?${options}$skiptoken=${token}`;
}
