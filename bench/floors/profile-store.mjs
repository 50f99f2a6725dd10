/** The least a durable store of the same rows can do: better-sqlite3, prepared statements, JSON texts kept whole. */
import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';

const tenantId = '00000000-0000-4000-8000-000000000001';

const schema = `
  create table profile (
    tenant_id text not null, id text not null, version integer not null, modified text not null,
    name text, json text not null, primary key (tenant_id, id)
  );
  create table change (
    sequence integer primary key, tenant_id text not null, id text not null, version integer not null,
    at text not null, principal text not null, before text not null, after text not null
  );
`;

export { tenantId };

/** Opens a fresh database below `folder`, filled from a file of one JSON row a line. */
export function openProfileStore(rowsFile, folder) {
  const database = new Database(join(folder, 'floor.sqlite'));
  database.pragma('journal_mode = wal');
  database.pragma('synchronous = full');
  database.exec(schema);
  fill(database, rowsFile);
  return { database, ...statements(database) };
}

function fill(database, rowsFile) {
  const insert = database.prepare('insert into profile values (?, ?, 1, ?, ?, ?)');
  const rows = readFileSync(rowsFile, 'utf8').split('\n').filter(Boolean);
  database.transaction(() => {
    for (const text of rows) {
      const row = JSON.parse(text);
      insert.run(tenantId, row.id, row.lastModifiedDateTime, row.name, text);
    }
  })();
}

function statements(database) {
  const select = database.prepare('select version, json from profile where tenant_id = ? and id = ?');
  const page = database.prepare('select json from profile where tenant_id = ? order by id limit 100').pluck();
  const update = database.prepare(
    'update profile set version = ?, modified = ?, name = ?, json = ? where tenant_id = ? and id = ?',
  );
  const insertChange = database.prepare(
    'insert into change (tenant_id, id, version, at, principal, before, after) values (?, ?, ?, ?, ?, ?, ?)',
  );

  /** Reads, merges, writes the row and its change record; the caller holds the transaction. */
  function patch(id, changes) {
    const row = select.get(tenantId, id);
    const current = JSON.parse(row.json);
    const modified = new Date().toISOString();
    const next = { ...current, ...changes, lastModifiedDateTime: modified };
    const text = JSON.stringify(next);
    const before = Object.fromEntries(Object.keys(changes).map((name) => [name, current[name]]));
    update.run(row.version + 1, modified, next.name, text, tenantId, id);
    insertChange.run(
      tenantId,
      id,
      row.version + 1,
      modified,
      'bench',
      JSON.stringify(before),
      JSON.stringify(changes),
    );
    return text;
  }

  const insert = database.prepare('insert into profile values (?, ?, 1, ?, ?, ?)');

  /** Writes a row of its own and its change record; the caller holds the transaction. */
  function create(values) {
    const id = randomUUID();
    const modified = new Date().toISOString();
    const next = { id, createdDateTime: modified, lastModifiedDateTime: modified, ...values };
    const text = JSON.stringify(next);
    insert.run(tenantId, id, modified, next.name, text);
    insertChange.run(tenantId, id, 1, modified, 'bench', '{}', text);
    return text;
  }

  return {
    read: (id) => select.get(tenantId, id).json,
    firstPage: () => `{"value":[${page.all(tenantId).join(',')}]}`,
    /** Changes a row, or without an id makes one. */
    write: (id, values) => (id === undefined ? create(values) : patch(id, values)),
  };
}
