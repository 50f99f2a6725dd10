/**
 * Indexes over texts, with FTS5. Each text of a row is a document of its own, so that a change of one property
 * costs no more than that property; its number is `row_id * 32 + place`.
 */
import type { EntitySet, EntityValues, Leaf } from '../../edm/types.ts';
import type { RowAddress, TextIndexes, WordSequence } from '../../sql/dialect.ts';
import { foldedDocuments, wordDocuments } from '../../sql/search-documents.ts';
import { foldText, trigramsOf } from '../../sql/search-text.ts';
import {
  createShapes,
  type Fragment,
  finish,
  identifier,
  join,
  type Statement,
  sql,
} from '../../sql/statement.ts';
import { type EntityTable, type TextLeaf, tableOf } from '../../sql/table.ts';

/** Texts an entity may have: the documents of a row are numbered from `row_id * 32`. */
export const placesPerRow = 32;

/** The FTS5 tables of an entity table. */
export const indexNames = (table: EntityTable) => ({
  words: `${table.name}_words`,
  substrings: `${table.name}_substrings`,
});

/** A text by its place in the row. */
type Document = readonly [place: number, text: string];

/** Documents of a row, those without content left out. */
export interface Documents {
  readonly words: readonly Document[];
  readonly substrings: readonly Document[];
}

/** What the indexes hold of an entity's values, or of those among them that `changed` names. */
export function documentsOf(
  table: EntityTable,
  values: EntityValues,
  changed?: readonly string[],
): Documents {
  return {
    words: wordDocuments(table, values, changed).map(({ text, words }): Document => [text.place, words]),
    substrings: foldedDocuments(table, values, changed).map(
      ({ text, folded }): Document => [text.place, folded],
    ),
  };
}

/** The hook of the dialect. */
export const sqliteTextIndexes: TextIndexes = {
  insert(address, values) {
    const table = tableOf(address.entitySet);
    return writeDocuments(nothing, documentsOf(table, values), address, table);
  },
  update(address, { before, after, changed }) {
    const table = tableOf(address.entitySet);
    const old = documentsOf(table, before, changed);
    const made = documentsOf(table, after, changed);
    return writeDocuments(withoutCommon(old, made), withoutCommon(made, old), address, table);
  },
  delete: (address) => deleteDocuments(address).map((each) => finish(each, placeholder)),
  selectMatching({ entitySet }, sequences) {
    const table = tableOf(entitySet);
    const anywhere = sequences.filter(({ leaf }) => leaf === undefined);
    const narrowed = sequences.filter(({ leaf }) => leaf !== undefined);
    const selections = [
      ...(anywhere.length === 0 ? [] : [selectWords(anywhere, table, undefined)]),
      ...narrowed.map((sequence) => {
        const place = table.texts.find(({ leaf }) => leaf.path === sequence.leaf?.path)?.place;
        if (place === undefined) throw new Error(`${sequence.leaf?.path} is not searched`);
        return selectWords([sequence], table, place);
      }),
    ];
    const [first, ...others] = selections;
    if (first === undefined) throw new Error('a search for nothing');
    return others.reduce((before, next) => sql`${before} union all ${next}`, first);
  },
  selectContaining({ entitySet }, leaf, part) {
    const table = tableOf(entitySet);
    const place = table.substrings.find((indexed) => indexed.leaf.path === leaf.path)?.place;
    const trigrams = trigramsOf(foldText(part));
    // FTS5 reads texts up to the first U+0000.
    if (place === undefined || trigrams.length === 0 || part.includes('\0')) return undefined;
    const question = trigrams.slice(0, trigramsMax).map(quoteWord).join(' AND ');
    return selectDocuments(indexNames(table).substrings, question, place);
  },
};

/** Trigrams asked for of a long part: more find hardly fewer rows. */
const trigramsMax = 24;

/** A string of FTS5's query language. */
const quoteWord = (word: string): string => `"${word.replaceAll('"', '""')}"`;

function selectWords(
  sequences: readonly WordSequence[],
  table: EntityTable,
  place: number | undefined,
): Fragment {
  const question = sequences.map(({ words }) => {
    if (words.length === 0) throw new Error('a search for no words');
    return `${quoteWord(words.join(' '))} *`;
  });
  return selectDocuments(indexNames(table).words, question.join(' OR '), place);
}

function selectDocuments(index: string, question: string, place: number | undefined): Fragment {
  const name = identifier(index);
  const placed =
    place === undefined ? sql`` : sql` and ("rowid" & ${BigInt(placesPerRow - 1)}) = ${BigInt(place)}`;
  return sql`select "rowid" / ${BigInt(placesPerRow)} from ${name} where ${name} match ${question}${placed}`;
}

/** Documents that are not the same on the other side. */
function withoutCommon(documents: Documents, other: Documents): Documents {
  const differing = (mine: readonly Document[], others: readonly Document[]) =>
    mine.filter(([place, text]) => !others.some((each) => each[0] === place && each[1] === text));
  return {
    words: differing(documents.words, other.words),
    substrings: differing(documents.substrings, other.substrings),
  };
}

const textOf = createShapes();

/** SQLite's spelling of a parameter. */
const placeholder = (): string => '?';

const nothing: Documents = { words: [], substrings: [] };

function writeDocuments(
  old: Documents,
  made: Documents,
  address: RowAddress,
  table: EntityTable,
): readonly Statement[] {
  const names = indexNames(table);
  return [
    ...writeInto(names.words, old.words, made.words, address, table),
    ...writeInto(names.substrings, old.substrings, made.substrings, address, table),
  ];
}

/**
 * A statement for each document, because one for several rows opens a statement journal, which makes every FTS5 table
 * write what it holds; without, they write once, at the commit, for all works that share it.
 */
function writeInto(
  index: string,
  old: readonly Document[],
  made: readonly Document[],
  { tenantId, id }: RowAddress,
  table: EntityTable,
): readonly Statement[] {
  const text = textOf(index, () => {
    const name = identifier(index);
    const row = sql`(select "row_id" from ${identifier(table.name)} where "tenant_id" = ${null} and "id" = ${null})`;
    const document = sql`${row} * ${null} + ${null}`;
    return finish(
      sql`insert into ${name} (${name}, "rowid", "text") values (${null}, ${document}, ${null})`,
      placeholder,
    );
  });
  const write = (kind: 'delete' | null, [place, document]: Document): Statement => ({
    text,
    parameters: [kind, tenantId, id, BigInt(placesPerRow), BigInt(place), document],
  });
  // FTS5 keeps no texts here: it must be told what to forget, and before it learns what is new.
  return [
    ...old.map((document) => write('delete', document)),
    ...made.map((document) => write(null, document)),
  ];
}

/** Reads the texts from the row itself, which still stands. */
function deleteDocuments({ entitySet, tenantId, id }: RowAddress): Fragment[] {
  const table = tableOf(entitySet);
  const names = indexNames(table);
  const words = table.texts.map(({ leaf }) => wordsInSql(leaf, table, tenantId));
  const substrings = table.substrings.map(
    ({ place, leaf }) => sql`${BigInt(place)}, casp_fold(${columnOf(leaf, table)})`,
  );
  const row = sql`"tenant_id" = ${tenantId} and "e"."id" = ${id}`;
  const forget = (index: string, texts: Fragment, place: Fragment, text: Fragment) => {
    const name = identifier(index);
    return sql`insert into ${name} (${name}, "rowid", "text") select 'delete', "row_id" * ${BigInt(placesPerRow)} + ${place}, ${text} from ${identifier(table.name)} as "e", json_each(json_array(${texts})) as "d" where ${row} and ${text} <> ''`;
  };
  const forgotten = [forget(names.words, join(words, ', '), sql`"d"."key"`, sql`"d"."value"`)];
  if (substrings.length === 0) return forgotten;
  const pairs = join(
    substrings.map((pair) => sql`json_array(${pair})`),
    ', ',
  );
  return [...forgotten, forget(names.substrings, pairs, sql`("d"."value" ->> 0)`, sql`("d"."value" ->> 1)`)];
}

function wordsInSql(leaf: Leaf, table: EntityTable, tenantId: RowAddress['tenantId']): Fragment {
  if (leaf.type.kind !== 'collection') return sql`casp_words(${columnOf(leaf, table)})`;
  const items = table.collections.find(({ property }) => property === leaf.property);
  if (items === undefined) throw new Error(`no items of ${leaf.path}`);
  const name = identifier(items.name);
  return sql`casp_item_words((select json_group_array("value" order by "ordinal") from ${name} where ${name}."tenant_id" = ${tenantId} and ${name}."row_id" = "e"."row_id"))`;
}

function columnOf(leaf: Leaf, table: EntityTable): Fragment {
  if (leaf.property.access === 'key') return sql`"e"."id"`;
  const column = table.columns.find(({ path }) => path === leaf.path);
  if (column === undefined) throw new Error(`no column for ${leaf.path}`);
  return sql`"e".${identifier(column.name)}`;
}

/** What the indexes of a set are made of. */
export function indexLayout(entitySet: EntitySet): string {
  const { texts, substrings } = tableOf(entitySet);
  const places = (leaves: readonly TextLeaf[]) => leaves.map(({ place, leaf }) => [place, leaf.path]);
  return JSON.stringify({ version: 1, words: places(texts), substrings: places(substrings) });
}

interface Layout {
  readonly version: number;
  readonly words: readonly unknown[];
  readonly substrings: readonly unknown[];
}

/** Whether indexes of the one layout hold all that the other asks for; a newer program's may hold more. */
export function holdsLayout(made: string, asked: string): boolean {
  if (made === asked) return true;
  const has = parseLayout(made);
  const needs = parseLayout(asked);
  if (has === undefined || needs === undefined || has.version !== needs.version) return false;
  const holds = (own: readonly unknown[], wanted: readonly unknown[]) => {
    const known = new Set(own.map((each) => JSON.stringify(each)));
    return wanted.every((each) => known.has(JSON.stringify(each)));
  };
  return holds(has.words, needs.words) && holds(has.substrings, needs.substrings);
}

function parseLayout(text: string): Layout | undefined {
  try {
    return JSON.parse(text) as Layout;
  } catch {
    return undefined;
  }
}
