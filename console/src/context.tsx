/** What every component may ask for: one object made at start, and hooks that read its parts. */
import { useQueryClient } from '@tanstack/react-query';
import {
  createContext,
  useCallback,
  useContext,
  useEffect,
  useMemo,
  useState,
  useSyncExternalStore,
} from 'react';
import type { Api, Connection } from './api.ts';
import type { ConsoleConfig } from './config.ts';
import type { Drafts } from './drafts.ts';
import { createFormat, type Format, type TimeZone } from './format.ts';
import type { Job, JobHandle, JobStart, Jobs } from './jobs.ts';
import type { Metadata } from './metadata.ts';
import type { Preferences } from './preferences.ts';
import { missingPermission, type Rights, rightsOf } from './rights.ts';
import type { Session, SessionState } from './session.ts';
import type { Shortcut } from './shortcuts.ts';
import type { Store } from './store.ts';

/** A line of the palette. */
export interface PaletteCommand {
  readonly id: string;
  readonly label: string;
  readonly run: () => void;
  /** More words it is found by. */
  readonly keywords?: string;
}

/** What pages have registered, by a key of the registration. */
export type Registry<Item> = Store<
  ReadonlyMap<string, { readonly group: string; readonly items: readonly Item[] }>
>;

/** A message that shows for a moment. */
export interface Notification {
  readonly intent: 'success' | 'info' | 'warning' | 'error';
  readonly title: string;
  readonly detail?: string;
  readonly action?: { readonly label: string; readonly run: () => void };
}

/** The parts of the console, made once. */
export interface ConsoleParts {
  readonly config: ConsoleConfig;
  readonly metadata: Metadata;
  readonly api: Api;
  readonly session: Session;
  readonly connection: Store<Connection>;
  readonly preferences: Store<Preferences>;
  readonly drafts: Drafts;
  readonly jobs: Jobs;
  readonly shortcuts: Registry<Shortcut>;
  readonly commands: Registry<PaletteCommand>;
  readonly announcements: Store<string>;
  readonly notifications: Store<readonly (Notification & { readonly id: string })[]>;
  readonly nonce: string;
  readonly newId: () => string;
}

const ConsoleContext = createContext<ConsoleParts | undefined>(undefined);

/** Gives the parts to everything inside. */
export const ConsoleProvider = ConsoleContext.Provider;

/** All parts; throws outside of the provider. */
export function useConsole(): ConsoleParts {
  const parts = useContext(ConsoleContext);
  if (parts === undefined) throw new Error('useConsole outside of ConsoleProvider');
  return parts;
}

/** The value of a store, followed. */
export function useStore<Value>(store: Store<Value>): Value {
  return useSyncExternalStore(store.subscribe, store.get);
}

/** The API. */
export const useApi = (): Api => useConsole().api;
/** The model, read once before the first page. */
export const useMetadata = (): Metadata => useConsole().metadata;
/** What the server said of itself. */
export const useConfig = (): ConsoleConfig => useConsole().config;
/** The nonce for styles other libraries insert. */
export const useNonce = (): string => useConsole().nonce;
/** Where the sign-in stands. */
export const useSessionState = (): SessionState => useStore(useConsole().session.state);

/** The session's state with what can be done about it. */
export function useSession(): SessionState & Pick<Session, 'signOut' | 'signInAgain'> {
  const { session } = useConsole();
  const state = useStore(session.state);
  return { ...state, signOut: session.signOut, signInAgain: session.signInAgain };
}

/** What the person may do; for greying out, the service decides. */
export function useRights(): Rights & { missing(kind: 'read' | 'write'): string } {
  const { config, metadata } = useConsole();
  const state = useSessionState();
  const granted = 'person' in state ? state.person.granted : undefined;
  return useMemo(() => {
    const permissions = {
      read: config.permissions.read.length > 0 ? config.permissions.read : metadata.permissions.read,
      write: config.permissions.write.length > 0 ? config.permissions.write : metadata.permissions.write,
    };
    const rights = rightsOf(granted, permissions);
    const allowed = config.readOnly === true ? { ...rights, mayWrite: false } : rights;
    return {
      ...allowed,
      missing: (kind) => missingPermission(kind, permissions[kind], config.readOnly === true),
    };
  }, [granted, config, metadata]);
}

/** The preferences, and how to change some. */
export function usePreferences(): readonly [Preferences, (change: Partial<Preferences>) => void] {
  const { preferences } = useConsole();
  const change = useCallback(
    (next: Partial<Preferences>) => preferences.update((old) => ({ ...old, ...next })),
    [preferences],
  );
  return [useStore(preferences), change];
}

/** Writers of dates and numbers by the browser's language and the chosen time zone. */
export function useFormat(): Format {
  const [{ timeZone }] = usePreferences();
  return formatOf(timeZone);
}

/** Shared by all components: what a writer is made of costs more than a cell of the grid. */
const formats = new Map<TimeZone, Format>();

function formatOf(zone: TimeZone): Format {
  const format = formats.get(zone) ?? createFormat(undefined, zone, Date.now);
  formats.set(zone, format);
  return format;
}

/** Says something to screen readers, politely. */
export function useAnnounce(): (text: string) => void {
  const { announcements } = useConsole();
  // The same words twice are said twice: a no-break space makes them differ.
  return useCallback(
    (text) => announcements.update((old) => (old === text ? `${text}\u00a0` : text)),
    [announcements],
  );
}

/** Shows a message for a moment. */
export function useNotify(): (notification: Notification) => void {
  const { notifications, newId } = useConsole();
  return useCallback(
    (notification) => notifications.update((old) => [...old, { ...notification, id: newId() }]),
    [notifications, newId],
  );
}

function useRegistration<Item>(registry: Registry<Item>, group: string, items: readonly Item[]): void {
  const { newId } = useConsole();
  const [key] = useState(newId);
  useEffect(() => {
    registry.update((old) => new Map(old).set(key, { group, items }));
  }, [registry, key, group, items]);
  useEffect(
    () => () =>
      registry.update((old) => {
        const rest = new Map(old);
        rest.delete(key);
        return rest;
      }),
    [registry, key],
  );
}

/** Registers shortcuts while the component is mounted; keep `shortcuts` stable with useMemo. */
export function useShortcuts(group: string, shortcuts: readonly Shortcut[]): void {
  useRegistration(useConsole().shortcuts, group, shortcuts);
}

/** Registers commands of the palette while the component is mounted; keep `commands` stable with useMemo. */
export function usePaletteCommands(group: string, commands: readonly PaletteCommand[]): void {
  useRegistration(useConsole().commands, group, commands);
}

/** Work that outlives the page. */
export function useJobs(): {
  readonly jobs: readonly Job[];
  readonly start: (job: JobStart) => JobHandle;
  readonly dismiss: (id: string) => void;
} {
  const { jobs } = useConsole();
  return { jobs: useStore(jobs), start: jobs.start, dismiss: jobs.dismiss };
}

/** An unsaved edit that survives reload and sign-in; `set(undefined)` removes it. */
export function useDraft<Draft>(
  key: string,
): readonly [Draft | undefined, (draft: Draft | undefined) => void] {
  const { drafts } = useConsole();
  const [draft, setDraft] = useState(() => drafts.get(key) as Draft | undefined);
  const set = useCallback(
    (next: Draft | undefined) => {
      setDraft(next);
      if (next === undefined) drafts.remove(key);
      else drafts.set(key, next);
    },
    [drafts, key],
  );
  return [draft, set];
}

/** Marks what was read of profiles and changes as stale, after a write. */
export function useInvalidate(): () => void {
  const client = useQueryClient();
  return useCallback(() => {
    void client.invalidateQueries({ queryKey: ['profiles'] });
    void client.invalidateQueries({ queryKey: ['changes'] });
  }, [client]);
}

/** Whether a media query holds, followed. */
export function useMedia(query: string): boolean {
  const subscribe = useCallback(
    (listener: () => void) => {
      const list = matchMedia(query);
      list.addEventListener('change', listener);
      return () => list.removeEventListener('change', listener);
    },
    [query],
  );
  return useSyncExternalStore(subscribe, () => matchMedia(query).matches);
}

/** Whether the page is too narrow for tables: under 700 px. */
export const useIsNarrow = (): boolean => useMedia('(max-width: 699.98px)');
