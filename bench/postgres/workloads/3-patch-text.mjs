import { collectionPath } from '../../harness/profiles.mjs';
import { compareWithFloor } from '../beside.mjs';

/** PATCH of a text that $search and contains find by indexes; two values in turn, so that each PATCH changes something. */
export const workload = {
  name: 'patch-text',
  title: 'PATCH of a text',
  fixture: { rows: 10_000, copies: true },
  requests: ({ ids, label }) =>
    ['odd', 'even'].flatMap((turn) =>
      ids.map((id) => ({
        method: 'PATCH',
        path: `${collectionPath}/${id}`,
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ name: `${label} ${turn}` }),
      })),
    ),
  study: (tools) =>
    compareWithFloor(tools, {
      url: import.meta.url,
      title: 'PATCH of name, with its change record and the indexes of its text',
      statement: 'UPDATE … RETURNING of its row',
      loops: [
        { name: 'name', title: 'The same UPDATE … RETURNING' },
        { name: 'name plain', title: 'UPDATE … RETURNING of a table with a primary key only' },
      ],
      goal: { loop: 'name', share: 0.5 },
    }),
};
