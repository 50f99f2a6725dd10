/** The texts of query options → what they ask of a collection (Protocol 11.2.1, digest 4.1). */
import type { EntitySet } from '../edm/types.ts';
import { parseCompute, parseFilter, parseOrderBy, parseSelect } from '../language/parser.ts';
import { parseSearch } from '../language/search.ts';
import { limits } from '../limits.ts';
import type { ODataRequest, QueryOptionName } from '../request/odata-request.ts';
import { parseCountFlag, parseNonNegativeInteger } from '../request/query-options.ts';
import type { ApplyColumn } from './apply-steps.ts';
import { bindCompute } from './bind-compute.ts';
import { bindFilter } from './bind-expression.ts';
import { bindOrderBy } from './bind-order-by.ts';
import type { BindScope, BoundOptionName } from './bind-scope.ts';
import { bindSearch } from './bind-search.ts';
import { bindSelect } from './bind-select.ts';
import type { BoundExpression, BoundSearch, ComputedProperty, OrderKey, Projection } from './bound.ts';
import type { RequestContext } from './plan.ts';

/** What binding an option needs to know beside its text. */
export interface OptionScope {
  readonly request: ODataRequest;
  readonly entitySet: EntitySet;
  readonly context: RequestContext;
  /** What now() is: of a later page, the instant of the first. */
  readonly nowTicks: bigint;
  /** The names left after $apply; undefined while rows are whole entities. */
  readonly columns?: readonly ApplyColumn[] | undefined;
  /** What $apply computed beside whole entities. */
  readonly added?: readonly ApplyColumn[] | undefined;
}

/** The text of a system option, or undefined. */
export const optionText = (
  { request }: Pick<OptionScope, 'request'>,
  name: QueryOptionName,
): string | undefined => request.options.system.get(name);

/** The scope in which one option is bound. */
export function scopeOf(
  scope: OptionScope,
  optionName: BoundOptionName,
  text: string,
  computed: readonly ComputedProperty[],
): BindScope {
  return {
    entitySet: scope.entitySet,
    model: scope.context.model,
    optionName,
    optionText: text,
    aliases: scope.request.options.aliases,
    nowTicks: scope.nowTicks,
    computed,
    columns: scope.columns,
    added: scope.added,
  };
}

export function readCompute(scope: OptionScope): readonly ComputedProperty[] {
  const text = optionText(scope, '$compute');
  return text === undefined ? [] : bindCompute(parseCompute(text), scopeOf(scope, '$compute', text, []));
}

export function readFilter(
  scope: OptionScope,
  computed: readonly ComputedProperty[],
): BoundExpression | undefined {
  const text = optionText(scope, '$filter');
  return text === undefined
    ? undefined
    : bindFilter(parseFilter(text), scopeOf(scope, '$filter', text, computed));
}

export function readSearch(scope: OptionScope): BoundSearch | undefined {
  const text = optionText(scope, '$search');
  return text === undefined ? undefined : bindSearch(parseSearch(text), scopeOf(scope, '$search', text, []));
}

export function readOrderBy(scope: OptionScope, computed: readonly ComputedProperty[]): readonly OrderKey[] {
  const text = optionText(scope, '$orderby');
  return text === undefined
    ? []
    : bindOrderBy(parseOrderBy(text), scopeOf(scope, '$orderby', text, computed));
}

/** Undefined where the whole entity is sent. */
export function readProjection(
  scope: OptionScope,
  computed: readonly ComputedProperty[],
): Projection | undefined {
  const text = optionText(scope, '$select');
  if (text === undefined && computed.length === 0) return undefined;
  const items = text === undefined ? undefined : parseSelect(text);
  return bindSelect(items, scopeOf(scope, '$select', text ?? '', computed));
}

export function readCount(scope: Pick<OptionScope, 'request'>): boolean {
  const text = optionText(scope, '$count');
  return text === undefined ? false : parseCountFlag(text);
}

/** A number of rows, or undefined where the option is not there. */
export function readRows(scope: Pick<OptionScope, 'request'>, name: '$top' | '$skip'): number | undefined {
  const text = optionText(scope, name);
  return text === undefined ? undefined : Math.min(parseNonNegativeInteger(name, text), limits.rowsMax);
}
