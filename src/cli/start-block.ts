/** What `serve` prints when it is ready and `status` prints again: addresses, and commands to paste. */
import { join } from 'node:path';
import { exampleId, sampleCount, sampleSeed } from '../model/sample-profiles.ts';
import type { RunFile } from './run-file.ts';
import { dataFlag, heading, showFolder } from './style.ts';

/** What the block is made from beside the running server. */
export interface StartBlockParts {
  readonly run: RunFile;
  readonly data: string;
  readonly workingFolder: string;
  /** How casp was started, as in `CommandContext`. */
  readonly program: string;
  /** Ends the first line: `ready in 1.4 s`. */
  readonly state: string;
  /** Ends the block: what stops the server. */
  readonly closing: string;
  readonly colour: boolean;
}

const collection = '/v1.0/security/cloudAppSecurityProfiles';

function apiLine({ httpUrl, httpsUrl, publicUrl }: RunFile): string {
  const main = publicUrl ?? httpsUrl ?? httpUrl ?? '';
  const others = [httpsUrl, httpUrl].filter((url) => url !== undefined && url !== main);
  const also =
    others.length === 0
      ? ''
      : `; ${publicUrl === undefined ? 'plain HTTP' : 'listening'} on ${others.join(', ')}`;
  return `${main}/v1.0   (and /beta${also})`;
}

const docsUrl = ({ httpUrl, httpsUrl, publicUrl }: RunFile): string => publicUrl ?? httpsUrl ?? httpUrl ?? '';

/** The sample data fill an empty database only; another count means somebody has been at work since. */
const hasSample = ({ sample, profiles }: RunFile): boolean => sample && profiles === sampleCount;

function dataLine(run: RunFile, folder: string): string {
  const { database } = run;
  const engine = /^postgres(ql)?:/.test(database ?? '') ? 'PostgreSQL' : 'SQLite';
  const kept = run.ephemeral ? `${engine}, removed at exit` : `${engine}, kept between runs`;
  const sample = hasSample(run) ? ` sample apps (seed ${sampleSeed})` : ' apps';
  return `${database ?? folder}   ${kept}${run.profiles === undefined ? '' : `; ${run.profiles}${sample}`}`;
}

function facts({ run, data, workingFolder }: StartBlockParts): readonly string[] {
  const folder = showFolder(data, workingFolder);
  const keys = showFolder(join(data, 'keys'), workingFolder);
  const local = run.dev
    ? [`local issuer, 5 test people, signing key ${run.ephemeral ? 'in' : 'kept in'} ${keys}`]
    : [];
  const signIn = [...local, ...run.issuers].join('; ');
  return [
    `  API        ${apiLine(run)}`,
    `  Console    ${docsUrl(run)}/console/${run.dev ? '   pick a test person, no password' : ''}`,
    `  Docs       ${docsUrl(run)}/docs   $metadata below each root, openapi.json, requests.http`,
    `  Data       ${dataLine(run, folder)}`,
    `  Sign-in    ${signIn}`,
    `  Throttling ${run.throttle ? 'on' : 'off'}`,
  ];
}

/** A first request that succeeds: the example's PATCH, or a POST where there is no sample data. */
function firstRequest({ run, data, program, workingFolder }: StartBlockParts): readonly string[] {
  const { httpUrl, httpsUrl } = run;
  const base = httpUrl ?? httpsUrl ?? '';
  const trust =
    httpUrl === undefined ? ` --cacert $(${program} cert path${dataFlag(data, workingFolder)})` : '';
  const [method, path, body] = hasSample(run)
    ? ['PATCH', `${collection}/${exampleId}`, '{"riskScore":"4","tags":["Monitored"]}']
    : ['POST', collection, '{"name":"My first app","riskScore":"4"}'];
  return [
    String.raw`  2  curl -si${trust} -X ${method} ${base}${path} \ `.trimEnd(),
    String.raw`       -H "Authorization: Bearer $CASP_TOKEN" -H "Content-Type: application/json" \ `.trimEnd(),
    `       -d '${body}'`,
  ];
}

function steps(parts: StartBlockParts): readonly string[] {
  const { run, data, program, workingFolder } = parts;
  if (!run.dev) return [];
  const flag = dataFlag(data, workingFolder);
  const https = [
    `  3  export NODE_EXTRA_CA_CERTS=$(${program} cert path${flag})   # before Node clients use https`,
    '     Graph JavaScript SDK: it sends no token over http. Use https and customHosts: new Set(["localhost"]).',
  ];
  return [
    `  1  export CASP_TOKEN=$(${program} token${flag})`,
    ...firstRequest(parts),
    ...(run.httpsUrl === undefined ? [] : https),
    '',
  ];
}

function warning({ dev, loopback }: RunFile): string {
  if (!dev) return '';
  if (loopback) return 'Loopback only. Not for production. ';
  return 'Not for production: whoever reaches this address can sign in as a test person. ';
}

/** The block, ending in a line break. */
export function startBlock(parts: StartBlockParts): string {
  const { run, data, program, workingFolder, state, closing, colour } = parts;
  const title = `${heading(`casp ${run.version}`, colour)}  ${run.dev ? 'dev mode  ' : ''}${state}`;
  const again = `Show this again: ${program} status${dataFlag(data, workingFolder)}`;
  const last = `  ${warning(run)}${closing}${again}`;
  return [title, '', ...facts(parts), '', ...steps(parts), last, ''].join('\n');
}
