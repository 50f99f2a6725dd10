/** The service on a PostgreSQL server of the bench's own, and what a careful hand needs beside it. */
import { launchService } from '../harness/service.mjs';
import { startDatabase } from './database.mjs';

/** Connections of the service and of every floor. */
export const poolSize = 20;

/**
 * Starts the database, fills it, and starts the service on it; `data.floorUrl` is a copy for floors that write.
 * Resolves with what `openService` of run.mjs resolves with.
 */
export async function openOnPostgres({ fixture, dataFolder, profileFolder, seed, log }) {
  const database = await startDatabase();
  try {
    log(`PostgreSQL ${database.version}, loading ${fixture.rows} rows`);
    await database.create('casp');
    const loaded = await database.fill('casp', fixture.rows, seed);
    // Copied while nobody is connected.
    if (fixture.copies) await database.create('floor', 'casp');
    const flags = ['--database', database.url('casp'), '--database-pool-size', String(poolSize)];
    const serviceArguments = [...flags, ...(fixture.serviceArguments ?? [])];
    const service = await launchService({
      fixture: { ...fixture, serviceArguments },
      dataFolder,
      profileFolder,
    });
    const ids = await sampleIds(database);
    const stop = async () => {
      await service.stop();
      await database.stop();
    };
    const data = {
      ...loaded,
      rows: fixture.rows,
      url: database.url('casp'),
      floorUrl: fixture.copies ? database.url('floor') : undefined,
      query: (text, parameters) => database.query('casp', text, parameters),
      version: database.version,
      createDatabase: async (name) => {
        await database.create(name);
        return database.url(name);
      },
    };
    return { service: { ...service, stop }, data, rows: [], ids };
  } catch (error) {
    await database.stop();
    throw error;
  }
}

/** Ids from all over the table: enough for every connection of the load generator to have its own. */
async function sampleIds(database) {
  const text = 'select "id" from "cloud_app_security_profile" order by "id" limit 20000';
  return (await database.query('casp', text)).map(({ id }) => id);
}
