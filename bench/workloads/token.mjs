import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { median, rate } from '../harness/report.mjs';
import { startService } from '../harness/service.mjs';

const rows = 1000;
const seed = 42;
const goal = 0.9;
const replace = new URL('../tokens/replace.mjs', import.meta.url).href;
const getOne = new URL('1-get-one.mjs', import.meta.url).href;

/** The same service with another way of looking at tokens (bench/tokens/authentication.mjs). */
function startVariant(name, folder) {
  const environment = { NODE_OPTIONS: `--import=${replace}`, BENCH_TOKENS: name };
  return startService({
    fixture: { rows, environment, program: 'cli/modules.js' },
    dataFolder: join(folder, name),
    seed,
  });
}

/** Requests a second of each server, by repeat: they take turns, so that a slow moment hits all alike. */
async function measureInTurns(servers, { load, repeats }) {
  const runs = servers.map(() => []);
  for (let repeat = 0; repeat < repeats; repeat += 1) {
    for (const [index, { target, ids }] of servers.entries()) {
      const { requestsPerSecond } = await load({ workloadUrl: getOne, target, ids });
      runs[index].push(requestsPerSecond);
    }
  }
  return runs;
}

/** The median of what each repeat says by itself: a machine that slows down between repeats does not matter. */
const medianOfPairs = (left, right, compare) =>
  median(left.map((value, index) => compare(value, right[index])));

async function study(tools) {
  const folder = mkdtempSync(join(tmpdir(), 'casp-bench-tokens-'));
  const variants = [];
  try {
    for (const name of ['unchecked', 'forgotten']) variants.push(await startVariant(name, folder));
    const others = variants.map((service) => ({
      target: service.target,
      ids: service.rows.map(({ id }) => id),
    }));
    const [known, unchecked, forgotten] = await measureInTurns([tools, ...others], tools);
    const share = medianOfPairs(known, unchecked, (checked, free) => checked / free);
    const costUs = medianOfPairs(forgotten, known, (anew, seen) => 1e6 / anew - 1e6 / seen);
    return [
      {
        what: 'GET one, the token seen before',
        measured: `${rate(median(known))}/s, with checking switched off ${rate(median(unchecked))}/s: ${share.toFixed(2)} of it`,
        goal: `≥ ${goal}`,
        met: share >= goal,
      },
      {
        what: 'GET one, every token checked anew (RS256)',
        measured: `${rate(median(forgotten))}/s: ${costUs.toFixed(0)} µs more a request`,
      },
    ];
  } finally {
    await Promise.all(variants.map((service) => service.stop()));
    rmSync(folder, { recursive: true, force: true });
  }
}

/** What checking tokens costs a request: remembered ones, and ones never seen. */
export const workload = { name: 'token', title: 'Tokens', fixture: { rows }, study };
