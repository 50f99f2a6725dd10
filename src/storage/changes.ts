/** The change record: who changed what, before and after, written with the change; history and delta read it. */
import type { TenantId } from '../auth/authenticator.ts';
import type { EntitySet, EntityValues } from '../edm/types.ts';
import type { Author } from '../plan/plan.ts';
import type { Dialect } from '../sql/dialect.ts';
import { createShapes, finish, identifier, join, parameter, type Statement, sql } from '../sql/statement.ts';
import { type Session, sendLast } from './database.ts';

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
export function recordChange(session: Session, change: ChangeRecord, dialect: Dialect): Promise<void> {
  const statement =
    dialect.name === 'postgres'
      ? { ...compileCountAndAppend(change, dialect), together: appendTogether }
      : { ...compileAppend(change, dialect), together: countOnce };
  return sendLast(statement, session);
}

const textOf = createShapes();

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

/** Both at once, so that nothing waits for the position: last in the transaction, as the counter stays locked. */
function compileCountAndAppend(change: ChangeRecord, { name, placeholder }: Dialect): Statement {
  const { tenantId } = change;
  const text = textOf(`count and append ${name}`, () => {
    const counted = sql`insert into "change_counter" ("tenant_id", "last_position") values (${tenantId}, 1) on conflict ("tenant_id") do update set "last_position" = "change_counter"."last_position" + 1 returning "last_position"`;
    const names = join(recordColumns.map(identifier), ', ');
    // Typed, because what is selected takes no type from the table.
    const values = recordColumns.map((column) => {
      if (column === 'position') return sql`"counted"."last_position"`;
      const isWhole = column === 'version' || column === 'at';
      return isWhole ? sql`${column}::bigint` : sql`${column}::text`;
    });
    return finish(
      sql`with "counted" as (${counted}) insert into "change_record" (${names}) select ${join(values, ', ')} from "counted"`,
      placeholder,
    );
  });
  const [, , ...rest] = recordValues(change, undefined);
  return { text, parameters: [tenantId, tenantId, ...rest] };
}

/** What `compileCountAndAppend` made, as one statement for each tenant: in a transaction that many share, it is the dearest. */
function appendTogether(statements: readonly Statement[]): readonly Statement[] {
  return [...byTenant(statements).values()].flatMap((all) =>
    all.length === 1 ? all : [countAndAppendAll(all)],
  );
}

/** Column by column, so that one text serves any number of records. */
function countAndAppendAll(statements: readonly Statement[]): Statement {
  const [tenantId] = statements[0]?.parameters ?? [];
  const given = recordColumns.slice(2);
  const text = textOf('count and append all', () => {
    const columns = given.map((column, index) => {
      const isWhole = column === 'version' || column === 'at';
      return `$${index + 4}::${isWhole ? 'bigint' : 'text'}[]`;
    });
    const names = recordColumns.map((column) => `"${column}"`).join(', ');
    const read = given.map((column) => `"given"."${column}"`).join(', ');
    const all = `with "counted" as (insert into "change_counter" ("tenant_id", "last_position") values ($1, $2::bigint) on conflict ("tenant_id") do update set "last_position" = "change_counter"."last_position" + excluded."last_position" returning "last_position") insert into "change_record" (${names}) select $1::text, "counted"."last_position" - $2::bigint + "given"."place", ${read} from "counted", unnest($3::bigint[], ${columns.join(', ')}) as "given" ("place", ${given.map((column) => `"${column}"`).join(', ')})`;
    return { text: all, parameters: [] };
  });
  const places = statements.map((_, index) => index + 1);
  const values = given.map((_, index) => statements.map(({ parameters }) => parameters[index + 2]));
  return { text, parameters: [tenantId, statements.length, places, ...values] };
}

/** Appends a record so many positions before the tenant's last: `countOnce` says how many. */
function compileAppend(change: ChangeRecord, { name, placeholder }: Dialect): Statement {
  const text = textOf(`append ${name}`, () => {
    const names = join(recordColumns.map(identifier), ', ');
    const values = recordColumns.map((column) =>
      column === 'position'
        ? sql`(select "last_position" from "change_counter" where "tenant_id" = ${column}) - ${column}`
        : parameter(column),
    );
    return finish(sql`insert into "change_record" (${names}) values (${join(values, ', ')})`, placeholder);
  });
  const [tenantId, , ...rest] = recordValues(change, undefined);
  return { text, parameters: [tenantId, tenantId, 0n, ...rest] };
}

/**
 * What `compileAppend` made, after one statement for each tenant that counts all of its records: on SQLite an upsert
 * opens a statement journal, which makes every FTS5 table flush, so it runs once and last.
 */
function countOnce(statements: readonly Statement[]): readonly Statement[] {
  return [...byTenant(statements)].flatMap(([tenantId, all]) => [
    countAll(tenantId, all.length),
    ...all.map(({ text, parameters: [first, second, , ...rest] }, index) => ({
      text,
      parameters: [first, second, BigInt(all.length - 1 - index), ...rest],
    })),
  ]);
}

function countAll(tenantId: unknown, count: number): Statement {
  const parameters = [tenantId, BigInt(count)];
  const text = textOf('count', () =>
    finish(
      sql`insert into "change_counter" ("tenant_id", "last_position") values (${tenantId}, ${count}) on conflict ("tenant_id") do update set "last_position" = "change_counter"."last_position" + excluded."last_position"`,
      () => '?',
    ),
  );
  return { text, parameters };
}

function byTenant(statements: readonly Statement[]): ReadonlyMap<unknown, readonly Statement[]> {
  const found = new Map<unknown, Statement[]>();
  for (const statement of statements) {
    const [tenantId] = statement.parameters;
    const known = found.get(tenantId);
    if (known === undefined) found.set(tenantId, [statement]);
    else known.push(statement);
  }
  return found;
}

/** In the order of `recordColumns`. */
function recordValues(change: ChangeRecord, position: unknown): readonly unknown[] {
  const { tenantId, entitySet, id, kind, version, atTicks, author } = change;
  return [
    ...[tenantId, position, entitySet.name, id, kind, version, atTicks],
    ...[author.kind, storable(author.objectId), storable(author.name ?? null), storable(author.clientId)],
    ...[author.requestId, author.clientRequestId, jsonOf(change.before), jsonOf(change.after)],
  ];
}

/** Tokens may name people with what no text holds (docs/decisions/0005). */
const storable = (claim: string | null): string | null => claim?.replaceAll('\0', '\ufffd') ?? null;

function jsonOf(values: EntityValues | undefined): string | null {
  return values === undefined ? null : JSON.stringify(values);
}

/** The part of an entity's values that a change touched. */
export function pick(values: EntityValues, names: readonly string[]): EntityValues {
  return Object.fromEntries(names.map((name) => [name, values[name] ?? null]));
}
