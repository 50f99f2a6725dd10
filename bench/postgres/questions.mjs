/**
 * What an analyst asks of many profiles, as the service is asked and as SQL written by hand over the service's own
 * tables; `$1` is the tenant. The hand knows that no text is too long for an index (`not "oversized"`).
 */
import { collectionPath } from '../harness/profiles.mjs';
import { rareWord } from '../million/rare-word.mjs';

const address = (options, path = collectionPath) =>
  `${path}?${Object.entries(options)
    .map(([name, value]) => `${encodeURIComponent(name)}=${encodeURIComponent(value)}`)
    .join('&')}`;
const countAddress = (options) => address(options, `${collectionPath}/$count`);

const table = '"cloud_app_security_profile"';
const texts = '"cloud_app_security_profile_text"';
const own = '"tenant_id" = $1';
/** Runs of three characters are kept as numbers of 21 bits for each. */
const gram = [...rareWord].reduce((number, each) => (number << 21n) | BigInt(each.codePointAt(0)), 0n);
const containing = `${own} and "id" in (select "id" from ${texts}
  where ${own} and "place" = 'name' and "grams" @> array[${gram}]::bigint[]) and position('${rareWord}' in "name") > 0`;
const searched = `${own} and "id" in (select "id" from ${texts}
  where ${own} and casp_word_vector("words") @@ '${rareWord}'::tsquery)`;
const newest = 'order by "last_modified_date_time" desc, "id" desc';

const page = (path, sql, parameters = []) => ({
  path,
  sql: `select "json" ${sql}`,
  parameters,
  write: (rows) => `{"value":[${rows.map(({ json }) => json).join(',')}]}`,
  /** What must be equal in the service's answer and the floor's. */
  read: (text) => JSON.parse(text).value.map(({ id }) => id),
});
const count = (path, sql, parameters = []) => ({
  path,
  sql: `select count(*) as "count" ${sql}`,
  parameters,
  write: ([row]) => String(row.count),
  read: Number,
});

const publisher = 'Contoso Ltd';
const riskScore = '9';
const filter = `publisher eq '${publisher}' and riskScore eq '${riskScore}'`;
const indexed = `from ${table} where ${own} and "publisher" = $2 and "risk_score" = $3 and not "oversized"`;

/** By a name without spaces, which stands in the floor's address. */
export const questions = {
  indexed: {
    title: `${filter}, by lastModifiedDateTime desc, 50 rows`,
    rounds: 200,
    ...page(
      address({ $filter: filter, $orderby: 'lastModifiedDateTime desc', $top: 50 }),
      `${indexed} ${newest} limit 50`,
      [publisher, riskScore],
    ),
  },
  indexedCount: {
    title: `Count of ${filter}`,
    rounds: 20,
    ...count(countAddress({ $filter: filter }), indexed, [publisher, riskScore]),
  },
  first: {
    title: 'First page of 100',
    rounds: 200,
    ...page(collectionPath, `from ${table} where ${own} order by "id" limit 100`),
  },
  byName: {
    title: 'First page of 100 by name',
    rounds: 200,
    ...page(
      address({ $orderby: 'name' }),
      `from ${table} where ${own} and not "oversized" order by "name" nulls first, "id" limit 100`,
    ),
  },
  contains: {
    title: `Count of contains(name,'${rareWord}')`,
    rounds: 20,
    ...count(countAddress({ $filter: `contains(name,'${rareWord}')` }), `from ${table} where ${containing}`),
  },
  containsPage: {
    title: `50 of contains(name,'${rareWord}') by lastModifiedDateTime desc`,
    rounds: 20,
    ...page(
      address({ $filter: `contains(name,'${rareWord}')`, $orderby: 'lastModifiedDateTime desc', $top: 50 }),
      `from ${table} where ${containing} ${newest} limit 50`,
    ),
  },
  search: {
    title: `Count of $search=${rareWord}`,
    rounds: 20,
    ...count(countAddress({ $search: rareWord }), `from ${table} where ${searched}`),
  },
  searchPage: {
    title: `50 of $search=${rareWord} by lastModifiedDateTime desc`,
    rounds: 20,
    ...page(
      address({ $search: rareWord, $orderby: 'lastModifiedDateTime desc', $top: 50 }),
      `from ${table} where ${searched} ${newest} limit 50`,
    ),
  },
  scan: {
    title: `Scan: count of contains(concat(name,''),'${rareWord}')`,
    rounds: 5,
    ...count(
      countAddress({ $filter: `contains(concat(name,''),'${rareWord}')` }),
      `from ${table} where ${own} and position('${rareWord}' in "name") > 0`,
    ),
  },
  equal: {
    title: "Scan: count of platform eq 'Linux'",
    rounds: 5,
    ...count(
      countAddress({ $filter: "platform eq 'Linux'" }),
      `from ${table} where ${own} and "platform" = 'Linux'`,
    ),
  },
  all: {
    title: 'Count of all',
    rounds: 5,
    ...count(countAddress({}), `from ${table} where ${own}`),
  },
};
