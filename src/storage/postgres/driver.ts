/** PostgreSQL through pg; see postgres-database.ts. */
import type { Model } from '../../edm/types.ts';
import { ServiceError } from '../../errors.ts';
import { limits } from '../../limits.ts';
import type { Observe } from '../../observe/observation.ts';
import type { Database } from '../database.ts';
import { createTenantGuard } from '../tenant-guard.ts';
import { openConnection } from './connection.ts';
import { postgresDialect } from './dialect.ts';
import { isAway } from './failure.ts';
import { createPostgresDatabase } from './postgres-database.ts';
import { ensureSchema, postgresSchemaOf } from './schema.ts';

export interface PostgresOptions {
  /** `postgres://user:password@host:port/database`, with the parameters libpq knows, such as `sslmode`. */
  readonly url: string;
  readonly model: Model;
  /** Connections in all; at least 3. */
  readonly poolSize: number;
  /** Whether the server checks on its own that statements see one tenant's rows only. */
  readonly rowLevelSecurity?: boolean;
  readonly observe?: Observe;
}

/** Connects as the service would and asks for the server's version; rejects with why it cannot be used. */
export async function checkServer(url: string): Promise<{ readonly version: string }> {
  const statementTimeMs = limits.rowStatementTimeMs;
  const connection = await openConnection({ url, statementTimeMs, plans: 'auto' });
  try {
    const { rows } = await connection.control('show server_version');
    return { version: String(rows[0]?.server_version) };
  } finally {
    await connection.end();
  }
}

/** Whether the database may become usable by waiting: not when it was reached and something must be changed. */
export const mayPass = (error: unknown): boolean =>
  error instanceof ServiceError && error.status === 503 && (error.cause === undefined || isAway(error.cause));

/** Opens the database without connecting: the first use connects, brings the schema up to date and goes on. */
export function openPostgres(options: PostgresOptions): Database {
  const { url, model, poolSize, rowLevelSecurity = false, observe = () => undefined } = options;
  return createPostgresDatabase({
    url,
    dialect: postgresDialect,
    poolSize,
    rowLevelSecurity,
    observe,
    guard: createTenantGuard(postgresSchemaOf(model)),
    prepare: (client) => ensureSchema(client, model, { rowLevelSecurity }),
  });
}
