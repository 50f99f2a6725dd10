/** Finds what a bulk edit applies to: the selected rows as they were selected, or every app that matches. */
import type { Api, Entity } from '../api.ts';
import { writeText } from '../odata.ts';
import { meaningful } from '../profile-meaning.ts';
import { type BulkEdit, type BulkTarget, pathOf, selectionOf, targetOf } from './bulk-edit.ts';

/** Selected rows, or the question whose answers are all selected. */
export type BulkScope =
  | { readonly kind: 'rows'; readonly rows: readonly Entity[] }
  | { readonly kind: 'matching'; readonly filter: string | undefined; readonly search: string | undefined };

/** Pages of targets hold three properties: the largest page the service gives is small. */
const pageSize = 1000;
/** Ids in one `in (…)`: well within the service's limit on lists and addresses. */
const idsMax = 100;

/** Reads the targets; `report` hears how many there are so far. */
export async function collectTargets(
  edit: BulkEdit,
  scope: BulkScope,
  api: Pick<Api, 'getPage' | 'getNextPage'>,
  report: (count: number) => void,
  signal: AbortSignal,
): Promise<readonly BulkTarget[]> {
  const path = pathOf(edit);
  const select = [...new Set([meaningful.key, meaningful.name, selectionOf(path)])];
  if (scope.kind === 'matching') {
    return readAll({ filter: scope.filter, search: scope.search, select }, path, api, report, signal);
  }
  if (scope.rows.every((row) => selectionOf(path) in row))
    return scope.rows.map((row) => targetOf(row, path));
  return readRows(scope.rows, select, path, api, report, signal);
}

type Query = {
  readonly filter: string | undefined;
  readonly search: string | undefined;
  readonly select: readonly string[];
};
type Pages = Pick<Api, 'getPage' | 'getNextPage'>;

async function readAll(
  query: Query,
  path: string,
  api: Pages,
  report: (count: number) => void,
  signal: AbortSignal,
): Promise<readonly BulkTarget[]> {
  const targets: BulkTarget[] = [];
  let page = await api.getPage({ ...query, top: pageSize }, signal);
  for (;;) {
    for (const item of page.items) targets.push(targetOf(item, path));
    report(targets.length);
    if (page.nextLink === undefined) return targets;
    page = await api.getNextPage(page.nextLink, signal);
  }
}

/** The value is read now, but the ETag stays the one of the selection: what changed since is a conflict. */
async function readRows(
  rows: readonly Entity[],
  select: readonly string[],
  path: string,
  api: Pages,
  report: (count: number) => void,
  signal: AbortSignal,
): Promise<readonly BulkTarget[]> {
  const found = new Map<string, BulkTarget>();
  for (let start = 0; start < rows.length; start += idsMax) {
    const ids = rows.slice(start, start + idsMax).map(({ id }) => writeText(id));
    const filter = `${meaningful.key} in (${ids.join(',')})`;
    for (const target of await readAll({ filter, search: undefined, select }, path, api, () => {}, signal)) {
      found.set(target.id, target);
    }
    report(found.size);
  }
  return rows.map((row) => ({ ...targetOf(row, path), value: found.get(row.id)?.value ?? null }));
}
