/** A PostgreSQL database's schema, for `casp migrate`. */
import pg from 'pg';
import type { Model } from '../../edm/types.ts';
import type { Migration } from '../migrate.ts';
import { clientConfig } from './connection.ts';
import { ensureSchema, readSchemaState, type SchemaOptions } from './schema.ts';

/** Connects at once; rejects with what the server or the network says. */
export async function openPostgresMigration(
  url: string,
  model: Model,
  options: SchemaOptions,
): Promise<Migration> {
  const client = new pg.Client(clientConfig(url));
  // What ends the connection rejects the statement under way, which is reported.
  client.on('error', () => undefined);
  await client.connect();
  return {
    state: () => readSchemaState(client, model, options),
    up: () => ensureSchema(client, model, options),
    close: () => client.end(),
  };
}
