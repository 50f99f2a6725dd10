/**
 * Every operation again and again, each time with its n-th statement failing, for every n there is: the client gets a
 * refusal it can act on, and nothing of the operation is left behind.
 */
import Sqlite, { SqliteError } from 'better-sqlite3';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { parseTenantId } from '../../src/auth/authenticator.ts';
import { cloudAppSecurityProfiles } from '../../src/model/cloud-app-security-profile.ts';
import type { Database, Session } from '../../src/storage/database.ts';
import { importEntities } from '../../src/storage/import-entities.ts';
import { translate } from '../../src/storage/sqlite/failure.ts';
import { emptyProfile } from '../support/profiles.ts';
import {
  collectionPath,
  type InProcessAnswer,
  type InProcessAsk,
  type InProcessService,
  inProcessTenant,
  memberOf,
  openInProcess,
  verdictOf,
} from './support/in-process.ts';

/** Counts the statements of an operation and fails one of them as the driver would report it. */
interface Breaker {
  wrap(database: Database): Database;
  /** The statement with this number fails, from 1 on; 0 lets all pass. */
  arm(failing: number, code: string): void;
  /** Statements since `arm`. */
  count(): number;
}

function createBreaker(): Breaker {
  let failing = 0;
  let code = '';
  let count = 0;
  const guard = (session: Session): Session => ({
    async run(statement) {
      count += 1;
      if (count === failing) throw translate(new SqliteError('secret detail of the engine', code));
      return session.run(statement);
    },
  });
  return {
    wrap: (database) => ({
      ...database,
      read: (work, options) => database.read((session) => work(guard(session)), options),
      write(work) {
        const before = count;
        return database.write((session) => {
          // Work that failed may run again, under a savepoint: then it fails again.
          count = before;
          return work(guard(session));
        });
      },
    }),
    arm(next, nextCode) {
      failing = next;
      code = nextCode;
      count = 0;
    },
    count: () => count,
  };
}

/** Failures of the disk, of the file and of a neighbour; the driver turns each into one of two codes. */
const failures = [
  ['SQLITE_IOERR_WRITE', 'storageUnavailable'],
  ['SQLITE_FULL', 'storageUnavailable'],
  ['SQLITE_READONLY', 'storageUnavailable'],
  ['SQLITE_CORRUPT', 'storageUnavailable'],
  ['SQLITE_BUSY', 'storageBusy'],
] as const;

const breaker = createBreaker();
let service: InProcessService;
let profile = '';

beforeEach(async () => {
  breaker.arm(0, '');
  service = await openInProcess({ wrap: breaker.wrap });
  const made = await service.ask({ method: 'POST', target: collectionPath, body: profileBody('first') });
  profile = String(memberOf(made, 'id'));
});
afterEach(() => service.close());

const profileBody = (name: string) => ({
  name,
  tags: [name, 'tag'],
  vendorInformation: { vendor: name },
  manifest: `words of ${name}`,
});

/** Every row of every table, text indexes included, as another process sees the file. */
function wholeFile(): object {
  const handle = new Sqlite(service.file, { readonly: true });
  try {
    const tables = handle
      .prepare(
        "select name from sqlite_schema where type = 'table' and name not like 'sqlite_stat%' order by name",
      )
      .pluck()
      .all() as string[];
    expect(handle.pragma('integrity_check', { simple: true })).toBe('ok');
    const read = (table: string) => {
      try {
        return handle.prepare(`select * from "${table}"`).safeIntegers().all();
      } catch {
        // Virtual tables with functions of ours; their shadow tables are in the list as well.
        return [];
      }
    };
    return Object.fromEntries(tables.map((table) => [table, read(table)]));
  } finally {
    handle.close();
  }
}

const part = (id: string, more: object) => ({
  id,
  headers: { 'Content-Type': 'application/json' },
  ...more,
});
const below = '/security/cloudAppSecurityProfiles';

/** Requests by what they do; each changes something, or reads with everything a read can have. */
const operations: Readonly<Record<string, () => InProcessAsk>> = {
  create: () => ({ method: 'POST', target: collectionPath, body: profileBody('made') }),
  'repeatable create': () => ({
    method: 'POST',
    target: collectionPath,
    headers: {
      'repeatability-request-id': '11111111-1111-4111-8111-111111111111',
      'repeatability-first-sent': new Date().toUTCString(),
    },
    body: profileBody('made'),
  }),
  patch: () => ({ target: `${collectionPath}/${profile}`, body: profileBody('changed') }),
  delete: () => ({ method: 'DELETE', target: `${collectionPath}/${profile}` }),
  read: () => ({ target: `${collectionPath}/${profile}` }),
  'property read': () => ({ target: `${collectionPath}/${profile}/vendorInformation/vendor` }),
  list: () => ({
    target: `${collectionPath}?$filter=contains(name,'f')&$orderby=riskScore&$count=true&$search=words`,
  }),
  count: () => ({ target: `${collectionPath}/$count` }),
  apply: () => ({
    target: `${collectionPath}?$apply=groupby((publisher),aggregate($count as n))&$count=true`,
  }),
};

/** How many statements an operation runs when nothing fails; it is taken back by opening another service. */
async function countStatements(ask: InProcessAsk): Promise<number> {
  const other = createBreaker();
  const scratch = await openInProcess({ wrap: other.wrap });
  try {
    const made = await scratch.ask({ method: 'POST', target: collectionPath, body: profileBody('first') });
    const target = ask.target.replace(profile, String(memberOf(made, 'id')));
    other.arm(0, '');
    const body = JSON.parse(
      (JSON.stringify(ask.body) ?? 'null').replaceAll(profile, String(memberOf(made, 'id'))),
    );
    const answer = await scratch.ask({ ...ask, target, ...(body === null ? {} : { body }) });
    expect(answer.status).toBeLessThan(300);
    return other.count();
  } finally {
    await scratch.close();
  }
}

function expectCleanRefusal(answer: InProcessAnswer, code: string): void {
  expect(verdictOf(answer)).toBe(`503 ${code}`);
  expect(answer.headers).toMatchObject({ 'Retry-After': expect.stringMatching(/^[1-9]\d*$/) });
  expect(answer.text).not.toMatch(/secret|sqlite|select |insert |update /i);
}

describe('the n-th statement fails, for every n', () => {
  it.each(Object.keys(operations))('%s: 503, and nothing half done', async (name) => {
    const operation = operations[name];
    if (operation === undefined) throw new Error(name);
    const statements = await countStatements(operation());
    expect(statements).toBeGreaterThan(0);
    const before = wholeFile();
    for (let n = 1; n <= statements; n += 1) {
      for (const [code, answered] of failures) {
        breaker.arm(n, code);
        expectCleanRefusal(await service.ask(operation()), answered);
        expect(breaker.count(), `statements after the one that failed`).toBe(n);
      }
    }
    expect(wholeFile()).toEqual(before);
    breaker.arm(0, '');
    expect((await service.ask(operation())).status).toBeLessThan(300);
  });

  it('a batch group: the part at fault gets 503, the others 424, and nothing is kept', async () => {
    const group = () => [
      part('a', { method: 'POST', url: below, body: profileBody('a'), atomicityGroup: 'g' }),
      part('b', { method: 'PATCH', url: `${below}/${profile}`, body: { name: 'b' }, atomicityGroup: 'g' }),
      part('c', { method: 'DELETE', url: `${below}/${profile}`, atomicityGroup: 'g' }),
    ];
    const ask = (): InProcessAsk => ({ method: 'POST', target: '/v1.0/$batch', body: { requests: group() } });
    const statements = await countStatements(ask());
    const before = wholeFile();
    const culprits = new Set<string>();
    for (let n = 1; n <= statements; n += 1) {
      breaker.arm(n, 'SQLITE_IOERR_WRITE');
      const answer = await service.ask(ask());
      expect(answer.status).toBe(200);
      const responses = memberOf(answer, 'responses') as { id: string; status: number }[];
      expect(responses.map(({ status }) => status).sort()).toEqual([424, 424, 503]);
      culprits.add(responses.find(({ status }) => status === 503)?.id ?? '');
    }
    expect([...culprits].sort()).toEqual(['a', 'b', 'c']);
    expect(wholeFile()).toEqual(before);
  });

  it('an import: rejects, keeps nothing of its transaction, and can be run again', async () => {
    const target = {
      entitySet: cloudAppSecurityProfiles,
      tenantId: parseTenantId(inProcessTenant),
      author: {
        kind: 'system',
        objectId: '00000000-0000-0000-0000-000000000000',
        name: undefined,
        clientId: '00000000-0000-0000-0000-000000000000',
        requestId: '00000000-0000-0000-0000-000000000000',
        clientRequestId: '00000000-0000-0000-0000-000000000000',
      },
    } as const;
    const rows = ['i1', 'i2', 'i3'].map((id) => ({ ...emptyProfile(id), name: id, tags: [id] }));
    const database = breaker.wrap(service.database);
    const before = wholeFile();
    let n = 1;
    for (; ; n += 1) {
      breaker.arm(n, 'SQLITE_FULL');
      const outcome = await importEntities(rows, target, database).catch((error: unknown) => error);
      if (typeof outcome === 'number') break;
      expect(outcome).toMatchObject({ code: 'storageUnavailable' });
      expect(wholeFile()).toEqual(before);
    }
    expect(n).toBeGreaterThan(3 * 3);
    breaker.arm(0, '');
    const names = memberOf(await service.ask({ target: `${collectionPath}?$select=name` }), 'value');
    expect((names as { name: string }[]).map(({ name }) => name).sort()).toEqual(['first', 'i1', 'i2', 'i3']);
  });

  it('a fault of our own: 500 with an id and nothing else, and nothing half done', async () => {
    const before = wholeFile();
    breaker.arm(2, 'SQLITE_CONSTRAINT_UNIQUE');
    const answer = await service.ask({ method: 'POST', target: collectionPath, body: profileBody('made') });
    expect(verdictOf(answer)).toBe('500 internalError');
    expect(answer.text).not.toMatch(/secret|sqlite/i);
    expect(wholeFile()).toEqual(before);
  });
});
