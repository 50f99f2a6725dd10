/** Result and Plan → HttpResponse. */
import { unreachable } from '../errors.ts';
import type { HttpResponse } from '../http/message.ts';
import type { Projection } from '../plan/bound.ts';
import type {
  CreatePlan,
  ExportPlan,
  ListPlan,
  MetadataPlan,
  Plan,
  PropertyPlan,
  ReadPlan,
  RequestContext,
  ResponseFormat,
  SingletonPlan,
  UpdatePlan,
  WriteAnswer,
} from '../plan/plan.ts';
import { checkIfMatch, matches } from '../plan/preconditions.ts';
import type { ExportResult, PageResult, PageRow, Result } from '../storage/result.ts';
import { writeAggregation, writeCount } from './aggregation.ts';
import { writeChanges } from './changes.ts';
import { contextUrl, entitySetPath, entityUrl, nextLink } from './context-url.ts';
import { member, weakEntityTag, writeEntity } from './entity.ts';
import { exportName, exportType, writeExport } from './export.ts';
import { encloseItems, joinItems } from './long-text.ts';
import { writePropertyBody } from './property.ts';

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
      return json(200, singletonBody(result, plan, context), plan.format);
    case 'serviceDocument':
      return json(200, serviceDocumentBody(plan, context), plan.format);
    case 'metadata':
      return respondMetadata(plan, context);
    case 'options':
      return { status: 204, headers: { ...odataHeaders(), Allow: plan.allow.join(', ') }, body: undefined };
    case 'property':
      return respondProperty(entityOf(result), plan, context);
    case 'count':
      return text(String(result.kind === 'count' ? result.count : fail(result)));
    case 'export':
      return respondExport(result.kind === 'export' ? result : fail(result), plan, context);
    case 'changes':
      return json(
        200,
        writeChanges(result.kind === 'changes' ? result : fail(result), plan, context),
        plan.format,
      );
    case 'apply':
      return json(
        200,
        writeAggregation(result.kind === 'aggregation' ? result : fail(result), plan, context),
        plan.format,
      );
    default:
      return unreachable(plan);
  }
}

function fail(result: Result): never {
  throw new Error(`the plan does not fit a result of kind ${result.kind}`);
}

function entityOf(result: Result): PageRow {
  if ('entity' in result)
    return { entity: result.entity, computed: 'computed' in result ? result.computed : [] };
  return fail(result);
}

/** The headers of a read under If-Match and If-None-Match; 304 is an answer, 412 an error. */
function readHeaders(
  { entity }: PageRow,
  { preconditions }: ReadPlan | PropertyPlan,
): { readonly headers: Readonly<Record<string, string>>; readonly unchanged: boolean } {
  checkIfMatch(preconditions, entity.version);
  const { ifNoneMatch } = preconditions;
  return {
    headers: { ETag: weakEntityTag(entity.version) },
    unchanged: ifNoneMatch !== undefined && matches(ifNoneMatch, entity.version),
  };
}

function respondEntity(row: PageRow, plan: ReadPlan, context: RequestContext): HttpResponse {
  const { headers, unchanged } = readHeaders(row, plan);
  if (unchanged) return { status: 304, headers: { ...odataHeaders(), ...headers }, body: undefined };
  return json(200, entityBody(row, plan, context), plan.format, headers);
}

function respondProperty(row: PageRow, plan: PropertyPlan, context: RequestContext): HttpResponse {
  const { headers, unchanged } = readHeaders(row, plan);
  if (unchanged) return { status: 304, headers: { ...odataHeaders(), ...headers }, body: undefined };
  const body = writePropertyBody(row.entity, plan, context);
  if (body === undefined) return { status: 204, headers: { ...odataHeaders(), ...headers }, body: undefined };
  return body.kind === 'text' ? text(body.body, headers) : json(200, body.body, plan.format, headers);
}

function entityBody(
  { entity, computed }: PageRow,
  plan: ReadPlan | CreatePlan | UpdatePlan,
  context: RequestContext,
): string {
  const { root, entitySet, format, projection } = plan;
  const fragment = `${entitySetPath(entitySet, root)}${projectionList(projection)}/$entity`;
  return writeEntity(entity, computed, contextUrl(root, fragment, context), {
    root,
    entitySet,
    format,
    context,
    projection,
  });
}

/** `(id,name)`: what is present of a projected entity (JSON Format 10.8). */
function projectionList(projection: Projection | undefined): string {
  return projection === undefined ? '' : `(${projection.contextPaths.join(',')})`;
}

function respondWrite(
  status: 200 | 201,
  row: PageRow,
  plan: CreatePlan | UpdatePlan,
  context: RequestContext,
): HttpResponse {
  const { entity } = row;
  const url = entityUrl(plan.root, plan.entitySet, entity.id, context);
  const minimal = plan.answer.returns === 'minimal';
  const headers = {
    ETag: weakEntityTag(entity.version),
    ...preferenceApplied([...returnApplied(plan.answer), ...(minimal ? [] : plan.format.applied)]),
    ...(status === 201 ? { Location: url } : {}),
    ...(plan.kind === 'create' && plan.repeatable !== undefined
      ? { 'Repeatability-Result': 'accepted' }
      : {}),
    // Mandatory where a created entity is not sent (Protocol 8.3.4).
    ...(status === 201 && minimal ? { 'OData-EntityId': url } : {}),
  };
  if (minimal) return { status: 204, headers: { ...odataHeaders(), ...headers }, body: undefined };
  return json(status, entityBody(row, plan, context), plan.format, headers);
}

function returnApplied({ preferred, returns }: WriteAnswer): readonly string[] {
  return preferred ? [`return=${returns}`] : [];
}

/** What was honoured is said (Protocol 8.2.8). */
function preferenceApplied(applied: readonly string[]): Readonly<Record<string, string>> {
  return applied.length === 0 ? {} : { 'Preference-Applied': applied.join(', ') };
}

/** What stands around the items of a page. */
function pageFrame(page: Pick<PageResult, 'count' | 'next'>, plan: ListPlan, context: RequestContext) {
  const { root, entitySet, format, projection } = plan;
  const url = contextUrl(root, `${entitySetPath(entitySet, root)}${projectionList(projection)}`, context);
  return {
    context: format.metadata === 'none' ? undefined : url,
    count: page.count === undefined ? undefined : writeCount(page.count, format),
    next: page.next === undefined ? undefined : nextLink(plan, page.next, context),
  };
}

function pageItems({ rows }: PageResult, plan: ListPlan, context: RequestContext): string[] {
  const { root, entitySet, format, projection } = plan;
  const how = { root, entitySet, format, context, projection };
  return rows.map(({ entity, computed }) => writeEntity(entity, computed, undefined, how));
}

function respondPage(result: Result, plan: ListPlan, context: RequestContext): HttpResponse {
  if (result.kind !== 'page' && result.kind !== 'joinedPage') return fail(result);
  const { context: own, count, next } = pageFrame(result, plan, context);
  const before = [
    ...(own === undefined ? [] : [member('@odata.context', own)]),
    ...(count === undefined ? [] : [`"@odata.count":${count}`]),
    '"value":[',
  ];
  const after = next === undefined ? ']}' : `],${member('@odata.nextLink', next)}}`;
  const start = `{${before.join(',')}`;
  const body =
    result.kind === 'joinedPage'
      ? encloseItems(start, result.items, after)
      : joinItems(start, pageItems(result, plan, context), after);
  return json(200, body, plan.format);
}

/** A file, written while it is read. */
function respondExport({ pages }: ExportResult, plan: ExportPlan, context: RequestContext): HttpResponse {
  return {
    status: 200,
    headers: {
      'Content-Type': exportType(plan.form),
      'Content-Disposition': `attachment; filename="${exportName(plan)}"`,
      ...odataHeaders(),
    },
    body: undefined,
    stream: writeExport(pages, plan, context),
  };
}

/** The singleton has no properties of its own; expanded collections stand in it (JSON Format 8.3). */
function singletonBody(result: Result, plan: SingletonPlan, context: RequestContext): string {
  const { name, root, format, expanded } = plan;
  const names = expanded.map(({ entitySet }) => `${entitySet.name}()`);
  const url = contextUrl(root, names.length === 0 ? name : `${name}(${names.join(',')})`, context);
  const start = format.metadata === 'none' ? [] : [member('@odata.context', url)];
  const pages = result.kind === 'expanded' ? result.pages : [];
  const members = expanded.flatMap((list, index) => {
    const page = pages[index];
    return page === undefined ? fail(result) : expandedMembers(page, list, context);
  });
  return `{${[...start, ...members].join(',')}}`;
}

function expandedMembers(page: PageResult, plan: ListPlan, context: RequestContext): string[] {
  const { name } = plan.entitySet;
  const { context: own, count, next } = pageFrame(page, plan, context);
  const items = pageItems(page, plan, context);
  return [
    ...(own === undefined ? [] : [member(`${name}@odata.context`, own)]),
    ...(count === undefined ? [] : [`${JSON.stringify(`${name}@odata.count`)}:${count}`]),
    `${JSON.stringify(name)}:[${items.join(',')}]`,
    ...(next === undefined ? [] : [member(`${name}@odata.nextLink`, next)]),
  ];
}

/** Protocol 11.1.1, JSON Format 5. */
function serviceDocumentBody({ root, format }: Plan, context: RequestContext): string {
  const url = format.metadata === 'none' ? undefined : contextUrl(root, '', context);
  return context.documents.serviceDocument(root, url);
}

/** Anybody may keep it for an hour; its tag is strong, because it is the same byte for byte. */
function respondMetadata(
  { root, spelling, preconditions }: MetadataPlan,
  context: RequestContext,
): HttpResponse {
  const { text: body, tag } = context.documents.metadata(root, spelling);
  const { ifNoneMatch } = preconditions;
  const known = ifNoneMatch === '*' || ifNoneMatch?.includes(tag.slice(1, -1)) === true;
  const headers = {
    ...odataHeaders(),
    'Cache-Control': 'public, max-age=3600',
    Vary: 'Accept, Accept-Encoding',
    ETag: tag,
  };
  if (known) return { status: 304, headers, body: undefined };
  const type = spelling === 'xml' ? 'application/xml;charset=utf-8' : 'application/json;charset=utf-8';
  return { status: 200, headers: { 'Content-Type': type, ...headers }, body };
}

function text(body: string, headers: Readonly<Record<string, string>> = {}): HttpResponse {
  return {
    status: 200,
    headers: { 'Content-Type': 'text/plain;charset=utf-8', ...odataHeaders(), ...headers },
    body,
  };
}

function odataHeaders(): Readonly<Record<string, string>> {
  return { 'OData-Version': '4.0', 'Cache-Control': 'no-cache', Vary: vary };
}

function json(
  status: number,
  body: string | Uint8Array,
  format: ResponseFormat,
  headers: Readonly<Record<string, string>> = {},
): HttpResponse {
  return {
    status,
    headers: {
      'Content-Type': mediaType(format),
      ...odataHeaders(),
      ...preferenceApplied(format.applied),
      ...headers,
    },
    body,
  };
}

/** Graph's exact string (Protocol digest 5.1). */
function mediaType({ metadata, ieee754Compatible }: ResponseFormat): string {
  return `application/json;odata.metadata=${metadata};odata.streaming=true;IEEE754Compatible=${ieee754Compatible};charset=utf-8`;
}
