/** Plan → Result, writes in one transaction with their change record. */
import { readEntityText, writeEntityText } from '../edm/entity-text.ts';
import { quoteForMessage, ServiceError, unreachable } from '../errors.ts';
import { applyUpdate } from '../plan/apply-update.ts';
import type {
  CreatePlan,
  DeletePlan,
  ListPlan,
  Plan,
  ReadPlan,
  StoredEntity,
  UpdatePlan,
} from '../plan/plan.ts';
import { checkWritePreconditions } from '../plan/preconditions.ts';
import {
  compileDelete,
  compileInsert,
  compileList,
  compileRead,
  compileUpdate,
  type RowAddress,
} from '../sql/compile.ts';
import type { Statement } from '../sql/statement.ts';
import { pick, recordChange } from './changes.ts';
import type { Database, Session } from './database.ts';
import type { Result } from './result.ts';
import { readRow } from './row.ts';

/** Carries out a plan; throws 404, 412 and 503 codes. Plans without data pass through. */
export async function execute(plan: Plan, database: Database): Promise<Result> {
  switch (plan.kind) {
    case 'read':
      return {
        kind: 'entity',
        entity: await database.read((session) => findRow(plan, false, session, database)),
      };
    case 'list':
      return list(plan, database);
    case 'create':
    case 'update':
    case 'delete':
      return database.write((session) => executeWrite(plan, session, database));
    case 'singleton':
    case 'serviceDocument':
    case 'options':
      return { kind: 'none' };
    case 'property':
    case 'count':
    case 'apply':
      throw new Error(`no such plan is made yet: ${plan.kind}`);
    default:
      return unreachable(plan);
  }
}

/** Plans that change something. */
export type WritePlan = CreatePlan | UpdatePlan | DeletePlan;

/** Carries out one change inside a transaction of the caller. */
export function executeWrite(plan: WritePlan, session: Session, database: Database): Promise<Result> {
  switch (plan.kind) {
    case 'create':
      return create(plan, session, database);
    case 'update':
      return update(plan, session, database);
    case 'delete':
      return remove(plan, session, database);
    default:
      return unreachable(plan);
  }
}

async function list(plan: ListPlan, database: Database): Promise<Result> {
  if (plan.pageSize === 0) return { kind: 'page', entities: [], next: undefined };
  const rows = await database.read((session) => session.run(compileList(plan, database.dialect)));
  const entities = rows.slice(0, plan.pageSize).map(readRow);
  const allowed = plan.remaining === undefined || plan.remaining > plan.pageSize;
  const last = entities.at(-1);
  const more = rows.length > plan.pageSize && allowed && last !== undefined;
  return { kind: 'page', entities, next: more ? [last.id] : undefined };
}

async function create(plan: CreatePlan, session: Session, { dialect }: Database): Promise<Result> {
  const entity = { id: plan.id, version: 1, json: writeEntityText(plan.entitySet.type, plan.values) };
  await runAll(compileInsert(plan, entity, dialect), session);
  const { entitySet, tenantId, author, atTicks, values } = plan;
  const record = { entitySet, tenantId, id: plan.id, kind: 'created', version: 1, author, atTicks } as const;
  await recordChange(session, { ...record, before: undefined, after: values }, dialect);
  return { kind: 'created', entity };
}

async function update(plan: UpdatePlan, session: Session, database: Database): Promise<Result> {
  const current = await findRow(plan, true, session, database);
  const { entity, change } = applyUpdate(current, plan);
  if (change === undefined) return { kind: 'updated', entity };
  const { entitySet, tenantId, author, atTicks } = plan;
  await runAll(compileUpdate(addressOf(plan), entity, change, database.dialect), session);
  await recordChange(
    session,
    {
      entitySet,
      tenantId,
      id: entity.id,
      kind: 'updated',
      version: entity.version,
      author,
      atTicks,
      before: pick(change.before, change.changed),
      after: pick(change.after, change.changed),
    },
    database.dialect,
  );
  return { kind: 'updated', entity };
}

async function remove(plan: DeletePlan, session: Session, database: Database): Promise<Result> {
  const current = await findRow(plan, true, session, database);
  checkWritePreconditions(plan.preconditions, current.version);
  await runAll(compileDelete(addressOf(plan), database.dialect), session);
  const { entitySet, tenantId, author, atTicks } = plan;
  await recordChange(
    session,
    {
      entitySet,
      tenantId,
      id: current.id,
      kind: 'deleted',
      version: current.version,
      author,
      atTicks,
      before: readEntityText(entitySet.type, current.json),
      after: undefined,
    },
    database.dialect,
  );
  return { kind: 'deleted' };
}

async function findRow(
  plan: ReadPlan | UpdatePlan | DeletePlan,
  lock: boolean,
  session: Session,
  { dialect }: Database,
): Promise<StoredEntity> {
  const [row] = await session.run(compileRead(addressOf(plan), lock, dialect));
  if (row !== undefined) return readRow(row);
  throw new ServiceError(
    'entityNotFound',
    `Resource could not be discovered: no ${plan.entitySet.type.name} with the id '${quoteForMessage(plan.key)}'.`,
  );
}

function addressOf(plan: ReadPlan | UpdatePlan | DeletePlan): RowAddress {
  return { entitySet: plan.entitySet, tenantId: plan.tenantId, id: plan.key };
}

async function runAll(statements: readonly Statement[], session: Session): Promise<void> {
  for (const statement of statements) await session.run(statement);
}
