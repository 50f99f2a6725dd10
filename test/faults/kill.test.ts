/**
 * The process is killed in the middle of its work, again and again, on the same data: what it acknowledged is there,
 * whole and with its history. `CASP_RUNS` multiplies the rounds, `CASP_SEED` repeats a run.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Sqlite from 'better-sqlite3';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openChangeRecords } from '../support/change-records.ts';
import { createExchange, type Send } from '../support/exchange.ts';
import { type RunningServer, startServer } from '../support/running-server.ts';

const runs = Math.max(1, Number(process.env.CASP_RUNS ?? 1));
const rounds = 5 * runs;
const seed = Number(process.env.CASP_SEED ?? Date.now() % 1_000_000);
const streams = 16;
const collection = '/v1.0/security/cloudAppSecurityProfiles';

/** Mulberry32: the moments of the kills follow from the seed. */
function createRandom(start: number): () => number {
  let state = start >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** A write the server said yes to. */
interface Acknowledged {
  readonly id: string;
  readonly version: number;
  readonly value: string;
  readonly requestId: string;
}

const random = createRandom(seed);
let data = '';
let token = '';
let server: RunningServer;
let ids: readonly string[] = [];
const acknowledged: Acknowledged[] = [];
let sent = 0;

const start = () => startServer({ data, flags: ['--no-sample'] });

beforeAll(async () => {
  data = await mkdtemp(join(tmpdir(), 'casp-kill-'));
  server = await start();
  token = server.token();
  const { send, close } = createExchange(server.httpUrl);
  // The last four streams share one profile, the others have one each.
  const made = Array.from({ length: streams - 3 }, () =>
    send({ method: 'POST', path: collection, body: { riskScore: 'start' }, token }),
  );
  ids = (await Promise.all(made)).map(({ body }) => (body as { id: string }).id);
  close();
});

afterAll(async () => {
  await server.stop();
  await rm(data, { recursive: true, force: true });
});

/** Changes one profile over and over until the connection breaks; remembers every yes. */
async function stream(index: number, round: number, send: Send): Promise<void> {
  const id = ids[Math.min(index, ids.length - 1)] ?? '';
  for (let count = 0; ; count += 1) {
    const value = `${round}.${index}.${count}`;
    sent += 1;
    // Tags have a table of their own: a write cut in two would show there.
    const ask = {
      path: `${collection}/${id}`,
      token,
      body: { riskScore: value, tags: [value, `${value}!`] },
    };
    const answer = await send(ask).catch(() => undefined);
    if (answer === undefined) return;
    expect(answer.status).toBe(200);
    const version = Number(/^W\/"(\d+)"$/.exec(answer.headers.etag ?? '')?.[1]);
    acknowledged.push({ id, version, value, requestId: answer.headers['request-id'] ?? '' });
  }
}

/** Lets the streams run, kills the process after a random time, starts it again on the same data. */
async function killAndRestart(round: number): Promise<void> {
  const { send, close } = createExchange(server.httpUrl);
  const before = acknowledged.length;
  const working = Promise.all(Array.from({ length: streams }, (_, index) => stream(index, round, send)));
  const afterMs = 20 + Math.floor(random() * 400);
  await new Promise((resolve) => setTimeout(resolve, afterMs));
  // A kill before the first yes would show nothing.
  while (acknowledged.length === before) await new Promise((resolve) => setImmediate(resolve));
  await server.kill('SIGKILL');
  await working;
  close();
  server = await start();
}

interface History {
  readonly version: number;
  readonly before: { readonly riskScore: string; readonly tags: readonly string[] } | null;
  readonly after: { readonly riskScore: string; readonly tags: readonly string[] };
  readonly requestId: string;
}

/** The records of a profile, shown to be one unbroken chain from its creation. */
function readHistory(id: string, records: ReturnType<typeof openChangeRecords>): readonly History[] {
  const history = records.of(id) as unknown as readonly History[];
  expect(history.map(({ version }) => version)).toEqual(history.map((_, index) => index + 1));
  for (let index = 1; index < history.length; index += 1) {
    const { before } = history[index] ?? {};
    const { riskScore, tags } = history[index - 1]?.after ?? {};
    expect(before).toMatchObject({ riskScore, tags });
  }
  return history;
}

/** Columns and items of collections answer questions, the text answers reads: a write is in both or in neither. */
async function expectFindable(id: string, value: string, send: Send): Promise<void> {
  const tags = value === 'start' ? 'tags/$count eq 0' : `tags/$count eq 2 and tags/any(t:t eq '${value}!')`;
  const filter = `id eq '${id}' and riskScore eq '${value}' and ${tags}`;
  const answer = await send({ path: `${collection}?$filter=${encodeURIComponent(filter)}`, token });
  expect((answer.body as { value: { id: string }[] }).value.map((found) => found.id)).toEqual([id]);
}

/** The engine's own look at its file. */
function expectSoundFile(): void {
  const handle = new Sqlite(join(data, 'casp.db'), { readonly: true });
  expect(handle.pragma('integrity_check', { simple: true })).toBe('ok');
  handle.close();
}

describe(`SIGKILL under ${streams} streams of PATCH, seed ${seed}`, () => {
  it.each(Array.from({ length: rounds }, (_, index) => [index + 1]))(
    'round %i: every acknowledged write is there',
    async (round) => {
      await killAndRestart(round);
      const { send, close } = createExchange(server.httpUrl);
      const records = openChangeRecords(data);
      const histories = new Map(ids.map((id) => [id, readHistory(id, records)]));
      const lost = acknowledged.filter(({ id, version, value, requestId }) => {
        const record = histories.get(id)?.[version - 1];
        return record?.after.riskScore !== value || record.requestId !== requestId;
      });
      const updates = [...histories.values()].reduce((sum, history) => sum + history.length - 1, 0);
      console.log(
        `kill: seed ${seed}, round ${round}: ${sent} sent, ${acknowledged.length} acknowledged, ` +
          `${acknowledged.length - lost.length} found, ${updates} recorded`,
      );
      expect(lost).toEqual([]);
      for (const id of ids) {
        const last = histories.get(id)?.at(-1);
        const { body, headers } = await send({ path: `${collection}/${id}`, token });
        expect(headers.etag).toBe(`W/"${last?.version}"`);
        const { riskScore = '', tags } = last?.after ?? {};
        expect(body).toMatchObject({ riskScore, tags });
        await expectFindable(id, riskScore, send);
      }
      // Beyond what was acknowledged, only what was under way at a kill can be there: one write a stream and round.
      expect(updates - acknowledged.length).toBeLessThanOrEqual(streams * round);
      expectSoundFile();
      const positions = records.positions('7e571e00-0000-4000-8000-00000000c0de');
      expect(positions).toEqual(positions.map((_, index) => index + 1));
      records.close();
      close();
    },
    30_000,
  );
});
