/** Checkpoints in a thread of their own: copying and its fsync never stand between a write and its commit. */
import { Worker } from 'node:worker_threads';
import type { CheckpointAnswer, CheckpointWorkerData } from './checkpoint-worker.ts';
import type { CheckpointMode, CheckpointReport } from './checkpointer.ts';
import { readFailure } from './failure.ts';

export interface CheckpointThread {
  /** Runs one checkpoint; the caller never starts a second before the first has ended. */
  run(mode: CheckpointMode): Promise<CheckpointReport>;
  close(): Promise<void>;
}

/** The thread starts with the first checkpoint, and again after it was lost. */
export function createCheckpointThread(url: URL, data: CheckpointWorkerData): CheckpointThread {
  let worker: Worker | undefined;

  function start(): Worker {
    const started = new Worker(url, { workerData: data });
    const forget = () => {
      if (worker === started) worker = undefined;
    };
    // Also while idle: an error nobody listens to would end the process.
    started.on('error', forget).on('exit', forget);
    worker = started;
    return started;
  }

  return {
    run(mode) {
      const thread = worker ?? start();
      thread.ref();
      return new Promise<CheckpointReport>((resolve, reject) => {
        const finish = () => {
          thread.off('message', onMessage).off('error', onError).off('exit', onExit);
          // An idle thread does not keep the process alive.
          thread.unref();
        };
        const onMessage = (answer: CheckpointAnswer) => {
          finish();
          if (answer.kind === 'done') resolve(answer.report);
          else reject(readFailure(answer.failure));
        };
        const onError = (error: unknown) => {
          finish();
          reject(error);
        };
        const onExit = (code: number) => onError(new Error(`the checkpoint thread ended with ${code}`));
        thread.on('message', onMessage).on('error', onError).on('exit', onExit);
        thread.postMessage(mode);
      });
    },
    async close() {
      await worker?.terminate();
    },
  };
}
