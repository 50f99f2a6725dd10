/**
 * Writes that share a transaction, one statement of which fails a single time, for every statement there is: each write
 * is there whole with its record if it was answered with a yes, and not at all if it was refused; none is refused for
 * its neighbour's fault, and what was tried again happened once.
 */
import { dirname } from 'node:path';
import Sqlite, { SqliteError } from 'better-sqlite3';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Database, Session } from '../../src/storage/database.ts';
import { translate } from '../../src/storage/sqlite/failure.ts';
import { openChangeRecords } from '../support/change-records.ts';
import {
  collectionPath,
  type InProcessAnswer,
  type InProcessAsk,
  type InProcessService,
  memberOf,
  openInProcess,
  verdictOf,
} from './support/in-process.ts';

/** Lets writes wait for each other, so that they share a transaction, and fails one statement of all of them, once. */
interface Group {
  wrap(database: Database): Database;
  /** The next so many writes begin together; the statement with this number among theirs fails, 0 lets all pass. */
  arm(size: number, failing: number, code: string): void;
  /** Since `arm`: statements, and how often works were run. */
  tally(): { readonly statements: number; readonly runs: number };
}

function createGroup(): Group {
  let [size, failing, code] = [1, 0, ''];
  let [statements, runs] = [0, 0];
  let gathered: (() => void)[] = [];
  const guard = (session: Session): Session => ({
    async run(statement) {
      statements += 1;
      if (statements === failing) throw translate(new SqliteError('secret detail of the engine', code));
      return session.run(statement);
    },
  });
  return {
    wrap: (database) => ({
      ...database,
      async write(work, options) {
        await new Promise<void>((begin) => {
          gathered.push(begin);
          if (gathered.length < size) return;
          for (const each of gathered) each();
          gathered = [];
        });
        return database.write((session) => {
          runs += 1;
          return work(guard(session));
        }, options);
      },
    }),
    arm(nextSize, nextFailing, nextCode) {
      [size, failing, code] = [nextSize, nextFailing, nextCode];
      [statements, runs] = [0, 0];
    },
    tally: () => ({ statements, runs }),
  };
}

const bodyOf = (name: string) => ({
  name,
  tags: [name, 'tag'],
  vendorInformation: { vendor: name },
  manifest: `words of ${name}`,
});

interface Stored {
  readonly path: string;
  readonly id: string;
  /** The whole profile, as the service answers it. */
  readonly text: string;
}

let group: Group;
let service: InProcessService;
let rounds = 0;
/** Profiles made for the works to change. */
let created = 0;

beforeEach(async () => {
  group = createGroup();
  created = 0;
  service = await openInProcess({ wrap: group.wrap });
});
afterEach(() => service.close());

async function create(name: string): Promise<Stored> {
  group.arm(1, 0, '');
  const made = await service.ask({ method: 'POST', target: collectionPath, body: bodyOf(name) });
  expect(made.status).toBe(201);
  created += 1;
  const id = String(memberOf(made, 'id'));
  const path = `${collectionPath}/${id}`;
  return { path, id, text: (await service.ask({ target: path })).text };
}

/** A write of the group, and what must be true of it after a yes and after a no. */
interface Work {
  readonly ask: InProcessAsk;
  expectDone(answer: InProcessAnswer): Promise<void>;
  expectUndone(): Promise<void>;
}

/** The last record of a profile, and how many it has. */
function lastRecord(id: string) {
  const records = openChangeRecords(dirname(service.file));
  try {
    const all = records.of(id);
    return { count: all.length, kind: all.at(-1)?.kind, version: all.at(-1)?.version };
  } finally {
    records.close();
  }
}

function creation(name: string): Work {
  const named = () =>
    service.ask({ target: `${collectionPath}?$filter=${encodeURIComponent(`name eq '${name}'`)}` });
  return {
    ask: { method: 'POST', target: collectionPath, body: bodyOf(name) },
    async expectDone(answer) {
      const id = String(memberOf(answer, 'id'));
      expect(memberOf(await named(), 'value')).toMatchObject([{ id, ...bodyOf(name) }]);
      expect((await service.ask({ target: `${collectionPath}/${id}` })).json).toEqual(answer.json);
      expect(lastRecord(id)).toEqual({ count: 1, kind: 'created', version: 1 });
    },
    async expectUndone() {
      expect(memberOf(await named(), 'value')).toEqual([]);
    },
  };
}

function update({ path, id, text }: Stored, name: string): Work {
  return {
    ask: { target: path, body: bodyOf(name) },
    async expectDone(answer) {
      expect(answer.json).toMatchObject({ id, ...bodyOf(name) });
      expect((await service.ask({ target: path })).text).toBe(answer.text);
      expect(lastRecord(id)).toEqual({ count: 2, kind: 'updated', version: 2 });
    },
    async expectUndone() {
      expect((await service.ask({ target: path })).text).toBe(text);
      expect(lastRecord(id)).toEqual({ count: 1, kind: 'created', version: 1 });
    },
  };
}

function removal({ path, id, text }: Stored): Work {
  return {
    ask: { method: 'DELETE', target: path },
    async expectDone() {
      expect((await service.ask({ target: path })).status).toBe(404);
      expect(lastRecord(id)).toMatchObject({ count: 2, kind: 'deleted' });
    },
    async expectUndone() {
      expect((await service.ask({ target: path })).text).toBe(text);
      expect(lastRecord(id)).toEqual({ count: 1, kind: 'created', version: 1 });
    },
  };
}

/** Profiles and names of its own for every round; neighbours of the same kind, and of others. */
async function createWorks(): Promise<readonly Work[]> {
  rounds += 1;
  const name = (text: string) => `${text} ${rounds}`;
  const [first, second, third] = [
    await create(name('first')),
    await create(name('second')),
    await create(name('third')),
  ];
  return [
    creation(name('made')),
    update(first, name('changed')),
    removal(second),
    update(third, name('changed too')),
    creation(name('made too')),
  ];
}

/** Sends all at once with one statement failing; the answers in the order of the works. */
async function sendTogether(works: readonly Work[], failing: number, code: string) {
  group.arm(works.length, failing, code);
  const answers = await Promise.all(works.map(({ ask }) => service.ask(ask)));
  const tally = group.tally();
  group.arm(1, 0, '');
  return { answers, ...tally };
}

async function expectWholeOrNothing(works: readonly Work[], answers: readonly InProcessAnswer[]) {
  let refused = 0;
  for (const [index, work] of works.entries()) {
    const answer = answers[index];
    if (answer === undefined) throw new Error('a work without an answer');
    if (answer.status < 300) {
      await work.expectDone(answer);
      continue;
    }
    expect(verdictOf(answer)).toMatch(/^503 storage(Unavailable|Busy)$/);
    expect(answer.text).not.toMatch(/secret|sqlite/i);
    refused += 1;
    await work.expectUndone();
  }
  return refused;
}

/** There are so many records, numbered without a gap, each of another request; the file is sound. */
function expectSound(records: number): void {
  const handle = new Sqlite(service.file, { readonly: true });
  const read = (column: string) =>
    handle.prepare(`select ${column} from change_record order by position`).pluck().all();
  expect(read('position')).toEqual(Array.from({ length: records }, (_, index) => index + 1));
  expect(new Set(read('request_id')).size).toBe(records);
  expect(handle.pragma('integrity_check', { simple: true })).toBe('ok');
  handle.close();
}

describe('the n-th statement of a group of writes fails once, for every n', () => {
  it.each(['SQLITE_IOERR_WRITE', 'SQLITE_BUSY'])(
    '%s: each write whole or not at all',
    async (code) => {
      const all = await createWorks();
      const calm = await sendTogether(all, 0, '');
      expect(await expectWholeOrNothing(all, calm.answers)).toBe(0);
      expect(calm.runs).toBe(all.length);

      let [refusals, again] = [0, 0];
      let whole = all.length;
      for (let n = 1; n <= calm.statements; n += 1) {
        const works = await createWorks();
        const { answers, runs } = await sendTogether(works, n, code);
        const refused = await expectWholeOrNothing(works, answers);
        // Whoever was hit may be refused; nobody else.
        expect(refused, `refused with statement ${n} failing`).toBeLessThanOrEqual(1);
        refusals += refused;
        if (runs > works.length) again += 1;
        whole += works.length - refused;
      }
      expectSound(created + whole);
      console.log(
        `group of ${all.length} writes, ${code}: each of ${calm.statements} statements failed once, ` +
          `${again} times the group ran again, ${refusals} writes refused, ${whole} whole`,
      );
      expect(again, 'a failure in the middle of a work lets the group run again').toBeGreaterThan(0);
    },
    120_000,
  );
});
