/** Two properties against each other: a table whose cells are the darker the more they count. */
import { makeStyles, mergeClasses, tokens } from '@fluentui/react-components';
import type { ReactNode } from 'react';
import { useFormat } from '../context.tsx';
import { AppLink } from '../parts/app-link.tsx';
import { tintOf } from './chart-data.ts';

const useStyles = makeStyles({
  frame: { overflowX: 'auto' },
  table: { width: '100%', borderCollapse: 'separate', borderSpacing: '3px', tableLayout: 'fixed' },
  head: {
    padding: '4px 6px',
    fontWeight: tokens.fontWeightSemibold,
    fontSize: tokens.fontSizeBase200,
    textAlign: 'center',
    color: tokens.colorNeutralForeground2,
    overflowWrap: 'break-word',
    hyphens: 'auto',
    '@media (max-width: 699.98px)': { padding: '4px 1px', fontSize: tokens.fontSizeBase100 },
  },
  row: {
    textAlign: 'left',
    width: '26%',
    '@media (max-width: 699.98px)': { width: '30%', fontSize: tokens.fontSizeBase200 },
  },
  cell: {
    position: 'relative',
    height: '32px',
    padding: 0,
    textAlign: 'center',
    borderRadius: tokens.borderRadiusSmall,
    backgroundColor: tokens.colorNeutralBackground3,
  },
  // The strongest tint still leaves the number readable on it, in both themes.
  tint: { position: 'absolute', inset: 0, borderRadius: tokens.borderRadiusSmall, pointerEvents: 'none' },
  plain: { backgroundColor: tokens.colorPaletteBlueBackground2 },
  danger: { backgroundColor: tokens.colorStatusDangerBackground2 },
  link: {
    position: 'relative',
    display: 'flex',
    alignItems: 'center',
    justifyContent: 'center',
    width: '100%',
    height: '32px',
    fontVariantNumeric: 'tabular-nums',
    color: tokens.colorNeutralForeground1,
    fontWeight: tokens.fontWeightSemibold,
  },
  none: { position: 'relative', color: tokens.colorNeutralForeground3 },
});

/** A cell; `filter` leads to the apps it counts. */
export interface HeatCell {
  readonly key: string;
  readonly value: number;
  readonly filter: string;
}

/** A line of the table. */
export interface HeatRow {
  readonly key: string;
  readonly label: string;
  readonly cells: readonly HeatCell[];
}

/** The table; cells of the column `dangerous` are tinted as dangers. */
export function HeatTable(props: {
  readonly caption: string;
  readonly corner: string;
  readonly columns: readonly { readonly key: string; readonly label: ReactNode }[];
  readonly rows: readonly HeatRow[];
  readonly dangerous: string;
}) {
  const styles = useStyles();
  const format = useFormat();
  const largest = Math.max(0, ...props.rows.flatMap(({ cells }) => cells.map(({ value }) => value)));
  return (
    <table className={styles.table} aria-label={props.caption}>
      <thead>
        <tr>
          <th scope="col" className={mergeClasses(styles.head, styles.row)}>
            {props.corner}
          </th>
          {props.columns.map(({ key, label }) => (
            <th key={key} scope="col" className={styles.head}>
              {label}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {props.rows.map((row) => (
          <tr key={row.key}>
            <th scope="row" className={mergeClasses(styles.head, styles.row)}>
              {row.label}
            </th>
            {row.cells.map(({ key, value, filter }) => (
              <td key={key} className={styles.cell}>
                <span
                  className={mergeClasses(
                    styles.tint,
                    key === props.dangerous ? styles.danger : styles.plain,
                  )}
                  style={{ opacity: tintOf(value, largest) }}
                />
                {value === 0 ? (
                  <span className={styles.none}>0</span>
                ) : (
                  <AppLink to="/apps" search={{ filter }} className={styles.link}>
                    {format.number(value)}
                  </AppLink>
                )}
              </td>
            ))}
          </tr>
        ))}
      </tbody>
    </table>
  );
}
