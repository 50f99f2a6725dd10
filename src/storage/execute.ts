/** Plan → Result, writes in one transaction with their change record. */
import { readEntityText, writeEntityText } from '../edm/entity-text.ts';
import { quoteForMessage, ServiceError, unreachable } from '../errors.ts';
import { limits } from '../limits.ts';
import { applyUpdate } from '../plan/apply-update.ts';
import {
  type Constant,
  type ConstantValue,
  keyOrder,
  type Projection,
  stringType,
  typeOf,
  type ValueType,
} from '../plan/bound.ts';
import type {
  ApplyPlan,
  ChangesPlan,
  CountPlan,
  CreatePlan,
  DeletePlan,
  ExportPlan,
  ListPlan,
  Plan,
  PropertyPlan,
  ReadPlan,
  StoredEntity,
  UpdatePlan,
} from '../plan/plan.ts';
import { checkWritePreconditions } from '../plan/preconditions.ts';
import {
  compileApply,
  compileCount,
  compileDelete,
  compileInsert,
  compileList,
  compileRead,
  compileUpdate,
  type RowAddress,
} from '../sql/compile.ts';
import { readValue } from '../sql/value.ts';
import { pick, recordChange } from './changes.ts';
import { type Database, type Row, type Session, send, sendAll } from './database.ts';
import { readJoinedPage } from './joined-page.ts';
import { hasNextPage, readPosition } from './page-position.ts';
import { readChanges } from './read-changes.ts';
import { findRepeated, rememberRepeatable } from './repeatable.ts';
import type { PageResult, Result } from './result.ts';
import { readRow } from './row.ts';

/** Who waits for the answer; its signal is asked for only where work may take long, because making one costs. */
export interface Client {
  readonly signal: AbortSignal;
}

/** Carries out a plan; throws 404, 412, 503 codes and queryTooComplex. Plans without data pass through. */
export function execute(plan: Plan, database: Database, client?: Client): Promise<Result> {
  switch (plan.kind) {
    case 'read':
      return read(plan, database, client);
    case 'property':
      return readWhole(plan, database);
    case 'list':
      return answerList(plan, database, client);
    case 'count':
      return answerCount(plan, database, client);
    case 'export':
      return exportList(plan, database, client);
    case 'changes':
      return changes(plan, database, client);
    case 'apply':
      return apply(plan, database, client);
    case 'create':
    case 'update':
    case 'delete':
      return database.write((session) => executeWrite(plan, session, database), {
        group: plan.tenantId,
        row: plan.kind === 'create' ? undefined : placeOf(addressOf(plan)),
      });
    case 'singleton':
      return plan.expanded.length === 0 ? withoutData() : expand(plan.expanded, database, client);
    case 'serviceDocument':
    case 'metadata':
    case 'options':
      return withoutData();
    default:
      return unreachable(plan);
  }
}

const withoutData = (): Promise<Result> => Promise.resolve({ kind: 'none' });

/** Plans that change something. */
export type WritePlan = CreatePlan | UpdatePlan | DeletePlan;

/**
 * Locks the rows that several changes of one transaction will need, in one order everywhere and before the counter of
 * changes: else two transactions could each wait for what the other holds. Nothing where transactions take turns.
 */
export async function lockRows(
  plans: readonly WritePlan[],
  session: Session,
  { dialect }: Database,
): Promise<void> {
  if (session.send === undefined || plans.length < 2) return;
  const addresses = plans.flatMap((plan) => (plan.kind === 'create' ? [] : [addressOf(plan)]));
  const ordered = addresses.toSorted((left, right) => (placeOf(left) < placeOf(right) ? -1 : 1));
  for (const address of ordered) await send(compileRead(address, true, dialect), session);
}

const placeOf = ({ entitySet, id }: RowAddress): string => `${entitySet.name} ${id}`;

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

async function expand(
  plans: readonly ListPlan[],
  database: Database,
  client: Client | undefined,
): Promise<Result> {
  const pages: PageResult[] = [];
  for (const plan of plans) pages.push(await list(plan, database, client));
  return { kind: 'expanded', pages };
}

const readPoint = (plan: ReadPlan | PropertyPlan, database: Database): Promise<StoredEntity> =>
  database.read((session) => findRow(plan, false, session, database));

/** Reads that may take long go beside the writer, and end when the client leaves or the time is up. */
function scan<T>(
  plan: ListPlan | CountPlan | ApplyPlan | ChangesPlan,
  database: Database,
  client: Client | undefined,
  work: (session: Session) => Promise<T>,
): Promise<T> {
  return database.read(work, { expected: 'scan', signal: client?.signal, fairBy: plan.tenantId });
}

/** One entity; what $compute asks of it is computed by the engine, like in a list. */
function read(plan: ReadPlan, database: Database, client: Client | undefined): Promise<Result> {
  const { projection } = plan;
  const isComputed = projection !== undefined && projection.computed.length > 0;
  return isComputed ? readComputed(plan, projection, database, client) : readWhole(plan, database);
}

async function readWhole(plan: ReadPlan | PropertyPlan, database: Database): Promise<Result> {
  return { kind: 'entity', entity: await readPoint(plan, database), computed: [] };
}

async function readComputed(
  plan: ReadPlan,
  projection: Projection,
  database: Database,
  client: Client | undefined,
): Promise<Result> {
  const page = await list(listOfOne(plan, projection), database, client);
  const [row] = page.rows;
  if (row === undefined) throw notFound(plan);
  return { kind: 'entity', ...row };
}

function listOfOne(plan: ReadPlan, projection: Projection): ListPlan {
  const order = keyOrder(plan.entitySet);
  const key: Constant = { kind: 'constant', type: stringType, value: plan.key };
  return {
    ...plan,
    kind: 'list',
    pageSize: 1,
    after: undefined,
    remaining: 1,
    skip: 0,
    filter: { kind: 'comparison', operator: 'eq', left: order.expression, right: key },
    search: undefined,
    orderBy: [order],
    count: false,
    projection,
    link: { options: '', fingerprint: '', nowTicks: 0n, pageSize: 1 },
  };
}

/** As one value where the session can, else row by row. */
const answerList = (plan: ListPlan, database: Database, client: Client | undefined): Promise<Result> =>
  scan(plan, database, client, async (session) => {
    const page =
      (await readJoinedPage(plan, session, database.dialect)) ?? (await readPage(plan, session, database));
    return { ...page, count: await countAsked(plan, session, database) };
  });

const list = (plan: ListPlan, database: Database, client: Client | undefined): Promise<PageResult> =>
  scan(plan, database, client, async (session) => ({
    ...(await readPage(plan, session, database)),
    count: await countAsked(plan, session, database),
  }));

const countAsked = async (
  plan: ListPlan,
  session: Session,
  database: Database,
): Promise<number | undefined> =>
  plan.count ? count({ ...plan, steps: undefined }, session, database) : undefined;

async function readPage(
  plan: ListPlan,
  session: Session,
  { dialect }: Database,
): Promise<Omit<PageResult, 'count'>> {
  const rows = plan.pageSize === 0 ? [] : await session.run(compileList(plan, dialect));
  const shown = rows.slice(0, plan.pageSize);
  const last = hasNextPage(plan, rows.length) ? shown.at(-1) : undefined;
  const types = (plan.projection?.computed ?? []).map(({ expression }) => typeOf(expression));
  return {
    kind: 'page',
    rows: shown.map((row) => ({
      entity: readRow(row, plan.entitySet.type),
      computed: readValues(row, types),
    })),
    next: last === undefined ? undefined : readPosition(plan, last),
  };
}

/** Columns `c0`, `c1` … as text → values of these types. */
function readValues(from: Row, types: readonly ValueType[]): readonly ConstantValue[] {
  return types.map((type, index) => readValue(from[`c${index}`], type));
}

async function answerCount(plan: CountPlan, database: Database, client: Client | undefined): Promise<Result> {
  return { kind: 'count', count: await scan(plan, database, client, (run) => count(plan, run, database)) };
}

async function count(
  plan: Pick<CountPlan, 'entitySet' | 'tenantId' | 'filter' | 'search' | 'steps'>,
  session: Session,
  { dialect }: Database,
): Promise<number> {
  const [found] = await session.run(compileCount(plan, dialect));
  return Number(found?.count);
}

async function apply(plan: ApplyPlan, database: Database, client: Client | undefined): Promise<Result> {
  const { rows, total } = await scan(plan, database, client, async (session) => {
    const { entitySet, tenantId, countSteps } = plan;
    const counted = { entitySet, tenantId, filter: undefined, search: undefined, steps: countSteps };
    return {
      rows: await session.run(compileApply(plan, database.dialect)),
      total: countSteps === undefined ? undefined : await count(counted, session, database),
    };
  });
  if (rows.length > limits.applyRowsMax) {
    throw new ServiceError(
      'queryTooComplex',
      `The result of $apply has more than ${limits.applyRowsMax} rows. Group by fewer properties, filter first or use top().`,
      { target: '$apply' },
    );
  }
  const types = (plan.columns ?? plan.added).map(({ type }) => type);
  return {
    kind: 'aggregation',
    rows: rows.map((found) => ({
      entity: plan.columns === undefined ? readRow(found, plan.entitySet.type) : undefined,
      values: readValues(found, types),
    })),
    count: total,
  };
}

/** The first page is read before anything is promised. */
async function exportList(plan: ExportPlan, database: Database, client: Client | undefined): Promise<Result> {
  const first = await list(plan.list, database, client);
  async function* pages(): AsyncGenerator<PageResult> {
    let page = first;
    let asked = plan.list;
    yield page;
    while (page.next !== undefined) {
      asked = pageAfter(asked, page, page.next);
      page = await list(asked, database, client);
      yield page;
    }
  }
  return { kind: 'export', pages: pages() };
}

/** As many rows as fit the memory of an export, if they weigh what those before them did. */
function pageAfter(asked: ListPlan, { rows }: PageResult, after: ListPlan['after']): ListPlan {
  const characters = rows.reduce((sum, { entity }) => sum + entity.json.length, 0);
  const fitting = Math.floor((limits.exportCharactersAtOnce * rows.length) / Math.max(1, characters));
  const pageSize = Math.min(limits.pageSizeMax, Math.max(1, fitting));
  const remaining = asked.remaining === undefined ? undefined : asked.remaining - asked.pageSize;
  return { ...asked, after, skip: 0, remaining, pageSize: Math.min(pageSize, remaining ?? pageSize) };
}

/** An entity that is there has a history, if only an empty one: rows may have come from elsewhere. */
async function changes(plan: ChangesPlan, database: Database, client: Client | undefined): Promise<Result> {
  const page = await scan(plan, database, client, (session) => readChanges(plan, session, database.dialect));
  if (page !== undefined) return page;
  await database.read((session) => findRow({ ...plan, key: plan.key ?? '' }, false, session, database));
  return { kind: 'changes', records: [], next: undefined };
}

async function create(plan: CreatePlan, session: Session, { dialect }: Database): Promise<Result> {
  const repeated = await findRepeated(plan, session, dialect);
  if (repeated !== undefined) return { kind: 'created', entity: repeated };
  const entity = { id: plan.id, version: 1, json: writeEntityText(plan.entitySet.type, plan.values) };
  await sendAll(compileInsert(plan, entity, dialect), session);
  await rememberRepeatable(plan, entity, session, dialect);
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
  await sendAll(compileUpdate(addressOf(plan), entity, change, database.dialect), session);
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
  await sendAll(compileDelete(addressOf(plan), database.dialect), session);
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

/** A plan on one entity, as far as finding it goes. */
type KeyedPlan = Pick<ReadPlan, 'entitySet' | 'tenantId' | 'key'>;

async function findRow(
  plan: KeyedPlan,
  lock: boolean,
  session: Session,
  { dialect }: Database,
): Promise<StoredEntity> {
  const [row] = await session.run(compileRead(addressOf(plan), lock, dialect));
  if (row !== undefined) return readRow(row, plan.entitySet.type);
  throw notFound(plan);
}

function notFound(plan: KeyedPlan): ServiceError {
  return new ServiceError(
    'entityNotFound',
    `Resource could not be discovered: no ${plan.entitySet.type.name} with the id '${quoteForMessage(plan.key)}'.`,
  );
}

function addressOf(plan: KeyedPlan): RowAddress {
  return { entitySet: plan.entitySet, tenantId: plan.tenantId, id: plan.key };
}
