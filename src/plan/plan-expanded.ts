/** `GET /security?$expand=cloudAppSecurityProfiles(…)`: contained collections sent with their singleton (digest 4.12). */
import type { Principal } from '../auth/authenticator.ts';
import type { EntitySet } from '../edm/types.ts';
import { didYouMean, quoteForMessage, ServiceError } from '../errors.ts';
import type { ExpandItem } from '../language/ast.ts';
import { parseExpand } from '../language/parser.ts';
import { limits } from '../limits.ts';
import type { ODataRequest } from '../request/odata-request.ts';
import { collectQueryOptions } from '../request/query-options.ts';
import { authorize } from './authorize.ts';
import { planList } from './bind-list.ts';
import { checkOptions } from './check-options.ts';
import { negotiateJson } from './negotiate.ts';
import type { ListPlan, RequestContext } from './plan.ts';

/** Plans the first page of each collection that `$expand` names; 400 for a name the singleton does not contain. */
export function planExpanded(
  request: ODataRequest,
  singleton: string,
  principal: Principal,
  context: RequestContext,
): readonly ListPlan[] {
  const text = request.options.system.get('$expand');
  if (text === undefined) return [];
  const contained = context.model.entitySets.filter((set) => set.singleton === singleton);
  return parseExpand(text).flatMap((item) =>
    entitySetsOf(item, contained).map((entitySet) => planOne(request, entitySet, item, principal, context)),
  );
}

function entitySetsOf({ kind, path }: ExpandItem, contained: readonly EntitySet[]): readonly EntitySet[] {
  if (kind === 'all') return contained;
  const name = path.map((segment) => segment.name).join('/');
  const found = contained.find((set) => set.name.toLowerCase() === name.toLowerCase());
  if (found !== undefined) return [found];
  const hint = didYouMean(
    name,
    contained.map((set) => set.name),
  );
  throw new ServiceError(
    'expandNotSupported',
    `Expand is not allowed for property '${quoteForMessage(name)}' according to the entity schema.${hint}`,
    { target: '$expand' },
  );
}

function planOne(
  request: ODataRequest,
  entitySet: EntitySet,
  { optionsText }: ExpandItem,
  principal: Principal,
  context: RequestContext,
): ListPlan {
  const { tenantId } = authorize('read', entitySet, principal, context.challenge);
  const nested = { ...request, options: nestedOptions(optionsText ?? '', request) };
  checkOptions(nested, ['$filter', '$orderby', '$select', '$search', '$compute', '$top', '$skip', '$count']);
  const plan = planList({ request: nested, entitySet, tenantId, format: negotiateJson(request), context });
  const pageSize = Math.min(plan.pageSize, limits.expandedPageSizeMax);
  return { ...plan, pageSize, link: { ...plan.link, pageSize } };
}

/** Options inside the parentheses, split where no string or inner parenthesis is open. */
function nestedOptions(text: string, { options }: ODataRequest): ODataRequest['options'] {
  const pairs = splitOptions(text).map((option) => {
    const at = option.indexOf('=');
    if (at > 0) return { name: option.slice(0, at).trim(), value: option.slice(at + 1).trim() };
    throw new ServiceError(
      'optionInvalid',
      `'${quoteForMessage(option)}' in $expand is no option; write $name=value, several separated by semicolons.`,
      { target: '$expand' },
    );
  });
  return { ...collectQueryOptions(pairs), aliases: options.aliases };
}

function splitOptions(text: string): readonly string[] {
  const parts = [''];
  let depth = 0;
  let quoted = false;
  for (const character of text) {
    if (character === "'") quoted = !quoted;
    if (!quoted && character === '(') depth += 1;
    if (!quoted && character === ')') depth -= 1;
    if (character === ';' && depth === 0 && !quoted) parts.push('');
    else parts[parts.length - 1] += character;
  }
  return parts.filter((part) => part.trim() !== '');
}
