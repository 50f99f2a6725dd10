/** `casp version` */
import type { Command } from 'commander';
import { type CommandContext, createCommand, examples } from './context.ts';

/** Prints the version and nothing else, so that scripts can compare it. */
export function createVersionCommand(context: CommandContext): Command {
  return createCommand(context, 'version', 'print the version')
    .addHelpText('after', () => examples(context, [['version', 'for example 1.0.0']]))
    .action(() => context.writeOut(`${context.version}\n`));
}
