/** Cold start: from starting the process to its first 200, on an empty and on an existing data folder, beside Node's own. */
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { cores, startNode } from '../harness/processes.mjs';
import { median, milliseconds } from '../harness/report.mjs';
import { launchService } from '../harness/service.mjs';

const startsMin = 5;
const goal = { ratio: 6, ms: 600 };

/** Node alone, on the core the service starts on. */
async function timeNode() {
  const startMs = performance.now();
  await once(startNode(['-e', '0'], { core: cores.server, stdio: 'ignore' }), 'exit');
  return performance.now() - startMs;
}

async function timeService(dataFolder) {
  const service = await launchService({ fixture: {}, dataFolder });
  await service.stop();
  return service.startMs;
}

async function study({ repeats }) {
  const times = { node: [], empty: [], existing: [] };
  for (let start = 0; start < Math.max(repeats, startsMin); start += 1) {
    const folder = mkdtempSync(join(tmpdir(), 'casp-bench-start-'));
    try {
      times.node.push(await timeNode());
      times.empty.push(await timeService(folder));
      times.existing.push(await timeService(folder));
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  }
  const node = median(times.node);
  return ['empty', 'existing'].map((name) => {
    const ms = median(times[name]);
    return {
      what: `First 200, ${name} data folder`,
      measured: `${milliseconds(ms)} ms to ${milliseconds(node)} ms of Node alone: ${(ms / node).toFixed(1)} ×`,
      goal: `≤ ${goal.ratio} ×, ≤ ${goal.ms} ms`,
      met: ms <= goal.ratio * node && ms <= goal.ms,
    };
  });
}

export const workload = { name: 'cold-start', title: 'Cold start', fixture: { rows: 1 }, study };
