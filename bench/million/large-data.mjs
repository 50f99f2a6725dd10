/**
 * A database of many profiles: loaded once for a seed, a number of rows and a schema, kept below the system's
 * folder for temporary files, and copied for each run, so that no run sees what another one wrote.
 */
import { createHash } from 'node:crypto';
import {
  constants,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import Database from 'better-sqlite3';
import { firstMessage, startNode } from '../harness/processes.mjs';

const loader = fileURLToPath(new URL('load-data.mjs', import.meta.url));
const scratchRows = 20;
const sampledMax = 20_000;

/** The name of the database's file in a data folder of the service. */
export const databaseName = 'casp.db';

async function load(file, rows, seed) {
  const child = startNode([loader, file, String(rows), String(seed)], {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
  return firstMessage(child, 'the loader');
}

/** Stands for all that decides what a load stores: schema, indexes, made-up rows, the way they are written. */
async function fingerprint(seed) {
  const folder = mkdtempSync(join(tmpdir(), 'casp-bench-scratch-'));
  try {
    const file = join(folder, databaseName);
    await load(file, scratchRows, seed);
    return createHash('sha256').update(describe(file)).digest('hex').slice(0, 12);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Says when the schema was made, which is another moment in each file. */
const historyTable = 'schema_version';

/** Every statement of the schema and every row of its ordinary tables, as text. */
function describe(file) {
  const database = new Database(file, { readonly: true });
  try {
    const objects = database.prepare('select type, name, sql from sqlite_schema order by name').all();
    const tables = database
      .pragma('table_list')
      .filter(({ schema, type, name }) => schema === 'main' && type === 'table' && name !== historyTable);
    const contents = tables.map(({ name }) => [name, database.prepare(`select * from "${name}"`).all()]);
    return JSON.stringify([database.pragma('page_size'), objects, contents]);
  } finally {
    database.close();
  }
}

const fingerprints = new Map();

/** Where so many rows are kept once they are loaded. */
async function folderOf(rows, seed) {
  if (!fingerprints.has(seed)) fingerprints.set(seed, fingerprint(seed));
  return join(tmpdir(), `casp-bench-${rows}-${seed}-${await fingerprints.get(seed)}`);
}

/** The folder of a database loaded earlier and what its load took, or undefined where there is none. */
export async function findLargeData(rows, seed) {
  const folder = await folderOf(rows, seed);
  const note = join(folder, 'load.json');
  if (!existsSync(note)) return undefined;
  return { folder, ...JSON.parse(readFileSync(note, 'utf8')), cached: true };
}

/** Resolves with the folder of the loaded database and what its load took; loads it when it is not there. */
async function requireData(rows, seed, log) {
  const found = await findLargeData(rows, seed);
  if (found !== undefined) return found;
  log(`loading ${rows} rows${rows > 200_000 ? '; this takes minutes, once' : ''}`);
  const folder = await folderOf(rows, seed);
  const unfinished = `${folder}.unfinished`;
  rmSync(unfinished, { recursive: true, force: true });
  mkdirSync(unfinished);
  const { loadMs, processorMs } = await load(join(unfinished, databaseName), rows, seed);
  writeFileSync(
    join(unfinished, 'load.json'),
    JSON.stringify({ loadMs, processorMs, loadedAt: new Date().toISOString() }),
  );
  renameSync(unfinished, folder);
  return { folder, loadMs, processorMs, cached: false };
}

/** Ids from all over the table, as many of each part: enough for every connection of the load generator to have its own. */
function sampleIds(file, rows) {
  const database = new Database(file, { readonly: true });
  try {
    return database
      .prepare(`select id from cloud_app_security_profile where row_id % ? = 0`)
      .pluck()
      .all(Math.max(1, Math.floor(rows / sampledMax)));
  } finally {
    database.close();
  }
}

/** Copies the data of `rows` profiles into `dataFolder`; resolves with `{ file, rows, ids, bytes, loadMs, processorMs, cached }`. */
export async function copyLargeData({ rows, seed, dataFolder, log }) {
  const { folder, ...loaded } = await requireData(rows, seed, log);
  log(`copying ${folder}`);
  mkdirSync(dataFolder, { recursive: true });
  const file = join(dataFolder, databaseName);
  copyFileSync(join(folder, databaseName), file, constants.COPYFILE_FICLONE);
  return { file, rows, ids: sampleIds(file, rows), bytes: statSync(file).size, ...loaded };
}
