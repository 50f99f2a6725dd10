/**
 * Indexes over texts: a table beside each entity table with one row for each text, so that a change of one property
 * rewrites no more than that property's row. Words are found as lexemes, parts of texts by runs of three characters;
 * both come split from the service, so that the server's locale and extensions play no part.
 */
import type { EntityValues, Leaf, Model } from '../../edm/types.ts';
import type { AskedRows, RowAddress, TextIndexes, WordSequence } from '../../sql/dialect.ts';
import { foldedDocuments, wordDocuments } from '../../sql/search-documents.ts';
import { foldText, trigramsOf } from '../../sql/search-text.ts';
import { type Fragment, finish, identifier, join, type Statement, sql } from '../../sql/statement.ts';
import { type EntityTable, tableOf } from '../../sql/table.ts';
import type { TableDefinition } from '../schema.ts';
import type { EngineIndex } from './ddl.ts';
import { unreadText, wordCharactersMax } from './functions.ts';
import { placeholder } from './placeholder.ts';

const textTableName = (table: EntityTable): string => `${table.name}_text`;

/** The tables and indexes that hold the texts of a model. */
export function textSchemaOf(model: Model): {
  readonly tables: readonly TableDefinition[];
  readonly indexes: readonly EngineIndex[];
} {
  const names = model.entitySets.map((entitySet) => textTableName(tableOf(entitySet)));
  return { tables: names.map(textTable), indexes: names.flatMap(textIndexes) };
}

const textTable = (name: string): TableDefinition => ({
  name,
  columns: [
    { name: 'tenant_id', type: 'text not null' },
    { name: 'id', type: 'text not null' },
    // The path of the property: it stays when the model grows.
    { name: 'place', type: 'text not null' },
    { name: 'words', type: 'text not null' },
    { name: 'grams', type: 'bigint[]' },
  ],
  primaryKey: ['tenant_id', 'id', 'place'],
  numbered: false,
  clustered: false,
});

/** Without a pending list, whose emptying would make one writer in a thousand wait for all. */
const textIndexes = (table: string): readonly EngineIndex[] => [
  {
    name: `${table}_by_word`,
    table,
    definition: 'using gin (casp_word_vector("words")) with (fastupdate = off)',
  },
  {
    name: `${table}_by_gram`,
    table,
    definition: 'using gin ("grams") with (fastupdate = off) where "grams" is not null',
  },
];

/** A row of the table. */
interface TextRow {
  readonly place: string;
  readonly words: string;
  readonly grams: readonly bigint[] | null;
}

/** The rows of an entity, or of those of its texts whose property `changed` names. */
function textRows(table: EntityTable, values: EntityValues, changed?: readonly string[]): readonly TextRow[] {
  const words = new Map(
    wordDocuments(table, values, changed).map((each) => [each.text.leaf.path, each.words]),
  );
  const folded = new Map(
    foldedDocuments(table, values, changed).map((each) => [each.text.leaf.path, each.folded]),
  );
  return [...new Set([...words.keys(), ...folded.keys()])].map((place) => {
    const text = folded.get(place);
    return {
      place,
      words: words.get(place) ?? '',
      grams: text === undefined ? null : gramsOf(text),
    };
  });
}

/** Runs of three characters kept of one text; a longer one is looked at itself whenever somebody asks. */
const gramsMax = 5000;

/** Stands for a text whose runs are not kept. */
const unreadGram = -1n;

/** The runs of three characters as numbers: a code point has 21 bits. */
function gramsOf(folded: string): readonly bigint[] {
  const grams = trigramsOf(folded);
  return grams.length > gramsMax ? [unreadGram] : grams.map(gramNumber);
}

const gramNumber = (gram: string): bigint =>
  [...gram].reduce((number, character) => (number << 21n) | BigInt(character.codePointAt(0) ?? 0), 0n);

/** The hook of the dialect. */
export const postgresTextIndexes: TextIndexes = {
  insert(address, values) {
    const table = tableOf(address.entitySet);
    return finishAll(writeRows(textRows(table, values), address, table));
  },
  update(address, { before, after, changed }) {
    const table = tableOf(address.entitySet);
    const old = textRows(table, before, changed);
    const made = textRows(table, after, changed);
    const gone = old.filter(({ place }) => !made.some((row) => row.place === place));
    const differing = made.filter((row) => !old.some((each) => isSame(each, row)));
    return finishAll([...deleteRows(gone, address, table), ...writeRows(differing, address, table)]);
  },
  delete: ({ entitySet, tenantId, id }) =>
    finishAll([
      sql`delete from ${identifier(textTableName(tableOf(entitySet)))} where "tenant_id" = ${tenantId} and "id" = ${id}`,
    ]),
  selectMatching(asked, sequences) {
    const [first, ...others] = sequences.map((sequence) => selectSequence(sequence, asked));
    if (first === undefined) throw new Error('a search for nothing');
    return others.reduce((before, next) => sql`${before} union all ${next}`, first);
  },
  selectContaining(asked, leaf, part) {
    const table = tableOf(asked.entitySet);
    const grams = trigramsOf(foldText(part)).slice(0, gramsAskedMax).map(gramNumber);
    if (grams.length === 0 || !table.substrings.some((indexed) => indexed.leaf.path === leaf.path))
      return undefined;
    const holds = sql`("t"."grams" @> ${grams}::bigint[] or "t"."grams" @> ${[unreadGram]}::bigint[])`;
    return selectRows(asked, leaf, holds);
  },
};

const finishAll = (fragments: readonly Fragment[]): readonly Statement[] =>
  fragments.map((each) => finish(each, placeholder));

/** Runs asked for of a long part: more find hardly fewer rows. */
const gramsAskedMax = 24;

const isSame = (left: TextRow, right: TextRow): boolean =>
  left.place === right.place && left.words === right.words && left.grams?.join() === right.grams?.join();

function writeRows(
  rows: readonly TextRow[],
  { tenantId, id }: RowAddress,
  table: EntityTable,
): readonly Fragment[] {
  if (rows.length === 0) return [];
  const values = rows.map(
    ({ place, words, grams }) => sql`(${tenantId}, ${id}, ${place}, ${words}, ${grams}::bigint[])`,
  );
  return [
    sql`insert into ${identifier(textTableName(table))} ("tenant_id", "id", "place", "words", "grams") values ${join(values, ', ')} on conflict ("tenant_id", "id", "place") do update set "words" = excluded."words", "grams" = excluded."grams"`,
  ];
}

function deleteRows(
  rows: readonly TextRow[],
  { tenantId, id }: RowAddress,
  table: EntityTable,
): readonly Fragment[] {
  if (rows.length === 0) return [];
  const places = join(
    rows.map(({ place }) => sql`${place}`),
    ', ',
  );
  return [
    sql`delete from ${identifier(textTableName(table))} where "tenant_id" = ${tenantId} and "id" = ${id} and "place" in (${places})`,
  ];
}

function selectSequence({ words, leaf }: WordSequence, asked: AskedRows): Fragment {
  const last = words.length - 1;
  if (last < 0) throw new Error('a search for no words');
  const lexemes = words.map((word, index) => `${quoteLexeme(word)}${index === last ? ':*' : ''}`);
  const question = `${lexemes.join(' & ')} | '${unreadText}'`;
  // The index knows which words a text has, not whether they stand side by side.
  const holds = sql`casp_word_vector("t"."words") @@ ${question}::tsquery and strpos(' ' || "t"."words", ${` ${words.join(' ')}`}) > 0`;
  return selectRows(asked, leaf, holds);
}

/** Letters and digits as a lexeme of a tsquery, cut like those of the index. */
function quoteLexeme(word: string): string {
  const begin = [...word].slice(0, wordCharactersMax).join('');
  return `'${begin.replaceAll('\\', '\\\\').replaceAll("'", "''")}'`;
}

function selectRows({ entitySet, tenantId }: AskedRows, leaf: Leaf | undefined, holds: Fragment): Fragment {
  const table = tableOf(entitySet);
  if (leaf !== undefined && !table.texts.some((text) => text.leaf.path === leaf.path))
    throw new Error(`${leaf.path} is not searched`);
  const placed = leaf === undefined ? sql`` : sql` and "t"."place" = ${leaf.path}`;
  return sql`select "t"."id" from ${identifier(textTableName(table))} as "t" where "t"."tenant_id" = ${tenantId}${placed} and ${holds}`;
}
