/** The entry of the checkpoint thread: copies the log into the file, one checkpoint after the other. */
import { parentPort, workerData } from 'node:worker_threads';
import type { CheckpointMode, CheckpointReport } from './checkpointer.ts';
import { openConnection } from './connection.ts';
import { type Failure, writeFailure } from './failure.ts';

/** What the checkpoint thread is started with. */
export interface CheckpointWorkerData {
  readonly file: string;
  /** How long a truncating checkpoint waits for readers. */
  readonly busyTimeoutMs: number;
}

/** What it answers to a mode. */
export type CheckpointAnswer =
  | { readonly kind: 'done'; readonly report: CheckpointReport }
  | { readonly kind: 'failed'; readonly failure: Failure };

function serve({ file, busyTimeoutMs }: CheckpointWorkerData): void {
  const handle = openConnection({ file, readonly: false, busyTimeoutMs });
  parentPort?.on('message', (mode: CheckpointMode) => {
    const answer = (message: CheckpointAnswer) => parentPort?.postMessage(message);
    try {
      const [report] = handle.pragma(`wal_checkpoint(${mode})`) as CheckpointReport[];
      if (report === undefined) throw new Error('a checkpoint without a report');
      answer({ kind: 'done', report });
    } catch (error) {
      answer({ kind: 'failed', failure: writeFailure(error) });
    }
  });
}

serve(workerData as CheckpointWorkerData);
