/** Change records page by page, with the authors seen on the way. */
import { useInfiniteQuery } from '@tanstack/react-query';
import { useMemo, useRef } from 'react';
import type { ChangeRecord, Page } from '../api.ts';
import { useApi } from '../context.tsx';
import { type Authored, type ChangeChoices, changeFilter } from '../merge/change-query.ts';

/** Records of one page: as many as a long screen shows. */
const pageSize = 50;

/** The records of one app, or of all where `id` is undefined. */
export function useChanges(id: string | undefined, choices: ChangeChoices) {
  const api = useApi();
  const { field, by, kind, days } = choices;
  const query = useInfiniteQuery({
    queryKey: ['changes', id ?? 'all', { field, by, kind, days }],
    queryFn: ({ pageParam, signal }): Promise<Page<ChangeRecord>> =>
      pageParam === undefined
        ? api.changes({ id, top: pageSize, filter: changeFilter(choices, Date.now()) }, signal)
        : api.nextChanges(pageParam, signal),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (last) => last.nextLink,
    placeholderData: (old) => old,
  });
  const records = useMemo(() => query.data?.pages.flatMap(({ items }) => items), [query.data]);
  const seen = useRef(new Map<string, Authored>());
  const authors = useMemo(() => {
    for (const { author } of records ?? []) seen.current.set(`${author.kind} ${author.id}`, { author });
    return [...seen.current.values()];
  }, [records]);
  return { query, records, authors };
}
