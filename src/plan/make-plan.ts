/** A request and its principal → what is to be done; every name resolved, every right checked. */
import type { Principal, TokenPrincipal } from '../auth/authenticator.ts';
import { unixEpochTicks } from '../edm/date-time-offset.ts';
import type { EntitySet } from '../edm/types.ts';
import { assert, quoteForMessage, ServiceError, unreachable } from '../errors.ts';
import { limits } from '../limits.ts';
import type { JsonObject, Method, ODataRequest, QueryOptionName } from '../request/odata-request.ts';
import { authorize, requireToken } from './authorize.ts';
import { type CollectionRequest, planCount, planExport, planList } from './bind-list.ts';
import { readCompute, readProjection } from './bind-options.ts';
import { bindPath, type Resource } from './bind-path.ts';
import { bindPayload, newValues } from './bind-payload.ts';
import type { Projection } from './bound.ts';
import { checkOptions } from './check-options.ts';
import { negotiateExport, negotiateJson, negotiateMetadata, plainFormat } from './negotiate.ts';
import type {
  Author,
  ExportForm,
  Plan,
  Preconditions,
  RepeatableRequest,
  RequestContext,
  WriteAnswer,
} from './plan.ts';
import { planApply, planApplyCount } from './plan-apply.ts';
import { planChanges } from './plan-changes.ts';
import { planExpanded } from './plan-expanded.ts';
import { planProperty } from './plan-property.ts';
import { preconditionsOf } from './preconditions.ts';

/** The whole of planning; throws 4xx and 501 codes, never returns a doubtful plan. */
export function makePlan(request: ODataRequest, principal: Principal, context: RequestContext): Plan {
  const resource = bindPath(request, context.model);
  const allow = methodsOf(resource);
  if (resource.kind === 'metadata') return planMetadata(request, allow);
  const form = resource.kind === 'collection' && isRead(request) ? negotiateExport(request) : undefined;
  const isPlain = form !== undefined || isText(resource) || request.method === 'OPTIONS';
  const format = isPlain ? plainFormat : negotiateJson(request);
  if (request.method === 'OPTIONS') return { kind: 'options', root: request.root, format, allow };
  if (!allow.includes(request.method)) throw methodNotAllowed(request.method, allow);
  const base = { root: request.root, format };
  switch (resource.kind) {
    case 'serviceDocument':
      requireToken(principal, context.challenge);
      checkOptions(request, ['$format']);
      return { ...base, kind: 'serviceDocument' };
    case 'singleton':
      requireToken(principal, context.challenge);
      checkOptions(request, ['$expand', '$format']);
      return {
        ...base,
        kind: 'singleton',
        name: resource.name,
        expanded: planExpanded(request, resource.name, principal, context),
      };
    case 'collection':
      return request.method === 'POST'
        ? planCreate(
            request,
            resource.entitySet,
            authorize('write', resource.entitySet, principal, context.challenge),
            context,
          )
        : planCollectionRead(
            request,
            resource.entitySet,
            authorize('read', resource.entitySet, principal, context.challenge),
            context,
            form,
          );
    case 'entity':
      return planEntity(request, resource, principal, context);
    case 'collectionPart':
      return planCollectionPart(
        resource.segment,
        { request, entitySet: resource.entitySet, format, context },
        principal,
      );
    case 'entityPart':
      return planProperty(request, resource, principal, context);
    case 'function':
      if (resource.called.name !== 'changes') throw new Error(`no plan for ${resource.called.name}`);
      return planChanges(request, resource, principal, context);
    case 'batch':
      throw new Error('a batch is answered before it is planned');
    default:
      return unreachable(resource);
  }
}

const isRead = ({ method }: ODataRequest): boolean => method === 'GET' || method === 'HEAD';

/** Counts and raw values are text whatever Accept says: Graph's SDKs ask for text/plain (digest 3.5). */
function isText(resource: Resource): boolean {
  if (resource.kind === 'collectionPart') return true;
  return resource.kind === 'entityPart' && /^\$(count|value)$/i.test(resource.segments.at(-1) ?? '');
}

/** `$metadata` is public: it says what any caller may learn before having a token (digest 8.3). */
function planMetadata(request: ODataRequest, allow: readonly Method[]): Plan {
  const base = { root: request.root, format: plainFormat };
  if (request.method === 'OPTIONS') return { ...base, kind: 'options', allow };
  if (!allow.includes(request.method)) throw methodNotAllowed(request.method, allow);
  checkOptions(request, ['$format']);
  return {
    ...base,
    kind: 'metadata',
    spelling: negotiateMetadata(request),
    preconditions: preconditionsOf(request),
  };
}

function planCollectionRead(
  request: ODataRequest,
  entitySet: EntitySet,
  { tenantId }: TokenPrincipal,
  context: RequestContext,
  form: ExportForm | undefined,
): Plan {
  if (form !== undefined) {
    checkOptions(request, ['$filter', '$search', '$orderby', '$select', '$top', '$format']);
    return planExport({ request, entitySet, tenantId, context }, form);
  }
  const asked = { request, entitySet, tenantId, format: negotiateJson(request), context };
  if (!request.options.system.has('$apply')) {
    checkOptions(request, listOptions);
    return planList(asked);
  }
  checkOptions(request, ['$apply', '$filter', '$search', '$orderby', '$skip', '$top', '$count', '$format']);
  return planApply(asked);
}

const listOptions: readonly QueryOptionName[] = [
  '$filter',
  '$search',
  '$orderby',
  '$select',
  '$compute',
  '$top',
  '$skip',
  '$count',
  '$skiptoken',
  '$format',
];

/** `/$count` and the segments of the specification that are not built. */
function planCollectionPart(
  segment: string,
  asked: Omit<CollectionRequest, 'tenantId'>,
  principal: Principal,
): Plan {
  const { request, entitySet, context } = asked;
  const { tenantId } = authorize('read', entitySet, principal, context.challenge);
  if (segment !== '$count') throw notBuilt(request);
  checkOptions(request, ['$filter', '$search', '$apply', '$format']);
  const counted = { ...asked, tenantId };
  return request.options.system.has('$apply') ? planApplyCount(counted) : planCount(counted);
}

function notBuilt({ segments }: ODataRequest): ServiceError {
  const last = quoteForMessage(segments.at(-1)?.text ?? '');
  return new ServiceError('operationUnsupported', `This operation target is not yet supported: '${last}'.`, {
    target: last,
  });
}

function planCreate(
  request: ODataRequest,
  entitySet: EntitySet,
  principal: TokenPrincipal,
  context: RequestContext,
): Plan {
  checkOptions(request, entityOptions.write);
  const rules = {
    operation: 'create',
    bodyVersion: request.headers.bodyVersion,
    alias: context.model.alias,
  } as const;
  const assignments = bindPayload(entitySet.type, bodyOf(request), rules);
  const id = context.newId();
  return {
    kind: 'create',
    repeatable: repeatableOf(request, entitySet, principal, context),
    root: request.root,
    format: negotiateJson(request),
    entitySet,
    tenantId: principal.tenantId,
    id,
    values: newValues(entitySet.type, id, context.nowTicks, assignments),
    author: authorOf(principal, context),
    atTicks: context.nowTicks,
    answer: answerOf(request),
    projection: projectionOf(request, entitySet, context),
  };
}

/** Throws 412 for a request first sent before the memory of the service begins (Repeatable Requests 3.2). */
function repeatableOf(
  { headers, root }: ODataRequest,
  entitySet: EntitySet,
  { clientId }: TokenPrincipal,
  { nowTicks }: RequestContext,
): RepeatableRequest | undefined {
  if (headers.repeatability === undefined) return undefined;
  const { requestId, firstSentMs } = headers.repeatability;
  const forgetBeforeTicks = nowTicks - BigInt(limits.repeatabilityLifetimeMs) * 10_000n;
  if (unixEpochTicks + BigInt(firstSentMs) * 10_000n < forgetBeforeTicks) {
    throw new ServiceError(
      'repeatabilityExpired',
      'Repeatability-First-Sent is too long ago for the service to know whether the request was carried out.',
      { target: 'Repeatability-First-Sent', headers: { 'Repeatability-Result': 'rejected' } },
    );
  }
  return {
    requestId,
    clientId,
    fingerprint: `POST ${root}/${entitySet.singleton}/${entitySet.name}`,
    forgetBeforeTicks,
  };
}

function planEntity(
  request: ODataRequest,
  { entitySet, key }: { readonly entitySet: EntitySet; readonly key: string },
  principal: Principal,
  context: RequestContext,
): Plan {
  const writes = request.method === 'PATCH' || request.method === 'DELETE';
  const bearer = authorize(writes ? 'write' : 'read', entitySet, principal, context.challenge);
  checkOptions(request, entityOptions[request.method === 'DELETE' ? 'delete' : writes ? 'write' : 'read']);
  const { root } = request;
  const { tenantId } = bearer;
  const preconditions = preconditionsOf(request);
  const format = negotiateJson(request);
  if (!writes) {
    const projection = projectionOf(request, entitySet, context);
    return { kind: 'read', root, format, entitySet, tenantId, key, preconditions, projection };
  }
  requireIfMatch(preconditions, context);
  const author = authorOf(bearer, context);
  const atTicks = context.nowTicks;
  if (request.method === 'DELETE') {
    return { kind: 'delete', root, format, entitySet, tenantId, key, preconditions, author, atTicks };
  }
  const rules = {
    operation: 'update',
    bodyVersion: request.headers.bodyVersion,
    alias: context.model.alias,
  } as const;
  // Every member by its name: to spread one object into another is dearer than all the rest of planning.
  return {
    kind: 'update',
    root,
    format,
    entitySet,
    tenantId,
    key,
    preconditions,
    author,
    atTicks,
    assignments: bindPayload(entitySet.type, bodyOf(request), rules),
    answer: answerOf(request),
    projection: projectionOf(request, entitySet, context),
  };
}

const entityOptions: Readonly<Record<'read' | 'write' | 'delete', readonly QueryOptionName[]>> = {
  read: ['$select', '$compute', '$format'],
  write: ['$select', '$format'],
  delete: ['$format'],
};

function projectionOf(
  request: ODataRequest,
  entitySet: EntitySet,
  context: RequestContext,
): Projection | undefined {
  if (request.options.system.size === 0) return undefined;
  const scope = { request, entitySet, context, nowTicks: context.nowTicks };
  return readProjection(scope, readCompute(scope));
}

/** The methods a resource has, as Allow lists them. */
function methodsOf(resource: Resource): readonly Method[] {
  switch (resource.kind) {
    case 'batch':
      return ['OPTIONS', 'POST'];
    case 'collection':
      return ['GET', 'HEAD', 'OPTIONS', 'POST'];
    case 'entity':
      return ['DELETE', 'GET', 'HEAD', 'OPTIONS', 'PATCH'];
    case 'serviceDocument':
    case 'metadata':
    case 'singleton':
    case 'collectionPart':
    case 'entityPart':
    case 'function':
      return ['GET', 'HEAD', 'OPTIONS'];
    default:
      return unreachable(resource);
  }
}

function methodNotAllowed(method: Method, allow: readonly Method[]): ServiceError {
  return new ServiceError(
    'methodNotAllowed',
    `Specified HTTP method is not allowed for the request target: ${method}. Allowed: ${allow.join(', ')}.`,
    { headers: { Allow: allow.join(', ') } },
  );
}

function bodyOf({ readBody, method }: ODataRequest): JsonObject {
  assert(readBody !== undefined, `a ${method} arrives with a body`);
  return readBody();
}

function requireIfMatch({ ifMatch }: Preconditions, { policy }: RequestContext): void {
  if (!policy.requireIfMatch || ifMatch !== undefined) return;
  throw new ServiceError(
    'preconditionRequired',
    'This service requires the header If-Match on every change.',
    {
      target: 'If-Match',
    },
  );
}

function answerOf({ headers }: ODataRequest): WriteAnswer {
  const preference = headers.prefer.return;
  return { returns: preference ?? 'representation', preferred: preference !== undefined };
}

function authorOf(principal: TokenPrincipal, context: RequestContext): Author {
  return {
    kind: principal.kind,
    objectId: principal.objectId,
    name: principal.name,
    clientId: principal.clientId,
    requestId: context.requestId,
    clientRequestId: context.clientRequestId,
  };
}
