/** What the address of Overview holds. */

/** The search parameters. */
export interface OverviewSearch {
  /** Charts shown as tables, separated by commas. */
  readonly tables?: string;
  /** `high` counts publishers by their high risk apps only. */
  readonly publishers?: 'high';
}

/** Reads the search parameters; what it does not know is dropped. */
export function parseOverviewSearch(raw: Readonly<Record<string, unknown>>): OverviewSearch {
  const { tables, publishers } = raw;
  return {
    ...(typeof tables === 'string' && /^[a-z]+(?:,[a-z]+){0,9}$/.test(tables) ? { tables } : {}),
    ...(publishers === 'high' ? { publishers: 'high' as const } : {}),
  };
}
