/** Change records of one app since a version, for comparisons that need all of them. */
import type { Api, ChangeRecord, Page } from '../../api.ts';

const pageSize = 100;
/** Further back nobody compares by hand. */
const pagesMax = 20;

/** The records after `version`, newest first; the history may be shorter than that. */
export async function loadChangesSince(
  api: Pick<Api, 'changes' | 'nextChanges'>,
  id: string,
  version: number,
  signal?: AbortSignal,
): Promise<readonly ChangeRecord[]> {
  const records: ChangeRecord[] = [];
  let page: Page<ChangeRecord> = await api.changes({ id, top: pageSize }, signal);
  for (let pages = 1; ; pages += 1) {
    const newer = page.items.filter((record) => record.version > version);
    records.push(...newer);
    const ended = newer.length < page.items.length || page.nextLink === undefined || pages >= pagesMax;
    if (ended || page.nextLink === undefined) return records;
    page = await api.nextChanges(page.nextLink, signal);
  }
}
