/** What can go wrong with PostgreSQL, as codes; engine messages never reach a client. */
import pg from 'pg';
import { type ErrorCode, ServiceError } from '../../errors.ts';

/** The connection ended before the answer arrived: what was under way on it may or may not have happened. */
export class ConnectionLost extends Error {
  constructor(cause: unknown) {
    super('the connection to PostgreSQL was lost', { cause });
    this.name = 'ConnectionLost';
  }
}

/** The server was reached and cannot be used as it is: someone must change something, so waiting is in vain. */
export class DatabaseRefused extends Error {
  constructor(message: string, cause?: unknown) {
    super(message, cause === undefined ? {} : { cause });
    this.name = 'DatabaseRefused';
  }
}

/** The SQLSTATE of an error the server reported; undefined of any other. */
export const stateOf = (error: unknown): string | undefined =>
  error instanceof pg.DatabaseError ? error.code : undefined;

/** The server cannot be used at the moment: connection, resources, system, shutdown, read-only, corrupt, no database. */
const unavailable = /^(08...|53...|58...|57P0[1235]|25006|25P03|XX00[12]|3D000)$/;

/** The server is there, and its disk is full, broken or corrupt. */
const broken = /^(53100|58...|XX00[12])$/;

/** The server has ended the connection, or will refuse everything on it; another connection may do. */
const ended = /^(08...|57P0[1235]|25006|25P03)$/;

/** What was prepared on this connection is not there any more, or not what it was. */
const stale = /^(26000|0A000)$/;

/** Whether a transaction that met this error may succeed when it runs again. */
export function isConflict(error: unknown): boolean {
  // A unique key is violated only by what another wrote at the same moment; run again, the work sees it.
  return ['40001', '40P01', '23505'].includes(stateOf(error) ?? '');
}

/** Whether the connection is of no use any more; another one may do. */
export function isLoss(error: unknown): boolean {
  const state = stateOf(error) ?? '';
  return error instanceof ConnectionLost || ended.test(state) || stale.test(state);
}

/** Whether the server cannot be used at the moment, for a reason that may pass by itself. */
export const isAway = (error: unknown): boolean => isLoss(error) || unavailable.test(stateOf(error) ?? '');

/** Whether the server stopped a statement because of its time or because it was told to. */
export const isCancelled = (error: unknown): boolean => stateOf(error) === '57014';

/** For observers: what made a transaction run again, without anything a client wrote. */
export const reasonOf = (error: unknown): string =>
  stateOf(error) ?? (error instanceof ConnectionLost ? 'connection lost' : 'unknown');

/** The engine's failures as ServiceError 503; everything else stays what it is. */
export function translate(error: unknown): unknown {
  if (error instanceof ConnectionLost || error instanceof DatabaseRefused) return databaseUnavailable(error);
  const state = stateOf(error);
  if (state === undefined) return error;
  if (['40001', '40P01', '55P03', '57014'].includes(state)) {
    return storageBusy('The database is busy. Try again.', error);
  }
  if (broken.test(state)) {
    return failed('storageUnavailable', 'The database cannot be read or written at the moment.', '5', error);
  }
  return unavailable.test(state) ? databaseUnavailable(error) : error;
}

/** 503 storageBusy: other work is in the way, and waiting helps. */
export const storageBusy = (message: string, cause?: unknown): ServiceError =>
  failed('storageBusy', message, '1', cause);

/** 503 storageUnavailable: the database cannot be reached or does not work. */
export const databaseUnavailable = (cause: unknown): ServiceError =>
  failed('storageUnavailable', 'The database cannot be reached at the moment.', '2', cause);

/** What came in the way of a connection, as 503: what cannot be reached is unavailable, whatever the server says of it. */
export function unreachableDatabase(error: unknown): unknown {
  const translated = translate(error);
  const isServerError = stateOf(error) !== undefined && translated === error;
  return isServerError ? databaseUnavailable(error) : translated;
}

/** 503 storageUnavailable for a write of which nobody knows whether it was kept. */
export const outcomeUnknown = (cause: unknown): ServiceError =>
  failed(
    'storageUnavailable',
    'The database was lost while it saved. Read before you try again: the change may have been made.',
    '5',
    cause,
  );

/** 503 serverStopping: the database is being closed. */
export const serverStopping = (): ServiceError =>
  failed('serverStopping', 'The server is shutting down. Try again.', '1', undefined);

/** Whether the question itself is more than the server takes: a pattern that grows too large, an expression too deep. */
export const isTooComplex = (error: unknown): boolean =>
  /^(2201B|54001|54011|54023)$/.test(stateOf(error) ?? '');

/** 400 queryTooComplex for a read that the server cannot work out. */
export const tooComplex = (): ServiceError =>
  new ServiceError(
    'queryTooComplex',
    'The query is too complex. Ask with fewer nested expressions, or a pattern with fewer repetitions.',
  );

/** 400 queryTooComplex for a read that used up its time. */
export function timeLimitPassed(timeLimitMs: number): ServiceError {
  const advice = 'Narrow $filter, order by an indexed property, or leave out $count.';
  return new ServiceError(
    'queryTooComplex',
    `The query took longer than ${timeLimitMs / 1000} s and was stopped. ${advice}`,
  );
}

function failed(code: ErrorCode, message: string, retryAfterS: string, cause: unknown): ServiceError {
  return new ServiceError(code, message, { headers: { 'Retry-After': retryAfterS }, cause });
}
