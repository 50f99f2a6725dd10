/** Floor 2: `node:http` and better-sqlite3, one transaction for each PATCH at `synchronous=FULL`. */
import { openProfileStore } from './profile-store.mjs';
import { serveStore } from './sqlite-server.mjs';

const [rowsFile, folder] = process.argv.slice(2);
const store = openProfileStore(rowsFile, folder);
const patchAlone = store.database.transaction(store.patch);

serveStore(store, (id, changes, done) => done(patchAlone(id, changes)));
