/** What the address of Apps holds: the whole state of the screen, so that a copied link shows the same. */

/** The search parameters; lists are text, as people read them. */
export interface AppsSearch {
  /** $filter, as the API takes it. */
  readonly filter?: string;
  /** Words, looked up by $search. */
  readonly search?: string;
  /** A property's path, then `asc` or `desc`; several separated by commas. The score ranks by its band. */
  readonly sort?: string;
  /** Paths with an optional width in pixels: `name:320,publisher`. */
  readonly columns?: string;
  readonly density?: 'compact' | 'comfortable';
  /** The view this started from; a name, nothing hangs on it. */
  readonly view?: string;
  /** Rows of one page. */
  readonly size?: number;
  /** The app shown beside the grid. */
  readonly app?: string;
  /** The bulk edit whose result is shown. */
  readonly job?: string;
  /** `odata` shows the filter as text. */
  readonly edit?: 'odata';
}

/** Page sizes offered; the service takes up to 1000. */
export const pageSizes = [50, 100, 200, 500] as const;
/** The page size unless chosen: a few screens of rows in one answer. */
export const pageSizeDefault = 100;

/** Longer texts would not fit the service's limit on addresses. */
const filterCharactersMax = 8000;
const path = '[A-Za-z_][\\w]*(?:/[A-Za-z_][\\w]*)*';
const sortPattern = new RegExp(`^${path} (?:asc|desc)(?:,${path} (?:asc|desc)){0,4}$`);
const columnsPattern = new RegExp(`^${path}(?::\\d{2,4})?(?:,${path}(?::\\d{2,4})?){0,39}$`);

type Raw = Readonly<Record<string, unknown>>;

function text(raw: Raw, name: string, fits: (value: string) => boolean): string | undefined {
  const value = raw[name];
  const written = typeof value === 'number' ? String(value) : value;
  return typeof written === 'string' && written !== '' && fits(written) ? written : undefined;
}

const choose = <Choice extends string | number>(raw: Raw, name: string, choices: readonly Choice[]) =>
  choices.find((choice) => String(choice) === String(raw[name]));

/** Reads the search parameters; what it does not know is dropped. */
export function parseAppsSearch(raw: Raw): AppsSearch {
  const read = {
    filter: text(raw, 'filter', ({ length }) => length <= filterCharactersMax),
    search: text(raw, 'search', ({ length }) => length <= 1000),
    sort: text(raw, 'sort', (value) => sortPattern.test(value)),
    columns: text(raw, 'columns', (value) => columnsPattern.test(value)),
    density: choose(raw, 'density', ['compact', 'comfortable'] as const),
    view: text(raw, 'view', ({ length }) => length <= 100),
    size: choose(raw, 'size', pageSizes),
    app: text(raw, 'app', ({ length }) => length <= 256),
    job: text(raw, 'job', ({ length }) => length <= 100),
    edit: choose(raw, 'edit', ['odata'] as const),
  };
  return Object.fromEntries(Object.entries(read).filter(([, value]) => value !== undefined));
}
