import { collectionPath } from '../harness/profiles.mjs';

/** GET of the first page of 100 profiles. */
export const workload = {
  name: 'first-page',
  title: 'First page of 100',
  against: ['floors/http', 'floors/sqlite'],
  goal: { floor: 'sqlite', requestsPerSecond: 0.5 },
  requests: () => [{ method: 'GET', path: collectionPath }],
  verify: ({ answer }) => answer.value.length === 100,
};
