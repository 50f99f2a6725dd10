/**
 * Decides whether a history of one profile is linearisable: whether its operations can be put in one order, none before
 * it began or after it ended, in which each has the outcome it had (Herlihy and Wing; the search is Wing and Gong's,
 * with Lowe's memory of what was tried).
 */

/** What the profile is between operations. */
export interface State {
  readonly version: number;
  readonly value: string;
}

/** What was asked, and what was answered; an operation without an answer may have happened or not. */
export type Operation =
  | { readonly kind: 'read'; readonly seen: State }
  /** Without If-Match; `version` is that of the answer. */
  | { readonly kind: 'write'; readonly value: string; readonly version: number | undefined }
  /** With If-Match: accepted with a new version, or refused. */
  | {
      readonly kind: 'writeIf';
      readonly value: string;
      readonly expected: number;
      readonly outcome: number | 'refused' | undefined;
    };

/** An operation and when it was under way; `endMs` is infinite where no answer came. */
export interface Event {
  readonly startMs: number;
  readonly endMs: number;
  readonly operation: Operation;
}

/** The states an operation may lead to from a state; none where its outcome is impossible there. */
function apply(operation: Operation, state: State): readonly State[] {
  switch (operation.kind) {
    case 'read':
      return operation.seen.version === state.version && operation.seen.value === state.value ? [state] : [];
    case 'write': {
      const next = { version: state.version + 1, value: operation.value };
      return operation.version === undefined || operation.version === next.version ? [next] : [];
    }
    case 'writeIf':
      return applyIf(operation, state);
  }
}

function applyIf(
  { value, expected, outcome }: Extract<Operation, { kind: 'writeIf' }>,
  state: State,
): readonly State[] {
  const matches = state.version === expected;
  const next = { version: state.version + 1, value };
  if (outcome === undefined) return [matches ? next : state];
  if (outcome === 'refused') return matches ? [] : [state];
  return matches && outcome === next.version ? [next] : [];
}

/** Undefined where the history is linearisable, else the longest beginning that can be ordered. */
export function findViolation(initial: State, events: readonly Event[]): readonly Event[] | undefined {
  const ordered = [...events].sort((left, right) => left.startMs - right.startMs);
  const tried = new Set<string>();
  let longest: readonly Event[] = [];

  /** @param first all before it are done; @param done those after it that are. */
  function search(first: number, done: ReadonlySet<number>, state: State, order: readonly Event[]): boolean {
    let start = first;
    const ahead = new Set(done);
    while (ahead.delete(start)) start += 1;
    if (order.length > longest.length) longest = order;
    const left = ordered.slice(start).filter((_, index) => !ahead.has(start + index));
    if (left.every(({ endMs }) => endMs === Number.POSITIVE_INFINITY)) return true;
    const key = `${start} ${[...ahead].sort((a, b) => a - b).join(',')} ${state.version} ${state.value}`;
    if (tried.has(key)) return false;
    tried.add(key);
    // What starts after another has ended cannot come before it.
    const earliestEndMs = Math.min(...left.map(({ endMs }) => endMs));
    for (let index = start; index < ordered.length; index += 1) {
      const event = ordered[index];
      if (event === undefined || event.startMs > earliestEndMs) break;
      if (ahead.has(index)) continue;
      for (const next of apply(event.operation, state)) {
        if (search(start, new Set([...ahead, index]), next, [...order, event])) return true;
      }
    }
    return false;
  }

  return search(0, new Set(), initial, []) ? undefined : longest;
}
