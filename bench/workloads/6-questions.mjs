import { fileURLToPath } from 'node:url';
import Database from 'better-sqlite3';
import { createClient, timeInTurns } from '../harness/client.mjs';
import { cores, startModule, stop } from '../harness/processes.mjs';
import { collectionPath } from '../harness/profiles.mjs';
import { milliseconds, rate } from '../harness/report.mjs';
import { rareWord } from '../million/rare-word.mjs';

const floorModule = fileURLToPath(new URL('../million/sql-floor.mjs', import.meta.url));
const quickRounds = 300;
const scanRounds = 7;
const pageSize = 100;

const address = (options, path = collectionPath) =>
  `${path}?${Object.entries(options)
    .map(([name, value]) => `${encodeURIComponent(name)}=${encodeURIComponent(value)}`)
    .join('&')}`;
const countAddress = (filter) => address({ $filter: filter }, `${collectionPath}/$count`);
const times = (ratio) => `${ratio.toFixed(2)} ×`;

/** The answer must be right before its time counts. */
function requireSame(what, found, expected) {
  if (JSON.stringify(found) !== JSON.stringify(expected))
    throw new Error(
      `${what}: ${JSON.stringify(found).slice(0, 500)}, not ${JSON.stringify(expected).slice(0, 500)}`,
    );
}

// The database itself.

/** Bytes a row of each table and index, the largest first. */
function objectFindings(file, rows) {
  const database = new Database(file, { readonly: true });
  const sizes = database
    .prepare('select name, pgsize from dbstat where aggregate = true order by 2 desc')
    .all();
  database.close();
  return sizes
    .filter(({ pgsize }) => pgsize >= rows)
    .map(({ name, pgsize }) => ({
      what: `Of which ${name}`,
      measured: `${rate(pgsize / rows)} bytes a row`,
    }));
}

function sizeFindings({ file, bytes, rows, loadMs, processorMs, cached }) {
  const seconds = loadMs / 1000;
  return [
    {
      what: `Load of ${rate(rows)} profiles by import${cached ? ' (seen when the cache was made)' : ''}`,
      measured: `${seconds.toFixed(0)} s (${(processorMs / 1000).toFixed(0)} s of the processor), ${rate(rows / seconds)} rows a second`,
    },
    {
      what: 'Database file',
      measured: `${(bytes / 2 ** 30).toFixed(2)} GiB, ${rate(bytes / rows)} bytes a row`,
    },
    ...objectFindings(file, rows),
  ];
}

// A question an index answers, beside hand-written SQL.

const publisher = 'Contoso Ltd';
const riskScore = '9';
const filter = `publisher eq '${publisher}' and riskScore eq '${riskScore}'`;
const indexedOptions = { $filter: filter, $orderby: 'lastModifiedDateTime desc', $top: 50 };

async function indexedFindings({ client, load }, file) {
  const { child, message } = await startModule(floorModule, [file], cores.server);
  const floor = createClient({ url: `http://127.0.0.1:${message.port}` });
  const floorPath = (path) => address({ publisher, riskScore }, path);
  const path = address(indexedOptions);
  try {
    const idsOf = async (from, asked) => (await from.askJson(asked)).value.map(({ id }) => id);
    requireSame('indexed question', await idsOf(client, path), await idsOf(floor, floorPath('/texts')));
    const alone = await timeInTurns(
      {
        service: () => client.ask(path),
        rows: () => floor.ask(floorPath('/rows')),
        texts: () => floor.ask(floorPath('/texts')),
      },
      quickRounds,
    );
    const loaded = {};
    const floorUrl = `http://127.0.0.1:${message.port}`;
    loaded.service = await load({ requests: [{ method: 'GET', path }] });
    for (const name of ['rows', 'texts']) {
      const requests = [{ method: 'GET', path: floorPath(`/${name}`) }];
      loaded[name] = await load({ target: { name, url: floorUrl }, requests });
    }
    const ratio = (name) => alone.service / alone[name];
    const loadRatio = (name) => loaded[name].requestsPerSecond / loaded.service.requestsPerSecond;
    const show = (name) =>
      `${milliseconds(alone[name])} ms alone, ${rate(loaded[name].requestsPerSecond)} a second`;
    return [
      { what: `${filter}, by lastModifiedDateTime desc, 50 rows`, measured: show('service') },
      {
        what: 'The same, hand-written SQL and JSON.stringify',
        measured: `${show('rows')}: the service takes ${times(ratio('rows'))} alone, ${times(loadRatio('rows'))} under load`,
        goal: '≤ 2 ×',
        met: Math.max(ratio('rows'), loadRatio('rows')) <= 2,
      },
      {
        what: 'The same, hand-written SQL, stored texts joined',
        measured: `${show('texts')}: ${times(ratio('texts'))} alone, ${times(loadRatio('texts'))} under load`,
      },
    ];
  } finally {
    floor.close();
    await stop(child);
  }
}

// Pages.

/** The link to the last page: by $skip to the page before it, whose link starts at a key like every other. */
async function lastPageLink(client, order, rows) {
  const page = await client.askJson(address({ $orderby: order, $skip: rows - 2 * pageSize }));
  const link = page['@odata.nextLink'];
  const last = await client.askJson(link);
  requireSame('last page', [last.value.length, last['@odata.nextLink']], [pageSize, undefined]);
  const [end] = (await client.askJson(address({ $orderby: `${order} desc,id desc`, $top: 1 }))).value;
  requireSame('last row', last.value.at(-1).id, end.id);
  return link;
}

async function pageFindings({ client }, rows) {
  const findings = [];
  for (const order of ['name', 'lastModifiedDateTime']) {
    const last = await lastPageLink(client, order, rows);
    const found = await timeInTurns(
      { first: () => client.ask(address({ $orderby: order })), last: () => client.ask(last) },
      quickRounds,
    );
    findings.push({
      what: `Last page of ${pageSize} by ${order}`,
      measured: `${milliseconds(found.last)} ms, first page ${milliseconds(found.first)} ms: ${times(found.last / found.first)}`,
      goal: '≤ 1.5 ×',
      met: found.last <= 1.5 * found.first,
    });
  }
  return findings;
}

// Texts.

async function textFindings({ client }, file) {
  const database = new Database(file, { readonly: true });
  const scanned = database
    .prepare('select count(*) from cloud_app_security_profile where instr(name, ?) > 0')
    .pluck()
    .get(rareWord);
  // An upper bound for $search: rows with the text anywhere, in any case.
  const anywhere = database
    .prepare("select count(*) from cloud_app_security_profile where json like '%' || ? || '%'")
    .pluck()
    .get(rareWord);
  database.close();
  requireSame('rows with the rare word', anywhere, scanned);
  const asks = {
    contains: countAddress(`contains(name,'${rareWord}')`),
    // No index holds the text of a call: the same answer, found by looking at every row.
    scan: countAddress(`contains(concat(name,''),'${rareWord}')`),
    search: address({ $search: rareWord }, `${collectionPath}/$count`),
    table: countAddress(`contains(manifest,'zzzz')`),
    page: address({
      $filter: `contains(name,'${rareWord}')`,
      $orderby: 'lastModifiedDateTime desc',
      $top: 50,
    }),
    searchPage: address({ $search: rareWord, $orderby: 'lastModifiedDateTime desc', $top: 50 }),
  };
  for (const name of ['contains', 'scan', 'search'])
    requireSame(name, Number((await client.ask(asks[name])).text), scanned);
  const found = await timeInTurns(
    Object.fromEntries(Object.entries(asks).map(([name, path]) => [name, () => client.ask(path)])),
    scanRounds,
  );
  const compare = (name) => ({
    measured: `${milliseconds(found[name])} ms: 1/${(found.scan / found[name]).toFixed(0)} of the scan`,
    goal: '≤ 1/20',
    met: found[name] * 20 <= found.scan,
  });
  return [
    {
      what: `Scan: count of contains(concat(name,''),'${rareWord}')`,
      measured: `${milliseconds(found.scan)} ms`,
    },
    { what: `Scan: count of contains(manifest,'zzzz')`, measured: `${milliseconds(found.table)} ms` },
    {
      what: `Count of contains(name,'${rareWord}'): ${rate(scanned)}, as the scan says`,
      ...compare('contains'),
    },
    { what: `Count of $search=${rareWord}: ${rate(scanned)}, as the scan says`, ...compare('search') },
    { what: `50 of contains(name,'${rareWord}') by lastModifiedDateTime desc`, ...compare('page') },
    { what: `50 of $search=${rareWord} by lastModifiedDateTime desc`, ...compare('searchPage') },
  ];
}

// Counts.

async function countFindings({ client }) {
  const top = { $top: 50 };
  const questions = {
    [`$count=true where an index answers (${filter})`]: {
      $filter: filter,
      $orderby: 'lastModifiedDateTime desc',
    },
    '$count=true of the whole collection': {},
    "$count=true without an index (platform eq 'Linux')": { $filter: "platform eq 'Linux'" },
  };
  const findings = [];
  for (const [what, options] of Object.entries(questions)) {
    const found = await timeInTurns(
      {
        plain: () => client.ask(address({ ...options, ...top })),
        counted: () => client.ask(address({ ...options, ...top, $count: true })),
      },
      scanRounds,
    );
    findings.push({
      what,
      measured: `${milliseconds(found.counted)} ms, without ${milliseconds(found.plain)} ms`,
    });
  }
  return findings;
}

async function study(tools) {
  const { data } = tools;
  return [
    ...sizeFindings(data),
    ...(await indexedFindings(tools, data.file)),
    ...(await pageFindings(tools, data.rows)),
    ...(await textFindings(tools, data.file)),
    ...(await countFindings(tools)),
  ];
}

/** What an analyst asks of a million profiles. */
export const workload = {
  name: 'questions',
  title: 'Questions',
  fixture: { rows: 1_000_000, imported: true },
  study,
};
