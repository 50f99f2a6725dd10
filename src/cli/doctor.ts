/** `casp doctor`: looks at everything `casp serve` would need, and says what to do about what is missing. */
import { type Command, Option } from 'commander';
import { findDataFolder, loadConfig, type ServeConfig } from '../config.ts';
import { configSources, type Flags } from './command-config.ts';
import { type CommandContext, CommandError, createCommand, examples, exitCodes } from './context.ts';
import {
  checkCertificate,
  checkConfig,
  checkDatabase,
  checkDataFolder,
  checkIssuers,
  checkLocalIssuer,
  checkPorts,
  type Finding,
} from './doctor-checks.ts';
import { addOptionFlags, typedFlags } from './option-flags.ts';
import { columns } from './style.ts';

async function checkFolder(data: string, database?: ServeConfig['database']): Promise<readonly Finding[]> {
  const folder = await checkDataFolder(data);
  return folder.result === 'failed' ? [folder] : [folder, await checkDatabase(data, database)];
}

/** What needs a configuration without problems. */
async function checkConfigured(config: ServeConfig, now: () => Date): Promise<readonly Finding[]> {
  const folder = config.ephemeral ? [] : await checkFolder(config.data, config.database);
  return [
    ...folder,
    ...(await checkPorts(config)),
    ...checkCertificate(config, now()),
    ...checkLocalIssuer(config),
    ...(await checkIssuers(config, now)),
  ];
}

/** Everything found; of a configuration with problems only what does not depend on them is looked at. */
async function examine(context: CommandContext, flags: Flags): Promise<readonly Finding[]> {
  const sources = configSources(context, flags);
  const { config, problems } = loadConfig(sources);
  if (config !== undefined)
    return [...checkConfig(problems), ...(await checkConfigured(config, context.now))];
  const { data } = findDataFolder(sources);
  return [...checkConfig(problems), ...(data === undefined ? [] : await checkFolder(data))];
}

const showTable = (findings: readonly Finding[]): string =>
  `${columns([
    ['CHECK', 'RESULT', 'FOUND', 'FIX'],
    ...findings.map(({ check, result, what, fix = '' }) => [check, result, what, fix]),
  ])}\n`;

const showJson = (findings: readonly Finding[]): string => `${JSON.stringify(findings, undefined, 2)}\n`;

function failureOf(findings: readonly Finding[]): CommandError | undefined {
  const failed = findings.filter(({ result }) => result === 'failed').length;
  if (failed === 0) return undefined;
  const message = failed === 1 ? '1 check failed' : `${failed} checks failed`;
  return new CommandError(exitCodes.checkFailed, message);
}

/** Checks what `casp serve` with the same flags would need; exit 8 when something would not work. */
export function createDoctorCommand(context: CommandContext): Command {
  const command = createCommand(context, 'doctor', 'check configuration, ports, certificates, clock, issuers')
    .addOption(
      new Option('-o, --output <format>', 'form of the output').choices(['table', 'json']).default('table'),
    )
    .addHelpText('after', () =>
      examples(context, [
        ['doctor', 'what casp serve would need here'],
        ['doctor --dev', 'the same for casp serve --dev'],
        ['doctor -o json', 'for a script; exit 0 when nothing failed, else 8'],
      ]),
    );
  return addOptionFlags(command).action(async (flags: Flags, doctor: Command) => {
    const findings = await examine(context, typedFlags(doctor));
    context.writeOut(flags.output === 'json' ? showJson(findings) : showTable(findings));
    const failure = failureOf(findings);
    if (failure !== undefined) throw failure;
  });
}
