/** `npm run bench`: the service beside its floors, in turns, in one run on one machine. See bench/README.md. */
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { formatGrowth, measureGrowth } from './growth/growth.mjs';
import { createClient } from './harness/client.mjs';
import { canPin, cores, firstMessage, pin, startModule, stop } from './harness/processes.mjs';
import { describeMachine, formatFindings, formatMachine, formatTable, summarize } from './harness/report.mjs';
import { launchService, startService } from './harness/service.mjs';
import { formatMemory, measureMemory } from './memory.mjs';
import { copyLargeData } from './million/large-data.mjs';
import { describePeers, judgePeers } from './peers/goals.mjs';
import { installPeers } from './peers/install.mjs';
import { openOnPostgres } from './postgres/service.mjs';

const here = (path) => fileURLToPath(new URL(path, import.meta.url));
const defaultFixture = { rows: 10_000 };
const warmUpSeconds = 1;
const seed = 42;

/** Where the workloads of an engine are. */
const folders = { sqlite: 'workloads', postgres: 'postgres/workloads' };

const usage = `npm run bench -- [options]
  --engine NAME        sqlite, or postgres: other workloads, on a PostgreSQL server of the bench's own (sqlite)
  --only NAME[,NAME]   only these workloads
  --seconds N          length of one measurement (3)
  --repeats N          measurements of each server, the median counts (3)
  --connections N      connections of the load generator (64)
  --rows N             rows of every workload (${defaultFixture.rows}, or what the workload says)
  --data DIR           where databases go; must be a real disk (.casp); a large one is kept in ${tmpdir()} besides
  --json FILE          write every figure to FILE
  --profile            CPU profile of the service, written to --profile-dir (.casp/profiles)
  --floors             the floors alone, without the service
  --peers              casp beside other people's OData services (bench/peers/), installed when missing
  --growth             each operation on 10,000 profiles, ten times as many, and so on, instead of the workloads
  --growth-max N       the most profiles of --growth (1000000; 10000000 takes an hour and 100 GB)
  --memory             the memory of one service under a fixed rate of mixed requests, instead of the workloads
  --minutes N          minutes of --memory (60)
  --rate N             requests a second of --memory (300)`;

function fail(message) {
  console.error(`bench: ${message}`);
  process.exit(2);
}

function positiveInteger(name, text) {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1) fail(`--${name} must be a whole number from 1, not '${text}'`);
  return value;
}

function parseOptions() {
  const text = (value) => ({ type: 'string', default: value });
  const flag = { type: 'boolean', default: false };
  const options = {
    engine: text('sqlite'),
    only: { type: 'string' },
    seconds: text('3'),
    repeats: text('3'),
    connections: text('64'),
    rows: { type: 'string' },
    data: text(here('../.casp')),
    json: { type: 'string' },
    profile: flag,
    'profile-dir': text(here('../.casp/profiles')),
    floors: flag,
    peers: flag,
    growth: flag,
    'growth-max': text('1000000'),
    memory: flag,
    minutes: text('60'),
    rate: text('300'),
    help: flag,
  };
  try {
    const { values } = parseArgs({ options });
    const whole = ['seconds', 'repeats', 'connections', 'rows', 'growth-max', 'minutes', 'rate']
      .filter((name) => values[name] !== undefined)
      .map((name) => [name, positiveInteger(name, values[name])]);
    if (!(values.engine in folders)) fail(`--engine must be ${Object.keys(folders).join(' or ')}`);
    return { ...values, ...Object.fromEntries(whole) };
  } catch (error) {
    return fail(`${error.message}\n\n${usage}`);
  }
}

/** The workloads asked for: each is one file, in the order of the file names. */
async function loadWorkloads({ engine, only, peers }) {
  const folder = peers ? 'peers/workloads' : folders[engine];
  const files = readdirSync(here(folder))
    .filter((name) => name.endsWith('.mjs'))
    .sort();
  const all = await Promise.all(
    files.map(async (file) => {
      const url = new URL(`${folder}/${file}`, import.meta.url).href;
      const { workload } = await import(url);
      return { ...workload, url };
    }),
  );
  if (only === undefined) return all;
  const names = only.split(',');
  const unknown = names.find((name) => !all.some((workload) => workload.name === name));
  if (unknown !== undefined) {
    fail(`no workload '${unknown}'; there are: ${all.map(({ name }) => name).join(', ')}`);
  }
  return all.filter(({ name }) => names.includes(name));
}

/** Workloads that need the same rows and settings share one set of servers. */
function groupByFixture(workloads, rows) {
  const groups = new Map();
  for (const workload of workloads) {
    const fixture = { ...defaultFixture, ...workload.fixture, ...(rows === undefined ? {} : { rows }) };
    const key = JSON.stringify(fixture);
    const group = groups.get(key) ?? { fixture, workloads: [] };
    group.workloads.push(workload);
    groups.set(key, group);
  }
  return [...groups.values()];
}

/** Rows for the floors when the service is not there to give them. */
async function makeRows(count) {
  const { profileBodies } = await import('./harness/profiles.mjs');
  const at = '2026-01-01T00:00:00Z';
  return [...profileBodies(count, seed)].map((body, index) => ({
    id: `00000000-0000-4000-8000-${String(index).padStart(12, '0')}`,
    createdDateTime: at,
    lastModifiedDateTime: at,
    ...body,
  }));
}

/** Starts a floor (or a peer) by its path below bench/; it gets the rows' file and an empty folder. */
async function startFloor(name, rowsFile, folder) {
  const dataFolder = join(folder, name.replaceAll('/', '-'));
  mkdirSync(dataFolder, { recursive: true });
  const { child, message } = await startModule(here(`${name}.mjs`), [rowsFile, dataFolder], cores.server);
  const target = { name: name.split('/').at(-1), path: name, url: `http://127.0.0.1:${message.port}` };
  return { target, stop: () => stop(child) };
}

/** One real request of the workload, its answer looked at: a fast wrong answer must not count. */
async function verify(workload, target, ids, label) {
  if (target.path === 'floors/http') return;
  const [request] = workload.requests({
    ids: ids.slice(0, 1),
    label: `${label} check`,
    target: target.name,
  });
  const authorization = target.token === undefined ? {} : { authorization: `Bearer ${target.token}` };
  const response = await fetch(target.url + request.path, {
    method: request.method,
    headers: { ...authorization, ...request.headers },
    body: request.body,
  });
  const text = await response.text();
  const right = response.ok && workload.verify({ request, answer: JSON.parse(text) });
  if (!right)
    throw new Error(`${workload.name}: ${target.name} answered ${response.status}:\n${text.slice(0, 2000)}`);
}

/** One measurement by a load generator of its own. */
async function load(task) {
  const { child } = await startModule(here('harness/load.mjs'), [], cores.load);
  try {
    child.send(task);
    const { measured, failure } = await firstMessage(child, 'the load generator');
    if (failure !== undefined) throw new Error(`${task.target.name}: ${failure}`);
    return measured;
  } finally {
    await stop(child);
  }
}

/** What a study may use beside the servers; `load` is one measurement of a list of requests or of a workload. */
function createStudyTools(service, data, ids, options) {
  const { repeats, seconds, connections } = options;
  let runs = 0;
  return {
    ...service,
    data,
    ids,
    repeats,
    seconds,
    connections,
    client: createClient(service.target),
    load(task) {
      runs += 1;
      const common = { target: service.target, ids, connections, seconds, warmUpSeconds };
      return load({ ...common, seed: seed + runs, label: `study ${runs}`, ...task });
    },
  };
}

/** A study measures in its own way and says what it found, each with its goal. */
async function runStudy(workload, tools) {
  console.error(`${workload.name} …`);
  const findings = await workload.study(tools);
  for (const { what, measured } of findings) console.error(`${workload.name}: ${what}: ${measured}`);
  return { name: workload.name, title: workload.title, findings };
}

/** All repeats of one workload, the servers taking turns so that a slow minute hits all alike. */
async function measureWorkload(workload, targets, ids, options) {
  const involved = targets.filter(({ name, path }) => name === 'service' || workload.against.includes(path));
  const repeats = new Map(involved.map((target) => [target.name, []]));
  for (const target of involved) await verify(workload, target, ids, 'before');
  for (let repeat = 1; repeat <= options.repeats; repeat += 1) {
    for (const target of involved) {
      const { seconds } = options;
      const connections = Math.min(options.connections, workload.connections ?? options.connections);
      const label = `run ${repeat}`;
      const task = {
        workloadUrl: workload.url,
        target,
        ids,
        connections,
        seconds,
        warmUpSeconds,
        seed: seed + repeat,
        label,
      };
      const measured = await load(task);
      repeats.get(target.name).push(measured);
      console.error(
        `${workload.name} ${repeat}/${options.repeats} ${target.name}: ` +
          `${Math.round(measured.requestsPerSecond)} req/s, p99 ${measured.p99Ms.toFixed(2)} ms`,
      );
    }
  }
  const summaries = involved.map(({ name }) => ({
    name,
    medians: summarize(repeats.get(name)),
    repeats: repeats.get(name),
  }));
  const { name, title, goal, goals } = workload;
  return { name, title, goal, goals, targets: summaries };
}

const log = (text) => console.error(`bench: ${text}`);

/** The service with the fixture's rows, created through POST or imported beforehand, and ids to ask for. */
async function openService(fixture, folder, options) {
  const dataFolder = join(folder, 'service');
  const profileFolder = options.profile ? options['profile-dir'] : undefined;
  if (options.engine === 'postgres') return openOnPostgres({ fixture, dataFolder, profileFolder, seed, log });
  if (!fixture.imported) {
    const service = await startService({ fixture, dataFolder, seed, profileFolder });
    return { service, rows: service.rows, ids: service.rows.map(({ id }) => id) };
  }
  const data = await copyLargeData({ rows: fixture.rows, seed, dataFolder, log });
  const service = await launchService({ fixture, dataFolder, profileFolder });
  return { service, data, rows: [], ids: data.ids };
}

/** Starts the floors that the workloads of a group are compared with. */
async function startFloors(workloads, rows, folder, running) {
  const names = new Set(workloads.flatMap(({ against = [] }) => against));
  const rowsFile = join(folder, 'rows.jsonl');
  writeFileSync(rowsFile, `${rows.map((row) => JSON.stringify(row)).join('\n')}\n`);
  const targets = [];
  for (const name of names) {
    const floor = await startFloor(name, rowsFile, folder);
    running.push(floor);
    targets.push(floor.target);
  }
  return targets;
}

/** Starts the servers of one fixture, measures its workloads, stops the servers whatever happened. */
async function measureGroup({ fixture, workloads }, folder, options) {
  const running = [];
  try {
    if (options.floors) {
      const rows = await makeRows(fixture.rows);
      const targets = await startFloors(workloads, rows, folder, running);
      return await measureAll(workloads, targets, { ids: rows.map(({ id }) => id) }, options);
    }
    const opened = await openService(fixture, folder, options);
    running.push(opened.service);
    const floors = await startFloors(workloads, opened.rows, folder, running);
    return await measureAll(workloads, [opened.service.target, ...floors], opened, options);
  } finally {
    await Promise.all(running.map((server) => server.stop()));
  }
}

async function measureAll(workloads, targets, { service, data, ids }, options) {
  const results = [];
  for (const workload of workloads) {
    if (workload.study === undefined) results.push(await measureWorkload(workload, targets, ids, options));
    else results.push(await runStudy(workload, createStudyTools(service, data, ids, options)));
  }
  return results;
}

/** The report: loads, studies, and how they were measured. */
function print(results, { connections, seconds, repeats, profile, ...options }, machine, peers) {
  const loads = results.filter(({ targets }) => targets !== undefined);
  const studies = results.filter(({ findings }) => findings !== undefined);
  if (peers !== undefined && !options.floors) studies.push(judgePeers(loads));
  if (loads.length > 0) console.log(`\n${formatTable(loads)}`);
  if (studies.length > 0) console.log(`\n${formatFindings(studies)}`);
  console.log(
    `\nMedians of ${repeats} × ${seconds} s after ${warmUpSeconds} s of warm-up, ${connections} connections.`,
  );
  if (peers !== undefined) console.log(describePeers(peers));
  console.log(formatMachine(machine));
  if (profile) console.log(`CPU profiles of the service: ${options['profile-dir']}`);
}

/** Studies with a table of their own, by the flag that asks for them instead of the workloads. */
const otherStudies = {
  growth: {
    measure: ({ 'growth-max': rowsMax, repeats, seconds }, folder) =>
      measureGrowth({ rowsMax, repeats, seconds, folder, seed, log }),
    format: formatGrowth,
  },
  memory: {
    measure: ({ minutes, rate, rows = defaultFixture.rows }, folder) =>
      measureMemory({ minutes, perSecond: rate, rows, folder, seed, log }),
    format: formatMemory,
  },
};

async function runOtherStudy(name, options) {
  const { measure, format } = otherStudies[name];
  // Whoever asks does so from the core of the load generator.
  pin(process.pid, cores.load);
  mkdirSync(options.data, { recursive: true });
  const folder = mkdtempSync(join(options.data, `bench-${name}-`));
  try {
    const machine = describeMachine({ folder, pinned: canPin });
    const figures = await measure(options, folder);
    console.log(`\n${format(figures)}\n\n${formatMachine(machine)}`);
    if (options.json !== undefined)
      writeFileSync(options.json, `${JSON.stringify({ machine, ...figures }, null, 2)}\n`);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function main() {
  const options = parseOptions();
  if (options.help) {
    console.log(usage);
    return;
  }
  const other = Object.keys(otherStudies).find((name) => options[name]);
  if (other !== undefined) {
    await runOtherStudy(other, options);
    return;
  }
  const found = await loadWorkloads(options);
  const peers = options.peers ? installPeers(log) : undefined;
  const workloads = found.filter(({ study }) => !options.floors || study === undefined);
  // Whatever measures in this process itself asks from the core of the load generator.
  pin(process.pid, cores.load);
  mkdirSync(options.data, { recursive: true });
  const folder = mkdtempSync(join(options.data, 'bench-'));
  const machine = describeMachine({ folder, pinned: canPin });
  try {
    const results = [];
    for (const [index, group] of groupByFixture(workloads, options.rows).entries()) {
      const groupFolder = join(folder, String(index));
      mkdirSync(groupFolder);
      results.push(...(await measureGroup(group, groupFolder, options)));
    }
    print(results, options, machine, peers);
    if (options.json !== undefined) {
      const { connections, seconds, repeats } = options;
      const figures = { machine, connections, seconds, repeats, results };
      writeFileSync(options.json, `${JSON.stringify(figures, null, 2)}\n`);
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

try {
  await main();
} catch (error) {
  console.error(`bench: ${error.message}`);
  process.exitCode = 1;
}
