import { patchesOf } from '../harness/patches.mjs';

/** PATCH of the tags: words, the rows of the tags and their index have to follow. */
export const workload = {
  name: 'patch-tags',
  title: 'PATCH of tags',
  against: ['floors/sqlite-shared'],
  goal: { floor: 'sqlite-shared', requestsPerSecond: 0.5, p99: 3 },
  ...patchesOf((text) => ({ tags: [text, 'sanctioned'] })),
};
