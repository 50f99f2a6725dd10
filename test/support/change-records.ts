/** The change records of a server, read from its database beside it. */
import { join } from 'node:path';
import Sqlite from 'better-sqlite3';
import { formatTicks } from '../../src/edm/date-time-offset.ts';
import { openBlockingConnection } from './blocking-postgres.ts';

/** One row of `change_record`, its time and its JSON read. */
export interface ChangeRow {
  readonly tenantId: string;
  readonly position: number;
  readonly entitySet: string;
  readonly entityId: string;
  readonly kind: string;
  readonly version: number;
  /** RFC 3339, as the API writes instants. */
  readonly at: string;
  readonly authorKind: string;
  readonly authorId: string;
  readonly authorName: string | null;
  readonly clientId: string;
  readonly requestId: string;
  readonly clientRequestId: string;
  readonly before: unknown;
  readonly after: unknown;
}

export interface ChangeRecords {
  /** All records, of all tenants. */
  count(): number;
  /** The records of one entity, oldest first. */
  of(entityId: string): readonly ChangeRow[];
  /** Positions of one tenant, ascending. */
  positions(tenantId: string): readonly number[];
  close(): void;
}

/** Opens the SQLite file of a data folder for reading only, or the PostgreSQL database that took its place. */
export function openChangeRecords(data: string, databaseUrl?: string): ChangeRecords {
  if (databaseUrl !== undefined) return openPostgresRecords(databaseUrl);
  const handle = new Sqlite(join(data, 'casp.db'), { readonly: true });
  const count = handle.prepare('select count(*) from change_record').pluck();
  const byEntity = handle
    .prepare('select * from change_record where entity_id = ? order by position')
    .safeIntegers();
  const positions = handle
    .prepare('select position from change_record where tenant_id = ? order by position')
    .pluck();
  return {
    count: () => Number(count.get()),
    of: (entityId) => (byEntity.all(entityId) as StoredRow[]).map(readChange),
    positions: (tenantId) => positions.all(tenantId) as number[],
    close: () => {
      handle.close();
    },
  };
}

function openPostgresRecords(url: string): ChangeRecords {
  const connection = openBlockingConnection(url);
  return {
    count: () => Number(connection.ask('select count(*) from change_record')[0]?.count),
    of: (entityId) =>
      connection
        .ask('select * from change_record where entity_id = $1 order by position', [entityId])
        .map(readChange),
    positions: (tenantId) =>
      connection
        .ask('select position from change_record where tenant_id = $1 order by position', [tenantId])
        .map(({ position }) => Number(position)),
    close: () => connection.close(),
  };
}

type StoredRow = { readonly [column: string]: string | bigint | null };

function readChange(row: StoredRow): ChangeRow {
  const text = (column: string) => String(row[column]);
  const json = (column: string): unknown => JSON.parse(text(column));
  return {
    tenantId: text('tenant_id'),
    position: Number(row.position),
    entitySet: text('entity_set'),
    entityId: text('entity_id'),
    kind: text('kind'),
    version: Number(row.version),
    at: formatTicks(BigInt(row.at ?? 0)),
    authorKind: text('author_kind'),
    authorId: text('author_id'),
    authorName: row.author_name === null ? null : text('author_name'),
    clientId: text('client_id'),
    requestId: text('request_id'),
    clientRequestId: text('client_request_id'),
    before: json('before'),
    after: json('after'),
  };
}
