/**
 * What a careful hand would write for one question over the same table: `node:http`, better-sqlite3, a prepared
 * statement and JSON.stringify. `/rows` builds objects from the columns; `/texts` joins the stored texts.
 * It knows no tokens, writes no annotations and no links, and leaves instants as numbers.
 */
import { createServer } from 'node:http';
import Database from 'better-sqlite3';
import { listen } from '../floors/listen.mjs';
import { importBuilt } from '../harness/dist.mjs';

const { testTenantId } = await importBuilt('auth/test-people.js');

const [file] = process.argv.slice(2);
const database = new Database(file, { readonly: true });
const table = 'cloud_app_security_profile';
const columns = database
  .pragma(`table_info("${table}")`)
  .map(({ name }) => name)
  .filter((name) => !['tenant_id', 'row_id', 'json'].includes(name));
const question = `from "${table}" where "tenant_id" = ? and "publisher" = ? and "risk_score" = ?
  order by "last_modified_date_time" desc, "id" limit 50`;
const rows = database.prepare(`select ${columns.map((name) => `"${name}"`).join(', ')} ${question}`);
const texts = database.prepare(`select "json" ${question}`).pluck();

const answers = {
  '/rows': (...asked) => JSON.stringify({ value: rows.all(...asked) }),
  '/texts': (...asked) => `{"value":[${texts.all(...asked).join(',')}]}`,
};

listen(
  createServer((request, response) => {
    const { pathname, searchParams } = new URL(request.url, 'http://127.0.0.1');
    const text = answers[pathname](
      testTenantId,
      searchParams.get('publisher'),
      searchParams.get('riskScore'),
    );
    const length = Buffer.byteLength(text);
    response.writeHead(200, { 'content-type': 'application/json', 'content-length': length }).end(text);
  }),
);
