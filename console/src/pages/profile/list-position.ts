/** Where an app stands in the list the person came from: the apps before and after it. */
import type { Api, Entity, ListQuery } from '../../api.ts';
import { writeSearchWords } from '../../odata.ts';
import { bandOrder, meaningful } from '../../profile-meaning.ts';
import type { RiskScale } from '../../risk.ts';
import type { ProfileSearch } from './search.ts';

/** Neighbours in a list; `index` counts from 1. */
export interface ListPosition {
  readonly index: number;
  readonly previous: string | undefined;
  readonly next: string | undefined;
}

/** Whether the address says which list the person came from. */
export const hasList = ({ from, filter, search, sort }: ProfileSearch): boolean =>
  [from, filter, search, sort].some((part) => part !== undefined);

/** The order of Apps: a score by its band, everything else by its value. */
function orderOf(sort: string, scales: readonly RiskScale[]): string {
  const keys = sort.split(',').map((key) => {
    const [path = '', direction] = key.split(' ');
    const way = direction === 'desc' ? 'desc' : 'asc';
    return path === meaningful.score ? bandOrder(way, scales) : `${path} ${way}`;
  });
  return keys.join(',');
}

/** The question whose answer is the list. */
export const listQueryOf = (
  { filter, search, sort }: ProfileSearch,
  scales: readonly RiskScale[],
): ListQuery => ({
  filter,
  search: search === undefined ? undefined : writeSearchWords(search),
  orderby: sort === undefined ? undefined : orderOf(sort, scales),
  select: [meaningful.key],
});

/** Ids asked for at once, and at most: whoever stands further down finds no neighbours. */
const pageSize = 500;
const pagesMax = 6;

/** Reads the ids of the list until the app and the one after it are found, or as many as are worth the wait. */
export async function loadListIds(
  api: Pick<Api, 'getPage' | 'getNextPage'>,
  query: ListQuery,
  id: string,
  signal?: AbortSignal,
): Promise<readonly string[]> {
  const ids: string[] = [];
  let page = await api.getPage({ ...query, top: pageSize }, signal);
  for (let pages = 1; ; pages += 1) {
    ids.push(...page.items.map((item: Entity) => item.id));
    const at = ids.indexOf(id);
    if (page.nextLink === undefined || pages >= pagesMax || (at >= 0 && at < ids.length - 1)) return ids;
    page = await api.getNextPage(page.nextLink, signal);
  }
}

/** The position of an app in a list; undefined where it is not in it. */
export function positionIn(ids: readonly string[], id: string): ListPosition | undefined {
  const at = ids.indexOf(id);
  return at < 0 ? undefined : { index: at + 1, previous: ids[at - 1], next: ids[at + 1] };
}
