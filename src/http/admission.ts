/**
 * Overload: a request that has waited too long for its turn is refused at once, so that the others are answered in
 * time. Requests wait unseen, in the sockets, while the event loop is busy; what can be seen is how long a turn of the
 * loop takes. A turn that goes on for longer than its budget, again and again, means that more comes in than can be
 * done; then what arrives late in a turn gets 503 with Retry-After, which costs a fraction of an answer. With more than
 * a thousand busy connections a turn hardly ever ends: then a request is refused while many others are under way.
 */
import { ServiceError } from '../errors.ts';
import { limits as defaultLimits } from '../limits.ts';
import type { Handler } from './message.ts';

/** The bounds of `limits.ts` this layer keeps; tests shorten them. */
export type AdmissionLimits = {
  readonly [Name in
    | 'turnBudgetMs'
    | 'overloadAfterMs'
    | 'overloadTurnsMin'
    | 'overloadCalmMs'
    | 'requestsUnderWayMax'
    | 'endlessTurnUnderWayMax']: number;
};

/** What admission needs from outside. */
export interface AdmissionOptions {
  /** A clock that never goes back, in milliseconds. */
  readonly nowMs: () => number;
  /** Calls back at the end of the event loop's present turn: `setImmediate`. */
  readonly afterTurn: (callback: () => void) => void;
  readonly limits?: Partial<AdmissionLimits>;
}

/** Guards a handler; all handlers of one process share what is known about its load. */
export type Admit = (handler: Handler) => Handler;

/** Creates the guard; what it refuses is thrown as 503 serverOverloaded before the handler is called. */
export function createAdmission({ nowMs, afterTurn, limits: given }: AdmissionOptions): Admit {
  const limits: AdmissionLimits = { ...defaultLimits, ...given };
  let underWay = 0;
  /** When the present turn began; undefined while nobody asks and turns are not watched. */
  let turnStartMs: number | undefined;
  let askedThisTurn = false;
  let lastAskedMs = Number.NEGATIVE_INFINITY;
  let lateTurns = 0;
  let lastCalmMs = 0;
  /** Until when late requests are refused; each refusal puts it off. */
  let overloadedUntilMs = Number.NEGATIVE_INFINITY;

  function endTurn(): void {
    const now = nowMs();
    const late = turnStartMs !== undefined && now - turnStartMs > limits.turnBudgetMs;
    if (late) lateTurns += 1;
    else {
      lateTurns = 0;
      lastCalmMs = now;
    }
    // One long pause, such as a stopped process, is no overload: it takes several turns and some time.
    if (lateTurns >= limits.overloadTurnsMin && now - lastCalmMs > limits.overloadAfterMs) {
      overloadedUntilMs = now + limits.overloadCalmMs;
    }
    turnStartMs = askedThisTurn ? now : undefined;
    askedThisTurn = false;
    if (turnStartMs !== undefined) afterTurn(endTurn);
  }

  function watchTurn(now: number): void {
    askedThisTurn = true;
    // Nobody asked for so long in the middle of a turn: the process was stopped.
    if (turnStartMs !== undefined && now - lastAskedMs > limits.overloadAfterMs) turnStartMs = now;
    lastAskedMs = now;
    if (turnStartMs !== undefined) return;
    turnStartMs = now;
    lastCalmMs = now;
    lateTurns = 0;
    afterTurn(endTurn);
  }

  function isLate(now: number): boolean {
    const turnMs = now - (turnStartMs ?? now);
    if (turnMs <= limits.turnBudgetMs) return false;
    const isEndless = turnMs > limits.overloadAfterMs;
    // Refusing all would be all that happens until the turn ends.
    if (isEndless ? underWay < limits.endlessTurnUnderWayMax : now >= overloadedUntilMs) return false;
    overloadedUntilMs = now + limits.overloadCalmMs;
    return true;
  }

  return (handler) => async (request) => {
    const now = nowMs();
    watchTurn(now);
    if (isLate(now) || underWay >= limits.requestsUnderWayMax) throw overloaded();
    underWay += 1;
    try {
      return await handler(request);
    } finally {
      underWay -= 1;
    }
  };
}

const overloaded = (): ServiceError =>
  new ServiceError('serverOverloaded', 'The server has more work than it can do in time. Try again.', {
    headers: { 'Retry-After': '1' },
  });
