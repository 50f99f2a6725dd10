/** Keys that work everywhere, and the two dialogs they open. */
import { useRouter } from '@tanstack/react-router';
import { lazy, Suspense, useEffect, useMemo, useRef } from 'react';
import { type PaletteCommand, useConsole, usePaletteCommands, useShortcuts, useStore } from '../context.tsx';
import { matchShortcut, nameKey, type Shortcut } from '../shortcuts.ts';
import { createStore } from '../store.ts';
import { strings } from '../strings.ts';
import { destinations } from './navigation.tsx';

const Palette = lazy(() => import('./palette.tsx').then(({ Palette }) => ({ default: Palette })));
const ShortcutList = lazy(() =>
  import('./shortcut-list.tsx').then(({ ShortcutList }) => ({ default: ShortcutList })),
);

/** Which of the two dialogs is open; one console is in one tab. */
const openDialog = createStore<'palette' | 'shortcuts' | undefined>(undefined);

/** Opens the palette. */
export const openPalette = (): void => openDialog.set('palette');
/** Opens the list of shortcuts. */
export const openShortcutList = (): void => openDialog.set('shortcuts');
const closeDialog = (): void => openDialog.set(undefined);

/** How long a sequence such as `g a` may take. */
const sequenceMs = 1500;

/** `/` goes to the page's own search, and to the palette where the page has none. */
function focusSearch(): void {
  const field = document.querySelector<HTMLElement>('main [data-search]');
  if (field === null) openPalette();
  else field.focus();
}

function isTyping(target: EventTarget | null): boolean {
  return (
    target instanceof HTMLElement &&
    (target.isContentEditable || target.matches('input:not([type=checkbox], [type=radio]), textarea, select'))
  );
}

/** Listens to keys; renders the dialog that is open. */
export function Keyboard() {
  const { shortcuts, preferences } = useConsole();
  const router = useRouter();
  const general = useMemo<readonly Shortcut[]>(
    () => [
      { keys: 'Control+k', label: strings.paletteTitle, run: openPalette, whenTyping: true },
      { keys: '/', label: strings.search, run: focusSearch },
      { keys: '?', label: strings.keyboardShortcuts, run: openShortcutList },
      ...destinations.map(({ to, label, key }) => ({
        keys: `g ${key}`,
        label: strings.goTo(label),
        run: () => void router.navigate({ to, search: {} }),
      })),
    ],
    [router],
  );
  const pages = useMemo<readonly PaletteCommand[]>(
    () =>
      destinations.map(({ to, label }) => ({
        id: `go${to}`,
        label: strings.goTo(label),
        run: () => void router.navigate({ to, search: {} }),
      })),
    [router],
  );
  useShortcuts(strings.general, general);
  usePaletteCommands(strings.general, pages);
  const pending = useRef({ keys: '', at: 0 });
  useEffect(() => {
    const listen = (event: KeyboardEvent) => {
      const key = event.defaultPrevented || event.isComposing ? undefined : nameKey(event);
      if (key === undefined) return;
      // A dialog has the keyboard to itself, but for the keys that are registered by what it shows.
      if (document.querySelector('[aria-modal="true"]') !== null) return;
      const all = [...shortcuts.get().values()].flatMap(({ items }) => items);
      const begun = event.timeStamp - pending.current.at < sequenceMs ? pending.current.keys : '';
      const context = { typing: isTyping(event.target), singleKeys: preferences.get().singleKeys };
      const match = matchShortcut(all, begun, key, context);
      pending.current = { keys: match.pending, at: event.timeStamp };
      if (match.run === undefined) return;
      event.preventDefault();
      match.run.run();
    };
    document.addEventListener('keydown', listen);
    return () => document.removeEventListener('keydown', listen);
  }, [shortcuts, preferences]);
  const open = useStore(openDialog);
  return (
    <Suspense fallback={null}>
      {open === 'palette' ? <Palette onClose={closeDialog} /> : null}
      {open === 'shortcuts' ? <ShortcutList onClose={closeDialog} /> : null}
    </Suspense>
  );
}
