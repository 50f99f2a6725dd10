/** Everything that sends a change of one app, and what comes back: saved, refused, or somebody was faster. */
import { useQueryClient } from '@tanstack/react-query';
import { useCallback, useRef, useState } from 'react';
import { ApiError, type Entity } from '../../api.ts';
import { useAnnounce, useApi, useInvalidate, useMetadata, useNotify, useRights } from '../../context.tsx';
import { changesBetween } from '../../merge/field-changes.ts';
import { flatten, isSame, type Values, versionOf, writePatch } from '../../merge/values.ts';
import { type Decision, decide, decisionLabel, decisionOf, meaningful } from '../../profile-meaning.ts';
import type { Conflict } from './conflict-dialog.tsx';
import { loadChangesSince } from './load-changes.ts';
import { focusField } from './profile-form.tsx';
import { words } from './strings.ts';
import type { ProfileEditor } from './use-profile-editor.ts';

/** How often a decision is tried again when others keep changing the same app. */
const decisionAttemptsMax = 4;

/** What the page may ask for. */
export interface Saving {
  readonly busy: boolean;
  readonly error: unknown;
  readonly conflict: Conflict | undefined;
  save(): Promise<void>;
  /** Opens the comparison with the app as it is now. */
  compare(): Promise<void>;
  /** Takes the app as it is now with these edits on top, and saves them. */
  resolve(edits: Values): Promise<void>;
  takeTheirs(): void;
  closeConflict(): void;
  decide(decision: Decision): Promise<void>;
  /** After a value was put back under `etagBefore`. */
  takeRestored(next: Entity, etagBefore: string): void;
  /** Forgets what went wrong. */
  forget(): void;
}

/** The state of saving. */
export function useSaving(parts: {
  readonly entity: Entity;
  readonly editor: ProfileEditor;
  readonly openForm: () => void;
}): Saving {
  const api = useApi();
  const client = useQueryClient();
  const { leaves } = useMetadata();
  const rights = useRights();
  const notify = useNotify();
  const announce = useAnnounce();
  const invalidate = useInvalidate();
  const { id } = parts.entity;
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>(undefined);
  const [conflict, setConflict] = useState<Conflict>();
  // Callbacks given to shortcuts and toasts live longer than a render.
  const latest = useRef(parts);
  latest.current = parts;

  const take = useCallback(
    (next: Entity, edits: Values = {}) => {
      client.setQueryData(['profiles', 'entity', id], next);
      latest.current.editor.adopt(next, edits);
      invalidate();
    },
    [client, id, invalidate],
  );

  /** Puts values back, unless the app has changed since. */
  const undo = useCallback(
    async (before: Values, etag: string) => {
      try {
        take(await api.patchEntity(id, writePatch(before), etag));
        notify({ intent: 'success', title: words.undone });
      } catch (failure) {
        const moved = failure instanceof ApiError && failure.status === 412;
        const detail = failure instanceof Error ? failure.message : String(failure);
        notify({ intent: 'error', title: moved ? words.undoConflict : detail });
      }
    },
    [api, id, notify, take],
  );

  /** An app that is gone is found out by whoever writes next: the page has to learn it as well. */
  const fail = useCallback(
    (failure: unknown) => {
      if (failure instanceof ApiError && failure.status === 404) invalidate();
      else setError(failure);
    },
    [invalidate],
  );

  const compare = useCallback(async () => {
    setBusy(true);
    try {
      const current = await api.getEntity(id);
      const version = versionOf(latest.current.editor.base.etag);
      const records = version === undefined ? [] : await loadChangesSince(api, id, version);
      setError(undefined);
      if (current['@odata.etag'] === latest.current.editor.base.etag) return;
      setConflict({ current, records });
    } catch (failure) {
      fail(failure);
    } finally {
      setBusy(false);
    }
  }, [api, fail, id]);

  /** A refusal that names a field is shown there. */
  const refuse = useCallback(
    (failure: unknown) => {
      const path = failure instanceof ApiError ? failure.target : undefined;
      if (!(failure instanceof Error) || path === undefined || !leaves.some((leaf) => leaf.path === path)) {
        fail(failure);
        return;
      }
      const { editor: current, openForm } = latest.current;
      openForm();
      current.form.setError(path, { type: 'service', message: failure.message });
      announce(failure.message);
      setTimeout(() => focusField(path), 0);
    },
    [announce, fail, leaves],
  );

  const send = useCallback(
    async (edits: Values, before: Values, etag: string) => {
      setBusy(true);
      setError(undefined);
      try {
        const next = await api.patchEntity(id, writePatch(edits), etag);
        take(next);
        notify({
          intent: 'success',
          title: words.saved(Object.keys(edits).length),
          action: { label: words.undo, run: () => void undo(before, next['@odata.etag']) },
        });
      } catch (failure) {
        if (failure instanceof ApiError && failure.status === 412) await compare();
        else refuse(failure);
      } finally {
        setBusy(false);
      }
    },
    [api, id, take, notify, undo, compare, refuse],
  );

  const save = useCallback(async () => {
    const { editor: current, openForm } = latest.current;
    if (busy || !rights.mayWrite || current.changes.length === 0) return;
    if (!(await current.form.trigger())) {
      openForm();
      const [first] = Object.keys(current.form.formState.errors);
      if (first !== undefined) setTimeout(() => focusField(first), 0);
      return;
    }
    const before = Object.fromEntries(current.changes.map((change) => [change.property.path, change.before]));
    await send(current.edits, before, current.base.etag);
  }, [busy, rights.mayWrite, send]);

  const resolve = useCallback(
    async (edits: Values) => {
      if (conflict === undefined) return;
      const { current } = conflict;
      setConflict(undefined);
      client.setQueryData(['profiles', 'entity', id], current);
      latest.current.editor.adopt(current, edits);
      if (Object.keys(edits).length === 0) {
        notify({ intent: 'info', title: words.nothingLeft });
        return;
      }
      const theirs = flatten(current, leaves);
      const before = Object.fromEntries(Object.keys(edits).map((path) => [path, theirs[path]]));
      await send(edits, before, current['@odata.etag']);
    },
    [client, conflict, id, leaves, notify, send],
  );

  const takeTheirs = useCallback(() => {
    if (conflict === undefined) return;
    setConflict(undefined);
    take(conflict.current);
  }, [conflict, take]);

  const decideNow = useCallback(
    async (decision: Decision) => {
      const { editor: current, entity: started } = latest.current;
      if (busy || !rights.mayWrite || decisionOf(current.values[meaningful.tags]) === decision) return;
      if (current.changes.length > 0) {
        const tags = decide(current.values[meaningful.tags], decision);
        current.setEdits({ ...current.edits, [meaningful.tags]: tags });
        announce(words.decisionDrafted);
        return;
      }
      setBusy(true);
      setError(undefined);
      try {
        const { before, next } = await decideOn(api, started, decision);
        take(next);
        notify({
          intent: 'success',
          title: words.decided(decisionLabel(decision)),
          action: {
            label: words.undo,
            run: () => void undo({ [meaningful.tags]: before }, next['@odata.etag']),
          },
        });
      } catch (failure) {
        fail(failure);
      } finally {
        setBusy(false);
      }
    },
    [api, announce, busy, fail, notify, rights.mayWrite, take, undo],
  );

  const takeRestored = useCallback(
    (next: Entity, etagBefore: string) => {
      const { editor: current } = latest.current;
      notify({ intent: 'success', title: words.restored });
      if (current.base.etag !== etagBefore) {
        // The edit is older than what was put back: the comparison has to see both.
        client.setQueryData(['profiles', 'entity', id], next);
        invalidate();
        return;
      }
      const restored = changesBetween(leaves, current.base.values, flatten(next, leaves)).map(
        ({ property }) => property.path,
      );
      const kept = Object.entries(current.edits).filter(([path]) => !restored.includes(path));
      take(next, Object.fromEntries(kept));
    },
    [client, id, invalidate, leaves, notify, take],
  );

  return {
    busy,
    error,
    conflict,
    save,
    compare,
    resolve,
    takeTheirs,
    closeConflict: useCallback(() => setConflict(undefined), []),
    decide: decideNow,
    takeRestored,
    forget: useCallback(() => setError(undefined), []),
  };
}

/** A decision means the same on whatever tags it finds: a lost race is read again and repeated. */
async function decideOn(
  api: ReturnType<typeof useApi>,
  started: Entity,
  decision: Decision,
): Promise<{ readonly before: unknown; readonly next: Entity }> {
  let current = started;
  for (let attempt = 1; ; attempt += 1) {
    const before = current[meaningful.tags];
    const tags = decide(before, decision);
    if (isSame(tags, before)) return { before, next: current };
    try {
      const next = await api.patchEntity(current.id, { [meaningful.tags]: tags }, current['@odata.etag']);
      return { before, next };
    } catch (failure) {
      const lost = failure instanceof ApiError && failure.status === 412;
      if (!lost || attempt >= decisionAttemptsMax) throw failure;
      current = await api.getEntity(current.id);
    }
  }
}
