/** Floor 2: `node:http` and better-sqlite3, one transaction for each write at `synchronous=FULL`. */
import { openProfileStore } from './profile-store.mjs';
import { serveStore } from './sqlite-server.mjs';

const [rowsFile, folder] = process.argv.slice(2);
const store = openProfileStore(rowsFile, folder);
const writeAlone = store.database.transaction(store.write);

serveStore(store, (id, values, done) => done(writeAlone(id, values)));
