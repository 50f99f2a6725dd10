/** What the address of Query holds: the request, and what is shown of it; never a token. */

/** The search parameters. */
export interface QuerySearch {
  readonly method?: string;
  /** Below the service root, as it is sent. */
  readonly path?: string;
  readonly body?: string;
  /** Lines of `name: value`. */
  readonly headers?: string;
  readonly tab?: string;
}

/** Methods offered, reading first. */
export const methods = ['GET', 'POST', 'PATCH', 'PUT', 'DELETE'] as const;
/** A method. */
export type Method = (typeof methods)[number];

/** Longer texts do not fit into an address; they stay in this tab. */
export const linkCharactersMax = 6000;

const textOf = (value: unknown): string | undefined =>
  typeof value === 'string' && value !== '' && value.length <= linkCharactersMax ? value : undefined;

/** Reads the search parameters; what it does not know is dropped. */
export function parseQuerySearch(raw: Readonly<Record<string, unknown>>): QuerySearch {
  const path = textOf(raw.path);
  const read = {
    method: methods.find((each) => each === raw.method),
    // An address of another host must never get this person's token.
    path: path?.startsWith('/') === true && !path.startsWith('//') ? path : undefined,
    body: textOf(raw.body),
    headers: textOf(raw.headers),
    tab: typeof raw.tab === 'string' && /^[a-z]{1,12}$/.test(raw.tab) ? raw.tab : undefined,
  };
  return Object.fromEntries(Object.entries(read).filter(([, value]) => value !== undefined));
}
