/** Questions to the change records → statements; the tenant stands first in every `where`. */
import { int64Type } from '../plan/bound.ts';
import type { ChangeCondition, ChangesPlan } from '../plan/plan.ts';
import type { Dialect } from './dialect.ts';
import { type Fragment, finish, identifier, join, type Statement, sql } from './statement.ts';
import { tableOf } from './table.ts';

/** What the names of entities are found by. */
type Asked = Pick<ChangesPlan, 'entitySet' | 'tenantId'>;

/** Reads a page and one record more, which tells whether another page follows; `position` and `at` come as text. */
export function compileChanges(plan: ChangesPlan, dialect: Dialect): Statement {
  const { tenantId, entitySet, key, before, conditions, pageSize } = plan;
  const text = (column: string) =>
    sql`${dialect.asText({ fragment: identifier(column), type: int64Type })} as ${identifier(`${column}_text`)}`;
  const columns = join(
    [
      ...['entity_id', 'kind', 'version', 'author_kind', 'author_id', 'author_name', 'client_id'].map(
        identifier,
      ),
      ...['request_id', 'client_request_id', 'before', 'after'].map(identifier),
      ...['position', 'at'].map(text),
    ],
    ', ',
  );
  const where = join(
    [
      sql`"tenant_id" = ${tenantId}`,
      sql`"entity_set" = ${entitySet.name}`,
      ...(key === undefined ? [] : [sql`"entity_id" = ${key}`]),
      ...(before === undefined ? [] : [sql`"position" < ${before}`]),
      ...conditions.map(compileCondition),
    ],
    ' and ',
  );
  return finish(
    sql`select ${columns} from "change_record" where ${where} order by "position" desc${dialect.limit(pageSize + 1)}`,
    dialect.placeholder,
  );
}

const columnNames: Readonly<Record<Extract<ChangeCondition, { kind: 'equals' }>['field'], string>> = {
  id: 'entity_id',
  kind: 'kind',
  authorKind: 'author_kind',
  authorId: 'author_id',
  authorName: 'author_name',
  clientId: 'client_id',
  requestId: 'request_id',
  clientRequestId: 'client_request_id',
};

const comparisons = {
  gt: (ticks: bigint) => sql`"at" > ${ticks}`,
  ge: (ticks: bigint) => sql`"at" >= ${ticks}`,
  lt: (ticks: bigint) => sql`"at" < ${ticks}`,
  le: (ticks: bigint) => sql`"at" <= ${ticks}`,
} as const;

function compileCondition(condition: ChangeCondition): Fragment {
  switch (condition.kind) {
    case 'equals':
      return sql`${identifier(columnNames[condition.field])} = ${condition.value}`;
    case 'at':
      return comparisons[condition.operator](condition.ticks);
    case 'changed':
      return compileChanged(condition.property.name);
  }
}

/**
 * Quotes inside texts are escaped, so a name in plain quotes with a colon is a member and nothing else, and no member
 * of a complex value has the name of a property. Names have no wildcards.
 */
function compileChanged(name: string): Fragment {
  const values = sql`coalesce("after", "before")`;
  const isMember = sql`${values} like ${`%"${name}":%`}`;
  return sql`(${isMember} and ("kind" = 'updated' or ${values} not like ${`%"${name}":null%`}))`;
}

/** Whether an entity has any record at all. */
export function compileHasChanges(
  { tenantId, entitySet, key }: Asked & { readonly key: string },
  dialect: Dialect,
): Statement {
  return finish(
    sql`select "kind" from "change_record" where "tenant_id" = ${tenantId} and "entity_set" = ${entitySet.name} and "entity_id" = ${key} limit 1`,
    dialect.placeholder,
  );
}

/** The names of entities that are there, in the columns `id` and `name`; undefined where the type has none. */
export function compileNames(
  { tenantId, entitySet }: Asked,
  ids: readonly string[],
  dialect: Dialect,
): Statement | undefined {
  const table = tableOf(entitySet);
  const name = table.columns.find(({ path }) => path === 'name');
  if (name === undefined) return undefined;
  return finish(
    sql`select "id", ${identifier(name.name)} as "name" from ${identifier(table.name)} where "tenant_id" = ${tenantId} and "id" in (${listed(ids)})`,
    dialect.placeholder,
  );
}

/** What entities were when they were deleted, in the columns `entity_id` and `before`. */
export function compileLastValues(
  { tenantId, entitySet }: Asked,
  ids: readonly string[],
  dialect: Dialect,
): Statement {
  return finish(
    sql`select "entity_id", "before" from "change_record" where "tenant_id" = ${tenantId} and "entity_set" = ${entitySet.name} and "entity_id" in (${listed(ids)}) and "kind" = 'deleted'`,
    dialect.placeholder,
  );
}

const listed = (ids: readonly string[]): Fragment =>
  join(
    ids.map((id) => sql`${id}`),
    ', ',
  );
