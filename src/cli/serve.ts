/** `casp serve`: configuration, start, the block of commands to paste, and an orderly end. */
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Command } from 'commander';
import type { RunningService } from '../compose.ts';
import { loadConfig, maskDatabase, type ServeConfig } from '../config.ts';
import { configSources, createConfigError, type Flags } from './command-config.ts';
import { type CommandContext, CommandError, createCommand, examples, exitCodes } from './context.ts';
import { addOptionFlags, typedFlags } from './option-flags.ts';
import { type RunFile, removeRunFile, writeRunFile } from './run-file.ts';
import { startBlock } from './start-block.ts';
import { showFolder } from './style.ts';

const prefix = 'casp cannot start:';

const refuseStart = (message: string, advice: readonly string[]): CommandError =>
  new CommandError(exitCodes.usage, message, advice, prefix);

interface Loaded {
  readonly config: ServeConfig;
  /** Where each option came from, by name. */
  readonly sources: ReadonlyMap<string, string>;
}

function requireConfig(context: CommandContext, flags: Flags): Loaded {
  const { config, settings, problems } = loadConfig(configSources(context, flags));
  if (config === undefined) throw createConfigError(problems, prefix);
  return { config, sources: new Map(settings.map(({ option, source }) => [option.name, source])) };
}

/** What a folder for ephemeral data may hold already: made by `casp token` or `casp cert` before the start. */
const madeBeside = ['keys', 'tls'];

/** Ephemeral data lives in a folder of their own; one that holds anything else is never removed. */
function placeData({ config, sources }: Loaded, context: CommandContext): ServeConfig {
  if (!config.ephemeral) return config;
  if (sources.get('data') === 'default') return { ...config, data: mkdtempSync(join(tmpdir(), 'casp-')) };
  const { data } = config;
  const found = existsSync(data) ? readdirSync(data).filter((name) => !madeBeside.includes(name)) : [];
  if (found.length === 0) return config;
  const folder = showFolder(data, context.workingFolder);
  throw refuseStart(`"${folder}" is not empty, and ephemeral data is removed at exit`, [
    `It holds ${found.slice(0, 3).join(', ')}. Name another folder with --data, or leave --ephemeral out.`,
  ]);
}

/** Readable to its owner only: it holds keys and everybody's data. */
function makeDataFolder(data: string): void {
  try {
    mkdirSync(data, { recursive: true, mode: 0o700 });
  } catch (error) {
    const code = errorMember(error, 'code');
    throw refuseStart(`the data folder "${data}" cannot be made (${code})`, [
      'Name another folder with --data.',
    ]);
  }
}

const errorMember = (error: unknown, name: string): unknown =>
  typeof error === 'object' && error !== null
    ? (error as Readonly<Record<string, unknown>>)[name]
    : undefined;

/** Errors of the engines that speak to people, told by name: no engine is loaded for that. */
const unusableDatabase = ['SchemaError', 'DatabaseRefused'];

/** Turns what the operating system says about a failed start into what to do; other errors are passed on. */
export function explainStart(error: unknown, config: ServeConfig, context: CommandContext): unknown {
  const code = errorMember(error, 'code');
  const port = errorMember(error, 'port');
  const option = port === config.httpsPort ? 'https-port' : 'http-port';
  if (code === 'EADDRINUSE') {
    return refuseStart(`port ${port} on ${config.host} is in use by another program`, [
      `Stop that program, or choose another port: --${option} N (0 takes any free one).`,
      `If it is casp: ${context.program} status`,
    ]);
  }
  if (code === 'EACCES' && errorMember(error, 'syscall') === 'listen') {
    return refuseStart(`port ${port} may not be opened by this user`, [
      `Choose a port above 1023: --${option} N.`,
    ]);
  }
  if ((code === 'EACCES' || code === 'EROFS') && errorMember(error, 'syscall') === 'access') {
    return refuseStart(`"${errorMember(error, 'path')}" cannot be written (${code})`, [
      'Give this user the right to write there, or name another folder with --data.',
    ]);
  }
  if (error instanceof Error && unusableDatabase.includes(error.name)) {
    const advice = errorMember(error, 'advice');
    return refuseStart(error.message, Array.isArray(advice) ? advice : []);
  }
  if (code === 'EADDRNOTAVAIL' || code === 'ENOTFOUND') {
    return refuseStart(`"${config.host}" is not an address of this machine`, [
      'Correct --host, e.g. 127.0.0.1.',
    ]);
  }
  return error;
}

/** Loaded only now, so that help and configuration errors come at once. */
async function start(config: ServeConfig, version: string): Promise<RunningService> {
  const [{ startService }, { createObservers }] = await Promise.all([
    import('../compose.ts'),
    import('./observers.ts'),
  ]);
  return startService(config, { ...(await createObservers(config, version)), version });
}

const loopbackHosts = ['127.0.0.1', '::1', 'localhost'];

function createRunFile(config: ServeConfig, service: RunningService, context: CommandContext): RunFile {
  const { dev, ephemeral, throttle, publicUrl, host, database } = config;
  const { httpUrl, httpsUrl, profiles } = service;
  return {
    version: context.version,
    pid: context.processId,
    startedAt: new Date(context.startedMs).toISOString(),
    dev,
    ephemeral,
    database: database === undefined ? undefined : showDatabase(database),
    throttle,
    httpUrl,
    httpsUrl,
    publicUrl,
    profiles,
    sample: config.sample,
    issuers: config.issuers.map(({ issuer }) => issuer),
    loopback: loopbackHosts.includes(host),
  };
}

/** Two signals within this time are one: a terminal and npm both pass Ctrl+C on. */
const repeatedSignalMs = 500;

/** Resolves at the first SIGINT or SIGTERM; a later one ends the process at once. */
function awaitSignal(context: CommandContext): Promise<NodeJS.Signals> {
  let firstMs: number | undefined;
  return new Promise((resolve) => {
    const onSignal = (signal: NodeJS.Signals) => {
      const nowMs = context.now().getTime();
      if (firstMs !== undefined && nowMs - firstMs > repeatedSignalMs) process.exit(exitCodes.interrupted);
      firstMs ??= nowMs;
      resolve(signal);
    };
    process.on('SIGINT', onSignal);
    process.on('SIGTERM', onSignal);
  });
}

/** For people: without a password. */
const showDatabase = (database: NonNullable<ServeConfig['database']>): string =>
  database.engine === 'sqlite' ? database.file : maskDatabase(database.url);

function closingWords({ ephemeral }: ServeConfig): string {
  return `Ctrl+C stops; ${ephemeral ? 'data is removed' : 'data stays'}. `;
}

async function runService(config: ServeConfig, context: CommandContext): Promise<void> {
  makeDataFolder(config.data);
  const stopped = awaitSignal(context);
  const service = await start(config, context.version).catch((error: unknown) => {
    throw explainStart(error, config, context);
  });
  const { data } = config;
  const { program, workingFolder, colour, startedMs } = context;
  const run = createRunFile(config, service, context);
  try {
    writeRunFile(data, run);
    const seconds = ((context.now().getTime() - startedMs) / 1000).toFixed(1);
    const state = `ready in ${seconds} s`;
    const closing = closingWords(config);
    context.writeOut(startBlock({ run, data, workingFolder, program, state, closing, colour: colour.out }));
    await stopped;
    context.writeError('Stopping: no new requests, those under way are finished.\n');
  } finally {
    await service.close();
    removeRunFile(data, run);
  }
}

async function serve(flags: Flags, context: CommandContext): Promise<void> {
  const config = placeData(requireConfig(context, flags), context);
  try {
    await runService(config, context);
  } finally {
    if (config.ephemeral) rmSync(config.data, { recursive: true, force: true });
  }
}

/** Runs the service until SIGINT or SIGTERM, then finishes requests under way and exits 0. */
export function createServeCommand(context: CommandContext): Command {
  const command = createCommand(context, 'serve', 'run the service').addHelpText('after', () =>
    [
      '',
      'Each option can also stand in casp.config.json, or in the environment as CASP_NAME or, as a file',
      'that holds the value, CASP_NAME_FILE. A list is written a,b or as JSON.',
      examples(context, [
        ['serve --dev', 'development: sample data, local issuer, http and https on loopback'],
        ['serve --dev --ephemeral --http-port 0', 'for a test: no data kept, any free port'],
        ['serve --issuers https://… --audiences api://casp --public-url https://…', 'tokens of your issuer'],
      ]),
    ].join('\n'),
  );
  return addOptionFlags(command).action(async (_flags: Flags, served: Command) =>
    serve(typedFlags(served), context),
  );
}
