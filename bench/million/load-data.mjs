/**
 * Fills a database file with profiles of a seed, through the service's own import: `load-data.mjs FILE ROWS SEED`.
 * Tells its parent how long it took. A process of its own, so that the bench keeps no memory of a million rows.
 */
import { performance } from 'node:perf_hooks';
import { importBuilt } from '../harness/dist.mjs';
import { rareEvery, rareWord } from './rare-word.mjs';

const { parseTenantId } = await importBuilt('auth/authenticator.js');
const { testTenantId } = await importBuilt('auth/test-people.js');
const { model } = await importBuilt('model/index.js');
const { generateProfiles } = await importBuilt('model/sample-profiles.js');
const { importEntities } = await importBuilt('storage/import-entities.js');
const { openSqlite } = await importBuilt('storage/sqlite/driver.js');
const [file, rows, seed] = process.argv.slice(2);
const nobody = '00000000-0000-0000-0000-000000000000';
const author = {
  kind: 'system',
  objectId: nobody,
  name: 'Bench',
  clientId: nobody,
  requestId: nobody,
  clientRequestId: nobody,
};

/** The sample's series, with a rare word in a few of the names: something selective to look for. */
function* profiles() {
  let index = 0;
  for (const profile of generateProfiles(Number(rows), Number(seed))) {
    yield index % rareEvery === 0 ? { ...profile, name: `${profile.name} ${rareWord}` } : profile;
    index += 1;
  }
}

// Nobody reads meanwhile: a long log means that a page of an index is copied once for many rows.
const mebibyte = 1024 * 1024;
const logBounds = {
  passBytes: 512 * mebibyte,
  briefPassBytes: 512 * mebibyte,
  pauseBytes: 512 * mebibyte,
  maxBytes: 4096 * mebibyte,
};
const database = openSqlite({ file, model, busyTimeoutMs: 5000, logBounds });
const startMs = performance.now();
const [entitySet] = model.entitySets;
const target = { entitySet, tenantId: parseTenantId(testTenantId), author };
const imported = await importEntities(profiles(), target, database);
// Closing copies the rest of the log into the file: part of the load.
await database.close();
const { user, system } = process.cpuUsage();
process.send?.({ imported, loadMs: performance.now() - startMs, processorMs: (user + system) / 1000 });
process.disconnect?.();
