import { collectionPath } from '../../harness/profiles.mjs';
import { compareWithFloor } from '../beside.mjs';

/** GET of one profile by a random id. */
export const workload = {
  name: 'get-one',
  title: 'GET one',
  fixture: { rows: 10_000, copies: true },
  requests: ({ ids }) => ids.map((id) => ({ method: 'GET', path: `${collectionPath}/${id}` })),
  study: (tools) =>
    compareWithFloor(tools, {
      url: import.meta.url,
      title: 'GET of one profile',
      statement: 'SELECT of its row',
      loops: [{ name: 'select', title: 'The same SELECT' }],
      goal: { loop: 'select', share: 0.6 },
    }),
};
