/**
 * The engine the servers of this run use, and how many of them stand behind one address. The projects of
 * vitest.config.ts run the same files with other answers.
 */
import { sharedPostgres, type TestDatabase } from './postgres-server.ts';

/** `CASP_TEST_ENGINE=postgres` takes the place of SQLite. */
export const testEngine = process.env.CASP_TEST_ENGINE === 'postgres' ? 'postgres' : 'sqlite';

/** `CASP_TEST_INSTANCES=3`: so many servers share a database behind a balancer. */
export const testInstances = Number(process.env.CASP_TEST_INSTANCES ?? 1);

/** Databases by data folder: a server that is started again with its folder has the same data. */
const databases = new Map<string, TestDatabase>();

/** The database of a server's data folder; undefined where that is a file in the folder. */
export async function openTestDatabase(data: string): Promise<TestDatabase | undefined> {
  if (testEngine === 'sqlite') return undefined;
  const known = databases.get(data) ?? (await sharedPostgres());
  databases.set(data, known);
  return known;
}

/** Removes the database of a folder that is not used again. */
export async function dropTestDatabase(data: string): Promise<void> {
  const database = databases.get(data);
  databases.delete(data);
  await database?.drop();
}

/** Flags that lead a server to the database. */
export const databaseFlags = (database: TestDatabase | undefined): readonly string[] =>
  database === undefined ? [] : ['--database', database.url, '--database-pool-size', '6'];
