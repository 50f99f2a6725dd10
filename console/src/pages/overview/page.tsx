/** Overview: the state of the inventory in numbers, each of which leads to exactly the apps it counts. */
import { Button, makeStyles, Radio, RadioGroup, tokens } from '@fluentui/react-components';
import { ArrowClockwise20Regular, ArrowRight16Regular } from '@fluentui/react-icons';
import { keepPreviousData, useQuery, useQueryClient } from '@tanstack/react-query';
import { getRouteApi } from '@tanstack/react-router';
import { type ReactNode, useMemo } from 'react';
import type { ChangeRecord, Entity } from '../../api.ts';
import { BandBars, type BandRow } from '../../charts/band-bars.tsx';
import { BarList, BarTable } from '../../charts/bar-list.tsx';
import { ChartCard } from '../../charts/chart-card.tsx';
import { type Bar, sharePercent } from '../../charts/chart-data.ts';
import { type HeatRow, HeatTable } from '../../charts/heat-table.tsx';
import { useApi, useConfig, useFormat, useMetadata } from '../../context.tsx';
import { display } from '../../data-text.ts';
import { encodeOption } from '../../odata.ts';
import { AppLink } from '../../parts/app-link.tsx';
import { CopyAsRequest, queryHref } from '../../parts/copy-as-request.tsx';
import { Page } from '../../parts/page-header.tsx';
import { RiskBadge, RiskIcon } from '../../parts/risk-badge.tsx';
import { Empty, Loading, QueryView } from '../../parts/state-views.tsx';
import { Time } from '../../parts/time.tsx';
import { bandFilter, meaningful, privilegedFilter } from '../../profile-meaning.ts';
import type { RequestDescription } from '../../request-description.ts';
import { findScale, type RiskBand, type RiskScale, riskBands } from '../../risk.ts';
import { useOpenHref } from '../../shell/open-href.ts';
import {
  ageBars,
  allOf,
  type BandCounts,
  bandsBy,
  barsOf,
  byAge,
  commonest,
  equals,
  type Row,
  readBands,
  sumOf,
  tileFilters,
  totalOf,
  valueAt,
} from './queries.ts';
import type { OverviewSearch } from './search.ts';
import { strings } from './strings.ts';

const useStyles = makeStyles({
  tiles: {
    display: 'grid',
    gridTemplateColumns: 'repeat(auto-fit, minmax(min(180px, 100%), 1fr))',
    gap: '12px',
    margin: 0,
    padding: 0,
    listStyleType: 'none',
    '@media (max-width: 699.98px)': { gridTemplateColumns: 'repeat(2, minmax(0, 1fr))', gap: '8px' },
  },
  tile: {
    display: 'flex',
    flexDirection: 'column',
    height: '100%',
    boxSizing: 'border-box',
    padding: '14px 18px',
    borderRadius: tokens.borderRadiusLarge,
    border: `1px solid ${tokens.colorNeutralStroke2}`,
    backgroundColor: tokens.colorNeutralBackground1,
    boxShadow: tokens.shadow2,
    color: tokens.colorNeutralForeground1,
    textDecorationLine: 'none',
    ':hover': {
      backgroundColor: tokens.colorNeutralBackground1Hover,
      color: tokens.colorNeutralForeground1,
      textDecorationLine: 'none',
    },
    '@media (max-width: 699.98px)': { padding: '10px 12px' },
  },
  tileLabel: { fontWeight: tokens.fontWeightSemibold },
  tileValue: {
    fontSize: tokens.fontSizeHero800,
    lineHeight: tokens.lineHeightHero800,
    fontWeight: tokens.fontWeightSemibold,
    fontVariantNumeric: 'tabular-nums',
    '@media (max-width: 699.98px)': {
      fontSize: tokens.fontSizeHero700,
      lineHeight: tokens.lineHeightHero700,
    },
  },
  alarming: { color: tokens.colorStatusDangerForeground1 },
  hint: { fontSize: tokens.fontSizeBase200, color: tokens.colorNeutralForeground3 },
  charts: {
    display: 'grid',
    gridTemplateColumns: 'repeat(2, minmax(0, 1fr))',
    gap: '16px',
    alignItems: 'stretch',
    '@media (max-width: 1023.98px)': { gridTemplateColumns: 'minmax(0, 1fr)' },
    '@media (max-width: 699.98px)': { gap: '10px' },
  },
  list: { margin: 0, padding: 0, listStyleType: 'none' },
  item: {
    display: 'flex',
    flexWrap: 'wrap',
    columnGap: '12px',
    rowGap: '2px',
    alignItems: 'center',
    justifyContent: 'space-between',
    padding: '7px 0',
    borderBottom: `1px solid ${tokens.colorNeutralStroke3}`,
    minHeight: '24px',
  },
  itemName: { overflowWrap: 'anywhere', minWidth: 0, flexGrow: 1, flexBasis: '50%' },
  itemFacts: {
    display: 'flex',
    flexWrap: 'wrap',
    columnGap: '10px',
    color: tokens.colorNeutralForeground3,
    fontSize: tokens.fontSizeBase200,
    minWidth: 0,
  },
  more: { display: 'inline-flex', alignItems: 'center', gap: '4px', minHeight: '24px', alignSelf: 'start' },
  bandHead: { display: 'flex', flexDirection: 'column', alignItems: 'center' },
  quiet: { margin: 0, color: tokens.colorNeutralForeground3 },
  code: {
    margin: '8px 0 0',
    padding: '12px',
    overflowX: 'auto',
    fontFamily: tokens.fontFamilyMonospace,
    fontSize: tokens.fontSizeBase200,
    backgroundColor: tokens.colorNeutralBackground3,
    borderRadius: tokens.borderRadiusMedium,
    whiteSpace: 'pre-wrap',
    overflowWrap: 'anywhere',
  },
});

const route = getRouteApi('/');
/** Sources with a bar of their own. */
const sourcesMax = 6;
/** Lines of a list or chart. */
const linesMax = 8;
/** How often new changes are looked for. */
const recentEveryMs = 30_000;

function useApply(pipeline: string) {
  const api = useApi();
  return useQuery({
    queryKey: ['profiles', 'apply', pipeline],
    queryFn: ({ signal }) => api.apply<Row>(pipeline, signal),
    placeholderData: keepPreviousData,
  });
}

/** The page. */
export function OverviewPage() {
  const styles = useStyles();
  const client = useQueryClient();
  const { riskScales } = useConfig();
  // Asked first: whether there is anything, and whether this person may see it, holds for the whole page.
  const heat = useApply(bandsBy(meaningful.permission, riskScales));
  return (
    <Page
      title={strings.title}
      actions={
        <Button
          appearance="subtle"
          icon={<ArrowClockwise20Regular />}
          onClick={() => {
            void client.invalidateQueries({ queryKey: ['profiles'] });
            void client.invalidateQueries({ queryKey: ['changes'] });
          }}
        >
          {strings.refresh}
        </Button>
      }
    >
      <QueryView query={heat} loading={<Loading rows={12} />}>
        {(rows) => {
          const bands = readBands(rows, meaningful.permission);
          const sum = sumOf(bands.values());
          return totalOf(sum) === 0 ? (
            <NoApps />
          ) : (
            <div className={styles.charts} data-state="ready">
              <Wide>
                <Tiles sum={sum} />
              </Wide>
              <BandsChart sum={sum} />
              <HeatChart bands={bands} />
              <NextList />
              <PublishersChart sum={sum} />
              <PlatformsChart total={totalOf(sum)} />
              <AgesChart total={totalOf(sum)} />
              <Wide>
                <RecentList />
              </Wide>
            </div>
          );
        }}
      </QueryView>
    </Page>
  );
}

const useWideStyles = makeStyles({ wide: { gridColumn: '1 / -1', minWidth: 0 } });
const Wide = ({ children }: { readonly children: ReactNode }) => (
  <div className={useWideStyles().wide}>{children}</div>
);

function useApplyRequest(pipeline: string): RequestDescription {
  const { collectionPath } = useMetadata();
  return { method: 'GET', path: `${collectionPath}?$apply=${encodeOption(pipeline)}` };
}

function useTables() {
  const { tables = '', ...rest }: OverviewSearch = route.useSearch();
  const navigate = route.useNavigate();
  const shown = tables === '' ? [] : tables.split(',');
  return (id: string) => ({
    shown: shown.includes(id),
    onToggle: () => {
      const next = shown.includes(id) ? shown.filter((each) => each !== id) : [...shown, id];
      const search: OverviewSearch = next.length === 0 ? rest : { ...rest, tables: next.join(',') };
      void navigate({ search, replace: true });
    },
  });
}

// Tiles.

function useCount(filter: string) {
  const api = useApi();
  return useQuery({
    queryKey: ['profiles', 'count', filter],
    queryFn: ({ signal }) => api.getCount({ filter }, signal),
  });
}

function Tiles({ sum }: { readonly sum: BandCounts }) {
  const styles = useStyles();
  const { riskScales } = useConfig();
  const filters = useMemo(() => tileFilters(riskScales), [riskScales]);
  const needsDecision = useCount(filters.needsDecision);
  const highUndecided = useCount(filters.highUndecided);
  const unsigned = useCount(filters.unsignedPrivileged);
  return (
    <ul className={styles.tiles} aria-label={strings.tiles}>
      <Tile label={strings.allApps} hint={strings.allAppsHint} value={totalOf(sum)} />
      <Tile
        label={strings.needsDecision}
        hint={strings.needsDecisionHint}
        value={needsDecision.data}
        filter={filters.needsDecision}
      />
      <Tile
        label={strings.high}
        hint={strings.highHint}
        value={sum.high}
        filter={allOf(bandFilter('high', riskScales))}
      />
      <Tile
        label={strings.highUndecided}
        hint={strings.highUndecidedHint}
        value={highUndecided.data}
        filter={filters.highUndecided}
        alarming
      />
      <Tile
        label={strings.unsignedPrivileged}
        hint={strings.unsignedPrivilegedHint}
        value={unsigned.data}
        filter={filters.unsignedPrivileged}
        alarming
      />
    </ul>
  );
}

function Tile(props: {
  readonly label: string;
  readonly hint: string;
  readonly value: number | undefined;
  readonly filter?: string;
  readonly alarming?: boolean;
}) {
  const styles = useStyles();
  const format = useFormat();
  const { label, hint, value, filter, alarming = false } = props;
  const loud = alarming && value !== undefined && value > 0;
  return (
    <li>
      <AppLink to="/apps" search={filter === undefined ? {} : { filter }} className={styles.tile}>
        <span className={styles.tileLabel}>{label}</span>
        <span className={loud ? `${styles.tileValue} ${styles.alarming}` : styles.tileValue}>
          {value === undefined ? '…' : format.number(value)}
        </span>
        <span className={styles.hint}>{hint}</span>
      </AppLink>
    </li>
  );
}

// Charts.

/** A bar of a source, whose numbers lead to its apps of a band. */
function bandRow(provider: string | null, counts: BandCounts, scales: readonly RiskScale[]): BandRow {
  return {
    key: provider === null ? 'null' : `=${provider}`,
    label: provider ?? strings.noSource,
    note: findScale(provider, scales)?.name ?? strings.noScale,
    counts,
    filterOf: (band) => allOf(bandFilter(band, scales), equals(meaningful.provider, provider)),
  };
}

function BandsChart({ sum }: { readonly sum: BandCounts }) {
  const styles = useStyles();
  const format = useFormat();
  const { riskScales } = useConfig();
  const pipeline = bandsBy(meaningful.provider, riskScales);
  const query = useApply(pipeline);
  const request = useApplyRequest(pipeline);
  const table = useTables()('bands');
  const { high, unscored } = sum;
  return (
    <ChartCard
      title={strings.bands}
      summary={strings.bandsSummary(
        format.number(high),
        sharePercent(high, totalOf(sum)),
        format.number(unscored),
      )}
      request={request}
      table={table}
    >
      <QueryView query={query}>
        {(rows) => {
          const all = [...readBands(rows, meaningful.provider)]
            .sort(([, one], [, other]) => totalOf(other) - totalOf(one))
            .map(([provider, counts]) => bandRow(provider, counts, riskScales));
          if (table.shown) return <BandTable rows={all} />;
          return (
            <>
              <BandBars rows={all.slice(0, sourcesMax)} />
              {all.length > sourcesMax ? (
                <p className={styles.quiet}>{strings.moreSources(all.length - sourcesMax)}</p>
              ) : null}
            </>
          );
        }}
      </QueryView>
    </ChartCard>
  );
}

function BandHead({ band }: { readonly band: RiskBand }) {
  const styles = useStyles();
  return (
    <span className={styles.bandHead}>
      <RiskIcon band={band} />
      {strings.bandsShort[band]}
    </span>
  );
}

function BandTable({ rows }: { readonly rows: readonly BandRow[] }) {
  return (
    <HeatTable
      caption={strings.bandsTable}
      corner={strings.source}
      columns={riskBands.map((band) => ({ key: band, label: <BandHead band={band} /> }))}
      dangerous="high"
      rows={rows.map(({ key, label, counts, filterOf }) => ({
        key,
        label: display(label, 80),
        cells: riskBands.map((band) => ({ key: band, value: counts[band], filter: filterOf(band) })),
      }))}
    />
  );
}

function HeatChart({ bands }: { readonly bands: ReadonlyMap<string | null, BandCounts> }) {
  const format = useFormat();
  const metadata = useMetadata();
  const { riskScales } = useConfig();
  const request = useApplyRequest(bandsBy(meaningful.permission, riskScales));
  // The most powerful first.
  const members = [...(metadata.find(meaningful.permission)?.members ?? [])].reverse();
  const values = [
    ...members.map(({ name, label }) => ({ value: name, label })),
    { value: null, label: strings.notSet },
  ];
  const rows: readonly HeatRow[] = values.map(({ value, label }) => ({
    key: value ?? 'null',
    label,
    cells: riskBands.map((band) => ({
      key: band,
      value: bands.get(value)?.[band] ?? 0,
      filter: allOf(bandFilter(band, riskScales), equals(meaningful.permission, value)),
    })),
  }));
  const privileged = values
    .filter(({ value }) => value !== null && privilegedFilter.includes(`'${value}'`))
    .reduce((sum, { value }) => sum + (bands.get(value)?.high ?? 0), 0);
  return (
    <ChartCard
      title={strings.heat}
      summary={strings.heatSummary(format.number(privileged))}
      request={request}
    >
      <HeatTable
        caption={strings.heat}
        corner={strings.permission}
        columns={riskBands.map((band) => ({ key: band, label: <BandHead band={band} /> }))}
        rows={rows}
        dangerous="high"
      />
    </ChartCard>
  );
}

function PublishersChart({ sum }: { readonly sum: BandCounts }) {
  const format = useFormat();
  const { riskScales } = useConfig();
  const { publishers, ...rest }: OverviewSearch = route.useSearch();
  const navigate = route.useNavigate();
  const filter = publishers === 'high' ? bandFilter('high', riskScales) : undefined;
  const pipeline = commonest(meaningful.publisher, linesMax, filter);
  const query = useApply(pipeline);
  const request = useApplyRequest(pipeline);
  const table = useTables()('publishers');
  const bars = barsOf(query.data ?? [], meaningful.publisher, strings.noPublisher, filter);
  const first = bars[0];
  return (
    <ChartCard
      title={strings.publishers}
      summary={
        query.data === undefined
          ? undefined
          : first === undefined
            ? strings.publishersNone
            : strings.publishersSummary(display(first.label, 60), format.number(first.value))
      }
      request={request}
      table={table}
      extra={
        <RadioGroup
          layout="horizontal"
          aria-label={strings.publishersBy}
          value={publishers ?? 'all'}
          onChange={(_, { value }) =>
            void navigate({
              search: value === 'high' ? { ...rest, publishers: 'high' } : rest,
              replace: true,
            })
          }
        >
          <Radio value="all" label={strings.byApps} />
          <Radio value="high" label={strings.byHigh} />
        </RadioGroup>
      }
    >
      <QueryView query={query}>
        {() => (
          <BarsOrTable
            bars={bars}
            total={publishers === 'high' ? sum.high : totalOf(sum)}
            asTable={table.shown}
            caption={strings.publishers}
          />
        )}
      </QueryView>
    </ChartCard>
  );
}

function BarsOrTable(props: {
  readonly bars: readonly Bar[];
  readonly total: number;
  readonly asTable: boolean;
  readonly caption: string;
}) {
  const { bars, total, asTable, caption } = props;
  return asTable ? <BarTable bars={bars} total={total} caption={caption} /> : <BarList bars={bars} />;
}

function PlatformsChart({ total }: { readonly total: number }) {
  const pipeline = commonest(meaningful.platform, linesMax);
  const query = useApply(pipeline);
  const request = useApplyRequest(pipeline);
  const table = useTables()('platforms');
  const bars = barsOf(query.data ?? [], meaningful.platform, strings.noPlatform);
  const first = bars[0];
  return (
    <ChartCard
      title={strings.platforms}
      summary={
        first === undefined
          ? undefined
          : strings.platformsSummary(display(first.label, 60), sharePercent(first.value, total))
      }
      request={request}
      table={table}
    >
      <QueryView query={query}>
        {() => <BarsOrTable bars={bars} total={total} asTable={table.shown} caption={strings.platforms} />}
      </QueryView>
    </ChartCard>
  );
}

function AgesChart({ total }: { readonly total: number }) {
  const query = useApply(byAge);
  const request = useApplyRequest(byAge);
  const table = useTables()('ages');
  const bars = ageBars(query.data ?? []);
  const older = bars.at(-1)?.value ?? 0;
  return (
    <ChartCard
      title={strings.changed}
      summary={query.data === undefined ? undefined : strings.changedSummary(sharePercent(older, total))}
      request={request}
      table={table}
    >
      <QueryView query={query}>
        {() => <BarsOrTable bars={bars} total={total} asTable={table.shown} caption={strings.changed} />}
      </QueryView>
    </ChartCard>
  );
}

// Lists.

function NextList() {
  const styles = useStyles();
  const api = useApi();
  const { riskScales } = useConfig();
  const { highUndecided } = tileFilters(riskScales);
  const asked = {
    filter: highUndecided,
    orderby: `${meaningful.modified} desc`,
    top: linesMax,
    select: [
      meaningful.name,
      meaningful.publisher,
      meaningful.score,
      meaningful.modified,
      meaningful.provider,
    ],
  };
  const query = useQuery({
    queryKey: ['profiles', 'next', asked],
    queryFn: ({ signal }) => api.getPage(asked, signal),
  });
  return (
    <ChartCard
      title={strings.next}
      summary={strings.nextSummary}
      request={{ method: 'GET', path: api.listPath(asked) }}
    >
      <QueryView query={query}>
        {({ items }) =>
          items.length === 0 ? (
            <p className={styles.quiet}>{strings.nextNone}</p>
          ) : (
            <>
              <ul className={styles.list}>
                {items.map((item) => (
                  <NextItem key={item.id} item={item} />
                ))}
              </ul>
              <AppLink
                to="/apps"
                search={{ filter: highUndecided, sort: `${meaningful.modified} desc` }}
                className={styles.more}
              >
                {strings.nextAll} <ArrowRight16Regular />
              </AppLink>
            </>
          )
        }
      </QueryView>
    </ChartCard>
  );
}

const nameOf = (name: unknown): string =>
  typeof name === 'string' && name.trim() !== '' ? display(name, 80) : strings.nameless;

function NextItem({ item }: { readonly item: Entity }) {
  const styles = useStyles();
  const publisher = item[meaningful.publisher];
  return (
    <li className={styles.item}>
      <span className={styles.itemName}>
        <AppLink to="/apps/$id" params={{ id: item.id }} search={{}}>
          <bdi>{nameOf(item[meaningful.name])}</bdi>
        </AppLink>{' '}
        {typeof publisher === 'string' ? (
          <span className={styles.hint}>
            <bdi>{display(publisher, 60)}</bdi>
          </span>
        ) : null}
      </span>
      <RiskBadge score={item[meaningful.score]} provider={valueAt(item, meaningful.provider)} compact />
    </li>
  );
}

function RecentList() {
  const styles = useStyles();
  const api = useApi();
  const { collectionPath } = useMetadata();
  const query = useQuery({
    queryKey: ['changes', 'recent'],
    queryFn: ({ signal }) => api.changes({ top: linesMax }, signal),
    refetchInterval: recentEveryMs,
  });
  return (
    <ChartCard
      title={strings.recent}
      summary={strings.recentSummary}
      request={{ method: 'GET', path: `${collectionPath}/casp.changes()?$top=${linesMax}` }}
    >
      <QueryView query={query}>
        {({ items }) =>
          items.length === 0 ? (
            <p className={styles.quiet}>{strings.recentNone}</p>
          ) : (
            <>
              <ul className={styles.list}>
                {items.map((record) => (
                  <RecentItem key={record.position} record={record} />
                ))}
              </ul>
              <AppLink to="/changes" search={{}} className={styles.more}>
                {strings.recentAll} <ArrowRight16Regular />
              </AppLink>
            </>
          )
        }
      </QueryView>
    </ChartCard>
  );
}

function RecentItem({ record }: { readonly record: ChangeRecord }) {
  const styles = useStyles();
  const { find } = useMetadata();
  const { kind, changed, author } = record;
  const fields = changed.slice(0, 3).map((name) => find(name)?.label ?? name);
  const more = changed.length > fields.length ? ' …' : '';
  return (
    <li className={styles.item}>
      <span className={styles.itemName}>
        <AppLink
          to="/apps/$id"
          params={{ id: record.id }}
          search={kind === 'deleted' ? {} : { tab: 'history' }}
        >
          <bdi>{nameOf(record.name)}</bdi>
        </AppLink>{' '}
        <span className={styles.hint}>
          {strings.recentKinds[kind]}
          {kind === 'updated' ? `: ${fields.join(', ')}${more}` : ''}
        </span>
      </span>
      <span className={styles.itemFacts}>
        {author.name === null ? null : <bdi>{display(author.name, 60)}</bdi>}
        <Time value={record.at} relative />
      </span>
    </li>
  );
}

// Nothing yet.

function NoApps() {
  const styles = useStyles();
  const { collectionPath } = useMetadata();
  const open = useOpenHref();
  const request = {
    method: 'POST',
    path: collectionPath,
    body: { [meaningful.name]: 'My first app', [meaningful.score]: '4' },
  };
  return (
    <Empty
      title={strings.emptyTitle}
      action={
        <>
          <Button appearance="primary" onClick={() => open(queryHref(request))}>
            {strings.emptyTry}
          </Button>
          <CopyAsRequest request={request} />
        </>
      }
    >
      {strings.empty}
      <pre className={styles.code}>
        {request.method} {request.path}
        {'\n\n'}
        {JSON.stringify(request.body, null, 2)}
      </pre>
    </Empty>
  );
}
