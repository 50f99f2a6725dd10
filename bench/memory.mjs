/** `npm run bench -- --memory`: whether a service at a fixed rate of mixed work keeps the memory it has after a minute. */
import { statSync } from 'node:fs';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { setTimeout as wait } from 'node:timers/promises';
import { createClient } from './harness/client.mjs';
import { collectionPath, profileBody } from './harness/profiles.mjs';
import { createRandom } from './harness/random.mjs';
import { formatFindings, formatLines, median, milliseconds, rate } from './harness/report.mjs';
import { memoryOf } from './harness/resources.mjs';
import { startService } from './harness/service.mjs';

const connections = 32;
const parts = 20;
const type = { 'content-type': 'application/json' };
const timesMax = 1.2;
const minuteMs = 60_000;
/** A figure is the median of this many samples, a second apart, at the end of a minute: garbage comes and goes. */
const samplesPerMinute = 10;
const mebibyte = 2 ** 20;

/** Of every so many steps, how many do what. */
const shares = { get: 12, patch: 4, postAndDelete: 2, list: 1, batch: 1 };

/** Steps of the mix; each resolves with the number of requests it made. Texts and questions hardly ever repeat. */
function createSteps(client, ids, random) {
  const pick = (items) => items[Math.floor(random() * items.length)];
  let turn = 0;
  const next = () => {
    turn += 1;
    return turn;
  };
  const send = (method, path, value) =>
    client.ask(path, { method, headers: type, body: JSON.stringify(value) });
  const patchBody = () => ({
    name: `memory ${next()}`,
    riskScore: String(turn % 11),
    tags: [`tag ${turn % 997}`],
  });
  const listed = [
    () => `$filter=riskScore eq '${next() % 11}'&$orderby=lastModifiedDateTime desc&$top=${10 + (turn % 90)}`,
    () => `$filter=contains(name,'memory ${next()}') and isSigned eq true&$count=true`,
    () => `$search="memory ${next()}"&$top=5`,
    () => `$filter=tags/any(t:t eq 'tag ${next() % 997}')&$select=id,name`,
  ];
  return {
    async get() {
      await client.ask(`${collectionPath}/${pick(ids)}`);
      return 1;
    },
    async patch() {
      await send('PATCH', `${collectionPath}/${pick(ids)}`, patchBody());
      return 1;
    },
    async postAndDelete() {
      const { text } = await send('POST', collectionPath, profileBody(next(), random));
      await client.ask(`${collectionPath}/${JSON.parse(text).id}`, { method: 'DELETE' });
      return 2;
    },
    async list() {
      await client.ask(`${collectionPath}?${pick(listed)().replaceAll(' ', '%20').replaceAll("'", '%27')}`);
      return 1;
    },
    async batch() {
      const requests = Array.from({ length: parts }, (_, index) => ({
        id: String(index + 1),
        method: 'PATCH',
        url: `${collectionPath.replace('/beta', '')}/${pick(ids)}`,
        headers: type,
        body: patchBody(),
      }));
      const { text } = await send('POST', '/beta/$batch', { requests });
      const failed = JSON.parse(text).responses.find(({ status }) => status !== 200);
      if (failed !== undefined) throw new Error(`a part of a batch failed: ${JSON.stringify(failed)}`);
      return 1;
    },
  };
}

/**
 * Sends the mix at `perSecond` requests over some connections until told to stop. A step is due at its time whatever
 * became of the one before; one that is late is sent at once.
 */
function startMix({ target, ids, perSecond, seed }) {
  const clients = Array.from({ length: connections }, () => createClient(target));
  const names = Object.entries(shares).flatMap(([name, count]) => Array(count).fill(name));
  const requestsPerStep = (names.length + shares.postAndDelete) / names.length;
  const stepMs = (1000 * requestsPerStep) / perSecond;
  const startMs = performance.now();
  const lateMs = [];
  let [step, requests, stopped] = [0, 0, false];
  const work = async (client, index) => {
    const random = createRandom(seed + index);
    const steps = createSteps(client, ids, random);
    while (!stopped) {
      const dueMs = startMs + step * stepMs;
      step += 1;
      const early = dueMs - performance.now();
      if (early > 0) await wait(early);
      const sent = await steps[names[Math.floor(random() * names.length)]]();
      requests += sent;
      lateMs.push(performance.now() - dueMs);
    }
  };
  const done = Promise.all(clients.map(work));
  done.catch(() => {
    stopped = true;
  });
  return {
    /** Requests since the last call, and the 99th percentile of milliseconds from due to done. */
    report() {
      const sorted = lateMs.splice(0).sort((left, right) => left - right);
      const p99Ms = sorted[Math.floor(sorted.length * 0.99)] ?? 0;
      const made = requests;
      requests = 0;
      return { requests: made, p99Ms };
    },
    /** Rejects when a request has failed. */
    failed: done.then(() => new Promise(() => undefined)),
    async stop() {
      stopped = true;
      try {
        await done;
      } finally {
        for (const client of clients) client.close();
      }
    },
  };
}

/** Used heap as the service itself tells it, in bytes. */
async function readHeapBytes({ url }) {
  const text = await (await fetch(`${url}/metrics`)).text();
  const [, value] = /^nodejs_heap_size_used_bytes (\S+)$/m.exec(text) ?? [];
  if (value === undefined) throw new Error(`no nodejs_heap_size_used_bytes in ${url}/metrics`);
  return Number(value);
}

/** Medians of the last seconds before `endMs`. */
async function sampleUntil(endMs, { target, processId }) {
  const samples = [];
  for (let left = samplesPerMinute - 1; left >= 0; left -= 1) {
    await wait(Math.max(0, endMs - 1000 * left - performance.now()));
    samples.push({ ...memoryOf(processId), heapBytes: await readHeapBytes(target) });
  }
  const names = ['residentBytes', 'ownBytes', 'heapBytes'];
  return Object.fromEntries(names.map((name) => [name, median(samples.map((sample) => sample[name]))]));
}

/** Loads one service for so many minutes: a line of figures for the end of each. */
export async function measureMemory({ minutes, perSecond, rows, folder, seed, log }) {
  const dataFolder = join(folder, 'memory');
  const service = await startService({ fixture: { rows }, dataFolder, seed });
  try {
    const ids = service.rows.map(({ id }) => id);
    const mix = startMix({ target: service.target, ids, perSecond, seed });
    const lines = [];
    const startMs = performance.now();
    for (let minute = 1; minute <= minutes; minute += 1) {
      const sampled = await Promise.race([sampleUntil(startMs + minute * minuteMs, service), mix.failed]);
      const fileBytes = statSync(join(dataFolder, 'casp.db')).size;
      lines.push({ minute, ...sampled, fileBytes, ...mix.report() });
      const { residentBytes, heapBytes, requests } = lines.at(-1);
      log(
        `minute ${minute}: RSS ${rate(residentBytes / mebibyte)} MiB, heap ${rate(heapBytes / mebibyte)} MiB, ${rate(requests)} requests`,
      );
    }
    await mix.stop();
    return { perSecond, lines, findings: [judge(lines, perSecond)] };
  } finally {
    await service.stop();
  }
}

function judge(lines, perSecond) {
  const [first, last] = [lines[0], lines.at(-1)];
  const ratio = last.residentBytes / first.residentBytes;
  const show = ({ residentBytes }) => `${rate(residentBytes / mebibyte)} MiB`;
  return {
    what: `Memory after ${last.minute} minutes at ${perSecond} requests a second, to that after the first`,
    measured: `${show(last)} to ${show(first)}: ${ratio.toFixed(2)} ×`,
    goal: `≤ ${timesMax} ×`,
    met: ratio <= timesMax,
  };
}

/** The minutes (of an hour, every fifth) and the goal as Markdown. */
export function formatMemory({ lines, findings }) {
  const every = lines.length > 20 ? 5 : 1;
  const shown = lines.filter(({ minute }) => minute === 1 || minute % every === 0 || minute === lines.length);
  const mebibytes = (bytes) => rate(bytes / mebibyte);
  const head = ['Minute', 'RSS MiB', 'not mapped MiB', 'heap MiB', 'file MiB', 'requests', 'p99 ms'];
  const cells = shown.map((line) => [
    String(line.minute),
    mebibytes(line.residentBytes),
    mebibytes(line.ownBytes),
    mebibytes(line.heapBytes),
    mebibytes(line.fileBytes),
    rate(line.requests),
    milliseconds(line.p99Ms),
  ]);
  return `${formatLines([head, ...cells], 0)}\n\n${formatFindings([{ title: 'Memory', findings }])}`;
}
