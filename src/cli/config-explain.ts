/** `casp config explain`: each option, its value, where that comes from and what lost. */
import { type Command, Option } from 'commander';
import { type ExplainedOption, explainConfig, loadConfig } from '../config.ts';
import { configSources, createConfigError, type Flags } from './command-config.ts';
import { type CommandContext, createCommand, examples } from './context.ts';
import { addOptionFlags, typedFlags } from './option-flags.ts';
import { columns } from './style.ts';

const explainLosers = ({ losers }: ExplainedOption): string =>
  losers.map(({ source, value }) => `${source}: ${value}`).join('; ');

function explainTable(rows: readonly ExplainedOption[]): string {
  const cells = rows.map((row) => [row.name, row.value, row.source, explainLosers(row)]);
  return `${columns([['OPTION', 'VALUE', 'FROM', 'OVERRULED'], ...cells])}\n`;
}

/** Explains what `casp serve` with the same flags would use; problems follow on stderr, exit 2. */
export function createConfigCommand(context: CommandContext): Command {
  const explain = createCommand(context, 'explain', 'show each option, its value and where it comes from')
    .addOption(
      new Option('-o, --output <format>', 'form of the output').choices(['table', 'json']).default('table'),
    )
    .addHelpText('after', () =>
      examples(context, [
        ['config explain', 'what casp serve would use here'],
        ['config explain --dev -o json', 'the same for casp serve --dev, for a script'],
      ]),
    );
  addOptionFlags(explain).action(async (flags: Flags, command: Command) => {
    const { settings, problems } = loadConfig(configSources(context, typedFlags(command)));
    const rows = explainConfig(settings);
    context.writeOut(
      flags.output === 'json' ? `${JSON.stringify(rows, undefined, 2)}\n` : explainTable(rows),
    );
    if (problems.length > 0) throw createConfigError(problems);
  });
  return createCommand(context, 'config', 'explain where each option has its value from')
    .addHelpText('after', () => examples(context, [['config explain', 'what casp serve would use here']]))
    .addCommand(explain);
}
