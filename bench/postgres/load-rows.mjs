/**
 * Fills an empty PostgreSQL database with profiles of a seed: `load-rows.mjs URL ROWS SEED`. The rows are those the
 * service's own import would write, without change records; indexes are made at the end, which takes a tenth of the time.
 * Tells its parent how long it took.
 */
import { performance } from 'node:perf_hooks';
import pg from 'pg';
import { importBuilt } from '../harness/dist.mjs';
import { rareEvery, rareWord } from '../million/rare-word.mjs';

const [
  { testTenantId },
  { model },
  { generateProfiles },
  { writeEntityText },
  { compileInsert },
  engine,
  dialect,
] = await Promise.all(
  [
    'auth/test-people.js',
    'model/index.js',
    'model/sample-profiles.js',
    'edm/entity-text.js',
    'sql/compile.js',
    'storage/postgres/driver.js',
    'storage/postgres/dialect.js',
  ].map(importBuilt),
);

const [url, rows, seed] = process.argv.slice(2);
const rowsPerTransaction = 1000;

/** The sample's series, with a rare word in a few of the names: something selective to look for. */
function* profiles() {
  let index = 0;
  for (const profile of generateProfiles(Number(rows), Number(seed))) {
    yield index % rareEvery === 0 ? { ...profile, name: `${profile.name} ${rareWord}` } : profile;
    index += 1;
  }
}

/** The service's first connection makes the schema. */
async function makeSchema() {
  const database = engine.openPostgres({ url, model, poolSize: 3 });
  await database.ping();
  await database.close();
}

/** Removes all indexes but the primary keys; resolves with what makes them again. */
async function dropIndexes(client) {
  const { rows: found } = await client.query(`select format('drop index %s', indexrelid::regclass) as drop,
      pg_get_indexdef(indexrelid) as make
    from pg_index join pg_class on pg_class.oid = indrelid
    where relnamespace = 'public'::regnamespace and not indisprimary`);
  for (const { drop } of found) await client.query(drop);
  return found.map(({ make }) => make);
}

/** Statements go out one behind the other; each text is parsed once. */
async function insertAll(client) {
  const [entitySet] = model.entitySets;
  const names = new Map();
  const nameOf = (text) => {
    if (!names.has(text)) names.set(text, `load${names.size}`);
    return names.get(text);
  };
  const statementsOf = (values) => {
    const entity = { id: values.id, version: 1, json: writeEntityText(entitySet.type, values) };
    return compileInsert({ entitySet, tenantId: testTenantId, values }, entity, dialect.postgresDialect);
  };
  let sent = [];
  let count = 0;
  const flush = async () => {
    sent.push(client.query('commit'));
    await Promise.all(sent);
    sent = [];
  };
  for (const values of profiles()) {
    if (sent.length === 0) sent.push(client.query('begin'));
    for (const { text, parameters } of statementsOf(values))
      sent.push(client.query({ name: nameOf(text), text, values: parameters }));
    count += 1;
    if (count % rowsPerTransaction === 0) await flush();
  }
  if (sent.length > 0) await flush();
  return count;
}

const startMs = performance.now();
await makeSchema();
const client = new pg.Client({ connectionString: url, pipeline: true });
await client.connect();
await client.query("set synchronous_commit = off; set maintenance_work_mem = '1GB'");
const indexes = await dropIndexes(client);
const imported = await insertAll(client);
const indexStartMs = performance.now();
for (const make of indexes) await client.query(make);
await client.end();
const endMs = performance.now();
process.send?.({ imported, loadMs: endMs - startMs, indexMs: endMs - indexStartMs });
process.disconnect?.();
