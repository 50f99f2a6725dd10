import { patchesOf } from '../harness/patches.mjs';

/** PATCH of the risk score: words and the index by publisher and score have to follow. */
export const workload = {
  name: 'patch-risk',
  title: 'PATCH of riskScore',
  against: ['floors/sqlite-shared'],
  goal: { floor: 'sqlite-shared', requestsPerSecond: 0.5, p99: 3 },
  ...patchesOf((text) => ({ riskScore: text })),
};
