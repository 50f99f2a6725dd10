/** A request and its principal → what is to be done; every name resolved, every right checked. */
import type { Principal, TokenPrincipal } from '../auth/authenticator.ts';
import type { EntitySet } from '../edm/types.ts';
import { assert, ServiceError, unreachable } from '../errors.ts';
import type { JsonObject, Method, ODataRequest, QueryOptionName } from '../request/odata-request.ts';
import { authorize, requireToken } from './authorize.ts';
import { planList } from './bind-list.ts';
import { bindPath, type Resource } from './bind-path.ts';
import { bindPayload, newValues } from './bind-payload.ts';
import { negotiateJson } from './negotiate.ts';
import type { Author, Plan, Preconditions, RequestContext, WriteAnswer } from './plan.ts';

/** The whole of planning; throws 4xx and 501 codes, never returns a doubtful plan. */
export function makePlan(request: ODataRequest, principal: Principal, context: RequestContext): Plan {
  const resource = bindPath(request.segments, context.model);
  const allow = methodsOf(resource);
  const format = negotiateJson(request);
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
      checkOptions(request, ['$format']);
      return { ...base, kind: 'singleton', name: resource.name };
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
          );
    case 'entity':
      return planEntity(request, resource, principal, context);
    case 'metadata':
    case 'batch':
    case 'collectionPart':
    case 'entityPart':
      throw new ServiceError('operationUnsupported', 'This operation target is not yet supported.');
    default:
      return unreachable(resource);
  }
}

function planCollectionRead(
  request: ODataRequest,
  entitySet: EntitySet,
  principal: TokenPrincipal,
  context: RequestContext,
): Plan {
  checkOptions(request, ['$top', '$skiptoken', '$format']);
  return planList(request, entitySet, principal.tenantId, negotiateJson(request), context);
}

function planCreate(
  request: ODataRequest,
  entitySet: EntitySet,
  principal: TokenPrincipal,
  context: RequestContext,
): Plan {
  checkOptions(request, ['$format']);
  const rules = {
    operation: 'create',
    bodyVersion: request.headers.bodyVersion,
    alias: context.model.alias,
  } as const;
  const assignments = bindPayload(entitySet.type, bodyOf(request), rules);
  const id = context.newId();
  return {
    kind: 'create',
    root: request.root,
    format: negotiateJson(request),
    entitySet,
    tenantId: principal.tenantId,
    id,
    values: newValues(entitySet.type, id, context.nowTicks, assignments),
    author: authorOf(principal, context),
    atTicks: context.nowTicks,
    answer: answerOf(request),
    projection: undefined,
  };
}

function planEntity(
  request: ODataRequest,
  { entitySet, key }: { readonly entitySet: EntitySet; readonly key: string },
  principal: Principal,
  context: RequestContext,
): Plan {
  const writes = request.method === 'PATCH' || request.method === 'DELETE';
  const { tenantId, ...bearer } = authorize(
    writes ? 'write' : 'read',
    entitySet,
    principal,
    context.challenge,
  );
  checkOptions(request, ['$format']);
  const preconditions = preconditionsOf(request);
  const base = {
    root: request.root,
    format: negotiateJson(request),
    entitySet,
    tenantId,
    key,
    preconditions,
  };
  if (!writes) return { ...base, kind: 'read', projection: undefined };
  requireIfMatch(preconditions, context);
  const write = { ...base, author: authorOf({ tenantId, ...bearer }, context), atTicks: context.nowTicks };
  if (request.method === 'DELETE') return { ...write, kind: 'delete' };
  const rules = {
    operation: 'update',
    bodyVersion: request.headers.bodyVersion,
    alias: context.model.alias,
  } as const;
  const assignments = bindPayload(entitySet.type, bodyOf(request), rules);
  return { ...write, kind: 'update', assignments, answer: answerOf(request), projection: undefined };
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

/** Refuses what is not built or has no meaning here: an option is never ignored (Protocol 6.1). */
function checkOptions(request: ODataRequest, built: readonly QueryOptionName[]): void {
  for (const name of request.options.system.keys()) {
    if (built.includes(name)) continue;
    if (name === '$expand') {
      throw new ServiceError(
        'expandNotSupported',
        'Expand is not allowed: the entity schema has no navigation properties.',
        { target: name },
      );
    }
    throw new ServiceError('optionUnsupported', `The query option '${name}' is not yet supported here.`, {
      target: name,
    });
  }
}

function bodyOf({ body, method }: ODataRequest): JsonObject {
  assert(body !== undefined, `a ${method} arrives with a body`);
  return body;
}

function preconditionsOf({ headers }: ODataRequest): Preconditions {
  return { ifMatch: headers.ifMatch, ifNoneMatch: headers.ifNoneMatch };
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
