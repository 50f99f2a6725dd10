import { collectionPath } from '../harness/profiles.mjs';

/** PATCH of one property of a profile by a random id; two values in turn, so that each PATCH changes something. */
export const workload = {
  name: 'patch-one',
  title: 'PATCH one',
  against: ['floors/http', 'floors/sqlite', 'floors/sqlite-shared'],
  goal: { floor: 'sqlite-shared', requestsPerSecond: 0.5, p99: 3 },
  requests: ({ ids, label }) =>
    ['odd', 'even'].flatMap((turn) =>
      ids.map((id) => ({
        method: 'PATCH',
        path: `${collectionPath}/${id}`,
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ name: `${label} ${turn}` }),
      })),
    ),
  verify: ({ request, answer }) =>
    request.path.endsWith(`/${answer.id}`) && answer.name === JSON.parse(request.body).name,
};
