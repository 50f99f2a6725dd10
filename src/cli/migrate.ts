/** `casp migrate`: the schema of a database, what is missing of it, and bringing it up to date. */
import type { Command } from 'commander';
import { model } from '../model/index.ts';
import type { Migration, SchemaState } from '../storage/migrate.ts';
import { type CommandContext, CommandError, createCommand, examples, exitCodes } from './context.ts';
import { type ChosenDatabase, explainDatabase, requireDatabase, showDatabase } from './database-command.ts';
import { columns } from './style.ts';

interface MigrateFlags {
  readonly database?: string;
  readonly data?: string;
  readonly dryRun?: boolean;
  readonly output?: string;
}

async function openMigration(
  { database, rowLevelSecurity }: ChosenDatabase,
  program: string,
): Promise<Migration> {
  if (database.engine === 'sqlite') {
    const { openSqliteMigration } = await import('../storage/sqlite/migration.ts');
    return openSqliteMigration(database.file, model, { program });
  }
  const { openPostgresMigration } = await import('../storage/postgres/migration.ts');
  return openPostgresMigration(database.url, model, { program, rowLevelSecurity });
}

async function withMigration(
  flags: MigrateFlags,
  context: CommandContext,
  work: (migration: Migration, shown: string) => Promise<void>,
): Promise<void> {
  const chosen = requireDatabase(context, { database: flags.database, data: flags.data });
  const shown = showDatabase(chosen.database);
  try {
    const migration = await openMigration(chosen, context.version);
    try {
      await work(migration, shown);
    } finally {
      await migration.close();
    }
  } catch (error) {
    throw explainDatabase(error, shown);
  }
}

const plural = (count: number, one: string): string => `${count} ${one}${count === 1 ? '' : 's'}`;

function statusText({ records, missing }: SchemaState, shown: string): string {
  const rows = records.map(({ appliedAt, program, applied }) => [
    appliedAt,
    `casp ${program}`,
    summaryOf(applied.split('\n')),
  ]);
  const state =
    missing.length === 0
      ? 'up to date'
      : `${plural(missing.length, 'step')} missing: casp migrate plan shows them`;
  return [
    `${shown}: ${state}`,
    ...(rows.length === 0 ? [] : [columns([['APPLIED', 'BY', 'WHAT'], ...rows])]),
    '',
  ].join('\n');
}

/** The first steps and the number of the others. */
function summaryOf(steps: readonly string[]): string {
  const [first = '', second, ...others] = steps;
  if (second === undefined) return first;
  return others.length === 0 ? `${first}, ${second}` : `${first}, ${second} and ${others.length} more`;
}

/** The statements as a file for a database's own client; comments say what each step is. */
const planText = ({ missing }: SchemaState): string =>
  missing
    .map(({ summary, statements, alone }) =>
      [
        `-- ${summary}${alone ? ' (outside of a transaction)' : ''}`,
        ...statements.map((each) => `${each};`),
        '',
      ].join('\n'),
    )
    .join('\n');

function addFlags(command: Command): Command {
  return command
    .option('--database <url>', 'postgres://… or sqlite:PATH (default: as casp serve finds it)')
    .option('--data <folder>', 'data folder of the server (default: as casp serve finds it)');
}

function createStatus(context: CommandContext): Command {
  const command = createCommand(context, 'status', 'show what was applied and how much is missing')
    .option('-o, --output <format>', 'table or json', 'table')
    .addHelpText('after', () =>
      examples(context, [
        ['migrate status', 'of the database casp serve would use'],
        ['migrate status -o json', 'for scripts'],
      ]),
    )
    .action((flags: MigrateFlags) => {
      if (flags.output !== 'table' && flags.output !== 'json')
        throw new CommandError(exitCodes.usage, `"${flags.output}" is no format`, ['Use table or json.']);
      return withMigration(flags, context, async (migration, shown) => {
        const state = await migration.state();
        const missing = state.missing.map(({ summary }) => summary);
        const json = () => `${JSON.stringify({ database: shown, applied: state.records, missing })}\n`;
        context.writeOut(flags.output === 'json' ? json() : statusText(state, shown));
      });
    });
  return addFlags(command);
}

const writePlan = (flags: MigrateFlags, context: CommandContext): Promise<void> =>
  withMigration(flags, context, async (migration, shown) => {
    const state = await migration.state();
    if (state.missing.length === 0) context.writeError(`${shown}: up to date, nothing to apply\n`);
    else context.writeOut(planText(state));
  });

function createPlan(context: CommandContext): Command {
  const command = createCommand(context, 'plan', 'print the SQL that casp migrate up would run')
    .addHelpText('after', () =>
      examples(context, [['migrate plan --database postgres://…', 'before an upgrade']]),
    )
    .action((flags: MigrateFlags) => writePlan(flags, context));
  return addFlags(command);
}

function createUp(context: CommandContext): Command {
  const command = createCommand(context, 'up', 'apply what is missing; only additions, one process at a time')
    .option('--dry-run', 'print the SQL instead, as casp migrate plan')
    .addHelpText('after', () =>
      examples(context, [
        ['migrate up --database postgres://…', 'before the first instance of a new version is started'],
      ]),
    )
    .action((flags: MigrateFlags) =>
      flags.dryRun === true
        ? writePlan(flags, context)
        : withMigration(flags, context, async (migration, shown) => {
            const { missing } = await migration.state();
            if (missing.length > 0) await migration.up();
            const done =
              missing.length === 0
                ? 'up to date, nothing to apply'
                : `${plural(missing.length, 'step')} applied`;
            context.writeError(`${shown}: ${done}\n`);
          }),
    );
  return addFlags(command);
}

/** The schema of a database; `casp serve` applies additions by itself, so this is for those who want to see first. */
export function createMigrateCommand(context: CommandContext): Command {
  return createCommand(context, 'migrate', 'show and bring up to date the schema of a database')
    .addHelpText('after', () =>
      examples(context, [
        ['migrate status', 'what was applied, and by which version'],
        ['migrate plan', 'the SQL an upgrade would run'],
        ['migrate up', 'run it'],
      ]),
    )
    .addCommand(createStatus(context))
    .addCommand(createPlan(context))
    .addCommand(createUp(context));
}
