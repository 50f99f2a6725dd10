/**
 * Keeps SQLite's log short: copies it into the file beside the commits, and never lets it pass a bound. A log
 * starts anew only when all of it has been copied and nobody reads from it, so under constant writing it would
 * grow for ever unless writers wait now and then.
 */
import { limits } from '../../limits.ts';
import type { Observe } from '../../observe/observation.ts';
import { storageBusy } from './failure.ts';

/** How much the log holds, and how much of that is not yet in the file. */
export interface LogState {
  readonly logBytes: number;
  readonly pendingBytes: number;
}

/** `passive` copies what nobody is in the way of; `truncate` waits for readers and empties the log. */
export type CheckpointMode = 'passive' | 'truncate';

/** What a checkpoint said: whether something was in its way, frames in the log, frames copied. */
export interface CheckpointReport {
  readonly busy: number;
  readonly log: number;
  readonly checkpointed: number;
}

/** Sizes at which something happens; the limits of the same names unless a test needs smaller ones. */
export interface LogBounds {
  readonly passBytes: number;
  /** So much is copied while writers wait, and no more, unless the log has grown far beyond its pause. */
  readonly briefPassBytes: number;
  readonly pauseBytes: number;
  readonly maxBytes: number;
}

export const defaultLogBounds: LogBounds = {
  passBytes: limits.logPassBytes,
  briefPassBytes: limits.logBriefPassBytes,
  pauseBytes: limits.logPauseBytes,
  maxBytes: limits.logBytesMax,
};

export interface CheckpointerOptions {
  readonly measure: () => LogState;
  readonly checkpoint: (mode: CheckpointMode) => Promise<CheckpointReport>;
  /** Ends the reads that keep the log from starting anew. */
  readonly endReads: () => void;
  readonly observe: Observe;
  readonly bounds: LogBounds;
}

export interface Checkpointer {
  /**
   * Called between write transactions. Starts a pass beside the writer, or returns what the writer has to wait
   * for; rejects with storageBusy while the log is at its bound and cannot be emptied.
   */
  room(): Promise<void> | undefined;
  /** Resolves when no checkpoint runs. */
  idle(): Promise<void>;
}

/** Creates the policy; the checkpoints themselves run where `checkpoint` runs them. */
export function createCheckpointer(options: CheckpointerOptions): Checkpointer {
  const { measure, checkpoint, endReads, observe, bounds } = options;
  let pass: Promise<boolean> | undefined;
  /** What the latest pass could not copy: the next waits until there is more. */
  let heldBytes = 0;
  let nextPauseBytes = bounds.pauseBytes;

  /** Copies what can be copied; true when all was. After one that could not, the next waits for more to copy. */
  async function runPass(): Promise<boolean> {
    try {
      const { busy, log, checkpointed } = await checkpoint('passive');
      const complete = busy === 0 && log === checkpointed;
      heldBytes = complete ? 0 : measure().pendingBytes;
      return complete;
    } catch (error) {
      observe({ kind: 'checkpointFailed', error });
      heldBytes = measure().pendingBytes;
      return false;
    } finally {
      pass = undefined;
    }
  }

  function startPass(): Promise<boolean> {
    pass ??= runPass();
    return pass;
  }

  /** With the writer waiting, a pass reaches the end of the log, and the next write starts it anew. */
  async function pause(logBytes: number): Promise<void> {
    await pass;
    await startPass();
    // Where a reader held it back, the next wait comes later: waiting again at once would change nothing.
    nextPauseBytes = logBytes + bounds.pauseBytes;
  }

  async function makeRoom(): Promise<void> {
    await pass;
    endReads();
    try {
      const { busy } = await checkpoint('truncate');
      if (busy === 0) return;
    } catch (error) {
      observe({ kind: 'checkpointFailed', error });
    }
    throw storageBusy('The log of the database is full, because a reader holds it. Try again.');
  }

  return {
    room() {
      const { logBytes, pendingBytes } = measure();
      if (logBytes < bounds.pauseBytes) nextPauseBytes = bounds.pauseBytes;
      if (logBytes >= bounds.maxBytes) return makeRoom();
      // Best right after a pass, when only what was written meanwhile is left to copy; but not put off for ever.
      const due = logBytes >= nextPauseBytes;
      const isBrief = pass === undefined && pendingBytes <= bounds.briefPassBytes;
      if (due && (isBrief || logBytes >= nextPauseBytes + bounds.pauseBytes)) return pause(logBytes);
      const enough = due ? bounds.briefPassBytes : bounds.passBytes;
      if (pendingBytes >= heldBytes + enough) void startPass();
      return undefined;
    },
    async idle() {
      await pass;
    },
  };
}
