/** Change records: what an address chooses of them, and how many are read to compare versions. */
import { describe, expect, it } from 'vitest';
import type { ChangeRecord, Page } from '../../../console/src/api.ts';
import { clientName } from '../../../console/src/history/client-name.ts';
import {
  authorName,
  authorsOf,
  changeFilter,
  parseChangeChoices,
} from '../../../console/src/merge/change-query.ts';
import { loadChangesSince } from '../../../console/src/pages/profile/load-changes.ts';
import { parseProfileSearch } from '../../../console/src/pages/profile/search.ts';

type Author = ChangeRecord['author'];
const author = (values: Partial<Author>): Author => ({
  kind: 'delegated',
  id: 'oid',
  name: 'Ana',
  clientId: null,
  ...values,
});

const record = (version: number): ChangeRecord => ({
  position: version,
  id: 'app',
  name: 'App',
  kind: 'updated',
  version,
  at: '2026-01-01T00:00:00Z',
  author: author({}),
  requestId: 'r',
  clientRequestId: 'c',
  changed: [],
  before: {},
  after: {},
});

describe('the choices of an address', () => {
  it('are read, and what makes no sense is dropped', () => {
    expect(parseChangeChoices({ field: 'tags', by: 'oid', kind: 'deleted', days: '7' })).toEqual({
      field: 'tags',
      by: 'oid',
      kind: 'deleted',
      days: 7,
    });
    expect(parseChangeChoices({ field: "x' or 1", by: ' ', kind: 'renamed', days: '8', other: 'x' })).toEqual(
      {},
    );
    expect(parseChangeChoices({ field: 'a'.repeat(201), by: 7, days: ['1'.repeat(3)] })).toEqual({});
  });

  it('become a $filter that quotes what they hold', () => {
    const now = Date.UTC(2026, 0, 8);
    expect(changeFilter({ field: 'tags', by: "o'id", kind: 'updated', days: 7 }, now)).toBe(
      "kind eq 'updated' and author/id eq 'o''id' and changed/any(c:c eq 'tags') and at ge 2026-01-01T00:00:00.000Z",
    );
    expect(changeFilter({ by: 'system' }, now)).toBe("author/kind eq 'system'");
    expect(changeFilter({}, now)).toBeUndefined();
  });

  it('of a profile stand beside its tab and its list', () => {
    expect(
      parseProfileSearch({
        tab: 'history',
        from: 'apps',
        sort: 'name asc',
        view: 'x',
        kind: 'created',
        filter: '',
      }),
    ).toEqual({ tab: 'history', from: 'apps', sort: 'name asc', kind: 'created' });
    expect(parseProfileSearch({ tab: 'profile', filter: 'f'.repeat(8001) })).toEqual({});
  });
});

describe('authors', () => {
  it('are named by what there is, each once', () => {
    const authors = [
      author({ name: 'Zoe', id: 'z' }),
      author({ kind: 'system', id: null, name: null }),
      author({ name: null, id: 'bare' }),
      author({ name: 'Zoe', id: 'z' }),
      author({ name: null, id: null }),
    ];
    expect(authors.map(authorName)).toEqual(['Zoe', 'System', 'bare', 'Zoe', 'Unknown']);
    expect(authorsOf(authors.map((each) => ({ author: each })))).toEqual([
      { by: 'system', label: 'System' },
      { by: 'z', label: 'Zoe' },
      { by: 'bare', label: 'bare' },
    ]);
  });

  it('come through a client that is this console or an id', () => {
    const config = { clientId: 'console' };
    expect(['console', 'other', null].map((clientId) => clientName(author({ clientId }), config))).toEqual([
      'this console',
      'other',
      '',
    ]);
  });
});

describe('the changes since a version', () => {
  /** Records of versions `last` … 1 in pages of three. */
  function pagesOf(last: number) {
    let asked = 0;
    const pageFrom = (newest: number): Page<ChangeRecord> => {
      asked += 1;
      const items = [newest, newest - 1, newest - 2].filter((version) => version > 0).map(record);
      return { items, nextLink: newest > 3 ? String(newest - 3) : undefined, count: undefined };
    };
    return {
      asked: () => asked,
      changes: async () => pageFrom(last),
      nextChanges: async (nextLink: string) => pageFrom(Number(nextLink)),
    };
  }

  it('are read until the version is reached, and no further', async () => {
    const api = pagesOf(20);
    const records = await loadChangesSince(api, 'app', 13);
    expect(records.map(({ version }) => version)).toEqual([20, 19, 18, 17, 16, 15, 14]);
    expect(api.asked()).toBe(3);
  });

  it('are all there are where the version is older, within bounds', async () => {
    expect(await loadChangesSince(pagesOf(5), 'app', 0)).toHaveLength(5);
    const endless = pagesOf(1000);
    expect(await loadChangesSince(endless, 'app', 0)).toHaveLength(60);
    expect(endless.asked()).toBe(20);
  });
});
