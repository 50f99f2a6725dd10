/** Floor 3: like floor 2, but the PATCHes of one event-loop turn share a transaction and its commit. */
import { openProfileStore } from './profile-store.mjs';
import { serveStore } from './sqlite-server.mjs';

const [rowsFile, folder] = process.argv.slice(2);
const store = openProfileStore(rowsFile, folder);
const patchAll = store.database.transaction((writes) =>
  writes.map(({ id, changes }) => store.patch(id, changes)),
);
let waiting = [];

function commitWaiting() {
  const writes = waiting;
  waiting = [];
  const texts = patchAll(writes);
  for (const [index, { done }] of writes.entries()) done(texts[index]);
}

serveStore(store, (id, changes, done) => {
  if (waiting.length === 0) setImmediate(commitWaiting);
  waiting.push({ id, changes, done });
});
