/** A PostgreSQL database as one side of a copy. */
import pg from 'pg';
import { readEntityText } from '../../edm/entity-text.ts';
import type { Model } from '../../edm/types.ts';
import { compileInsert } from '../../sql/compile.ts';
import {
  type CopyColumn,
  type CopyProgress,
  CopyRefused,
  type CopyRow,
  type CopySide,
  type CopyTable,
  type CopyTarget,
  type CopyValue,
  readEntityRow,
} from '../copy.ts';
import { progressTable } from '../migrate.ts';
import { clientConfig } from './connection.ts';
import { postgresDialect } from './dialect.ts';
import { ensureSchema } from './schema.ts';

/** Connects and holds one state of the rows until it is closed. */
export async function openPostgresSource(url: string): Promise<CopySide> {
  const client = await connect(url);
  try {
    await client.query('begin isolation level repeatable read read only');
    return { ...createReads(client), close: () => client.end() };
  } catch (error) {
    await client.end();
    throw error;
  }
}

/** Connects and brings the database to the schema of the model. */
export async function openPostgresTarget(url: string, model: Model): Promise<CopyTarget> {
  const client = await connect(url);
  try {
    await ensureSchema(client, model, { rowLevelSecurity: false, unfinished: true });
    return createTarget(client);
  } catch (error) {
    await client.end();
    throw error;
  }
}

/** Statements are sent without waiting for one another; each is answered in its turn. */
async function connect(url: string): Promise<pg.Client> {
  const client = new pg.Client({ ...clientConfig(url), pipeline: true });
  // What ends the connection rejects the statement under way, which is reported.
  client.on('error', () => undefined);
  await client.connect();
  await client.query('set statement_timeout = 0');
  return client;
}

function createReads(client: pg.Client): Omit<CopySide, 'close'> {
  return {
    async count({ name }) {
      await assertSeesAll(client, name);
      const { rows } = await client.query(`select count(*) as n from "${name}"`);
      return Number((rows as { n: unknown }[])[0]?.n);
    },
    async read(table, after, rowsMax) {
      const key = table.key.map((name) => `"${name}"`).join(', ');
      const places = table.key.map((_, index) => `$${index + 1}`).join(', ');
      const beyond = after === undefined ? '' : ` where (${key}) > (${places})`;
      const columns = table.columns.map(({ name }) => `"${name}"`).join(', ');
      const { rows } = await client.query({
        text: `select ${columns} from "${table.name}"${beyond} order by ${key} limit ${rowsMax}`,
        values: (after ?? []).map(parameterOf),
        rowMode: 'array',
      });
      return (rows as unknown[][]).map((row) =>
        row.map((value, index) => readValue(value, table.columns[index]?.type ?? 'text')),
      );
    },
  };
}

/** Under row-level security a role sees one tenant's rows at most, and a copy would be empty without a word. */
async function assertSeesAll(client: pg.Client, table: string): Promise<void> {
  const { rows } = await client.query('select row_security_active($1::regclass) as active', [`"${table}"`]);
  if ((rows as { active: boolean }[])[0]?.active !== true) return;
  throw new CopyRefused('row-level security hides rows from this role', [
    'Connect with a role that has BYPASSRLS, or turn the option off while nothing is served.',
  ]);
}

const parameterOf = (value: CopyValue): unknown => (typeof value === 'bigint' ? String(value) : value);

/** 64-bit numbers arrive as text, Booleans as such. */
function readValue(value: unknown, type: CopyColumn['type']): CopyValue {
  if (value === null) return null;
  if (type === 'real') return Number(value);
  if (type === 'integer') return typeof value === 'boolean' ? BigInt(value) : BigInt(String(value));
  return String(value);
}

function createTarget(client: pg.Client): CopyTarget {
  const update = async (progress: CopyProgress, expected: CopyProgress) => {
    const { rowCount } = await client.query(
      `update "${progressTable}" set "progress" = $1 where "name" = 'copy' and "progress" = $2`,
      [JSON.stringify(progress), JSON.stringify(expected)],
    );
    if (rowCount !== 1)
      throw new CopyRefused('another copy into the same target is running', ['Wait until it has ended.']);
  };
  return {
    ...createReads(client),
    async progress() {
      const { rows: found } = await client.query('select to_regclass($1) as name', [`"${progressTable}"`]);
      if ((found as { name: unknown }[])[0]?.name === null) return undefined;
      const { rows } = await client.query(`select "progress" from "${progressTable}"`);
      const [row] = rows as { progress: string }[];
      return row === undefined ? undefined : (JSON.parse(row.progress) as CopyProgress);
    },
    async filledTables(tables) {
      const filled: string[] = [];
      for (const { name } of tables) {
        await assertSeesAll(client, name);
        const { rowCount } = await client.query(`select 1 from "${name}" limit 1`);
        if (rowCount !== 0) filled.push(name);
      }
      return filled;
    },
    async begin(progress) {
      await inTransaction(client, async () => {
        await client.query(
          `create table "${progressTable}" ("name" text primary key, "progress" text not null)`,
        );
        // Replicated, so that a batch on a worker and its progress are committed in two phases, both or none.
        const { rowCount } = await client.query("select 1 from pg_extension where extname = 'citus'");
        if (rowCount !== 0) await client.query(`select create_reference_table('"${progressTable}"')`);
        await client.query(`insert into "${progressTable}" values ('copy', $1)`, [JSON.stringify(progress)]);
      });
    },
    async write(table, rows, before, after) {
      await inTransaction(client, async () => {
        await update(after, before);
        await Promise.all(
          table.entitySet === undefined
            ? [writePlain(client, table, rows)]
            : writeEntities(client, table, rows),
        );
      });
    },
    async finish() {
      await client.query(`drop table "${progressTable}"`);
      await client.query('analyze');
    },
    close: () => client.end(),
  };
}

async function inTransaction(client: pg.Client, work: () => Promise<void>): Promise<void> {
  await client.query('begin');
  try {
    await work();
    await client.query('commit');
  } catch (error) {
    await client.query('rollback').catch(() => undefined);
    throw error;
  }
}

/** All rows in one statement, column by column. */
async function writePlain(
  client: pg.Client,
  { name, columns }: CopyTable,
  rows: readonly CopyRow[],
): Promise<void> {
  if (rows.length === 0) return;
  const names = columns.map((column) => `"${column.name}"`).join(', ');
  const arrays = columns.map(({ type }, index) => `$${index + 1}::${arrayTypes[type]}`).join(', ');
  const values = columns.map((_, index) => rows.map((row) => parameterOf(row[index] ?? null)));
  await client.query(`insert into "${name}" (${names}) select * from unnest(${arrays})`, values);
}

const arrayTypes: Readonly<Record<CopyColumn['type'], string>> = {
  text: 'text[]',
  integer: 'bigint[]',
  real: 'double precision[]',
};

/** Entities with their items and texts, one behind the other on the wire. */
function writeEntities(
  client: pg.Client,
  { entitySet }: CopyTable,
  rows: readonly CopyRow[],
): readonly Promise<unknown>[] {
  if (entitySet === undefined) throw new Error('rows of no entity set');
  return rows.flatMap((row) => {
    const { tenantId, entity } = readEntityRow(row);
    const values = readEntityText(entitySet.type, entity.json);
    const statements = compileInsert({ entitySet, tenantId, values }, entity, postgresDialect);
    return statements.map(({ text, parameters }) => client.query(text, [...parameters]));
  });
}
