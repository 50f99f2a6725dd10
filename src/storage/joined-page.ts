/** A page of a list as one value of the engine, sent as it is. */
import { entityStart } from '../edm/entity-text.ts';
import type { EntityType } from '../edm/types.ts';
import type { ListPlan } from '../plan/plan.ts';
import { isStoredForm } from '../plan/stored-form.ts';
import { compileJoinedPage, compilePosition } from '../sql/compile.ts';
import type { Dialect } from '../sql/dialect.ts';
import type { Row, Session } from './database.ts';
import { hasNextPage, readPosition } from './page-position.ts';
import type { JoinedPageResult } from './result.ts';

/** Reads a page; undefined where its rows must be read one by one. */
export async function readJoinedPage(
  plan: ListPlan,
  session: Session,
  dialect: Dialect,
): Promise<Omit<JoinedPageResult, 'count'> | undefined> {
  const { joinTexts } = dialect;
  if (session.joinsRows !== true || joinTexts === undefined || !isStoredForm(plan)) return undefined;
  if (plan.pageSize === 0) return { kind: 'joinedPage', items: Buffer.alloc(0), next: undefined };
  const [found] = await session.run(compileJoinedPage(plan, joinTexts, dialect));
  if (found === undefined) throw new Error('an aggregate without a row');
  const { count, items, complete } = found;
  if (complete === 0) return undefined;
  const texts = items instanceof Buffer ? items : Buffer.alloc(0);
  const rowsFound = Number(count);
  const shown =
    rowsFound > plan.pageSize ? texts.subarray(0, startOfLast(texts, plan.entitySet.type)) : texts;
  const next = hasNextPage(plan, rowsFound) ? await positionOfLast(plan, shown, session, dialect) : undefined;
  return { kind: 'joinedPage', items: shown, next };
}

/**
 * Where the last item begins, its comma included; 0 of the only one. Quotes inside strings are escaped, so that what an
 * entity begins with stands nowhere else.
 */
function startOfLast(items: Buffer, type: EntityType): number {
  return Math.max(0, items.lastIndexOf(`,{${entityStart(type).beforeVersion}`));
}

async function positionOfLast(
  plan: ListPlan,
  items: Buffer,
  session: Session,
  dialect: Dialect,
): Promise<readonly (string | null)[]> {
  const { type } = plan.entitySet;
  const at = startOfLast(items, type);
  const last = JSON.parse(items.toString('utf8', at === 0 ? 0 : at + 1)) as Row;
  const id = last[keyOf(type)];
  if (typeof id !== 'string') throw new Error('an item without its key');
  const position = compilePosition(plan, id, dialect);
  const [keys] = position === undefined ? [{}] : await session.run(position);
  if (keys === undefined) throw new Error('a row that left its snapshot');
  return readPosition(plan, { ...keys, id });
}

function keyOf({ properties }: EntityType): string {
  const key = properties.find(({ access }) => access === 'key');
  if (key === undefined) throw new Error('an entity without a key');
  return key.name;
}
