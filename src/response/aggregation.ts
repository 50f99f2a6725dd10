/** Rows of `$apply` → JSON (Data Aggregation 3.1.1). */
import type { ComputedValue } from '../edm/value-json.ts';
import type { ApplyColumn } from '../plan/apply-steps.ts';
import type { ApplyPlan, RequestContext, ResponseFormat } from '../plan/plan.ts';
import type { Result } from '../storage/result.ts';
import { contextUrl, entitySetPath } from './context-url.ts';
import { dynamicMember, writeEntity } from './entity.ts';

/** The whole body of an aggregation. */
export function writeAggregation(
  result: Extract<Result, { kind: 'aggregation' }>,
  plan: ApplyPlan,
  context: RequestContext,
): string {
  const { root, entitySet, format, columns, added } = plan;
  const rows = result.rows.map(({ entity, values }) => {
    if (columns !== undefined) return `{${writeColumns(columns, values, format).join(',')}}`;
    if (entity === undefined) throw new Error('a row without an entity');
    const whole = writeEntity(entity, [], undefined, {
      root,
      entitySet,
      format,
      context,
      projection: undefined,
    });
    const beside = writeColumns(added, values, format);
    return beside.length === 0 ? whole : `${whole.slice(0, -1)},${beside.join(',')}}`;
  });
  const paths = (columns ?? (added.length === 0 ? [] : [{ path: '*' }, ...added])).map(({ path }) => path);
  const list = paths.length === 0 ? '' : `(${paths.join(',')})`;
  const url = contextUrl(root, `${entitySetPath(entitySet, root)}${list}`, context);
  const start = format.metadata === 'none' ? '' : `"@odata.context":${JSON.stringify(url)},`;
  const count = result.count === undefined ? '' : `"@odata.count":${writeCount(result.count, format)},`;
  return `{${start}${count}"value":[${rows.join(',')}]}`;
}

/** A count is Edm.Int64: a string where the client cannot read 64 bits. */
export function writeCount(count: number, { ieee754Compatible }: ResponseFormat): string {
  return ieee754Compatible ? `"${count}"` : String(count);
}

/** Columns in order; members of one complex property stand together inside it. */
function writeColumns(
  columns: readonly ApplyColumn[],
  values: readonly ComputedValue[],
  format: ResponseFormat,
): string[] {
  const nested = new Map<string, string[]>();
  const members: string[] = [];
  columns.forEach((column, index) => {
    const [first = '', second] = column.path.split('/');
    const written = columnMember(second ?? first, values[index] ?? null, column, format);
    if (second === undefined || column.leaf === undefined) {
      members.push(...written);
      return;
    }
    if (!nested.has(first)) members.push(placeholderOf(first));
    nested.set(first, [...(nested.get(first) ?? []), ...written]);
  });
  return members.map((text) => {
    const name = [...nested.keys()].find((candidate) => placeholderOf(candidate) === text);
    return name === undefined ? text : `${JSON.stringify(name)}:{${nested.get(name)?.join(',')}}`;
  });
}

/** An alias is dynamic; the type of a declared property is known from the metadata (digest 5.2). */
function columnMember(
  name: string,
  value: ComputedValue,
  column: ApplyColumn,
  format: ResponseFormat,
): string[] {
  const known = column.leaf !== undefined && format.metadata === 'minimal';
  return dynamicMember(
    name,
    value,
    column.type,
    known ? { ...format, metadata: 'none' } : format,
    column.wireType?.slice(4),
  );
}

/** Marks where a complex property stands until all its members are known; no member looks like it. */
const placeholderOf = (name: string): string => `\0${name}`;
