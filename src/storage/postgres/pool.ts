/** Connections of one kind: made when needed, given to one work at a time, in turns. */
import { limits } from '../../limits.ts';
import { createFairQueue } from '../fair-queue.ts';
import type { PostgresConnection } from './connection.ts';
import { serverStopping, storageBusy, unreachableDatabase } from './failure.ts';

export interface PoolOptions {
  /** The most connections at a time. */
  readonly size: number;
  /** Works that may wait for one; beyond it they are refused at once. */
  readonly waitingMax: number;
  /** How long a work waits before it is refused; limits.connectionWaitMs unless given. */
  readonly waitMs?: number;
  readonly open: () => Promise<PostgresConnection>;
}

export interface ConnectionPool {
  /**
   * Waits for a connection, in turns by key. Rejects with storageBusy when none becomes free, with storageUnavailable
   * when none can be made, with the signal's reason when it is aborted.
   */
  acquire(fairBy?: string, signal?: AbortSignal): Promise<PostgresConnection>;
  /** Gives a connection back; one that was lost is forgotten. */
  release(connection: PostgresConnection): void;
  /** Refuses who comes from now on, serves who waits and waits for those at work, ends the connections. */
  close(): Promise<void>;
}

interface Waiting {
  readonly key: string;
  give(connection: PostgresConnection): void;
  refuse(reason: unknown): void;
}

/** Creates an empty pool. */
export function createPool({
  size,
  waitingMax,
  waitMs = limits.connectionWaitMs,
  open,
}: PoolOptions): ConnectionPool {
  const waiting = createFairQueue<Waiting>();
  const idle: PostgresConnection[] = [];
  let opening = 0;
  let busy = 0;
  let stopping = false;
  /** After a failed attempt while others are at work: the server has no more to give. */
  let resting: NodeJS.Timeout | undefined;
  let onQuiet: (() => void) | undefined;

  function assign(): void {
    while (waiting.size > 0) {
      const connection = takeIdle();
      if (connection === undefined) break;
      busy += 1;
      waiting.take()?.give(connection);
    }
    // As many as are waited for; those at work may come back sooner, and then the new one stays idle.
    const mayOpen = () => idle.length + opening + busy < size && resting === undefined;
    while (waiting.size > opening && mayOpen()) void openOne();
    if (isQuiet()) onQuiet?.();
  }

  const isQuiet = () => busy === 0 && opening === 0 && waiting.size === 0;

  function takeIdle(): PostgresConnection | undefined {
    for (let next = idle.pop(); next !== undefined; next = idle.pop()) {
      if (!next.isLost()) return next;
    }
    return undefined;
  }

  async function openOne(): Promise<void> {
    opening += 1;
    try {
      idle.push(await open());
    } catch (error) {
      // Whoever waits would meet the same; without this, each would wait for an attempt of its own.
      if (idle.length + busy === 0) refuseAll(unreachableDatabase(error));
      else rest();
    } finally {
      opening -= 1;
      assign();
    }
  }

  function rest(): void {
    resting ??= setTimeout(() => {
      resting = undefined;
      assign();
    }, limits.databaseRetryMs);
  }

  function refuseAll(reason: unknown): void {
    for (let next = waiting.take(); next !== undefined; next = waiting.take()) next.refuse(reason);
  }

  return {
    acquire(fairBy = '', signal) {
      if (stopping) return Promise.reject(serverStopping());
      if (signal?.aborted) return Promise.reject(signal.reason);
      const free = takeIdle();
      if (free !== undefined) {
        busy += 1;
        return Promise.resolve(free);
      }
      if (waiting.size >= waitingMax)
        return Promise.reject(storageBusy('Too many requests wait for the database. Try again.'));
      return new Promise((resolve, reject) => {
        const settle = (act: () => void) => {
          clearTimeout(patience);
          signal?.removeEventListener('abort', onAbort);
          act();
        };
        const entry: Waiting = {
          key: fairBy,
          give: (connection) => settle(() => resolve(connection)),
          refuse: (reason) => settle(() => reject(reason)),
        };
        const giveUp = (reason: unknown) => {
          waiting.remove(fairBy, entry);
          entry.refuse(reason);
        };
        const onAbort = () => giveUp(signal?.reason);
        const patience = setTimeout(
          () => giveUp(storageBusy('No connection to the database became free in time. Try again.')),
          waitMs,
        );
        signal?.addEventListener('abort', onAbort, { once: true });
        waiting.add(fairBy, entry);
        assign();
      });
    },
    release(connection) {
      busy -= 1;
      if (!connection.isLost()) idle.push(connection);
      assign();
    },
    async close() {
      stopping = true;
      if (!isQuiet()) await new Promise<void>((resolve) => (onQuiet = resolve));
      clearTimeout(resting);
      await Promise.all(idle.splice(0).map((connection) => connection.end()));
    },
  };
}
