/** Unsaved edits: they outlive a reload and a sign-in, not the browser tab, and never hold a token. */
import type { TextStorage } from './preferences.ts';

/** Drafts by key. */
export interface Drafts {
  get(key: string): unknown;
  set(key: string, draft: unknown): void;
  remove(key: string): void;
}

const prefix = 'casp.draft.';

/** Creates the drafts kept in `storage`; a full or forbidden storage loses drafts, not the page. */
export function createDrafts(storage: TextStorage): Drafts {
  return {
    get(key) {
      try {
        const text = storage.getItem(prefix + key);
        return text === null ? undefined : JSON.parse(text);
      } catch {
        return undefined;
      }
    },
    set(key, draft) {
      try {
        storage.setItem(prefix + key, JSON.stringify(draft));
      } catch {
        // The draft still stands in the form.
      }
    },
    remove(key) {
      try {
        storage.removeItem(prefix + key);
      } catch {
        // Nothing was stored.
      }
    },
  };
}
