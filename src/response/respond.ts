/** Result and Plan → HttpResponse. */
import { unreachable } from '../errors.ts';
import type { HttpResponse } from '../http/message.ts';
import type {
  CreatePlan,
  ListPlan,
  Plan,
  ReadPlan,
  RequestContext,
  ResponseFormat,
  StoredEntity,
  UpdatePlan,
  WriteAnswer,
} from '../plan/plan.ts';
import { checkIfMatch, matches } from '../plan/preconditions.ts';
import type { Result } from '../storage/result.ts';
import { contextUrl, entitySetPath, entityUrl, nextLink } from './context-url.ts';
import { weakEntityTag, writeEntity } from './entity.ts';

const vary = 'Accept, Accept-Encoding, Prefer, OData-MaxVersion, Authorization';

/** Writes the answer to a plan that was carried out; may throw 412 for a read under If-Match. */
export function respond(result: Result, plan: Plan, context: RequestContext): HttpResponse {
  switch (plan.kind) {
    case 'read':
      return respondEntity(entityOf(result), plan, context);
    case 'list':
      return respondPage(result, plan, context);
    case 'create':
      return respondWrite(201, entityOf(result), plan, context);
    case 'update':
      return respondWrite(200, entityOf(result), plan, context);
    case 'delete':
      return { status: 204, headers: odataHeaders(), body: undefined };
    case 'singleton':
      return json(200, singletonBody(plan.name, plan, context), plan.format);
    case 'serviceDocument':
      return json(200, serviceDocumentBody(plan, context), plan.format);
    case 'options':
      return { status: 204, headers: { ...odataHeaders(), Allow: plan.allow.join(', ') }, body: undefined };
    case 'property':
    case 'count':
    case 'apply':
      throw new Error(`no such plan is made yet: ${plan.kind}`);
    default:
      return unreachable(plan);
  }
}

function entityOf(result: Result): StoredEntity {
  if ('entity' in result) return result.entity;
  throw new Error(`a result of kind ${result.kind} has no entity`);
}

function respondEntity(entity: StoredEntity, plan: ReadPlan, context: RequestContext): HttpResponse {
  const { preconditions } = plan;
  checkIfMatch(preconditions, entity.version);
  const etag = weakEntityTag(entity.version);
  if (preconditions.ifNoneMatch !== undefined && matches(preconditions.ifNoneMatch, entity.version)) {
    return { status: 304, headers: { ...odataHeaders(), ETag: etag }, body: undefined };
  }
  return json(200, entityBody(entity, plan, context), plan.format, { ETag: etag });
}

function entityBody(
  entity: StoredEntity,
  plan: ReadPlan | CreatePlan | UpdatePlan,
  context: RequestContext,
): string {
  const { root, entitySet, format } = plan;
  const url = contextUrl(root, `${entitySetPath(entitySet)}/$entity`, context);
  return writeEntity(entity, url, { root, entitySet, format, context });
}

function respondWrite(
  status: 200 | 201,
  entity: StoredEntity,
  plan: CreatePlan | UpdatePlan,
  context: RequestContext,
): HttpResponse {
  const url = entityUrl(plan.root, plan.entitySet, entity.id, context);
  const minimal = plan.answer.returns === 'minimal';
  const headers = {
    ETag: weakEntityTag(entity.version),
    ...preferenceApplied(plan.answer),
    ...(status === 201 ? { Location: url } : {}),
    // Mandatory where a created entity is not sent (Protocol 8.3.4).
    ...(status === 201 && minimal ? { 'OData-EntityId': url } : {}),
  };
  if (minimal) return { status: 204, headers: { ...odataHeaders(), ...headers }, body: undefined };
  return json(status, entityBody(entity, plan, context), plan.format, headers);
}

function preferenceApplied({ preferred, returns }: WriteAnswer): Readonly<Record<string, string>> {
  return preferred ? { 'Preference-Applied': `return=${returns}` } : {};
}

function respondPage(result: Result, plan: ListPlan, context: RequestContext): HttpResponse {
  if (result.kind !== 'page') throw new Error(`a list cannot answer ${result.kind}`);
  const { root, entitySet, format } = plan;
  const items = result.entities.map((entity) =>
    writeEntity(entity, undefined, { root, entitySet, format, context }),
  );
  const url = contextUrl(root, entitySetPath(entitySet), context);
  const start = format.metadata === 'none' ? '' : `"@odata.context":${JSON.stringify(url)},`;
  const link =
    result.next === undefined
      ? ''
      : `,"@odata.nextLink":${JSON.stringify(nextLink(plan, result.next, context))}`;
  return json(200, `{${start}"value":[${items.join(',')}]${link}}`, format);
}

function singletonBody(name: string, plan: Plan, context: RequestContext): string {
  const url = contextUrl(plan.root, name, context);
  return plan.format.metadata === 'none' ? '{}' : `{"@odata.context":${JSON.stringify(url)}}`;
}

/** Protocol 11.1.1, JSON Format 5. */
function serviceDocumentBody(plan: Plan, context: RequestContext): string {
  const names = [...new Set(context.model.entitySets.map((set) => set.singleton))];
  const value = names.map((name) => ({ name, kind: 'Singleton', url: name }));
  const start =
    plan.format.metadata === 'none' ? {} : { '@odata.context': contextUrl(plan.root, '', context) };
  return JSON.stringify({ ...start, value });
}

function odataHeaders(): Readonly<Record<string, string>> {
  return { 'OData-Version': '4.0', 'Cache-Control': 'no-cache', Vary: vary };
}

function json(
  status: number,
  body: string,
  format: ResponseFormat,
  headers: Readonly<Record<string, string>> = {},
): HttpResponse {
  return { status, headers: { 'Content-Type': mediaType(format), ...odataHeaders(), ...headers }, body };
}

/** Graph's exact string (Protocol digest 5.1). */
function mediaType({ metadata, ieee754Compatible }: ResponseFormat): string {
  return `application/json;odata.metadata=${metadata};odata.streaming=true;IEEE754Compatible=${ieee754Compatible};charset=utf-8`;
}
