/** `/{id}/name`, `/{id}/name/$value`, `/{id}/tags/$count`, `/{id}/vendorInformation/provider` (Protocol 11.2.4). */
import type { Principal } from '../auth/authenticator.ts';
import { type EntitySet, findProperty, type Property } from '../edm/types.ts';
import { didYouMean, quoteForMessage, ServiceError } from '../errors.ts';
import type { ODataRequest } from '../request/odata-request.ts';
import { authorize } from './authorize.ts';
import { checkOptions } from './check-options.ts';
import { negotiateJson, plainFormat } from './negotiate.ts';
import type { PropertyPlan, RequestContext } from './plan.ts';
import { preconditionsOf } from './preconditions.ts';

/** What stands behind an entity in an address. */
export interface EntityPart {
  readonly entitySet: EntitySet;
  readonly key: string;
  readonly segments: readonly string[];
}

/** Plans the reading of one property, member, raw value or count of items. */
export function planProperty(
  request: ODataRequest,
  { entitySet, key, segments }: EntityPart,
  principal: Principal,
  context: RequestContext,
): PropertyPlan {
  const { tenantId } = authorize('read', entitySet, principal, context.challenge);
  checkOptions(request, ['$format']);
  const { path, rest } = bindProperties(entitySet, segments);
  const part = bindPart(path, rest);
  return {
    kind: 'property',
    root: request.root,
    // Raw values are text whatever Accept says (Protocol digest 3.5).
    format: part === 'json' ? negotiateJson(request) : plainFormat,
    entitySet,
    tenantId,
    key,
    preconditions: preconditionsOf(request),
    path,
    part,
  };
}

interface BoundSegments {
  readonly path: readonly Property[];
  readonly rest: readonly string[];
}

function bindProperties(entitySet: EntitySet, [first = '', ...rest]: readonly string[]): BoundSegments {
  if (first.startsWith('$')) throw entitySegment(first);
  const property = findByName(entitySet.type, first);
  if (property === undefined) throw unknownSegment(first, entitySet.type.properties);
  const [next, ...further] = rest;
  if (property.type.kind !== 'complex' || next === undefined || next.startsWith('$'))
    return { path: [property], rest };
  const member = findByName(property.type, next);
  if (member === undefined) throw unknownSegment(next, property.type.properties);
  return { path: [property, member], rest: further };
}

/** Exactly, or else the only one that differs in letter case (Protocol digest 3.3). */
function findByName(type: { readonly properties: readonly Property[] }, name: string): Property | undefined {
  const exact = findProperty(type, name);
  if (exact !== undefined) return exact;
  const alike = type.properties.filter((property) => property.name.toLowerCase() === name.toLowerCase());
  return alike.length === 1 ? alike[0] : undefined;
}

function bindPart(path: readonly Property[], rest: readonly string[]): PropertyPlan['part'] {
  const [segment, unexpected] = rest;
  const last = path.at(-1);
  if (segment === undefined || last === undefined) return 'json';
  const kind = last.type.kind;
  if (
    unexpected === undefined &&
    segment.toLowerCase() === '$value' &&
    (kind === 'primitive' || kind === 'enum')
  )
    return 'raw';
  if (unexpected === undefined && segment.toLowerCase() === '$count' && kind === 'collection') return 'count';
  throw unknownSegment(unexpected ?? segment, []);
}

/** `$value` and `$ref` of the entity itself, and whatever else begins with a dollar sign. */
function entitySegment(segment: string): ServiceError {
  const reason =
    segment.toLowerCase() === '$value' ? 'the entity is no media stream' : 'an entity has no such resource';
  return new ServiceError(
    'segmentUnknown',
    `Resource not found for the segment '${quoteForMessage(segment)}': ${reason}.`,
    {
      target: quoteForMessage(segment),
    },
  );
}

function unknownSegment(segment: string, candidates: readonly Property[]): ServiceError {
  const hint = didYouMean(
    segment,
    candidates.map(({ name }) => name),
  );
  return new ServiceError(
    'segmentUnknown',
    `Resource not found for the segment '${quoteForMessage(segment)}'.${hint}`,
    {
      target: quoteForMessage(segment),
    },
  );
}
