/**
 * Many clients change and read the same profiles at once. Every history of a profile must be one that a single client
 * at a time could have made, in an order that agrees with who was finished before whom.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { collectionPath } from '../support/conformance.ts';
import { type Answer, createExchange, type Send } from '../support/exchange.ts';
import { sharedPostgres } from '../support/postgres-server.ts';
import { type RunningServer, startServer } from '../support/running-server.ts';
import { isLong, mulberry32, seed } from './support/form.ts';
import { type Event, findViolation, type Operation, type State } from './support/linearisability.ts';

const operations = isLong ? 20_000 : 1500;
const clients = 12;
const profiles = 4;

const read = (startMs: number, endMs: number, version: number, value: string): Event => ({
  startMs,
  endMs,
  operation: { kind: 'read', seen: { version, value } },
});
const write = (startMs: number, endMs: number, value: string, version?: number): Event => ({
  startMs,
  endMs,
  operation: { kind: 'write', value, version },
});
const writeIf = (
  startMs: number,
  endMs: number,
  expected: number,
  value: string,
  outcome?: number | 'refused',
): Event => ({ startMs, endMs, operation: { kind: 'writeIf', value, expected, outcome } });

const initial: State = { version: 1, value: 'a' };

describe('the checker', () => {
  it.each<[string, readonly Event[]]>([
    ['nothing', []],
    [
      'one after the other',
      [write(0, 1, 'b', 2), read(2, 3, 2, 'b'), writeIf(4, 5, 2, 'c', 3), read(6, 7, 3, 'c')],
    ],
    ['a read beside a write may see either', [write(0, 9, 'b', 2), read(1, 2, 1, 'a'), read(3, 4, 2, 'b')]],
    ['of two with the same If-Match one wins', [writeIf(0, 9, 1, 'b', 2), writeIf(0, 9, 1, 'c', 'refused')]],
    [
      'a write without an answer may have happened',
      [write(0, Number.POSITIVE_INFINITY, 'b'), read(2, 3, 2, 'b')],
    ],
    ['or not', [write(0, Number.POSITIVE_INFINITY, 'b'), read(2, 3, 1, 'a')]],
    ['writes beside each other in the order of versions', [write(0, 9, 'c', 3), write(1, 8, 'b', 2)]],
  ])('accepts %s', (_, events) => {
    expect(findViolation(initial, events)).toBeUndefined();
  });

  it.each<[string, readonly Event[]]>([
    ['a stale read', [write(0, 1, 'b', 2), read(2, 3, 1, 'a')]],
    ['a read of what nobody wrote', [read(0, 1, 1, 'z')]],
    ['reads that go back', [write(0, 9, 'b', 2), read(1, 2, 2, 'b'), read(3, 4, 1, 'a')]],
    ['a lost update', [write(0, 1, 'b', 2), write(2, 3, 'c', 2)]],
    ['two winners of one If-Match', [writeIf(0, 9, 1, 'b', 2), writeIf(0, 9, 1, 'c', 2)]],
    ['a refusal without a reason', [writeIf(0, 1, 1, 'b', 'refused')]],
    ['a version that skips one', [write(0, 1, 'b', 3)]],
    ['a write in the past', [write(0, 1, 'b', 3), write(2, 3, 'c', 2)]],
    ['an old value under a new version', [write(0, 1, 'b', 2), read(2, 3, 2, 'a')]],
    [
      'a write without an answer that comes and goes',
      [write(0, Number.POSITIVE_INFINITY, 'b'), read(1, 2, 2, 'b'), read(3, 4, 1, 'a')],
    ],
  ])('finds %s', (_, events) => {
    expect(findViolation(initial, events)).toBeDefined();
  });
});

/** A database behind the server. */
interface Engine {
  readonly name: string;
  /** Servers on it, each of which is asked as often as the others. */
  readonly instances: number;
  /** Flags of the server, and what undoes their preparation. */
  readonly prepare: () => Promise<{
    readonly flags: readonly string[];
    readonly release: () => Promise<void>;
  }>;
}

async function preparePostgres() {
  const { url, drop } = await sharedPostgres();
  return { flags: ['--database', url, '--database-pool-size', '6'], release: drop };
}

const engines: readonly Engine[] = [
  { name: 'SQLite', instances: 1, prepare: async () => ({ flags: [], release: async () => undefined }) },
  { name: 'PostgreSQL', instances: 1, prepare: preparePostgres },
  { name: 'three instances on PostgreSQL', instances: 3, prepare: preparePostgres },
];

const random = mulberry32(seed);
const versionOf = (etag: string | undefined): number => Number(/^W\/"(\d+)"$/.exec(etag ?? '')?.[1]);

/** Some client's next step: it knows the version it saw last, which may be old. */
function nextOperation(value: string, lastSeen: number): Operation {
  const dice = random();
  if (dice < 0.4) return { kind: 'read', seen: { version: 0, value: '' } };
  if (dice < 0.65) return { kind: 'write', value, version: undefined };
  return { kind: 'writeIf', value, expected: lastSeen, outcome: undefined };
}

/** The operation with its outcome. */
function completed(operation: Operation, answer: Answer): Operation {
  const version = versionOf(answer.headers.etag);
  if (operation.kind === 'read') {
    const { riskScore } = answer.body as { riskScore: string };
    return { kind: 'read', seen: { version, value: riskScore } };
  }
  if (operation.kind === 'write') return { ...operation, version };
  return { ...operation, outcome: answer.status === 412 ? 'refused' : version };
}

function ask(send: Send, path: string, token: string, operation: Operation): Promise<Answer> {
  if (operation.kind === 'read') return send({ path, token });
  const headers = operation.kind === 'writeIf' ? { 'If-Match': `W/"${operation.expected}"` } : {};
  return send({ path, token, headers, body: { riskScore: operation.value } });
}

describe.each(engines)(`concurrent PATCH and GET on $name, seed ${seed}`, ({ instances, prepare }) => {
  let data = '';
  let servers: readonly RunningServer[] = [];
  let release = async (): Promise<void> => undefined;

  beforeAll(async () => {
    data = await mkdtemp(join(tmpdir(), 'casp-linear-'));
    const prepared = await prepare();
    release = prepared.release;
    servers = await Promise.all(
      Array.from({ length: instances }, (_, index) =>
        startServer({ data: join(data, String(index)), flags: ['--no-sample', ...prepared.flags] }),
      ),
    );
  });
  afterAll(async () => {
    await Promise.all(servers.map((server) => server.stop()));
    await release();
    await rm(data, { recursive: true, force: true });
  });

  it('is linearisable for each profile', async () => {
    const token = servers[0]?.token() ?? '';
    const exchanges = servers.map(({ httpUrl }) => createExchange(httpUrl, clients));
    const send: Send = (asked) => {
      const exchange = exchanges[Math.floor(random() * exchanges.length)];
      if (exchange === undefined) throw new Error('no instance');
      return exchange.send(asked);
    };
    const made = await Promise.all(
      Array.from({ length: profiles }, () =>
        send({ method: 'POST', path: collectionPath, token, body: { riskScore: 'a' } }),
      ),
    );
    const paths = made.map(({ body }) => `${collectionPath}/${(body as { id: string }).id}`);
    const histories = paths.map((): Event[] => []);
    const statuses = new Map<number, number>();

    async function client(number: number): Promise<void> {
      const seen = paths.map(() => 1);
      for (let step = 0; step < operations / clients; step += 1) {
        const index = Math.floor(random() * profiles);
        const operation = nextOperation(`${number}.${step}`, seen[index] ?? 1);
        const startMs = performance.now();
        const answer = await ask(send, paths[index] ?? '', token, operation);
        const endMs = performance.now();
        statuses.set(answer.status, (statuses.get(answer.status) ?? 0) + 1);
        histories[index]?.push({ startMs, endMs, operation: completed(operation, answer) });
        if (answer.status === 200) seen[index] = versionOf(answer.headers.etag);
      }
    }
    await Promise.all(Array.from({ length: clients }, (_, number) => client(number)));
    for (const { close } of exchanges) close();

    const counts = Object.fromEntries(statuses);
    console.log(
      `linearisable: seed ${seed}, ${operations} operations on ${profiles} profiles, ${JSON.stringify(counts)}`,
    );
    expect(Object.keys(counts)).toEqual(['200', '412']);
    for (const history of histories) expect(findViolation(initial, history)).toBeUndefined();
  }, 300_000);
});
