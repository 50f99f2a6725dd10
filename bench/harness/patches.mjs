/** PATCHes of single properties, two values in turn, so that each PATCH changes something. */
import { collectionPath } from './profiles.mjs';

/** What a workload sends and how one answer is looked at; `bodyOf(text)` is a body that holds a new text. */
export const patchesOf = (bodyOf) => ({
  requests: ({ ids, label }) =>
    ['odd', 'even'].flatMap((turn) =>
      ids.map((id) => ({
        method: 'PATCH',
        path: `${collectionPath}/${id}`,
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(bodyOf(`${label} ${turn}`)),
      })),
    ),
  verify: ({ request, answer }) =>
    request.path.endsWith(`/${answer.id}`) &&
    Object.entries(JSON.parse(request.body)).every(
      ([name, value]) => JSON.stringify(answer[name]) === JSON.stringify(value),
    ),
});
