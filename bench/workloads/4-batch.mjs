import { timeInTurns } from '../harness/client.mjs';
import { collectionPath } from '../harness/profiles.mjs';
import { milliseconds, rate } from '../harness/report.mjs';

const parts = 20;
const rounds = 150;
const timesMax = 4;
const type = { 'content-type': 'application/json' };

/** A JSON batch that changes one property of each profile; `member` is added to every part. */
function batchOf(ids, name, member = {}) {
  const requests = ids.map((id, index) => ({
    id: String(index + 1),
    method: 'PATCH',
    url: `${collectionPath.replace('/beta', '')}/${id}`,
    headers: type,
    body: { name },
    ...member,
  }));
  return { method: 'POST', headers: type, body: JSON.stringify({ requests }) };
}

/** Sends a batch and looks at every part, in front of the measurement. */
async function verify(client, ids, member) {
  const { text } = await client.ask('/beta/$batch', batchOf(ids, 'batch check', member));
  const { responses } = JSON.parse(text);
  if (
    responses.length !== parts ||
    responses.some(({ status, body }) => status !== 200 || body.name !== 'batch check')
  )
    throw new Error(`a part of the batch failed:\n${text.slice(0, 2000)}`);
}

async function study({ client, ids, load }) {
  const some = ids.slice(0, parts);
  const group = { atomicityGroup: 'all' };
  await verify(client, some);
  await verify(client, some, group);
  let turn = 0;
  const next = () => {
    turn += 1;
    return `turn ${turn}`;
  };
  const single = () => ({ method: 'PATCH', headers: type, body: JSON.stringify({ name: next() }) });
  const times = await timeInTurns(
    {
      one: () => client.ask(`${collectionPath}/${ids[turn % ids.length]}`, single()),
      batch: () => client.ask('/beta/$batch', batchOf(some, next())),
      grouped: () => client.ask('/beta/$batch', batchOf(some, next(), group)),
    },
    rounds,
  );
  const loaded = await load({ workloadUrl: import.meta.url, connections: 16 });
  const compare = (name) => ({
    measured: `${milliseconds(times[name])} ms, ${(times[name] / times.one).toFixed(2)} × one`,
    goal: `≤ ${timesMax} ×`,
    met: times[name] <= timesMax * times.one,
  });
  return [
    { what: 'One PATCH, alone on one connection', measured: `${milliseconds(times.one)} ms` },
    { what: `Batch of ${parts} PATCHes`, ...compare('batch') },
    { what: `Batch of ${parts} PATCHes in one atomicityGroup`, ...compare('grouped') },
    {
      what: `Batches of ${parts}, 16 connections`,
      measured: `${rate(loaded.requestsPerSecond)} a second (${rate(parts * loaded.requestsPerSecond)} PATCHes), p99 ${milliseconds(loaded.p99Ms)} ms`,
    },
  ];
}

/** Twenty PATCHes in one request, beside one PATCH. */
export const workload = {
  name: 'batch',
  title: '$batch',
  requests: ({ ids, label }) =>
    ['odd', 'even'].flatMap((turn) =>
      Array.from({ length: Math.floor(ids.length / parts) }, (_, index) => ({
        path: '/beta/$batch',
        ...batchOf(ids.slice(index * parts, (index + 1) * parts), `${label} ${turn}`),
      })),
    ),
  study,
};
