/** What one person likes in this browser; nothing secret, so it may stay there. */
import type { TimeZone } from './format.ts';
import { createStore, type Store } from './store.ts';

/** The choices of Settings › Appearance. */
export interface Preferences {
  readonly theme: 'system' | 'light' | 'dark';
  readonly density: 'compact' | 'comfortable';
  readonly timeZone: TimeZone;
  /** Shortcuts of one key without a modifier; some assistive tools need them off (WCAG 2.1.4). */
  readonly singleKeys: boolean;
}

/** What holds until somebody chooses. */
export const defaultPreferences: Preferences = {
  theme: 'system',
  density: 'comfortable',
  timeZone: 'local',
  singleKeys: true,
};

/** The part of the Web Storage API that is used. */
export interface TextStorage {
  getItem(key: string): string | null;
  setItem(key: string, value: string): void;
  removeItem(key: string): void;
}

const storageKey = 'casp.preferences';
const allowed: { readonly [Name in keyof Preferences]: readonly Preferences[Name][] } = {
  theme: ['system', 'light', 'dark'],
  density: ['compact', 'comfortable'],
  timeZone: ['local', 'utc'],
  singleKeys: [true, false],
};

/** Reads stored text; anything unknown in it is as good as absent. */
export function parsePreferences(text: string | null): Preferences {
  const stored = parseObject(text);
  const choose = <Name extends keyof Preferences>(name: Name): Preferences[Name] =>
    allowed[name].find((value) => value === stored[name]) ?? defaultPreferences[name];
  return {
    theme: choose('theme'),
    density: choose('density'),
    timeZone: choose('timeZone'),
    singleKeys: choose('singleKeys'),
  };
}

function parseObject(text: string | null): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(text ?? '{}');
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}

/** The preferences as a store that writes each change to `storage`. */
export function createPreferences(storage: TextStorage): Store<Preferences> {
  const store = createStore(parsePreferences(storage.getItem(storageKey)));
  store.subscribe(() => storage.setItem(storageKey, JSON.stringify(store.get())));
  return store;
}
