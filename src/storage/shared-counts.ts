/** Counts of the throttle that instances share: one statement for all keys, in a table that may be lost. */
import { finish, sql } from '../sql/statement.ts';
import type { Database } from './database.ts';

interface KeyCount {
  readonly key: string;
  readonly points: number;
  readonly expiresMs: number;
}

/** How often counts that are over are removed. */
const cleaningMs = 60_000;

/** Longer keys are not kept: clients choose their application's name. */
const keyCharactersMax = 255;

/** Creates the counts of all instances on a PostgreSQL database. */
export function createSharedCounts(database: Database) {
  const { placeholder } = database.dialect;
  let cleanedMs = 0;
  return {
    async add(counts: readonly KeyCount[], nowMs: number): Promise<readonly KeyCount[]> {
      const short = counts.filter(({ key }) => key.length <= keyCharactersMax);
      // In one order everywhere, so that two instances never wait for each other.
      const ordered = short.toSorted((left, right) => (left.key < right.key ? -1 : 1));
      const keys = ordered.map(({ key }) => key);
      const points = ordered.map((count) => count.points);
      const expiries = ordered.map(({ expiresMs }) => expiresMs);
      const now = BigInt(nowMs);
      const isOver = sql`"throttle_count"."expire" <= ${now}::bigint`;
      const statement = finish(
        sql`insert into "throttle_count" ("key", "points", "expire") select * from unnest(${keys}::text[], ${points}::integer[], ${expiries}::bigint[]) on conflict ("key") do update set "points" = case when ${isOver} then excluded."points" else "throttle_count"."points" + excluded."points" end, "expire" = case when ${isOver} then excluded."expire" else "throttle_count"."expire" end returning "key", "points", "expire"`,
        placeholder,
      );
      const rows = await database.write((session) => session.run(statement));
      if (nowMs - cleanedMs >= cleaningMs) {
        cleanedMs = nowMs;
        const clean = finish(sql`delete from "throttle_count" where "expire" <= ${now}`, placeholder);
        await database.write((session) => session.run(clean));
      }
      return rows.map((row) => ({
        key: String(row.key),
        points: Number(row.points),
        expiresMs: Number(row.expire),
      }));
    },
  };
}
