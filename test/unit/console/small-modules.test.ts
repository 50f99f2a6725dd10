import { describe, expect, it } from 'vitest';
import { display, readWebAddress, reveal, shorten } from '../../../console/src/data-text.ts';
import { createDrafts } from '../../../console/src/drafts.ts';
import { createFormat } from '../../../console/src/format.ts';
import { createJobs } from '../../../console/src/jobs.ts';
import { encodeOption, writeOptions, writeSearchWords, writeText } from '../../../console/src/odata.ts';
import { readClaims, readPerson, readReturnTo } from '../../../console/src/person.ts';
import { createPreferences, defaultPreferences, parsePreferences } from '../../../console/src/preferences.ts';
import { rightsOf } from '../../../console/src/rights.ts';
import { parseSearch, writeSearch } from '../../../console/src/search-text.ts';
import { matchShortcut, nameKey, type Shortcut } from '../../../console/src/shortcuts.ts';
import { createStore } from '../../../console/src/store.ts';
import { parseSearch as parseSearchOption } from '../../../src/language/search.ts';

function createStorage() {
  const values = new Map<string, string>();
  return {
    values,
    getItem: (key: string) => values.get(key) ?? null,
    setItem: (key: string, value: string) => void values.set(key, value),
    removeItem: (key: string) => void values.delete(key),
  };
}

describe('texts of the data', () => {
  it('are cut between characters, never inside one', () => {
    expect([shorten('abc', 3), shorten('abcd', 3), shorten('ab😀', 3)]).toEqual(['abc', 'abc…', 'ab…']);
  });

  it('show what would turn or hide a text, and leave scripts of other directions alone', () => {
    expect(reveal('a\u202egnp.exe\u0000')).toBe('a\\u202egnp.exe\\u0000');
    expect(reveal('שלום\tمرحبا\r\n😀')).toBe('שלום\tمرحبا\r\n😀');
    expect(display('ab\u202ecd', 3)).toBe('ab\\u202e…');
  });

  it.each([
    ['https://a.example/x', 'https://a.example/x'],
    ['HTTPS://A.example', 'https://a.example/'],
    ['http://a.example', undefined],
    ['javascript:alert(1)', undefined],
    ['data:text/html,x', undefined],
    ['https://good.example@evil.example/', undefined],
    ['//a.example', undefined],
    ['no address', undefined],
  ])('%s opens %s', (text, address) => {
    expect(readWebAddress(text)).toBe(address);
  });
});

describe('addresses', () => {
  it('keep what OData needs readable and escape the rest', () => {
    expect(encodeOption("name eq 'a&b#c+d' and x/any(t:t eq '%')")).toBe(
      "name%20eq%20'a%26b%23c%2Bd'%20and%20x/any(t:t%20eq%20'%25')",
    );
    expect(writeOptions({ $filter: '', $top: 5, $count: undefined, $select: 'id,name' })).toBe(
      '?$top=5&$select=id,name',
    );
    expect(writeOptions({})).toBe('');
    expect(writeText("O'Neil")).toBe("'O''Neil'");
  });

  it('of pages come back as they were, whatever is in them', () => {
    const search = {
      filter: "contains(name,'a&b=c+d#%') and x eq true",
      page: '2',
      emoji: '😀 ‮x',
      percent: '%41',
    };
    expect(parseSearch(writeSearch(search))).toEqual(search);
    expect(writeSearch({ a: undefined, b: '', c: null })).toBe('');
    expect(writeSearch({ filter: 'isSigned eq false' })).toBe('?filter=isSigned+eq+false');
  });

  it('of searches have every word in quotes, so that the service reads no operator', () => {
    expect(writeSearchWords('  a OR "b" NOT\\ ')).toBe('"a" "OR" "b" "NOT"');
    expect(() => parseSearchOption(writeSearchWords('a (b) OR name:c "'))).not.toThrow();
    expect(writeSearchWords(' " ')).toBe('');
  });
});

describe('stores', () => {
  it('tell about changes only', () => {
    const store = createStore(1);
    const seen: number[] = [];
    const stop = store.subscribe(() => seen.push(store.get()));
    store.set(1);
    store.set(2);
    store.update((old) => old + 1);
    stop();
    store.set(9);
    expect(seen).toEqual([2, 3]);
  });
});

describe('preferences', () => {
  it.each([null, '', '{', '[]', 'null', '{"theme":"pink","singleKeys":"no"}'])(
    '%j gives the defaults',
    (text) => {
      expect(parsePreferences(text)).toEqual(defaultPreferences);
    },
  );

  it('are written when they change and read back', () => {
    const storage = createStorage();
    createPreferences(storage).update((old) => ({ ...old, theme: 'dark', singleKeys: false }));
    expect(createPreferences(storage).get()).toEqual({
      ...defaultPreferences,
      theme: 'dark',
      singleKeys: false,
    });
  });
});

describe('drafts', () => {
  it('come back until they are removed', () => {
    const drafts = createDrafts(createStorage());
    drafts.set('a', { name: 'x' });
    expect([drafts.get('a'), drafts.get('b')]).toEqual([{ name: 'x' }, undefined]);
    drafts.remove('a');
    expect(drafts.get('a')).toBeUndefined();
  });

  it('survive a storage that is full or broken', () => {
    const refuse = () => {
      throw new Error('QuotaExceededError');
    };
    const drafts = createDrafts({ getItem: () => '{', setItem: refuse, removeItem: refuse });
    drafts.set('a', 1);
    drafts.remove('a');
    expect(drafts.get('a')).toBeUndefined();
  });
});

describe('jobs', () => {
  it('are listed newest first, report, end and can be dismissed', () => {
    let count = 0;
    const jobs = createJobs(() => `job${++count}`);
    const first = jobs.start({ title: 'one', total: 10, stop: () => undefined });
    jobs.start({ title: 'two' }).finish('failed', 'no');
    first.update({ done: 4 });
    first.finish('done');
    expect(jobs.get().map(({ id, state, done, detail, stop }) => [id, state, done, detail, stop])).toEqual([
      ['job2', 'failed', 0, 'no', undefined],
      ['job1', 'done', 4, undefined, undefined],
    ]);
    jobs.dismiss('job2');
    expect(jobs.get().map(({ id }) => id)).toEqual(['job1']);
  });
});

describe('shortcuts', () => {
  const run = () => undefined;
  const shortcuts: readonly Shortcut[] = [
    { keys: 'Control+k', label: 'palette', run, whenTyping: true },
    { keys: 'g a', label: 'apps', run },
    { keys: 'j', label: 'down', run },
    { keys: 'j', label: 'down here', run },
  ];
  const free = { typing: false, singleKeys: true };
  const labelFor = (pending: string, key: string, context = free) =>
    matchShortcut(shortcuts, pending, key, context).run?.label;

  it('are named alike on every keyboard', () => {
    const key = (name: string, held: object = {}) =>
      nameKey({ key: name, ctrlKey: false, metaKey: false, altKey: false, ...held });
    expect([
      key('K', { metaKey: true }),
      key('k', { ctrlKey: true }),
      key('?'),
      key('Enter'),
      key('Shift'),
    ]).toEqual(['Control+k', 'Control+k', '?', 'Enter', undefined]);
  });

  it('may be sequences; a wrong second key starts anew', () => {
    expect(matchShortcut(shortcuts, '', 'g', free)).toEqual({ run: undefined, pending: 'g' });
    expect(labelFor('g', 'a')).toBe('apps');
    expect(matchShortcut(shortcuts, 'g', 'x', free)).toEqual({ run: undefined, pending: '' });
    expect(labelFor('g', 'j')).toBe('down here');
  });

  it('registered last win', () => {
    expect(labelFor('', 'j')).toBe('down here');
  });

  it('of one key are silent while somebody types, and where they are switched off', () => {
    expect(labelFor('', 'j', { ...free, typing: true })).toBeUndefined();
    expect(labelFor('', 'j', { ...free, singleKeys: false })).toBeUndefined();
    expect(labelFor('', 'Control+k', { typing: true, singleKeys: false })).toBe('palette');
  });
});

describe('formats', () => {
  const format = createFormat('en-GB', 'utc', () => Date.UTC(2026, 0, 2, 12));

  it('write moments in the chosen zone, and leave what is no date as it is', () => {
    expect(format.dateTime('2026-01-02T03:04:05.1234567Z')).toBe('2 Jan 2026, 03:04:05 UTC');
    expect(format.date('2026-01-02T03:04:05Z')).toBe('2 Jan 2026');
    expect([format.dateTime('soon'), format.relative('soon')]).toEqual(['soon', 'soon']);
  });

  it.each([
    ['2026-01-02T11:59:30Z', 'now'],
    ['2026-01-02T11:00:00Z', '1 hour ago'],
    ['2026-01-01T11:00:00Z', 'yesterday'],
    ['2025-12-02T12:00:00Z', 'last month'],
    ['2026-01-02T14:30:00Z', 'in 2 hours'],
  ])('%s is %s', (iso, words) => {
    expect(format.relative(iso)).toBe(words);
  });
});

describe('people', () => {
  const tokenOf = (claims: object) => `h.${Buffer.from(JSON.stringify(claims)).toString('base64url')}.s`;

  it('are read from both tokens', () => {
    const accessToken = tokenOf({ scp: 'a b', roles: ['c'], name: 'Ana Lindqvist – é' });
    expect(readPerson({ sub: 's', preferred_username: 'ana@x.example' }, accessToken, 5)).toEqual({
      name: 'Ana Lindqvist – é',
      userName: 'ana@x.example',
      claims: { sub: 's', preferred_username: 'ana@x.example' },
      accessClaims: { scp: 'a b', roles: ['c'], name: 'Ana Lindqvist – é' },
      granted: ['a', 'b', 'c'],
      expiresAtMs: 5,
    });
  });

  it.each(['opaque', 'a.b', 'a.!!.c', '', 'a.bnVsbA.c'])('the token %j is opaque', (token) => {
    expect(readClaims(token)).toBeUndefined();
  });

  it.each([
    ['/console/apps?filter=x', '/console/apps?filter=x'],
    ['/console', '/console'],
    ['/console.evil/', '/console/'],
    ['//evil.example/console/', '/console/'],
    ['https://evil.example/', '/console/'],
    ['javascript:alert(1)', '/console/'],
    [undefined, '/console/'],
  ])('return from the issuer to %s at %s', (asked, path) => {
    expect(readReturnTo(asked)).toBe(path);
  });
});

describe('rights', () => {
  const lists = { read: ['S.Read', 'S.ReadWrite'], write: ['S.ReadWrite'] };

  it.each([
    [['S.Read'], false],
    [['api://casp/S.Read'], false],
    [['S.ReadWrite'], true],
    [['api://casp/S.ReadWrite', 'openid'], true],
    // Nothing is known of these names: the service decides.
    [['own.names'], true],
    [[], true],
    [undefined, true],
  ])('%j may write: %s', (granted, mayWrite) => {
    expect(rightsOf(granted, lists)).toEqual({ mayRead: true, mayWrite });
  });
});
