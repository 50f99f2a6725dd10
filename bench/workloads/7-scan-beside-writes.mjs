import { createClient } from '../harness/client.mjs';
import { cores, pin } from '../harness/processes.mjs';
import { collectionPath } from '../harness/profiles.mjs';
import { median, milliseconds, rate } from '../harness/report.mjs';

const scan = `${collectionPath}/$count?$filter=contains(manifest,'zzzz')`;
const timesMax = 3;
/** Half of what one core does and less: what clients wait for, not what a full queue makes them wait. */
const paces = [
  { title: '500 PATCHes a second', connections: 16, rate: 500 },
  { title: 'as many PATCHes as go, 16 connections', connections: 16 },
];

/** One connection that scans the table again and again until told to stop. */
function startScanning(target) {
  const client = createClient(target);
  const abort = new AbortController();
  let scans = 0;
  const done = (async () => {
    while (!abort.signal.aborted) {
      const { text } = await client.ask(scan, { signal: abort.signal });
      if (text !== '0') throw new Error(`the scan found ${text}`);
      scans += 1;
    }
  })().catch((error) => {
    if (!abort.signal.aborted) throw error;
  });
  // Whoever stops it hears of a failure; until then nobody listens.
  done.catch(() => undefined);
  return {
    async stop() {
      abort.abort();
      await done;
      client.close();
      return scans;
    },
  };
}

async function compare(pace, { target, load, repeats }) {
  const runs = { quiet: [], scanning: [] };
  let scans = 0;
  const { connections, rate: perSecond } = pace;
  const patch = () =>
    load({ workloadUrl: new URL('2-patch-one.mjs', import.meta.url).href, connections, rate: perSecond });
  for (let repeat = 0; repeat < repeats; repeat += 1) {
    runs.quiet.push(await patch());
    const scanning = startScanning(target);
    try {
      runs.scanning.push(await patch());
    } finally {
      scans += await scanning.stop();
    }
  }
  const figure = (name, key) => median(runs[name].map((run) => run[key]));
  const show = (name) =>
    `${milliseconds(figure(name, 'p99Ms'))} ms (${rate(figure(name, 'requestsPerSecond'))}/s)`;
  const ratio = figure('scanning', 'p99Ms') / figure('quiet', 'p99Ms');
  return {
    what: `PATCH p99 beside a scan of every row; ${pace.title}`,
    measured: `${show('scanning')}, quiet ${show('quiet')}: ${ratio.toFixed(2)} ×; ${scans} whole scans meanwhile`,
    goal: `≤ ${timesMax} ×`,
    met: ratio <= timesMax,
  };
}

async function study(tools) {
  // Reader threads run beside the main thread in earnest, not in turns with it on one core.
  pin(tools.processId, cores.server, cores.load);
  try {
    const findings = [];
    for (const pace of paces) findings.push(await compare(pace, tools));
    return findings;
  } finally {
    pin(tools.processId, cores.server);
  }
}

/** Writes while one connection scans a million rows; the service has both cores, shared with the load generator. */
export const workload = {
  name: 'scan-beside-writes',
  title: 'Scan beside writes',
  fixture: { rows: 1_000_000, imported: true },
  study,
};
