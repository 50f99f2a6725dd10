import { existsSync } from 'node:fs';
import { join } from 'node:path';
import Sqlite from 'better-sqlite3';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { options } from '../../../src/config.ts';
import { query, sharedPostgres, type TestDatabase } from '../../support/postgres-server.ts';
import { freePort } from '../../support/running-server.ts';
import { createWorkspace, type Workspace } from './support.ts';

let workspace: Workspace;
let shared: TestDatabase;

beforeEach(async () => {
  workspace = createWorkspace();
  shared = await sharedPostgres();
});

afterEach(async () => {
  workspace.remove();
  await shared.drop();
});

const engines = {
  sqlite: () => `sqlite:${join(workspace.folder, 'some.db')}`,
  postgres: () => shared.url,
} as const;

/** Columns and lines that say how much and when: the same at every run. */
const withoutTimes = (text: string) => text.replace(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, 'THEN');

describe.each(['sqlite', 'postgres'] as const)('casp migrate on %s', (engine) => {
  const run = (...words: string[]) => workspace.run(['migrate', ...words, '--database', engines[engine]()]);

  it('says what is missing, prints it, applies it, and says what was applied', async () => {
    const shown = engines[engine]();
    const before = await run('status');
    expect(before).toEqual({
      code: 0,
      out: expect.stringMatching(/^\S+: \d+ steps missing: casp migrate plan shows them\n$/),
      error: '',
    });
    const plan = await run('plan');
    expect(plan.out).toContain('-- create table change_record\ncreate table "change_record" (');
    expect(plan).toEqual({ ...plan, code: 0, error: '' });
    expect(await run('up', '--dry-run')).toEqual(plan);
    expect(await run('status')).toEqual(before);

    const up = await run('up');
    expect(up).toEqual({ code: 0, out: '', error: expect.stringMatching(/: \d+ steps applied\n$/) });
    expect(await run('up')).toEqual({ code: 0, out: '', error: `${shown}: up to date, nothing to apply\n` });
    expect(await run('plan')).toEqual({
      code: 0,
      out: '',
      error: `${shown}: up to date, nothing to apply\n`,
    });
    const { out } = await run('status');
    expect(withoutTimes(out)).toMatch(
      /^\S+: up to date\nAPPLIED +BY +WHAT\nTHEN +casp 1\.2\.3 +create .*, create .* and \d+ more\n$/,
    );
    const json = JSON.parse((await run('status', '-o', 'json')).out) as Record<string, unknown>;
    expect(json).toEqual({
      database: shown,
      missing: [],
      applied: [expect.objectContaining({ program: '1.2.3', oldestProgram: '0.1.0' })],
    });
  });

  it('refuses a database of a newer program, and says which one to install', async () => {
    await run('up');
    const newer = `insert into "schema_version" values (2, '2027-01-01', '2.1.0', '2.0.0', '', 'x')`;
    if (engine === 'postgres') await query(shared.url, newer);
    else new Sqlite(join(workspace.folder, 'some.db')).exec(newer).close();
    const { code, out, error } = await run('status');
    expect({ code, out, error }).toEqual({
      code: 1,
      out: '',
      error: `error: ${engines[engine]()}: the database was brought up to date by a newer casp than this one (1.2.3)\n  Install casp 2.0.0 or newer.\n`,
    });
  });
});

describe('casp migrate', () => {
  it('looks at the database of the data folder, without making one', async () => {
    const { code, out } = await workspace.run(['migrate', 'status', '--data', 'here']);
    expect({ code, out }).toEqual({
      code: 0,
      out: expect.stringContaining(`sqlite:${join(workspace.folder, 'here', 'casp.db')}: `),
    });
    expect(existsSync(join(workspace.folder, 'here'))).toBe(false);
  });

  it('takes the database from the environment', async () => {
    const name = options.find((option) => option.name === 'database')?.environment ?? '';
    const { out } = await workspace.run(['migrate', 'status'], { env: { [name]: shared.url } });
    expect(out).toContain(shared.url);
  });

  it('exits 7 where nobody answers, and never shows a password', async () => {
    const url = `postgres://casp:geheim@127.0.0.1:${await freePort()}/casp`;
    const { code, out, error } = await workspace.run(['migrate', 'status', '--database', url]);
    expect({ code, out }).toEqual({ code: 7, out: '' });
    expect(error).toContain('cannot be reached: nothing listens there');
    expect(error).not.toContain('geheim');
  });

  it.each([
    ['no such database', () => `${shared.url}_missing`, 'there is no such database'],
    ['a database of no known kind', () => 'mysql://x/y', 'is no database this program knows'],
  ])('exits 2 for %s', async (_, url, expected) => {
    const { code, error } = await workspace.run(['migrate', 'status', '--database', url()]);
    expect({ code, error }).toEqual({ code: 2, error: expect.stringContaining(expected) });
  });

  it('exits 2 for a format it does not know', async () => {
    const { code, error } = await workspace.run(['migrate', 'status', '-o', 'yaml']);
    expect({ code, error }).toEqual({ code: 2, error: 'error: "yaml" is no format\n  Use table or json.\n' });
  });
});

describe('casp copy', () => {
  it.each([
    ['without a target', ['--from', 'sqlite:a.db'], 'required option'],
    ['onto itself', ['--from', 'sqlite:a.db', '--to', 'sqlite:./a.db'], 'name the same database'],
    [
      'from a file that is not there',
      ['--from', 'sqlite:a.db', '--to', 'sqlite:b.db'],
      'there is no such file',
    ],
  ])('exits 2 %s', async (_, flags, expected) => {
    const { code, error } = await workspace.run(['copy', ...flags]);
    expect({ code, error }).toEqual({ code: 2, error: expect.stringContaining(expected) });
  });

  it('copies what it is told, and copies nothing onto it again', async () => {
    await workspace.run(['migrate', 'up', '--database', 'sqlite:a.db']);
    const handle = new Sqlite(join(workspace.folder, 'a.db'));
    handle.exec(`insert into "service_secret" values ('page-token', 'x')`);
    handle.close();
    const copied = await workspace.run(['copy', '--from', 'sqlite:a.db', '--to', shared.url]);
    expect(copied).toEqual({
      code: 0,
      out: '',
      error: `Copied sqlite:${join(workspace.folder, 'a.db')} to ${shared.url}: every row counted and compared.\n`,
    });
    expect(await query(shared.url, 'select * from "service_secret"')).toEqual([
      { name: 'page-token', value: 'x' },
    ]);
    const again = await workspace.run(['copy', '--from', 'sqlite:a.db', '--to', shared.url]);
    expect({ code: again.code, error: again.error }).toEqual({
      code: 1,
      error: expect.stringContaining('the target is not empty'),
    });
  });
});
