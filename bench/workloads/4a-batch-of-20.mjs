import { collectionPath } from '../harness/profiles.mjs';

const parts = 20;
const type = { 'content-type': 'application/json' };

/** A batch of 20 PATCHes of the name, beside a floor that does the same 20. */
export const workload = {
  name: 'batch-of-20',
  title: '$batch of 20 PATCHes',
  against: ['floors/sqlite-shared'],
  goal: { floor: 'sqlite-shared', requestsPerSecond: 0.5 },
  requests: ({ ids, label }) =>
    ['odd', 'even'].map((turn) => {
      const some = Array.from({ length: parts }, (_, index) => ids[index % ids.length]);
      const requests = some.map((id, index) => ({
        id: String(index + 1),
        method: 'PATCH',
        url: `${collectionPath.replace('/beta', '')}/${id}`,
        headers: type,
        body: { name: `${label} ${turn}` },
      }));
      return { method: 'POST', path: '/beta/$batch', headers: type, body: JSON.stringify({ requests }) };
    }),
  verify: ({ request, answer: { responses } }) => {
    const [{ body }] = JSON.parse(request.body).requests;
    return (
      responses.length === parts &&
      responses.every((response) => response.status === 200 && response.body.name === body.name)
    );
  },
};
