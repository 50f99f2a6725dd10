/**
 * Runs a bulk edit: groups of twenty in a $batch, each item under the ETag it was read with. An edit that commutes
 * reads again and repeats after a lost race; one that overwrites never does, it reports the conflict.
 */
import type { Api, ApiError, BatchAnswer, BatchPart } from '../api.ts';
import { meaningful } from '../profile-meaning.ts';
import {
  type BulkEdit,
  type BulkTarget,
  bodyOf,
  commutes,
  isSame,
  nextValue,
  pathOf,
  selectionOf,
  targetOf,
} from './bulk-edit.ts';

/** How one item ended. */
export type BulkStatus = 'done' | 'unchanged' | 'conflict' | 'refused' | 'stopped';

/** The statuses in the order results show them. */
export const bulkStatuses: readonly BulkStatus[] = ['done', 'unchanged', 'conflict', 'refused', 'stopped'];

/** What became of one item. */
export interface BulkOutcome {
  readonly status: BulkStatus;
  readonly target: BulkTarget;
  /** Of done items: what the app has now and the ETag that guards it. */
  readonly after?: { readonly value: unknown; readonly etag: string };
  /** Of the others: why, in words; of a conflict, what somebody else put there. */
  readonly reason?: string;
  readonly code?: string;
}

/** What the engine needs from outside. */
export interface BulkParts {
  readonly api: Pick<Api, 'batch' | 'entityPath'>;
  readonly wait: (ms: number, signal?: AbortSignal) => Promise<void>;
  /** Ends after the group under way; what was not sent is reported as stopped. */
  readonly signal: AbortSignal;
  /** Called after each group with the outcomes that are final since the last call. */
  readonly report: (outcomes: readonly BulkOutcome[]) => void;
}

/** Items of one $batch request. */
export const bulkGroupSize = 20;
/** A commuting edit that lost this many races in a row is reported: something writes without pause. */
const attemptsMax = 6;
/** The pause after a part was refused for load without saying for how long. */
const pauseDefaultS = 1;

interface Pending {
  readonly target: BulkTarget;
  readonly attempts: number;
  /** What it was when a request for it went out and no answer came: the change may have been made to this. */
  readonly doubtful: BulkTarget | undefined;
}

/** What to do with an item next, or how it ended. */
type Step =
  | { readonly kind: 'final'; readonly outcome: BulkOutcome }
  | { readonly kind: 'reread'; readonly item: Pending }
  | { readonly kind: 'again'; readonly item: Pending; readonly waitS: number };

/** Runs the edit over all targets and resolves with every outcome in the order they became final. */
export async function runBulk(
  edit: BulkEdit,
  targets: readonly BulkTarget[],
  parts: BulkParts,
): Promise<readonly BulkOutcome[]> {
  const all: BulkOutcome[] = [];
  for (let start = 0; start < targets.length; start += bulkGroupSize) {
    const group = targets.slice(start, start + bulkGroupSize);
    const outcomes = await runGroup(edit, group, parts);
    all.push(...outcomes);
    parts.report(outcomes);
  }
  return all;
}

async function runGroup(
  edit: BulkEdit,
  targets: readonly BulkTarget[],
  parts: BulkParts,
): Promise<readonly BulkOutcome[]> {
  const outcomes: BulkOutcome[] = [];
  let pending: readonly Pending[] = targets.map((target) => ({ target, attempts: 0, doubtful: undefined }));
  while (pending.length > 0) {
    if (parts.signal.aborted) return [...outcomes, ...pending.map(stopped)];
    const steps = await runOnce(edit, pending, parts);
    outcomes.push(...steps.flatMap((step) => (step.kind === 'final' ? [step.outcome] : [])));
    const again = steps.flatMap((step) => (step.kind === 'again' ? [step] : []));
    if (again.length > 0) await pause(Math.max(...again.map(({ waitS }) => waitS)), parts);
    const reread = await readAgain(
      edit,
      steps.flatMap((step) => (step.kind === 'reread' ? [step.item] : [])),
      parts,
    );
    outcomes.push(...reread.flatMap((step) => (step.kind === 'final' ? [step.outcome] : [])));
    pending = [
      ...again.map(({ item }) => item),
      ...reread.flatMap((step) => (step.kind === 'final' ? [] : [step.item])),
    ];
  }
  return outcomes;
}

/** A wait somebody ends by stopping is no failure. */
async function pause(seconds: number, { wait, signal }: BulkParts): Promise<void> {
  try {
    await wait(seconds * 1000, signal);
  } catch (error) {
    if (!signal.aborted) throw error;
  }
}

const stopped = ({ target, doubtful }: Pending): BulkOutcome => ({
  status: 'stopped',
  target,
  reason:
    doubtful !== undefined
      ? 'Stopped before it was known whether the change was made.'
      : 'Stopped before it was sent.',
});

const final = (outcome: BulkOutcome): Step => ({ kind: 'final', outcome });

/** Sends what has something to change, once. */
async function runOnce(
  edit: BulkEdit,
  pending: readonly Pending[],
  parts: BulkParts,
): Promise<readonly Step[]> {
  const steps: Step[] = [];
  const sent: (Pending & { readonly value: unknown })[] = [];
  for (const item of pending) {
    const next = nextValue(edit, item.target);
    if (next === undefined) steps.push(final(alreadySo(item)));
    else sent.push({ ...item, value: next.value });
  }
  if (sent.length === 0) return steps;
  const answers = await send(
    sent.map(({ target, value }, index) => ({
      id: String(index),
      method: 'PATCH',
      path: parts.api.entityPath(target.id),
      headers: { 'If-Match': target.etag, Prefer: 'return=minimal' },
      body: bodyOf(pathOf(edit), value),
    })),
    parts,
  );
  return [...steps, ...sent.map((item, index) => judge(edit, item, item.value, answers?.[index]))];
}

/** After a request whose answer was lost, finding the wanted value means that it was carried out. */
const alreadySo = ({ target, doubtful }: Pending): BulkOutcome =>
  doubtful !== undefined
    ? { status: 'done', target: doubtful, after: { value: target.value, etag: target.etag } }
    : { status: 'unchanged', target, reason: 'It already was so.' };

/** Undefined where no answer came: the items are read again before anything else. */
async function send(
  requests: readonly BatchPart[],
  { api }: BulkParts,
): Promise<readonly BatchAnswer[] | undefined> {
  try {
    return await api.batch(requests);
  } catch (error) {
    if (!isApiError(error)) throw error;
    // The batch as a whole was refused: so was each of its parts.
    return error.status === 0 ? undefined : requests.map(({ id }) => refusedAnswer(id, error));
  }
}

const isApiError = (error: unknown): error is ApiError => error instanceof Error && error.name === 'ApiError';

const refusedAnswer = (id: string, error: ApiError): BatchAnswer => ({
  id,
  status: error.status,
  headers: {},
  body: undefined,
  error,
});

function judge(edit: BulkEdit, item: Pending, value: unknown, answer: BatchAnswer | undefined): Step {
  const { target, attempts } = item;
  if (answer === undefined || answer.status === 0) {
    if (attempts + 1 >= attemptsMax) return final(refused(target, 'No answer came.', 'offline'));
    return { kind: 'reread', item: { ...item, attempts: attempts + 1, doubtful: target } };
  }
  const { status, error, headers } = answer;
  if (status < 300) return final({ status: 'done', target, after: { value, etag: headers.etag ?? '' } });
  if (status === 429 || (status === 503 && error?.retryAfterS !== undefined)) {
    return { kind: 'again', item, waitS: Math.max(pauseDefaultS, error?.retryAfterS ?? 0) };
  }
  if (status === 412) {
    if (commutes(edit) && attempts + 1 >= attemptsMax) {
      return final({
        status: 'conflict',
        target,
        reason: 'Others changed it again and again.',
        code: 'versionMismatch',
      });
    }
    return { kind: 'reread', item: { ...item, attempts: attempts + 1 } };
  }
  return final(
    refused(target, error?.message ?? `The service answered ${status}.`, error?.innerCode || error?.code),
  );
}

const refused = (target: BulkTarget, reason: string, code: string | undefined): BulkOutcome => ({
  status: 'refused',
  target,
  reason,
  ...(code === undefined ? {} : { code }),
});

/** Reads what was lost or overtaken. An edit that commutes goes on from there, any other ends as a conflict. */
async function readAgain(
  edit: BulkEdit,
  items: readonly Pending[],
  parts: BulkParts,
): Promise<readonly Exclude<Step, { kind: 'again' }>[]> {
  if (items.length === 0) return [];
  const path = pathOf(edit);
  const select = [...new Set(['id', meaningful.name, selectionOf(path)])].join(',');
  for (let attempt = 0; attempt < attemptsMax && !parts.signal.aborted; attempt += 1) {
    const answers = await send(
      items.map(({ target }, index) => ({
        id: String(index),
        method: 'GET',
        path: `${parts.api.entityPath(target.id)}?$select=${select}`,
      })),
      parts,
    );
    const waitS = answers === undefined ? pauseDefaultS : throttledS(answers);
    if (answers !== undefined && waitS === 0) {
      return items.map((item, index) => compare(edit, item, answers[index], path));
    }
    await pause(waitS, parts);
  }
  return items.map((item) => final(stopped(item)) as Extract<Step, { kind: 'final' }>);
}

/** The longest pause any of the answers asks for; 0 if none does. */
const throttledS = (answers: readonly BatchAnswer[]): number =>
  Math.max(
    0,
    ...answers
      .filter(({ status }) => status === 429 || status === 503 || status === 0)
      .map(({ error }) => Math.max(pauseDefaultS, error?.retryAfterS ?? 0)),
  );

function compare(
  edit: BulkEdit,
  item: Pending,
  answer: BatchAnswer | undefined,
  path: string,
): Exclude<Step, { kind: 'again' }> {
  const finish = (outcome: BulkOutcome) => ({ kind: 'final', outcome }) as const;
  const { target } = item;
  if (
    answer === undefined ||
    answer.status >= 300 ||
    typeof answer.body !== 'object' ||
    answer.body === null
  ) {
    const reason =
      answer?.status === 404
        ? 'It was deleted meanwhile.'
        : (answer?.error?.message ?? 'It could not be read.');
    return finish(refused(target, reason, answer?.error?.innerCode || answer?.error?.code));
  }
  const now = targetOf({ '@odata.etag': answer.headers.etag, ...answer.body }, path);
  if (commutes(edit)) return { kind: 'reread', item: { ...item, target: now } };
  const wanted = nextValue(edit, now);
  if (wanted === undefined) return finish(alreadySo({ ...item, target: now }));
  // Nobody touched it: only the answer was lost, so it is sent under the same ETag again.
  if (now.etag === target.etag) return { kind: 'reread', item };
  return finish({
    status: 'conflict',
    target: now,
    code: 'versionMismatch',
    reason: isSame(now.value, target.value)
      ? 'Somebody changed other fields of it after you selected it.'
      : `Somebody changed it to ${JSON.stringify(now.value)} after you selected it.`,
  });
}

/** How many items ended in which way. */
export function countOutcomes(outcomes: readonly BulkOutcome[]): Readonly<Record<BulkStatus, number>> {
  const counts = { done: 0, unchanged: 0, conflict: 0, refused: 0, stopped: 0 };
  for (const { status } of outcomes) counts[status] += 1;
  return counts;
}

/** The items another attempt makes sense for; their targets are as fresh as the engine knew them. */
export const failedTargets = (outcomes: readonly BulkOutcome[]): readonly BulkTarget[] =>
  outcomes
    .filter(({ status }) => status === 'conflict' || status === 'refused' || status === 'stopped')
    .map(({ target }) => target);

/** The edit that puts back what the done items had, under the ETags they have now. */
export function undoOf(
  edit: BulkEdit,
  outcomes: readonly BulkOutcome[],
): { readonly edit: BulkEdit; readonly targets: readonly BulkTarget[] } {
  const done = outcomes.flatMap(({ status, target, after }) =>
    status === 'done' && after !== undefined ? [{ target, after }] : [],
  );
  return {
    edit: {
      kind: 'restore',
      path: pathOf(edit),
      values: new Map(done.map(({ target }) => [target.id, target.value])),
    },
    targets: done.map(({ target, after }) => ({ ...target, etag: after.etag, value: after.value })),
  };
}

/** A cell that a spreadsheet would take for a formula gets an apostrophe, unless it is a number. */
const safeCell = (text: string): string =>
  /^[=+\-@\t\r]/.test(text) && !/^[+-]?\d+(?:\.\d+)?$/.test(text) ? `'${text}` : text;

const writeCell = (value: unknown): string => {
  const text = safeCell(
    typeof value === 'string' ? value : value === undefined || value === null ? '' : JSON.stringify(value),
  );
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
};

/** The outcomes as CSV (RFC 4180), safe to open in a spreadsheet. */
export function writeOutcomes(outcomes: readonly BulkOutcome[]): string {
  const rows = outcomes.map(({ status, target, after, reason, code }) =>
    [target.id, target.name, status, code, reason, target.value, after?.value].map(writeCell).join(','),
  );
  return `${['id,name,outcome,code,reason,before,after', ...rows].join('\r\n')}\r\n`;
}
