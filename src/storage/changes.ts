/** The change record: who changed what, before and after, written with the change; history and delta read it. */
import type { TenantId } from '../auth/authenticator.ts';
import type { EntitySet, EntityValues } from '../edm/types.ts';
import type { Author } from '../plan/plan.ts';
import type { Dialect } from '../sql/dialect.ts';
import { finish, type Statement, sql } from '../sql/statement.ts';
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
  const rows = await session.run(compileNextPosition(change.tenantId, dialect));
  const position = rows[0]?.last_position;
  if (position === undefined) throw new Error('the change counter returned no position');
  await session.run(compileAppend(change, position, dialect));
}

function compileNextPosition(tenantId: TenantId, dialect: Dialect): Statement {
  return finish(
    sql`insert into "change_counter" ("tenant_id", "last_position") values (${tenantId}, 1) on conflict ("tenant_id") do update set "last_position" = "change_counter"."last_position" + 1 returning "last_position"`,
    dialect.placeholder,
  );
}

function compileAppend(change: ChangeRecord, position: unknown, dialect: Dialect): Statement {
  const { author } = change;
  return finish(
    sql`insert into "change_record" ("tenant_id", "position", "entity_set", "entity_id", "kind", "version", "at", "author_kind", "author_id", "author_name", "client_id", "request_id", "client_request_id", "before", "after") values (${change.tenantId}, ${position}, ${change.entitySet.name}, ${change.id}, ${change.kind}, ${change.version}, ${change.atTicks}, ${author.kind}, ${author.objectId}, ${author.name ?? null}, ${author.clientId}, ${author.requestId}, ${author.clientRequestId}, ${jsonOf(change.before)}, ${jsonOf(change.after)})`,
    dialect.placeholder,
  );
}

function jsonOf(values: EntityValues | undefined): string | null {
  return values === undefined ? null : JSON.stringify(values);
}

/** The part of an entity's values that a change touched. */
export function pick(values: EntityValues, names: readonly string[]): EntityValues {
  return Object.fromEntries(names.map((name) => [name, values[name] ?? null]));
}
