/** Bars with their names and numbers; each line is one link to the apps it counts. */
import { makeStyles, tokens } from '@fluentui/react-components';
import { useFormat } from '../context.tsx';
import { display } from '../data-text.ts';
import { AppLink } from '../parts/app-link.tsx';
import { type Bar, sharePercent, widthPercent } from './chart-data.ts';
import { strings } from './strings.ts';

const useStyles = makeStyles({
  list: {
    display: 'flex',
    flexDirection: 'column',
    gap: '2px',
    margin: 0,
    padding: 0,
    listStyleType: 'none',
  },
  line: {
    display: 'grid',
    gridTemplateColumns: 'minmax(84px, 28%) minmax(0, 1fr) minmax(48px, auto)',
    '@media (max-width: 699.98px)': { gridTemplateColumns: '42% minmax(0, 1fr) minmax(40px, auto)' },
    alignItems: 'center',
    gap: '10px',
    minHeight: '30px',
    padding: '0 6px',
    margin: '0 -6px',
    borderRadius: tokens.borderRadiusMedium,
    color: tokens.colorNeutralForeground1,
    textDecorationLine: 'none',
    ':hover': {
      backgroundColor: tokens.colorNeutralBackground1Hover,
      color: tokens.colorNeutralForeground1,
      textDecorationLine: 'none',
    },
  },
  label: { overflow: 'hidden', textOverflow: 'ellipsis', whiteSpace: 'nowrap' },
  value: { textAlign: 'right', fontVariantNumeric: 'tabular-nums', fontWeight: tokens.fontWeightSemibold },
  bar: { display: 'block', width: '100%', height: '14px' },
  track: { fill: tokens.colorNeutralBackground3, '@media (forced-colors: active)': { fill: 'Canvas' } },
  fill: { fill: tokens.colorBrandBackground, '@media (forced-colors: active)': { fill: 'Highlight' } },
  none: { color: tokens.colorNeutralForeground3, margin: 0 },
});

/** Longer names are cut by the width anyway. */
const nameMax = 80;

/** The bars, as wide as the largest one allows. */
export function BarList({ bars }: { readonly bars: readonly Bar[] }) {
  const styles = useStyles();
  const format = useFormat();
  const largest = Math.max(0, ...bars.map(({ value }) => value));
  if (bars.length === 0) return <p className={styles.none}>{strings.nothing}</p>;
  return (
    <ul className={styles.list}>
      {bars.map(({ key, label, value, filter }) => (
        <li key={key}>
          <AppLink to="/apps" search={{ filter }} className={styles.line}>
            <bdi className={styles.label}>{display(label, nameMax)}</bdi>
            <svg className={styles.bar} viewBox="0 0 100 14" preserveAspectRatio="none" aria-hidden="true">
              <rect className={styles.track} width="100" height="14" />
              <rect className={styles.fill} width={widthPercent(value, largest)} height="14" />
            </svg>
            <span className={styles.value}>{format.number(value)}</span>
          </AppLink>
        </li>
      ))}
    </ul>
  );
}

const useTableStyles = makeStyles({
  frame: { overflowX: 'auto' },
  table: { width: '100%', borderCollapse: 'collapse' },
  cell: {
    padding: '6px 8px',
    textAlign: 'left',
    borderBottom: `1px solid ${tokens.colorNeutralStroke2}`,
    overflowWrap: 'anywhere',
  },
  number: { textAlign: 'right', fontVariantNumeric: 'tabular-nums', whiteSpace: 'nowrap' },
});

/** The same as a table, with shares. */
export function BarTable(props: {
  readonly bars: readonly Bar[];
  readonly total: number;
  readonly caption: string;
}) {
  const styles = useTableStyles();
  const format = useFormat();
  const number = `${styles.cell} ${styles.number}`;
  return (
    <table className={styles.table} aria-label={props.caption}>
      <thead>
        <tr>
          <th scope="col" className={styles.cell}>
            {strings.what}
          </th>
          <th scope="col" className={number}>
            {strings.apps}
          </th>
          <th scope="col" className={number}>
            {strings.share}
          </th>
        </tr>
      </thead>
      <tbody>
        {props.bars.map(({ key, label, value, filter }) => (
          <tr key={key}>
            <th scope="row" className={styles.cell}>
              <bdi>{display(label, nameMax)}</bdi>
            </th>
            <td className={number}>
              <AppLink to="/apps" search={{ filter }}>
                {format.number(value)}
              </AppLink>
            </td>
            <td className={number}>{sharePercent(value, props.total)}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
