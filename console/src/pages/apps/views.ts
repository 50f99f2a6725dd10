/** Views: named addresses of Apps. Some come with the console, others a person keeps in this browser. */

import { canonical } from '../../filter/describe-filter.ts';
import type { TextStorage } from '../../preferences.ts';
import {
  bandFilter,
  changedWithinFilter,
  decisionFilter,
  meaningful,
  privilegedFilter,
  unsignedFilter,
} from '../../profile-meaning.ts';
import type { RiskScale } from '../../risk.ts';
import { type AppsSearch, parseAppsSearch } from './search.ts';

/** A named address. */
export interface View {
  readonly id: string;
  readonly name: string;
  readonly search: AppsSearch;
}

/** The views that come with the console, for the scales of this server. */
export function builtInViews(scales: readonly RiskScale[]): readonly View[] {
  const worstFirst = `${meaningful.score} desc`;
  const views: readonly View[] = [
    {
      id: 'needs-decision',
      name: 'Needs decision',
      search: { filter: decisionFilter('undecided'), sort: worstFirst },
    },
    { id: 'high-risk', name: 'High risk', search: { filter: bandFilter('high', scales) } },
    { id: 'unsigned', name: 'Unsigned', search: { filter: unsignedFilter, sort: worstFirst } },
    {
      id: 'privileged',
      name: 'Admin or system permission',
      search: { filter: privilegedFilter, sort: worstFirst },
    },
    {
      id: 'changed-7',
      name: 'Changed in 7 days',
      search: { filter: changedWithinFilter(7), sort: `${meaningful.modified} desc` },
    },
    { id: 'unscored', name: 'Unscored', search: { filter: bandFilter('unscored', scales) } },
  ];
  return [
    { id: 'all', name: 'All apps', search: {} },
    ...views.map((view) => ({
      ...view,
      search: { ...view.search, filter: canonical(view.search.filter ?? ''), view: view.id },
    })),
  ];
}

/** What makes two addresses show the same rows in the same way. */
const compared = ['filter', 'search', 'sort', 'columns', 'density', 'size'] as const;

/** Whether an address shows exactly this view. */
export const showsView = (search: AppsSearch, view: View): boolean =>
  compared.every((name) => search[name] === view.search[name]);

/** The part of an address a view keeps: not what happens to be open. */
export const keptInView = (search: AppsSearch): AppsSearch =>
  Object.fromEntries(compared.flatMap((name) => (search[name] === undefined ? [] : [[name, search[name]]])));

const storageKey = 'casp.views';
/** More than this nobody finds anything in. */
const viewsMax = 100;

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Reads the kept views; what is not one is dropped. */
export function readViews(storage: Pick<TextStorage, 'getItem'>): readonly View[] {
  let stored: unknown;
  try {
    stored = JSON.parse(storage.getItem(storageKey) ?? '[]');
  } catch {
    return [];
  }
  if (!Array.isArray(stored)) return [];
  return stored
    .filter(isObject)
    .flatMap(({ id, name, search }) =>
      typeof id === 'string' && typeof name === 'string' && isObject(search)
        ? [{ id, name, search: { ...parseAppsSearch(search), view: id } }]
        : [],
    )
    .slice(0, viewsMax);
}

/** Keeps the views; false where the browser refuses. */
export function writeViews(storage: Pick<TextStorage, 'setItem'>, views: readonly View[]): boolean {
  try {
    storage.setItem(storageKey, JSON.stringify(views.slice(0, viewsMax)));
    return true;
  } catch {
    return false;
  }
}

/** The views with one added, or the one of the same name replaced. */
export function saveView(views: readonly View[], view: View): readonly View[] {
  const others = views.filter(({ name }) => name !== view.name);
  return [...others, view].slice(-viewsMax);
}
