/** `casp status`: what runs with the data folder, whether it answers, and the commands to paste again. */
import { readFileSync } from 'node:fs';
import { type Command, Option } from 'commander';
import { caCertificatePath } from '../http/local-https.ts';
import { requireDataFolder } from './command-config.ts';
import { type CommandContext, CommandError, createCommand, examples, exitCodes } from './context.ts';
import { showDuration } from './duration.ts';
import { probe } from './probe.ts';
import { type RunFile, readRunFile } from './run-file.ts';
import { startBlock } from './start-block.ts';
import { dataFlag, shellWord, showFolder } from './style.ts';
import { mintToken } from './token.ts';

interface StatusFlags {
  readonly data?: string;
  readonly output: 'table' | 'json' | 'env';
}

/** What status knows about a server. */
export interface Status {
  readonly run: RunFile;
  readonly data: string;
  /** Whether /livez answered. */
  readonly reachable: boolean;
  /** Profiles in the test tenant of dev mode; undefined when they cannot be counted. */
  readonly profiles: number | undefined;
}

const probeTimeoutMs = 2000;

/** Plain HTTP needs no trust; for HTTPS the local authority is trusted where there is one. */
function createAsk({ httpUrl, httpsUrl }: RunFile, data: string) {
  const base = httpUrl ?? httpsUrl ?? '';
  let authority: string | undefined;
  try {
    authority = base.startsWith('https:') ? readFileSync(caCertificatePath(data), 'utf8') : undefined;
  } catch {
    authority = undefined;
  }
  return (path: string, headers: Readonly<Record<string, string>> = {}) =>
    probe({ url: base + path, headers, authority, timeoutMs: probeTimeoutMs });
}

type Ask = ReturnType<typeof createAsk>;

async function countProfiles(ask: Ask, data: string, context: CommandContext): Promise<number | undefined> {
  const { token } = await mintToken({ role: 'reader', ttl: 60 }, data, context);
  const answer = await ask('/v1.0/security/cloudAppSecurityProfiles/$count', {
    Authorization: `Bearer ${token}`,
  });
  return answer?.status === 200 && /^\d+$/.test(answer.body) ? Number(answer.body) : undefined;
}

/** Asks the server of a data folder; undefined when none has left its file there. */
export async function readStatus(data: string, context: CommandContext): Promise<Status | undefined> {
  const run = readRunFile(data);
  if (run === undefined) return undefined;
  const ask = createAsk(run, data);
  const reachable = (await ask('/livez'))?.status === 200;
  const profiles = reachable && run.dev ? await countProfiles(ask, data, context) : undefined;
  return { run, data, reachable, profiles };
}

function statusEnvironment({ run, data }: Status): string {
  const values = {
    CASP_DATA: data,
    CASP_PID: String(run.pid),
    CASP_VERSION: run.version,
    CASP_HTTP_URL: run.httpUrl,
    CASP_HTTPS_URL: run.httpsUrl,
    CASP_CA_FILE: run.dev && run.httpsUrl !== undefined ? caCertificatePath(data) : undefined,
  };
  const lines = Object.entries(values).flatMap(([name, value]) =>
    value === undefined ? [] : [`export ${name}=${shellWord(value)}\n`],
  );
  return lines.join('');
}

function statusTable(status: Status, context: CommandContext): string {
  const { run, data, profiles } = status;
  const { program, workingFolder, colour } = context;
  const age = showDuration(context.now().getTime() - Date.parse(run.startedAt));
  const counted = profiles === undefined ? '' : `, ${profiles} apps`;
  const state = `running for ${age}, process ${run.pid}${counted}`;
  return startBlock({ run, data, workingFolder, program, state, closing: '', colour: colour.out });
}

/** The status in the form asked for. */
export function showStatus(status: Status, output: StatusFlags['output'], context: CommandContext): string {
  switch (output) {
    case 'table':
      return statusTable(status, context);
    case 'env':
      return statusEnvironment(status);
    case 'json': {
      const { run, ...rest } = status;
      return `${JSON.stringify({ ...run, ...rest }, undefined, 2)}\n`;
    }
  }
}

async function printStatus(flags: StatusFlags, context: CommandContext): Promise<void> {
  const data = requireDataFolder(context, flags.data);
  const folder = showFolder(data, context.workingFolder);
  const flag = dataFlag(data, context.workingFolder);
  const status = await readStatus(data, context);
  const startIt = `Start it: ${context.program} serve --dev${flag}`;
  if (status === undefined) {
    const elsewhere = 'Or name the data folder of a server started elsewhere: --data DIR';
    throw new CommandError(exitCodes.unavailable, `no server runs with the data in ${folder}`, [
      startIt,
      elsewhere,
    ]);
  }
  if (!status.reachable) {
    const { pid, httpUrl, httpsUrl } = status.run;
    const message = `process ${pid} was started with the data in ${folder}, but ${httpUrl ?? httpsUrl} does not answer`;
    throw new CommandError(exitCodes.unavailable, message, [`If it is gone, start another. ${startIt}`]);
  }
  context.writeOut(showStatus(status, flags.output, context));
}

/** Prints addresses, commands to paste and the number of apps; exit 7 when no server answers. */
export function createStatusCommand(context: CommandContext): Command {
  return createCommand(
    context,
    'status',
    'show the running server: addresses, commands to paste, number of apps',
  )
    .option('--data <folder>', 'data folder of the server (default: as casp serve finds it)')
    .addOption(
      new Option('-o, --output <format>', 'form of the output')
        .choices(['table', 'json', 'env'])
        .default('table'),
    )
    .addHelpText('after', () =>
      examples(context, [
        ['status', 'the lines casp serve printed at its start'],
        ['status -o json', 'for a script'],
        ['status -o env', 'as shell variables'],
      ]),
    )
    .action(async (flags: StatusFlags) => printStatus(flags, context));
}
