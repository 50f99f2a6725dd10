/** POSTs that may arrive twice: what each created, remembered in the transaction that created it (digest 2.10). */
import { completeEntityText } from '../edm/entity-text.ts';
import { ServiceError } from '../errors.ts';
import type { CreatePlan, StoredEntity } from '../plan/plan.ts';
import type { Dialect } from '../sql/dialect.ts';
import { finish, sql } from '../sql/statement.ts';
import { type Session, send } from './database.ts';

/** What the same request created before, or undefined; 400 where its id stood for another request. */
export async function findRepeated(
  { repeatable, tenantId, entitySet }: CreatePlan,
  session: Session,
  { placeholder }: Dialect,
): Promise<StoredEntity | undefined> {
  if (repeatable === undefined) return undefined;
  const { clientId, requestId, fingerprint, forgetBeforeTicks } = repeatable;
  const [row] = await session.run(
    finish(
      sql`select "fingerprint", "entity_id", "json" from "repeatable_request" where "tenant_id" = ${tenantId} and "client_id" = ${clientId} and "request_id" = ${requestId} and "at" >= ${forgetBeforeTicks}`,
      placeholder,
    ),
  );
  if (row === undefined) return undefined;
  if (row.fingerprint !== fingerprint) {
    throw new ServiceError(
      'repeatabilityConflict',
      'This Repeatability-Request-ID stood for another request before.',
      {
        target: 'Repeatability-Request-ID',
        headers: { 'Repeatability-Result': 'rejected' },
      },
    );
  }
  return {
    id: String(row.entity_id),
    version: 1,
    json: completeEntityText(entitySet.type, String(row.json)),
  };
}

/** Remembers what a repeatable request created, and forgets what is too old. */
export async function rememberRepeatable(
  { repeatable, tenantId, atTicks }: CreatePlan,
  entity: StoredEntity,
  session: Session,
  { placeholder }: Dialect,
): Promise<void> {
  if (repeatable === undefined) return;
  const { clientId, requestId, fingerprint, forgetBeforeTicks } = repeatable;
  await send(
    finish(
      sql`delete from "repeatable_request" where "tenant_id" = ${tenantId} and "at" < ${forgetBeforeTicks}`,
      placeholder,
    ),
    session,
  );
  await send(
    finish(
      sql`insert into "repeatable_request" ("tenant_id", "client_id", "request_id", "fingerprint", "at", "entity_id", "json") values (${tenantId}, ${clientId}, ${requestId}, ${fingerprint}, ${atTicks}, ${entity.id}, ${entity.json})`,
      placeholder,
    ),
    session,
  );
}
