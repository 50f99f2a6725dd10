/** `casp copy`: everything from one database to another, resumable, compared at the end. */
import type { Command } from 'commander';
import type { DatabaseConfig } from '../config.ts';
import { model } from '../model/index.ts';
import {
  beginCopy,
  type CopyControl,
  type CopySide,
  type CopyTable,
  type CopyTarget,
  compareSides,
  copyRows,
  copyTables,
  type Difference,
} from '../storage/copy.ts';
import { type CommandContext, CommandError, createCommand, examples, exitCodes } from './context.ts';
import { explainDatabase, requireDatabase, showDatabase } from './database-command.ts';
import { createProgress, type Progress } from './progress.ts';
import { shellWord } from './style.ts';

interface CopyFlags {
  readonly from: string;
  readonly to: string;
}

async function openSource(database: DatabaseConfig): Promise<CopySide> {
  if (database.engine === 'sqlite')
    return (await import('../storage/sqlite/copy-side.ts')).openSqliteSource(database.file);
  return (await import('../storage/postgres/copy-side.ts')).openPostgresSource(database.url);
}

async function openTarget(database: DatabaseConfig): Promise<CopyTarget> {
  if (database.engine === 'sqlite')
    return (await import('../storage/sqlite/copy-side.ts')).openSqliteTarget(database.file, model);
  return (await import('../storage/postgres/copy-side.ts')).openPostgresTarget(database.url, model);
}

/** A failure names the database it is about. */
async function about<T>(database: DatabaseConfig, work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    throw explainDatabase(error, showDatabase(database));
  }
}

/** The first signal ends the copy after the batch under way, the second at once. */
function abortOnSignal(): { readonly signal: AbortSignal; readonly forget: () => void } {
  const controller = new AbortController();
  const onSignal = () => {
    if (controller.signal.aborted) process.exit(exitCodes.interrupted);
    controller.abort();
  };
  process.on('SIGINT', onSignal);
  process.on('SIGTERM', onSignal);
  const forget = () => {
    process.off('SIGINT', onSignal);
    process.off('SIGTERM', onSignal);
  };
  return { signal: controller.signal, forget };
}

const differencesShown = 5;

function describeDifference({ table, tenant, source, target }: Difference): string {
  const rows =
    source.rows === target.rows
      ? `${source.rows} rows on both sides, not all of them equal`
      : `${source.rows} rows in the source, ${target.rows} in the target`;
  return `${table}${tenant === undefined ? '' : `, tenant ${tenant}`}: ${rows}`;
}

function refuseDifferent(differences: readonly Difference[]): CommandError {
  const more = differences.length - differencesShown;
  return new CommandError(exitCodes.checkFailed, 'the target is not the same as the source', [
    ...differences.slice(0, differencesShown).map(describeDifference),
    ...(more > 0 ? [`and ${more} more`] : []),
    'One of the two was changed meanwhile. Stop what writes to them, empty the target, and copy again.',
  ]);
}

async function copy({ from, to }: CopyFlags, context: CommandContext): Promise<void> {
  const { database: fromDatabase } = requireDatabase(context, { database: from });
  const { database: toDatabase } = requireDatabase(context, { database: to });
  if (showDatabase(fromDatabase) === showDatabase(toDatabase))
    throw new CommandError(exitCodes.usage, '--from and --to name the same database');
  const source = await about(fromDatabase, openSource(fromDatabase));
  try {
    const target = await about(toDatabase, openTarget(toDatabase));
    const { signal, forget } = abortOnSignal();
    try {
      const sides = { source, target, fromDatabase, toDatabase };
      await transfer(sides, signal, context);
    } finally {
      forget();
      await target.close();
    }
  } finally {
    await source.close();
  }
}

interface Sides {
  readonly source: CopySide;
  readonly target: CopyTarget;
  readonly fromDatabase: DatabaseConfig;
  readonly toDatabase: DatabaseConfig;
}

async function transfer(
  { source, target, fromDatabase, toDatabase }: Sides,
  signal: AbortSignal,
  context: CommandContext,
): Promise<void> {
  const [from, to] = [showDatabase(fromDatabase), showDatabase(toDatabase)];
  const interrupted = () =>
    new CommandError(exitCodes.interrupted, 'interrupted; nothing is lost', [
      'Go on with the same command:',
      `  ${context.program} copy --from ${shellWord(from)} --to ${shellWord(to)}`,
    ]);
  const tables: readonly CopyTable[] = copyTables(model, await dialectOf(fromDatabase));
  const begun = await about(toDatabase, beginCopy(from, target, tables));
  const copying = createProgress('Copying  ', context);
  const copied = await shown(copying, (control) => copyRows(source, target, tables, begun, control), signal);
  if (!copied) throw interrupted();
  const comparing = createProgress('Comparing', context);
  const differences = await shown(
    comparing,
    (control) => compareSides(source, target, tables, control),
    signal,
  );
  if (differences === undefined) throw interrupted();
  if (differences.length > 0) throw refuseDifferent(differences);
  await target.finish();
  context.writeError(`Copied ${from} to ${to}: every row counted and compared.\n`);
}

async function dialectOf({ engine }: DatabaseConfig) {
  return engine === 'sqlite'
    ? (await import('../storage/sqlite/dialect.ts')).sqliteDialect
    : (await import('../storage/postgres/dialect.ts')).postgresDialect;
}

async function shown<T>(
  progress: Progress,
  work: (control: CopyControl) => Promise<T>,
  signal: AbortSignal,
): Promise<T> {
  try {
    return await work({ signal, onProgress: (done, total) => progress.update(done, total) });
  } finally {
    progress.end();
  }
}

/** Copies a database that nobody writes to meanwhile. */
export function createCopyCommand(context: CommandContext): Command {
  return createCommand(context, 'copy', 'move everything from one database to another, of either engine')
    .requiredOption('--from <url>', 'the database to read: sqlite:PATH or postgres://…')
    .requiredOption('--to <url>', 'an empty database, or the unfinished copy of the same one')
    .addHelpText('after', () =>
      [
        '',
        'Stop the service first: rows that change meanwhile make the comparison at the end fail.',
        'A copy that was broken off goes on where it ended when the same command is run again.',
        examples(context, [
          ['copy --from sqlite:.casp/casp.db --to postgres://casp@db/casp', 'from one machine to many'],
          ['copy --from postgres://casp@db/casp --to sqlite:casp.db', 'and back'],
        ]),
      ].join('\n'),
    )
    .action((flags: CopyFlags) => copy(flags, context));
}
