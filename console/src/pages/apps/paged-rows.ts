/**
 * The rows of a list that is longer than memory should hold: pages are fetched as they come into view, a bounded
 * number is kept, and one that was given up is fetched again by the link it came from.
 */
import type { Entity, Page } from '../../api.ts';

/** What a reader of the list sees; a new object after every change. */
export interface RowsState {
  /** Rows in the pages seen so far. */
  readonly known: number;
  /** The last page was seen. */
  readonly complete: boolean;
  readonly loading: boolean;
  /** The first page has come. */
  readonly ready: boolean;
  readonly error: unknown;
}

/** A list that loads itself. */
export interface PagedRows {
  getState(): RowsState;
  subscribe(listener: () => void): () => void;
  /** Undefined while its page is not here. */
  rowAt(index: number): Entity | undefined;
  /** Fetches the pages of these rows, and the next page when the end is near. */
  ensure(first: number, last: number): void;
  /** Shows a row as it is after an edit, without asking whether it still matches. */
  replace(row: Entity): void;
  findIndex(id: string): number;
  retry(): void;
  close(): void;
}

/** Where pages come from; `link` is undefined for the first. */
export type LoadPage = (link: string | undefined, signal: AbortSignal) => Promise<Page>;

interface Known {
  readonly link: string | undefined;
  readonly start: number;
  size: number;
  rows: readonly Entity[] | undefined;
  usedAt: number;
}

/** Fetches ahead when this few rows are left. */
const aheadRows = 60;

/** Creates a list and starts with its first page. */
export function createPagedRows(load: LoadPage, pagesMax: number): PagedRows {
  const pages: Known[] = [];
  const listeners = new Set<() => void>();
  const controller = new AbortController();
  const loading = new Set<number>();
  let nextLink: string | undefined;
  let complete = false;
  let error: unknown;
  let uses = 0;
  let wanted: readonly [number, number] = [0, 0];
  let state = describe();

  function describe(): RowsState {
    const last = pages.at(-1);
    return {
      known: last === undefined ? 0 : last.start + last.size,
      complete,
      loading: loading.size > 0,
      ready: pages.length > 0,
      error,
    };
  }

  function tell(): void {
    state = describe();
    for (const listener of [...listeners]) listener();
  }

  function pageOf(index: number): number {
    let low = 0;
    let high = pages.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if ((pages[middle]?.start ?? 0) <= index) low = middle;
      else high = middle - 1;
    }
    return low;
  }

  async function fetchPage(number: number): Promise<void> {
    if (loading.has(number) || controller.signal.aborted) return;
    loading.add(number);
    tell();
    try {
      const known = pages[number];
      const page = await load(known === undefined ? nextLink : known.link, controller.signal);
      if (controller.signal.aborted) return;
      keep(number, page);
      error = undefined;
    } catch (caught) {
      if (controller.signal.aborted) return;
      error = caught;
    } finally {
      loading.delete(number);
    }
    forget();
    tell();
    if (error === undefined) ensure(...wanted);
  }

  function keep(number: number, page: Page): void {
    uses += 1;
    const known = pages[number];
    if (known !== undefined) {
      known.rows = page.items;
      known.usedAt = uses;
      // The last page may have grown; a page in the middle keeps its place.
      if (number === pages.length - 1) {
        known.size = page.items.length;
        nextLink = page.nextLink;
        complete = page.nextLink === undefined;
      }
      return;
    }
    const last = pages.at(-1);
    const start = last === undefined ? 0 : last.start + last.size;
    pages.push({ link: nextLink, start, size: page.items.length, rows: page.items, usedAt: uses });
    nextLink = page.nextLink;
    complete = page.nextLink === undefined;
  }

  /** Gives up the pages longest out of sight. */
  function forget(): void {
    const held = pages.filter(({ rows }) => rows !== undefined).sort((a, b) => a.usedAt - b.usedAt);
    for (const page of held.slice(0, Math.max(0, held.length - pagesMax))) page.rows = undefined;
  }

  function ensure(first: number, last: number): void {
    wanted = [first, last];
    if (error !== undefined) return;
    const end = pages.at(-1);
    const known = end === undefined ? 0 : end.start + end.size;
    if (pages.length > 0 && known > 0) {
      for (let number = pageOf(first); number <= pageOf(last); number += 1) {
        const page = pages[number];
        if (page === undefined) continue;
        uses += 1;
        page.usedAt = uses;
        if (page.rows === undefined) void fetchPage(number);
      }
    }
    if (!complete && last + aheadRows >= known) void fetchPage(pages.length);
  }

  void fetchPage(0);
  return {
    getState: () => state,
    subscribe(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    rowAt(index) {
      const page = pages[pageOf(index)];
      return page?.rows?.[index - page.start];
    },
    ensure,
    replace(row) {
      for (const page of pages) {
        if (page.rows?.some(({ id }) => id === row.id) !== true) continue;
        page.rows = page.rows.map((each) => (each.id === row.id ? row : each));
      }
      tell();
    },
    findIndex(id) {
      for (const page of pages) {
        const at = page.rows?.findIndex((row) => row.id === id) ?? -1;
        if (at >= 0) return page.start + at;
      }
      return -1;
    },
    retry() {
      error = undefined;
      if (pages.length === 0) void fetchPage(0);
      else ensure(...wanted);
    },
    close: () => controller.abort(),
  };
}
