import { collectionPath } from '../../harness/profiles.mjs';
import { fixture } from '../fixture.mjs';

const parts = 20;
const connections = 8;
const type = { 'content-type': 'application/json' };

/** Each service has its own $batch: casp one for all of /beta, CAP one for each service. */
const addresses = {
  casp: { batch: '/beta/$batch', collection: collectionPath.replace('/beta', '') },
  cap: { batch: '/beta/security/$batch', collection: collectionPath.replace('/beta/security', '') },
};

function batchOf({ batch, collection }, ids, name) {
  const requests = ids.map((id, index) => ({
    id: String(index + 1),
    method: 'PATCH',
    url: `${collection}/${id}`,
    headers: type,
    body: { name },
  }));
  return { method: 'POST', path: batch, headers: type, body: JSON.stringify({ requests }) };
}

/** As many different profiles as a batch has parts; when there are fewer, some come twice. */
const some = (ids, from) => Array.from({ length: parts }, (_, index) => ids[(from + index) % ids.length]);

/** Twenty PATCHes in one request, each a change of its own: no atomicityGroup. */
export const workload = {
  name: 'batch',
  title: `$batch of ${parts} PATCHes (${connections} connections)`,
  against: ['peers/cap'],
  goals: { cap: 10 },
  connections,
  fixture,
  requests: ({ ids, label, target }) =>
    ['odd', 'even'].flatMap((turn) =>
      Array.from({ length: Math.ceil(ids.length / parts) }, (_, index) =>
        batchOf(
          addresses[target === 'service' ? 'casp' : 'cap'],
          some(ids, index * parts),
          `${label} ${turn}`,
        ),
      ),
    ),
  verify: ({ request, answer }) => {
    const [{ body }] = JSON.parse(request.body).requests;
    const { responses } = answer;
    return (
      responses.length === parts &&
      responses.every((response) => response.status === 200 && response.body.name === body.name)
    );
  },
};
