/**
 * Threads that read beside the writer. A scan that takes too long, or that nobody waits for any more, is told to
 * stop through a number in shared memory; a thread that does not listen is given up and replaced.
 */
import { Worker } from 'node:worker_threads';
import { limits } from '../../limits.ts';
import type { Statement } from '../../sql/statement.ts';
import type { ReadOptions, Row, Session } from '../database.ts';
import { createFairQueue } from '../fair-queue.ts';
import {
  ReadStopped,
  readerLost,
  readFailure,
  serverStopping,
  storageBusy,
  timeLimitPassed,
  translate,
} from './failure.ts';
import type { ReaderAnswer, ReaderRequest, ReaderWorkerData } from './reader-worker.ts';

export interface ReaderPool {
  /** Runs the work on a thread; waits in line while all are taken. */
  read<T>(work: (session: Session) => Promise<T>, options: Omit<ReadOptions, 'expected'>): Promise<T>;
  /** Ends what runs at the moment with 503 storageBusy; what waits goes on waiting. */
  endReads(): void;
  /** Ends all reads with serverStopping and all threads. */
  close(): Promise<void>;
}

export interface ReaderPoolOptions {
  readonly threads: number;
  readonly workerUrl: URL;
  readonly file: string;
  readonly busyTimeoutMs: number;
}

/** A read from its arrival to its answer. */
interface Job {
  readonly number: number;
  readonly timeLimitMs: number;
  start(thread: ReaderThread): void;
  /** Answers the caller; the thread may still be at work. */
  fail(error: unknown): void;
}

/** Creates the pool; each thread starts when it is first needed. */
export function createReaderPool(options: ReaderPoolOptions): ReaderPool {
  const waiting = createFairQueue<Job>();
  const threads = Array.from({ length: options.threads }, () => createReaderThread(options, assignWaiting));
  let jobs = 0;
  let closing = false;

  /** Called whenever a thread has become free; also how a new job finds one. */
  function assignWaiting(): void {
    while (waiting.size > 0 && !closing) {
      // A thread that runs already is at once ready; one more starts only when all of those are taken.
      const free = threads.filter((thread) => thread.isFree());
      const thread = free.find((each) => each.isStarted()) ?? free[0];
      if (thread === undefined) return;
      waiting.take()?.start(thread);
    }
  }

  return {
    read<T>(
      work: (session: Session) => Promise<T>,
      { signal, timeLimitMs, fairBy = '' }: Omit<ReadOptions, 'expected'>,
    ) {
      if (closing) return Promise.reject(serverStopping());
      if (signal?.aborted) return Promise.reject(signal.reason);
      if (waiting.size >= limits.waitingReadsMax) {
        return Promise.reject(storageBusy('Too many queries are waiting for the database. Try again.'));
      }
      jobs += 1;
      const number = jobs;
      return new Promise<T>((resolve, reject) => {
        const settle = (act: () => void) => {
          clearTimeout(patience);
          signal?.removeEventListener('abort', onAbort);
          act();
        };
        const job: Job = {
          number,
          timeLimitMs: timeLimitMs ?? limits.statementTimeMs,
          start(thread) {
            clearTimeout(patience);
            const session = thread.begin(job);
            attempt(work, session)
              .then(
                (value) => settle(() => resolve(value)),
                (error: unknown) => settle(() => reject(readError(error, job))),
              )
              .finally(() => thread.end(job));
          },
          fail: (error) => settle(() => reject(error)),
        };
        const onAbort = () => {
          if (!waiting.remove(fairBy, job)) for (const thread of threads) thread.stop(job);
          job.fail(signal?.reason);
        };
        const patience = setTimeout(() => {
          waiting.remove(fairBy, job);
          job.fail(storageBusy('No reader became free in time. Try again.'));
        }, limits.readWaitMs);
        signal?.addEventListener('abort', onAbort, { once: true });
        waiting.add(fairBy, job);
        assignWaiting();
      });
    },
    endReads() {
      const reason = storageBusy('The query was ended in favour of writes. Try again.');
      for (const thread of threads) thread.fail(reason);
    },
    async close() {
      closing = true;
      const reason = serverStopping();
      for (let job = waiting.take(); job !== undefined; job = waiting.take()) job.fail(reason);
      for (const thread of threads) thread.fail(reason);
      await Promise.all(threads.map((thread) => thread.close()));
    },
  };
}

/** Whatever the work does, it answers by its promise. */
async function attempt<T>(work: (session: Session) => Promise<T>, session: Session): Promise<T> {
  return work(session);
}

function readError(error: unknown, { timeLimitMs }: Job): unknown {
  if (error instanceof ReadStopped && error.reason === 'timeLimit') return timeLimitPassed(timeLimitMs);
  return translate(error);
}

/** One thread, which works for one job at a time. */
interface ReaderThread {
  isFree(): boolean;
  isStarted(): boolean;
  begin(job: Job): Session;
  /** The job needs no more statements; the thread is free once it has answered those it has. */
  end(job: Job): void;
  /** Makes the statement under way end, if it is this job's. */
  stop(job: Job): void;
  /** Answers the job under way with an error and stops it. */
  fail(error: unknown): void;
  close(): Promise<void>;
}

interface Pending {
  readonly resolve: (rows: readonly Row[]) => void;
  readonly reject: (error: unknown) => void;
}

/** The job a thread works for. */
interface Running {
  readonly job: Job;
  readonly deadlineMs: number;
  watchdog: NodeJS.Timeout;
}

function createReaderThread(options: ReaderPoolOptions, onFree: () => void): ReaderThread {
  const { workerUrl, file, busyTimeoutMs } = options;
  const stopFlag = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT));
  let worker: Worker | undefined;
  let running: Running | undefined;
  let ended = false;
  let pending: Pending[] = [];

  function start(): Worker {
    const workerData: ReaderWorkerData = { file, busyTimeoutMs, stopFlag };
    const resourceLimits = { maxOldGenerationSizeMb: limits.readerHeapMebibytesMax };
    const started = new Worker(workerUrl, { workerData, resourceLimits });
    let cause: unknown;
    started.on('message', onAnswer);
    started.on('error', (error) => {
      cause = error;
    });
    started.once('exit', (code) => onExit(cause ?? new Error(`a reader thread ended with ${code}`)));
    worker = started;
    return started;
  }

  function onAnswer(answer: ReaderAnswer): void {
    const first = pending.shift();
    if (answer.kind === 'rows') first?.resolve(answer.rows);
    else first?.reject(readFailure(answer.failure));
    releaseWhenDone();
  }

  function onExit(cause: unknown): void {
    worker = undefined;
    const lost = readerLost(cause);
    running?.job.fail(lost);
    for (const each of pending) each.reject(lost);
    pending = [];
    ended = true;
    releaseWhenDone();
  }

  function releaseWhenDone(): void {
    if (running === undefined || !ended || pending.length > 0) return;
    clearTimeout(running.watchdog);
    running = undefined;
    if (worker !== undefined) {
      post(worker, { kind: 'end' });
      // An idle thread does not keep the process alive.
      worker.unref();
    }
    onFree();
  }

  /** Native code cannot be ended from outside: the caller has his answer, the thread goes when it returns. */
  function giveUp(error: unknown): void {
    running?.job.fail(error);
    ended = true;
    if (pending.length > 0) void worker?.terminate();
    else releaseWhenDone();
  }

  function stop(job: Job): void {
    if (running?.job !== job) return;
    Atomics.store(stopFlag, 0, job.number);
    clearTimeout(running.watchdog);
    running.watchdog = setTimeout(giveUp, limits.readerStopGraceMs, new ReadStopped('aborted'));
  }

  function run(current: Running, statement: Statement): Promise<readonly Row[]> {
    if (running !== current || ended || worker === undefined)
      return Promise.reject(new ReadStopped('aborted'));
    const thread = worker;
    return new Promise((resolve, reject) => {
      const timeLeftMs = current.deadlineMs - performance.now();
      post(thread, { kind: 'run', job: current.job.number, statement, timeLeftMs });
      pending.push({ resolve, reject });
    });
  }

  return {
    isFree: () => running === undefined,
    isStarted: () => worker !== undefined,
    begin(job) {
      const { timeLimitMs } = job;
      const patienceMs = timeLimitMs + limits.readerStopGraceMs;
      const watchdog = setTimeout(giveUp, patienceMs, timeLimitPassed(timeLimitMs));
      const current: Running = { job, deadlineMs: performance.now() + timeLimitMs, watchdog };
      ended = false;
      running = current;
      (worker ?? start()).ref();
      return { run: (statement) => run(current, statement) };
    },
    end(job) {
      if (running?.job !== job) return;
      ended = true;
      releaseWhenDone();
    },
    stop,
    fail(error) {
      if (running === undefined) return;
      running.job.fail(error);
      stop(running.job);
    },
    async close() {
      if (running !== undefined) clearTimeout(running.watchdog);
      await worker?.terminate();
    },
  };
}

function post(worker: Worker, request: ReaderRequest): void {
  worker.postMessage(request);
}
