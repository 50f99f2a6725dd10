/** How commands reach the configuration. */
import { type ConfigProblem, type ConfigSources, describeProblems, findDataFolder } from '../config.ts';
import { type CommandContext, CommandError, exitCodes } from './context.ts';

/** Flags by option name, as commander read them. */
export type Flags = Readonly<Record<string, string | boolean | undefined>>;

/** The sources of configuration a command sees. */
export function configSources(context: CommandContext, flags: Flags): ConfigSources {
  const { env, workingFolder, platform, cores } = context;
  return { flags, env, workingFolder, platform, cores };
}

/** A configuration that cannot be used: all its problems at once, exit 2. */
export const createConfigError = (problems: readonly ConfigProblem[], prefix?: string): CommandError =>
  new CommandError(exitCodes.usage, describeProblems(problems), [], prefix);

/** The data folder from `--data` or the configuration, absolute; a CommandError when it cannot be told. */
export function requireDataFolder(context: CommandContext, data: string | undefined): string {
  const found = findDataFolder(configSources(context, { data }));
  if (found.data === undefined) throw createConfigError(found.problems);
  return found.data;
}
