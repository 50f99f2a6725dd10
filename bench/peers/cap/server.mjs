/** SAP CAP for Node on SQLite, serving casp's rows at casp's addresses: `@sap/cds` as installed but for what stands here. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = (name) => fileURLToPath(new URL(name, import.meta.url));
const entity = 'casp.Profiles';

/**
 * What differs from the defaults. Nobody is asked who they are, which spares CAP work that casp does. Requests are not
 * logged, as casp does not in this run. The database is a file as durable as casp's.
 */
const settings = (folder) => ({
  requires: {
    auth: { kind: 'dummy' },
    db: {
      kind: 'sqlite',
      impl: here('durable-sqlite.cjs'),
      credentials: { url: join(folder, 'cap.sqlite') },
    },
  },
  log: { levels: { odata: 'warn', cds: 'warn', server: 'warn', deploy: 'warn' } },
});

/** A row of the file as CAP's table takes it: members of structures in columns of their own, no annotations. */
function columnsOf(row, prefix = '') {
  const entries = Object.entries(row).filter(([name]) => !name.includes('@'));
  return Object.assign(
    {},
    ...entries.map(([name, value]) =>
      isObject(value) ? columnsOf(value, `${prefix}${name}_`) : { [prefix + name]: value },
    ),
  );
}
const isObject = (value) => typeof value === 'object' && value !== null && !Array.isArray(value);

/** Serves the rows of a file from a database in `folder`; `statements` run once the rows are in. */
export async function serveCap(rowsFile, folder, statements = []) {
  process.env.NODE_ENV = 'production';
  process.env.CDS_CONFIG = JSON.stringify(settings(folder));
  const { default: cds } = await import('@sap/cds');
  // Where package.json names the plugins, as in any project of CAP: the one for SQLite brings settings of its own.
  cds.root = here('..');
  await cds.plugins;
  const model = await cds.load(here('service.cds'));
  cds.model = cds.compile.for.nodejs(model);
  const database = await cds.connect.to('db');
  await cds.deploy(model).to(database);
  const rows = readFileSync(rowsFile, 'utf8').split('\n').filter(Boolean).map(JSON.parse);
  await database.run(cds.ql.INSERT.into(entity).entries(rows.map((row) => columnsOf(row))));
  for (const statement of statements) await database.run(statement);
  const server = await cds.server({ from: here('service.cds'), port: 0 });
  server.keepAliveTimeout = 65_000;
  process.send({ port: server.address().port });
  process.on('disconnect', () => process.exit(0));
  process.on('SIGTERM', () => process.exit(0));
}
