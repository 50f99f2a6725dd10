/** Reads a page of change records, each with the name its entity has now or had last. */
import type { EntityValues } from '../edm/types.ts';
import type { ChangesPlan } from '../plan/plan.ts';
import {
  compileChanges,
  compileHasChanges,
  compileLastValues,
  compileNames,
} from '../sql/compile-changes.ts';
import type { Dialect } from '../sql/dialect.ts';
import type { Row, Session } from './database.ts';
import type { ChangesResult, RecordedChange } from './result.ts';

/** The page; undefined where the plan names an entity that nothing was ever recorded of. */
export async function readChanges(
  plan: ChangesPlan,
  session: Session,
  dialect: Dialect,
): Promise<ChangesResult | undefined> {
  const rows = plan.pageSize === 0 ? [] : await session.run(compileChanges(plan, dialect));
  if (rows.length === 0 && plan.key !== undefined && plan.before === undefined) {
    const [any] = await session.run(compileHasChanges({ ...plan, key: plan.key }, dialect));
    if (any === undefined) return undefined;
  }
  const shown = rows.slice(0, plan.pageSize);
  const names = await readNames(plan, [...new Set(shown.map(idOf))], session, dialect);
  const records = shown.map((row) => readRecord(row, names));
  const allowed = plan.remaining === undefined || plan.remaining > plan.pageSize;
  const more = rows.length > plan.pageSize && allowed;
  return { kind: 'changes', records, next: more ? records.at(-1)?.position : undefined };
}

/** Those that are there first; the others were deleted, and the record of that has all they were. */
async function readNames(
  plan: ChangesPlan,
  ids: readonly string[],
  session: Session,
  dialect: Dialect,
): Promise<ReadonlyMap<string, string | null>> {
  const names = new Map<string, string | null>();
  const present = ids.length === 0 ? undefined : compileNames(plan, ids, dialect);
  if (present === undefined) return names;
  for (const row of await session.run(present)) names.set(String(row.id), textOrNull(row.name));
  const gone = ids.filter((id) => !names.has(id));
  if (gone.length === 0) return names;
  for (const row of await session.run(compileLastValues(plan, gone, dialect))) {
    const { name } = readValues(row.before) ?? {};
    names.set(String(row.entity_id), typeof name === 'string' ? name : null);
  }
  return names;
}

const idOf = ({ entity_id }: Row): string => String(entity_id);

function readRecord(row: Row, names: ReadonlyMap<string, string | null>): RecordedChange {
  const id = idOf(row);
  return {
    position: BigInt(String(row.position_text)),
    id,
    name: names.get(id) ?? null,
    kind: readKind(row.kind),
    version: Number(row.version),
    atTicks: BigInt(String(row.at_text)),
    author: {
      kind: String(row.author_kind),
      id: String(row.author_id),
      name: textOrNull(row.author_name),
      clientId: String(row.client_id),
    },
    requestId: String(row.request_id),
    clientRequestId: String(row.client_request_id),
    before: readValues(row.before),
    after: readValues(row.after),
  };
}

const kinds = ['created', 'updated', 'deleted'] as const;

function readKind(value: unknown): RecordedChange['kind'] {
  const kind = kinds.find((each) => each === value);
  if (kind === undefined) throw new Error('a change record of no known kind');
  return kind;
}

const textOrNull = (value: unknown): string | null => (typeof value === 'string' ? value : null);

/** What `recordChange` wrote. */
function readValues(json: unknown): EntityValues | undefined {
  return typeof json === 'string' ? (JSON.parse(json) as EntityValues) : undefined;
}
