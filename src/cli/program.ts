/** From arguments to a command: only the one that is asked for is loaded. */
import { type Command, CommanderError } from 'commander';
import {
  type CommandContext,
  CommandError,
  createCommand,
  describeFailure,
  examples,
  exitCodes,
} from './context.ts';

/** Makes the command of one module. */
type CreateCommand = (context: CommandContext) => Command;

interface CommandEntry {
  readonly name: string;
  readonly summary: string;
  readonly load: () => Promise<CreateCommand>;
}

const commands: readonly CommandEntry[] = [
  {
    name: 'serve',
    summary: 'run the service',
    load: async () => (await import('./serve.ts')).createServeCommand,
  },
  {
    name: 'status',
    summary: 'show the running server: addresses, commands to paste, number of apps',
    load: async () => (await import('./status.ts')).createStatusCommand,
  },
  {
    name: 'token',
    summary: 'make a token of the local issuer for development',
    load: async () => (await import('./token.ts')).createTokenCommand,
  },
  {
    name: 'cert',
    summary: 'the local certificate authority that clients must trust for https',
    load: async () => (await import('./cert.ts')).createCertCommand,
  },
  {
    name: 'config',
    summary: 'explain where each option has its value from',
    load: async () => (await import('./config-explain.ts')).createConfigCommand,
  },
  {
    name: 'doctor',
    summary: 'check configuration, ports, certificates, clock, issuers',
    load: async () => (await import('./doctor.ts')).createDoctorCommand,
  },
  {
    name: 'migrate',
    summary: 'show and bring up to date the schema of a database',
    load: async () => (await import('./migrate.ts')).createMigrateCommand,
  },
  {
    name: 'copy',
    summary: 'move everything from one database to another, of either engine',
    load: async () => (await import('./copy.ts')).createCopyCommand,
  },
  {
    name: 'version',
    summary: 'print the version',
    load: async () => (await import('./version.ts')).createVersionCommand,
  },
];

const programSummary = 'A self-hosted, Microsoft Graph-compatible service for cloud app security profiles.';

/** The command named in the arguments: the first word that is no flag, or the one after `help`. */
function findEntry(words: readonly string[]): CommandEntry | undefined {
  const [first, second] = words.filter((word) => !word.startsWith('-'));
  const name = first === 'help' ? second : first;
  return commands.find((entry) => entry.name === name);
}

async function createProgram(words: readonly string[], context: CommandContext): Promise<Command> {
  const asked = findEntry(words);
  const program = createCommand(context, 'casp', programSummary)
    .version(context.version, '-V, --version', 'print the version')
    .option('--no-color', 'plain text, as with NO_COLOR')
    .option('--debug', 'show where a failure comes from')
    .addHelpText('after', () =>
      examples(context, [
        ['serve --dev', 'run it here, with sample data'],
        ['token', 'a token for the first request'],
        ['serve --help', 'the options of one command'],
      ]),
    );
  const load = asked === undefined ? undefined : await asked.load();
  for (const { name, summary } of commands) {
    const command =
      load !== undefined && name === asked?.name ? load(context) : createCommand(context, name, summary);
    program.addCommand(command);
  }
  return program;
}

const plain = (context: CommandContext): CommandContext => ({
  ...context,
  colour: { out: false, error: false },
});

function reportUnexpected(error: unknown, debug: boolean, context: CommandContext): number {
  const message = error instanceof Error ? error.message : String(error);
  const failure = new CommandError(
    exitCodes.failed,
    message,
    debug ? [] : ['Run it again with --debug to see where.'],
  );
  context.writeError(describeFailure(failure, context.colour.error));
  if (debug && error instanceof Error) context.writeError(`${error.stack ?? ''}\n`);
  return exitCodes.failed;
}

/** Commander ends help and version with an exception as well; everything else of it is wrong usage. */
function exitCodeOf(error: CommanderError, words: readonly string[]): number {
  const wanted = ['commander.helpDisplayed', 'commander.version'].includes(error.code);
  // `casp help` is a wish, `casp` alone is an incomplete command line.
  return wanted || (error.code === 'commander.help' && words[0] === 'help')
    ? exitCodes.done
    : exitCodes.usage;
}

/** Runs one command line; the exit code of the process. Never rejects. */
export async function runCommandLine(words: readonly string[], given: CommandContext): Promise<number> {
  const context = words.includes('--no-color') ? plain(given) : given;
  try {
    const program = await createProgram(words, context);
    await program.parseAsync(words, { from: 'user' });
    return exitCodes.done;
  } catch (error) {
    if (error instanceof CommanderError) return exitCodeOf(error, words);
    if (!(error instanceof CommandError)) return reportUnexpected(error, words.includes('--debug'), context);
    context.writeError(describeFailure(error, context.colour.error));
    return error.exitCode;
  }
}
