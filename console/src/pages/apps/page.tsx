/** Apps: every profile of the tenant in one grid; find, look, decide, change many, take away. */
import {
  Button,
  Menu,
  MenuDivider,
  MenuGroup,
  MenuGroupHeader,
  MenuItem,
  MenuItemRadio,
  MenuList,
  MenuPopover,
  MenuTrigger,
  makeStyles,
  tokens,
} from '@fluentui/react-components';
import { Options20Regular, TableSettings20Regular } from '@fluentui/react-icons';
import { useQuery } from '@tanstack/react-query';
import { getRouteApi, useRouter } from '@tanstack/react-router';
import { useCallback, useEffect, useMemo, useRef, useState } from 'react';
import { ApiError, type Entity, type ListQuery } from '../../api.ts';
import type { BulkEdit } from '../../bulk/bulk-edit.ts';
import { type BulkRunParts, bulkRuns } from '../../bulk/bulk-runs.ts';
import {
  useAnnounce,
  useApi,
  useConfig,
  useConsole,
  useFormat,
  useInvalidate,
  useIsNarrow,
  useMetadata,
  useNotify,
  usePaletteCommands,
  usePreferences,
  useRights,
  useShortcuts,
  useStore,
} from '../../context.tsx';
import { describeFilter, findNamed, namedFilters, writeDescription } from '../../filter/describe-filter.ts';
import { addTerm, condition, type Filter, removeTerm, termsOf } from '../../filter/filter-model.ts';
import { readLiteral } from '../../filter/operators.ts';
import { writeSearchWords } from '../../odata.ts';
import { CopyAsRequest } from '../../parts/copy-as-request.tsx';
import { useCopy } from '../../parts/copy-button.tsx';
import { Page } from '../../parts/page-header.tsx';
import { Empty, EmptyFiltered, ErrorView, Notice } from '../../parts/state-views.tsx';
import {
  alwaysSelected,
  bandOrder,
  type Decision,
  decisionColumn,
  decisionFilter,
  decisionLabel,
  decisionOf,
  decisions,
  meaningful,
} from '../../profile-meaning.ts';
import { writeSearch } from '../../search-text.ts';
import { wait } from '../../wait.ts';
import { BulkActions } from './bulk-actions.tsx';
import { BulkResult } from './bulk-result.tsx';
import { Cards } from './cards.tsx';
import { cellText, DecisionText } from './cells.tsx';
import {
  type Column,
  columnsOf,
  nextSort,
  parseColumns,
  parseSort,
  writeColumns,
  writeSort,
} from './columns.ts';
import { ColumnsDialog } from './columns-dialog.tsx';
import { ExportMenu, useExport } from './export-menu.tsx';
import { FilterBar } from './filter-bar.tsx';
import { type CellPosition, type CellTarget, Grid } from './grid.tsx';
import { type AppsSearch, pageSizeDefault, pageSizes } from './search.ts';
import { isAnySelected, noSelection, type Selection, select } from './selection.ts';
import { strings } from './strings.ts';
import { type LastDecision, TriagePanel } from './triage-panel.tsx';
import { useDecide } from './use-decide.ts';
import { useRows } from './use-rows.ts';
import { ViewMenu } from './view-menu.tsx';
import { builtInViews, keptInView, readViews, saveView, showsView, type View, writeViews } from './views.ts';

const useStyles = makeStyles({
  toolbar: { display: 'flex', flexWrap: 'wrap', gap: '6px', alignItems: 'center' },
  spring: { flexGrow: 1 },
  work: { display: 'flex', gap: '12px', flexGrow: 1, minHeight: '360px' },
  rows: { position: 'relative', flexGrow: 1, minWidth: 0, minHeight: '360px' },
  status: {
    display: 'flex',
    justifyContent: 'space-between',
    gap: '12px',
    fontSize: tokens.fontSizeBase200,
    color: tokens.colorNeutralForeground3,
    minHeight: '18px',
  },
});

const route = getRouteApi('/apps');
/** A count that takes longer says "more than": rows never wait for it. */
const countDeadlineMs = 4000;

/** The page. */
export function AppsPage() {
  const styles = useStyles();
  const metadata = useMetadata();
  const { riskScales } = useConfig();
  const format = useFormat();
  const narrow = useIsNarrow();
  const announce = useAnnounce();
  const copy = useCopy();
  const router = useRouter();
  const [preferences] = usePreferences();
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const change = useCallback(
    (next: Partial<Record<keyof AppsSearch, AppsSearch[keyof AppsSearch]>>, replace = true) =>
      void navigate({ search: (old) => ({ ...old, ...next }) as AppsSearch, replace }),
    [navigate],
  );

  // What is asked.
  const columns = useMemo(() => columnsOf(metadata), [metadata]);
  const choices = useMemo(() => parseColumns(search.columns, columns), [search.columns, columns]);
  const sort = useMemo(() => parseSort(search.sort, columns), [search.sort, columns]);
  const named = useMemo(() => namedFilters(riskScales), [riskScales]);
  const filter = search.filter ?? '';
  const density = search.density ?? preferences.density;
  const query = useMemo<ListQuery>(
    () => ({
      filter: search.filter,
      search: search.search === undefined ? undefined : writeSearchWords(search.search),
      orderby: orderOf(sort, (direction) => bandOrder(direction, riskScales)),
      select: selectionFor(choices.map(({ id }) => id)),
      top: search.size ?? pageSizeDefault,
    }),
    [search.filter, search.search, search.size, sort, choices, riskScales],
  );
  const rows = useRows(query);
  const { list, state } = rows;
  const total = useTotal(query, state.ready && !rows.stale && state.complete ? state.known : undefined);
  const refused = rows.error instanceof ApiError && isAboutFilter(rows.error) ? rows.error : undefined;
  const fault = rows.error === undefined || refused !== undefined ? undefined : rows.error;

  // What is chosen on the screen.
  const [selection, setSelection] = useState<Selection>(noSelection);
  const [active, setActive] = useState<CellPosition>({ row: 0, column: 1 });
  const [range, setRange] = useState<readonly [number, number]>([0, 0]);
  const [menu, setMenu] = useState<CellMenu>();
  const [building, setBuilding] = useState(false);
  const [choosingColumns, setChoosingColumns] = useState(false);
  // A new question is a new list: what was chosen in the old one means nothing in it.
  useEffect(() => {
    setSelection(noSelection);
    setActive({ row: 0, column: 1 });
  }, [search.filter, search.search, search.sort]);
  const onRange = useCallback((first: number, last: number) => {
    setRange((old) => (old[0] === first && old[1] === last ? old : [first, last]));
  }, []);
  const setFilter = (next: string) => change({ filter: next === '' ? undefined : next });

  // Said to those who do not see it.
  const sortLabel = sort.map(({ id }) => columns.find((column) => column.id === id)?.label ?? id).join(', ');
  const totalText = writeTotal(total, state.known, state.complete, format.number);
  // Once for each answer and once for its count, not for each page.
  const said = useRef('');
  useEffect(() => {
    const answer = JSON.stringify([query, total.count]);
    if (!state.ready || rows.stale || said.current === answer) return;
    said.current = answer;
    announce(strings.announceLoaded(totalText, sortLabel === '' ? '' : strings.sortedBy(sortLabel)));
  }, [announce, query, rows.stale, sortLabel, state.ready, total.count, totalText]);

  // One app at a time.
  const decideRow = useDecide(list);
  const { mayWrite } = useRights();
  const api = useApi();
  const notify = useNotify();
  const [last, setLast] = useState<LastDecision>();
  const openIndex = search.app === undefined ? -1 : list.findIndex(search.app);
  const openRow = openIndex < 0 ? undefined : list.rowAt(openIndex);
  const lastIndex = useRef(-1);
  if (openIndex >= 0) lastIndex.current = openIndex;

  const openApp = useCallback(
    (row: Entity, index: number) => {
      lastIndex.current = index;
      setActive((old) => ({ row: index, column: old.row < 0 ? 1 : old.column }));
      change({ app: row.id });
    },
    [change],
  );
  function step(by: 1 | -1): void {
    const from = search.app === undefined ? active.row : lastIndex.current;
    const index = search.app === undefined ? from : from + by;
    list.ensure(Math.max(0, index), index + 20);
    const row = list.rowAt(index);
    if (row !== undefined) openApp(row, index);
    else if (by === 1 && state.complete) announce(strings.lastInList);
  }
  async function decide(row: Entity, decision: Decision, advance: boolean): Promise<void> {
    if (!mayWrite || decisionOf(row[meaningful.tags]) === decision) return;
    const promise = decideRow(row, decision);
    if (advance) step(1);
    const decided = await promise;
    if (decided === undefined) return;
    announce(decided.text);
    const undo = () => {
      setLast(undefined);
      void decided.undo();
    };
    setLast({ text: decided.text, undo });
    if (!advance)
      notify({ intent: 'success', title: decided.text, action: { label: strings.undo, run: undo } });
  }
  async function decideOpen(decision: Decision): Promise<void> {
    const id = search.app;
    const row = id === undefined ? list.rowAt(active.row) : (openRow ?? (await api.getEntity(id)));
    if (row !== undefined) await decide(row, decision, id !== undefined);
  }

  // Many apps.
  const parts = useBulkParts(rows.reload);
  function editMany(edit: BulkEdit): void {
    const scope =
      selection.kind === 'all'
        ? ({ kind: 'matching', filter: query.filter, search: query.search } as const)
        : ({ kind: 'rows', rows: [...selection.rows.values()] } as const);
    const { id } = bulkRuns.start(edit, scope, parts);
    setSelection(noSelection);
    change({ job: id });
  }
  const run = useStore(bulkRuns.store).get(search.job ?? '');
  const startExport = useExport();
  const exportQuery: ListQuery = {
    filter: query.filter,
    search: query.search,
    orderby: query.orderby,
    select: exportedNames(choices.map(({ id }) => id)),
  };

  // Views.
  const builtIn = useMemo(() => builtInViews(riskScales), [riskScales]);
  const [saved, setSaved] = useState(() => readViews(localStorage));
  // An address without a view is one of all apps, or somebody's own question.
  const view = [...builtIn, ...saved].find((each) =>
    search.view === undefined ? showsView(search, each) : each.id === search.view,
  );
  const keep = (views: readonly View[]) => {
    setSaved(views);
    writeViews(localStorage, views);
  };
  const chooseView = useCallback((chosen: View) => void navigate({ search: chosen.search }), [navigate]);

  // Keys and commands. Registered once; they always call the newest functions.
  const closePanel = () => change({ app: undefined });
  const actions = useRef({ step, decideOpen, setBuilding, setSelection, closePanel, last });
  actions.current = { step, decideOpen, setBuilding, setSelection, closePanel, last };
  useShortcuts(
    strings.shortcuts,
    useMemo(() => shortcutsFor(actions), []),
  );
  usePaletteCommands(
    strings.viewsBuiltIn,
    useMemo(
      () =>
        builtIn.map((each) => ({
          id: `view-${each.id}`,
          label: strings.view(each.name),
          run: () => chooseView(each),
        })),
      [builtIn, chooseView],
    ),
  );

  const hrefOfApps = useMemo(() => router.buildLocation({ to: '/apps' }).href, [router]);
  // The profile's page knows the list by these, and so the next app.
  const { filter: filtered, search: searched, sort: sorted } = search;
  const fromHere = useMemo(
    () => ({
      from: 'apps' as const,
      ...(filtered === undefined ? {} : { filter: filtered }),
      ...(searched === undefined ? {} : { search: searched }),
      ...(sorted === undefined ? {} : { sort: sorted }),
    }),
    [filtered, searched, sorted],
  );
  const profileHref = useCallback(
    (id: string) => `${hrefOfApps}/${encodeURIComponent(id)}${writeSearch(fromHere)}`,
    [hrefOfApps, fromHere],
  );
  const gridProps = {
    list,
    state,
    stale: rows.stale,
    total: total.count,
    columns,
    choices,
    sort,
    density,
    selection,
    active: state.known === 0 ? { row: -1, column: active.column } : active,
    openId: search.app,
    profileHref,
    onRange,
    onSort: (column: Column) => change({ sort: writeSort(nextSort(sort, column)) }),
    onSelect: (chosen: readonly Entity[], selected: boolean) =>
      setSelection((old) => select(old, chosen, selected)),
    onSelectLoaded: (selected: boolean) =>
      setSelection(selected ? select(noSelection, loadedRows(list, state.known), true) : noSelection),
    onActivate: openApp,
    onProfile: (row: Entity) =>
      void router.navigate({ to: '/apps/$id', params: { id: row.id }, search: fromHere }),
    onDecide: (target: CellTarget) => setMenu({ kind: 'decide', target }),
    onMenu: (target: CellTarget) => setMenu({ kind: 'cell', target }),
    onResize: (id: string, widthPx: number) =>
      change({
        columns: writeColumns(choices.map((choice) => (choice.id === id ? { id, widthPx } : choice))),
      }),
    onMove(position: CellPosition) {
      setActive(position);
      const row = list.rowAt(position.row);
      if (search.app !== undefined && row !== undefined && row.id !== search.app) openApp(row, position.row);
    },
  };

  const empty = state.ready && !rows.stale && state.known === 0 && fault === undefined;
  const isNamed = (each: Filter) => findNamed(each, named) !== undefined;
  return (
    <Page
      title={strings.title}
      actions={
        <>
          <Button
            appearance="subtle"
            icon={<TableSettings20Regular />}
            aria-label={strings.columns}
            onClick={() => setChoosingColumns(true)}
          >
            {narrow ? null : strings.columns}
          </Button>
          <DisplayMenu
            narrow={narrow}
            density={density}
            size={search.size ?? pageSizeDefault}
            onChange={change}
          />
          <ExportMenu narrow={narrow} onExport={(kind) => void startExport(exportQuery, kind, total.count)} />
          <CopyAsRequest request={{ method: 'GET', path: api.listPath(query) }} />
        </>
      }
    >
      <div className={styles.toolbar}>
        <ViewMenu
          current={view}
          changed={view !== undefined && !showsView(search, view)}
          builtIn={builtIn}
          saved={saved}
          onChoose={chooseView}
          onSave={(name) => {
            const id = crypto.randomUUID();
            keep(saveView(saved, { id, name, search: { ...keptInView(search), view: id } }));
            change({ view: id });
          }}
          onDelete={(old) => {
            keep(saved.filter(({ id }) => id !== old.id));
            change({ view: undefined });
          }}
          onCopyLink={() => void copy(location.href)}
        />
        <FilterBar
          filter={filter}
          search={search.search ?? ''}
          named={named}
          refused={refused}
          odata={search.edit === 'odata'}
          building={building}
          onBuilding={setBuilding}
          onFilter={setFilter}
          onSearch={(next) => change({ search: next === '' ? undefined : next })}
          onOdata={(shown) => change({ edit: shown ? 'odata' : undefined })}
        />
      </div>
      {isAnySelected(selection) ? (
        <BulkActions
          selection={selection}
          total={total.count}
          onSelectAll={() => setSelection({ kind: 'all' })}
          onClear={() => setSelection(noSelection)}
          onEdit={editMany}
          onExport={() => void startExport(selectedQuery(exportQuery, selection), 'csv', undefined)}
        />
      ) : null}
      {fault === undefined ? null : <ErrorView error={fault} onRetry={rows.retry} />}
      {empty ? (
        <NothingHere
          chips={[
            ...termsOf(filter, isNamed).map((term, index) => ({
              label: writeDescription(describeFilter(term, metadata, named)).slice(0, 80),
              onRemove: () => setFilter(removeTerm(filter, index, isNamed)),
            })),
            ...(search.search === undefined
              ? []
              : [
                  { label: `“${search.search.slice(0, 80)}”`, onRemove: () => change({ search: undefined }) },
                ]),
          ]}
          firstRequest={api.listPath({})}
          onClear={() => change({ filter: undefined, search: undefined })}
        />
      ) : fault !== undefined && !state.ready ? null : (
        <div className={styles.work}>
          <div className={styles.rows}>{narrow ? <Cards {...gridProps} /> : <Grid {...gridProps} />}</div>
          {search.app === undefined ? null : (
            <TriagePanel
              id={search.app}
              tags={openRow?.[meaningful.tags]}
              narrow={narrow}
              from={fromHere}
              last={last}
              onDecide={(decision) => void decideOpen(decision)}
              onStep={step}
              onClose={closePanel}
            />
          )}
        </div>
      )}
      <div className={styles.status}>
        <span data-total={total.count}>
          {state.known === 0
            ? ''
            : strings.rows(
                format.number(range[0] + 1),
                format.number(Math.min(range[1] + 1, state.known)),
                totalText,
              )}
        </span>
        {!narrow && sort.some(({ id }) => id === meaningful.score) ? (
          <span>{strings.riskSortHint}</span>
        ) : null}
      </div>
      {choosingColumns ? (
        <ColumnsDialog
          columns={columns}
          choices={choices}
          onChange={(next) => change({ columns: writeColumns(next) })}
          onClose={() => setChoosingColumns(false)}
        />
      ) : null}
      {menu === undefined ? null : (
        <CellMenus
          menu={menu}
          mayWrite={mayWrite}
          onClose={() => {
            setMenu(undefined);
            menu.target.element.focus();
          }}
          onDecide={(decision) => void decide(menu.target.row, decision, false)}
          onFilter={(term) => setFilter(addTerm(filter, term, isNamed))}
          onCopy={(text) => void copy(text)}
          onProfile={() => gridProps.onProfile(menu.target.row)}
          onOpen={() => openApp(menu.target.row, menu.target.index)}
        />
      )}
      {search.job === undefined ? null : run === undefined ? (
        <Notice
          title={strings.resultGone}
          action={<Button onClick={() => change({ job: undefined })}>{strings.close}</Button>}
        />
      ) : (
        <BulkResult
          run={run}
          onRetry={() => change({ job: bulkRuns.retry(run.id, parts)?.id })}
          onUndo={() => change({ job: bulkRuns.undo(run.id, parts)?.id })}
          onClose={() => change({ job: undefined })}
        />
      )}
    </Page>
  );
}

interface CellMenu {
  readonly kind: 'decide' | 'cell';
  readonly target: CellTarget;
}

const orderOf = (
  sort: readonly { readonly id: string; readonly direction: 'asc' | 'desc' }[],
  byBand: (direction: 'asc' | 'desc') => string,
): string | undefined =>
  sort.length === 0
    ? undefined
    : sort
        .map(({ id, direction }) => (id === meaningful.score ? byBand(direction) : `${id} ${direction}`))
        .join(',');

const propertyOf = (id: string): string =>
  id === decisionColumn ? meaningful.tags : (id.split('/')[0] ?? id);

/** What rows are read with; sorted, so that showing a column twice is the same question. */
const selectionFor = (ids: readonly string[]): readonly string[] =>
  [...new Set([...alwaysSelected, ...ids.map(propertyOf)])].sort();

/** What an export holds: the shown columns with the key before them. */
const exportedNames = (ids: readonly string[]): readonly string[] => [
  ...new Set([meaningful.key, ...ids.map(propertyOf)]),
];

/** Selected rows are exported by their ids. */
function selectedQuery(query: ListQuery, selection: Selection): ListQuery {
  if (selection.kind === 'all') return query;
  const term = condition(
    meaningful.key,
    'oneOf',
    [...selection.rows.keys()].map((text) => ({ kind: 'text', text })),
  );
  return { ...query, filter: addTerm('', term), search: undefined };
}

const isAboutFilter = ({ status, target }: ApiError): boolean =>
  status === 400 && (target ?? '').startsWith('$filter');

function loadedRows(list: { rowAt(index: number): Entity | undefined }, known: number): readonly Entity[] {
  return Array.from({ length: known }, (_, index) => list.rowAt(index)).filter((row) => row !== undefined);
}

interface Total {
  readonly count: number | undefined;
  readonly exact: boolean;
}

/** Counts beside the rows, within a deadline; `known` is exact where every row is here. */
function useTotal(query: ListQuery, known: number | undefined): Total {
  const api = useApi();
  const { filter, search } = query;
  const counted = useQuery({
    queryKey: ['profiles', 'count', filter ?? '', search ?? ''],
    enabled: known === undefined,
    queryFn: async ({ signal }) => {
      const deadline = new AbortController();
      const timer = setTimeout(() => deadline.abort(), countDeadlineMs);
      try {
        return await api.getCount({ filter, search }, AbortSignal.any([signal, deadline.signal]));
      } finally {
        clearTimeout(timer);
      }
    },
  });
  return { count: known ?? counted.data, exact: known !== undefined };
}

function writeTotal(
  { count, exact }: Total,
  known: number,
  complete: boolean,
  write: (value: number) => string,
): string {
  if (exact && count !== undefined) return write(count);
  if (count !== undefined) return strings.about(write(Math.max(count, known)));
  return complete ? write(known) : strings.moreThan(write(known));
}

function useBulkParts(reload: () => void): BulkRunParts {
  const api = useApi();
  const { jobs, newId } = useConsole();
  const invalidate = useInvalidate();
  const latest = useRef(reload);
  latest.current = reload;
  return useMemo(
    () => ({
      api,
      startJob: jobs.start,
      newId,
      wait,
      invalidate() {
        invalidate();
        latest.current();
      },
    }),
    [api, jobs, newId, invalidate],
  );
}

interface KeyActions {
  readonly current: {
    readonly step: (by: 1 | -1) => void;
    readonly decideOpen: (decision: Decision) => Promise<void>;
    readonly setBuilding: (building: boolean) => void;
    readonly setSelection: (selection: Selection) => void;
    readonly closePanel: () => void;
    readonly last: LastDecision | undefined;
  };
}

const shortcutsFor = (actions: KeyActions) => [
  { keys: 'j', label: strings.keyNext, run: () => actions.current.step(1) },
  { keys: 'k', label: strings.keyPrevious, run: () => actions.current.step(-1) },
  ...decisions.map((decision, index) => ({
    keys: String(index + 1),
    label: strings.keyDecide(decisionLabel(decision)),
    run: () => void actions.current.decideOpen(decision),
  })),
  { keys: 'z', label: strings.keyUndo, run: () => actions.current.last?.undo() },
  { keys: 'Escape', label: strings.closePanel, run: () => isDialogOpen() || actions.current.closePanel() },
  { keys: 'f', label: strings.keyAddFilter, run: () => actions.current.setBuilding(true) },
  {
    keys: 'Control+Shift+a',
    label: strings.keySelectAll,
    run: () => actions.current.setSelection({ kind: 'all' }),
  },
];

/** Escape is the dialog's or the menu's own where one is open. */
const isDialogOpen = (): boolean => document.querySelector('[role="dialog"],[role="menu"]') !== null;

function DisplayMenu(props: {
  readonly narrow: boolean;
  readonly density: 'compact' | 'comfortable';
  readonly size: number;
  readonly onChange: (next: { readonly density?: 'compact' | 'comfortable'; readonly size?: number }) => void;
}) {
  const { density, size, onChange } = props;
  return (
    <Menu
      checkedValues={{ density: [density], size: [String(size)] }}
      onCheckedValueChange={(_, { name, checkedItems }) => {
        const [chosen] = checkedItems;
        if (name === 'density') onChange({ density: chosen === 'compact' ? 'compact' : 'comfortable' });
        else onChange({ size: Number(chosen) });
      }}
    >
      <MenuTrigger disableButtonEnhancement>
        <Button appearance="subtle" icon={<Options20Regular />} aria-label={strings.display}>
          {props.narrow ? null : strings.display}
        </Button>
      </MenuTrigger>
      <MenuPopover>
        <MenuList>
          <MenuGroup>
            <MenuGroupHeader>{strings.density}</MenuGroupHeader>
            <MenuItemRadio name="density" value="comfortable">
              {strings.densities.comfortable}
            </MenuItemRadio>
            <MenuItemRadio name="density" value="compact">
              {strings.densities.compact}
            </MenuItemRadio>
          </MenuGroup>
          <MenuDivider />
          <MenuGroup>
            <MenuGroupHeader>{strings.pageSize}</MenuGroupHeader>
            {pageSizes.map((each) => (
              <MenuItemRadio key={each} name="size" value={String(each)}>
                {each}
              </MenuItemRadio>
            ))}
          </MenuGroup>
        </MenuList>
      </MenuPopover>
    </Menu>
  );
}

function NothingHere(props: {
  readonly chips: readonly { readonly label: string; readonly onRemove: () => void }[];
  readonly firstRequest: string;
  readonly onClear: () => void;
}) {
  if (props.chips.length > 0) {
    return <EmptyFiltered title={strings.noMatch} chips={props.chips} onClear={props.onClear} />;
  }
  return (
    <Empty
      title={strings.emptyTitle}
      action={
        <CopyAsRequest
          request={{
            method: 'POST',
            path: props.firstRequest,
            body: { [meaningful.name]: 'Contoso Expense' },
          }}
        />
      }
    >
      {strings.emptyDetail}
    </Empty>
  );
}

function CellMenus(props: {
  readonly menu: CellMenu;
  readonly mayWrite: boolean;
  readonly onClose: () => void;
  readonly onDecide: (decision: Decision) => void;
  readonly onFilter: (term: Filter) => void;
  readonly onCopy: (text: string) => void;
  readonly onProfile: () => void;
  readonly onOpen: () => void;
}) {
  const { menu, mayWrite, onClose } = props;
  const { row, column, element } = menu.target;
  const [same, other] = filtersLike(row, column);
  return (
    <Menu
      open
      onOpenChange={(_, { open }) => !open && onClose()}
      positioning={{ target: element, position: 'below', align: 'start' }}
    >
      <MenuPopover>
        {menu.kind === 'decide' ? (
          <MenuList
            checkedValues={{ decision: [decisionOf(row[meaningful.tags])] }}
            aria-label={strings.decisionOf(String(row[meaningful.name] ?? row.id).slice(0, 80))}
          >
            {decisions.map((decision) => (
              <MenuItemRadio
                key={decision}
                name="decision"
                value={decision}
                disabled={!mayWrite}
                onClick={() => props.onDecide(decision)}
              >
                <DecisionText decision={decision} />
              </MenuItemRadio>
            ))}
          </MenuList>
        ) : (
          <MenuList aria-label={column.label}>
            {same === undefined ? null : (
              <MenuItem onClick={() => props.onFilter(same)}>{strings.filterByThis}</MenuItem>
            )}
            {other === undefined ? null : (
              <MenuItem onClick={() => props.onFilter(other)}>{strings.excludeThis}</MenuItem>
            )}
            <MenuItem onClick={() => props.onCopy(cellText(row, column))}>{strings.copyValue}</MenuItem>
            <MenuDivider />
            <MenuItem onClick={props.onOpen}>{strings.openPanel}</MenuItem>
            <MenuItem onClick={props.onProfile}>{strings.openProfile}</MenuItem>
          </MenuList>
        )}
      </MenuPopover>
    </Menu>
  );
}

/** The filters "like this cell" and "unlike this cell"; undefined where there is none. */
function filtersLike(row: Entity, column: Column): readonly [Filter | undefined, Filter | undefined] {
  const { property } = column;
  if (property === undefined)
    return [termsOf(decisionFilter(decisionOf(row[meaningful.tags])), () => true)[0], undefined];
  if (!property.filterable) return [undefined, undefined];
  const text = cellText(row, column);
  if (property.collection) {
    const tags = row[meaningful.tags];
    const values = (Array.isArray(tags) ? tags : [])
      .slice(0, 20)
      .map((tag) => ({ kind: 'text', text: String(tag) }) as const);
    return values.length === 0
      ? [condition(column.id, 'hasNoItems'), condition(column.id, 'hasItems')]
      : [condition(column.id, 'hasAnyOf', values), condition(column.id, 'hasNoneOf', values)];
  }
  if (text === '') return [condition(column.id, 'empty'), condition(column.id, 'notEmpty')];
  // A stored moment is finer than a date field: its own text is the literal.
  const value =
    property.kind === 'dateTime' ? ({ kind: 'other', text } as const) : readLiteral(property, text);
  if (value === undefined) return [undefined, undefined];
  return [condition(column.id, 'equals', [value]), condition(column.id, 'notEquals', [value])];
}
