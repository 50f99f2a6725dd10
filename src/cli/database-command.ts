/** What the commands that work on databases share: which one is meant, and how its failures are told. */
import { type DatabaseConfig, findDatabase, maskDatabase } from '../config.ts';
import { CopyRefused } from '../storage/copy.ts';
import { SchemaError } from '../storage/migrate.ts';
import { configSources, createConfigError } from './command-config.ts';
import { type CommandContext, CommandError, exitCodes } from './context.ts';

/** A database by flags or configuration. */
export interface ChosenDatabase {
  readonly database: DatabaseConfig;
  readonly rowLevelSecurity: boolean;
}

/** The database the flags name, else the one `casp serve` would take; a CommandError when it cannot be told. */
export function requireDatabase(
  context: CommandContext,
  flags: { readonly database?: string | undefined; readonly data?: string | undefined },
): ChosenDatabase {
  const { database, rowLevelSecurity, problems } = findDatabase(configSources(context, { ...flags }));
  if (database === undefined) throw createConfigError(problems);
  return { database, rowLevelSecurity };
}

/** The address of a database as it may be shown. */
export const showDatabase = (database: DatabaseConfig): string =>
  database.engine === 'sqlite' ? `sqlite:${database.file}` : maskDatabase(database.url);

const codeOf = (error: unknown): string =>
  error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : '';

/** Failures to reach or to be let in, by the code of the system or the server. */
const unreachable: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'nothing listens there',
  ENOTFOUND: 'the host is unknown',
  EAI_AGAIN: 'the host cannot be looked up',
  ETIMEDOUT: 'it does not answer',
  ECONNRESET: 'the connection was lost',
  EPIPE: 'the connection was lost',
  '57P01': 'the server is shutting down',
  '57P03': 'the server is starting up',
};

const refused: Readonly<Record<string, string>> = {
  '28P01': 'user name or password is wrong',
  '28000': 'the server does not let this user in',
  '3D000': 'there is no such database',
  SQLITE_CANTOPEN: 'there is no such file, or it may not be opened',
  SQLITE_NOTADB: 'the file is no SQLite database',
  SQLITE_READONLY: 'the file may not be written',
};

/** What a command says about a failure of this database; what it does not know is passed on. */
export function explainDatabase(error: unknown, shown: string): unknown {
  if (error instanceof SchemaError || error instanceof CopyRefused)
    return new CommandError(exitCodes.failed, `${shown}: ${error.message}`, error.advice);
  const code = codeOf(error);
  const away = unreachable[code] ?? connectionMessage(error);
  if (away !== undefined)
    return new CommandError(exitCodes.unavailable, `${shown} cannot be reached: ${away}`);
  const known = refused[code];
  return known === undefined
    ? error
    : new CommandError(exitCodes.usage, `${shown} cannot be opened: ${known}`);
}

/** pg reports a connection that ended or was too slow to open without a code. */
function connectionMessage(error: unknown): string | undefined {
  const text = error instanceof Error ? error.message : '';
  return /^(Connection terminated|timeout expired|Client has encountered a connection error)/.test(text)
    ? 'the connection was lost'
    : undefined;
}
