#!/usr/bin/env node
/** The program `casp`: turns this process into a context and the outcome into its exit code. */
import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { performance } from 'node:perf_hooks';
import type { CommandContext } from './context.ts';
import { findInvocation } from './invocation.ts';
import { runCommandLine } from './program.ts';

const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
  readonly version: string;
};

const wantsColour = (stream: NodeJS.WriteStream): boolean =>
  stream.isTTY === true && (process.env.NO_COLOR ?? '') === '' && process.env.TERM !== 'dumb';

const context: CommandContext = {
  env: process.env,
  workingFolder: process.cwd(),
  platform: process.platform,
  cores: availableParallelism(),
  processId: process.pid,
  program: findInvocation(process.argv[1] ?? 'casp', process.cwd(), process.env),
  version,
  startedMs: performance.timeOrigin,
  now: () => new Date(),
  newId: () => randomUUID(),
  colour: { out: wantsColour(process.stdout), error: wantsColour(process.stderr) },
  terminal: process.stderr.isTTY === true ? process.stderr : undefined,
  writeOut: (text) => process.stdout.write(text),
  writeError: (text) => process.stderr.write(text),
};

// A reader that has seen enough, such as `head`, closes the pipe; that is no failure.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
  process.exit();
});

/** How long a finished command may wait for what it left open before the process ends regardless. */
const lingerMs = 1000;

process.exitCode = await runCommandLine(process.argv.slice(2), context);
setTimeout(() => process.exit(), lingerMs).unref();
