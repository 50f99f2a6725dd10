/** The flags of `casp serve`, made from the table of options. */
import { type Command, Option as CommandOption } from 'commander';
import { type Option, type OptionKind, options } from '../config.ts';
import type { Flags } from './command-config.ts';

const placeholders: Readonly<Record<Exclude<OptionKind, 'switch'>, string>> = {
  integer: 'number',
  port: 'port',
  text: 'text',
  path: 'path',
  list: 'a,b,…',
  issuers: 'url,…',
  database: 'url',
};

function describe({ summary, defaultText, kind }: Option): string {
  return kind === 'switch' && defaultText === 'false' ? summary : `${summary} (default: ${defaultText})`;
}

/** A switch can be turned both ways; help shows the way that changes something. */
function switchFlags(option: Option): readonly CommandOption[] {
  const { flag, defaultText } = option;
  const negated = flag.replace('--', '--no-');
  const on = new CommandOption(flag, describe(option));
  const off = new CommandOption(negated, `Off: ${describe(option)}`);
  if (defaultText === 'false') return [on, off.hideHelp()];
  return defaultText.startsWith('true') ? [off, on.hideHelp()] : [on, off];
}

/** Adds a flag for each option. */
export function addOptionFlags(command: Command): Command {
  for (const option of options) {
    const { flag, kind } = option;
    const flags =
      kind === 'switch'
        ? switchFlags(option)
        : [new CommandOption(`${flag} <${placeholders[kind]}>`, describe(option))];
    for (const commandOption of flags) command.addOption(commandOption);
  }
  return command;
}

/** The flags that were typed, by option name; commander's own defaults are not among them. */
export function typedFlags(command: Command): Flags {
  const values = command.opts<Flags>();
  const typed = options.filter(({ name }) => command.getOptionValueSource(name) === 'cli');
  return Object.fromEntries(typed.map(({ name }) => [name, values[name]]));
}
