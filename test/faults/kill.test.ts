/**
 * The process is killed in the middle of its work, again and again, on the same data: what it acknowledged is there,
 * whole and with its history. `CASP_FAULTS=long` makes it 50 rounds, `CASP_RUNS` multiplies them, `CASP_SEED` repeats a run.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Sqlite from 'better-sqlite3';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openChangeRecords } from '../support/change-records.ts';
import { type Ask, createExchange, type Send } from '../support/exchange.ts';
import { type RunningServer, startServer } from '../support/running-server.ts';
import { isLong, mulberry32, seed } from './support/form.ts';

const runs = Math.max(1, Number(process.env.CASP_RUNS ?? 1));
const rounds = (isLong ? 50 : 4) * runs;
/** Writers of one profile each, but for the last four, which share one. */
const patchers = 48;
/** Writers of two profiles each, always both in one atomicityGroup. */
const groupers = 16;
const streams = patchers + groupers;
const collection = '/v1.0/security/cloudAppSecurityProfiles';

/** A write the server said yes to. */
interface Acknowledged {
  readonly id: string;
  readonly version: number;
  readonly value: string;
  readonly requestId: string;
}

const random = mulberry32(seed);
let data = '';
let token = '';
let server: RunningServer;
let ids: readonly string[] = [];
/** The two profiles of each grouper. */
let pairs: readonly (readonly [string, string])[] = [];
const acknowledged: Acknowledged[] = [];
let sent = 0;
let killed = 0;

const start = () => startServer({ data, flags: ['--no-sample'] });

beforeAll(async () => {
  data = await mkdtemp(join(tmpdir(), 'casp-kill-'));
  server = await start();
  token = server.token();
  const { send, close } = createExchange(server.httpUrl, streams);
  const made = Array.from({ length: patchers - 3 + 2 * groupers }, () =>
    send({ method: 'POST', path: collection, body: { riskScore: 'start' }, token }),
  );
  ids = (await Promise.all(made)).map(({ body }) => (body as { id: string }).id);
  pairs = Array.from({ length: groupers }, (_, index) => {
    const [first = '', second = ''] = ids.slice(patchers - 3 + 2 * index);
    return [first, second] as const;
  });
  close();
});

afterAll(async () => {
  await server.stop();
  await rm(data, { recursive: true, force: true });
});

/** What a stream writes: tags have a table of their own, so a write cut in two would show there. */
const bodyOf = (value: string) => ({ riskScore: value, tags: [value, `${value}!`] });

const versionOf = (etag = '') => Number(/^W\/"(\d+)"$/.exec(etag)?.[1]);

/** Changes two profiles together over and over until the connection breaks. */
async function groupStream(index: number, round: number, send: Send): Promise<void> {
  const pair = pairs[index] ?? [];
  for (let count = 0; ; count += 1) {
    const value = `${round}.g${index}.${count}`;
    sent += pair.length;
    const requests = pair.map((id) => ({
      id,
      atomicityGroup: 'both',
      method: 'PATCH',
      url: `/security/cloudAppSecurityProfiles/${id}`,
      headers: { 'Content-Type': 'application/json' },
      body: bodyOf(value),
    }));
    const ask: Ask = { method: 'POST', path: '/v1.0/$batch', token, body: { requests } };
    const answer = await send(ask).catch(() => undefined);
    if (answer === undefined) {
      killed += pair.length;
      return;
    }
    const { responses } = answer.body as { responses: readonly GroupAnswer[] };
    for (const { id, status, headers } of responses) {
      expect(status).toBe(200);
      acknowledged.push({
        id,
        version: versionOf(headers.ETag),
        value,
        requestId: headers['request-id'] ?? '',
      });
    }
  }
}

interface GroupAnswer {
  readonly id: string;
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
}

/** Changes one profile over and over until the connection breaks; remembers every yes. */
async function patchStream(index: number, round: number, send: Send): Promise<void> {
  const id = ids[Math.min(index, patchers - 4)] ?? '';
  for (let count = 0; ; count += 1) {
    const value = `${round}.${index}.${count}`;
    sent += 1;
    const ask = { path: `${collection}/${id}`, token, body: bodyOf(value) };
    const answer = await send(ask).catch(() => undefined);
    if (answer === undefined) {
      killed += 1;
      return;
    }
    expect(answer.status).toBe(200);
    const { etag, 'request-id': requestId = '' } = answer.headers;
    acknowledged.push({ id, version: versionOf(etag), value, requestId });
  }
}

/** Lets the streams run, kills the process after a random time, starts it again on the same data. */
async function killAndRestart(round: number): Promise<void> {
  const { send, close } = createExchange(server.httpUrl, streams);
  const before = acknowledged.length;
  const working = Promise.all([
    ...Array.from({ length: patchers }, (_, index) => patchStream(index, round, send)),
    ...Array.from({ length: groupers }, (_, index) => groupStream(index, round, send)),
  ]);
  const afterMs = 20 + Math.floor(random() * (isLong ? 1500 : 400));
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

describe(`SIGKILL under ${streams} writers, seed ${seed}`, () => {
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
        `kill: seed ${seed}, round ${round}: ${sent} writes sent, ${acknowledged.length} acknowledged, ` +
          `${killed} killed under way, ${acknowledged.length - lost.length} of the acknowledged found, ` +
          `${updates - acknowledged.length} of the killed kept`,
      );
      expect(lost).toEqual([]);
      for (const [first, second] of pairs) {
        const valuesOf = (id: string) => histories.get(id)?.map(({ after }) => after.riskScore);
        expect(valuesOf(first), 'a group is in both profiles or in neither').toEqual(valuesOf(second));
      }
      for (const id of ids) {
        const last = histories.get(id)?.at(-1);
        const { body, headers } = await send({ path: `${collection}/${id}`, token });
        expect(headers.etag).toBe(`W/"${last?.version}"`);
        const { riskScore = '', tags } = last?.after ?? {};
        expect(body).toMatchObject({ riskScore, tags });
        await expectFindable(id, riskScore, send);
      }
      // Beyond what was acknowledged, only what was under way at a kill can be there.
      expect(updates - acknowledged.length).toBeLessThanOrEqual(killed);
      expectSoundFile();
      const positions = records.positions('7e571e00-0000-4000-8000-00000000c0de');
      expect(positions).toEqual(positions.map((_, index) => index + 1));
      records.close();
      close();
    },
    60_000,
  );
});
