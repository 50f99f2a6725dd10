import { collectionPath } from '../harness/profiles.mjs';

/** GET of one profile by a random id. */
export const workload = {
  name: 'get-one',
  title: 'GET one',
  against: ['floors/http', 'floors/sqlite'],
  goal: { floor: 'sqlite', requestsPerSecond: 0.5 },
  requests: ({ ids }) => ids.map((id) => ({ method: 'GET', path: `${collectionPath}/${id}` })),
  verify: ({ request, answer }) => request.path.endsWith(`/${answer.id}`),
};
