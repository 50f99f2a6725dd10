/** Keys → actions, with sequences such as `g a`; what is registered is what the `?` list shows. */

/** One shortcut: `j`, `g a`, `Control+Enter`, `/`. */
export interface Shortcut {
  readonly keys: string;
  readonly label: string;
  readonly run: () => void;
  /** Also works while a text field has the focus. */
  readonly whenTyping?: boolean;
}

/** The part of a keyboard event that matters. */
export interface KeyStroke {
  readonly key: string;
  readonly ctrlKey: boolean;
  readonly metaKey: boolean;
  readonly altKey: boolean;
}

/** What is known when a key goes down. */
export interface KeyContext {
  readonly typing: boolean;
  readonly singleKeys: boolean;
}

/** `Control+k` for Ctrl+K and ⌘K; letters in lower case; undefined for a modifier alone. */
export function nameKey({ key, ctrlKey, metaKey, altKey }: KeyStroke): string | undefined {
  if (['Control', 'Meta', 'Alt', 'Shift', 'AltGraph'].includes(key)) return undefined;
  const base = key.length === 1 ? key.toLowerCase() : key;
  return `${ctrlKey || metaKey ? 'Control+' : ''}${altKey ? 'Alt+' : ''}${base}`;
}

const isSingle = (keys: string): boolean => !keys.startsWith('Control+') && !keys.startsWith('Alt+');

/**
 * What one more key means after `pending` (keys of a sequence begun, or empty): the shortcut to run, or the keys
 * that wait for more. The shortcut registered last wins.
 */
export function matchShortcut(
  shortcuts: readonly Shortcut[],
  pending: string,
  key: string,
  { typing, singleKeys }: KeyContext,
): { readonly run: Shortcut | undefined; readonly pending: string } {
  const usable = shortcuts.filter(
    ({ keys, whenTyping = false }) => (singleKeys || !isSingle(keys)) && (!typing || whenTyping),
  );
  for (const keys of pending === '' ? [key] : [`${pending} ${key}`, key]) {
    const run = usable.findLast((shortcut) => shortcut.keys === keys);
    if (run !== undefined) return { run, pending: '' };
    if (usable.some((shortcut) => shortcut.keys.startsWith(`${keys} `)))
      return { run: undefined, pending: keys };
  }
  return { run: undefined, pending: '' };
}
