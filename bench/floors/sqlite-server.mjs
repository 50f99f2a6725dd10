/** `node:http` in front of the profile store; the two SQLite floors differ only in how PATCH commits. */
import { createServer } from 'node:http';
import { collectionPath } from '../harness/profiles.mjs';
import { listen } from './listen.mjs';

function answer(response, text, status = 200) {
  const length = Buffer.byteLength(text);
  response.writeHead(status, { 'content-type': 'application/json', 'content-length': length }).end(text);
}

/** The id in `/collection/{id}`, or undefined for the collection itself. */
function idOf(address) {
  const path = address.split('?', 1)[0];
  return path === collectionPath ? undefined : decodeURIComponent(path.slice(collectionPath.length + 1));
}

/** Serves `store`; `commit(id, changes, done)` patches and calls `done(text)` once the change is on disk. */
export function serveStore(store, commit) {
  listen(
    createServer((request, response) => {
      const id = idOf(request.url);
      if (request.method === 'GET') {
        answer(response, id === undefined ? store.firstPage() : store.read(id));
        return;
      }
      const chunks = [];
      request.on('data', (chunk) => chunks.push(chunk));
      request.on('end', () => {
        const changes = JSON.parse(Buffer.concat(chunks).toString('utf8'));
        commit(id, changes, (text) => answer(response, text));
      });
    }),
  );
}
