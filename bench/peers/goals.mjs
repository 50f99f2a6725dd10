/** What the comparison with the peers is to show, and whether it did. */
import { rate } from '../harness/report.mjs';

const names = { cap: 'SAP CAP as installed', 'cap-indexed': 'SAP CAP, the same index added by hand' };

function judge({ title, goals, targets }) {
  const find = (wanted) => targets.find(({ name }) => name === wanted)?.medians.requestsPerSecond;
  const service = find('service');
  return Object.entries(goals).map(([name, goal]) => {
    const peer = find(name);
    const times = service / peer;
    return {
      what: `${title}: ${names[name]}`,
      measured: `${rate(service)} to ${rate(peer)} a second: ${times.toFixed(1)} ×`,
      goal: `≥ ${goal} ×`,
      met: times >= goal,
    };
  });
}

/** One study of all loads that have a goal. */
export const judgePeers = (loads) => ({ title: 'Peers', findings: loads.flatMap(judge) });

/** How the peers were run, for below the tables; `versions` by package. */
export function describePeers(versions) {
  const packages = Object.entries(versions).map(([name, version]) => `${name} ${version}`);
  return (
    `Peers: ${packages.join(', ')}; the same rows at the same addresses, every write on disk ` +
    '(synchronous=FULL). They check no token and keep no history; casp does both. Neither logs requests.'
  );
}
