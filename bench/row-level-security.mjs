/**
 * What row-level security costs: the same reads and writes through the driver with the option off and on, in turns.
 * `node bench/row-level-security.mjs postgres://role@host/database`; the role owns the database and is no superuser.
 */
import { fileURLToPath } from 'node:url';
import { distFolder } from './harness/dist.mjs';

const tenantId = '11111111-1111-4111-8111-111111111111';
const rows = 1000;
const author = {
  kind: 'system',
  objectId: 'o',
  name: undefined,
  clientId: 'c',
  requestId: 'r',
  clientRequestId: 'r',
};

/**
 * Reads and writes a second with the option off and on, and what is left with it on (1 is no cost). `dist` is the
 * folder of the compiled service; the database must be empty or left over from another run.
 */
export async function measureRowLevelSecurity({ url, dist, seconds = 3, repeats = 3, connections = 16 }) {
  const load = (path) => import(new URL(path, `file://${dist.replace(/\/?$/, '/')}`));
  const [{ openPostgres }, { model }, { execute }, { importEntities, countEntities }, { sampleProfiles }] =
    await Promise.all([
      load('storage/postgres/driver.js'),
      load('model/index.js'),
      load('storage/execute.js'),
      load('storage/import-entities.js'),
      load('model/sample-profiles.js'),
    ]);
  const [entitySet] = model.entitySets;
  const open = (rowLevelSecurity) => openPostgres({ url, model, poolSize: connections, rowLevelSecurity });
  const profiles = sampleProfiles(rows);
  const base = {
    root: 'v1.0',
    format: { metadata: 'minimal', ieee754Compatible: false, omitNulls: false, applied: [] },
    entitySet,
    tenantId,
    author,
    preconditions: { ifMatch: undefined, ifNoneMatch: undefined },
    answer: { returns: 'minimal', preferred: false },
    projection: undefined,
  };
  const property = entitySet.type.properties.find(({ name }) => name === 'riskScore');
  const works = {
    read: (number) => ({ ...base, kind: 'read', key: profiles[number % rows].id }),
    write: (number) => ({
      ...base,
      kind: 'update',
      key: profiles[number % rows].id,
      assignments: [{ kind: 'replace', property, value: String(number) }],
      atTicks: BigInt(number),
    }),
  };

  const fill = open(false);
  if ((await countEntities(entitySet, tenantId, fill)) === 0)
    await importEntities(profiles, { entitySet, tenantId, author }, fill);
  await fill.close();

  async function perSecond(makePlan, database) {
    const endMs = performance.now() + seconds * 1000;
    let done = 0;
    const worker = async () => {
      while (performance.now() < endMs) {
        done += 1;
        await execute(makePlan(done), database);
      }
    };
    await Promise.all(Array.from({ length: connections }, worker));
    return done / seconds;
  }

  const found = { off: { read: [], write: [] }, on: { read: [], write: [] } };
  for (let repeat = 0; repeat < repeats; repeat += 1) {
    for (const [name, isOn] of Object.entries({ off: false, on: true })) {
      const database = open(isOn);
      for (const [work, makePlan] of Object.entries(works))
        found[name][work].push(await perSecond(makePlan, database));
      await database.close();
    }
  }
  const median = (numbers) => [...numbers].sort((a, b) => a - b)[Math.floor(numbers.length / 2)];
  return Object.fromEntries(
    Object.keys(works).map((work) => {
      const [off, on] = [median(found.off[work]), median(found.on[work])];
      return [work, { off, on, left: on / off }];
    }),
  );
}

const [, script, url] = process.argv;
if (script === fileURLToPath(import.meta.url)) {
  if (url === undefined) {
    console.error('usage: node bench/row-level-security.mjs postgres://role@host/database');
    process.exit(2);
  }
  const measured = await measureRowLevelSecurity({ url, dist: distFolder });
  for (const [work, { off, on, left }] of Object.entries(measured))
    console.log(
      `${work.padEnd(6)} off ${Math.round(off)}/s  on ${Math.round(on)}/s  left ${left.toFixed(2)}`,
    );
}
