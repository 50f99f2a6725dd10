/** Brings in entities with the ids and times they already have: sample data, copies. */
import type { TenantId } from '../auth/authenticator.ts';
import { ticksOf } from '../edm/date-time-offset.ts';
import { writeEntityText } from '../edm/entity-text.ts';
import type { EntitySet, EntityValues } from '../edm/types.ts';
import type { Author } from '../plan/plan.ts';
import { compileCount, compileInsert } from '../sql/compile.ts';
import { recordChange } from './changes.ts';
import { type Database, type Session, sendAll } from './database.ts';

/** Where the entities go and who is written into their change records. */
export interface ImportTarget {
  readonly entitySet: EntitySet;
  readonly tenantId: TenantId;
  readonly author: Author;
}

/** Rows of one transaction: enough to make the commit cheap, few enough to let other writers in. */
const rowsPerTransaction = 1000;

/** Inserts every entity with a change record dated by its own creation; returns how many. */
export async function importEntities(
  entities: Iterable<EntityValues>,
  target: ImportTarget,
  database: Database,
): Promise<number> {
  let imported = 0;
  let group: EntityValues[] = [];
  const flush = async () => {
    const rows = group;
    group = [];
    await database.write(async (session) => {
      for (const values of rows) await importEntity(values, target, session, database);
    });
    imported += rows.length;
  };
  for (const values of entities) {
    group.push(values);
    if (group.length === rowsPerTransaction) await flush();
  }
  if (group.length > 0) await flush();
  return imported;
}

/** How many entities the tenant has. */
export async function countEntities(
  entitySet: EntitySet,
  tenantId: TenantId,
  database: Database,
): Promise<number> {
  const statement = compileCount({ entitySet, tenantId }, database.dialect);
  const [row] = await database.read((session) => session.run(statement));
  return Number(row?.count);
}

async function importEntity(
  values: EntityValues,
  target: ImportTarget,
  session: Session,
  { dialect }: Database,
): Promise<void> {
  const { entitySet, tenantId, author } = target;
  const id = String(values.id);
  const entity = { id, version: 1, json: writeEntityText(entitySet.type, values) };
  await sendAll(compileInsert({ entitySet, tenantId, values }, entity, dialect), session);
  const created = entitySet.type.properties.find((property) => property.stamp === 'created');
  const atTicks = ticksOf(String(values[created?.name ?? '']));
  const change = { entitySet, tenantId, id, kind: 'created', version: 1, author, atTicks } as const;
  await recordChange(session, { ...change, before: undefined, after: values }, dialect);
}
