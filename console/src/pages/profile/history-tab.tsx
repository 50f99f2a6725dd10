/** The history of one app: newest first, each value and each version can be put back by a new change. */
import { Button, makeStyles, tokens } from '@fluentui/react-components';
import { getRouteApi } from '@tanstack/react-router';
import { useMemo, useState } from 'react';
import type { ChangeRecord } from '../../api.ts';
import { useAnnounce, useFormat, useMetadata } from '../../context.tsx';
import { ChangeChoicesBar, type ChangeChoicesUpdate, chipsOf } from '../../history/change-choices.tsx';
import {
  AuthorName,
  ChangeFields,
  ChangeKind,
  ChangeTime,
  RequestFacts,
} from '../../history/change-details.tsx';
import { useChanges } from '../../history/use-changes.ts';
import { type ChangeChoices, parseChangeChoices } from '../../merge/change-query.ts';
import type { FieldChange } from '../../merge/field-changes.ts';
import { Allowed } from '../../parts/allowed.tsx';
import { Empty, EmptyFiltered, QueryView } from '../../parts/state-views.tsx';
import { words } from './strings.ts';

const useStyles = makeStyles({
  tab: { display: 'flex', flexDirection: 'column', gap: '12px' },
  list: {
    display: 'flex',
    flexDirection: 'column',
    gap: '12px',
    margin: 0,
    padding: 0,
    listStyleType: 'none',
  },
  item: {
    padding: '12px 16px',
    borderRadius: tokens.borderRadiusLarge,
    border: `1px solid ${tokens.colorNeutralStroke2}`,
    backgroundColor: tokens.colorNeutralBackground1,
    '@media (max-width: 699.98px)': { padding: '10px 12px' },
  },
  head: { display: 'flex', flexWrap: 'wrap', gap: '4px 12px', alignItems: 'center', marginBottom: '6px' },
  who: { fontWeight: tokens.fontWeightSemibold, overflowWrap: 'anywhere' },
  quiet: { color: tokens.colorNeutralForeground3 },
  actions: { marginLeft: 'auto', display: 'flex', flexWrap: 'wrap', gap: '4px' },
  foot: { display: 'flex', justifyContent: 'center', alignItems: 'center', gap: '12px', minHeight: '32px' },
});

const route = getRouteApi('/apps/$id');

/** What is put back: one value as it was before a change, or all values as they were after it. */
export type Restore =
  | { readonly kind: 'value'; readonly change: FieldChange }
  | { readonly kind: 'version'; readonly version: number };

/** The tab; without `onRestore` (a deleted app) it can only be read. */
export function HistoryTab(props: {
  readonly id: string;
  readonly onRestore: ((restore: Restore) => void) | undefined;
}) {
  const styles = useStyles();
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const announce = useAnnounce();
  const format = useFormat();
  const metadata = useMetadata();
  const choices = useMemo(() => parseChangeChoices({ ...search }), [search]);
  const { query, records, authors } = useChanges(props.id, choices);
  const change = (update: ChangeChoicesUpdate) =>
    void navigate({ search: (old) => withChoices(old, update), replace: true });
  const clear = () => change({ field: undefined, by: undefined, kind: undefined, days: undefined });
  const labelOf = (name: string) => metadata.find(name)?.label ?? name;
  const chips = chipsOf(choices, authors, labelOf, change);
  const more = async () => {
    const { data } = await query.fetchNextPage();
    announce(words.oldChanges(data?.pages.flatMap(({ items }) => items).length ?? 0));
  };
  return (
    <div className={styles.tab}>
      <ChangeChoicesBar choices={choices} seen={authors} onChange={change} />
      <QueryView query={{ ...query, data: records }}>
        {(shown) =>
          shown.length === 0 ? (
            chips.length === 0 ? (
              <Empty title={words.historyEmpty}>{words.changesEmptyDetail}</Empty>
            ) : (
              <EmptyFiltered title={words.historyFiltered} chips={chips} onClear={clear} />
            )
          ) : (
            <>
              <ol className={styles.list} aria-label={words.history}>
                {shown.map((record, index) => (
                  <HistoryItem
                    key={record.position}
                    record={record}
                    isCurrent={index === 0 && chips.length === 0}
                    onRestore={props.onRestore}
                  />
                ))}
              </ol>
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
    </div>
  );
}

/** The address with choices changed; what is taken away leaves it. */
export function withChoices<Search extends ChangeChoices>(
  search: Search,
  update: ChangeChoicesUpdate,
): Search {
  return { ...search, ...update } as Search;
}

function HistoryItem(props: {
  readonly record: ChangeRecord;
  readonly isCurrent: boolean;
  readonly onRestore: ((restore: Restore) => void) | undefined;
}) {
  const styles = useStyles();
  const [open, setOpen] = useState(false);
  const { record, onRestore } = props;
  const restorable = onRestore !== undefined && record.kind !== 'deleted' && !props.isCurrent;
  return (
    <li className={styles.item}>
      <div className={styles.head}>
        <ChangeKind kind={record.kind} />
        <span className={styles.who}>
          <AuthorName author={record.author} />
        </span>
        <span className={styles.quiet}>
          <ChangeTime record={record} /> · {words.versionNumber(record.version)}
        </span>
        <span className={styles.actions}>
          <Button size="small" appearance="subtle" aria-expanded={open} onClick={() => setOpen(!open)}>
            {words.details}
          </Button>
          {restorable ? (
            <Allowed>
              {(allowed) => (
                <Button
                  {...allowed}
                  size="small"
                  aria-label={`${words.restoreVersion} ${words.versionNumber(record.version)}`}
                  onClick={() => onRestore({ kind: 'version', version: record.version })}
                >
                  {words.restoreVersion}
                </Button>
              )}
            </Allowed>
          ) : null}
        </span>
      </div>
      <ChangeFields
        record={record}
        onRestore={onRestore === undefined ? undefined : (change) => onRestore({ kind: 'value', change })}
      />
      {open ? <RequestFacts record={record} /> : null}
    </li>
  );
}
