/** Floor 3: like floor 2, but the writes of one event-loop turn share a transaction and its commit. */
import { openProfileStore } from './profile-store.mjs';
import { serveStore } from './sqlite-server.mjs';

const [rowsFile, folder] = process.argv.slice(2);
const store = openProfileStore(rowsFile, folder);
const writeAll = store.database.transaction((writes) =>
  writes.map(({ id, values }) => store.write(id, values)),
);
let waiting = [];

function commitWaiting() {
  const writes = waiting;
  waiting = [];
  const texts = writeAll(writes);
  for (const [index, { done }] of writes.entries()) done(texts[index]);
}

serveStore(store, (id, values, done) => {
  if (waiting.length === 0) setImmediate(commitWaiting);
  waiting.push({ id, values, done });
});
