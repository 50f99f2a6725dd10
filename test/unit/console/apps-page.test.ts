import { describe, expect, it } from 'vitest';
import type { Entity, Page } from '../../../console/src/api.ts';
import {
  type Column,
  moveColumn,
  nextSort,
  parseColumns,
  parseSort,
  writeColumns,
  writeSort,
} from '../../../console/src/pages/apps/columns.ts';
import {
  createLineCounter,
  createRecordCounter,
  exportInto,
} from '../../../console/src/pages/apps/export-file.ts';
import { createPagedRows } from '../../../console/src/pages/apps/paged-rows.ts';
import { parseAppsSearch } from '../../../console/src/pages/apps/search.ts';
import {
  builtInViews,
  keptInView,
  readViews,
  saveView,
  showsView,
  writeViews,
} from '../../../console/src/pages/apps/views.ts';
import { parseFilter } from '../../../src/language/parser.ts';
import { riskScales } from '../../../src/model/risk-scales.ts';

describe('the address', () => {
  it('keeps what is valid and drops the rest', () => {
    expect(
      parseAppsSearch({
        filter: "name eq 'x'",
        sort: 'name asc,riskScore desc',
        columns: 'name:320,vendorInformation/provider',
        density: 'compact',
        size: '200',
        app: 'a1',
      }),
    ).toEqual({
      filter: "name eq 'x'",
      sort: 'name asc,riskScore desc',
      columns: 'name:320,vendorInformation/provider',
      density: 'compact',
      size: 200,
      app: 'a1',
    });
    expect(
      parseAppsSearch({
        filter: 'x'.repeat(8001),
        sort: 'name down',
        columns: 'name:1',
        density: 'x',
        size: 7,
        edit: 'x',
        other: 1,
      }),
    ).toEqual({});
    expect(parseAppsSearch({ search: 365 })).toEqual({ search: '365' });
  });
});

const column = (id: string, sortable = true): Column => ({
  id,
  label: id,
  property: undefined,
  sortable,
  widthPx: 100,
});
const columns = ['name', 'publisher', 'riskScore', 'tags'].map((id) => column(id, id !== 'tags'));

describe('columns', () => {
  it('read and write their address', () => {
    const choices = parseColumns('publisher:200,name,unheard,name', columns);
    expect(choices).toEqual([{ id: 'publisher', widthPx: 200 }, { id: 'name' }]);
    expect(writeColumns(choices)).toBe('publisher:200,name');
    expect(parseColumns(undefined, columns).map(({ id }) => id)).toEqual(['name', 'publisher', 'riskScore']);
    expect(moveColumn(choices, 'name', -1).map(({ id }) => id)).toEqual(['name', 'publisher']);
    expect(moveColumn(choices, 'name', 5)).toEqual(choices);
  });

  it('sort one way, the other way, not at all', () => {
    const [name, , score, tags] = columns;
    if (name === undefined || score === undefined || tags === undefined) throw new Error('no columns');
    const once = nextSort([], name);
    expect([once, nextSort(once, name), nextSort(nextSort(once, name), name)].map(writeSort)).toEqual([
      'name asc',
      'name desc',
      undefined,
    ]);
    expect(writeSort(nextSort(once, score))).toBe('riskScore desc');
    expect(nextSort(once, tags)).toBe(once);
    expect(parseSort('tags asc,name desc,unheard asc', columns)).toEqual([{ id: 'name', direction: 'desc' }]);
  });
});

describe('views', () => {
  it('have filters the service reads', () => {
    for (const { search } of builtInViews(riskScales)) {
      if (search.filter !== undefined) expect(() => parseFilter(search.filter ?? '')).not.toThrow();
    }
  });

  it('are known again, and kept in the browser', () => {
    const [all, needsDecision] = builtInViews(riskScales);
    if (all === undefined || needsDecision === undefined) throw new Error('no views');
    expect(showsView({ ...needsDecision.search, app: 'a1' }, needsDecision)).toBe(true);
    expect(showsView({ ...needsDecision.search, search: 'x' }, needsDecision)).toBe(false);
    const kept = new Map<string, string>();
    const storage = {
      getItem: (key: string) => kept.get(key) ?? null,
      setItem: (key: string, text: string) => void kept.set(key, text),
    };
    const mine = {
      id: 'v1',
      name: 'Mine',
      search: { ...keptInView({ sort: 'name asc', app: 'a1' }), view: 'v1' },
    };
    expect(writeViews(storage, saveView([], mine))).toBe(true);
    expect(readViews(storage)).toEqual([
      { id: 'v1', name: 'Mine', search: { sort: 'name asc', view: 'v1' } },
    ]);
    expect(saveView([mine], { ...mine, id: 'v2' }).map(({ id }) => id)).toEqual(['v2']);
    kept.set('casp.views', '[{"id":1},"x"');
    expect(readViews(storage)).toEqual([]);
  });
});

describe('rows that load themselves', () => {
  const size = 10;
  const total = 95;
  const row = (index: number): Entity => ({ id: `app${index}`, '@odata.etag': 'W/"1"' });
  const pageAt = (start: number): Page => ({
    items: Array.from({ length: Math.min(size, total - start) }, (_, index) => row(start + index)),
    nextLink: start + size < total ? `link${start + size}` : undefined,
    count: undefined,
  });

  /** A list whose pages come at once; `settle` waits until nothing is on its way. */
  function listOf(pagesMax: number) {
    const asked: string[] = [];
    let failing = false;
    const list = createPagedRows(async (link) => {
      asked.push(link ?? 'first');
      if (failing) throw new Error('gone');
      return pageAt(link === undefined ? 0 : Number(link.slice(4)));
    }, pagesMax);
    const settle = async () => {
      for (let turn = 0; turn < 200; turn += 1) await Promise.resolve();
    };
    return {
      list,
      asked,
      settle,
      fail: (value: boolean) => {
        failing = value;
      },
    };
  }

  it('come as they are needed, ahead of the reader, to the end', async () => {
    const { list, asked, settle } = listOf(50);
    await settle();
    // Sixty rows ahead of the first.
    expect(list.getState()).toMatchObject({ known: 70, complete: false, ready: true, loading: false });
    list.ensure(60, 69);
    await settle();
    expect(list.getState()).toMatchObject({ known: total, complete: true });
    expect(asked).toHaveLength(10);
    expect([list.rowAt(0)?.id, list.rowAt(94)?.id, list.rowAt(95)]).toEqual(['app0', 'app94', undefined]);
    expect(list.findIndex('app42')).toBe(42);
  });

  it('hold a bounded number of pages and fetch a given-up one by its link', async () => {
    const { list, asked, settle } = listOf(3);
    await settle();
    list.ensure(90, 94);
    await settle();
    list.ensure(90, 94);
    await settle();
    expect(list.getState().complete).toBe(true);
    expect(list.rowAt(5)).toBeUndefined();
    list.ensure(12, 14);
    await settle();
    expect(list.rowAt(12)?.id).toBe('app12');
    expect(asked.at(-1)).toBe('link10');
    expect(
      Array.from({ length: total }, (_, index) => list.rowAt(index)).filter((each) => each !== undefined)
        .length,
    ).toBeLessThanOrEqual(30);
  });

  it('stop at a fault, keep what they have, and go on when asked', async () => {
    const { list, settle, fail } = listOf(50);
    await settle();
    fail(true);
    list.ensure(60, 69);
    await settle();
    expect(list.getState()).toMatchObject({ known: 70, error: new Error('gone') });
    fail(false);
    list.retry();
    await settle();
    expect(list.getState()).toMatchObject({ known: total, error: undefined });
  });

  it('show a row as it is after an edit', async () => {
    const { list, settle } = listOf(50);
    await settle();
    list.replace({ ...row(3), '@odata.etag': 'W/"2"' });
    expect(list.rowAt(3)?.['@odata.etag']).toBe('W/"2"');
  });
});

describe('export', () => {
  const bytes = (text: string) => new TextEncoder().encode(text);

  it('counts records, not lines', () => {
    const csv = createRecordCounter(1);
    expect([csv(bytes('id,name\r\n1,"a\r\n')), csv(bytes('b"\r\n2,"say ""x"""\r\n'))]).toEqual([0, 2]);
    expect(createLineCounter()(bytes('{"a":"\\"\\n"}\n{}\n'))).toBe(2);
  });

  it.each([false, true])('makes a file of a whole answer only; cut: %s', async (cut) => {
    const written: string[] = [];
    const sink = {
      write: async (chunk: Uint8Array) => void written.push(new TextDecoder().decode(chunk)),
      close: async () => void written.push('closed'),
      abort: async () => void written.push('aborted'),
    };
    const body = new ReadableStream<Uint8Array>({
      start(controller) {
        controller.enqueue(bytes('{"id":"1"}\n'));
        if (cut) controller.error(new TypeError('network error'));
        else controller.close();
      },
    });
    const api = { openExport: async () => new Response(body) };
    const done = exportInto(sink, {}, 'ndjson', api, () => {}, new AbortController().signal);
    if (cut) await expect(done).rejects.toThrow('network error');
    else expect(await done).toBe(1);
    expect(written.at(-1)).toBe(cut ? 'aborted' : 'closed');
  });
});
