/**
 * The load generator, a process of its own: told by a message what to send where, answers with what it measured.
 * Every connection sends its own prepared requests round and round, so that building them costs nothing meanwhile.
 */
import { performance } from 'node:perf_hooks';
import autocannon from 'autocannon';
import { createRandom, shuffle } from './random.mjs';

const preparedMax = 256;
/** A request that waits longer than this for its answer counts as lost, and ends the bench. */
const answerTimeoutSeconds = 60;
/** How much longer than asked for a run may become for want of an answer. */
const longerTimesMax = 16;

/** The n-th share of the ids for each connection: no two connections write the same row. */
function shareIds(ids, connections, seed) {
  const shuffled = shuffle(ids, createRandom(seed));
  const size = Math.max(1, Math.min(preparedMax, Math.floor(shuffled.length / connections)));
  return Array.from({ length: connections }, (_, index) => {
    const start = (index * size) % shuffled.length;
    return shuffled.slice(start, start + size);
  });
}

/** Sorted in place; the value below which `share` of them lie. */
const percentile = (sorted, share) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))];

/**
 * One run: `{ requestsPerSecond, p50Ms, p99Ms, generatorBusy }`, undefined where no answer came in time; throws with
 * the first answer that was no 2xx.
 * `rate` bounds the requests a second of all connections together; without it each asks as fast as it is answered.
 */
async function measure({ workload, target, ids, connections, seconds, seed, label, rate }) {
  const shares = shareIds(ids, connections, seed);
  const durations = [];
  let refusal;
  let clients = 0;
  const authorization = target.token === undefined ? {} : { authorization: `Bearer ${target.token}` };

  const setupClient = (client) => {
    const requests = workload.requests({ ids: shares[clients], label, target: target.name });
    clients += 1;
    client.setRequests(
      requests.map((request) => ({ ...request, headers: { ...authorization, ...request.headers } })),
    );
    client.on('headers', ({ statusCode }) => {
      if (statusCode < 200 || statusCode > 299) refusal ??= { statusCode, client, body: '', complete: false };
    });
    client.on('body', (body) => {
      if (refusal?.client === client && !refusal.complete) refusal.body += body;
    });
    client.on('response', (_status, _bytes, durationMs) => {
      durations.push(durationMs);
      if (refusal?.client !== client) return;
      refusal.complete = true;
      running.stop();
    });
  };

  const before = { cpu: process.cpuUsage(), now: performance.now() };
  const pace = rate === undefined ? {} : { overallRate: rate };
  const common = { url: target.url, connections, duration: seconds, timeout: answerTimeoutSeconds };
  const running = autocannon({ ...common, setupClient, ...pace });
  const result = await running;
  const elapsedMs = performance.now() - before.now;
  const { user, system } = process.cpuUsage(before.cpu);

  if (refusal !== undefined)
    throw new Error(`answered ${refusal.statusCode}:\n${refusal.body.slice(0, 2000)}`);
  if (result.errors > 0) throw new Error(`${result.errors} connection errors (${result.timeouts} time-outs)`);
  if (durations.length === 0) return undefined;
  durations.sort((left, right) => left - right);
  return {
    requestsPerSecond: durations.length / result.duration,
    p50Ms: percentile(durations, 0.5),
    p99Ms: percentile(durations, 0.99),
    generatorBusy: (user + system) / 1000 / elapsedMs,
  };
}

/**
 * Asks once more and waits for the answer: a slow server still works at what the warm-up asked it, and what it is
 * asked next must not wait for that.
 */
async function settle({ workload, target, ids, label }) {
  const some = ids.slice(0, preparedMax);
  const [{ path, headers, ...request }] = workload.requests({ ids: some, label, target: target.name });
  const authorization = target.token === undefined ? {} : { authorization: `Bearer ${target.token}` };
  const answer = await fetch(target.url + path, { ...request, headers: { ...authorization, ...headers } });
  await answer.arrayBuffer();
}

/** A run in which somebody was answered: one that was too short for slow work is made anew, twice as long. */
async function measureAnswered(task) {
  const longest = task.seconds * longerTimesMax;
  for (let { seconds } = task; seconds <= longest; seconds *= 2) {
    const measured = await measure({ ...task, seconds });
    await settle(task);
    if (measured !== undefined) return measured;
  }
  throw new Error(`no request was answered within ${longest} s`);
}

/** A workload's module makes requests from ids; a study may say at once what every connection is to send. */
async function findWorkload(workloadUrl, requests) {
  if (requests !== undefined) return { requests: () => requests };
  const { workload } = await import(workloadUrl);
  return workload;
}

process.on('message', async ({ workloadUrl, requests, warmUpSeconds, ...task }) => {
  try {
    const workload = await findWorkload(workloadUrl, requests);
    // Where even one answer takes longer than the warm-up, it has warmed up all the same.
    await measure({ ...task, workload, seconds: warmUpSeconds, label: `${task.label} warm-up` });
    await settle({ ...task, workload });
    const measured = await measureAnswered({ ...task, workload });
    process.send({ measured });
  } catch (error) {
    process.send({ failure: error.message });
  }
});
process.on('disconnect', () => process.exit(0));
process.send({ ready: true });
