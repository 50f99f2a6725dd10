/** What can go wrong in SQLite, as codes; engine messages never reach a client. */
import { SqliteError } from 'better-sqlite3';
import { type ErrorCode, ServiceError } from '../../errors.ts';

/** Why a read was ended before its end. */
export type StopReason = 'timeLimit' | 'aborted' | 'notBrief' | 'slow';

/** Thrown out of a statement that a reader must not go on with. */
export class ReadStopped extends Error {
  readonly reason: StopReason;

  constructor(reason: StopReason) {
    super(`read stopped: ${reason}`);
    this.name = 'ReadStopped';
    this.reason = reason;
  }
}

const unavailable: readonly string[] = [
  'SQLITE_FULL',
  'SQLITE_IOERR',
  'SQLITE_READONLY',
  'SQLITE_CANTOPEN',
  'SQLITE_CORRUPT',
  'SQLITE_NOTADB',
];

/** Whether another connection holds what is needed: waiting helps. */
export function isBusy(error: unknown): boolean {
  return error instanceof SqliteError && /^SQLITE_(BUSY|LOCKED)/.test(error.code);
}

/** The engine's failures as ServiceError 503; everything else stays what it is. */
export function translate(error: unknown): unknown {
  if (!(error instanceof SqliteError)) return error;
  if (isBusy(error)) return storageBusy('The database is busy. Try again.', error);
  if (unavailable.some((prefix) => error.code.startsWith(prefix))) {
    return failed('storageUnavailable', 'The database cannot be read or written at the moment.', '5', error);
  }
  return error;
}

/** 503 storageBusy: other work is in the way, and waiting helps. */
export function storageBusy(message: string, cause?: unknown): ServiceError {
  return failed('storageBusy', message, '1', cause);
}

/** 503 storageUnavailable for a reader thread that ended in the middle of its work. */
export function readerLost(cause: unknown): ServiceError {
  return failed('storageUnavailable', 'The reader of this query ended unexpectedly. Try again.', '1', cause);
}

/** 503 storageUnavailable for all works of a transaction that the engine ended because one of them failed. */
export function transactionLost(cause: unknown): ServiceError {
  if (cause instanceof ServiceError) return cause;
  return failed('storageUnavailable', 'The transaction was lost. Try again.', '1', cause);
}

/** 503 serverStopping: the database is being closed. */
export function serverStopping(): ServiceError {
  return failed('serverStopping', 'The server is shutting down. Try again.', '1', undefined);
}

/** 400 queryTooComplex for a read that used up its time. */
export function timeLimitPassed(timeLimitMs: number): ServiceError {
  const seconds = timeLimitMs / 1000;
  const advice = 'Narrow $filter, order by an indexed property, or leave out $count.';
  return new ServiceError(
    'queryTooComplex',
    `The query took longer than ${seconds} s and was stopped. ${advice}`,
  );
}

function failed(code: ErrorCode, message: string, retryAfterS: string, cause: unknown): ServiceError {
  return new ServiceError(code, message, { headers: { 'Retry-After': retryAfterS }, cause });
}

/** An error that travels between threads, where classes do not survive. */
export type Failure =
  | { readonly kind: 'stopped'; readonly reason: StopReason }
  | { readonly kind: 'engine'; readonly code: string; readonly message: string }
  | { readonly kind: 'service'; readonly code: ErrorCode; readonly message: string; readonly target?: string }
  | { readonly kind: 'fault'; readonly message: string; readonly stack: string | undefined };

/** Writes an error for another thread. */
export function writeFailure(error: unknown): Failure {
  if (error instanceof ReadStopped) return { kind: 'stopped', reason: error.reason };
  if (error instanceof SqliteError) return { kind: 'engine', code: error.code, message: error.message };
  if (error instanceof ServiceError) {
    const { code, message, target } = error;
    return { kind: 'service', code, message, ...(target === undefined ? {} : { target }) };
  }
  if (error instanceof Error) return { kind: 'fault', message: error.message, stack: error.stack };
  return { kind: 'fault', message: String(error), stack: undefined };
}

/** Reads an error from another thread. */
export function readFailure(failure: Failure): Error {
  switch (failure.kind) {
    case 'stopped':
      return new ReadStopped(failure.reason);
    case 'engine':
      return new SqliteError(failure.message, failure.code);
    case 'service': {
      const { code, message, target } = failure;
      return new ServiceError(code, message, target === undefined ? {} : { target });
    }
    case 'fault':
      return Object.assign(new Error(failure.message), { stack: failure.stack });
  }
}
