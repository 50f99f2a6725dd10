/** The columns of the grid: which, in which order, how wide; as text they stand in the address. */
import type { Metadata, PropertyInfo } from '../../metadata.ts';
import { decisionColumn, defaultColumns, meaningful } from '../../profile-meaning.ts';

/** One column that can be shown. */
export interface Column {
  /** The path of its property, or `decision`. */
  readonly id: string;
  readonly label: string;
  /** Undefined for the decision, which is read from the tags. */
  readonly property: PropertyInfo | undefined;
  readonly sortable: boolean;
  readonly widthPx: number;
}

/** A shown column and its width, where somebody chose one. */
export interface ColumnChoice {
  readonly id: string;
  readonly widthPx?: number;
}

/** Bounds of a width: narrow enough for a word, wide enough for a screen. */
export const widthMinPx = 64;
export const widthMaxPx = 1200;

const meaningfulWidths: Readonly<Record<string, number>> = {
  [meaningful.name]: 230,
  [meaningful.publisher]: 160,
  [meaningful.score]: 225,
  [meaningful.permission]: 130,
  [meaningful.signed]: 85,
  [decisionColumn]: 150,
  [meaningful.modified]: 135,
  [meaningful.tags]: 240,
};
const kindWidths: Readonly<Record<PropertyInfo['kind'], number>> = {
  text: 180,
  boolean: 100,
  number: 110,
  dateTime: 150,
  guid: 290,
  enum: 150,
  complex: 200,
};

/** Every column the model offers, in its order; the decision stands before the tags it is read from. */
export function columnsOf(metadata: Pick<Metadata, 'leaves'>): readonly Column[] {
  return metadata.leaves.flatMap((property): readonly Column[] => {
    const { path, label, sortable, kind } = property;
    const widthPx = meaningfulWidths[path] ?? kindWidths[kind];
    const column = { id: path, label: columnLabel(property, label), property, sortable, widthPx };
    if (path !== meaningful.tags) return [column];
    const widthOfDecision = meaningfulWidths[decisionColumn] ?? widthPx;
    const decision = {
      id: decisionColumn,
      label: 'Decision',
      property: undefined,
      sortable: false,
      widthPx: widthOfDecision,
    };
    return [decision, column];
  });
}

const shortLabels: Readonly<Record<string, string>> = {
  [meaningful.score]: 'Risk',
  [meaningful.permission]: 'Permission',
  [meaningful.signed]: 'Signed',
  [meaningful.modified]: 'Changed',
};

const columnLabel = ({ path }: PropertyInfo, label: string): string => shortLabels[path] ?? label;

/** Reads `name:320,publisher`; unknown and repeated columns are dropped, none left means the usual ones. */
export function parseColumns(text: string | undefined, columns: readonly Column[]): readonly ColumnChoice[] {
  const known = new Set(columns.map(({ id }) => id));
  const seen = new Set<string>();
  const choices: ColumnChoice[] = [];
  for (const part of (text ?? '').split(',')) {
    const [id = '', width] = part.split(':');
    if (!known.has(id) || seen.has(id)) continue;
    seen.add(id);
    choices.push(width === undefined ? { id } : { id, widthPx: clampWidth(Number(width)) });
  }
  return choices.length > 0 ? choices : defaultColumns.filter((id) => known.has(id)).map((id) => ({ id }));
}

/** Writes columns for the address; undefined for the usual ones. */
export function writeColumns(choices: readonly ColumnChoice[]): string | undefined {
  const text = choices.map(({ id, widthPx }) => (widthPx === undefined ? id : `${id}:${widthPx}`)).join(',');
  return text === defaultColumns.join(',') || text === '' ? undefined : text;
}

/** A width within its bounds, in whole pixels. */
export const clampWidth = (widthPx: number): number =>
  Math.round(Math.min(widthMaxPx, Math.max(widthMinPx, Number.isFinite(widthPx) ? widthPx : widthMinPx)));

/** The list with one column moved by `by` places. */
export function moveColumn(
  choices: readonly ColumnChoice[],
  id: string,
  by: number,
): readonly ColumnChoice[] {
  const from = choices.findIndex((choice) => choice.id === id);
  const choice = choices[from];
  if (choice === undefined) return choices;
  const rest = choices.filter((_, index) => index !== from);
  const to = Math.min(rest.length, Math.max(0, from + by));
  return [...rest.slice(0, to), choice, ...rest.slice(to)];
}

/** One key of the order. */
export interface SortKey {
  readonly id: string;
  readonly direction: 'asc' | 'desc';
}

/** Reads `riskScore desc,name asc`; keys that cannot be sorted by are dropped. */
export function parseSort(text: string | undefined, columns: readonly Column[]): readonly SortKey[] {
  return (text ?? '').split(',').flatMap((part) => {
    const [id = '', direction] = part.split(' ');
    const column = columns.find((each) => each.id === id);
    return column?.sortable === true
      ? [{ id, direction: direction === 'desc' ? 'desc' : 'asc' } as const]
      : [];
  });
}

/** Writes an order for the address; undefined for none. */
export const writeSort = (keys: readonly SortKey[]): string | undefined =>
  keys.length === 0 ? undefined : keys.map(({ id, direction }) => `${id} ${direction}`).join(',');

/** What a press on a column's head does: risky and late things first, then the other way, then no order. */
export function nextSort(keys: readonly SortKey[], column: Column): readonly SortKey[] {
  if (!column.sortable) return keys;
  const first = column.id === meaningful.score || column.property?.kind === 'dateTime' ? 'desc' : 'asc';
  const current = keys.length === 1 && keys[0]?.id === column.id ? keys[0].direction : undefined;
  if (current === undefined) return [{ id: column.id, direction: first }];
  return current === first ? [{ id: column.id, direction: first === 'asc' ? 'desc' : 'asc' }] : [];
}
