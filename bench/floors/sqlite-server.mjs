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

/** Answers a batch once all of its parts are written. */
function writeBatch(response, { requests }, commit) {
  const responses = [];
  for (const { id: number, url, body } of requests) {
    commit(url.slice(url.lastIndexOf('/') + 1), body, (text) => {
      responses.push(`{"id":"${number}","status":200,"body":${text}}`);
      if (responses.length === requests.length) answer(response, `{"responses":[${responses.join(',')}]}`);
    });
  }
}

/**
 * Serves `store`; `commit(id, values, done)` changes a row, or without an id makes one, and calls `done(text)` once that
 * is on disk. `list(address)` answers questions about the collection other than its first page.
 */
export function serveStore(store, commit, list = () => store.firstPage()) {
  listen(
    createServer((request, response) => {
      const isBatch = request.url.endsWith('/$batch');
      const id = isBatch ? undefined : idOf(request.url);
      if (request.method === 'GET') {
        answer(response, id === undefined ? list(request.url) : store.read(id));
        return;
      }
      const chunks = [];
      request.on('data', (chunk) => chunks.push(chunk));
      request.on('end', () => {
        const values = JSON.parse(Buffer.concat(chunks).toString('utf8'));
        if (isBatch) writeBatch(response, values, commit);
        else commit(id, values, (text) => answer(response, text, id === undefined ? 201 : 200));
      });
    }),
  );
}
