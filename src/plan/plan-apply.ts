/** `$apply` and the options after it → a pipeline (Data Aggregation 3, digest 4.14). */
import { ServiceError } from '../errors.ts';
import { parseApply } from '../language/apply.ts';
import type { ApplyColumn, ApplyStep } from './apply-steps.ts';
import { type BoundApply, bindApply } from './bind-apply.ts';
import type { CollectionRequest } from './bind-list.ts';
import {
  type OptionScope,
  optionText,
  readCount,
  readFilter,
  readOrderBy,
  readRows,
  readSearch,
  scopeOf,
} from './bind-options.ts';
import type { ApplyPlan, CountPlan } from './plan.ts';

/** Plans the aggregation of a collection; the options of the request follow its steps. */
export function planApply(asked: CollectionRequest): ApplyPlan {
  const { request, entitySet, tenantId, format } = asked;
  const applied = bindSteps(asked);
  const scope = scopeAfter(asked, applied);
  const filter = readFilter(scope, []);
  const orderBy = readOrderBy(scope, []);
  const skip = readRows(scope, '$skip');
  const top = readRows(scope, '$top');
  const chosen: ApplyStep[] = [
    ...applied.steps,
    ...(filter === undefined ? [] : [{ kind: 'filter', filter } as const]),
  ];
  const shown: ApplyStep[] = [
    ...(orderBy.length === 0 ? [] : [{ kind: 'orderBy', keys: orderBy } as const]),
    ...(skip === undefined ? [] : [{ kind: 'skip', rows: skip } as const]),
    ...(top === undefined ? [] : [{ kind: 'top', rows: top } as const]),
  ];
  return {
    kind: 'apply',
    root: request.root,
    format,
    entitySet,
    tenantId,
    steps: [...chosen, ...shown],
    columns: applied.columns,
    added: applied.added,
    countSteps: readCount(scope) ? chosen : undefined,
  };
}

/** `/$count?$apply=…`: how many rows the pipeline has. */
export function planApplyCount(asked: CollectionRequest): CountPlan {
  const { request, entitySet, tenantId, format } = asked;
  const applied = bindSteps(asked);
  const filter = readFilter(scopeAfter(asked, applied), []);
  const steps =
    filter === undefined ? applied.steps : [...applied.steps, { kind: 'filter', filter } as const];
  return {
    kind: 'count',
    root: request.root,
    format,
    entitySet,
    tenantId,
    filter: undefined,
    search: undefined,
    steps,
  };
}

function bindSteps(asked: CollectionRequest): BoundApply {
  const { context } = asked;
  const scope: OptionScope = { ...asked, nowTicks: context.nowTicks };
  const text = optionText(asked, '$apply') ?? '';
  const applied = bindApply(parseApply(text), scopeOf(scope, '$apply', text, []));
  const search = readSearch(scope);
  // $search is evaluated after $apply, when only whole entities have words left (Protocol 11.2.1).
  if (search !== undefined && applied.columns !== undefined) {
    throw new ServiceError(
      'optionNotAllowed',
      '$search cannot follow a grouping. Put search(…) first in $apply.',
      {
        target: '$search',
      },
    );
  }
  return search === undefined
    ? applied
    : { ...applied, steps: [...applied.steps, { kind: 'search', search }] };
}

function scopeAfter(asked: CollectionRequest, { columns, added }: BoundApply): OptionScope {
  return { ...asked, nowTicks: asked.context.nowTicks, columns, added };
}

/** All columns of a result, aliases beside whole entities included. */
export function resultColumns({ columns, added }: ApplyPlan): readonly ApplyColumn[] {
  return columns ?? added;
}
