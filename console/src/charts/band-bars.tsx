/** Risk bands of several sources: one bar each, with a number per band that leads to exactly those apps. */
import { makeStyles, mergeClasses, tokens } from '@fluentui/react-components';
import { useFormat } from '../context.tsx';
import { display } from '../data-text.ts';
import { AppLink } from '../parts/app-link.tsx';
import { RiskIcon } from '../parts/risk-badge.tsx';
import { bandLabel, type RiskBand, riskBands } from '../risk.ts';
import { partWidths } from './chart-data.ts';

const useStyles = makeStyles({
  list: {
    display: 'flex',
    flexDirection: 'column',
    gap: '14px',
    margin: 0,
    padding: 0,
    listStyleType: 'none',
  },
  head: { display: 'flex', flexWrap: 'wrap', columnGap: '8px', alignItems: 'baseline', marginBottom: '4px' },
  name: { fontWeight: tokens.fontWeightSemibold, overflowWrap: 'anywhere' },
  scale: { color: tokens.colorNeutralForeground3, fontSize: tokens.fontSizeBase200 },
  bar: { display: 'block', width: '100%', height: '14px' },
  high: {
    fill: tokens.colorStatusDangerBackground3,
    '@media (forced-colors: active)': { fill: 'Highlight' },
  },
  medium: {
    fill: tokens.colorStatusWarningBackground3,
    '@media (forced-colors: active)': { fill: 'LinkText' },
  },
  low: {
    fill: tokens.colorStatusSuccessBackground3,
    '@media (forced-colors: active)': { fill: 'CanvasText' },
  },
  unscored: { fill: tokens.colorNeutralStroke1, '@media (forced-colors: active)': { fill: 'GrayText' } },
  numbers: {
    display: 'flex',
    flexWrap: 'wrap',
    columnGap: '14px',
    margin: '2px 0 0',
    padding: 0,
    listStyleType: 'none',
  },
  number: {
    display: 'inline-flex',
    alignItems: 'center',
    gap: '4px',
    minHeight: '24px',
    color: tokens.colorNeutralForeground1,
    fontVariantNumeric: 'tabular-nums',
  },
  quiet: { color: tokens.colorNeutralForeground3 },
});

/** One source. */
export interface BandRow {
  readonly key: string;
  readonly label: string;
  /** What its scores mean. */
  readonly note: string;
  readonly counts: Readonly<Record<RiskBand, number>>;
  readonly filterOf: (band: RiskBand) => string;
}

/** The bars. */
export function BandBars({ rows }: { readonly rows: readonly BandRow[] }) {
  const styles = useStyles();
  return (
    <ul className={styles.list}>
      {rows.map((row) => (
        <li key={row.key}>
          <div className={styles.head}>
            <bdi className={styles.name}>{display(row.label, 80)}</bdi>
            <span className={styles.scale}>{row.note}</span>
          </div>
          <BandBar counts={row.counts} />
          <BandNumbers row={row} />
        </li>
      ))}
    </ul>
  );
}

function BandBar({ counts }: Pick<BandRow, 'counts'>) {
  const styles = useStyles();
  const widths = partWidths(riskBands.map((band) => counts[band]));
  const starts = widths.map((_, index) => widths.slice(0, index).reduce((sum, width) => sum + width, 0));
  return (
    <svg className={styles.bar} viewBox="0 0 100 14" preserveAspectRatio="none" aria-hidden="true">
      {riskBands.map((band, index) => (
        <rect
          key={band}
          className={styles[band]}
          x={starts[index] ?? 0}
          width={Math.max(0, (widths[index] ?? 0) - 0.3)}
          height="14"
        />
      ))}
    </svg>
  );
}

function BandNumbers({ row }: { readonly row: BandRow }) {
  const styles = useStyles();
  const format = useFormat();
  return (
    <ul className={styles.numbers}>
      {riskBands.map((band) => (
        <li key={band}>
          {row.counts[band] === 0 ? (
            <span className={mergeClasses(styles.number, styles.quiet)}>
              <RiskIcon band={band} />
              {bandLabel(band)} 0
            </span>
          ) : (
            <AppLink to="/apps" search={{ filter: row.filterOf(band) }} className={styles.number}>
              <RiskIcon band={band} />
              {bandLabel(band)} {format.number(row.counts[band])}
            </AppLink>
          )}
        </li>
      ))}
    </ul>
  );
}
