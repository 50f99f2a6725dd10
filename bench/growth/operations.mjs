/** The operations whose cost is compared as the data grow: each is one request, alone on one connection. */
import { collectionPath, profileBody } from '../harness/profiles.mjs';
import { createRandom, shuffle } from '../harness/random.mjs';
import { rareEvery, rareWord } from '../million/rare-word.mjs';

const pageSize = 100;
const parts = 20;
const type = { 'content-type': 'application/json' };

const address = (options, path = collectionPath) =>
  `${path}?${Object.entries(options)
    .map(([name, value]) => `${encodeURIComponent(name)}=${encodeURIComponent(value)}`)
    .join('&')}`;
const count = (options) => address(options, `${collectionPath}/$count`);

/** As many of these as are asked for are among the smallest data. */
const listed = {
  $filter: "publisher eq 'Alpine Ski House AB' and riskScore eq 'High'",
  $orderby: 'lastModifiedDateTime desc',
  $top: 10,
};

/** Addresses of the page after half of the rows by name, and of the last full one: each starts at a key. */
async function findPages(client, rows) {
  const linkAfter = async (skipped) => {
    const page = await client.askJson(address({ $orderby: 'name', $skip: skipped }));
    return page['@odata.nextLink'];
  };
  return { middle: await linkAfter(rows / 2 - pageSize), last: await linkAfter(rows - 2 * pageSize) };
}

/** Reads; `expected` is how the time may grow with the rows. */
async function createReads(client, { ids, rows }) {
  const pages = await findPages(client, rows);
  const isPage = (size) => (text) => JSON.parse(text).value.length === size;
  const isCount = (expected) => (text) => Number(text) === expected;
  const matches = Math.ceil(rows / rareEvery);
  let turn = 0;
  const nextId = () => {
    turn += 1;
    return ids[turn % ids.length];
  };
  const read = (title, expected, path, isRight) => ({
    title,
    expected,
    path: typeof path === 'string' ? () => path : path,
    isRight,
  });
  return [
    read(
      'GET one',
      'flat',
      () => `${collectionPath}/${nextId()}`,
      (text) => ids.includes(JSON.parse(text).id),
    ),
    read(`First page of ${pageSize}`, 'flat', collectionPath, isPage(pageSize)),
    read('Page in the middle, by name', 'flat', pages.middle, isPage(pageSize)),
    read('Last page, by name', 'flat', pages.last, isPage(pageSize)),
    read(`Filtered list of ${listed.$top}, by an index`, 'flat', address(listed), isPage(listed.$top)),
    read(
      `Count of contains(name,…), 1 in ${rareEvery}`,
      'linear',
      count({ $filter: `contains(name,'${rareWord}')` }),
      isCount(matches),
    ),
    read(`Count of $search, 1 in ${rareEvery}`, 'linear', count({ $search: rareWord }), isCount(matches)),
    read(
      'Scan: count of contains(manifest,…)',
      'linear',
      count({ $filter: "contains(manifest,'zzzz')" }),
      isCount(0),
    ),
    read('$count of all', 'linear', `${collectionPath}/$count`, isCount(rows)),
  ].map(({ path, ...operation }) => ({ ...operation, ask: () => client.ask(path()) }));
}

function createWrites(client, { ids, rows }) {
  const random = createRandom(rows);
  let turn = 0;
  // Never the name a row has: every PATCH changes something.
  const nextPatch = () => {
    turn += 1;
    return { id: ids[turn % ids.length], body: { name: `growth ${turn}` } };
  };
  const patchOne = () => {
    const { id, body } = nextPatch();
    return client.ask(`${collectionPath}/${id}`, {
      method: 'PATCH',
      headers: type,
      body: JSON.stringify(body),
    });
  };
  const postOne = () => {
    turn += 1;
    const body = JSON.stringify(profileBody(turn, random));
    return client.ask(collectionPath, { method: 'POST', headers: type, body });
  };
  const patchMany = () => {
    const requests = Array.from({ length: parts }, (_, index) => {
      const { id, body } = nextPatch();
      const url = `${collectionPath.replace('/beta', '')}/${id}`;
      return { id: String(index + 1), method: 'PATCH', url, headers: type, body };
    });
    return client.ask('/beta/$batch', { method: 'POST', headers: type, body: JSON.stringify({ requests }) });
  };
  const isPatched = ({ name }) => name === `growth ${turn}`;
  const isBatch = ({ responses }) =>
    responses.length === parts &&
    responses.every(({ status }) => status === 200) &&
    responses.some(({ body }) => isPatched(body));
  return [
    { title: 'PATCH one', ask: patchOne, isRight: (text) => isPatched(JSON.parse(text)) },
    { title: 'POST one', ask: postOne, isRight: (text) => typeof JSON.parse(text).id === 'string' },
    { title: `$batch of ${parts} PATCHes`, ask: patchMany, isRight: (text) => isBatch(JSON.parse(text)) },
  ].map((operation) => ({ ...operation, expected: 'flat' }));
}

/**
 * What is asked of one data set (`{ ids, rows }`), each looked at once: `{ reads, writes }` of `{ title, expected, ask }`.
 * Whoever measures all reads before the writes finds the rows as they were loaded.
 */
export async function createOperations(client, data) {
  const ids = shuffle(data.ids, createRandom(data.rows));
  const reads = await createReads(client, { ...data, ids });
  const writes = createWrites(client, { ...data, ids });
  // A fast wrong answer must not count.
  for (const { title, ask, isRight } of [...reads, ...writes]) {
    const { text } = await ask();
    if (!isRight(text)) throw new Error(`${title} is not what was asked for:\n${text.slice(0, 2000)}`);
  }
  return { reads, writes };
}
