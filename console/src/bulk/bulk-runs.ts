/** The bulk edits of this tab. They outlive the page that started them: the header shows them, their result can be opened. */
import type { Api } from '../api.ts';
import type { JobHandle, JobStart } from '../jobs.ts';
import { createStore, type Store } from '../store.ts';
import { type BulkEdit, type BulkTarget, describeEdit } from './bulk-edit.ts';
import { type BulkScope, collectTargets } from './collect-targets.ts';
import { type BulkOutcome, bulkStatuses, countOutcomes, failedTargets, runBulk, undoOf } from './run-bulk.ts';

/** One bulk edit, under way or done. */
export interface BulkRun {
  readonly id: string;
  readonly title: string;
  readonly edit: BulkEdit;
  readonly state: 'collecting' | 'running' | 'done' | 'failed';
  readonly total: number | undefined;
  readonly outcomes: readonly BulkOutcome[];
  /** Why it could not go on. */
  readonly error: unknown;
  readonly stop: () => void;
}

/** The runs by id, and how to start one. */
export interface BulkRuns {
  readonly store: Store<ReadonlyMap<string, BulkRun>>;
  /** Resolves when the run has ended, whichever way. */
  start(edit: BulkEdit, scope: BulkScope | readonly BulkTarget[], parts: BulkRunParts): BulkStart;
  retry(id: string, parts: BulkRunParts): BulkStart | undefined;
  undo(id: string, parts: BulkRunParts): BulkStart | undefined;
}

/** A started run. */
export interface BulkStart {
  readonly id: string;
  readonly ended: Promise<BulkRun>;
}

/** What a run needs from the page that starts it. */
export interface BulkRunParts {
  readonly api: Api;
  readonly startJob: (job: JobStart) => JobHandle;
  readonly newId: () => string;
  readonly wait: (ms: number, signal?: AbortSignal) => Promise<void>;
  readonly invalidate: () => void;
}

const summary = (outcomes: readonly BulkOutcome[]): string => {
  const counts = countOutcomes(outcomes);
  return bulkStatuses
    .filter((status) => counts[status] > 0)
    .map((status) => `${counts[status]} ${status}`)
    .join(', ');
};

/** Creates the list of runs. */
export function createBulkRuns(): BulkRuns {
  const store = createStore<ReadonlyMap<string, BulkRun>>(new Map());

  function change(id: string, next: Partial<BulkRun>): void {
    store.update((runs) => {
      const run = runs.get(id);
      return run === undefined ? runs : new Map(runs).set(id, { ...run, ...next });
    });
  }

  function start(
    edit: BulkEdit,
    scope: BulkScope | readonly BulkTarget[],
    parts: BulkRunParts,
    title = describeEdit(edit),
  ): BulkStart {
    const id = parts.newId();
    const controller = new AbortController();
    const stop = () => controller.abort();
    const job = parts.startJob({ title, href: `/apps?job=${encodeURIComponent(id)}`, stop });
    store.update((runs) =>
      new Map(runs).set(id, {
        id,
        title,
        edit,
        state: 'collecting',
        total: undefined,
        outcomes: [],
        error: undefined,
        stop,
      }),
    );
    return { id, ended: run(id, edit, scope, parts, job, controller.signal) };
  }

  async function run(
    id: string,
    edit: BulkEdit,
    scope: BulkScope | readonly BulkTarget[],
    parts: BulkRunParts,
    job: JobHandle,
    signal: AbortSignal,
  ): Promise<BulkRun> {
    let outcomes: readonly BulkOutcome[] = [];
    try {
      const targets =
        'kind' in scope
          ? await collectTargets(
              edit,
              scope,
              parts.api,
              (count) => job.update({ detail: `${count} found` }),
              signal,
            )
          : scope;
      change(id, { state: 'running', total: targets.length });
      job.update({ total: targets.length });
      await runBulk(edit, targets, {
        api: parts.api,
        wait: parts.wait,
        signal,
        report(more) {
          outcomes = [...outcomes, ...more];
          change(id, { outcomes });
          job.update({ done: outcomes.length, detail: summary(outcomes) });
        },
      });
      change(id, { state: 'done' });
      const counts = countOutcomes(outcomes);
      const failed = counts.conflict + counts.refused > 0;
      job.finish(signal.aborted ? 'stopped' : failed ? 'failed' : 'done', summary(outcomes));
    } catch (error) {
      change(id, { state: 'failed', error });
      job.finish(signal.aborted ? 'stopped' : 'failed', summary(outcomes));
    }
    parts.invalidate();
    const ended = store.get().get(id);
    if (ended === undefined) throw new Error(`no run ${id}`);
    return ended;
  }

  return {
    store,
    start: (edit, scope, parts) => start(edit, scope, parts),
    retry(id, parts) {
      const before = store.get().get(id);
      if (before === undefined) return undefined;
      return start(before.edit, failedTargets(before.outcomes), parts, `${before.title} (again)`);
    },
    undo(id, parts) {
      const before = store.get().get(id);
      if (before === undefined) return undefined;
      const { edit, targets } = undoOf(before.edit, before.outcomes);
      return start(edit, targets, parts, `Undo: ${before.title}`);
    },
  };
}

/** The runs of this tab; they live as long as it does, whatever page is shown. */
export const bulkRuns: BulkRuns = createBulkRuns();
