/** The entry of a reader thread: runs the statements of one work after the other on a connection of its own. */
import { parentPort, workerData } from 'node:worker_threads';
import type { Statement } from '../../sql/statement.ts';
import type { Row } from '../database.ts';
import { type Failure, ReadStopped, writeFailure } from './failure.ts';
import { openReader } from './reader.ts';

/** What a reader thread is started with. */
export interface ReaderWorkerData {
  readonly file: string;
  readonly busyTimeoutMs: number;
  /** One number: the job that is to stop. */
  readonly stopFlag: Int32Array;
}

/** What a reader thread is asked; jobs are numbered from 1. */
export type ReaderRequest =
  | { readonly kind: 'run'; readonly job: number; readonly statement: Statement; readonly timeLeftMs: number }
  | { readonly kind: 'end' };

/** What it answers: one answer for each `run`, in their order. */
export type ReaderAnswer =
  | { readonly kind: 'rows'; readonly rows: readonly Row[] }
  | { readonly kind: 'failed'; readonly failure: Failure };

function serve(data: ReaderWorkerData): void {
  const { file, busyTimeoutMs, stopFlag } = data;
  const reader = openReader(file, busyTimeoutMs);
  const answer = (message: ReaderAnswer) => parentPort?.postMessage(message);

  parentPort?.on('message', (request: ReaderRequest) => {
    if (request.kind === 'end') {
      reader.end();
      return;
    }
    const deadlineMs = performance.now() + request.timeLeftMs;
    const check = () => {
      if (Atomics.load(stopFlag, 0) === request.job) throw new ReadStopped('aborted');
      if (performance.now() > deadlineMs) throw new ReadStopped('timeLimit');
    };
    try {
      answer({ kind: 'rows', rows: reader.run(request.statement, check) });
    } catch (error) {
      answer({ kind: 'failed', failure: writeFailure(error) });
    }
  });
}

serve(workerData as ReaderWorkerData);
