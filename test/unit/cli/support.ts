import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { CommandContext } from '../../../src/cli/context.ts';
import { runCommandLine } from '../../../src/cli/program.ts';

/** What a command line did. */
export interface Outcome {
  readonly code: number;
  readonly out: string;
  readonly error: string;
}

/** A folder of its own for one test, with commands that run in it. */
export interface Workspace {
  readonly folder: string;
  readonly context: CommandContext;
  run(words: readonly string[], changes?: Partial<CommandContext>): Promise<Outcome>;
  remove(): void;
}

/** The instant at which all commands of a test run. */
export const testInstant = '2026-03-04T05:06:07.000Z';

export function createWorkspace(): Workspace {
  const folder = mkdtempSync(join(tmpdir(), 'casp-cli-'));
  let ids = 0;
  const context: CommandContext = {
    env: {},
    workingFolder: folder,
    platform: 'linux',
    cores: 2,
    processId: 4711,
    program: 'casp',
    version: '1.2.3',
    startedMs: Date.parse(testInstant) - 1400,
    now: () => new Date(testInstant),
    newId: () => {
      ids += 1;
      return `00000000-0000-4000-8000-${String(ids).padStart(12, '0')}`;
    },
    colour: { out: false, error: false },
    writeOut: () => undefined,
    writeError: () => undefined,
  };
  return {
    folder,
    context,
    async run(words, changes = {}) {
      const out: string[] = [];
      const error: string[] = [];
      const writers = {
        writeOut: (text: string) => void out.push(text),
        writeError: (text: string) => void error.push(text),
      };
      const code = await runCommandLine(words, { ...context, ...changes, ...writers });
      return { code, out: out.join(''), error: error.join('') };
    },
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}
