import { fileURLToPath } from 'node:url';
import { cores, firstMessage, startNode, stop } from '../harness/processes.mjs';
import { rate } from '../harness/report.mjs';

const module = fileURLToPath(new URL('../million/index-cost.mjs', import.meta.url));

const show = ({ us, processorUs }) =>
  `${us.toFixed(0)} µs (${processorUs.toFixed(0)} of the processor), ${rate(1e6 / us)} a second`;

function indexFinding({ columns, property, ...runs }) {
  const cost = runs.with.processorUs / runs.without.processorUs - 1;
  return {
    what: `Index on ${columns.join(', ')}: PATCH of ${property}`,
    measured: `${show(runs.with)}; without it ${show(runs.without)}: ${(100 * cost).toFixed(0)} % of the processor`,
  };
}

async function study({ data }) {
  const child = startNode([module, data.file], {
    core: cores.server,
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
  try {
    const { cases, indexes } = await firstMessage(child, 'the measurement of indexes');
    const patches = cases.map(({ property, ...run }) => ({
      what: `PATCH of ${property}`,
      measured: show(run),
    }));
    return [...patches, ...indexes.map(indexFinding)];
  } finally {
    await stop(child);
  }
}

/** What each index costs the PATCHes that change what it holds: in process, 64 sharing a commit, no HTTP. */
export const workload = {
  name: 'index-cost',
  title: 'Index cost',
  fixture: { rows: 1_000_000, imported: true },
  study,
};
