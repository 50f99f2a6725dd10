/** Long work that goes on while people look at other pages; the header shows it. */
import { createStore, type Store } from './store.ts';

/** One piece of work. */
export interface Job {
  readonly id: string;
  readonly title: string;
  readonly state: 'running' | 'done' | 'failed' | 'stopped';
  readonly done: number;
  /** Undefined while nobody knows. */
  readonly total: number | undefined;
  readonly detail: string | undefined;
  /** Where the result is shown, below the console's root. */
  readonly href: string | undefined;
  readonly stop: (() => void) | undefined;
}

/** What starts a job. */
export interface JobStart {
  readonly title: string;
  readonly total?: number;
  readonly href?: string;
  readonly stop?: () => void;
}

/** How the work reports. */
export interface JobHandle {
  update(change: { readonly done?: number; readonly total?: number; readonly detail?: string }): void;
  finish(state: 'done' | 'failed' | 'stopped', detail?: string): void;
}

/** The jobs of this tab, newest first. */
export interface Jobs extends Store<readonly Job[]> {
  start(job: JobStart): JobHandle;
  dismiss(id: string): void;
}

/** Creates the list of jobs; `newId` yields another text each time. */
export function createJobs(newId: () => string): Jobs {
  const store = createStore<readonly Job[]>([]);
  const change = (id: string, next: Partial<Job>) =>
    store.update((jobs) => jobs.map((job) => (job.id === id ? { ...job, ...next } : job)));
  return {
    ...store,
    start({ title, total, href, stop }) {
      const id = newId();
      const job: Job = { id, title, state: 'running', done: 0, total, detail: undefined, href, stop };
      store.update((jobs) => [job, ...jobs]);
      return {
        update: (progress) => change(id, progress),
        finish: (state, detail) =>
          change(id, { state, stop: undefined, ...(detail === undefined ? {} : { detail }) }),
      };
    },
    dismiss: (id) => store.update((jobs) => jobs.filter((job) => job.id !== id)),
  };
}
