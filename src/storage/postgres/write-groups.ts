/** Which writes share a transaction: those of one group that wait at the same moment, of different rows. */
import type { Session, WriteOptions } from '../database.ts';

type Work<T> = (session: Session) => Promise<T>;

/** A work that waits for its turn. */
export interface Job {
  readonly work: Work<unknown>;
  readonly row: string | undefined;
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: unknown) => void;
}

export interface WriteGroupsParts {
  /** Carries out several in one transaction and settles them; resolves with those to be run on their own. */
  readonly together: (jobs: readonly Job[]) => Promise<readonly Job[]>;
  readonly alone: <T>(work: Work<T>) => Promise<T>;
  /** Works in one transaction. */
  readonly sizeMax: number;
  /** Transactions of one group under way. */
  readonly groupsMax: number;
  /** How long the next wait for a transaction before them. */
  readonly patienceMs: number;
}

export interface WriteGroups {
  write<T>(work: Work<T>, options: WriteOptions): Promise<T>;
}

/** Is there while one of its transactions is waited for. */
interface Queue {
  waiting: readonly Job[];
  /** Transactions that the next wait for. */
  ahead: number;
  /** Rows they have locked. */
  readonly locked: Set<string>;
  scheduled: boolean;
}

const createQueue = (): Queue => ({ waiting: [], ahead: 0, locked: new Set(), scheduled: false });

/** Creates groups that wait for nothing yet. */
export function createWriteGroups(parts: WriteGroupsParts): WriteGroups {
  const { together, alone, sizeMax, groupsMax, patienceMs } = parts;
  const queues = new Map<string, Queue>();

  async function carryOut(jobs: readonly Job[]): Promise<void> {
    const left = jobs.length === 1 ? jobs : await runTogether(jobs);
    await Promise.all(left.map(({ work, resolve, reject }) => alone(work).then(resolve, reject)));
  }

  async function runTogether(jobs: readonly Job[]): Promise<readonly Job[]> {
    try {
      return await together(jobs);
    } catch (error) {
      for (const { reject } of jobs) reject(error);
      return [];
    }
  }

  function start(group: string, queue: Queue): void {
    const { taken, left } = takeTogether(queue.waiting, sizeMax, queue.locked);
    if (taken.length === 0) return;
    queue.waiting = left;
    queue.ahead += 1;
    const rows = taken.flatMap(({ row }) => (row === undefined ? [] : [row]));
    for (const row of rows) queue.locked.add(row);
    let awaited = true;
    const goOn = () => {
      if (!awaited) return;
      awaited = false;
      clearTimeout(patience);
      queue.ahead -= 1;
      for (const row of rows) queue.locked.delete(row);
      schedule(group, queue);
    };
    const patience = setTimeout(goOn, patienceMs);
    void carryOut(taken).then(goOn);
  }

  /** After the turn's input has been read, so that all requests of one turn share a transaction. */
  function schedule(group: string, queue: Queue): void {
    if (queue.scheduled) return;
    queue.scheduled = true;
    setImmediate(() => {
      queue.scheduled = false;
      if (queue.waiting.length > 0 && queue.ahead < groupsMax) start(group, queue);
      if (queue.waiting.length === 0 && queue.ahead === 0) queues.delete(group);
    });
  }

  return {
    write<T>(work: Work<T>, { group, row }: WriteOptions): Promise<T> {
      return new Promise<T>((resolve, reject) => {
        const job: Job = { work, row, resolve: resolve as (value: unknown) => void, reject };
        const queue = queues.get(group) ?? createQueue();
        queues.set(group, queue);
        queue.waiting = [...queue.waiting, job];
        schedule(group, queue);
      });
    },
  };
}

/**
 * The first so many of which no two lock the same row, in the order of their rows: transactions that lock in one order
 * never wait for each other in a circle. Those that only make rows come last.
 */
export function takeTogether(
  waiting: readonly Job[],
  sizeMax: number,
  locked: ReadonlySet<string> = new Set(),
): { readonly taken: readonly Job[]; readonly left: readonly Job[] } {
  const rows = new Set(locked);
  const makers: Job[] = [];
  const lockers: (Job & { readonly row: string })[] = [];
  const left: Job[] = [];
  for (const job of waiting) {
    const { row } = job;
    if (makers.length + lockers.length >= sizeMax || (row !== undefined && rows.has(row))) left.push(job);
    else if (row === undefined) makers.push(job);
    else {
      rows.add(row);
      lockers.push({ ...job, row });
    }
  }
  lockers.sort((one, other) => (one.row < other.row ? -1 : 1));
  return { taken: [...lockers, ...makers], left };
}
