/**
 * Clients that change profiles without a pause while a database breaks behind the service, remember every answer, and
 * are shown at the end to have been told the truth: what was acknowledged is there, what was refused is not.
 */
import { expect } from 'vitest';
import { openChangeRecords } from '../../support/change-records.ts';
import { collectionPath, testTenant } from '../../support/conformance.ts';
import { type Answer, createExchange, type Send } from '../../support/exchange.ts';

/** A change and its answer. */
interface Attempt {
  readonly id: string;
  readonly value: string;
  readonly answer: Answer;
}

/** What the clients saw so far. */
export interface Tally {
  readonly acknowledged: number;
  readonly refused: number;
  /** Changes and reads by status. */
  readonly statuses: Readonly<Record<string, number>>;
  /** The slowest answer of any kind. */
  readonly slowestMs: number;
}

export interface SteadyClients {
  readonly tally: () => Tally;
  /** Resolves once so many more changes are acknowledged; rejects after the time. */
  acknowledge(count: number, timeoutMs?: number): Promise<void>;
  /** Resolves once so many more changes are refused; rejects after the time. */
  refuse(count: number, timeoutMs?: number): Promise<void>;
  /** Lets the requests under way end. */
  stop(): Promise<void>;
  /** Compares what was answered with the database behind `url`; returns what was found. */
  verify(url: string): Promise<Found>;
}

/** What is in the database of what the clients asked for. */
export interface Found {
  readonly acknowledged: number;
  /** Refused with the advice to look, because nobody knew: either is right. */
  readonly unknown: { readonly kept: number; readonly lost: number };
}

/** A refused client comes back after this; Retry-After is for those who are many more. */
const pauseMs = 25;

const versionOf = (answer: Answer): number => Number(/^W\/"(\d+)"$/.exec(answer.headers.etag ?? '')?.[1]);
const isUnknown = ({ answer }: Attempt): boolean => answer.text.includes('the change may have been made');
const wait = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds));

/**
 * Starts so many clients. Each has a profile of its own, but for the last four, which share one; every second client
 * sends If-Match. All know the addresses of several instances, if there are several.
 */
export async function startSteadyClients(
  urls: readonly string[],
  token: string,
  count: number,
): Promise<SteadyClients> {
  const exchanges = urls.map((url) => createExchange(url, 2 * count));
  const sendTo = (number: number): Send => {
    const { send } = exchanges[number % exchanges.length] ?? {};
    if (send === undefined) throw new Error('no instance');
    return send;
  };
  const body = { riskScore: 'start' };
  const made = await Promise.all(
    Array.from({ length: Math.max(1, count - 3) }, (_, number) =>
      sendTo(number)({ method: 'POST', path: collectionPath, token, body }),
    ),
  );
  const ids = made.map((answer) => (answer.body as { id: string }).id);
  const acknowledged: Attempt[] = [];
  const refused: Attempt[] = [];
  const statuses: Record<string, number> = {};
  let slowestMs = 0;
  let stopped = false;

  /** Every answer counts; one that never came would fail the client and with it the test. */
  async function ask(...[send, request]: [Send, Parameters<Send>[0]]): Promise<Answer> {
    const startMs = performance.now();
    const answer = await send(request);
    slowestMs = Math.max(slowestMs, performance.now() - startMs);
    statuses[answer.status] = (statuses[answer.status] ?? 0) + 1;
    if (answer.status === 503) expect(answer.headers['retry-after'], answer.text).toMatch(/^[1-9]\d*$/);
    return answer;
  }

  async function client(number: number): Promise<void> {
    const id = ids[Math.min(number, ids.length - 1)] ?? '';
    const path = `${collectionPath}/${id}`;
    let version = 1;
    for (let step = 0; !stopped; step += 1) {
      // An instance is changed now and then, as a balancer would.
      const send = sendTo(number + step);
      const value = `${number}.${step}`;
      const headers = number % 2 === 0 ? {} : { 'If-Match': `W/"${version}"` };
      const answer = await ask(send, { path, token, headers, body: { riskScore: value, tags: [value] } });
      if (answer.status === 200) {
        acknowledged.push({ id, value, answer });
        version = versionOf(answer);
      } else if (answer.status === 503) refused.push({ id, value, answer });
      else expect(answer.status, answer.text).toBe(412);
      const seen = await ask(send, { path, token });
      // Nothing that was acknowledged is ever gone from a later answer.
      if (seen.status === 200) expect(versionOf(seen)).toBeGreaterThanOrEqual(version);
      else expect(seen.status, seen.text).toBe(503);
      if (seen.status === 200) version = versionOf(seen);
      else await wait(pauseMs);
    }
  }

  const working = Promise.all(Array.from({ length: count }, (_, number) => client(number)));
  // Rejects with the first client that met what it must not; whoever waits is told.
  working.catch(() => undefined);

  async function until(list: readonly Attempt[], more: number, what: string, timeoutMs: number) {
    const enough = list.length + more;
    const deadlineMs = performance.now() + timeoutMs;
    const counted = async () => {
      while (list.length < enough) {
        if (performance.now() > deadlineMs)
          throw new Error(`${what} ${list.length} of ${enough}: ${JSON.stringify(statuses)}`);
        await wait(5);
      }
    };
    await Promise.race([counted(), working]);
  }

  return {
    tally: () => ({
      acknowledged: acknowledged.length,
      refused: refused.length,
      statuses: { ...statuses },
      slowestMs: Math.round(slowestMs),
    }),
    acknowledge: (more, timeoutMs = 20_000) => until(acknowledged, more, 'acknowledged', timeoutMs),
    refuse: (more, timeoutMs = 20_000) => until(refused, more, 'refused', timeoutMs),
    async stop() {
      stopped = true;
      await working;
      for (const { close } of exchanges) close();
    },
    async verify(url) {
      const records = openChangeRecords('', url);
      try {
        return findAll(records, ids, acknowledged, refused);
      } finally {
        records.close();
      }
    },
  };
}

/** One change of a profile, as its record tells. */
interface History {
  readonly version: number;
  readonly before: { readonly riskScore: string; readonly tags: readonly string[] } | null;
  readonly after: { readonly riskScore: string; readonly tags: readonly string[] };
  readonly requestId: string;
}

function findAll(
  records: ReturnType<typeof openChangeRecords>,
  ids: readonly string[],
  acknowledged: readonly Attempt[],
  refused: readonly Attempt[],
): Found {
  const histories = new Map(ids.map((id) => [id, readHistory(id, records)]));
  const lost = acknowledged.filter(({ id, value, answer }) => {
    const record = histories.get(id)?.[versionOf(answer) - 1];
    return record?.after.riskScore !== value || record.requestId !== answer.headers['request-id'];
  });
  expect(lost, 'acknowledged and lost').toEqual([]);
  const kept = new Set([...histories.values()].flatMap((all) => all.map(({ requestId }) => requestId)));
  const isKept = ({ answer }: Attempt) => kept.has(answer.headers['request-id'] ?? '');
  expect(
    refused.filter((each) => !isUnknown(each) && isKept(each)),
    'refused and kept',
  ).toEqual([]);
  const unknown = refused.filter(isUnknown);
  const updates = [...histories.values()].reduce((sum, history) => sum + history.length - 1, 0);
  const unknownKept = unknown.filter(isKept).length;
  expect(updates, 'each change once').toBe(acknowledged.length + unknownKept);
  const positions = records.positions(testTenant);
  expect(positions).toEqual(positions.map((_, index) => index + 1));
  return {
    acknowledged: acknowledged.length,
    unknown: { kept: unknownKept, lost: unknown.length - unknownKept },
  };
}

/** The records of a profile, shown to be one unbroken chain from its creation. */
function readHistory(id: string, records: ReturnType<typeof openChangeRecords>): readonly History[] {
  const history = records.of(id) as unknown as readonly History[];
  expect(history.map(({ version }) => version)).toEqual(history.map((_, index) => index + 1));
  for (let index = 1; index < history.length; index += 1) {
    const { riskScore, tags } = history[index - 1]?.after ?? {};
    expect(history[index]?.before).toMatchObject({ riskScore, tags });
  }
  return history;
}
