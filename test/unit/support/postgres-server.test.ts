import { describe, expect, it } from 'vitest';
import { query, sharedPostgres, startPostgres } from '../../support/postgres-server.ts';

describe('the PostgreSQL server of the tests', () => {
  it('gives each caller an empty UTF-8 database of the code-point order', async () => {
    const databases = await Promise.all([sharedPostgres(), sharedPostgres()]);
    expect(new Set(databases.map(({ url }) => url)).size).toBe(2);
    for (const { url, drop } of databases) {
      const text =
        "select datcollate, pg_encoding_to_char(encoding) as encoding, 'ä' > 'Z' as ordered from pg_database where datname = current_database()";
      expect(await query(url, text)).toEqual([{ datcollate: 'C', encoding: 'UTF8', ordered: true }]);
      await drop();
      await expect(query(url, 'select 1')).rejects.toMatchObject({ code: '3D000' });
    }
  });

  it('starts a server of the test’s own, which keeps its data over a kill', async () => {
    const server = await startPostgres({ durable: true });
    const url = await server.createDatabase('kept');
    await query(url, 'create table t (n int)');
    await query(url, 'insert into t values (1)');
    await server.kill('SIGKILL');
    await expect(query(url, 'select 1')).rejects.toMatchObject({ code: 'ECONNREFUSED' });
    await server.restart();
    expect(await query(url, 'select n from t')).toEqual([{ n: 1 }]);
    await server.stop();
  });
});
