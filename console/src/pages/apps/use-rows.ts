/** The rows of Apps for React: the list of the present question, or the last good one while a new one is on its way. */
import { useQueryClient } from '@tanstack/react-query';
import { useCallback, useEffect, useRef, useState, useSyncExternalStore } from 'react';
import type { ListQuery } from '../../api.ts';
import { useApi } from '../../context.tsx';
import { createPagedRows, type LoadPage, type PagedRows, type RowsState } from './paged-rows.ts';

/** Pages held at once: a few thousand rows of chosen columns. */
const pagesMax = 50;
/** Coming back from a profile within this time shows what was there at once; a write of this tab makes it stale. */
const freshMs = 30_000;

/** What the page shows. */
export interface Rows {
  readonly list: PagedRows;
  readonly state: RowsState;
  /** The rows are those of the question before: the new one has no answer yet, or was refused. */
  readonly stale: boolean;
  /** Why the question has no answer, or no further page. */
  readonly error: unknown;
  retry(): void;
  /** Asks anew. */
  reload(): void;
}

const waiting: RowsState = { known: 0, complete: false, loading: true, ready: false, error: undefined };
/** Stands for a list in the moment before it is made. */
const noRows: PagedRows = {
  getState: () => waiting,
  subscribe: () => () => {},
  rowAt: () => undefined,
  ensure: () => {},
  replace: () => {},
  findIndex: () => -1,
  retry: () => {},
  close: () => {},
};

/** Follows a question; while a new one has no answer, the rows of the one before stay. */
export function useRows(query: ListQuery): Rows {
  const api = useApi();
  const client = useQueryClient();
  const key = JSON.stringify(query);
  const [epoch, setEpoch] = useState(0);
  const [asked, setAsked] = useState<PagedRows>(noRows);
  const before = useRef<PagedRows | undefined>(undefined);

  useEffect(() => {
    const question: ListQuery = JSON.parse(key);
    const load: LoadPage = (link, signal) =>
      client.fetchQuery({
        queryKey: ['profiles', 'page', epoch, link ?? key],
        queryFn: () => (link === undefined ? api.getPage(question, signal) : api.getNextPage(link, signal)),
        staleTime: freshMs,
        gcTime: freshMs,
      });
    const list = createPagedRows(load, pagesMax);
    setAsked(list);
    return () => {
      if (!list.getState().ready) return list.close();
      before.current?.close();
      before.current = list;
    };
  }, [api, client, key, epoch]);

  const state = useSyncExternalStore(asked.subscribe, asked.getState);
  useEffect(() => {
    if (!state.ready) return;
    before.current?.close();
    before.current = undefined;
  }, [state.ready]);

  const list = state.ready ? asked : (before.current ?? asked);
  const shown = useSyncExternalStore(list.subscribe, list.getState);
  const reload = useCallback(() => {
    void client.invalidateQueries({ queryKey: ['profiles'] });
    setEpoch((old) => old + 1);
  }, [client]);
  return { list, state: shown, stale: list !== asked, error: state.error, retry: asked.retry, reload };
}
