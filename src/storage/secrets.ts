/** Secrets of the service itself, kept in its database so that all instances share them. */
import { finish, sql } from '../sql/statement.ts';
import type { Database } from './database.ts';

/** The secret of this name; the first to ask makes it from `fresh`, all others get the same. */
export async function openSecret(name: string, fresh: Uint8Array, database: Database): Promise<Uint8Array> {
  const { placeholder } = database.dialect;
  const select = finish(sql`select "value" from "service_secret" where "name" = ${name}`, placeholder);
  const insert = finish(
    sql`insert into "service_secret" ("name", "value") values (${name}, ${Buffer.from(fresh).toString('base64url')}) on conflict ("name") do nothing`,
    placeholder,
  );
  const rows = await database.write(async (session) => {
    const found = await session.run(select);
    if (found.length > 0) return found;
    await session.run(insert);
    return session.run(select);
  });
  const value = rows[0]?.value;
  if (typeof value !== 'string') throw new Error(`no secret ${name}`);
  return Buffer.from(value, 'base64url');
}
