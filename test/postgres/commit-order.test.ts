/** Positions of changes are given in the order of commits: whoever reads on from the last one it saw misses none. */
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parseTenantId } from '../../src/auth/authenticator.ts';
import { cloudAppSecurityProfiles } from '../../src/model/cloud-app-security-profile.ts';
import { model } from '../../src/model/index.ts';
import type { Statement } from '../../src/sql/statement.ts';
import { recordChange } from '../../src/storage/changes.ts';
import type { Database, Session } from '../../src/storage/database.ts';
import { openPostgres } from '../../src/storage/postgres/driver.ts';
import { sharedPostgres, type TestDatabase } from '../support/postgres-server.ts';

const tenantId = parseTenantId('11111111-1111-4111-8111-111111111111');

let server: TestDatabase;
let database: Database;
beforeAll(async () => {
  server = await sharedPostgres();
  database = openPostgres({ url: server.url, model, poolSize: 12 });
});
afterAll(async () => {
  await database.close();
  await server.drop();
});

function record(session: Session, id: string): Promise<void> {
  const author = {
    kind: 'system',
    objectId: '',
    name: undefined,
    clientId: '',
    requestId: '',
    clientRequestId: '',
  } as const;
  const change = { entitySet: cloudAppSecurityProfiles, tenantId, id, kind: 'deleted', version: 1 } as const;
  const values = { author, atTicks: 0n, before: {}, after: undefined };
  return recordChange(session, { ...change, ...values }, database.dialect);
}

/** Ids of the changes behind a position, and the last position. */
async function readOn(after: string): Promise<{ readonly ids: readonly string[]; readonly last: string }> {
  const text =
    'select "position", "entity_id" from "change_record" where "tenant_id" = $1 and "position" > $2 order by "position"';
  const rows = await database.read((session) => session.run({ text, parameters: [tenantId, after] }));
  return { ids: rows.map((row) => String(row.entity_id)), last: String(rows.at(-1)?.position ?? after) };
}

/** A promise and how to keep it. */
function createGate(): { readonly opened: Promise<void>; open(): void } {
  let open = () => {};
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { opened, open: () => open() };
}

describe('change positions', () => {
  it('follow the commits of two writers that commit in the opposite order of their start', async () => {
    const [firstBegan, secondDone] = [createGate(), createGate()];
    const first = database.write(async (session) => {
      // The transaction has begun and has a number of its own before the second starts.
      await session.run({ text: 'select pg_current_xact_id()', parameters: [] });
      firstBegan.open();
      await secondDone.opened;
      await record(session, 'began first');
    });
    await firstBegan.opened;
    await database.write((session) => record(session, 'committed first'));
    const seen = await readOn('0');
    expect(seen.ids).toEqual(['committed first']);
    secondDone.open();
    await first;
    expect((await readOn(seen.last)).ids).toEqual(['began first']);
  });

  it('are never given to a writer while another holds a smaller one that is not committed', async () => {
    const { last: start } = await readOn('0');
    // Another instance in the middle of its commit: it has its position, and nobody sees its record yet.
    const other = new pg.Client(server.url);
    await other.connect();
    await other.query('begin');
    const recorded: Statement[] = [];
    await record(
      { run: async () => [], send: async (statement) => void recorded.push(statement) },
      'smaller',
    );
    for (const { text, parameters } of recorded) await other.query(text, [...parameters]);
    let settled = false;
    const follower = database
      .write((session) => record(session, 'greater'))
      .then(() => {
        settled = true;
      });
    const waits =
      "select count(*)::int as count from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'";
    await expect.poll(async () => (await other.query(waits)).rows).toEqual([{ count: 1 }]);
    expect({ settled, ids: (await readOn(start)).ids }).toEqual({ settled: false, ids: [] });
    await other.query('commit');
    await follower;
    await other.end();
    expect((await readOn(start)).ids).toEqual(['smaller', 'greater']);
  });

  it('lose no change to a reader that follows sixteen writers', async () => {
    const { last: start } = await readOn('0');
    const ids = Array.from({ length: 400 }, (_, index) => `change ${index}`);
    let writing = true;
    const follow = async () => {
      const seen: string[] = [];
      for (let last = start, ended = false; !ended; ) {
        ended = !writing;
        const next = await readOn(last);
        seen.push(...next.ids);
        last = next.last;
      }
      return seen;
    };
    const followed = follow();
    const waiting = [...ids];
    const writer = async () => {
      for (let id = waiting.pop(); id !== undefined; id = waiting.pop()) {
        const own = id;
        await database.write((session) => record(session, own));
      }
    };
    await Promise.all(Array.from({ length: 16 }, writer));
    writing = false;
    expect((await followed).toSorted()).toEqual(ids.toSorted());
    const { ids: all } = await readOn(start);
    expect(all).toHaveLength(400);
  });
});
