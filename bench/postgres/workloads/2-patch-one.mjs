import { collectionPath } from '../../harness/profiles.mjs';
import { compareWithFloor } from '../beside.mjs';

/** PATCH of one property of a profile by a random id; two values in turn, so that each PATCH changes something. */
export const workload = {
  name: 'patch-one',
  title: 'PATCH one',
  fixture: { rows: 10_000, copies: true },
  requests: ({ ids, label }) =>
    ['odd', 'even'].flatMap((turn) =>
      ids.map((id) => ({
        method: 'PATCH',
        path: `${collectionPath}/${id}`,
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ riskScore: `${label} ${turn}` }),
      })),
    ),
  study: (tools) =>
    compareWithFloor(tools, {
      url: import.meta.url,
      title: 'PATCH of riskScore, with its change record and its words',
      statement: 'UPDATE … RETURNING of its row',
      loops: [
        { name: 'riskScore', title: 'The same UPDATE … RETURNING' },
        { name: 'riskScore plain', title: 'UPDATE … RETURNING of a table with a primary key only' },
      ],
      goal: { loop: 'riskScore', share: 0.5 },
    }),
};
