/** The text indexes of SQLite say the same as the rows, whatever happens to the rows. */
import Sqlite from 'better-sqlite3';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { writeEntityText } from '../../../src/edm/entity-text.ts';
import type { EntitySet, EntityValues, PropertyValue } from '../../../src/edm/types.ts';
import { model } from '../../../src/model/index.ts';
import { splitWords } from '../../../src/plan/search-words.ts';
import { compileDelete, compileInsert, compileUpdate } from '../../../src/sql/compile.ts';
import { foldText, trigramsOf } from '../../../src/sql/search-text.ts';
import { finish, type Statement } from '../../../src/sql/statement.ts';
import { sqliteDialect } from '../../../src/storage/sqlite/dialect.ts';
import { registerFunctions } from '../../../src/storage/sqlite/functions.ts';
import { createSchema } from '../../../src/storage/sqlite/schema.ts';
import { emptyProfile } from '../../support/profiles.ts';
import { entitySet, leafOf, tenantId } from './bound.ts';

const { type } = entitySet;

function openStore() {
  const handle = new Sqlite(':memory:');
  registerFunctions(handle);
  createSchema(handle, model);
  const runAll = (statements: readonly Statement[]) => {
    for (const { text, parameters } of statements) handle.prepare(text).run(...parameters);
  };
  const entityOf = (values: EntityValues) => ({
    id: String(values.id),
    version: 1,
    json: writeEntityText(type, values),
  });
  const address = (id: string) => ({ entitySet, tenantId, id });
  const select = (selection: ReturnType<typeof sqliteDialect.textIndexes.selectMatching>) => {
    const { text, parameters } = finish(selection, sqliteDialect.placeholder);
    const found = `select "id" from "cloud_app_security_profile" where "row_id" in (${text}) order by "id"`;
    return handle
      .prepare(found)
      .pluck()
      .all(...parameters) as string[];
  };
  return {
    handle,
    insert: (values: EntityValues) =>
      runAll(compileInsert({ entitySet, tenantId, values }, entityOf(values), sqliteDialect)),
    update(before: EntityValues, after: EntityValues) {
      const changed = Object.keys(after).filter(
        (name) => JSON.stringify(before[name]) !== JSON.stringify(after[name]),
      );
      const change = { before, after, changed, whole: () => after };
      runAll(compileUpdate(address(String(after.id)), entityOf(after), change, sqliteDialect));
    },
    remove: (id: string) => runAll(compileDelete(address(id), sqliteDialect)),
    matching: (words: readonly string[], path?: string) =>
      select(
        sqliteDialect.textIndexes.selectMatching({ entitySet, tenantId }, [
          { words, leaf: path === undefined ? undefined : leafOf(path) },
        ]),
      ),
    containing(part: string) {
      const selection = sqliteDialect.textIndexes.selectContaining(
        { entitySet, tenantId },
        leafOf('name'),
        part,
      );
      return selection === undefined ? undefined : select(selection);
    },
    /** Documents without a row, and other damage FTS5 finds itself. */
    documents: () => handle.prepare('select count(*) from "cloud_app_security_profile_words"').pluck().get(),
  };
}

const profile = (id: string, changes: Readonly<Record<string, PropertyValue>>): EntityValues => ({
  ...emptyProfile(id),
  ...changes,
});

describe('the index of words', () => {
  it('finds words side by side in one text, the last perhaps unfinished', () => {
    const store = openStore();
    store.insert(profile('a', { name: 'Blue Sky Mail', publisher: 'Sky', tags: ['one two', 'three'] }));
    store.insert(
      profile('b', {
        vendorInformation: { provider: 'ÉCOLE', providerVersion: null, subProvider: null, vendor: null },
      }),
    );
    expect(store.matching(['blue', 'sk'])).toEqual(['a']);
    expect(store.matching(['blue', 'mail'])).toEqual([]);
    expect(store.matching(['école'])).toEqual(['b']);
    expect(store.matching(['ecole'])).toEqual([]);
    expect(store.matching(['sky'], 'publisher')).toEqual(['a']);
    expect(store.matching(['sky'], 'tags')).toEqual([]);
    expect(store.matching(['éco'], 'vendorInformation/provider')).toEqual(['b']);
    expect(store.matching(['one', 'two'])).toEqual(['a']);
    // From one tag to the next there is no phrase.
    expect(store.matching(['two', 'three'])).toEqual([]);
    expect(() => store.matching([])).toThrow('a search for no words');
  });

  it('forgets what a row no longer says, and keeps what it still says', () => {
    const store = openStore();
    const before = profile('a', { name: 'policy one', policyName: 'policy', tags: ['x', 'y'] });
    store.insert(before);
    const after = profile('a', { name: 'policy two', policyName: 'policy', tags: ['y'] });
    store.update(before, after);
    expect(store.matching(['one'])).toEqual([]);
    expect(store.matching(['policy', 'two'])).toEqual(['a']);
    expect(store.matching(['policy'], 'name')).toEqual(['a']);
    expect(store.matching(['x'])).toEqual([]);
    expect(store.matching(['y'])).toEqual(['a']);
    store.remove('a');
    expect(store.matching(['policy'])).toEqual([]);
  });
});

describe('the index of substrings', () => {
  it('finds parts of three characters or more whatever their case, and perhaps more than that', () => {
    const store = openStore();
    store.insert(profile('a', { name: 'Straße nach ΑΣΒ' }));
    store.insert(profile('b', { name: 'a "quoted" name' }));
    expect(store.containing('STRASSE')).toEqual(['a']);
    expect(store.containing('ΑΣ')).toBeUndefined();
    expect(store.containing('h ΑΣ')).toEqual(['a']);
    expect(store.containing('"quo')).toEqual(['b']);
    expect(store.containing('xyz')).toEqual([]);
    expect(store.containing('ab\0c')).toBeUndefined();
  });

  it('folds every character to what its own lower and upper case fold to', () => {
    const differing: string[] = [];
    for (let codePoint = 1; codePoint <= 0x10ffff; codePoint += 1) {
      if (codePoint >= 0xd800 && codePoint < 0xe000) continue;
      const character = String.fromCodePoint(codePoint);
      const folded = foldText(character);
      const same =
        foldText(character.toLowerCase()) === folded && foldText(character.toUpperCase()) === folded;
      if (!same) differing.push(codePoint.toString(16));
    }
    expect(differing).toEqual([]);
  });

  it('folds a text to one that contains its parts folded', () => {
    const text = fc.string({ unit: fc.constantFrom(...'aAßẞΣςσİıIiǅﬁé😀 '), maxLength: 12 });
    fc.assert(
      fc.property(text, text, text, (before, part, after) => {
        const whole = before + part + after;
        for (const variant of [whole, whole.toLowerCase(), whole.toUpperCase()]) {
          expect(foldText(variant)).toBe(foldText(whole));
        }
        expect(foldText(whole)).toContain(foldText(part));
        expect(trigramsOf(foldText(whole))).toEqual(expect.arrayContaining([...trigramsOf(foldText(part))]));
      }),
    );
  });
});

const word = fc.constantFrom('a', 'ab', 'abc', 'Σas', 'ÉCOLE', 'x1', '😀', 'e\u0301', 'ß');
const words = fc.array(word, { maxLength: 4 }).map((some) => some.join(' '));
const values = fc.record({
  name: fc.option(words),
  manifest: fc.option(words),
  riskScore: fc.option(words),
  tags: fc.array(words, { maxLength: 3 }),
  vendorInformation: fc.option(
    fc.record({
      provider: fc.option(words),
      providerVersion: fc.constant(null),
      subProvider: fc.option(words),
      vendor: fc.constant(null),
    }),
  ),
});
const step = fc.record({ id: fc.constantFrom('a', 'b', 'c'), values: fc.option(values, { freq: 3 }) });

/** The texts of a row, each as its words. */
function textsOf(row: EntityValues, set: EntitySet): readonly (readonly string[])[] {
  return set.type.properties.flatMap(({ name }) => {
    const value = row[name];
    if (name === 'createdDateTime' || name === 'lastModifiedDateTime') return [];
    if (typeof value === 'string') return [splitWords(value)];
    if (Array.isArray(value)) return value.map((item) => splitWords(String(item)));
    return value !== null && typeof value === 'object'
      ? Object.values(value).map((item) => splitWords(String(item ?? '')))
      : [];
  });
}

function stands(wanted: readonly string[], text: readonly string[]): boolean {
  return text.some((_, start) =>
    wanted.every((each, index) =>
      index === wanted.length - 1 ? text[start + index]?.startsWith(each) : text[start + index] === each,
    ),
  );
}

describe('both indexes', () => {
  it('say the same as the rows after any changes', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 12 }), (steps) => {
        const store = openStore();
        const rows = new Map<string, EntityValues>();
        for (const { id, values: changes } of steps) {
          const before = rows.get(id);
          if (changes === null) {
            store.remove(id);
            rows.delete(id);
          } else {
            const after = profile(id, changes);
            if (before === undefined) store.insert(after);
            else store.update(before, after);
            rows.set(id, after);
          }
        }
        const idsWith = (passes: (row: EntityValues) => boolean) =>
          [...rows]
            .filter(([, row]) => passes(row))
            .map(([id]) => id)
            .sort();
        for (const wanted of [['a'], ['ab', 'x'], ['σas'], ['école'], ['é'], ['ss'], ['x1', 'a']]) {
          expect(store.matching(wanted)).toEqual(
            idsWith((row) => textsOf(row, entitySet).some((text) => stands(wanted, text))),
          );
        }
        for (const part of ['abc', 'ab a', 'cole', 'ΣAS']) {
          const found = store.containing(part);
          expect(found).toEqual(
            expect.arrayContaining(idsWith((row) => String(row.name ?? '').includes(part))),
          );
        }
        for (const id of rows.keys()) store.remove(id);
        expect([store.matching(['a']), store.containing('abc')]).toEqual([[], []]);
      }),
      { numRuns: 60 },
    );
  });

  it('are made from the rows where they are missing or were made for other properties', () => {
    const store = openStore();
    store.insert(profile('a', { name: 'Alpha', tags: ['one'] }));
    store.handle.exec(
      `drop table "cloud_app_security_profile_words"; update "text_index_layout" set "layout" = ''`,
    );
    createSchema(store.handle, model);
    expect([store.matching(['alpha']), store.matching(['one']), store.containing('lph')]).toEqual([
      ['a'],
      ['a'],
      ['a'],
    ]);
  });
});
