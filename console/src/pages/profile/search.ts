/** What the address of this page holds: the tab, what the history shows, and the list the person came from. */
import { type ChangeChoices, parseChangeChoices } from '../../merge/change-query.ts';

/** The tabs in their order. */
export const profileTabs = ['profile', 'history', 'json'] as const;
/** A tab. */
export type ProfileTab = (typeof profileTabs)[number];

/** The search parameters; `filter`, `search` and `sort` are those of Apps. */
export interface ProfileSearch extends ChangeChoices {
  readonly tab?: Exclude<ProfileTab, 'profile'>;
  /** `apps` where the person came from the list, whatever its filter: the page then knows the next app. */
  readonly from?: 'apps';
  readonly filter?: string;
  readonly search?: string;
  readonly sort?: string;
  /** `diff` compares the edited JSON with what is stored. */
  readonly view?: 'diff';
}

const textMax = 8000;

const textOf = (value: unknown): string | undefined =>
  typeof value === 'string' && value !== '' && value.length <= textMax ? value : undefined;

/** Reads the search parameters; what it does not know is dropped. */
export function parseProfileSearch(raw: Readonly<Record<string, unknown>>): ProfileSearch {
  const tab = profileTabs.find((each) => each !== 'profile' && each === raw.tab);
  const read = {
    tab: tab === 'profile' ? undefined : tab,
    from: raw.from === 'apps' ? ('apps' as const) : undefined,
    filter: textOf(raw.filter),
    search: textOf(raw.search),
    sort: textOf(raw.sort),
    view: raw.view === 'diff' ? ('diff' as const) : undefined,
    ...parseChangeChoices(raw),
  };
  return Object.fromEntries(Object.entries(read).filter(([, value]) => value !== undefined));
}
