/** `npm run bench -- --growth`: what each operation costs as the data grow tenfold and tenfold again. */
import { statfsSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { createClient } from '../harness/client.mjs';
import { formatLines, median, milliseconds, rate } from '../harness/report.mjs';
import { memoryOf, processorUs } from '../harness/resources.mjs';
import { launchService } from '../harness/service.mjs';
import { copyLargeData, findLargeData } from '../million/large-data.mjs';
import { createOperations } from './operations.mjs';

const rowsMin = 10_000;
/** Bytes of the file for each row, with room for the log: what a copy is expected to take. */
const bytesPerRow = 5500;
const roundsMin = 3;
const roundsMax = 3000;
/** Time that grows as the rows to at most this power counts as flat: twice for a hundred times the rows. */
const flatExponent = 0.15;
/** As the rows: what does not depend on them counts less and less. */
const linearExponents = { least: 0.85, most: 1.15 };
const gibibyte = 2 ** 30;

/** Ten thousand rows, ten times as many, and so on. */
function listSizes(rowsMax) {
  const sizes = [];
  for (let rows = rowsMin; rows <= rowsMax; rows *= 10) sizes.push(rows);
  if (sizes.length < 2) throw new Error(`--growth-max must be at least ${10 * rowsMin}`);
  return sizes;
}

const freeBytes = (folder) => {
  const { bavail, bsize } = statfsSync(folder);
  return bavail * bsize;
};

/** Undefined where the disk has room for this many rows: kept once, copied once. */
async function describeShortage(rows, seed, folder) {
  const needed = rows * bytesPerRow;
  const kept = (await findLargeData(rows, seed)) !== undefined;
  const places = new Map([[statSync(folder).dev, { path: folder, bytes: needed }]]);
  if (!kept) {
    const device = statSync(tmpdir()).dev;
    places.set(device, { path: tmpdir(), bytes: needed + (places.get(device)?.bytes ?? 0) });
  }
  const short = [...places.values()].find(({ path, bytes }) => freeBytes(path) < bytes);
  if (short === undefined) return undefined;
  const show = (bytes) => `${(bytes / gibibyte).toFixed(0)} GiB`;
  return `${rate(rows)} rows left out: ${short.path} needs ${show(short.bytes)} and has ${show(freeBytes(short.path))}`;
}

/** A service of its own on a copy of so many rows, ready to be asked. */
async function openSize(rows, { folder, seed, log }) {
  const dataFolder = join(folder, String(rows));
  const data = await copyLargeData({ rows, seed, dataFolder, log });
  const service = await launchService({ fixture: {}, dataFolder });
  const client = createClient(service.target);
  const stop = () => {
    client.close();
    return service.stop();
  };
  try {
    return { rows, data, service, operations: await createOperations(client, data), stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** Asks again and again for about `seconds`: the median milliseconds, and the processor's microseconds for each. */
async function measure(ask, processId, seconds) {
  const until = async (endMs, rounds) => {
    const times = [];
    while (times.length < rounds || (performance.now() < endMs && times.length < roundsMax))
      times.push((await ask()).ms);
    return times;
  };
  await until(performance.now() + 100 * seconds, 1);
  const before = processorUs(processId);
  const times = await until(performance.now() + 1000 * seconds, roundsMin);
  return { ms: median(times), processorUs: (processorUs(processId) - before) / times.length };
}

/**
 * One group of operations on all sizes in turns, so that a slow minute hits all alike; the whole group is repeated, so
 * that the repeat in which the program still warms up is one of several.
 */
async function measureGroup(name, sizes, { repeats, seconds, log }) {
  const [{ operations }] = sizes;
  const runs = operations[name].map(() => sizes.map(() => []));
  for (let repeat = 1; repeat <= repeats; repeat += 1) {
    log(`${name}, ${repeat} of ${repeats}`);
    for (const [index, ofSizes] of runs.entries()) {
      for (const [place, { operations, service }] of sizes.entries())
        ofSizes[place].push(await measure(operations[name][index].ask, service.processId, seconds));
    }
  }
  return operations[name].map(({ title, expected }, index) => {
    const cells = runs[index].map((repeated) => ({
      ms: median(repeated.map(({ ms }) => ms)),
      // What else runs on the machine lengthens a repeat by the clock, and shortens none.
      leastMs: Math.min(...repeated.map(({ ms }) => ms)),
      processorUs: median(repeated.map((run) => run.processorUs)),
    }));
    return { title, expected, cells };
  });
}

const showCell = ({ ms, processorUs: us }) => `${milliseconds(ms)} ms ${rate(us)} µs`;
const times = (factor) => `${factor < 10 ? factor.toFixed(2) : factor.toFixed(0)} ×`;

/** How fast the costs grow, as a power of the rows: of clock (the quickest repeat) and processor, the one that grows faster. */
function judge({ expected, cells }, sizes) {
  const rowsFactor = sizes.at(-1).rows / sizes[0].rows;
  const factors = ['leastMs', 'processorUs'].map((name) => cells.at(-1)[name] / cells[0][name]);
  const exponent = Math.log(Math.max(...factors)) / Math.log(rowsFactor);
  const word =
    exponent <= flatExponent
      ? 'flat'
      : exponent < linearExponents.least
        ? 'less than linear'
        : exponent <= linearExponents.most
          ? 'linear'
          : 'more than linear';
  const met = exponent <= (expected === 'flat' ? flatExponent : linearExponents.most);
  return { growth: `${word}: ${times(factors[0])} ms, ${times(factors[1])} µs`, met };
}

/** Runs the whole comparison: `{ sizes, operations, notes }`, all figures as numbers. */
export async function measureGrowth({ rowsMax, folder, seed, repeats, seconds, log }) {
  const [sizes, notes] = [[], []];
  try {
    for (const rows of listSizes(rowsMax)) {
      const shortage = await describeShortage(rows, seed, folder);
      if (shortage === undefined) sizes.push(await openSize(rows, { folder, seed, log }));
      else notes.push(shortage);
    }
    if (sizes.length < 2) throw new Error(notes.join('; '));
    const operations = [];
    for (const name of ['reads', 'writes'])
      operations.push(...(await measureGroup(name, sizes, { repeats, seconds, log })));
    return {
      operations: operations.map((operation) => ({ ...operation, ...judge(operation, sizes) })),
      sizes: sizes.map(({ rows, data, service }) => ({
        rows,
        fileBytes: data.bytes,
        ...memoryOf(service.processId),
      })),
      notes,
    };
  } finally {
    await Promise.all(sizes.map(({ stop }) => stop()));
  }
}

/** The table as Markdown, ready for docs/performance.md. */
export function formatGrowth({ operations, sizes, notes }) {
  const head = ['Operation', ...sizes.map(({ rows }) => `${rate(rows)} rows`), 'Growth', 'Goal', 'Met'];
  const factorOf = (name) => times(sizes.at(-1)[name] / sizes[0][name]);
  const mebibytes = (name) => sizes.map((size) => `${rate(size[name] / 2 ** 20)} MiB`);
  const table = formatLines(
    [
      head,
      ...operations.map(({ title, cells, growth, expected, met }) => [
        title,
        ...cells.map(showCell),
        growth,
        expected === 'flat' ? 'flat' : 'at most linear',
        met ? 'yes' : '**no**',
      ]),
      ['Memory after the run (RSS)', ...mebibytes('residentBytes'), factorOf('residentBytes'), '', ''],
      ['of it not mapped from files', ...mebibytes('ownBytes'), factorOf('ownBytes'), '', ''],
      ['Database file', ...mebibytes('fileBytes'), factorOf('fileBytes'), '', ''],
      [
        'a row',
        ...sizes.map(({ rows, fileBytes }) => `${rate(fileBytes / rows)} bytes`),
        times(sizes.at(-1).fileBytes / sizes.at(-1).rows / (sizes[0].fileBytes / sizes[0].rows)),
        '',
        '',
      ],
    ],
    1,
  );
  const legend = [
    'Median milliseconds of one request, alone on one connection, and microseconds of the processor it takes;',
    'growth in milliseconds is that of the quickest repeats.',
    `Flat: grows at most as the rows to the power of ${flatExponent}; linear: at most to that of ${linearExponents.most}.`,
  ];
  return [table, '', ...legend, ...notes].join('\n');
}
