/** One property of an entity → its answer (Protocol 11.2.4, JSON Format 11). */
import { readEntityText } from '../edm/entity-text.ts';
import type { ComplexValue, PropertyValue } from '../edm/types.ts';
import { unreachable } from '../errors.ts';
import type { PropertyPlan, RequestContext, StoredEntity } from '../plan/plan.ts';
import { contextUrl, entitySetPath } from './context-url.ts';
import { complexMembers, member, typeAnnotation } from './entity.ts';

/** What is sent of a property; undefined where it is null, which is 204. */
export type PropertyBody = { readonly kind: 'json' | 'text'; readonly body: string } | undefined;

/** Writes the property a plan names. */
export function writePropertyBody(
  entity: StoredEntity,
  plan: PropertyPlan,
  context: RequestContext,
): PropertyBody {
  const value = valueAt(entity, plan);
  if (value === null) return undefined;
  switch (plan.part) {
    case 'raw':
      return { kind: 'text', body: String(value) };
    case 'count':
      return { kind: 'text', body: String((value as readonly string[]).length) };
    case 'json':
      return { kind: 'json', body: writeJson(value, plan, context, entity.id) };
    default:
      return unreachable(plan.part);
  }
}

function valueAt(entity: StoredEntity, { entitySet, path }: PropertyPlan): PropertyValue {
  const [first, second] = path;
  const value = readEntityText(entitySet.type, entity.json)[first?.name ?? ''] ?? null;
  if (second === undefined || value === null) return value;
  return (value as ComplexValue)[second.name] ?? null;
}

function writeJson(value: PropertyValue, plan: PropertyPlan, context: RequestContext, id: string): string {
  const { entitySet, format, path, root } = plan;
  const last = path.at(-1);
  const fragment = `${entitySetPath(entitySet, root)}('${keyText(id)}')/${path.map(({ name }) => name).join('/')}`;
  const start =
    format.metadata === 'none' ? [] : [member('@odata.context', contextUrl(root, fragment, context))];
  const body =
    last?.type.kind === 'complex'
      ? complexMembers(last.type, value, undefined, format)
      : [`"value":${JSON.stringify(value)}`];
  const type = last === undefined || format.metadata !== 'full' ? undefined : typeAnnotation(last, value);
  const typed = type === undefined ? [] : [member('@odata.type', type)];
  return `{${[...start, ...typed, ...body].join(',')}}`;
}

/** Single quotes are doubled inside a key (URL Conventions 4.3.1). */
const keyText = (id: string): string => encodeURIComponent(id.replaceAll("'", "''")).replaceAll('%27', "'");
