/** The grid on a narrow screen: a card for each app, with the same actions. */
import { makeStyles, mergeClasses, tokens } from '@fluentui/react-components';
import { useVirtualizer } from '@tanstack/react-virtual';
import { useEffect, useRef } from 'react';
import { useFormat } from '../../context.tsx';
import { shorten } from '../../data-text.ts';
import { decisionColumn, decisionOf, meaningful } from '../../profile-meaning.ts';
import { CellValue, DecisionText } from './cells.tsx';
import type { Column } from './columns.ts';
import type { GridProps } from './grid.tsx';
import { isSelected } from './selection.ts';
import { strings } from './strings.ts';

const useStyles = makeStyles({
  scroller: { position: 'absolute', inset: 0, overflowY: 'auto', overflowX: 'hidden' },
  stale: { opacity: 0.55 },
  list: { position: 'relative', margin: 0, padding: 0, listStyleType: 'none' },
  item: { position: 'absolute', left: 0, right: 0, top: 0, paddingBottom: '8px' },
  card: {
    display: 'grid',
    gridTemplateColumns: '24px minmax(0, 1fr)',
    gap: '4px 8px',
    padding: '10px 12px',
    boxSizing: 'border-box',
    border: `1px solid ${tokens.colorNeutralStroke2}`,
    borderRadius: tokens.borderRadiusLarge,
    backgroundColor: tokens.colorNeutralBackground1,
  },
  selected: { backgroundColor: tokens.colorBrandBackground2 },
  box: { width: '18px', height: '18px', margin: '3px 0 0', accentColor: tokens.colorBrandBackground },
  name: {
    border: 0,
    padding: '2px 0',
    backgroundColor: 'transparent',
    color: tokens.colorNeutralForeground1,
    font: 'inherit',
    fontWeight: tokens.fontWeightSemibold,
    textAlign: 'start',
    overflow: 'hidden',
    textOverflow: 'ellipsis',
    whiteSpace: 'nowrap',
    cursor: 'pointer',
  },
  rest: { gridColumn: '2', display: 'flex', flexDirection: 'column', gap: '4px', minWidth: 0, margin: 0 },
  fact: { display: 'flex', gap: '8px', minWidth: 0, alignItems: 'center', minHeight: '20px' },
  label: {
    flexShrink: 0,
    width: '84px',
    color: tokens.colorNeutralForeground3,
    fontSize: tokens.fontSizeBase200,
  },
  value: { display: 'flex', minWidth: 0, margin: 0, overflow: 'hidden', fontSize: tokens.fontSizeBase200 },
  decide: {
    minHeight: '28px',
    padding: '0 8px',
    border: `1px solid ${tokens.colorNeutralStroke1}`,
    borderRadius: tokens.borderRadiusMedium,
    backgroundColor: tokens.colorNeutralBackground1,
    color: 'inherit',
    font: 'inherit',
  },
});

/** More facts make a card longer than it helps. */
const factsMax = 6;

/** The cards. */
export function Cards(props: GridProps) {
  const styles = useStyles();
  const { list, state, columns, choices, selection, stale, onRange } = props;
  const format = useFormat();
  const scroller = useRef<HTMLDivElement>(null);
  const byId = new Map(columns.map((column) => [column.id, column]));
  const facts = choices
    .flatMap(({ id }): readonly Column[] =>
      byId.get(id)?.id === meaningful.name ? [] : [byId.get(id)].filter((each) => each !== undefined),
    )
    .slice(0, factsMax);
  // A guess until a card is measured.
  const height = 60 + facts.length * 26;
  const count = state.known + (state.complete ? 0 : 1);
  const virtualizer = useVirtualizer({
    count,
    getScrollElement: () => scroller.current,
    estimateSize: () => height,
    overscan: 4,
  });
  const first = virtualizer.range?.startIndex ?? 0;
  const last = virtualizer.range?.endIndex ?? 0;
  useEffect(() => {
    list.ensure(first, last);
    onRange(first, last);
  }, [list, first, last, state.known, onRange]);
  return (
    <section
      className={mergeClasses(styles.scroller, stale && styles.stale)}
      ref={scroller}
      aria-label={strings.grid}
      aria-busy={stale || (!state.ready && state.loading)}
      data-state={stale ? 'stale' : state.ready ? 'ready' : 'loading'}
      data-known={state.known}
    >
      <ul className={styles.list} style={{ height: virtualizer.getTotalSize() }}>
        {virtualizer.getVirtualItems().map(({ index, start }) => {
          const row = list.rowAt(index);
          const name = row === undefined ? strings.loadingRow : String(row[meaningful.name] ?? row.id);
          const selected = row !== undefined && isSelected(selection, row.id);
          return (
            <li
              key={index}
              className={styles.item}
              ref={virtualizer.measureElement}
              data-index={index}
              style={{ transform: `translateY(${start}px)` }}
              data-id={row?.id}
            >
              {row === undefined ? (
                <div className={styles.card}>{strings.loadingRow}</div>
              ) : (
                <div className={mergeClasses(styles.card, selected && styles.selected)}>
                  <input
                    type="checkbox"
                    className={styles.box}
                    checked={selected}
                    aria-label={strings.selectRow(shorten(name, 80))}
                    onChange={({ currentTarget }) => props.onSelect([row], currentTarget.checked)}
                  />
                  <button type="button" className={styles.name} onClick={() => props.onActivate(row, index)}>
                    <bdi>{shorten(name, 300)}</bdi>
                  </button>
                  <dl className={styles.rest}>
                    {facts.map((column) => (
                      <div key={column.id} className={styles.fact}>
                        <dt className={styles.label}>{column.label}</dt>
                        <dd className={styles.value}>
                          {column.id === decisionColumn ? (
                            <button
                              type="button"
                              className={styles.decide}
                              aria-haspopup="menu"
                              aria-label={`${strings.decisionOf(shorten(name, 80))}: ${decisionOf(row[meaningful.tags])}`}
                              onClick={({ currentTarget }) =>
                                props.onDecide({ row, index, column, element: currentTarget })
                              }
                            >
                              <DecisionText decision={decisionOf(row[meaningful.tags])} menu />
                            </button>
                          ) : (
                            <CellValue row={row} column={column} format={format} />
                          )}
                        </dd>
                      </div>
                    ))}
                  </dl>
                </div>
              )}
            </li>
          );
        })}
      </ul>
    </section>
  );
}
