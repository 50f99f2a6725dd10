/** The page of one app: read, edit, decide, compare, put back. */
import { useQuery } from '@tanstack/react-query';
import { getRouteApi } from '@tanstack/react-router';
import { ApiError } from '../../api.ts';
import { useApi } from '../../context.tsx';
import { Page } from '../../parts/page-header.tsx';
import { ErrorView, Loading } from '../../parts/state-views.tsx';
import { strings } from '../../strings.ts';
import { HistoryTab } from './history-tab.tsx';
import { crumbsOf, DeletedNotice, useDeletion } from './page-parts.tsx';
import { ProfileView } from './profile-view.tsx';

const route = getRouteApi('/apps/$id');

/** The page. */
export function ProfilePage() {
  const { id } = route.useParams();
  // Another app is another edit: nothing of the one before may stay.
  return <ProfileScreen key={id} id={id} />;
}

function ProfileScreen({ id }: { readonly id: string }) {
  const api = useApi();
  const search = route.useSearch();
  const { data, error, refetch } = useQuery({
    queryKey: ['profiles', 'entity', id],
    queryFn: ({ signal }) => api.getEntity(id, signal),
    // Whoever comes back to edit starts from what is stored now, or the first Save meets a conflict.
    staleTime: 0,
  });
  const missing = error instanceof ApiError && error.status === 404;
  if (data !== undefined) {
    return (
      <ProfileView
        entity={data}
        gone={missing}
        error={missing ? null : error}
        onRetry={() => void refetch()}
      />
    );
  }
  return (
    <Page title={strings.pages.apps} crumbs={crumbsOf(search)}>
      {missing ? (
        <MissingApp id={id} error={error} />
      ) : error === null ? (
        <Loading rows={10} />
      ) : (
        <ErrorView error={error} onRetry={() => void refetch()} />
      )}
    </Page>
  );
}

/** Deleted apps keep their history; of others there is nothing to show. */
function MissingApp({ id, error }: { readonly id: string; readonly error: ApiError }) {
  const deletion = useDeletion(id);
  if (deletion === undefined) return <ErrorView error={error} />;
  return (
    <>
      <DeletedNotice id={id} />
      <HistoryTab id={id} onRestore={undefined} />
    </>
  );
}
