/** Every change of every app, newest first; each line leads to the app and its history. */
import { Button, makeStyles, mergeClasses, tokens } from '@fluentui/react-components';
import { ArrowClockwise20Regular } from '@fluentui/react-icons';
import { getRouteApi } from '@tanstack/react-router';
import type { ChangeRecord } from '../../api.ts';
import { useAnnounce, useApi, useConfig, useFormat, useIsNarrow, useMetadata } from '../../context.tsx';
import { display } from '../../data-text.ts';
import { ChangeChoicesBar, type ChangeChoicesUpdate, chipsOf } from '../../history/change-choices.tsx';
import { AuthorName, ChangeKind, ChangeTime } from '../../history/change-details.tsx';
import { clientName } from '../../history/client-name.ts';
import { historyWords as words } from '../../history/strings.ts';
import { useChanges } from '../../history/use-changes.ts';
import { changeFilter } from '../../merge/change-query.ts';
import { Difference } from '../../merge/difference.tsx';
import { changesOf } from '../../merge/field-changes.ts';
import { encodeOption } from '../../odata.ts';
import { AppLink } from '../../parts/app-link.tsx';
import { CopyAsRequest } from '../../parts/copy-as-request.tsx';
import { Page } from '../../parts/page-header.tsx';
import { ScrollRegion } from '../../parts/scroll-region.tsx';
import { Empty, EmptyFiltered, Loading, QueryView } from '../../parts/state-views.tsx';

const useStyles = makeStyles({
  intro: { margin: 0, color: tokens.colorNeutralForeground2 },
  frame: {
    borderRadius: tokens.borderRadiusLarge,
    border: `1px solid ${tokens.colorNeutralStroke2}`,
    backgroundColor: tokens.colorNeutralBackground1,
    overflowX: 'auto',
  },
  table: { width: '100%', borderCollapse: 'collapse', tableLayout: 'fixed', minWidth: '720px' },
  head: {
    textAlign: 'left',
    padding: '10px 14px',
    fontWeight: tokens.fontWeightSemibold,
    color: tokens.colorNeutralForeground2,
    borderBottom: `1px solid ${tokens.colorNeutralStroke2}`,
  },
  cell: {
    padding: '9px 14px',
    verticalAlign: 'top',
    overflowWrap: 'anywhere',
    borderBottom: `1px solid ${tokens.colorNeutralStroke3}`,
  },
  row: { ':hover': { backgroundColor: tokens.colorNeutralBackground2 } },
  time: { width: '130px' },
  app: { width: '22%' },
  kind: { width: '120px' },
  who: { width: '170px' },
  quiet: { color: tokens.colorNeutralForeground3, fontSize: tokens.fontSizeBase200 },
  list: {
    margin: 0,
    padding: 0,
    listStyleType: 'none',
    display: 'flex',
    flexDirection: 'column',
    gap: '2px',
  },
  label: { color: tokens.colorNeutralForeground2 },
  cards: {
    display: 'flex',
    flexDirection: 'column',
    gap: '10px',
    margin: 0,
    padding: 0,
    listStyleType: 'none',
  },
  card: {
    display: 'flex',
    flexDirection: 'column',
    gap: '4px',
    padding: '10px 12px',
    borderRadius: tokens.borderRadiusLarge,
    border: `1px solid ${tokens.colorNeutralStroke2}`,
    backgroundColor: tokens.colorNeutralBackground1,
  },
  cardHead: { display: 'flex', flexWrap: 'wrap', justifyContent: 'space-between', gap: '4px 10px' },
  foot: { display: 'flex', justifyContent: 'center', alignItems: 'center', minHeight: '32px' },
});

const route = getRouteApi('/changes');

/** The page. */
export function ChangesPage() {
  const styles = useStyles();
  const api = useApi();
  const metadata = useMetadata();
  const narrow = useIsNarrow();
  const format = useFormat();
  const announce = useAnnounce();
  const choices = route.useSearch();
  const navigate = route.useNavigate();
  const { query, records, authors } = useChanges(undefined, choices);
  const change = (update: ChangeChoicesUpdate) =>
    void navigate({ search: (old) => ({ ...old, ...update }) as typeof old, replace: true });
  const clear = () => change({ field: undefined, by: undefined, kind: undefined, days: undefined });
  const chips = chipsOf(choices, authors, (name) => metadata.find(name)?.label ?? name, change);
  const filter = changeFilter(choices, Date.now());
  const path = `${api.listPath({})}/casp.changes()${filter === undefined ? '' : `?$filter=${encodeOption(filter)}`}`;
  const more = async () => {
    const { data } = await query.fetchNextPage();
    announce(words.oldChanges(data?.pages.flatMap(({ items }) => items).length ?? 0));
  };
  return (
    <Page
      title={words.changesTitle}
      actions={
        <>
          <Button
            appearance="subtle"
            icon={<ArrowClockwise20Regular />}
            disabledFocusable={query.isFetching}
            onClick={() => void query.refetch()}
          >
            {words.refresh}
          </Button>
          <CopyAsRequest request={{ method: 'GET', path }} />
        </>
      }
    >
      <p className={styles.intro}>{words.changesIntro}</p>
      <ChangeChoicesBar choices={choices} seen={authors} onChange={change} />
      <QueryView query={{ ...query, data: records }} loading={<Loading rows={12} />}>
        {(shown) =>
          shown.length === 0 ? (
            chips.length === 0 ? (
              <Empty title={words.changesEmpty}>{words.changesEmptyDetail}</Empty>
            ) : (
              <EmptyFiltered title={words.historyFiltered} chips={chips} onClear={clear} />
            )
          ) : (
            <>
              {narrow ? <ChangeCards records={shown} /> : <ChangeTable records={shown} />}
              <div className={styles.foot}>
                {query.hasNextPage ? (
                  <Button onClick={() => void more()} disabledFocusable={query.isFetchingNextPage}>
                    {query.isFetchingNextPage ? words.loadingMore : words.loadMore}
                  </Button>
                ) : (
                  <span className={styles.quiet}>
                    {words.shown(format.number(shown.length), shown.length)} · {words.allShown}
                  </span>
                )}
              </div>
            </>
          )
        }
      </QueryView>
    </Page>
  );
}

/** Characters of a name in a list. */
const nameMax = 80;

function AppName({ record }: { readonly record: ChangeRecord }) {
  const name = record.name === null || record.name.trim() === '' ? words.namelessApp : record.name;
  return (
    <AppLink
      to="/apps/$id"
      params={{ id: record.id }}
      search={record.kind === 'deleted' ? {} : { tab: 'history' }}
    >
      <bdi>{display(name, nameMax)}</bdi>
    </AppLink>
  );
}

/** Fields shown of one record. */
const fieldsMax = 3;

function ChangeSummary({ record }: { readonly record: ChangeRecord }) {
  const styles = useStyles();
  const { leaves } = useMetadata();
  if (record.kind === 'created') return words.created(record.changed.length);
  if (record.kind === 'deleted') return words.deleted(record.changed.length);
  const changes = changesOf(record, leaves);
  return (
    <ul className={styles.list}>
      {changes.slice(0, fieldsMax).map((each) => (
        <li key={each.property.path}>
          <span className={styles.label}>{each.property.label}: </span>
          <Difference change={each} limit={60} />
        </li>
      ))}
      {changes.length > fieldsMax ? (
        <li className={styles.quiet}>{words.moreFields(changes.length - fieldsMax)}</li>
      ) : null}
    </ul>
  );
}

/** Of a client's id as much as tells clients apart; the history of the app has all of it. */
const clientMax = 18;

function Author({ record }: { readonly record: ChangeRecord }) {
  const styles = useStyles();
  const config = useConfig();
  const client = record.author.kind === 'system' ? '' : clientName(record.author, config);
  return (
    <>
      <AuthorName author={record.author} />
      {client === '' ? null : (
        <div className={styles.quiet}>
          <bdi>{display(client, clientMax)}</bdi>
        </div>
      )}
    </>
  );
}

function ChangeTable({ records }: { readonly records: readonly ChangeRecord[] }) {
  const styles = useStyles();
  const columns = [
    [words.when, styles.time],
    [words.filterKind, styles.kind],
    [words.app, styles.app],
    [words.what, undefined],
    [words.who, styles.who],
  ] as const;
  return (
    <ScrollRegion className={styles.frame} label={words.changesTitle}>
      <table className={styles.table}>
        <thead>
          <tr>
            {columns.map(([title, width]) => (
              <th key={title} scope="col" className={mergeClasses(styles.head, width)}>
                {title}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {records.map((record) => (
            <tr key={record.position} className={styles.row}>
              <td className={styles.cell}>
                <ChangeTime record={record} />
              </td>
              <td className={styles.cell}>
                <ChangeKind kind={record.kind} />
              </td>
              <td className={styles.cell}>
                <AppName record={record} />
              </td>
              <td className={styles.cell}>
                <ChangeSummary record={record} />
              </td>
              <td className={styles.cell}>
                <Author record={record} />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </ScrollRegion>
  );
}

function ChangeCards({ records }: { readonly records: readonly ChangeRecord[] }) {
  const styles = useStyles();
  return (
    <ol className={styles.cards} aria-label={words.changesTitle}>
      {records.map((record) => (
        <li key={record.position} className={styles.card}>
          <div className={styles.cardHead}>
            <ChangeKind kind={record.kind} />
            <span className={styles.quiet}>
              <ChangeTime record={record} />
            </span>
          </div>
          <AppName record={record} />
          <div>
            <ChangeSummary record={record} />
          </div>
          <div className={styles.quiet}>
            <Author record={record} />
          </div>
        </li>
      ))}
    </ol>
  );
}
