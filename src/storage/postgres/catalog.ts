/** What a PostgreSQL database has already, read from its catalogue without changing anything. */
import type { ClientBase } from 'pg';
import { readRecord, type SchemaRecord, versionTable } from '../migrate.ts';

/** A table as it is; only what can differ from the definition in a way that matters. */
export interface CatalogTable {
  /** Type by column name, as `format_type` writes it. */
  readonly columns: ReadonlyMap<string, string>;
  readonly rowsProtected: boolean;
}

/** An index as it is. */
export interface CatalogIndex {
  /** False for what is left of a `create index concurrently` that did not end well. */
  readonly valid: boolean;
}

/** A database as far as the schema needs to know it. */
export interface Catalog {
  readonly encoding: string;
  /** Where unqualified names are looked up and made; undefined where the role's search_path names no schema. */
  readonly schema: string | undefined;
  readonly hasCitus: boolean;
  readonly tables: ReadonlyMap<string, CatalogTable>;
  readonly indexes: ReadonlyMap<string, CatalogIndex>;
  /** Tables that Citus has distributed or replicated. */
  readonly distributed: ReadonlySet<string>;
  readonly records: readonly SchemaRecord[];
  /** Whether row-level security does not hold for the role: superusers, and roles with BYPASSRLS. */
  readonly bypassesRowSecurity: boolean;
}

/** Reads the catalogue in a handful of statements. */
export async function readCatalog(client: ClientBase): Promise<Catalog> {
  const [server] = await rowsOf<{
    encoding: string;
    schema: string | null;
    bypasses: boolean;
    citus: boolean;
  }>(
    client,
    `select current_setting('server_encoding') as encoding, current_schema() as schema,
      (select rolsuper or rolbypassrls from pg_roles where rolname = current_user) as bypasses,
      exists (select 1 from pg_extension where extname = 'citus') as citus`,
  );
  if (server === undefined) throw new Error('the server says nothing about itself');
  const tables = await readTables(client);
  return {
    encoding: server.encoding,
    schema: server.schema ?? undefined,
    hasCitus: server.citus,
    tables,
    indexes: await readIndexes(client),
    distributed: server.citus ? await readDistributed(client) : new Set(),
    records: tables.has(versionTable) ? await readRecords(client) : [],
    bypassesRowSecurity: server.bypasses,
  };
}

async function rowsOf<Row>(
  client: ClientBase,
  text: string,
  values: readonly unknown[] = [],
): Promise<readonly Row[]> {
  const { rows } = await client.query(text, [...values]);
  return rows as Row[];
}

async function readTables(client: ClientBase): Promise<ReadonlyMap<string, CatalogTable>> {
  const rows = await rowsOf<{ name: string; protected: boolean; columns: Record<string, string> }>(
    client,
    `select c.relname as name, c.relrowsecurity and c.relforcerowsecurity as protected,
      coalesce(json_object_agg(a.attname, format_type(a.atttypid, a.atttypmod)) filter (where a.attname is not null), '{}') as columns
    from pg_class c
    left join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
    where c.relnamespace = current_schema()::regnamespace and c.relkind in ('r', 'p')
    group by c.oid, c.relname, c.relrowsecurity, c.relforcerowsecurity`,
  );
  return new Map(
    rows.map((row) => [
      row.name,
      { columns: new Map(Object.entries(row.columns)), rowsProtected: row.protected },
    ]),
  );
}

async function readIndexes(client: ClientBase): Promise<ReadonlyMap<string, CatalogIndex>> {
  const rows = await rowsOf<{ name: string; valid: boolean }>(
    client,
    `select c.relname as name, i.indisvalid as valid from pg_index i join pg_class c on c.oid = i.indexrelid
    where c.relnamespace = current_schema()::regnamespace`,
  );
  return new Map(rows.map(({ name, valid }) => [name, { valid }]));
}

async function readDistributed(client: ClientBase): Promise<ReadonlySet<string>> {
  const rows = await rowsOf<{ name: string }>(
    client,
    `select c.relname as name from pg_dist_partition d join pg_class c on c.oid = d.logicalrelid
    where c.relnamespace = current_schema()::regnamespace`,
  );
  return new Set(rows.map(({ name }) => name));
}

async function readRecords(client: ClientBase): Promise<readonly SchemaRecord[]> {
  const rows = await rowsOf<Record<string, unknown>>(
    client,
    `select applied_at, program, oldest_program, fingerprint, applied from "${versionTable}" order by position`,
  );
  return rows.map(readRecord);
}
