/** Floor of the filtered list: hand-written SQL with an index of its own, the stored texts joined. */
import { openProfileStore, tenantId } from './profile-store.mjs';
import { serveStore } from './sqlite-server.mjs';

const [rowsFile, folder] = process.argv.slice(2);
const store = openProfileStore(rowsFile, folder);
const publisher = "json ->> 'publisher'";
const risk = "json ->> 'riskScore'";
store.database.exec(`create index listed on profile (tenant_id, ${publisher}, ${risk}, modified)`);
const select = store.database
  .prepare(
    `select json from profile where tenant_id = ? and ${publisher} = ? and ${risk} = ? order by modified desc limit 50`,
  )
  .pluck();

const quoted = /'([^']*)'/g;

serveStore(
  store,
  () => {
    throw new Error('this floor only reads');
  },
  (address) => {
    const [own, score] = [...decodeURIComponent(address).matchAll(quoted)].map(([, text]) => text);
    return `{"value":[${select.all(tenantId, own, score).join(',')}]}`;
  },
);
