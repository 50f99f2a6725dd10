/** What every command is handed, and how it fails. Loaded for `casp --help`, so it stays light. */
import { Command } from 'commander';
import { errorText } from './style.ts';

/** The world outside the command line, as values, so that a command can be run by a test. */
export interface CommandContext {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly workingFolder: string;
  readonly platform: string;
  /** Processor cores this process may use. */
  readonly cores: number;
  readonly processId: number;
  /** How the user started casp, ready to be pasted: `casp`, `npx casp` or `node dist/cli/main.js`. */
  readonly program: string;
  readonly version: string;
  /** When this process started, in milliseconds since the epoch. */
  readonly startedMs: number;
  readonly now: () => Date;
  /** A new GUID each time. */
  readonly newId: () => string;
  /** Whether each stream understands colour and the user wants it. */
  readonly colour: { readonly out: boolean; readonly error: boolean };
  /** Standard error where it is a terminal: for what is drawn over again. */
  readonly terminal?: NodeJS.WriteStream | undefined;
  /** Data: what a script reads. */
  readonly writeOut: (text: string) => void;
  /** Everything else. */
  readonly writeError: (text: string) => void;
}

/** Exit codes that scripts may rely on. */
export const exitCodes = {
  done: 0,
  failed: 1,
  /** Wrong usage or configuration. */
  usage: 2,
  /** The server cannot be reached. */
  unavailable: 7,
  /** Something `casp doctor` looked at would not work. */
  checkFailed: 8,
  interrupted: 130,
} as const;

/** Ends a command with a message for people: what happened, which value, what to do. */
export class CommandError extends Error {
  readonly exitCode: number;
  /** Lines that follow the message: what to do. */
  readonly advice: readonly string[];
  /** Stands before the message. */
  readonly prefix: string;

  constructor(exitCode: number, message: string, advice: readonly string[] = [], prefix = 'error:') {
    super(message);
    this.name = 'CommandError';
    this.exitCode = exitCode;
    this.advice = advice;
    this.prefix = prefix;
  }
}

/** The text of a failed command on stderr. */
export const describeFailure = ({ message, advice, prefix }: CommandError, colour: boolean): string =>
  [errorText(prefix, message, colour), ...advice.map((line) => `  ${line}`), ''].join('\n');

/** A command that writes to the context and never ends the process itself. */
export function createCommand(context: CommandContext, name: string, summary: string): Command {
  const { colour, program, writeOut, writeError } = context;
  const line = name === 'casp' ? program : `${program} ${name}`;
  return new Command(name)
    .description(summary)
    .exitOverride()
    .showHelpAfterError(`(${line} --help shows how)`)
    .configureOutput({
      writeOut,
      writeErr: writeError,
      outputError: (text, write) => write(errorText('error:', text.replace(/^error: /, ''), colour.error)),
      getOutHasColors: () => colour.out,
      getErrHasColors: () => colour.error,
    });
}

/** Help ends with examples: each a command line and what it does. */
export function examples(context: CommandContext, lines: readonly (readonly [string, string])[]): string {
  const width = Math.max(...lines.map(([command]) => command.length));
  const rows = lines.map(([command, what]) => `  ${context.program} ${command.padEnd(width)}  # ${what}`);
  return `\nExamples:\n${rows.join('\n')}`;
}
