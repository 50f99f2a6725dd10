/** Measures one kind of request beside the same done by hand, in turns. */
import { fileURLToPath } from 'node:url';
import { cores, firstMessage, startModule, stop } from '../harness/processes.mjs';
import { median, milliseconds, rate } from '../harness/report.mjs';
import { poolSize } from './service.mjs';

const floorModule = fileURLToPath(new URL('floor.mjs', import.meta.url));

/** Starts the floor on a database; `tell` sends it a message and resolves with its answer. */
export async function startFloor(url) {
  const { child, message } = await startModule(floorModule, [url, String(poolSize)], cores.server);
  const tell = async (task) => {
    child.send(task);
    const answer = await firstMessage(child, 'the floor');
    if (answer.failure !== undefined) throw new Error(`floor: ${answer.failure}`);
    return answer;
  };
  return {
    pid: child.pid,
    target: { name: 'floor', url: `http://127.0.0.1:${message.port}` },
    tell,
    stop: () => stop(child),
  };
}

/**
 * The workload against the service, against the floor behind `node:http`, and the floor's `loops` (`{ name, title }`)
 * without HTTP. The goal is the least share of `goal.loop` that the service must reach.
 */
export async function compareWithFloor({ load, ids, repeats, data, connections, seconds }, workload) {
  const floor = await startFloor(data.floorUrl);
  try {
    await floor.tell({ ids });
    const found = {
      service: [],
      http: [],
      ...Object.fromEntries(workload.loops.map(({ name }) => [name, []])),
    };
    for (let repeat = 1; repeat <= repeats; repeat += 1) {
      const label = `run ${repeat}`;
      found.service.push(await load({ workloadUrl: workload.url, label }));
      found.http.push(await load({ workloadUrl: workload.url, label, target: floor.target }));
      for (const { name } of workload.loops) {
        const { perSecond } = await floor.tell({ loop: name, ids, connections, seconds });
        found[name].push({ requestsPerSecond: perSecond });
      }
    }
    return describe(found, workload);
  } finally {
    await floor.stop();
  }
}

function describe(found, { title, statement, loops, goal }) {
  const perSecond = (name) => median(found[name].map(({ requestsPerSecond }) => requestsPerSecond));
  // Neighbours in time are compared, so that a slow moment of the machine hits both.
  const share = (name) =>
    median(
      found.service.map(
        ({ requestsPerSecond }, index) => requestsPerSecond / found[name][index].requestsPerSecond,
      ),
    );
  const show = (name) =>
    `${rate(perSecond(name))} a second: the service does ${share(name).toFixed(2)} of it`;
  const p99 = median(found.service.map(({ p99Ms }) => p99Ms));
  return [
    { what: title, measured: `${rate(perSecond('service'))} a second, p99 ${milliseconds(p99)} ms` },
    { what: `${statement} through pg, pool of ${poolSize}, behind node:http`, measured: show('http') },
    ...loops.map((loop) => ({
      what: `${loop.title}, in a loop without HTTP`,
      measured: show(loop.name),
      ...(loop.name === goal.loop ? { goal: `≥ ${goal.share}`, met: share(loop.name) >= goal.share } : {}),
    })),
  ];
}
