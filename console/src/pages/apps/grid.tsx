/**
 * The grid (ARIA grid pattern): rows are virtual, one cell has the focus, arrows move it. The row with the focus is
 * always drawn, or the focus would be lost by scrolling.
 */
import { Checkbox, makeStyles, mergeClasses, tokens } from '@fluentui/react-components';
import { ArrowDown12Regular, ArrowUp12Regular } from '@fluentui/react-icons';
import {
  columnOrderingFeature,
  columnResizingFeature,
  columnSizingFeature,
  columnVisibilityFeature,
  tableFeatures,
  useTable,
} from '@tanstack/react-table';
import { defaultRangeExtractor, type Range, useVirtualizer } from '@tanstack/react-virtual';
import {
  type CSSProperties,
  type KeyboardEvent,
  type MouseEvent,
  memo,
  useCallback,
  useEffect,
  useMemo,
  useRef,
} from 'react';
import type { Entity } from '../../api.ts';
import { useFormat } from '../../context.tsx';
import { shorten } from '../../data-text.ts';
import type { Format } from '../../format.ts';
import { decisionColumn, decisionOf, meaningful } from '../../profile-meaning.ts';
import { CellValue, DecisionText } from './cells.tsx';
import {
  type Column,
  type ColumnChoice,
  clampWidth,
  type SortKey,
  widthMaxPx,
  widthMinPx,
} from './columns.ts';
import type { PagedRows, RowsState } from './paged-rows.ts';
import { isSelected, type Selection } from './selection.ts';
import { strings } from './strings.ts';

const useStyles = makeStyles({
  grid: {
    position: 'absolute',
    inset: 0,
    overflow: 'auto',
    outlineStyle: 'none',
    backgroundColor: tokens.colorNeutralBackground1,
    border: `1px solid ${tokens.colorNeutralStroke2}`,
    borderRadius: tokens.borderRadiusLarge,
    fontSize: tokens.fontSizeBase300,
    // The focused cell is never under the head or the foot.
    scrollPaddingTop: '40px',
  },
  stale: { opacity: 0.55 },
  head: {
    position: 'sticky',
    top: 0,
    zIndex: 2,
    backgroundColor: tokens.colorNeutralBackground2,
    borderBottom: `1px solid ${tokens.colorNeutralStroke1}`,
  },
  headRow: { display: 'flex', height: '36px' },
  headCell: {
    position: 'relative',
    display: 'flex',
    alignItems: 'center',
    gap: '4px',
    flexShrink: 0,
    boxSizing: 'border-box',
    padding: '0 12px',
    fontWeight: tokens.fontWeightSemibold,
    fontSize: tokens.fontSizeBase200,
    color: tokens.colorNeutralForeground2,
    userSelect: 'none',
    ':focus-visible': { outline: `2px solid ${tokens.colorStrokeFocus2}`, outlineOffset: '-2px' },
  },
  sortable: { cursor: 'pointer', ':hover': { color: tokens.colorNeutralForeground1 } },
  label: { overflow: 'hidden', textOverflow: 'ellipsis', whiteSpace: 'nowrap' },
  resizer: {
    position: 'absolute',
    right: 0,
    top: '6px',
    bottom: '6px',
    width: '9px',
    cursor: 'col-resize',
    touchAction: 'none',
    borderRight: `1px solid ${tokens.colorNeutralStroke2}`,
    ':hover': { borderRightColor: tokens.colorBrandStroke1, borderRightWidth: '3px' },
  },
  body: { position: 'relative' },
  row: {
    position: 'absolute',
    left: 0,
    top: 0,
    display: 'flex',
    boxSizing: 'border-box',
    borderBottom: `1px solid ${tokens.colorNeutralStroke3}`,
    cursor: 'default',
    ':hover': { backgroundColor: tokens.colorNeutralBackground1Hover },
  },
  selected: {
    backgroundColor: tokens.colorBrandBackground2,
    ':hover': { backgroundColor: tokens.colorBrandBackground2Hover },
  },
  open: { boxShadow: `inset 3px 0 0 ${tokens.colorBrandStroke1}` },
  cell: {
    display: 'flex',
    alignItems: 'center',
    flexShrink: 0,
    boxSizing: 'border-box',
    minWidth: 0,
    overflow: 'hidden',
    padding: '0 12px',
    ':focus-visible': { outline: `2px solid ${tokens.colorStrokeFocus2}`, outlineOffset: '-2px' },
  },
  check: { padding: 0, justifyContent: 'center' },
  box: {
    width: '16px',
    height: '16px',
    margin: 0,
    accentColor: tokens.colorBrandBackground,
    cursor: 'pointer',
  },
  fill: { flexGrow: 1 },
  name: {
    overflow: 'hidden',
    textOverflow: 'ellipsis',
    whiteSpace: 'nowrap',
    color: tokens.colorNeutralForeground1,
    fontWeight: tokens.fontWeightSemibold,
    textDecorationLine: 'none',
    ':hover': { color: tokens.colorBrandForegroundLink, textDecorationLine: 'underline' },
  },
  decide: {
    display: 'inline-flex',
    alignItems: 'center',
    minHeight: '24px',
    padding: '0 6px',
    margin: '0 -6px',
    border: '1px solid transparent',
    borderRadius: tokens.borderRadiusMedium,
    backgroundColor: 'transparent',
    color: 'inherit',
    font: 'inherit',
    cursor: 'pointer',
    ':hover': {
      border: `1px solid ${tokens.colorNeutralStroke1}`,
      backgroundColor: tokens.colorNeutralBackground1,
    },
  },
  waiting: {
    height: '10px',
    width: '60%',
    borderRadius: tokens.borderRadiusMedium,
    backgroundColor: tokens.colorNeutralBackground5,
  },
});

/** Width of the column of checkboxes. */
const checkPx = 44;
const headPx = 36;
/** Browsers give up on elements taller than about 33 million pixels. */
const heightMaxPx = 32_000_000;
const rowPx = { compact: 32, comfortable: 42 } as const;

/** A cell: row -1 is the head, column 0 the checkbox. */
export interface CellPosition {
  readonly row: number;
  readonly column: number;
}

/** What can be done with a cell from outside. */
export interface CellTarget {
  readonly row: Entity;
  readonly index: number;
  readonly column: Column;
  readonly element: HTMLElement;
}

/** What the grid tells. */
export interface GridActions {
  onSort(column: Column): void;
  onSelect(rows: readonly Entity[], selected: boolean): void;
  onSelectLoaded(selected: boolean): void;
  onActivate(row: Entity, index: number): void;
  onProfile(row: Entity, index: number): void;
  onDecide(target: CellTarget): void;
  onMenu(target: CellTarget): void;
  onResize(id: string, widthPx: number): void;
  onMove(position: CellPosition): void;
}

/** What the grid shows. */
export interface GridProps extends GridActions {
  readonly list: PagedRows;
  readonly state: RowsState;
  readonly stale: boolean;
  readonly total: number | undefined;
  readonly columns: readonly Column[];
  readonly choices: readonly ColumnChoice[];
  readonly sort: readonly SortKey[];
  readonly density: 'compact' | 'comfortable';
  readonly selection: Selection;
  readonly active: CellPosition;
  readonly openId: string | undefined;
  readonly profileHref: (id: string) => string;
  readonly onRange: (first: number, last: number) => void;
}

const features = tableFeatures({
  columnOrderingFeature,
  columnVisibilityFeature,
  columnSizingFeature,
  columnResizingFeature,
});
/** The table model holds columns; rows are virtual and never all in it. */
const noRows: readonly Entity[] = [];

const definitionOf = (column: Column) => ({
  id: column.id,
  header: column.label,
  size: column.widthPx,
  minSize: widthMinPx,
  maxSize: widthMaxPx,
});

/** The order, visibility and widths of columns as TanStack Table keeps them. */
function useColumnModel({ columns, choices, onResize }: Pick<GridProps, 'columns' | 'choices' | 'onResize'>) {
  const definitions = useMemo(() => columns.map(definitionOf), [columns]);
  const state = useMemo(() => {
    const shown = new Set(choices.map(({ id }) => id));
    return {
      columnOrder: choices.map(({ id }) => id),
      columnVisibility: Object.fromEntries(columns.map(({ id }) => [id, shown.has(id)])),
      columnSizing: Object.fromEntries(
        choices.flatMap(({ id, widthPx }) => (widthPx === undefined ? [] : [[id, widthPx] as const])),
      ),
    };
  }, [columns, choices]);
  return useTable({
    features,
    columns: definitions,
    data: noRows,
    state,
    columnResizeMode: 'onEnd',
    onColumnSizingChange: (updater) => {
      const next = typeof updater === 'function' ? updater(state.columnSizing) : updater;
      for (const [id, widthPx] of Object.entries(next)) {
        if (widthPx !== state.columnSizing[id]) onResize(id, clampWidth(widthPx));
      }
    },
  });
}

/** The grid. */
export function Grid(props: GridProps) {
  const styles = useStyles();
  const { list, state, columns, choices, sort, density, selection, active, openId, stale, total } = props;
  const format = useFormat();
  const scroller = useRef<HTMLDivElement>(null);
  const table = useColumnModel(props);
  const headers = table.getHeaderGroups()[0]?.headers ?? [];
  const byId = useMemo(() => new Map(columns.map((column) => [column.id, column])), [columns]);
  const shown = useMemo<readonly ShownColumn[]>(
    () =>
      choices.flatMap(({ id, widthPx }) => {
        const column = byId.get(id);
        return column === undefined ? [] : [{ column, widthPx: widthPx ?? column.widthPx }];
      }),
    [choices, byId],
  );
  const widthPx = checkPx + shown.reduce((sum, each) => sum + each.widthPx, 0);

  const height = rowPx[density];
  const count = Math.min(state.known + (state.complete ? 0 : 1), Math.floor(heightMaxPx / height));
  const rangeExtractor = useCallback(
    (range: Range) => {
      const indexes = defaultRangeExtractor(range);
      return active.row < 0 || active.row >= count || indexes.includes(active.row)
        ? indexes
        : [...indexes, active.row].sort((a, b) => a - b);
    },
    [active.row, count],
  );
  const virtualizer = useVirtualizer({
    count,
    getScrollElement: () => scroller.current,
    estimateSize: () => height,
    overscan: 8,
    scrollMargin: 0,
    paddingStart: 0,
    scrollPaddingStart: headPx,
    rangeExtractor,
  });
  useMeasureAgain(virtualizer, height);
  const items = virtualizer.getVirtualItems();
  const first = virtualizer.range?.startIndex ?? 0;
  const last = virtualizer.range?.endIndex ?? 0;
  const { onRange } = props;
  useEffect(() => {
    list.ensure(first, last);
    onRange(first, last);
  }, [list, first, last, state.known, onRange]);

  const focusWanted = useRef(false);
  useEffect(() => {
    if (!focusWanted.current) return;
    const cell = scroller.current?.querySelector<HTMLElement>(`[data-cell="${active.row}:${active.column}"]`);
    if (cell === null || cell === undefined) return;
    focusWanted.current = false;
    cell.focus({ preventScroll: true });
    cell.scrollIntoView({ block: 'nearest', inline: 'nearest' });
  });

  /** Handlers that never change, so that rows are drawn again only when they differ. */
  const latest = useRef(props);
  latest.current = props;
  const shownRef = useRef(shown);
  shownRef.current = shown;

  function moveTo(row: number, column: number): void {
    const target = {
      row: Math.max(-1, Math.min(state.known - 1, row)),
      column: Math.max(0, Math.min(shown.length, column)),
    };
    focusWanted.current = true;
    if (target.row >= 0) virtualizer.scrollToIndex(target.row, { align: 'auto' });
    props.onMove(target);
  }

  function onKeyDown(event: KeyboardEvent<HTMLDivElement>): void {
    const { row, column } = active;
    const pageRows = Math.max(1, Math.floor(((scroller.current?.clientHeight ?? 400) - headPx) / height) - 1);
    const control = event.ctrlKey || event.metaKey;
    const moves: Readonly<Record<string, readonly [number, number]>> = {
      ArrowDown: [row + 1, column],
      ArrowUp: [row - 1, column],
      ArrowRight: [row, column + 1],
      ArrowLeft: [row, column - 1],
      PageDown: [row + pageRows, column],
      PageUp: [Math.max(0, row - pageRows), column],
      Home: [control ? 0 : row, 0],
      End: [control ? state.known - 1 : row, shown.length],
    };
    const move = event.altKey ? undefined : moves[event.key];
    if (move !== undefined) {
      event.preventDefault();
      moveTo(...move);
      return;
    }
    if (act(event)) event.preventDefault();
  }

  /** Keys that do something with the cell; false for all others. */
  function act(event: KeyboardEvent<HTMLDivElement>): boolean {
    const column = shown[active.column - 1]?.column;
    if (active.row < 0) {
      if (event.key !== 'Enter' && event.key !== ' ') return false;
      if (column === undefined) props.onSelectLoaded(!isAllLoaded());
      else props.onSort(column);
      return true;
    }
    const entity = list.rowAt(active.row);
    if (entity === undefined) return false;
    const element = scroller.current?.querySelector<HTMLElement>(
      `[data-cell="${active.row}:${active.column}"]`,
    );
    const cell =
      element === null || element === undefined || column === undefined
        ? undefined
        : { row: entity, index: active.row, column, element };
    if (event.key === ' ') props.onSelect([entity], !isSelected(selection, entity.id));
    else if (event.key === 'Enter' && column?.id === decisionColumn && cell !== undefined)
      props.onDecide(cell);
    else if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) props.onProfile(entity, active.row);
    else if (event.key === 'Enter') props.onActivate(entity, active.row);
    else if ((event.key === 'F10' && event.shiftKey) || event.key === 'ContextMenu') {
      if (cell !== undefined) props.onMenu(cell);
    } else return false;
    return true;
  }

  const isAllLoaded = () =>
    selection.kind === 'all' || (state.known > 0 && selection.rows.size >= state.known);

  const targetOf = useCallback((element: Element): CellTarget | undefined => {
    const cell = element.closest<HTMLElement>('[data-cell]');
    const [index = -1, position = 0] = (cell?.dataset.cell ?? '').split(':').map(Number);
    const row = latest.current.list.rowAt(index);
    const column = shownRef.current[position - 1]?.column;
    return cell === null || row === undefined || column === undefined
      ? undefined
      : { row, index, column, element: cell };
  }, []);

  function onClick(event: MouseEvent<HTMLDivElement>): void {
    const element = event.target as Element;
    const cell = element.closest<HTMLElement>('[data-cell]');
    if (cell === null) return;
    const [row = -1, column = 0] = (cell.dataset.cell ?? '').split(':').map(Number);
    props.onMove({ row, column });
    if (row < 0 || column === 0) return;
    const target = targetOf(element);
    if (target === undefined || event.defaultPrevented) return;
    if (element.closest('button') !== null) props.onDecide(target);
    else if (element.closest('a') !== null) {
      if (event.ctrlKey || event.metaKey || event.shiftKey || event.button !== 0) return;
      event.preventDefault();
      props.onProfile(target.row, target.index);
    } else if (!hasTextSelection()) props.onActivate(target.row, target.index);
  }

  const toggle = useCallback(
    (row: Entity, selected: boolean) => latest.current.onSelect([row], selected),
    [],
  );
  const allLoaded = isAllLoaded();
  const someSelected = selection.kind === 'all' || selection.rows.size > 0;

  return (
    <div
      role="grid"
      aria-label={strings.grid}
      aria-describedby="grid-hint"
      aria-rowcount={total === undefined ? -1 : total + 1}
      aria-colcount={shown.length + 1}
      aria-multiselectable="true"
      aria-busy={stale || (!state.ready && state.loading)}
      data-state={stale ? 'stale' : state.ready ? 'ready' : 'loading'}
      data-known={state.known}
      ref={scroller}
      className={mergeClasses(styles.grid, stale && styles.stale)}
      onKeyDown={onKeyDown}
      onClick={onClick}
      onContextMenu={(event) => {
        const target = targetOf(event.target as Element);
        if (target === undefined) return;
        event.preventDefault();
        props.onMove({
          row: target.index,
          column: shown.findIndex(({ column }) => column === target.column) + 1,
        });
        props.onMenu(target);
      }}
      tabIndex={-1}
    >
      <span id="grid-hint" hidden>
        {strings.gridHint}
      </span>
      <div role="rowgroup" className={styles.head} style={{ width: widthPx, minWidth: '100%' }}>
        <div role="row" aria-rowindex={1} className={styles.headRow}>
          <div
            role="columnheader"
            aria-colindex={1}
            data-cell="-1:0"
            tabIndex={active.row === -1 && active.column === 0 ? 0 : -1}
            className={mergeClasses(styles.headCell, styles.check)}
            style={{ width: checkPx }}
          >
            <Checkbox
              tabIndex={-1}
              checked={allLoaded ? true : someSelected ? 'mixed' : false}
              aria-label={strings.selectAllLoaded}
              onChange={(_, { checked }) => props.onSelectLoaded(checked === true)}
            />
          </div>
          {headers.map((header, position) => {
            const column = byId.get(header.id);
            if (column === undefined) return null;
            const key = sort.find(({ id }) => id === column.id);
            const direction =
              key === undefined ? 'none' : key.direction === 'asc' ? 'ascending' : 'descending';
            const resizing = header.column.getIsResizing()
              ? (table.state.columnResizing.deltaOffset ?? 0)
              : 0;
            return (
              <div
                key={header.id}
                role="columnheader"
                aria-colindex={position + 2}
                aria-sort={column.sortable ? direction : undefined}
                data-cell={`-1:${position + 1}`}
                tabIndex={active.row === -1 && active.column === position + 1 ? 0 : -1}
                title={column.id === meaningful.score ? strings.riskSortHint : undefined}
                className={mergeClasses(
                  styles.headCell,
                  column.sortable && styles.sortable,
                  position === 0 && styles.fill,
                )}
                style={{ width: header.getSize() }}
                onClick={() => props.onSort(column)}
              >
                <span className={styles.label}>{column.label}</span>
                {key === undefined ? null : key.direction === 'asc' ? (
                  <ArrowUp12Regular />
                ) : (
                  <ArrowDown12Regular />
                )}
                <span
                  aria-hidden="true"
                  className={styles.resizer}
                  style={{ transform: `translateX(${resizing}px)` }}
                  onMouseDown={header.getResizeHandler()}
                  onTouchStart={header.getResizeHandler()}
                  onClick={(event) => event.stopPropagation()}
                />
              </div>
            );
          })}
        </div>
      </div>
      <div
        role="rowgroup"
        className={styles.body}
        style={{ height: virtualizer.getTotalSize(), width: widthPx, minWidth: '100%' }}
      >
        {items.map(({ index, start }) => {
          const row = list.rowAt(index);
          return (
            <GridRow
              key={index}
              row={row}
              index={index}
              top={start}
              height={height}
              columns={shown}
              selected={row !== undefined && isSelected(selection, row.id)}
              open={row !== undefined && row.id === openId}
              activeColumn={active.row === index ? active.column : undefined}
              href={row === undefined ? '' : props.profileHref(row.id)}
              format={format}
              onToggle={toggle}
            />
          );
        })}
      </div>
    </div>
  );
}

/** Rows of another height have to be measured anew. */
function useMeasureAgain(virtualizer: { measure(): void }, height: number): void {
  const measured = useRef(height);
  useEffect(() => {
    if (measured.current === height) return;
    measured.current = height;
    virtualizer.measure();
  }, [virtualizer, height]);
}

const hasTextSelection = (): boolean => (getSelection()?.toString() ?? '') !== '';

interface ShownColumn {
  readonly column: Column;
  readonly widthPx: number;
}

interface GridRowProps {
  readonly row: Entity | undefined;
  readonly index: number;
  readonly top: number;
  readonly height: number;
  readonly columns: readonly ShownColumn[];
  readonly selected: boolean;
  readonly open: boolean;
  /** Undefined where the focus is in another row. */
  readonly activeColumn: number | undefined;
  readonly href: string;
  readonly format: Format;
  readonly onToggle: (row: Entity, selected: boolean) => void;
}

const GridRow = memo(function GridRow(props: GridRowProps) {
  const styles = useStyles();
  const { row, index, top, height, columns, selected, open, activeColumn, href, format, onToggle } = props;
  const style: CSSProperties = { transform: `translateY(${top}px)`, height, width: '100%' };
  const name = row === undefined ? '' : String(row[meaningful.name] ?? row.id);
  const tabIndexOf = (column: number) => (activeColumn === column ? 0 : -1);
  return (
    <div
      role="row"
      aria-rowindex={index + 2}
      aria-selected={selected}
      aria-busy={row === undefined}
      data-id={row?.id}
      className={mergeClasses(styles.row, selected && styles.selected, open && styles.open)}
      style={style}
    >
      <div
        role="gridcell"
        aria-colindex={1}
        data-cell={`${index}:0`}
        tabIndex={tabIndexOf(0)}
        className={mergeClasses(styles.cell, styles.check)}
        style={{ width: checkPx }}
      >
        {row === undefined ? null : (
          <input
            type="checkbox"
            className={styles.box}
            tabIndex={-1}
            checked={selected}
            aria-label={strings.selectRow(shorten(name, 80))}
            onChange={({ currentTarget }) => onToggle(row, currentTarget.checked)}
          />
        )}
      </div>
      {columns.map(({ column, widthPx }, position) => (
        <div
          key={column.id}
          role="gridcell"
          aria-colindex={position + 2}
          data-cell={`${index}:${position + 1}`}
          tabIndex={tabIndexOf(position + 1)}
          className={mergeClasses(styles.cell, position === 0 && styles.fill)}
          style={{ width: widthPx }}
        >
          <CellContent row={row} column={column} href={href} name={name} format={format} />
        </div>
      ))}
    </div>
  );
});

function CellContent(props: {
  readonly row: Entity | undefined;
  readonly column: Column;
  readonly href: string;
  readonly name: string;
  readonly format: Format;
}) {
  const styles = useStyles();
  const { row, column, href, name, format } = props;
  if (row === undefined) return <span className={styles.waiting} aria-hidden="true" />;
  if (column.id === meaningful.name) {
    return (
      <a
        href={href}
        tabIndex={-1}
        className={styles.name}
        title={name.length > 30 ? shorten(name, 400) : undefined}
      >
        <bdi>{shorten(name, 300)}</bdi>
      </a>
    );
  }
  if (column.id === decisionColumn) {
    return (
      <button
        type="button"
        tabIndex={-1}
        className={styles.decide}
        aria-haspopup="menu"
        aria-label={`${strings.decisionOf(shorten(name, 80))}: ${decisionOf(row[meaningful.tags])}`}
      >
        <DecisionText decision={decisionOf(row[meaningful.tags])} menu />
      </button>
    );
  }
  return <CellValue row={row} column={column} format={format} />;
}
