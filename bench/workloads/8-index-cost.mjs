import { fileURLToPath } from 'node:url';
import { cores, firstMessage, startNode, stop } from '../harness/processes.mjs';
import { rate } from '../harness/report.mjs';

const module = fileURLToPath(new URL('../million/index-cost.mjs', import.meta.url));

const perSecond = (microseconds) => rate(1e6 / microseconds);

function finding({ title, withUs, withoutUs }) {
  const cost = ((withUs - withoutUs) / withoutUs) * 100;
  return {
    what: title,
    measured: `${perSecond(withUs)} PATCHes a second with it, ${perSecond(withoutUs)} without: ${(withUs - withoutUs).toFixed(0)} µs, ${cost.toFixed(0)} %`,
  };
}

async function study({ data }) {
  const child = startNode([module, data.file], {
    core: cores.server,
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
  try {
    const { cases, indexes } = await firstMessage(child, 'the measurement of indexes');
    return [
      ...cases.map(({ property, us }) => ({
        what: `PATCH of ${property}`,
        measured: `${us.toFixed(0)} µs, ${perSecond(us)} a second`,
      })),
      ...indexes.map(finding),
    ];
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
