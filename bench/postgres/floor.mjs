/**
 * What a careful hand can do with `pg`, the service's own table and a pool as large as the service's: `floor.mjs URL
 * POOL`. Behind `node:http` it reads or changes one row, or answers a question with SQL written by hand; told by a
 * message, it does the same in a loop, without HTTP. It knows no tokens, no tenants but one, no validation, no change
 * records and no indexed texts.
 */
import { createServer } from 'node:http';
import { performance } from 'node:perf_hooks';
import pg from 'pg';
import { listen } from '../floors/listen.mjs';
import { importBuilt } from '../harness/dist.mjs';
import { collectionPath } from '../harness/profiles.mjs';
import { questions } from './questions.mjs';

const { testTenantId } = await importBuilt('auth/test-people.js');
const [url, poolSize] = process.argv.slice(2);
const pool = new pg.Pool({ connectionString: url, max: Number(poolSize), options: '-c jit=off' });

const table = '"cloud_app_security_profile"';
const row = 'where "tenant_id" = $1 and "id" = $2';
const statements = {
  select: { name: 'select', text: `select "version", "json" from ${table} ${row}` },
  ...updatesOf('name', 'name'),
  ...updatesOf('riskScore', 'risk_score'),
};

/** A change of one column of the service's table, and of one with nothing but a primary key: the least it can cost. */
function updatesOf(property, column) {
  const change = (name) => `update "${name}" set "version" = "version" + 1, "${column}" = $3,
    "last_modified_date_time" = $4, "json" = $5 where "tenant_id" = $1 and "id" = $2 returning "version", "json"`;
  const [same, plain] = [`${property}`, `${property} plain`];
  return {
    [same]: { name: same, text: change('cloud_app_security_profile') },
    [plain]: { name: plain, text: change('plain') },
  };
}

/** Texts of the rows that may be changed, as they were at the start. */
const texts = new Map();

async function remember(ids) {
  const text = `select "id", "json" from ${table} where "tenant_id" = $1 and "id" = any($2)`;
  const { rows } = await pool.query(text, [testTenantId, ids]);
  for (const { id, json } of rows) texts.set(id, json);
  await pool.query('drop table if exists "plain"');
  await pool.query(`create table "plain" as select "tenant_id", "id", "version", "name", "risk_score",
    "last_modified_date_time", "json" from ${table}`);
  await pool.query('alter table "plain" add primary key ("tenant_id", "id")');
  await pool.query('analyze "plain"');
}

/** Ticks of 100 ns since 0001-01-01, as the service keeps instants. */
const ticksNow = () => String(BigInt(Date.now()) * 10_000n + 621_355_968_000_000_000n);

const run = async (statement, values) => (await pool.query({ ...statement, values })).rows;

const select = async (id) => (await run(statements.select, [testTenantId, id]))[0].json;

async function update(statement, id, body) {
  const json = JSON.stringify({ ...JSON.parse(texts.get(id)), ...body });
  const [value] = Object.values(body);
  return (await run(statements[statement], [testTenantId, id, value, ticksNow(), json]))[0].json;
}

/** What one turn of a loop does, by the loop's name. */
const loops = {
  select: (id) => select(id),
  name: (id, count) => update('name', id, { name: `loop ${count}` }),
  'name plain': (id, count) => update('name plain', id, { name: `loop ${count}` }),
  riskScore: (id, count) => update('riskScore', id, { riskScore: `loop ${count}` }),
  'riskScore plain': (id, count) => update('riskScore plain', id, { riskScore: `loop ${count}` }),
};

/** So many at a time, each with rows of its own; resolves with how many a second. */
async function runLoop({ loop, ids, connections, seconds }) {
  const work = loops[loop];
  let endMs = 0;
  let done = 0;
  const worker = async (index) => {
    for (let count = index; performance.now() < endMs; count += connections) {
      await work(ids[count % ids.length], count);
      done += 1;
    }
  };
  const measure = async (lengthMs) => {
    done = 0;
    endMs = performance.now() + lengthMs;
    await Promise.all(Array.from({ length: connections }, (_, index) => worker(index)));
    return done / (lengthMs / 1000);
  };
  await measure(1000);
  return measure(seconds * 1000);
}

process.on('message', async ({ ids, loop, ...task }) => {
  try {
    if (loop === undefined) {
      await remember(ids);
      process.send({ ready: true });
    } else process.send({ perSecond: await runLoop({ ids, loop, ...task }) });
  } catch (error) {
    process.send({ failure: error.message });
  }
});

function answer(response, text) {
  const length = Buffer.byteLength(text);
  response.writeHead(200, { 'content-type': 'application/json', 'content-length': length }).end(text);
}

/** `/question/NAME`, or the row `/…/ID`. */
async function handle(request, body) {
  if (request.url.startsWith('/question/')) {
    const { sql, parameters, write } = questions[request.url.slice('/question/'.length)];
    const name = request.url.slice(-50);
    return write(await run({ name, text: sql }, [testTenantId, ...parameters]));
  }
  const id = request.url.slice(collectionPath.length + 1);
  if (request.method === 'GET') return select(id);
  const changes = JSON.parse(body);
  return update(Object.keys(changes)[0], id, changes);
}

listen(
  createServer((request, response) => {
    const chunks = [];
    request.on('data', (chunk) => chunks.push(chunk));
    request.on('end', () => {
      handle(request, Buffer.concat(chunks).toString('utf8')).then(
        (text) => answer(response, text),
        (error) => response.writeHead(500).end(error.message),
      );
    });
  }),
);
