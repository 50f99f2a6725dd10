/** An SQLite file's schema, for `casp migrate`. */
import { existsSync } from 'node:fs';
import Sqlite from 'better-sqlite3';
import type { Model } from '../../edm/types.ts';
import type { Migration } from '../migrate.ts';
import { openConnection } from './connection.ts';
import { createSchema, readSchemaState, type SchemaOptions } from './schema.ts';

/** How long to wait for another process that holds the file. */
const busyTimeoutMs = 5_000;

/** Opens the file when it is asked for; one that is missing has nothing, and is made by `up`. */
export function openSqliteMigration(file: string, model: Model, options: SchemaOptions = {}): Migration {
  return {
    async state() {
      const handle = existsSync(file)
        ? new Sqlite(file, { readonly: true, timeout: busyTimeoutMs })
        : new Sqlite(':memory:');
      try {
        return readSchemaState(handle, model, options);
      } finally {
        handle.close();
      }
    },
    async up() {
      const handle = openConnection({ file, readonly: false, busyTimeoutMs });
      try {
        createSchema(handle, model, options);
      } finally {
        handle.close();
      }
    },
    async close() {},
  };
}
