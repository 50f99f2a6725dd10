/** Decides about one app: shows it at once, tells the service, and takes it back where the service says no. */
import { useCallback } from 'react';
import type { Entity } from '../../api.ts';
import { type BulkEdit, type BulkTarget, nextValue, targetOf } from '../../bulk/bulk-edit.ts';
import { type BulkOutcome, runBulk, undoOf } from '../../bulk/run-bulk.ts';
import { useApi, useInvalidate, useNotify } from '../../context.tsx';
import { type Decision, decisionLabel, meaningful } from '../../profile-meaning.ts';
import { wait } from '../../wait.ts';
import type { PagedRows } from './paged-rows.ts';
import { strings } from './strings.ts';

/** A decision that was made. */
export interface Decided {
  readonly text: string;
  readonly undo: () => Promise<void>;
}

/** Resolves with what was decided, or undefined where the service refused; people are told. */
export function useDecide(
  list: PagedRows,
): (row: Entity, decision: Decision) => Promise<Decided | undefined> {
  const api = useApi();
  const notify = useNotify();
  const invalidate = useInvalidate();
  return useCallback(
    async (row, decision) => {
      const name = String(row[meaningful.name] ?? row.id).slice(0, 80);
      const show = (target: BulkTarget) =>
        list.replace({ ...row, '@odata.etag': target.etag, [meaningful.tags]: target.value });
      const run = async (edit: BulkEdit, target: BulkTarget): Promise<BulkOutcome | undefined> => {
        const next = nextValue(edit, target);
        if (next !== undefined) show({ ...target, value: next.value });
        // A decision commutes with other edits: the run reads again and repeats where somebody was faster.
        const signal = new AbortController().signal;
        const [outcome] = await runBulk(edit, [target], { api, wait, signal, report: () => {} });
        invalidate();
        if (outcome?.status === 'done') show({ ...target, ...outcome.after });
        else show(outcome?.target ?? target);
        if (outcome?.status === 'done' || outcome?.status === 'unchanged') return outcome;
        notify({ intent: 'error', title: strings.decisionFailed(name), detail: outcome?.reason ?? '' });
        return undefined;
      };
      const edit: BulkEdit = { kind: 'decide', decision };
      const outcome = await run(edit, targetOf(row, meaningful.tags));
      if (outcome === undefined) return undefined;
      return {
        text: strings.decided(name, decisionLabel(decision)),
        async undo() {
          const back = undoOf(edit, [outcome]);
          const [target] = back.targets;
          if (target !== undefined) await run(back.edit, target);
        },
      };
    },
    [api, invalidate, list, notify],
  );
}
