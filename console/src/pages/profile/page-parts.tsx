/** What the page shows in all of its states. */
import { Text } from '@fluentui/react-components';
import { useQuery } from '@tanstack/react-query';
import type { ChangeRecord } from '../../api.ts';
import { useApi, useFormat } from '../../context.tsx';
import { authorName } from '../../merge/change-query.ts';
import type { Crumb } from '../../parts/page-header.tsx';
import { Notice } from '../../parts/state-views.tsx';
import { strings } from '../../strings.ts';
import type { ProfileSearch } from './search.ts';
import { words } from './strings.ts';

/** The way back to the list, as it was. */
export function crumbsOf({ filter, search, sort }: ProfileSearch): readonly Crumb[] {
  const kept = Object.entries({ filter, search, sort }).filter(([, value]) => value !== undefined);
  return [{ label: strings.pages.apps, to: '/apps', search: Object.fromEntries(kept) }];
}

/** The record of the deletion of an app; undefined while nobody knows or where it was not deleted. */
export function useDeletion(id: string): ChangeRecord | undefined {
  const api = useApi();
  const { data } = useQuery({
    queryKey: ['changes', id, 'latest'],
    queryFn: ({ signal }) => api.changes({ id, top: 1 }, signal),
  });
  const record = data?.items[0];
  return record?.kind === 'deleted' ? record : undefined;
}

/** Says who deleted the app, and when. */
export function DeletedNotice({ id }: { readonly id: string }) {
  const format = useFormat();
  const deletion = useDeletion(id);
  return (
    <Notice title={words.deletedTitle} intent="search">
      <Text as="p" block>
        {deletion === undefined
          ? strings.goneDetail
          : words.deletedBy(authorName(deletion.author), format.relative(deletion.at))}
      </Text>
    </Notice>
  );
}
