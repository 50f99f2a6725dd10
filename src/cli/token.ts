/** `casp token`: a token of the local issuer, made from the key in the data folder without a running server. */
import { existsSync } from 'node:fs';
import { type Command, InvalidArgumentError, Option } from 'commander';
import { personalTenantId } from '../auth/claims.ts';
import { type AccessTokenRequest, createLocalIssuer } from '../auth/local-issuer.ts';
import { openSigningKey, signingKeyPath } from '../auth/signing-key.ts';
import { findTestPerson, testClient, testRoles, testTenantId } from '../auth/test-people.ts';
import { quoteForMessage } from '../errors.ts';
import { requireDataFolder } from './command-config.ts';
import { type CommandContext, createCommand, examples } from './context.ts';
import { parseDuration } from './duration.ts';
import { showFolder } from './style.ts';

/** What a token is asked to be. */
export interface TokenWish {
  readonly role: string;
  /** An application on its own instead of a person. */
  readonly app?: boolean;
  /** A personal Microsoft account, which the service refuses. */
  readonly personal?: boolean;
  readonly tenant?: string;
  /** In place of the permissions of the role. */
  readonly scope?: readonly string[];
  /** Seconds. */
  readonly ttl: number;
}

interface TokenFlags extends TokenWish {
  readonly data?: string;
  readonly output: 'raw' | 'header' | 'env' | 'json';
}

/** A token and what is in it. */
export interface MintedToken {
  readonly token: string;
  readonly kind: 'delegated' | 'application';
  readonly name: string;
  readonly tenantId: string;
  readonly permissions: readonly string[];
  /** RFC 3339, UTC. */
  readonly expiresAt: string;
}

function tokenRequest({ role, app, personal, tenant, scope, ttl }: TokenWish): AccessTokenRequest {
  const person = findTestPerson(role);
  if (person === undefined) throw new Error(`no test person for the role ${role}`);
  const application = app === true;
  return {
    subject: application
      ? { kind: 'application', objectId: testClient.objectId, name: testClient.name }
      : { kind: 'person', person },
    tenantId: personal === true ? personalTenantId : (tenant ?? testTenantId),
    clientId: testClient.clientId,
    clientProof: application ? '1' : '0',
    permissions: scope ?? person.scopes,
    lifetimeS: ttl,
  };
}

/** Makes the token with the key of a data folder, making the key if there is none. */
export async function mintToken(
  wish: TokenWish,
  data: string,
  { now, newId }: Pick<CommandContext, 'now' | 'newId'>,
): Promise<MintedToken> {
  const request = tokenRequest(wish);
  const issuer = createLocalIssuer({ signingKey: await openSigningKey(data), now, newId });
  const { subject, tenantId, permissions, lifetimeS } = request;
  return {
    token: await issuer.mintAccessToken(request),
    kind: subject.kind === 'person' ? 'delegated' : 'application',
    name: subject.kind === 'person' ? subject.person.name : subject.name,
    tenantId,
    permissions,
    expiresAt: new Date(now().getTime() + lifetimeS * 1000).toISOString(),
  };
}

/** The token in the form asked for, one line and nothing else. */
export function showToken(minted: MintedToken, output: TokenFlags['output']): string {
  switch (output) {
    case 'raw':
      return `${minted.token}\n`;
    case 'header':
      return `Authorization: Bearer ${minted.token}\n`;
    case 'env':
      return `export CASP_TOKEN=${minted.token}\n`;
    case 'json':
      return `${JSON.stringify(minted, undefined, 2)}\n`;
  }
}

/** A year: more would outlive every test and hide that tokens expire. */
const lifetimeMaxS = 365 * 86_400;

function parseLifetime(text: string): number {
  const seconds = parseDuration(text);
  if (seconds === undefined || seconds < 1 || seconds > lifetimeMaxS) {
    throw new InvalidArgumentError(
      `"${quoteForMessage(text)}" is not a lifetime. Write 90s, 30m, 12h or 7d; 365d at most.`,
    );
  }
  return seconds;
}

const guidPattern = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

function parseTenant(text: string): string {
  if (guidPattern.test(text)) return text.toLowerCase();
  throw new InvalidArgumentError(`"${quoteForMessage(text)}" is not a GUID. Write e.g. ${testTenantId}.`);
}

/** Scopes may be repeated, or written in one word with spaces or commas. */
const collectScopes = (text: string, known: readonly string[] | undefined): readonly string[] => [
  ...(known ?? []),
  ...text.split(/[\s,]+/).filter((scope) => scope !== ''),
];

async function printToken(flags: TokenFlags, context: CommandContext): Promise<void> {
  const data = requireDataFolder(context, flags.data);
  if (!existsSync(signingKeyPath(data))) {
    const folder = showFolder(data, context.workingFolder);
    context.writeError(
      `note: no server has run with the data in ${folder} yet; one started with it will accept this token.\n`,
    );
  }
  context.writeOut(showToken(await mintToken(flags, data, context), flags.output));
}

const defaultLifetimeS = 12 * 3600;

/** Prints a token and nothing else on stdout. */
export function createTokenCommand(context: CommandContext): Command {
  return createCommand(context, 'token', 'make a token of the local issuer for development')
    .addOption(
      new Option('--role <role>', 'test person it speaks for').choices([...testRoles]).default('analyst'),
    )
    .addOption(
      new Option('--app', 'an application on its own, with the permissions of the role').conflicts(
        'personal',
      ),
    )
    .addOption(
      new Option('--personal', 'a personal Microsoft account, to see it refused').conflicts('tenant'),
    )
    .addOption(
      new Option('--tenant <guid>', 'tenant it belongs to')
        .argParser(parseTenant)
        .default(undefined, testTenantId),
    )
    .addOption(
      new Option('--scope <scope...>', 'permissions in place of those of the role').argParser(collectScopes),
    )
    .addOption(
      new Option('--ttl <time>', 'lifetime').argParser(parseLifetime).default(defaultLifetimeS, '12h'),
    )
    .option('--data <folder>', 'data folder of the server (default: as casp serve finds it)')
    .addOption(
      new Option('-o, --output <format>', 'form of the output')
        .choices(['raw', 'header', 'env', 'json'])
        .default('raw'),
    )
    .addHelpText('after', () =>
      examples(context, [
        ['token', 'a token that may read and change profiles'],
        ['token --role reader -o header', 'one that may only read, as a header for curl'],
        [
          'token --app --scope SecurityEvents.Read.All --ttl 5m',
          'an application that may read for five minutes',
        ],
      ]),
    )
    .action(async (flags: TokenFlags) => printToken(flags, context));
}
