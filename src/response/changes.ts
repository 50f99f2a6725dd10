/** Change records → JSON: what is declared in the model, members of `before` and `after` as they were. */
import { formatTicks } from '../edm/date-time-offset.ts';
import { type EntitySet, type EntityValues, findProperty, type PropertyValue } from '../edm/types.ts';
import type { ChangesPlan, RequestContext, ResponseFormat } from '../plan/plan.ts';
import type { ChangesResult, RecordedChange } from '../storage/result.ts';
import { changesLink, contextUrl } from './context-url.ts';
import { complexMembers, member, typeAnnotation } from './entity.ts';
import { joinItems } from './long-text.ts';

/** The whole body of a page of change records. */
export function writeChanges(
  { records, next }: ChangesResult,
  plan: ChangesPlan,
  context: RequestContext,
): string | Uint8Array {
  const { format, root, entitySet } = plan;
  const url = contextUrl(root, 'Collection(casp.changeRecord)', context);
  const start = format.metadata === 'none' ? '' : `${member('@odata.context', url)},`;
  const items = records.map((record) => writeRecord(record, entitySet, format));
  const end = next === undefined ? ']}' : `],${member('@odata.nextLink', changesLink(plan, next, context))}}`;
  return joinItems(`{${start}"value":[`, items, end);
}

function writeRecord(record: RecordedChange, entitySet: EntitySet, format: ResponseFormat): string {
  const { position, version, author, before, after } = record;
  const typed = (name: string) =>
    format.metadata === 'full' ? [member('@odata.type', `#casp.${name}`)] : [];
  const whole = (number: bigint | number) => (format.ieee754Compatible ? `"${number}"` : String(number));
  const values = touchedValues(record, entitySet);
  const own = (side: EntityValues | undefined) => {
    if (side === undefined) return 'null';
    return `{${[...typed('changedValues'), ...values.flatMap((name) => valueMember(name, side, entitySet, format))].join(',')}}`;
  };
  const authorMembers = Object.entries(author).map(([name, value]) => `"${name}":${JSON.stringify(value)}`);
  const atType = format.metadata === 'full' ? [member('at@odata.type', '#DateTimeOffset')] : [];
  return `{${[
    ...typed('changeRecord'),
    `"position":${whole(position)}`,
    member('id', record.id),
    `"name":${JSON.stringify(record.name)}`,
    member('kind', record.kind),
    `"version":${whole(version)}`,
    ...atType,
    member('at', formatTicks(record.atTicks)),
    `"author":{${[...typed('changeAuthor'), ...authorMembers].join(',')}}`,
    member('requestId', record.requestId),
    member('clientRequestId', record.clientRequestId),
    `"changed":${JSON.stringify(changedNames(record, values))}`,
    `"before":${own(before)}`,
    `"after":${own(after)}`,
  ].join(',')}}`;
}

/** The properties a record speaks of; that an update moved the time of the last change goes without saying. */
function touchedValues({ kind, before, after }: RecordedChange, { type }: EntitySet): readonly string[] {
  const names = Object.keys(after ?? before ?? {});
  return kind === 'updated' ? names.filter((name) => findProperty(type, name)?.stamp === undefined) : names;
}

function changedNames({ kind, before, after }: RecordedChange, names: readonly string[]): readonly string[] {
  return kind === 'updated' ? names : names.filter((name) => (after ?? before)?.[name] !== null);
}

/** Undeclared members carry their type where JSON alone does not tell it (JSON Format 4.5.3). */
function valueMember(
  name: string,
  values: EntityValues,
  { type }: EntitySet,
  format: ResponseFormat,
): readonly string[] {
  const value = values[name] ?? null;
  const property = findProperty(type, name);
  // A property the model has no more.
  if (property === undefined) return [`${JSON.stringify(name)}:${JSON.stringify(value)}`];
  const annotation = format.metadata === 'none' ? undefined : typeAnnotation(property, value);
  const written =
    property.type.kind === 'complex' && isObject(value)
      ? `{${complexMembers(property.type, value, undefined, format).join(',')}}`
      : JSON.stringify(value);
  const own = `${JSON.stringify(name)}:${written}`;
  return annotation === undefined ? [own] : [member(`${name}@odata.type`, annotation), own];
}

const isObject = (value: PropertyValue): boolean => typeof value === 'object' && value !== null;
