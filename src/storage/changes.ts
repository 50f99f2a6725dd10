/** The change record: who changed what, before and after, written with the change; history and delta read it. */
import type { TenantId } from '../auth/authenticator.ts';
import type { EntitySet, EntityValues } from '../edm/types.ts';
import type { Author } from '../plan/plan.ts';
import type { Dialect } from '../sql/dialect.ts';
import { createShapes, finish, identifier, join, parameter, type Statement, sql } from '../sql/statement.ts';
import type { Session } from './database.ts';

/** What happened to one entity. */
export interface ChangeRecord {
  readonly entitySet: EntitySet;
  readonly tenantId: TenantId;
  readonly id: string;
  readonly kind: 'created' | 'updated' | 'deleted';
  /** The version after the change; of a deleted entity, its last. */
  readonly version: number;
  readonly author: Author;
  readonly atTicks: bigint;
  /** Updates: the properties that changed. Creation has no `before`, deletion no `after`. */
  readonly before: EntityValues | undefined;
  readonly after: EntityValues | undefined;
}

/** Appends a record at the tenant's next position; positions are in commit order, because the counter row is locked. */
export async function recordChange(session: Session, change: ChangeRecord, dialect: Dialect): Promise<void> {
  const position = await nextPosition(session, change.tenantId, dialect);
  await session.run(compileAppend(change, position, dialect));
}

const textOf = createShapes();

/**
 * Counts and then reads what it counted, in one transaction that holds the row. One statement would do (an upsert, or
 * `returning`), but on SQLite it opens a statement journal, which makes every FTS5 table flush: 30 µs instead of 2.
 */
async function nextPosition(session: Session, tenantId: TenantId, dialect: Dialect): Promise<unknown> {
  const { name, placeholder } = dialect;
  const parameters = [tenantId];
  const count = textOf(`count ${name}`, () =>
    finish(
      sql`update "change_counter" set "last_position" = "last_position" + 1 where "tenant_id" = ${tenantId}`,
      placeholder,
    ),
  );
  const read = textOf(`counted ${name}`, () =>
    finish(sql`select "last_position" from "change_counter" where "tenant_id" = ${tenantId}`, placeholder),
  );
  await session.run({ text: count, parameters });
  const [counted] = await session.run({ text: read, parameters });
  if (counted !== undefined) return counted.last_position;
  const [made] = await session.run(compileFirstPosition(tenantId, dialect));
  if (made === undefined) throw new Error('the change counter returned no position');
  return made.last_position;
}

/** Two first changes at once: the second counts on what the first made. */
function compileFirstPosition(tenantId: TenantId, { placeholder }: Dialect): Statement {
  return finish(
    sql`insert into "change_counter" ("tenant_id", "last_position") values (${tenantId}, 1) on conflict ("tenant_id") do update set "last_position" = "change_counter"."last_position" + 1 returning "last_position"`,
    placeholder,
  );
}

const recordColumns = [
  ...['tenant_id', 'position', 'entity_set', 'entity_id', 'kind', 'version', 'at'],
  ...[
    'author_kind',
    'author_id',
    'author_name',
    'client_id',
    'request_id',
    'client_request_id',
    'before',
    'after',
  ],
];

function compileAppend(change: ChangeRecord, position: unknown, { name, placeholder }: Dialect): Statement {
  const text = textOf(`append ${name}`, () => {
    const names = join(recordColumns.map(identifier), ', ');
    const values = join(
      recordColumns.map((column) => parameter(column)),
      ', ',
    );
    return finish(sql`insert into "change_record" (${names}) values (${values})`, placeholder);
  });
  const { tenantId, entitySet, id, kind, version, atTicks, author } = change;
  return {
    text,
    parameters: [
      ...[tenantId, position, entitySet.name, id, kind, version, atTicks],
      ...[author.kind, author.objectId, author.name ?? null, author.clientId],
      ...[author.requestId, author.clientRequestId, jsonOf(change.before), jsonOf(change.after)],
    ],
  };
}

function jsonOf(values: EntityValues | undefined): string | null {
  return values === undefined ? null : JSON.stringify(values);
}

/** The part of an entity's values that a change touched. */
export function pick(values: EntityValues, names: readonly string[]): EntityValues {
  return Object.fromEntries(names.map((name) => [name, values[name] ?? null]));
}
