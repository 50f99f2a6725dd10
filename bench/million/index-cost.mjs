/**
 * What PATCHes of single properties take on a large database, and what they take without each index:
 * `index-cost.mjs FILE`. Plans are executed in process, 64 at a time, so that they share a commit.
 */
import { performance } from 'node:perf_hooks';
import Database from 'better-sqlite3';
import { importBuilt } from '../harness/dist.mjs';
import { createRandom, shuffle } from '../harness/random.mjs';
import { median } from '../harness/report.mjs';

const { parseTenantId } = await importBuilt('auth/authenticator.js');
const { testTenantId } = await importBuilt('auth/test-people.js');
const { model } = await importBuilt('model/index.js');
const { execute } = await importBuilt('storage/execute.js');
const { openSqlite } = await importBuilt('storage/sqlite/driver.js');

const [file] = process.argv.slice(2);
const groupSize = 64;
const groups = 24;
const repeats = 3;
const table = 'cloud_app_security_profile';
const [entitySet] = model.entitySets;
const tenantId = parseTenantId(testTenantId);
const nobody = '00000000-0000-0000-0000-000000000000';
const author = { kind: 'system', objectId: nobody, name: 'Bench', clientId: nobody, requestId: nobody };

/** Values of the sort the property has; the next number makes another value. */
const values = {
  isSigned: (number) => number % 2 === 0,
  platform: (number) => `platform ${number % 7}`,
  manifest: (number) =>
    `{"build":${number},"notes":"${'words of a manifest that somebody reads '.repeat(8)}"}`,
  riskScore: (number) => String(number % 11),
  publisher: (number) => `Publisher ${number % 70}`,
  name: (number) => `Contoso Ledger ${number}`,
  tags: (number) => [`Tag ${number % 10}`, 'Monitored'],
};

/** Indexes that can be left out one at a time, with a property whose change each has to follow. */
const droppable = [
  { columns: ['publisher', 'risk_score', 'last_modified_date_time'], property: 'riskScore' },
  { columns: ['name'], property: 'name' },
  { columns: ['last_modified_date_time'], property: 'isSigned' },
  { columns: ['value'], property: 'tags' },
];

// No checkpoint falls into a measurement: in the service they run in a thread of their own.
const gibibyte = 1024 ** 3;
const logBounds = {
  passBytes: 8 * gibibyte,
  briefPassBytes: 8 * gibibyte,
  pauseBytes: 8 * gibibyte,
  maxBytes: 16 * gibibyte,
};
const database = openSqlite({ file, model, busyTimeoutMs: 5000, logBounds });
const beside = new Database(file, { timeout: 5000 });
const ids = shuffle(
  beside.prepare(`select id from "${table}" where row_id % 20 = 3`).pluck().all(),
  createRandom(7),
);
let turn = 0;

function nextPlan(property) {
  turn += 1;
  const place = turn % ids.length;
  // Another value for the same row each time round, or nothing would change.
  const value = values[property.name](place + Math.floor(turn / ids.length));
  return {
    kind: 'update',
    root: 'beta',
    format: { metadata: 'minimal', ieee754Compatible: false, omitNulls: false },
    entitySet,
    tenantId,
    key: ids[place],
    assignments: [{ kind: 'replace', property, value }],
    preconditions: { ifMatch: undefined, ifNoneMatch: undefined },
    author: { ...author, clientRequestId: nobody },
    atTicks: BigInt(Date.now()) * 10_000n + 621_355_968_000_000_000n,
    answer: { returns: 'representation', preferred: false },
    projection: undefined,
  };
}

/** Microseconds of one PATCH of a property, commits shared: of the clock, and of the processor. */
async function measure(name) {
  const property = entitySet.type.properties.find((each) => each.name === name);
  const run = async () => {
    const plans = Array.from({ length: groupSize }, () => nextPlan(property));
    await Promise.all(plans.map((plan) => execute(plan, database)));
  };
  await run();
  const [startMs, before] = [performance.now(), process.cpuUsage()];
  for (let group = 0; group < groups; group += 1) await run();
  const { user, system } = process.cpuUsage(before);
  const patches = groups * groupSize;
  return { us: ((performance.now() - startMs) * 1000) / patches, processorUs: (user + system) / patches };
}

const medians = (runs) => ({
  us: median(runs.map(({ us }) => us)),
  processorUs: median(runs.map(({ processorUs }) => processorUs)),
});

/** The index with exactly these columns between the tenant and the row's own. */
function findIndex(columns) {
  for (const { name, sql } of beside
    .prepare("select name, sql from sqlite_schema where type = 'index'")
    .all()) {
    const found = beside
      .pragma(`index_info("${name}")`)
      .map((column) => column.name)
      .slice(1, -1);
    if (JSON.stringify(found) === JSON.stringify(columns)) return { name, sql };
  }
  throw new Error(`no index on ${columns.join(', ')}`);
}

/** With and without, the median of some turns of both. */
async function compareIndex({ columns, property }) {
  const { name, sql } = findIndex(columns);
  const [withIt, withoutIt] = [[], []];
  for (let repeat = 0; repeat < repeats; repeat += 1) withIt.push(await measure(property));
  beside.exec(`drop index "${name}"`);
  for (let repeat = 0; repeat < repeats; repeat += 1) withoutIt.push(await measure(property));
  beside.exec(sql);
  return { columns, property, with: medians(withIt), without: medians(withoutIt) };
}

const times = Object.fromEntries(Object.keys(values).map((name) => [name, []]));
for (let repeat = 0; repeat < repeats; repeat += 1)
  for (const name of Object.keys(values)) times[name].push(await measure(name));
const cases = Object.keys(values).map((property) => ({ property, ...medians(times[property]) }));
const indexes = [];
for (const index of droppable) indexes.push(await compareIndex(index));
beside.close();
await database.close();
process.send({ cases, indexes });
process.disconnect();
