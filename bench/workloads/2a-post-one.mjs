import { collectionPath, profileBodies } from '../harness/profiles.mjs';

const bodiesPerConnection = 64;

/** POST of a profile with all its properties. */
export const workload = {
  name: 'post-one',
  title: 'POST one',
  against: ['floors/sqlite-shared'],
  goal: { floor: 'sqlite-shared', requestsPerSecond: 0.5, p99: 3 },
  requests: ({ ids }) =>
    [...profileBodies(bodiesPerConnection, ids.length)].map((body) => ({
      method: 'POST',
      path: collectionPath,
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    })),
  verify: ({ request, answer }) => answer.name === JSON.parse(request.body).name,
};
